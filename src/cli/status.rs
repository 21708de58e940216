//! `headroom status`: what runs, and what wraps have left.
//!
//! It restores what wraps that died have left before it looks, as `wrap` and `unwrap` do: a user who asks what is wrong
//! does not want to be told to ask again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comfy_table::Table;
use serde::Serialize;

use crate::agent::ledger;
use crate::agent::ledger::{FileEntry, Holder, State};
use crate::agent::restore;
use crate::agent::restore::{How, Restored};
use crate::agent::session;
use crate::agent::session::{Elsewhere, Survey};
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::cli::wrap;
use crate::cli::wrap::report;

/// Show running wraps and what earlier ones left
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What wraps that died have left is restored first. It fails only where something could not be.\n\n\
    With `--json`: `wraps` (agent, session, pid, host, started, project, address, upstream, files), `prepared` (agent, \
    files), `restored` (path, how), `stuck` (path, why, by_hand, copy), `originals` (path, copy) and `remembered` (path, \
    entry, since). Times are seconds since 1970; `upstream` is null where it is the provider's own.\n\n\
    Examples:\n  headroom status\n  headroom status --json"
)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Status {
    wraps: Vec<Wrap>,
    prepared: Vec<Prepared>,
    /// What this command has restored.
    restored: Vec<Done>,
    /// What it could not restore.
    stuck: Vec<Stuck>,
    /// Files that have edits of ours, and where their bytes from before are.
    originals: Vec<Original>,
    /// Entries that were taken off, and that an agent may write back.
    remembered: Vec<Remembered>,
}

#[derive(Debug, Serialize)]
struct Wrap {
    agent: String,
    session: String,
    pid: u32,
    host: String,
    started: u64,
    project: PathBuf,
    address: Option<SocketAddr>,
    /// The host that requests go on to, where it is not the provider's own.
    upstream: Option<String>,
    files: BTreeSet<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Prepared {
    agent: String,
    files: BTreeSet<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Done {
    path: PathBuf,
    how: &'static str,
}

#[derive(Debug, Serialize)]
struct Stuck {
    path: PathBuf,
    why: String,
    by_hand: Vec<String>,
    copy: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Original {
    path: PathBuf,
    copy: PathBuf,
}

#[derive(Debug, Serialize)]
struct Remembered {
    path: PathBuf,
    entry: String,
    since: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    let state = wrap::state(&settings);
    let restored = session::recover_abandoned(&state, Elsewhere::IsAlive)?;
    let status = Status::of(&session::survey(&state)?, &restored, &state);
    if args.json {
        output::json(&status)?;
    } else {
        for restored in &restored {
            report::file(restored, &settings);
        }
        status.print(&settings, state.now());
    }
    Ok(if status.stuck.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Status {
    fn of(survey: &Survey, restored: &[Restored], state: &State) -> Self {
        let files = &survey.ledger.files;
        let mut status = Self {
            wraps: survey.running.iter().map(|holder| Wrap::of(holder, files)).collect(),
            prepared: prepared(files),
            restored: Vec::new(),
            stuck: Vec::new(),
            originals: Vec::new(),
            remembered: Vec::new(),
        };
        for Restored { path, how } in restored {
            match how {
                How::Stuck { why, by_hand, copy } => {
                    let (why, by_hand, copy) = (why.clone(), by_hand.clone(), copy.clone());
                    status.stuck.push(Stuck { path: path.clone(), why, by_hand, copy });
                }
                How::Untouched => {}
                how => status.restored.push(Done { path: path.clone(), how: name(how) }),
            }
        }
        let original = |file: &FileEntry| {
            let copy = state.copy(file.original.as_ref()?)?;
            Some(Original { path: file.path.clone(), copy })
        };
        status.originals.extend(files.iter().filter_map(original));
        status.remembered.extend(survey.ledger.tombstones.iter().map(|stone| Remembered {
            path: stone.path.clone(),
            entry: restore::trace(&stone.edit).to_owned(),
            since: stone.since,
        }));
        status
    }

    fn print(&self, settings: &Settings, now: u64) {
        if self.wraps.is_empty() {
            output::line("no wrap runs");
        } else {
            output::line(self.table(settings, now));
        }
        for Prepared { agent, files } in &self.prepared {
            let files: Vec<String> = files.iter().map(|path| format!("`{}`", report::short(path, settings))).collect();
            output::line(format_args!("prepared for {agent}: {}, until `headroom unwrap {agent}`", files.join(", ")));
        }
        for Original { path, copy } in &self.originals {
            let (path, copy) = (report::short(path, settings), report::short(copy, settings));
            output::line(format_args!("`{path}` as it was before is kept in `{copy}`"));
        }
        if self.prepared.is_empty() && self.originals.is_empty() && self.wraps.is_empty() && self.stuck.is_empty() {
            output::line("nothing is left of earlier ones");
        }
        let remembered: BTreeSet<&Path> = self.remembered.iter().map(|entry| entry.path.as_path()).collect();
        for path in remembered {
            let path = report::short(path, settings);
            output::line(format_args!("if an agent writes our entry back into `{path}`, it is taken off again"));
        }
    }

    fn table(&self, settings: &Settings, now: u64) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["AGENT", "PID", "SINCE", "PROXY", "UPSTREAM", "PROJECT"]);
        for wrap in &self.wraps {
            let pid =
                if wrap.host == ledger::host() { wrap.pid.to_string() } else { format!("{}@{}", wrap.pid, wrap.host) };
            table.add_row([
                wrap.agent.clone(),
                pid,
                ago(now.saturating_sub(wrap.started)),
                wrap.address.map_or_else(|| "not its own".to_owned(), |address| address.to_string()),
                wrap.upstream.clone().unwrap_or_else(|| "the provider's".to_owned()),
                report::short(&wrap.project, settings),
            ]);
        }
        table
    }
}

impl Wrap {
    fn of(holder: &Holder, files: &[FileEntry]) -> Self {
        Self {
            agent: holder.agent.clone(),
            session: holder.session.clone(),
            pid: holder.pid,
            host: holder.host.clone(),
            started: holder.started,
            project: holder.project.clone(),
            address: holder.address,
            upstream: holder.upstream.as_deref().map(host_of),
            files: held(files, &holder.session),
        }
    }
}

/// The host in `url`, and its port: what else stands in an address may be secret.
fn host_of(url: &str) -> String {
    let Ok(url) = reqwest::Url::parse(url) else { return "an address that does not parse".to_owned() };
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn held(files: &[FileEntry], session: &str) -> BTreeSet<PathBuf> {
    let is_held = |file: &&FileEntry| file.edits.iter().any(|edit| edit.holders.contains_key(session));
    files.iter().filter(is_held).map(|file| file.path.clone()).collect()
}

fn prepared(files: &[FileEntry]) -> Vec<Prepared> {
    let holders = files.iter().flat_map(|file| &file.edits).flat_map(|edit| &edit.holders);
    let sessions: BTreeMap<&String, &String> = holders.filter(|(session, _)| ledger::is_prepared(session)).collect();
    let prepared = sessions.into_iter();
    prepared.map(|(session, agent)| Prepared { agent: agent.clone(), files: held(files, session) }).collect()
}

fn name(how: &How) -> &'static str {
    match how {
        How::Original => "original",
        How::Untouched => "untouched",
        How::Removed => "removed",
        How::Reverted => "reverted",
        How::Gone => "gone",
        How::Theirs => "theirs",
        How::CameBack => "came_back",
        How::Stuck { .. } => "stuck",
    }
}

/// So many seconds, as one says it.
fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_address_but_its_host_is_shown() {
        assert_eq!(host_of("https://me:secret@gateway.example:8443/v1?key=secret"), "gateway.example:8443");
        assert_eq!(host_of("https://gateway.example/secret"), "gateway.example");
        assert!(!host_of("secret").contains("secret"));
    }

    #[test]
    fn a_time_has_one_unit() {
        assert_eq!([0, 59, 60, 7_199, 90_000].map(ago), ["0 s", "59 s", "1 min", "1 h", "1 d"]);
    }
}
