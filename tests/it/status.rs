//! `status`, and who else may touch a user's files.

use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::snapshot::Snapshot;

const CONFIG: &str = "{\"a\":1}";

fn home() -> Home {
    let home = Home::new();
    home.file(".claude.json", CONFIG).waiting_agent("");
    home
}

fn after_kill() -> Home {
    let home = home();
    let wrap = home.start("", &["wrap", "claude"]);
    wrap.signal(Signal::SIGKILL);
    wrap.end().expect_code(137);
    home
}

fn status(home: &Home, code: i32) -> Value {
    serde_json::from_str(&home.run(&["status", "--json"]).expect_code(code).stdout).unwrap()
}

#[test]
fn where_nothing_was_ever_wrapped_status_says_so_and_makes_nothing() {
    let home = home();
    let said = home.run(&["status"]).expect_code(0).stdout;
    assert_eq!(said, "no wrap runs\nnothing is left of earlier ones\n");
    let nothing = json!({"wraps": [], "prepared": [], "restored": [], "stuck": [], "originals": [], "remembered": []});
    assert_eq!(status(&home, 0), nothing);
    assert!(!home.home().join(".headroom").exists());
}

#[test]
fn a_running_wrap_is_shown_with_its_proxy_and_the_host_behind_it() {
    let home = home();
    let gateway = [("ANTHROPIC_BASE_URL", "https://me:secret@gateway.example:8443/path")];
    let wrap = home.start_with("", &["wrap", "claude"], &gateway);
    let holder = home.seen_holder();
    let status = status(&home, 0);
    let shown = &status["wraps"][0];
    for key in ["agent", "session", "pid", "host", "started", "project", "address"] {
        assert_eq!(shown[key], holder[key], "{key}");
    }
    assert_eq!(shown["upstream"], "gateway.example:8443");
    let config = home.home().join(".claude.json");
    assert_eq!(shown["files"], json!([config]));
    assert_eq!(status["originals"][0]["path"], json!(config));

    let text = home.run(&["status"]).expect_code(0).stdout;
    for part in ["AGENT", "claude", "gateway.example:8443", holder["address"].as_str().unwrap(), " s "] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert!(text.contains("`~/.claude.json` as it was before is kept in `~/.headroom/ledger/originals/"), "{text}");
    wrap.go_on().expect_code(0);

    let after = self::status(&home, 0);
    assert_eq!((&after["wraps"], &after["originals"]), (&json!([]), &json!([])));
    assert_eq!(after["remembered"][0]["entry"], "headroom");
}

#[test]
fn status_restores_what_a_killed_wrap_left_and_says_so() {
    let home = after_kill();
    home.run(&["status"]).expect_code(0).expect_said("restored `~/.claude.json`");
    assert_eq!(home.read(".claude.json"), CONFIG);
    let home = after_kill();
    assert_eq!(status(&home, 0)["restored"], json!([{"path": home.home().join(".claude.json"), "how": "original"}]));
    assert_eq!(status(&home, 0)["restored"], json!([]));
}

#[test]
fn a_file_that_is_stuck_is_shown_with_what_to_do_each_time() {
    let home = after_kill();
    home.file(".claude.json", &home.read(".claude.json").replace("\"a\":1", "\"a\":"));
    for _ in 0..2 {
        let stuck = status(&home, 1)["stuck"][0].clone();
        assert_eq!(stuck["path"], json!(home.home().join(".claude.json")));
        assert_eq!(stuck["by_hand"], json!(["the key `mcpServers.headroom`"]));
        assert_eq!(std::fs::read_to_string(stuck["copy"].as_str().unwrap()).unwrap(), CONFIG);
    }
    let ran = home.run(&["status"]).expect_code(1);
    ran.expect_said("could not restore `~/.claude.json`: not valid JSON").expect_said("take out the key");
}

#[test]
fn what_was_prepared_is_shown_until_it_is_undone() {
    let home = home();
    home.run(&["wrap", "claude", "--prepare-only"]).expect_code(0);
    let prepared = status(&home, 0)["prepared"].clone();
    assert_eq!(prepared, json!([{"agent": "claude", "files": [home.home().join(".claude.json")]}]));
    let text = home.run(&["status"]).expect_code(0).stdout;
    assert!(text.contains("prepared for claude: `~/.claude.json`, until `headroom unwrap claude`"), "{text}");
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(status(&home, 0)["prepared"], json!([]));
}

#[test]
fn a_ledger_that_is_damaged_is_a_failure_that_names_it() {
    let home = home();
    home.file(".headroom/ledger/ledger.json", "{\n\n!");
    home.run(&["status"]).expect_code(1).expect_said("ledger.json` is damaged at line 3");
}

#[test]
fn no_other_command_touches_what_a_killed_wrap_left() {
    let home = after_kill();
    // Only the store and the log are theirs to write.
    let all = || {
        let mut all = Snapshot::of(home.home().parent().unwrap());
        let is_own = |path: &std::path::Path| {
            let path = path.display().to_string();
            path.contains(".headroom/store.db") || path.contains(".headroom/headroom.log") || path.starts_with("record")
        };
        all.0.retain(|path, _| !is_own(path));
        all
    };
    let before = all();
    for words in [
        &["agents"][..],
        &["agents", "--json"],
        &["--help"],
        &["wrap", "--help"],
        &["status", "--help"],
        &["wrap", "claude", "--dry-run"],
        &["wrap", "codex", "--dry-run"],
        &["completions", "bash"],
        &["retrieve", "0123456789abcdef"],
        &["compress"],
        &["demo"],
        &["mcp", "serve"],
        &["unwrap", "cluade"],
        &["--version"],
    ] {
        home.run(words);
        assert_eq!(all().differences(&before), Vec::<std::path::PathBuf>::new(), "{words:?}");
    }
    let mut proxy = home.headroom(&["proxy", "--port", "0"]);
    let mut proxy = proxy.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 1];
    std::io::Read::read_exact(proxy.stderr.as_mut().unwrap(), &mut said).unwrap();
    proxy.kill().unwrap();
    proxy.wait().unwrap();
    assert_eq!(all().differences(&before), Vec::<std::path::PathBuf>::new(), "proxy");
    std::io::stdout().flush().unwrap();
}
