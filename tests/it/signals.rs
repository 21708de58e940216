//! Ctrl-C, TERM and the exit codes of signals.

use nix::sys::signal::Signal;

use crate::support::home::Home;

const CONFIG: &str = "{\n  \"numStartups\": 1\n}\n";

fn home_with_waiting_agent() -> Home {
    let home = Home::new();
    home.file(".claude.json", CONFIG).waiting_agent("");
    home
}

#[test]
fn ctrl_c_is_the_agents_to_act_on() {
    let home = home_with_waiting_agent();
    let wrap = home.start("", &["wrap", "claude"]);
    wrap.signal_group(Signal::SIGINT);
    wrap.end().expect_code(5);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn an_interrupt_sent_to_us_alone_does_not_end_the_agent() {
    let home = home_with_waiting_agent();
    let wrap = home.start("", &["wrap", "claude"]);
    wrap.signal(Signal::SIGINT);
    wrap.go_on().expect_code(0);
}

#[test]
fn term_and_hang_up_are_passed_on() {
    for (signal, code) in [(Signal::SIGTERM, 3), (Signal::SIGHUP, 4)] {
        let home = home_with_waiting_agent();
        let wrap = home.start("", &["wrap", "claude"]);
        wrap.signal(signal);
        wrap.end().expect_code(code);
        assert_eq!(home.read(".claude.json"), CONFIG);
    }
}

#[test]
fn an_agent_killed_by_a_signal_ends_us_with_128_and_its_number() {
    let home = Home::new();
    home.agent("kill -9 $$");
    home.run(&["wrap", "claude"]).expect_code(137);
    home.agent("kill -11 $$");
    home.run(&["wrap", "claude"]).expect_code(139);
}

#[test]
fn the_agent_starts_with_no_signal_blocked_or_ignored() {
    let home = Home::new();
    home.agent("grep -E '^Sig(Blk|Ign)' /proc/self/status > \"$RECORD/mask\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    for line in home.recorded("mask").lines() {
        let bits = u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
        // The C library keeps the real-time signals for itself.
        assert_eq!(bits & 0x7fff_ffff, 0, "{line}");
    }
}
