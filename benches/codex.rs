//! The real Codex on each task, directly and wrapped, by WebSocket and by HTTP: tokens, bill, requests and time, as
//! Markdown tables and as JSON lines.
//!
//! `cargo bench --bench codex [-- TASK…]`; `HEADROOM_AGENTS` names the folder that Codex is in. A wrong answer is
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

use support::codex;
use support::codex::Model;
use support::openai::{Link, OpenAi};
use support::place::{Place, Route};
use support::scenario::Scenario;
use table::Cost;

fn main() {
    let Some(place) = codex::place() else { return };
    println!("Direct, then wrapped. Billed: in input tokens, a cache read at 0.1, writing costs nothing more.");
    for model in [Model::Code, Model::Search] {
        for (name, link) in [("WebSocket", Link::Steady), ("HTTP", Link::Refused)] {
            println!("\nBy {name}, a model of the kind {model:?}:\n");
            table::print(&place, |route, scenario| measure(&place, route, link, model, scenario));
        }
    }
}

fn measure(place: &Place, route: Route, link: Link, model: Model, scenario: &Scenario) -> Cost {
    let script = scenario.clone();
    let provider = OpenAi::start(link, move |request| script.turn(model.dialect(), &request.transcript()));
    codex::reset(place, &provider.url(), model);
    let run = codex::run(place, route, &[&scenario.prompt]);
    let turns: Vec<_> = provider.turns().iter().map(|turn| (turn.tokens(), turn.bill)).collect();
    let first = provider.requests().first().map(|request| request.arrived.duration_since(run.started));
    Cost::of(&run, scenario, &turns, first)
}
