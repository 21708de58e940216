//! An agent that writes down what it saw and then does what a test says, by a shell script of each agent's name.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::stat::Mode;
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

    /// Starts a wrap whose agent waits, and returns when it does. `name` tells wraps of one home apart.
    pub(crate) fn start(&self, name: &str, words: &[&str]) -> Waiting {
        for fifo in ["started", "go", "alive"] {
            mkfifo(&self.record().join(format!("{fifo}{name}")), Mode::S_IRWXU).unwrap();
        }
        let mut command = self.headroom(words);
        command.env("NAME", name).env("WAITS", "1").process_group(0);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        let waiting = Waiting { child, record: self.record(), name: name.to_owned() };
        waiting.wait_for_start();
        waiting
    }
}

/// `alive` is open for as long as the agent lives, or a process of its own; both pipes are opened for reading and writing, which waits for nobody.
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

/// A wrap whose agent waits.
pub(crate) struct Waiting {
    child: Child,
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
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
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
    pub(crate) fn end(self) -> Ran {
        let pid = self.pid();
        let (send, ended) = mpsc::channel();
        thread::spawn(move || send.send(self.child.wait_with_output().unwrap()));
        let Ok(output) = ended.recv_timeout(PATIENCE) else {
            killpg(pid, Signal::SIGKILL).unwrap();
            panic!("the wrap did not end");
        };
        Ran::from(output)
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
