//! What the scripted provider answers, and how it goes over the wire.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::provider_cache::Bill;

/// One block of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// Goes out with the signature that `signature` gives it, and must come back with the same.
    Thinking(String),
    Text(String),
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
}

/// How an answer's bytes leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All at once.
    Whole,
    /// In pieces of so many bytes, each flushed before the next, without regard to where events end.
    Pieces(usize),
}

impl Pace {
    /// A body that leaves like this. The server flushes when a stream is not ready, so that each piece is handed over
    /// before the next is there.
    pub(crate) fn body(self, text: &str) -> Body {
        let Self::Pieces(size) = self else { return Body::from(text.to_owned()) };
        let pieces: Vec<_> = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let stream = futures_util::stream::unfold(pieces.into_iter(), async |mut pieces| {
            let piece = pieces.next()?;
            tokio::task::yield_now().await;
            Some((Ok::<_, Infallible>(piece), pieces))
        });
        Body::from_stream(stream)
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) status: u16,
    /// Sent as it is instead of a message, with `status`.
    pub(crate) failure: Option<String>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) pace: Pace,
}

impl Turn {
    pub(crate) fn of(blocks: Vec<Block>) -> Self {
        Self { status: 200, failure: None, blocks, pace: Pace::Whole }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::of(vec![Block::Text(text.into())])
    }

    /// An error of the provider's own, in its own shape.
    pub(crate) fn failure(status: u16, kind: &str, message: &str) -> Self {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}});
        Self { status, failure: Some(body.to_string()), blocks: Vec::new(), pace: Pace::Whole }
    }

    pub(crate) fn in_pieces(mut self, size: usize) -> Self {
        self.pace = Pace::Pieces(size);
        self
    }

    fn stop_reason(&self) -> &'static str {
        let calls = self.blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        if calls { "tool_use" } else { "end_turn" }
    }

    /// The answer as one JSON message.
    pub(crate) fn message(&self, id: &str, model: &str, bill: &Bill) -> String {
        let mut message = head(id, model, bill);
        message["content"] = self.blocks.iter().map(Block::whole).collect();
        message["stop_reason"] = json!(self.stop_reason());
        message.to_string()
    }

    /// The answer as server-sent events.
    pub(crate) fn events(&self, id: &str, model: &str, bill: &Bill) -> String {
        let mut events =
            vec![json!({"type": "message_start", "message": head(id, model, bill)}), json!({"type": "ping"})];
        for (index, block) in self.blocks.iter().enumerate() {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": block.start()}));
            let deltas = block.deltas().into_iter();
            events.extend(deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let delta = json!({"stop_reason": self.stop_reason(), "stop_sequence": null});
        events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 20}}));
        events.push(json!({"type": "message_stop"}));
        let framed = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
        events.iter().map(framed).collect()
    }
}

/// The signature of a thought. The provider refuses a request in which a thought and its signature do not belong together.
pub(crate) fn signature(thought: &str) -> String {
    STANDARD.encode(blake3::hash(thought.as_bytes()).as_bytes())
}

impl Block {
    fn whole(&self) -> Value {
        match self {
            Self::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": signature(text)}),
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::ToolUse { id, name, input } => json!({"type": "tool_use", "id": id, "name": name, "input": input}),
        }
    }

    fn start(&self) -> Value {
        match self {
            Self::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::ToolUse { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
        }
    }

    fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Thinking(text) => vec![
                json!({"type": "thinking_delta", "thinking": text}),
                json!({"type": "signature_delta", "signature": signature(text)}),
            ],
            Self::Text(text) => halves(text).map(|half| json!({"type": "text_delta", "text": half})).to_vec(),
            Self::ToolUse { input, .. } => {
                let input = input.to_string();
                halves(&input).map(|half| json!({"type": "input_json_delta", "partial_json": half})).to_vec()
            }
        }
    }
}

fn halves(text: &str) -> [&str; 2] {
    let middle = (text.len() / 2..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap();
    [&text[..middle], &text[middle..]]
}

fn head(id: &str, model: &str, bill: &Bill) -> Value {
    json!({
        "id": id, "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {
            "input_tokens": bill.plain,
            "cache_creation_input_tokens": bill.written_five_minutes + bill.written_one_hour,
            "cache_read_input_tokens": bill.read,
            "output_tokens": 1,
        },
    })
}
