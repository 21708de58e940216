//! Owned key paths in YAML.
//!
//! The same as for JSON: what is ours is the key path whose value is still the one we wrote, in whatever layout; the
//! comment lines around it are for people. A path may end in a list, at the element that has a name. What YAML can do
//! beyond that, such as a value that an alias refers to, is refused rather than changed, and no text is handed out
//! whose meaning differs from the one before in more than our path.

mod document;
mod flow;
mod layout;
mod node;
mod place;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edit::lines::Markers;
use crate::edit::lines::cut;
use crate::edit::yaml::document::Document;
use crate::edit::yaml::document::End;
use crate::edit::yaml::document::MAPPING;
use crate::edit::yaml::document::Step;
use crate::edit::yaml::document::element;
use crate::edit::yaml::document::extent;
use crate::edit::yaml::document::has_anchor;
use crate::edit::yaml::document::is_flow;
use crate::edit::yaml::document::shape;
use crate::edit::yaml::document::span;
use crate::edit::yaml::document::value_part;
use crate::edit::yaml::node::Node;
use crate::edit::{Error, Reverted};

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    path: Vec<String>,
    value: Value,
    label: String,
    was: Was,
}

/// What stood at the path before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Was {
    /// The same value. Nothing is ours.
    Equal,
    /// Another value, as it was written behind its colon or dash, which stood this far from the start of the line.
    Other { text: String, column: usize, newline: String },
    /// Nothing.
    Missing {
        /// How many of the mappings and lists on the path are ours, counted from the key upwards.
        made: usize,
        /// What stood in place of the first one that is not ours, if that held nothing.
        parent: Option<String>,
        /// The last line of the text, if it got a line break.
        completed: Option<String>,
    },
}

/// The name in a step `[name=x]`, or the key that another step is.
pub(crate) fn name(step: &str) -> &str {
    element(step).unwrap_or(step)
}

/// Sets the key at `path` to `value`, between the comment lines of `label` where comment lines can be.
pub(crate) fn apply(text: &str, path: &[String], value: &Value, label: &str) -> Result<(String, Undo), Error> {
    let undo = |was| Undo { path: path.to_vec(), value: value.clone(), label: label.to_owned(), was };
    let Some((last, parents)) = path.split_last() else { return Err(shape(text, &[], "a key", 0)) };
    if parents.iter().any(|step| element(step).is_some()) {
        return Err(shape(text, path, "a path with a list at its end only", 0));
    }
    let value = &named(value, last).ok_or_else(|| shape(text, path, MAPPING, 0))?;
    let document = Document::parse(text)?;
    let wanted = Node::of_json(value);
    let (steps, end) = document.walk(path)?;
    if end == End::Found && document.root.get(path) == Some(&wanted) {
        return Ok((text.to_owned(), undo(Was::Equal)));
    }
    let (changed, was) = match end {
        End::Found => {
            let entry = steps.last().and_then(|step| step.found.as_ref());
            let entry = entry.ok_or_else(|| refused(&document, path, &steps))?;
            if has_anchor(entry) {
                return Err(shape(text, path, "free of anchors", span(entry).start));
            }
            place::replace(&document, entry, value).ok_or_else(|| refused(&document, path, &steps))?
        }
        end => place::insert(&document, path, &steps, &end, value, &Markers::of(label))
            .ok_or_else(|| refused(&document, path, &steps))?,
    };
    if !is_sound(&document, &changed, path, Some(&wanted)) {
        return Err(refused(&document, path, &steps));
    }
    Ok((changed, undo(was)))
}

/// Puts back what stood at the path, or takes the key off.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    if undo.was == Was::Equal {
        return Ok(Reverted::NotOurs);
    }
    let document = Document::parse(text)?;
    let Ok((steps, end)) = document.walk(&undo.path) else { return Ok(Reverted::NotOurs) };
    let markers = Markers::of(&undo.label);
    if end != End::Found {
        let completed = match &undo.was {
            Was::Missing { completed, .. } => completed.as_deref(),
            _ => return Ok(Reverted::NotOurs),
        };
        let strays = markers.strays(&document.remarks(), &|part| document.is_used(&part));
        let is_none = strays.is_empty();
        return Ok(if is_none { Reverted::NotOurs } else { Reverted::Text(cut(text, &strays, completed)) });
    }
    if !is_ours(&document, &steps, undo, &markers) {
        return Ok(Reverted::NotOurs);
    }
    let reverted = match &undo.was {
        Was::Equal => None,
        Was::Other { text: old, column, newline } => place::put_back(&document, &steps, old, *column, newline)
            .into_iter()
            .find(|(reverted, old)| match old {
                Some(old) => is_sound(&document, reverted, &undo.path, Some(old)),
                None => keeps_the_rest(&document, reverted, &undo.path),
            })
            .map(|(reverted, _)| reverted),
        Was::Missing { made, parent, completed } => {
            let removed = place::remove(&document, &steps, *made, parent.as_deref(), completed.as_deref(), &markers);
            removed.filter(|reverted| is_sound(&document, reverted, &undo.path, None))
        }
    };
    reverted.map(Reverted::Text).ok_or_else(|| refused(&document, &undo.path, &steps))
}

/// `value` with the name that the step asks for. `None` when it cannot have one.
fn named(value: &Value, step: &str) -> Option<Value> {
    let Some(name) = element(step) else { return Some(value.clone()) };
    let mut members = value.as_object()?.clone();
    let found = members.entry("name").or_insert_with(|| name.into());
    (found == name).then_some(Value::Object(members))
}

/// Whether the value is still what we wrote, in whatever layout, and nobody wrote a comment into it.
fn is_ours(document: &Document<'_>, steps: &[Step], undo: &Undo, markers: &Markers) -> bool {
    let Some(step) = steps.last() else { return false };
    let Some(entry) = &step.found else { return false };
    let part = match undo.was {
        Was::Missing { .. } if !is_flow(&step.container) => document.lines(&extent(entry)),
        _ => value_part(entry).unwrap_or_else(|| extent(entry)),
    };
    let wanted = undo.path.last().and_then(|step| named(&undo.value, step));
    !document.has_comment(&part, &[&markers.open, &markers.close])
        && wanted.is_some_and(|wanted| document.root.get(&undo.path) == Some(&Node::of_json(&wanted)))
}

/// Whether `changed` means what `document` means, but for `value` at `path`.
fn is_sound(document: &Document<'_>, changed: &str, path: &[String], value: Option<&Node>) -> bool {
    Document::parse(changed).is_ok_and(|changed| changed.root.get(path) == value)
        && keeps_the_rest(document, changed, path)
}

fn keeps_the_rest(document: &Document<'_>, changed: &str, path: &[String]) -> bool {
    Document::parse(changed).is_ok_and(|changed| changed.root.without(path) == document.root.clone().without(path))
}

fn refused(document: &Document<'_>, path: &[String], steps: &[Step]) -> Error {
    let step = steps.last().map(|step| step.found.as_ref().unwrap_or(&step.container));
    shape(document.text, path, "a key that can be edited where it stands", step.map_or(0, |step| span(step).start))
}
