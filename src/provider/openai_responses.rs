//! OpenAI Responses, by HTTP and by WebSocket.
//!
//! Blocks are the outputs of tool calls, and long texts of the user where the request holds the whole history.
//! Instructions, tools, reasoning and every item of the assistant are never looked into. A request with
//! `previous_response_id` is an increment: the calls whose outputs it holds stand in the provider's earlier response, so
//! `read_event` reads them there.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json_text;
use crate::provider::chain::hash_value;
use crate::provider::conversation::{Block, Call, Conversation, Origin, USER_TEXT_FLOOR, is_array};
use crate::provider::openai_chat::texts;
use crate::provider::{Heard, Usage};

/// What may differ between two sendings of one item: ids of the client's making, and what providers drop.
const IGNORED: &[&str] = &["id", "status", "internal_chat_message_metadata_passthrough"];

/// How Codex opens the text that names the servers whose tools are loaded on demand.
const TOOLS: &str = "<tools>";

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "if_readable")]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    previous_response_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    truncation: Option<&'a RawValue>,
    /// At which length the provider is to compact the history.
    #[serde(borrow)]
    context_management: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    /// The tools of a namespace.
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
}

/// `None` where the tools are none that we know, which is no reason to understand nothing else.
fn if_readable<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Tool<'a>>>, D::Error> {
    let tools: &'de RawValue = Deserialize::deserialize(from)?;
    Ok(serde_json::from_str(tools.get()).ok())
}

#[derive(Default, Deserialize)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    call_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    /// Of a function: a JSON text in a string.
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    /// Of a tool that takes any text.
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    /// Of a shell that the model knows by training.
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    /// Of an item that offers more of them.
    #[serde(borrow, default, deserialize_with = "if_readable")]
    tools: Option<Vec<Tool<'a>>>,
}

impl<'a> Item<'a> {
    /// Reads an item. One that is like none that we know is of a kind that we do not know: the others still are what they
    /// are, and keep the form in which the provider has them.
    fn read(item: &'a RawValue) -> Self {
        serde_json::from_str(item.get()).unwrap_or_else(|_| Self { kind: Some("unknown".into()), ..Self::default() })
    }

    /// Whether the model made it. Outputs and a few others are the client's; what we do not know, and a reference to
    /// anything, counts as the model's, so that what stands before it is taken for answered.
    fn is_of_model(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or("message");
        match kind {
            "message" => self.role.as_deref() == Some("assistant"),
            "mcp_approval_response" | "additional_tools" | "compaction_trigger" => false,
            _ => !kind.ends_with("_output"),
        }
    }

    fn is_thought(&self) -> bool {
        self.kind.as_deref() == Some("reasoning")
    }

    /// The call that the item is, with its id.
    fn call(&self) -> Option<(Cow<'a, str>, Call<'a>)> {
        let kind = self.kind.as_deref()?;
        let id = self.call_id.clone().filter(|_| kind.ends_with("_call"))?;
        let name = match (&self.namespace, &self.name) {
            (Some(namespace), Some(name)) => Cow::Owned(in_namespace(namespace, name)),
            (None, Some(name)) => name.clone(),
            // `local_shell_call` and the like are known by their type alone.
            (_, None) => Cow::Owned(kind.trim_end_matches("_call").to_owned()),
        };
        let arguments = match (self.arguments, self.input, self.action) {
            (Some(arguments), ..) => match json_text::decode(arguments.get()) {
                Some(text) if serde_json::from_str::<&RawValue>(&text).is_ok() => text,
                _ => Cow::Borrowed(arguments.get()),
            },
            (None, Some(value), _) | (None, None, Some(value)) => Cow::Borrowed(value.get()),
            (None, None, None) => Cow::Borrowed("null"),
        };
        Some((id, Call { name, arguments }))
    }
}

/// The name that agents know a namespace's tool by.
fn in_namespace(namespace: &str, name: &str) -> String {
    format!("{namespace}__{name}")
}

/// Finds the blocks of a `/v1/responses` body, or of a `response.create` frame.
pub(crate) fn parse(text: &str) -> Result<Conversation<'_>, serde_json::Error> {
    let body: Body = serde_json::from_str(text)?;
    let input: Vec<&RawValue> = match body.input {
        Some(input) if is_array(input) => serde_json::from_str(input.get())?,
        // A lone string is a question.
        _ => Vec::new(),
    };
    let items: Vec<Item> = input.iter().map(|item| Item::read(item)).collect();
    let last_of_model = items.iter().rposition(Item::is_of_model);
    let calls: HashMap<_, _> = items.iter().filter_map(Item::call).collect();
    let answers = items.iter().enumerate().filter(|(_, item)| item.is_of_model() && !item.is_thought());

    let mut conversation = Conversation {
        text,
        model: body.model,
        blocks: Vec::new(),
        answers: answers.map(|(index, item)| (index, item.call_id.clone())).collect(),
        tools: body.tools.map(tool_names).unwrap_or_default(),
        question: body.input.and_then(|input| json_text::decode(input.get())).unwrap_or_default().into_owned(),
        announcements: Vec::new(),
        may_be_cut: body.context_management.is_some()
            || body.truncation.is_some_and(|truncation| truncation.get() != r#""disabled""#),
    };
    let mut chain = blake3::Hasher::new();
    let mut chained = 0;
    for (index, mut item) in items.into_iter().enumerate() {
        let is_live = last_of_model.is_none_or(|last| index > last);
        if let (Some(call_id), Some(output)) = (&item.call_id, item.output) {
            for (part, string) in texts(output)? {
                let call = calls.get(call_id).cloned();
                let origin = Origin::Tool { call_id: call_id.clone(), part, call, is_error: false };
                let span = json_text::span_of(text, string);
                conversation.blocks.push(Block { span, origin, is_live, message: index });
            }
        }
        if let Some(tools) = item.tools.take() {
            conversation.tools.extend(tool_names(tools));
        }
        if item.role.as_deref() == Some("developer") {
            let texts = item.content.map(texts).transpose()?.unwrap_or_default().into_iter();
            let texts = texts.filter_map(|(_, text)| json_text::decode(text.get()));
            conversation.announcements.extend(texts.filter(|text| text.starts_with(TOOLS)));
        }
        if item.role.as_deref() != Some("user") {
            continue;
        }
        for (part, string) in item.content.map(texts).transpose()?.unwrap_or_default() {
            let Some(said) = json_text::decode(string.get()) else { continue };
            if said.len() < USER_TEXT_FLOOR {
                // What agents put into the user's mouth is in tags.
                if !said.starts_with('<') {
                    conversation.question = said.into_owned();
                }
            // An increment does not hold what was said before, by which the text would be known.
            } else if body.previous_response_id.is_none() {
                while chained < index {
                    hash_value(&mut chain, input[chained], IGNORED)?;
                    chained += 1;
                }
                let origin = Origin::User { chain: *chain.finalize().as_bytes(), part };
                let span = json_text::span_of(text, string);
                conversation.blocks.push(Block { span, origin, is_live, message: index });
            }
        }
    }
    Ok(conversation)
}

fn tool_names(tools: Vec<Tool>) -> Vec<Cow<str>> {
    let mut names = Vec::new();
    for tool in tools {
        let inner = tool.tools.into_iter().flatten().filter_map(|tool| tool.name);
        match tool.name {
            Some(namespace) => {
                names.extend(inner.map(|name| Cow::Owned(in_namespace(&namespace, &name))));
                names.push(namespace);
            }
            None => names.extend(inner),
        }
    }
    names
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Response<'a> {
    usage: Option<Counts>,
    #[serde(borrow)]
    output: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(rename = "input_tokens")]
    input: u64,
    #[serde(rename = "input_tokens_details")]
    details: Option<Details>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Counts {
    fn usage(&self) -> Usage {
        let cached = self.details.as_ref().and_then(|details| details.cached_tokens);
        Usage {
            input: Some(self.input.saturating_sub(cached.unwrap_or(0))),
            cache_read: cached,
            cache_write: None,
            output: self.output,
        }
    }
}

/// What an event says: the data of a server-sent one, or a whole WebSocket frame.
pub(crate) fn read_event(data: &[u8]) -> Heard {
    let Ok(event) = serde_json::from_slice::<Event>(data) else { return Heard::default() };
    match (event.kind.as_deref(), event.item, event.response) {
        (Some("response.output_item.done"), Some(item), _) => Heard { calls: calls_of(&[item]), ..Heard::default() },
        (Some("response.completed" | "response.incomplete" | "response.failed"), _, Some(response)) => {
            // Its calls were said by the items before.
            Heard { calls: Vec::new(), ends: true, ..read_body(response.get().as_bytes()) }
        }
        (Some("error"), ..) => Heard { ends: true, ..Heard::default() },
        _ => Heard::default(),
    }
}

/// What a response says that came as one body.
pub(crate) fn read_body(body: &[u8]) -> Heard {
    let Ok(response) = serde_json::from_slice::<Response>(body) else { return Heard::default() };
    Heard {
        usage: response.usage.map(|counts| counts.usage()),
        calls: calls_of(&response.output.unwrap_or_default()),
        ends: true,
    }
}

fn calls_of(items: &[&RawValue]) -> Vec<(String, Call<'static>)> {
    let read = |item: &&RawValue| {
        let (id, call) = serde_json::from_str::<Item>(item.get()).ok()?.call()?;
        let call = Call { name: call.name.into_owned().into(), arguments: call.arguments.into_owned().into() };
        Some((id.into_owned(), call))
    };
    items.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Vec<(String, Option<String>, bool)> {
        let conversation = parse(text).unwrap();
        let mut blocks = Vec::new();
        for block in &conversation.blocks {
            let name = match &block.origin {
                Origin::Tool { call, .. } => call.as_ref().map(|call| call.name.clone().into_owned()),
                Origin::User { .. } => Some("(user)".to_owned()),
            };
            blocks.push((conversation.decode(block).unwrap().into_owned(), name, block.is_live));
        }
        blocks
    }

    #[test]
    fn outputs_behind_the_last_item_of_the_model_are_live_whatever_their_shape() {
        let text = r#"{"model":"m","input":[
            {"type":"message","role":"developer","content":[{"type":"input_text","text":"rules"}]},
            {"role":"user","content":"look at it"},
            {"type":"reasoning","id":"rs","content":null,"encrypted_content":"x"},
            {"type":"function_call","call_id":"a","name":"exec_command","arguments":"{\"cmd\":\"ls\"}"},
            {"type":"function_call_output","call_id":"a","output":"old"},
            {"type":"custom_tool_call","call_id":"b","name":"apply_patch","input":"*** Begin"},
            {"type":"local_shell_call","call_id":"c","action":{"command":["ls"]}},
            {"type":"function_call","call_id":"d","namespace":"mcp__x","name":"get","arguments":"not json"},
            {"type":"custom_tool_call_output","call_id":"b","output":"n\u00e9w"},
            {"type":"local_shell_call_output","call_id":"c","output":"ls"},
            {"type":"function_call_output","call_id":"d","output":[{"type":"input_text","text":"one"},
             {"type":"input_image","image_url":"data:"},{"type":"input_text","text":"two"}]}]}"#;
        let expected = [
            ("old", "exec_command", false),
            ("néw", "apply_patch", true),
            ("ls", "local_shell", true),
            ("one", "mcp__x__get", true),
            ("two", "mcp__x__get", true),
        ];
        assert_eq!(blocks(text), expected.map(|(text, name, live)| (text.into(), Some(name.into()), live)));
        let conversation = parse(text).unwrap();
        assert_eq!(conversation.question, "look at it");
        let arguments = |index: usize| match &conversation.blocks[index].origin {
            Origin::Tool { call: Some(call), part, .. } => (call.arguments.as_ref(), *part),
            _ => panic!("a tool result"),
        };
        assert_eq!(arguments(0), (r#"{"cmd":"ls"}"#, 0));
        assert_eq!(arguments(1), (r#""*** Begin""#, 0));
        assert_eq!(arguments(2), (r#"{"command":["ls"]}"#, 0));
        assert_eq!(arguments(4), (r#""not json""#, 2));
    }

    #[test]
    fn an_increment_holds_live_outputs_and_no_text_of_the_user_that_could_be_known_again() {
        let long = "x".repeat(USER_TEXT_FLOOR);
        let items = format!(
            r#"[{{"type":"function_call_output","call_id":"a","output":"o"}},{{"role":"user","content":"{long}"}}]"#
        );
        let increment = format!(r#"{{"type":"response.create","previous_response_id":"r","input":{items}}}"#);
        assert_eq!(blocks(&increment), [("o".to_owned(), None, true)]);
        let whole = format!(r#"{{"input":{items}}}"#);
        assert_eq!(blocks(&whole), [("o".into(), None, true), (long, Some("(user)".into()), true)]);
    }

    #[test]
    fn the_chain_ignores_what_a_client_makes_up_anew() {
        let long = "x".repeat(USER_TEXT_FLOOR);
        let chain = |first: &str| {
            let text = format!(r#"{{"input":[{first},{{"role":"user","content":"{long}"}}]}}"#);
            let conversation = parse(&text).unwrap();
            match conversation.blocks[0].origin {
                Origin::User { chain, .. } => chain,
                Origin::Tool { .. } => panic!("a user's text"),
            }
        };
        let one = chain(r#"{"type":"message","id":"1","role":"user","content":"hi"}"#);
        assert_eq!(one, chain(r#"{"type":"message","role":"user","status":"completed","content":"hi","id":"2"}"#));
        assert_ne!(one, chain(r#"{"type":"message","role":"user","content":"ho"}"#));
    }

    #[test]
    fn tools_of_a_namespace_are_known_by_both_names() {
        let text = r#"{"tools":[{"type":"function","name":"exec_command"},{"type":"web_search"},
            {"type":"namespace","name":"mcp__headroom","tools":[{"type":"function","name":"headroom_retrieve"}]}]}"#;
        assert_eq!(parse(text).unwrap().tools, ["exec_command", "mcp__headroom__headroom_retrieve", "mcp__headroom"]);
    }

    #[test]
    fn tools_that_an_item_adds_or_announces_are_offered() {
        let text = r#"{"input":[{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"functions",
            "tools":[{"type":"custom","name":"exec"}]}]},{"type":"message","role":"developer","content":[
            {"type":"input_text","text":"rules"},
            {"type":"input_text","text":"<tools>\nDeferred tool namespaces:\n- mcp__headroom\n</tools>"}]}]}"#;
        let conversation = parse(text).unwrap();
        assert_eq!(conversation.tools, ["functions__exec", "functions"]);
        assert_eq!(conversation.announcements, ["<tools>\nDeferred tool namespaces:\n- mcp__headroom\n</tools>"]);
    }

    #[test]
    fn a_question_may_be_the_whole_input_and_tags_are_none() {
        assert_eq!(parse(r#"{"input":"why"}"#).unwrap().question, "why");
        let text = r#"{"input":[{"role":"user","content":"why"},{"role":"user","content":"<environment_context>"}]}"#;
        assert_eq!(parse(text).unwrap().question, "why");
        assert_eq!(parse("{}").unwrap().question, "");
    }

    #[test]
    fn a_history_that_the_provider_shortens_may_be_cut() {
        let may_be_cut = |member: &str| parse(&format!(r#"{{"input":[]{member}}}"#)).unwrap().may_be_cut;
        for member in ["", r#","truncation":"disabled""#, r#","truncation":null,"context_management":null"#] {
            assert!(!may_be_cut(member), "{member}");
        }
        for member in [r#","truncation":"auto""#, r#","context_management":[{"type":"compaction"}]"#] {
            assert!(may_be_cut(member), "{member}");
        }
    }

    #[test]
    fn events_and_bodies_say_usage_and_calls() {
        let done = br#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"f",
            "call_id":"a","name":"exec_command","arguments":"{\"cmd\":\"ls\"}"}}"#;
        let call = ("a".to_owned(), Call { name: "exec_command".into(), arguments: r#"{"cmd":"ls"}"#.into() });
        assert_eq!(read_event(done), Heard { calls: vec![call.clone()], ..Heard::default() });
        let body = br#"{"output":[{"type":"reasoning"},{"type":"function_call","call_id":"a","name":"exec_command",
            "arguments":"{\"cmd\":\"ls\"}"}],
            "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}"#;
        let usage = Usage { input: Some(6), cache_read: Some(4), cache_write: None, output: Some(3) };
        assert_eq!(read_body(body), Heard { usage: Some(usage), calls: vec![call], ends: true });
        let completed = [br#"{"type":"response.completed","response":"#, &body[..], b"}"].concat();
        assert_eq!(read_event(&completed), Heard { usage: Some(usage), calls: Vec::new(), ends: true });
        for other in [&br#"{"type":"response.output_text.delta","delta":"x"}"#[..], b"[DONE]", b"{\"usage\":1}"] {
            assert_eq!(read_event(other), Heard::default());
        }
    }
}
