//! `headroom agents`.

use std::path::PathBuf;
use std::process::ExitCode;

use comfy_table::Table;
use serde::Serialize;

use crate::agent::detect;
use crate::agent::launch;
use crate::agent::registry;
use crate::agent::spec::{AgentSpec, Provider};
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::cli::wrap;
use crate::cli::wrap::report;

/// List the agents headroom knows and whether they are installed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With `--json`: name, title, aliases, provider, found, version, path and install of each. `version` and \
    `path` are null where it is not found.\n\nExamples:\n  headroom agents\n  headroom agents --json"
)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One agent, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    title: String,
    aliases: Vec<String>,
    provider: Provider,
    found: bool,
    version: Option<String>,
    path: Option<PathBuf>,
    install: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    let around = wrap::surroundings(&settings)?;
    let specs = registry::all(&settings.paths.agents())?;
    let rows: Vec<Row> = specs
        .into_iter()
        .map(|spec| {
            let path = detect::binary(&spec, &around);
            let version = path.as_deref().and_then(launch::version);
            let found = path.is_some();
            let AgentSpec { name, title, aliases, provider, install, .. } = spec;
            Row { name, title, aliases, provider, found, version, path, install }
        })
        .collect();
    if args.json {
        output::json(&rows)?;
    } else {
        output::line(table(&rows, &settings));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[Row], settings: &Settings) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["AGENT", "FOUND", "VERSION", "PATH"]);
    for row in rows {
        let found = if row.found { "yes" } else { "no" };
        let version = row.version.clone().unwrap_or_default();
        let path = match &row.path {
            Some(path) => report::short(path, settings),
            None => format!("install: {}", row.install),
        };
        table.add_row([row.name.clone(), found.to_owned(), version, path]);
    }
    table
}
