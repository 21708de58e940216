//! `headroom_retrieve`: the original behind a handle, or a part of it, as plain text.
//!
//! That a handle is unknown is an answer, not an error: agents try a failed call again, and this one would fail for
//! ever.

use rmcp::model::JsonObject;
use serde_json::Value;

use crate::ccr::Handle;
use crate::ccr::select::{Lines, Query, Selected, Selection, select};
use crate::mcp::{Answer, Offer, Originals};

/// How many bytes an answer has at most. Claude Code refuses results above 25,000 tokens, and logs have as few as two
/// bytes a token.
const LIMIT: usize = 32_000;

pub(super) const OFFER: Offer = Offer {
    name: "headroom_retrieve",
    description: "Full text behind a [headroom: ...] marker",
    schema: r#"{
        "type": "object",
        "properties": {
            "handle": {"type": "string"},
            "lines": {"type": "string", "description": "A-B"},
            "query": {"type": "string", "description": "regex; gives matching lines"}
        },
        "required": ["handle"]
    }"#,
    call,
};

fn call(originals: &Originals, arguments: &JsonObject) -> Answer {
    match retrieve(originals, arguments) {
        Ok(text) => Answer::Text(text),
        Err(mistake) => Answer::Mistake(mistake),
    }
}

fn retrieve(originals: &Originals, arguments: &JsonObject) -> Result<String, String> {
    let handle = handle(arguments)?;
    let selection = Selection {
        lines: lines(arguments)?,
        query: argument(arguments, &["query", "search_query"]).map(|text| Query::of(&text)),
        limit: Some(LIMIT),
    };
    let found = originals.store().and_then(|store| store.map_or(Ok(None), |store| store.get(&handle)));
    let original = match found {
        Ok(Some(original)) => original,
        Ok(None) => return Ok(handle.unknown()),
        Err(err) => {
            tracing::error!(error = &err as &dyn std::error::Error, "could not retrieve an original");
            return Err(format!("{err}. Do not ask again: read the source (the file, the command) again instead."));
        }
    };
    match select(&original.text, &selection) {
        Ok(Selected { text, cut: None }) => Ok(text.into_owned()),
        Ok(Selected { text, cut: Some(cut) }) => {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            Ok(format!("{text}{end}\n{cut} In a shell: headroom retrieve {handle}"))
        }
        Err(nothing) => Ok(nothing.to_string()),
    }
}

/// Agents copy the whole hint as often as the handle alone, with the bracket behind it.
fn handle(arguments: &JsonObject) -> Result<Handle, String> {
    let text = argument(arguments, &["handle", "hash", "cache_key"]).ok_or("`handle` is missing")?;
    let last = text.split_whitespace().last().unwrap_or_default();
    let handle = last.trim_matches(|c: char| !c.is_ascii_alphanumeric()).parse::<Handle>();
    handle.map_err(|err| err.to_string())
}

fn lines(arguments: &JsonObject) -> Result<Option<Lines>, String> {
    let text = argument(arguments, &["lines"]);
    text.map(|text| text.parse::<Lines>()).transpose().map_err(|err| err.to_string())
}

/// The first of `names` that is given; a number or a list of two counts as what it would be as text.
fn argument(arguments: &JsonObject, names: &[&str]) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => match &values[..] {
            [Value::Number(first), Value::Number(last)] => Some(format!("{first}-{last}")),
            _ => None,
        },
        _ => None,
    };
    names.iter().find_map(|name| arguments.get(*name).and_then(text)).filter(|text| !text.trim().is_empty())
}
