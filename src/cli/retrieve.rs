//! `headroom retrieve`.

use std::borrow::Cow;
use std::process::ExitCode;

use serde::Serialize;

use crate::ccr::select::{Lines, Nothing, Query, Selection, select};
use crate::ccr::{Handle, Original, Store};
use crate::cli::output;
use crate::cli::settings::Settings;

/// Print the original behind a handle
///
/// Exactly as it was read: nothing is added, not even a line end. Exits with 1 when there is no such original, or no
/// such line in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    headroom retrieve 3f9c2a71d04be586\n  \
    headroom retrieve 3f9c2a71d04be586 --lines 12-480\n  \
    headroom retrieve 3f9c2a71d04be586 --grep 'timeout|refused'")]
pub(crate) struct Args {
    /// The 16 hex digits that a `[headroom: ...]` marker ends with
    handle: Handle,

    /// Only these lines: `12-480`, `12` or `12-`
    #[arg(long, value_name = "A-B")]
    lines: Option<Lines>,

    /// Only lines that match this regular expression or hold it as text, each with its number
    #[arg(long, value_name = "RE")]
    grep: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    handle: &'a Handle,
    project: &'a str,
    /// Of the whole original.
    bytes: usize,
    lines: usize,
    text: &'a str,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(original) = find(&args.handle)? else {
        output::talk(args.handle.unknown());
        return Ok(ExitCode::FAILURE);
    };
    match part(&original, args) {
        Ok(text) if args.json => output::json(&Answer {
            handle: &original.handle,
            project: &original.project,
            bytes: original.text.len(),
            lines: original.text.split_inclusive('\n').count(),
            text: &text,
        })?,
        Ok(text) => output::raw(text.as_bytes()),
        Err(nothing) => {
            output::talk(nothing);
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The part of `original` that `args` ask for, whole: a shell has ways of its own to shorten it.
fn part<'a>(original: &'a Original, args: &Args) -> Result<Cow<'a, str>, Nothing> {
    let selection = Selection { lines: args.lines, query: args.grep.as_deref().map(Query::of), limit: None };
    Ok(select(&original.text, &selection)?.text)
}

fn find(handle: &Handle) -> anyhow::Result<Option<Original>> {
    let store = Store::open_existing(&Settings::load()?.paths.store())?;
    Ok(store.map_or(Ok(None), |store| store.get(handle))?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn printed(text: &str, options: &[&str]) -> String {
        let original = Original { handle: Handle::of(text), text: text.into(), project: String::new() };
        let handle = original.handle.to_string();
        let line = ["headroom", "retrieve", &handle].into_iter().chain(options.iter().copied());
        let Command::Retrieve(args) = Cli::try_parse_from(line).unwrap().command else { panic!("another command") };
        part(&original, &args).unwrap().into_owned()
    }

    #[test]
    fn the_original_is_printed_exactly() {
        let text = "\u{feff}no\r\nline end".repeat(20_000);
        assert_eq!(printed(&text, &[]), text);
    }

    #[test]
    fn lines_and_matches_are_printed_on_request() {
        assert_eq!(printed("one\ntwo\nthree", &["--lines", "2-3"]), "two\nthree");
        assert_eq!(printed("one\ntwo\nthree", &["--lines", "2-", "--grep", "^t"]), "2:two\n3:three\n");
    }
}
