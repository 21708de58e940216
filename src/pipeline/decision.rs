//! What each block becomes: looked up, decided once, stored before it is sent.
//!
//! A block that the store knows is sent as the store says. A new block (nothing of the assistant stands behind it) is
//! decided now, for ever. A block that is neither was sent before, by somebody, as it is: it stays as it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use crate::ccr::sqlite;
use crate::ccr::{Decision, Handle, Key, Row, Store, full_hash};
use crate::compress;
use crate::compress::choice::LEAST_GAIN;
use crate::compress::kind::Kind;
use crate::compress::{Context, Loss, Outcome, Profile, Reason, ToolCall};
use crate::json_text;
use crate::pipeline::asked::{Asked, telling};
use crate::pipeline::repeat::History;
use crate::pipeline::{Budget, Live, Options, Retrieval, Scope, block_record, repeat};
use crate::provider::{Call, Conversation, Origin, Provider};
use crate::stats::BlockRecord;
use crate::tokens;

/// A text shorter than this has no 20 tokens to gain, so it never has a row.
const SMALLEST_BLOCK: usize = 60;

/// What a tool reports as an error is left alone below this length: it is read word by word.
const LONGEST_ERROR: usize = 8000;

/// How long a request waits for the tokenizer's tables, which take about 0.16 s to build once per process.
const TOKENIZER_PATIENCE: Duration = Duration::from_millis(300);

/// A block that a row could exist for.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Index among the conversation's blocks.
    pub(crate) index: usize,
    pub(crate) key: Key,
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
    pub(crate) kind: Option<Kind>,
    /// Tokens of the text, where they were counted.
    pub(crate) tokens: u64,
    /// Whether it is sent as its row's reference: every block that it points to stands in the request.
    pub(crate) refers: bool,
    tool: Option<String>,
    is_live: bool,
    /// Length of the JSON string as it came.
    room: usize,
}

/// What is sent for a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// To be decided now.
    New,
    /// What the store says.
    Row(Row),
    /// As it came, and why.
    Raw(String),
    /// As it came: sent before, by somebody, as it is.
    Old,
}

impl Candidate {
    /// The block's index and the JSON string that takes its place.
    pub(crate) fn replacement(&self) -> Option<(usize, &str)> {
        self.sent().map(|sent| (self.index, sent))
    }

    /// The JSON string that takes the block's place; none where it goes as it came.
    pub(crate) fn sent(&self) -> Option<&str> {
        let Verdict::Row(row) = &self.verdict else { return None };
        match &row.reference {
            Some(reference) if self.refers => Some(&reference.sent),
            _ => row.sent.as_deref(),
        }
    }

    /// The handles that what is sent for it names.
    pub(crate) fn handles(&self) -> &[Handle] {
        match &self.verdict {
            Verdict::Row(row) => &row.handles,
            _ => &[],
        }
    }

    /// What the block's part of the request's record is. Old blocks are not counted: that would cost more than it says.
    pub(crate) fn record(&self) -> Option<BlockRecord> {
        let kind = self.kind.map_or_else(String::new, |kind| format!("{kind:?}").to_lowercase());
        match &self.verdict {
            Verdict::Row(Row { reference: Some(reference), tokens_before, .. }) if self.refers => {
                let tokens = (*tokens_before, reference.tokens_after);
                Some(block_record(kind, self.tool.clone(), repeat::NAME.to_owned(), tokens, self.is_live))
            }
            Verdict::Row(row) => {
                let tokens = (row.tokens_before, row.tokens_after);
                Some(block_record(kind, self.tool.clone(), row.compressor.clone(), tokens, self.is_live))
            }
            Verdict::Raw(reason) => {
                let tokens = (self.tokens, self.tokens);
                Some(block_record(kind, self.tool.clone(), reason.clone(), tokens, self.is_live))
            }
            Verdict::New | Verdict::Old => None,
        }
    }
}

/// The blocks of `conversation` that a row could exist for.
pub(crate) fn candidates(provider: Provider, conversation: &Conversation, live: Live, scope: Scope) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (index, block) in conversation.blocks.iter().enumerate() {
        let room = block.span.len();
        let is_in_scope = scope == Scope::All || matches!(block.origin, Origin::Tool { .. });
        if room < SMALLEST_BLOCK || !is_in_scope {
            continue;
        }
        // A string that stands for no text (a lone surrogate) stays as it came.
        let Some(text) = conversation.decode(block) else { continue };
        let is_live = match live {
            Live::BehindLastAnswer => block.is_live,
            Live::FromMessage(first) => block.message >= first,
        };
        candidates.push(Candidate {
            index,
            key: key(provider, &block.origin, &text),
            text: text.into_owned(),
            verdict: if is_live { Verdict::New } else { Verdict::Old },
            refers: false,
            kind: None,
            tokens: 0,
            tool: match &block.origin {
                Origin::Tool { call, .. } => call.as_ref().map(|call| call.name.clone().into_owned()),
                Origin::User { .. } => None,
            },
            is_live,
            room,
        });
    }
    candidates
}

/// What a block's decision is found by. Neither the settings nor the compressor's version are part of it: they bear on
/// new blocks only.
fn key(provider: Provider, origin: &Origin, text: &str) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(provider.name().as_bytes());
    match origin {
        Origin::Tool { call_id, part, .. } => {
            hasher.update(b"\0call\0").update(call_id.as_bytes()).update(b"\0").update(&(*part as u64).to_le_bytes());
        }
        Origin::User { chain, part } => {
            hasher.update(b"\0chain\0").update(chain).update(&(*part as u64).to_le_bytes());
        }
    }
    hasher.update(blake3::hash(text.as_bytes()).as_bytes());
    Key(*hasher.finalize().as_bytes())
}

/// Looks up what the store says of each block. A row whose original has expired gets it back: the request carries it.
pub(crate) fn look_up(store: &Store, project: &str, blocks: &mut [Candidate]) -> Result<(), sqlite::Error> {
    let keys: Vec<Key> = blocks.iter().map(|block| block.key).collect();
    let found = store.look_up(&keys)?;
    for (block, found) in blocks.iter_mut().zip(found) {
        let Some(found) = found else { continue };
        if found.original_missing
            && let Err(err) = store.put(project, &block.text)
        {
            tracing::warn!(error = &err as &dyn std::error::Error, "an expired original could not be put back");
        }
        block.is_live = false;
        block.verdict = Verdict::Row(found.row);
    }
    Ok(())
}

/// Whether the agent can get an original back from where it stands: the tool is in the list, is announced as one to be
/// loaded later, or is served by this wrap's own MCP server, which has answered.
pub(crate) fn offers_retrieval(conversation: &Conversation, retrieval: &Retrieval) -> bool {
    match retrieval {
        Retrieval::Always => true,
        Retrieval::Never => false,
        Retrieval::Offered { ready_file } => {
            conversation.tools.iter().any(|tool| tool.ends_with(RETRIEVE_TOOL))
                || conversation.announcements.iter().any(|text| announces(text))
                || ready_file.as_ref().is_some_and(|file| file.exists())
        }
    }
}

/// The name of the tool that hands out originals.
const RETRIEVE_TOOL: &str = "headroom_retrieve";

/// What agents call our server's tools together.
const NAMESPACE: &str = "mcp__headroom";

/// What a list of tools that are gone begins with: Claude Code names them once more when their server ends.
const GONE: &str = "no longer available";

/// Whether a line of `text` is the name of our tool, as agents list tools that are loaded on demand. A name behind the
/// words that such tools are gone announces nothing.
fn announces(text: &str) -> bool {
    let names = |line: &str| {
        let name = line.trim().trim_start_matches("- ");
        (name.ends_with(RETRIEVE_TOOL) || name == NAMESPACE) && !name.contains(char::is_whitespace)
    };
    text.lines().take_while(|line| !line.contains(GONE)).any(names)
}

/// One block to decide, with all that its compressor may know.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a block that have nothing to do with one another")]
pub(crate) struct Task {
    pub(crate) candidate: usize,
    key: Key,
    pub(crate) text: String,
    call: Option<ToolCall>,
    hints: Vec<String>,
    seeks_failures: bool,
    is_retrievable: bool,
    is_excluded: bool,
    /// Whether nobody knows what was called: a file that is to be edited perhaps, or an original that was asked for.
    pub(crate) is_of_unknown_call: bool,
    is_error: bool,
    is_user_text: bool,
    pub(crate) room: usize,
    pub(crate) profile: Profile,
    code_aware: bool,
    share: Option<f32>,
}

impl Task {
    pub(crate) fn new(
        candidate: usize,
        block: &Candidate,
        origin: &Origin,
        asked: &Asked,
        is_retrievable: bool,
        options: &Options,
    ) -> Self {
        let call = match origin {
            Origin::Tool { call: Some(call), .. } => Some(tool_call(call)),
            _ => None,
        };
        let is_excluded = call.as_ref().is_some_and(|call| {
            call.tools().any(|name| options.exclude_tools.iter().any(|pattern| matches_pattern(pattern, name)))
        });
        Self {
            candidate,
            key: block.key,
            text: block.text.clone(),
            call,
            hints: asked.named(origin),
            seeks_failures: asked.seeks_failures,
            is_retrievable,
            is_excluded,
            is_of_unknown_call: false,
            is_error: matches!(origin, Origin::Tool { is_error: true, .. }),
            is_user_text: matches!(origin, Origin::User { .. }),
            room: block.room,
            profile: options.profile,
            code_aware: options.code_aware,
            share: options.share,
        }
    }
}

pub(crate) fn tool_call(call: &Call) -> ToolCall {
    ToolCall {
        name: call.name.clone().into_owned(),
        arguments: serde_json::from_str(&call.arguments).unwrap_or_default(),
    }
}

/// Whether `name` is what `pattern` says, in which `*` stands for anything; case does not matter.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// What was made of a task.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) candidate: usize,
    /// The row to store; none where the block stays raw for a reason that holds the next time too.
    pub(crate) decision: Option<Decision>,
    /// Why it stays raw, where it does.
    pub(crate) reason: String,
    /// Whether the block may point to earlier ones: not where it has to be read where it stands.
    pub(crate) may_refer: bool,
    pub(crate) kind: Option<Kind>,
    pub(crate) tokens: u64,
}

/// Decides `tasks` within `budget`. A block that is not finished by then, or whose compressor panicked, is decided to
/// go raw, and that is stored: a retry must not change it. A result that comes late is thrown away.
pub(crate) fn make(tasks: Vec<Task>, mut history: History, budget: &Budget) -> Vec<Made> {
    make_by(tasks, budget, move |task| {
        let made = history.refer(task, decide(task));
        history.note(task, &made);
        made
    })
}

fn make_by(tasks: Vec<Task>, budget: &Budget, mut decide: impl FnMut(&Task) -> Made + Send + 'static) -> Vec<Made> {
    if tasks.is_empty() {
        return Vec::new();
    }
    tokens::wait_ready(TOKENIZER_PATIENCE);
    let bytes: usize = tasks.iter().map(|task| task.text.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a budget needs no exact bytes")]
    let deadline = Instant::now() + budget.base + budget.per_megabyte.mul_f64(bytes as f64 / 1e6);

    let late: Vec<_> = tasks.iter().map(Unfinished::of).collect();
    let (sender, receiver) = mpsc::channel();
    // The thread is not joined: past the deadline it ends by itself when it finds nobody listening.
    thread::spawn(move || {
        for (at, task) in tasks.into_iter().enumerate() {
            let made = catch_unwind(AssertUnwindSafe(|| decide(&task)));
            if sender.send((at, made.ok())).is_err() {
                return;
            }
        }
    });
    let mut results: Vec<Option<Made>> = late.iter().map(|_| None).collect();
    let mut reasons = vec!["deadline"; late.len()];
    for _ in 0..late.len() {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((at, Some(made))) => results[at] = Some(made),
            Ok((at, None)) => reasons[at] = "panic",
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    let unfinished = late.into_iter().zip(reasons);
    results.into_iter().zip(unfinished).map(|(made, (late, why))| made.unwrap_or_else(|| late.raw(why))).collect()
}

/// What is needed to decide that a block goes raw.
struct Unfinished {
    candidate: usize,
    key: Key,
    original_hash: String,
    profile: Profile,
}

impl Unfinished {
    fn of(task: &Task) -> Self {
        Self { candidate: task.candidate, key: task.key, original_hash: full_hash(&task.text), profile: task.profile }
    }

    fn raw(self, why: &str) -> Made {
        tracing::warn!(why, "a block goes as it came, for good");
        self.kept_raw(why, None, 0)
    }

    /// As it came, with a row that says so: without one the block would be decided anew when it is live once more
    /// (a retry, a fork, a rewind), and what decided it may have changed by then.
    fn kept_raw(self, why: &str, kind: Option<Kind>, tokens: u64) -> Made {
        let row = Row {
            sent: None,
            original_hash: self.original_hash,
            handles: Vec::new(),
            compressor: why.to_owned(),
            version: 0,
            profile: format!("{:?}", self.profile),
            tokens_before: tokens,
            tokens_after: tokens,
            reference: None,
        };
        let decision = Decision { key: self.key, row, original: None };
        let (reason, may_refer) = (why.to_owned(), false);
        Made { candidate: self.candidate, decision: Some(decision), reason, may_refer, kind, tokens }
    }
}

/// The decision to send `task` as it came, for `made` that has none yet.
pub(crate) fn as_it_came(task: &Task, made: &Made) -> Decision {
    let made = Unfinished::of(task).kept_raw(&made.reason, made.kind, made.tokens);
    made.decision.expect("what is kept raw has a row")
}

/// Whether a text that stays raw for `reason` would stay raw whatever the question, the settings and the tools are.
fn holds_for_ever(reason: Reason, tokens: usize) -> bool {
    match reason {
        Reason::TooSmall => tokens <= LEAST_GAIN,
        Reason::Retrieved | Reason::ErrorText | Reason::ExactRead | Reason::NoCompressor => true,
        Reason::NotFewer | Reason::LiteralLost => false,
    }
}

/// The tokens that `share` of a text has.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
fn budget(text: &str, share: f32) -> usize {
    (tokens::count(text) as f32 * share) as usize
}

/// Whether a text that stays raw for `reason` may still point to an earlier block that shows it. What we retrieved is
/// wanted where it stands, and an error is read word by word.
fn may_refer(reason: Reason) -> bool {
    match reason {
        Reason::TooSmall | Reason::Retrieved | Reason::ErrorText => false,
        Reason::ExactRead | Reason::NoCompressor | Reason::NotFewer | Reason::LiteralLost => true,
    }
}

fn decide(task: &Task) -> Made {
    let raw = |reason: String, kind, tokens: usize| Made {
        candidate: task.candidate,
        decision: None,
        reason,
        may_refer: false,
        kind,
        tokens: tokens as u64,
    };
    let kept_raw = |why: &str, kind, tokens: usize| Unfinished::of(task).kept_raw(why, kind, tokens as u64);
    if task.is_excluded {
        return kept_raw("excluded tool", None, tokens::count(&task.text));
    }
    if task.is_of_unknown_call {
        return kept_raw("unknown call", None, tokens::count(&task.text));
    }
    if task.is_error && task.text.len() < LONGEST_ERROR {
        return raw(Reason::ErrorText.to_string(), None, tokens::count(&task.text));
    }
    let handle = Handle::of(&task.text);
    let hints = telling(&task.hints, &task.text);
    let context = Context {
        call: task.call.as_ref(),
        hints: &hints,
        seeks_failures: task.seeks_failures,
        // What the user wrote is never shortened by leaving something out.
        retrievable: task.is_retrievable && !task.is_user_text,
        profile: task.profile,
        code_aware: task.code_aware,
        budget: task.share.map(|share| budget(&task.text, share)),
        ..Context::of(handle.as_str())
    };
    let compressed = match compress::compress(&task.text, &context) {
        Outcome::Compressed(compressed) => compressed,
        Outcome::Raw { reason, kind, tokens } => {
            let why = reason.to_string();
            let made = if holds_for_ever(reason, tokens) {
                raw(why, Some(kind), tokens)
            } else {
                kept_raw(&why, Some(kind), tokens)
            };
            return Made { may_refer: !task.is_user_text && may_refer(reason), ..made };
        }
    };
    if task.is_user_text && compressed.loss != Loss::None {
        return kept_raw("a user's text", Some(compressed.kind), compressed.tokens_before);
    }
    let sent = json_text::encode(&compressed.text);
    if sent.len() > task.room {
        let made = kept_raw("more bytes", Some(compressed.kind), compressed.tokens_before);
        return Made { may_refer: !task.is_user_text, ..made };
    }
    let is_named = compressed.text.contains(handle.as_str());
    let row = Row {
        sent: Some(sent),
        original_hash: full_hash(&task.text),
        handles: if is_named { vec![handle] } else { Vec::new() },
        compressor: compressed.compressor.to_owned(),
        version: compressed.version,
        profile: format!("{:?}", task.profile),
        tokens_before: compressed.tokens_before as u64,
        tokens_after: compressed.tokens_after as u64,
        reference: None,
    };
    Made {
        candidate: task.candidate,
        decision: Some(Decision { key: task.key, row, original: is_named.then(|| task.text.clone()) }),
        reason: String::new(),
        may_refer: !task.is_user_text,
        kind: Some(compressed.kind),
        tokens: compressed.tokens_before as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(candidate: usize) -> Task {
        Task {
            candidate,
            key: Key([u8::try_from(candidate).unwrap(); 32]),
            text: format!("text {candidate}"),
            call: None,
            hints: Vec::new(),
            seeks_failures: false,
            is_retrievable: false,
            is_excluded: false,
            is_of_unknown_call: false,
            is_error: false,
            is_user_text: false,
            room: 100,
            profile: Profile::BALANCED,
            code_aware: false,
            share: None,
        }
    }

    fn made(task: &Task) -> Made {
        let (decision, kind) = (None, None);
        let (reason, may_refer) = ("decided".to_owned(), false);
        Made { candidate: task.candidate, decision, reason, may_refer, kind, tokens: 1 }
    }

    fn budget(base: Duration) -> Budget {
        Budget { base, per_megabyte: Duration::ZERO }
    }

    #[test]
    fn a_block_whose_compressor_panics_gets_a_row_that_says_raw_and_the_others_are_decided() {
        let all = make_by(vec![task(0), task(1), task(2)], &budget(Duration::from_mins(1)), |task| {
            assert_ne!(task.candidate, 1, "as a broken compressor would");
            made(task)
        });
        let reasons: Vec<_> = all.iter().map(|made| made.reason.as_str()).collect();
        assert_eq!(reasons, ["decided", "panic", "decided"]);
        let row = &all[1].decision.as_ref().unwrap().row;
        assert_eq!((row.sent.as_ref(), row.original_hash.as_str()), (None, full_hash("text 1").as_str()));
    }

    #[test]
    fn a_result_that_comes_late_is_thrown_away_and_what_was_in_time_is_kept() {
        let (first_is_done, wait_for_it) = mpsc::channel::<()>();
        let (let_go, held) = mpsc::channel::<()>();
        let all = make_by(vec![task(0), task(1)], &budget(Duration::from_millis(300)), move |task| {
            if task.candidate == 1 {
                first_is_done.send(()).unwrap();
                assert!(held.recv().is_err());
            }
            made(task)
        });
        wait_for_it.recv().unwrap();
        drop(let_go);
        assert_eq!((all[0].reason.as_str(), all[1].reason.as_str()), ("decided", "deadline"));
        assert!(all[1].decision.as_ref().unwrap().row.sent.is_none());
    }
}
