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
        How::Removed => output::talk(format_args!("removed `{path}`, which was not there before")),
        How::Reverted => output::talk(format_args!("took our part out of `{path}`, and kept what else changed there")),
        How::Gone => output::talk(format_args!("`{path}` is gone, so there is nothing to restore")),
        How::Theirs => output::talk(format_args!("left `{path}` as it is: our part of it was changed or removed")),
        How::CameBack => output::talk(format_args!("took our part out of `{path}` again: an agent had put it back")),
        How::Stuck { why, by_hand } => {
            output::warning(format_args!("could not restore `{path}`: {why}"));
            output::hint(format_args!("take out {}, or repair it and run `headroom unwrap --all`", by_hand.join(", ")));
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
            Purpose::Mcp => ", so that originals are to be had only by `headroom retrieve`",
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

/// Says what was saved.
pub(crate) fn saved(totals: &Totals) {
    if let Some(text) = savings(totals) {
        output::talk(text);
    }
}

fn savings(totals: &Totals) -> Option<String> {
    let (before, after) = (totals.new_before, totals.new_after);
    if before == 0 {
        return None;
    }
    let percent = (i128::from(before) - i128::from(after)) * 100 / i128::from(before);
    let new = format!("new tool output: {} -> {} tokens ({percent} % less)", grouped(before), grouped(after));
    let sent = (totals.sent_before != before)
        .then(|| format!("; over all turns {} -> {}", grouped(totals.sent_before), grouped(totals.sent_after)));
    Some(new + &sent.unwrap_or_default())
}

/// `number` with a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says what `--prepare-only` did.
pub(crate) fn prepared(plan: &Plan, made: &Made, settings: &Settings) {
    skipped(&made.skipped, settings);
    for path in &made.edited {
        output::talk(format_args!("edited `{}`", short(path, settings)));
    }
    output::talk(format_args!("`headroom unwrap {}` takes it off again", plan.agent));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savings_are_relative_to_what_they_are_of() {
        let totals =
            Totals { new_before: 12345, new_after: 6000, sent_before: 50000, sent_after: 25000, ..Totals::default() };
        let text = "new tool output: 12,345 -> 6,000 tokens (51 % less); over all turns 50,000 -> 25,000";
        assert_eq!(savings(&totals).unwrap(), text);
    }

    #[test]
    fn a_loss_is_shown_and_nothing_is_not() {
        let totals = Totals { new_before: 100, new_after: 110, sent_before: 100, sent_after: 110, ..Totals::default() };
        assert_eq!(savings(&totals).unwrap(), "new tool output: 100 -> 110 tokens (-10 % less)");
        assert_eq!(savings(&Totals::default()), None);
    }
}
