//! `headroom unwrap`.

use std::process::ExitCode;

/// Undo what a wrap left behind
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
