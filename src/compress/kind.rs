//! What a text is: by the call that produced it first, by its shape second. Linear, and never a model.

use crate::compress::ToolCall;
use crate::compress::blob;
use crate::compress::command::{self, Commands};
use crate::compress::{config, git, html, listing, log, table, xml};

/// Kinds of content, as far as they matter for the choice of a compressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Json,
    Html,
    Xml,
    Diff,
    /// What `git` says about commits and the work tree.
    Git,
    /// What applications, servers, build and test tools write line by line.
    Log,
    Search,
    /// Names of files, with or without their sizes and times.
    Listing,
    /// Rows with the same columns: separated by a sign, or one below the other.
    Table,
    /// Settings, and what tools lock: YAML, TOML, INI.
    Config,
    /// Nothing that a person reads: base64, minified code.
    Blob,
    Source,
    Text,
}

/// So many lines are looked at, from the beginning and again from the middle.
const LOOKED_AT: usize = 200;

/// What a call's output is, when the call alone tells.
pub(crate) fn by_call(call: Option<&ToolCall>, commands: &Commands) -> Option<Kind> {
    let call = call?;
    if let Some(words) = commands.main() {
        return by_command(words);
    }
    match tool_name(call).as_str() {
        "grep" | "search_file_content" | "ripgrep" | "grep_search" => Some(Kind::Search),
        "glob" | "find_files" | "ls" | "list_directory" | "list_dir" => Some(Kind::Listing),
        _ => None,
    }
}

/// The tool's name without the server it belongs to, in lower case.
pub(crate) fn tool_name(call: &ToolCall) -> String {
    call.name.rsplit("__").next().unwrap_or(&call.name).to_ascii_lowercase()
}

fn by_command(words: &[String]) -> Option<Kind> {
    let program = command::program_name(words.first()?);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    // `git -C path diff`: the option's value is not the verb.
    let takes_value = |word: &str| matches!(word, "-C" | "-c" | "-n" | "--namespace");
    let verb = (1..words.len())
        .find(|at| !words[*at].starts_with('-') && !takes_value(&words[at - 1]))
        .map_or("", |at| words[at].as_str());
    match program {
        "rg" if has("--files") => Some(Kind::Listing),
        "rg" | "grep" | "egrep" | "fgrep" | "ag" | "ack" => Some(Kind::Search),
        "find" | "fd" | "fdfind" | "ls" | "tree" | "exa" | "eza" | "du" => Some(Kind::Listing),
        "git" => match verb {
            "grep" => Some(Kind::Search),
            "ls-files" | "ls-tree" => Some(Kind::Listing),
            "diff" | "show" if words.iter().any(|word| word.starts_with("--stat")) => Some(Kind::Git),
            "diff" | "show" => Some(Kind::Diff),
            "log" if has("-p") || has("--patch") || has("-u") => Some(Kind::Diff),
            "log" | "status" | "blame" | "shortlog" | "reflog" | "branch" | "stash" => Some(Kind::Git),
            _ => None,
        },
        "diff" => Some(Kind::Diff),
        "jq" => Some(Kind::Json),
        "docker" | "podman"
            if matches!(verb, "ps" | "images" | "image" | "container" | "stats" | "network" | "volume") =>
        {
            Some(Kind::Table)
        }
        // What is drawn as a tree has names that stand on many lines, which say different things each time.
        "cargo" if verb == "tree" => Some(Kind::Listing),
        "npm" | "pnpm" | "yarn" if matches!(verb, "list" | "ls" | "la" | "ll" | "why" | "explain") => {
            Some(Kind::Listing)
        }
        "pip" | "pip3" | "apt" if matches!(verb, "list" | "ls") => Some(Kind::Table),
        "cargo" | "rustc" | "pytest" | "py.test" | "tox" | "nox" | "make" | "cmake" | "ninja" | "gcc" | "g++"
        | "clang" | "cc" | "go" | "npm" | "pnpm" | "yarn" | "bun" | "npx" | "jest" | "vitest" | "tsc" | "eslint"
        | "ruff" | "mypy" | "mvn" | "gradle" | "gradlew" | "pip" | "pip3" | "uv" | "apt" | "apt-get" | "docker"
        | "journalctl" | "dmesg" | "terraform" | "bazel" | "swift" | "dotnet" => Some(Kind::Log),
        "node" | "deno" if has("--test") || verb == "test" => Some(Kind::Log),
        "kubectl" if matches!(verb, "logs" | "apply" | "delete") => Some(Kind::Log),
        "kubectl" if matches!(verb, "get" | "top") => Some(Kind::Table),
        "psql" | "sqlite3" | "mysql" | "ps" | "df" | "lsblk" | "ss" | "netstat" | "lsof" | "dpkg-query" | "helm" => {
            Some(Kind::Table)
        }
        "dpkg" if has("-l") => Some(Kind::Table),
        "python" | "python3" if has("pytest") || has("unittest") || has("pip") => Some(Kind::Log),
        _ => None,
    }
}

/// What `text` looks like; `path` is the file it was read from, where it was.
pub(crate) fn by_shape(text: &str, path: Option<&str>) -> Kind {
    let extension = path.and_then(|path| path.rsplit_once('.')).map_or("", |(_, extension)| extension);
    let lines = sample(text);
    // `tree -s` begins like a list of numbers.
    if path.is_none() && listing::looks_like(&lines) {
        return Kind::Listing;
    }
    if looks_like_json(text, extension) {
        return Kind::Json;
    }
    if html::looks_like(text) {
        return Kind::Html;
    }
    if (path.is_none() || extension == "xml") && xml::looks_like(text) {
        return Kind::Xml;
    }
    if blob::looks_like(text) {
        return Kind::Blob;
    }
    let share = |test: fn(&str) -> bool| {
        let filled: Vec<_> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
        let hits = filled.iter().filter(|line| test(line)).count();
        (hits, filled.len())
    };
    if is_diff(&lines) {
        return Kind::Diff;
    }
    if git::looks_like(&lines) {
        return Kind::Git;
    }
    if matches!(extension, "csv" | "tsv" | "tab") || path.is_none() && table::looks_like(&lines) {
        return Kind::Table;
    }
    let name = path.map_or("", |path| path.rsplit(['/', '\\']).next().unwrap_or(path));
    if config::is_lock_file(name) || path.is_none() && config::looks_like(&lines) {
        return Kind::Config;
    }
    let (logs, all) = share(is_log_line);
    if matches!(extension, "log" | "out") || logs * 3 >= all && logs >= 3 {
        return Kind::Log;
    }
    let is_file = path.is_some();
    if !is_file && log::trace::looks_like(&lines) {
        return Kind::Log;
    }
    let (matches, all) = share(is_match_line);
    if !is_file && matches * 10 >= all * 7 && matches >= 3 {
        // Paths without anything that was found in them are a list of files.
        return if share(|line| line.contains(':')).0 > 0 { Kind::Search } else { Kind::Listing };
    }
    if is_file && !matches!(extension, "txt" | "log" | "out" | "md" | "rst" | "") { Kind::Source } else { Kind::Text }
}

fn sample(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().take(LOOKED_AT).collect();
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle += 1;
    }
    if lines.len() == LOOKED_AT {
        lines.extend(text[middle..].lines().skip(1).take(LOOKED_AT));
    }
    lines
}

/// Whether many lines begin and end as those of programs and markup do.
pub(crate) fn looks_like_source(text: &str) -> bool {
    let lines = sample(text);
    let is_code = |line: &&&str| {
        let line = line.trim();
        let first = line.split(' ').next().unwrap_or_default();
        let begins = !first.bytes().any(|byte| byte.is_ascii_digit());
        let is_comment = ["//", "/*", "* ", "\"\"\""].iter().any(|sign| line.starts_with(sign));
        let is_markup = line.starts_with('<') && line.ends_with('>');
        is_comment || is_markup || begins && line.ends_with(['{', '}', ';', ',', '(', ')', ':'])
    };
    let filled: Vec<&&str> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    filled.iter().copied().filter(is_code).count() * 2 >= filled.len()
}

fn looks_like_json(text: &str, extension: &str) -> bool {
    let start = text.trim_start();
    let opens = match start.as_bytes() {
        // `[2026-11-20 10:00:00] INFO` and `[INFO]` are logs; `{ key` is none of ours.
        [b'[', rest @ ..] => {
            let inside = rest.iter().find(|byte| !byte.is_ascii_whitespace());
            matches!(inside, Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9'))
                && !is_log_line(start.lines().next().unwrap_or_default())
        }
        [b'{', rest @ ..] => matches!(rest.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'"' | b'}')),
        [b'"', ..] => start.starts_with("\"{") || start.starts_with("\"["),
        _ => false,
    };
    if opens || matches!(extension, "json" | "jsonl" | "ndjson" | "geojson" | "ipynb") {
        return true;
    }
    // A page of an indented file starts anywhere.
    let lines: Vec<_> = text.lines().take(LOOKED_AT).filter(|line| !line.trim().is_empty()).collect();
    let like = lines
        .iter()
        .filter(|line| {
            let line = line.trim();
            let is_member =
                line.starts_with('"') && (line.contains("\": ") || line.trim_end_matches(',').ends_with('"'));
            is_member || matches!(line, "{" | "}" | "}," | "[" | "]" | "],")
        })
        .count();
    lines.len() >= 6 && like * 20 >= lines.len() * 19 && text.contains('{')
}

fn is_diff(lines: &[&str]) -> bool {
    lines.iter().any(|line| line.starts_with("diff --git "))
        || lines.windows(2).any(|pair| pair[0].starts_with("--- ") && pair[1].starts_with("+++ "))
            && lines.iter().any(|line| line.starts_with("@@ "))
}

/// A line with a time stamp or a level near its beginning, or one that a build or test tool writes.
fn is_log_line(line: &str) -> bool {
    let mut end = line.len().min(64);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let start = &line[..end];
    let words = start.split(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']' | '|' | '(' | ')'));
    words.filter(|word| !word.is_empty()).take(8).any(|word| is_clock(word) || is_level(word))
        || ["test ", "Compiling ", "Downloading ", "Downloaded ", "npm ", "--- PASS", "--- FAIL", "ok  ", "=== RUN"]
            .iter()
            .any(|prefix| start.trim_start().starts_with(prefix))
        || [" PASSED", " FAILED", "... ok", "... FAILED"].iter().any(|word| line.contains(word))
}

fn is_level(word: &str) -> bool {
    let word = word.trim_matches([':', '<', '>', ',']);
    let word = word.strip_prefix("level=").unwrap_or(word);
    matches!(
        word,
        "INFO"
            | "WARN"
            | "WARNING"
            | "ERROR"
            | "DEBUG"
            | "TRACE"
            | "FATAL"
            | "CRITICAL"
            | "NOTICE"
            | "info"
            | "warn"
            | "error"
            | "debug"
            | "warning:"
            | "error:"
    )
}

/// `10:00:00`, also inside `2026-11-20T10:00:00.137Z`; or the seconds since boot as the kernel writes them.
fn is_clock(word: &str) -> bool {
    let bytes = word.as_bytes();
    let clock = bytes.windows(8).take(24).any(|window| {
        window
            .iter()
            .zip(b"00:00:00")
            .all(|(byte, wanted)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted })
    });
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, ""));
    let is_kernel =
        fraction.len() == 6 && [seconds, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    clock || is_kernel
}

/// `path:12:text` or `path:text`, or a path alone.
fn is_match_line(line: &str) -> bool {
    if line == "--" {
        return true;
    }
    let (path, rest) = line.split_once(':').unwrap_or((line, ""));
    let is_path =
        !path.is_empty() && path.len() < 200 && !path.contains([' ', '\t', '"', '(']) && path.contains(['/', '.']);
    let is_numbered = rest
        .split_once(':')
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    is_path && (is_numbered || rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn by_command_line(line: &str) -> Option<Kind> {
        let call = ToolCall { name: "Bash".into(), arguments: json!({ "command": line }) };
        by_call(Some(&call), &command::of(&call))
    }

    #[test]
    fn the_command_tells_first() {
        for (line, kind) in [
            ("cd x && rg -n foo | head", Some(Kind::Search)),
            ("git ls-files | xargs grep -n foo", Some(Kind::Search)),
            ("git -C sub -c a=b --no-pager diff HEAD~1", Some(Kind::Diff)),
            ("git diff HEAD~1", Some(Kind::Diff)),
            ("git log -p -3", Some(Kind::Diff)),
            ("git log --oneline", Some(Kind::Git)),
            ("git ls-files src", Some(Kind::Listing)),
            ("ls -la", Some(Kind::Listing)),
            ("timeout 99 cargo test 2>&1 | tail -40", Some(Kind::Log)),
            ("python3 -m pytest -q", Some(Kind::Log)),
            ("node --test test/", Some(Kind::Log)),
            ("kubectl logs pod", Some(Kind::Log)),
            ("kubectl get pods", Some(Kind::Table)),
            ("pip list", Some(Kind::Table)),
            ("cargo tree -e features", Some(Kind::Listing)),
            ("npm ls --all", Some(Kind::Listing)),
            ("pip install x", Some(Kind::Log)),
            ("echo x", None),
        ] {
            assert_eq!(by_command_line(line), kind, "{line}");
        }
        let grep = ToolCall { name: "Grep".into(), arguments: json!({"pattern": "x", "output_mode": "content"}) };
        assert_eq!(by_call(Some(&grep), &Commands::default()), Some(Kind::Search));
    }

    #[test]
    fn the_shape_tells_where_the_command_does_not() {
        for (text, path, kind) in [
            ("[{\"a\": 1}]", None, Kind::Json),
            ("[1, 2, 3]", None, Kind::Json),
            ("[INFO] a\n[WARN] b\n[INFO] c", None, Kind::Log),
            ("[2026-11-20 10:00:00] a\n[2026-11-20 10:00:01] b\n[2026-11-20 10:00:02] c", None, Kind::Log),
            ("[    0.000000] Linux\n[    0.000001] x\n[    0.000002] y", None, Kind::Log),
            (
                "Nov 20 10:00:00 h a[1]: x\nNov 20 10:00:00 h b: y\nNov 20 10:00:01 h c: z",
                Some("/var/log/syslog"),
                Kind::Log,
            ),
            ("a::b ... ok\ntest c ... ok\ntest d ... FAILED", None, Kind::Log),
            ("src/a.rs\nsrc/b.rs\nsrc/c.rs", None, Kind::Listing),
            ("src/a.rs:1:x\nsrc/b.rs:22:y\nsrc/c.rs:3:", None, Kind::Search),
            ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@", None, Kind::Diff),
            ("fn main() {\n}\n", Some("/x/main.rs"), Kind::Source),
            ("Some prose about a thing.\nAnd more.", Some("/x/README.md"), Kind::Text),
            ("", None, Kind::Text),
            ("    },\n    {\n      \"a\": 1,\n      \"b\": \"x\"\n    },\n    {\n      \"a\": 2", None, Kind::Json),
        ] {
            assert_eq!(by_shape(text, path), kind, "{text}");
        }
    }
}
