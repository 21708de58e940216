//! Runs the real Claude Code, directly or wrapped, in a home and a project of its own.
//!
//! Both sides run at the same paths, one after the other, so that what they send differs only by what Headroom does.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::project;
use super::snapshot::Snapshot;

const KEY: &str = "sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const MODEL: &str = "claude-sonnet-4-5-20250929";
const TOOLS: &str = "Bash,Read,Grep,ToolSearch,mcp__headroom";
const PATIENCE: Duration = Duration::from_mins(3);

/// The binary under test.
pub(crate) const HEADROOM: &str = env!("CARGO_BIN_EXE_headroom");

/// How Claude Code reaches its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// `claude …`
    Direct,
    /// `headroom wrap claude -- …`
    Wrapped,
}

/// Claude Code, where it is installed: in the folder `HEADROOM_AGENTS`, or on `PATH`. Where it is not, says so, and
/// fails if `HEADROOM_REQUIRE` names it.
pub(crate) fn find() -> Option<PathBuf> {
    let folders = std::env::var_os("HEADROOM_AGENTS").or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join("claude")).find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var("HEADROOM_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name.trim() == "claude"),
            "HEADROOM_REQUIRE names claude, and it is neither in HEADROOM_AGENTS nor on PATH"
        );
        eprintln!("skipped: Claude Code is neither in HEADROOM_AGENTS nor on PATH");
    }
    found
}

/// A folder with a home and a project in it, made anew for each run.
pub(crate) struct Place {
    folder: TempDir,
    claude: PathBuf,
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

impl Run {
    /// What the agent answered.
    pub(crate) fn answer(&self) -> String {
        let result: Value = serde_json::from_str(self.stdout.trim()).unwrap_or_default();
        assert_eq!(self.code, Some(0), "the agent failed\n{}\n{}", self.stdout, self.stderr);
        result["result"].as_str().unwrap_or_default().to_owned()
    }
}

impl Place {
    pub(crate) fn new(claude: PathBuf) -> Self {
        Self { folder: tempfile::Builder::new().prefix("headroom-it-").tempdir().unwrap(), claude }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    /// Programs that are first on the agent's `PATH`.
    fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Where a test may put what belongs to neither.
    pub(crate) fn aside(&self) -> &Path {
        self.folder.path()
    }

    /// Makes home and project anew, as a user would have them who uses Claude Code here already.
    pub(crate) fn reset(&self) {
        for folder in [self.home(), self.project()] {
            if folder.exists() {
                fs::remove_dir_all(&folder).unwrap();
            }
            fs::create_dir_all(&folder).unwrap();
        }
        project::write(&self.project());
        project::write_programs(&self.programs());
        fs::create_dir(self.home().join(".claude")).unwrap();
        let state = json!({
            "hasCompletedOnboarding": true,
            "customApiKeyResponses": {"approved": [&KEY[KEY.len() - 20..]], "rejected": []},
            "projects": {(self.project().to_str().unwrap()): {"hasTrustDialogAccepted": true, "allowedTools": []}},
        });
        fs::write(self.home().join(".claude.json"), format!("{state:#}\n")).unwrap();
        fs::write(self.home().join(".claude/settings.json"), "{\n  \"includeCoAuthoredBy\": false\n}\n").unwrap();
        fs::write(self.home().join(".claude/CLAUDE.md"), "Answer shortly.\n").unwrap();
    }

    /// A command with this place's environment and nothing else of ours.
    pub(crate) fn command(&self, program: &Path, url: &str) -> Command {
        let mut command = Command::new(program);
        let mut folders = vec![self.programs(), self.claude.parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            // A debug build on a busy machine must not run out of the time that deciding may take.
            .env("HEADROOM_DECIDE_MS", decide_ms())
            .env("ANTHROPIC_API_KEY", KEY)
            .env("ANTHROPIC_BASE_URL", url)
            .env("ENABLE_TOOL_SEARCH", "true")
            .env("DISABLE_AUTOUPDATER", "1")
            .env("DISABLE_TELEMETRY", "1")
            .env("DISABLE_ERROR_REPORTING", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    /// Runs one task in the place as it stands.
    pub(crate) fn run(&self, route: Route, url: &str, prompt: &str) -> Run {
        let mut command = match route {
            Route::Direct => self.command(&self.claude, url),
            Route::Wrapped => {
                let mut command = self.command(Path::new(HEADROOM), url);
                command.args(["wrap", "claude", "--"]);
                command
            }
        };
        // The same session id on both sides: it is part of paths that tool results name.
        let session = "7d0f5a52-9f2c-4f63-a3c8-4f0e2d9b1c11";
        command.args(["-p", prompt, "--model", MODEL, "--output-format", "json", "--session-id", session]);
        command.args(["--allowedTools", TOOLS]).stdout(Stdio::piped()).stderr(Stdio::piped());
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
    fn left_running(&self) -> Vec<String> {
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
