//! What the rows that were left out say, in counts and ranges.

use crate::compress::json::parse::Node;
use crate::compress::json::sample::columns::{self, Column};

/// A column with more values among the rows left out is told by its range, or not at all.
const MOST_VALUES: usize = 8;
const LONGEST_VALUE: usize = 40;
const MOST_CLAIMS: usize = 12;

/// Something that is true of the rows left out.
#[derive(Debug, PartialEq)]
pub(super) enum Claim<'n> {
    /// How often each value occurs under a path; rows without one are not counted.
    Counts { path: &'n str, counts: Vec<(&'n str, usize)> },
    /// The least and the greatest number under a path, as they were written.
    Range { path: &'n str, least: &'n str, greatest: &'n str },
}

/// One phrase on the list at `path`: how many of its rows are left out, which are kept, and what the others say.
pub(super) fn phrase(items: &[Node], kept: &[bool], path: &str) -> String {
    let left_out: Vec<Node> =
        items.iter().zip(kept).filter(|(_, kept)| !**kept).map(|(item, _)| item.clone()).collect();
    let columns = columns::of(&left_out);
    let of = if path.is_empty() { String::new() } else { format!(" of {path}") };
    let mut phrase = format!("{} of {} rows{of} (kept are rows {})", left_out.len(), items.len(), ranges(kept));
    let claims: Vec<String> = claims(&columns).iter().map(words).collect();
    if !claims.is_empty() {
        phrase = format!("{phrase}: {}", claims.join("; "));
    }
    phrase
}

/// What can be claimed of columns.
pub(super) fn claims<'n>(columns: &'n [Column<'_>]) -> Vec<Claim<'n>> {
    columns.iter().filter_map(claim).take(MOST_CLAIMS).collect()
}

fn claim<'n>(column: &'n Column<'_>) -> Option<Claim<'n>> {
    let path = column.path.as_str();
    let values = column.cells.iter().flatten();
    let numbers: Option<Vec<(f64, &str)>> =
        values.clone().map(|cell| columns::number(cell).map(|number| (number, *cell))).collect();
    if let Some(counts) = column.counts(MOST_VALUES)
        && counts.keys().all(|value| value.len() <= LONGEST_VALUE)
    {
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        return Some(Claim::Counts { path, counts });
    }
    let numbers = numbers?;
    let least = numbers.iter().min_by(|a, b| a.0.total_cmp(&b.0))?.1;
    let greatest = numbers.iter().max_by(|a, b| a.0.total_cmp(&b.0))?.1;
    Some(Claim::Range { path, least, greatest })
}

fn words(claim: &Claim) -> String {
    let named = |path: &str| if path.is_empty() { String::new() } else { format!("{path} ") };
    match claim {
        Claim::Counts { path, counts } => {
            let counts: Vec<String> = counts.iter().map(|(value, count)| format!("{value} ×{count}")).collect();
            format!("{}{}", named(path), counts.join(", "))
        }
        Claim::Range { path, least, greatest } => format!("{}{least} to {greatest}", named(path)),
    }
}

/// The rows that are kept, counted from 1: `1-3, 17`.
fn ranges(kept: &[bool]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for row in kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(at, _)| at + 1) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ => ranges.push((row, row)),
        }
    }
    let words =
        ranges.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    words.collect::<Vec<_>>().join(", ")
}
