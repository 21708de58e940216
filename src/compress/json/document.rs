//! JSON without white space in which the lists that pay as tables stand as tables, and back.
//!
//! A table stands where its list stood, between the list's own brackets, on lines of its own. Nothing else in the text
//! holds a line break, so `[` at the end of a line always opens a table. A string that holds JSON stands as
//! `string_of(...)`, and a value that stands below the document as `(text 1)` or `(value 2)`.

use std::borrow::Cow;

use crate::compress::json::parse::{self, Node};
use crate::compress::json::style::{STRING_OF, Style};
use crate::compress::json::table::{self, Table};

const MOST_DEPTH: usize = 400;
/// Which part of its length a form may be longer than one that is less plain.
const PLAINER: usize = 12;

/// What a document turned out to use besides JSON.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uses {
    pub(super) tables: usize,
    pub(super) strings: usize,
    pub(super) dittos: usize,
    /// Columns of objects without their keys.
    pub(super) inner: usize,
    /// Members that have no column.
    pub(super) rare: usize,
    /// Tables of objects inside each other.
    pub(super) trees: usize,
}

impl Uses {
    fn add(&mut self, other: Self) {
        self.tables += other.tables;
        self.strings += other.strings;
        self.dittos += other.dittos;
        self.inner += other.inner;
        self.rare += other.rare;
        self.trees += other.trees;
    }
}

/// Writes `node`; the cells of tables are split by `delimiter`.
pub(super) fn write(node: &Node, delimiter: char, uses: &mut Uses, out: &mut String) {
    write_in(node, delimiter, Trees::Tried, uses, out);
}

/// Whether a part of a document may be a tree. What is inside one that does not pay is none that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trees {
    Tried,
    Refused,
}

fn write_in(node: &Node, delimiter: char, trees: Trees, uses: &mut Uses, out: &mut String) {
    let tree = if trees == Trees::Tried { table::write_tree(node, delimiter) } else { None };
    let trees = if tree.is_some() { Trees::Refused } else { trees };
    let mut inner_uses = Uses::default();
    let mut plain = String::new();
    let (open, close) = match node {
        Node::Scalar(lexeme) => return out.push_str(lexeme),
        Node::Quoted(inner, style) => {
            uses.strings += 1;
            out.push_str(STRING_OF);
            write_in(inner, delimiter, trees, uses, out);
            out.push_str(", ");
            out.push_str(&style.words());
            return out.push(')');
        }
        Node::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    plain.push(',');
                }
                write_in(item, delimiter, trees, &mut inner_uses, &mut plain);
            }
            ('[', ']')
        }
        Node::Object(members) => {
            for (index, (key, item)) in members.iter().enumerate() {
                if index > 0 {
                    plain.push(',');
                }
                plain.push_str(key);
                plain.push(':');
                write_in(item, delimiter, trees, &mut inner_uses, &mut plain);
            }
            ('{', '}')
        }
    };
    out.push(open);
    // A table's own cells hold no tables, so a list of few rows with long lists inside is better spread than put into
    // cells; the lengths tell. Lists spread over lines of their own are plainer than cells that hold them.
    let flat = table::write(node, delimiter).filter(|table| table.text.len() + 2 + spread_bonus(table) < plain.len());
    let shortest = flat.as_ref().map_or(plain.len(), |table| table.text.len() + 2);
    let tree = tree.filter(|table| table.text.len() + 2 < shortest + shortest / PLAINER);
    if let Some(table) = tree.or(flat) {
        out.push('\n');
        out.push_str(&table.text);
        out.push('\n');
        uses.add(Uses { strings: inner_uses.strings, ..table.uses });
    } else {
        out.push_str(&plain);
        uses.add(inner_uses);
    }
    out.push(close);
}

/// By how many bytes a table must be shorter when its cells hold objects without their keys.
fn spread_bonus(table: &Table) -> usize {
    if table.uses.inner > 0 { table.text.len() / PLAINER } else { 0 }
}

/// Reads the value that stands at the beginning of `text` and says what follows it.
pub(super) fn read(text: &str, delimiter: char) -> Option<(Node<'_>, &str)> {
    read_at(text, delimiter, 0)
}

fn read_at(text: &str, delimiter: char, depth: usize) -> Option<(Node<'_>, &str)> {
    if depth > MOST_DEPTH {
        return None;
    }
    if let Some(inside) = text.strip_prefix(STRING_OF) {
        let (node, rest) = read_at(inside, delimiter, depth + 1)?;
        let (words, rest) = rest.strip_prefix(", ")?.split_once(')')?;
        return Some((Node::Quoted(Box::new(node), Style::from_words(words)?), rest));
    }
    let (close, is_array) = match text.as_bytes().first()? {
        b'[' => (']', true),
        b'{' => ('}', false),
        b'(' => {
            let end = text.find(')')? + 1;
            return Some((Node::Scalar(Cow::Borrowed(&text[..end])), &text[end..]));
        }
        _ => {
            let end = parse::scalar(text)?;
            return Some((Node::Scalar(Cow::Borrowed(&text[..end])), &text[end..]));
        }
    };
    let mut rest = &text[1..];
    if let Some(inside) = rest.strip_prefix('\n') {
        let end = inside.find(if is_array { "\n]" } else { "\n}" })?;
        return Some((table::read(&inside[..end], delimiter)?, &inside[end + 2..]));
    }
    let mut items = Vec::new();
    let mut members = Vec::new();
    if let Some(after) = rest.strip_prefix(close) {
        return Some((if is_array { Node::Array(items) } else { Node::Object(members) }, after));
    }
    loop {
        let key = if is_array { 0 } else { parse::string(rest)? };
        let inside = if is_array { rest } else { rest[key..].strip_prefix(':')? };
        let (item, after) = read_at(inside, delimiter, depth + 1)?;
        if is_array {
            items.push(item);
        } else {
            members.push((Cow::Borrowed(&rest[..key]), item));
        }
        if let Some(more) = after.strip_prefix(',')
            // Where the text was cut off behind a comma, that stands before what was added.
            && !more.starts_with(close)
        {
            rest = more;
        } else {
            let after = after.strip_prefix(',').unwrap_or(after).strip_prefix(close)?;
            return Some((if is_array { Node::Array(items) } else { Node::Object(members) }, after));
        }
    }
}
