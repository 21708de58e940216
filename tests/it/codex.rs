//! The real Codex against a scripted provider: directly and wrapped, by WebSocket and by HTTP, over a dropped connection,
//! and in a second process.
//!
//! All sides of a comparison run here and now, on the same task at the same paths.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::path::Path;
use std::thread;

use regex::Regex;
use serde_json::Value;

use crate::support::codex;
use crate::support::codex::Model;
use crate::support::dialect::RETRIEVE;
use crate::support::gate::Gate;
use crate::support::openai::{Link, OpenAi};
use crate::support::openai_request::{Request, Wire, level};
use crate::support::place::{Place, Route, Run};
use crate::support::proxy::Proxy;
use crate::support::request::count;
use crate::support::scenario::{Recall, Scenario, Step, handles};
use crate::support::scenarios;
use crate::support::snapshot::Snapshot;

/// One side of a comparison: what the agent did, and what the provider saw of it.
struct Side {
    run: Run,
    /// Everything that arrived, and the turns of the conversation among it.
    requests: Vec<Request>,
    turns: Vec<Request>,
}

impl Side {
    fn of(place: &Place, route: Route, link: Link, model: Model, scenario: &Scenario) -> Self {
        let provider = start(link, model, scenario);
        codex::reset(place, &provider.url(), model);
        let run = codex::run(place, route, &[&scenario.prompt]);
        Self::seen(run, &provider)
    }

    fn seen(run: Run, provider: &OpenAi) -> Self {
        Self { run, requests: provider.requests(), turns: provider.turns() }
    }

    fn last(&self) -> &Request {
        self.turns
            .last()
            .unwrap_or_else(|| panic!("the provider saw no turn\n{}\n{}", self.run.stdout, self.run.stderr))
    }

    fn input(&self) -> u64 {
        self.turns.iter().map(Request::tokens).sum()
    }

    /// Tool results by the id of their call.
    fn results(&self) -> BTreeMap<String, String> {
        let results = self.last().transcript().results.into_iter();
        results.map(|(id, text)| (id, level(&text))).collect()
    }

    /// What the provider is told besides the body, without what each connection and each run says for itself, and without
    /// what says the same as nothing.
    fn headers(&self) -> BTreeMap<String, String> {
        let own = Regex::new(
            "^(host|content-length|connection|upgrade|sec-websocket-.*|.*-id|x-codex-turn-metadata|x-request-.*)$",
        );
        let own = own.unwrap();
        let headers = self.turns[0].headers.iter().cloned();
        let headers = headers.filter(|(name, value)| (name.as_str(), value.as_str()) != ("accept", "*/*"));
        headers.filter(|(name, _)| !own.is_match(&name.to_lowercase())).collect()
    }

    /// The log that was read arrived smaller. Where nothing was changed, nothing could differ.
    #[track_caller]
    fn expect_smaller(&self, place: &Place) {
        let original = std::fs::metadata(place.project().join("logs/app.log")).unwrap().len();
        let sent: usize = self.results().values().map(String::len).sum();
        assert!((sent as u64) < original, "{sent} bytes of {original}");
    }

    /// What holds for every run: the answer is right, and nothing that the provider has seen ever changes.
    #[track_caller]
    fn expect_sound(&self, scenario: &Scenario) {
        let answer = codex::answer(&self.run);
        for fact in &scenario.facts {
            assert!(answer.contains(&fact.truth), "`{}` is not in the answer: {answer}", fact.truth);
        }
        expect_stable(&self.turns);
        assert_eq!(self.run.left_running, Vec::<String>::new());
    }
}

fn start(link: Link, model: Model, scenario: &Scenario) -> OpenAi {
    let script = scenario.clone();
    OpenAi::start(link, move |request| script.turn(model.dialect(), &request.transcript()))
}

/// Each turn has the same tools as the one before and begins with the bytes that it read, by whichever wire it came.
#[track_caller]
fn expect_stable(turns: &[Request]) {
    for turn in turns {
        assert_eq!(turn.status, 200, "refused: {}", turn.context.refusal().unwrap().1);
    }
    for pair in turns.windows(2) {
        let (before, after) = (pair[0].context.segments(), pair[1].context.segments());
        for (index, segment) in before.iter().enumerate() {
            assert_eq!(Some(&segment.bytes), after.get(index).map(|after| &after.bytes), "part {index} changed");
        }
    }
    let thoughts = turns.last().unwrap().context.items.iter().filter(|item| item.contains(r#""encrypted_content":""#));
    assert!(thoughts.count() > 0, "no thought came back");
}

/// What Codex says of a registered server in each request, in tokens: its name, among those of tools that code may call.
const RENT: u64 = 20;

/// A task directly, wrapped by WebSocket, and wrapped where upgrades are refused.
struct Sides {
    direct: Side,
    by_websocket: Side,
    by_http: Side,
}

impl Sides {
    fn wrapped(&self) -> [&Side; 2] {
        [&self.by_websocket, &self.by_http]
    }

    /// Wrapped runs need at least `percent` fewer input tokens.
    #[track_caller]
    fn expect_saved(&self, percent: u64) {
        let most = self.direct.input() * (100 - percent) / 100;
        assert!(self.wrapped().iter().all(|side| side.input() <= most), "{self}");
    }

    /// Wrapped runs need no more input tokens than direct ones, but for what Codex says of a registered server.
    #[track_caller]
    fn expect_no_more(&self) {
        for side in self.wrapped() {
            assert_eq!(side.turns.len(), self.direct.turns.len());
            assert!(side.input() <= self.direct.input() + RENT * side.turns.len() as u64, "{self}");
        }
    }
}

impl std::fmt::Display for Sides {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [direct, by_websocket, by_http] = [&self.direct, &self.by_websocket, &self.by_http].map(Side::input);
        write!(to, "{direct} tokens directly, {by_websocket} by WebSocket, {by_http} by HTTP")
    }
}

/// Runs a task on all sides, and checks what must hold for every task.
fn compare(model: Model, task: impl Fn(&Path) -> Scenario) -> Option<Sides> {
    let place = codex::place()?;
    let scenario = task(&place.project());
    let side = |route, link| {
        let side = Side::of(&place, route, link, model, &scenario);
        side.expect_sound(&scenario);
        side
    };
    let direct = side(Route::Direct, Link::Steady);
    let by_websocket = side(Route::Wrapped, Link::Steady);
    let by_http = side(Route::Wrapped, Link::Refused);
    assert!(by_websocket.turns.iter().all(|turn| turn.wire == Wire::WebSocket(1)), "not one connection");
    assert!(by_http.turns.iter().all(|turn| turn.wire == Wire::Responses), "not all by HTTP");
    assert_eq!(by_websocket.headers(), direct.headers());
    let kinds = |side: &Side| -> BTreeSet<_> {
        side.requests.iter().map(|request| (request.method.clone(), request.path.clone(), request.status)).collect()
    };
    assert_eq!(kinds(&by_websocket), kinds(&direct));
    let sides = Sides { direct, by_websocket, by_http };
    for wrapped in sides.wrapped() {
        expect_same_files(&sides.direct.run, &wrapped.run);
        let results = wrapped.results();
        for (id, text) in sides.direct.results() {
            // Only a wrapped agent has its provider's address among its words.
            if let Some(sent) = results.get(&id).filter(|sent| !sent.contains("openai_base_url=")) {
                assert!(count(sent) <= count(&text), "{id} costs more than it did:\n{sent}");
            }
        }
    }
    Some(sides)
}

/// Nothing of ours is left in the home or the project, and everything else is as a direct run leaves it.
#[track_caller]
fn expect_same_files(direct: &Run, wrapped: &Run) {
    for run in [direct, wrapped] {
        for path in run.home_before.differences(&run.home_after) {
            assert!(!run.home_before.0.contains_key(&path), "`{}` changed", path.display());
        }
    }
    let changed = |run: &Run| run.project_before.differences(&run.project_after);
    assert_eq!(changed(wrapped), changed(direct), "other files of the project changed");
    assert_eq!(shape(&wrapped.home_after), shape(&direct.home_after));
}

/// What is in a home, without our own state, which is meant to stay, and what Codex's databases and downloads leave at times.
fn shape(home: &Snapshot) -> BTreeSet<String> {
    let passing = Regex::new(r"^\.headroom|\.sqlite-(wal|shm) |/shell_snapshots/|/\.tmp/").unwrap();
    home.shape().into_iter().filter(|path| !passing.is_match(path)).collect()
}

#[test]
fn codex_finds_the_errors_of_a_long_log_in_fewer_tokens() {
    let Some(sides) = compare(Model::Code, scenarios::errors) else { return };
    sides.expect_saved(40);
}

#[test]
fn codex_finds_an_ordinary_line_of_a_long_log_in_fewer_tokens() {
    let Some(sides) = compare(Model::Code, scenarios::ordinary_line) else { return };
    sides.expect_saved(25);
}

#[test]
fn codex_finds_a_record_of_a_large_json_file_in_fewer_tokens() {
    let Some(sides) = compare(Model::Code, scenarios::json) else { return };
    sides.expect_saved(30);
}

#[test]
fn codex_finds_a_change_in_the_history_and_it_costs_no_more() {
    let Some(sides) = compare(Model::Code, |_| scenarios::git_log()) else { return };
    sides.expect_no_more();
}

#[test]
fn codex_gets_a_source_file_as_it_is() {
    let Some(sides) = compare(Model::Code, scenarios::source) else { return };
    for side in sides.wrapped() {
        assert_eq!(side.results(), sides.direct.results());
    }
    sides.expect_no_more();
}

#[test]
fn codex_reads_two_results_of_one_turn() {
    let Some(sides) = compare(Model::Code, scenarios::two_calls) else { return };
    sides.expect_saved(9);
}

#[test]
fn a_long_conversation_of_codex_keeps_its_prefix_and_leaves_nothing() {
    let Some(sides) = compare(Model::Code, scenarios::conversation) else { return };
    assert!(sides.direct.turns.len() >= 12, "{} turns", sides.direct.turns.len());
    sides.expect_saved(25);
    let address = Regex::new(r"openai_base_url=.*(127\.0\.0\.1:\d+)").unwrap();
    for side in sides.wrapped() {
        let results = side.results();
        let address = results.values().find_map(|text| address.captures(text)).expect("a wrapped agent has an address");
        assert!(TcpStream::connect(&address[1]).is_err(), "something still listens on {}", &address[1]);
    }
}

#[test]
fn codex_finds_errors_whichever_way_its_model_calls_tools() {
    for model in [Model::Search, Model::Unknown] {
        let Some(sides) = compare(model, scenarios::errors) else { return };
        sides.expect_saved(40);
    }
}

#[test]
fn codex_fetches_what_was_left_out_by_code() {
    let Some(sides) = compare(Model::Code, |_| scenarios::recall_by_tool()) else { return };
    for side in sides.wrapped() {
        expect_recalled(side, |name, input| name == "exec" && input.to_string().contains(RETRIEVE));
    }
}

#[test]
fn codex_fetches_what_was_left_out_by_a_tool_that_it_searched_for() {
    let Some(sides) = compare(Model::Search, |_| scenarios::recall_by_tool()) else { return };
    for side in sides.wrapped() {
        assert!(side.last().transcript().calls.iter().any(|(_, name, _)| name == "tool_search"));
        expect_recalled(side, |name, _| name == RETRIEVE);
    }
}

#[test]
fn codex_fetches_what_was_left_out_by_a_tool_in_its_list() {
    let Some(sides) = compare(Model::Unknown, |_| scenarios::recall_by_tool()) else { return };
    for side in sides.wrapped() {
        expect_recalled(side, |name, _| name == RETRIEVE);
    }
}

#[test]
fn codex_fetches_what_was_left_out_by_the_shell() {
    let Some(sides) = compare(Model::Code, |_| scenarios::recall_by_shell()) else { return };
    for side in sides.wrapped() {
        expect_recalled(side, |name, input| name == "exec" && input.to_string().contains("headroom retrieve "));
    }
}

/// A call of the given kind brought back what a marker stood for, and its result was left alone.
#[track_caller]
fn expect_recalled(side: &Side, is_recall: impl Fn(&str, &Value) -> bool) {
    let calls = side.last().transcript().calls;
    let recalls: Vec<_> = calls.iter().filter(|(_, name, input)| is_recall(name, input)).collect();
    assert!(!recalls.is_empty(), "nothing was fetched; the calls were {calls:?}");
    let results = side.results();
    for (id, ..) in recalls {
        assert!(results[id].contains("test_renewal_starting_on_leap_day") && results[id].contains("PASSED"));
        assert_eq!(handles(&[(id.clone(), results[id].clone())]), Vec::<String>::new(), "compressed once more");
    }
}

/// Runs a wrapped conversation over a link that does not hold, and checks that every item came as the same bytes before
/// and after, and that something was made smaller at all.
fn over_broken_link(link: Link, wires: &[Wire]) {
    let Some(place) = codex::place() else { return };
    let scenario = scenarios::ordinary_line(&place.project());
    let side = Side::of(&place, Route::Wrapped, link, Model::Code, &scenario);
    side.expect_sound(&scenario);
    let mut seen: Vec<_> = side.turns.iter().map(|turn| turn.wire).collect();
    seen.dedup();
    assert_eq!(seen, wires);
    side.expect_smaller(&place);
}

#[test]
fn a_new_connection_gets_the_same_bytes() {
    over_broken_link(Link::DroppedAfter(4), &[Wire::WebSocket(1), Wire::WebSocket(2)]);
}

#[test]
fn a_connection_dropped_within_an_answer_is_followed_by_the_same_bytes() {
    over_broken_link(Link::DroppedWithin(5), &[Wire::WebSocket(1), Wire::WebSocket(2)]);
}

#[test]
fn falling_back_to_http_in_a_conversation_sends_the_same_bytes() {
    over_broken_link(Link::RefusedAfter(4), &[Wire::WebSocket(1), Wire::Responses]);
}

#[test]
fn a_killed_and_restarted_proxy_sends_codex_the_same_bytes() {
    let Some(place) = codex::place() else { return };
    let mut scenario = scenarios::ordinary_line(&place.project());
    let gate = Gate::new(place.aside().join("gate"));
    scenario.steps.push(gate.step());
    scenario.steps.push(Step::shell("git log --oneline -n 5"));
    scenario.recall = Recall::Shell;
    let provider = start(Link::Steady, Model::Code, &scenario);
    let proxy = Proxy::start(&place.aside().join("state"), &provider.url(), 0);
    codex::reset(&place, &proxy.url(), Model::Code);
    let (run, _proxy) = thread::scope(|scope| {
        let agent = scope.spawn(|| codex::run(&place, Route::Direct, &[&scenario.prompt]));
        let reached = gate.reached(|| agent.is_finished());
        let proxy = proxy.kill_and_restart();
        reached.open();
        (agent.join().unwrap(), proxy)
    });
    let side = Side::seen(run, &provider);
    side.expect_sound(&scenario);
    assert_eq!(side.last().wire, Wire::WebSocket(2));
    let is_smaller = |text: &String| text.contains("[headroom: ");
    assert!(side.results().values().any(is_smaller), "nothing was made smaller, so nothing was shown");
}

#[test]
fn a_resumed_conversation_sends_the_same_bytes() {
    let Some(place) = codex::place() else { return };
    let scenario = scenarios::ordinary_line(&place.project());
    let provider = start(Link::Steady, Model::Code, &scenario);
    codex::reset(&place, &provider.url(), Model::Code);
    codex::run(&place, Route::Wrapped, &[&scenario.prompt]);
    let first = provider.turns().len();
    let run = codex::run(&place, Route::Wrapped, &["resume", "--last", "Say that once more."]);
    let side = Side::seen(run, &provider);
    side.expect_sound(&scenario);
    assert!(side.turns.len() > first, "nothing was resumed");
    side.expect_smaller(&place);
}
