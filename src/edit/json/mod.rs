//! Owned key paths in JSON and JSONC.
//!
//! There is no mark in the text: what is ours is the key path whose value is still the one we wrote. So a value that
//! somebody changed since is theirs, comments inside it included, and an equal value that was there before us is theirs
//! too and never comes off.

mod document;
mod layout;
mod member;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::Value;

use crate::edit::json::document::Document;
use crate::edit::json::document::Member;
use crate::edit::json::document::OBJECT;
use crate::edit::json::document::is_blank;
use crate::edit::json::document::value_of;
use crate::edit::json::layout::Layout;
use crate::edit::lines::body;
use crate::edit::{Error, Reverted};
use crate::json_text;

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    path: Vec<String>,
    value: Value,
    was: Was,
    /// The indentation of the document when we left it, if `JSON.stringify` could have written it. If it has become
    /// another one since, what we put back is laid out to fit.
    indentation: Option<String>,
}

/// What stood at the path before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Was {
    /// The same value. Nothing is ours.
    Equal,
    /// Another value, as it was written.
    Other { text: String },
    /// Nothing.
    Missing {
        /// How many of the objects on the path are ours, counted from the key upwards.
        made: usize,
        /// What stood between the braces of the first object that is not ours, if that was only white space.
        inner: Option<String>,
        /// The whole text, if it held no document.
        blank: Option<String>,
    },
}

/// Sets the key at `path` to `value`.
pub(crate) fn apply(text: &str, path: &[String], value: &Value) -> Result<(String, Undo), Error> {
    let undo = |was, indentation| Undo { path: path.to_vec(), value: value.clone(), was, indentation };
    if path.is_empty() {
        return Err(Error::Shape { path: "(root)".to_owned(), expected: "a key", line: 1 });
    }
    if is_blank(text) {
        let made = path.len() - 1;
        let (changed, blank) = (create(text, path, value), Some(text.to_owned()));
        let indentation = layout::indentation(&Document::parse(&changed)?);
        return Ok((changed, undo(Was::Missing { made, inner: None, blank }, indentation)));
    }
    let document = Document::parse(text)?;
    let steps = document.walk(path)?;
    let (depth, step) = steps.iter().enumerate().next_back().expect("the path is not empty, so it has a step");
    let (changed, was) = match step.found {
        Some(found) if same(value_of(document.source(found.value, found.end)).as_ref(), value) => {
            return Ok((text.to_owned(), undo(Was::Equal, None)));
        }
        Some(found) => {
            let old = document.source(found.value, found.end).to_owned();
            (replace(&document, found, value), Was::Other { text: old })
        }
        None => {
            let made = path.len() - 1 - depth;
            let (changed, inner) = member::add(&document, step, &path[depth], &nest(&path[depth + 1..], value));
            (changed, Was::Missing { made, inner, blank: None })
        }
    };
    // Parsing what we are about to hand out is the last guard of the user's file.
    let indentation = layout::indentation(&Document::parse(&changed)?);
    Ok((changed, undo(was, indentation)))
}

/// A document that holds only the key, in place of the white space of `text`.
fn create(text: &str, path: &[String], value: &Value) -> String {
    let mark = &text[..text.len() - body(text).len()];
    let layout = Layout::fresh(text);
    format!("{mark}{}{}", layout.value(&nest(path, value), Some("")), layout.newline)
}

fn nest(path: &[String], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |value, key| Value::Object(Map::from_iter([(key.clone(), value)])))
}

fn replace(document: &Document<'_>, found: Member, value: &Value) -> String {
    let starts_line = document.gap(found.key).contains('\n');
    let indent = starts_line.then(|| document.indent(found.key));
    let span = document.tokens[found.value].span.start..document.tokens[found.end].span.end;
    json_text::splice(document.text, &[(span, &Layout::of(document).value(value, indent))])
}

/// Puts back what stood at the key, or takes the key off, with the objects that were made for it and hold nothing else.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    if undo.was == Was::Equal || is_blank(text) {
        return Ok(Reverted::NotOurs);
    }
    let document = Document::parse(text)?;
    let reverted = match &undo.was {
        Was::Equal => None,
        Was::Other { text: old } => put_back(&document, undo, old)?,
        Was::Missing { made, inner, blank } => take_off(&document, undo, *made, inner.as_deref(), blank.as_deref())?,
    };
    let Some(reverted) = reverted else { return Ok(Reverted::NotOurs) };
    if !is_blank(&reverted) {
        Document::parse(&reverted)?;
    }
    Ok(Reverted::Text(reverted))
}

fn put_back(document: &Document<'_>, undo: &Undo, old: &str) -> Result<Option<String>, Error> {
    let Some(steps) = walk(document, undo)? else { return Ok(None) };
    let Some(found) = steps.last().and_then(|step| step.found) else { return Ok(None) };
    if !is_ours(document, undo, found) {
        return Ok(None);
    }
    let fitted = match rewritten(document, undo) {
        Some(indentation) => layout::stringified(&Document::parse(old)?, &indentation, undo.path.len()),
        None => None,
    };
    let span = document.tokens[found.value].span.start..document.tokens[found.end].span.end;
    Ok(Some(json_text::splice(document.text, &[(span, fitted.as_deref().unwrap_or(old))])))
}

fn take_off(
    document: &Document<'_>,
    undo: &Undo,
    made: usize,
    inner: Option<&str>,
    blank: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(steps) = walk(document, undo)? else { return Ok(None) };
    let theirs = undo.path.len() - made;
    let is_made = |depth: usize| depth >= theirs || (depth == 0 && blank.is_some());
    let goes_with_its_member = |depth: usize| {
        let has_comments_around = depth == 0 && (steps[0].open, steps[0].close) != (0, document.tokens.len() - 1);
        is_made(depth) && !has_comments_around && member::is_alone(document, &steps[depth])
    };
    let last = steps.len() - 1;
    let outermost = match steps[last].found {
        Some(found) => is_ours(document, undo, found).then_some(Some(last)),
        // The key is gone, but an object that was made for it may still be there, and empty.
        None => (steps[last].members.is_empty() && goes_with_its_member(last)).then(|| last.checked_sub(1)),
    };
    let Some(mut depth) = outermost else { return Ok(None) };
    while let Some(within) = depth.filter(|depth| goes_with_its_member(*depth)) {
        depth = within.checked_sub(1);
    }
    let Some((step, member)) = depth.and_then(|depth| Some((&steps[depth], steps[depth].found?))) else {
        return Ok(blank.map(str::to_owned));
    };
    let inner = inner.filter(|_| rewritten(document, undo).is_none()).unwrap_or_default();
    Ok(Some(member::remove(document, step, member, inner)))
}

/// The objects along the path. `None` when one of them has become something else, so that our key is gone.
fn walk(document: &Document<'_>, undo: &Undo) -> Result<Option<Vec<document::Step>>, Error> {
    match document.walk(&undo.path) {
        Ok(steps) => Ok(Some(steps)),
        Err(Error::Shape { expected: OBJECT, .. }) => Ok(None),
        Err(err) => Err(err),
    }
}

/// Whether the value is still what we wrote, in whatever layout.
fn is_ours(document: &Document<'_>, undo: &Undo, found: Member) -> bool {
    !document.has_comment(found.value, found.end)
        && same(value_of(document.source(found.value, found.end)).as_ref(), &undo.value)
}

/// The indentation of a document that was rewritten as a whole since we left it.
fn rewritten(document: &Document<'_>, undo: &Undo) -> Option<String> {
    layout::indentation(document).filter(|indentation| undo.indentation.as_ref() != Some(indentation))
}

/// Whether two values are equal to a program that has one type of number: rewriting turns `1.0` into `1`.
fn same(left: Option<&Value>, right: &Value) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Some(Value::Array(left)), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(Some(left), right))
        }
        (Some(Value::Object(left)), Value::Object(right)) => {
            left.len() == right.len() && right.iter().all(|(key, right)| same(left.get(key), right))
        }
        (left, right) => left == Some(right),
    }
}
