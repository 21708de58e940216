//! A diff without the unchanged lines that nobody looks for, and without what generated files changed to.
//!
//! An unchanged line goes where each of its names and numbers stands elsewhere in the form as well, so that a search for
//! any of them still finds it. Cutting all context down to a line would save more and be asked for more often.

use std::collections::HashSet;

use crate::compress::diff::plain::{self, Writer};
use crate::compress::diff::roles::{self, Role};
use crate::compress::{Form, Input, Loss, marker};

/// Fewer characters than this are not worth the sign that stands for them.
const LEAST_LEFT_OUT: usize = 12;

/// So many bytes are looked through at most for names that are part of a longer one.
const LOOKED_THROUGH: usize = 20_000_000;

/// Shorter changes to generated files are shown.
const SHORTEST_GENERATED: usize = 12;

const SHOWN: &str =
    "diff to read, not to apply, without ---, +++ and rename lines that only repeat the diff line (or say /dev/null)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Shown,
    /// An unchanged line that is left out.
    Idle,
    /// Part of the hunks of a generated file.
    Generated,
}

/// The form without idle lines and generated hunks; `None` where there are none. Unchanged lines that hold one of `missed`
/// are shown.
pub(super) fn form(input: &Input, missed: &[&str]) -> Option<Form> {
    let (lines, end) = plain::split(input.text);
    let roles = roles::of(&lines);
    let mut fates = vec![Fate::Shown; lines.len()];
    generated(input, &lines, &roles, &mut fates);
    idle(input, missed, &lines, &roles, &mut fates);
    let idle = fates.iter().filter(|fate| **fate == Fate::Idle).count();
    let handle = input.context.handle;
    let shown = format!("{SHOWN}{}", plain::told_above(&lines));
    let head = if idle > 0 {
        let what = format!("{idle} unchanged lines (`…3` stands for 3, nothing for those at the end of a hunk)");
        marker::digest(&shown, &what, handle)
    } else if fates.contains(&Fate::Generated) {
        marker::legend(&shown, Some(handle))
    } else {
        return None;
    };
    let mut writer = Writer::new(&head);
    let mut at = 0;
    while at < lines.len() {
        let run = fates[at..].iter().take_while(|fate| **fate == fates[at]).count();
        match fates[at] {
            Fate::Shown => {
                for line in at..at + run {
                    writer.line(&lines, &roles, line);
                }
            }
            // How many are missing at a hunk's end is told by its head.
            Fate::Idle if roles.get(at + run).is_some_and(|role| role.is_body()) => writer.say(&format!("…{run}")),
            Fate::Idle => {}
            Fate::Generated => {
                let count = |role| roles[at..at + run].iter().filter(|found| **found == role).count();
                let what =
                    format!("generated file, {} lines added, {} removed", count(Role::Added), count(Role::Removed));
                let first = input.lines_before + at + 1;
                writer.say(&marker::gap(&(first..=first + run - 1), &what, handle));
            }
        }
        at += run;
    }
    Some(Form::of(writer.finish(end), Loss::Content))
}

/// Marks the hunks of generated files, unless the diff is about such files.
fn generated(input: &Input, lines: &[&str], roles: &[Role], fates: &mut [Fate]) {
    let mut files: Vec<(&str, std::ops::Range<usize>)> = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        match role {
            Role::File => {
                files.push((lines[at].rsplit([' ', '/']).next().unwrap_or_default(), at + 1..at + 1));
            }
            Role::Hunk => {
                let Some((_, range)) = files.last_mut() else { continue };
                if range.start == range.end {
                    *range = at..at;
                }
                range.end = at + 1 + roles[at + 1..].iter().take_while(|role| role.is_body()).count();
            }
            _ => {}
        }
    }
    if files.iter().all(|(name, _)| is_generated(name)) {
        return;
    }
    let names_it = |name: &str| input.command.is_some_and(|words| words.iter().any(|word| word.ends_with(name)));
    for (name, range) in files {
        if !is_generated(name) || range.len() < SHORTEST_GENERATED || names_it(name) {
            continue;
        }
        let is_asked_for = lines[range.clone()].iter().any(|line| holds_hint(input, line));
        let is_one_piece = roles[range.clone()].iter().all(|role| *role == Role::Hunk || role.is_body());
        if !is_asked_for && is_one_piece {
            fates[range].fill(Fate::Generated);
        }
    }
}

/// Whether a file of this name is written by a tool.
fn is_generated(name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    matches!(
        name,
        "package-lock.json"
            | "npm-shrinkwrap.json"
            | "pnpm-lock.yaml"
            | "bun.lock"
            | "go.sum"
            | "flake.lock"
            | "packages.lock.json"
            | "Package.resolved"
            | "gradle.lockfile"
    ) || ends(&[".lock", ".min.js", ".min.css", ".map", ".snap", ".lockb", ".pb.go", "_pb2.py"])
}

fn holds_hint(input: &Input, line: &str) -> bool {
    input.context.hints.iter().any(|hint| line.contains(hint.as_str()))
}

/// Marks the unchanged lines that can go: not right above a change, not asked for, with no name or number of their own.
fn idle(input: &Input, missed: &[&str], lines: &[&str], roles: &[Role], fates: &mut [Fate]) {
    let is_change = |at: usize| roles.get(at).is_some_and(|role| matches!(role, Role::Added | Role::Removed));
    // How a text ends is looked at to see whether it was cut off.
    let last = lines.iter().rposition(|line| !line.trim().is_empty());
    let may_go: Vec<bool> = (0..lines.len())
        .map(|at| {
            let is_above = is_change(at + 1);
            let is_wanted = || holds_hint(input, lines[at]) || missed.iter().any(|literal| lines[at].contains(literal));
            roles[at] == Role::Context && fates[at] == Fate::Shown && Some(at) != last && !is_above && !is_wanted()
        })
        .collect();
    let mut known = HashSet::new();
    let mut shown = String::new();
    for (at, line) in lines.iter().enumerate() {
        if !may_go[at] && fates[at] == Fate::Shown {
            known.extend(names(line));
            shown.push_str(line);
            shown.push('\n');
        }
    }
    let mut look_ups = LOOKED_THROUGH / (shown.len() + 1);
    let mut stands = |name: &str, known: &HashSet<&str>| {
        if known.contains(name) {
            return true;
        }
        look_ups = look_ups.saturating_sub(1);
        look_ups > 0 && memchr::memmem::find(shown.as_bytes(), name.as_bytes()).is_some()
    };
    let mut at = 0;
    while at < lines.len() {
        let goes = |at: &usize| may_go[*at] && names(lines[*at]).all(|name| stands(name, &known));
        let run = (at..lines.len()).take_while(goes).count();
        let length: usize = lines[at..at + run].iter().map(|line| line.trim().len() + 2).sum();
        // Nothing stands for what is missing at a hunk's end.
        let is_end = !roles.get(at + run).is_some_and(|role| role.is_body());
        if length >= LEAST_LEFT_OUT || is_end {
            fates[at..at + run].fill(Fate::Idle);
        }
        at += run;
        if at < lines.len() {
            known.extend(names(lines[at]));
            at += 1;
        }
    }
}

/// The words of `line` that are looked for by their spelling: with a digit, a sign inside, or a hump.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | ':' | '-' | '@')))
        .map(|word| word.trim_matches(['.', '/', ':', '-', '@']))
        .filter(|word| {
            let bytes = word.as_bytes();
            let is_hump = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
            bytes.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'/' | b':' | b'-' | b'@'))
                || bytes.windows(2).any(is_hump)
        })
}
