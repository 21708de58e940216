//! The body of a response goes through as it comes; an observer reads a copy on the side.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;

use crate::pipeline::exchange::Exchange;
use crate::pipeline::stage::{Stage, emit};
use crate::provider::{Usage, anthropic, sse};
use crate::proxy::Service;
use crate::stats;

/// A body that is no stream of events is read for its usage up to this length.
const LONGEST_BODY: usize = 4 << 20;

/// How the copy is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Events,
    Json,
    /// An encoded body, or one of another type: nothing is read from it.
    Nothing,
}

/// A response body on its way through.
pub(crate) struct Observed<S> {
    inner: S,
    observer: Observer,
}

/// Reads a copy, and records the exchange when the body ends or the client goes away.
struct Observer {
    service: Arc<Service>,
    exchange: Option<Exchange>,
    reading: Reading,
    framing: sse::Framing,
    body: Vec<u8>,
    usage: Usage,
}

/// `inner` as a body; `exchange` is recorded when it ends.
pub(crate) fn observe<S>(inner: S, service: Arc<Service>, exchange: Exchange, reading: Reading) -> Body
where
    S: Stream<Item = reqwest::Result<Bytes>> + Send + Unpin + 'static,
{
    let observer = Observer {
        service,
        exchange: Some(exchange),
        reading,
        framing: sse::Framing::default(),
        body: Vec::new(),
        usage: Usage::default(),
    };
    Body::from_stream(Observed { inner, observer })
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin> Stream for Observed<S> {
    type Item = reqwest::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.observer.read(bytes),
            Poll::Ready(None) => self.observer.finish(),
            _ => {}
        }
        next
    }
}

impl Observer {
    fn read(&mut self, bytes: &Bytes) {
        match self.reading {
            Reading::Events => {
                let usage = &mut self.usage;
                self.framing.push(bytes, |event| {
                    if anthropic::states_usage(event)
                        && let Some(stated) = anthropic::usage(&event.data)
                    {
                        usage.update(stated);
                    }
                });
            }
            Reading::Json if self.body.len() + bytes.len() <= LONGEST_BODY => self.body.extend_from_slice(bytes),
            Reading::Json => {
                self.body = Vec::new();
                self.reading = Reading::Nothing;
            }
            Reading::Nothing => {}
        }
    }

    fn finish(&mut self) {
        let Some(mut exchange) = self.exchange.take() else { return };
        if self.reading == Reading::Json
            && let Some(stated) = anthropic::usage(&self.body)
        {
            self.usage.update(stated);
        }
        exchange.record.usage = (self.usage != Usage::default()).then(|| stats::Usage {
            input: self.usage.input.unwrap_or(0),
            cache_read: self.usage.cache_read.unwrap_or(0),
            cache_write: self.usage.cache_write.unwrap_or(0),
            output: self.usage.output.unwrap_or(0),
        });
        emit(Stage::ResponseReceived, Some(&mut exchange), self.service.pipeline.hooks());
        tracing::debug!(id = exchange.id, stages = ?exchange.stages());
        self.service.stats.record(&exchange.record);
    }
}

/// The client went away, or the body ended in an error: what is known is recorded all the same.
impl Drop for Observer {
    fn drop(&mut self) {
        self.finish();
    }
}
