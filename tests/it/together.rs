//! Several real agents in one home at once: two Claude Codes and a Codex, wrapped, killed in any order, and an unwrapped
//! Claude Code beside them that writes what it remembers.

use std::path::{Path, PathBuf};
use std::process::{Child, Output};
use std::time::Duration;

use crate::support::claude;
use crate::support::codex;
use crate::support::dialect::Dialect;
use crate::support::gate::{Gate, Reached};
use crate::support::openai::{Link, OpenAi};
use crate::support::place::{HEADROOM, Place, Route, finish};
use crate::support::provider::Provider;
use crate::support::scenario::{Recall, Scenario};
use crate::support::snapshot::Snapshot;

/// Long enough for an agent to end on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A home and a project with agents that can be started in it, each with a gate and a provider of its own.
struct Household {
    place: Place,
    agents: [Agent; 3],
    home: Snapshot,
    project: Snapshot,
}

struct Agent {
    gate: Gate,
    model: Model,
}

enum Model {
    Anthropic(Provider),
    OpenAi(OpenAi),
}

/// An agent that waits at its gate.
struct Waiting {
    child: Child,
    reached: Reached,
}

impl Agent {
    fn new(place: &Place, name: &str, dialect: Dialect) -> Self {
        let gate = Gate::new(place.aside().join(name));
        let (steps, facts) = (vec![gate.step()], Vec::new());
        let task = Scenario { name: "wait", prompt: PROMPT.to_owned(), steps, facts, recall: Recall::Shell };
        let model = match dialect {
            Dialect::Claude => {
                Model::Anthropic(Provider::start(move |request| task.turn(dialect, &request.transcript())))
            }
            Dialect::Codex | Dialect::Code => {
                Model::OpenAi(OpenAi::start(Link::Steady, move |request| task.turn(dialect, &request.transcript())))
            }
        };
        Self { gate, model }
    }

    /// Starts the agent, and returns when it waits.
    fn start(&self, place: &Place, route: Route) -> Waiting {
        let mut command = match &self.model {
            Model::Anthropic(provider) => claude::command(place, route, &provider.url(), PROMPT),
            Model::OpenAi(_) => codex::command(place, route, &[PROMPT]),
        };
        let mut child = command.spawn().unwrap();
        let reached = self.gate.reached(|| child.try_wait().unwrap().is_some());
        Waiting { child, reached }
    }
}

const PROMPT: &str = "Wait until you are told to go on.";

impl Waiting {
    /// Lets the agent answer, and waits for its end.
    fn go_on(self) {
        self.reached.open();
        let (code, stdout, stderr) = finish(self.child, PATIENCE);
        assert!(code == Some(0) && stdout.contains("Found: "), "{code:?}\n{stdout}\n{stderr}");
    }

    /// Kills what was started, headroom if it was wrapped, as a crash would.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Household {
    /// Two Claude Codes and a Codex, none of them started; nothing if one of them is not installed.
    fn new() -> Option<Self> {
        let place = Place::new(&[&claude::binary()?, &codex::binary()?]);
        place.reset();
        let [one, two] = ["one", "two"].map(|name| Agent::new(&place, name, Dialect::Claude));
        let three = Agent::new(&place, "three", Dialect::Code);
        claude::settle(&place);
        let Model::OpenAi(provider) = &three.model else { unreachable!("it is a Codex") };
        codex::settle(&place, &provider.url(), codex::Model::Code);
        let (home, project) = (Snapshot::of(&place.home()), Snapshot::of(&place.project()));
        Some(Self { place, agents: [one, two, three], home, project })
    }

    fn start(&self, agent: usize, route: Route) -> Waiting {
        self.agents[agent].start(&self.place, route)
    }

    fn headroom(&self, words: &[&str]) -> Output {
        self.place.command(Path::new(HEADROOM)).args(words).output().unwrap()
    }

    /// Whether our entry is in an agent's file.
    fn is_registered(&self, file: &str) -> bool {
        std::fs::read_to_string(self.place.home().join(file)).unwrap().contains("headroom")
    }

    /// Nothing runs, and every file is as it was, save that Claude Code keeps counts of its own in `.claude.json`.
    #[track_caller]
    fn expect_restored(&self) {
        assert_eq!(self.place.left_running(), Vec::<String>::new());
        let after = Snapshot::of(&self.place.home());
        for path in self.home.differences(&after) {
            let is_theirs = path == Path::new(".claude.json") || !self.home.0.contains_key(&path);
            assert!(is_theirs, "`{}` changed", path.display());
        }
        assert_eq!(self.project.differences(&Snapshot::of(&self.place.project())), Vec::<PathBuf>::new());
        let state = after.json(".claude.json");
        assert!(state["mcpServers"]["headroom"].is_null(), "{state:#}");
    }
}

/// Starts all three wrapped, kills their wraps in this order, and lets `unwrap --all` put everything back.
fn killed_in_order(order: [usize; 3]) {
    let Some(house) = Household::new() else { return };
    let mut waiting = [0, 1, 2].map(|agent| Some(house.start(agent, Route::Wrapped)));
    assert!(house.is_registered(".claude.json") && house.is_registered(".codex/config.toml"));
    for agent in order {
        let held = house.headroom(&["unwrap", "--all"]);
        assert!(!held.status.success(), "beside living wraps: {held:?}");
        waiting[agent].take().unwrap().kill();
    }
    let ran = house.headroom(&["unwrap", "--all"]);
    assert!(ran.status.success(), "{ran:?}");
    house.expect_restored();
}

#[test]
fn wraps_killed_in_the_order_of_their_start_leave_nothing() {
    killed_in_order([0, 1, 2]);
}

#[test]
fn wraps_killed_against_the_order_of_their_start_leave_nothing() {
    killed_in_order([2, 1, 0]);
}

#[test]
fn a_wrap_that_ends_among_killed_ones_puts_everything_back() {
    let Some(house) = Household::new() else { return };
    let [one, two, three] = [0, 1, 2].map(|agent| house.start(agent, Route::Wrapped));
    two.kill();
    three.kill();
    assert!(house.is_registered(".claude.json"), "a living wrap lost its entry");
    one.go_on();
    let again = house.start(2, Route::Wrapped);
    again.go_on();
    house.expect_restored();
}

#[test]
fn an_unwrapped_agent_does_not_bring_an_entry_back_for_good() {
    let Some(house) = Household::new() else { return };
    for _ in 0..2 {
        // It starts while the entry is there, and writes its state when the wrap has taken the entry off.
        let wrapped = house.start(0, Route::Wrapped);
        let beside = house.start(1, Route::Direct);
        wrapped.go_on();
        beside.go_on();
        let ran = house.headroom(&["unwrap", "--all"]);
        assert!(ran.status.success(), "{ran:?}");
        house.expect_restored();

        // The wrap is killed, and the other one ends first.
        let wrapped = house.start(0, Route::Wrapped);
        let beside = house.start(1, Route::Direct);
        wrapped.kill();
        beside.go_on();
        house.start(0, Route::Wrapped).go_on();
        house.expect_restored();
    }
}
