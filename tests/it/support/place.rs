//! Where a real agent runs: a home and a project of its own, and what a run leaves of them.
//!
//! Both sides of a comparison run at the same paths, one after the other, so that what they send differs only by what
//! Headroom does.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::project;
use super::snapshot::Snapshot;

const PATIENCE: Duration = Duration::from_mins(3);

/// The binary under test.
pub(crate) const HEADROOM: &str = env!("CARGO_BIN_EXE_headroom");

/// How an agent reaches its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// `AGENT …`
    Direct,
    /// `headroom wrap AGENT -- …`
    Wrapped,
}

/// An agent, where it is installed: in the folder `HEADROOM_AGENTS`, or on `PATH`. Where it is not, says so, and fails if
/// `HEADROOM_REQUIRE` names it.
pub(crate) fn find(agent: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("HEADROOM_AGENTS").or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(agent)).find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var("HEADROOM_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name.trim() == agent),
            "HEADROOM_REQUIRE names {agent}, and it is neither in HEADROOM_AGENTS nor on PATH"
        );
        eprintln!("skipped: {agent} is neither in HEADROOM_AGENTS nor on PATH");
    }
    found
}

/// A folder with a home and a project in it, made anew for each run.
pub(crate) struct Place {
    folder: TempDir,
    /// The folders that agents are in.
    agents: Vec<PathBuf>,
}

/// What one run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) home_before: Snapshot,
    pub(crate) home_after: Snapshot,
    pub(crate) project_before: Snapshot,
    pub(crate) project_after: Snapshot,
    /// Command lines of processes with this home that were still there afterwards.
    pub(crate) left_running: Vec<String>,
}

impl Place {
    /// A place for the agents that are installed at these paths.
    pub(crate) fn new(agents: &[&Path]) -> Self {
        let agents = agents.iter().map(|agent| agent.parent().unwrap().to_owned()).collect();
        Self { folder: tempfile::Builder::new().prefix("headroom-it-").tempdir().unwrap(), agents }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    /// Programs that are first on the agent's `PATH`.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Where a test may put what belongs to neither.
    pub(crate) fn aside(&self) -> &Path {
        self.folder.path()
    }

    /// Makes home and project anew.
    pub(crate) fn reset(&self) {
        for folder in [self.home(), self.project()] {
            if folder.exists() {
                fs::remove_dir_all(&folder).unwrap();
            }
            fs::create_dir_all(&folder).unwrap();
        }
        project::write(&self.project());
        project::write_programs(&self.programs());
    }

    /// Writes a file below the home folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A command with this place's environment and nothing else of ours.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let mut folders = vec![self.programs()];
        folders.extend(self.agents.iter().cloned());
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            // A debug build on a busy machine must not run out of the time that deciding may take.
            .env("HEADROOM_DECIDE_MS", decide_ms())
            // One that nobody else takes once it is free, so that it can be seen to be free.
            .env("HEADROOM_PORT", "0")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .current_dir(self.project())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command of this place to its end.
    pub(crate) fn run(&self, mut command: Command) -> Run {
        let (home_before, project_before) = (Snapshot::of(&self.home()), Snapshot::of(&self.project()));
        let started = Instant::now();
        let (code, stdout, stderr) = finish(command.spawn().unwrap(), PATIENCE);
        let took = started.elapsed();
        let left_running = self.left_running();
        Run {
            code,
            stdout,
            stderr,
            started,
            took,
            home_before,
            home_after: Snapshot::of(&self.home()),
            project_before,
            project_after: Snapshot::of(&self.project()),
            left_running,
        }
    }

    /// Processes with this home in their environment, after those that are about to end had two seconds to do so.
    pub(crate) fn left_running(&self) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            let running = processes_with(&format!("HOME={}", self.home().display()));
            if running.is_empty() || Instant::now() > deadline {
                return running;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The command lines of all processes whose environment holds `entry`.
fn processes_with(entry: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|process| {
        let process = process.ok()?.path();
        let environment = fs::read(process.join("environ")).ok()?;
        let holds = environment.split(|&byte| byte == 0).any(|variable| variable == entry.as_bytes());
        let line = fs::read(process.join("cmdline")).ok()?;
        (holds && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    });
    processes.collect()
}

/// Waits for a process to end, reading what it says; kills it when `patience` is over. What it left running may hold its
/// pipes open: that is not waited for.
pub(crate) fn finish(mut child: Child, patience: Duration) -> (Option<i32>, String, String) {
    let (stdout, stderr) = (Said::by(child.stdout.take()), Said::by(child.stderr.take()));
    let deadline = Instant::now() + patience;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => {
                drop(child.kill());
                drop(child.wait());
                break None;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    (status.and_then(|status| status.code()), stdout.text(), stderr.text())
}

/// What a process says, as it says it.
struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Said {
    fn by(mut stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let (end, ended) = mpsc::channel();
        let said = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Some(size) =
                stream.as_mut().and_then(|stream| stream.read(&mut piece).ok()).filter(|&size| size > 0)
            {
                said.lock().unwrap().extend_from_slice(&piece[..size]);
            }
            drop(end);
        });
        Self { bytes, ended }
    }

    fn text(&self) -> String {
        let _ = self.ended.recv_timeout(Duration::from_millis(300));
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

/// The time budget of deciding: a release build has the default one, so that what is measured is what a user gets.
pub(crate) fn decide_ms() -> &'static str {
    if cfg!(debug_assertions) { "60000" } else { "100" }
}
