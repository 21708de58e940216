//! `headroom proxy`.

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::output;
use crate::cli::output::{Failure, talk};
use crate::cli::settings::{ProxyArgs, Settings};
use crate::cli::{paths, trace};
use crate::files;
use crate::proxy;
use crate::proxy::Port;

/// Run the proxy on its own
///
/// Point a client at it by its base URL. What the client reads is made smaller before the provider first caches it;
/// forms that leave something out are used only where the request offers the `headroom_retrieve` tool.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  headroom proxy
  headroom proxy --port 9000 --anthropic-api-url https://gateway.example/anthropic
  ANTHROPIC_BASE_URL=http://127.0.0.1:8787 claude")]
pub(crate) struct Args {
    /// Address to listen on; this machine only
    #[arg(long, default_value = "127.0.0.1", env = "HEADROOM_HOST")]
    host: IpAddr,
    /// Port to listen on; 0 takes any that is free
    #[arg(long, short, env = "HEADROOM_PORT")]
    port: Option<u16>,
    #[command(flatten)]
    proxy: ProxyArgs,
    /// Log every stage of every request
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !args.host.is_loopback() {
        return Err(Failure {
            message: format!("`{}` is not an address of this machine alone", args.host),
            hint: Some("listen on 127.0.0.1 or ::1: whoever reaches the proxy could read what agents read".to_owned()),
            code: 2,
        }
        .into());
    }
    trace::to_terminal(args.verbose);
    let settings = Settings::load()?;
    let port = args.port.or(settings.config.port).unwrap_or(proxy::DEFAULT_PORT);
    let listener = proxy::bind(args.host, Port::Exactly(port)).map_err(|err| Failure {
        message: format!("{:#}", anyhow::Error::new(err)),
        hint: Some("name another port with `--port`, or 0 for any that is free".to_owned()),
        code: 1,
    })?;
    let upstreams = settings.upstreams(&args.proxy, None)?;
    files::create_folder(settings.paths.home())?;
    let project = paths::project_of(&std::env::current_dir().context("could not tell the current folder")?);
    let options = settings.proxy(&args.proxy, upstreams, &project, None)?;
    let running = proxy::spawn(listener, options)?;
    talk(format_args!("requests go to {}", running.destinations()));
    talk(format_args!("listening on http://{}", running.address()));
    wait_for_end()?;
    let totals = running.stop();
    talk(output::savings(&totals));
    Ok(ExitCode::SUCCESS)
}

/// Waits until somebody wants the proxy to end.
fn wait_for_end() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed?,
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        Ok(())
    })
}
