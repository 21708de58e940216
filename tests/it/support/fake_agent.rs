//! An agent that writes down what it saw and then does what a test says, by a shell script of each agent's name.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, mkfifo};

use crate::support::home::{Home, Ran};

/// Long enough for a slow machine; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes down environment, arguments, the home folder and the project.
const RECORD: &str = r#"
env > "$RECORD/env"
for word in "$@"; do printf '%s\0' "$word"; done > "$RECORD/args"
rm -rf "$RECORD/home" "$RECORD/project"
cp -a "$HOME" "$RECORD/home"
cp -a . "$RECORD/project"
"#;

impl Home {
    /// Installs an agent that records, then runs `script`.
    pub(crate) fn agent(&self, script: &str) -> &Self {
        for name in ["claude", "codex"] {
            self.program(name, &format!("{RECORD}{script}"));
        }
        self
    }

    /// Installs an agent that records, says that it runs, and waits for a word from the test before `script`.
    pub(crate) fn waiting_agent(&self, script: &str) -> &Self {
        self.agent(&format!("{OPEN}{WAIT}{script}"))
    }

    /// As `waiting_agent`, and runs `script` before it says that it runs.
    pub(crate) fn waiting_agent_after(&self, script: &str) -> &Self {
        self.agent(&format!("{OPEN}{script}{WAIT}"))
    }

    /// Installs an agent that records nothing and ends with 7 at once, or waits where `start` is what started it.
    pub(crate) fn quick_agent(&self, name: &str) -> &Self {
        self.program(name, &format!("[ -n \"$WAITS\" ] || exit 7\n{OPEN}{WAIT}"))
    }

    /// Runs `headroom` up to the step that `is_meant`, as `HEADROOM_FAILPOINT=count:` writes it, and stops it there. The
    /// steps are counted in `like`, a home of the same kind.
    pub(crate) fn stop_before(&self, words: &[&str], like: &Self, is_meant: &dyn Fn(&str) -> bool) -> Stopped {
        let steps = like.steps(words);
        let step = steps.iter().position(|step| is_meant(step)).unwrap_or_else(|| panic!("not in {steps:#?}")) + 1;
        let mut command = self.headroom(words);
        command.env("HEADROOM_FAILPOINT", format!("{step}:stop"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let status = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
        Stopped { child, pid }
    }

    /// The steps of a command that change files, which it does.
    pub(crate) fn steps(&self, words: &[&str]) -> Vec<String> {
        let file = self.record().join("steps");
        self.run_with(words, &[("HEADROOM_FAILPOINT", &format!("count:{}", file.display()))]);
        fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
    }

    /// Starts a wrap whose agent waits, and returns when it does. `name` tells wraps of one home apart.
    pub(crate) fn start(&self, name: &str, words: &[&str]) -> Waiting {
        self.start_with(name, words, &[])
    }

    pub(crate) fn start_with(&self, name: &str, words: &[&str], env: &[(&str, &str)]) -> Waiting {
        let mut command = self.headroom(words);
        command.envs(env.iter().copied());
        self.wait_for(command, name)
    }

    /// As `start`, by the program and its words `under`.
    pub(crate) fn start_under(&self, under: &[&str], name: &str, words: &[&str]) -> Waiting {
        self.wait_for(self.under(under, words), name)
    }

    fn wait_for(&self, mut command: Command, name: &str) -> Waiting {
        for fifo in ["started", "go", "alive"] {
            mkfifo(&self.record().join(format!("{fifo}{name}")), Mode::S_IRWXU).unwrap();
        }
        command.env("NAME", name).env("WAITS", "1").process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let waiting = Waiting { child: Some(child), record: self.record(), name: name.to_owned() };
        waiting.wait_for_start();
        waiting
    }
}

/// `alive` is open for as long as the agent lives, or a process of its own; both pipes are opened for reading and
/// writing, which waits for nobody.
const OPEN: &str = r#"
exec 8<> "$RECORD/go$NAME" 9<> "$RECORD/alive$NAME"
"#;

const WAIT: &str = r#"
trap 'exit 5' INT
trap 'exit 3' TERM
trap 'exit 4' HUP
echo started > "$RECORD/started$NAME"
read word <&8
"#;

/// A command that was stopped before a step.
pub(crate) struct Stopped {
    child: Child,
    pid: Pid,
}

impl Stopped {
    /// Lets it go on, and waits for its end.
    pub(crate) fn go_on(self) -> Ran {
        kill(self.pid, Signal::SIGCONT).unwrap();
        Ran::from(self.child.wait_with_output().unwrap())
    }
}

/// A wrap whose agent waits.
pub(crate) struct Waiting {
    /// `None` once it has been waited for.
    child: Option<Child>,
    record: PathBuf,
    name: String,
}

impl Waiting {
    /// Waits until the agent runs.
    fn wait_for_start(&self) {
        let path = self.pipe("started");
        let (send, received) = mpsc::channel();
        thread::spawn(move || drop(send.send(fs::read_to_string(path).unwrap())));
        let said = received.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the agent did not start"));
        assert_eq!(said, "started\n");
    }

    /// A pipe that ends when the agent does. To be opened while it lives.
    pub(crate) fn life(&self) -> Life {
        Life(fs::File::open(self.pipe("alive")).unwrap())
    }

    fn pipe(&self, name: &str) -> PathBuf {
        self.record.join(format!("{name}{}", self.name))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.as_ref().unwrap().id()).unwrap())
    }

    /// Sends a signal to headroom alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Sends a signal to headroom and the agent, as a terminal does.
    pub(crate) fn signal_group(&self, signal: Signal) {
        killpg(self.pid(), signal).unwrap();
    }

    /// Lets the agent go on, and waits for the wrap to end.
    pub(crate) fn go_on(self) -> Ran {
        fs::File::options().write(true).open(self.pipe("go")).unwrap().write_all(b"go\n").unwrap();
        self.end()
    }

    /// Waits for the wrap to end.
    pub(crate) fn end(mut self) -> Ran {
        let pid = self.pid();
        let child = self.child.take().unwrap();
        let (send, ended) = mpsc::channel();
        thread::spawn(move || send.send(child.wait_with_output().unwrap()));
        let Ok(output) = ended.recv_timeout(PATIENCE) else {
            killpg(pid, Signal::SIGKILL).unwrap();
            panic!("the wrap did not end");
        };
        Ran::from(output)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A test that has failed leaves nothing behind.
        if self.child.is_some() {
            killpg(self.pid(), Signal::SIGKILL).ok();
        }
    }
}

/// The agent's end of a pipe, seen from the other.
pub(crate) struct Life(fs::File);

impl Life {
    /// Waits until the agent and all that it has started are gone.
    pub(crate) fn wait_for_end(mut self) {
        let (send, ended) = mpsc::channel();
        thread::spawn(move || send.send(self.0.read_to_end(&mut Vec::new()).unwrap()));
        assert!(ended.recv_timeout(PATIENCE).is_ok(), "the agent lives on");
    }
}
