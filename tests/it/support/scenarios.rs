//! The tasks on which Headroom is shown: what an agent reads most often, one kind each, and all of it in one conversation.
//!
//! A prompt names nothing that stands in the texts: words of a question are kept verbatim, and a task that names its
//! answer would show nothing.

use std::path::Path;

use super::dialect::Look;
use super::project::{self, SOURCE};
use super::scenario::{Fact, Recall, Scenario, Step};

/// Every task, for a project at `root`.
pub(crate) fn all(root: &Path) -> Vec<Scenario> {
    vec![
        errors(root),
        ordinary_line(root),
        json(root),
        git_log(),
        source(root),
        two_calls(root),
        conversation(root),
        recall_by_tool(),
        recall_by_shell(),
    ]
}

/// The errors of a log of 200 KB, which the agent reads page by page.
pub(crate) fn errors(root: &Path) -> Scenario {
    scenario("errors", "What went wrong in the log, and where in the code?", vec![log(root)], project::errors())
}

/// A line of the same log that looks like all others.
pub(crate) fn ordinary_line(root: &Path) -> Scenario {
    let prompt = "To which file did the export with forty-eight thousand rows go?";
    scenario("ordinary", prompt, vec![log(root)], vec![project::ordinary_line()])
}

/// One value out of a pretty-printed JSON file of 150 KB.
pub(crate) fn json(root: &Path) -> Scenario {
    let prompt = "What is the tracking number of the two hundred and forty-second order?";
    scenario("json", prompt, vec![Step::Pages(at(root, "data/orders.json"))], vec![project::record()])
}

/// What the newest commits changed.
pub(crate) fn git_log() -> Scenario {
    let prompt = "Which function did the newest commit on the statistics add?";
    scenario("gitlog", prompt, vec![Step::shell(GIT_LOG)], vec![project::newest_change()])
}

/// A source file, which must arrive as it is: the next thing an agent does with one is edit it.
pub(crate) fn source(root: &Path) -> Scenario {
    let prompt = "How is a file written so that nobody sees half of it?";
    scenario("source", prompt, vec![Step::file(at(root, SOURCE))], vec![atomic_write()])
}

/// Two results in one turn.
pub(crate) fn two_calls(root: &Path) -> Scenario {
    let step = Step::Looks(vec![part_of_log(root, 1100, 300), Look::File(at(root, SOURCE))]);
    let prompt = "Where did the big export go, and how is a file written here?";
    scenario("twocalls", prompt, vec![step], vec![project::ordinary_line(), atomic_write()])
}

/// A passing test among failing ones, fetched by the tool that Headroom gives the agent.
pub(crate) fn recall_by_tool() -> Scenario {
    let prompt = "Which tests fail? And how far was the run when the one about renewals on a leap day had passed?";
    scenario("recalltool", prompt, vec![Step::shell(PYTEST)], vec![project::passed_test()])
}

/// The same, fetched by a shell command.
pub(crate) fn recall_by_shell() -> Scenario {
    Scenario { name: "recallshell", recall: Recall::Shell, ..recall_by_tool() }
}

/// A long conversation: everything above, and the small calls that fill real ones.
pub(crate) fn conversation(root: &Path) -> Scenario {
    let steps = vec![
        Step::Looks(vec![Look::Surroundings]),
        Step::shell("cargo test"),
        Step::file(at(root, SOURCE)),
        Step::shell(GIT_LOG),
        Step::Looks(vec![part_of_log(root, 850, 450)]),
        Step::Looks(vec![part_of_log(root, 1300, 300)]),
        Step::Looks(vec![Look::Shell(PYTEST.to_owned()), Look::Shell("git log --oneline".to_owned())]),
        Step::Looks(vec![Look::Search("pub\\(crate\\)".to_owned())]),
        Step::Pages(at(root, "data/orders.json")),
        Step::file(at(root, "src/json_text.rs")),
        Step::shell("wc -l src/*.rs && ls data logs"),
    ];
    let mut facts = project::errors();
    facts.extend([project::ordinary_line(), project::record(), atomic_write(), project::passed_test()]);
    scenario("conversation", "Get to know this project and tell what stands out.", steps, facts)
}

const GIT_LOG: &str = "git log -p -n 12";
/// Through `tail`, because Claude Code cuts the output of a command that fails at 10,000 characters.
const PYTEST: &str = "pytest -v 2>&1 | tail -n 400";

fn scenario(name: &'static str, prompt: &str, steps: Vec<Step>, facts: Vec<Fact>) -> Scenario {
    Scenario { name, prompt: prompt.to_owned(), steps, facts, recall: Recall::Tool }
}

fn at(root: &Path, path: &str) -> String {
    root.join(path).display().to_string()
}

fn log(root: &Path) -> Step {
    Step::Pages(at(root, "logs/app.log"))
}

fn part_of_log(root: &Path, first: u64, count: u64) -> Look {
    Look::Lines { path: at(root, "logs/app.log"), first, count }
}

/// A fact that stands in the source file.
fn atomic_write() -> Fact {
    Fact { anchor: "pub(crate) fn write_atomic", pattern: r"fn (\w+)", truth: "write_atomic".to_owned() }
}
