//! Our values as TOML.
//!
//! A table gets a header and a line for each key, and tables in it get headers of their own: that is what Codex writes
//! and what its documentation shows.

use serde_json::Value;
use toml_edit::Array;
use toml_edit::InlineTable;
use toml_edit::Key;

use crate::json_text;

/// `value` in TOML. `None` when TOML has no counterpart: `null`, or an integer beyond 64 bits.
pub(super) fn of_json(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(is) => (*is).into(),
        Value::Number(number) if number.is_u64() && number.as_i64().is_none() => return None,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        // A line break in a string would be taken for one of the document.
        Value::String(text) if text.contains('\n') => {
            json_text::encode(text).replace('\u{7f}', "\\u007f").parse().ok()?
        }
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(of_json).collect::<Option<Array>>()?.into(),
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            // What a server is comes before its arguments.
            members.sort_by_key(|(_, value)| (value.is_object(), value.is_array()));
            let members = members.into_iter().map(|(key, value)| Some((key.as_str(), of_json(value)?)));
            members.collect::<Option<InlineTable>>()?.into()
        }
    })
}

/// `path` as a dotted key.
pub(super) fn dotted(path: &[String]) -> String {
    path.iter().map(|key| Key::new(key).to_string()).collect::<Vec<_>>().join(".")
}

/// `path = value` on one line, without a line break.
pub(super) fn pair(path: &[String], value: &toml_edit::Value) -> String {
    format!("{} = {}", dotted(path), inline(value))
}

/// `value` as it stands behind an equals sign.
pub(super) fn inline(value: &toml_edit::Value) -> String {
    value.to_string().trim().to_owned()
}

/// The lines of the table at `path`, each with `newline`.
pub(super) fn table(path: &[String], members: &InlineTable, newline: &str) -> String {
    let has_header = |value: &toml_edit::Value| value.as_inline_table().is_some_and(|table| !table.is_empty());
    let mut out = format!("[{}]{newline}", dotted(path));
    for (key, value) in members.iter().filter(|(_, value)| !has_header(value)) {
        out.push_str(&pair(&[key.to_owned()], value));
        out.push_str(newline);
    }
    for (key, value) in members {
        if let Some(inner) = value.as_inline_table().filter(|_| has_header(value)) {
            let path = path.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
            out.push_str(newline);
            out.push_str(&table(&path, inner, newline));
        }
    }
    out
}
