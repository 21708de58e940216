//! A wrap as the user sees it: files, words, exit codes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::home::{Home, Ran};

const CONFIG: &str = "{\n  \"numStartups\": 1,\n\t\"odd\":   [1,2]\n}\n";
pub(crate) const THEIRS: &str = "https://gateway.example/anthropic";

pub(crate) fn home_with_config() -> Home {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o640);
    home
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn base_url(home: &Home) -> String {
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
