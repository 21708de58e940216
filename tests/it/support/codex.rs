//! Runs the real Codex, directly or wrapped.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{HEADROOM, Place, Route, Run, find};

const KEY: &str = "sk-proj-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const MODEL: &str = "gpt-5.1-codex";

/// A place for Codex, if it is installed.
pub(crate) fn place() -> Option<Place> {
    Some(Place::new(&[&binary()?]))
}

pub(crate) fn binary() -> Option<PathBuf> {
    find("codex")
}

/// Makes a place anew, as a user has it who uses Codex here already, with a provider at `url`.
pub(crate) fn reset(place: &Place, url: &str) {
    place.reset();
    settle(place, url);
}

/// Gives a place what Codex needs. It starts a login shell for each command, and a Debian's sets `PATH` anew.
pub(crate) fn settle(place: &Place, url: &str) {
    let config = format!(
        "# Mine.\nmodel = \"{MODEL}\"   # the usual one\nopenai_base_url = \"{url}/v1\"\ntool_output_token_limit = 20000\n\n\
         [projects.\"{}\"]\ntrust_level = \"trusted\"\n",
        place.project().display()
    );
    place.file(".codex/config.toml", &config);
    place.file(".codex/auth.json", &format!("{{\"auth_mode\": \"apikey\", \"OPENAI_API_KEY\": \"{KEY}\"}}\n"));
    place.file(".codex/AGENTS.md", "Answer shortly.\n");
    place.file(".profile", &format!("PATH=\"{}:$PATH\"\n", place.programs().display()));
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
