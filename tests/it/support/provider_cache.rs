//! The provider's prompt cache, as its public rules describe it, so that a bill can be reckoned without a provider.
//!
//! The rules: order is tools, system, messages; a prefix is cached where a `cache_control` marker stands, when it has
//! at least 1,024 tokens; a marker finds the longest cached prefix that ends at it or at one of the 20 blocks before it; a
//! hit refreshes what it hits; five minutes or one hour. Prices relative to an input token: read 0.1, write 1.25 (five
//! minutes) or 2 (one hour), everything else 1.
//!
//! `Automatic` is the other kind, which the Responses API has: nobody asks for it, a prefix of at least 1,024 tokens that was sent in
//! the last minutes is read in steps of 128, writing costs nothing more. Order is tools, instructions, input. A read costs 0.1
//! with the models that Codex uses by default, and older ones bill more for it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::request::{Lifetime, Segment};

const SMALLEST_PREFIX: u64 = 1024;
const LOOK_BACK: usize = 20;

/// How the input tokens of one request are billed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bill {
    pub(crate) read: u64,
    pub(crate) written_five_minutes: u64,
    pub(crate) written_one_hour: u64,
    /// Neither read from the cache nor written to it.
    pub(crate) plain: u64,
}

impl Bill {
    /// All input tokens, cached or not.
    pub(crate) fn input(&self) -> u64 {
        self.read + self.written_five_minutes + self.written_one_hour + self.plain
    }

    /// What they cost, in units of one plain input token.
    #[expect(clippy::cast_precision_loss, reason = "no request has 2^52 tokens")]
    pub(crate) fn billed(&self) -> f64 {
        let written = self.written_five_minutes as f64 * 1.25 + self.written_one_hour as f64 * 2.0;
        self.read as f64 * 0.1 + written + self.plain as f64
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    lifetime: Duration,
    used: Instant,
}

/// Every prefix that is cached, by its hash.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: HashMap<blake3::Hash, Entry>,
}

impl Cache {
    /// Reckons one request that arrived at `now`, and caches what its markers ask for.
    pub(crate) fn bill(&mut self, model: &str, segments: &[Segment], now: Instant) -> Bill {
        self.entries.retain(|_, entry| now.duration_since(entry.used) <= entry.lifetime);
        let prefixes = prefixes(model, segments);
        let total = prefixes.last().map_or(0, |prefix| prefix.1);
        let markers: Vec<_> = (0..segments.len()).filter(|&at| segments[at].marker.is_some()).collect();

        let mut bill = Bill::default();
        let hit = markers.iter().rev().find_map(|&marker| {
            let from = marker.saturating_sub(LOOK_BACK);
            (from..=marker).rev().find(|&at| self.entries.contains_key(&prefixes[at].0))
        });
        if let Some(hit) = hit {
            bill.read = prefixes[hit].1;
            self.entries.get_mut(&prefixes[hit].0).unwrap().used = now;
        }
        let mut paid = bill.read;
        for marker in markers {
            let (hash, tokens) = prefixes[marker];
            let lifetime = segments[marker].marker.unwrap();
            if tokens < SMALLEST_PREFIX || tokens < paid || self.entries.contains_key(&hash) {
                continue;
            }
            match lifetime {
                Lifetime::FiveMinutes => bill.written_five_minutes += tokens - paid,
                Lifetime::OneHour => bill.written_one_hour += tokens - paid,
            }
            paid = tokens;
            let minutes = if lifetime == Lifetime::OneHour { 60 } else { 5 };
            self.entries.insert(hash, Entry { lifetime: Duration::from_secs(minutes * 60), used: now });
        }
        bill.plain = total - paid;
        bill
    }
}

/// Every prefix that was sent lately, by its hash.
#[derive(Debug, Default)]
pub(crate) struct Automatic {
    used: HashMap<blake3::Hash, Instant>,
}

impl Automatic {
    const STEP: u64 = 128;
    const LIFETIME: Duration = Duration::from_mins(5);

    /// Reckons one request that arrived at `now`.
    pub(crate) fn bill(&mut self, model: &str, segments: &[Segment], now: Instant) -> Bill {
        self.used.retain(|_, used| now.duration_since(*used) <= Self::LIFETIME);
        let prefixes = prefixes(model, segments);
        let total = prefixes.last().map_or(0, |prefix| prefix.1);
        let known = prefixes.iter().rev().find(|(hash, _)| self.used.contains_key(hash)).map_or(0, |prefix| prefix.1);
        let read = if known < SMALLEST_PREFIX { 0 } else { known / Self::STEP * Self::STEP };
        self.used.extend(prefixes.into_iter().map(|(hash, _)| (hash, now)));
        Bill { read, plain: total - read, ..Bill::default() }
    }
}

/// For each segment the hash of everything up to and with it, and the tokens of that.
fn prefixes(model: &str, segments: &[Segment]) -> Vec<(blake3::Hash, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(model.as_bytes());
    let mut tokens = 0;
    let advance = |segment: &Segment| {
        hasher.update(&(segment.bytes.len() as u64).to_le_bytes());
        hasher.update(segment.bytes.as_bytes());
        tokens += segment.tokens;
        (hasher.finalize(), tokens)
    };
    segments.iter().map(advance).collect()
}
