//! What a wrap says before and after the agent has the terminal: a few lines on standard error.

use std::path::Path;

use crate::agent::ledger;
use crate::agent::plan::{Plan, Purpose};
use crate::agent::restore::{How, Restored};
use crate::agent::session::{Made, Session, Skipped};
use crate::agent::spec::AgentSpec;
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::stats::Totals;

/// `path` as a user would write it.
pub(crate) fn short(path: &Path, settings: &Settings) -> String {
    match path.strip_prefix(&settings.home) {
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// Says what wraps that died had left.
pub(crate) fn recovered(result: Result<Vec<Restored>, ledger::Error>, settings: &Settings) {
    match result {
        Ok(restored) => restored.iter().for_each(|restored| file(restored, settings)),
        Err(err) => output::warning(format_args!("could not look for what earlier wraps left: {:#}", with_causes(err))),
    }
}

fn with_causes(err: ledger::Error) -> anyhow::Error {
    err.into()
}

/// Says what became of one file.
pub(crate) fn file(Restored { path, how }: &Restored, settings: &Settings) {
    let path = short(path, settings);
    match how {
        How::Original => output::talk(format_args!("restored `{path}`")),
        How::Untouched => {}
        How::Removed => output::talk(format_args!("removed `{path}`, which was not there before")),
        How::Reverted => output::talk(format_args!("took our part out of `{path}`, and kept what else changed there")),
        How::Gone => output::talk(format_args!("`{path}` is gone, so there is nothing to restore")),
        How::Theirs => output::talk(format_args!("left `{path}` as it is: our part of it was changed or removed")),
        How::CameBack => output::talk(format_args!("took our part out of `{path}` again: an agent had put it back")),
        How::Stuck { why, by_hand, copy } => {
            output::warning(format_args!("could not restore `{path}`: {why}"));
            if !by_hand.is_empty() {
                let parts = by_hand.join(", ");
                output::hint(format_args!("take out {parts}, or repair it and run `headroom unwrap --all`"));
            }
            if let Some(copy) = copy {
                let copy = short(copy, settings);
                output::hint(format_args!(
                    "`{copy}` is a copy from before; it goes when `headroom unwrap --all` is done"
                ));
            }
            if by_hand.is_empty() {
                output::hint(format_args!("put the copy back, or remove `{path}`, and run `headroom unwrap --all`"));
            }
        }
    }
}

/// Says what is different while the agent runs.
pub(crate) fn begun(plan: &Plan, session: &Session, spec: &AgentSpec, settings: &Settings) {
    for note in &plan.notes {
        output::talk(note);
    }
    skipped(&session.skipped, settings);
    let files: Vec<String> = session.edited.iter().map(|path| format!("`{}`", short(path, settings))).collect();
    let files = if files.is_empty() {
        String::new()
    } else {
        format!("; {} changed until {} ends", files.join(", "), spec.title)
    };
    output::talk(format_args!("headroom on http://{}{files}", plan.address));
}

/// One line, however many edits were left out for one reason.
fn skipped(skipped: &[Skipped], settings: &Settings) {
    let mut last = None;
    for Skipped { purpose, path, why } in skipped {
        if last == Some(why) {
            continue;
        }
        last = Some(why);
        let loss = match purpose {
            Purpose::Mcp => ", so that originals are to be had by `headroom retrieve` at most",
            Purpose::ContextTool => "",
        };
        output::warning(format_args!("`{}` is not edited: {why}{loss}", short(path, settings)));
    }
}

/// Says what became of the files, if there is anything to say beyond that they are back.
pub(crate) fn ended(result: Result<Vec<Restored>, ledger::Error>, spec: &AgentSpec, settings: &Settings) {
    match result {
        Ok(restored) => restored.iter().for_each(|restored| file(restored, settings)),
        Err(err) => {
            output::warning(format_args!("could not restore: {:#}", with_causes(err)));
            output::hint(format_args!("`headroom unwrap {}` tries again", spec.name));
        }
    }
}

/// Says what was saved, if there was anything to save on.
pub(crate) fn saved(totals: &Totals) {
    if totals.new_before > 0 {
        output::talk(output::savings(totals));
    }
}

/// Says what `--prepare-only` did.
pub(crate) fn prepared(plan: &Plan, made: &Made, settings: &Settings) {
    skipped(&made.skipped, settings);
    for path in &made.edited {
        output::talk(format_args!("edited `{}`", short(path, settings)));
    }
    if made.skipped.len() < plan.edits.len() {
        output::talk(format_args!("`headroom unwrap {}` takes it off again", plan.agent));
    }
}
