//! Tables with lines drawn between their columns: Markdown, `psql`, `sqlite3 -box`, and what draws with box signs.

use std::borrow::Cow;

use crate::compress::table::grid::{Entry, Grid};

const FEWEST_ROWS: usize = 3;
const BARS: [char; 4] = ['|', '│', '┃', '║'];

/// The table that begins in the first of `lines`, and how many lines it has. Its borders cannot be told from it.
pub(super) fn read<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    let first = lines.first()?;
    let is_drawn = || lines.iter().take(3).any(|line| is_rule(line));
    if !is_rule(first) && !first.contains(BARS) || !is_drawn() {
        return None;
    }
    let mut rows: Vec<Vec<&str>> = Vec::new();
    let mut end = 0;
    let mut rules = Vec::new();
    for line in lines {
        if is_rule(line) {
            rules.push(rows.len());
        } else {
            let cells = cells(line);
            if cells.len() < 2 || rows.first().is_some_and(|row| row.len() != cells.len()) {
                break;
            }
            rows.push(cells);
        }
        end += 1;
    }
    let has_heading = rules.contains(&1);
    if rules.is_empty() || rows.len() < FEWEST_ROWS + usize::from(has_heading) {
        return None;
    }
    let width = rows[0].len();
    let names: Vec<Cow<str>> = if has_heading {
        rows.remove(0).into_iter().map(|name| Cow::Borrowed(name.trim())).collect()
    } else {
        (1..=width).map(|number| Cow::Owned(number.to_string())).collect()
    };
    for at in 0..width {
        trim(&mut rows, at);
    }
    let entries = rows.into_iter().map(|row| Entry::Row(row.into_iter().map(Cow::Borrowed).collect())).collect();
    Some((Grid { names, has_heading, style: None, entries }, end))
}

/// Whether a table with a line under its heading is among the first of `lines`, and most of them are its rows.
pub(super) fn looks_like(lines: &[&str]) -> bool {
    let is_ruled = lines.iter().take(4).any(|line| is_rule(line) && line.contains(['|', '+', '┼', '╪', '╇']));
    is_ruled && lines.iter().filter(|line| line.contains(BARS)).count() * 2 > lines.len()
}

/// Whether a line is drawn, and says nothing.
fn is_rule(line: &str) -> bool {
    let is_drawn = |sign: char| matches!(sign, '-' | '+' | '=' | '|' | ':' | ' ' | '\u{2500}'..='\u{257f}');
    let is_dash = |sign: &char| matches!(sign, '-' | '=' | '─' | '━' | '═' | '╌' | '┄');
    line.chars().filter(is_dash).take(3).count() == 3 && line.chars().all(is_drawn)
}

fn cells(line: &str) -> Vec<&str> {
    let line = line.trim_end();
    let inner = line.trim_start();
    let inner = inner.strip_prefix(BARS).unwrap_or(line);
    let inner = match inner.strip_suffix(BARS) {
        Some(inner) if line.trim_start().starts_with(BARS) => inner,
        _ => inner,
    };
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, bar) in inner.match_indices(BARS) {
        // Markdown writes a bar that is part of a cell so.
        if !inner[..at].ends_with('\\') {
            cells.push(&inner[start..at]);
            start = at + bar.len();
        }
    }
    cells.push(&inner[start..]);
    cells
}

/// Takes the padding off a column. Where its cells are indented among themselves, that says something and stays.
fn trim(rows: &mut [Vec<&str>], at: usize) {
    let width = |cell: &str| cell.chars().count();
    let tail = |cell: &str| cell.len() - cell.trim_end_matches(' ').len();
    let first = rows[0][at];
    let filled = || rows.iter().map(|row| row[at]).filter(|cell| !cell.trim().is_empty());
    let is_right = filled().all(|cell| width(cell) == width(first) && tail(cell) <= 1);
    let indent = filled().map(|cell| cell.len() - cell.trim_start_matches(' ').len()).min().unwrap_or(0);
    for row in rows {
        let cell = row[at].trim_end_matches(' ');
        row[at] = if is_right { cell.trim_start_matches(' ') } else { cell.get(indent..).unwrap_or_default() };
    }
}
