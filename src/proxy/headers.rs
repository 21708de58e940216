//! Which headers cross the proxy.
//!
//! All of them do, as they came, except those that speak of one connection only and those that speak of the body's
//! length, which is set anew. Credentials are never read beyond telling a subscription from a key, and never logged.

use std::net::IpAddr;

use axum::http::header;
use axum::http::{HeaderMap, HeaderValue};

use crate::proxy::upstream::Company;

/// Headers of one connection (RFC 9110, 7.6.1), and what the next hop's client sets itself.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a client says to have its request passed on untouched.
pub(crate) const BYPASS: &str = "x-headroom-bypass";

/// The headers of a request or response that go on to the other side.
pub(crate) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<&str> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let is_ours = name.as_str().starts_with("x-headroom-");
        let is_of_connection =
            HOP_BY_HOP.contains(&name.as_str()) || named.iter().any(|named| named.eq_ignore_ascii_case(name.as_str()));
        if !is_ours && !is_of_connection && name != header::HOST && name != header::CONTENT_LENGTH {
            kept.append(name, value.clone());
        }
    }
    kept
}

/// Whether the caller asks for byte passthrough.
pub(crate) fn asks_for_bypass(headers: &HeaderMap) -> bool {
    headers.get(BYPASS).is_some_and(|value| !matches!(value.as_bytes(), b"" | b"0" | b"false"))
}

/// Whether the request is paid for by a subscription login rather than by a key: there only tool results are changed.
pub(crate) fn is_subscription(headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    bearer.is_some_and(|value| value.starts_with("Bearer sk-ant-oat")) || is_chatgpt(headers)
}

/// Whether the request comes from a ChatGPT login.
pub(crate) fn is_chatgpt(headers: &HeaderMap) -> bool {
    headers.contains_key("chatgpt-account-id")
}

/// Who gave out the key or the login of a request, where that can be told.
pub(crate) fn issuer(headers: &HeaderMap) -> Option<Company> {
    let says = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let bearer = says("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if [bearer, says("x-api-key")].iter().any(|key| key.starts_with("sk-ant-")) {
        return Some(Company::Anthropic);
    }
    let is_openai = bearer.starts_with("sk-") || is_chatgpt(headers);
    is_openai.then_some(Company::OpenAi)
}

/// Whether the request was made to this machine and by no foreign page: the names in `Host` and `Origin` are its own.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or_default());
    let origin_host = |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| is_loopback(authority));
    host.is_some_and(is_loopback) && origin.is_none_or(origin_host)
}

/// Whether `authority` (`name` or `name:port`) names this machine.
fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let is_loopback = |address: IpAddr| address.is_loopback();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_speaks_of_one_connection_stays_on_it() {
        let kept = end_to_end(&headers(&[
            ("connection", "close, X-Secret-Hop"),
            ("x-secret-hop", "1"),
            ("te", "trailers"),
            ("proxy-authorization", "Basic x"),
            ("host", "127.0.0.1:1"),
            ("content-length", "3"),
            ("x-headroom-bypass", "1"),
            ("authorization", "Bearer k"),
            ("anthropic-beta", "a,b"),
        ]));
        let mut names: Vec<_> = kept.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["anthropic-beta", "authorization"]);
    }

    #[test]
    fn a_rebound_name_and_a_foreign_page_are_not_local() {
        assert!(is_local(&headers(&[("host", "127.0.0.1:8787")])));
        assert!(is_local(&headers(&[("host", "localhost"), ("origin", "http://localhost:3000")])));
        assert!(is_local(&headers(&[("host", "[::1]:8787")])) && is_local(&headers(&[("host", "127.0.0.2")])));
        assert!(!is_local(&headers(&[("host", "evil.example:8787")])));
        assert!(!is_local(&headers(&[("host", "10.0.0.1:8787")])));
        assert!(!is_local(&headers(&[("host", "127.0.0.1.evil.example")])));
        assert!(!is_local(&headers(&[("host", "127.0.0.1:8787"), ("origin", "https://evil.example")])));
        assert!(!is_local(&headers(&[("host", "127.0.0.1:8787"), ("origin", "null")])));
        assert!(!is_local(&headers(&[])));
    }

    #[test]
    fn a_login_token_is_told_from_a_key() {
        assert!(is_subscription(&headers(&[("authorization", "Bearer sk-ant-oat01-x")])));
        assert!(!is_subscription(&headers(&[("authorization", "Bearer sk-ant-api03-x")])));
        assert!(!is_subscription(&headers(&[("x-api-key", "sk-ant-api03-x")])));
    }
}
