//! JSON: lists of objects become tables, strings with many lines become the texts they are, everything else loses its
//! white space.
//!
//! Where the text can be told byte for byte from the form (most writers have one of four layouts), the form says which
//! layout it was and loses nothing. Every form is read back and compared before it is offered. A text in a string is
//! shortened as what it is only after that; markers in it name its own lines, since those of the text round it are
//! others, and leave it to the reader to ask for the whole.

mod below;
mod cell;
mod columns;
mod document;
mod inner;
mod legend;
mod parse;
mod parts;
mod runs;
mod sample;
mod style;
mod table;
mod tree;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use crate::compress::json::below::{Item, Taken};
use crate::compress::json::document::Uses;
use crate::compress::json::legend::{DELIMITERS, LeftOut};
use crate::compress::json::parse::Node;
use crate::compress::json::parts::{Parts, Scope};
use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Holds, Input, Loss};
use crate::compress::{choice, marker};
use crate::tokens;

/// So much of a document is written with each delimiter to choose between them.
const SAMPLE: usize = 16 * 1024;
/// Values that are said again are named where they make up so many percent of the text.
const REPEATED_PERCENT: usize = 5;

/// JSON as tables.
///
/// # What it keeps
/// Every value as it was written (a 30-digit number, `1.50`, an escape), every key, the order of both, and the
/// difference between a missing key, `null` and `""`. A list, JSON lines, values one behind the other, the list inside
/// an envelope, a document that was cut off at its end or on both sides, and JSON inside a string are all taken, also
/// behind a few lines of something else.
///
/// A string with many lines stands below the document as the text it is (`(text 1)` in its place), shortened as what it
/// is; a long value that occurs again stands there once (`(value 2)`).
///
/// # What it drops
/// White space; keys that are the same in each row are said once, in the line of keys, also those of objects in the
/// cells of a column (`items[{sku,qty}]` over `[{A-1,2},{B-7,1}]`); a value that is the same in all
/// rows is said once, before it; a long value that a column repeats from one row to the next is `^`. A key that few
/// objects have stands in their rows with its name (`+optional=true`) and has no column. Objects of one
/// shape inside each other (`dependencies`, `children`) are rows of one table, indented. Where the layout cannot be told
/// from the form, the head line says how to get it. Of long runs of base64 only the beginning is shown.
/// Only where the caller gives a budget that nothing else fits into, rows of long lists go; the head line then says
/// which are kept and, in counts and ranges, what the others hold.
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
        5
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Json
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let Some(parts) = parts::of(input.text) else { return Vec::new() };
        let texts = Texts { input, known: RefCell::default() };
        let mut forms = Vec::new();
        let plain = below::take(&parts.nodes, false, &|text| texts.cost(text));
        let repeated = plain.repeated;
        forms.extend(forms_of(&parts, &plain, &texts, None));
        if repeated * 100 >= input.text.len() * REPEATED_PERCENT {
            let shared = below::take(&parts.nodes, true, &|text| texts.cost(text));
            if shared.items != plain.items {
                forms.extend(forms_of(&parts, &shared, &texts, None));
            }
        }
        if input.context.retrievable {
            forms.extend(cut_form(&parts, &texts));
            forms.extend(sampled_form(&parts, &texts, &forms));
        }
        forms
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        read(form)?.text
    }
}

/// The form without the runs that nobody reads.
fn cut_form(parts: &Parts, texts: &Texts) -> Vec<Form> {
    let context = texts.input.context;
    let Some((nodes, what)) = runs::cut(&parts.nodes, context.hints) else { return Vec::new() };
    let left_out = LeftOut { what: &what, handle: context.handle };
    lossy_form(parts, nodes, texts, &left_out)
}

/// The form with fewer rows, where the caller gave a budget and none of `forms` fits into it: with as many of alike rows
/// as fit.
fn sampled_form(parts: &Parts, texts: &Texts, forms: &[Form]) -> Vec<Form> {
    let context = texts.input.context;
    let Some(budget) = context.budget else { return Vec::new() };
    let fits = |form: &Form| tokens::count(&form.text) <= budget;
    if forms.iter().any(fits) {
        return Vec::new();
    }
    let (least, most) = (context.profile.min_k.max(1), context.profile.max_k.max(context.profile.min_k));
    let mut found = Vec::new();
    for most in (least..=most).rev() {
        let Some(sampled) = sample::of(&parts.nodes, parts.scope.is_list(), context.hints, most) else { break };
        let left_out = LeftOut { what: &sampled.left_out, handle: context.handle };
        found = lossy_form(parts, sampled.nodes, texts, &left_out);
        if found.iter().any(fits) {
            break;
        }
    }
    found
}

fn lossy_form(parts: &Parts, nodes: Vec<Node>, texts: &Texts, left_out: &LeftOut) -> Vec<Form> {
    let Parts { scope, head, tail, .. } = *parts;
    let parts = Parts { scope, head, nodes, tail, exact: None };
    let taken = below::take(&parts.nodes, false, &|text| texts.cost(text));
    forms_of(&parts, &taken, texts, Some(left_out))
}

/// The shorter forms of the texts that strings hold.
struct Texts<'a> {
    input: &'a Input<'a>,
    known: RefCell<HashMap<String, Option<Form>>>,
}

impl Texts<'_> {
    fn form(&self, text: &str) -> Option<Form> {
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        let input = Input { lines_before: 0, ..*self.input };
        let form = choice::part(&input, text, 0, None);
        self.known.borrow_mut().insert(text.to_owned(), form.clone());
        form
    }

    /// The tokens of `text` as it would be shown.
    fn cost(&self, text: &str) -> usize {
        tokens::count(self.form(text).as_ref().map_or(text, |form| &form.text))
    }
}

/// The forms of `parts` with what was taken out of them below: what loses no content first.
fn forms_of(parts: &Parts, taken: &Taken, texts: &Texts, left_out: Option<&LeftOut>) -> Vec<Form> {
    let input = texts.input;
    if input.first_line.is_some() && !taken.items.is_empty() {
        return Vec::new();
    }
    let delimiter = best_delimiter(&taken.nodes);
    let mut uses = Uses::default();
    let Some(mut body) = write_body(parts, taken, delimiter, &mut uses) else { return Vec::new() };
    let end = if taken.items.is_empty() { parts.end_behind(&mut body) } else { parts.tail };
    let write = |most: Option<Loss>| {
        let mut uses = uses;
        let mut loss = if left_out.is_some() {
            Loss::Content
        } else if parts.exact.is_some() {
            Loss::None
        } else {
            Loss::Layout
        };
        let shown: Vec<Option<String>> = taken
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let Item::Text { text, .. } = item else { return None };
                let form = texts.form(text).filter(|form| most.is_some_and(|most| form.loss <= most))?;
                loss = loss.max(form.loss);
                Some(with_own_lines(&form.text, index + 1, input.context.handle))
            })
            .collect();
        let mut below = String::new();
        below::write(&taken.items, |index| shown[index].as_deref(), delimiter, &mut uses, &mut below);
        let mut out = legend::write(parts, delimiter, uses, &taken.items, input, left_out);
        out.push('\n');
        if parts.scope.is_inside() || !parts.head.is_empty() {
            push_numbered(parts.head, input.first_line, &mut out);
            out.push('\n');
        }
        out.push_str(&body);
        out.push_str(&below);
        if parts.has_end() {
            let before = &input.text[..input.text.len() - parts.tail.len()];
            out.push('\n');
            push_numbered(end, input.first_line.map(|first| first + before.matches('\n').count()), &mut out);
        }
        (out, loss)
    };
    let (text, loss) = write(None);
    if !says(&text, parts, input.text) {
        return Vec::new();
    }
    let is_shown_shorter = |most: Loss, least: Loss| {
        taken.items.iter().any(|item| match item {
            Item::Text { text, .. } => texts.form(text).is_some_and(|form| form.loss <= most && form.loss >= least),
            Item::Value(_) => false,
        })
    };
    let holds = || match left_out {
        Some(_) => Holds::Only(written_plainly(parts)),
        None if taken.items.is_empty() => Holds::Input,
        // What was read back is what came; the parts below were checked each by itself.
        None => Holds::Checked,
    };
    let mut forms = Vec::new();
    if is_shown_shorter(Loss::Layout, Loss::None) {
        let (text, mut loss) = write(Some(Loss::Layout));
        // The form of a text below says the text by itself, and maybe not where it ends among others.
        if loss == Loss::None && Json.restore(&text, input.first_line).as_deref() != Some(input.text) {
            loss = Loss::Layout;
        }
        forms.push(Form { text, loss, holds: holds() });
    } else {
        forms.push(Form { text, loss, holds: holds() });
    }
    if is_shown_shorter(Loss::Content, Loss::Content) {
        let (text, loss) = write(Some(Loss::Content));
        // Literals that a part's marker names are not missing.
        forms.push(Form { text, loss, holds: Holds::Checked });
    }
    forms
}

/// The values of `parts`, for the gate to look for their literals.
fn written_plainly(parts: &Parts) -> String {
    let mut out = parts.head.to_owned();
    for node in &parts.nodes {
        out.push('\n');
        style::write(node, style::Style::Spaced, 0, &mut out);
    }
    out.push_str(parts.tail);
    out
}

/// `form` with markers whose line numbers are those of text `number`: the lines of what holds it are others.
fn with_own_lines(form: &str, number: usize, handle: &str) -> String {
    let lines = form.split('\n').map(|line| {
        let is_gap = marker::find(line).first().is_some_and(|found| found.lines.is_some() && found.handle == handle);
        match marker::read_gap(line).filter(|_| is_gap) {
            Some((place, what)) => {
                Cow::Owned(marker::digest(&format!("text {number}"), &format!("its {place} ({what})"), handle))
            }
            None => Cow::Borrowed(line),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `text` is mainly a list of at least `fewest` objects: data to be read, not a file to be edited.
pub(crate) fn is_list(text: &str, fewest: usize) -> bool {
    parts::of(text).is_some_and(|parts| parts::is_list_of(&parts, fewest))
}

/// The delimiter that makes the beginning of the document shortest.
fn best_delimiter(nodes: &[Node]) -> char {
    let mut left = SAMPLE;
    let sample = Node::Array(nodes.iter().map_while(|node| beginning(node, &mut left)).collect());
    let cost = |delimiter: char| {
        let mut text = String::new();
        document::write(&sample, delimiter, &mut Uses::default(), &mut text);
        tokens::count(&text)
    };
    let costs = DELIMITERS.map(|delimiter| (cost(delimiter), delimiter));
    // The first is the plainest.
    costs.into_iter().min_by_key(|(cost, _)| *cost).map_or(',', |(_, delimiter)| delimiter)
}

/// As much of `node` as there is room `left`.
fn beginning<'a>(node: &Node<'a>, left: &mut usize) -> Option<Node<'a>> {
    if *left == 0 {
        return None;
    }
    *left = left.saturating_sub(2);
    Some(match node {
        Node::Scalar(lexeme) => {
            *left = left.saturating_sub(lexeme.len());
            node.clone()
        }
        Node::Array(items) => Node::Array(items.iter().map_while(|item| beginning(item, left)).collect()),
        Node::Object(members) => Node::Object(
            members
                .iter()
                .map_while(|(key, item)| {
                    *left = left.saturating_sub(key.len());
                    Some((key.clone(), beginning(item, left)?))
                })
                .collect(),
        ),
        Node::Quoted(inner, style) => Node::Quoted(Box::new(beginning(inner, left)?), *style),
    })
}

fn write_body(parts: &Parts, taken: &Taken, delimiter: char, uses: &mut Uses) -> Option<String> {
    let mut body = String::new();
    if parts.scope.is_list() {
        document::write(&Node::Array(taken.nodes.clone()), delimiter, uses, &mut body);
    } else {
        document::write(taken.nodes.first()?, delimiter, uses, &mut body);
    }
    let is_table = body.starts_with("[\n") || body.starts_with("{\n");
    (!parts.scope.is_inside() || is_table).then_some(body)
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
struct Read<'a> {
    head: Cow<'a, str>,
    /// None where a text is told by another form that loses something.
    nodes: Option<Vec<Node<'a>>>,
    tail: Cow<'a, str>,
    /// The very text, where the form tells it.
    text: Option<String>,
}

/// Reads a form back.
fn read(form: &str) -> Option<Read<'_>> {
    read_beginning(form).filter(|(_, rest)| rest.is_empty()).map(|(read, _)| read)
}

/// Reads the form that `text` begins with, and says what follows it: nothing where the form says its end as it was.
fn read_beginning(text: &str) -> Option<(Read<'_>, &str)> {
    let (legend, rest) = text.split_once('\n')?;
    let said = legend::read(legend)?;
    let mut head = Cow::Borrowed("");
    let mut body = rest;
    if said.first_lines > 0 {
        let end = memchr::memchr_iter(b'\n', rest.as_bytes()).nth(said.first_lines - 1)?;
        head = without_numbers(&rest[..end], said.is_numbered)?;
        body = &rest[end + 1..];
    }
    let (node, after) = document::read(body, said.delimiter)?;
    let shown = &body[..body.len() - after.len()];
    let (items, after) = below::read(after, said.below, said.delimiter)?;
    let scope = match (said.scope, &node) {
        (Scope::Elements, Node::Object(_)) => Scope::Members,
        (scope, _) => scope,
    };
    let (tail, after) = if said.has_end {
        (without_numbers(after.strip_prefix('\n')?, said.is_numbered)?, "")
    } else {
        (Cow::Borrowed(if said.ends_line { "\n" } else { "" }), after)
    };
    let tail = if parts::ends_behind_comma(shown, scope) { Cow::Owned(format!(",{tail}")) } else { tail };
    if items.iter().any(Option::is_none) {
        return Some((Read { head, nodes: None, tail, text: None }, after));
    }
    let nodes = match below::put_back(node, &items, 0)? {
        Node::Array(items) if scope.is_list() => items,
        node => vec![node],
    };
    let text = said.exact.map(|exact| format!("{head}{}{tail}", parts::rebuild(&nodes, scope, exact)));
    Some((Read { head, nodes: Some(nodes), tail, text }, after))
}

/// The text of the form without loss that `text` begins with, and what follows the form.
pub(crate) fn restore_beginning(text: &str) -> Option<(String, &str)> {
    let (read, rest) = read_beginning(text)?;
    Some((read.text?, rest))
}

/// Whether `form`, read back, says what `parts` hold, and the very `text` where it claims to.
fn says(form: &str, parts: &Parts, text: &str) -> bool {
    read(form).is_some_and(|read| {
        read.nodes.as_ref() == Some(&parts.nodes)
            && read.head == parts.head
            && read.tail == parts.tail
            && (parts.exact.is_none() || read.text.as_deref() == Some(text))
    })
}
