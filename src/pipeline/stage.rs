//! The life of a request in eleven stages, and who listens to them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::pipeline::exchange::Exchange;

/// A point in the life of the proxy or of one request. Each is emitted from exactly one line of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The options are known; nothing is open yet.
    Setup,
    /// The port is bound and the store is open.
    PreStart,
    /// Requests are being served.
    PostStart,
    /// A request was read and parsed.
    InputReceived,
    /// Its known blocks were looked up.
    InputCached,
    /// Its new blocks are known and go to their compressors.
    InputRouted,
    /// Its new blocks were decided and stored.
    InputCompressed,
    /// What is remembered was added.
    InputRemembered,
    /// The request is about to go to the provider.
    PreSend,
    /// The head of the response is there.
    PostSend,
    /// The response has ended, or the client went away.
    ResponseReceived,
}

/// Somebody who is told of every stage. The exchange is there from `InputReceived` on.
pub(crate) trait Hook: Send + Sync {
    fn on(&self, stage: Stage, exchange: Option<&mut Exchange>);
}

/// Tells every hook of `stage`, and notes the time it was reached. A hook that panics stops nothing.
pub(crate) fn emit(stage: Stage, mut exchange: Option<&mut Exchange>, hooks: &[Box<dyn Hook>]) {
    if let Some(exchange) = exchange.as_deref_mut() {
        exchange.reached(stage);
    }
    for hook in hooks {
        let told = catch_unwind(AssertUnwindSafe(|| hook.on(stage, exchange.as_deref_mut())));
        if told.is_err() {
            tracing::error!(?stage, "a hook panicked");
        }
    }
}

/// Writes every stage to the log, at level `debug`.
pub(crate) struct Trace;

impl Hook for Trace {
    fn on(&self, stage: Stage, exchange: Option<&mut Exchange>) {
        if let Some(exchange) = exchange {
            tracing::debug!(?stage, id = exchange.id, path = exchange.record.path, after = ?exchange.elapsed());
        } else {
            tracing::debug!(?stage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Hook for Broken {
        fn on(&self, _stage: Stage, _exchange: Option<&mut Exchange>) {
            panic!("a hook of somebody's");
        }
    }

    struct Counting<'a>(&'a std::sync::atomic::AtomicUsize);

    impl Hook for Counting<'_> {
        fn on(&self, _stage: Stage, _exchange: Option<&mut Exchange>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn a_hook_that_panics_stops_neither_the_request_nor_the_next_hook() {
        static TOLD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let hooks: Vec<Box<dyn Hook>> = vec![Box::new(Broken), Box::new(Counting(&TOLD))];
        emit(Stage::PreSend, Some(&mut Exchange::new("/")), &hooks);
        assert_eq!(TOLD.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}
