//! Owned tables and keys in TOML.
//!
//! What is ours is the key path whose value is still the one we wrote. The comment lines around it are for people.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edit::{Error, Reverted};

/// How a key is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    path: Vec<String>,
    value: Value,
    written: String,
}

/// Sets the key at `path` to `value`.
pub(crate) fn apply(text: &str, path: &[String], value: &Value, label: &str) -> Result<(String, Undo), Error> {
    let document = parse(text)?;
    let undo = |written| Undo { path: path.to_vec(), value: value.clone(), written };
    let mut at = Some(document.as_item());
    for key in path {
        at = at.and_then(|item| item.get(key));
    }
    if at.is_some() {
        return Err(Error::Shape { path: path.join("."), expected: "absent", line: 1 });
    }
    let mut table = toml_edit::ser::to_document(value)
        .map_err(|_| Error::Shape { path: path.join("."), expected: "a table", line: 1 })?
        .to_string();
    if !table.ends_with('\n') {
        table.push('\n');
    }
    let header: Vec<String> = path.iter().map(|key| toml_edit::Key::new(key).to_string()).collect();
    let lead = if text.is_empty() {
        ""
    } else if text.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let header = header.join(".");
    let written = format!("{lead}# headroom:{label}\n[{header}]\n{table}# /headroom:{label}\n");
    let changed = format!("{text}{written}");
    parse(&changed)?;
    Ok((changed, undo(written)))
}

/// Takes the key off.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    parse(text)?;
    match text.split_once(&undo.written) {
        Some((before, after)) => Ok(Reverted::Text(format!("{before}{after}"))),
        None => Ok(Reverted::NotOurs),
    }
}

fn parse(text: &str) -> Result<toml_edit::Document<&str>, Error> {
    toml_edit::Document::parse(text).map_err(|err| {
        let at = err.span().map_or(0, |span| span.start);
        let line = 1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
        Error::Syntax { format: "TOML", line, detail: err.message().to_owned() }
    })
}
