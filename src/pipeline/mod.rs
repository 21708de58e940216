//! What happens to a request before it is sent.
//!
//! `Pipeline::prepare` takes the body as the agent sent it and returns the body to send. Whatever fails here, the
//! caller sends the original bytes: a request is never refused or delayed beyond the time budget because of us.

pub(crate) mod asked;
pub(crate) mod calls;
pub(crate) mod decision;
pub(crate) mod exchange;
pub(crate) mod repeat;
pub(crate) mod stage;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ccr;
use crate::ccr::{Key, Store};
use crate::pipeline::asked::Asked;
use crate::pipeline::calls::OpenCalls;
use crate::pipeline::decision::Verdict;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::repeat::History;
use crate::pipeline::stage::{Hook, Stage, emit};
use crate::provider::conversation::Block;
use crate::provider::{Conversation, Origin, Provider};
use crate::stats::BlockRecord;
use crate::tokens;

pub(crate) use crate::compress::Profile;

/// Gets ready what takes a moment (the tokenizer's tables), so that the first request need not wait for it.
pub(crate) fn warm() {
    tokens::warm();
}

/// What a pipeline goes by.
#[derive(Default)]
pub(crate) struct Options {
    /// The project that originals are stored for.
    pub(crate) project: String,
    pub(crate) profile: Profile,
    pub(crate) budget: Budget,
    /// Tools (names or `*` patterns) whose output is left alone.
    pub(crate) exclude_tools: Vec<String>,
    pub(crate) retrieval: Retrieval,
    /// Whether source may be shown as an outline.
    pub(crate) code_aware: bool,
    /// By how much the profile's bias is multiplied for the blocks of a message, by the message's index.
    pub(crate) biases: BTreeMap<usize, f32>,
    /// The share of its tokens that each block has to fit into, where the caller has a budget.
    pub(crate) share: Option<f32>,
    /// Whether the caller may leave out messages of what comes back: then no block may point to another one.
    pub(crate) may_cut: bool,
    pub(crate) hooks: Vec<Box<dyn Hook>>,
}

/// How long deciding may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) base: Duration,
    /// On top, for each MB of new text.
    pub(crate) per_megabyte: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        // On an idle machine a block takes a few milliseconds. The rest is for one that compiles beside the agent: a block
        // that runs out of time stays raw for good, which costs more than a tenth of a second once.
        Self { base: Duration::from_millis(100), per_megabyte: Duration::from_millis(150) }
    }
}

/// How the pipeline learns whether the agent can get an original back.
#[derive(Debug, Clone)]
pub(crate) enum Retrieval {
    /// From the request's own tools, or from this file, which the wrap's MCP server creates when it has answered
    /// `initialize`.
    Offered { ready_file: Option<PathBuf> },
    /// The caller says that it can: the command line, where `headroom retrieve` works.
    Always,
    /// The user does not want anything to be left out.
    Never,
}

impl Default for Retrieval {
    fn default() -> Self {
        Self::Offered { ready_file: None }
    }
}

/// Which blocks are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    /// Those behind the last assistant message: the provider has not seen them yet.
    BehindLastAnswer,
    /// Those from this message on: the caller knows what is cached.
    FromMessage(usize),
}

/// Which blocks may be changed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Tool results alone: the traffic of a subscription.
    ToolResults,
    /// Tool results and long texts of the user.
    All,
}

/// Decides, looks up and splices.
pub(crate) struct Pipeline {
    store: Option<Arc<Store>>,
    options: Options,
    /// Blocks that had to go raw while the store could not be written: a retry must not change them.
    pinned: Mutex<HashSet<Key>>,
    open_calls: OpenCalls,
}

/// A request that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The body to send; `None` means the bytes that came.
    pub(crate) body: Option<String>,
    /// The handles that it names.
    pub(crate) handles: Vec<String>,
}

/// Why a request is sent as it came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the body is not what this route takes")]
    Body(#[from] serde_json::Error),
    #[error("the store is not open")]
    NoStore,
    #[error("the decisions could not be read, so the provider's cache of this conversation is lost")]
    Store(#[from] ccr::sqlite::Error),
}

impl Pipeline {
    /// Without a store every request goes out as it came.
    pub(crate) fn new(store: Option<Arc<Store>>, options: Options) -> Self {
        Self { store, options, pinned: Mutex::default(), open_calls: OpenCalls::default() }
    }

    pub(crate) fn hooks(&self) -> &[Box<dyn Hook>] {
        &self.options.hooks
    }

    /// The calls that responses made, for whoever reads them.
    pub(crate) fn open_calls(&self) -> &OpenCalls {
        &self.open_calls
    }

    /// Decides the new blocks of `text`, looks up the others, and returns what is sent in their place.
    pub(crate) fn prepare(
        &self,
        provider: Provider,
        text: &str,
        live: Live,
        scope: Scope,
        exchange: &mut Exchange,
    ) -> Result<Prepared, Error> {
        let hooks = &self.options.hooks;
        let mut conversation = provider.parse(text)?;
        conversation.may_be_cut |= self.options.may_cut;
        self.open_calls.close(&mut conversation);
        if conversation.question.is_empty() {
            conversation.question.clone_from(&exchange.question);
        } else {
            exchange.question.clone_from(&conversation.question);
        }
        exchange.record.model = conversation.model.as_deref().map(str::to_owned);
        emit(Stage::InputReceived, Some(exchange), hooks);

        let store = self.store.as_deref().ok_or(Error::NoStore)?;
        let mut blocks = decision::candidates(provider, &conversation, live, scope);
        decision::look_up(store, &self.options.project, &mut blocks)?;
        emit(Stage::InputCached, Some(exchange), hooks);

        let undecided = self.undecided(provider, &conversation, &mut blocks);
        let history = History::of(&conversation, &blocks, &undecided);
        emit(Stage::InputRouted, Some(exchange), hooks);

        let made = decision::make(undecided, history, &self.options.budget);
        self.keep(store, made, &mut blocks);
        repeat::settle(&conversation, &mut blocks);
        emit(Stage::InputCompressed, Some(exchange), hooks);

        // Nothing is remembered between conversations yet: the stage is where hooks of callers may add to the record.
        emit(Stage::InputRemembered, Some(exchange), hooks);

        exchange.record.blocks = blocks.iter().filter_map(decision::Candidate::record).collect();
        let replacements: Vec<_> = blocks.iter().filter_map(decision::Candidate::replacement).collect();
        let handles = blocks.iter().flat_map(decision::Candidate::handles).map(ToString::to_string).collect();
        Ok(Prepared { body: conversation.splice(&replacements), handles })
    }

    /// The blocks that are to be decided now, with all that their compressors may know.
    fn undecided(
        &self,
        provider: Provider,
        conversation: &Conversation,
        blocks: &mut [decision::Candidate],
    ) -> Vec<decision::Task> {
        let is_retrievable = decision::offers_retrieval(conversation, &self.options.retrieval);
        let asked = Asked::of(&conversation.question);
        let mut tasks = Vec::new();
        for (index, block) in blocks.iter_mut().enumerate() {
            if block.verdict != Verdict::New {
                continue;
            }
            if self.pinned.lock().expect("no holder panics").contains(&block.key) {
                block.verdict = Verdict::Raw("store unavailable".to_owned());
                continue;
            }
            let Block { origin, message, .. } = &conversation.blocks[block.index];
            let mut task = decision::Task::new(index, block, origin, &asked, is_retrievable, &self.options);
            task.profile.bias *= self.options.biases.get(message).copied().unwrap_or(1.0);
            task.is_of_unknown_call = provider.may_omit_calls() && matches!(origin, Origin::Tool { call: None, .. });
            tasks.push(task);
        }
        tasks
    }

    /// Stores what was made in one transaction and takes over what the store says then. What cannot be stored goes
    /// raw, now and when the request is tried again.
    fn keep(&self, store: &Store, made: Vec<decision::Made>, blocks: &mut [decision::Candidate]) {
        let decisions: Vec<ccr::Decision> = made.iter().filter_map(|made| made.decision.clone()).collect();
        let rows = if decisions.is_empty() { Ok(Vec::new()) } else { store.decide(&self.options.project, &decisions) };
        let mut rows = match rows {
            Ok(rows) => rows.into_iter(),
            Err(err) => {
                tracing::warn!(error = &err as &dyn std::error::Error, "new blocks go as they came");
                let mut pinned = self.pinned.lock().expect("no holder panics");
                for made in made {
                    pinned.insert(blocks[made.candidate].key);
                    blocks[made.candidate].verdict = Verdict::Raw("store unavailable".to_owned());
                }
                return;
            }
        };
        for made in made {
            let block = &mut blocks[made.candidate];
            block.kind = made.kind;
            block.verdict = match made.decision {
                Some(_) => match rows.next() {
                    Some(row) => Verdict::Row(row),
                    None => Verdict::Raw("store unavailable".to_owned()),
                },
                None => Verdict::Raw(made.reason),
            };
            block.tokens = made.tokens;
        }
    }
}

/// A block's record says how many tokens stood there and how many were sent.
fn block_record(kind: String, tool: Option<String>, outcome: String, tokens: (u64, u64), new: bool) -> BlockRecord {
    BlockRecord { kind, tool, outcome, tokens_before: tokens.0, tokens_after: tokens.1, new }
}

#[cfg(test)]
mod tests;
