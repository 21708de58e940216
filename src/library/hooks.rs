//! Who may have a say before a compression, and is told after it. A hook that panics stops nothing.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::library::input::Input;
use crate::library::turns;
use crate::library::{Compression, Options};

/// What is known before a compression.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CompressContext {
    /// The model the messages are for.
    pub model: Option<String>,
    /// What is asked.
    pub user_query: String,
    /// How often the user has spoken.
    pub turn_number: usize,
    /// The tools that were called, in order.
    pub tool_calls: Vec<String>,
    /// The wire: `anthropic`, `openai_chat`, `openai_responses`.
    pub provider: &'static str,
}

/// What came of a compression.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CompressEvent {
    /// Tokens of the input.
    pub tokens_before: usize,
    /// Tokens of the result.
    pub tokens_after: usize,
    /// The difference.
    pub tokens_saved: i64,
    /// `tokens_after` / `tokens_before`.
    pub compression_ratio: f64,
    /// The compressors that made something smaller.
    pub transforms_applied: Vec<String>,
    /// The handles that the result names.
    pub ccr_hashes: Vec<String>,
    /// The model the messages are for.
    pub model: Option<String>,
    /// What was asked.
    pub user_query: String,
    /// The wire.
    pub provider: &'static str,
}

/// What a program may add to a compression.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
///
/// /// Keeps more of what was read last.
/// struct Recent;
///
/// impl headroom::CompressionHooks for Recent {
///     fn compute_biases(&self, messages: &str, _: &headroom::CompressContext) -> BTreeMap<usize, f32> {
///         let count = serde_json::from_str::<Vec<serde_json::Value>>(messages).map_or(0, |all| all.len());
///         BTreeMap::from([(count.saturating_sub(1), 2.0)])
///     }
/// }
///
/// let options = headroom::Options { hooks: vec![Arc::new(Recent)], ..Default::default() };
/// let messages = r#"[{"role": "user", "content": "Hello"}]"#;
/// assert_eq!(headroom::compress(messages, &options)?.messages, messages);
/// # Ok::<(), headroom::Error>(())
/// ```
pub trait CompressionHooks: Send + Sync {
    /// The messages to go on with instead of `messages`, or `None` for the same.
    fn pre_compress(&self, _messages: &str, _context: &CompressContext) -> Option<String> {
        None
    }

    /// By how much the profile's bias is multiplied for the blocks of each message, by the message's index.
    fn compute_biases(&self, _messages: &str, _context: &CompressContext) -> BTreeMap<usize, f32> {
        BTreeMap::new()
    }

    /// Is told what came of it.
    fn post_compress(&self, _event: &CompressEvent) {}
}

pub(super) fn context(input: &Input, options: &Options) -> CompressContext {
    let said = input.provider().parse(input.body()).ok();
    let model = said.as_ref().and_then(|said| said.model.as_deref().map(str::to_owned));
    let asked = said.map(|said| said.question).unwrap_or_default();
    let items = if input.is_text() { Vec::new() } else { turns::items(input.given(input.body())) };
    CompressContext {
        model: options.model.clone().or(model),
        user_query: options.user_query.clone().unwrap_or(asked),
        turn_number: items.iter().filter(|item| item.is_spoken_by_user()).count(),
        tool_calls: items.into_iter().flat_map(|item| item.calls).collect(),
        provider: input.provider().name(),
    }
}

/// The messages after every hook has seen them; `None` where none changed them. A plain text is no list of messages:
/// nobody is asked.
pub(super) fn before(options: &Options, input: &Input, context: &CompressContext) -> Option<String> {
    let mut changed = None;
    for hook in options.hooks.iter().filter(|_| !input.is_text()) {
        let messages = changed.as_deref().unwrap_or(input.given(input.body()));
        let answer = catch_unwind(AssertUnwindSafe(|| hook.pre_compress(messages, context)));
        changed = answer.ok().flatten().or(changed);
    }
    changed
}

/// The product of what all hooks say for each message.
pub(super) fn biases(options: &Options, input: &Input, context: &CompressContext) -> BTreeMap<usize, f32> {
    let mut biases = BTreeMap::new();
    for hook in options.hooks.iter().filter(|_| !input.is_text()) {
        let messages = input.given(input.body());
        let answer = catch_unwind(AssertUnwindSafe(|| hook.compute_biases(messages, context)));
        for (message, bias) in answer.unwrap_or_default() {
            *biases.entry(message).or_insert(1.0) *= bias;
        }
    }
    biases
}

pub(super) fn after(options: &Options, made: &Compression, context: &CompressContext) {
    let event = CompressEvent {
        tokens_before: made.tokens_before,
        tokens_after: made.tokens_after,
        tokens_saved: made.tokens_saved,
        compression_ratio: made.compression_ratio,
        transforms_applied: made.transforms_applied.clone(),
        ccr_hashes: made.ccr_hashes.clone(),
        model: context.model.clone(),
        user_query: context.user_query.clone(),
        provider: context.provider,
    };
    for hook in &options.hooks {
        // What it has to say about that is lost with it.
        let _ = catch_unwind(AssertUnwindSafe(|| hook.post_compress(&event)));
    }
}
