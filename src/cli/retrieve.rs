//! `headroom retrieve`.

use std::process::ExitCode;

use serde::Serialize;

use crate::ccr::select::{Lines, Query, Selection, select};
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
    let selection = Selection { lines: args.lines, query: args.grep.as_deref().map(Query::of), limit: None };
    let text = match select(&original.text, &selection) {
        Ok(selected) => selected.text,
        Err(nothing) => {
            output::talk(nothing);
            return Ok(ExitCode::FAILURE);
        }
    };
    if args.json {
        output::json(&Answer {
            handle: &original.handle,
            project: &original.project,
            bytes: original.text.len(),
            lines: original.text.split_inclusive('\n').count(),
            text: &text,
        })?;
    } else {
        output::raw(text.as_bytes());
    }
    Ok(ExitCode::SUCCESS)
}

fn find(handle: &Handle) -> anyhow::Result<Option<Original>> {
    let store = Store::open_existing(&Settings::load()?.paths.store())?;
    Ok(store.map_or(Ok(None), |store| store.get(handle))?)
}
