//! How a model looks at things by the tools of its agent: one looks by `Read`, the other by `sed` in a shell.

use regex::Regex;
use serde_json::{Value, json};

/// The tool by which Headroom hands out originals.
pub(crate) const RETRIEVE: &str = "mcp__headroom__headroom_retrieve";

/// Whose tools are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Claude,
    /// Codex with a model that calls its tools one by one.
    Codex,
    /// Codex with a model that writes code which calls them.
    Code,
}

/// Something to look at.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    /// What a shell command prints.
    Shell(String),
    /// A whole file.
    File(String),
    /// Some lines of a file, from the first of them on.
    Lines { path: String, first: u64, count: u64 },
    /// What git says of the project, and where the agent's provider is.
    Surroundings,
    /// The lines of all files that hold a pattern.
    Search(String),
}

/// A tool and its input.
pub(crate) type Call = (String, Value);

impl Dialect {
    pub(crate) fn call(self, look: &Look) -> Call {
        match (self, look) {
            (Self::Claude, Look::Shell(command)) => ("Bash".into(), json!({"command": command, "description": "Look"})),
            (Self::Claude, Look::Surroundings) => {
                self.call(&Look::Shell("git status --short; env | grep ANTHROPIC_BASE_URL".to_owned()))
            }
            (Self::Claude, Look::File(path)) => ("Read".into(), json!({"file_path": path})),
            (Self::Claude, Look::Lines { path, first, count }) => {
                ("Read".into(), json!({"file_path": path, "offset": first, "limit": count}))
            }
            (Self::Claude, Look::Search(pattern)) => {
                ("Grep".into(), json!({"pattern": pattern, "output_mode": "content", "-n": true}))
            }
            (Self::Code, look) => {
                let (name, input) = Self::Codex.call(look);
                code(&name, &input, "output")
            }
            (Self::Codex, Look::Shell(command)) => exec(command),
            (Self::Codex, Look::Surroundings) => {
                exec(r"git status --short; tr '\0' '\n' </proc/$PPID/cmdline | grep openai_base_url")
            }
            (Self::Codex, Look::File(path)) => exec(&format!("cat {path}")),
            (Self::Codex, Look::Lines { path, first, count }) => {
                exec(&format!("sed -n '{first},{}p' {path}", first + count - 1))
            }
            (Self::Codex, Look::Search(pattern)) => exec(&format!("grep -rnE '{pattern}' .")),
        }
    }

    /// The call for a page of a file that is read whole: the first one tells how many there are, and `told` is what it told.
    pub(crate) fn page(self, path: &str, page: usize, told: Option<&str>) -> Option<Call> {
        match self {
            Self::Claude if page == 0 => Some(self.call(&Look::File(path.to_owned()))),
            Self::Claude => {
                let hint = r"of (\d+) total .*Call Read with offset=(\d+) limit=(\d+) for the next page";
                let [total, second, count] = numbers(hint, told?)?;
                let first = second + count * (page as u64 - 1);
                (first <= total).then(|| self.call(&Look::Lines { path: path.to_owned(), first, count }))
            }
            _ if page == 0 => Some(self.call(&Look::Shell(format!("wc -l -c {path}")))),
            _ => {
                let [lines, bytes] = numbers(r"(\d+) +(\d+) /", told?)?;
                let count = (lines * LARGEST_PAGE / bytes).max(1);
                let first = 1 + count * (page as u64 - 1);
                (first <= lines).then(|| self.call(&Look::Lines { path: path.to_owned(), first, count }))
            }
        }
    }

    /// The call that fetches the lines of an original that hold `pattern`, if the tool for it can be called.
    pub(crate) fn retrieve(self, tools: &[String], handle: &str, pattern: &str) -> Option<Call> {
        let input = json!({"handle": handle, "query": pattern});
        match self {
            Self::Code => Some(code(RETRIEVE, &input, "content[0].text")),
            _ => tools.iter().any(|tool| tool == RETRIEVE).then(|| (RETRIEVE.to_owned(), input)),
        }
    }

    /// The call that makes the retrieving tool callable, where the agent holds it back until it is asked for.
    pub(crate) fn load_retrieve(self, tools: &[String]) -> Option<Call> {
        let is_there = |name: &str| tools.iter().any(|tool| tool == name);
        match self {
            _ if is_there(RETRIEVE) => None,
            Self::Claude => {
                Some(("ToolSearch".into(), json!({"query": format!("select:{RETRIEVE}"), "max_results": 3})))
            }
            Self::Codex if is_there("tool_search") => {
                Some(("tool_search".into(), json!({"query": "headroom retrieve text behind a marker"})))
            }
            Self::Codex | Self::Code => None,
        }
    }
}

/// In bytes: Codex counts a token for every four, and cuts the middle out of what has more than its limit.
const LARGEST_PAGE: u64 = 70_000;

/// A command with all of the output that the configuration allows.
fn exec(command: &str) -> Call {
    ("exec_command".into(), json!({"cmd": command, "max_output_tokens": 20_000}))
}

/// Code that calls a tool and shows a part of what it gives.
fn code(tool: &str, input: &Value, part: &str) -> Call {
    let limit = r#"// @exec: {"max_output_tokens": 20000}"#;
    ("exec".into(), format!("{limit}\nconst result = await tools.{tool}({input});\ntext(result.{part});").into())
}

fn numbers<const COUNT: usize>(pattern: &str, text: &str) -> Option<[u64; COUNT]> {
    let found = Regex::new(pattern).unwrap().captures(text)?;
    Some(std::array::from_fn(|group| found[group + 1].parse().unwrap()))
}
