//! What a model has before it when it is its turn, whatever the wire it came by.

use serde_json::Value;

/// The tool calls of a conversation so far and what came back, oldest first, and the tools that may be called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transcript {
    /// As (call id, text).
    pub(crate) results: Vec<(String, String)>,
    /// As (id, name, input).
    pub(crate) calls: Vec<(String, String, Value)>,
    pub(crate) tools: Vec<String>,
}
