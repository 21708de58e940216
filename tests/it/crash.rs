//! Wraps that die or meet other programs in their files, and what the next command makes of it.

use std::fs;

use nix::sys::signal::Signal;

use crate::support::home::{Home, Ran};

const CONFIG: &str = "{\n  \"numStartups\": 1,\n\t\"odd\":   [1,2]\n}\n";

/// A home in which a wrap has died by SIGKILL while its agent ran.
fn after_kill() -> Home {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o640).waiting_agent("");
    let wrap = home.start("", &["wrap", "claude"]);
    wrap.signal(Signal::SIGKILL);
    wrap.end().expect_code(137);
    assert!(home.read(".claude.json").contains("mcpServers"));
    home
}

#[test]
fn unwrap_restores_what_a_killed_wrap_left() {
    let home = after_kill();
    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("restored `~/.claude.json`");
    assert_eq!(home.read(".claude.json"), CONFIG);
    assert_eq!(fs::read_dir(home.home().join(".headroom/ledger/originals")).unwrap().count(), 0);
    assert!(!home.home().join(".headroom/run").exists());
    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("nothing to undo");
}

#[test]
fn the_next_wrap_starts_from_what_was_there_before_the_killed_one() {
    let home = after_kill();
    home.agent("");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn what_changed_since_the_kill_survives() {
    let home = after_kill();
    let text = home.read(".claude.json").replace("\"numStartups\": 1", "\"numStartups\": 2");
    home.file(".claude.json", &text);
    home.run(&["unwrap", "--all"]).expect_code(0).expect_said("kept what else changed");
    assert_eq!(home.read(".claude.json"), CONFIG.replace("\"numStartups\": 1", "\"numStartups\": 2"));
}

#[test]
fn a_crash_between_ledger_and_edit_leaves_the_file_as_it_is() {
    let home = after_kill();
    home.file_with_mode(".claude.json", CONFIG, 0o640);
    let before = home.snapshot();
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(home.snapshot(), before);
}

#[test]
fn an_agent_does_not_outlive_its_wrap() {
    let home = Home::new();
    home.waiting_agent("");
    let wrap = home.start("", &["wrap", "claude"]);
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
}

#[test]
fn a_file_that_does_not_parse_any_more_is_not_touched_and_named() {
    let home = after_kill();
    let broken = home.read(".claude.json").replace("[1,2]", "1,2]");
    home.file(".claude.json", &broken);
    let ran = home.run(&["unwrap", "claude"]).expect_code(1);
    let ran = ran.expect_said("could not restore `~/.claude.json`: not valid JSON at line");
    let ran = ran.expect_said("take out the key `mcpServers.headroom`");
    assert_eq!(copy(&home, &ran), CONFIG);
    assert_eq!(home.read(".claude.json"), broken);

    // Repaired, it can be restored: the ledger has not forgotten.
    home.file(".claude.json", &broken.replace("1,2]", "[1,2]"));
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn a_file_that_is_empty_after_a_crash_does_not_cost_the_only_copy() {
    for emptied in ["", " \n", "\u{feff}", "\0\0"] {
        let home = after_kill();
        home.file(".claude.json", emptied);
        for command in [&["unwrap", "claude"], &["unwrap", "--all"]] {
            let ran = home.run(command).expect_code(1);
            let ran = ran.expect_said("could not restore `~/.claude.json`: it is empty, and was not before");
            assert_eq!(copy(&home, &ran), CONFIG);
            assert_eq!(home.read(".claude.json"), emptied);
        }

        home.file(".claude.json", CONFIG);
        home.run(&["unwrap", "claude"]).expect_code(0);
        assert_eq!(home.read(".claude.json"), CONFIG);
        assert_eq!(fs::read_dir(home.home().join(".headroom/ledger/originals")).unwrap().count(), 0);
    }
}

/// What is in the copy that a hint names.
fn copy(home: &Home, ran: &Ran) -> String {
    let (_, rest) = ran.stderr.split_once("hint: `~/").unwrap_or_else(|| panic!("no copy is named: {ran:?}"));
    home.read(rest.split_once('`').unwrap().0)
}

#[test]
fn an_entry_that_an_agent_writes_back_is_taken_off_again() {
    let home = Home::new();
    home.file(".claude.json", CONFIG).agent("cp \"$HOME/.claude.json\" \"$RECORD/memory\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    // Another process of the agent saves what it remembers.
    home.file(".claude.json", &home.recorded("memory"));

    home.run(&["unwrap", "claude"]).expect_code(0).expect_said("an agent had put it back");
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn an_entry_that_comes_back_while_the_next_wrap_begins_is_not_taken_for_the_users() {
    let home = Home::new();
    home.file(".claude.json", CONFIG).agent("cp \"$HOME/.claude.json\" \"$RECORD/memory\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    // It asks git whether the file is tracked after it has looked for what came back, and before it edits.
    fs::write(home.project().join("CLAUDE.local.md"), "mine\n").unwrap();
    home.program("git", "cp \"$RECORD/memory\" \"$HOME/.claude.json\"; exit 1").agent("");

    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn a_damaged_ledger_stops_no_agent_and_is_named() {
    let home = Home::new();
    home.file(".headroom/ledger/ledger.json", "{\n\n!").file(".claude.json", CONFIG).agent("exit 7");
    let ran = home.run(&["wrap", "claude"]).expect_code(7);
    ran.expect_said("ledger.json` is damaged at line 3");
    assert_eq!(home.seen(".claude.json"), CONFIG);
    home.run(&["unwrap", "claude"]).expect_code(1).expect_said("is damaged at line 3");
}

fn count_up(home: &Home) {
    home.file(".claude.json", &home.read(".claude.json").replace("\"numStartups\": 1", "\"numStartups\": 2"));
}

/// The last step before which it is looked whether the config is still as it was read.
fn is_before_the_last_look(step: &str) -> bool {
    step.starts_with("Flush") && step.ends_with("/.headroom-new-.claude.json")
}

#[test]
fn what_another_program_writes_while_a_wrap_begins_is_kept() {
    let home = || {
        let home = Home::new();
        home.file(".claude.json", CONFIG).agent("").program("rtk", "");
        home
    };
    let (home, like) = (home(), home());
    let wrap = home.stop_before(&["wrap", "claude"], &like, &is_before_the_last_look);
    count_up(&home);
    wrap.go_on().expect_code(0);
    let seen = home.seen(".claude.json");
    assert!(seen.contains("mcpServers") && seen.contains("\"numStartups\": 2"), "{seen}");
    assert!(home.recorded("project/CLAUDE.local.md").contains("rtk git status"));
    assert_eq!(home.read(".claude.json"), CONFIG.replace("\"numStartups\": 1", "\"numStartups\": 2"));
}

#[test]
fn what_another_program_writes_while_a_file_is_restored_is_kept() {
    let (home, like) = (after_kill(), after_kill());
    let unwrap = home.stop_before(&["unwrap", "claude"], &like, &is_before_the_last_look);
    count_up(&home);
    unwrap.go_on().expect_code(0).expect_said("kept what else changed");
    assert_eq!(home.read(".claude.json"), CONFIG.replace("\"numStartups\": 1", "\"numStartups\": 2"));
}
