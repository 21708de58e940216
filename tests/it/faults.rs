//! A wrap is killed, or the disk is full, at every single step of every command that changes a user's file.
//!
//! A first run counts the steps; then there is one child per step that fails there. What the next command leaves must be
//! byte for byte what was there before. Steps are counted, so nothing here waits for a time.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

use crate::support::home::{Home, Ran, Snapshot};

const CONFIG: &str = "{\n  \"numStartups\": 1,\n\t\"odd\":   [1,2]\n}\n";
const TOML: &str = "# mine\nmodel = \"x\" # that one\n\n[mcp_servers.other]\ncommand = \"other\"\n";
const NOTES: &str = "# Mine\n\nUse tabs.\n";

/// An agent, and where its files are below the folder that home and project are in.
struct Agent {
    name: &'static str,
    config: &'static str,
    text: &'static str,
    block: &'static str,
    /// Moves its config to a folder that is not there.
    moves: &'static str,
}

const AGENTS: &[Agent] = &[
    Agent {
        name: "claude",
        config: "home/.claude.json",
        text: CONFIG,
        block: "project/CLAUDE.local.md",
        moves: "CLAUDE_CONFIG_DIR",
    },
    Agent {
        name: "codex",
        config: "home/.codex/config.toml",
        text: TOML,
        block: "home/.codex/AGENTS.md",
        moves: "CODEX_HOME",
    },
];

/// How the user's files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    Usual,
    /// None of them is there, nor the folder they go into.
    Missing,
    /// One has two names, so that it is written in place; the other is behind a symlink.
    Linked,
}

/// The command that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    /// A wrap from begin to end.
    Wrap,
    Prepare,
    /// The undoing of what was prepared.
    Unwrap,
    /// A wrap that finds what a killed one left.
    WrapAfterKill,
    /// An unwrap that finds what a killed wrap left.
    UnwrapAfterKill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Killed,
    Full,
}

/// Who comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Unwrap,
    Wrap,
}

/// A proxy on this machine as far as `--no-proxy` looks: starting one per child would be most of the time.
fn port_of_a_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || while listener.accept().is_ok() {});
    port
}

struct Sweep<'a> {
    agent: &'a Agent,
    files: Files,
    command: Command,
    fault: Fault,
    next: Next,
    port: String,
}

/// One home in which one step fails.
struct Scene<'a> {
    sweep: &'a Sweep<'a>,
    home: Home,
    before: Snapshot,
}

impl Sweep<'_> {
    fn scene(&self) -> Scene<'_> {
        let home = Home::in_memory();
        let root = home.home().parent().unwrap().to_owned();
        home.quick_agent(self.agent.name).program("rtk", "");
        let (config, block) = (root.join(self.agent.config), root.join(self.agent.block));
        if self.files != Files::Missing {
            fs::create_dir_all(config.parent().unwrap()).unwrap();
            fs::write(&config, self.agent.text).unwrap();
            fs::write(&block, NOTES).unwrap();
        }
        if self.files == Files::Linked {
            fs::hard_link(&config, root.join("home/second-name")).unwrap();
            fs::rename(&block, root.join("home/behind-the-link")).unwrap();
            symlink(root.join("home/behind-the-link"), &block).unwrap();
        }
        let before = home.snapshot();
        Scene { sweep: self, home, before }
    }

    /// Lets each step fail in a home of its own, and returns how many there were.
    fn run(&self) -> usize {
        let count = self.scene().count();
        for step in 1..=count {
            let scene = self.scene();
            scene.set_out();
            match self.fault {
                Fault::Killed => scene.kill(step),
                Fault::Full => scene.fill(step),
            }
            scene.run_next();
            scene.expect_as_before(step);
        }
        count
    }

    /// As `run`, while another wrap of the agent runs, which ends last.
    fn run_beside_another(&self) -> usize {
        let words = ["wrap", self.agent.name, "--no-context-tool", "--no-proxy", "--port", &self.port];
        let scene = self.scene();
        let other = scene.home.start("", &words);
        let count = scene.count();
        other.go_on().expect_code(0);
        for step in 1..=count {
            let scene = self.scene();
            let other = scene.home.start("", &words);
            let while_it_runs = scene.home.snapshot();
            scene.set_out();
            scene.kill(step);
            scene.wrap("");
            if self.command != Command::Prepare {
                assert_eq!(scene.home.snapshot(), while_it_runs, "{} while another runs", scene.at(step));
            }
            other.go_on().expect_code(0);
            if self.command == Command::Prepare {
                scene.unwrap("");
            }
            scene.expect_as_before(step);
        }
        count
    }
}

/// What is renamed has been flushed, and its folder is flushed behind it. A kill does not tell: the system keeps what a
/// process wrote.
#[track_caller]
fn expect_flushed(steps: &str) {
    let steps: Vec<(&str, &Path)> =
        steps.lines().filter_map(|step| step.split_once(' ')).map(|(step, path)| (step, Path::new(path))).collect();
    for (at, (_, path)) in steps.iter().enumerate().filter(|(_, (step, _))| *step == "Rename") {
        let (before, behind) = (steps[at - 1], steps[at + 1]);
        assert_eq!((before.0, before.1.parent()), ("Flush", path.parent()), "before {}", path.display());
        assert_ne!(before.1, path.parent().unwrap(), "the file itself, before {}", path.display());
        assert_eq!((behind.0, Some(behind.1)), ("Flush", path.parent()), "behind {}", path.display());
    }
}

impl Scene<'_> {
    /// `headroom` with these words, failing as `fault` says.
    fn headroom(&self, words: &[&str], fault: &str) -> Ran {
        let moved = self.home.home().join("deep/er");
        let mut env = vec![("HEADROOM_FAILPOINT", fault)];
        if self.sweep.files == Files::Missing {
            env.push((self.sweep.agent.moves, moved.to_str().unwrap()));
        }
        self.home.run_with(words, &env)
    }

    fn wrap(&self, fault: &str) -> Ran {
        let sweep = self.sweep;
        self.headroom(&["wrap", sweep.agent.name, "--context-tool", "--no-proxy", "--port", &sweep.port], fault)
    }

    fn prepare(&self, fault: &str) -> Ran {
        self.headroom(
            &["wrap", self.sweep.agent.name, "--prepare-only", "--no-proxy", "--port", &self.sweep.port],
            fault,
        )
    }

    fn unwrap(&self, fault: &str) -> Ran {
        self.headroom(&["unwrap", "--all"], fault)
    }

    /// What there has to be before the command.
    fn set_out(&self) {
        match self.sweep.command {
            Command::Wrap | Command::Prepare => {}
            Command::Unwrap => drop(self.prepare("").expect_code(0)),
            Command::WrapAfterKill | Command::UnwrapAfterKill => {
                self.home.program(self.sweep.agent.name, "kill -9 $PPID");
                self.wrap("").expect_code(137);
                self.home.quick_agent(self.sweep.agent.name);
                assert_ne!(self.home.snapshot(), self.before);
            }
        }
    }

    /// The command.
    fn run(&self, fault: &str) -> Ran {
        match self.sweep.command {
            Command::Wrap | Command::WrapAfterKill => self.wrap(fault),
            Command::Prepare => self.prepare(fault),
            Command::Unwrap | Command::UnwrapAfterKill => self.unwrap(fault),
        }
    }

    /// How many steps the command has.
    fn count(&self) -> usize {
        let file = self.home.record().join("steps");
        self.set_out();
        self.run(&format!("count:{}", file.display()));
        let steps = fs::read_to_string(file).unwrap();
        expect_flushed(&steps);
        steps.lines().count()
    }

    fn kill(&self, step: usize) {
        let ran = self.run(&step.to_string());
        assert_eq!(ran.code, 137, "{}: {ran:?}", self.at(step));
    }

    fn fill(&self, step: usize) {
        let ran = self.run(&format!("{step}:enospc"));
        let is_wrap = matches!(self.sweep.command, Command::Wrap | Command::WrapAfterKill);
        assert!(!is_wrap || ran.code == 7, "the agent has run and its code is ours: {}: {ran:?}", self.at(step));
        let is_said = ["could not", "is not edited"].iter().any(|words| ran.stderr.contains(words));
        let is_as_wanted = match self.sweep.command {
            Command::Prepare => ran.code == 0,
            _ => self.home.snapshot() == self.before,
        };
        assert!(is_said || is_as_wanted, "it is said what could not be done: {}: {ran:?}", self.at(step));
    }

    fn run_next(&self) {
        let ran = match self.sweep.next {
            Next::Unwrap => self.unwrap("").expect_code(0),
            Next::Wrap => self.wrap("").expect_code(7),
        };
        assert!(!ran.stderr.contains("warning"), "{ran:?}");
        if self.sweep.next == Next::Wrap && matches!(self.sweep.command, Command::Prepare | Command::Unwrap) {
            self.unwrap("").expect_code(0);
        }
    }

    fn expect_as_before(&self, step: usize) {
        let after = self.home.snapshot();
        let names: BTreeSet<&PathBuf> = self.before.keys().chain(after.keys()).collect();
        let wrong: Vec<_> = names.into_iter().filter(|name| self.before.get(*name) != after.get(*name)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?} are not as before", self.at(step));
        let left = self.left();
        assert!(left.is_empty(), "{}: {left:?} are left", self.at(step));
    }

    /// What nothing needs any more in our own folder.
    fn left(&self) -> Vec<String> {
        let own = self.home.home().join(".headroom");
        let names = |folder: &str| -> Vec<String> {
            let entries = fs::read_dir(own.join(folder)).into_iter().flatten();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let mut left = names("run");
        left.extend(names("ledger/holders"));
        left.extend(names("ledger/originals"));
        let lasting = ["holders", "originals", "lock", "ledger.json"];
        left.extend(names("ledger").into_iter().filter(|name| !lasting.contains(&name.as_str())));
        left.extend(own.join("run").exists().then(|| "run".to_owned()));
        left.extend(
            self.home
                .snapshot()
                .keys()
                .filter(|path| path.display().to_string().contains(".headroom-"))
                .map(|path| path.display().to_string()),
        );
        left
    }

    fn at(&self, step: usize) -> String {
        let Sweep { agent, files, command, fault, next, .. } = self.sweep;
        format!("{} {files:?} {command:?} {fault:?} {next:?} at step {step}", agent.name)
    }
}

/// Which agents a sweep is of. `HEADROOM_FAULTS=all` makes it both in every one, which takes twice the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Both,
    Claude,
    Codex,
}

impl Of {
    fn agents(self) -> impl Iterator<Item = &'static Agent> {
        let is_all = std::env::var("HEADROOM_FAULTS").is_ok_and(|value| value == "all");
        AGENTS
            .iter()
            .filter(move |agent| is_all || self == Self::Both || (self == Self::Codex) == (agent.name == "codex"))
    }
}

/// Sweeps over agents, and requires that no less than `floor` steps failed in each sweep.
fn sweep(of: Of, files: Files, command: Command, fault: Fault, next: Next, floor: usize) {
    let port = port_of_a_proxy();
    for agent in of.agents() {
        let count = Sweep { agent, files, command, fault, next, port: port.clone() }.run();
        println!("{count} steps: {} {files:?} {command:?} {fault:?} {next:?}", agent.name);
        assert!(count >= floor, "only {count} steps of {command:?} are points");
    }
}

fn sweep_beside_another(of: Of, files: Files, command: Command, floor: usize) {
    let port = port_of_a_proxy();
    for agent in of.agents() {
        let sweep = Sweep { agent, files, command, fault: Fault::Killed, next: Next::Wrap, port: port.clone() };
        let count = sweep.run_beside_another();
        println!("{count} steps: {} {files:?} {command:?} beside another wrap", agent.name);
        assert!(count >= floor, "only {count} steps of {command:?} are points");
    }
}

#[test]
fn a_wrap_killed_at_any_step_is_undone_by_unwrap() {
    sweep(Of::Both, Files::Usual, Command::Wrap, Fault::Killed, Next::Unwrap, 60);
}

#[test]
fn a_wrap_killed_at_any_step_is_undone_by_the_next_wrap() {
    sweep(Of::Codex, Files::Usual, Command::Wrap, Fault::Killed, Next::Wrap, 60);
}

#[test]
fn a_wrap_that_makes_files_and_folders_is_undone_wherever_it_is_killed() {
    sweep(Of::Claude, Files::Missing, Command::Wrap, Fault::Killed, Next::Unwrap, 50);
    sweep(Of::Codex, Files::Missing, Command::UnwrapAfterKill, Fault::Killed, Next::Wrap, 20);
}

#[test]
fn a_file_written_in_place_is_whole_again_wherever_the_wrap_is_killed() {
    sweep(Of::Claude, Files::Linked, Command::Wrap, Fault::Killed, Next::Unwrap, 75);
    sweep(Of::Codex, Files::Linked, Command::Wrap, Fault::Killed, Next::Wrap, 75);
}

#[test]
fn recovery_of_a_file_written_in_place_is_killed_and_done_again() {
    sweep(Of::Claude, Files::Linked, Command::UnwrapAfterKill, Fault::Killed, Next::Unwrap, 30);
}

#[test]
fn preparing_is_undone_wherever_it_is_killed() {
    sweep(Of::Codex, Files::Usual, Command::Prepare, Fault::Killed, Next::Unwrap, 30);
    sweep(Of::Claude, Files::Linked, Command::Prepare, Fault::Killed, Next::Wrap, 35);
}

#[test]
fn an_unwrap_killed_at_any_step_is_done_by_the_next() {
    sweep(Of::Codex, Files::Usual, Command::Unwrap, Fault::Killed, Next::Unwrap, 20);
    sweep(Of::Claude, Files::Missing, Command::Unwrap, Fault::Killed, Next::Wrap, 15);
    sweep(Of::Codex, Files::Usual, Command::UnwrapAfterKill, Fault::Killed, Next::Unwrap, 25);
}

#[test]
fn a_recovery_killed_at_any_step_is_done_by_the_next() {
    sweep(Of::Claude, Files::Usual, Command::WrapAfterKill, Fault::Killed, Next::Wrap, 90);
    sweep(Of::Codex, Files::Missing, Command::WrapAfterKill, Fault::Killed, Next::Unwrap, 70);
}

#[test]
fn on_a_full_disk_the_agent_runs_and_nothing_stays_changed() {
    sweep(Of::Both, Files::Usual, Command::Wrap, Fault::Full, Next::Unwrap, 60);
    sweep(Of::Claude, Files::Missing, Command::Wrap, Fault::Full, Next::Wrap, 50);
    sweep(Of::Codex, Files::Linked, Command::Wrap, Fault::Full, Next::Unwrap, 75);
}

#[test]
fn on_a_full_disk_what_was_left_or_prepared_comes_off_later() {
    sweep(Of::Claude, Files::Usual, Command::Prepare, Fault::Full, Next::Unwrap, 30);
    sweep(Of::Codex, Files::Usual, Command::Unwrap, Fault::Full, Next::Unwrap, 20);
    sweep(Of::Claude, Files::Usual, Command::WrapAfterKill, Fault::Full, Next::Unwrap, 90);
    sweep(Of::Codex, Files::Linked, Command::UnwrapAfterKill, Fault::Full, Next::Unwrap, 30);
}

#[test]
fn a_wrap_beside_another_is_undone_wherever_it_is_killed_and_the_other_keeps_its_edits() {
    sweep_beside_another(Of::Both, Files::Usual, Command::Wrap, 50);
}

#[test]
fn a_file_of_two_wraps_written_in_place_keeps_the_others_edits() {
    sweep_beside_another(Of::Claude, Files::Linked, Command::Wrap, 50);
}

#[test]
fn a_recovery_beside_another_wrap_is_killed_and_done_again() {
    sweep_beside_another(Of::Codex, Files::Usual, Command::WrapAfterKill, 60);
}

#[test]
fn preparing_beside_another_wrap_is_undone_wherever_it_is_killed() {
    sweep_beside_another(Of::Claude, Files::Usual, Command::Prepare, 25);
}
