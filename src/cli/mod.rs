//! One file per command: its arguments, then `run`, which calls the domain and prints. Nothing else here prints, reads
//! the environment or decides an exit code.

mod agents;
mod completions;
mod compress;
mod config;
mod demo;
mod mcp;
mod output;
mod paths;
mod proxy;
mod retrieve;
mod settings;
mod status;
mod trace;
mod unwrap;
mod wrap;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::agent::watch;

#[derive(Debug, Parser)]
#[command(name = "headroom", version, about, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Wrap(wrap::Args),
    Unwrap(unwrap::Args),
    Proxy(proxy::Args),
    Compress(compress::Args),
    Retrieve(retrieve::Args),
    #[command(subcommand)]
    Mcp(mcp::Command),
    Status(status::Args),
    Agents(agents::Args),
    Demo(demo::Args),
    Completions(completions::Args),
}

/// Runs one command line. See `headroom::run` for the exit code.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    #[cfg(debug_assertions)]
    settings::arm_failpoint();
    let args: Vec<OsString> = args.into_iter().collect();
    if let [_, command, session] = &args[..]
        && command == watch::COMMAND
    {
        watch::watch(&session.to_string_lossy());
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(err) => return output::usage(&err),
    };
    let result = match cli.command {
        Command::Wrap(args) => wrap::run(args),
        Command::Unwrap(args) => unwrap::run(&args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Compress(args) => compress::run(&args),
        Command::Retrieve(args) => retrieve::run(&args),
        Command::Mcp(command) => mcp::run(&command),
        Command::Status(args) => status::run(&args),
        Command::Agents(args) => agents::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|err| output::failure(&err))
}
