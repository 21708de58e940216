//! The life of a request.
//!
//! `forward` is the path of a request whose blocks we understand, `pass` that of every other one. They differ in one
//! step: `pass` never looks at the body.

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Url;

use crate::files::failpoint;
use crate::pipeline;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::stage::{Stage, emit};
use crate::pipeline::{Live, Scope};
use crate::provider::Provider;
use crate::proxy::error::{Error, cause, respond};
use crate::proxy::stream::{Observer, Reading, observe};
use crate::proxy::{Service, headers, upstream, websocket};

/// A body longer than this goes through unread.
const LONGEST_BODY: usize = 64 << 20;

/// `POST` of a conversation: its new blocks are decided, its known blocks are sent as decided.
pub(crate) async fn forward(service: Arc<Service>, provider: Provider, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let wire = Some(provider);
    if let Some(reason) = untouched(&service, &parts.headers) {
        return send(service, wire, parts, body, Some(reason)).await;
    }
    let bytes = match read(body).await {
        Ok(Read::Whole(bytes)) => bytes,
        Ok(Read::TooLong(body)) => {
            return send(service, wire, parts, body, Some("longer than 64 MB".to_owned())).await;
        }
        Err(err) => return respond(provider, &err),
    };

    let mut exchange = Exchange::new(parts.uri.path());
    exchange.record.is_conversation = true;
    exchange.record.bytes_before = bytes.len() as u64;
    let scope = if headers::is_subscription(&parts.headers) { Scope::ToolResults } else { Scope::All };
    let worker = Arc::clone(&service);
    let is_packed = is_packed(&parts.headers);
    let prepared = tokio::task::spawn_blocking(move || {
        let prepare = if is_packed { prepare_packed } else { prepare };
        prepare(&worker, provider, bytes, scope, exchange)
    });
    match prepared.await {
        Ok((bytes, exchange)) => dispatch(service, wire, parts, Outgoing::Bytes(bytes), exchange).await,
        // The runtime is going down, which ends this connection too.
        Err(err) => respond(provider, &Error::Downstream(axum::Error::new(err))),
    }
}

/// Every other request, any method and path: byte for byte.
pub(crate) async fn pass(State(service): State<Arc<Service>>, request: Request) -> Response {
    if websocket::is_asked_for(&request) {
        return websocket::connect(service, None, request).await;
    }
    let (parts, body) = request.into_parts();
    send(service, None, parts, body, None).await
}

/// Why a conversation is to go through untouched, if it is.
pub(crate) fn untouched(service: &Service, headers: &HeaderMap) -> Option<String> {
    if service.is_disabled {
        return Some("headroom is switched off: the provider's cache of what was compressed before is lost".to_owned());
    }
    if headers::asks_for_bypass(headers) {
        return Some("bypass header: the provider's cache of what was compressed before is lost".to_owned());
    }
    let encoding = headers.get(header::CONTENT_ENCODING).filter(|encoding| encoding.as_bytes() != b"identity");
    encoding.filter(|_| !is_packed(headers)).map(|_| "encoded body".to_owned())
}

/// Whether the body is packed by zstd, as Codex packs it for a ChatGPT login. Unread it would lose the cache of what
/// the same conversation said over a WebSocket.
fn is_packed(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() == b"zstd")
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
pub(crate) fn prepare(
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
        failpoint::panic_at("request");
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

/// `prepare` for a body that is packed by zstd, and is packed again when it has changed.
fn prepare_packed(
    service: &Service,
    provider: Provider,
    bytes: Bytes,
    scope: Scope,
    mut exchange: Exchange,
) -> (Bytes, Exchange) {
    let mut plain = Vec::new();
    let unpacked = zstd::Decoder::new(&bytes[..])
        .and_then(|decoder| decoder.take(LONGEST_BODY as u64 + 1).read_to_end(&mut plain));
    if unpacked.is_err() || plain.len() > LONGEST_BODY {
        exchange.record.passthrough = Some("a packed body that could not be read".to_owned());
        return (bytes, exchange);
    }
    let plain = Bytes::from(plain);
    let (sent, mut exchange) = prepare(service, provider, plain.clone(), scope, exchange);
    if sent == plain {
        return (bytes, exchange);
    }
    match zstd::encode_all(&sent[..], zstd::DEFAULT_COMPRESSION_LEVEL) {
        Ok(packed) => (packed.into(), exchange),
        Err(err) => {
            exchange.record.passthrough = Some(format!("a body that could not be packed again: {err}"));
            (bytes, exchange)
        }
    }
}

/// The body of the request that goes on.
enum Outgoing {
    Bytes(Bytes),
    Stream(Body),
}

/// Sends a request on without looking into its body; for a conversation there is a reason.
async fn send(
    service: Arc<Service>,
    wire: Option<Provider>,
    parts: Parts,
    body: Body,
    untouched: Option<String>,
) -> Response {
    let mut exchange = Exchange::new(parts.uri.path());
    exchange.record.is_conversation = untouched.is_some();
    exchange.record.passthrough = untouched;
    dispatch(service, wire, parts, Outgoing::Stream(body), exchange).await
}

/// Sends a request on and returns the response as it comes.
async fn dispatch(
    service: Arc<Service>,
    wire: Option<Provider>,
    parts: Parts,
    body: Outgoing,
    mut exchange: Exchange,
) -> Response {
    before_sending(&service, &mut exchange);
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
    let target = service.upstreams.target(wire, &parts);
    let response = match service.upstreams.send(parts.method, target.clone(), outgoing, body).await {
        Ok(response) => response,
        Err(err) => return unreachable_provider(wire, &target, &exchange, &err),
    };
    after_sending(&service, &mut exchange, response.status());
    answer(service, wire, response, exchange)
}

/// Notes that a request is about to be sent.
pub(crate) fn before_sending(service: &Service, exchange: &mut Exchange) {
    emit(Stage::PreSend, Some(exchange), service.pipeline.hooks());
    if let Some(reason) = &exchange.record.passthrough {
        tracing::debug!(id = exchange.id, path = exchange.record.path, reason, "sent as it came");
    }
}

/// Notes that a request was sent, and what the provider said first.
pub(crate) fn after_sending(service: &Service, exchange: &mut Exchange, status: StatusCode) {
    exchange.record.status = Some(status.as_u16());
    emit(Stage::PostSend, Some(exchange), service.pipeline.hooks());
}

/// What the client is told when the provider cannot be reached.
pub(crate) fn unreachable_provider(
    wire: Option<Provider>,
    target: &Url,
    exchange: &Exchange,
    err: &reqwest::Error,
) -> Response {
    let reason = cause(err);
    tracing::warn!(id = exchange.id, reason, "the provider could not be reached");
    respond(wire.unwrap_or(Provider::Anthropic), &Error::Upstream { base: upstream::origin(target), reason })
}

/// The provider's response for the client: status, headers and body as they came.
pub(crate) fn answer(
    service: Arc<Service>,
    wire: Option<Provider>,
    response: reqwest::Response,
    exchange: Exchange,
) -> Response {
    let mut outgoing = Response::new(Body::empty());
    *outgoing.status_mut() = response.status();
    *outgoing.headers_mut() = headers::end_to_end(response.headers());
    if let Some(length) = response.headers().get(header::CONTENT_LENGTH) {
        outgoing.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
    }
    let observer = Observer::new(service, wire, exchange, reading(response.headers()));
    *outgoing.body_mut() = observe(response.bytes_stream(), observer);
    outgoing
}

fn reading(headers: &HeaderMap) -> Reading {
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
    use tokio::sync::watch;
    use tokio_util::task::TaskTracker;

    use crate::ccr::Store;
    use crate::pipeline::{Options, Pipeline, Retrieval};
    use crate::proxy::upstream::Upstreams;
    use crate::stats::Stats;

    use super::*;

    #[test]
    fn a_panic_on_the_way_sends_the_bytes_that_came_and_is_counted() {
        let store = Arc::new(Store::in_memory().unwrap());
        let options = Options { retrieval: Retrieval::Always, ..Options::default() };
        let service = Service {
            store: Some(Arc::clone(&store)),
            pipeline: Pipeline::new(Some(store), options),
            upstreams: Upstreams::new(upstream::Options::default()).unwrap(),
            stats: Stats::default(),
            is_disabled: false,
            stop: watch::channel(false).1,
            relays: TaskTracker::new(),
        };
        service.pipeline.open_calls().poison();
        let body = Bytes::from_static(b"{\"messages\": []}");
        let mut exchange = Exchange::new("/v1/messages");
        exchange.record.is_conversation = true;
        let (sent, exchange) = prepare(&service, Provider::Anthropic, body.clone(), Scope::All, exchange);
        assert_eq!(sent, body);
        service.stats.record(&exchange.record);
        assert_eq!(service.stats.totals().untouched.values().sum::<u64>(), 1);
    }
}
