//! Whose fault it was, as status and body in the provider's own shape.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::provider::Provider;

/// What kept a request from being answered by the provider.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("headroom answers this machine only: the Host or Origin header names another")]
    Foreign,
    #[error("headroom could not read the request")]
    Downstream(#[source] axum::Error),
    #[error("headroom could not reach the provider at {base}: {reason}")]
    Upstream { base: String, reason: String },
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::Downstream(_) => StatusCode::BAD_REQUEST,
            Self::Upstream { .. } => StatusCode::BAD_GATEWAY,
        }
    }
}

/// The answer that stands for `err`.
pub(crate) fn respond(provider: Provider, err: &Error) -> Response {
    let body = provider.error_body(&err.to_string());
    (err.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The innermost cause of a failed request, which says what happened (`connection refused`); the outer ones repeat the
/// address, which may hold a password.
pub(crate) fn cause(err: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = err;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
