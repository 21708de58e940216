//! The table that a bench of a real agent prints: what each task costs directly and wrapped, as Markdown and as JSON lines.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::place::{Place, Route, Run};
use crate::support::provider_cache::Bill;
use crate::support::scenario::Scenario;
use crate::support::scenarios;

/// How often each side runs; tokens are the same each time, of times the median is shown.
const ROUNDS: usize = 3;

/// What one side of a task costs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    answered: bool,
    input: u64,
    billed: f64,
    requests: usize,
    wall: Duration,
    first_request: Duration,
}

/// Runs all tasks, or those that the command line names, with `measure` for each side of each round, and prints the table.
/// Both sides run in turn, so that whatever else the machine does weighs on both.
pub(crate) fn print(place: &Place, measure: impl Fn(Route, &Scenario) -> Cost) {
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
            direct.push(measure(Route::Direct, &scenario));
            wrapped.push(measure(Route::Wrapped, &scenario));
        }
        let (direct, wrapped) = (median(&direct), median(&wrapped));
        println!("{}", row(scenario.name, &direct, &wrapped));
        lines.push(json!({"task": scenario.name, "direct": facts(&direct), "wrapped": facts(&wrapped)}));
    }
    println!();
    for line in lines {
        println!("{line}");
    }
}

impl Cost {
    /// The cost of a run whose turns had these input tokens and bills.
    pub(crate) fn of(run: &Run, scenario: &Scenario, turns: &[(u64, Bill)], first_request: Option<Duration>) -> Self {
        let answered = scenario.facts.iter().all(|fact| run.stdout.contains(&fact.truth));
        if !answered {
            eprintln!("{}: wrong answer\n{}\n{}", scenario.name, run.stdout, run.stderr);
        }
        Self {
            answered,
            input: turns.iter().map(|turn| turn.0).sum(),
            billed: turns.iter().map(|turn| turn.1.billed()).sum(),
            requests: turns.len(),
            wall: run.took,
            first_request: first_request.unwrap_or_default(),
        }
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

fn facts(cost: &Cost) -> Value {
    json!({
        "answered": cost.answered,
        "input_tokens": cost.input,
        "billed_tokens": cost.billed,
        "requests": cost.requests,
        "wall_seconds": cost.wall.as_secs_f64(),
        "first_request_seconds": cost.first_request.as_secs_f64(),
    })
}
