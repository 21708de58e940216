//! Our values as YAML.
//!
//! Only words that no version of YAML takes for something else go without quotes; everything else is written as JSON,
//! which is YAML too.

use serde_json::Map;
use serde_json::Value;

use crate::json_text;

/// What we write follows this.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) newline: &'static str,
    /// One level of indentation.
    pub(super) unit: usize,
    /// How far the dashes of a list are from its key.
    pub(super) list_offset: usize,
}

impl Layout {
    /// What stands behind the colon of a key `indent` deep.
    pub(super) fn value(&self, value: &Value, indent: usize) -> String {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let indent = indent + self.unit;
                let lines = ordered(members).into_iter().map(|(key, value)| {
                    format!("{}{}{}", self.newline, " ".repeat(indent), self.pair(key, value, indent))
                });
                lines.collect()
            }
            Value::Array(elements) if !elements.is_empty() => {
                let indent = indent + self.list_offset;
                let lines = elements
                    .iter()
                    .map(|element| format!("{}{}-{}", self.newline, " ".repeat(indent), self.element(element, indent)));
                lines.collect()
            }
            scalar => format!(" {}", flow(scalar)),
        }
    }

    /// `key: value` as it stands `indent` deep.
    pub(super) fn pair(&self, key: &str, value: &Value, indent: usize) -> String {
        format!("{}:{}", word(key), self.value(value, indent))
    }

    /// What stands behind a dash `indent` deep.
    pub(super) fn element(&self, value: &Value, indent: usize) -> String {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let indent = indent + 2;
                let pairs = ordered(members).into_iter().map(|(key, value)| self.pair(key, value, indent));
                let separator = format!("{}{}", self.newline, " ".repeat(indent));
                format!(" {}", pairs.collect::<Vec<_>>().join(&separator))
            }
            other => format!(" {}", flow(other)),
        }
    }
}

/// `value` on one line, as it may stand between braces.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                ordered(members).into_iter().map(|(key, value)| format!("{}: {}", word(key), flow(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(elements) => format!("[{}]", elements.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => word(text),
        scalar => scalar.to_string(),
    }
}

/// The members as a person would order them: what something is called, then what it is, then its arguments.
fn ordered(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by_key(|(key, value)| (key.as_str() != "name", value.is_object(), value.is_array()));
    members
}

/// `text` with quotes, if it might be taken for anything but a text without them.
pub(super) fn word(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '_'))
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '/' | '_' | '.' | '-' | '@'));
    let lower = text.to_ascii_lowercase();
    let is_taken = matches!(lower.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_plain && !is_taken { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    // What JSON may leave as it is and YAML may not, or takes for a line break.
    let must_escape = |char: &char| {
        matches!(char, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let escape = |out: String, char| out.replace(char, &format!("\\u{:04x}", u32::from(char)));
    text.chars().filter(must_escape).fold(json_text::encode(text), escape)
}
