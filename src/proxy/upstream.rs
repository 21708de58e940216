//! Where requests go, and the client that takes them there.

use std::time::Duration;

use axum::http::{HeaderMap, Method, Uri};
use reqwest::{Body, Client, Response, Url};

/// How long connecting may take. There is no limit on the answer: a model may think for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was idle longer is not used again: providers and middleboxes drop them silently.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// `address` is no URL a provider can be reached at.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` is not an http or https URL of a provider")]
pub(crate) struct InvalidUrl {
    address: String,
}

/// The provider that requests go on to.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    base: Url,
    client: Client,
}

/// Checks that `address` can be a provider's URL.
pub(crate) fn parse_url(address: &str) -> Result<Url, InvalidUrl> {
    let invalid = || InvalidUrl { address: address.to_owned() };
    let url = Url::parse(address).map_err(|_| invalid())?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if is_plain { Ok(url) } else { Err(invalid()) }
}

impl Upstream {
    /// A client for `base`. Bodies are passed on encoded as they are, and redirects are the caller's to follow.
    pub(crate) fn new(base: Url) -> reqwest::Result<Self> {
        // Fails only when a provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()?;
        Ok(Self { base, client })
    }

    /// Where requests go, for people: scheme, host and port. The rest of the address may hold a password.
    pub(crate) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The upstream address of `uri`: the base's path, then the request's own, its query untouched.
    fn target(&self, uri: &Uri) -> Url {
        let mut target = self.base.clone();
        target.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), uri.path()));
        target.set_query(uri.query());
        target
    }

    /// Sends a request on and waits for the head of the response.
    pub(crate) async fn send(
        &self,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Option<Body>,
    ) -> reqwest::Result<Response> {
        let mut request = self.client.request(method, self.target(uri)).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_base_comes_first_and_the_query_stays() {
        let upstream = Upstream::new(parse_url("https://gateway.example/anthropic/").unwrap()).unwrap();
        let uri: Uri = "/v1/messages?beta=true&x=a%20b".parse().unwrap();
        assert_eq!(upstream.target(&uri).as_str(), "https://gateway.example/anthropic/v1/messages?beta=true&x=a%20b");
    }

    #[test]
    fn other_schemes_and_half_urls_are_refused() {
        for address in ["ftp://x", "api.anthropic.com", "file:///etc/passwd", "http://", "https://x/?a=b"] {
            assert!(parse_url(address).is_err(), "{address}");
        }
    }
}
