//! What stands below a document instead of in it: strings with many lines as the texts they are, and values that the
//! document holds more than once.
//!
//! In the document stands `(text 1)` or `(value 2)`. Such a name is no JSON, and no cell begins with a bracket, so a
//! name is never taken for a value. A string that holds JSON is opened first (`Node::Quoted`), so that what is in it
//! can stand below as well.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::compress;
use crate::compress::json::document;
use crate::compress::json::parse::{self, Node};
use crate::compress::json::style::{self, Style};
use crate::compress::marker;
use crate::json_text;
use crate::tokens;

/// Shorter strings stay in their places.
const SHORTEST_TEXT: usize = 200;
const FEWEST_LINE_BREAKS: usize = 3;
/// Shorter values are said again.
const SHORTEST_VALUE: usize = 120;
/// What a name and the line over what stands below cost.
const NAME_TOKENS: usize = 5;
const LINE_TOKENS: usize = 8;
/// A string that holds JSON is opened where that saves so many bytes.
const OPENING_COSTS: usize = 26;
const DEEPEST_STRING: usize = 3;

/// Something that stands below.
#[derive(Debug, PartialEq)]
pub(super) enum Item<'a> {
    Text { text: String, escapes: Escapes },
    Value(Node<'a>),
}

/// How a writer escaped a string, besides what has to be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    Plain,
    /// Every character outside ASCII, as Python does.
    Ascii,
    /// `<`, `>`, `&`, as Go does.
    Html,
}

impl Escapes {
    const ALL: [Self; 3] = [Self::Plain, Self::Ascii, Self::Html];

    fn words(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Ascii => ", non-ASCII was escaped",
            Self::Html => ", <>& were escaped",
        }
    }

    fn encode(self, text: &str) -> String {
        use std::fmt::Write as _;
        let plain = json_text::encode(text);
        let is_escaped = |c: char| match self {
            Self::Plain => false,
            Self::Ascii => !c.is_ascii(),
            Self::Html => matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
        };
        if !plain.contains(is_escaped) {
            return plain;
        }
        let mut out = String::with_capacity(plain.len() * 2);
        for c in plain.chars() {
            if is_escaped(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            } else {
                out.push(c);
            }
        }
        out
    }
}

/// The document and what is to stand below it.
pub(super) struct Taken<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) items: Vec<Item<'a>>,
    /// How many bytes are said again.
    pub(super) repeated: usize,
}

/// Takes out of `nodes` what stands below; values that occur more than once only where `share` is set. `tokens_of` says
/// what a text costs as it would be shown.
pub(super) fn take<'a>(nodes: &[Node<'a>], share: bool, tokens_of: &dyn Fn(&str) -> usize) -> Taken<'a> {
    let nodes: Vec<Node> = nodes.iter().map(|node| open_strings(node, 0)).collect();
    let mut marks = Vec::new();
    for node in &nodes {
        mark(node, &mut marks);
    }
    let uses = count_uses(&marks);
    let repeated = uses.values().map(|uses| (uses.count - 1) * uses.length).sum();
    let mut taker = Taker { marks, at: 0, uses, names: HashMap::new(), items: Vec::new(), share, tokens_of };
    let nodes = nodes.into_iter().map(|node| taker.node(node)).collect();
    Taken { nodes, items: taker.items.into_iter().flatten().collect(), repeated }
}

/// `node` with each string opened that holds JSON and can be put back exactly.
fn open_strings<'a>(node: &Node<'a>, depth: usize) -> Node<'a> {
    match node {
        Node::Scalar(lexeme) => opened(lexeme, depth).unwrap_or_else(|| node.clone()),
        Node::Array(items) => Node::Array(items.iter().map(|item| open_strings(item, depth)).collect()),
        Node::Object(members) => {
            Node::Object(members.iter().map(|(key, item)| (key.clone(), open_strings(item, depth))).collect())
        }
        Node::Quoted(inner, style) => Node::Quoted(Box::new(open_strings(inner, depth)), *style),
    }
}

fn opened(lexeme: &str, depth: usize) -> Option<Node<'static>> {
    if lexeme.len() < 60 || depth >= DEEPEST_STRING || !lexeme.starts_with("\"{") && !lexeme.starts_with("\"[") {
        return None;
    }
    let text = json_text::decode(lexeme)?;
    let (node, end) = parse::value(&text, 0).ok()?;
    if end != text.len() || json_text::encode(&text) != lexeme {
        return None;
    }
    let style = Style::guess(&text);
    let mut again = String::new();
    style::write(&node, style, 0, &mut again);
    if again != text || style::length(&node) + OPENING_COSTS > lexeme.len() {
        return None;
    }
    Some(Node::Quoted(Box::new(open_strings(&node, depth + 1).into_owned()), style))
}

/// A node as it is met on the way down: what tells it from others, its length, and how many nodes it has.
struct Mark {
    hash: u64,
    length: usize,
    nodes: usize,
}

fn mark(node: &Node, marks: &mut Vec<Mark>) {
    let at = marks.len();
    marks.push(Mark { hash: 0, length: 0, nodes: 1 });
    let mut hasher = DefaultHasher::new();
    let mut length = 2;
    match node {
        Node::Scalar(lexeme) => {
            lexeme.hash(&mut hasher);
            length = lexeme.len();
        }
        Node::Array(items) => {
            b'['.hash(&mut hasher);
            for item in items {
                let child = marks.len();
                mark(item, marks);
                marks[child].hash.hash(&mut hasher);
                length += marks[child].length + 1;
            }
        }
        Node::Object(members) => {
            b'{'.hash(&mut hasher);
            for (key, item) in members {
                let child = marks.len();
                mark(item, marks);
                key.hash(&mut hasher);
                marks[child].hash.hash(&mut hasher);
                length += marks[child].length + key.len() + 2;
            }
        }
        Node::Quoted(inner, style) => {
            let child = marks.len();
            mark(inner, marks);
            style.words().hash(&mut hasher);
            marks[child].hash.hash(&mut hasher);
            length += marks[child].length;
        }
    }
    marks[at] = Mark { hash: hasher.finish(), length, nodes: marks.len() - at };
}

/// How often a long value is met by who looks into it only the first time.
struct Uses {
    count: usize,
    length: usize,
}

fn count_uses(marks: &[Mark]) -> HashMap<u64, Uses> {
    let mut uses: HashMap<u64, Uses> = HashMap::new();
    let mut at = 0;
    while let Some(mark) = marks.get(at) {
        if mark.length < SHORTEST_VALUE {
            // Nothing inside is longer.
            at += mark.nodes;
            continue;
        }
        let uses = uses.entry(mark.hash).or_insert(Uses { count: 0, length: mark.length });
        uses.count += 1;
        at += if uses.count > 1 { mark.nodes } else { 1 };
    }
    uses
}

struct Taker<'a, 'f> {
    marks: Vec<Mark>,
    at: usize,
    uses: HashMap<u64, Uses>,
    /// Which item a value is.
    names: HashMap<u64, usize>,
    /// None while the inside of an item is looked at.
    items: Vec<Option<Item<'a>>>,
    share: bool,
    tokens_of: &'f dyn Fn(&str) -> usize,
}

impl<'a> Taker<'a, '_> {
    fn node(&mut self, node: Node<'a>) -> Node<'a> {
        let Some(&Mark { hash, length, nodes }) = self.marks.get(self.at) else { return node };
        if length < SHORTEST_VALUE {
            self.at += nodes;
            return node;
        }
        if let Some(&index) = self.names.get(&hash) {
            self.at += nodes;
            return self.name(index);
        }
        let index = self.items.len();
        if let Node::Scalar(lexeme) = &node
            && let Some(text) = self.text(lexeme)
        {
            self.at += nodes;
            self.items.push(Some(text));
            self.names.insert(hash, index);
            return self.name(index);
        }
        let count = self.uses.get(&hash).map_or(0, |uses| uses.count);
        if self.share && count > 1 && is_worth(&node, count) {
            self.items.push(None);
            self.names.insert(hash, index);
            let inside = self.inside(node);
            self.items[index] = Some(Item::Value(inside));
            return self.name(index);
        }
        self.inside(node)
    }

    fn inside(&mut self, node: Node<'a>) -> Node<'a> {
        self.at += 1;
        match node {
            Node::Scalar(_) => node,
            Node::Array(items) => Node::Array(items.into_iter().map(|item| self.node(item)).collect()),
            Node::Object(members) => {
                Node::Object(members.into_iter().map(|(key, item)| (key, self.node(item))).collect())
            }
            Node::Quoted(inner, style) => Node::Quoted(Box::new(self.node(*inner)), style),
        }
    }

    fn name(&self, index: usize) -> Node<'a> {
        let is_text = matches!(self.items[index], Some(Item::Text { .. }));
        Node::Scalar(Cow::Owned(name(index, is_text)))
    }

    /// The text in the string `lexeme`, where it is better read below.
    fn text(&self, lexeme: &str) -> Option<Item<'a>> {
        let breaks = memchr::memmem::find_iter(lexeme.as_bytes(), "\\n").take(FEWEST_LINE_BREAKS).count();
        if lexeme.len() < SHORTEST_TEXT || breaks < FEWEST_LINE_BREAKS {
            return None;
        }
        let text = json_text::decode(lexeme)?.into_owned();
        let is_odd = |byte: u8| byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x1b);
        if text.bytes().any(is_odd) || marker::holds(&text) {
            return None;
        }
        let escapes = Escapes::ALL.into_iter().find(|escapes| escapes.encode(&text) == lexeme)?;
        let below = (self.tokens_of)(&text) + NAME_TOKENS + LINE_TOKENS;
        (below < tokens::count(lexeme)).then_some(Item::Text { text, escapes })
    }
}

/// Whether `node`, which is met `uses` times, is clearly shorter said once.
fn is_worth(node: &Node, uses: usize) -> bool {
    let mut text = String::new();
    style::write(node, Style::Compact, 0, &mut text);
    let cost = tokens::count(&text);
    cost * (uses - 1) >= uses * NAME_TOKENS + LINE_TOKENS + cost / 4 && cost >= 40
}

/// The name of what stands below at `index`.
pub(super) fn name(index: usize, is_text: bool) -> String {
    format!("({} {})", if is_text { "text" } else { "value" }, index + 1)
}

/// What a head line says of `items`: the names of the first and the last.
pub(super) fn names(items: &[Item]) -> String {
    let name_of = |index: usize| name(index, matches!(items[index], Item::Text { .. }));
    match items.len() {
        1 => format!("{} stands below", name_of(0)),
        count => format!("{} to {} stand below", name_of(0), name_of(count - 1)),
    }
}

/// How many items a clause of a head line names.
pub(super) fn count_named(clause: &str) -> Option<usize> {
    let names = clause.strip_suffix(" stands below").or_else(|| clause.strip_suffix(" stand below"))?;
    names.strip_suffix(')')?.rsplit(' ').next()?.parse().ok()
}

/// Writes `items`, each on lines of its own; `shown` is what stands for a text, where that is not the text.
pub(super) fn write<'s>(
    items: &[Item],
    shown: impl Fn(usize) -> Option<&'s str>,
    delimiter: char,
    uses: &mut document::Uses,
    out: &mut String,
) {
    use std::fmt::Write as _;
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Text { text, escapes } => {
                let lines = text.split('\n').count() - usize::from(text.ends_with('\n'));
                let end = if text.ends_with('\n') { "" } else { ", no newline at its end" };
                let _ = write!(out, "\n--- text {}, {lines} lines{end}{}", index + 1, escapes.words());
                let shown = shown(index);
                if let Some(shown) = shown {
                    let _ = write!(out, ", shown in {}", shown.split('\n').count());
                }
                out.push('\n');
                out.push_str(shown.unwrap_or(text.strip_suffix('\n').unwrap_or(text)));
            }
            Item::Value(node) => {
                let _ = write!(out, "\n--- value {}: ", index + 1);
                document::write(node, delimiter, uses, out);
            }
        }
    }
}

/// Reads `count` items from the beginning of `text`, None for a text whose form does not tell it, and says what follows.
pub(super) fn read(mut text: &str, count: usize, delimiter: char) -> Option<(Vec<Option<Item<'_>>>, &str)> {
    let mut items = Vec::new();
    for index in 1..=count {
        if let Some(rest) = text.strip_prefix(&format!("\n--- value {index}: ")) {
            let (node, rest) = document::read(rest, delimiter)?;
            items.push(Some(Item::Value(node)));
            text = rest;
            continue;
        }
        let (head, rest) = text.strip_prefix(&format!("\n--- text {index}, "))?.split_once('\n')?;
        let mut clauses = head.split(", ");
        let mut lines: usize = clauses.next()?.strip_suffix(" lines")?.parse().ok()?;
        let (mut escapes, mut end, mut is_shown) = (Escapes::Plain, "\n", false);
        for clause in clauses {
            if let Some(count) = clause.strip_prefix("shown in ") {
                lines = count.parse().ok()?;
                is_shown = true;
            } else if clause == "no newline at its end" {
                end = "";
            } else {
                escapes =
                    Escapes::ALL.into_iter().find(|escapes| escapes.words().strip_prefix(", ") == Some(clause))?;
            }
        }
        let length = memchr::memchr_iter(b'\n', rest.as_bytes()).nth(lines.checked_sub(1)?).unwrap_or(rest.len());
        let shown = &rest[..length];
        let text_of = if is_shown { compress::restore(shown, None) } else { Some(format!("{shown}{end}")) };
        items.push(text_of.map(|text| Item::Text { text, escapes }));
        text = &rest[length..];
    }
    Some((items, text))
}

/// `node` with everything in its place again. None where a name stands for nothing, or for a text whose form does not
/// tell it.
pub(super) fn put_back<'a>(node: Node<'a>, items: &[Option<Item<'a>>], depth: usize) -> Option<Node<'a>> {
    Some(match node {
        Node::Scalar(lexeme) => match lexeme.strip_prefix('(') {
            None => Node::Scalar(lexeme),
            Some(name) => {
                let index: usize = name.strip_suffix(')')?.split_once(' ')?.1.parse().ok()?;
                match items.get(index.checked_sub(1)?)?.as_ref()? {
                    Item::Text { text, escapes } => Node::Scalar(Cow::Owned(escapes.encode(text))),
                    // A value stands inside another at most as deep as there are values.
                    Item::Value(_) if depth > items.len() => return None,
                    Item::Value(node) => put_back(node.clone(), items, depth + 1)?,
                }
            }
        },
        Node::Array(inner) => {
            Node::Array(inner.into_iter().map(|item| put_back(item, items, depth)).collect::<Option<_>>()?)
        }
        Node::Object(members) => Node::Object(
            members.into_iter().map(|(key, item)| Some((key, put_back(item, items, depth)?))).collect::<Option<_>>()?,
        ),
        Node::Quoted(inner, style) => {
            let mut written = String::new();
            style::write(&put_back(*inner, items, depth)?, style, 0, &mut written);
            Node::Scalar(Cow::Owned(json_text::encode(&written)))
        }
    })
}
