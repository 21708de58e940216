//! `git log --graph --oneline`: the commits, without what is drawn before them.

use crate::compress::{Form, Input, Loss, marker};

/// The commits of a graph, one per line; `None` where not every line is a commit or drawn.
pub(super) fn form(input: &Input) -> Option<Form> {
    let text = input.text.strip_suffix('\n').unwrap_or(input.text);
    let mut commits = Vec::new();
    let mut drawn = 0;
    for line in text.split('\n') {
        let commit = line.trim_start_matches(['*', '|', '/', '\\', '_', '-', '.', ' ']);
        let hash = commit.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_commit =
            hash >= 7 && commit.as_bytes().get(hash) == Some(&b' ') && line[..line.len() - commit.len()].contains('*');
        if is_commit {
            commits.push(format!("* {commit}"));
        } else if commit.is_empty() {
            drawn += 1;
        } else {
            return None;
        }
    }
    if commits.len() < 2 {
        return None;
    }
    let shown = format!("the {} commits of a graph in its order", commits.len());
    let left_out = format!("what is drawn before them, {drawn} lines without a commit");
    let head = marker::digest(&shown, &left_out, input.context.handle);
    let end = if input.text.ends_with('\n') { "\n" } else { "" };
    Some(Form::of(format!("{head}\n{}{end}", commits.join("\n")), Loss::Content))
}
