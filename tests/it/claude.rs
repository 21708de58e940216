//! The real Claude Code against a scripted provider: directly, wrapped, and through a proxy that is killed.
//!
//! Both sides of a comparison run here and now, on the same task at the same paths.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::support::claude;
use crate::support::dialect::Dialect;
use crate::support::gate::Gate;
use crate::support::place::{Place, Route, Run};
use crate::support::provider::{Provider, Request};
use crate::support::proxy::Proxy;
use crate::support::request::{count, messages, tokens};
use crate::support::scenario::{Recall, Scenario, Step, handles};
use crate::support::scenarios;
use crate::support::snapshot::key_paths;

/// One side of a comparison: what the agent did, and what the provider saw of it.
struct Side {
    run: Run,
    /// Everything that arrived, and the turns of the conversation among it.
    requests: Vec<Request>,
    turns: Vec<Request>,
}

impl Side {
    fn of(place: &Place, route: Route, scenario: &Scenario) -> Self {
        claude::reset(place);
        let script = scenario.clone();
        let provider = Provider::start(move |request| script.turn(Dialect::Claude, &request.transcript()));
        let run = claude::run(place, route, &provider.url(), &scenario.prompt);
        Self { run, requests: provider.requests(), turns: provider.turns() }
    }

    fn last(&self) -> &Request {
        self.turns
            .last()
            .unwrap_or_else(|| panic!("the provider saw no turn\n{}\n{}", self.run.stdout, self.run.stderr))
    }

    fn input(&self) -> u64 {
        self.turns.iter().map(|turn| tokens(&turn.body)).sum()
    }

    /// Tool results by the id of their call.
    fn results(&self) -> BTreeMap<String, String> {
        self.last().results().into_iter().collect()
    }

    /// From starting the agent to its first request.
    fn first_request(&self) -> Duration {
        self.requests.first().unwrap().arrived.duration_since(self.run.started)
    }

    /// What the provider is told besides the body, without what each connection says for itself.
    fn headers(&self) -> BTreeMap<String, String> {
        let own = ["host", "content-length", "connection"];
        let headers = self.turns[0].headers.iter().cloned();
        headers.filter(|(name, _)| !own.contains(&name.to_lowercase().as_str())).collect()
    }

    /// What holds for every run: the answer is right, and nothing that the provider has seen ever changes.
    fn expect_sound(&self, scenario: &Scenario) {
        let answer = claude::answer(&self.run);
        for fact in &scenario.facts {
            assert!(answer.contains(&fact.truth), "`{}` is not in the answer: {answer}", fact.truth);
        }
        expect_stable(&self.turns);
        assert_eq!(self.run.left_running, Vec::<String>::new());
    }
}

/// Each turn begins with the bytes of the one before, and every thought came back as it was signed.
fn expect_stable(turns: &[Request]) {
    for pair in turns.windows(2) {
        let (before, after) = (messages(&pair[0].body), messages(&pair[1].body));
        for (index, message) in before.iter().enumerate() {
            assert_eq!(Some(message), after.get(index), "message {index} changed from one turn to the next");
        }
    }
    for turn in turns {
        assert_eq!(turn.status, 200, "refused: {}", String::from_utf8_lossy(&turn.body));
    }
    let last = turns.last().unwrap().json().to_string();
    assert!(last.contains(r#""signature":""#), "no thought came back");
}

/// Runs a task directly and wrapped, and checks what must hold for every task.
fn compare(task: impl Fn(&Path) -> Scenario) -> Option<(Side, Side)> {
    let place = claude::place()?;
    let scenario = task(&place.project());
    let direct = Side::of(&place, Route::Direct, &scenario);
    direct.expect_sound(&scenario);
    let wrapped = Side::of(&place, Route::Wrapped, &scenario);
    wrapped.expect_sound(&scenario);
    expect_same_files(&direct.run, &wrapped.run);
    assert_eq!(wrapped.headers(), direct.headers());
    let kinds = |side: &Side| -> BTreeSet<_> {
        side.requests.iter().map(|request| (request.method.clone(), request.path.clone())).collect()
    };
    assert_eq!(kinds(&wrapped), kinds(&direct));
    let results = wrapped.results();
    for (id, text) in direct.results() {
        if let Some(sent) = results.get(&id) {
            let (sent, text) = (without_reminders(sent), without_reminders(&text));
            assert!(count(sent) <= count(text), "{id} costs more than it did:\n{sent}");
        }
    }
    Some((direct, wrapped))
}

/// A tool result without the reminders that the agent puts behind it when it pleases, of new tools for one.
fn without_reminders(text: &str) -> &str {
    text.split("\n\n<system-reminder>").next().unwrap_or_default()
}

/// Nothing of ours is left in the home or the project, and everything else is as a direct run leaves it.
fn expect_same_files(direct: &Run, wrapped: &Run) {
    for run in [direct, wrapped] {
        for path in run.home_before.differences(&run.home_after) {
            let is_agents_own = !run.home_before.0.contains_key(&path) || path == Path::new(".claude.json");
            assert!(is_agents_own, "`{}` changed", path.display());
        }
    }
    let changed = |run: &Run| run.project_before.differences(&run.project_after);
    assert_eq!(changed(wrapped), changed(direct), "other files of the project changed");

    // Our own state is meant to stay, and Claude Code keeps a log of its own for each MCP server that it started.
    let ours = Regex::new(r"^\.headroom|^\.cache( |/claude-cli-nodejs( |/[^/]+( |/mcp-logs-headroom)))").unwrap();
    let left = wrapped.home_after.shape();
    let left: BTreeSet<_> = left.into_iter().filter(|path| !ours.is_match(path)).collect();
    assert_eq!(left, direct.home_after.shape());

    let state = wrapped.home_after.json(".claude.json");
    assert!(!state.to_string().contains("headroom retrieve") && state["mcpServers"]["headroom"].is_null(), "{state:#}");
    assert_eq!(key_paths(&state), key_paths(&direct.home_after.json(".claude.json")));
}

#[test]
fn no_prompt_names_what_is_to_be_found() {
    for scenario in scenarios::all(Path::new("/srv/ledger")) {
        for fact in &scenario.facts {
            assert!(!scenario.prompt.contains(fact.anchor) && !scenario.prompt.contains(&fact.truth), "{scenario:?}");
        }
    }
}

#[test]
fn errors_of_a_long_log_are_found_in_fewer_tokens() {
    let Some((direct, wrapped)) = compare(scenarios::errors) else { return };
    assert!(wrapped.input() < direct.input(), "{} tokens, {} directly", wrapped.input(), direct.input());
}

#[test]
fn an_ordinary_line_of_a_long_log_is_found_in_fewer_tokens() {
    let Some((direct, wrapped)) = compare(scenarios::ordinary_line) else { return };
    assert!(wrapped.input() < direct.input(), "{} tokens, {} directly", wrapped.input(), direct.input());
}

#[test]
fn a_record_of_a_large_json_file_is_found_in_fewer_tokens() {
    let Some((direct, wrapped)) = compare(scenarios::json) else { return };
    assert!(wrapped.input() < direct.input(), "{} tokens, {} directly", wrapped.input(), direct.input());
}

#[test]
fn a_change_is_found_in_the_history() {
    compare(|_| scenarios::git_log());
}

#[test]
fn a_source_file_arrives_as_it_is() {
    let Some((direct, wrapped)) = compare(scenarios::source) else { return };
    assert_eq!(wrapped.results(), direct.results());
    // Far above what it should be: this is about a start that takes seconds, which a busy machine does not explain.
    let patience = Duration::from_secs(3);
    assert!(wrapped.first_request() < direct.first_request() + patience, "the agent starts late");
    assert!(
        wrapped.run.took < direct.run.took + patience * 2,
        "{:?}, {:?} directly",
        wrapped.run.took,
        direct.run.took
    );
}

#[test]
fn two_results_of_one_turn_are_both_read() {
    let Some((direct, wrapped)) = compare(scenarios::two_calls) else { return };
    assert!(wrapped.input() < direct.input(), "{} tokens, {} directly", wrapped.input(), direct.input());
}

#[test]
fn a_long_conversation_keeps_its_prefix_and_leaves_nothing() {
    let Some((direct, wrapped)) = compare(scenarios::conversation) else { return };
    assert!(direct.turns.len() >= 12, "{} turns", direct.turns.len());
    assert!(wrapped.input() < direct.input(), "{} tokens, {} directly", wrapped.input(), direct.input());
    let address = Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let results = wrapped.results();
    let asked = results.values().find(|text| text.contains("ANTHROPIC_BASE_URL=")).unwrap();
    let address = address.find(asked).unwrap().as_str();
    assert!(TcpStream::connect(address).is_err(), "something still listens on {address}");
}

#[test]
fn what_was_left_out_is_fetched_by_the_tool() {
    let Some((_, wrapped)) = compare(|_| scenarios::recall_by_tool()) else { return };
    expect_recalled(&wrapped, |name, _| name == "mcp__headroom__headroom_retrieve");
}

#[test]
fn what_was_left_out_is_fetched_by_the_shell() {
    let Some((_, wrapped)) = compare(|_| scenarios::recall_by_shell()) else { return };
    expect_recalled(&wrapped, |name, input| {
        name == "Bash" && input["command"].as_str().is_some_and(|command| command.starts_with("headroom retrieve "))
    });
}

/// A call of the given kind brought back what a marker stood for, and its result was left alone.
fn expect_recalled(side: &Side, is_recall: impl Fn(&str, &Value) -> bool) {
    let calls = side.last().calls();
    let recalls: Vec<_> = calls.iter().filter(|(_, name, input)| is_recall(name, input)).collect();
    assert!(!recalls.is_empty(), "nothing was fetched; the calls were {calls:?}");
    let results = side.results();
    for (id, ..) in recalls {
        assert!(results[id].contains("test_renewal_starting_on_leap_day") && results[id].contains("PASSED"));
        assert_eq!(handles(&[(id.clone(), results[id].clone())]), Vec::<String>::new(), "compressed once more");
    }
}

#[test]
fn a_killed_and_restarted_proxy_sends_the_same_bytes() {
    let Some(place) = claude::place() else { return };
    claude::reset(&place);
    let gate = Gate::new(place.aside().join("gate"));
    let mut scenario = scenarios::ordinary_line(&place.project());
    scenario.steps.push(gate.step());
    scenario.steps.push(Step::shell("git log --oneline -n 5"));
    scenario.recall = Recall::Shell;
    let script = scenario.clone();
    let provider = Provider::start(move |request| script.turn(Dialect::Claude, &request.transcript()));
    let proxy = Proxy::start(&place.aside().join("state"), &provider.url(), 0);
    let url = proxy.url();

    let (run, proxy) = thread::scope(|scope| {
        let agent = scope.spawn(|| claude::run(&place, Route::Direct, &url, &scenario.prompt));
        let reached = gate.reached(|| agent.is_finished());
        let proxy = proxy.kill_and_restart();
        reached.open();
        (agent.join().unwrap(), proxy)
    });

    assert_eq!(proxy.url(), url);
    assert!(proxy.ready_after < Duration::from_secs(3), "ready after {:?}", proxy.ready_after);
    assert!(proxy.resident() < 300_000, "{} KB", proxy.resident());
    let side = Side { run, requests: provider.requests(), turns: provider.turns() };
    side.expect_sound(&scenario);
    let is_smaller = |text: &String| text.contains("[headroom: ");
    assert!(side.results().values().any(is_smaller), "nothing was made smaller, so nothing was shown");
}
