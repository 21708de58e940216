//! What `--dry-run` prints: each file's unified diff, each variable, and the command line.
//!
//! A diff shows lines around ours, so what stands in them is hidden: an agent's files hold keys and tokens.

use std::ffi::OsString;
use std::process::ExitCode;

use similar::TextDiff;

use crate::agent::plan::Plan;
use crate::agent::session;
use crate::agent::session::{Change, Skipped};
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::cli::wrap::hide;
use crate::cli::wrap::report;
use crate::edit::Edit;

pub(crate) fn print(plan: &Plan, settings: &Settings) -> ExitCode {
    let (changes, skipped) = session::preview(plan);
    for note in &plan.notes {
        output::talk(note);
    }
    for Skipped { path, why, .. } in &skipped {
        output::warning(format_args!("`{}` would not be edited: {why}", report::short(path, settings)));
    }
    for change in &changes {
        // Edits of one file are of one kind.
        if let Some(first) = plan.edits.iter().find(|edit| edit.path == change.path) {
            output::raw(diff(change, &first.edit).as_bytes());
        }
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
    let words: Vec<String> = words.map(|word| shlex_quoted(&hide::secrets(&word.to_string_lossy()))).collect();
    output::line(words.join(" "));
    if skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shlex_quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

fn diff(Change { path, before, after }: &Change, edit: &Edit) -> String {
    let name = path.display().to_string();
    let (before, after) = (hide::others(before, edit), hide::others(after, edit));
    TextDiff::from_lines(&before, &after).unified_diff().header(&name, &name).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_diff_shows_where_ours_goes_and_nothing_of_others() {
        let before = "{\n  \"apiKey\": \"hush\",\n  \"list\": [\"hush\"],\n  \"tokens\": 7\n}\n";
        let after = before.replace("7\n}", "7,\n  \"ours\": \"stdio\"\n}");
        let change = Change { path: "/home/x/.claude.json".into(), before: before.to_owned(), after };
        let text = diff(&change, &Edit::Json { path: vec!["ours".to_owned()], value: json!("stdio") });
        assert!(!text.contains("hush"), "{text}");
        assert!(text.contains("   \"apiKey\": [not shown],\n"), "{text}");
        assert!(text.contains("-  \"tokens\": 7\n+  \"tokens\": 7,\n+  \"ours\": \"stdio\"\n"), "{text}");
    }
}
