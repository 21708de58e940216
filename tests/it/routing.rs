//! Where a wrap sends the agent's requests: variables, settings, other proxies.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::wrap::{THEIRS, base_url, home_with_config, json};

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
