//! Which columns a list of objects has.
//!
//! Objects inside the rows become columns of their own (`user.login`) where nearly all of them have the same keys;
//! where not, they stay in one cell (`inner`). Keys keep the order they were written in: a row whose keys come in another
//! order than the columns does not fit, and stands whole.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::slice;

use crate::compress::json::inner::Inner;
use crate::compress::json::parse::{Members, Node};

/// A key that only one in so many rows has is written where it stands, with its name. The second is for lists that have
/// too many such keys for the first.
const RARE: [usize; 2] = [8, 3];

/// More keys in one object than this are data, not columns.
const MOST_KEYS: usize = 120;

/// A key, and what the rows have under it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) key: String,
    /// How many rows have it.
    rows: usize,
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
    let all = merge(rows, 0)?;
    RARE.into_iter().find_map(|rare| {
        let mut columns = all.clone();
        columns.retain(|column| column.rows * rare > rows.len());
        are_filled(rows, &columns).then_some(columns)
    })
}

/// The same, where `rows` are objects in cells of a table, so many cells inside each other.
pub(super) fn inside<'n>(rows: &[&'n Members<'n>], depth: usize) -> Option<Vec<Column>> {
    let columns = merge(rows, depth)?;
    are_filled(rows, &columns).then_some(columns)
}

fn are_filled(rows: &[&Members], columns: &[Column]) -> bool {
    let leaves = count(columns);
    let keys = keys(columns);
    let mut filled = 0;
    for row in rows {
        let (mut cells, mut rare) = (Vec::with_capacity(leaves), Vec::new());
        if fill_row(row, columns, &keys, &mut cells, &mut rare) {
            filled += cells.iter().flatten().count();
        }
    }
    // Below that, a reader would count empty cells.
    leaves > 0 && filled * 5 >= leaves * rows.len() * 2
}

fn merge<'n>(rows: &[&'n Members<'n>], depth: usize) -> Option<Vec<Column>> {
    let mut keys: Vec<&str> = Vec::new();
    // Whoever has most keys tells best in which order they stand.
    let mut fullest: Vec<&Members> = rows.to_vec();
    fullest.sort_by_key(|row| std::cmp::Reverse(row.len()));
    for row in fullest {
        let mut place = 0;
        for (key, _) in row {
            if let Some(known) = keys.iter().position(|known| known == key) {
                place = known + 1;
            } else {
                keys.insert(place, key);
                place += 1;
            }
        }
        if keys.len() > MOST_KEYS {
            return None;
        }
    }
    let mut under: HashMap<&str, Vec<&'n Node>> = HashMap::new();
    for (key, value) in rows.iter().copied().flatten() {
        under.entry(key).or_default().push(value);
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
        return Column { key: key.to_owned(), rows: values.len(), holds_values, children, inner: None };
    }
    // Many objects that have too little in common for columns have it for cells, too.
    let inner = if are_many { None } else { Inner::of(values, depth).map(Box::new) };
    Column { key: key.to_owned(), rows: values.len(), holds_values: true, children: Vec::new(), inner }
}

/// How many cells a row has.
pub(super) fn count(columns: &[Column]) -> usize {
    columns.iter().map(|column| usize::from(column.holds_values) + count(&column.children)).sum()
}

/// The keys of `columns`.
pub(super) fn keys(columns: &[Column]) -> HashSet<&str> {
    columns.iter().map(|column| column.key.as_str()).collect()
}

/// A member that few rows have.
#[derive(Debug)]
pub(super) struct Rare<'n> {
    /// How many cells of its row stand before it.
    pub(super) at: usize,
    pub(super) key: &'n str,
    pub(super) node: &'n Node<'n>,
}

/// Puts the cells of `row` behind `cells`, and the members that have no column behind `rare`. False when the row does
/// not fit.
pub(super) fn fill_row<'n>(
    row: &'n Members<'n>,
    columns: &[Column],
    keys: &HashSet<&str>,
    cells: &mut Vec<Option<&'n Node<'n>>>,
    rare: &mut Vec<Rare<'n>>,
) -> bool {
    let mut members = row.iter().peekable();
    let mut fits = true;
    for column in columns {
        let has_no_column = |key: &str| key != column.key && !keys.contains(key);
        while let Some((key, node)) = members.next_if(|(key, _)| has_no_column(key)) {
            rare.push(Rare { at: cells.len(), key, node });
        }
        let member = members.next_if(|(key, _)| *key == column.key);
        fits &= fill(member.map_or(&[], slice::from_ref), slice::from_ref(column), cells);
    }
    for (key, node) in members {
        fits &= !keys.contains(key.as_ref());
        rare.push(Rare { at: cells.len(), key, node });
    }
    fits
}

/// Puts the cells of `row` behind `cells`. False when the row does not fit: a key twice, or in another order.
pub(super) fn fill<'n>(
    row: &'n [(Cow<'n, str>, Node<'n>)],
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
