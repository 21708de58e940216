//! The scalars of a list's rows by their key paths.

use std::collections::{BTreeMap, HashMap};

use crate::compress::json::parse::Node;

/// More columns than this tell nobody anything.
const MOST_COLUMNS: usize = 60;
const DEEPEST: usize = 4;

/// What the rows have under a key path, as it was written.
#[derive(Debug)]
pub(super) struct Column<'n> {
    /// Empty where the rows are scalars themselves.
    pub(super) path: String,
    /// A cell for each row; None where the row has no scalar there.
    pub(super) cells: Vec<Option<&'n str>>,
}

impl Column<'_> {
    /// The numbers with their rows, where all cells are numbers and do not merely count up or down.
    pub(super) fn numbers(&self) -> Option<Vec<(usize, f64)>> {
        let mut numbers = Vec::new();
        for (place, cell) in self.cells.iter().enumerate() {
            let Some(cell) = cell.filter(|cell| *cell != "null") else { continue };
            numbers.push((place, number(cell)?));
        }
        let rises = numbers.windows(2).all(|pair| pair[0].1 < pair[1].1);
        let falls = numbers.windows(2).all(|pair| pair[0].1 > pair[1].1);
        (numbers.len() > 2 && !rises && !falls).then_some(numbers)
    }

    /// How often each value occurs, where there are at most `most`.
    pub(super) fn counts(&self, most: usize) -> Option<BTreeMap<&str, usize>> {
        let mut counts = BTreeMap::new();
        for cell in self.cells.iter().flatten() {
            *counts.entry(*cell).or_default() += 1;
            if counts.len() > most {
                return None;
            }
        }
        Some(counts)
    }
}

/// The number that a lexeme writes.
pub(super) fn number(lexeme: &str) -> Option<f64> {
    let is_number = lexeme.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    lexeme.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// The columns of `items` in the order in which they are first met.
pub(super) fn of<'n>(items: &'n [Node<'_>]) -> Vec<Column<'n>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut places = HashMap::new();
    for (row, item) in items.iter().enumerate() {
        collect(item, &mut String::new(), 0, &mut |path, lexeme| {
            let place = match places.get(path) {
                Some(place) => *place,
                None if columns.len() == MOST_COLUMNS => return,
                None => {
                    columns.push(Column { path: path.to_owned(), cells: vec![None; items.len()] });
                    places.insert(path.to_owned(), columns.len() - 1);
                    columns.len() - 1
                }
            };
            // Of a key that is there twice, the first counts.
            columns[place].cells[row].get_or_insert(lexeme);
        });
    }
    columns
}

fn collect<'n>(node: &'n Node<'_>, path: &mut String, depth: usize, take: &mut dyn FnMut(&str, &'n str)) {
    match node {
        Node::Scalar(lexeme) => take(path, lexeme),
        Node::Object(members) if depth < DEEPEST => {
            for (key, item) in members {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key.trim_matches('"'));
                collect(item, path, depth + 1, take);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
