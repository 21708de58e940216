//! The real Claude Code on each task, directly and wrapped: tokens, bill, requests and time, as a Markdown table and as
//! JSON lines.
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
mod table;

use support::claude;
use support::dialect::Dialect;
use support::place::{Place, Route};
use support::provider::Provider;
use support::request::tokens;
use support::scenario::Scenario;
use table::Cost;

fn main() {
    let Some(place) = claude::place() else { return };
    println!("Direct, then wrapped. Billed: in input tokens, a cache read at 0.1, a cache write at 1.25.\n");
    table::print(&place, |route, scenario| measure(&place, route, scenario));
}

fn measure(place: &Place, route: Route, scenario: &Scenario) -> Cost {
    claude::reset(place);
    let script = scenario.clone();
    let provider = Provider::start(move |request| script.turn(Dialect::Claude, &request.transcript()));
    let run = claude::run(place, route, &provider.url(), &scenario.prompt);
    let turns: Vec<_> = provider.turns().iter().map(|turn| (tokens(&turn.body), turn.bill)).collect();
    let first = provider.requests().first().map(|request| request.arrived.duration_since(run.started));
    Cost::of(&run, scenario, &turns, first)
}
