//! What of a text is JSON: all of it, a sequence of values, or the complete elements of a list that was cut off.

use crate::compress::json::parse::{self, Closing, Node};
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
    /// One value whose end is missing, and how it is closed.
    Cut(Closing),
    /// Values one behind the other, the last of which is cut off.
    CutSequence(Closing),
    /// Elements of a list whose beginning or end is missing.
    Elements,
    /// Members of an object whose beginning or end is missing, as one object.
    Members,
}

impl Scope {
    /// Whether there may be any number of values.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Sequence | Self::CutSequence(_) | Self::Elements)
    }

    /// Whether the text was cut inside a list or an object.
    pub(super) fn is_inside(self) -> bool {
        matches!(self, Self::Elements | Self::Members)
    }

    /// Whether the end of the text is missing.
    pub(super) fn is_cut(self) -> bool {
        self.is_inside() || matches!(self, Self::Cut(_) | Self::CutSequence(_))
    }
}

/// A layout, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) style: Style,
    /// How deep the elements of a fragment stood.
    pub(super) depth: usize,
    /// What stood between the values of a sequence.
    pub(super) between: Between,
}

/// What stands between values one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    LineBreak,
    EmptyLine,
    CrLf,
    Space,
    Nothing,
}

impl Between {
    pub(super) const ALL: [Self; 5] = [Self::LineBreak, Self::EmptyLine, Self::CrLf, Self::Space, Self::Nothing];

    fn text(self) -> &'static str {
        match self {
            Self::LineBreak => "\n",
            Self::EmptyLine => "\n\n",
            Self::CrLf => "\r\n",
            Self::Space => " ",
            Self::Nothing => "",
        }
    }

    /// What a head line says of it: nothing of the ordinary line break.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::LineBreak => "",
            Self::EmptyLine => " with empty lines between",
            Self::CrLf => " with CRLF between",
            Self::Space => " with a space between",
            Self::Nothing => " with nothing between",
        }
    }
}

/// The first value of a page stands as it did where it is at most one of so many parts of the page.
const MOST_OF_PAGE: usize = 12;

/// So many lines may stand before the first value.
const MOST_LINES_BEFORE: usize = 60;

impl Parts<'_> {
    /// Whether something behind the values has to be shown.
    pub(super) fn has_end(&self) -> bool {
        self.scope.is_cut() || !matches!(self.tail, "" | "\n")
    }
}

impl<'a> Parts<'a> {
    /// What stands behind the values when their end is shown as `body`: where the text was cut off behind a comma, `body`
    /// gets that comma before the brackets that were added, so that the last value stands as it did.
    pub(super) fn end_behind(&self, body: &mut String) -> &'a str {
        let Scope::Cut(closing) = self.scope else { return self.tail };
        let Some(rest) = self.tail.strip_prefix(',') else { return self.tail };
        let at = body.len().saturating_sub(closing.brackets);
        let is_plain = !closing.quote
            && closing.brackets > 0
            && body.is_char_boundary(at)
            && body[at..].bytes().all(|byte| matches!(byte, b']' | b'}'))
            && !body[..at].ends_with(['\n', '[', '{', ',']);
        if !is_plain {
            return self.tail;
        }
        body.insert(at, ',');
        rest
    }
}

/// Whether `body`, the values as they are shown, says that a comma stood behind them.
pub(super) fn ends_behind_comma(body: &str, scope: Scope) -> bool {
    let Scope::Cut(Closing { brackets, .. }) = scope else { return false };
    let added = body.bytes().rev().take(brackets).filter(|byte| matches!(byte, b']' | b'}')).count();
    brackets > 0 && added == brackets && body[..body.len() - added].ends_with(',')
}

/// Takes `text` apart; None where no JSON worth the name is in it.
pub(super) fn of(text: &str) -> Option<Parts<'_>> {
    whole(text).or_else(|| inside(text))
}

/// The values that `text` begins with, maybe behind a few lines of something else, the last one maybe cut off.
fn whole(text: &str) -> Option<Parts<'_>> {
    let first = first_value(text)?;
    let start = parse::skip_space(text, first);
    let (nodes, end) = parse::sequence(text, start);
    let rest = &text[end..];
    // What follows the values is an end that was cut off, or another program's words; when it is the better part, the
    // text was cut off inside its first value.
    if nodes.is_empty() || (!rest.trim().is_empty() && rest.len() > end - start) {
        return cut_off(text, first, start, nodes, end);
    }
    let is_string = |node: &Node| matches!(node, Node::Scalar(lexeme) if lexeme.starts_with('"'));
    if nodes.iter().all(|node| matches!(node, Node::Scalar(_))) && !(nodes.len() == 1 && is_string(&nodes[0])) {
        return None;
    }
    let scope = if nodes.len() == 1 { Scope::Document } else { Scope::Sequence };
    // White space at the ends may be left away, unless it is needed to say the text exactly.
    let is_blank = rest.trim_matches([' ', '\t', '\r', '\n']).is_empty();
    let exact = (start == first && (!is_blank || matches!(rest, "" | "\n")))
        .then(|| exact(&text[start..end], &nodes, scope, 0))
        .flatten();
    let tail = if is_blank && exact.is_none() { "" } else { rest };
    Some(Parts { scope, head: &text[..first], nodes, tail, exact })
}

/// Where JSON begins: at once, or behind a few lines that are less than what follows.
fn first_value(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MOST_LINES_BEFORE) {
        if line.trim_start().starts_with(['{', '[', '"']) && (at == 0 || line.starts_with(['{', '['])) {
            return (at * 2 < text.len()).then_some(at);
        }
        at += line.len();
    }
    // A number, or white space before the value.
    parse::value(text, 0).is_ok().then_some(0)
}

/// Values behind `head`, the last of which was cut off and begins at `last`.
fn cut_off<'a>(text: &'a str, head: usize, start: usize, mut nodes: Vec<Node<'a>>, last: usize) -> Option<Parts<'a>> {
    if !text[head..start].trim().is_empty() || nodes.iter().any(|node| matches!(node, Node::Scalar(_))) {
        return None;
    }
    let (node, closing, end) = parse::close(text, parse::value(text, last).err()?)?;
    if (text.len() - end) * 2 > text.len() - start {
        return None;
    }
    nodes.push(node);
    let scope = if nodes.len() == 1 { Scope::Cut(closing) } else { Scope::CutSequence(closing) };
    let exact = (start == head).then(|| exact(&text[start..end], &nodes, scope, 0)).flatten();
    Some(Parts { scope, head: &text[..head], nodes, tail: &text[end..], exact })
}

/// The longest run of complete objects in a text that was cut off at its end, its beginning, or both.
fn inside(text: &str) -> Option<Parts<'_>> {
    let start = parse::skip_space(text, 0);
    let open = match text.as_bytes().get(start)? {
        b'[' | b'{' => parse::value(text, start).err().unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut runs: Vec<Run> =
        open.into_iter().filter_map(|open| run(open.container, open.first_start, open.last_end)).collect();
    if runs.is_empty() {
        runs.extend(outermost(text, |line| line == "{").and_then(|first| {
            let (nodes, last) = parse::elements(text, first);
            run(Node::Array(nodes), first, last)
        }));
        runs.extend(outermost(text, |line| line.starts_with('"') && line.ends_with(": {")).and_then(|first| {
            let (members, last) = parse::members(text, first);
            run(Node::Object(members), first, last)
        }));
    }
    let Run { scope, mut nodes, mut first, last } = runs.into_iter().max_by_key(|run| run.last - run.first)?;
    // A page that begins with a value begins as it did, so that its first line is found.
    if text[..first].trim().is_empty()
        && let Some(second) = behind_first(text, scope, first)
        && (second - first) * MOST_OF_PAGE <= last - first
    {
        match (scope, nodes.first_mut()) {
            (Scope::Members, Some(Node::Object(members))) => drop(members.remove(0)),
            _ => drop(nodes.remove(0)),
        }
        first = second;
    }
    let exact = exact(&text[first..last], &nodes, scope, column(text, first));
    Some(Parts { scope, head: &text[..first], nodes, tail: &text[last..], exact })
}

/// Where the second value of a run begins that starts at `first`.
fn behind_first(text: &str, scope: Scope, first: usize) -> Option<usize> {
    let start = match scope {
        Scope::Members => {
            let colon = parse::skip_space(text, first + parse::string(&text[first..])?);
            text[colon..].starts_with(':').then_some(colon + 1)?
        }
        _ => first,
    };
    let (_, end) = parse::value(text, start).ok()?;
    let comma = parse::skip_space(text, end);
    text[comma..].starts_with(',').then(|| parse::skip_space(text, comma + 1))
}

/// Complete objects side by side, and where they stand.
struct Run<'a> {
    scope: Scope,
    nodes: Vec<Node<'a>>,
    first: usize,
    last: usize,
}

fn run(container: Node<'_>, first: usize, last: usize) -> Option<Run<'_>> {
    let is_object = |node: &Node| matches!(node, Node::Object(_));
    let (scope, nodes) = match container {
        Node::Array(items) if items.len() > 1 && items.iter().all(is_object) => (Scope::Elements, items),
        Node::Object(members) if members.len() > 1 && members.iter().all(|(_, item)| is_object(item)) => {
            (Scope::Members, vec![Node::Object(members)])
        }
        _ => return None,
    };
    Some(Run { scope, nodes, first, last })
}

/// Where the least indented of the lines starts whose content is `wanted`.
fn outermost(text: &str, wanted: fn(&str) -> bool) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        if best.is_none_or(|(least, _)| indent < least) && wanted(content.trim_end()) {
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
    let style = match (scope.is_inside(), Style::guess(&body[body.find('{').unwrap_or(0)..])) {
        // The indentation of the first line was cut off with the head.
        (true, Style::Indented(by)) => Style::Indented(by.saturating_sub(column)),
        (true, style) => style,
        (false, _) => Style::guess(body),
    };
    let depth = match style {
        Style::Indented(by) if by > 0 => column / by,
        Style::Tabbed => column,
        _ => 0,
    };
    let is_sequence = matches!(scope, Scope::Sequence | Scope::CutSequence(_));
    let between = if is_sequence { Between::ALL.as_slice() } else { &Between::ALL[..1] };
    let exacts = between.iter().map(|between| Exact { style, depth, between: *between });
    // Each of them is tried on the beginning first: a whole text is written once.
    let is_begun = |exact: &Exact| {
        let two = &nodes[..nodes.len().min(2)];
        let scope = if two.len() < nodes.len() { Scope::Sequence } else { scope };
        !is_sequence || body.starts_with(&rebuild(two, scope, *exact))
    };
    exacts.filter(is_begun).find(|exact| rebuild(nodes, scope, *exact) == body)
}

/// The bytes of the values in this layout.
pub(super) fn rebuild(nodes: &[Node], scope: Scope, exact: Exact) -> String {
    let Exact { style, depth, between } = exact;
    let mut out = String::new();
    let comma = if style == Style::Spaced { ", ".to_owned() } else { format!(",{}", style.line_break(depth)) };
    if let (Scope::Members, [Node::Object(members)]) = (scope, nodes) {
        for (index, (key, item)) in members.iter().enumerate() {
            out.push_str(if index > 0 { &comma } else { "" });
            style::write_key(key, style, &mut out);
            style::write(item, style, depth, &mut out);
        }
        return out;
    }
    let comma = if scope == Scope::Elements { &comma } else { between.text() };
    for (index, node) in nodes.iter().enumerate() {
        out.push_str(if index > 0 { comma } else { "" });
        style::write(node, style, depth, &mut out);
    }
    if let Scope::Cut(Closing { quote, brackets }) | Scope::CutSequence(Closing { quote, brackets }) = scope {
        let added: usize = (0..brackets).map(|depth| style.line_break(depth).len() + 1).sum();
        let end = out.len().saturating_sub(added + usize::from(quote));
        // A foreign form may claim anything.
        out.truncate((0..=end).rev().find(|end| out.is_char_boundary(*end)).unwrap_or(0));
    }
    out
}

/// Whether the text is mainly a list of at least `fewest` objects.
pub(super) fn is_list_of(parts: &Parts, fewest: usize) -> bool {
    let whole: usize = parts.nodes.iter().map(style::length).sum::<usize>() + parts.head.len() + parts.tail.len();
    let listed = match parts.scope {
        Scope::Document | Scope::Members | Scope::Cut(_) => {
            parts.nodes.iter().map(|node| heaviest_list(node, fewest)).sum()
        }
        Scope::Sequence | Scope::CutSequence(_) | Scope::Elements => list_weight(parts.nodes.iter(), fewest),
    };
    listed * 2 > whole
}

fn heaviest_list(node: &Node, fewest: usize) -> usize {
    let (own, inner) = match node {
        Node::Scalar(_) | Node::Quoted(..) => (0, 0),
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
    if objects >= fewest && others * 5 <= objects { items.map(style::length).sum() } else { 0 }
}
