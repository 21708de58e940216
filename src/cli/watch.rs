//! `headroom watch`, which a wrap starts for itself.

use std::process::ExitCode;

use crate::agent::watch;

/// End what a wrap has started when the wrap is killed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The wrap
    session: String,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    watch::watch(&args.session);
    ExitCode::SUCCESS
}
