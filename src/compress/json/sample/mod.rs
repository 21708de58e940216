//! Fewer rows of long lists, where the caller gave a budget that nothing else fits into.
//!
//! What is kept stays as it was and in its order; what is left out is told by a summary that is computed from the rows
//! left out and from nothing else. Whether a row is worth keeping is decided by rules that a reader can check, never by
//! chance.

mod columns;
mod summary;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::compress::json::parse::Node;
use crate::compress::json::sample::columns::Column;
use crate::compress::json::style::{self, Style};

/// Shorter lists are kept whole.
const SHORTEST_LIST: usize = 8;
/// Values further than this many standard deviations from the mean are kept, and so is what begins a new level of values.
const FAR: f64 = 2.0;
/// So many values before and after a place are compared to see whether a new level begins.
const WINDOW: usize = 5;
/// A value of a column of few values is rare below this share of the rows.
const RARE_PERCENT: usize = 5;
/// A column with more values than this groups nothing.
const MOST_GROUPS: usize = 10;
/// Words of a row that tells of a failure.
const ERROR_WORDS: [&str; 14] = [
    "error",
    "exception",
    "fail",
    "fatal",
    "critical",
    "crash",
    "panic",
    "abort",
    "timeout",
    "timed out",
    "denied",
    "refused",
    "rejected",
    "unavailable",
];

/// A value with fewer rows in its lists, and what is missing.
pub(super) struct Sampled<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// One phrase for each list: how many rows are left out, which are kept, and what the others say.
    pub(super) left_out: String,
}

/// `nodes` with at most `most` rows of each group of alike rows besides those that stand out. `is_list` says whether the
/// nodes are themselves the rows. None where no row would go.
pub(super) fn of<'a>(nodes: &[Node<'a>], is_list: bool, hints: &[String], most: usize) -> Option<Sampled<'a>> {
    let mut phrases = Vec::new();
    let nodes = if is_list {
        rows(nodes, "", hints, most, &mut phrases)
    } else {
        nodes.iter().map(|node| thinned(node, "", hints, most, &mut phrases)).collect()
    };
    (!phrases.is_empty()).then(|| Sampled { nodes, left_out: phrases.join("; and ") })
}

fn thinned<'a>(node: &Node<'a>, path: &str, hints: &[String], most: usize, phrases: &mut Vec<String>) -> Node<'a> {
    match node {
        Node::Scalar(_) => node.clone(),
        Node::Array(items) => Node::Array(rows(items, path, hints, most, phrases)),
        Node::Object(members) => Node::Object(
            members
                .iter()
                .map(|(key, item)| {
                    let path = format!("{path}.{}", key.trim_matches('"'));
                    (key.clone(), thinned(item, &path, hints, most, phrases))
                })
                .collect(),
        ),
        Node::Quoted(inner, style) => Node::Quoted(Box::new(thinned(inner, path, hints, most, phrases)), *style),
    }
}

fn rows<'a>(items: &[Node<'a>], path: &str, hints: &[String], most: usize, phrases: &mut Vec<String>) -> Vec<Node<'a>> {
    let kept = kept(items, hints, most);
    if items.len() < SHORTEST_LIST || kept.iter().all(|kept| *kept) {
        return items.to_vec();
    }
    phrases.push(summary::phrase(items, &kept, path));
    items.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(item, _)| item.clone()).collect()
}

/// Which of `items` are kept.
pub(super) fn kept(items: &[Node], hints: &[String], most: usize) -> Vec<bool> {
    let count = items.len();
    let mut kept: Vec<bool> = items.iter().map(|item| stands_out(item, hints)).collect();
    for end in [0, count.saturating_sub(1)] {
        kept.get_mut(end).into_iter().for_each(|end| *end = true);
    }
    let columns = columns::of(items);
    for column in &columns {
        for place in outliers(column).into_iter().chain(changes(column)).chain(rare(column, count)) {
            kept[place] = true;
        }
    }
    for group in groups(items, &columns) {
        // Evenly over the group, the first and the last of it included.
        let take = most.min(group.len());
        for step in 0..take {
            let place = if take == 1 { 0 } else { step * (group.len() - 1) / (take - 1) };
            kept[group[place]] = true;
        }
    }
    kept
}

/// Whether a row holds a hint or tells of a failure.
fn stands_out(item: &Node, hints: &[String]) -> bool {
    let mut text = String::new();
    style::write(item, Style::Compact, 0, &mut text);
    hints.iter().any(|hint| !hint.is_empty() && text.contains(hint.as_str())) || tells_of_error(item, "")
}

fn tells_of_error(node: &Node, key: &str) -> bool {
    let has_word = |text: &str| {
        let text = text.to_ascii_lowercase();
        ERROR_WORDS.iter().any(|word| text.contains(word))
    };
    match node {
        // A key that speaks of errors counts where its value is neither empty nor zero.
        Node::Scalar(lexeme) if has_word(key) => !matches!(lexeme.as_ref(), "null" | "false" | "0" | "\"\""),
        Node::Scalar(lexeme) => lexeme.starts_with('"') && has_word(lexeme),
        Node::Array(items) => items.iter().any(|item| tells_of_error(item, key)),
        Node::Object(members) => members.iter().any(|(key, item)| tells_of_error(item, key)),
        Node::Quoted(inner, _) => tells_of_error(inner, key),
    }
}

/// Rows whose number is far from the others.
fn outliers(column: &Column) -> Vec<usize> {
    let Some(numbers) = column.numbers() else { return Vec::new() };
    let (mean, deviation) = spread(numbers.iter().map(|(_, number)| *number));
    if deviation == 0.0 {
        return Vec::new();
    }
    numbers.iter().filter(|(_, number)| (number - mean).abs() > FAR * deviation).map(|(place, _)| *place).collect()
}

/// Rows at which numbers go over to another level.
fn changes(column: &Column) -> Vec<usize> {
    let Some(numbers) = column.numbers() else { return Vec::new() };
    if numbers.len() < WINDOW * 4 {
        return Vec::new();
    }
    let (_, deviation) = spread(numbers.iter().map(|(_, number)| *number));
    let mean = |from: usize| {
        let sum: f64 = numbers[from..from + WINDOW].iter().map(|(_, number)| number).sum();
        sum / 5.0
    };
    let steps: Vec<f64> = (WINDOW..=numbers.len() - WINDOW).map(|at| (mean(at) - mean(at - WINDOW)).abs()).collect();
    let is_peak = |at: usize| {
        let before = &steps[at.saturating_sub(WINDOW)..at];
        let after = &steps[at..(at + WINDOW + 1).min(steps.len())];
        steps[at] > deviation * 1.5
            && before.iter().all(|other| *other < steps[at])
            && after.iter().all(|other| *other <= steps[at])
    };
    (0..steps.len()).filter(|at| is_peak(*at)).map(|at| numbers[at + WINDOW].0).collect()
}

fn spread(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (count, sum) = numbers.clone().fold((0.0, 0.0), |(count, sum), number| (count + 1.0, sum + number));
    let mean = sum / f64::max(count, 1.0);
    let squares: f64 = numbers.map(|number| (number - mean).powi(2)).sum();
    (mean, (squares / f64::max(count, 1.0)).sqrt())
}

/// Rows with a value that hardly any other row has, in a column of few values.
fn rare(column: &Column, rows: usize) -> Vec<usize> {
    let Some(counts) = column.counts(MOST_GROUPS * 5) else { return Vec::new() };
    let mut largest: Vec<usize> = counts.values().copied().collect();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    if counts.len() < 2 || largest.iter().take(5).sum::<usize>() * 5 < rows * 4 {
        return Vec::new();
    }
    column
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.is_some_and(|cell| counts[cell] * 100 < rows * RARE_PERCENT))
        .map(|(place, _)| place)
        .collect()
}

/// The places of rows that have the same values in the columns of few values.
fn groups(items: &[Node], columns: &[Column]) -> Vec<Vec<usize>> {
    let few: Vec<&Column> =
        columns.iter().filter(|column| column.counts(MOST_GROUPS).is_some() && column.numbers().is_none()).collect();
    let mut places: HashMap<Vec<Option<&str>>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for place in 0..items.len() {
        let values = few.iter().map(|column| column.cells[place]).collect();
        let group = *places.entry(values).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(place);
    }
    // Where nearly every row is a group of its own, the rows are alike in being different.
    if groups.len() * 2 > items.len() { vec![(0..items.len()).collect()] } else { groups }
}
