//! `headroom unwrap`.

use std::process::ExitCode;

use crate::agent::restore::{How, Restored};
use crate::agent::session;
use crate::agent::session::{Elsewhere, Error};
use crate::cli::output;
use crate::cli::output::Failure;
use crate::cli::settings::Settings;
use crate::cli::wrap;
use crate::cli::wrap::report;

/// Undo what a wrap left behind
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  headroom unwrap claude\n  headroom unwrap --all")]
pub(crate) struct Args {
    /// The agent whose files are restored
    #[arg(required_unless_present = "all")]
    agent: Option<String>,

    /// Restore the files of all agents
    #[arg(long, conflicts_with = "agent")]
    all: bool,

    /// Take wraps on other machines that share this home for dead
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    let agent = args.agent.as_ref().map(|name| wrap::find(name, &settings)).transpose()?.map(|spec| spec.name);
    let elsewhere = if args.force { Elsewhere::IsDead } else { Elsewhere::IsAlive };
    let state = wrap::state(&settings);
    // What dead wraps left comes off also where a live one is in the way of the rest.
    let mut restored = session::recover_abandoned(&state, elsewhere)?;
    for restored in &restored {
        report::file(restored, &settings);
    }
    let of_agent = session::unwrap(&state, agent.as_deref(), elsewhere).map_err(|err| explain(err, args))?;
    // What is stuck is tried, and would be told, twice.
    let further: Vec<Restored> = of_agent.into_iter().filter(|of_agent| !restored.contains(of_agent)).collect();
    for restored in &further {
        report::file(restored, &settings);
    }
    restored.extend(further);
    if restored.iter().all(|restored| restored.how == How::Untouched) {
        output::talk("nothing to undo");
    }
    let is_stuck = |restored: &Restored| matches!(restored.how, How::Stuck { .. });
    Ok(if restored.iter().any(is_stuck) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn explain(err: Error, args: &Args) -> anyhow::Error {
    let Error::Held { holders } = &err else { return err.into() };
    let is_elsewhere = holders.iter().any(|holder| !holder.is_here());
    let hint = if is_elsewhere && !args.force {
        "end it first; if it is dead, say `--force`"
    } else {
        "end it, and it restores its files itself"
    };
    Failure { message: err.to_string(), hint: Some(hint.to_owned()), code: 1 }.into()
}
