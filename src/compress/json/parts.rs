//! What of a text is JSON: all of it, a sequence of values, or the complete elements of a list that was cut off.

use crate::compress::json::parse::{self, Node, Open};
use crate::compress::json::style::{self, Style};

/// A text, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Parts<'a> {
    pub(super) scope: Scope,
    /// The text before the first value, kept verbatim.
    pub(super) head: &'a str,
    pub(super) nodes: Vec<Node<'a>>,
    /// The text behind the last value, kept verbatim.
    pub(super) tail: &'a str,
    /// How the text between head and tail was laid out, where writing the values in that layout gives its very bytes.
    pub(super) exact: Option<Exact>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// One value.
    Document,
    /// Values one behind the other.
    Sequence,
    /// Elements of a list whose beginning or end is missing.
    Fragment,
}

/// A layout, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) style: Style,
    /// How deep the elements of a fragment stood.
    pub(super) depth: usize,
}

/// Takes `text` apart; None where no JSON worth the name is in it.
pub(super) fn of(text: &str) -> Option<Parts<'_>> {
    let mut nodes = parse::sequence(text).unwrap_or_default();
    let scope = match nodes.len() {
        0 => return fragment(text),
        1 => Scope::Document,
        _ => Scope::Sequence,
    };
    if nodes.iter().all(|node| matches!(node, Node::Scalar(_))) && !text.trim_start().starts_with('"') {
        return None;
    }
    nodes.shrink_to_fit();
    let start = parse::skip_space(text, 0);
    let body = text[start..].trim_end_matches([' ', '\t', '\r', '\n']);
    let (head, tail) = (&text[..start], &text[start + body.len()..]);
    // White space at the ends may be left away, unless it is needed to say the text exactly.
    let exact =
        head.is_empty().then(|| exact(body, &nodes, scope, 0)).flatten().filter(|_| tail.is_empty() || tail == "\n");
    Some(Parts { scope, head: "", nodes, tail: if exact.is_some() { tail } else { "" }, exact })
}

/// The longest run of complete objects in a text that was cut off at its end, its beginning, or both.
fn fragment(text: &str) -> Option<Parts<'_>> {
    let start = parse::skip_space(text, 0);
    let from_start = match text.as_bytes().get(start)? {
        b'[' | b'{' => match parse::value(text, start) {
            Ok(_) => None,
            Err(open) => open.into_iter().filter_map(run).max_by_key(|(nodes, ..)| nodes.len()),
        },
        _ => None,
    };
    let (nodes, first, last) = from_start.or_else(|| {
        let first = outermost_object(text)?;
        let (nodes, last) = parse::elements(text, first);
        (nodes.len() > 1).then_some((nodes, first, last))
    })?;
    if !nodes.iter().all(|node| matches!(node, Node::Object(_))) {
        return None;
    }
    let body = &text[first..last];
    let depth = column(text, first);
    let exact = exact(body, &nodes, Scope::Fragment, depth);
    Some(Parts { scope: Scope::Fragment, head: &text[..first], nodes, tail: &text[last..], exact })
}

fn run(open: Open<'_>) -> Option<(Vec<Node<'_>>, usize, usize)> {
    match open.container {
        Node::Array(items) if items.len() > 1 => Some((items, open.first_start, open.last_end)),
        _ => None,
    }
}

/// Where the first `{` of the least indented ones stands that are alone on their lines.
fn outermost_object(text: &str) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let inside = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - inside.len();
        if inside.trim_end() == "{" && best.is_none_or(|(least, _)| indent < least) {
            best = Some((indent, at + indent));
        }
        at += line.len();
    }
    best.map(|(_, at)| at)
}

/// How far `at` is from the beginning of its line, if only white space lies between.
fn column(text: &str, at: usize) -> usize {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    if line.trim_start_matches([' ', '\t']).is_empty() { line.len() } else { 0 }
}

fn exact(body: &str, nodes: &[Node], scope: Scope, column: usize) -> Option<Exact> {
    let style = match scope {
        Scope::Fragment => guess_in_list(body, column),
        Scope::Document | Scope::Sequence => Style::guess(body),
    };
    let depth = match style {
        Style::Indented(by) if by > 0 => column / by,
        Style::Tabbed => column,
        _ => 0,
    };
    let exact = Exact { style, depth };
    (rebuild(nodes, scope, exact) == body).then_some(exact)
}

/// The style of elements that start `column` characters deep.
fn guess_in_list(body: &str, column: usize) -> Style {
    match Style::guess(body) {
        // Their outer indentation was cut off from the first line.
        Style::Indented(by) => Style::Indented(by.saturating_sub(column)),
        style => style,
    }
}

/// The bytes of the values in this layout.
pub(super) fn rebuild(nodes: &[Node], scope: Scope, exact: Exact) -> String {
    let mut out = String::new();
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            match (scope, exact.style) {
                (Scope::Fragment, Style::Spaced) => out.push_str(", "),
                (Scope::Fragment, style) => {
                    out.push(',');
                    out.push_str(&style.line_break(exact.depth));
                }
                _ => out.push('\n'),
            }
        }
        style::write(node, exact.style, exact.depth, &mut out);
    }
    out
}

/// Whether the text is mainly a list of at least `fewest` objects.
pub(super) fn is_list_of(parts: &Parts, fewest: usize) -> bool {
    let whole: usize = parts.nodes.iter().map(weight).sum::<usize>() + parts.head.len() + parts.tail.len();
    let listed = match parts.scope {
        Scope::Document => parts.nodes.iter().map(|node| heaviest_list(node, fewest)).sum(),
        Scope::Sequence | Scope::Fragment => list_weight(parts.nodes.iter(), fewest),
    };
    listed * 2 > whole
}

fn heaviest_list(node: &Node, fewest: usize) -> usize {
    let (own, inner) = match node {
        Node::Scalar(_) => (0, 0),
        Node::Array(items) => {
            (list_weight(items.iter(), fewest), items.iter().map(|item| heaviest_list(item, fewest)).sum())
        }
        Node::Object(members) => (
            list_weight(members.iter().map(|(_, item)| item), fewest),
            members.iter().map(|(_, item)| heaviest_list(item, fewest)).sum(),
        ),
    };
    own.max(inner)
}

fn list_weight<'n>(items: impl Iterator<Item = &'n Node<'n>> + Clone, fewest: usize) -> usize {
    let objects = items.clone().filter(|item| matches!(item, Node::Object(members) if !members.is_empty())).count();
    let others = items.clone().count() - objects;
    if objects >= fewest && others * 5 <= objects { items.map(weight).sum() } else { 0 }
}

fn weight(node: &Node) -> usize {
    match node {
        Node::Scalar(lexeme) => lexeme.len() + 1,
        Node::Array(items) => 2 + items.iter().map(weight).sum::<usize>(),
        Node::Object(members) => 2 + members.iter().map(|(key, item)| key.len() + 1 + weight(item)).sum::<usize>(),
    }
}
