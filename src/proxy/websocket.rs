//! `/v1/responses` over a WebSocket.
//!
//! Each `response.create` frame is a request and goes through the pipeline; every other frame, in both directions, is
//! passed on as it came and at once. The upstream is asked first, so that the client gets its very answer: the status of
//! a refusal, the headers of a consent. Where that takes longer than clients wait, the client is accepted before.
//!
//! Compression of frames (`permessage-deflate`) is declined on both sides: a frame is then what it says.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::pipeline::Scope;
use crate::pipeline::exchange::Exchange;
use crate::provider::{Provider, Usage};
use crate::proxy::error::{Error, respond};
use crate::proxy::forward::{after_sending, answer, before_sending, prepare, unreachable_provider, untouched};
use crate::proxy::stream::{Observer, Reading, hear};
use crate::proxy::{Service, headers, upstream};

/// How long a client waits for its upgrade at least. Codex gives up after 15 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the upstream may take when the client has been accepted already.
const LATE: Duration = Duration::from_mins(1);

/// How long the other side may take to say goodbye once one side has gone.
const GOODBYE: Duration = Duration::from_secs(5);

/// A message longer than this is refused, so that memory is bounded. Histories of a million tokens are a few MB.
const LONGEST_MESSAGE: usize = 256 << 20;

/// Whether the request asks for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    let says = |name, wanted: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    request.method() == Method::GET
        && says(header::CONNECTION, "upgrade")
        && says(header::UPGRADE, "websocket")
        && request.headers().contains_key(header::SEC_WEBSOCKET_KEY)
        && request.extensions().get::<OnUpgrade>().is_some()
}

/// Connects the client with its provider. Frames of a wire that we know are looked at.
pub(crate) async fn connect(service: Arc<Service>, wire: Option<Provider>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Some(client) = parts.extensions.remove::<OnUpgrade>() else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let Some(accept) = parts.headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes())) else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let target = service.upstreams.target(wire, &parts);
    let mut asking: Asking = Box::pin(ask(Arc::clone(&service), target.clone(), parts.headers.clone()));
    let connection = Connection::new(Arc::clone(&service), wire, &parts);
    match tokio::time::timeout(PATIENCE, &mut asking).await {
        Ok(Ok(Asked::Consented(consent, upstream))) => {
            service.relays.spawn(connection.run(client, Box::pin(async { Ok(*upstream) })));
            acceptance(&accept, headers::end_to_end(&consent))
        }
        // A client would take it for a consent.
        Ok(Ok(Asked::Refused(response))) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let reason = "it switched to a protocol that is not WebSocket".to_owned();
            let base = upstream::origin(&target);
            respond(wire.unwrap_or(Provider::Anthropic), &Error::Upstream { base, reason })
        }
        Ok(Ok(Asked::Refused(response))) => answer(service, None, *response, Exchange::new(parts.uri.path())),
        Ok(Err(err)) => unreachable_provider(wire, &target, &Exchange::new(parts.uri.path()), &err),
        // The client would go away before the upstream answers.
        Err(_) => {
            service.relays.spawn(connection.run(client, Box::pin(late(asking))));
            acceptance(&accept, HeaderMap::new())
        }
    }
}

type Asking = Pin<Box<dyn Future<Output = reqwest::Result<Asked>> + Send>>;
type Upstream = WebSocketStream<reqwest::Upgraded>;

/// What the upstream says to a wish for a WebSocket.
enum Asked {
    /// With these headers.
    Consented(HeaderMap, Box<Upstream>),
    Refused(Box<reqwest::Response>),
}

async fn ask(service: Arc<Service>, target: Url, asked: HeaderMap) -> reqwest::Result<Asked> {
    let key = generate_key();
    let mut outgoing = headers::end_to_end(&asked);
    for name in [header::SEC_WEBSOCKET_EXTENSIONS, header::SEC_WEBSOCKET_ACCEPT] {
        outgoing.remove(name);
    }
    outgoing.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    outgoing.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    outgoing.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    outgoing.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).expect("base64"));
    let response = service.upstreams.upgrade(target, outgoing).await?;
    let accept = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    let is_meant = accept.is_some_and(|accept| *accept == derive_accept_key(key.as_bytes()));
    if response.status() != StatusCode::SWITCHING_PROTOCOLS || !is_meant {
        return Ok(Asked::Refused(Box::new(response)));
    }
    let consent = response.headers().clone();
    let upstream = WebSocketStream::from_raw_socket(response.upgrade().await?, Role::Client, Some(config())).await;
    Ok(Asked::Consented(consent, Box::new(upstream)))
}

/// The upstream's connection, however late; otherwise why there is none.
async fn late(asking: Asking) -> Result<Upstream, String> {
    match tokio::time::timeout(LATE, asking).await {
        Ok(Ok(Asked::Consented(_, upstream))) => Ok(*upstream),
        Ok(Ok(Asked::Refused(response))) => Err(format!("the provider answered {}", response.status())),
        Ok(Err(_)) | Err(_) => Err("the provider could not be reached".to_owned()),
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(LONGEST_MESSAGE)).max_frame_size(Some(LONGEST_MESSAGE))
}

fn refusal(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The consent to the client, with the headers of the upstream's.
fn acceptance(accept: &str, mut consent: HeaderMap) -> Response {
    consent.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    consent.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    consent.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    consent.insert(header::SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(accept).expect("base64"));
    let mut response = refusal(StatusCode::SWITCHING_PROTOCOLS);
    *response.headers_mut() = consent;
    response
}

/// How one direction of a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByGoodbye,
    Broken,
}

impl Ended {
    fn after(said_goodbye: bool) -> Self {
        if said_goodbye { Self::ByGoodbye } else { Self::Broken }
    }
}

/// One WebSocket between a client and its provider.
struct Connection {
    service: Arc<Service>,
    wire: Option<Provider>,
    path: String,
    scope: Scope,
    /// Why no frame is looked at, if so.
    untouched: Option<String>,
    /// The requests whose responses have not ended, oldest first.
    running: Mutex<VecDeque<Observer>>,
    /// Whether a request is being made ready to be sent.
    is_preparing: AtomicBool,
}

impl Connection {
    fn new(service: Arc<Service>, wire: Option<Provider>, parts: &Parts) -> Self {
        Self {
            wire,
            path: parts.uri.path().to_owned(),
            scope: if headers::is_subscription(&parts.headers) { Scope::ToolResults } else { Scope::All },
            untouched: untouched(&service, &parts.headers),
            running: Mutex::default(),
            is_preparing: AtomicBool::new(false),
            service,
        }
    }

    /// Relays until one side goes.
    async fn run(self, client: OnUpgrade, upstream: Pin<Box<dyn Future<Output = Result<Upstream, String>> + Send>>) {
        let client = match client.await {
            Ok(client) => WebSocketStream::from_raw_socket(TokioIo::new(client), Role::Server, Some(config())).await,
            Err(err) => {
                tracing::debug!(error = &err as &dyn std::error::Error, "the client went away before its upgrade");
                return;
            }
        };
        let mut stop = self.service.stop.clone();
        let upstream = tokio::select! {
            upstream = upstream => upstream,
            _ = stop.wait_for(|stopped| *stopped) => Err("headroom ends".to_owned()),
        };
        match upstream {
            Ok(upstream) => self.relay(client, upstream).await,
            Err(reason) => {
                tracing::warn!(reason, path = self.path, "a WebSocket is closed");
                say_goodbye(client, CloseCode::Again, reason).await;
            }
        }
    }

    async fn relay<C>(&self, client: WebSocketStream<C>, upstream: Upstream)
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let (to_client, from_client) = client.split();
        let (to_upstream, from_upstream) = upstream.split();
        let mut upward = std::pin::pin!(self.upward(from_client, to_upstream));
        let mut downward = std::pin::pin!(self.downward(from_upstream, to_client));
        // A side that said goodbye is answered by the other. One that broke off leaves the other broken off too: to a
        // client a goodbye would look like an end.
        tokio::select! {
            ended = &mut upward => {
                if ended == Ended::ByGoodbye {
                    drop(tokio::time::timeout(GOODBYE, downward).await);
                }
            }
            ended = &mut downward => {
                if ended == Ended::ByGoodbye {
                    drop(tokio::time::timeout(GOODBYE, upward).await);
                }
            }
            () = self.is_stopped_and_idle() => {}
        }
    }

    /// Waits until the proxy is to stop and no response is under way: those are paid for.
    async fn is_stopped_and_idle(&self) {
        let mut stop = self.service.stop.clone();
        if stop.wait_for(|stopped| *stopped).await.is_err() {
            return;
        }
        while self.is_preparing.load(Ordering::Relaxed) || !self.running().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, VecDeque<Observer>> {
        self.running.lock().expect("no holder panics")
    }

    async fn upward(
        &self,
        mut from: impl Stream<Item = tungstenite::Result<Message>> + Unpin,
        mut to: impl Sink<Message, Error = tungstenite::Error> + Unpin,
    ) -> Ended {
        let mut question = String::new();
        let mut said_goodbye = false;
        while let Some(Ok(message)) = from.next().await {
            let message = match message {
                Message::Text(text) => Message::Text(self.outgoing(text, &mut question).await),
                // Each side answers the pings of its own connection.
                Message::Pong(_) => continue,
                other => other,
            };
            let is_goodbye = matches!(message, Message::Close(_));
            if to.send(message).await.is_err() {
                break;
            }
            said_goodbye |= is_goodbye;
        }
        Ended::after(said_goodbye)
    }

    async fn downward(
        &self,
        mut from: impl Stream<Item = tungstenite::Result<Message>> + Unpin,
        mut to: impl Sink<Message, Error = tungstenite::Error> + Unpin,
    ) -> Ended {
        let mut said_goodbye = false;
        while let Some(Ok(message)) = from.next().await {
            if matches!(message, Message::Pong(_)) {
                continue;
            }
            // Read before it is sent, because the client may answer a call at once; ended when the client has it.
            let ends_response = matches!(&message, Message::Text(text) if self.observe(text));
            let is_goodbye = matches!(message, Message::Close(_));
            if to.send(message).await.is_err() {
                break;
            }
            if ends_response {
                drop(self.running().pop_front());
            }
            said_goodbye |= is_goodbye;
        }
        Ended::after(said_goodbye)
    }

    /// The frame to send for a frame of the client's.
    async fn outgoing(&self, text: Utf8Bytes, question: &mut String) -> Utf8Bytes {
        let Some(provider) = self.wire.filter(|_| is_request(&text)) else { return text };
        self.is_preparing.store(true, Ordering::Relaxed);
        let mut exchange = Exchange::new(&self.path);
        exchange.record.is_conversation = true;
        exchange.record.bytes_before = text.len() as u64;
        exchange.question.clone_from(question);
        let original = text.clone();
        let (sent, mut exchange) = if let Some(reason) = &self.untouched {
            exchange.record.passthrough = Some(reason.clone());
            (Bytes::from(text), exchange)
        } else {
            let (service, scope) = (Arc::clone(&self.service), self.scope);
            let worker = move || prepare(&service, provider, Bytes::from(text), scope, exchange);
            match tokio::task::spawn_blocking(worker).await {
                Ok(prepared) => prepared,
                // The runtime is going down, which ends this connection too.
                Err(_) => return original,
            }
        };
        question.clone_from(&exchange.question);
        before_sending(&self.service, &mut exchange);
        after_sending(&self.service, &mut exchange, StatusCode::SWITCHING_PROTOCOLS);
        let observer = Observer::new(Arc::clone(&self.service), Some(provider), exchange, Reading::Events);
        self.running().push_back(observer);
        self.is_preparing.store(false, Ordering::Relaxed);
        Utf8Bytes::try_from(sent).unwrap_or(original)
    }

    /// Reads a frame of the provider's on its way to the client, and says whether it ends a response.
    fn observe(&self, text: &str) -> bool {
        let Some(provider) = self.wire else { return false };
        let heard = provider.read_event("", text.as_bytes());
        let ends = heard.ends;
        match self.running().front_mut() {
            Some(first) => first.hear(heard),
            // Whatever it belongs to, the outputs of its calls are to come.
            None => hear(heard, &mut Usage::default(), &self.service),
        }
        ends
    }
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

/// Whether a frame asks for a response.
fn is_request(text: &str) -> bool {
    serde_json::from_str::<Frame>(text).is_ok_and(|frame| frame.kind.as_deref() == Some("response.create"))
}

/// Closes `socket`, saying why.
async fn say_goodbye<S>(mut socket: WebSocketStream<S>, code: CloseCode, reason: String)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    drop(socket.close(Some(CloseFrame { code, reason: reason.into() })).await);
    let heard = async { while let Some(Ok(_)) = socket.next().await {} };
    drop(tokio::time::timeout(GOODBYE, heard).await);
}
