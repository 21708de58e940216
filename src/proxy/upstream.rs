//! Where requests go, and the clients that take them there.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use reqwest::{Body, Client, ClientBuilder, Response, Url};

use crate::provider::Provider;
use crate::proxy::headers;

/// How long connecting may take. There is no limit on the answer: a model may think for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was idle longer is not used again: providers and middleboxes drop them silently.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// An address that is no URL a provider can be reached at. What may hold a password or a key is not said.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` is not an http or https URL of a provider without a query")]
pub(crate) struct InvalidUrl {
    address: String,
}

impl InvalidUrl {
    fn of(address: &str) -> Self {
        let plain = address.split(['?', '#']).next().unwrap_or_default();
        let address = match plain.rsplit_once('@') {
            Some((before, host)) => format!(
                "{}{host}",
                before.split_inclusive("://").next().filter(|scheme| scheme.ends_with("://")).unwrap_or_default()
            ),
            None => plain.to_owned(),
        };
        Self { address }
    }
}

/// Checks that `address` can be a provider's URL.
pub(crate) fn parse_url(address: &str) -> Result<Url, InvalidUrl> {
    let invalid = || InvalidUrl::of(address);
    let url = Url::parse(address).map_err(|_| invalid())?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if is_plain { Ok(url) } else { Err(invalid()) }
}

/// The same for OpenAI, whose host alone stands for its `/v1`.
pub(crate) fn parse_openai_url(address: &str) -> Result<Url, InvalidUrl> {
    let mut url = parse_url(address)?;
    if url.path() == "/" {
        url.set_path(OPENAI_PREFIX);
    }
    Ok(url)
}

/// `url` for people: scheme, host and port. The rest of the address may hold a password.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Who serves a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    Anthropic,
    OpenAi,
}

/// Where requests go.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// What stands before `/v1` in an address of Anthropic's.
    pub(crate) anthropic: Url,
    /// What stands for `/v1` in an address of OpenAI's; `None` where nobody named one.
    pub(crate) openai: Option<Url>,
    /// The same for requests of a ChatGPT login, which OpenAI serves elsewhere.
    pub(crate) chatgpt: Url,
    /// Whose the requests are that say nothing of it: the wrapped agent's provider.
    pub(crate) owner: Option<Company>,
}

impl Default for Options {
    fn default() -> Self {
        let known = |address| parse_url(address).expect("a URL");
        Self { anthropic: known(ANTHROPIC), openai: None, chatgpt: known(CHATGPT), owner: None }
    }
}

const ANTHROPIC: &str = "https://api.anthropic.com";
const OPENAI: &str = "https://api.openai.com/v1";
const CHATGPT: &str = "https://chatgpt.com/backend-api/codex";

/// The path that OpenAI's addresses begin with, which their base URLs hold already.
const OPENAI_PREFIX: &str = "/v1";

/// Said by every request to Anthropic, and by no other.
const ANTHROPIC_VERSION: &str = "anthropic-version";

/// The providers that requests go on to.
#[derive(Debug)]
pub(crate) struct Upstreams {
    options: Options,
    client: Client,
    /// HTTP/2 has no connection that one request could take over. Made when it is needed: reading the system's
    /// certificates takes milliseconds.
    upgrading: OnceLock<Client>,
}

impl Upstreams {
    /// Clients for these addresses. Bodies are passed on encoded as they are, and redirects are the caller's to follow.
    pub(crate) fn new(options: Options) -> reqwest::Result<Self> {
        // Fails only when a provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        Ok(Self { options, client: builder().build()?, upgrading: OnceLock::new() })
    }

    /// Where requests go, for people: to the wrapped agent's provider, or to whom they are for.
    pub(crate) fn destinations(&self) -> String {
        let anthropic = origin(&self.options.anthropic);
        let openai = origin(&self.openai(&HeaderMap::new()));
        match self.options.owner {
            Some(Company::Anthropic) => anthropic,
            Some(Company::OpenAi) => openai,
            None if anthropic == openai => anthropic,
            None => format!("{anthropic} and {openai}"),
        }
    }

    /// The address that a request of this wire, or of none that we know, goes on to.
    pub(crate) fn target(&self, wire: Option<Provider>, request: &Parts) -> Url {
        match self.company(wire, request) {
            Company::Anthropic => join(&self.options.anthropic, request.uri.path(), request.uri.query()),
            Company::OpenAi => {
                let base = self.openai(&request.headers);
                let path = request.uri.path();
                let rest = path.strip_prefix(OPENAI_PREFIX).filter(|rest| rest.is_empty() || rest.starts_with('/'));
                join(&base, rest.unwrap_or(path), request.uri.query())
            }
        }
    }

    /// Whose a request is. One that would go to a company's own address with a key of the other's goes to the other: a
    /// key is for nobody else's eyes. An address that somebody named gets everything.
    fn company(&self, wire: Option<Provider>, request: &Parts) -> Company {
        let asked = self.company_asked(wire, request);
        let is_own_address = match asked {
            Company::Anthropic => self.options.anthropic.as_str().starts_with(ANTHROPIC),
            Company::OpenAi => self.options.openai.as_ref().is_none_or(|base| base.as_str().starts_with(OPENAI)),
        };
        headers::issuer(&request.headers).filter(|_| is_own_address).unwrap_or(asked)
    }

    /// Whose a request is by its path and its other headers.
    fn company_asked(&self, wire: Option<Provider>, request: &Parts) -> Company {
        match wire {
            Some(Provider::Anthropic) => return Company::Anthropic,
            Some(Provider::OpenAiChat | Provider::OpenAiResponses) => return Company::OpenAi,
            None => {}
        }
        if request.headers.contains_key(ANTHROPIC_VERSION) || request.uri.path().starts_with("/v1/messages") {
            return Company::Anthropic;
        }
        if let Some(owner) = self.options.owner {
            return owner;
        }
        if let Some(issuer) = headers::issuer(&request.headers) {
            return issuer;
        }
        // Of two providers with a `/v1`, one has a header that says so.
        let is_keyed_by_anthropic = request.headers.contains_key("x-api-key");
        let is_v1 = request.uri.path().starts_with("/v1/");
        if is_v1 && !is_keyed_by_anthropic { Company::OpenAi } else { Company::Anthropic }
    }

    /// What stands for `/v1`. An address that somebody named gets everything; without one a ChatGPT login goes where
    /// its agent would go.
    fn openai(&self, headers: &HeaderMap) -> Url {
        match &self.options.openai {
            Some(base) => base.clone(),
            None if headers::is_chatgpt(headers) => self.options.chatgpt.clone(),
            None => Url::parse(OPENAI).expect("a URL"),
        }
    }

    /// Sends a request on and waits for the head of the response.
    pub(crate) async fn send(
        &self,
        method: Method,
        target: Url,
        headers: HeaderMap,
        body: Option<Body>,
    ) -> reqwest::Result<Response> {
        let mut request = self.client.request(method, target).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await
    }

    /// Asks for another protocol on a connection of its own.
    pub(crate) async fn upgrade(&self, target: Url, headers: HeaderMap) -> reqwest::Result<Response> {
        let client = if let Some(client) = self.upgrading.get() {
            client
        } else {
            let client = builder().http1_only().build()?;
            self.upgrading.get_or_init(|| client)
        };
        client.get(target).headers(headers).send().await
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
}

/// The base's path, then `path`; the query untouched.
fn join(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut target = base.clone();
    target.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    target.set_query(query);
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(options: &Options, uri: &str, wire: Option<Provider>, header: Option<&'static str>) -> String {
        let mut request = axum::http::Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(header, "x");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Upstreams::new(options.clone()).unwrap().target(wire, &parts).into()
    }

    #[test]
    fn the_path_of_the_base_comes_first_and_the_query_stays() {
        let url = |address| parse_url(address).unwrap();
        let gateway = Options {
            anthropic: url("https://gateway.example/anthropic/"),
            openai: Some(url("https://gateway.example/openai")),
            ..Options::default()
        };
        assert_eq!(
            target(&gateway, "/v1/messages?beta=true&x=a%20b", Some(Provider::Anthropic), None),
            "https://gateway.example/anthropic/v1/messages?beta=true&x=a%20b"
        );
        for header in [None, Some("chatgpt-account-id")] {
            assert_eq!(
                target(&gateway, "/v1/responses?x=1", Some(Provider::OpenAiResponses), header),
                "https://gateway.example/openai/responses?x=1"
            );
        }
    }

    #[test]
    fn a_chatgpt_login_goes_to_its_own_host_unless_somebody_named_one() {
        let known = Options::default();
        let responses = |header| target(&known, "/v1/responses", Some(Provider::OpenAiResponses), header);
        assert_eq!(responses(None), "https://api.openai.com/v1/responses");
        assert_eq!(responses(Some("chatgpt-account-id")), "https://chatgpt.com/backend-api/codex/responses");
    }

    #[test]
    fn what_is_of_no_wire_goes_to_whom_it_names_and_else_to_the_agents_own_provider() {
        let of = |owner, uri, header| target(&Options { owner, ..Options::default() }, uri, None, header);
        let (anthropic, openai) = ("https://api.anthropic.com/v1/models", "https://api.openai.com/v1/models");
        assert_eq!(of(None, "/v1/models", Some("anthropic-version")), anthropic);
        assert_eq!(of(None, "/v1/models", Some("x-api-key")), anthropic);
        assert_eq!(of(None, "/v1/models", None), openai);
        assert_eq!(of(Some(Company::Anthropic), "/v1/models", None), anthropic);
        assert_eq!(of(Some(Company::OpenAi), "/v1/models", None), openai);
        assert_eq!(
            of(Some(Company::OpenAi), "/v1/messages/batches", None),
            anthropic.replace("models", "messages/batches")
        );
        assert_eq!(of(None, "/", None), "https://api.anthropic.com/");
    }

    #[test]
    fn a_key_goes_to_nobody_but_who_gave_it_out_unless_somebody_named_an_address() {
        let gateway = parse_url("https://gateway.example").unwrap();
        let other = parse_url("https://other.example").unwrap();
        let named = Options { anthropic: gateway, openai: Some(other), ..Options::default() };
        let host = |options: &Options, uri: &str, wire, header: &'static str, value: &'static str| {
            let request = axum::http::Request::builder().uri(uri).header(header, value).body(()).unwrap();
            let target = Upstreams::new(options.clone()).unwrap().target(wire, &request.into_parts().0);
            target.host_str().unwrap().to_owned()
        };
        let (chat, responses) = (Some(Provider::OpenAiChat), Some(Provider::OpenAiResponses));
        for owner in [None, Some(Company::Anthropic), Some(Company::OpenAi)] {
            let known = Options { owner, ..Options::default() };
            for (uri, wire) in [("/v1/models", None), ("/", None), ("/v1/chat/completions", chat)] {
                for (header, key) in [("authorization", "Bearer sk-ant-oat01-x"), ("x-api-key", "sk-ant-api03-x")] {
                    assert_eq!(host(&known, uri, wire, header, key), "api.anthropic.com", "{uri}");
                }
            }
            for (uri, wire) in [("/chat/completions", None), ("/v1/messages", Some(Provider::Anthropic))] {
                assert_eq!(host(&known, uri, wire, "authorization", "Bearer sk-proj-x"), "api.openai.com", "{uri}");
            }
            let login = host(&known, "/backend-api/codex/responses", None, "chatgpt-account-id", "x");
            assert_eq!(login, "chatgpt.com");
        }
        for (wire, key, expected) in [
            (responses, "Bearer sk-ant-x", "other.example"),
            (Some(Provider::Anthropic), "Bearer sk-x", "gateway.example"),
            (None, "Bearer sk-ant-x", "gateway.example"),
            (None, "Bearer sk-x", "other.example"),
        ] {
            assert_eq!(host(&named, "/v1/x", wire, "authorization", key), expected);
        }
    }

    #[test]
    fn other_schemes_and_half_urls_are_refused() {
        for address in ["ftp://x", "api.anthropic.com", "file:///etc/passwd", "http://", "https://x/?a=b"] {
            assert!(parse_url(address).is_err(), "{address}");
        }
        for address in ["https://me:hush@h/v1?x=1", "https://h/v1?key=hush", "me:hush@h", "ftp://me:hu@sh@h/"] {
            let said = parse_url(address).unwrap_err().to_string();
            assert!(!said.contains("hu") && said.contains('h'), "{said}");
        }
    }
}
