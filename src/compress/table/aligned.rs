//! Tables that a command pads with spaces: columns are where every line has a space in the same place.

use std::borrow::Cow;

use crate::compress::table::grid::Grid;
use crate::compress::table::spans::{self, Placed, Span};

const FEWEST_ROWS: usize = 4;
const WIDEST: usize = 2_000;

/// The table that begins in the first of `lines` and ends at an empty one, and how many lines it has.
pub(super) fn read<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    let count = lines.iter().position(|line| line.trim().is_empty()).unwrap_or(lines.len());
    let lines = &lines[..count];
    if lines.len() <= FEWEST_ROWS || lines.iter().any(|line| line.contains(['\t', '\r']) || line.len() > WIDEST) {
        return None;
    }
    let rule = rule(lines[1]);
    let rows = if rule.is_some() { &lines[2..] } else { &lines[1..] };
    let blank = blank(lines);
    let heading = merged(regions(&blank, 1), lines[0], rows);
    let spans = cut(lines[0], &heading);
    if is_heading(&spans, rows, &heading, rule) {
        let names = spans.iter().map(|span| Cow::Borrowed(span.text)).collect();
        let placed: Vec<Placed> = rows.iter().map(|line| Placed::Row(cut(line, &heading))).collect();
        return Some((spans::grid(names, Some(&spans), &placed, rule, lines), count));
    }
    // Without a heading nobody says what is a column: a single space may be one between words.
    let regions = regions(&blank, 2);
    if regions.len() < 3 {
        return None;
    }
    let names = (1..=regions.len()).map(|number| Cow::Owned(number.to_string())).collect();
    let placed: Vec<Placed> = lines.iter().map(|line| Placed::Row(cut(line, &regions))).collect();
    Some((spans::grid(names, None, &placed, None, lines), count))
}

/// The sign that a line under a heading is made of.
fn rule(line: &str) -> Option<char> {
    let sign = line.trim_start().chars().next().filter(|sign| matches!(sign, '-' | '=' | '─' | '━' | '~'))?;
    line.chars().all(|c| c == sign || c == ' ').then_some(sign)
}

/// Which characters of a line are spaces in every line.
fn blank(lines: &[&str]) -> Vec<bool> {
    let mut blank: Vec<bool> = Vec::new();
    for line in lines {
        for (at, sign) in line.chars().enumerate() {
            if at == blank.len() {
                blank.push(true);
            }
            blank[at] &= sign == ' ';
        }
    }
    blank
}

/// Where something stands between at least `gap` spaces.
fn regions(blank: &[bool], gap: usize) -> Vec<(usize, usize)> {
    let mut regions: Vec<(usize, usize)> = Vec::new();
    for (at, _) in blank.iter().enumerate().filter(|(_, is_blank)| !**is_blank) {
        match regions.last_mut() {
            Some((_, end)) if at - *end < gap.max(1) => *end = at + 1,
            _ => regions.push((at, at + 1)),
        }
    }
    regions
}

/// Joins what has no heading, or nothing but one, to the column before it.
fn merged(regions: Vec<(usize, usize)>, heading: &str, rows: &[&str]) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(regions.len());
    for region in regions {
        let is_named = !cut(heading, &[region])[0].text.is_empty();
        let is_filled = rows.iter().any(|row| !cut(row, &[region])[0].text.is_empty());
        let is_apart = joined.last().is_some_and(|before| region.0 - before.1 > 1);
        match joined.last_mut() {
            Some(before) if !is_named || !is_filled && !is_apart => before.1 = region.1,
            _ => joined.push(region),
        }
    }
    joined
}

/// What stands in each of `regions`, without the spaces round it.
fn cut<'a>(line: &'a str, regions: &[(usize, usize)]) -> Vec<Span<'a>> {
    let mut spans = Vec::with_capacity(regions.len());
    let mut chars = line.char_indices();
    let mut at = 0;
    for (start, end) in regions {
        let mut byte = |upto: usize| {
            if upto > at {
                let found = chars.nth(upto - at - 1).map_or(line.len(), |(byte, sign)| byte + sign.len_utf8());
                at = upto;
                return found;
            }
            chars.as_str().as_ptr() as usize - line.as_ptr() as usize
        };
        let from = byte(*start);
        let to = byte(*end).max(from);
        let text = &line[from..to];
        let inner = text.trim_start_matches(' ');
        let start = start + (text.len() - inner.len());
        let inner = inner.trim_end_matches(' ');
        spans.push(Span { start, end: start + inner.chars().count(), text: inner });
    }
    spans
}

/// Whether the first line says what stands below it: it names every column, and what stands below is of another kind.
fn is_heading(spans: &[Span], rows: &[&str], regions: &[(usize, usize)], rule: Option<char>) -> bool {
    let is_name = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '%' | '#' | '+' | '_'));
    if spans.len() < 2 || !spans.iter().all(|span| is_name(span.text)) {
        return false;
    }
    let is_upper = spans.iter().all(|span| !span.text.chars().any(char::is_lowercase));
    let has_numbers = || {
        let first = rows.first().map(|row| cut(row, regions)).unwrap_or_default();
        first.iter().any(|span| span.text.starts_with(|c: char| c.is_ascii_digit()))
    };
    rule.is_some() || spans.len() > 2 && (is_upper || has_numbers())
}
