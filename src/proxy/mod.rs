//! The HTTP server between agent and provider.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

use crate::stats::Totals;

/// Where requests go on to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Upstreams {
    /// `None` is the provider's own address.
    pub(crate) anthropic: Option<String>,
}

/// What a proxy needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) host: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) upstream: Upstreams,
    pub(crate) store: PathBuf,
    pub(crate) session_folder: Option<PathBuf>,
    pub(crate) project: String,
}

/// Which port to listen on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Port {
    /// This one, or the next that is free.
    From(u16),
    /// This one.
    Exactly(u16),
}

/// Listens on `port` of `host`.
pub(crate) fn bind(host: IpAddr, port: Port) -> std::io::Result<TcpListener> {
    let (first, last) = match port {
        Port::From(port) => (port, port.saturating_add(100)),
        Port::Exactly(port) => (port, port),
    };
    let mut result = TcpListener::bind((host, first));
    for port in first..=last {
        result = TcpListener::bind((host, port));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Running {
    listener: TcpListener,
}

/// Serves `listener`.
pub(crate) fn spawn(listener: TcpListener, options: Options) -> anyhow::Result<Running> {
    drop(options);
    Ok(Running { listener })
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it listens")
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals::default()
    }

    pub(crate) fn stop(self) {}
}
