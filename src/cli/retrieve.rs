//! `headroom retrieve`.

use std::process::ExitCode;

/// Print the original behind a handle
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
