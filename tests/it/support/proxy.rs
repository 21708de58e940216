//! `headroom proxy` as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::place::{HEADROOM, decide_ms};

/// A running proxy; it is killed when this is dropped.
pub(crate) struct Proxy {
    child: Child,
    /// Held open, so that the proxy does not die of a closed pipe.
    _stderr: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
    /// From starting the process to its saying that it listens.
    pub(crate) ready_after: Duration,
    home: PathBuf,
    upstream: String,
}

impl Proxy {
    /// Starts a proxy before `upstream` with its store in `home`, on `port` (0: any that is free).
    pub(crate) fn start(home: &Path, upstream: &str, port: u16) -> Self {
        Self::start_with(home, upstream, port, &[])
    }

    /// The same, with more environment variables.
    pub(crate) fn start_with(home: &Path, upstream: &str, port: u16, env: &[(&str, &str)]) -> Self {
        let started = Instant::now();
        let mut child = Command::new(HEADROOM)
            .args(["proxy", "--port", &port.to_string(), "--anthropic-api-url", upstream])
            .args(["--openai-api-url", upstream])
            .env("HEADROOM_HOME", home)
            .env("HEADROOM_DECIDE_MS", decide_ms())
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let before = said.len();
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "the proxy ended before it listened: {said}");
            if let Some((_, address)) = said[before..].trim_end().split_once("listening on http://") {
                break address.parse().unwrap();
            }
        };
        let ready_after = started.elapsed();
        Self { child, _stderr: stderr, address, ready_after, home: home.to_owned(), upstream: upstream.to_owned() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills it as a crash would, and starts another on the same port with the same store.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.kill();
        Self::start(&self.home, &self.upstream, self.address.port())
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Resident memory in kilobytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.kill();
    }
}
