//! The life of a request.
//!
//! `forward` is the path of a request whose blocks we understand, `pass` that of every other one. They differ in one
//! step: `pass` never looks at the body.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::pipeline;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::stage::{Stage, emit};
use crate::pipeline::{Live, Scope};
use crate::provider::Provider;
use crate::proxy::error::{Error, cause, respond};
use crate::proxy::stream::Reading;
use crate::proxy::{Service, headers, stream as response_stream};

/// A body longer than this goes through unread.
const LONGEST_BODY: usize = 64 << 20;

/// `POST` of a conversation: its new blocks are decided, its known blocks are sent as decided.
pub(crate) async fn forward(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let provider = Provider::Anthropic;
    if let Some(reason) = untouched(&service, &parts) {
        return send(service, parts, Outgoing::Stream(body), Untouched::Conversation(reason)).await;
    }
    let bytes = match read(body).await {
        Ok(Read::Whole(bytes)) => bytes,
        Ok(Read::TooLong(body)) => {
            let untouched = Untouched::Conversation("longer than 64 MB".to_owned());
            return send(service, parts, Outgoing::Stream(body), untouched).await;
        }
        Err(err) => return respond(provider, &err),
    };

    let mut exchange = Exchange::new(parts.uri.path());
    exchange.record.is_conversation = true;
    exchange.record.bytes_before = bytes.len() as u64;
    let scope = if headers::is_subscription(&parts.headers) { Scope::ToolResults } else { Scope::All };
    let worker = Arc::clone(&service);
    let prepared = tokio::task::spawn_blocking(move || prepare(&worker, provider, bytes, scope, exchange)).await;
    match prepared {
        Ok((bytes, exchange)) => dispatch(service, parts, Outgoing::Bytes(bytes), exchange).await,
        // The runtime is going down, which ends this connection too.
        Err(err) => respond(provider, &Error::Downstream(axum::Error::new(err))),
    }
}

/// Every other request, any method and path: byte for byte.
pub(crate) async fn pass(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    send(service, parts, Outgoing::Stream(body), Untouched::Other).await
}

/// Why a conversation is to go through untouched, if it is.
fn untouched(service: &Service, parts: &Parts) -> Option<String> {
    if service.is_disabled {
        return Some("headroom is switched off: the provider's cache of what was compressed before is lost".to_owned());
    }
    if headers::asks_for_bypass(&parts.headers) {
        return Some("bypass header: the provider's cache of what was compressed before is lost".to_owned());
    }
    let encoding = parts.headers.get(header::CONTENT_ENCODING);
    encoding.filter(|encoding| encoding.as_bytes() != b"identity").map(|_| "encoded body".to_owned())
}

enum Read {
    Whole(Bytes),
    /// What was read of it, and the rest.
    TooLong(Body),
}

/// Reads a body of reasonable length.
async fn read(body: Body) -> Result<Read, Error> {
    let is_short = http_body::Body::size_hint(&body).upper().is_some_and(|length| length <= LONGEST_BODY as u64);
    if is_short {
        return to_bytes(body, LONGEST_BODY).await.map(Read::Whole).map_err(Error::Downstream);
    }
    let mut rest = body.into_data_stream();
    let mut chunks = Vec::new();
    let mut length = 0;
    while let Some(chunk) = rest.next().await {
        let chunk = chunk.map_err(Error::Downstream)?;
        length += chunk.len();
        chunks.push(chunk);
        if length > LONGEST_BODY {
            let whole = stream::iter(chunks.into_iter().map(Ok)).chain(rest);
            return Ok(Read::TooLong(Body::from_stream(whole)));
        }
    }
    Ok(Read::Whole(chunks.concat().into()))
}

/// Runs the pipeline on `bytes`. Whatever goes wrong, the bytes that came are what is sent.
fn prepare(
    service: &Service,
    provider: Provider,
    bytes: Bytes,
    scope: Scope,
    mut exchange: Exchange,
) -> (Bytes, Exchange) {
    let Ok(text) = std::str::from_utf8(&bytes) else {
        exchange.record.passthrough = Some("the body is not UTF-8".to_owned());
        return (bytes, exchange);
    };
    let prepared = catch_unwind(AssertUnwindSafe(|| {
        service.pipeline.prepare(provider, text, Live::BehindLastAnswer, scope, &mut exchange)
    }));
    let sent = match prepared {
        Ok(Ok(prepared)) => prepared.body.map(Bytes::from),
        Ok(Err(err)) => {
            if let pipeline::Error::Store(_) = &err {
                tracing::error!(id = exchange.id, error = &err as &dyn std::error::Error, "sent as it came");
            }
            exchange.record.passthrough = Some(err.to_string());
            None
        }
        Err(_) => {
            tracing::error!(id = exchange.id, "a panic: sent as it came, and the provider's cache of it is lost");
            exchange.record.passthrough = Some("a panic of headroom, which is in the log".to_owned());
            None
        }
    };
    let sent = sent.unwrap_or(bytes);
    exchange.record.bytes_after = sent.len() as u64;
    exchange.record.prepare = exchange.elapsed();
    (sent, exchange)
}

/// The body of the request that goes on.
enum Outgoing {
    Bytes(Bytes),
    Stream(Body),
}

/// What is sent without a look at its body.
enum Untouched {
    /// A conversation, for this reason.
    Conversation(String),
    Other,
}

/// Sends a request on without looking into its body.
async fn send(service: Arc<Service>, parts: Parts, body: Outgoing, untouched: Untouched) -> Response {
    let mut exchange = Exchange::new(parts.uri.path());
    if let Untouched::Conversation(reason) = untouched {
        exchange.record.is_conversation = true;
        exchange.record.passthrough = Some(reason);
    }
    dispatch(service, parts, body, exchange).await
}

/// Sends a request on and returns the response as it comes.
async fn dispatch(service: Arc<Service>, parts: Parts, body: Outgoing, mut exchange: Exchange) -> Response {
    let hooks = service.pipeline.hooks();
    emit(Stage::PreSend, Some(&mut exchange), hooks);
    if let Some(reason) = &exchange.record.passthrough {
        tracing::debug!(id = exchange.id, path = exchange.record.path, reason, "sent as it came");
    }
    let mut outgoing = headers::end_to_end(&parts.headers);
    let body = match body {
        Outgoing::Bytes(bytes) => {
            outgoing.insert(header::CONTENT_LENGTH, bytes.len().into());
            Some(reqwest::Body::from(bytes))
        }
        Outgoing::Stream(body) => {
            // A body whose length is known keeps it, be it 0: some servers refuse requests that state none.
            if let Some(length) = parts.headers.get(header::CONTENT_LENGTH) {
                outgoing.insert(header::CONTENT_LENGTH, length.clone());
            }
            let is_empty = http_body::Body::is_end_stream(&body);
            (!is_empty).then(|| reqwest::Body::wrap_stream(body.into_data_stream()))
        }
    };
    let response = match service.upstream.send(parts.method, &parts.uri, outgoing, body).await {
        Ok(response) => response,
        Err(err) => {
            let reason = cause(&err);
            tracing::warn!(id = exchange.id, reason, "the provider could not be reached");
            let base = service.upstream.origin();
            return respond(Provider::Anthropic, &Error::Upstream { base, reason });
        }
    };
    exchange.record.status = Some(response.status().as_u16());
    emit(Stage::PostSend, Some(&mut exchange), hooks);
    answer(service, response, exchange)
}

/// The provider's response for the client: status, headers and body as they came.
fn answer(service: Arc<Service>, response: reqwest::Response, exchange: Exchange) -> Response {
    let mut outgoing = Response::new(Body::empty());
    *outgoing.status_mut() = response.status();
    *outgoing.headers_mut() = headers::end_to_end(response.headers());
    if let Some(length) = response.headers().get(header::CONTENT_LENGTH) {
        outgoing.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
    }
    let reading = reading(response.headers());
    *outgoing.body_mut() = response_stream::observe(response.bytes_stream(), service, exchange, reading);
    outgoing
}

fn reading(headers: &axum::http::HeaderMap) -> Reading {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        _ if headers.contains_key(header::CONTENT_ENCODING) => Reading::Nothing,
        "text/event-stream" => Reading::Events,
        "application/json" => Reading::Json,
        _ => Reading::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use crate::ccr::Store;
    use crate::pipeline::stage::Hook;
    use crate::pipeline::{Budget, Options, Pipeline, Profile, Retrieval};
    use crate::proxy::upstream::{Upstream, parse_url};
    use crate::stats::Stats;

    use super::*;

    struct Broken;

    impl Hook for Broken {
        fn on(&self, _stage: Stage, _exchange: Option<&mut Exchange>) {
            panic!("a hook of somebody's");
        }
    }

    #[test]
    fn a_panic_on_the_way_sends_the_bytes_that_came_and_is_counted() {
        let store = Arc::new(Store::in_memory().unwrap());
        let options = Options {
            project: String::new(),
            profile: Profile::BALANCED,
            budget: Budget::default(),
            exclude_tools: Vec::new(),
            retrieval: Retrieval::Always,
            hooks: vec![Box::new(Broken)],
        };
        let service = Service {
            store: Some(Arc::clone(&store)),
            pipeline: Pipeline::new(Some(store), options),
            upstream: Upstream::new(parse_url("http://127.0.0.1:1").unwrap()).unwrap(),
            stats: Stats::default(),
            is_disabled: false,
        };
        let body = Bytes::from_static(b"{\"messages\": []}");
        let mut exchange = Exchange::new("/v1/messages");
        exchange.record.is_conversation = true;
        let (sent, exchange) = prepare(&service, Provider::Anthropic, body.clone(), Scope::All, exchange);
        assert_eq!(sent, body);
        service.stats.record(&exchange.record);
        assert_eq!(service.stats.totals().untouched.values().sum::<u64>(), 1);
    }
}
