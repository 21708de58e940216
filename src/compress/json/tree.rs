//! Objects of one shape inside each other: what depends on what, what lies in which folder.
//!
//! ```text
//! tree of dependencies
//! (key),version
//! express,4.21.2
//!   accepts,1.3.8
//!     mime-types,2.1.35
//!   etag,1.8.1
//! ```
//! Each object is a row of one table, and those in its last member (`dependencies`) are the rows below it, indented;
//! writers that sort their keys have it first. Where it is empty or holds something else, it is a cell like any other.

use std::borrow::Cow;

use crate::compress::json::cell;
use crate::compress::json::parse::{Members, Node};

/// Begins the line over the line of keys.
const HEAD: &str = "tree of ";
/// Behind the head, where the objects inside stood before the other members.
const FIRST: &str = ", which stood first";
/// What stands before a row for each row that it is below.
const INDENT: &str = "  ";
const MOST_DEPTH: usize = 60;

/// The member that holds the objects inside, and where it stands among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder<'n> {
    key: Cow<'n, str>,
    is_first: bool,
}

impl<'n> Holder<'n> {
    /// The member of `members` in this place, and the objects in it.
    fn at(is_first: bool, members: &'n Members<'n>, is_keyed: bool) -> Option<(Self, Objects<'n>)> {
        let (key, inner) = if is_first { members.first() } else { members.last() }?;
        Some((Self { key: Cow::Borrowed(key), is_first }, objects(inner, is_keyed)?))
    }

    /// Writes the line over the line of keys.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(HEAD);
        cell::write_key(&self.key, out);
        out.push_str(if self.is_first { FIRST } else { "" });
        out.push('\n');
    }

    /// Reads the line that `write` wrote.
    pub(super) fn read(line: &str) -> Option<Holder<'static>> {
        let (mut path, rest) = cell::read_path(line.strip_prefix(HEAD)?)?;
        let key = Cow::Owned(path.pop().filter(|_| path.is_empty())?);
        matches!(rest, "" | FIRST).then_some(Holder { key, is_first: !rest.is_empty() })
    }
}

/// Objects with the keys they stand under.
type Objects<'n> = Vec<(&'n str, &'n Members<'n>)>;

/// Objects inside each other, flat.
pub(super) struct Tree<'n> {
    pub(super) holder: Holder<'n>,
    pub(super) rows: Vec<Row<'n>>,
    /// Whether the objects stand under keys, or in lists.
    pub(super) is_keyed: bool,
}

/// An object of a tree, without those inside.
pub(super) struct Row<'n> {
    pub(super) depth: usize,
    pub(super) key: Cow<'n, str>,
    pub(super) members: Members<'n>,
}

/// The tree that `node` is: its objects hold others in one member, and some of those do as well.
pub(super) fn of<'n>(node: &'n Node<'n>) -> Option<Tree<'n>> {
    let is_keyed = matches!(node, Node::Object(_));
    let found = objects(node, is_keyed)?;
    let holder = [false, true].into_iter().find_map(|is_first| {
        found.iter().find_map(|(_, members)| {
            let (holder, inside) = Holder::at(is_first, members, is_keyed)?;
            let is_again = |(_, members): (&str, _)| {
                Holder::at(is_first, members, is_keyed).is_some_and(|(again, _)| again == holder)
            };
            inside.into_iter().any(is_again).then_some(holder)
        })
    })?;
    let mut rows = Vec::new();
    collect(found, is_keyed, &holder, 0, &mut rows)?;
    Some(Tree { holder, rows, is_keyed })
}

/// What `node` holds, each with its key, where that is objects and nothing else.
fn objects<'n>(node: &'n Node<'n>, is_keyed: bool) -> Option<Objects<'n>> {
    let object = |key: &'n str, item: &'n Node<'n>| match item {
        Node::Object(members) => Some((key, members)),
        _ => None,
    };
    let found: Vec<_> = match node {
        Node::Object(members) if is_keyed => {
            members.iter().map(|(key, item)| object(key, item)).collect::<Option<_>>()?
        }
        Node::Array(items) if !is_keyed => items.iter().map(|item| object("", item)).collect::<Option<_>>()?,
        _ => return None,
    };
    (!found.is_empty()).then_some(found)
}

fn collect<'n>(
    objects: Objects<'n>,
    is_keyed: bool,
    holder: &Holder,
    depth: usize,
    rows: &mut Vec<Row<'n>>,
) -> Option<()> {
    if depth > MOST_DEPTH {
        return None;
    }
    for (key, members) in objects {
        let inside = Holder::at(holder.is_first, members, is_keyed).filter(|(again, _)| again == holder);
        let first = usize::from(inside.is_some() && holder.is_first);
        let last = members.len() - usize::from(inside.is_some() && !holder.is_first);
        rows.push(Row { depth, key: Cow::Borrowed(key), members: members[first..last].to_vec() });
        if let Some((_, objects)) = inside {
            collect(objects, is_keyed, holder, depth + 1, rows)?;
        }
    }
    Some(())
}

/// Writes what stands before a row.
pub(super) fn write_indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str(INDENT);
    }
}

/// How deep a row stands, and the row.
pub(super) fn read_indent(mut line: &str) -> (usize, &str) {
    let mut depth = 0;
    while let Some(rest) = line.strip_prefix(INDENT) {
        depth += 1;
        line = rest;
    }
    (depth, line)
}

/// The value that `rows` stand for, which are below each other.
pub(super) fn grown<'a>(rows: Vec<Row<'a>>, holder: &Holder, is_keyed: bool) -> Option<Node<'a>> {
    let mut open: Vec<Row> = Vec::new();
    let mut inside: Vec<Vec<Row>> = vec![Vec::new()];
    // A row is complete when one stands behind it that is not below it.
    let close = |open: &mut Vec<Row<'a>>, inside: &mut Vec<Vec<Row<'a>>>| {
        let (mut row, below) = (open.pop()?, inside.pop()?);
        if !below.is_empty() {
            let place = if holder.is_first { 0 } else { row.members.len() };
            row.members.insert(place, (Cow::Owned(holder.key.clone().into_owned()), held(below, is_keyed)));
        }
        inside.last_mut()?.push(row);
        Some(())
    };
    for row in rows {
        while open.len() > row.depth {
            close(&mut open, &mut inside)?;
        }
        if open.len() != row.depth || row.depth > MOST_DEPTH {
            return None;
        }
        open.push(row);
        inside.push(Vec::new());
    }
    while !open.is_empty() {
        close(&mut open, &mut inside)?;
    }
    Some(held(inside.pop()?, is_keyed))
}

/// The value that holds `rows` side by side.
pub(super) fn held(rows: Vec<Row<'_>>, is_keyed: bool) -> Node<'_> {
    if is_keyed {
        Node::Object(rows.into_iter().map(|row| (row.key, Node::Object(row.members))).collect())
    } else {
        Node::Array(rows.into_iter().map(|row| Node::Object(row.members)).collect())
    }
}
