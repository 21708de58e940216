//! Anthropic messages.
//!
//! Blocks are the texts of `tool_result` parts, and long texts of the user. `system`, `tools`, assistant content,
//! thinking and its signatures are never looked into.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json_text;
use crate::provider::Usage;
use crate::provider::chain::hash_value;
use crate::provider::conversation::{Block, Call, Conversation, Origin, USER_TEXT_FLOOR, is_array, is_string};

/// How Claude Code opens the texts that it adds to a user message itself.
const REMINDER: &str = "<system-reminder>";

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
    #[serde(borrow, default)]
    tools: Vec<Tool<'a>>,
    /// What the provider is to clear of the history, tool results among it.
    #[serde(borrow)]
    context_management: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    is_error: Option<bool>,
}

/// Finds the blocks of a `/v1/messages` body.
pub(crate) fn parse(text: &str) -> Result<Conversation<'_>, serde_json::Error> {
    let body: Body = serde_json::from_str(text)?;
    let last_assistant = body.messages.iter().rposition(|message| message.role == "assistant");
    let mut found = Found { text, ..Found::default() };
    for (index, message) in body.messages.iter().enumerate() {
        let is_live = last_assistant.is_none_or(|last| index > last);
        match message.role.as_ref() {
            "assistant" => found.read_calls(message.content)?,
            "user" => found.read_user(message.content, index, is_live)?,
            _ => {}
        }
    }
    let chained = found.texts_to_chain(&body.messages)?;
    let mut blocks = found.blocks;
    blocks.extend(chained);
    blocks.sort_by_key(|block| block.span.start);
    Ok(Conversation {
        text,
        model: body.model,
        blocks,
        answers: Vec::new(),
        tools: body.tools.into_iter().filter_map(|tool| tool.name).collect(),
        question: found.question,
        announcements: found.announcements,
        may_be_cut: body.context_management.is_some_and(cuts_results),
    })
}

/// An edit of the context that takes thoughts away and nothing else.
const CLEARS_THINKING: &str = "clear_thinking_";

/// Whether tool results may be gone from what the model sees. What is not understood may do anything.
fn cuts_results(context_management: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Management<'a> {
        #[serde(borrow)]
        edits: Vec<Part<'a>>,
    }
    serde_json::from_str(context_management.get())
        .map_or(true, |asked: Management| asked.edits.iter().any(|edit| !edit.kind.starts_with(CLEARS_THINKING)))
}

/// What one walk over the messages finds.
#[derive(Default)]
struct Found<'a> {
    text: &'a str,
    calls: HashMap<Cow<'a, str>, Call<'a>>,
    blocks: Vec<Block<'a>>,
    /// Long texts of the user: message, part, value, live.
    texts: Vec<(usize, usize, &'a RawValue, bool)>,
    question: String,
    announcements: Vec<Cow<'a, str>>,
}

impl<'a> Found<'a> {
    fn read_calls(&mut self, content: &'a RawValue) -> Result<(), serde_json::Error> {
        if !is_array(content) {
            return Ok(());
        }
        let parts: Vec<Part> = serde_json::from_str(content.get())?;
        for part in parts {
            if let (Some(id), Some(name), Some(arguments)) = (part.id, part.name, part.input) {
                self.calls.insert(id, Call { name, arguments: Cow::Borrowed(arguments.get()) });
            }
        }
        Ok(())
    }

    fn read_user(&mut self, content: &'a RawValue, message: usize, is_live: bool) -> Result<(), serde_json::Error> {
        if is_string(content) {
            self.read_text(content, message, 0, is_live);
        } else if is_array(content) {
            let parts: Vec<Part> = serde_json::from_str(content.get())?;
            for (index, part) in parts.into_iter().enumerate() {
                match (part.kind.as_ref(), part.text) {
                    ("text", Some(text)) if is_string(text) => self.read_text(text, message, index, is_live),
                    ("tool_result", _) => self.read_result(part, message, is_live)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_text(&mut self, value: &'a RawValue, message: usize, part: usize, is_live: bool) {
        let Some(text) = json_text::decode(value.get()) else { return };
        if text.starts_with(REMINDER) {
            self.announcements.push(text);
            return;
        }
        if text.len() >= USER_TEXT_FLOOR {
            self.texts.push((message, part, value, is_live));
        } else {
            // The question is the last thing the user said in few words.
            self.question = text.into_owned();
        }
    }

    fn read_result(&mut self, part: Part<'a>, message: usize, is_live: bool) -> Result<(), serde_json::Error> {
        let (Some(call_id), Some(content)) = (part.tool_use_id, part.content) else { return Ok(()) };
        let mut strings = Vec::new();
        if is_string(content) {
            strings.push((0, content));
        } else if is_array(content) {
            let inner: Vec<Part> = serde_json::from_str(content.get())?;
            let texts = inner.into_iter().enumerate().filter(|(_, part)| part.kind == "text");
            strings.extend(texts.filter_map(|(index, part)| Some((index, part.text?))));
        }
        for (index, string) in strings.into_iter().filter(|(_, string)| is_string(string)) {
            if memchr::memmem::find(string.get().as_bytes(), REMINDER.as_bytes()).is_some() {
                self.announcements.extend(json_text::decode(string.get()));
            }
            self.blocks.push(Block {
                span: json_text::span_of(self.text, string),
                origin: Origin::Tool {
                    call_id: call_id.clone(),
                    part: index,
                    call: self.calls.get(&call_id).cloned(),
                    is_error: part.is_error.unwrap_or(false),
                },
                is_live,
                message,
            });
        }
        Ok(())
    }

    /// The blocks of long user texts. They carry no id, so each is known by a hash over all messages before it.
    fn texts_to_chain(&self, messages: &[Message<'a>]) -> Result<Vec<Block<'a>>, serde_json::Error> {
        let mut hasher = blake3::Hasher::new();
        let mut done = 0;
        let mut blocks = Vec::new();
        for (message, part, value, is_live) in &self.texts {
            while done < *message {
                hash_message(&mut hasher, &messages[done])?;
                done += 1;
            }
            blocks.push(Block {
                span: json_text::span_of(self.text, value),
                origin: Origin::User { chain: *hasher.finalize().as_bytes(), part: *part },
                is_live: *is_live,
                message: *message,
            });
        }
        Ok(blocks)
    }
}

/// What clients move from turn to turn.
const IGNORED: &[&str] = &["cache_control"];

/// Hashes a message so that what clients change from turn to turn does not count: `cache_control` at any depth, and
/// whether a lone text is a string or a list of one part.
fn hash_message(hasher: &mut blake3::Hasher, message: &Message) -> Result<(), serde_json::Error> {
    hasher.update(message.role.as_bytes()).update(b"\0");
    if is_array(message.content) {
        let parts: Vec<&RawValue> = serde_json::from_str(message.content.get())?;
        if let [part] = parts[..] {
            let lone: Part = serde_json::from_str(part.get())?;
            if let ("text", Some(text)) = (lone.kind.as_ref(), lone.text) {
                return hash_value(hasher, text, IGNORED);
            }
        }
    }
    hash_value(hasher, message.content, IGNORED)
}

/// An error of ours as Anthropic would phrase it.
pub(crate) fn error_body(message: &str) -> String {
    serde_json::json!({"type": "error", "error": {"type": "api_error", "message": message}}).to_string()
}

#[derive(Deserialize)]
struct Response {
    usage: Option<Counts>,
    message: Option<Box<Response>>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "cache_read_input_tokens")]
    cache_read: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens")]
    cache_write: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
}

/// The usage that a response body, or the data of one event, states.
pub(crate) fn usage(json: &[u8]) -> Option<Usage> {
    let response: Response = serde_json::from_slice(json).ok()?;
    let counts = response.usage.or_else(|| response.message?.usage)?;
    Some(Usage {
        input: counts.input,
        cache_read: counts.cache_read,
        cache_write: counts.cache_write,
        output: counts.output,
    })
}

/// Whether an event of this name states usage.
pub(crate) fn states_usage(event: &str) -> bool {
    matches!(event, "message_start" | "message_delta")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Vec<(String, bool)> {
        let conversation = parse(text).unwrap();
        conversation
            .blocks
            .iter()
            .map(|block| (conversation.decode(block).unwrap().into_owned(), block.is_live))
            .collect()
    }

    #[test]
    fn results_behind_the_last_assistant_message_are_live_whatever_their_shape() {
        let text = r#"{"model":"m","messages":[
            {"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"Bash","input":{"command":"ls"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"old"}]},
            {"role":"assistant","content":[{"type":"tool_use","id":"b","name":"Read","input":{}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"n\u00e9w"},{"type":"image","source":{}},
                 {"type":"text","text":"two"}],"cache_control":{"type":"ephemeral"}}]}]}"#;
        assert_eq!(blocks(text), [("old".into(), false), ("néw".into(), true), ("two".into(), true)]);
        let conversation = parse(text).unwrap();
        let Origin::Tool { call, part, .. } = &conversation.blocks[2].origin else { panic!("a tool result") };
        assert_eq!((call.as_ref().unwrap().name.as_ref(), *part), ("Read", 2));
    }

    #[test]
    fn a_duplicate_key_makes_the_whole_body_opaque() {
        assert!(parse(r#"{"messages":[],"messages":[]}"#).is_err());
    }

    #[test]
    fn an_assistant_prefill_leaves_nothing_live() {
        let text = r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]},
            {"role":"assistant","content":"The answer is"}]}"#;
        assert_eq!(blocks(text), [("x".into(), false)]);
    }

    #[test]
    fn the_chain_ignores_cache_marks_and_the_shape_of_a_lone_text() {
        let long = "x".repeat(USER_TEXT_FLOOR);
        let as_string = format!(
            r#"{{"messages":[{{"role":"user","content":"hi"}},{{"role":"assistant","content":"yo"}},{{"role":"user","content":"{long}"}}]}}"#
        );
        let as_parts = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"text","text":"hi","cache_control":{{"type":"ephemeral"}}}}]}},
                {{"role":"assistant","content":[{{"text":"yo","type":"text"}}]}},{{"role":"user","content":"{long}"}}]}}"#
        );
        let other = as_string.replace("hi", "ho");
        let chain = |text: &str| match &parse(text).unwrap().blocks[0].origin {
            Origin::User { chain, .. } => *chain,
            Origin::Tool { .. } => panic!("a user's text"),
        };
        assert_eq!(chain(&as_string), chain(&as_parts));
        assert_ne!(chain(&as_string), chain(&other));
    }

    #[test]
    fn a_lone_surrogate_does_not_decode_and_harms_nothing() {
        let text =
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"\ud800"}]}]}"#;
        let conversation = parse(text).unwrap();
        assert!(conversation.decode(&conversation.blocks[0]).is_none());
    }

    #[test]
    fn a_provider_that_manages_the_context_may_cut_it() {
        let may_be_cut = |more: &str| parse(&format!(r#"{{"messages":[]{more}}}"#)).unwrap().may_be_cut;
        assert!(!may_be_cut("") && !may_be_cut(r#","context_management":null"#));
        assert!(may_be_cut(r#","context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}"#));
        let thinking = r#"{"type":"clear_thinking_20251015","keep":"all"}"#;
        assert!(!may_be_cut(&format!(r#","context_management":{{"edits":[{thinking}]}}"#)));
        assert!(may_be_cut(&format!(r#","context_management":{{"edits":[{thinking},{{"type":"compact"}}]}}"#)));
        assert!(may_be_cut(r#","context_management":{"other":[]}"#));
    }

    #[test]
    fn usage_is_read_from_bodies_and_from_events() {
        let whole = br#"{"id":"m","usage":{"input_tokens":3,"output_tokens":5}}"#;
        assert_eq!(usage(whole).unwrap().output, Some(5));
        let start = br#"{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":9}}}"#;
        assert_eq!(usage(start).unwrap().cache_read, Some(9));
    }
}
