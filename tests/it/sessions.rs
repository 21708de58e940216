//! Several wraps in one home, and the kinds of files they find there.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::fake_agent::Waiting;
use crate::support::home::{Home, Ran};

const CONFIG: &str = "{\n  \"numStartups\": 1,\n\t\"odd\":   [1,2]\n}\n";
const TOML: &str = "# mine\nmodel = \"x\"\n\n[mcp_servers.other]\ncommand = \"other\"\n";

fn home() -> Home {
    let home = Home::new();
    home.file_with_mode(".claude.json", CONFIG, 0o640);
    home.file(".codex/config.toml", TOML).file(".codex/AGENTS.md", "# Mine\n");
    home.file("../project/CLAUDE.local.md", "# Mine too\n").program("rtk", "");
    home
}

fn end(wrap: Waiting, is_killed: bool) {
    if is_killed {
        let life = wrap.life();
        wrap.signal(Signal::SIGKILL);
        life.wait_for_end();
        wrap.end().expect_code(137);
    } else {
        wrap.go_on().expect_code(0);
    }
}

// Several at once.

#[test]
fn wraps_of_two_agents_end_in_any_order_and_one_is_killed() {
    let agents = ["claude", "codex", "claude"];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let home = home();
        home.waiting_agent("");
        let before = home.snapshot();
        let mut wraps: Vec<Option<Waiting>> =
            agents.iter().enumerate().map(|(at, agent)| Some(home.start(&at.to_string(), &["wrap", agent]))).collect();
        for (nth, at) in order.into_iter().enumerate() {
            end(wraps[at].take().unwrap(), nth == 1);
            let is_needed = |agent: &str| wraps.iter().zip(agents).any(|(wrap, of)| wrap.is_some() && of == agent);
            assert!(!is_needed("claude") || home.read(".claude.json").contains("headroom"), "{order:?}, {nth}");
            assert!(!is_needed("codex") || home.read(".codex/config.toml").contains("headroom"), "{order:?}, {nth}");
        }
        // Only of the killed one anything can be left.
        home.run(&["unwrap", "--all"]).expect_code(0);
        assert_eq!(home.snapshot(), before, "{order:?}");
        home.run(&["unwrap", "--all"]).expect_code(0).expect_said("nothing to undo");
    }
}

#[test]
fn the_end_of_one_wrap_takes_off_what_another_left_only_once_it_is_dead() {
    let home = home();
    home.waiting_agent("");
    let codex = home.start("1", &["wrap", "codex"]);
    let claude = home.start("2", &["wrap", "claude"]);
    end(claude, true);
    home.run(&["unwrap", "codex"])
        .expect_code(1)
        .expect_said("restored `~/.claude.json`")
        .expect_said("`codex` (process");
    assert_eq!(home.read(".claude.json"), CONFIG);
    assert!(home.read(".codex/config.toml").contains("headroom"));
    codex.go_on().expect_code(0);
    assert_eq!(home.read(".codex/config.toml"), TOML);
}

#[test]
fn the_last_living_wrap_takes_off_what_a_killed_one_held_as_well() {
    let home = home();
    home.waiting_agent("");
    let first = home.start("1", &["wrap", "claude"]);
    let second = home.start("2", &["wrap", "claude"]);
    let agents = "`claude` (process ";
    home.run(&["unwrap", "claude"]).expect_code(1).expect_said(agents).expect_said("are still running");
    end(first, true);
    assert_ne!(home.read(".claude.json"), CONFIG);
    second.go_on().expect_code(0).expect_said("restored `~/.claude.json`");
    assert_eq!(home.read(".claude.json"), CONFIG);
    home.run(&["unwrap", "--all"]).expect_code(0).expect_said("nothing to undo");
}

#[test]
fn wraps_that_begin_and_end_at_the_same_time_leave_nothing() {
    let home = home();
    home.quick_agent("claude").quick_agent("codex");
    let before = home.snapshot();
    let spawn = |agent| home.headroom(&["wrap", agent]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let wraps: Vec<_> = ["claude", "codex", "claude", "codex", "claude", "claude"].into_iter().map(spawn).collect();
    for mut wrap in wraps {
        assert_eq!(wrap.wait().unwrap().code(), Some(7));
    }
    assert_eq!(home.snapshot(), before);
    home.run(&["unwrap", "--all"]).expect_code(0).expect_said("nothing to undo");
}

#[test]
fn a_wrap_inside_a_wrap_has_its_own_session_and_leaves_the_outer_ones_edits() {
    let home = home();
    let inner = "[ -n \"$INNER\" ] || {\n\
        echo $HEADROOM_SESSION > \"$RECORD/outer\"; command -v headroom > \"$RECORD/program\"\n\
        INNER=1 headroom wrap codex; cp \"$HOME/.claude.json\" \"$HOME/.codex/config.toml\" \"$RECORD\"; }\n";
    home.agent(inner);
    home.run(&["wrap", "claude"]).expect_code(0);
    assert_ne!(home.seen_variable("HEADROOM_SESSION").unwrap(), home.recorded("outer").trim());
    assert!(home.seen(".codex/config.toml").contains("headroom"));
    assert!(home.recorded(".claude.json").contains("headroom"), "the outer one still needs it");
    assert_eq!(home.recorded("config.toml"), TOML, "the inner one has ended");
    assert!(home.recorded("program").contains("/.headroom/run/"));
    assert_eq!((home.read(".claude.json"), home.read(".codex/config.toml")), (CONFIG.to_owned(), TOML.to_owned()));
    assert!(!home.home().join(".headroom/run").exists());
}

#[test]
fn a_wrap_in_a_container_is_known_by_its_lock_where_its_number_means_nothing() {
    if !can(&["-p", "-f", "true"]) {
        eprintln!("skipped: no process number spaces can be made here");
        return;
    }
    let home = home();
    home.waiting_agent("");
    let before = home.snapshot();
    let wrap = home.start_under(&["unshare", "-p", "-f", "--kill-child"], "", &["wrap", "claude"]);
    assert!(home.seen_holder()["pid"].as_u64().unwrap() < 10, "{}", home.seen_holder());
    home.run(&["unwrap", "--all"]).expect_code(1).expect_said("is still running");
    assert!(home.read(".claude.json").contains("headroom"));
    let life = wrap.life();
    wrap.signal(Signal::SIGKILL);
    life.wait_for_end();
    wrap.end().expect_code(137);
    home.run(&["unwrap", "--all"]).expect_code(0);
    assert_eq!(home.snapshot(), before);
}

// Agents that write what they remember.

#[test]
fn an_agent_that_writes_our_entry_back_twice_loses_it_twice() {
    let home = home();
    home.agent("cp \"$HOME/.claude.json\" \"$RECORD/memory\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    for command in [&["unwrap", "claude"][..], &["status"], &["wrap", "claude"], &["unwrap", "--all"]] {
        home.file(".claude.json", &home.recorded("memory"));
        home.run(command).expect_code(0).expect_said("an agent had put it back");
        assert_eq!(home.read(".claude.json"), CONFIG, "{command:?}");
    }
}

#[test]
fn an_agent_beside_a_wrap_may_write_the_file_with_and_without_our_entry() {
    for rounds in 1..=2 {
        let home = home();
        home.waiting_agent("");
        for round in 0..rounds {
            let wrap = home.start(&round.to_string(), &["wrap", "claude"]);
            let with_ours = home.read(".claude.json");
            // It has read the file before the wrap, saves it, reads it again after another has written it back, ...
            home.file(".claude.json", CONFIG);
            home.file(".claude.json", &with_ours);
            home.file(".claude.json", CONFIG);
            wrap.go_on().expect_code(0);
            // ... and saves once more what it remembers.
            home.file(".claude.json", &with_ours);
        }
        home.run(&["unwrap", "--all"]).expect_code(0).expect_said("an agent had put it back");
        assert_eq!(home.read(".claude.json"), CONFIG);
    }
}

#[test]
fn an_agent_that_writes_its_config_in_another_style_keeps_that_style() {
    let home = home();
    home.agent(
        "tr -d ' \\n\\t' < \"$HOME/.claude.json\" > \"$RECORD/small\"; cat \"$RECORD/small\" > \"$HOME/.claude.json\"",
    );
    home.run(&["wrap", "claude"]).expect_code(0);
    assert_eq!(home.read(".claude.json"), "{\"numStartups\":1,\"odd\":[1,2]}");
}

// Prepared.

#[test]
fn what_was_prepared_outlives_wraps_and_is_not_undone_under_one() {
    let home = home();
    home.waiting_agent("");
    let before = home.snapshot();
    home.run(&["wrap", "claude", "--prepare-only"]).expect_code(0);
    home.run(&["wrap", "codex", "--prepare-only"]).expect_code(0);
    let prepared = home.snapshot();
    home.run(&["wrap", "claude", "--prepare-only"]).expect_code(0);
    assert_eq!(home.snapshot(), prepared);

    let wrap = home.start("", &["wrap", "claude"]);
    home.run(&["unwrap", "claude"]).expect_code(1).expect_said("is still running");
    home.run(&["unwrap", "codex"]).expect_code(0);
    assert_eq!(home.read(".codex/config.toml"), TOML);
    wrap.go_on().expect_code(0);
    assert!(home.read(".claude.json").contains("headroom"));
    home.run(&["unwrap", "--all"]).expect_code(0);
    assert_eq!(home.snapshot(), before);
}

// Kinds of files.

#[test]
fn a_chain_of_symlinks_to_another_file_system_stays_one() {
    let home = home();
    let elsewhere = tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }).unwrap();
    let real = elsewhere.path().join("real.json");
    fs::rename(home.home().join(".claude.json"), home.home().join("was")).unwrap();
    fs::copy(home.home().join("was"), &real).unwrap();
    symlink(&real, home.home().join("second")).unwrap();
    symlink("second", home.home().join(".claude.json")).unwrap();
    let before = home.snapshot();
    home.agent("cat \"$HOME/.claude.json\" > \"$RECORD/through\"");
    home.run(&["wrap", "claude"]).expect_code(0);
    assert!(home.recorded("through").contains("headroom"));
    assert_eq!(fs::read_to_string(&real).unwrap(), CONFIG);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(home.snapshot(), before);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_is_no_file_is_left_alone_and_the_agent_runs() {
    let home = home();
    home.quick_agent("claude");
    let path = home.home().join(".claude.json");
    let said = "`~/.claude.json` is not edited: it is not a file";
    let wrap = || home.run(&["wrap", "claude"]).expect_code(7).expect_said(said);

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    wrap();
    assert!(path.is_dir());

    fs::remove_dir(&path).unwrap();
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    wrap();
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());

    fs::remove_file(&path).unwrap();
    symlink("/dev/null", &path).unwrap();
    wrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    fs::remove_file(&path).unwrap();
    symlink(".claude.json", &path).unwrap();
    home.run(&["wrap", "claude"]).expect_code(7).expect_said("`~/.claude.json` is not edited");
    assert!(path.is_symlink());
}

#[test]
fn a_file_that_became_a_folder_meanwhile_is_stuck_and_named() {
    let home = home();
    home.waiting_agent("");
    let wrap = home.start("", &["wrap", "claude"]);
    let path = home.home().join(".claude.json");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    wrap.go_on().expect_code(0).expect_said("could not restore `~/.claude.json`: it is not a file any more");
    fs::remove_dir(&path).unwrap();
    home.file_with_mode(".claude.json", CONFIG, 0o640);
    home.run(&["unwrap", "claude"]).expect_code(0);
    assert_eq!(home.read("../project/CLAUDE.local.md"), "# Mine too\n");
}

#[test]
fn in_a_read_only_folder_a_file_that_may_be_written_is_written_in_place() {
    let home = home();
    home.file_with_mode(".codex/config.toml", TOML, 0o666).agent("");
    let open = fs::Permissions::from_mode(0o777);
    let root = home.home().parent().unwrap().to_owned();
    for folder in [root, home.home(), home.record()] {
        fs::set_permissions(folder, open.clone()).unwrap();
    }
    let folder = home.home().join(".codex");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let before = home.snapshot();
    let mut command = home.headroom(&["wrap", "codex"]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    Ran::from(command.output().unwrap()).expect_code(0).expect_said("config.toml` changed until Codex ends");
    assert!(home.seen(".codex/config.toml").contains("headroom"));
    assert_eq!(home.snapshot(), before);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_bind_mounted_file_is_written_in_place_and_restored_also_after_a_kill() {
    if !can(&["-m", "true"]) {
        eprintln!("skipped: no mounts can be made here");
        return;
    }
    let home = home();
    home.file_with_mode("real.json", CONFIG, 0o640).agent("");
    let before = home.snapshot();
    let script = "mount --bind \"$HOME/real.json\" \"$HOME/.claude.json\" && exec \"$@\"";
    let mounted = ["unshare", "-m", "sh", "-c", script, "sh"];
    Ran::from(home.under(&mounted, &["wrap", "claude"]).output().unwrap())
        .expect_code(0)
        .expect_said("restored `~/.claude");
    assert!(home.seen("real.json").contains("headroom"));
    assert_eq!(home.snapshot(), before);

    let steps = home.record().join("mounted");
    let mut count = home.under(&mounted, &["wrap", "claude"]);
    count.env("HEADROOM_FAILPOINT", format!("count:{}", steps.display()));
    Ran::from(count.output().unwrap()).expect_code(0);
    let steps = fs::read_to_string(steps).unwrap();
    // At the begin the rest of what is there is still to be written over, at the end what is too much is to be cut off.
    let point = |step: &str| 1 + steps.lines().position(|line| line.starts_with(step)).unwrap();
    let points = [point("OverwriteRest"), point("Truncate")];
    for point in points {
        let mut killed = home.under(&mounted, &["wrap", "claude"]);
        Ran::from(killed.env("HEADROOM_FAILPOINT", point.to_string()).output().unwrap()).expect_code(137);
        let torn = home.read("real.json");
        assert!(torn != CONFIG && serde_json::from_str::<serde_json::Value>(&torn).is_err(), "{torn}");
        Ran::from(home.under(&mounted, &["unwrap", "--all"]).output().unwrap()).expect_code(0);
        assert_eq!(home.snapshot(), before);
    }
}

#[test]
fn on_a_disk_that_is_really_full_the_agent_runs_and_all_is_as_before() {
    if !can(&["-m", "true"]) {
        eprintln!("skipped: no mounts can be made here");
        return;
    }
    // The disk is full before the wrap, or gets full while the agent runs.
    for agent in ["exit 7", "cat /dev/zero > \"$HOME/rest\" 2> /dev/null; exit 7"] {
        let home = home();
        home.program("claude", agent);
        let script = "cp -a \"$HOME\" \"$RECORD/kept\" && mount -t tmpfs -o size=256k none \"$HOME\" && cp -a \"$RECORD/kept/.\" \"$HOME\"\n\
            [ -z \"$FULL\" ] || cat /dev/zero > \"$HOME/rest\" 2> /dev/null\n\
            \"$1\" wrap claude; echo $? > \"$RECORD/code\"\n\
            rm -f \"$HOME/rest\"; \"$1\" unwrap --all; cp -a \"$HOME/.claude.json\" \"$RECORD/after\"";
        let mut command = home.under(&["unshare", "-m", "sh", "-c", script, "sh"], &[]);
        command.env("FULL", if agent == "exit 7" { "1" } else { "" });
        let ran = Ran::from(command.output().unwrap()).expect_code(0);
        assert_eq!(home.recorded("code").trim(), "7", "{ran:?}");
        assert!(ran.stderr.contains("could not"), "{ran:?}");
        assert_eq!(home.recorded("after"), CONFIG, "{ran:?}");
    }
}

#[test]
fn in_a_repository_a_wrap_leaves_its_status_clean() {
    let home = home();
    home.agent("git status --porcelain > \"$RECORD/git\" 2>&1");
    fs::rename(home.home().join("../project/CLAUDE.local.md"), home.project().join("notes.md")).unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(home.project()).env("HOME", home.record());
        let output = command.args(["-c", "user.name=x", "-c", "user.email=x"]).args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    fs::write(home.project().join("CLAUDE.local.md"), "# Ours\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-qm", "all"]);
    home.run(&["wrap", "claude"]).expect_code(0).expect_said("git tracks it");
    assert_eq!(home.recorded("git"), "");
    home.run(&["wrap", "claude", "--context-tool"]).expect_code(0);
    assert_eq!(home.recorded("git"), " M CLAUDE.local.md\n");
    assert_eq!(git(&["status", "--porcelain"]), "");
}

/// Whether `unshare` can do this here.
fn can(words: &[&str]) -> bool {
    let mut command = Command::new("unshare");
    command.args(words).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
