//! Ends the agent when this process is killed.
//!
//! The system ends the agent when its parent dies, but not what the agent has started, and an agent from npm is often a
//! launcher of the real program. So a second process of ours waits for the end of the first, which closes a pipe, and
//! then ends everything that carries the wrap's mark in its environment and belongs to the same terminal session, with
//! all that is below it. What has left that session and its parent, as a terminal multiplexer or a build daemon does,
//! stays: it would have stayed after a normal end as well. Files are not touched: the next wrap puts them back. An agent
//! that was killed could end nothing either, so that the same is done after it.

use std::fs::File;
use std::io;
use std::io::{IsTerminal, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, kill, killpg};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, getsid, setpgid, tcgetpgrp};

/// The command of ours that watches. No user needs it, so it is in no help.
pub(crate) const COMMAND: &str = "watch-over";

/// The variable by which a wrap's processes are known.
pub(crate) const MARK: &str = "HEADROOM_SESSION";

/// How long the agent may take to save its work.
const GRACE: Duration = Duration::from_secs(1);

/// How often it is looked whether it has ended. Nobody can wait for processes that are not his children.
const LOOK: Duration = Duration::from_millis(10);

/// Takes back what full-screen programs ask a terminal for: mouse and focus reports, another meaning of keys, the other
/// screen, a hidden cursor, colors.
const RESET: &str = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[=0u\x1b[?1047l\x1b[?25h\x1b[0m";

/// What else is taken back where nobody shows a prompt by now: bracketed paste, and the line that was begun.
const RESET_UNUSED: &str = "\x1b[?2004l\r\n";

/// The process that watches this one. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    child: Child,
    /// Whatever ends this process closes it.
    life: Option<PipeWriter>,
}

impl Watch {
    /// Starts to watch over the wrap `session`, and returns when the terminal is known as it is now.
    #[expect(clippy::disallowed_methods, reason = "a process that belongs to the agent's")]
    pub(crate) fn start(session: &str) -> io::Result<Self> {
        let (theirs, life) = io::pipe()?;
        let stdin = io::stdin();
        let terminal =
            if stdin.is_terminal() { Stdio::from(stdin.as_fd().try_clone_to_owned()?) } else { Stdio::null() };
        // The same program, even where another has been installed in its place since.
        let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
        let mut command = Command::new(program);
        command.args([COMMAND, session]).env_clear().current_dir("/");
        command.stdin(theirs).stdout(Stdio::piped()).stderr(terminal);
        let mut child = command.spawn()?;
        if let Some(mut ready) = child.stdout.take() {
            ready.read_to_end(&mut Vec::new())?;
        }
        Ok(Self { child, life: Some(life) })
    }

    /// Says which process the agent is.
    pub(crate) fn tell(&mut self, agent: Pid) -> io::Result<()> {
        self.life.as_mut().map_or(Ok(()), |life| write!(life, "{agent}"))
    }

    /// Has it do for an agent that was killed what it does when this process is.
    pub(crate) fn end_what_is_left(mut self) {
        drop(self.life.take());
        drop(self.child.wait());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Before the pipe is closed, so that it never takes a normal end for a death.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits for the end of the process that has started this one, and then ends what its wrap `session` has left running.
pub(crate) fn watch(session: &str) {
    let group = getpgrp();
    let Ok(terminal_session) = getsid(None) else { return };
    // What the terminal sends to the agent's group is not for us.
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).ok();
    keep_the_terminal_from_stopping_us();
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_name(c"headroom-watch").ok();
    let terminal = Terminal::of(io::stderr(), group);
    announce();

    let mut said = String::new();
    if io::stdin().read_to_string(&mut said).is_err() {
        return;
    }
    let wrap = Wrap { session, terminal_session, agent: said.parse().ok().map(Pid::from_raw) };
    wrap.end();
    terminal.put_back();
}

#[expect(unsafe_code, reason = "the disposition of a signal is the process's own")]
fn keep_the_terminal_from_stopping_us() {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { nix::sys::signal::signal(Signal::SIGTTOU, SigHandler::SigIgn) }.ok();
}

/// Tells whoever has started us that we are ready, by the end of our output.
fn announce() {
    let nothing = File::options().write(true).open("/dev/null");
    if let Ok(nothing) = nothing {
        nix::unistd::dup2_stdout(nothing).ok();
    }
}

/// The terminal as it was before the agent.
struct Terminal {
    device: io::Stderr,
    settings: Option<Termios>,
    /// The process group of the wrap.
    group: Pid,
}

impl Terminal {
    fn of(device: io::Stderr, group: Pid) -> Self {
        let settings = tcgetattr(&device).ok();
        Self { device, settings, group }
    }

    /// Puts it back. Its settings stay as they are where somebody has it by now: a shell that waited for the wrap has put
    /// them back itself, and has its own while a line is typed.
    fn put_back(mut self) {
        let Some(settings) = &self.settings else { return };
        let Ok(group) = tcgetpgrp(&self.device) else { return };
        let is_unused = group == self.group || killpg(group, None) == Err(Errno::ESRCH);
        if is_unused {
            tcsetattr(&self.device, SetArg::TCSANOW, settings).ok();
        }
        drop(self.device.write_all(RESET.as_bytes()));
        if is_unused {
            drop(self.device.write_all(RESET_UNUSED.as_bytes()));
        }
    }
}

/// What is to be ended.
struct Wrap<'a> {
    session: &'a str,
    terminal_session: Pid,
    agent: Option<Pid>,
}

impl Wrap<'_> {
    fn end(&self) {
        let mut left = self.processes();
        for process in &left {
            kill(process.pid, Signal::SIGTERM).ok();
            // One that is stopped acts on nothing else.
            kill(process.pid, Signal::SIGCONT).ok();
        }
        let deadline = Instant::now() + GRACE;
        while !left.is_empty() && Instant::now() < deadline {
            thread::sleep(LOOK);
            left.retain(Process::is_alive);
            let started: Vec<Process> = self.processes().into_iter().filter(|found| !left.contains(found)).collect();
            for process in &started {
                kill(process.pid, Signal::SIGTERM).ok();
            }
            left.extend(started);
        }
        for process in left.iter().filter(|process| process.is_alive()) {
            kill(process.pid, Signal::SIGKILL).ok();
        }
    }
}

#[cfg(target_os = "linux")]
use of_proc::Process;

#[cfg(target_os = "linux")]
mod of_proc {
    use std::fs;

    use nix::unistd::getpid;

    use super::{MARK, Pid, Wrap};

    /// A process that cannot be mistaken for a later one with its number.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Process {
        pub(super) pid: Pid,
        started: u64,
    }

    /// What `/proc` says of a process.
    struct Seen {
        process: Process,
        parent: Pid,
        terminal_session: Pid,
        /// The wrap that it belongs to, if it does.
        mark: Option<String>,
    }

    impl Process {
        /// Whether it still runs. One that has ended and waits to be asked for its exit code does not.
        pub(super) fn is_alive(&self) -> bool {
            look_at(self.pid).is_some_and(|seen| seen.process == *self)
        }
    }

    impl Wrap<'_> {
        /// The processes of this wrap, parents before their children.
        pub(super) fn processes(&self) -> Vec<Process> {
            let mut rest: Vec<Seen> = all().into_iter().filter_map(look_at).collect();
            let is_root = |seen: &mut Seen| {
                let is_near = seen.terminal_session == self.terminal_session || Some(seen.process.pid) == self.agent;
                is_near && seen.mark.as_deref() == Some(self.session)
            };
            let mut found: Vec<Process> = rest.extract_if(.., is_root).map(|seen| seen.process).collect();
            loop {
                // A wrap inside this one ends its own agent.
                let is_ours = |mark: &Option<String>| mark.as_ref().is_none_or(|mark| mark == self.session);
                let below: Vec<Process> = rest
                    .extract_if(.., |seen| is_ours(&seen.mark) && found.iter().any(|parent| parent.pid == seen.parent))
                    .map(|seen| seen.process)
                    .collect();
                if below.is_empty() {
                    return found;
                }
                found.extend(below);
            }
        }
    }

    fn all() -> Vec<Pid> {
        // Another container's `/proc` has other processes under the numbers that ours have here.
        let own = fs::read_link("/proc/self").ok();
        if own.and_then(|own| own.to_str()?.parse().ok()) != Some(getpid().as_raw()) {
            return Vec::new();
        }
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw));
        pids.filter(|pid| *pid != getpid()).collect()
    }

    fn look_at(pid: Pid) -> Option<Seen> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X") {
            return None;
        }
        let number = |at: usize| fields.get(at).and_then(|field: &&str| field.parse().ok()).map(Pid::from_raw);
        Some(Seen {
            process: Process { pid, started: fields.get(19)?.parse().ok()? },
            parent: number(1)?,
            terminal_session: number(3)?,
            mark: mark(pid),
        })
    }

    fn mark(pid: Pid) -> Option<String> {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables.find_map(|variable| {
            let value = variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(value).into_owned())
        })
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    pid: Pid,
}

#[cfg(not(target_os = "linux"))]
impl Process {
    fn is_alive(&self) -> bool {
        kill(self.pid, None).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
impl Wrap<'_> {
    /// The agent. What it has started is its own to end.
    fn processes(&self) -> Vec<Process> {
        let agent = self.agent.map(|pid| Process { pid });
        agent.into_iter().filter(Process::is_alive).collect()
    }
}
