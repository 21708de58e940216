//! The scripted provider: asks for one tool call after the other, streams its answers, and keeps what it was sent.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use serde_json::{Value, json};

use crate::cli::demo::samples::Sample;

/// A provider that is running; it ends with the process.
pub(super) struct Scripted {
    address: SocketAddr,
    state: Arc<Script>,
}

struct Script {
    samples: Vec<Sample>,
    requests: Mutex<Vec<Value>>,
}

/// Starts the provider on a port that is free.
pub(super) fn start(samples: Vec<Sample>) -> anyhow::Result<Scripted> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let state = Arc::new(Script { samples, requests: Mutex::default() });
    let routes = Router::new().route("/v1/messages", post(answer)).with_state(Arc::clone(&state));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, routes).await
        })
    });
    Ok(Scripted { address, state })
}

impl Scripted {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bodies that arrived.
    pub(super) fn requests(&self) -> Vec<Value> {
        self.state.requests.lock().expect("no holder panics").clone()
    }
}

async fn answer(State(script): State<Arc<Script>>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let turn = body["messages"].as_array().map_or(0, |messages| messages.len() / 2);
    script.requests.lock().expect("no holder panics").push(body);
    let content = match script.samples.get(turn) {
        Some(sample) => {
            json!({"type": "tool_use", "id": sample.id, "name": sample.tool, "input": sample.arguments})
        }
        None => json!({"type": "text", "text": "That is all I wanted to see."}),
    };
    let stop = if turn < script.samples.len() { "tool_use" } else { "end_turn" };
    let usage = json!({"input_tokens": 0, "output_tokens": 0});
    let events = [
        json!({"type": "message_start", "message": {"role": "assistant", "usage": usage}}),
        json!({"type": "content_block_start", "index": 0, "content_block": content}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage}),
        json!({"type": "message_stop"}),
    ];
    let chunks = events.map(|event| {
        let name = event["type"].as_str().unwrap_or_default();
        Ok::<_, Infallible>(format!("event: {name}\ndata: {event}\n\n"))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream::iter(chunks))).into_response()
}
