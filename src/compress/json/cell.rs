//! One value in a table's cell, or one key in its head, and back.
//!
//! A string stands without its quotes where nobody could take it for something else; a number in quotes is a string.

use std::borrow::Cow;

use crate::compress::json::document;
use crate::compress::json::parse::{self, Node};
use crate::compress::json::style::{self, STRING_OF, Style};

/// Begins a row that does not fit the columns.
pub(super) const WHOLE_ROW: &str = "whole object: ";

/// Stands where a row has the same value as the row above.
pub(super) const DITTO: &str = "^";

/// Writes `node` so that it ends before any of the characters in `stops`.
pub(super) fn write(node: &Node, stops: &[char], out: &mut String) {
    match node {
        Node::Scalar(lexeme) => match bare(lexeme, stops) {
            Some(inner) => out.push_str(inner),
            None => out.push_str(lexeme),
        },
        _ => style::write(node, Style::Compact, 0, out),
    }
}

/// The string in `lexeme` without its quotes, where that is still told from everything else a cell may hold.
fn bare<'a>(lexeme: &'a str, stops: &[char]) -> Option<&'a str> {
    let inner = lexeme.strip_prefix('"')?.strip_suffix('"')?;
    let first = inner.chars().next()?;
    let last = inner.chars().next_back()?;
    let is_plain = !matches!(first, '"' | '[' | '{' | ']' | '}' | '(')
        && !first.is_whitespace()
        && !last.is_whitespace()
        && !inner.contains(['\\', '\u{2028}', '\u{2029}', '\u{85}'])
        && !inner.contains(stops)
        && !inner.starts_with(WHOLE_ROW)
        && !inner.starts_with(STRING_OF)
        && inner != DITTO
        && !(first == '+' && inner.contains('='))
        && parse::scalar(inner) != Some(inner.len());
    is_plain.then_some(inner)
}

/// Reads the cell that `text` starts with; None in the first place where the cell is empty. Says what follows.
pub(super) fn read<'a>(text: &'a str, stops: &[char]) -> Option<(Option<Node<'a>>, &'a str)> {
    if text.starts_with(['"', '[', '{', '(']) || text.starts_with(STRING_OF) {
        // No table stands in a cell, so the delimiter does not matter.
        let (node, rest) = document::read(text, ',')?;
        return Some((Some(node), rest));
    }
    let end = text.find(stops).unwrap_or(text.len());
    let (cell, rest) = text.split_at(end);
    Some(match cell {
        "" => (None, rest),
        DITTO => (Some(Node::Scalar(Cow::Borrowed(DITTO))), rest),
        _ if parse::scalar(cell) == Some(cell.len()) => (Some(Node::Scalar(Cow::Borrowed(cell))), rest),
        _ => (Some(Node::Scalar(Cow::Owned(format!("\"{cell}\"")))), rest),
    })
}

/// Writes a member that has no column.
pub(super) fn write_rare(key: &str, node: &Node, stops: &[char], out: &mut String) {
    out.push('+');
    write_key(key, out);
    out.push('=');
    write(node, stops, out);
}

/// Reads the member that `text` begins with, if that has no column, and says what follows.
pub(super) fn read_rare<'a>(text: &'a str, stops: &[char]) -> Option<(String, Node<'a>, &'a str)> {
    let (mut path, rest) = read_path(text.strip_prefix('+')?)?;
    let (node, rest) = read(rest.strip_prefix('=')?, stops)?;
    let key = path.pop().filter(|_| path.is_empty())?;
    Some((key, node?, rest))
}

/// Writes the key `lexeme`, without its quotes where it is a plain name.
pub(super) fn write_key(lexeme: &str, out: &mut String) {
    let inner = lexeme.get(1..lexeme.len().saturating_sub(1)).unwrap_or_default();
    let is_plain =
        !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@' | '/'));
    out.push_str(if is_plain { inner } else { lexeme });
}

/// Reads a key path (`user.login`, `labels."app.kubernetes.io/name"`) and says what follows.
pub(super) fn read_path(text: &str) -> Option<(Vec<String>, &str)> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let end = match parse::string(rest) {
            Some(end) => end,
            None => rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@' | '/')))
                .unwrap_or(rest.len()),
        };
        let (key, after) = rest.split_at(end);
        if key.is_empty() {
            return None;
        }
        path.push(if key.starts_with('"') { key.to_owned() } else { format!("\"{key}\"") });
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None => return Some((path, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_what_it_holds() {
        for (lexeme, cell) in [
            (r#""plain words""#, "plain words"),
            (r#""12""#, r#""12""#),
            ("12", "12"),
            (r#""""#, r#""""#),
            (r#""null""#, r#""null""#),
            ("null", "null"),
            (r#""a,b""#, r#""a,b""#),
            (r#""1.2.3""#, "1.2.3"),
            (r#"" x""#, r#"" x""#),
            (r#""a\nb""#, r#""a\nb""#),
            (r#""]""#, r#""]""#),
            (r#""^""#, r#""^""#),
            (r#""(text 1)""#, r#""(text 1)""#),
            ("(text 1)", "(text 1)"),
        ] {
            let node = Node::Scalar(Cow::Borrowed(lexeme));
            let mut written = String::new();
            write(&node, &[','], &mut written);
            assert_eq!(written, cell);
            assert_eq!(read(&format!("{cell},rest"), &[',']), Some((Some(node), ",rest")));
        }
        assert_eq!(read(",rest", &[',']), Some((None, ",rest")));
    }

    #[test]
    fn a_key_with_a_dot_stays_one_key() {
        let mut written = String::new();
        write_key(r#""a.b""#, &mut written);
        assert_eq!(written, r#""a.b""#);
        assert_eq!(
            read_path(r#"x."a.b".c-d,"#),
            Some((vec![r#""x""#.into(), r#""a.b""#.into(), r#""c-d""#.into()], ","))
        );
    }
}
