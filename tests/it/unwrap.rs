//! `unwrap`, and what it refuses.

use crate::support::home::Home;

const CONFIG: &str = "{\"a\":1}";

#[test]
fn nothing_to_undo_is_no_failure_and_makes_no_folder() {
    let home = Home::new();
    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("nothing to undo");
    home.run(&["unwrap", "--all"]).expect_code(0);
    assert!(!home.home().join(".headroom").exists());
}

#[test]
fn a_wrap_that_runs_is_refused_and_named() {
    let home = Home::new();
    home.file(".claude.json", CONFIG).waiting_agent("");
    let wrap = home.start("", &["wrap", "claude"]);
    let ran = home.run(&["unwrap", "claude"]).expect_code(1);
    ran.expect_said("`claude` (process ").expect_said("is still running");
    home.run(&["unwrap", "--all", "--force"]).expect_code(1);
    assert!(home.read(".claude.json").contains("headroom"));
    wrap.go_on().expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn what_was_prepared_stays_until_unwrap() {
    let home = Home::new();
    home.file(".claude.json", CONFIG).agent("");
    home.run(&["wrap", "claude", "--prepare-only"]).expect_code(0).expect_said("edited `~/.claude.json`");
    let prepared = home.read(".claude.json");
    assert!(prepared.contains("mcpServers"));

    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), prepared);

    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("restored `~/.claude.json`");
    assert_eq!(home.read(".claude.json"), CONFIG);
}

/// A home with what a wrap has left that was killed, and the file of this holder.
fn after_kill() -> (Home, String) {
    let home = Home::new();
    home.file(".claude.json", CONFIG).waiting_agent("");
    let wrap = home.start("", &["wrap", "claude"]);
    let session = home.seen_variable("HEADROOM_SESSION").unwrap();
    wrap.signal(nix::sys::signal::Signal::SIGKILL);
    wrap.end();
    let holder = format!(".headroom/ledger/holders/{session}.json");
    (home, holder)
}

#[test]
fn a_wrap_that_died_before_the_machine_got_its_name_is_known_by_the_boot() {
    let (home, holder) = after_kill();
    let mut renamed: serde_json::Value = serde_json::from_str(&home.read(&holder)).unwrap();
    renamed["host"] = "elsewhere".into();
    home.file(&holder, &renamed.to_string());

    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("restored `~/.claude.json`");
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn a_wrap_on_another_host_counts_as_alive_until_forced() {
    let (home, holder) = after_kill();
    let mut there: serde_json::Value = serde_json::from_str(&home.read(&holder)).unwrap();
    there["host"] = "elsewhere".into();
    there["boot"] = "another".into();
    home.file(&holder, &there.to_string());

    home.run(&["unwrap", "claude"]).expect_code(1).expect_said("on `elsewhere`").expect_said("--force");
    home.run(&["unwrap", "claude", "--force"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn an_agent_that_nobody_knows_is_a_usage_error_with_a_suggestion() {
    Home::new().run(&["unwrap", "cluade"]).expect_code(2).expect_said("did you mean `claude`?");
}
