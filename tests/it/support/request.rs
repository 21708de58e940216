//! What a provider sees of a request: its segments, in the order in which a provider caches them.
//!
//! Everything is cut out of the body's own bytes and never written again, so that two requests which differ in one
//! escape or one space differ here too. Only `cache_control` is taken out, because it moves from turn to turn.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// How long the provider keeps what stands before a cache marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    FiveMinutes,
    OneHour,
}

/// A tool, a system block or a content block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its bytes without `cache_control`, after a word that says where it stands.
    pub(crate) bytes: String,
    pub(crate) tokens: u64,
    /// Whether the client asked to have everything up to here cached, and for how long.
    pub(crate) marker: Option<Lifetime>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    tools: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    system: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    role: &'a str,
    #[serde(borrow)]
    content: &'a RawValue,
}

/// The segments of a request body, in cache order: tools, system, messages. A tool that is loaded on demand stands in no
/// prefix: its definition counts where the conversation refers to it.
pub(crate) fn segments(body: &[u8]) -> Vec<Segment> {
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Vec::new() };
    let (deferred, tools): (Vec<&RawValue>, Vec<_>) = body.tools.iter().copied().partition(|tool| is_deferred(tool));
    let mut segments: Vec<_> = tools.iter().map(|tool| segment("tool", tool.get())).collect();
    if let Some(system) = body.system {
        segments.extend(parts(system).map(|part| segment("system", part)));
    }
    for (index, message) in body.messages.iter().enumerate() {
        let place = format!("{index} {}", message.role);
        segments.extend(parts(message.content).map(|part| {
            let mut segment = segment(&place, part);
            segment.tokens +=
                deferred.iter().filter(|tool| refers_to(part, tool)).map(|tool| count(tool.get())).sum::<u64>();
            segment
        }));
    }
    segments
}

fn is_deferred(tool: &RawValue) -> bool {
    serde_json::from_str::<Value>(tool.get()).unwrap()["defer_loading"] == true
}

/// Whether a part of a message is where `tool` was loaded.
fn refers_to(part: &str, tool: &RawValue) -> bool {
    let tool: Value = serde_json::from_str(tool.get()).unwrap();
    let part: Value = serde_json::from_str(part).unwrap();
    let references = part["content"].as_array().cloned().unwrap_or_default();
    references.iter().any(|part| part["type"] == "tool_reference" && part["tool_name"] == tool["name"])
}

/// Each message of a request body as its own bytes, without `cache_control`.
pub(crate) fn messages(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow, default)]
        messages: Vec<&'a RawValue>,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Vec::new() };
    body.messages.iter().map(|message| without_markers(message.get())).collect()
}

/// The tokens of a whole request, as the model reads it.
pub(crate) fn tokens(body: &[u8]) -> u64 {
    segments(body).iter().map(|segment| segment.tokens).sum()
}

fn parts(content: &RawValue) -> impl Iterator<Item = &str> {
    match serde_json::from_str::<Vec<&RawValue>>(content.get()) {
        Ok(parts) => parts.into_iter().map(RawValue::get).collect(),
        Err(_) => vec![content.get()],
    }
    .into_iter()
}

fn segment(place: &str, json: &str) -> Segment {
    let value: Value = serde_json::from_str(json).unwrap();
    let marker = value.get("cache_control").map(|marker| match marker["ttl"].as_str() {
        Some("1h") => Lifetime::OneHour,
        _ => Lifetime::FiveMinutes,
    });
    Segment { bytes: format!("{place} {}", without_markers(json)), tokens: count(&readable(&value)), marker }
}

/// What the model reads of a block: texts as they are, everything else as JSON.
fn readable(block: &Value) -> String {
    match (block["type"].as_str(), &block["content"]) {
        (Some("text"), _) => block["text"].as_str().unwrap_or_default().to_owned(),
        (Some("thinking"), _) => block["thinking"].as_str().unwrap_or_default().to_owned(),
        (Some("tool_use"), _) => format!("{}{}", block["name"].as_str().unwrap_or_default(), block["input"]),
        (Some("tool_result"), content) => text_of(content),
        _ => block.as_str().map_or_else(|| block.to_string(), str::to_owned),
    }
}

/// The text of a tool result's or message's content.
pub(crate) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().map(|part| part["text"].as_str().map_or_else(|| part.to_string(), str::to_owned));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Tokens by `o200k_base`: no provider publishes its own tokenizer, and it is the ratio of two texts that counts here.
pub(crate) fn count(text: &str) -> u64 {
    tiktoken::get_encoding("o200k_base").unwrap().count(text) as u64
}

/// `json` with every `"cache_control":{…}` taken out, and every other byte as it is.
pub(crate) fn without_markers(json: &str) -> String {
    const KEY: &str = "\"cache_control\"";
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = string_end(bytes, at);
        let colon = skip_space(bytes, end);
        let value = skip_space(bytes, colon + 1);
        if &json[at..end] != KEY || bytes.get(colon) != Some(&b':') || bytes.get(value) != Some(&b'{') {
            at = end;
            continue;
        }
        let mut stop = object_end(bytes, value);
        out.push_str(&json[copied..at]);
        let kept = out.trim_end().len();
        if out[..kept].ends_with(',') {
            out.truncate(kept - 1);
        } else if bytes.get(skip_space(bytes, stop)) == Some(&b',') {
            stop = skip_space(bytes, stop) + 1;
        }
        (copied, at) = (stop, stop);
    }
    out.push_str(&json[copied..]);
    out
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    (from..bytes.len()).find(|&at| !bytes[at].is_ascii_whitespace()).unwrap_or(bytes.len())
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn object_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}
