//! Where a wrap sends Codex's requests: its files, its profile, its arguments, other wraps.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::home::{Home, Ran};

/// An address of the user's.
const THEIRS: &str = "https://gateway.example/openai/v1";

/// A provider of the user's own.
const AZURE: &str = r#"
[model_providers.azure]
name = "Azure"
base_url = "https://corp.openai.azure.com/openai"
env_key = "AZURE_KEY"
wire_api = "responses"
query_params = { api-version = "2025-04-01-preview" }
"#;

/// A wrap of Codex with this `config.toml` and these words for Codex.
fn wrapped(config: &str, words: &[&str]) -> (Home, Ran) {
    let home = Home::new();
    if !config.is_empty() {
        home.file(".codex/config.toml", config);
    }
    home.agent("");
    let before = home.snapshot();
    let ran = home.run(&[&["wrap", "codex"], words].concat()).expect_code(0);
    assert_eq!(home.snapshot(), before);
    (home, ran)
}

/// What our proxy is called in `home`, with `/v1`.
fn ours(home: &Home) -> String {
    format!("http://{}/v1", home.seen_holder()["address"].as_str().unwrap())
}

fn upstream(home: &Home) -> Option<String> {
    home.seen_holder()["upstream"].as_str().map(str::to_owned)
}

#[test]
fn codex_is_pointed_at_the_proxy_by_its_arguments_alone() {
    let (home, _) = wrapped("", &["exec", "--json", "say hi"]);
    let ours = format!("openai_base_url=\"{}\"", ours(&home));
    assert_eq!(home.seen_args(), ["-c", &ours, "exec", "--json", "say hi"]);
    assert_eq!(upstream(&home), None);
    assert_eq!(home.seen_variable("OPENAI_BASE_URL"), None);
    assert!(!home.seen(".codex/config.toml").contains("127.0.0.1"));
}

#[test]
fn what_the_environment_says_is_no_upstream_as_codex_does_not_read_it() {
    let home = Home::new();
    home.agent("");
    let env = [("OPENAI_BASE_URL", THEIRS), ("ANTHROPIC_TARGET_API_URL", "https://claude.example")];
    home.run_with(&["wrap", "codex"], &env).expect_code(0);
    assert_eq!(upstream(&home), None);
}

#[test]
fn words_for_codex_arrive_as_they_are() {
    for words in [
        &["-p", "work"][..],
        &["resume", "--last"],
        &["exec", "-s", "read-only", "-"],
        &["-m", "o3", "-c", "model_reasoning_effort=high", "fix it"],
        &["sandbox", "--", "bash", "-c", "openai_base_url=x"],
    ] {
        let (home, _) = wrapped("", words);
        assert_eq!(home.seen_args()[2..], *words);
    }
    let (home, _) = wrapped("", &["--", "--model", "o3"]);
    assert_eq!(home.seen_args()[2..], ["--model", "o3"]);
}

#[test]
fn an_address_of_the_users_becomes_our_upstream() {
    let setting = format!("openai_base_url = \"{THEIRS}/\"\n");
    let (home, ran) = wrapped(&setting, &[]);
    assert_eq!(upstream(&home).unwrap(), THEIRS);
    ran.expect_said(&format!("requests go on to {THEIRS}, as `{}", home.home().join(".codex/config.toml").display()));

    let home = Home::new();
    home.file(".codex/work.config.toml", &setting).file("moved/config.toml", &setting).agent("");
    home.run(&["wrap", "codex"]).expect_code(0);
    assert_eq!(upstream(&home), None, "nobody chose that profile");
    for words in [&["-p", "work"][..], &["exec", "-pwork", "hi"], &["--", "--profile", "work"]] {
        home.run(&[&["wrap", "codex"], words].concat()).expect_code(0);
        assert_eq!(upstream(&home).unwrap(), THEIRS, "{words:?}");
    }
    home.run_with(&["wrap", "codex"], &[("CODEX_HOME", home.home().join("moved").to_str().unwrap())]).expect_code(0);
    assert_eq!(upstream(&home).unwrap(), THEIRS);
}

#[test]
fn an_address_on_the_users_own_command_line_gives_way_where_it_stands() {
    let given = format!("openai_base_url={THEIRS}");
    for (words, place) in [(&["-c", &given, "exec", "hi"][..], 1), (&["exec", "hi", "--config", &given], 3)] {
        let (home, ran) = wrapped("", words);
        let ours = format!("openai_base_url=\"{}\"", ours(&home));
        let mut expected = words.to_vec();
        expected[place] = &ours;
        assert_eq!(home.seen_args(), expected);
        assert_eq!(upstream(&home).unwrap(), THEIRS);
        ran.expect_said("as its command line says");
    }
    for (option, given) in [("-c", format!("-c{given}")), ("--config=", format!("--config={given}"))] {
        let (home, _) = wrapped("", &[&given]);
        assert_eq!(home.seen_args(), [format!("{option}openai_base_url=\"{}\"", ours(&home))]);
        assert_eq!(upstream(&home).unwrap(), THEIRS);
    }
}

#[test]
fn the_key_of_the_users_own_provider_goes_to_nobody_else() {
    let home = Home::new();
    home.file(".codex/config.toml", &format!("model_provider = \"azure\"\n{AZURE}")).waiting_agent("");
    let wrap = home.start_with("", &["wrap", "codex"], &[("OPENAI_TARGET_API_URL", "https://api.openai.com/v1")]);
    let address = home.seen_holder()["address"].as_str().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.contains(r#""upstream":"https://corp.openai.azure.com""#), "{said}");
    wrap.go_on().expect_code(0);
}

#[test]
fn the_users_own_provider_stays_the_one_in_use() {
    let azure = "https://corp.openai.azure.com/openai";
    let in_file = format!("model_provider = \"azure\"\n{AZURE}");
    for (config, words) in [
        (in_file.as_str(), &[][..]),
        (AZURE, &["-c", "model_provider=azure"]),
        (AZURE, &["exec", "hi", "-cmodel_provider=\"azure\""]),
    ] {
        let (home, _) = wrapped(config, words);
        let ours = format!("model_providers.azure.base_url=\"{}\"", ours(&home));
        assert_eq!(home.seen_args(), [&["-c", &ours], words].concat());
        assert_eq!(upstream(&home).unwrap(), azure);
    }
    // Chosen back on the command line.
    let (home, _) = wrapped(&in_file, &["-c", "model_provider=openai"]);
    assert!(home.seen_args()[1].starts_with("openai_base_url="));
    assert_eq!(upstream(&home), None);
}

#[test]
fn a_provider_without_an_address_goes_to_the_usual_one() {
    let config = "model_provider = \"mine\"\n[model_providers.mine]\nname = \"Mine\"\nrequires_openai_auth = true\n";
    let (home, _) = wrapped(config, &[]);
    assert_eq!(home.seen_args()[1], format!("model_providers.mine.base_url=\"{}\"", ours(&home)));
    assert_eq!(upstream(&home), None);
}

#[test]
fn a_whole_provider_on_the_command_line_keeps_all_but_its_address() {
    let given = format!("model_providers.x={{ name = \"X\", base_url = \"{THEIRS}\", env_key = \"K\" }}");
    let (home, _) = wrapped("", &["-c", "model_provider=x", "-c", &given]);
    let ours = format!("model_providers.x={{ name = \"X\", base_url = \"{}\", env_key = \"K\" }}", ours(&home));
    assert_eq!(home.seen_args(), ["-c", "model_provider=x", "-c", &ours]);
    assert_eq!(upstream(&home).unwrap(), THEIRS);
}

#[test]
fn providers_that_cannot_be_routed_are_left_alone_and_it_is_said() {
    for (config, words, said) in [
        ("", &["--oss"][..], "on this machine directly"),
        ("", &["exec", "--oss", "--local-provider", "ollama", "hi"], "on this machine directly"),
        ("model_provider = \"ollama\"\n", &[], "on this machine"),
        ("model_provider = \"amazon-bedrock\"\n", &[], "Bedrock directly"),
    ] {
        let (home, ran) = wrapped(config, words);
        assert_eq!(home.seen_args(), words);
        ran.expect_said(said).expect_said("nothing is saved");
    }
    let (_, ran) = wrapped("", &["--remote", "ws://127.0.0.1:1"]);
    ran.expect_said("nothing is saved");
}

#[test]
fn a_configuration_that_the_user_has_codex_ignore_says_nothing() {
    let config = format!("openai_base_url = \"{THEIRS}\"\n");
    let (home, _) = wrapped(&config, &["exec", "--ignore-user-config", "hi"]);
    assert_eq!(upstream(&home), None);
}

#[test]
fn a_file_that_does_not_parse_is_named_and_routing_works_all_the_same() {
    let (home, ran) = wrapped("model = = \"x\"\n", &[]);
    ran.expect_said(".codex/config.toml` could not be read: if it has an address, requests do not go there");
    assert!(home.seen_args()[1].starts_with("openai_base_url="));
    assert_eq!(home.seen(".codex/config.toml"), "model = = \"x\"\n");
}

#[test]
fn a_managed_address_stops_us_before_anything_changes() {
    let home = Home::new();
    let managed = home.home().join("managed.toml");
    let spec = include_str!("../../agents/codex.toml");
    let spec = spec.replace("/etc/codex/managed_config.toml", managed.to_str().unwrap());
    home.file(".headroom/agents/codex.toml", &spec);
    home.file("managed.toml", &format!("openai_base_url = \"{THEIRS}\"\n")).agent("");
    let ran = home.run(&["wrap", "codex"]).expect_code(1);
    ran.expect_said("managed.toml` sets `openai_base_url`").expect_said("hint:");
    assert!(!home.record().join("args").exists() && !home.home().join(".codex").exists());

    // One that sets something else does not.
    home.file("managed.toml", "model = \"o3\"\n");
    home.run(&["wrap", "codex"]).expect_code(0);
}

#[test]
fn a_wrap_inside_a_wrap_goes_where_the_outer_one_goes() {
    let home = Home::new();
    home.file(".codex/config.toml", &format!("openai_base_url = \"{THEIRS}\"\n"));
    // The inner one is pointed at the outer one's proxy, as a script that passes its arguments on would.
    let inner = "case $* in *inner*) ;; *) headroom wrap codex \"$@\" inner ;; esac";
    home.agent(inner);
    home.run(&["wrap", "codex"]).expect_code(0);
    let args = home.seen_args();
    assert_eq!((args[0].as_str(), args[2..].to_vec()), ("-c", vec!["inner".to_owned()]));
    assert_eq!(args[1], format!("openai_base_url=\"{}\"", ours(&home)), "the inner one's own");
    assert_eq!(upstream(&home).unwrap(), THEIRS);
}

#[test]
fn a_wrap_of_another_providers_agent_does_not_lend_its_upstream() {
    let home = Home::new();
    home.file(".codex/config.toml", "").agent(
        "case $0 in *claude)
            echo \"$ANTHROPIC_BASE_URL\" > \"$RECORD/outer\"
            echo \"openai_base_url = '$ANTHROPIC_BASE_URL/v1'\" > \"$HOME/.codex/config.toml\"
            headroom wrap codex ;;
        esac",
    );
    home.run_with(&["wrap", "claude"], &[("ANTHROPIC_BASE_URL", "https://claude.example")]).expect_code(0);
    assert_eq!(upstream(&home).unwrap(), format!("{}/v1", home.recorded("outer").trim()));
}

#[test]
fn a_dry_run_shows_all_of_it_and_no_secret() {
    let home = Home::new();
    let config =
        "[model_providers.x]\nexperimental_bearer_token = \"hush-1\"\n[mcp_servers.y.env]\nY_TOKEN = 'hush-2'\n";
    home.file(".codex/config.toml", config).agent("");
    let before = home.snapshot();
    let ran = home.run(&["wrap", "codex", "--dry-run", "-p", "work"]).expect_code(0);
    for part in [
        "+[mcp_servers.headroom]",
        "+command = ",
        "HEADROOM_SESSION=",
        "-c 'openai_base_url=\"http://127.0.0.1:",
        " -p work\n",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hush"), "{}", ran.stdout);
    assert_eq!(home.snapshot(), before);
}

#[test]
fn headroom_is_found_in_a_shell_that_sets_path_anew() {
    let home = Home::new();
    home.file("mine.sh", "MINE=yes\n");
    home.agent("env PATH=/usr/bin:/bin bash -c 'headroom --version; echo $MINE $PATH' > \"$RECORD/shell\" 2>&1");
    for theirs in [&[][..], &[("BASH_ENV", "$HOME/mine.sh")]] {
        home.run_with(&["wrap", "codex"], theirs).expect_code(0);
        let session = home.seen_variable("HEADROOM_SESSION").unwrap();
        let folder = home.home().join(format!(".headroom/run/{session}/bin"));
        let mine = if theirs.is_empty() { "" } else { "yes " };
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!("headroom {version}\n{mine}{}:/usr/bin:/bin\n", folder.display());
        assert_eq!(home.recorded("shell"), expected);
    }
}

#[test]
fn unwrapping_finds_what_a_killed_wrap_left_in_a_home_that_nobody_names_any_more() {
    let home = Home::new();
    home.file("moved/config.toml", "model = \"o3\" # mine\n").file("moved/AGENTS.md", "Mine.\n").program("rtk", "");
    home.agent("kill -9 $PPID");
    let before = home.snapshot();
    let moved = home.home().join("moved");
    let code = home.run_with(&["wrap", "codex"], &[("CODEX_HOME", moved.to_str().unwrap())]).code;
    assert_eq!(code, 137);
    assert!(home.read("moved/config.toml").contains("mcp_servers.headroom"));
    assert!(home.read("moved/AGENTS.md").contains("headroom:rtk-instructions"));
    home.run(&["unwrap", "codex"]).expect_code(0).expect_said("restored `~/moved/config.toml`");
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_profile_of_codex_is_told_from_one_of_ours() {
    let home = Home::new();
    home.agent("");
    let ran = home.run(&["wrap", "codex", "--profile", "work"]).expect_code(2);
    ran.expect_said("headroom wrap codex -- --profile work");
}
