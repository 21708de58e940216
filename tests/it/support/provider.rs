//! A scripted Anthropic provider on loopback.
//!
//! It is a real HTTP server on a thread of its own. It records every request as it came, refuses what the real one would
//! refuse (a thought with a wrong signature, a call without its result, a fifth cache marker), asks the script what to
//! answer, and bills by `provider_cache`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::provider_cache::{Bill, Cache};
use super::request::{self, segments};
use super::server::Server;
use super::transcript::Transcript;
use super::turn::{Turn, signature};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) arrived: Instant,
    /// How it was billed; nothing for anything but `/v1/messages`.
    pub(crate) bill: Bill,
    pub(crate) status: u16,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is a turn of the conversation: not a token count, nor a side request (titles and the like have no tools).
    pub(crate) fn is_main(&self) -> bool {
        self.path.starts_with("/v1/messages")
            && !self.path.contains("count_tokens")
            && self.json()["tools"].as_array().is_some_and(|tools| !tools.is_empty())
    }

    /// What a model has before it.
    pub(crate) fn transcript(&self) -> Transcript {
        let tools = self.json()["tools"].as_array().cloned().unwrap_or_default();
        let name = |tool: &Value| tool["name"].as_str().unwrap_or_default().to_owned();
        Transcript { results: self.results(), calls: self.calls(), tools: tools.iter().map(name).collect() }
    }

    /// The tool results of the conversation so far, as (call id, text), oldest first.
    pub(crate) fn results(&self) -> Vec<(String, String)> {
        let blocks = self.blocks();
        let results = blocks.iter().filter(|block| block["type"] == "tool_result");
        results
            .map(|block| (block["tool_use_id"].as_str().unwrap().to_owned(), request::text_of(&block["content"])))
            .collect()
    }

    /// The tool calls of the conversation so far, as (id, name, input), oldest first.
    pub(crate) fn calls(&self) -> Vec<(String, String, Value)> {
        let blocks = self.blocks();
        let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        calls.map(|block| (text(&block["id"]), text(&block["name"]), block["input"].clone())).collect()
    }

    fn blocks(&self) -> Vec<Value> {
        let Value::Array(messages) = self.json()["messages"].take() else { return Vec::new() };
        messages
            .into_iter()
            .flat_map(|mut message| message["content"].take().as_array().cloned().unwrap_or_default())
            .collect()
    }
}

type Script = dyn Fn(&Request) -> Turn + Send + Sync;

struct Shared {
    script: Box<Script>,
    requests: Mutex<Vec<Request>>,
    cache: Mutex<Cache>,
}

/// A running provider; it stops when this is dropped.
pub(crate) struct Provider {
    shared: Arc<Shared>,
    server: Server,
}

impl Provider {
    /// Starts a provider that answers each turn of a conversation with what `script` makes of the request.
    pub(crate) fn start(script: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { script: Box::new(script), requests: Mutex::default(), cache: Mutex::default() });
        let server = Server::start(Router::new().fallback(answer).with_state(Arc::clone(&shared)));
        Self { shared, server }
    }

    /// Starts a provider that gives these answers in turn, and then says `done`.
    pub(crate) fn scripted(turns: Vec<Turn>) -> Self {
        let turns = Mutex::new(turns.into_iter());
        Self::start(move |_| turns.lock().unwrap().next().unwrap_or_else(|| Turn::text("done")))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Every request so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The turns of the conversation so far, in order of arrival.
    pub(crate) fn turns(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_main).collect()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response<Body> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return plain(StatusCode::BAD_REQUEST, "") };
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        arrived,
        bill: Bill::default(),
        status: 0,
    };
    let number = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(request.clone());
        requests.len()
    };
    let is_messages = head.method == Method::POST && head.uri.path().starts_with("/v1/messages");
    if !is_messages {
        let status = if head.method == Method::HEAD { StatusCode::OK } else { StatusCode::NOT_FOUND };
        shared.requests.lock().unwrap()[number - 1].status = status.as_u16();
        return plain(status, if head.method == Method::HEAD { "" } else { "{}" });
    }
    let state = Arc::clone(&shared);
    tokio::task::spawn_blocking(move || respond(&state, request, number)).await.expect("the script does not panic")
}

/// Answers one `POST /v1/messages`, or one `POST /v1/messages/count_tokens`.
fn respond(shared: &Shared, mut request: Request, number: usize) -> Response<Body> {
    let body = request.json();
    let segments = segments(&request.body);
    if request.path.contains("count_tokens") {
        shared.requests.lock().unwrap()[number - 1].status = 200;
        let tokens: u64 = segments.iter().map(|segment| segment.tokens).sum();
        return plain(StatusCode::OK, &json!({"input_tokens": tokens}).to_string());
    }
    let model = body["model"].as_str().unwrap_or_default();
    let turn = refusal(&body).unwrap_or_else(|| {
        if request.is_main() { (shared.script)(&request) } else { Turn::text(r#"{"title": "A conversation"}"#) }
    });
    if turn.failure.is_none() {
        request.bill = shared.cache.lock().unwrap().bill(model, &segments, request.arrived);
    }
    request.status = turn.status;
    let bill = request.bill;
    shared.requests.lock().unwrap()[number - 1] = request;

    if let Some(failure) = &turn.failure {
        return plain(StatusCode::from_u16(turn.status).unwrap(), failure);
    }
    let id = format!("msg_{number:06}");
    if body["stream"] != true {
        return plain(StatusCode::OK, &turn.message(&id, model, &bill));
    }
    let events = turn.events(&id, model, &bill);
    Response::builder()
        .header(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .header("request-id", format!("req_{number:06}"))
        .body(turn.pace.body(&events))
        .unwrap()
}

fn plain(status: StatusCode, body: &str) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(body.to_owned())).unwrap()
}

/// Why the real provider would not take this request.
fn refusal(body: &Value) -> Option<Turn> {
    let refuse = |message: &str| Some(Turn::failure(400, "invalid_request_error", message));
    let none = Vec::new();
    let messages = body["messages"].as_array().unwrap_or(&none);
    let mut open = HashSet::new();
    for message in messages {
        let blocks = message["content"].as_array().unwrap_or(&none);
        let answered: HashSet<_> = blocks.iter().filter_map(|block| block["tool_use_id"].as_str()).collect();
        if open != answered {
            return refuse("`tool_use` ids and `tool_result` blocks do not match");
        }
        open = blocks.iter().filter(|block| block["type"] == "tool_use").filter_map(|b| b["id"].as_str()).collect();
        for block in blocks {
            let thought = block["thinking"].as_str();
            if block["type"] == "thinking" && thought.map(signature).as_deref() != block["signature"].as_str() {
                return refuse("`thinking` blocks in the latest assistant message cannot be modified");
            }
            if block["type"] == "text" && block["text"].as_str().is_none_or(str::is_empty) {
                return refuse("text content blocks must be non-empty");
            }
        }
    }
    let markers = body.to_string().matches(r#""cache_control":{"#).count();
    if markers > 4 {
        return refuse("A maximum of 4 blocks with cache_control may be provided");
    }
    None
}
