//! All that is known about one request, from its arrival to the end of its response.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::pipeline::stage::Stage;
use crate::stats::Record;

/// One request and what became of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Counts up within this process.
    pub(crate) id: u64,
    /// What is kept of it.
    pub(crate) record: Record,
    /// What the user last asked, for a request that does not say it: an increment.
    pub(crate) question: String,
    started: Instant,
    stages: Vec<(Stage, Duration)>,
}

impl Exchange {
    pub(crate) fn new(path: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            record: Record { path: path.to_owned(), ..Record::default() },
            question: String::new(),
            started: Instant::now(),
            stages: Vec::with_capacity(8),
        }
    }

    /// Notes that `stage` was reached now.
    pub(crate) fn reached(&mut self, stage: Stage) {
        self.stages.push((stage, self.elapsed()));
    }

    /// The stages reached so far, each with the time since the request arrived.
    pub(crate) fn stages(&self) -> &[(Stage, Duration)] {
        &self.stages
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
