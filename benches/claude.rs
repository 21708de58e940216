//! The real Claude Code on each task, directly and wrapped: tokens, bill, requests and time, as a Markdown table and as
//! JSON lines. Both sides run in turn, so that whatever else the machine does weighs on both.
//!
//! `cargo bench --bench claude [-- TASK…]`; `HEADROOM_AGENTS` names the folder that Claude Code is in. A wrong answer is
//! reported, not skipped: tokens that were saved by not finding the answer are no saving.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench starts processes, and prints what it measured"
)]

#[expect(dead_code, reason = "shared with the integration tests, which use the rest")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::Duration;

use serde_json::json;

use support::claude;
use support::dialect::Dialect;
use support::place::{Place, Route};
use support::provider::Provider;
use support::request::tokens;
use support::scenario::Scenario;
use support::scenarios;

/// How often each side runs; tokens are the same each time, of times the median is shown.
const ROUNDS: usize = 3;

/// What one side of a task costs.
#[derive(Debug, Clone, Default)]
struct Cost {
    answered: bool,
    input: u64,
    billed: f64,
    requests: usize,
    wall: Duration,
    first_request: Duration,
}

fn main() {
    let Some(place) = claude::place() else { return };
    let wanted: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("| task | input tokens | | | billed | | | requests | wall | to first request |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut lines = Vec::new();
    for scenario in scenarios::all(&place.project()) {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == scenario.name) {
            continue;
        }
        let (mut direct, mut wrapped) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            direct.push(measure(&place, Route::Direct, &scenario));
            wrapped.push(measure(&place, Route::Wrapped, &scenario));
        }
        let (direct, wrapped) = (median(&direct), median(&wrapped));
        println!("{}", row(scenario.name, &direct, &wrapped));
        lines.push(json!({"task": scenario.name, "direct": facts(&direct), "wrapped": facts(&wrapped)}));
    }
    println!("\nDirect, then wrapped. Billed: in input tokens, a cache read at 0.1, a cache write at 1.25.\n");
    for line in lines {
        println!("{line}");
    }
}

fn measure(place: &Place, route: Route, scenario: &Scenario) -> Cost {
    claude::reset(place);
    let script = scenario.clone();
    let provider = Provider::start(move |request| script.turn(Dialect::Claude, &request.transcript()));
    let run = claude::run(place, route, &provider.url(), &scenario.prompt);
    let turns = provider.turns();
    let first = provider.requests().first().map(|request| request.arrived.duration_since(run.started));
    let answered = scenario.facts.iter().all(|fact| run.stdout.contains(&fact.truth));
    if !answered {
        eprintln!("{}: wrong answer, {route:?}\n{}\n{}", scenario.name, run.stdout, run.stderr);
    }
    Cost {
        answered,
        input: turns.iter().map(|turn| tokens(&turn.body)).sum(),
        billed: turns.iter().map(|turn| turn.bill.billed()).sum(),
        requests: turns.len(),
        wall: run.took,
        first_request: first.unwrap_or_default(),
    }
}

/// The last round's counts with the median times; the answer counts only if it was right every time.
fn median(rounds: &[Cost]) -> Cost {
    let middle = |time: fn(&Cost) -> Duration| {
        let mut times: Vec<_> = rounds.iter().map(time).collect();
        times.sort();
        times[times.len() / 2]
    };
    Cost {
        answered: rounds.iter().all(|cost| cost.answered),
        wall: middle(|cost| cost.wall),
        first_request: middle(|cost| cost.first_request),
        ..rounds.last().unwrap().clone()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn row(name: &str, direct: &Cost, wrapped: &Cost) -> String {
    let change = |before: f64, after: f64| format!("{:+.1} %", (after / before - 1.0) * 100.0);
    let wrong = if direct.answered && wrapped.answered { "" } else { " (wrong answer)" };
    format!(
        "| {name}{wrong} | {} | {} | {} | {:.0} | {:.0} | {} | {} / {} | {:.2} / {:.2} s | {} / {} ms |",
        direct.input,
        wrapped.input,
        change(direct.input as f64, wrapped.input as f64),
        direct.billed,
        wrapped.billed,
        change(direct.billed, wrapped.billed),
        direct.requests,
        wrapped.requests,
        direct.wall.as_secs_f64(),
        wrapped.wall.as_secs_f64(),
        direct.first_request.as_millis(),
        wrapped.first_request.as_millis(),
    )
}

fn facts(cost: &Cost) -> serde_json::Value {
    json!({
        "answered": cost.answered,
        "input_tokens": cost.input,
        "billed_tokens": cost.billed,
        "requests": cost.requests,
        "wall_seconds": cost.wall.as_secs_f64(),
        "first_request_seconds": cost.first_request.as_secs_f64(),
    })
}
