//! The command behind a text: from the call's arguments, its wrappers looked through.
//!
//! Of a chain (`cd x && cargo test 2>&1 | tail -50`) one program wrote the output for the most part. It is the last of
//! the chain that does more than prepare, and in its pipe the last stage that changes what lines look like: `grep`,
//! `head` or `sort` behind it only choose lines.

use serde_json::Value;

use crate::compress::ToolCall;
use crate::compress::script;

/// How deep `bash -c 'bash -c ...'` is followed.
const DEEPEST: usize = 4;

/// All commands of a call's command line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Commands {
    /// Program and arguments of each, in order, without wrappers, assignments and redirections.
    pub(crate) all: Vec<Vec<String>>,
    /// Of each pipe, the one that made the lines one sees.
    visible: Vec<usize>,
}

impl Commands {
    /// Those whose output one sees.
    pub(crate) fn of(visible: &[&[String]]) -> Self {
        Self { all: visible.iter().map(|words| words.to_vec()).collect(), visible: (0..visible.len()).collect() }
    }

    /// The command that wrote the output, or most of it.
    pub(crate) fn main(&self) -> Option<&[String]> {
        let mut shown = self.visible().rev();
        shown.find(|words| !only_prepares(program_name(&words[0])))
    }

    /// The commands whose output is in the text.
    pub(crate) fn visible(&self) -> impl DoubleEndedIterator<Item = &[String]> {
        self.visible.iter().map(|index| self.all[*index].as_slice())
    }
}

/// The commands of `call`, if it ran any.
pub(crate) fn of(call: &ToolCall) -> Commands {
    let mut found = Commands::default();
    match command_line(call) {
        Some(Line::Text(text)) => read_line(&text, 0, &mut found),
        Some(Line::Words(words)) => read_words(words, 0, Stage::First, &mut found),
        Some(Line::Script(lines)) => {
            for line in lines {
                read_line(&line, 0, &mut found);
            }
        }
        None => {}
    }
    found
}

enum Line {
    Text(String),
    Words(Vec<String>),
    /// Those that a script runs.
    Script(Vec<String>),
}

fn command_line(call: &ToolCall) -> Option<Line> {
    let parsed;
    let arguments = match &call.arguments {
        Value::String(text) => {
            parsed = match serde_json::from_str(text) {
                Ok(arguments) => arguments,
                Err(_) => return Some(Line::Script(script::commands(text))),
            };
            &parsed
        }
        arguments => arguments,
    };
    // An editor tool's `command` is a verb for a file, not a command line.
    if ["path", "file_path"].iter().any(|key| arguments.get(key).is_some()) {
        return None;
    }
    let value = ["command", "cmd", "script", "CommandLine"].iter().find_map(|key| arguments.get(key))?;
    match value {
        Value::String(text) => Some(Line::Text(text.clone())),
        Value::Array(words) => {
            let words: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
            words.map(Line::Words)
        }
        Value::Object(inner) => match inner.get("command")? {
            Value::Array(words) => {
                let words: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
                words.map(Line::Words)
            }
            _ => None,
        },
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    First,
    Piped,
}

fn read_line(line: &str, depth: usize, found: &mut Commands) {
    for (stage, text) in split(line) {
        if let Some(words) = shlex::split(text.trim_start_matches(['(', ' '])) {
            read_words(words, depth, stage, found);
        }
    }
}

fn read_words(words: Vec<String>, depth: usize, stage: Stage, found: &mut Commands) {
    let reads_files = words.first().is_some_and(|word| program_name(word) == "xargs");
    let words = without_wrappers(without_redirections(words));
    let Some(program) = words.first().map(|word| program_name(word)) else { return };
    if depth < DEEPEST
        && matches!(program, "bash" | "sh" | "zsh" | "dash")
        && let Some(flag) = words.iter().position(|word| is_command_flag(word))
        && let Some(inner) = words.get(flag + 1)
    {
        return read_line(inner, depth + 1, found);
    }
    let chooses = !reads_files && only_chooses_lines(program, &words);
    found.all.push(words);
    if stage == Stage::Piped {
        if chooses {
            return;
        }
        found.visible.pop();
    }
    found.visible.push(found.all.len() - 1);
}

fn is_command_flag(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// The last part of a program's path.
pub(crate) fn program_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn only_prepares(program: &str) -> bool {
    matches!(
        program,
        "cd" | "pushd"
            | "popd"
            | "export"
            | "set"
            | "source"
            | "."
            | "mkdir"
            | "rm"
            | "cp"
            | "mv"
            | "touch"
            | "sleep"
            | "true"
            | "echo"
            | "printf"
            | "chmod"
            | "unset"
            | "ulimit"
            | "clear"
            | "fi"
            | "done"
            | "for"
            | "case"
            | "esac"
            | "read"
            | "test"
            | "["
            | "[["
    )
}

fn only_chooses_lines(program: &str, words: &[String]) -> bool {
    match program {
        "head" | "tail" | "cat" | "tee" | "less" | "more" | "grep" | "egrep" | "fgrep" | "rg" | "sort" | "uniq"
        | "nl" => true,
        "sed" => prints_by_number(words),
        _ => false,
    }
}

/// Whether `sed` prints lines as they are: `sed -n '1,80p'`.
pub(crate) fn prints_by_number(words: &[String]) -> bool {
    words.iter().any(|word| word.starts_with("-n") || word == "--quiet")
}

fn without_redirections(words: Vec<String>) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let after_number = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        let target = after_number.trim_start_matches(['>', '<', '|']);
        if target.len() == after_number.len() {
            kept.push(word);
        } else if target.is_empty() {
            words.next();
        }
    }
    kept
}

fn without_wrappers(mut words: Vec<String>) -> Vec<String> {
    loop {
        let Some(first) = words.first() else { return words };
        let skip = match program_name(first) {
            "sudo" | "doas" => 1 + options(&words[1..], &["-u", "-g", "-C"]),
            "env" => 1 + options(&words[1..], &["-u", "-C", "-S"]),
            "nice" | "ionice" => 1 + options(&words[1..], &["-n", "-c", "-p"]),
            "timeout" => {
                let flags = 1 + options(&words[1..], &["-k", "-s"]);
                flags + usize::from(words.len() > flags)
            }
            "stdbuf" => 1 + options(&words[1..], &["-o", "-i", "-e"]),
            "xargs" => 1 + options(&words[1..], &["-n", "-I", "-P", "-L", "-d", "-a"]),
            "time" | "nohup" | "command" | "exec" | "unbuffer" | "rtk" | "(" | "{" | "!" | "builtin" => {
                1 + options(&words[1..], &[])
            }
            "do" | "then" | "else" | "if" | "elif" | "while" | "until" => 1,
            _ if is_assignment(first) => 1,
            _ => return words,
        };
        words.drain(..skip.min(words.len()));
    }
}

/// How many words at the beginning are options, or the values of those in `valued`.
fn options(words: &[String], valued: &[&str]) -> usize {
    let mut count = 0;
    while let Some(word) = words.get(count).filter(|word| word.len() > 1 && word.starts_with('-')) {
        count += 1 + usize::from(valued.contains(&word.as_str()));
    }
    count
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Cuts a line at the operators outside quotes: `;`, `&&`, `||`, `&`, a line break; and `|`, which pipes.
fn split(line: &str) -> Vec<(Stage, &str)> {
    let bytes = line.as_bytes();
    let mut parts = Vec::new();
    let mut stage = Stage::First;
    let mut quote = None;
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => at += 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            // `2>&1` and `&>file` are redirections.
            (None, b'&') if at > 0 && bytes[at - 1] == b'>' || bytes.get(at + 1) == Some(&b'>') => {}
            (None, b';' | b'&' | b'|' | b'\n') => {
                let is_double = byte != b'\n' && bytes.get(at + 1) == Some(&byte);
                parts.push((stage, &line[start..at]));
                stage = if byte == b'|' && !is_double { Stage::Piped } else { Stage::First };
                at += usize::from(is_double || line[at..].starts_with("|&"));
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push((stage, line.get(start..).unwrap_or_default()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn main_of(arguments: Value) -> String {
        let call = ToolCall { name: "Bash".into(), arguments };
        of(&call).main().map(|words| words.join(" ")).unwrap_or_default()
    }

    #[test]
    fn wrappers_are_looked_through() {
        for (line, expected) in [
            ("cargo test", "cargo test"),
            ("cd /x && cargo test 2>&1 | tail -50", "cargo test"),
            ("RUST_LOG=debug timeout -k 5 9 cargo test --lib", "cargo test --lib"),
            ("sudo -u bob time nice -n 5 npm ls --json", "npm ls --json"),
            ("bash -lc 'cd a; rg -n \"x | y\" src > out.txt; rg x'", "rg x"),
            ("cat data.json | jq .items", "jq .items"),
            ("git ls-files | xargs -n 5 grep -n foo", "grep -n foo"),
            ("pytest -q &> log; cat log", "cat log"),
            ("make -j4 2>/dev/null || echo failed", "make -j4"),
            ("for f in a b; do echo \"== $f\"; cat $f; done", "cat $f"),
            ("if [ -f a ]; then cargo test; fi", "cargo test"),
            ("git show HEAD:a.rs | nl -ba | sed -n '1,80p'", "git show HEAD:a.rs"),
            ("(cd x && cargo test)", "cargo test)"),
            ("echo a\\;b", ""),
            ("", ""),
            ("'unclosed", ""),
        ] {
            assert_eq!(main_of(json!({ "command": line })), expected, "{line}");
        }
    }

    #[test]
    fn arguments_come_in_many_shapes() {
        assert_eq!(main_of(json!({"command": ["bash", "-lc", "cd x && ls -la"]})), "ls -la");
        assert_eq!(main_of(json!({"cmd": "rg foo"})), "rg foo");
        assert_eq!(main_of(json!("{\"cmd\":\"rg foo\"}")), "rg foo");
        assert_eq!(main_of(json!("text(await tools.exec_command({cmd: 'cd x && rg foo'}))")), "rg foo");
        assert_eq!(main_of(json!({"command": "view", "path": "/a.rs"})), "");
        assert_eq!(main_of(json!({"action": 3})), "");
        assert_eq!(main_of(Value::Null), "");
    }
}
