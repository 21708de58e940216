//! Objects in the cells of one column: their keys once in the line of keys, their values in the cells; and back.
//!
//! ```text
//! file,spans[{line,column,kind=error}]
//! src/a.rs,[{12,5},{14,1}]
//! src/b.rs,[]
//! ```
//! A cell has the shape that the line of keys shows, with values where keys stand there: the third value is that of the
//! third key. Only a column in which every object fits is told so; its other cells are JSON.

use crate::compress::json::cell;
use crate::compress::json::columns::{self, Column, Leaf};
use crate::compress::json::parse::{Members, Node};
use crate::compress::json::table;

/// Brackets further inside each other are counted wrong.
const DEEPEST: usize = 3;
const FEWEST_OBJECTS: usize = 2;
/// Counting values further than that goes wrong.
const MOST_KEYS: usize = 16;
const STOPS: [char; 3] = [',', '}', '\n'];

/// What the objects in the cells of a column have in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    is_list: bool,
    columns: Vec<Column>,
    /// Of each of their cells, the value that all objects have.
    same: Vec<Option<String>>,
}

impl Inner {
    /// What `values`, the cells of a column, have in common; None where it is not worth saying. The column is inside so
    /// many cells of others.
    pub(super) fn of(values: &[&Node], depth: usize) -> Option<Self> {
        if depth >= DEEPEST {
            return None;
        }
        let mut rows: Vec<&Members> = Vec::new();
        let is_list = values.iter().any(|value| is_list_of_objects(value));
        for value in values {
            match value {
                Node::Array(items) if is_list_of_objects(value) => {
                    for item in items {
                        let Node::Object(members) = item else { return None };
                        rows.push(members);
                    }
                }
                Node::Object(_) if is_list => return None,
                Node::Object(members) => rows.push(members),
                _ => {}
            }
        }
        if rows.iter().filter(|members| !members.is_empty()).count() < FEWEST_OBJECTS {
            return None;
        }
        let columns = columns::inside(&rows, depth + 1)?;
        let width = columns::count(&columns);
        let mut same: Vec<Option<&Node>> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let mut cells = Vec::with_capacity(width);
            if !columns::fill(row, &columns, &mut cells) {
                return None;
            }
            if at == 0 {
                same = cells;
                continue;
            }
            for (kept, here) in same.iter_mut().zip(cells) {
                if kept.is_some() && *kept != here {
                    *kept = None;
                }
            }
        }
        let same: Vec<Option<String>> = same.into_iter().map(|node| node.map(cell_text)).collect();
        let shown = same.iter().filter(|same| same.is_none()).count();
        (shown <= MOST_KEYS).then_some(Self { is_list, columns, same })
    }

    /// Writes the keys, in the shape of a cell.
    pub(super) fn write_keys(&self, out: &mut String) {
        out.push_str(if self.is_list { "[{" } else { "{" });
        for (at, (leaf, same)) in columns::leaves(&self.columns).iter().zip(&self.same).enumerate() {
            if at > 0 {
                out.push(',');
            }
            table::write_path(&leaf.path, out);
            if let Some(same) = same {
                out.push('=');
                out.push_str(same);
            } else if let Some(inner) = leaf.inner {
                inner.write_keys(out);
            }
        }
        out.push_str(if self.is_list { "}]" } else { "}" });
    }

    /// Writes the cell of `node`; false where it is none of the objects.
    pub(super) fn write(&self, node: &Node, out: &mut String) -> bool {
        match node {
            Node::Array(items) if self.is_list && is_list_of_objects(node) => {
                let leaves = columns::leaves(&self.columns);
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    if let Node::Object(members) = item {
                        self.write_object(members, &leaves, out);
                    }
                }
                out.push(']');
                true
            }
            Node::Object(members) if !self.is_list => {
                self.write_object(members, &columns::leaves(&self.columns), out);
                true
            }
            _ => false,
        }
    }

    fn write_object(&self, members: &Members, leaves: &[Leaf], out: &mut String) {
        let mut cells = Vec::with_capacity(self.same.len());
        columns::fill(members, &self.columns, &mut cells);
        let shown = cells.iter().zip(leaves).zip(&self.same).filter(|(_, same)| same.is_none());
        out.push('{');
        let start = out.len();
        let mut end = start;
        for (at, ((node, leaf), _)) in shown.enumerate() {
            if at > 0 {
                out.push(',');
            }
            let Some(node) = node else { continue };
            if !leaf.inner.is_some_and(|inner| inner.write(node, out)) {
                cell::write(node, &STOPS, out);
            }
            end = out.len();
        }
        out.truncate(end);
        out.push('}');
    }
}

fn is_list_of_objects(node: &Node) -> bool {
    matches!(node, Node::Array(items) if matches!(items.first(), Some(Node::Object(_))))
}

fn cell_text(node: &Node) -> String {
    let mut text = String::new();
    cell::write(node, &STOPS, &mut text);
    text
}

/// The keys of the objects in a column, as a line of keys says them.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    is_list: bool,
    keys: Vec<Key<'a>>,
}

#[derive(Debug)]
struct Key<'a> {
    path: Vec<String>,
    same: Option<Node<'a>>,
    inner: Option<Keys<'a>>,
}

impl<'a> Keys<'a> {
    /// Reads the keys that `text` begins with, if it does, and says what follows.
    pub(super) fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let (is_list, mut rest) = match text.strip_prefix("[{") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('{')?),
        };
        let mut keys = Vec::new();
        loop {
            let (path, after) = cell::read_path(rest)?;
            let mut key = Key { path, same: None, inner: None };
            rest = after;
            if let Some(same) = rest.strip_prefix('=') {
                let (same, after) = cell::read(same, &STOPS)?;
                key.same = Some(same?);
                rest = after;
            } else if let Some((inner, after)) = Self::read(rest) {
                key.inner = Some(inner);
                rest = after;
            }
            keys.push(key);
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        let rest = rest.strip_prefix(if is_list { "}]" } else { "}" })?;
        Some((Self { is_list, keys }, rest))
    }

    /// Reads the objects that `text` begins with and says what follows; None where it begins with something else.
    pub(super) fn read_cell(&self, text: &'a str) -> Option<(Node<'a>, &'a str)> {
        if !self.is_list {
            return self.read_object(text);
        }
        let mut rest = text.strip_prefix('[').filter(|rest| rest.starts_with('{'))?;
        let mut items = Vec::new();
        loop {
            let (item, after) = self.read_object(rest)?;
            items.push(item);
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => return Some((Node::Array(items), after.strip_prefix(']')?)),
            }
        }
    }

    fn read_object(&self, text: &'a str) -> Option<(Node<'a>, &'a str)> {
        let mut rest = text.strip_prefix('{')?;
        let mut members = Vec::new();
        let mut is_first = true;
        for key in &self.keys {
            let value = if let Some(same) = &key.same {
                Some(same.clone())
            } else if rest.starts_with('}') {
                None
            } else {
                if !is_first {
                    rest = rest.strip_prefix(',')?;
                }
                is_first = false;
                let inner = key.inner.as_ref().and_then(|inner| inner.read_cell(rest));
                let (value, after) = match inner {
                    Some((node, after)) => (Some(node), after),
                    None => cell::read(rest, &STOPS)?,
                };
                rest = after;
                value
            };
            if let Some(value) = value {
                table::put(&mut members, &key.path, value)?;
            }
        }
        Some((Node::Object(members), rest.strip_prefix('}')?))
    }
}
