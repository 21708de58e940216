//! Which columns a list of objects has.
//!
//! Objects inside the rows become columns of their own (`user.login`) where nearly all of them have the same keys;
//! where not, they stay in one cell (`inner`). Keys keep the order they were written in: a row whose keys come in another
//! order than the columns does not fit, and stands whole.

use std::collections::HashMap;

use crate::compress::json::inner::Inner;
use crate::compress::json::parse::{Members, Node};

/// More keys in one object than this are data, not columns.
const MOST_KEYS: usize = 120;

/// A key, and what the rows have under it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) key: String,
    /// Some row has a value here that stands in a cell of its own.
    pub(super) holds_values: bool,
    /// The keys of the objects that rows have here, where those are spread over columns.
    pub(super) children: Vec<Self>,
    /// What the objects that stay in their cells have in common.
    pub(super) inner: Option<Box<Inner>>,
}

/// A column that has cells.
pub(super) struct Leaf<'c> {
    pub(super) path: Vec<&'c str>,
    pub(super) inner: Option<&'c Inner>,
}

/// The columns of `rows`, which are the members of objects; None where they have too little in common.
pub(super) fn of<'n>(rows: &[&'n Members<'n>]) -> Option<Vec<Column>> {
    inside(rows, 0)
}

/// The same, where `rows` are objects in cells of a table, so many cells inside each other.
pub(super) fn inside<'n>(rows: &[&'n Members<'n>], depth: usize) -> Option<Vec<Column>> {
    let columns = merge(rows, depth)?;
    let leaves = count(&columns);
    let mut filled = 0;
    let mut cells = Vec::new();
    for row in rows {
        cells.clear();
        if fill(row, &columns, &mut cells) {
            filled += cells.iter().flatten().count();
        }
    }
    // Below that, a reader would count empty cells.
    (leaves > 0 && filled * 5 >= leaves * rows.len() * 2).then_some(columns)
}

fn merge<'n>(rows: &[&'n Members<'n>], depth: usize) -> Option<Vec<Column>> {
    let mut keys: Vec<&str> = Vec::new();
    let mut under: HashMap<&str, Vec<&'n Node>> = HashMap::new();
    for row in rows {
        let mut before = None;
        for (key, value) in *row {
            let values = under.entry(key).or_default();
            let place = if values.is_empty() {
                let place = before.map_or(0, |place: usize| place + 1);
                keys.insert(place, key);
                place
            } else {
                keys.iter().position(|known| known == key)?
            };
            values.push(value);
            before = Some(place);
        }
        if keys.len() > MOST_KEYS {
            return None;
        }
    }
    let columns = keys.into_iter().map(|key| column(key, &under[key], rows.len(), depth)).collect();
    Some(columns)
}

fn column(key: &str, values: &[&Node], rows: usize, depth: usize) -> Column {
    let objects: Vec<_> = values
        .iter()
        .filter_map(|value| match value {
            Node::Object(members) if !members.is_empty() => Some(members),
            _ => None,
        })
        .collect();
    let are_many = objects.len() * 5 >= rows * 2;
    if are_many && let Some(children) = inside(&objects, depth) {
        let holds_values = objects.len() < values.len();
        return Column { key: key.to_owned(), holds_values, children, inner: None };
    }
    // Many objects that have too little in common for columns have it for cells, too.
    let inner = if are_many { None } else { Inner::of(values, depth).map(Box::new) };
    Column { key: key.to_owned(), holds_values: true, children: Vec::new(), inner }
}

/// How many cells a row has.
pub(super) fn count(columns: &[Column]) -> usize {
    columns.iter().map(|column| usize::from(column.holds_values) + count(&column.children)).sum()
}

/// Puts the cells of `row` behind `cells`. False when the row does not fit: a key twice, or in another order.
pub(super) fn fill<'n>(
    row: &'n [(std::borrow::Cow<'n, str>, Node<'n>)],
    columns: &[Column],
    cells: &mut Vec<Option<&'n Node<'n>>>,
) -> bool {
    let mut members = row.iter().peekable();
    let mut fits = true;
    for column in columns {
        let value = members.next_if(|(key, _)| *key == column.key).map(|(_, value)| value);
        let spread = match value {
            Some(Node::Object(inner)) if !inner.is_empty() && !column.children.is_empty() => Some(inner),
            _ => None,
        };
        if column.holds_values {
            cells.push(if spread.is_some() { None } else { value });
        } else if value.is_some() && spread.is_none() {
            fits = false;
        }
        fits &= fill(spread.map_or(&[], Vec::as_slice), &column.children, cells);
    }
    fits && members.peek().is_none()
}

/// The columns that a row has cells for, in order.
pub(super) fn leaves(columns: &[Column]) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    collect_leaves(columns, &mut Vec::new(), &mut found);
    found
}

fn collect_leaves<'c>(columns: &'c [Column], above: &mut Vec<&'c str>, found: &mut Vec<Leaf<'c>>) {
    for column in columns {
        above.push(&column.key);
        if column.holds_values {
            found.push(Leaf { path: above.clone(), inner: column.inner.as_deref() });
        }
        collect_leaves(&column.children, above, found);
        above.pop();
    }
}
