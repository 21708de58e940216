//! Owned key paths in YAML.
//!
//! A text is refused rather than changed where the place of the key cannot be told for sure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edit::{Error, Reverted};

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    path: Vec<String>,
    value: Value,
}

/// Sets the key at `path` to `value`.
pub(crate) fn apply(_text: &str, path: &[String], _value: &Value, _label: &str) -> Result<(String, Undo), Error> {
    Err(Error::Shape { path: path.join("."), expected: "a key that can be edited", line: 1 })
}

/// Takes the key off.
pub(crate) fn revert(_text: &str, _undo: &Undo) -> Result<Reverted, Error> {
    Ok(Reverted::NotOurs)
}

/// The name in a step `[name=x]`, or the key that another step is.
pub(crate) fn name(step: &str) -> &str {
    step.strip_prefix("[name=").and_then(|rest| rest.strip_suffix(']')).unwrap_or(step)
}
