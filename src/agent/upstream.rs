//! Where the agent's requests go on to: what it would have used without us.
//!
//! An address that is one of our own proxies is never chained: a wrap inside a wrap goes where the outer one goes.

use std::net::{IpAddr, SocketAddr};

use crate::agent::detect::{Source, Variable};
use crate::agent::plan::Options;
use crate::agent::spec::Provider;

/// The address that the agent has without us.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// The variable or key that holds it.
    pub(crate) name: String,
    /// What we set it to, with a hole for our address.
    pub(crate) template: String,
    /// Whether it is that of a provider whom the user has described, who has keys of his own.
    pub(crate) is_of_users_provider: bool,
    pub(crate) found: Variable,
}

/// Where requests go on to; `None` is the provider's own address.
///
/// For `anthropic` it is what our address stands for; for `openai`, what our address with `/v1` stands for, as the agent
/// has it, because gateways put their own words there.
pub(crate) fn upstream(
    own: Option<Own>,
    provider: Provider,
    options: &Options,
    address: SocketAddr,
    notes: &mut Vec<String>,
) -> Option<String> {
    // What the user told us is where the agent's known provider is: another one's keys are not for there.
    let is_told = own.as_ref().is_none_or(|own| !own.is_of_users_provider) && options.upstream.is_some();
    if options.starts_proxy && is_told {
        return options.upstream.clone();
    }
    let Own { name, template, found: Variable { value, source }, .. } = own?;
    let url = value.trim().trim_end_matches('/');
    let url = match provider {
        // An agent that wants its address to end in `/v1` has the user's ending in it as well.
        Provider::Anthropic => url.strip_suffix(suffix(&template)).unwrap_or(url),
        Provider::OpenAi => url,
    };
    let url = url.to_owned();
    if !options.starts_proxy {
        if loopback(&url) != Some(address) {
            let url = shown(&url);
            notes.push(format!("`{name}` is {url}, but requests go where the proxy on {address} sends them"));
        }
        return None;
    }
    if let Some(local) = loopback(&url) {
        if let Some(holder) = options.running.iter().find(|holder| holder.address == Some(local)) {
            return holder.upstream.clone();
        }
        // We listen there, so nobody else does: it is what is left of a proxy that is gone.
        if local == address {
            notes.push(format!("`{name}` is {url}, where no other proxy runs: it is ignored"));
            return None;
        }
    }
    let whose = match source {
        Source::Environment => "the environment says".to_owned(),
        Source::CommandLine => "its command line says".to_owned(),
        Source::File(path) | Source::Managed(path) => format!("`{}` says", path.display()),
    };
    notes.push(format!("requests go on to {}, as {whose}", shown(&url)));
    Some(url)
}

fn suffix(template: &str) -> &str {
    template.split_once("{proxy}").map_or("", |(_, suffix)| suffix)
}

/// The address in `url` if it is one of this machine's own.
fn loopback(url: &str) -> Option<SocketAddr> {
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    let authority = authority.replace("localhost", "127.0.0.1");
    let address: SocketAddr = authority.parse().ok()?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Some(address),
        IpAddr::V6(ip) if ip.is_loopback() => Some(address),
        _ => None,
    }
}

/// `url` without a user's name and password, and without a query, which may hold a key: they belong on no screen.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (url, expected) in [
            ("https://me:hush@h:1/v1", "https://h:1/v1"),
            ("https://me:hu@sh@h/v1?key=hush#hush", "https://h/v1"),
            ("http://h?hush@x/y", "http://h"),
            ("http://h/a@b", "http://h/a@b"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
