//! What `--dry-run` prints: each file's unified diff, each variable, and the command line.
//!
//! A diff shows lines around ours, and an agent's files hold keys and tokens; their values are not shown.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::LazyLock;

use regex::Regex;
use similar::TextDiff;

use crate::agent::plan::Plan;
use crate::agent::session;
use crate::agent::session::{Change, Skipped};
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::cli::wrap::report;

/// The value of a JSON or TOML key whose name says that it is a secret, and what looks like a key wherever it stands.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let name = "(?:key|token|secret|password|authorization|credential)";
    let json = format!(r#"("[^"]*{name}[^"]*"\s*:\s*")(?:[^"\\]|\\.)+"#);
    let toml = format!(r#"([\w.-]*{name}[\w.-]*["']?\s*=\s*["'])(?:[^"'\\]|\\.)+"#);
    let pattern = format!(r"(?i){json}|{toml}|()\bsk-[a-z0-9_-]{{8,}}");
    Regex::new(&pattern).expect("the pattern is valid")
});

/// The name and password in an address.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(://)[^/@\s"']+@"#).expect("the pattern is valid"));

pub(crate) fn print(plan: &Plan, settings: &Settings) -> ExitCode {
    let (changes, skipped) = session::preview(plan);
    for note in &plan.notes {
        output::talk(note);
    }
    for Skipped { path, why, .. } in &skipped {
        output::warning(format_args!("`{}` would not be edited: {why}", report::short(path, settings)));
    }
    for change in &changes {
        output::raw(diff(change).as_bytes());
    }
    if let Some(file) = &plan.settings_file {
        let ours: Vec<String> = file.ours.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
        let path = report::short(&file.path, settings);
        output::talk(format_args!("`{path}` would hold your own settings with {}", ours.join(", ")));
    }
    for (name, value) in &plan.launch.set {
        output::line(format_args!("{name}={}", shlex_quoted(&value.to_string_lossy())));
    }
    for name in &plan.launch.unset {
        output::line(format_args!("unset {name}"));
    }
    let words = [plan.launch.binary.as_os_str()].into_iter().chain(plan.launch.args.iter().map(OsString::as_os_str));
    let words: Vec<String> = words.map(|word| shlex_quoted(&hidden(&word.to_string_lossy()))).collect();
    output::line(words.join(" "));
    if skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shlex_quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

fn diff(Change { path, before, after }: &Change) -> String {
    let (old, new) = (format!("{}", path.display()), format!("{}", path.display()));
    let text = TextDiff::from_lines(before, after).unified_diff().header(&old, &new).to_string();
    hidden(&text)
}

fn hidden(text: &str) -> String {
    let text = SECRET.replace_all(text, "${1}${2}${3}[not shown]");
    LOGIN.replace_all(&text, "${1}[not shown]@").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_around_our_lines_are_not_shown() {
        let before =
            "{\n  \"apiKey\": \"sk-ant-api03-abc\",\n  \"list\": [\"sk-ant-oat01-xyz-123\"],\n  \"tokens\": 7\n}\n";
        let after = before.replace("\n}", ",\n  \"ours\": 1\n}");
        let change = Change { path: "/home/x/.claude.json".into(), before: before.to_owned(), after };
        let text = diff(&change);
        assert!(!text.contains("sk-ant"), "{text}");
        assert!(text.contains("\"apiKey\": \"[not shown]\""), "{text}");
        assert!(text.contains("+  \"ours\": 1"), "{text}");
        assert!(text.contains("\"tokens\": 7"), "{text}");
    }

    #[test]
    fn secrets_in_toml_are_not_shown() {
        let before = "url = \"https://me:hush@gateway.example/v1\"\n[env]\nA_TOKEN = \"hush\"\n\"x-api-key\" = 'hush'\nhttp_headers = { Authorization = \"Bearer hush\", X = \"1\" }\n";
        let after = format!("{before}ours = 1\n");
        let text = diff(&Change { path: "/home/x/config.toml".into(), before: before.to_owned(), after });
        assert!(!text.contains("hush"), "{text}");
        assert!(
            text.contains("A_TOKEN = \"[not shown]\"") && text.contains("X = \"1\"") && text.contains("+ours = 1"),
            "{text}"
        );
    }
}
