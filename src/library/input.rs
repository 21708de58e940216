//! What a caller hands over: a request body, its messages alone, or a text, each as the body of one wire.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::json_text;
use crate::library::{Error, Options};
use crate::provider::Provider;

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Format {
    /// Messages where the text is a JSON array of them or an object that holds one, else a plain text.
    #[default]
    Told,
    /// Messages as `/v1/messages` takes them.
    Anthropic,
    /// Messages as `/v1/chat/completions` takes them.
    OpenAiChat,
    /// Items as `/v1/responses` takes them.
    OpenAiResponses,
    /// One text.
    Text,
}

/// An input as a request body.
#[derive(Debug)]
pub(super) struct Input {
    body: String,
    provider: Provider,
    format: Format,
    /// The question that was put before a text counts as a message.
    messages_before: usize,
}

/// A question longer than this would be taken for a text to be made smaller.
const LONGEST_QUESTION: usize = 1_900;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// A message, as far as it tells the wire.
#[derive(Deserialize)]
struct Sign {
    role: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    content: Option<IgnoredAny>,
    tool_calls: Option<Value>,
}

impl Sign {
    /// Whether it is what somebody said: records of other things have a `role` too.
    fn is_message(&self) -> bool {
        match self.role.as_deref() {
            // What it says may be nothing but calls.
            Some("assistant") => true,
            Some("system" | "developer" | "user" | "tool" | "function") => self.content.is_some(),
            _ => false,
        }
    }
}

impl Input {
    pub(super) fn of(text: &str, options: &Options) -> Result<Self, Error> {
        let format = if options.format == Format::Told { told(text) } else { options.format };
        let (provider, key, name) = match format {
            Format::Anthropic => (Provider::Anthropic, "messages", "a list of messages for `/v1/messages`"),
            Format::OpenAiChat => (Provider::OpenAiChat, "messages", "a list of messages for `/v1/chat/completions`"),
            Format::OpenAiResponses => (Provider::OpenAiResponses, "input", "a list of items for `/v1/responses`"),
            Format::Text | Format::Told => return Ok(Self::of_text(text, options)),
        };
        let body = if text.trim_start().starts_with('[') { format!("{{\"{key}\":{text}}}") } else { text.to_owned() };
        provider.parse(&body).map_err(|source| Error::Format { format: name, source })?;
        Ok(Self { body, provider, format, messages_before: 0 })
    }

    /// A text is the output of a call, behind the question.
    fn of_text(text: &str, options: &Options) -> Self {
        let mut messages = Vec::new();
        if let Some(question) = &options.user_query {
            let question: String = question.chars().take(LONGEST_QUESTION / 4).collect();
            messages.push(json!({"role": "user", "content": question}));
        }
        if let Some(call) = &options.call {
            let call = json!({"type": "tool_use", "id": "call", "name": call.name, "input": call.arguments});
            messages.push(json!({"role": "assistant", "content": [call]}));
        }
        let messages_before = messages.len();
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "call", "content": text}
        ]}));
        let body = json!({ "messages": messages }).to_string();
        Self { body, provider: Provider::Anthropic, format: Format::Text, messages_before }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) fn provider(&self) -> Provider {
        self.provider
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// The first message that may be changed where `frozen` may not.
    pub(super) fn first_live(&self, frozen: usize) -> usize {
        if self.is_text() { self.messages_before.max(frozen) } else { frozen }
    }

    /// What the caller gave of `text`: its messages, or all of it.
    pub(super) fn given<'a>(&self, text: &'a str) -> &'a str {
        if self.is_text() { text } else { messages_in(text).unwrap_or(text) }
    }

    /// What the caller gets back of `body`: its messages, or the text in it.
    pub(super) fn shown(&self, body: &str) -> Result<String, Error> {
        let messages = messages_in(body).unwrap_or(body);
        if !self.is_text() {
            return Ok(messages.to_owned());
        }
        let format = "a text";
        let wrapped: Vec<Wrapped> =
            serde_json::from_str(messages).map_err(|source| Error::Format { format, source })?;
        let text = wrapped.into_iter().next_back().and_then(|message| match message.content {
            Value::Array(mut parts) => parts.pop()?.get_mut("content").map(Value::take),
            _ => None,
        });
        Ok(text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct Wrapped {
    content: Value,
}

/// The list of messages in a request body, or the text itself where it is one.
fn messages_in(text: &str) -> Option<&str> {
    if text.trim_start().starts_with('[') {
        return Some(text);
    }
    let body: Body = serde_json::from_str(text).ok()?;
    let messages = body.messages.or(body.input)?;
    Some(&text[json_text::span_of(text, messages)])
}

/// What `text` is by its shape.
fn told(text: &str) -> Format {
    let start = text.trim_start();
    if !start.starts_with(['[', '{']) {
        return Format::Text;
    }
    let Some(messages) = messages_in(text) else { return Format::Text };
    let Ok(signs) = serde_json::from_str::<Vec<Sign>>(messages) else { return Format::Text };
    let is_item = |sign: &Sign| sign.kind.as_deref().is_some_and(|kind| kind.contains("call") || kind == "reasoning");
    let is_spoken = |sign: &Sign| sign.is_message() || is_item(sign);
    if signs.is_empty() && start.starts_with('[') || !signs.iter().all(is_spoken) {
        return Format::Text;
    }
    let is_input = start.starts_with('{') && serde_json::from_str::<Body>(text).is_ok_and(|body| body.input.is_some());
    if is_input || signs.iter().any(is_item) {
        Format::OpenAiResponses
    } else if signs.iter().any(|sign| sign.tool_calls.is_some() || sign.role.as_deref() == Some("tool")) {
        Format::OpenAiChat
    } else {
        Format::Anthropic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_is_told_from_the_messages() {
        for (text, format) in [
            ("plain", Format::Text),
            ("[1, 2]", Format::Text),
            ("[{\"id\": 1}]", Format::Text),
            ("[]", Format::Text),
            ("[{\"id\": 1, \"role\": \"admin\"}, {\"id\": 2, \"role\": \"user\"}]", Format::Text),
            ("{\"messages\": 3}", Format::Text),
            ("[{\"role\": \"user\", \"content\": \"x\"}]", Format::Anthropic),
            ("{\"model\": \"m\", \"messages\": []}", Format::Anthropic),
            ("[{\"role\": \"tool\", \"tool_call_id\": \"a\", \"content\": \"x\"}]", Format::OpenAiChat),
            ("[{\"type\": \"function_call_output\", \"call_id\": \"a\", \"output\": \"x\"}]", Format::OpenAiResponses),
            ("{\"input\": [{\"role\": \"user\", \"content\": \"x\"}]}", Format::OpenAiResponses),
        ] {
            assert_eq!(told(text), format, "{text}");
        }
    }

    #[test]
    fn a_text_comes_back_as_it_went_in() {
        for text in ["", "a\r\n\"b\" \\ é 錯 \u{1f600}\u{0}", "[1]"] {
            let options = Options { user_query: Some("which?".to_owned()), ..Options::default() };
            let input = Input::of_text(text, &options);
            assert_eq!(input.shown(input.body()).unwrap(), text);
        }
    }
}
