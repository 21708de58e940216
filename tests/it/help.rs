//! What the binary says of itself: help texts and completions.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run the binary and rewrite fixtures")]

use std::path::Path;
use std::process::{Command, Output};

fn headroom(args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
    let output = command.args(args).env("HOME", home.path()).env_remove("HEADROOM_HOME").output().unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "{args:?} leaves nothing behind");
    output
}

#[test]
fn checked_in_completions_are_current() {
    for (shell, suffix) in
        [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish"), ("powershell", "ps1"), ("elvish", "elv")]
    {
        let script = headroom(&["completions", shell]).stdout;
        assert!(String::from_utf8_lossy(&script).contains("headroom"), "{shell}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(format!("headroom.{suffix}"));
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&path, &script).unwrap();
        }
        let checked_in = std::fs::read(&path).unwrap_or_default();
        assert!(script == checked_in, "completions/headroom.{suffix} is old: run UPDATE_FIXTURES=1 cargo test help::");
    }
}

#[test]
fn commands_that_are_typed_by_hand_show_an_example() {
    for command in [&["retrieve"][..], &["completions"], &["mcp", "serve"], &["status"], &["agents"]] {
        let output = headroom(&[command, &["--help"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Example"), "{command:?}: {text}");
    }
}
