//! Where a key goes that is not there yet.
//!
//! A table goes to the end of the document under a header of its own. Anything else cannot: behind a header it would
//! belong to that table. It goes behind the other keys of its table, and of the root in front of the first header.

use serde::{Deserialize, Serialize};

use crate::edit::Error;
use crate::edit::lines::Markers;
use crate::edit::lines::between;
use crate::edit::lines::body;
use crate::edit::lines::is_closing;
use crate::edit::lines::newline;
use crate::edit::toml::document::Document;
use crate::edit::toml::document::Line;
use crate::edit::toml::document::Place;
use crate::edit::toml::document::What;
use crate::edit::toml::inline;
use crate::edit::toml::is_sound;
use crate::edit::toml::layout;
use crate::edit::toml::node::Node;
use crate::edit::toml::unsafe_place;

/// The white space that was put around our lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Space {
    /// An empty line before.
    pub(super) before: bool,
    /// An empty line behind.
    pub(super) after: bool,
    /// The line before had no line break, and got one.
    pub(super) completed: Option<String>,
    /// Nothing but white space was in the document.
    pub(super) alone: bool,
    /// The comments at the end of the document, with the blank lines before them, that our header was put behind. Who
    /// writes TOML by a tree takes them for a part of it from then on, and Codex drops them when it writes its servers.
    pub(super) above: String,
}

/// A text with a key added.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) text: String,
    pub(super) space: Space,
    pub(super) inner: Option<String>,
    pub(super) is_marked: bool,
}

/// Adds `value` at `path`, which `place` says is not there.
pub(super) fn insert(
    document: &Document<'_>,
    path: &[String],
    place: &Place,
    value: &toml_edit::Value,
    markers: Option<&Markers>,
) -> Result<Added, Error> {
    let newline = newline(document.text);
    let header = match place {
        Place::InInline(found) => {
            let (text, inner) = inline::add(document, found, &layout::pair(&path[found.depth..], value));
            return Ok(Added { text, space: Space::default(), inner, is_marked: false });
        }
        Place::Nowhere { header } => *header,
        Place::Member(..) | Place::Lines(_) => return Err(unsafe_place(document, path)),
    };
    if let Some(members) = value.as_inline_table() {
        let lines = between(&layout::table(path, members, newline), markers, "", newline);
        let mut added = put(document, document.lines.len(), &lines, Gap::Before, markers.is_some());
        added.space.above = String::from(last_remarks(document));
        // Where dotted keys have defined the table that this one belongs in, a header may be refused.
        if is_sound(document, &added.text, path, Some(&Node::of(value))) {
            return Ok(added);
        }
    }
    let depth = header.map_or(0, |header| document.lines[header].path.len());
    let (at, gap) = end_of_keys(document, header);
    let indent = match at.checked_sub(1).map(|last| &document.lines[last]) {
        Some(last) if matches!(last.what, What::Key { .. }) => {
            &document.text[last.span.start..document.tokens[last.tokens.start].span.start]
        }
        _ => "",
    };
    let pair = format!("{indent}{}{newline}", layout::pair(&path[depth..], value));
    Ok(put(document, at, &between(&pair, markers, indent, newline), gap, markers.is_some()))
}

/// What stands behind the last header or key, if there are comments among it that are not ours.
fn last_remarks<'a>(document: &Document<'a>) -> &'a str {
    let lines = &document.lines;
    let last = lines.iter().rposition(Line::is_statement).map_or(0, |last| last + 1);
    let is_closing = |at: &usize| lines[*at].what == What::Remark && is_closing(document.content(*at));
    let first = last + (last..lines.len()).take_while(is_closing).count();
    if lines[first..].iter().all(|line| line.what == What::Blank) {
        return "";
    }
    &document.text[lines[first].span.start..]
}

/// On which side of our lines an empty line is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Before,
    After,
    Neither,
}

/// The number of the line in front of which another key of the table with this header goes.
fn end_of_keys(document: &Document<'_>, header: Option<usize>) -> (usize, Gap) {
    let lines = &document.lines;
    let start = header.map_or(0, |header| header + 1);
    let end = (start..lines.len()).find(|at| lines[*at].is_header()).unwrap_or(lines.len());
    match ((start..end).rev().find(|at| lines[*at].is_statement()), header) {
        (Some(last), _) => {
            let is_closing = |at: &usize| lines[*at].what == What::Remark && is_closing(document.content(*at));
            (last + 1 + (last + 1..end).take_while(is_closing).count(), Gap::Neither)
        }
        (None, Some(_)) => (start, Gap::Neither),
        (None, None) if end == lines.len() => (end, Gap::Before),
        // The comment on the first table stays on it.
        (None, None) => {
            let remarks = lines[..end].iter().rev().take_while(|line| line.what == What::Remark).count();
            (end - remarks, Gap::After)
        }
    }
}

/// The text with `added` in front of line `at`.
fn put(document: &Document<'_>, at: usize, added: &str, gap: Gap, is_marked: bool) -> Added {
    let newline = newline(document.text);
    let start = document.lines.get(at).map_or(document.text.len(), |line| line.span.start);
    let (before, after) = document.text.split_at(start);
    let previous = at.checked_sub(1).map(|last| (&document.lines[last], document.content(last)));
    let is_complete = previous.is_none() || before.ends_with('\n');
    let space = Space {
        before: gap == Gap::Before && previous.is_some_and(|(_, content)| !content.trim().is_empty() || !is_complete),
        after: gap == Gap::After,
        completed: (!is_complete).then(|| body(before).lines().next_back().unwrap_or_default().to_owned()),
        alone: document.lines.iter().all(|line| line.what == What::Blank),
        above: String::new(),
    };
    let text = [
        before,
        if is_complete { "" } else { newline },
        if space.before { newline } else { "" },
        added,
        if space.after { newline } else { "" },
        after,
    ];
    Added { text: text.concat(), space, inner: None, is_marked }
}
