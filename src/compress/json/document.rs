//! JSON without white space in which the lists that pay as tables stand as tables, and back.
//!
//! A table stands where its list stood, between the list's own brackets, on lines of its own. Nothing else in the text
//! holds a line break, so `[` at the end of a line always opens a table. A string that holds JSON stands as
//! `string_of(...)`.

use std::borrow::Cow;

use crate::compress::json::parse::{self, Node};
use crate::compress::json::style::{self, Style};
use crate::compress::json::table;

const STRING_OF: &str = "string_of(";
const MOST_DEPTH: usize = 100;

/// What a document may use besides JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// Nothing.
    Plain,
    /// Tables whose cells are split by this.
    Tables(char),
}

/// What a document turned out to use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uses {
    pub(super) tables: usize,
    pub(super) strings: usize,
}

/// Writes `node`.
pub(super) fn write(node: &Node, layout: Layout, uses: &mut Uses, out: &mut String) {
    let Layout::Tables(delimiter) = layout else {
        style::write(node, Style::Compact, 0, out);
        return;
    };
    match node {
        Node::Scalar(lexeme) => match string_of(lexeme, layout, uses) {
            Some(text) => out.push_str(&text),
            None => out.push_str(lexeme),
        },
        Node::Array(items) => {
            let mut inner_uses = Uses::default();
            let mut plain = String::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    plain.push(',');
                }
                write(item, layout, &mut inner_uses, &mut plain);
            }
            out.push('[');
            write_shorter(node, &plain, inner_uses, delimiter, uses, out);
            out.push(']');
        }
        Node::Object(members) => {
            let mut inner_uses = Uses::default();
            let mut plain = String::new();
            for (index, (key, item)) in members.iter().enumerate() {
                if index > 0 {
                    plain.push(',');
                }
                plain.push_str(key);
                plain.push(':');
                write(item, layout, &mut inner_uses, &mut plain);
            }
            out.push('{');
            write_shorter(node, &plain, inner_uses, delimiter, uses, out);
            out.push('}');
        }
    }
}

/// Writes what is between the brackets of `node`: as a table, or as `plain`.
fn write_shorter(node: &Node, plain: &str, inner: Uses, delimiter: char, uses: &mut Uses, out: &mut String) {
    // A table's own cells hold no tables, so a list of few rows with long lists inside is better spread than put into
    // cells; the lengths tell.
    match table::write(node, delimiter) {
        Some(text) if text.len() + 2 < plain.len() => {
            out.push('\n');
            out.push_str(&text);
            out.push('\n');
            uses.tables += 1;
        }
        _ => {
            out.push_str(plain);
            uses.tables += inner.tables;
            uses.strings += inner.strings;
        }
    }
}

/// The string `lexeme`, where it holds JSON that can be written shorter and put back exactly.
fn string_of(lexeme: &str, layout: Layout, uses: &mut Uses) -> Option<String> {
    if lexeme.len() < 60 || !lexeme.starts_with("\"{") && !lexeme.starts_with("\"[") {
        return None;
    }
    let text: String = serde_json::from_str(lexeme).ok()?;
    let (node, end) = parse::value(&text, 0).ok()?;
    if end != text.len() || serde_json::to_string(&text).ok()? != lexeme {
        return None;
    }
    let style = Style::guess(&text);
    let mut again = String::new();
    style::write(&node, style, 0, &mut again);
    if again != text {
        return None;
    }
    let mut out = STRING_OF.to_owned();
    let mut inner = Uses::default();
    write(&node, layout, &mut inner, &mut out);
    out.push_str(", ");
    out.push_str(&style.words());
    out.push(')');
    (out.len() < lexeme.len()).then(|| {
        uses.tables += inner.tables;
        uses.strings += 1 + inner.strings;
        out
    })
}

/// Reads the value that stands at the beginning of `text` and says what follows it.
pub(super) fn read(text: &str, delimiter: char) -> Option<(Node<'_>, &str)> {
    read_at(text, delimiter, 0)
}

fn read_at(text: &str, delimiter: char, depth: usize) -> Option<(Node<'_>, &str)> {
    if depth > MOST_DEPTH * 2 {
        return None;
    }
    if let Some(inside) = text.strip_prefix(STRING_OF) {
        let (node, rest) = read_at(inside, delimiter, depth + 1)?;
        let (words, rest) = rest.strip_prefix(", ")?.split_once(')')?;
        let mut written = String::new();
        style::write(&node, Style::from_words(words)?, 0, &mut written);
        return Some((Node::Scalar(Cow::Owned(serde_json::to_string(&written).ok()?)), rest));
    }
    let (close, is_array) = match text.as_bytes().first()? {
        b'[' => (']', true),
        b'{' => ('}', false),
        _ => {
            let end = parse::scalar(text)?;
            return Some((Node::Scalar(Cow::Borrowed(&text[..end])), &text[end..]));
        }
    };
    let mut rest = &text[1..];
    if let Some(inside) = rest.strip_prefix('\n') {
        let end = inside.find(&format!("\n{close}"))?;
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
        if let Some(more) = after.strip_prefix(',') {
            rest = more;
        } else {
            let after = after.strip_prefix(close)?;
            return Some((if is_array { Node::Array(items) } else { Node::Object(members) }, after));
        }
    }
}
