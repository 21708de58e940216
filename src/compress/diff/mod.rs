//! The diff compressor: what `git diff`, `git show`, `git log -p` and `diff -u` print, with each fact once.
//!
//! Every changed line stays as it is. What goes first is what can be told from what stays: `---`, `+++` and `rename` lines
//! that repeat the `diff` line, the signs of a new file's lines. What goes next, where it can be had
//! back, are unchanged lines that hold no name and no number that does not stand somewhere else in the form: a reader who
//! looks for something by its spelling finds it either way.

mod idle;
mod plain;
mod roles;

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input, Loss, literal, marker};

/// By how many percent the form with gaps must be shorter than the one without.
const LEAST_PERCENT: usize = 4;

/// So often the form with gaps is tried.
const MOST_TRIES: usize = 4;

/// Diffs.
///
/// # What it keeps
///
/// Every file and every changed line, in order and character by character; where each hunk begins; new, deleted, renamed
/// and binary files, modes and hashes; heads and messages of commits. Of the unchanged lines the nearest to each change,
/// and those with a name or a number that stands nowhere else.
///
/// # What it drops
///
/// Without loss: `---`, `+++` and `rename` lines that repeat the `diff` line, the day of a file that was written on the
/// same one as the file above, the signs of the lines of a new or deleted file, an author who is that of the commit above. Where the original can be had back:
/// unchanged lines, as `…3` in the place of three of them, and what generated files (lock files, source maps) changed to.
///
/// # When it declines
///
/// Where text came with line numbers of its own, for diffs that are not in the unified format, and where nothing gets
/// shorter.
///
/// # Example
///
/// ```text
/// diff --git a/src/a.rs b/src/a.rs
/// index 3f9c2a7..1d04be5 100644
/// --- a/src/a.rs
/// +++ b/src/a.rs
/// @@ -10,7 +10,7 @@ fn main() {
/// ```
/// becomes, under a head line,
/// ```text
/// diff --git a/src/a.rs b/src/a.rs
/// index 3f9c2a7..1d04be5 100644
/// @@ -10,7 +10,7 @@ fn main() {
/// ```
pub(crate) struct Diff;

impl Compressor for Diff {
    fn name(&self) -> &'static str {
        "diff"
    }

    fn version(&self) -> u32 {
        4
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Diff
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) || !input.text.contains("\n@@ ") {
            return Vec::new();
        }
        let whole = plain::write(input.text);
        if plain::read(&whole).as_deref() != Some(input.text) {
            return Vec::new();
        }
        let whole = Form::of(whole, Loss::None);
        // What the short form leaves out need not be fetched to find a name, so it need not be that much shorter than
        // the other (`choice`). It is written by the same rules, so it is as sound.
        let short = if input.context.retrievable { short(input) } else { None };
        match short {
            Some(short) if short.text.len() * 100 <= whole.text.len() * (100 - LEAST_PERCENT) => vec![short],
            _ => vec![whole],
        }
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        plain::read(form)
    }
}

/// The form with gaps that passes the gate. Where the gate misses a literal, the lines that hold it are shown.
fn short(input: &Input) -> Option<Form> {
    let mut missed = Vec::new();
    for _ in 0..MOST_TRIES {
        let form = idle::form(input, &missed)?;
        match literal::lost(input.text, &form.text, input.lines_before + 1, input.context.handle) {
            Some(literal) => missed.push(literal),
            None => return Some(form),
        }
    }
    None
}

#[cfg(test)]
mod tests;
