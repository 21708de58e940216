//! `git status`: changed files by what became of them.

use crate::compress::git::Layout;

pub(super) const LAYOUT: Layout = Layout {
    how: "git status, no file left out; what became of a file may stand above several; no advice",
    write,
    read,
};

/// Files with the same label, from how many on the label stands above them.
const SHORTEST_RUN: usize = 3;

/// What git says to type, below which line.
const ADVICE: &[(&str, &[&str])] = &[
    ("Changes to be committed:", &["  (use \"git restore --staged <file>...\" to unstage)"]),
    (
        "Changes not staged for commit:",
        &[
            "  (use \"git add <file>...\" to update what will be committed)",
            "  (use \"git restore <file>...\" to discard changes in working directory)",
        ],
    ),
    ("Untracked files:", &["  (use \"git add <file>...\" to include in what will be committed)"]),
    ("Unmerged paths:", &["  (use \"git add <file>...\" to mark resolution)"]),
];

fn advice(heading: &str) -> &'static [&'static str] {
    ADVICE.iter().find(|(known, _)| *known == heading).map_or(&[], |(_, advice)| advice)
}

/// The label of a file, with the spaces behind it: `<tab>modified:   `.
fn label(line: &str) -> Option<&str> {
    let colon = line.strip_prefix('\t')?.find(": ")? + 2;
    let end = line.len() - line[colon..].trim_start_matches(' ').len();
    line[1..colon - 1].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ').then(|| &line[..end])
}

fn write(lines: &[&str]) -> Option<Vec<String>> {
    if !["On branch ", "HEAD detached "].iter().any(|start| lines[0].starts_with(start)) {
        return None;
    }
    let mut form = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let run = label(line).map_or(0, |own| lines[at..].iter().take_while(|line| label(line) == Some(own)).count());
        if run >= SHORTEST_RUN {
            let (own, _) = line.split_at(label(line)?.len());
            form.push(own.to_owned());
            form.extend(lines[at..at + run].iter().map(|line| line[own.len()..].to_owned()));
            at += run;
            continue;
        }
        form.push(line.to_owned());
        at += 1;
        let advice = advice(line);
        if lines[at..].starts_with(advice) {
            at += advice.len();
        }
    }
    Some(form)
}

#[expect(clippy::unnecessary_wraps, reason = "a layout reads in this shape")]
fn read(lines: &[&str]) -> Option<Vec<String>> {
    let mut text = Vec::with_capacity(lines.len());
    let mut above = "";
    for line in lines {
        if line.starts_with('\t') && line.ends_with(": ") || label(line).is_some_and(|label| label == *line) {
            above = line;
            continue;
        }
        if line.is_empty() || line.starts_with('\t') {
            above = "";
        }
        text.push(format!("{above}{line}"));
        text.extend(advice(line).iter().map(|line| (*line).to_owned()));
    }
    Some(text)
}
