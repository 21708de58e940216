//! A home folder, a project and a PATH of their own, thrown away at the end.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::Value;

/// The path, mode and bytes (or a symlink's target) of everything in a folder.
pub(crate) type Snapshot = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// A machine of its own, as far as an agent looks.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    programs: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code, or the signal as a shell counts it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A runner that was started in the background, or by `nohup`, ignores signals, and what it starts inherits that.
#[expect(unsafe_code, reason = "dispositions are set between fork and exec, by async-signal-safe calls alone")]
fn take_default_signals(command: &mut Command) {
    let reset = || {
        for name in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            // SAFETY: the default disposition runs no code of ours.
            unsafe { signal(name, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: `reset` allocates nothing and takes no lock.
    unsafe { command.pre_exec(reset) };
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// A home that is written through to no disk, where the system has such a place: for tests that write thousands.
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::below(memory) } else { Self::new() }
    }

    fn below(folder: &Path) -> Self {
        // Programs are apart: memory may be mounted so that nothing in it can be run.
        let home = Self { folder: tempfile::tempdir_in(folder).unwrap(), programs: tempfile::tempdir().unwrap() };
        fs::set_permissions(home.programs.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["home", "project", "record"] {
            fs::create_dir(home.folder.path().join(name)).unwrap();
        }
        home
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.programs.path().to_owned()
    }

    /// Where the fake agent writes down what it saw.
    pub(crate) fn record(&self) -> PathBuf {
        self.folder.path().join("record")
    }

    /// Writes a file below the home folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        self.file_with_mode(name, text, 0o644)
    }

    pub(crate) fn file_with_mode(&self, name: &str, text: &str, mode: u32) -> &Self {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Puts a script on PATH.
    pub(crate) fn program(&self, name: &str, script: &str) -> &Self {
        let path = self.bin().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.home().join(name)).unwrap()
    }

    /// `headroom` with these words, in the project, with nothing of this machine's environment.
    pub(crate) fn headroom(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
        let path = format!("{}:/usr/bin:/bin", self.bin().display());
        command
            .args(words)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", path)
            .env("RECORD", self.record())
            .env("HEADROOM_PORT", "0")
            .stdin(Stdio::null());
        take_default_signals(&mut command);
        command
    }

    /// `headroom` with these words as `headroom` would start it, started by the program and its words `under`.
    pub(crate) fn under(&self, under: &[&str], words: &[&str]) -> Command {
        let inner = self.headroom(words);
        let mut command = Command::new(under[0]);
        command.args(&under[1..]).arg(inner.get_program()).args(inner.get_args());
        command.current_dir(self.project()).env_clear().stdin(Stdio::null());
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_with(words, &[])
    }

    pub(crate) fn run_with(&self, words: &[&str], env: &[(&str, &str)]) -> Ran {
        Ran::from(self.headroom(words).envs(env.iter().copied()).output().unwrap())
    }

    /// Everything in the home folder and the project but our own folder.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        for folder in [self.home(), self.project()] {
            walk(&folder, self.folder.path(), &mut snapshot);
        }
        snapshot
    }

    /// A file that the fake agent wrote.
    pub(crate) fn recorded(&self, name: &str) -> String {
        fs::read_to_string(self.record().join(name)).unwrap_or_else(|err| panic!("no {name} was recorded: {err}"))
    }

    /// A file of the home folder as the agent saw it.
    pub(crate) fn seen(&self, name: &str) -> String {
        self.recorded(&format!("home/{name}"))
    }

    /// A variable as the agent saw it.
    pub(crate) fn seen_variable(&self, name: &str) -> Option<String> {
        let all = self.recorded("env");
        all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    }

    /// The agent's arguments.
    pub(crate) fn seen_args(&self) -> Vec<String> {
        let text = self.recorded("args");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// What the wrap's own ledger said of it while the agent ran.
    pub(crate) fn seen_holder(&self) -> Value {
        let session = self.seen_variable("HEADROOM_SESSION").unwrap();
        serde_json::from_str(&self.seen(&format!(".headroom/ledger/holders/{session}.json"))).unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let status = output.status;
        Self {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap()),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Requires that standard error has `text`.
    #[track_caller]
    pub(crate) fn expect_said(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in:\n{}", self.stderr);
        self
    }
}

fn walk(folder: &Path, root: &Path, snapshot: &mut Snapshot) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name() == Some(OsStr::new(".headroom")) {
            continue;
        }
        let metadata = fs::symlink_metadata(&path).unwrap();
        let bytes = if metadata.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if metadata.is_dir() {
            walk(&path, root, snapshot);
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        snapshot.insert(path.strip_prefix(root).unwrap().to_owned(), (metadata.permissions().mode(), bytes));
    }
}
