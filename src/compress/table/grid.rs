//! Rows with the same columns, said once what they have in common; and back.
//!
//! ```text
//! columns (was aligned 0l1r1l): mode (empty: drwxr-xr-x)|owner=root|size|table (empty: as above)|name
//! |4096|a|b
//! ```
//! `NAME=VALUE` holds in every row and has no cell. The rows end where a line has another number of cells. A value is
//! never cut: whoever searches for it finds it as it was.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compress::table::style::Style;

/// Signs that may stand between cells, the plainest first.
pub(super) const DELIMITERS: [char; 4] = ['|', ',', '\t', ';'];

const COLUMNS: &str = "columns";
const NO_HEADING: &str = " without a heading line";
const EMPTY: &str = " (empty: ";
const ABOVE: &str = "as above";
/// The name of a column that holds the rest of the cells before it, behind a space.
pub(super) const REST: &str = "+";

/// A usual value stands in so many of ten rows at least.
const USUAL: usize = 4;
/// Values of this many characters need not be said again where a third of the rows, not half, are as the one above.
const LONG: usize = 12;

/// A table, and the lines that stand between its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid<'a> {
    pub(super) names: Vec<Cow<'a, str>>,
    /// Whether the names stood in the text, as the line above the first row.
    pub(super) has_heading: bool,
    /// How the text is told from the cells; None where it cannot be.
    pub(super) style: Option<Style>,
    pub(super) entries: Vec<Entry<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    Row(Vec<Cow<'a, str>>),
    /// A line as it was.
    Line(Cow<'a, str>),
}

/// What is said of a column in the line of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column<'g> {
    Shown,
    Constant(Cow<'g, str>),
    Usual(Cow<'g, str>),
    Above,
}

impl<'a> Grid<'a> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Vec<Cow<'a, str>>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Row(cells) => Some(cells),
            Entry::Line(_) => None,
        })
    }

    /// The table with the date of each time of day in a column of its own, where rows share dates. Neither date nor time
    /// is cut.
    pub(super) fn with_dates_apart(mut self) -> Self {
        for at in (1..self.names.len().saturating_sub(1)).rev() {
            let dates: Option<Vec<&str>> =
                self.rows().map(|cells| Some(cells[at].split_at(date_end(&cells[at])?).0)).collect();
            let is_shared = dates.is_some_and(|dates| {
                dates.len() > 1 && dates.windows(2).filter(|pair| pair[0] == pair[1]).count() * 2 >= dates.len()
            });
            if !is_shared {
                continue;
            }
            self.names.insert(at + 1, Cow::Borrowed(REST));
            for entry in &mut self.entries {
                if let Entry::Row(cells) = entry {
                    let end = date_end(&cells[at]).unwrap_or_default();
                    let (date, time) = match &cells[at] {
                        Cow::Borrowed(cell) => (Cow::Borrowed(&cell[..end]), Cow::Borrowed(&cell[end + 1..])),
                        Cow::Owned(cell) => {
                            (Cow::Owned(cell[..end].to_owned()), Cow::Owned(cell[end + 1..].to_owned()))
                        }
                    };
                    cells[at] = date;
                    cells.insert(at + 1, time);
                }
            }
        }
        self
    }

    /// The table as it was before that; None where it is the same.
    pub(super) fn joined(&self) -> Option<Grid<'a>> {
        let at = self.names.iter().position(|name| name == REST).filter(|at| *at > 0)?;
        let mut whole = self.clone();
        whole.names.remove(at);
        for entry in &mut whole.entries {
            if let Entry::Row(cells) = entry {
                let rest = cells.remove(at);
                cells[at - 1] = Cow::Owned(format!("{} {rest}", cells[at - 1]));
            }
        }
        Some(whole.joined().unwrap_or(whole))
    }

    fn columns(&self, delimiter: char) -> Vec<Column<'_>> {
        let rows: Vec<&Vec<Cow<str>>> = self.rows().collect();
        let mut columns: Vec<Column> = (0..self.names.len()).map(|at| column(&rows, at, delimiter)).collect();
        // With a single cell in a row no sign would tell it from a line.
        let mut shown = columns.iter().filter(|column| !matches!(column, Column::Constant(_))).count();
        for column in columns.iter_mut().rev() {
            if shown < 2 && matches!(column, Column::Constant(_)) {
                *column = Column::Shown;
                shown += 1;
            }
        }
        columns
    }

    /// Appends the table to `out`; false where a name or value would be misread.
    pub(super) fn write(&self, delimiter: char, numbers: Option<usize>, out: &mut String) -> bool {
        let columns = self.columns(delimiter);
        out.push_str(COLUMNS);
        if !self.has_heading {
            out.push_str(NO_HEADING);
        }
        if let Some(style) = &self.style {
            let _ = write!(out, " (was {})", style.words());
        }
        out.push_str(": ");
        for (at, (name, column)) in self.names.iter().zip(&columns).enumerate() {
            if at > 0 {
                out.push(delimiter);
            }
            if name.contains(['=', '\n', delimiter]) || name.contains(EMPTY) {
                return false;
            }
            out.push_str(name);
            match column {
                Column::Shown => {}
                Column::Constant(value) => {
                    let _ = write!(out, "={value}");
                }
                Column::Usual(value) => {
                    let _ = write!(out, "{EMPTY}{value})");
                }
                Column::Above => {
                    let _ = write!(out, "{EMPTY}{ABOVE})");
                }
            }
        }
        out.push('\n');
        let mut above: Option<&Vec<Cow<str>>> = None;
        let under = self.style.as_ref().map_or(0, Style::lines_under_heading);
        let mut number = numbers.map(|first| first + usize::from(self.has_heading) + under);
        for entry in &self.entries {
            match entry {
                Entry::Line(line) => {
                    if let Some(number) = number {
                        let _ = write!(out, "{number}\t");
                    }
                    out.push_str(line);
                }
                Entry::Row(cells) => {
                    let mut is_first = true;
                    for (at, (cell, column)) in cells.iter().zip(&columns).enumerate() {
                        let is_said = match column {
                            Column::Constant(_) => continue,
                            Column::Usual(value) => cell == value,
                            Column::Above => above.is_some_and(|above| above[at] == *cell),
                            Column::Shown => false,
                        };
                        if !is_first {
                            out.push(delimiter);
                        }
                        is_first = false;
                        if !is_said {
                            write_cell(cell, delimiter, out);
                        }
                    }
                    above = Some(cells);
                }
            }
            out.push('\n');
            number = number.map(|number| number + 1);
        }
        true
    }
}

/// Where the date ends that `cell` begins with, if a space and something else follow.
fn date_end(cell: &str) -> Option<usize> {
    let bytes = cell.as_bytes();
    let is_date = bytes.len() > 11
        && bytes
            .iter()
            .zip(b"0000-00-00 ")
            .all(|(byte, sign)| if *sign == b'0' { byte.is_ascii_digit() } else { byte == sign });
    (is_date && bytes[11] != b' ').then_some(10)
}

fn column<'g>(rows: &[&'g Vec<Cow<str>>], at: usize, delimiter: char) -> Column<'g> {
    let can_be_said = |value: &str| !value.contains([delimiter, '\n', '\r']) && value != ABOVE;
    let cells = || rows.iter().map(|row| row[at].as_ref());
    let Some(first) = cells().next() else { return Column::Shown };
    if can_be_said(first) && cells().all(|cell| cell == first) {
        return Column::Constant(Cow::Borrowed(first));
    }
    if cells().any(str::is_empty) {
        return Column::Shown;
    }
    let mut sorted: Vec<&str> = cells().collect();
    let repeated = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].len());
    let (above, length) = repeated.fold((0, 0), |(count, sum), length| (count + 1, sum + length));
    let fewest = if length >= above * LONG { rows.len().div_ceil(3) } else { rows.len().div_ceil(2) };
    sorted.sort_unstable();
    let usual = sorted.chunk_by(|a, b| a == b).max_by_key(|run| (run.len(), run[0]));
    let usual = usual.map_or(("", 0), |run| (run[0], run.len()));
    // The usual value is plainer than the one above: it can be looked up without counting back.
    if can_be_said(usual.0) && usual.1 * 10 >= rows.len() * USUAL && usual.1 * 5 >= above * 4 {
        Column::Usual(Cow::Borrowed(usual.0))
    } else if above >= fewest && sorted.iter().any(|cell| cell.len() > 2) {
        Column::Above
    } else {
        Column::Shown
    }
}

fn write_cell(cell: &str, delimiter: char, out: &mut String) {
    if cell.contains([delimiter, '\n', '\r']) || cell.starts_with('"') {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

/// Cuts `line` into cells; None where a quote is not closed before its end.
pub(super) fn cells(line: &str, delimiter: char) -> Option<Vec<Cow<'_, str>>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let Some(inside) = rest.strip_prefix('"') else {
            let end = rest.find(delimiter);
            cells.push(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())]));
            match end {
                Some(end) => rest = &rest[end + delimiter.len_utf8()..],
                None => return Some(cells),
            }
            continue;
        };
        let mut end = 0;
        loop {
            end += inside[end..].find('"')?;
            if !inside[end + 1..].starts_with('"') {
                break;
            }
            end += 2;
        }
        cells.push(Cow::Owned(inside[..end].replace("\"\"", "\"")));
        let after = &inside[end + 1..];
        if after.is_empty() {
            return Some(cells);
        }
        rest = after.strip_prefix(delimiter)?;
    }
}

/// The line of columns: what stands for the rows below it.
pub(super) struct Heading<'f> {
    names: Vec<Cow<'f, str>>,
    columns: Vec<Column<'f>>,
    was_there: bool,
    style: Option<Style>,
    delimiter: char,
}

impl<'f> Heading<'f> {
    pub(super) fn read(line: &'f str, delimiter: char) -> Option<Self> {
        let rest = line.strip_prefix(COLUMNS)?;
        let (rest, was_there) = match rest.strip_prefix(NO_HEADING) {
            Some(rest) => (rest, false),
            None => (rest, true),
        };
        let (rest, style) = match rest.strip_prefix(" (was ") {
            Some(rest) => {
                let (words, rest) = rest.split_once("): ")?;
                (rest, Some(Style::from_words(words)?))
            }
            None => (rest.strip_prefix(": ")?, None),
        };
        let mut heading = Heading { names: Vec::new(), columns: Vec::new(), was_there, style, delimiter };
        for part in rest.split(delimiter) {
            let usual = part.strip_suffix(')').and_then(|part| part.split_once(EMPTY));
            let (name, column) = match (usual, part.split_once('=')) {
                (Some((name, value)), equals) if equals.is_none_or(|(before, _)| name.len() <= before.len()) => {
                    (name, if value == ABOVE { Column::Above } else { Column::Usual(Cow::Borrowed(value)) })
                }
                (_, Some((name, value))) => (name, Column::Constant(Cow::Borrowed(value))),
                _ => (part, Column::Shown),
            };
            heading.names.push(Cow::Borrowed(name));
            heading.columns.push(column);
        }
        Some(heading)
    }

    pub(super) fn grid(&self) -> Grid<'f> {
        Grid { names: self.names.clone(), has_heading: self.was_there, style: self.style.clone(), entries: Vec::new() }
    }

    /// The cells of `line`, all columns filled in; None where it is no row.
    pub(super) fn row(&self, line: &'f str, above: Option<&Vec<Cow<'f, str>>>) -> Option<Vec<Cow<'f, str>>> {
        let shown = self.columns.iter().filter(|column| !matches!(column, Column::Constant(_))).count();
        let cells = cells(line, self.delimiter).filter(|cells| cells.len() == shown && shown > 1)?;
        let mut cells = cells.into_iter();
        let mut row = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            row.push(match column {
                Column::Constant(value) => value.clone(),
                Column::Shown => cells.next()?,
                Column::Usual(value) => cells.next().map(|cell| if cell.is_empty() { value.clone() } else { cell })?,
                Column::Above => {
                    let cell = cells.next()?;
                    if cell.is_empty() { above?[at].clone() } else { cell }
                }
            });
        }
        Some(row)
    }

    /// Whether `line` begins a row that goes on in the next line.
    pub(super) fn is_open(&self, line: &str) -> bool {
        line.contains('"') && cells(line, self.delimiter).is_none()
    }
}
