//! Tables with a sign between their cells: CSV, TSV, and lines with the same number of words.

use std::borrow::Cow;

use crate::compress::table::grid::{Entry, Grid};
use crate::compress::table::style::{Quotes, Style};

const FEWEST_ROWS: usize = 4;
/// So many lines a cell in quotes may have.
const LONGEST_CELL: usize = 60;
const MOST_CELLS: usize = 60;
/// Lines of words have so many columns at most.
const MOST_COLUMNS: usize = 8;
/// So many lines that are no rows may stand between two.
const MOST_BETWEEN: usize = 12;

/// The table that begins in the first of `lines`, and how many lines it has.
pub(super) fn read<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    ['\t', ',', ';', '|'].into_iter().find_map(|sign| with(lines, sign))
}

fn with<'a>(lines: &[&'a str], sign: char) -> Option<(Grid<'a>, usize)> {
    let mut rows: Vec<Vec<Cow<str>>> = Vec::new();
    let mut width = 0;
    let mut end = 0;
    while end < lines.len() {
        let Some((row, taken)) = row(&lines[end..], sign) else { break };
        if rows.is_empty() {
            width = row.len();
            // A comma in each line is more often one of prose.
            if width < if sign == '\t' { 2 } else { 3 } || width > MOST_CELLS {
                return None;
            }
        }
        // Commas between words, or in columns that are padded, split no cells.
        let is_prose = |cell: &Cow<str>| matches!(cell, Cow::Borrowed(cell) if cell.contains("  "));
        if row.len() != width || row.iter().any(is_prose) {
            break;
        }
        rows.push(row);
        end += taken;
    }
    if rows.len() < FEWEST_ROWS || width == 2 && rows.len() < 3 * FEWEST_ROWS {
        return None;
    }
    let has_heading = is_heading(&rows);
    let mut grid = Grid { names: Vec::new(), has_heading, style: None, entries: Vec::new() };
    let mut rows = rows.into_iter();
    if has_heading {
        grid.names = rows.next()?;
    } else {
        grid.names = (1..=width).map(|number| Cow::Owned(number.to_string())).collect();
        // It may say what the others are; then no column would be the same throughout.
        let first: Vec<&str> = vec![lines[0]];
        if row(&first, sign).is_some_and(|(_, taken)| taken == 1) {
            rows.next();
            grid.entries.push(Entry::Line(Cow::Borrowed(lines[0])));
        }
    }
    grid.entries.extend(rows.map(Entry::Row));
    let text = lines[..end].join("\n");
    grid.style = Quotes::EVERY
        .map(|quotes| Style::Split { delimiter: sign, quotes })
        .into_iter()
        .find(|style| style.lines(&grid).is_some_and(|lines| lines.join("\n") == text));
    Some((grid, end))
}

/// Lines with the same number of words, of which some are mostly the same: those become columns, and the words between
/// them stay together. A few other lines may stand between the rows.
pub(super) fn words<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    let count = |line: &str| line.bytes().filter(|byte| *byte == b' ').count();
    let is_plain = |line: &str| !line.starts_with(' ') && !line.ends_with(' ') && !line.contains("  ");
    let width = lines.first().map(|line| count(line)).filter(|width| (1..=MOST_CELLS).contains(width))?;
    let is_row = |line: &str| is_plain(line) && count(line) == width;
    let mut end = 0;
    for (at, line) in lines.iter().enumerate() {
        if is_row(line) {
            end = at + 1;
        } else if line.is_empty() || at >= end + MOST_BETWEEN {
            break;
        }
    }
    let rows: Vec<&str> = lines[..end].iter().copied().filter(|line| is_row(line)).collect();
    if rows.len() < FEWEST_ROWS {
        return None;
    }
    let starts = starts(&rows, width)?;
    let entry = |line: &&'a str| {
        if !is_row(line) {
            return Entry::Line(Cow::Borrowed(*line));
        }
        let mut cells = Vec::with_capacity(starts.len() + 1);
        let (mut from, mut at) = (0, 0);
        for (byte, _) in line.match_indices(' ') {
            at += 1;
            if starts.contains(&at) {
                cells.push(Cow::Borrowed(&line[from..byte]));
                from = byte + 1;
            }
        }
        cells.push(Cow::Borrowed(&line[from..]));
        Entry::Row(cells)
    };
    let entries = lines[..end].iter().map(entry).collect();
    let names = (1..=starts.len() + 1).map(|number| Cow::Owned(number.to_string())).collect();
    let style = Some(Style::Split { delimiter: ' ', quotes: Quotes::Never });
    Some((Grid { names, has_heading: false, style, entries }, end))
}

/// In which words of rows of `width + 1` words the columns but the first begin: one column of all words that most rows
/// end with, or columns of single words that most rows have, whichever says less again.
fn starts(rows: &[&str], width: usize) -> Option<Vec<usize>> {
    // How many bytes need not be said where the value of most rows is said once.
    let saved = |cells: &mut Vec<&str>| {
        cells.sort_unstable();
        let most =
            cells.chunk_by(|a, b| a == b).max_by_key(|run| run.len()).map_or((0, 0), |run| (run.len(), run[0].len()));
        if most.0 * 2 >= rows.len() { most.0 * most.1 } else { 0 }
    };
    let mut words: Vec<Vec<&str>> = vec![Vec::with_capacity(rows.len()); width + 1];
    let mut tails = words.clone();
    for row in rows {
        let mut from = 0;
        for (at, word) in row.split(' ').enumerate() {
            words[at].push(word);
            tails[at].push(&row[from..]);
            from += word.len() + 1;
        }
    }
    let tail = (1..=width).map(|at| (saved(&mut tails[at]), at)).max_by_key(|(saved, at)| (*saved, usize::MAX - at))?;
    let of_words: Vec<usize> = words.iter_mut().map(saved).collect();
    // A column ends where one of a word that is mostly the same begins or ends.
    let is_start = |at: &usize| of_words[*at] > rows.len() || of_words[at - 1] > rows.len();
    let starts: Vec<usize> = (1..=width).filter(is_start).collect();
    let total: usize = of_words.iter().filter(|saved| **saved > rows.len()).sum();
    if total > tail.0 + starts.len().saturating_sub(1) * rows.len() && starts.len() < MOST_COLUMNS {
        return Some(starts);
    }
    (tail.0 > 0).then(|| vec![tail.1])
}

/// The cells of the row that the first of `lines` begins, and how many lines it has.
fn row<'a>(lines: &[&'a str], sign: char) -> Option<(Vec<Cow<'a, str>>, usize)> {
    let line = *lines.first()?;
    if line.is_empty() {
        return None;
    }
    if !line.contains('"') || sign == '|' {
        return Some((line.split(sign).map(Cow::Borrowed).collect(), 1));
    }
    let mut cells = Vec::new();
    let mut taken = 1;
    let mut rest = line;
    loop {
        let Some(inside) = rest.strip_prefix('"') else {
            let end = rest.find(sign);
            cells.push(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())]));
            match end {
                Some(end) => rest = &rest[end + sign.len_utf8()..],
                None => return Some((cells, taken)),
            }
            continue;
        };
        let mut cell = String::new();
        let mut inside = inside;
        loop {
            let Some(end) = inside.find('"') else {
                cell.push_str(inside);
                cell.push('\n');
                inside = lines.get(taken).filter(|_| taken < LONGEST_CELL)?;
                taken += 1;
                continue;
            };
            cell.push_str(&inside[..end]);
            inside = &inside[end + 1..];
            match inside.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    inside = after;
                }
                None => break,
            }
        }
        cells.push(Cow::Owned(cell));
        if inside.is_empty() {
            return Some((cells, taken));
        }
        rest = inside.strip_prefix(sign)?;
    }
}

/// Whether the first row says what the others are: all words, none of which stands in its column again, above at least
/// one column of numbers or dates.
fn is_heading(rows: &[Vec<Cow<str>>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let is_name = |cell: &str| {
        cell.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && cell.len() < 60
            && cell
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '(' | ')' | '%' | '/' | '#'))
    };
    let is_number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let mut names: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
    names.sort_unstable();
    let is_distinct = names.windows(2).all(|pair| pair[0] != pair[1]);
    let repeats = |at: usize| rest.iter().any(|row| row[at] == first[at]);
    let has_numbers = |at: usize| {
        let filled = rest.iter().filter(|row| !row[at].is_empty()).count();
        filled > 0 && rest.iter().filter(|row| is_number(&row[at])).count() * 10 >= filled * 9
    };
    first.iter().all(|cell| is_name(cell))
        && is_distinct
        && !(0..first.len()).any(repeats)
        && (0..first.len()).any(has_numbers)
}

/// Whether most of `lines` have the same number of cells, with one of the signs between them that are used for nothing
/// but that.
pub(super) fn looks_like(lines: &[&str]) -> bool {
    [('\t', 2), (',', 4), (';', 3)].iter().any(|(sign, least)| {
        let signs = lines.first().map_or(0, |line| line.matches(*sign).count());
        let same = lines.iter().filter(|line| line.matches(*sign).count() == signs).count();
        signs + 1 >= *least && lines.len() > FEWEST_ROWS && same * 10 >= lines.len() * 9
    })
}
