//! What is left running, and how the terminal is left, when headroom is killed or ends.

use std::fs;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::{Pid, setsid};

use crate::support::home::Home;

const CONFIG: &str = "{\"a\":1}";

fn home() -> Home {
    let home = Home::new();
    home.file(".claude.json", CONFIG);
    home
}

#[test]
fn what_the_agent_has_started_ends_with_a_headroom_that_is_killed() {
    let home = home();
    // The launcher of an npm package: the real program is a child of it, and nobody tells that one.
    home.waiting_agent_after("sleep 1000 &\nsh -c 'sh -c \"sleep 1000; :\"; :' &\n");
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn one_that_does_not_end_when_it_is_asked_to_is_killed() {
    let home = home();
    home.waiting_agent_after("sh -c 'trap \"\" TERM HUP; while :; do sleep 0.2; done' &\n");
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
}

#[test]
fn what_an_agent_has_started_ends_when_it_is_killed_itself() {
    let home = home();
    home.waiting_agent_after("sleep 1000 &\necho $$ > \"$RECORD/launcher\"\n");
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    kill(recorded_pid(&home, "launcher"), Signal::SIGKILL).unwrap();
    life.wait_for_end();
    wrap.end().expect_code(137);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn what_the_agent_has_started_outlives_a_wrap_that_ends() {
    let home = home();
    home.waiting_agent_after("sleep 1000 > /dev/null 2>&1 &\necho $! > \"$RECORD/server\"\n");
    let wrap = home.start("", &["wrap", "claude"]);
    wrap.go_on().expect_code(0);
    kill(recorded_pid(&home, "server"), Signal::SIGTERM).unwrap();
}

#[test]
fn a_daemon_that_the_agent_has_started_outlives_a_headroom_that_is_killed() {
    let home = home();
    let daemon = "setsid sh -c 'exec sleep 1000 > /dev/null 2>&1 9>&- 8>&- & echo $! > \"$RECORD/daemon\"'\n";
    home.waiting_agent_after(daemon);
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
    kill(recorded_pid(&home, "daemon"), Signal::SIGTERM).unwrap();
}

#[test]
fn a_wrap_inside_one_that_is_killed_ends_its_own_agent_and_restores() {
    let home = home();
    let inner = "[ -n \"$INNER\" ] || { INNER=1 headroom wrap claude; exit; }\n";
    home.waiting_agent_after(inner);
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn nothing_of_ours_outlives_a_wrap() {
    let home = home();
    home.agent("ls -l /proc/$PPID/exe > /dev/null; ps -o pid= --ppid $PPID > \"$RECORD/children\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    let children = home.recorded("children");
    assert!(children.split_whitespace().count() >= 2, "the agent and the watcher: {children}");
    for pid in children.split_whitespace() {
        assert!(!fs::exists(format!("/proc/{pid}")).unwrap(), "{pid} is left");
    }
}

fn recorded_pid(home: &Home, name: &str) -> Pid {
    Pid::from_raw(home.recorded(name).trim().parse().unwrap())
}

/// A terminal with a program in its foreground.
struct Terminal {
    ours: File,
    theirs: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        let pair = openpty(None, None).unwrap();
        Self { ours: File::from(pair.master), theirs: pair.slave }
    }

    /// Starts `command` as the first program on the terminal.
    #[expect(unsafe_code, reason = "a session is made between fork and exec, by async-signal-safe calls alone")]
    fn start(&self, command: &mut Command) -> std::process::Child {
        let end = || Stdio::from(self.theirs.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        let take_terminal = || {
            setsid()?;
            // SAFETY: standard input is the terminal, and the call takes no pointer.
            match unsafe { nix::libc::ioctl(0, nix::libc::TIOCSCTTY, 0) } {
                -1 => Err(std::io::Error::last_os_error()),
                _ => Ok(()),
            }
        };
        // SAFETY: `take_terminal` allocates nothing and takes no lock.
        unsafe { command.pre_exec(take_terminal) };
        command.spawn().unwrap()
    }

    /// Types `text`.
    fn write(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until `text` has been shown.
    fn wait_for(&mut self, text: &str) -> String {
        let mut shown = String::new();
        let mut bytes = [0; 4096];
        while !shown.contains(text) {
            let count = self.ours.read(&mut bytes).unwrap_or_else(|err| panic!("{err}; no {text:?} in {shown}"));
            shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        shown
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(self.theirs.as_fd()).unwrap().local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }
}

#[test]
fn a_terminal_is_as_before_when_headroom_is_killed_over_an_agent_that_changed_it() {
    let home = home();
    home.program("claude", "trap '' TERM\nstty raw -echo\nprintf '\\033[?1000hready'\nwhile :; do sleep 0.05; done");
    let mut terminal = Terminal::new();
    // The shell of a script, which leaves the terminal to others.
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" wrap claude; echo ended $?; read line"]).arg(env!("CARGO_BIN_EXE_headroom"));
    let wrap = home.headroom(&[]);
    shell.current_dir(home.project()).env_clear();
    shell.envs(wrap.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut shell = terminal.start(&mut shell);
    terminal.wait_for("ready");
    assert!(terminal.is_raw());

    kill(holder(&home), Signal::SIGKILL).unwrap();
    terminal.wait_for("ended 137");
    terminal.wait_for("\x1b[?1000l");
    assert!(!terminal.is_raw());
    terminal.write("\n");
    shell.wait().unwrap();
}

#[test]
fn ctrl_z_and_fg_go_to_the_agent_and_come_back() {
    let home = home();
    home.program("claude", "echo re''ady\nread line\necho got $line\nexit 6");
    let mut terminal = Terminal::new();
    let mut shell = home.headroom(&[]);
    let environment: Vec<_> =
        shell.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    shell = Command::new("sh");
    shell.arg("-i").current_dir(home.project()).env_clear().envs(environment).env("PS1", "prompt> ").env("ENV", "");
    let mut shell = terminal.start(&mut shell);
    terminal.wait_for("prompt> ");
    terminal.write(&format!("{} wrap claude\n", env!("CARGO_BIN_EXE_headroom")));
    terminal.wait_for("\nready");
    terminal.write("\x1a");
    terminal.wait_for("prompt> ");
    terminal.write("fg\n");
    terminal.write("word\n");
    terminal.wait_for("got word");
    terminal.wait_for("prompt> ");
    terminal.write("echo co''de $?\n");
    terminal.wait_for("code 6");
    terminal.write("exit\n");
    shell.wait().unwrap();
    assert_eq!(home.read(".claude.json"), CONFIG);
}

/// The process of the only wrap.
fn holder(home: &Home) -> Pid {
    let folder = home.home().join(".headroom/ledger/holders");
    let holder = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let holder: serde_json::Value = serde_json::from_slice(&fs::read(holder).unwrap()).unwrap();
    Pid::from_raw(holder["pid"].as_i64().unwrap().try_into().unwrap())
}
