//! Compression for programs: a conversation or a text in, the same made smaller out, with a receipt.
//!
//! It takes the way of every request through the proxy (`pipeline`), with a store of its own that lives as long as the
//! call: a library has no conversation to keep stable, its caller says which messages are cached.

mod fit;
mod hooks;
mod input;
mod turns;

pub use fit::{ContextWeights, IntelligentContext, RollingWindow};
pub use hooks::{CompressContext, CompressEvent, CompressionHooks};
pub use input::Format;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use crate::ccr;
use crate::ccr::Store;
// The module alone: the function of that name is ours.
use crate::compress::{self};
use crate::library::input::Input;
use crate::pipeline;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::{Budget, Live, Pipeline, Retrieval, Scope};
use crate::tokens;

/// How much a form may leave out, where leaving out is allowed at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Below 1 keeps less, above 1 keeps more.
    pub bias: f32,
    /// Of each group of alike items that are sampled under a budget, at least so many are kept.
    pub min_k: usize,
    /// And at most so many.
    pub max_k: usize,
}

impl Profile {
    /// The default: bias 1.0, 2 to 8 of each group.
    pub const BALANCED: Self = Self::of(compress::Profile::BALANCED);
    /// Bias 0.7, 1 to 5 of each group.
    pub const AGGRESSIVE: Self = Self::of(compress::Profile::AGGRESSIVE);
    /// Bias 1.3, 3 to 12 of each group.
    pub const CONSERVATIVE: Self = Self::of(compress::Profile::CONSERVATIVE);

    const fn of(profile: compress::Profile) -> Self {
        let compress::Profile { bias, min_k, max_k } = profile;
        Self { bias, min_k, max_k }
    }
}

/// What becomes of originals of which something is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Originals {
    /// The caller keeps them (`Compression::originals`) and can hand them out under their handles, so that things may
    /// be left out.
    #[default]
    Returned,
    /// Nobody could get them back: only forms that lose nothing are used.
    Lost,
}

/// The call whose output a text is.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The tool's name: `Bash`, `Read`, `mcp__github__list_issues`.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
}

impl ToolCall {
    /// A command line that a shell ran.
    ///
    /// ```
    /// let call = headroom::ToolCall::command("cargo test --workspace");
    /// assert_eq!(call.name, "Bash");
    /// ```
    pub fn command(line: &str) -> Self {
        Self { name: "Bash".to_owned(), arguments: serde_json::json!({ "command": line }) }
    }
}

/// How `compress` goes about it.
///
/// ```
/// let options = headroom::Options { token_budget: Some(8_000), ..headroom::Options::default() };
/// assert_eq!(options.profile.bias, 1.0);
/// ```
#[derive(Clone, Default)]
pub struct Options {
    /// What the input is [default: told from its shape].
    pub format: Format,
    /// The model the messages are for; hooks are told [default: the one the messages name].
    pub model: Option<String>,
    /// What is asked: what it names stays verbatim [default: the last message of the user].
    pub user_query: Option<String>,
    /// The call whose output a plain text is.
    pub call: Option<ToolCall>,
    /// How much may be left out.
    pub profile: Profile,
    /// Tools whose output is left alone; `*` stands for anything.
    pub exclude_tools: Vec<String>,
    /// So many messages at the beginning are cached: they are not touched.
    pub frozen_message_count: usize,
    /// Whether source may become an outline: imports, signatures and types, with bodies as line ranges.
    pub code_aware: bool,
    /// What becomes of originals.
    pub originals: Originals,
    /// Tokens to fit into. Only then may rows and sentences be sampled, and messages left out (`intelligent_context`).
    pub token_budget: Option<usize>,
    /// How messages are chosen when the rest does not fit into the budget; `None` keeps all of them.
    pub intelligent_context: Option<IntelligentContext>,
    /// Drops the oldest turns, where it is given.
    pub rolling_window: Option<RollingWindow>,
    /// Who is told, and may have a say.
    pub hooks: Vec<Arc<dyn CompressionHooks>>,
}

impl Default for Profile {
    fn default() -> Self {
        Self::BALANCED
    }
}

/// What `compress` made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compression {
    /// The messages as a JSON array, or the text. Bytes outside what was made smaller are those of the input.
    pub messages: String,
    /// Tokens (`o200k_base`) of the input's messages, or of the text.
    pub tokens_before: usize,
    /// Tokens of `messages`.
    pub tokens_after: usize,
    /// The difference.
    pub tokens_saved: i64,
    /// `tokens_after` / `tokens_before`, 1 for an empty input.
    pub compression_ratio: f64,
    /// The compressors that made something smaller, in order, once for each block.
    pub transforms_applied: Vec<String>,
    /// The handles that `messages` names.
    pub ccr_hashes: Vec<String>,
    /// What the input was taken for.
    pub format: Format,
    /// Whether anything changed.
    pub compressed: bool,
    /// Whether the result fits, where a budget was given.
    pub within_budget: Option<bool>,
    /// How long it took, without building the tokenizer's tables (once per process).
    pub elapsed: Duration,
    /// What became of each block.
    pub blocks: Vec<BlockReport>,
    /// The originals of which something is left out.
    pub originals: Vec<Original>,
}

/// What became of one tool result or long text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockReport {
    /// What it was taken for: `log`, `json`, `diff`, ...
    pub kind: String,
    /// The tool it came from.
    pub tool: Option<String>,
    /// The compressor, or why it was left as it is.
    pub outcome: String,
    /// Its tokens.
    pub tokens_before: u64,
    /// The tokens of what stands for it.
    pub tokens_after: u64,
}

/// An original of which something is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Original {
    /// The name that markers call it by: 16 hex digits.
    pub handle: String,
    /// The whole text.
    pub text: String,
}

/// What leaving out has come to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CCRStats {
    /// Originals of which something is left out.
    pub entries: usize,
    /// Their tokens.
    pub total_original_tokens: usize,
    /// The tokens of what stands for them.
    pub total_compressed_tokens: usize,
    /// The difference.
    pub total_tokens_saved: i64,
    /// The difference in percent of the original tokens.
    pub savings_percent: f64,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is not what its format says.
    #[error("the messages are not {format}")]
    Format {
        /// What they should be.
        format: &'static str,
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// Memory for the originals could not be had.
    #[error("the originals could not be kept")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Makes the tool results and long texts of a conversation smaller, or one text.
///
/// `messages` is a JSON array of messages, a request body that holds one (Anthropic's `messages`, `OpenAI`'s `messages` or
/// `input`), or any other text. What is behind `Options::frozen_message_count` is decided anew in each call.
///
/// ```
/// let rows: Vec<String> = (0..60).map(|n| format!("{{\"id\":{n},\"state\":\"open\",\"owner\":\"ada\"}}")).collect();
/// let messages = serde_json::json!([
///     {"role": "user", "content": "Which issues are open?"},
///     {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "list_issues", "input": {}}]},
///     {"role": "user", "content": [
///         {"type": "tool_result", "tool_use_id": "a", "content": format!("[{}]", rows.join(","))}
///     ]},
/// ]);
/// let result = headroom::compress(&messages.to_string(), &headroom::Options::default())?;
/// assert!(result.tokens_after * 2 < result.tokens_before);
/// assert_eq!(result.transforms_applied, ["json"]);
/// # Ok::<(), headroom::Error>(())
/// ```
///
/// A text by itself:
///
/// ```
/// let log = "test account::opens ... ok\n".repeat(200) + "test account::closes ... FAILED\n";
/// let options = headroom::Options { call: Some(headroom::ToolCall::command("cargo test")), ..Default::default() };
/// let result = headroom::compress(&log, &options)?;
/// assert!(result.messages.contains("test account::closes ... FAILED"));
/// assert_eq!(result.originals[0].text, log);
/// # Ok::<(), headroom::Error>(())
/// ```
pub fn compress(messages: &str, options: &Options) -> Result<Compression, Error> {
    // Once per process, and no part of what a compression takes.
    tokens::wait_ready(TOKENIZER_PATIENCE);
    let started = Instant::now();
    let mut input = Input::of(messages, options)?;
    let context = hooks::context(&input, options);
    if let Some(changed) = hooks::before(options, &input, &context) {
        input = Input::of(&changed, options)?;
    }
    let biases = hooks::biases(options, &input, &context);
    let mut made = pass(&input, options, &biases, None)?;
    if let Some(budget) = options.token_budget
        && tokens::count(&made.shown) > budget
    {
        let share = fit::share(&made, budget);
        let sampled = pass(&input, options, &biases, Some(share))?;
        if tokens::count(&sampled.shown) < tokens::count(&made.shown) {
            made = sampled;
        }
    }
    fit::choose_messages(&mut made, &input, options);
    let compression = summed_up(messages, &input, made, options, started);
    hooks::after(options, &compression, &context);
    Ok(compression)
}

/// The tokenizer's tables are there after 0.16 s.
const TOKENIZER_PATIENCE: Duration = Duration::from_secs(10);

/// What one pass over the input made.
struct Made {
    /// The messages or the text.
    shown: String,
    records: Vec<BlockReport>,
    originals: Vec<Original>,
}

/// Decides every block behind the frozen ones; into `share` of its tokens where that is given.
fn pass(input: &Input, options: &Options, biases: &BTreeMap<usize, f32>, share: Option<f32>) -> Result<Made, Error> {
    let in_memory = || Store::in_memory().map_err(|err| Error::Store(Box::new(err)));
    let store = Arc::new(in_memory()?);
    let retrieval = match options.originals {
        Originals::Returned => Retrieval::Always,
        Originals::Lost => Retrieval::Offered { ready_file: None },
    };
    let Profile { bias, min_k, max_k } = options.profile;
    let pipeline = Pipeline::new(
        Some(Arc::clone(&store)),
        pipeline::Options {
            profile: compress::Profile { bias, min_k, max_k },
            // Nobody waits for an answer meanwhile, and a text left as it is because the machine was busy helps nobody.
            budget: Budget { base: Duration::from_mins(1), ..Budget::default() },
            exclude_tools: options.exclude_tools.clone(),
            retrieval,
            code_aware: options.code_aware,
            biases: biases.clone(),
            share,
            may_cut: fit::may_cut(options),
            ..pipeline::Options::default()
        },
    );
    let mut exchange = Exchange::new("compress");
    exchange.question = options.user_query.clone().unwrap_or_default();
    let live = Live::FromMessage(input.first_live(options.frozen_message_count));
    let prepared = pipeline
        .prepare(input.provider(), input.body(), live, Scope::All, &mut exchange)
        .map_err(|err| Error::Store(Box::new(err)))?;
    let mut originals = Vec::new();
    for handle in &prepared.handles {
        let kept = store.get(&handle.parse().expect("a handle of ours is one"));
        let kept = kept.map_err(|err| Error::Store(Box::new(err)))?;
        originals.extend(kept.map(|kept| Original { handle: handle.clone(), text: kept.text }));
    }
    let records = exchange.record.blocks.into_iter().map(|record| BlockReport {
        kind: record.kind,
        tool: record.tool,
        outcome: record.outcome,
        tokens_before: record.tokens_before,
        tokens_after: record.tokens_after,
    });
    let body = prepared.body.as_deref().unwrap_or(input.body());
    let shown = input.shown(body)?;
    let mut records: Vec<BlockReport> = records.collect();
    if input.is_text() && records.is_empty() {
        let tokens = tokens::count(&shown) as u64;
        let outcome = "too small".to_owned();
        records.push(BlockReport {
            kind: String::new(),
            tool: None,
            outcome,
            tokens_before: tokens,
            tokens_after: tokens,
        });
    }
    Ok(Made { shown, records, originals })
}

fn summed_up(messages: &str, input: &Input, made: Made, options: &Options, started: Instant) -> Compression {
    let before = tokens::count(input.given(messages));
    let after = tokens::count(&made.shown);
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no exact counts")]
    let ratio = if before == 0 { 1.0 } else { after as f64 / before as f64 };
    let smaller = made.records.iter().filter(|record| record.tokens_after < record.tokens_before);
    #[expect(clippy::cast_possible_wrap, reason = "no text has 2^63 tokens")]
    let tokens_saved = before as i64 - after as i64;
    Compression {
        format: input.format(),
        compressed: made.shown != input.given(messages),
        tokens_before: before,
        tokens_after: after,
        tokens_saved,
        compression_ratio: (ratio * 1e4).round() / 1e4,
        transforms_applied: smaller.map(|record| record.outcome.clone()).collect(),
        ccr_hashes: made.originals.iter().map(|original| original.handle.clone()).collect(),
        within_budget: options.token_budget.map(|budget| after <= budget),
        elapsed: started.elapsed(),
        blocks: made.records,
        originals: made.originals,
        messages: made.shown,
    }
}

impl Compression {
    /// What leaving out has come to.
    pub fn ccr_stats(&self) -> CCRStats {
        let original: usize = self.originals.iter().map(|original| tokens::count(&original.text)).sum();
        #[expect(clippy::cast_possible_wrap, reason = "no text has 2^63 tokens")]
        let stood_for = (original as i64 - self.tokens_saved).max(0);
        #[expect(clippy::cast_precision_loss, reason = "a percentage needs no exact counts")]
        let percent = if original == 0 { 0.0 } else { self.tokens_saved as f64 * 100.0 / original as f64 };
        CCRStats {
            entries: self.originals.len(),
            total_original_tokens: original,
            total_compressed_tokens: usize::try_from(stood_for).unwrap_or_default(),
            total_tokens_saved: self.tokens_saved,
            savings_percent: (percent * 10.0).round() / 10.0,
        }
    }
}

/// The tokens of what one text becomes, without anything round it: what the bench of the compressors times.
#[doc(hidden)]
pub fn compress_text(text: &str, call: Option<&ToolCall>) -> usize {
    let call = call.map(|call| compress::ToolCall { name: call.name.clone(), arguments: call.arguments.clone() });
    let context = compress::Context {
        call: call.as_ref(),
        retrievable: true,
        code_aware: true,
        ..compress::Context::of("0000000000000000")
    };
    match compress::compress(text, &context) {
        compress::Outcome::Compressed(compressed) => compressed.tokens_after,
        compress::Outcome::Raw { tokens, .. } => tokens,
    }
}

/// The name an original is stored under.
fn handle_of(text: &str) -> String {
    ccr::Handle::of(text).to_string()
}

#[cfg(test)]
mod tests;
