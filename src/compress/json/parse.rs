//! JSON as it was written: values with their lexemes, keys in their order, duplicates included.
//!
//! A parser of our own, since what counts here is what others throw away: how a number was spelled, which escapes a
//! string has, and how far a text that was cut off is complete. It keeps its own stack, so no input can overflow ours.

use std::borrow::Cow;

use crate::compress::json::style::Style;

/// Deeper texts are declined: values are compared, written and dropped by recursion.
const DEEPEST: usize = 100;

/// A value. Two are equal when they were written with the same lexemes in the same order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Members<'a>),
    /// A string that holds this value, written in this layout. The parser makes none: see `below`.
    Quoted(Box<Self>, Style),
}

impl Node<'_> {
    /// The same value, borrowing nothing.
    pub(super) fn into_owned(self) -> Node<'static> {
        match self {
            Self::Scalar(lexeme) => Node::Scalar(Cow::Owned(lexeme.into_owned())),
            Self::Array(items) => Node::Array(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(members) => Node::Object(
                members.into_iter().map(|(key, item)| (Cow::Owned(key.into_owned()), item.into_owned())).collect(),
            ),
            Self::Quoted(inner, style) => Node::Quoted(Box::new(inner.into_owned()), style),
        }
    }
}

/// The members of an object: keys with their quotes.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// An array or object that was not closed when the text ended or went wrong.
#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) container: Node<'a>,
    key: Option<Cow<'a, str>>,
    /// Where its first complete child starts and its last one ends.
    pub(super) first_start: usize,
    pub(super) last_end: usize,
    child_start: usize,
}

/// Reads one value that starts at `at` (white space allowed before it) and says where it ends; or what was open where
/// the text stopped being JSON, outermost first.
pub(super) fn value(text: &str, at: usize) -> Result<(Node<'_>, usize), Vec<Open<'_>>> {
    let mut open: Vec<Open> = Vec::new();
    match run(text, at, &mut open) {
        Some(done) => Ok(done),
        None => Err(open),
    }
}

/// What has to be added to close a value that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closing {
    /// The quote of a string that was cut off.
    pub(super) quote: bool,
    pub(super) brackets: usize,
}

/// What was open where `text` was cut off, closed behind its last complete child or inside a string: the value, what was
/// added, and where what was there ends. None where nothing is complete.
pub(super) fn close<'a>(text: &'a str, mut open: Vec<Open<'a>>) -> Option<(Node<'a>, Closing, usize)> {
    let begun = begun_string(text, open.last()?);
    let quote = begun.is_some();
    let mut end = None;
    if let Some((lexeme, string_end)) = begun {
        let innermost = open.last_mut()?;
        match (&mut innermost.container, innermost.key.take()) {
            (Node::Array(items), _) => items.push(Node::Scalar(Cow::Owned(lexeme))),
            (Node::Object(members), Some(key)) => members.push((key, Node::Scalar(Cow::Owned(lexeme)))),
            _ => return None,
        }
        end = Some(string_end);
    }
    let is_empty = |open: &Open| match &open.container {
        Node::Array(items) => items.is_empty(),
        Node::Object(members) => members.is_empty(),
        _ => false,
    };
    while open.last().is_some_and(is_empty) {
        open.pop();
    }
    let brackets = open.len();
    let last = open.pop()?;
    let mut node = last.container;
    while let Some(mut outer) = open.pop() {
        match (&mut outer.container, outer.key) {
            (Node::Array(items), _) => items.push(node),
            (Node::Object(members), Some(key)) => members.push((key, node)),
            _ => return None,
        }
        node = outer.container;
    }
    Some((node, Closing { quote, brackets }, end.unwrap_or(last.last_end)))
}

/// The string in which `text` ends, closed, if it ends in one whose place in `open` is known; and where it ends.
fn begun_string(text: &str, open: &Open) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let mut at = skip_space(text, open.last_end);
    if bytes.get(at) == Some(&b',') {
        at = skip_space(text, at + 1);
    }
    match (&open.container, &open.key) {
        (Node::Object(_), Some(key)) => {
            at = skip_space(text, at + key.len());
            at = skip_space(text, at + 1);
        }
        (Node::Array(_), _) => {}
        // A key that was cut off.
        _ => return None,
    }
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        end += match byte {
            b'\\' => match escape(&bytes[end + 1..]) {
                Some(length) => length + 1,
                None => break,
            },
            b'"' | 0..0x20 => return None,
            _ => 1,
        };
    }
    // An escape that was cut off is at most five bytes long.
    (bytes.len() - end <= 6).then(|| (format!("{}\"", &text[at..end]), end))
}

/// Reads `value, value, ...` from `at` as far as values are complete. Says where the last one ends.
pub(super) fn elements(text: &str, at: usize) -> (Vec<Node<'_>>, usize) {
    let mut found = Vec::new();
    let mut next = at;
    let mut end = at;
    while let Ok((node, after)) = value(text, next) {
        found.push(node);
        end = after;
        let comma = skip_space(text, after);
        if text.as_bytes().get(comma) != Some(&b',') {
            break;
        }
        next = comma + 1;
    }
    (found, end)
}

/// Reads `"key": value, "key": value, ...` from `at` as far as members are complete. Says where the last one ends.
pub(super) fn members(text: &str, at: usize) -> (Members<'_>, usize) {
    let mut found = Vec::new();
    let mut next = at;
    let mut end = at;
    loop {
        let start = skip_space(text, next);
        let Some(length) = string(&text[start..]) else { break };
        let colon = skip_space(text, start + length);
        if text.as_bytes().get(colon) != Some(&b':') {
            break;
        }
        let Ok((node, after)) = value(text, colon + 1) else { break };
        found.push((Cow::Borrowed(&text[start..start + length]), node));
        end = after;
        let comma = skip_space(text, after);
        if text.as_bytes().get(comma) != Some(&b',') {
            break;
        }
        next = comma + 1;
    }
    (found, end)
}

/// Reads values one behind the other from `at`, as far as they are complete. Says where the last one ends.
pub(super) fn sequence(text: &str, at: usize) -> (Vec<Node<'_>>, usize) {
    let mut found = Vec::new();
    let mut end = at;
    while let Ok((node, after)) = value(text, end) {
        found.push(node);
        end = after;
    }
    (found, end)
}

/// Where the white space at `at` ends.
pub(super) fn skip_space(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at.min(text.len())..];
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

fn run<'a>(text: &'a str, at: usize, open: &mut Vec<Open<'a>>) -> Option<(Node<'a>, usize)> {
    let bytes = text.as_bytes();
    let mut at = skip_space(text, at);
    loop {
        // A value starts here.
        let start = at;
        let bracket = *bytes.get(at)?;
        let mut done = if matches!(bracket, b'[' | b'{') {
            if open.len() >= DEEPEST {
                return None;
            }
            let container = if bracket == b'[' { Node::Array(Vec::new()) } else { Node::Object(Vec::new()) };
            let close = if bracket == b'[' { b']' } else { b'}' };
            let inside = skip_space(text, at + 1);
            if bytes.get(inside) != Some(&close) {
                open.push(Open { container, key: None, first_start: inside, last_end: inside, child_start: start });
                at = begin_child(text, inside, open.last_mut()?)?;
                continue;
            }
            at = inside + 1;
            container
        } else {
            at += scalar(&text[at..])?;
            Node::Scalar(Cow::Borrowed(&text[start..at]))
        };
        // A value ends here: hand it to what is open round it, which may end as well.
        let mut done_start = start;
        loop {
            let Some(parent) = open.last_mut() else { return Some((done, at)) };
            let is_array = match (&mut parent.container, parent.key.take()) {
                (Node::Array(items), _) => {
                    if items.is_empty() {
                        parent.first_start = done_start;
                    }
                    items.push(done);
                    true
                }
                (Node::Object(members), Some(key)) => {
                    members.push((key, done));
                    false
                }
                _ => return None,
            };
            parent.last_end = at;
            let next = skip_space(text, at);
            match (bytes.get(next)?, is_array) {
                (b',', _) => {
                    let inside = skip_space(text, next + 1);
                    at = begin_child(text, inside, parent)?;
                    break;
                }
                (b']', true) | (b'}', false) => {
                    at = next + 1;
                    let closed = open.pop()?;
                    done_start = closed.child_start;
                    done = closed.container;
                }
                _ => return None,
            }
        }
    }
}

/// Reads up to where the next child's value starts: in an object that is behind its key.
fn begin_child<'a>(text: &'a str, at: usize, parent: &mut Open<'a>) -> Option<usize> {
    if matches!(parent.container, Node::Array(_)) {
        return Some(at);
    }
    let length = string(&text[at..])?;
    let colon = skip_space(text, at + length);
    if text.as_bytes().get(colon) != Some(&b':') {
        return None;
    }
    parent.key = Some(Cow::Borrowed(&text[at..at + length]));
    Some(skip_space(text, colon + 1))
}

/// The length of the scalar that `text` starts with.
pub(super) fn scalar(text: &str) -> Option<usize> {
    match *text.as_bytes().first()? {
        b'"' => string(text),
        b't' => text.starts_with("true").then_some(4),
        b'f' => text.starts_with("false").then_some(5),
        b'n' => text.starts_with("null").then_some(4),
        _ => number(text.as_bytes()),
    }
}

/// The length of the string that `text` starts with, its quotes included.
pub(super) fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += escape(&bytes[at + 1..])? + 1,
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

fn escape(bytes: &[u8]) -> Option<usize> {
    match *bytes.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => bytes.get(1..5)?.iter().all(u8::is_ascii_hexdigit).then_some(5),
        _ => None,
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_lexemes() {
        let text = r#" {"a":[1.50,-0,1e5],"a":"\u00e9","n":123456789012345678901234567890} "#;
        let (node, end) = value(text, 0).unwrap();
        assert_eq!(end, text.len() - 1);
        let Node::Object(members) = node else { panic!("no object") };
        assert_eq!(members[0].1, Node::Array(["1.50", "-0", "1e5"].map(|n| Node::Scalar(n.into())).to_vec()));
        assert_eq!(members[1], ("\"a\"".into(), Node::Scalar("\"\\u00e9\"".into())));
        assert_eq!(members[2].1, Node::Scalar("123456789012345678901234567890".into()));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "01", "1.", "[1,]", "{\"a\"}", "{a:1}", "\"a\nb\"", "\"\\x\"", "[1 2]", "nul", "NaN", "{,}"] {
            assert!(value(text, 0).is_err() || value(text, 0).unwrap().1 < text.len(), "{text}");
        }
        assert!(value(&"[".repeat(100_000), 0).is_err());
    }

    #[test]
    fn a_text_that_was_cut_off_tells_what_is_complete() {
        let text = r#"{"items":[{"id":1},{"id":2},{"id"#;
        let open = value(text, 0).unwrap_err();
        assert_eq!(open.len(), 3);
        assert_eq!(&text[open[1].first_start..open[1].last_end], r#"{"id":1},{"id":2}"#);
        assert!(matches!(&open[1].container, Node::Array(items) if items.len() == 2));
    }

    #[test]
    fn a_text_that_was_cut_off_can_be_closed() {
        let text = r#"{"items":[{"id":1},{"id":2,"x":[],"y":{"z"#;
        let (node, closing, end) = close(text, value(text, 0).unwrap_err()).unwrap();
        assert_eq!(closing, Closing { quote: false, brackets: 3 });
        assert_eq!(&text[..end], r#"{"items":[{"id":1},{"id":2,"x":[]"#);
        assert_eq!(value(&format!("{}}}]}}", &text[..end]), 0).unwrap().0, node);
        assert!(close("[{", value("[{", 0).unwrap_err()).is_none());
        let text = r#"{"a":[1,"x\u00"#;
        let (node, closing, end) = close(text, value(text, 0).unwrap_err()).unwrap();
        assert_eq!((closing, end), (Closing { quote: true, brackets: 2 }, text.len() - 4));
        assert_eq!(value(r#"{"a":[1,"x"]}"#, 0).unwrap().0, node);
    }

    #[test]
    fn elements_stop_where_a_value_is_incomplete() {
        let text = r#"{"id":1}, {"id":2},
            {"id":"#;
        let (found, end) = elements(text, 0);
        assert_eq!(found.len(), 2);
        assert_eq!(&text[..end], r#"{"id":1}, {"id":2}"#);
    }
}
