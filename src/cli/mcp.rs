//! `headroom mcp`.

use std::process::ExitCode;

/// The MCP server that gives agents their originals back
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve MCP on standard input and output
    Serve,
}

pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => Ok(ExitCode::SUCCESS),
    }
}
