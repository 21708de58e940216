//! One record per request; everything that is shown is derived from it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

/// What happened to one block of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockRecord {
    /// Kind of content, as the router named it.
    pub(crate) kind: String,
    /// The tool call the block came from.
    pub(crate) tool: Option<String>,
    /// The compressor, or why the block was left as it is.
    pub(crate) outcome: String,
    pub(crate) tokens_before: u64,
    pub(crate) tokens_after: u64,
    /// Whether this request was the first to carry the block.
    pub(crate) new: bool,
}

/// The provider's own count for one response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
}

/// One request that went through.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) path: String,
    pub(crate) model: Option<String>,
    pub(crate) bytes_before: u64,
    pub(crate) bytes_after: u64,
    pub(crate) blocks: Vec<BlockRecord>,
    /// Time spent between the request's last byte and handing it to the client that sends it.
    pub(crate) prepare: Duration,
    /// Whether the request was on a route whose blocks we understand.
    pub(crate) is_conversation: bool,
    /// Why the request was sent as it came, where it was.
    pub(crate) passthrough: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) usage: Option<Usage>,
}

/// Sums over the requests of one proxy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    /// Tokens of the blocks when each was first sent.
    pub(crate) new_before: u64,
    pub(crate) new_after: u64,
    /// Tokens of all blocks over all requests: a block counts once per turn, as the provider counts it.
    pub(crate) sent_before: u64,
    pub(crate) sent_after: u64,
    pub(crate) usage: Usage,
    /// New blocks by kind of content.
    pub(crate) kinds: BTreeMap<String, KindTotals>,
    /// Conversations that were sent as they came, by reason.
    pub(crate) untouched: BTreeMap<String, u64>,
    /// How long preparing the last conversations took, at most 1,000 of them.
    pub(crate) prepared: VecDeque<Duration>,
}

/// How many durations are kept.
const KEPT: usize = 1000;

impl Totals {
    /// The median of the time that preparing a conversation took.
    pub(crate) fn median_prepare(&self) -> Duration {
        let mut sorted: Vec<_> = self.prepared.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// Sums over the new blocks of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KindTotals {
    pub(crate) blocks: u64,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// The totals of a running proxy.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    totals: Mutex<Totals>,
}

impl Stats {
    /// Adds one request that has ended.
    pub(crate) fn record(&self, record: &Record) {
        let mut totals = self.totals.lock().expect("no holder panics");
        totals.requests += 1;
        if let Some(reason) = record.passthrough.as_ref().filter(|_| record.is_conversation) {
            *totals.untouched.entry(reason.clone()).or_default() += 1;
        }
        if record.is_conversation && record.passthrough.is_none() {
            if totals.prepared.len() == KEPT {
                totals.prepared.pop_front();
            }
            totals.prepared.push_back(record.prepare);
        }
        for block in &record.blocks {
            totals.sent_before += block.tokens_before;
            totals.sent_after += block.tokens_after;
            if block.new {
                totals.new_before += block.tokens_before;
                totals.new_after += block.tokens_after;
                let kind = totals.kinds.entry(block.kind.clone()).or_default();
                kind.blocks += 1;
                kind.before += block.tokens_before;
                kind.after += block.tokens_after;
            }
        }
        if let Some(usage) = record.usage {
            totals.usage.input += usage.input;
            totals.usage.cache_read += usage.cache_read;
            totals.usage.cache_write += usage.cache_write;
            totals.usage.output += usage.output;
        }
    }

    /// The totals as they stand.
    pub(crate) fn totals(&self) -> Totals {
        self.totals.lock().expect("no holder panics").clone()
    }
}
