//! Runs the real Codex, directly or wrapped.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::dialect::Dialect;
use super::place::{HEADROOM, Place, Route, Run, find};

const KEY: &str = "sk-proj-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Models for which Codex offers its tools differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// It writes code that calls tools. The newest are like that, the default among them.
    Code,
    /// It calls tools, and searches for those of MCP servers before.
    Search,
    /// It calls tools, and Codex does not know it: every tool is in the list.
    Unknown,
}

impl Model {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "gpt-6.1-sol",
            Self::Search => "gpt-5.5",
            Self::Unknown => "gpt-5.1-codex",
        }
    }

    pub(crate) fn dialect(self) -> Dialect {
        if self == Self::Code { Dialect::Code } else { Dialect::Codex }
    }
}

/// A place for Codex, if it is installed.
pub(crate) fn place() -> Option<Place> {
    Some(Place::new(&[&binary()?]))
}

pub(crate) fn binary() -> Option<PathBuf> {
    find("codex")
}

/// Makes a place anew, as a user has it who uses Codex here already, with a provider at `url`.
pub(crate) fn reset(place: &Place, url: &str, model: Model) {
    place.reset();
    settle(place, url, model);
}

/// Gives a place what Codex needs. It starts a login shell for each command, and a Debian's sets `PATH` anew: then it is the
/// profile that says where programs are, headroom among them.
pub(crate) fn settle(place: &Place, url: &str, model: Model) {
    let headroom = Path::new(HEADROOM).parent().unwrap();
    let config = format!(
        "# Mine.\nmodel = \"{}\"   # the usual one\nopenai_base_url = \"{url}/v1\"\ntool_output_token_limit = 20000\n\n\
         [projects.\"{}\"]\ntrust_level = \"trusted\"\n",
        model.name(),
        place.project().display()
    );
    place.file(".codex/config.toml", &config);
    place.file(".codex/auth.json", &format!("{{\"auth_mode\": \"apikey\", \"OPENAI_API_KEY\": \"{KEY}\"}}\n"));
    place.file(".codex/AGENTS.md", "Answer shortly.\n");
    place.file(".profile", &format!("PATH=\"{}:{}:$PATH\"\n", place.programs().display(), headroom.display()));
}

/// Codex with these words behind `exec`, not yet started.
pub(crate) fn command(place: &Place, route: Route, words: &[&str]) -> Command {
    let mut command = match route {
        Route::Direct => place.command(&binary().unwrap()),
        Route::Wrapped => {
            let mut command = place.command(Path::new(HEADROOM));
            command.args(["wrap", "codex", "--"]);
            command
        }
    };
    command.args(["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]).args(words);
    command
}

/// Runs `codex exec` with these words in the place as it stands.
pub(crate) fn run(place: &Place, route: Route, words: &[&str]) -> Run {
    place.run(command(place, route, words))
}

/// What the agent answered.
pub(crate) fn answer(run: &Run) -> String {
    assert_eq!(run.code, Some(0), "the agent failed\n{}\n{}", run.stdout, run.stderr);
    run.stdout.clone()
}
