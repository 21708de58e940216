//! `headroom wrap`.

use std::process::ExitCode;

/// Run an agent through headroom and put everything back when it ends
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
