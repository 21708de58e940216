//! `headroom demo`.

use std::process::ExitCode;

/// Show what is saved, without a key or an agent
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
