//! JSON: lists of objects become tables, everything else loses its white space.
//!
//! Where the text can be told byte for byte from the form (most writers have one of four layouts), the form says which
//! layout it was and loses nothing. Every form is read back and compared before it is offered.

mod cell;
mod columns;
mod document;
mod parse;
mod parts;
mod style;
mod table;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::compress::json::document::{Layout, Uses};
use crate::compress::json::parse::Node;
use crate::compress::json::parts::{Exact, Parts, Scope};
use crate::compress::json::style::Style;
use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};
use crate::tokens;

const DELIMITERS: [char; 3] = [',', '|', '\t'];
/// So much of each form is counted in tokens to choose between them.
const SAMPLE: usize = 64 * 1024;
const VALUES_EXACT: &str = "values exact";
const STRING_OF: &str = "string_of(x) is a string that holds x";
const END: &str = "the end as it was";
const NEWLINE: &str = ", newline at the end";

/// JSON as tables.
///
/// # What it keeps
/// Every value as it was written (a 30-digit number, `1.50`, an escape), every key, the order of both, and the
/// difference between a missing key, `null` and `""`. A list, JSON lines, the list inside an envelope, the complete
/// elements of a list that was cut off, and JSON inside a string are all taken.
///
/// # What it drops
/// White space; keys that are the same in each row are said once, in the line of keys; a value that is the same in all
/// rows is said once, before it. Where the layout cannot be told from the form, the head line says how to get it.
///
/// # When it declines
/// When the text is no JSON, when it is cut off and holds no list of objects, and when reading the form back does not
/// give the same values.
///
/// # Example
/// ```text
/// [{"id": 1, "user": {"login": "ada"}, "state": "open"}, {"id": 2, "user": {"login": "bob"}, "state": "open"}, ...]
/// ```
/// becomes
/// ```text
/// [headroom: JSON as tables: ...]
/// [
/// in every row: after user.login: state=open
/// id,user.login
/// 1,ada
/// 2,bob
/// ]
/// ```
pub(crate) struct Json;

impl Compressor for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Json
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let Some(parts) = parts::of(input.text) else { return Vec::new() };
        let handle = input.context.retrievable.then_some(input.context.handle);
        let mut written: Vec<(usize, String)> = Vec::new();
        let plain = (!parts.scope.is_inside()).then_some(Layout::Plain);
        for layout in plain.into_iter().chain(DELIMITERS.map(Layout::Tables)) {
            if let Some(text) = write(&parts, layout, input, handle) {
                written.push((tokens::count(sample(&text)) + text.len().saturating_sub(SAMPLE) / 3, text));
            }
        }
        written.sort_by_key(|(cost, _)| *cost);
        let loss = if parts.exact.is_some() { Loss::None } else { Loss::Layout };
        let verified = written.into_iter().map(|(_, text)| text).find(|text| says(text, &parts, input.text));
        verified.map(|text| Form::of(text, loss)).into_iter().collect()
    }
}

/// Whether `text` is mainly a list of at least `fewest` objects: data to be read, not a file to be edited.
pub(crate) fn is_list(text: &str, fewest: usize) -> bool {
    parts::of(text).is_some_and(|parts| parts::is_list_of(&parts, fewest))
}

fn sample(text: &str) -> &str {
    let mut end = text.len().min(SAMPLE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn write(parts: &Parts, layout: Layout, input: &Input, handle: Option<&str>) -> Option<String> {
    let mut uses = Uses::default();
    let mut body = String::new();
    match parts.scope {
        Scope::Document | Scope::Members => document::write(parts.nodes.first()?, layout, &mut uses, &mut body),
        Scope::Sequence | Scope::Elements => {
            document::write(&Node::Array(parts.nodes.clone()), layout, &mut uses, &mut body);
        }
    }
    let is_plain = matches!(layout, Layout::Plain);
    let is_table = body.starts_with("[\n") || body.starts_with("{\n");
    if !is_plain && uses.tables + uses.strings == 0 || parts.scope.is_inside() && !is_table {
        return None;
    }
    let mut out = legend(parts, layout, uses, input, handle);
    out.push('\n');
    if parts.scope.is_inside() {
        push_numbered(parts.head, input.first_line, &mut out);
        out.push('\n');
    }
    out.push_str(&body);
    if parts.has_end() {
        let before = &input.text[..input.text.len() - parts.tail.len()];
        out.push('\n');
        push_numbered(parts.tail, input.first_line.map(|first| first + before.matches('\n').count()), &mut out);
    }
    Some(out)
}

/// The head line: whoever reads it can read the form, and `read` needs nothing else.
fn legend(parts: &Parts, layout: Layout, uses: Uses, input: &Input, handle: Option<&str>) -> String {
    let subject = match parts.scope {
        Scope::Document => "JSON",
        Scope::Sequence => "JSON lines",
        Scope::Elements | Scope::Members => "cut off JSON",
    };
    let mut what = match layout {
        Layout::Tables(delimiter) if uses.tables > 0 => format!(
            "{subject}, lists as tables: a line of keys, then a line per object, cells split by {}, empty: no such key",
            delimiter_name(delimiter)
        ),
        _ => format!("{subject} without white space"),
    };
    if uses.strings > 0 {
        what = format!("{what}; {STRING_OF}");
    }
    what = format!("{what}; {VALUES_EXACT}");
    if parts.scope.is_inside() {
        let lines = parts.head.matches('\n').count() + 1;
        what = format!("{what}; first {lines} lines and the end as they were");
    } else if parts.has_end() {
        what = format!("{what}; {END}");
    }
    if let Some(first) = input.first_line {
        let lines = input.text.strip_suffix('\n').unwrap_or(input.text).matches('\n').count();
        what = format!("{what}; file lines {first}-{}", first + lines);
    }
    match parts.exact {
        Some(exact) => {
            what = format!("{what}; {}", exact.style.words());
            if exact.depth > 0 {
                what = format!("{what} at depth {}", exact.depth);
            }
            if !parts.has_end() && !parts.tail.is_empty() {
                what.push_str(NEWLINE);
            }
            marker::legend(&what, None)
        }
        None => marker::legend(&what, handle),
    }
}

fn delimiter_name(delimiter: char) -> String {
    if delimiter == '\t' { "tabs".to_owned() } else { format!("`{delimiter}`") }
}

/// Lines that stand verbatim keep the numbers they came with.
fn push_numbered(text: &str, first: Option<usize>, out: &mut String) {
    let Some(first) = first else { return out.push_str(text) };
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&(first + index).to_string());
        out.push('\t');
        out.push_str(line);
    }
}

fn without_numbers(text: &str, is_numbered: bool) -> Option<Cow<'_, str>> {
    if !is_numbered {
        return Some(Cow::Borrowed(text));
    }
    let lines: Option<Vec<&str>> = text.split('\n').map(|line| line.split_once('\t').map(|(_, line)| line)).collect();
    Some(Cow::Owned(lines?.join("\n")))
}

/// What a form says.
#[derive(Debug, PartialEq)]
pub(crate) struct Read<'a> {
    head: Cow<'a, str>,
    nodes: Vec<Node<'a>>,
    tail: Cow<'a, str>,
    /// The very text, where the form tells it.
    pub(crate) text: Option<String>,
}

/// Reads a form back.
pub(crate) fn read(form: &str) -> Option<Read<'_>> {
    let (legend, rest) = form.split_once('\n')?;
    let what = marker::read_legend(legend)?;
    let mut scope = if what.starts_with("JSON lines") {
        Scope::Sequence
    } else if what.starts_with("JSON") {
        Scope::Document
    } else {
        Scope::Elements
    };
    let delimiter = DELIMITERS
        .into_iter()
        .find(|delimiter| what.contains(&format!("split by {},", delimiter_name(*delimiter))))
        .unwrap_or(',');
    let clauses = || what.split("; ");
    let is_numbered = clauses().any(|clause| clause.starts_with("file lines "));
    let mut head = Cow::Borrowed("");
    let mut body = rest;
    if scope.is_inside() {
        let lines: usize =
            clauses().find_map(|clause| clause.strip_prefix("first ")?.split(' ').next()?.parse().ok())?;
        let end = memchr::memchr_iter(b'\n', rest.as_bytes()).nth(lines.checked_sub(1)?)?;
        head = without_numbers(&rest[..end], is_numbered)?;
        body = &rest[end + 1..];
    }
    let (node, after) = document::read(body, delimiter)?;
    if scope == Scope::Elements && matches!(node, Node::Object(_)) {
        scope = Scope::Members;
    }
    let nodes = match node {
        Node::Array(items) if scope != Scope::Document => items,
        node => vec![node],
    };
    let said = clauses().find(|clause| clause.starts_with("was "));
    let tail = if scope.is_inside() || clauses().any(|clause| clause == END) {
        without_numbers(after.strip_prefix('\n')?, is_numbered)?
    } else if !after.is_empty() {
        return None;
    } else if said.is_some_and(|said| said.ends_with(NEWLINE)) {
        Cow::Borrowed("\n")
    } else {
        Cow::Borrowed("")
    };
    let text = match said {
        Some(said) => {
            let said = said.strip_suffix(NEWLINE).unwrap_or(said);
            let (words, depth) = said.split_once(" at depth ").unwrap_or((said, "0"));
            let exact = Exact { style: Style::from_words(words)?, depth: depth.parse().ok()? };
            Some(format!("{head}{}{tail}", parts::rebuild(&nodes, scope, exact)))
        }
        None => None,
    };
    Some(Read { head, nodes, tail, text })
}

/// Whether `form`, read back, says what `parts` hold, and the very `text` where it claims to.
fn says(form: &str, parts: &Parts, text: &str) -> bool {
    read(form).is_some_and(|read| {
        read.nodes == parts.nodes
            && read.head == parts.head
            && read.tail == parts.tail
            && (parts.exact.is_none() || read.text.as_deref() == Some(text))
    })
}
