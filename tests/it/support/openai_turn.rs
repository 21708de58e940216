//! How an answer goes over the wires of the Responses API: the events of a response, and the chunks of a chat completion.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::provider_cache::Bill;
use super::turn::{Block, Turn};

/// An answer with its place in the conversation.
pub(crate) struct Response<'a> {
    pub(crate) id: String,
    pub(crate) model: &'a str,
    pub(crate) turn: &'a Turn,
    pub(crate) bill: Bill,
}

impl Response<'_> {
    /// The items that the model made, which stand in its context from now on.
    pub(crate) fn items(&self) -> Vec<Value> {
        self.turn.blocks.iter().enumerate().map(|(index, block)| item(&self.id, index, block)).collect()
    }

    /// The whole response, as a request without a stream is answered.
    pub(crate) fn whole(&self) -> Value {
        let mut response = self.head("completed");
        response["output"] = self.items().into();
        response["usage"] = json!({
            "input_tokens": self.bill.input(),
            "input_tokens_details": {"cached_tokens": self.bill.read},
            "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.bill.input() + 20,
        });
        response
    }

    fn head(&self, status: &str) -> Value {
        json!({
            "id": self.id, "object": "response", "status": status, "model": self.model, "error": null,
            "store": false, "output": [], "usage": null,
        })
    }

    /// The events of the response, in order.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut events = vec![
            json!({"type": "response.created", "response": self.head("in_progress")}),
            json!({"type": "response.in_progress", "response": self.head("in_progress")}),
        ];
        for (index, item) in self.items().into_iter().enumerate() {
            events.push(json!({"type": "response.output_item.added", "output_index": index, "item": begun(&item)}));
            events.extend(deltas(index, &item));
            events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
        }
        events.push(json!({"type": "response.completed", "response": self.whole()}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        events
    }

    /// A chat completion, as a request without a stream is answered.
    pub(crate) fn completion(&self) -> Value {
        let mut message = json!({"role": "assistant", "content": self.text()});
        let calls = self.chat_calls();
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        let choice = json!({"index": 0, "message": message, "finish_reason": self.finish()});
        self.chat("chat.completion", &choice, &self.chat_usage())
    }

    /// The chunks of a chat completion, in order.
    pub(crate) fn chunks(&self, with_usage: bool) -> Vec<Value> {
        let chunk = |delta: Value, finish: Option<&str>| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
            self.chat("chat.completion.chunk", &choice, &Value::Null)
        };
        let mut chunks = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
        chunks.extend(halves(&self.text()).map(|half| chunk(json!({"content": half}), None)));
        for (index, mut call) in self.chat_calls().into_iter().enumerate() {
            call["index"] = index.into();
            chunks.push(chunk(json!({"tool_calls": [call]}), None));
        }
        chunks.push(chunk(json!({}), Some(self.finish())));
        if with_usage {
            let mut last = self.chat("chat.completion.chunk", &Value::Null, &self.chat_usage());
            last["choices"] = json!([]);
            chunks.push(last);
        }
        chunks
    }

    fn chat(&self, object: &str, choice: &Value, usage: &Value) -> Value {
        json!({
            "id": self.id, "object": object, "created": 1_790_000_000, "model": self.model,
            "choices": [choice], "usage": usage,
        })
    }

    fn chat_usage(&self) -> Value {
        json!({
            "prompt_tokens": self.bill.input(),
            "prompt_tokens_details": {"cached_tokens": self.bill.read},
            "completion_tokens": 20,
            "total_tokens": self.bill.input() + 20,
        })
    }

    fn text(&self) -> String {
        let texts = self.turn.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    fn chat_calls(&self) -> Vec<Value> {
        let calls = self.turn.blocks.iter().filter_map(|block| match block {
            Block::ToolUse { id, name, input } => {
                let function = json!({"name": name, "arguments": input.to_string()});
                Some(json!({"id": id, "type": "function", "function": function}))
            }
            _ => None,
        });
        calls.collect()
    }

    fn finish(&self) -> &'static str {
        if self.chat_calls().is_empty() { "stop" } else { "tool_calls" }
    }
}

/// A thought as the client keeps it: nobody but the provider can read it, and a changed one is refused.
pub(crate) fn seal(thought: &str) -> String {
    let mut bytes = blake3::hash(thought.as_bytes()).as_bytes().to_vec();
    bytes.extend(thought.bytes());
    format!("gAAAA{}", STANDARD.encode(bytes))
}

/// The thought in a sealed one; none if somebody changed it.
pub(crate) fn unseal(sealed: &str) -> Option<String> {
    let bytes = STANDARD.decode(sealed.strip_prefix("gAAAA")?).ok()?;
    let (hash, thought) = bytes.split_at_checked(blake3::OUT_LEN)?;
    (blake3::hash(thought).as_bytes() == hash).then(|| String::from_utf8_lossy(thought).into_owned())
}

/// A tool of an MCP server is called by the server's namespace and its own name.
fn item(response: &str, index: usize, block: &Block) -> Value {
    let number = response.trim_start_matches("resp_");
    match block {
        Block::Thinking(thought) => json!({
            "id": format!("rs_{number}_{index}"), "type": "reasoning", "summary": [], "encrypted_content": seal(thought),
        }),
        Block::Text(text) => json!({
            "id": format!("msg_{number}_{index}"), "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
        }),
        // Code that calls tools is not JSON: it is the input of a tool of the other kind.
        Block::ToolUse { id, name, input: Value::String(source) } => json!({
            "id": format!("ctc_{number}_{index}"), "type": "custom_tool_call", "status": "completed",
            "call_id": id, "name": name, "input": source,
        }),
        Block::ToolUse { id, name, input } if name == "tool_search" => json!({
            "id": format!("tsc_{number}_{index}"), "type": "tool_search_call", "status": "completed",
            "call_id": id, "execution": "client", "arguments": input,
        }),
        Block::ToolUse { id, name, input } => {
            let mut item = json!({
                "id": format!("fc_{number}_{index}"), "type": "function_call", "status": "completed",
                "arguments": input.to_string(), "call_id": id, "name": name,
            });
            if let Some((namespace, name)) = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
                item["namespace"] = format!("mcp__{namespace}").into();
                item["name"] = name.into();
            }
            item
        }
    }
}

/// An item before any of its text has come.
fn begun(item: &Value) -> Value {
    let mut item = item.clone();
    for (key, empty) in
        [("content", json!([])), ("arguments", json!("")), ("input", json!("")), ("status", json!("in_progress"))]
    {
        if let Some(value) = item.get_mut(key) {
            *value = empty;
        }
    }
    item
}

fn deltas(index: usize, item: &Value) -> Vec<Value> {
    let id = &item["id"];
    let event = |kind: &str, key: &str, value: Value| {
        let mut event = json!({"type": format!("response.{kind}"), "item_id": id, "output_index": index});
        event[key] = value;
        event
    };
    let mut events = Vec::new();
    if let Some(arguments) = item["arguments"].as_str() {
        let kind = "function_call_arguments";
        events.extend(halves(arguments).map(|half| event(&format!("{kind}.delta"), "delta", half.into())));
        events.push(event(&format!("{kind}.done"), "arguments", arguments.into()));
    }
    if let Some(source) = item["input"].as_str() {
        let kind = "custom_tool_call_input";
        events.extend(halves(source).map(|half| event(&format!("{kind}.delta"), "delta", half.into())));
        events.push(event(&format!("{kind}.done"), "input", source.into()));
    }
    if let Some(text) = item["content"][0]["text"].as_str() {
        let mut part = item["content"][0].clone();
        part["text"] = "".into();
        events.push(event("content_part.added", "part", part));
        events.extend(halves(text).map(|half| event("output_text.delta", "delta", half.into())));
        events.push(event("output_text.done", "text", text.into()));
        events.push(event("content_part.done", "part", item["content"][0].clone()));
        for event in &mut events {
            event["content_index"] = 0.into();
        }
    }
    events
}

fn halves(text: &str) -> impl Iterator<Item = &str> {
    let middle = (text.len() / 2..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap();
    [&text[..middle], &text[middle..]].into_iter()
}
