//! `headroom demo`: a scripted agent and a scripted provider on loopback, through the real proxy and a real store.
//!
//! No key, no network, no agent, and nothing of the user's is touched: the store is in a temporary folder. What is
//! checked on the way is what the product promises, so a demo that ends well is a self-test.

mod agent;
mod provider;
mod samples;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::ccr::{Handle, Store};
use crate::cli::output::{json, line, percent, talk};
use crate::cli::settings::{DecideArgs, ProxyArgs, Settings};
use crate::proxy;
use crate::proxy::Port;
use crate::proxy::upstream;
use crate::tokens;

/// Show what is saved, without a key or an agent
///
/// A scripted agent reads real outputs of common tools and a scripted provider answers it, both on loopback, through
/// the real proxy and a real store in a temporary folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  headroom demo
  headroom demo --json")]
pub(crate) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What a demo found.
#[derive(Debug, Serialize)]
struct Report {
    /// Per sample, in the order in which the agent read them.
    reads: Vec<Row>,
    /// Tokens of the messages of all requests, as the agent wrote them and as the provider got them.
    input_tokens_before: usize,
    input_tokens_after: usize,
    requests: usize,
    /// Requests whose beginning was, message by message, what had been sent before.
    stable_prefixes: usize,
    originals_left_out: usize,
    originals_got_back: usize,
    proxy_ready_ms: f64,
    /// Median time between a request's last byte and its sending.
    added_ms: f64,
}

/// What became of one output.
#[derive(Debug, Serialize)]
struct Row {
    what: String,
    tokens_before: usize,
    tokens_after: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    let folder = tempfile::Builder::new().prefix("headroom-demo-").tempdir().context("could not make a folder")?;
    let samples = samples::all();
    let provider = provider::start(samples.clone())?;

    let started = Instant::now();
    let listener = proxy::bind([127, 0, 0, 1].into(), Port::Exactly(0))?;
    let decide = DecideArgs { decide_ms: 60_000, ..DecideArgs::default() };
    let proxy_args = ProxyArgs { decide, ..ProxyArgs::default() };
    let anthropic = upstream::parse_url(&format!("http://{}", provider.address()))?;
    let upstreams = upstream::Options { anthropic, ..upstream::Options::default() };
    let mut options = settings.proxy(&proxy_args, upstreams, folder.path(), None)?;
    options.store = folder.path().join("store.db");
    options.is_disabled = false;
    let running = proxy::spawn(listener, options)?;
    let ready = started.elapsed();

    talk("a scripted agent reads real tool outputs through the proxy");
    let written = agent::converse(running.address(), &samples)?;
    let totals = running.stop();
    let got = provider.requests();
    let store = Store::open(&folder.path().join("store.db"))?;
    let report = report(&samples, &written, &got, &store, ready, totals.median_prepare())?;

    if args.json {
        json(&report)?;
    } else {
        show(&report);
    }
    let is_sound = report.stable_prefixes == report.requests && report.originals_got_back == report.originals_left_out;
    ensure!(is_sound, "the demo did not keep a promise: a prefix changed or an original is lost");
    Ok(ExitCode::SUCCESS)
}

fn report(
    samples: &[samples::Sample],
    written: &[Value],
    got: &[Value],
    store: &Store,
    ready: Duration,
    added: Duration,
) -> anyhow::Result<Report> {
    ensure!(written.len() == got.len(), "{} requests were written and {} arrived", written.len(), got.len());
    let messages = |body: &Value| body["messages"].as_array().cloned().unwrap_or_default();
    let mut stable_prefixes = 0;
    for (n, body) in got.iter().enumerate() {
        let earlier = if n == 0 { Vec::new() } else { messages(&got[n - 1]) };
        stable_prefixes += usize::from(messages(body).starts_with(&earlier));
    }
    let last = messages(got.last().context("no request arrived")?);
    let arrived: BTreeMap<String, String> = last.iter().flat_map(results).collect();
    let mut rows = Vec::new();
    let mut left_out = 0;
    let mut got_back = 0;
    for sample in samples {
        let after = arrived.get(&sample.id).with_context(|| format!("the output of {} is missing", sample.what))?;
        let handle = Handle::of(&sample.output);
        if after.contains(handle.as_str()) {
            left_out += 1;
            got_back += usize::from(store.get(&handle)?.is_some_and(|original| original.text == sample.output));
        }
        rows.push(Row {
            what: sample.what.clone(),
            tokens_before: tokens::count(&sample.output),
            tokens_after: tokens::count(after),
        });
    }
    let count = |bodies: &[Value]| bodies.iter().map(|body| tokens::count(&body["messages"].to_string())).sum();
    Ok(Report {
        reads: rows,
        input_tokens_before: count(written),
        input_tokens_after: count(got),
        requests: got.len(),
        stable_prefixes,
        originals_left_out: left_out,
        originals_got_back: got_back,
        proxy_ready_ms: milliseconds(ready),
        added_ms: milliseconds(added),
    })
}

/// The tool results of a message: call id and text.
fn results(message: &Value) -> Vec<(String, String)> {
    let parts = message["content"].as_array().cloned().unwrap_or_default();
    let results = parts.into_iter().filter(|part| part["type"] == "tool_result");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    results.map(|part| (text(&part["tool_use_id"]), text(&part["content"]))).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

fn show(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["what the agent read", "tokens", "sent", "saved"]);
    for row in &report.reads {
        table.add_row([
            row.what.clone(),
            row.tokens_before.to_string(),
            row.tokens_after.to_string(),
            percent(row.tokens_before as u64, row.tokens_after as u64),
        ]);
    }
    let before: usize = report.reads.iter().map(|row| row.tokens_before).sum();
    let after: usize = report.reads.iter().map(|row| row.tokens_after).sum();
    table.add_row([
        "all of it".to_owned(),
        before.to_string(),
        after.to_string(),
        percent(before as u64, after as u64),
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    line(table);
    let (before, after) = (report.input_tokens_before, report.input_tokens_after);
    line(format_args!(
        "{} requests: {before} tokens written by the agent, {after} sent ({} fewer)",
        report.requests,
        percent(before as u64, after as u64)
    ));
    line(format_args!(
        "{} of {} requests began with exactly what was sent before",
        report.stable_prefixes, report.requests
    ));
    line(format_args!(
        "{} outputs name their originals, {} of which were got back byte for byte",
        report.originals_left_out, report.originals_got_back
    ));
    line(format_args!(
        "proxy ready in {} ms, {} ms added to a request (median)",
        report.proxy_ready_ms, report.added_ms
    ));
}
