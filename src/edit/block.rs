//! Marked blocks in Markdown and plain text.

use serde::{Deserialize, Serialize};

use crate::edit::{Error, Reverted};

/// How a block is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {}

/// Adds the block.
pub(crate) fn apply(text: &str, name: &str, block: &str) -> Result<(String, Undo), Error> {
    let _ = (name, block);
    Ok((text.to_owned(), Undo {}))
}

/// Takes the block off.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    let _ = (text, undo);
    Ok(Reverted::NotOurs)
}
