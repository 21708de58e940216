//! `headroom completions`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::output;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    headroom completions bash > ~/.local/share/bash-completion/completions/headroom\n  \
    headroom completions fish > ~/.config/fish/completions/headroom.fish\n  \
    headroom completions zsh > ~/.zfunc/_headroom")]
pub(crate) struct Args {
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "headroom", &mut script);
    output::raw(&script);
    Ok(ExitCode::SUCCESS)
}
