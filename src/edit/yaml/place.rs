//! Where a key goes, what it takes the place of, and what is left when it is taken off.

use serde_json::Value;
use yaml_edit::SyntaxKind;

use crate::edit::lines::Markers;
use crate::edit::lines::between;
use crate::edit::lines::body;
use crate::edit::lines::cut;
use crate::edit::lines::is_closing;
use crate::edit::lines::newline;
use crate::edit::yaml::Was;
use crate::edit::yaml::document::Document;
use crate::edit::yaml::document::End;
use crate::edit::yaml::document::Step;
use crate::edit::yaml::document::Syntax;
use crate::edit::yaml::document::element;
use crate::edit::yaml::document::entries;
use crate::edit::yaml::document::extent;
use crate::edit::yaml::document::is_flow;
use crate::edit::yaml::document::span;
use crate::edit::yaml::document::value_part;
use crate::edit::yaml::flow;
use crate::edit::yaml::layout;
use crate::edit::yaml::layout::Layout;
use crate::edit::yaml::node::Node;
use crate::json_text;

fn layout(document: &Document<'_>) -> Layout {
    let unit = document.unit();
    let list_offset = document.list_offset().unwrap_or(unit);
    Layout { newline: newline(document.text), unit, list_offset }
}

/// The text with `value` at `path`, along which `steps` exist.
pub(super) fn insert(
    document: &Document<'_>,
    path: &[String],
    steps: &[Step],
    end: &End,
    value: &Value,
    markers: &Markers,
) -> Option<(String, Was)> {
    // How many steps of the path lead to entries that exist.
    let depth = steps.iter().filter(|step| step.found.is_some()).count();
    let (step, rest) = (&path[depth], &path[depth + 1..]);
    let nested = nest(rest, value);
    let was =
        |parent, completed| Was::Missing { made: rest.len() + usize::from(parent_is_made(end)), parent, completed };
    let lines = |indent: usize| {
        let layout = layout(document);
        let entry = match element(step) {
            Some(_) => format!("-{}", layout.element(&nested, indent)),
            None => layout.pair(step, &nested, indent),
        };
        let (pad, newline) = (" ".repeat(indent), layout.newline);
        between(&format!("{pad}{entry}{newline}"), Some(markers), &pad, newline)
    };
    let in_flow = match element(step) {
        Some(_) => layout::flow(&nested),
        None => format!("{}: {}", layout::word(step), layout::flow(&nested)),
    };
    match end {
        End::Found => None,
        End::NoRoot => {
            let (text, completed) = put(document, document.text.len(), &lines(0));
            Some((text, was(None, completed)))
        }
        End::Missing => {
            let container = &steps.last()?.container;
            if is_flow(container) {
                let is_empty = entries(container).next().is_none();
                let parent = is_empty.then(|| document.text[span(container)].to_owned());
                return Some((flow::add(document, container, &in_flow), was(parent, None)));
            }
            let last = entries(container).last()?;
            let at = behind_closing(document, document.line_end(extent(&last).end));
            let (text, completed) = put(document, at, &lines(document.column(container)));
            Some((text, was(None, completed)))
        }
        End::Null(place) if place.is_empty() => {
            let Step { container, found: Some(holder) } = steps.last()? else { return None };
            if is_flow(container) {
                return None;
            }
            let layout = layout(document);
            let deeper = if element(step).is_some() { layout.list_offset } else { layout.unit };
            let at = document.line_end(extent(holder).end);
            let (text, completed) = put(document, at, &lines(document.column(holder) + deeper));
            Some((text, was(Some(String::new()), completed)))
        }
        End::Null(place) => {
            let (open, close) = if element(step).is_some() { ("[", "]") } else { ("{", "}") };
            let text = json_text::splice(document.text, &[(place.clone(), &format!("{open}{in_flow}{close}"))]);
            Some((text, was(Some(document.text[place.clone()].to_owned()), None)))
        }
    }
}

/// Whether the mapping or list that the first new entry goes into is ours too: that of a document which held nothing.
fn parent_is_made(end: &End) -> bool {
    *end == End::NoRoot
}

fn nest(path: &[String], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |value, step| match element(step) {
        Some(_) => Value::Array(vec![value]),
        None => Value::Object([(step.clone(), value)].into_iter().collect()),
    })
}

/// Where the closing comment lines end that begin at `at`.
fn behind_closing(document: &Document<'_>, at: usize) -> usize {
    let lines = document.text[at..].split_inclusive('\n').take_while(|line| is_closing(line));
    at + lines.map(str::len).sum::<usize>()
}

/// The text with `lines` at `at`, and the line before if that had to be completed.
fn put(document: &Document<'_>, at: usize, lines: &str) -> (String, Option<String>) {
    let (before, after) = document.text.split_at(at);
    if body(before).is_empty() || before.ends_with('\n') {
        return (format!("{before}{lines}{after}"), None);
    }
    let last = body(before).lines().next_back().unwrap_or_default().to_owned();
    (format!("{before}{}{lines}{after}", newline(document.text)), Some(last))
}

/// The text with `value` in place of that of `entry`.
pub(super) fn replace(document: &Document<'_>, entry: &Syntax, value: &Value) -> Option<(String, Was)> {
    let part = value_part(entry)?;
    let column = document.column(entry);
    let layout = layout(document);
    let is_in_flow = entry.parent().is_some_and(|container| is_flow(&container));
    let mut written = match entry.kind() {
        SyntaxKind::SEQUENCE_ENTRY if is_in_flow => layout::flow(value),
        _ if is_in_flow => format!(" {}", layout::flow(value)),
        SyntaxKind::SEQUENCE_ENTRY => layout.element(value, column),
        _ => layout.value(value, column),
    };
    let text = document.text[part.clone()].to_owned();
    if text.ends_with('\n') {
        written.push_str(layout.newline);
    }
    let changed = json_text::splice(document.text, &[(part, &written)]);
    Some((changed, Was::Other { text, column, newline: layout.newline.to_owned() }))
}

/// The text with `old` as the value again, in the ways to write that may do, with what it means if that can be told.
pub(super) fn put_back(
    document: &Document<'_>,
    steps: &[Step],
    old: &str,
    column: usize,
    written: &str,
) -> Vec<(String, Option<Node>)> {
    let Some(entry) = steps.last().and_then(|step| step.found.as_ref()) else { return Vec::new() };
    let Some(part) = value_part(entry) else { return Vec::new() };
    let meaning = meaning(old, column, entry.kind());
    let newline = newline(document.text);
    let old = if newline == written { old.to_owned() } else { old.replace(written, newline) };
    let moved = shift(&old, column, document.column(entry));
    let plain = meaning.as_ref().and_then(Node::to_json).map(|value| format!(" {}", layout::flow(&value)));
    let ways = [Some(moved), plain].into_iter().flatten();
    let put = |way: String| {
        // A text that keeps the line breaks at its end has that of our last line for its own.
        let rest = &document.text[part.end..document.line_end(part.end)];
        let end = if way.ends_with('\n') && rest.trim().is_empty() { part.end + rest.len() } else { part.end };
        json_text::splice(document.text, &[(part.start..end, &way)])
    };
    ways.map(|way| (put(way), meaning.clone())).collect()
}

/// What `old` means behind a key or dash at `column`. `None` when it refers to other parts of its document.
fn meaning(old: &str, column: usize, kind: SyntaxKind) -> Option<Node> {
    let pad = " ".repeat(column);
    let end = if old.ends_with('\n') { "" } else { "\n" };
    let (block, inline) = match kind {
        SyntaxKind::SEQUENCE_ENTRY => (format!("{pad}-{old}{end}"), format!("[{old}]\n")),
        _ => (format!("{pad}k:{old}{end}"), format!("{{k:{old}}}\n")),
    };
    [block, inline].iter().find_map(|text| match (Document::parse(text).ok()?.root, kind) {
        (Node::List(elements), SyntaxKind::SEQUENCE_ENTRY) => elements.into_iter().next(),
        (Node::Mapping(mut members), SyntaxKind::MAPPING_ENTRY) => members.remove("k"),
        _ => None,
    })
}

/// `text` with all but its first line moved from `column` to another one.
fn shift(text: &str, column: usize, to: usize) -> String {
    let mut lines = text.split_inclusive('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        match (to.checked_sub(column), line.trim().is_empty()) {
            (_, true) => out.push_str(line),
            (Some(more), _) => {
                out.push_str(&" ".repeat(more));
                out.push_str(line);
            }
            (None, _) => out.push_str(&line[blanks.min(column - to)..]),
        }
    }
    out
}

/// The text without our entry, and without the mappings and lists that were made for it and hold nothing else.
pub(super) fn remove(
    document: &Document<'_>,
    steps: &[Step],
    made: usize,
    parent: Option<&str>,
    completed: Option<&str>,
    markers: &Markers,
) -> Option<String> {
    let remarks = document.remarks();
    let except = [markers.open.as_str(), markers.close.as_str()];
    let is_alone = |step: &Step| entries(&step.container).nth(1).is_none();
    let is_made = |depth: usize| depth + made >= steps.len();
    let mut depth = steps.len().checked_sub(1)?;
    // A document that held nothing has no entry around its root to take off.
    while depth > 0 && is_made(depth) && is_alone(&steps[depth]) {
        let outer = steps[depth - 1].found.as_ref()?;
        let is_inline = is_flow(&steps[depth - 1].container);
        let part = if is_inline { extent(outer) } else { document.lines(&extent(outer)) };
        if document.has_comment(&part, &except) {
            break;
        }
        depth -= 1;
    }
    let Step { container, found: Some(entry) } = &steps[depth] else { return None };
    let is_emptied = is_alone(&steps[depth]);
    let empty = match (parent.filter(|_| !is_made(depth)), container.kind()) {
        (Some(parent), _) => parent,
        (None, SyntaxKind::SEQUENCE) => "[]",
        (None, _) => "{}",
    };
    if is_flow(container) {
        return Some(if is_emptied && !document.has_comment(&span(container), &[]) {
            let filled = if empty.is_empty() { "{}" } else { empty };
            json_text::splice(document.text, &[(span(container), filled)])
        } else if is_emptied {
            json_text::splice(document.text, &[(extent(entry), "")])
        } else {
            flow::remove(document, container, entry)
        });
    }
    if !document.leads_line(entry) {
        return None;
    }
    let own = document.lines(&extent(entry));
    let mut cuts = markers.around(&remarks, own.start);
    // Comment lines within what goes anyway go with it.
    cuts.retain(|line| line.end <= own.start || line.start >= own.end);
    cuts.push(own);
    cuts.sort_by_key(|line| line.start);
    let holder = depth.checked_sub(1).and_then(|outer| steps[outer].found.as_ref());
    let mut left = cut(document.text, &cuts, completed);
    match holder {
        Some(holder) if is_emptied && !empty.is_empty() => {
            let colon = value_part(holder)?.start;
            let gone: usize = cuts.iter().filter(|line| line.end <= colon).map(ExactSizeIterator::len).sum();
            left.insert_str(colon - gone, &format!(" {empty}"));
        }
        None if is_emptied && !is_made(0) => {
            let at = cuts.first()?.start;
            left.insert_str(at, &format!("{empty}{}", newline(document.text)));
        }
        _ => {}
    }
    Some(left)
}
