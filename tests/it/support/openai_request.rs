//! A request as a provider of the Responses API effectively sees it: where only an increment came, with everything that it goes on from.
//!
//! What is compared and billed is what the model reads, as the bytes that came: a text's, not an item's id, which a client
//! may make anew, nor the members that a client adds to what it got from us.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;
use std::time::Instant;

use axum::body::Bytes;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::openai_turn::unseal;
use super::provider_cache::Bill;
use super::request::{Segment, count, text_of};
use super::transcript::Transcript;

/// By which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A frame, on the connection of this number.
    WebSocket(usize),
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/chat/completions`.
    Chat,
    /// Anything else.
    Other,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) wire: Wire,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Of a frame, those of its connection's upgrade.
    pub(crate) headers: Vec<(String, String)>,
    /// A body, or a frame's text.
    pub(crate) body: Bytes,
    pub(crate) context: Context,
    pub(crate) arrived: Instant,
    pub(crate) bill: Bill,
    pub(crate) status: u16,
}

/// What the model has before it, each part as its own bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    pub(crate) tools: Vec<String>,
    pub(crate) instructions: Option<String>,
    /// The items of the input, or the messages of a chat.
    pub(crate) items: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Body<'a> {
    #[serde(borrow, default)]
    tools: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    instructions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
}

impl Context {
    /// What a body alone says.
    pub(crate) fn of(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Body>(body) else { return Self::default() };
        let owned = |values: &[&RawValue]| values.iter().map(|value| value.get().to_owned()).collect::<Vec<_>>();
        let input = body.input.map(|input| match serde_json::from_str::<Vec<&RawValue>>(input.get()) {
            Ok(items) => owned(&items),
            Err(_) => vec![format!(r#"{{"type":"message","role":"user","content":{}}}"#, input.get())],
        });
        Self {
            tools: owned(&body.tools),
            instructions: body.instructions.map(|text| text.get().to_owned()),
            items: input.unwrap_or_else(|| owned(&body.messages)),
        }
    }

    /// What the model reads, in the order in which it is cached.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let plain = |place: &str, json: &String| {
            let tokens = count(serde_json::from_str::<String>(json).as_ref().unwrap_or(json));
            Segment { bytes: format!("{place} {json}"), tokens, marker: None }
        };
        let tools = self.tools.iter().map(|tool| plain("tool", tool));
        let instructions = self.instructions.iter().map(|text| plain("instructions", text));
        tools.chain(instructions).chain(self.items.iter().map(|item| segment(item))).collect()
    }

    fn values(&self) -> Vec<Value> {
        self.items.iter().map(|item| serde_json::from_str(item).unwrap()).collect()
    }

    /// Why the real provider would not take this, as (code, message).
    pub(crate) fn refusal(&self) -> Option<(Option<&'static str>, String)> {
        let refuse = |message: String| Some((None, message));
        let (mut ids, mut open) = (HashSet::new(), Vec::new());
        let items = self.values();
        for item in &items {
            if let Some(id) = item["id"].as_str()
                && !ids.insert(id)
            {
                return refuse(format!("Duplicate item found with id {id}. Remove duplicate items and try again."));
            }
            let call = item["call_id"].as_str().or(item["tool_call_id"].as_str()).unwrap_or_default();
            open.extend(item["tool_calls"].as_array().into_iter().flatten().filter_map(|call| call["id"].as_str()));
            match item["type"].as_str().or(item["role"].as_str()).unwrap_or_default() {
                "function_call" | "custom_tool_call" | "tool_search_call" if open.contains(&call) => {
                    return refuse(format!("Duplicate call {call}."));
                }
                "function_call" | "custom_tool_call" | "tool_search_call" => open.push(call),
                "function_call_output" | "custom_tool_call_output" | "tool_search_output" | "tool" => match open
                    .iter()
                    .position(|known| *known == call)
                {
                    Some(place) => drop(open.remove(place)),
                    None => return refuse(format!("No tool call found for function call output with call_id {call}.")),
                },
                "reasoning" if item["encrypted_content"].as_str().and_then(unseal).is_none() => {
                    let message = "The encrypted content could not be verified.".to_owned();
                    return Some((Some("invalid_encrypted_content"), message));
                }
                _ => {}
            }
        }
        open.first().and_then(|call| refuse(format!("No tool output found for function call {call}.")))
    }
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the client only prepares a connection, and wants no answer.
    pub(crate) fn is_warm_up(&self) -> bool {
        self.json()["generate"] == false
    }

    /// Whether it is a turn of a conversation.
    pub(crate) fn is_main(&self) -> bool {
        self.wire != Wire::Other && !self.is_warm_up()
    }

    /// All input tokens, as the model reads them.
    pub(crate) fn tokens(&self) -> u64 {
        self.context.segments().iter().map(|segment| segment.tokens).sum()
    }

    /// What a model has before it.
    pub(crate) fn transcript(&self) -> Transcript {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tools = self.context.tools.iter().map(|tool| serde_json::from_str(tool).unwrap()).collect();
        let mut transcript = Transcript { tools: names(&Value::Array(tools)), ..Transcript::default() };
        for item in self.context.values() {
            let call = item["call_id"].as_str().or(item["tool_call_id"].as_str()).unwrap_or_default().to_owned();
            match item["type"].as_str().or(item["role"].as_str()).unwrap_or_default() {
                "function_call_output" | "custom_tool_call_output" => {
                    transcript.results.push((call, text_of(&item["output"])));
                }
                "tool" => transcript.results.push((call, text_of(&item["content"]))),
                "tool_search_output" => {
                    transcript.tools.extend(names(&item["tools"]));
                    transcript.results.push((call, item["tools"].to_string()));
                }
                "function_call" => {
                    let name = full_name(item["namespace"].as_str(), &text(&item["name"]));
                    transcript.calls.push((call, name, serde_json::from_str(&text(&item["arguments"])).unwrap()));
                }
                "custom_tool_call" => transcript.calls.push((call, text(&item["name"]), item["input"].clone())),
                "tool_search_call" => {
                    transcript.calls.push((call, "tool_search".to_owned(), item["arguments"].clone()));
                }
                "additional_tools" => transcript.tools.extend(names(&item["tools"])),
                _ => {}
            }
            for call in item["tool_calls"].as_array().into_iter().flatten() {
                let input = serde_json::from_str(&text(&call["function"]["arguments"])).unwrap();
                transcript.calls.push((text(&call["id"]), text(&call["function"]["name"]), input));
            }
        }
        transcript
    }
}

/// The full names of tools, those in namespaces among them.
fn names(tools: &Value) -> Vec<String> {
    let name = |tool: &Value| {
        let named = tool["name"].as_str().or(tool["function"]["name"].as_str());
        named.or(tool["type"].as_str()).unwrap_or_default().to_owned()
    };
    let mut names = Vec::new();
    for tool in tools.as_array().into_iter().flatten() {
        match tool["tools"].as_array() {
            Some(tools) => names.extend(tools.iter().map(|inner| full_name(Some(&name(tool)), &name(inner)))),
            None => names.push(name(tool)),
        }
    }
    names
}

fn full_name(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}__{name}"))
}

/// What the model reads of an item or a message.
fn segment(item: &str) -> Segment {
    let raw: BTreeMap<String, &RawValue> = serde_json::from_str(item).unwrap();
    let value: Value = serde_json::from_str(item).unwrap();
    let member = |key: &str| raw.get(key).map_or("", |value| value.get());
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let (bytes, readable) = match value["type"].as_str().unwrap_or("message") {
        "message" => (
            [member("role"), &texts(member("content")), member("tool_calls"), member("tool_call_id")].join(" "),
            format!(
                "{}{}",
                text_of(&value["content"]),
                value.get("tool_calls").map_or(String::new(), Value::to_string)
            ),
        ),
        "function_call" => (
            [member("namespace"), member("name"), member("call_id"), member("arguments")].join(" "),
            format!("{}{}{}", text("namespace"), text("name"), text("arguments")),
        ),
        "custom_tool_call" => (
            [member("name"), member("call_id"), member("input")].join(" "),
            format!("{}{}", text("name"), text("input")),
        ),
        "tool_search_call" => ([member("call_id"), member("arguments")].join(" "), value["arguments"].to_string()),
        "tool_search_output" | "additional_tools" => (member("tools").to_owned(), member("tools").to_owned()),
        "custom_tool_call_output" => {
            ([member("call_id"), &texts(member("output"))].join(" "), level(&text_of(&value["output"])))
        }
        "function_call_output" => ([member("call_id"), member("output")].join(" "), level(&text_of(&value["output"]))),
        "reasoning" => (member("encrypted_content").to_owned(), unseal(text("encrypted_content")).unwrap_or_default()),
        _ => (item.to_owned(), item.to_owned()),
    };
    Segment { bytes, tokens: count(&readable), marker: None }
}

/// An output with what Codex makes up anew for each, so that the same output always has as many tokens.
pub(crate) fn level(output: &str) -> String {
    static ENVELOPE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^(\|?Chunk ID: )\w+$|^(\|?Wall time:? )[\d.]+( seconds)$").unwrap());
    ENVELOPE.replace_all(output, "${1}${2}0${3}").into_owned()
}

/// The texts of a content, as the bytes that they were sent as. Other parts go in whole.
fn texts(content: &str) -> String {
    let Ok(parts) = serde_json::from_str::<Vec<&RawValue>>(content) else { return content.to_owned() };
    let texts = parts.iter().map(|part| {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(part.get()).unwrap();
        members.get("text").unwrap_or(part).get()
    });
    texts.collect::<Vec<_>>().join(" ")
}
