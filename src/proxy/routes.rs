//! Which request goes where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::provider::Provider;
use crate::proxy::error::{Error, respond};
use crate::proxy::forward::{forward, pass};
use crate::proxy::{Service, headers};

/// Where a proxy says that it is one of ours.
pub(crate) const LIVEZ: &str = "/livez";

/// The whole table. Whatever is not in it passes through, any method.
pub(crate) fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/messages", post(forward).fallback(pass))
        .route(LIVEZ, get(livez))
        .fallback(pass)
        .layer(middleware::from_fn(refuse_foreign))
        .with_state(service)
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
        "upstream": service.upstream.origin(),
    });
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string())
}
