//! The only writer to standard output and standard error.
//!
//! Standard output is the result, standard error is talk. A closed pipe is no error. Color is `anstream`'s business: it
//! takes it off where there is no terminal or `NO_COLOR` is set.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::stats::Totals;

/// A failure whose exit code is not 1, or that has a remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
}

/// Writes one line of the result.
pub(crate) fn line(text: impl Display) {
    // Nobody is left to be told when standard output is closed.
    drop(writeln!(anstream::stdout(), "{text}"));
}

/// Writes bytes of the result as they are.
pub(crate) fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Writes a value of the result as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Tells the user something that is not the result.
pub(crate) fn talk(text: impl Display) {
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// Tells the user what to do about something.
pub(crate) fn hint(text: impl Display) {
    talk(format_args!("{} {text}", "hint:".cyan().bold()));
}

/// Tells the user of something that did not stop us.
pub(crate) fn warning(text: impl Display) {
    talk(format_args!("{} {text}", "warning:".yellow().bold()));
}

/// What a proxy saved, in tokens of the texts that agents read, and what it had to leave as it was, a line each.
pub(crate) fn savings(totals: &Totals) -> String {
    let requests = totals.requests;
    let mut lines = vec![if totals.sent_before == 0 {
        format!("{requests} requests, nothing to make smaller")
    } else {
        format!(
            "{requests} requests: {} of {} tokens of new tool output saved ({}), {} over all turns",
            totals.new_before - totals.new_after,
            totals.new_before,
            percent(totals.new_before, totals.new_after),
            totals.sent_before - totals.sent_after,
        )
    }];
    lines.extend(totals.untouched.iter().map(|(reason, count)| format!("{count} sent as they came: {reason}")));
    lines.join("\n")
}

/// How much smaller `after` is than `before`.
pub(crate) fn percent(before: u64, after: u64) -> String {
    if before == 0 {
        return "0 %".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of a hundred needs no more digits")]
    let share = 100.0 * (before as f64 - after as f64) / before as f64;
    format!("{share:.1} %")
}

/// Prints a failure with its causes, and returns its exit code.
pub(crate) fn failure(err: &anyhow::Error) -> ExitCode {
    talk(format_args!("{} {err:#}", "error:".red().bold()));
    let failure = err.downcast_ref::<Failure>();
    if let Some(text) = failure.and_then(|failure| failure.hint.as_ref()) {
        hint(text);
    }
    ExitCode::from(failure.map_or(1, |failure| failure.code))
}

/// Prints help, the version or a usage error, and returns its exit code.
pub(crate) fn usage(err: &clap::Error) -> ExitCode {
    drop(err.print());
    if err.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
