//! Changes to users' files: pure text to text, idempotent, invertible.
//!
//! `apply` says what it changed, in a form that can be stored; `revert` takes exactly that off again and leaves every
//! byte that somebody else changed meanwhile. Neither touches the disk. A text that does not parse is never changed.

pub(crate) mod block;
pub(crate) mod json;
mod lines;
pub(crate) mod toml;
pub(crate) mod yaml;

use serde::{Deserialize, Serialize};

/// A change we want in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub(crate) enum Edit {
    /// The key at `path` of a JSON or JSONC document holds `value`.
    Json { path: Vec<String>, value: serde_json::Value },
    /// The key at `path` of a TOML document holds `value`, between the comment lines `# headroom:LABEL` and
    /// `# /headroom:LABEL`, which are for people only.
    Toml { path: Vec<String>, value: serde_json::Value, label: String },
    /// The key at `path` of a YAML document holds `value`, between the same comment lines where it has lines of its own.
    /// A last step written `[name=x]` is the element of a list whose `name` is `x`.
    Yaml { path: Vec<String>, value: serde_json::Value, label: String },
    /// A Markdown or plain text holds a block between the marker lines `<!-- headroom:NAME -->` and
    /// `<!-- /headroom:NAME -->`.
    Block { name: String, text: String },
}

/// What `apply` did: the new text, and what `revert` needs to take it off again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    pub(crate) text: String,
    pub(crate) undo: Undo,
}

/// How one edit is taken off again; stored in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub(crate) enum Undo {
    Json(json::Undo),
    Toml(toml::Undo),
    Yaml(yaml::Undo),
    Block(block::Undo),
}

/// What `revert` found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reverted {
    /// Our change was there as we left it, and is off.
    Text(String),
    /// Our change is gone already, or somebody changed it since and it is theirs now; the text stays as it is.
    NotOurs,
}

/// Why a text cannot be edited. The caller knows which file it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("not valid {format} at line {line}: {detail}")]
    Syntax { format: &'static str, line: usize, detail: String },
    #[error("`{path}` is not {expected} at line {line}")]
    Shape { path: String, expected: &'static str, line: usize },
}

/// Makes `edit` in `text`. Applying it to the result again changes nothing.
pub(crate) fn apply(text: &str, edit: &Edit) -> Result<Applied, Error> {
    match edit {
        Edit::Json { path, value } => {
            json::apply(text, path, value).map(|(text, undo)| Applied { text, undo: Undo::Json(undo) })
        }
        Edit::Toml { path, value, label } => {
            toml::apply(text, path, value, label).map(|(text, undo)| Applied { text, undo: Undo::Toml(undo) })
        }
        Edit::Yaml { path, value, label } => {
            yaml::apply(text, path, value, label).map(|(text, undo)| Applied { text, undo: Undo::Yaml(undo) })
        }
        Edit::Block { name, text: block } => {
            block::apply(text, name, block).map(|(text, undo)| Applied { text, undo: Undo::Block(undo) })
        }
    }
}

/// Takes off what `apply` did, from the text as it is now.
///
/// Of several edits in one text the last must come off first: only the first one knows that the object they share, or
/// the whole document, was not there before. `revert_all` sees to that.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    match undo {
        Undo::Json(undo) => json::revert(text, undo),
        Undo::Toml(undo) => toml::revert(text, undo),
        Undo::Yaml(undo) => yaml::revert(text, undo),
        Undo::Block(undo) => block::revert(text, undo),
    }
}

/// What `revert_all` left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RevertedAll {
    pub(crate) text: String,
    /// Which of the edits were not ours any more, by their place in the order they were made.
    pub(crate) not_ours: Vec<usize>,
}

/// Takes off several edits of one text, which were made in the order of `undos`.
pub(crate) fn revert_all(text: &str, undos: &[Undo]) -> Result<RevertedAll, Error> {
    let mut all = RevertedAll { text: text.to_owned(), not_ours: Vec::new() };
    for (at, undo) in undos.iter().enumerate().rev() {
        match revert(&all.text, undo)? {
            Reverted::Text(text) => all.text = text,
            Reverted::NotOurs => all.not_ours.insert(0, at),
        }
    }
    Ok(all)
}
