//! Every case in `tests/agents`: what is on disk and in the environment while an agent runs, and that it comes off.
//!
//! A case is `before/` (with `home/` and `project/`), `after/` in the same shape with what is different while the agent
//! runs, and `launch.toml`: the user's words and variables, and the arguments and variables that the agent gets.
//! `{home}`, `{project}`, `{proxy}`, `{headroom}` stand for what differs from run to run.
//! `UPDATE_FIXTURES=1` rewrites `after/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::support::home::Home;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Launch {
    /// What the user types behind the agent's name.
    #[serde(default)]
    words: Vec<String>,
    /// The user's variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Programs on PATH.
    #[serde(default)]
    programs: Vec<String>,
    /// The agent's arguments.
    args: Vec<String>,
    /// The agent's variables, among others.
    set: BTreeMap<String, String>,
    /// Where requests go on to, where that is not the provider's own address.
    upstream: Option<String>,
}

struct Case {
    folder: PathBuf,
    agent: String,
    launch: Launch,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents");
    let mut cases = Vec::new();
    for agent in folders(&root) {
        for folder in folders(&agent) {
            let text = fs::read_to_string(folder.join("launch.toml")).unwrap();
            let launch = toml_edit::de::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
            let agent = agent.file_name().unwrap().to_str().unwrap().to_owned();
            cases.push(Case { folder, agent, launch });
        }
    }
    assert!(!cases.is_empty());
    cases
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else if path.file_name().unwrap() != ".gitkeep" {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// All files below `folder` by their path.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() && name != Path::new(".headroom") {
            found.extend(files(&path).into_iter().map(|(rest, text)| (name.join(rest), text)));
        } else if path.is_file() && name != Path::new(".gitkeep") {
            found.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    found
}

fn fill(home: &Home, proxy: &str, text: &str) -> String {
    text.replace("{home}", home.home().to_str().unwrap())
        .replace("{project}", home.project().to_str().unwrap())
        .replace("{proxy}", proxy)
}

impl Case {
    fn home(&self) -> Home {
        let home = Home::new();
        copy(&self.folder.join("before/home"), &home.home());
        copy(&self.folder.join("before/project"), &home.project());
        for program in &self.launch.programs {
            home.program(program, "");
        }
        home.agent("");
        home
    }

    fn run(&self, home: &Home, words: &[&str]) {
        let words: Vec<&str> = words.iter().copied().chain(self.launch.words.iter().map(String::as_str)).collect();
        let env: Vec<(&str, String)> =
            self.launch.env.iter().map(|(name, value)| (name.as_str(), fill(home, "", value))).collect();
        let mut command = home.headroom(&words);
        let output = command.envs(env).output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", self.folder.display());
    }

    /// `text` as a fixture has it.
    fn neutral(home: &Home, text: &str) -> String {
        text.replace(env!("CARGO_BIN_EXE_headroom"), "{headroom}").replace(home.home().to_str().unwrap(), "{home}")
    }

    fn check_after(&self, home: &Home, at: &Path) {
        for part in ["home", "project"] {
            let folder = self.folder.join("after").join(part);
            let seen: BTreeMap<PathBuf, String> =
                files(&at.join(part)).into_iter().map(|(path, text)| (path, Self::neutral(home, &text))).collect();
            if is_updating() {
                for (path, text) in &seen {
                    fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
                    fs::write(folder.join(path), text).unwrap();
                }
            }
            assert_eq!(seen, files(&folder), "{}: {part}", self.folder.display());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the switch that rewrites fixtures")]
fn is_updating() -> bool {
    std::env::var_os("UPDATE_FIXTURES").is_some()
}

#[test]
fn while_the_agent_runs_files_arguments_and_variables_are_as_the_case_says() {
    for case in cases() {
        let home = case.home();
        let before = home.snapshot();
        case.run(&home, &["wrap", &case.agent]);

        case.check_after(&home, &home.record());
        let holder = home.seen_holder();
        assert_eq!(holder["upstream"].as_str(), case.launch.upstream.as_deref(), "{}", case.folder.display());
        let proxy = holder["address"].as_str().unwrap().to_owned();
        let fill = |text: &String| fill(&home, &format!("http://{proxy}"), text);
        let args: Vec<String> = case.launch.args.iter().map(fill).collect();
        assert_eq!(home.seen_args(), args, "{}", case.folder.display());
        for (name, value) in &case.launch.set {
            assert_eq!(home.seen_variable(name).as_ref(), Some(&fill(value)), "{}: {name}", case.folder.display());
        }
        assert_eq!(home.snapshot(), before, "{}", case.folder.display());
    }
}

#[test]
fn preparing_twice_is_preparing_once_and_unwrapping_gives_what_was_there() {
    for case in cases() {
        let home = case.home();
        let before = home.snapshot();
        case.run(&home, &["wrap", "--prepare-only", &case.agent]);
        case.check_after(&home, home.home().parent().unwrap());
        case.run(&home, &["wrap", "--prepare-only", &case.agent]);
        case.check_after(&home, home.home().parent().unwrap());
        home.run(&["unwrap", &case.agent]).expect_code(0);
        assert_eq!(home.snapshot(), before, "{}", case.folder.display());
    }
}

#[test]
fn a_line_that_the_user_adds_meanwhile_survives() {
    for case in cases() {
        let home = case.home();
        for (path, text) in files(&home.home()).into_iter().chain(files(&home.project())) {
            let Some(expected) = with_users_line(&path, &text) else { continue };
            let home = case.home();
            case.run(&home, &["wrap", "--prepare-only", &case.agent]);
            let at = [home.home(), home.project()].map(|folder| folder.join(&path));
            let at = at.iter().find(|path| path.exists()).unwrap();
            let edited = with_users_line(&path, &fs::read_to_string(at).unwrap()).unwrap();
            fs::write(at, edited).unwrap();
            home.run(&["unwrap", &case.agent]).expect_code(0);
            assert_eq!(fs::read_to_string(at).unwrap(), expected, "{}: {}", case.folder.display(), path.display());
        }
    }
}

/// `text` with something of the user's at its start, where it can have that.
fn with_users_line(path: &Path, text: &str) -> Option<String> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Some(format!("# The user's.\nusers = [1, 2]\n{text}"));
    }
    let is_object_with_keys = text.trim_start_matches('\u{feff}').starts_with('{') && text.contains(':');
    match text.trim().is_empty() {
        true => None,
        false if is_object_with_keys => Some(text.replacen('{', "{\n  \"users\": [1, 2],", 1)),
        false if text.trim_start().starts_with(['{', '/']) => None,
        false => Some(format!("A line of the user's.\n\n{text}")),
    }
}
