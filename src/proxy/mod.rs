//! The HTTP server between agent and provider.
//!
//! `bind` comes first, so that the port is known before anything names it; `spawn` then serves it from a runtime on a
//! thread of its own, because a wrap starts its agent from the main thread.

pub(crate) mod error;
pub(crate) mod forward;
pub(crate) mod headers;
pub(crate) mod routes;
pub(crate) mod stream;
pub(crate) mod upstream;
pub(crate) mod websocket;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::ccr::{Store, sqlite};
use crate::files::failpoint;
use crate::pipeline;
use crate::pipeline::Pipeline;
use crate::pipeline::stage::{Stage, emit};
use crate::proxy::upstream::Upstreams;
use crate::stats::{Stats, Totals};

/// The port that is tried first.
pub(crate) const DEFAULT_PORT: u16 = 8787;

/// How many ports after the first one are tried when nobody asked for a certain one.
const PORTS_TRIED: u16 = 200;

/// How often the store is looked after.
const TIDY: Duration = Duration::from_mins(1);

/// What a proxy goes by.
pub(crate) struct Options {
    pub(crate) upstreams: upstream::Options,
    /// Where originals and decisions are.
    pub(crate) store: PathBuf,
    /// How long they stay, and how large the file may grow.
    pub(crate) retention: sqlite::Options,
    /// How long streams that still run may take to end once the proxy stops.
    pub(crate) drain: Duration,
    /// The kill switch: every byte goes through as it came.
    pub(crate) is_disabled: bool,
    pub(crate) pipeline: pipeline::Options,
}

/// Which port to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// This one, or none. 0 stands for any that is free.
    Exactly(u16),
    /// This one, or the next that is free.
    From(u16),
}

/// What keeps a proxy from starting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("could not listen on {address}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("could not start the proxy's threads")]
    Runtime(#[source] io::Error),
    #[error("could not set up the client for the provider")]
    Client(#[from] reqwest::Error),
}

/// What the handlers of requests share.
pub(crate) struct Service {
    store: Option<Arc<Store>>,
    pub(crate) pipeline: Pipeline,
    pub(crate) upstreams: Upstreams,
    pub(crate) stats: Stats,
    pub(crate) is_disabled: bool,
    /// Says when to stop.
    pub(crate) stop: watch::Receiver<bool>,
    /// The connections that became a WebSocket: the server has forgotten them.
    pub(crate) relays: TaskTracker,
}

/// A proxy that is serving.
pub(crate) struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Binds a port of this machine.
pub(crate) fn bind(host: IpAddr, port: Port) -> Result<TcpListener, Error> {
    let (first, last) = match port {
        Port::Exactly(port) => (port, port),
        Port::From(port) => (port, port.saturating_add(PORTS_TRIED)),
    };
    let mut port = first;
    loop {
        let address = SocketAddr::new(host, port);
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(err) if err.kind() == io::ErrorKind::AddrInUse && port < last => port += 1,
            Err(source) => return Err(Error::Bind { address, source }),
        }
    }
}

/// Serves `listener` until `Running::stop`.
pub(crate) fn spawn(listener: TcpListener, options: Options) -> Result<Running, Error> {
    emit(Stage::Setup, None, &options.pipeline.hooks);
    let unbound = |source| Error::Bind { address: SocketAddr::from(([127, 0, 0, 1], 0)), source };
    let address = listener.local_addr().map_err(unbound)?;
    listener.set_nonblocking(true).map_err(unbound)?;
    pipeline::warm();
    let store = match Store::open_with(&options.store, options.retention) {
        Ok(store) => Some(Arc::new(store)),
        // Fail open: requests are answered, from their original bytes.
        Err(err) => {
            tracing::error!(
                error = &err as &dyn std::error::Error,
                "everything goes as it came: the provider's cache of what was compressed before is lost"
            );
            None
        }
    };
    let (stop, stopped) = watch::channel(false);
    let service = Arc::new(Service {
        store: store.clone(),
        upstreams: Upstreams::new(options.upstreams)?,
        stats: Stats::default(),
        is_disabled: options.is_disabled,
        pipeline: Pipeline::new(store, options.pipeline),
        stop: stopped,
        relays: TaskTracker::new(),
    });
    emit(Stage::PreStart, None, service.pipeline.hooks());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("proxy")
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let serving = Arc::clone(&service);
    let thread = thread::Builder::new()
        .name("proxy".to_owned())
        .spawn(move || run(runtime, &listener, &serving, options.drain))
        .map_err(Error::Runtime)?;
    emit(Stage::PostStart, None, service.pipeline.hooks());
    Ok(Running { address, service, stop, thread: Some(thread) })
}

/// Serves until told to stop, then lets running streams end.
fn run(runtime: Runtime, listener: &TcpListener, service: &Arc<Service>, drain: Duration) {
    runtime.spawn(tidy(service.store.clone()));
    runtime.block_on(async {
        let server = keep_serving(|| serve(listener.try_clone(), Arc::clone(service)), service.stop.clone()).await;
        service.relays.close();
        let ended = async {
            drop(server.await);
            service.relays.wait().await;
        };
        drop(tokio::time::timeout(drain, ended).await);
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
}

/// Serves until told to stop, and returns the server that is ending then. One that fails or panics is started again on
/// the same listener: the agent knows no other address.
async fn keep_serving<F>(mut serve: impl FnMut() -> F, mut stop: watch::Receiver<bool>) -> JoinHandle<io::Result<()>>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        let mut server = tokio::spawn(serve());
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return server,
            ended = &mut server => tracing::error!(?ended, "the server ended and is started again"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Now and then notes what was used and drops what has expired: off the path of requests.
async fn tidy(store: Option<Arc<Store>>) {
    let Some(store) = store else { return };
    let mut clock = tokio::time::interval(TIDY);
    loop {
        clock.tick().await;
        let store = Arc::clone(&store);
        match tokio::task::spawn_blocking(move || store.tidy()).await {
            Ok(Err(err)) => tracing::warn!(error = &err as &dyn std::error::Error, "the store was not tidied"),
            Ok(Ok(_)) => {}
            Err(_) => return,
        }
    }
}

async fn serve(listener: io::Result<TcpListener>, service: Arc<Service>) -> io::Result<()> {
    let mut stop = service.stop.clone();
    let listener = tokio::net::TcpListener::from_std(listener?)?;
    // Without this an event waits for the acknowledgement of the one before it: 30 ms and more.
    let listener = listener.tap_io(|connection| {
        failpoint::panic_at("server");
        drop(connection.set_nodelay(true));
    });
    let stopped = async move { drop(stop.wait_for(|stopped| *stopped).await) };
    axum::serve(listener, routes::routes(service)).with_graceful_shutdown(stopped).await
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where requests go, for people.
    pub(crate) fn destinations(&self) -> String {
        self.service.upstreams.destinations()
    }

    /// Takes no further requests, lets those that run end, and returns what went through.
    pub(crate) fn stop(mut self) -> Totals {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.service.stats.totals()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_server_that_panics_is_started_again_on_its_listener() {
        let listener = bind(IpAddr::from([127, 0, 0, 1]), Port::Exactly(0)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let started = AtomicUsize::new(0);
        let (stop, stopped) = watch::channel(false);
        let serve = || {
            let number = started.fetch_add(1, Ordering::Relaxed);
            let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
            async move {
                loop {
                    let (mut connection, _) = listener.accept().await?;
                    assert_ne!(number, 0, "as a broken server would");
                    connection.write_all(b"served").await?;
                }
            }
        };
        let visit = async {
            for expected in ["", "served"] {
                let mut said = String::new();
                let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
                connection.read_to_string(&mut said).await.unwrap();
                assert_eq!(said, expected);
            }
            stop.send_replace(true);
        };
        let (server, ()) = tokio::join!(keep_serving(serve, stopped), visit);
        server.abort();
        assert_eq!(started.load(Ordering::Relaxed), 2);
    }
}
