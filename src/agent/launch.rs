//! Runs the agent: the only place that starts processes.
//!
//! The agent shares our terminal and process group, so Ctrl-C, Ctrl-\ and Ctrl-Z reach it without us, and sending them
//! again would look like a second key press. What is sent to us alone (TERM, HUP) is passed on. The signals are blocked
//! and waited for on a thread instead of being handled, so that no code of ours ever runs inside a signal handler, and
//! so that none is lost between the first edit of a file and the start of the agent.

use std::ffi::OsStr;
use std::io;
use std::io::{IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};

use crate::agent::plan::Launch;
use crate::agent::watch;
use crate::agent::watch::Watch;

/// How long an agent may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// The signals by which a process is asked to end.
const ASKING: [Signal; 4] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP];

/// Why the agent could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("could not start `{}`", .binary.display())]
    Start { binary: PathBuf, source: io::Error },
    #[error("could not wait for `{}`", .binary.display())]
    Wait { binary: PathBuf, source: io::Error },
}

/// How the agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(u8),
    Signal(u8),
}

impl Ended {
    /// The exit code that tells a shell the same.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// The signals of this process, held until there is an agent to pass them on to.
#[derive(Debug)]
pub(crate) struct Signals {
    shared: Arc<Mutex<Shared>>,
    /// The mask that we were started with, and that the agent is started with.
    inherited: SigSet,
}

#[derive(Debug, Default)]
struct Shared {
    agent: Option<Pid>,
    /// What came while no agent ran.
    pending: Option<Signal>,
}

impl Signals {
    /// Takes over the signals. To be called on the main thread before any other is started: threads inherit the mask.
    pub(crate) fn hold() -> io::Result<Self> {
        let mut waited = SigSet::empty();
        for signal in ASKING {
            waited.add(signal);
        }
        let mut blocked = waited;
        // Ctrl-Z is the agent's to act on: we stop when it has stopped. TTOU would stop us for putting the terminal back.
        blocked.add(Signal::SIGTSTP);
        blocked.add(Signal::SIGTTOU);
        let inherited = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        let seen = Arc::clone(&shared);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            while let Ok(signal) = waited.wait() {
                receive(signal, &seen);
            }
        })?;
        Ok(Self { shared, inherited })
    }
}

fn receive(signal: Signal, shared: &Mutex<Shared>) {
    let mut shared = lock(shared);
    match (shared.agent, signal) {
        // The terminal has sent it to the agent as well.
        (Some(_), Signal::SIGINT | Signal::SIGQUIT) => {}
        (Some(agent), _) => {
            kill(agent, signal).ok();
        }
        (None, _) if shared.pending.is_none() => shared.pending = Some(signal),
        // Asked a second time while nothing runs, we go at once. The next wrap restores what this one leaves.
        (None, _) => {
            let mut set = SigSet::empty();
            set.add(signal);
            set.thread_unblock().ok();
            raise(signal).ok();
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().expect("nothing panics while it is held")
}

/// Runs the agent to its end, on the terminal that we were started on. To be called on the main thread: the agent is
/// told to end when the thread that started it does.
pub(crate) fn run(launch: &Launch, signals: &Signals) -> Result<Ended, Error> {
    let terminal = Terminal::save();
    // Without it, only the agent itself ends when we are killed.
    let mut watch = launch.set.get(watch::MARK).and_then(|session| Watch::start(session.to_str()?).ok());
    let ended = start_and_wait(launch, signals, watch.as_mut());
    // A launcher that was killed leaves the real agent running, and one on a full screen leaves the screen as it was.
    match (&ended, watch) {
        (Ok(Ended::Signal(signal)), Some(watch)) if !ASKING.map(number).contains(signal) => watch.end_what_is_left(),
        (_, watch) => drop(watch),
    }
    terminal.put_back();
    ended
}

fn start_and_wait(launch: &Launch, signals: &Signals, watch: Option<&mut Watch>) -> Result<Ended, Error> {
    let failed = |source| Error::Start { binary: launch.binary.clone(), source };
    let agent = {
        // Held over the start, so that a signal comes either before it or to the agent.
        let mut shared = lock(&signals.shared);
        if let Some(signal) = shared.pending {
            return Ok(Ended::Signal(number(signal)));
        }
        let agent = start(launch, signals.inherited).map_err(failed)?;
        shared.agent = Some(agent);
        agent
    };
    if let Some(watch) = watch {
        drop(watch.tell(agent));
    }
    let ended = wait(agent);
    lock(&signals.shared).agent = None;
    ended.map_err(|source| Error::Wait { binary: launch.binary.clone(), source: source.into() })
}

#[expect(clippy::disallowed_methods, reason = "processes are started here and nowhere else")]
#[expect(unsafe_code, reason = "only code between fork and exec can bind the agent's life to ours")]
fn start(launch: &Launch, mask: SigSet) -> io::Result<Pid> {
    let mut command = Command::new(&launch.binary);
    command.args(&launch.args).envs(&launch.set);
    for name in &launch.unset {
        command.env_remove(name);
    }
    let parent = getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed, and these are: plain system calls that
    // neither allocate nor lock.
    unsafe {
        command.pre_exec(move || {
            #[cfg(target_os = "linux")]
            nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
            // We may have died before that line.
            if getppid() != parent {
                return Err(Errno::ESRCH.into());
            }
            mask.thread_set_mask()?;
            Ok(())
        });
    }
    let child = command.spawn()?;
    Ok(Pid::from_raw(i32::try_from(child.id()).expect("a process id is positive and fits")))
}

fn wait(agent: Pid) -> Result<Ended, Errno> {
    loop {
        match waitpid(agent, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ended::Code(u8::try_from(code & 0xff).unwrap_or(1))),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Signal(number(signal))),
            // The shell that started us waits for us, not for the agent. Without a terminal nobody would continue us.
            Ok(WaitStatus::Stopped(..)) if io::stdin().is_terminal() => {
                raise(Signal::SIGSTOP)?;
                kill(agent, Signal::SIGCONT)?;
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(err) => return Err(err),
        }
    }
}

fn number(signal: Signal) -> u8 {
    u8::try_from(signal as i32).expect("signals are below 65")
}

/// The terminal's settings before the agent, which may die without putting them back.
struct Terminal(Option<Termios>);

impl Terminal {
    fn save() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    fn put_back(&self) {
        if let Some(settings) = &self.0 {
            // A terminal that is gone needs no settings.
            tcsetattr(io::stdin(), SetArg::TCSADRAIN, settings).ok();
        }
    }
}

/// Whether a short command of ours, without input or output, succeeds in `folder`.
#[expect(clippy::disallowed_methods, reason = "processes are started here and nowhere else")]
pub(crate) fn succeeds<'a>(binary: &Path, args: impl Iterator<Item = &'a OsStr>, folder: &Path) -> bool {
    let mut command = Command::new(binary);
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What `binary --version` says, if it says it soon.
#[expect(clippy::disallowed_methods, reason = "processes are started here and nowhere else")]
pub(crate) fn version(binary: &Path) -> Option<String> {
    let mut command = Command::new(binary);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let output = child.stdout.take()?;
    let (send, said) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        if output.take(4096).read_to_string(&mut text).is_ok() {
            // Nobody listens any more when it took too long.
            drop(send.send(text));
        }
    });
    let text = said.recv_timeout(VERSION_TIMEOUT).ok();
    drop(child.kill());
    drop(child.wait());
    let is_version = |word: &&str| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit());
    text?.split_whitespace().map(|word| word.trim_start_matches('v')).find(is_version).map(str::to_owned)
}
