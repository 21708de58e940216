//! `headroom mcp`.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use nix::unistd::Pid;

use crate::cli::settings::Settings;
use crate::files;
use crate::mcp;

/// How soon after its parent the server ends, where no end of its input tells it.
const ORPHAN_CHECK: Duration = Duration::from_secs(1);

/// The MCP server that gives agents their originals back
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve MCP on standard input and output
    #[command(after_help = "Example, as agents register it:\n  claude mcp add headroom -- headroom mcp serve")]
    Serve,
}

pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve(),
    }
}

fn serve() -> anyhow::Result<ExitCode> {
    // Before the first answer: whoever gets it may kill our parent at once.
    let parent = nix::unistd::getppid();
    let settings = Settings::load()?;
    let session = settings.environment.get("HEADROOM_SESSION").filter(|session| is_name(session));
    let folder = session.map(|session| settings.paths.run(session));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start the MCP server")?;
    let served = runtime.block_on(async {
        let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
        tokio::select! {
            served = mcp::serve(settings.paths.store(), input, output, || announce(folder)) => served,
            () = orphaned(parent) => Ok(()),
        }
    });
    // Not waited for: a thread may be reading standard input, which somebody else still holds open.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Tells the proxy of the wrap that started the agent that the agent can retrieve. Where it cannot be told, it leaves
/// nothing out, and the agent needs no retrieval: no reason to stop serving.
fn announce(folder: Option<PathBuf>) {
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return };
    if let Err(err) = files::write_atomic(&folder.join("retrieval-ready"), b"", None) {
        tracing::warn!(error = &err as &dyn std::error::Error, "could not tell the proxy that retrieval is ready");
    }
}

/// Whether `session` names a folder and not a way out of the one it is in.
fn is_name(session: &str) -> bool {
    let mut parts = Path::new(session).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

/// Returns when `parent` has ended. Its end closes our input, unless another of its children holds it open.
async fn orphaned(parent: Pid) {
    while nix::unistd::getppid() == parent {
        tokio::time::sleep(ORPHAN_CHECK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_one_folder_below_the_others() {
        assert!(is_name("4711-claude"));
        for session in ["..", ".", "/tmp", "a/b", "../a", ""] {
            assert!(!is_name(session), "{session}");
        }
    }
}
