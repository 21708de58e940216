//! Which request goes where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::provider::Provider;
use crate::proxy::error::{Error, respond};
use crate::proxy::forward::{forward, pass};
use crate::proxy::{Service, headers, websocket};

/// Where a proxy says that it is one of ours.
pub(crate) const LIVEZ: &str = "/livez";

/// The whole table. Whatever is not in it passes through, any method.
pub(crate) fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/messages", of(Provider::Anthropic))
        .route("/v1/chat/completions", of(Provider::OpenAiChat))
        .route("/v1/responses", of(Provider::OpenAiResponses).get(websocket))
        // Compaction sends the whole history once more, which has to be what the provider has cached.
        .route("/v1/responses/compact", of(Provider::OpenAiResponses))
        .route(LIVEZ, get(livez))
        .fallback(pass)
        .layer(middleware::from_fn(refuse_foreign))
        .with_state(service)
}

/// `POST` of a conversation on this wire; any other method passes.
fn of(wire: Provider) -> MethodRouter<Arc<Service>> {
    let forward = move |State(service), request| forward(service, wire, request);
    post(forward).fallback(pass)
}

async fn websocket(State(service): State<Arc<Service>>, request: Request) -> Response {
    if websocket::is_asked_for(&request) {
        websocket::connect(service, Some(Provider::OpenAiResponses), request).await
    } else {
        pass(State(service), request).await
    }
}

/// Requests that a page in a browser could make in the user's name are refused on every route: they would spend the
/// user's login.
async fn refuse_foreign(request: Request, next: Next) -> Response {
    if headers::is_local(request.headers()) {
        next.run(request).await
    } else {
        respond(Provider::Anthropic, &Error::Foreign)
    }
}

async fn livez(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let body = serde_json::json!({
        "service": "headroom",
        "version": env!("CARGO_PKG_VERSION"),
        "upstream": service.upstreams.destinations(),
    });
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string())
}
