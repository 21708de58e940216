//! What a table looked like, in a few words; and its text, told from the words and the cells.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compress::table::grid::{Entry, Grid};

/// The layout of a table, as far as the cells do not tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Style {
    /// Cells padded with spaces to the width of their column.
    Aligned(Aligned),
    /// Cells with a sign between them.
    Split { delimiter: char, quotes: Quotes },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aligned {
    /// Of each column: the spaces before it, and the side on which its cells begin or end.
    pub(super) columns: Vec<(usize, Side)>,
    /// Whether the last cells are padded as well.
    pub(super) is_padded: bool,
    /// The sign that the line under the heading is made of.
    pub(super) rule: Option<char>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Which cells stand in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// None ever: the sign between cells stands in none of them.
    Never,
    /// Those that hold the sign, a quote or a line break.
    Needed,
    /// Also those with other signs than ASCII letters, digits and a few marks (sqlite).
    Odd,
    /// All but numbers.
    Words,
    All,
}

const DELIMITER_NAMES: [(char, &str); 5] =
    [(',', "CSV"), ('\t', "TSV"), (';', "split by ;"), (' ', "split by spaces"), ('|', "split by |")];
const QUOTE_NAMES: [(Quotes, &str); 5] = [
    (Quotes::Needed, ""),
    (Quotes::Never, ", unquoted"),
    (Quotes::Odd, ", odd cells quoted"),
    (Quotes::Words, ", words quoted"),
    (Quotes::All, ", all quoted"),
];

impl Style {
    pub(super) fn words(&self) -> String {
        match self {
            Style::Aligned(aligned) => {
                let mut words = "aligned ".to_owned();
                for (gap, side) in &aligned.columns {
                    let _ = write!(words, "{gap}{}", if *side == Side::Left { 'l' } else { 'r' });
                }
                if aligned.is_padded {
                    words.push_str(" padded");
                }
                if let Some(rule) = aligned.rule {
                    let _ = write!(words, " ruled {rule}");
                }
                words
            }
            Style::Split { delimiter, quotes } => {
                let name = DELIMITER_NAMES.iter().find(|(sign, _)| sign == delimiter).map_or("", |(_, name)| name);
                let quotes = QUOTE_NAMES.iter().find(|(known, _)| known == quotes).map_or("", |(_, name)| name);
                format!("{name}{quotes}")
            }
        }
    }

    /// How many lines stand between the heading and the first row.
    pub(super) fn lines_under_heading(&self) -> usize {
        usize::from(matches!(self, Style::Aligned(Aligned { rule: Some(_), .. })))
    }

    pub(super) fn from_words(words: &str) -> Option<Self> {
        if let Some(words) = words.strip_prefix("aligned ") {
            let (words, rule) = match words.split_once(" ruled ") {
                Some((words, rule)) => (words, Some(rule.chars().next()?)),
                None => (words, None),
            };
            let (words, is_padded) = match words.strip_suffix(" padded") {
                Some(words) => (words, true),
                None => (words, false),
            };
            let mut columns = Vec::new();
            let mut gap = 0usize;
            for sign in words.chars() {
                match sign {
                    '0'..='9' => {
                        let digit = sign.to_digit(10)? as usize;
                        gap = gap.checked_mul(10)?.checked_add(digit).filter(|gap| *gap < 10_000)?;
                    }
                    'l' | 'r' => {
                        columns.push((gap, if sign == 'l' { Side::Left } else { Side::Right }));
                        gap = 0;
                    }
                    _ => return None,
                }
            }
            return Some(Style::Aligned(Aligned { columns, is_padded, rule }));
        }
        let (delimiter, rest) =
            DELIMITER_NAMES.iter().find_map(|(sign, name)| words.strip_prefix(name).map(|rest| (*sign, rest)))?;
        let quotes = QUOTE_NAMES.iter().find(|(_, name)| *name == rest).map(|(quotes, _)| *quotes)?;
        Some(Style::Split { delimiter, quotes })
    }

    /// The lines of `grid`, as they were in the text.
    pub(super) fn lines(&self, grid: &Grid) -> Option<Vec<String>> {
        let whole = grid.joined();
        let grid = whole.as_ref().unwrap_or(grid);
        let mut lines = Vec::with_capacity(grid.entries.len() + 2);
        match self {
            Style::Split { delimiter, quotes } => {
                if grid.has_heading {
                    lines.push(quotes.line(&grid.names, *delimiter));
                }
                for entry in &grid.entries {
                    lines.push(match entry {
                        Entry::Row(cells) => quotes.line(cells, *delimiter),
                        Entry::Line(line) => line.to_string(),
                    });
                }
            }
            Style::Aligned(aligned) => {
                if aligned.columns.len() != grid.names.len() {
                    return None;
                }
                let heading = grid.has_heading.then_some(grid.names.as_slice());
                let mut block: Vec<Written> = heading.into_iter().map(Written::Row).collect();
                for entry in &grid.entries {
                    match entry {
                        Entry::Row(cells) => block.push(Written::Row(cells)),
                        Entry::Line(line) => {
                            block.push(Written::Line(line));
                            // Without a heading a line ends a folder, and the next one has widths of its own.
                            if !grid.has_heading {
                                aligned.block(&mut block, &mut lines);
                            }
                        }
                    }
                }
                aligned.block(&mut block, &mut lines);
            }
        }
        Some(lines)
    }
}

/// What becomes one line.
enum Written<'g> {
    Row(&'g [Cow<'g, str>]),
    Line(&'g str),
}

impl Aligned {
    /// The lines of a block of rows, which have their widths in common; empties it.
    fn block(&self, block: &mut Vec<Written>, lines: &mut Vec<String>) {
        let mut widths = vec![0; self.columns.len()];
        for row in block.iter() {
            let Written::Row(row) = row else { continue };
            for (width, cell) in widths.iter_mut().zip(row.iter()) {
                *width = cell.chars().count().max(*width);
            }
        }
        for written in block.drain(..) {
            let is_first = lines.is_empty();
            match written {
                Written::Row(row) => lines.push(self.line(row, &widths)),
                Written::Line(line) => lines.push(line.to_owned()),
            }
            if let Some(rule) = self.rule.filter(|_| is_first) {
                let rules: Vec<Cow<str>> =
                    widths.iter().map(|width| Cow::Owned(rule.to_string().repeat(*width))).collect();
                lines.push(self.line(&rules, &widths));
            }
        }
    }

    fn line(&self, row: &[Cow<str>], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (gap, side)) in row.iter().zip(widths).zip(&self.columns) {
            let pad = width - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', gap + if *side == Side::Right { pad } else { 0 }));
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', if *side == Side::Left { pad } else { 0 }));
        }
        if !self.is_padded {
            line.truncate(line.trim_end_matches(' ').len());
        }
        line
    }
}

impl Quotes {
    pub(super) const EVERY: [Quotes; 5] = [Quotes::Never, Quotes::Needed, Quotes::Odd, Quotes::Words, Quotes::All];

    pub(super) fn line(self, cells: &[Cow<str>], delimiter: char) -> String {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                line.push(delimiter);
            }
            let needed = cell.contains([delimiter, '"', '\n', '\r']);
            let is_odd = |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'');
            let is_quoted = match self {
                Quotes::Never => false,
                Quotes::Needed => needed,
                Quotes::Odd => needed || cell.bytes().any(is_odd),
                Quotes::Words => needed || cell.parse::<f64>().is_err(),
                Quotes::All => true,
            };
            if is_quoted {
                line.push('"');
                line.push_str(&cell.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(cell);
            }
        }
        line
    }
}
