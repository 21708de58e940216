//! Tables that a command pads with spaces: columns are where every line has a space in the same place.

use std::borrow::Cow;

use crate::compress::table::grid::Grid;
use crate::compress::table::listed;
use crate::compress::table::spans::{self, Placed, Span};

const FEWEST_ROWS: usize = 4;
const WIDEST: usize = 2_000;
/// So many lines tell where the columns are; a twentieth of them may say otherwise. Fewer, where another table follows.
const LOOKED_AT: [usize; 2] = [80, 12];
/// So many lines in a row that do not keep to the columns belong to the table.
const MOST_MISSES: usize = 3;

/// The table that begins in the first of `lines`, none of which is empty, and how many lines it has. A line that does
/// not keep to the columns stays as it is.
pub(super) fn read<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    // A long listing below another table is one of its own.
    let count = lines.iter().position(|line| listed::is_row(line)).unwrap_or(lines.len());
    let lines = &lines[..count];
    if lines.len() <= FEWEST_ROWS {
        return None;
    }
    LOOKED_AT.iter().filter(|seeds| **seeds < 2 * count).find_map(|seeds| with(lines, (*seeds).min(count)))
}

/// The same, where the first `seeds` lines tell the columns.
fn with<'a>(lines: &[&'a str], seeds: usize) -> Option<(Grid<'a>, usize)> {
    let rule = rule(lines[1]);
    let seen: Vec<&str> =
        lines[..seeds].iter().enumerate().filter(|(at, _)| *at != 1 || rule.is_none()).map(|(_, line)| *line).collect();
    let mut blank = blank(&seen);
    let widest = if rule.is_some() || is_named(lines[0]) { 1 } else { 2 };
    let fits = fitting(lines, &mut blank, widest, rule.is_some());
    // A word alone below a table is the title of the next one.
    let is_row = |line: &str| line.split_ascii_whitespace().nth(1).is_some();
    let count = (0..fits.len()).rev().find(|at| fits[*at] && is_row(lines[*at]))? + 1;
    let (lines, fits) = (&lines[..count], &fits[..count]);
    let under = if rule.is_some() { 2 } else { 1 };
    let fitting = || lines.iter().zip(fits).filter(|(_, fits)| **fits).map(|(line, _)| *line);
    let rows: Vec<&str> = fitting().skip(under).collect();
    if rows.len() < FEWEST_ROWS
        || (rows.len() + under) * 10 < lines.len() * 9
        || !fits[..under].iter().all(|fits| *fits)
    {
        return None;
    }
    let place = |from: usize, regions: &[(usize, usize)]| -> Vec<Placed<'a>> {
        let lines = lines.iter().zip(fits).skip(from);
        lines.map(|(line, fits)| if *fits { Placed::Row(cut(line, regions)) } else { Placed::Line(line) }).collect()
    };
    let heading = merged(regions(&blank, 1), lines[0], &rows);
    let spans = cut(lines[0], &heading);
    if is_heading(&spans, &rows, &heading, rule) {
        let names = spans.iter().map(|span| Cow::Borrowed(span.text)).collect();
        return Some((spans::grid(names, Some(&spans), &place(under, &heading), rule, lines), count));
    }
    // Without a heading nobody says what is a column: a single space may be one between words.
    let mut regions = regions(&blank, 2);
    if regions.len() < 3 {
        return None;
    }
    if let Some(last) = regions.last_mut() {
        last.1 = usize::MAX;
    }
    let names = (1..=regions.len()).map(|number| Cow::Owned(number.to_string())).collect();
    Some((spans::grid(names, None, &place(0, &regions), None, lines), count))
}

/// Whether `line` might say what stands below it.
fn is_named(line: &str) -> bool {
    line.split(' ').filter(|word| !word.is_empty()).all(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
}

/// Which of `lines` have a space in each gap between columns, of at least `widest` places; `blank` becomes what all of
/// those leave. Ends where several lines in a row do not.
fn fitting(lines: &[&str], blank: &mut [bool], widest: usize, is_ruled: bool) -> Vec<bool> {
    let mut fits = Vec::with_capacity(lines.len());
    let mut misses = 0;
    for (number, line) in lines.iter().enumerate() {
        if number == 1 && is_ruled {
            fits.push(true);
            continue;
        }
        let mut here: Vec<bool> = line.chars().take(blank.len()).map(|sign| sign == ' ').collect();
        here.resize(blank.len(), true);
        let is_whole = line.len() <= WIDEST && !line.contains(['\t', '\r']);
        let is_fit = is_whole && {
            let mut at = 0;
            blank.chunk_by(|a, b| a == b).all(|run| {
                let range = at..at + run.len();
                at = range.end;
                let is_gap = run[0] && range.start > 0 && at < blank.len() && run.len() >= widest;
                !is_gap || here[range].iter().filter(|is_blank| **is_blank).count() >= widest.min(run.len())
            })
        };
        if is_fit {
            misses = 0;
            blank.iter_mut().zip(here).for_each(|(blank, here)| *blank &= here);
        } else {
            misses += 1;
        }
        fits.push(is_fit);
        if misses > MOST_MISSES {
            break;
        }
    }
    fits
}

/// The sign that a line under a heading is made of.
fn rule(line: &str) -> Option<char> {
    let sign = line.trim_start().chars().next().filter(|sign| matches!(sign, '-' | '=' | '─' | '━' | '~' | '+'))?;
    let is_drawn = |c: char| c == sign || c == ' ' || sign == '+' && matches!(c, '-' | '=');
    line.chars().all(is_drawn).then_some(sign)
}

/// Which characters of a line are spaces in nearly every line, and in the first.
fn blank(lines: &[&str]) -> Vec<bool> {
    let mut filled: Vec<usize> = Vec::new();
    let many = lines.len() / 20 + 1;
    for (number, line) in lines.iter().enumerate() {
        for (at, sign) in line.chars().take(WIDEST).enumerate() {
            if at == filled.len() {
                filled.push(0);
            }
            filled[at] += if sign == ' ' {
                0
            } else if number == 0 {
                many
            } else {
                1
            };
        }
    }
    filled.into_iter().map(|filled| filled < many).collect()
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

/// Joins what has no heading, or nothing but one, to the column that it belongs to.
fn merged(regions: Vec<(usize, usize)>, heading: &str, rows: &[&str]) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(regions.len());
    let mut unnamed: Option<(usize, usize)> = None;
    for region in regions {
        let name = cut(heading, &[region])[0];
        let is_filled = rows.iter().any(|row| !cut(row, &[region])[0].text.is_empty());
        let is_apart = joined.last().is_some_and(|before| region.0 - before.1 > 1);
        if name.text.is_empty() {
            unnamed = Some((unnamed.map_or(region.0, |(start, _)| start), region.1));
            continue;
        }
        // A heading that does not begin where its column does stands at its end.
        let is_right = name.start > region.0 && name.end == region.1;
        match (unnamed.take(), joined.last_mut()) {
            (Some((start, _)), before) if is_right || before.is_none() => {
                joined.push((start, region.1));
                continue;
            }
            (Some((_, end)), Some(before)) => before.1 = end,
            _ => {}
        }
        match joined.last_mut() {
            Some(before) if !is_filled && !is_apart => before.1 = region.1,
            _ => joined.push(region),
        }
    }
    if let (Some((_, end)), Some(before)) = (unnamed, joined.last_mut()) {
        before.1 = end;
    }
    // What is longer than all that was looked at is part of the last column.
    if let Some(last) = joined.last_mut() {
        last.1 = usize::MAX;
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
            if upto > at && upto < usize::MAX {
                let found = chars.nth(upto - at - 1).map_or(line.len(), |(byte, sign)| byte + sign.len_utf8());
                at = upto;
                return found;
            }
            if upto == usize::MAX { line.len() } else { line.len() - chars.as_str().len() }
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
    let is_name =
        |text: &str| text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '%' | '#' | '+' | '_' | '|'));
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
