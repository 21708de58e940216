//! A scripted provider of the Responses API on loopback: `/v1/responses` by WebSocket and by HTTP, and `/v1/chat/completions`.
//!
//! It records every request as it effectively sees it, refuses what the real one would refuse, asks the script what to
//! answer, and bills by `provider_cache`. As its guide to WebSocket mode says, a connection remembers its newest response
//! and no other, a failed turn makes it forget that one, and `generate: false` makes a response without output. What a
//! warm-up reads is not billed: it is the same tokens as the request that follows.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::openai_request::{Context, Request, Wire};
use super::openai_turn;
use super::provider_cache::{Automatic, Bill};
use super::server::Server;
use super::turn::Turn;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Upgrades are taken, and nothing is dropped.
    Steady,
    /// Upgrades are answered by 426.
    Refused,
    /// The connection is dropped once, after the answer to this frame. A warm-up is a frame.
    DroppedAfter(usize),
    /// The connection is dropped once, within the answer to this frame.
    DroppedWithin(usize),
    /// The connection is dropped after the answer to this frame, and further upgrades are answered by 426.
    RefusedAfter(usize),
}

type Script = dyn Fn(&Request) -> Turn + Send + Sync;

struct Shared {
    script: Box<Script>,
    link: Link,
    record: Mutex<Record>,
    cache: Mutex<Automatic>,
}

#[derive(Default)]
struct Record {
    requests: Vec<Request>,
    connections: usize,
    frames: usize,
}

/// A running provider; it stops when this is dropped.
pub(crate) struct OpenAi {
    shared: Arc<Shared>,
    server: Server,
}

impl OpenAi {
    /// Starts a provider that answers each turn of a conversation with what `script` makes of the request.
    pub(crate) fn start(link: Link, script: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> Self {
        let script = Box::new(script);
        let shared = Arc::new(Shared { script, link, record: Mutex::default(), cache: Mutex::default() });
        let server = Server::start(Router::new().fallback(answer).with_state(Arc::clone(&shared)));
        Self { shared, server }
    }

    /// Starts a provider that gives these answers in turn, and then says `done`.
    pub(crate) fn scripted(link: Link, turns: Vec<Turn>) -> Self {
        let turns = Mutex::new(turns.into_iter());
        Self::start(link, move |_| turns.lock().unwrap().next().unwrap_or_else(|| Turn::text("done")))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Every request so far, in order of arrival; a refused upgrade is one.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.record.lock().unwrap().requests.clone()
    }

    /// The turns of conversations so far, in order of arrival.
    pub(crate) fn turns(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_main).collect()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    if head.uri.path() == "/v1/responses" && head.headers.contains_key(header::UPGRADE) {
        return upgrade(shared, &mut head).await;
    }
    let Ok(body) = to_bytes(body, usize::MAX).await else { return plain(400, "") };
    let wire = match head.uri.path() {
        "/v1/responses" => Wire::Responses,
        "/v1/chat/completions" => Wire::Chat,
        _ => Wire::Other,
    };
    let request = seen(wire, &head, body);
    if wire == Wire::Other {
        shared.note(Request { status: 404, ..request });
        return plain(404, "{}");
    }
    tokio::task::spawn_blocking(move || respond(&shared, request)).await.expect("the script does not panic")
}

/// A request as it came, with nothing but itself before it.
fn seen(wire: Wire, head: &Parts, body: Bytes) -> Request {
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        wire,
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        context: Context::of(&body),
        body,
        arrived: Instant::now(),
        bill: Bill::default(),
        status: 0,
    }
}

impl Shared {
    fn note(&self, request: Request) -> usize {
        let mut record = self.record.lock().unwrap();
        record.requests.push(request);
        record.requests.len()
    }

    /// Asks the script, bills and records.
    fn take(&self, mut request: Request) -> Taken {
        let model = request.json()["model"].as_str().unwrap_or_default().to_owned();
        let failure = request.context.refusal();
        let turn = match failure {
            Some((code, message)) => refused(code, &message),
            None if request.is_warm_up() => Turn::of(Vec::new()),
            None => (self.script)(&request),
        };
        if turn.failure.is_none() {
            let bill = self.cache.lock().unwrap().bill(&model, &request.context.segments(), request.arrived);
            request.bill = if request.is_warm_up() { Bill::default() } else { bill };
        }
        request.status = turn.status;
        let (bill, context) = (request.bill, request.context.clone());
        let id = format!("resp_{:06}", self.note(request));
        Taken { id, model, turn, bill, context }
    }

    fn refuses_upgrades(&self) -> bool {
        match self.link {
            Link::Refused => true,
            Link::RefusedAfter(frame) => self.record.lock().unwrap().frames >= frame,
            _ => false,
        }
    }
}

/// A request that was answered.
struct Taken {
    id: String,
    model: String,
    turn: Turn,
    bill: Bill,
    context: Context,
}

impl Taken {
    fn response(&self) -> openai_turn::Response<'_> {
        openai_turn::Response { id: self.id.clone(), model: &self.model, turn: &self.turn, bill: self.bill }
    }
}

/// An error in the provider's own shape.
fn refused(code: Option<&str>, message: &str) -> Turn {
    let error = json!({"type": "invalid_request_error", "code": code, "message": message, "param": "input"});
    Turn { failure: Some(json!({"error": error}).to_string()), ..Turn { status: 400, ..Turn::of(Vec::new()) } }
}

fn respond(shared: &Shared, request: Request) -> Response<Body> {
    let (wire, asked) = (request.wire, request.json());
    let taken = shared.take(request);
    if let Some(failure) = &taken.turn.failure {
        return plain(taken.turn.status, failure);
    }
    let response = taken.response();
    let is_chat = wire == Wire::Chat;
    if asked["stream"] != true {
        return plain(200, &if is_chat { response.completion() } else { response.whole() }.to_string());
    }
    let events: String = if is_chat {
        let chunks = response.chunks(asked["stream_options"]["include_usage"] == true);
        chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect()
    } else {
        let framed = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
        response.events().iter().map(framed).collect()
    };
    let head = Response::builder().header(header::CONTENT_TYPE, "text/event-stream; charset=utf-8");
    head.header("x-request-id", taken.id.as_str()).body(taken.turn.pace.body(&events)).unwrap()
}

fn plain(status: u16, body: &str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap();
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(body.to_owned())).unwrap()
}

async fn upgrade(shared: Arc<Shared>, head: &mut Parts) -> Response<Body> {
    let request = seen(Wire::Other, head, Bytes::new());
    if shared.refuses_upgrades() {
        shared.note(Request { status: 426, ..request });
        return plain(426, r#"{"error": {"message": "WebSocket is not supported here"}}"#);
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(head, &()).await {
        Ok(upgrade) => upgrade.max_message_size(usize::MAX).max_frame_size(usize::MAX),
        Err(rejection) => return axum::response::IntoResponse::into_response(rejection),
    };
    upgrade.on_upgrade(move |socket| converse(shared, request, socket))
}

/// Answers frame after frame, until the client leaves or the connection is to be dropped.
async fn converse(shared: Arc<Shared>, upgrade: Request, mut socket: WebSocket) {
    let connection = {
        let mut record = shared.record.lock().unwrap();
        record.connections += 1;
        record.connections
    };
    let mut newest = None;
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let body = Bytes::copy_from_slice(text.as_bytes());
        let request = Request {
            wire: Wire::WebSocket(connection),
            context: Context::of(&body),
            body,
            arrived: Instant::now(),
            ..upgrade.clone()
        };
        let (state, remembered) = (Arc::clone(&shared), newest.take());
        let answered = tokio::task::spawn_blocking(move || state.take_frame(request, remembered));
        let (events, remembered) = answered.await.expect("the script does not panic");
        newest = remembered;
        let frame = {
            let mut record = shared.record.lock().unwrap();
            record.frames += 1;
            record.frames
        };
        let kept = if shared.link == Link::DroppedWithin(frame) { events.len() / 2 } else { events.len() };
        for event in &events[..kept] {
            if socket.send(Message::text(event.to_string())).await.is_err() {
                return;
            }
        }
        let dropping = [Link::DroppedAfter(frame), Link::DroppedWithin(frame), Link::RefusedAfter(frame)];
        if dropping.contains(&shared.link) {
            return;
        }
    }
}

/// A response that can be gone on from: its id, and everything that the model has read and said so far.
type Remembered = Option<(String, Vec<String>)>;

impl Shared {
    fn take_frame(&self, mut request: Request, remembered: Remembered) -> (Vec<Value>, Remembered) {
        let frame = request.json();
        if let Some(previous) = frame["previous_response_id"].as_str() {
            let Some((_, items)) = remembered.filter(|(id, _)| id == previous) else {
                self.note(Request { status: 400, ..request });
                let error = json!({
                    "type": "invalid_request_error",
                    "code": "previous_response_not_found",
                    "message": format!("Previous response with id '{previous}' not found."),
                    "param": "previous_response_id",
                });
                return (vec![json!({"type": "error", "status": 400, "error": error})], None);
            };
            request.context.items.splice(0..0, items);
        }
        let taken = self.take(request);
        if let Some(failure) = &taken.turn.failure {
            let mut event: Value = serde_json::from_str(failure).unwrap();
            event["type"] = "error".into();
            event["status"] = taken.turn.status.into();
            return (vec![event], None);
        }
        let response = taken.response();
        let mut items = taken.context.items.clone();
        items.extend(response.items().iter().map(Value::to_string));
        (response.events(), Some((taken.id.clone(), items)))
    }
}
