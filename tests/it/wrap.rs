//! A wrap as the user sees it: files, routing, exit codes.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::home::{Home, Ran};

const CONFIG: &str = "{\n  \"numStartups\": 1,\n\t\"odd\":   [1,2]\n}\n";
const THEIRS: &str = "https://gateway.example/anthropic";

fn home_with_config() -> Home {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o640);
    home
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn base_url(home: &Home) -> String {
    home.seen_variable("ANTHROPIC_BASE_URL").unwrap()
}

// Files.

#[test]
fn the_agent_sees_our_server_and_every_file_is_back_afterwards() {
    let home = home_with_config();
    home.file(".claude/settings.json", "{\"model\": \"x\"}").agent("");
    let before = home.snapshot();

    home.run(&["wrap", "claude"]).expect_code(0).expect_said("restored `~/.claude.json`");

    let server = json(&home.seen(".claude.json"))["mcpServers"]["headroom"].clone();
    assert_eq!(server["command"], env!("CARGO_BIN_EXE_headroom"));
    assert_eq!((&server["args"], &server["env"]), (&json!(["mcp", "serve"]), &json!({})));
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_file_that_was_not_there_is_gone_again_with_its_folder() {
    let home = Home::new();
    home.agent("");
    let before = home.snapshot();
    let config = home.home().join("deep/config");
    home.run_with(&["wrap", "claude"], &[("CLAUDE_CONFIG_DIR", config.to_str().unwrap())]).expect_code(0);
    assert!(home.seen("deep/config/.claude.json").contains("headroom"));
    assert_eq!(home.snapshot(), before);
}

#[test]
fn an_empty_file_is_empty_again() {
    let home = Home::new();
    home.file(".claude.json", "").agent("");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.seen(".claude.json").contains("headroom"));
    assert_eq!(home.read(".claude.json"), "");
}

#[test]
fn what_the_agent_changes_in_its_file_stays() {
    let home = home_with_config();
    home.agent("sed -i 's/\"numStartups\": 1/\"numStartups\": 2/' \"$HOME/.claude.json\"");
    home.run(&["wrap", "claude"]).expect_code(0).expect_said("kept what else changed");
    assert_eq!(home.read(".claude.json"), CONFIG.replace("\"numStartups\": 1", "\"numStartups\": 2"));
}

#[test]
fn a_file_that_the_agent_makes_is_its_own() {
    let home = Home::new();
    home.agent("sed -i '0,/{/s//{ \"theirs\": true,/' \"$HOME/.claude.json\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(json(&home.read(".claude.json")), json!({"theirs": true}));
}

#[test]
fn our_entry_is_the_users_once_the_user_changes_it() {
    let home = home_with_config();
    home.agent("sed -i 's/\"serve\"/\"serve\", \"--mine\"/' \"$HOME/.claude.json\"");
    home.run(&["wrap", "claude"]).expect_code(0).expect_said("left `~/.claude.json` as it is");
    assert!(home.read(".claude.json").contains("--mine"));
}

#[test]
fn the_users_own_entry_of_our_name_comes_back() {
    let home = Home::new();
    let config = "{\"mcpServers\": {\"headroom\": {\"command\": \"mine\"}}}";
    home.file(".claude.json", config).agent("sed -i 's/^{/{ \"n\": 1,/' \"$HOME/.claude.json\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.seen(".claude.json").contains("serve"));
    assert_eq!(home.read(".claude.json"), config.replacen('{', "{ \"n\": 1,", 1));
}

#[test]
fn a_symlink_stays_one() {
    let home = Home::new();
    home.file("dotfiles/claude.json", CONFIG).agent("");
    symlink("dotfiles/claude.json", home.home().join(".claude.json")).unwrap();
    let before = home.snapshot();
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.seen("dotfiles/claude.json").contains("mcpServers"));
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_symlink_to_nothing_is_left_alone() {
    let home = Home::new();
    home.agent("exit 7");
    symlink("nowhere", home.home().join(".claude.json")).unwrap();
    let before = home.snapshot();
    home.run(&["wrap", "claude"]).expect_code(7).expect_said("it is a symlink to nothing");
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_hard_link_is_still_one_file() {
    use std::os::unix::fs::MetadataExt;
    let home = home_with_config();
    home.agent("");
    let (path, other) = (home.home().join(".claude.json"), home.home().join("other"));
    fs::hard_link(&path, &other).unwrap();
    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(fs::metadata(&path).unwrap().ino(), fs::metadata(&other).unwrap().ino());
    assert_eq!(home.read("other"), CONFIG);
}

#[test]
fn a_hard_link_on_a_full_disk_keeps_its_bytes() {
    let home = Home::new();
    let config = format!("{{\n  \"pad\": \"{}\"\n}}\n", "x".repeat(65_500));
    home.file(".claude.json", &config).agent("exit 7");
    fs::hard_link(home.home().join(".claude.json"), home.home().join("other")).unwrap();
    // 64 KiB a file, and an error instead of a signal.
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"";
    let wrap = home.headroom(&["wrap", "claude"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", script]).arg(wrap.get_program()).args(wrap.get_args()).current_dir(home.project()).env_clear();
    limited.envs(wrap.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::from(limited.output().unwrap()).expect_code(7);
    ran.expect_said("`~/.claude.json` is not edited: could not write");
    assert_eq!(home.read("other"), config);
}

#[test]
fn a_file_of_somebody_elses_that_we_may_write_is_restored() {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o666).agent("");
    for folder in [home.home(), home.record(), home.record().parent().unwrap().to_owned()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    as_nobody(&home, &["wrap", "claude"]).expect_code(0).expect_said("changed until Claude Code ends");
    assert!(home.seen(".claude.json").contains("mcpServers"));
    assert_eq!(home.read(".claude.json"), CONFIG);
}

#[test]
fn a_read_only_file_is_left_alone_and_the_agent_runs() {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o444).agent("exit 7");
    home.run(&["wrap", "claude"]).expect_code(7).expect_said("`~/.claude.json` is not edited: it is read-only");
    assert_eq!(home.seen(".claude.json"), CONFIG);
}

#[test]
fn a_file_that_does_not_parse_is_named_with_its_line_and_the_agent_runs() {
    let home = Home::new();
    home.file(".claude.json", "{\n  \"a\": \n}\n").agent("exit 7");
    home.run(&["wrap", "claude"]).expect_code(7).expect_said("`~/.claude.json` is not edited: not valid JSON at line");
    assert_eq!(home.read(".claude.json"), "{\n  \"a\": \n}\n");
}

/// `headroom` as somebody who may write only what is open to all.
fn as_nobody(home: &Home, words: &[&str]) -> Ran {
    let mut command = home.headroom(words);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    Ran::from(command.output().unwrap())
}

#[test]
fn in_a_read_only_home_the_agent_runs_without_edits() {
    let home = home_with_config();
    home.agent("exit 7");
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(home.record(), open.clone()).unwrap();
    fs::set_permissions(home.record().parent().unwrap(), open).unwrap();
    fs::set_permissions(home.home().join(".claude.json"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(home.home(), fs::Permissions::from_mode(0o555)).unwrap();
    let before = home.snapshot();
    let ran = as_nobody(&home, &["wrap", "claude"]).expect_code(7).expect_said("`~/.claude.json` is not edited");
    assert_eq!(ran.stderr.matches("warning").count(), 1, "{}", ran.stderr);
    assert_eq!(home.snapshot(), before);
    assert!(base_url(&home).starts_with("http://127.0.0.1:"));
    fs::set_permissions(home.home(), fs::Permissions::from_mode(0o755)).unwrap();
}

// Two at once.

#[test]
fn two_wraps_share_one_entry_and_the_last_to_leave_restores() {
    for first_ends_first in [true, false] {
        let home = home_with_config();
        home.waiting_agent("");
        let first = home.start("1", &["wrap", "claude"]);
        let first_url = base_url(&home);
        let edited = home.read(".claude.json");
        let second = home.start("2", &["wrap", "claude"]);
        assert_ne!(base_url(&home), first_url);
        assert_eq!(home.read(".claude.json"), edited);
        let (one, other) = if first_ends_first { (first, second) } else { (second, first) };

        one.go_on().expect_code(0);
        assert_eq!(home.read(".claude.json"), edited, "the other wrap still needs it");
        other.go_on().expect_code(0);
        assert_eq!(home.read(".claude.json"), CONFIG);
    }
}

#[test]
fn a_wrap_inside_a_wrap_goes_to_the_first_ones_upstream() {
    let home = home_with_config();
    home.agent("[ -n \"$INNER\" ] || INNER=1 headroom wrap claude");
    home.run_with(&["wrap", "claude"], &[("ANTHROPIC_BASE_URL", THEIRS)]).expect_code(0);
    assert_eq!(home.seen_variable("INNER").unwrap(), "1");
    assert_eq!(home.seen_holder()["upstream"], THEIRS);
    assert_eq!(home.read(".claude.json"), CONFIG);
}

// Routing.

#[test]
fn the_agent_is_pointed_at_the_proxy_and_can_call_us_back() {
    let home = home_with_config();
    home.agent("command -v headroom > \"$RECORD/ours\"; readlink -f \"$(command -v headroom)\" >> \"$RECORD/ours\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    let address = home.seen_holder()["address"].as_str().unwrap().to_owned();
    assert_eq!(base_url(&home), format!("http://{address}"));
    assert_eq!(home.seen_variable("ENABLE_TOOL_SEARCH").unwrap(), "true");
    assert_eq!(home.seen_variable("HEADROOM_HOME").unwrap(), home.home().join(".headroom").to_str().unwrap());
    let session = home.seen_variable("HEADROOM_SESSION").unwrap();
    let link = home.home().join(format!(".headroom/run/{session}/bin/headroom"));
    let real = fs::canonicalize(env!("CARGO_BIN_EXE_headroom")).unwrap();
    assert_eq!(home.recorded("ours"), format!("{}\n{}\n", link.display(), real.display()));
    assert!(!home.home().join(".headroom/run").exists());
}

#[test]
fn headroom_on_path_needs_no_link() {
    let home = Home::new();
    home.agent("");
    symlink(env!("CARGO_BIN_EXE_headroom"), home.bin().join("headroom")).unwrap();
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.seen_variable("PATH").unwrap().starts_with(home.bin().to_str().unwrap()));
}

#[test]
fn what_the_user_has_set_for_tool_search_stays() {
    let home = Home::new();
    home.agent("");
    home.run_with(&["wrap", "claude"], &[("ENABLE_TOOL_SEARCH", "auto:5")]).expect_code(0);
    assert_eq!(home.seen_variable("ENABLE_TOOL_SEARCH").unwrap(), "auto:5");
}

#[test]
fn requests_to_us_do_not_go_through_the_proxy_of_the_network() {
    const OURS: &str = "127.0.0.1,localhost,::1";
    let both = format!("corp.example,{OURS}");
    let (both, proxy) = (both.as_str(), "http://proxy.example:3128");
    for (env, upper, lower) in [
        (vec![], None, None),
        (vec![("NO_PROXY", "corp.example")], Some("corp.example"), None),
        (vec![("HTTPS_PROXY", "")], None, None),
        (vec![("HTTPS_PROXY", proxy)], Some(OURS), Some(OURS)),
        (vec![("all_proxy", proxy), ("no_proxy", "corp.example")], Some(both), Some(both)),
        (
            vec![("http_proxy", proxy), ("NO_PROXY", "localhost, "), ("no_proxy", "corp.example,")],
            Some("localhost,127.0.0.1,::1"),
            Some(both),
        ),
        (vec![("HTTP_PROXY", proxy), ("NO_PROXY", "*")], Some("*"), None),
        (vec![("HTTPS_PROXY", proxy), ("no_proxy", "a.example 127.0.0.1")], None, Some("a.example 127.0.0.1")),
    ] {
        let home = Home::new();
        home.agent("");
        home.run_with(&["wrap", "claude"], &env).expect_code(0);
        let seen = (home.seen_variable("NO_PROXY"), home.seen_variable("no_proxy"));
        assert_eq!((seen.0.as_deref(), seen.1.as_deref()), (upper, lower), "{env:?}");
    }
    let home = Home::new();
    home.agent("");
    let ran = home.run_with(&["wrap", "claude", "--dry-run"], &[("HTTPS_PROXY", proxy)]).expect_code(0);
    assert!(ran.stdout.contains(&format!("NO_PROXY='{OURS}'")), "{}", ran.stdout);
}

#[test]
fn a_proxy_of_the_network_in_the_agents_settings_is_kept_from_us_too() {
    let home = Home::new();
    let settings = json!({"env": {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "corp.example"}});
    home.file(".claude/settings.json", &settings.to_string()).agent("");
    home.run(&["wrap", "claude"]).expect_code(0);
    let ours = json!({"env": {"NO_PROXY": "corp.example,127.0.0.1,localhost,::1"}});
    assert_eq!((home.seen_args()[0].as_str(), json(&home.seen_args()[1])), ("--settings", ours));
}

#[test]
fn a_taken_port_gives_the_next() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = Home::new();
    home.agent("");
    home.run(&["wrap", "claude", "--port", &port.to_string()]).expect_code(0);
    assert!(base_url(&home).starts_with("http://127.0.0.1:"));
    assert_ne!(base_url(&home), format!("http://127.0.0.1:{port}"));
}

#[test]
fn a_base_url_in_the_environment_becomes_our_upstream() {
    let home = Home::new();
    home.agent("");
    let ran = home.run_with(&["wrap", "claude"], &[("ANTHROPIC_BASE_URL", THEIRS)]).expect_code(0);
    ran.expect_said(&format!("requests go on to {THEIRS}, as the environment says"));
    assert_eq!(home.seen_holder()["upstream"], THEIRS);
    assert_eq!(home.seen_args(), [""; 0]);
}

#[test]
fn a_base_url_in_the_settings_becomes_our_upstream_and_ours_goes_on_top() {
    let home = Home::new();
    let settings = json!({"env": {"ANTHROPIC_BASE_URL": THEIRS}}).to_string();
    for (name, env) in [
        ("home/.claude/settings.json", ""),
        ("project/.claude/settings.local.json", ""),
        ("home/mine/settings.json", "mine"),
    ] {
        let home = Home::new();
        home.file(&format!("../{name}"), &settings).agent("");
        let config = home.home().join("mine");
        let env = if env.is_empty() { vec![] } else { vec![("CLAUDE_CONFIG_DIR", config.to_str().unwrap())] };
        let before = home.snapshot();
        home.run_with(&["wrap", "claude", "-p", "hi"], &env).expect_code(0);
        let ours = json!({"env": {"ANTHROPIC_BASE_URL": base_url(&home)}}).to_string();
        assert_eq!(home.seen_args(), ["--settings", &ours, "-p", "hi"], "{name}");
        assert_eq!(home.seen_holder()["upstream"], THEIRS, "{name}");
        assert_eq!(home.snapshot(), before);
    }
    drop(home);
}

#[test]
fn the_users_own_settings_option_is_merged_and_its_file_untouched() {
    let home = Home::new();
    let settings = json!({"model": "x", "env": {"ANTHROPIC_BASE_URL": THEIRS, "A": "1"}}).to_string();
    home.file("mine.json", &settings).agent("");
    let path = home.home().join("mine.json");
    home.run(&["wrap", "claude", "-p", "--settings", path.to_str().unwrap(), "hi"]).expect_code(0);
    let name = format!(".headroom/run/{}/settings.json", home.seen_variable("HEADROOM_SESSION").unwrap());
    let file = home.home().join(&name);
    assert_eq!(home.seen_args(), ["--settings", file.to_str().unwrap(), "-p", "hi"]);
    let ours = json!({"model": "x", "env": {"ANTHROPIC_BASE_URL": base_url(&home), "A": "1"}});
    assert_eq!(json(&home.seen(&name)), ours);
    let mode = fs::metadata(home.record().join("home").join(&name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    assert!(!home.home().join(".headroom/run").exists());
    assert_eq!(home.read("mine.json"), settings);
    assert_eq!(home.seen_holder()["upstream"], THEIRS);
}

#[test]
fn the_users_own_settings_reach_the_agent_without_a_folder_of_ours() {
    let home = Home::new();
    let settings = json!({"env": {"ANTHROPIC_BASE_URL": THEIRS, "A": "1"}}).to_string();
    home.file("mine.json", &settings).file(".headroom/ledger/ledger.json", "!").agent("");
    let path = home.home().join("mine.json");
    home.run(&["wrap", "claude", "--settings", path.to_str().unwrap()]).expect_code(0);
    let ours = json!({"env": {"ANTHROPIC_BASE_URL": base_url(&home), "A": "1"}});
    assert_eq!(json(&home.seen_args()[1]), ours);
}

#[test]
fn a_dry_run_names_the_settings_file_and_shows_nothing_of_the_users() {
    let home = Home::new();
    let settings = json!({"apiKeyHelper": "cat /private", "env": {"ANTHROPIC_BASE_URL": THEIRS, "A": "hush"}});
    home.file("mine.json", &settings.to_string()).agent("");
    let path = home.home().join("mine.json");
    let ran = home.run(&["wrap", "claude", "--dry-run", "--settings", path.to_str().unwrap()]).expect_code(0);
    assert!(ran.stdout.contains("/settings.json") && ran.stderr.contains("/settings.json` would hold"), "{ran:?}");
    assert!(ran.stderr.contains("`ANTHROPIC_BASE_URL=http://127.0.0.1:"), "{ran:?}");
    assert!(
        ![&ran.stdout, &ran.stderr].iter().any(|text| text.contains("hush") || text.contains("private")),
        "{ran:?}"
    );
    assert!(!home.home().join(".headroom").exists());
}

#[test]
fn managed_settings_that_route_stop_us_before_anything_changes() {
    let home = home_with_config();
    let spec = include_str!("../../agents/claude.toml");
    let managed = home.home().join("managed.json");
    home.file(
        ".headroom/agents/claude.toml",
        &spec.replace("/etc/claude-code/managed-settings.json", managed.to_str().unwrap()),
    );
    home.file("managed.json", &json!({"env": {"ANTHROPIC_BASE_URL": THEIRS}}).to_string()).agent("");
    let ran = home.run(&["wrap", "claude"]).expect_code(1);
    ran.expect_said("managed.json` sets `ANTHROPIC_BASE_URL`").expect_said("hint:");
    assert!(!home.record().join("args").exists());
}

#[test]
fn routing_around_us_is_said() {
    let home = Home::new();
    home.agent("");
    home.run_with(&["wrap", "claude"], &[("CLAUDE_CODE_USE_BEDROCK", "1")]).expect_said("talks to Bedrock directly");
    home.file(".claude/settings.json", "{\"env\": {\"CLAUDE_CODE_USE_VERTEX\": 1}}");
    home.run(&["wrap", "claude"]).expect_said("talks to Vertex AI directly");
}

#[test]
fn a_running_proxy_can_be_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = proxy.local_addr().unwrap().port().to_string();
    let home = Home::new();
    home.agent("");
    home.run(&["wrap", "claude", "--no-proxy", "--port", &port]).expect_code(0);
    assert_eq!(base_url(&home), format!("http://127.0.0.1:{port}"));
    drop(proxy);
    home.run(&["wrap", "claude", "--no-proxy", "--port", &port]).expect_code(1).expect_said("headroom proxy --port");
}

#[test]
fn what_a_running_proxy_would_not_hear_of_is_a_usage_error() {
    let home = Home::new();
    home.agent("");
    for option in
        ["--anthropic-api-url=https://x.example", "--profile=aggressive", "--exclude-tools=Bash", "--no-optimize"]
    {
        let name = option.split('=').next().unwrap();
        for words in [["wrap", "claude", "--no-proxy", option], ["wrap", option, "claude", "--no-proxy"]] {
            let ran = home.run(&words).expect_code(2);
            ran.expect_said(&format!("`{name}` has no effect with `--no-proxy`")).expect_said("hint:");
        }
    }
    assert!(!home.record().join("args").exists());
    // What stands in the environment is not meant for this one command.
    let env = [("HEADROOM_PROFILE", "aggressive"), ("HEADROOM_EXCLUDE_TOOLS", "Bash")];
    home.run_with(&["wrap", "claude", "--no-proxy", "--port=1"], &env).expect_code(1).expect_said("could not reach");
}

#[test]
fn a_relative_folder_of_ours_holds_wherever_the_agent_goes() {
    let home = home_with_config();
    home.agent("cd / && command -v headroom > \"$RECORD/ours\"");
    home.run_with(&["wrap", "claude"], &[("HEADROOM_HOME", "ours")]).expect_code(0);
    let folder = home.project().join("ours");
    assert_eq!(home.seen_variable("HEADROOM_HOME").unwrap(), folder.to_str().unwrap());
    assert!(home.recorded("ours").starts_with(folder.to_str().unwrap()), "{}", home.recorded("ours"));
}

// Words and exit codes.

#[test]
fn the_agents_words_and_exit_code_pass_unchanged() {
    let home = Home::new();
    home.agent("exit 7");
    home.run(&["wrap", "claude", "--no-mcp", "--verbose", "-p", "fix it", "--dry-run", "--", ""]).expect_code(7);
    assert_eq!(home.seen_args(), ["--verbose", "-p", "fix it", "--dry-run", "--", ""]);
    home.run(&["wrap", "claude", "--", "--port", "1"]).expect_code(7);
    assert_eq!(home.seen_args(), ["--port", "1"]);
}

#[test]
fn with_a_proxy_that_runs_nothing_is_said_of_where_requests_go() {
    let home = home_with_config();
    home.agent("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let words = ["wrap", "claude", "--no-proxy", "--port", &port];
    let ran = home.run_with(&words, &[("ANTHROPIC_BASE_URL", THEIRS)]).expect_code(0);
    let ran = ran.expect_said(&format!("but requests go where the proxy on 127.0.0.1:{port} sends them"));
    assert!(!ran.stderr.contains("go on to"), "{}", ran.stderr);
    assert_eq!(home.seen_holder()["address"], Value::Null);

    let ran = home.run_with(&words, &[("ANTHROPIC_BASE_URL", &format!("http://127.0.0.1:{port}"))]).expect_code(0);
    assert!(!ran.stderr.contains("ignored"), "{}", ran.stderr);
}

#[test]
fn a_near_miss_and_an_unknown_agent_are_usage_errors_with_hints() {
    let home = Home::new();
    home.agent("");
    home.run(&["wrap", "claude", "--memroy"]).expect_code(2).expect_said("did you mean `--memory`?");
    home.run(&["wrap", "claude", "--memory"]).expect_code(2).expect_said("`--memory` is not available yet");
    home.run(&["wrap", "clade"]).expect_code(2).expect_said("did you mean `claude`?");
    home.run(&["wrap", "--dryrun", "claude"]).expect_code(2).expect_said("did you mean `--dry-run`?");
    home.run(&["wrap", "-p", "claude"]).expect_code(2).expect_said("go behind its name");
    assert!(!home.record().join("args").exists());
}

#[test]
fn an_agent_that_is_not_installed_is_127_with_the_way_to_install_it() {
    let home = home_with_config();
    let ran = home.run(&["wrap", "claude"]).expect_code(127);
    ran.expect_said("`claude` is not on PATH").expect_said("hint: install it: `npm install -g");
    assert_eq!(home.read(".claude.json"), CONFIG);
}

// Blocks.

#[test]
fn the_context_tools_block_is_in_the_personal_file_while_the_agent_runs() {
    let home = Home::new();
    home.agent("").program("rtk", "");
    let before = home.snapshot();
    home.run(&["wrap", "claude"]).expect_code(0);
    let block = home.recorded("project/CLAUDE.local.md");
    assert!(block.starts_with("<!-- headroom:rtk-instructions -->\n"), "{block}");
    assert!(block.contains("`rtk git status`") && block.ends_with("<!-- /headroom:rtk-instructions -->\n"), "{block}");
    assert_eq!(home.snapshot(), before);
    for option in ["--no-context-tool", "--no-rtk"] {
        home.run(&["wrap", "claude", option]).expect_code(0);
        assert!(!home.record().join("project/CLAUDE.local.md").exists());
    }
    home.run_with(&["wrap", "claude"], &[("HEADROOM_CONTEXT_TOOL", "none")]).expect_code(0);
    assert!(!home.record().join("project/CLAUDE.local.md").exists());
}

#[test]
fn a_file_that_git_tracks_gets_no_block_unless_asked() {
    let home = Home::new();
    home.agent("").program("rtk", "").file("../project/CLAUDE.local.md", "# Mine\n");
    for words in [&["init", "-q"][..], &["add", "CLAUDE.local.md"]] {
        assert!(Command::new("git").args(words).current_dir(home.project()).status().unwrap().success());
    }
    home.run(&["wrap", "claude"]).expect_code(0).expect_said("git tracks it");
    assert_eq!(home.recorded("project/CLAUDE.local.md"), "# Mine\n");
    home.run(&["wrap", "claude", "--context-tool"]).expect_code(0);
    assert!(home.recorded("project/CLAUDE.local.md").contains("rtk git status"));
    assert_eq!(home.read("../project/CLAUDE.local.md"), "# Mine\n");
}

#[test]
fn what_the_user_writes_into_our_block_is_kept() {
    let home = Home::new();
    home.program("rtk", "").agent("sed -i 's/docker ps/docker ps -a/' CLAUDE.local.md");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.read("../project/CLAUDE.local.md").contains("docker ps -a"));
}

// Agents of the user's own.

#[test]
fn the_example_of_the_readme_is_an_agent() {
    let readme = include_str!("../../agents/README.md");
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let home = Home::new();
    home.file(".headroom/agents/foo.toml", example.split_once("```").unwrap().0);
    home.agent("");
    fs::rename(home.bin().join("claude"), home.bin().join("foo")).unwrap();
    let env = [("FOO_BASE_URL", "https://x.example/v1/"), ("FOO_OFFLINE", "1")];
    home.run_with(&["wrap", "foo"], &env).expect_code(0).expect_said("Foo sends nothing");
    let address = home.seen_holder()["address"].as_str().unwrap().to_owned();
    assert_eq!(home.seen_variable("FOO_BASE_URL").unwrap(), format!("http://{address}/v1"));
    assert_eq!(home.seen_holder()["upstream"], "https://x.example");
    assert!(home.seen(".foo/config.json").contains("mcpServers"));
    assert!(!home.home().join(".foo").exists());
}

#[test]
fn a_mistake_in_an_agents_file_is_named_with_its_line() {
    let home = Home::new();
    home.file(".headroom/agents/foo.toml", "name = \"foo\"\ntitel = \"Foo\"\n");
    let ran = home.run(&["agents"]).expect_code(1);
    ran.expect_said("foo.toml` does not describe an agent at line 2: unknown field `titel`");
}

// Looking only.

#[test]
fn a_dry_run_shows_everything_and_changes_nothing() {
    let home = home_with_config();
    home.file(".claude/settings.json", "{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://x.example\"}}");
    home.agent("").program("rtk", "");
    let before = home.snapshot();
    let ran = home.run(&["wrap", "claude", "--dry-run", "--resume"]).expect_code(0);
    for shown in
        ["\"headroom\": {", "+<!-- headroom:rtk-instructions -->", "ANTHROPIC_BASE_URL=http", "--settings", "--resume"]
    {
        assert!(ran.stdout.contains(shown), "no {shown:?} in\n{}", ran.stdout);
    }
    assert_eq!(home.snapshot(), before);
    assert!(!home.home().join(".headroom").exists());
    assert!(!home.record().join("args").exists());
}

#[test]
fn agents_are_listed_with_version_and_path() {
    let home = Home::new();
    let absent = home.run(&["agents", "--json"]).expect_code(0);
    assert_eq!(json(&absent.stdout)[0]["found"], false);
    home.program("claude", "echo '2.1.197 (Claude Code)'");
    let found = json(&home.run(&["agents", "--json"]).expect_code(0).stdout);
    assert_eq!((&found[0]["name"], &found[0]["version"]), (&json!("claude"), &json!("2.1.197")));
    let table = home.run(&["agents"]).expect_code(0).stdout;
    assert!(table.contains("2.1.197"), "{table}");
    assert!(!home.home().join(".headroom").exists());
}
