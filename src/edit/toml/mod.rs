//! Owned tables and keys in TOML.
//!
//! What is ours is the key path whose value is still the one we wrote, in whatever layout: agents write their whole
//! configuration back. The comment lines around it are for people and bound nothing, because Codex puts its own tables
//! before our closing line. A value that somebody changed since is theirs, comments inside it included, and an equal
//! value that was there before us is theirs too and never comes off. No text is handed out whose meaning differs from
//! the one before in more than our path.

mod document;
mod inline;
mod insert;
mod layout;
mod node;
mod pieces;
mod remove;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edit::lines::Markers;
use crate::edit::lines::newline;
use crate::edit::toml::document::Document;
use crate::edit::toml::document::Place;
use crate::edit::toml::insert::Space;
use crate::edit::toml::node::Node;
use crate::edit::toml::pieces::Piece;
use crate::edit::{Error, Reverted};
use crate::json_text;

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    path: Vec<String>,
    value: Value,
    label: String,
    /// The comment lines were put around it.
    is_marked: bool,
    was: Was,
}

/// What stood at the path before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Was {
    /// The same value. Nothing is ours.
    Equal,
    /// Another value behind an equals sign, as it was written.
    Value { text: String },
    /// Another table, on lines of its own.
    Lines {
        pieces: Vec<Piece>,
        newline: String,
        /// The same as one value, should the places of its lines be gone.
        inline: String,
    },
    /// Nothing.
    Missing {
        /// How many keys of the path were there.
        existed: usize,
        space: Space,
        /// What stood between the braces of the inline table that the key went into, if that was only white space.
        inner: Option<String>,
    },
}

/// Sets the key at `path` to `value`, between the comment lines of `label` where comment lines can be.
pub(crate) fn apply(text: &str, path: &[String], value: &Value, label: &str) -> Result<(String, Undo), Error> {
    let undo =
        |was, is_marked| Undo { path: path.to_vec(), value: value.clone(), label: label.to_owned(), is_marked, was };
    if path.is_empty() {
        return Err(Error::Shape { path: "(root)".to_owned(), expected: "a key", line: 1 });
    }
    let document = Document::parse(text)?;
    let wanted = layout::of_json(value).ok_or_else(|| document.shape(path, "a value that TOML has", 0))?;
    let place = document.find(path)?;
    if document.root.get(path).is_some_and(|found| *found == Node::of(&wanted)) {
        return Ok((text.to_owned(), undo(Was::Equal, false)));
    }
    let markers = Markers::of(label);
    let (changed, undo) = match place {
        Place::Nowhere { .. } | Place::InInline(_) => {
            let added = insert::insert(&document, path, &place, &wanted, Some(&markers))?;
            let existed = document.root.reach(path);
            let was = Was::Missing { existed, space: added.space, inner: added.inner };
            (added.text, undo(was, added.is_marked))
        }
        Place::Member(..) | Place::Lines(_) if value_span(&document, path, &place).is_some() => {
            let (changed, old) = replace(&document, path, &place, &layout::inline(&wanted));
            (changed, undo(Was::Value { text: old }, false))
        }
        Place::Member(..) | Place::Lines(_) => {
            let Place::Lines(lines) = &place else { return Err(document.shape(path, "a single key", 0)) };
            let replaced = pieces::replace(&document, path, lines, &wanted, &markers)?;
            let inline = pieces::inline(&document, path).unwrap_or_default();
            let was = Was::Lines { pieces: replaced.pieces, newline: newline(text).to_owned(), inline };
            (replaced.text, undo(was, replaced.is_marked))
        }
    };
    if !is_sound(&document, &changed, path, Some(&Node::of(&wanted))) {
        return Err(unsafe_place(&document, path));
    }
    Ok((changed, undo))
}

/// Puts back what stood at the path, or takes the key off.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    if undo.was == Was::Equal {
        return Ok(Reverted::NotOurs);
    }
    let document = Document::parse(text)?;
    let Ok(place) = document.find(&undo.path) else { return Ok(Reverted::NotOurs) };
    let markers = Markers::of(&undo.label);
    if let Place::Nowhere { .. } | Place::InInline(_) = place {
        let left = undo.is_marked.then(|| remove::stray_markers(&document, &markers, &undo.was)).flatten();
        let left = left.map(|left| remove::with_dropped(&document, left, &markers, &undo.was));
        return Ok(left.map_or(Reverted::NotOurs, Reverted::Text));
    }
    if !is_ours(&document, &place, undo, &markers) {
        return Ok(Reverted::NotOurs);
    }
    let old = match &undo.was {
        Was::Value { text } => Some(text),
        Was::Lines { inline, .. } => Some(inline),
        Was::Equal | Was::Missing { .. } => None,
    };
    let old = old.map(|source| value_of(source).ok_or_else(|| unsafe_place(&document, &undo.path))).transpose()?;
    let meaning = old.as_ref().map(Node::of);
    let is_sound = |reverted: &String| is_sound(&document, reverted, &undo.path, meaning.as_ref());
    if let Some(reverted) = in_place(&document, &place, undo, &markers).filter(is_sound) {
        return Ok(Reverted::Text(remove::with_dropped(&document, reverted, &markers, &undo.was)));
    }
    // The agent has given our key another place, where what it was before cannot stand as it was.
    let bare = remove::remove(&document, &place, undo, &markers);
    let reverted = match &old {
        Some(old) => {
            let bare = Document::parse(&bare)?;
            insert::insert(&bare, &undo.path, &bare.find(&undo.path)?, old, None)?.text
        }
        None => bare,
    };
    if is_sound(&reverted) { Ok(Reverted::Text(reverted)) } else { Err(unsafe_place(&document, &undo.path)) }
}

/// The text without our key and with what was there before, if that can stand where our key does.
fn in_place(document: &Document<'_>, place: &Place, undo: &Undo, markers: &Markers) -> Option<String> {
    match &undo.was {
        Was::Equal => None,
        Was::Value { text } => {
            value_span(document, &undo.path, place).map(|span| json_text::splice(document.text, &[(span, text)]))
        }
        Was::Lines { pieces, newline, .. } => match place {
            Place::Lines(lines) => pieces::put_back(document, lines, pieces, newline, undo, markers),
            _ => None,
        },
        Was::Missing { .. } => Some(remove::remove(document, place, undo, markers)),
    }
}

/// Where the value of `path` stands, if it is behind an equals sign.
fn value_span(document: &Document<'_>, path: &[String], place: &Place) -> Option<json_text::Span> {
    let value = match place {
        Place::Member(_, member) => member.value,
        Place::Lines(lines) => match (lines.as_slice(), &document.lines[lines[0]]) {
            ([_], line) if line.path == path => match line.what {
                document::What::Key { value } => value,
                _ => return None,
            },
            _ => return None,
        },
        Place::InInline(_) | Place::Nowhere { .. } => return None,
    };
    Some(document.tokens[value].span.start..document.tokens[document.end(value)].span.end)
}

fn replace(document: &Document<'_>, path: &[String], place: &Place, value: &str) -> (String, String) {
    let span = value_span(document, path, place).unwrap_or_default();
    (json_text::splice(document.text, &[(span.clone(), value)]), document.text[span].to_owned())
}

/// Whether the value is still what we wrote, in whatever layout, and nobody wrote a comment into it.
fn is_ours(document: &Document<'_>, place: &Place, undo: &Undo, markers: &Markers) -> bool {
    let Some(wanted) = layout::of_json(&undo.value) else { return false };
    let is_remarked = match place {
        Place::Member(_, member) => document.has_comment(member.value, member.end),
        Place::Lines(lines) => match value_span(document, &undo.path, place) {
            // What stands behind a value in its line was there before us when only the value is ours.
            Some(span) if matches!(undo.was, Was::Value { .. }) => document
                .tokens
                .iter()
                .any(|token| token.kind == document::Kind::Comment && span.contains(&token.span.start)),
            _ => pieces::is_remarked(document, lines, markers),
        },
        Place::InInline(_) | Place::Nowhere { .. } => true,
    };
    !is_remarked && document.root.get(&undo.path).is_some_and(|found| *found == Node::of(&wanted))
}

/// Whether `changed` means what `document` means, but for `value` at `path`.
fn is_sound(document: &Document<'_>, changed: &str, path: &[String], value: Option<&Node>) -> bool {
    Document::parse(changed).is_ok_and(|changed| {
        changed.root.get(path) == value && changed.root.clone().without(path) == document.root.clone().without(path)
    })
}

fn unsafe_place(document: &Document<'_>, path: &[String]) -> Error {
    let at = document.lines.iter().find(|line| line.path.starts_with(path)).map_or(0, |line| line.span.start);
    document.shape(path, "a key that can be edited where it stands", at)
}

fn value_of(source: &str) -> Option<toml_edit::Value> {
    source.parse().ok()
}
