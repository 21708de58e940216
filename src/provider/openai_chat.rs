//! OpenAI chat completions, and everybody who speaks like it.
//!
//! Blocks are the contents of `tool` messages, and long texts of the user.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json_text;
use crate::provider::Usage;
use crate::provider::chain::hash_value;
use crate::provider::conversation::{Block, Call, Conversation, Origin, USER_TEXT_FLOOR, is_array, is_string};

/// What clients move from turn to turn where the provider takes cache marks.
const IGNORED: &[&str] = &["cache_control"];

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    /// Gateways that speak this wire leave out the middle of what is too long, if they are asked to.
    #[serde(borrow)]
    transforms: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_call_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
}

/// A part of a content.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// Finds the blocks of a `/v1/chat/completions` body.
pub(crate) fn parse(text: &str) -> Result<Conversation<'_>, serde_json::Error> {
    let body: Body = serde_json::from_str(text)?;
    let messages: Vec<Message> =
        body.messages.iter().map(|message| serde_json::from_str(message.get())).collect::<Result<_, _>>()?;
    let last_assistant = messages.iter().rposition(|message| message.role == "assistant");
    let tools = body.tools.into_iter().flatten().filter_map(|tool| tool.function?.name).collect();
    let mut conversation = Conversation {
        text,
        model: body.model,
        blocks: Vec::new(),
        answers: Vec::new(),
        tools,
        question: String::new(),
        announcements: Vec::new(),
        may_be_cut: body.transforms.is_some_and(|transforms| transforms.get() != "[]"),
    };
    let mut calls = HashMap::new();
    let mut chain = blake3::Hasher::new();
    let mut chained = 0;
    for (index, message) in messages.iter().enumerate() {
        let is_live = last_assistant.is_none_or(|last| index > last);
        for (id, call) in message.tool_calls.iter().flatten().filter_map(read_call) {
            calls.insert(id, call);
        }
        let strings = message.content.map(texts).transpose()?.unwrap_or_default();
        match (message.role.as_ref(), &message.tool_call_id) {
            ("tool", Some(call_id)) => {
                for (part, string) in strings {
                    let call = calls.get(call_id).cloned();
                    let origin = Origin::Tool { call_id: call_id.clone(), part, call, is_error: false };
                    let span = json_text::span_of(text, string);
                    conversation.blocks.push(Block { span, origin, is_live, message: index });
                }
            }
            ("user", _) => {
                for (part, string) in strings {
                    let Some(said) = json_text::decode(string.get()) else { continue };
                    if said.len() < USER_TEXT_FLOOR {
                        conversation.question = said.into_owned();
                        continue;
                    }
                    while chained < index {
                        hash_message(&mut chain, body.messages[chained], &messages[chained])?;
                        chained += 1;
                    }
                    let origin = Origin::User { chain: *chain.finalize().as_bytes(), part };
                    let span = json_text::span_of(text, string);
                    conversation.blocks.push(Block { span, origin, is_live, message: index });
                }
            }
            _ => {}
        }
    }
    Ok(conversation)
}

fn read_call<'a>(call: &ToolCall<'a>) -> Option<(Cow<'a, str>, Call<'a>)> {
    let function = call.function.as_ref()?;
    let text = function.arguments.clone().unwrap_or_default();
    let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
    let arguments = if is_json { text } else { Cow::Owned(json_text::encode(&text)) };
    Some((call.id.clone()?, Call { name: function.name.clone(), arguments }))
}

/// The strings of a content (or an output, on the newer wire) that are texts, each with its place.
pub(crate) fn texts<'a>(value: &'a RawValue) -> Result<Vec<(usize, &'a RawValue)>, serde_json::Error> {
    if is_string(value) {
        return Ok(vec![(0, value)]);
    }
    if !is_array(value) {
        return Ok(Vec::new());
    }
    let parts: Vec<&RawValue> = serde_json::from_str(value.get())?;
    let is_text = |kind: &str| matches!(kind, "input_text" | "output_text" | "text");
    // A part that is like none that we know is no text, and costs the others nothing.
    let read = |(index, part): (usize, &'a RawValue)| Some((index, serde_json::from_str::<Part>(part.get()).ok()?));
    let parts = parts.into_iter().enumerate().filter_map(read);
    let texts = parts.filter(|(_, part)| part.kind.as_deref().is_some_and(is_text));
    Ok(texts.filter_map(|(index, part)| Some((index, part.text.filter(|text| is_string(text))?))).collect())
}

/// A message counts the same with its text as a string and as a list of one part.
fn hash_message(hasher: &mut blake3::Hasher, source: &RawValue, message: &Message) -> Result<(), serde_json::Error> {
    if matches!(message.role.as_ref(), "user" | "system" | "developer")
        && let Some(content) = message.content
        && let [(_, text)] = texts(content)?[..]
    {
        hasher.update(message.role.as_bytes()).update(b"\0");
        return hash_value(hasher, text, IGNORED);
    }
    hash_value(hasher, source, IGNORED)
}

/// An error of ours as OpenAI would phrase it.
pub(crate) fn error_body(message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": "api_error", "param": null, "code": null}}).to_string()
}

#[derive(Deserialize)]
struct Response {
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(rename = "prompt_tokens")]
    prompt: u64,
    #[serde(rename = "prompt_tokens_details")]
    details: Option<Details>,
    #[serde(rename = "completion_tokens")]
    completion: Option<u64>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

/// The usage that a response body, or a chunk of a stream, states: the last chunk does, when the client asked for it.
pub(crate) fn usage(json: &[u8]) -> Option<Usage> {
    // Chunks come by the thousand; all but one say `"usage":null`, or nothing.
    memchr::memmem::find(json, b"prompt_tokens")?;
    let counts = serde_json::from_slice::<Response>(json).ok()?.usage?;
    let cached = counts.details.and_then(|details| details.cached_tokens);
    Some(Usage {
        input: Some(counts.prompt.saturating_sub(cached.unwrap_or(0))),
        cache_read: cached,
        cache_write: None,
        output: counts.completion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: &str = r#"{"model":"m","tools":[{"type":"function","function":{"name":"shell"}}],"messages":[
        {"role":"system","content":"rules"},{"role":"user","content":"look"},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"shell","arguments":"{\"cmd\":\"ls\"}"}},
            {"id":"b","type":"function","function":{"name":"read","arguments":""}}]},
        {"role":"tool","tool_call_id":"a","content":"one"},
        {"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"two"},{"type":"text","text":"three"}]}]}"#;

    #[test]
    fn tool_messages_behind_the_last_assistant_message_are_live() {
        let conversation = parse(LOOK).unwrap();
        let texts: Vec<_> = conversation.blocks.iter().map(|block| conversation.decode(block).unwrap()).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert!(conversation.blocks.iter().all(|block| block.is_live));
        assert_eq!((conversation.question.as_str(), &conversation.tools[..]), ("look", &["shell".into()][..]));
        let call = |index: usize| match &conversation.blocks[index].origin {
            Origin::Tool { call: Some(call), part, .. } => (call.name.as_ref(), call.arguments.as_ref(), *part),
            _ => panic!("a tool result"),
        };
        assert_eq!(call(0), ("shell", r#"{"cmd":"ls"}"#, 0));
        assert_eq!(call(2), ("read", r#""""#, 1));
        let answered = LOOK.replace("]}]}", "]},{\"role\":\"assistant\",\"content\":\"Done.\"}]}");
        assert!(parse(&answered).unwrap().blocks.iter().all(|block| !block.is_live));
    }

    #[test]
    fn the_chain_ignores_cache_marks_and_the_shape_of_a_lone_text() {
        let long = "x".repeat(USER_TEXT_FLOOR);
        let chain = |first: &str| {
            let text = format!(r#"{{"messages":[{first},{{"role":"user","content":"{long}"}}]}}"#);
            let conversation = parse(&text).unwrap();
            match conversation.blocks[0].origin {
                Origin::User { chain, .. } => chain,
                Origin::Tool { .. } => panic!("a user's text"),
            }
        };
        let one = chain(r#"{"role":"user","content":"hi"}"#);
        let parts = r#"{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}"#;
        assert_eq!(one, chain(parts));
        assert_ne!(one, chain(r#"{"role":"user","content":"ho"}"#));
        assert_ne!(one, chain(r#"{"role":"system","content":"hi"}"#));
    }

    #[test]
    fn usage_is_read_from_bodies_and_from_the_last_chunk() {
        let body = br#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        let expected = Usage { input: Some(5), cache_read: Some(4), cache_write: None, output: Some(2) };
        assert_eq!(usage(body), Some(expected));
        assert_eq!(usage(br#"{"choices":[{"delta":{"content":"x"}}],"usage":null}"#), None);
        assert_eq!(usage(b"[DONE]"), None);
    }
}
