//! `headroom agents`.

use std::process::ExitCode;

/// List the agents headroom knows and whether they are installed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
