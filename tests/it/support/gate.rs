//! A named pipe at which an agent waits, in a shell command of its own, until the test lets it go on.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::scenario::Step;

/// A gate that nobody has come to yet.
pub(crate) struct Gate(PathBuf);

impl Gate {
    pub(crate) fn new(path: PathBuf) -> Self {
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        Self(path)
    }

    /// What brings an agent to the gate. The shell opens it itself: Claude Code reads the files that `cat` and its like name
    /// once more, and would wait for ever.
    pub(crate) fn step(&self) -> Step {
        Step::shell(&format!("read word <{} && echo \"$word\"", self.0.display()))
    }

    /// Waits until the agent is at the gate: it has had an answer, and has not sent the next request. Fails at once when
    /// the agent has ended before.
    pub(crate) fn reached(&self, mut has_ended: impl FnMut() -> bool) -> Reached {
        let deadline = Instant::now() + Duration::from_mins(2);
        loop {
            match OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&self.0) {
                Ok(file) => return Reached(file),
                Err(err) => assert!(Instant::now() < deadline, "the agent never came to the gate: {err}"),
            }
            assert!(!has_ended(), "the agent ended before it came to the gate");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A gate at which an agent waits. When this is dropped, its shell command ends.
pub(crate) struct Reached(File);

impl Reached {
    pub(crate) fn open(mut self) {
        self.0.write_all(b"go on\n").unwrap();
    }
}
