//! Messages as what must stay together: a call and its outputs, a thought and what follows from it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json_text;
use crate::json_text::Span;

/// Who a message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    System,
    User,
    Assistant,
    /// The outputs of calls.
    Tool,
}

/// One message, or one item of `/v1/responses`.
#[derive(Debug)]
pub(super) struct Item {
    /// Where it stands in the list.
    pub(super) span: Span,
    pub(super) speaker: Speaker,
    /// The tools it calls.
    pub(super) calls: Vec<String>,
    /// All that is said in it.
    pub(super) text: String,
}

impl Item {
    pub(super) fn is_spoken_by_user(&self) -> bool {
        self.speaker == Speaker::User
    }
}

/// Items that must be kept or left out together.
#[derive(Debug)]
pub(super) struct Group {
    /// Indices of the first item and of the one behind the last.
    pub(super) items: std::ops::Range<usize>,
    pub(super) speaker: Speaker,
}

#[derive(Deserialize)]
struct Message {
    role: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
}

/// The messages of a list; none where it is no list of messages.
pub(super) fn items(list: &str) -> Vec<Item> {
    let raw: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    raw.into_iter()
        .filter_map(|raw| {
            let message: Message = serde_json::from_str(raw.get()).ok()?;
            Some(item(json_text::span_of(list, raw), message))
        })
        .collect()
}

fn item(span: Span, message: Message) -> Item {
    let parts = message.content.as_array().map(Vec::as_slice).unwrap_or_default();
    let kind_of = |part: &Value| part["type"].as_str().unwrap_or_default().to_owned();
    let kind = message.kind.as_deref().unwrap_or_default();
    let has_results = parts.iter().any(|part| kind_of(part) == "tool_result");
    let speaks = parts.iter().any(|part| kind_of(part) == "text");
    let speaker = match message.role.as_deref() {
        Some("system" | "developer") => Speaker::System,
        Some("assistant") => Speaker::Assistant,
        Some("tool" | "function") => Speaker::Tool,
        Some("user") if has_results && !speaks => Speaker::Tool,
        // An answer to a call in which the user speaks as well belongs to the call.
        Some("user") if has_results => Speaker::Tool,
        Some(_) => Speaker::User,
        None if kind.ends_with("_output") => Speaker::Tool,
        None => Speaker::Assistant,
    };
    let mut calls: Vec<String> = Vec::new();
    calls.extend(parts.iter().filter(|part| kind_of(part) == "tool_use").filter_map(name_of));
    calls.extend(message.tool_calls.iter().flatten().filter_map(|call| name_of(&call["function"])));
    calls.extend(message.name.filter(|_| kind.ends_with("_call")));
    let mut text = String::new();
    for value in [&message.content, &message.output, &message.arguments] {
        read(value, &mut text);
    }
    Item { span, speaker, calls, text }
}

fn name_of(part: &Value) -> Option<String> {
    part["name"].as_str().map(str::to_owned)
}

/// All strings in `value`.
fn read(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => {
            text.push_str(string);
            text.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| read(item, text)),
        Value::Object(members) => members.values().for_each(|item| read(item, text)),
        _ => {}
    }
}

/// The groups of `items`, in order. What the assistant says in a row and the outputs behind it are one.
pub(super) fn groups(items: &[Item]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| items[before].speaker);
        let belongs = match item.speaker {
            Speaker::Tool => before.is_some(),
            Speaker::Assistant => before == Some(Speaker::Assistant),
            Speaker::User | Speaker::System => false,
        };
        match groups.last_mut().filter(|_| belongs) {
            Some(group) => group.items.end = index + 1,
            None => groups.push(Group { items: index..index + 1, speaker: item.speaker }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(list: &str) -> Vec<usize> {
        groups(&items(list)).into_iter().map(|group| group.items.len()).collect()
    }

    #[test]
    fn a_call_stays_with_its_outputs_on_every_wire() {
        let anthropic = r#"[{"role":"user","content":"q"},
            {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"Bash","input":{"command":"ls"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"},{"type":"text","text":"and"}]},
            {"role":"assistant","content":"done"}]"#;
        assert_eq!(grouped(anthropic), [1, 2, 1]);
        assert_eq!(items(anthropic)[1].calls, ["Bash"]);
        let chat = r#"[{"role":"system","content":"s"},{"role":"user","content":"q"},
            {"role":"assistant","tool_calls":[{"id":"a","function":{"name":"sh","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":"x"},{"role":"tool","tool_call_id":"b","content":"y"}]"#;
        assert_eq!(grouped(chat), [1, 1, 3]);
        let responses = r#"[{"role":"user","content":"q"},{"type":"reasoning","summary":[]},
            {"type":"function_call","name":"sh","call_id":"a","arguments":"{}"},
            {"type":"function_call_output","call_id":"a","output":"x"},
            {"type":"function_call","name":"sh","call_id":"b","arguments":"{}"},
            {"type":"function_call_output","call_id":"b","output":"x"}]"#;
        assert_eq!(grouped(responses), [1, 3, 2]);
        assert_eq!(items(responses)[2].calls, ["sh"]);
    }
}
