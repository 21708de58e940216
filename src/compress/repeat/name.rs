//! What an output is called by whoever points to it: by the call that produced it, as its reader remembers it.

use serde_json::Value;

use crate::compress::ToolCall;
use crate::compress::command;
use crate::compress::read::PATHS;

/// A longer command or argument is cut: its beginning tells it from others well enough.
const LONGEST: usize = 100;

/// What tells calls of one tool apart otherwise.
const SUBJECTS: &[&str] = &["pattern", "query", "url", "name", "id"];

/// The name of the output of `call`: `output of Read src/a.rs`.
pub(crate) fn name(call: &ToolCall) -> String {
    let argument = |keys: &[&str]| keys.iter().find_map(|key| call.arguments.get(*key)).and_then(Value::as_str);
    let (path, subject) = (argument(PATHS), argument(SUBJECTS));
    let said = ["command", "cmd"].iter().find_map(|key| call.arguments.get(*key)).and_then(Value::as_str);
    let made = match (path, said) {
        (None, Some(line)) if line.len() <= LONGEST && !line.contains('\n') => format!("`{line}`"),
        // What follows is a script, or the text of a file.
        (None, Some(script)) if script.contains('\n') => {
            format!("`{}`", cut(script.lines().next().unwrap_or_default()))
        }
        (None, _) => match command::of(call).main() {
            Some(words) => format!("`{}`", cut(&words.join(" "))),
            None => subject.map_or_else(|| call.name.clone(), |subject| format!("{} {}", call.name, cut(subject))),
        },
        (Some(path), _) => match subject {
            Some(subject) => format!("{} {} {path}", call.name, cut(subject)),
            None => format!("{} {path}", call.name),
        },
    };
    format!("output of {}", made.replace(['\n', '\r'], " "))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The `n`th of several, counted from 0, as a word before a name.
pub(crate) fn ordinal(n: usize) -> Option<&'static str> {
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"].get(n).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_are_called_by_what_was_asked_for() {
        for (tool, arguments, expected) in [
            ("Read", json!({"file_path": "/srv/app/a.rs", "offset": 3}), "Read /srv/app/a.rs"),
            ("Bash", json!({"command": "sed -n '1,80p' a.rs"}), "`sed -n '1,80p' a.rs`"),
            ("shell", json!({"command": ["bash", "-lc", "cat a.rs"]}), "`cat a.rs`"),
            ("exec", json!("await tools.exec_command({cmd: 'cat b.rs'})"), "`cat b.rs`"),
            ("Grep", json!({"pattern": "fn x", "path": "src"}), "Grep fn x src"),
            ("mcp__github__get_issue", json!({"number": 3}), "mcp__github__get_issue"),
            ("Bash", json!({"command": "cat <<E\nx\nE"}), "`cat <<E`"),
        ] {
            let call = ToolCall { name: tool.to_owned(), arguments };
            assert_eq!(name(&call), format!("output of {expected}"));
        }
        let long = ToolCall { name: "Bash".into(), arguments: json!({"command": "é".repeat(200)}) };
        assert_eq!(name(&long).chars().count(), "output of `…`".chars().count() + LONGEST);
    }
}
