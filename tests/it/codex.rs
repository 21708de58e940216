//! The real Codex against a scripted provider.

use std::path::Path;

use crate::support::codex;
use crate::support::dialect::Dialect;
use crate::support::openai::{Link, OpenAi};
use crate::support::place::{Place, Route};
use crate::support::scenario::Scenario;
use crate::support::scenarios;

#[test]
fn probe() {
    let Some(place) = codex::place() else { return };
    let only = std::env::var("ONLY").unwrap_or_default();
    for link in [Link::Steady, Link::Refused, Link::DroppedAfter(3), Link::DroppedWithin(3), Link::RefusedAfter(3)] {
        for scenario in scenarios::all(&place.project()) {
            if !only.is_empty() && scenario.name != only {
                continue;
            }
            let script = scenario.clone();
            let provider = OpenAi::start(link, move |request| script.turn(Dialect::Codex, &request.transcript()));
            codex::reset(&place, &provider.url());
            let run = codex::run(&place, Route::Direct, &[&scenario.prompt]);
            eprintln!("== {link:?} {} code {:?} took {:?}", scenario.name, run.code, run.took);
            for request in provider.requests() {
                eprintln!(
                    "   {:?} {} {} warm {} items {} tokens {} bill {:?}",
                    request.wire,
                    request.path,
                    request.status,
                    request.is_warm_up(),
                    request.context.items.len(),
                    request.tokens(),
                    request.bill
                );
            }
            for (id, text) in provider.turns().last().map(|t| t.transcript().results).unwrap_or_default() {
                eprintln!("   {id} {} {:?}", text.len(), &text[..text.len().min(150)]);
            }
            eprintln!("{}\n{}", run.stdout, if run.code == Some(0) { "" } else { &run.stderr });
            eprintln!("left {:?} changed {:?}", run.left_running, run.home_before.differences(&run.home_after).len());
        }
    }
}
