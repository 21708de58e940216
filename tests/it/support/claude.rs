//! Runs the real Claude Code, directly or wrapped.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::place::{HEADROOM, Place, Route, Run, find};

const KEY: &str = "sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const MODEL: &str = "claude-sonnet-4-5-20250929";
const TOOLS: &str = "Bash,Read,Grep,ToolSearch,mcp__headroom";

/// A place for Claude Code, if it is installed.
pub(crate) fn place() -> Option<Place> {
    Some(Place::new(&[&binary()?]))
}

pub(crate) fn binary() -> Option<PathBuf> {
    find("claude")
}

/// Makes a place anew, as a user has it who uses Claude Code here already.
pub(crate) fn reset(place: &Place) {
    place.reset();
    settle(place);
}

/// Gives a place what Claude Code needs.
pub(crate) fn settle(place: &Place) {
    let state = json!({
        "hasCompletedOnboarding": true,
        "customApiKeyResponses": {"approved": [&KEY[KEY.len() - 20..]], "rejected": []},
        "projects": {(place.project().to_str().unwrap()): {"hasTrustDialogAccepted": true, "allowedTools": []}},
    });
    place.file(".claude.json", &format!("{state:#}\n"));
    place.file(".claude/settings.json", "{\n  \"includeCoAuthoredBy\": false\n}\n");
    place.file(".claude/CLAUDE.md", "Answer shortly.\n");
}

/// Claude Code with one task, not yet started.
pub(crate) fn command(place: &Place, route: Route, url: &str, prompt: &str) -> Command {
    let mut command = match route {
        Route::Direct => place.command(&binary().unwrap()),
        Route::Wrapped => {
            let mut command = place.command(Path::new(HEADROOM));
            command.args(["wrap", "claude", "--"]);
            command
        }
    };
    command.args(["-p", prompt, "--model", MODEL, "--output-format", "json", "--allowedTools", TOOLS]);
    command
        .env("ANTHROPIC_API_KEY", KEY)
        .env("ANTHROPIC_BASE_URL", url)
        .env("ENABLE_TOOL_SEARCH", "true")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_ERROR_REPORTING", "1");
    command
}

/// Runs one task in the place as it stands.
pub(crate) fn run(place: &Place, route: Route, url: &str, prompt: &str) -> Run {
    let mut command = command(place, route, url, prompt);
    // The same session id on both sides: it is part of paths that tool results name.
    command.args(["--session-id", "7d0f5a52-9f2c-4f63-a3c8-4f0e2d9b1c11"]);
    place.run(command)
}

/// What the agent answered.
pub(crate) fn answer(run: &Run) -> String {
    let result: Value = serde_json::from_str(run.stdout.trim()).unwrap_or_default();
    assert_eq!(run.code, Some(0), "the agent failed\n{}\n{}", run.stdout, run.stderr);
    result["result"].as_str().unwrap_or_default().to_owned()
}
