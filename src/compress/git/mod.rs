//! The git compressor: what `git log`, `git blame` and `git status` print, with each fact once.
//!
//! Each form is read back and compared before it is offered; only a graph, where the original can be had back, loses its
//! lines. Hashes and times are not shortened, though they could be: someone will look for them as they were.

mod blame;
pub(super) mod date;
mod graph;
mod log;
mod status;

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input, Loss, marker};

/// One of git's outputs.
struct Layout {
    /// How its form is to be read, for the head line.
    how: &'static str,
    /// The form without its head line; `None` where the text is none of this kind.
    write: fn(&[&str]) -> Option<Vec<String>>,
    /// The lines that a form stands for; where it stands for none, anything.
    read: fn(&[&str]) -> Option<Vec<String>>,
}

const LAYOUTS: &[Layout] = &[log::LAYOUT, blame::LAYOUT, status::LAYOUT];

/// Output of git that is no diff.
///
/// # What it keeps
///
/// Every commit with its whole hash, author, date and message, every changed file with its counts; of `git blame` every
/// line with its number and commit; of `git status` every file. The form is decoded and compared byte for byte before
/// it is offered.
///
/// # What it drops
///
/// What is said elsewhere: headers of a commit that are those of the commit above, also its day, the indentation of
/// messages, padding of statistics, a blamed commit's author and date from the second time on, and the advice that `git
/// status` gives on what to type. Where the original can be had back, what `git log --graph` draws before each commit.
///
/// # When it declines
///
/// Where text came with line numbers of its own, and for outputs whose lines have nothing in common (`git branch`, `git
/// reflog`).
///
/// # Example
///
/// ```text
/// commit 3f9c2a71d04be5863f9c2a71d04be5863f9c2a71
/// Author: A. U. Thor <author@example.com>
/// Date:   Sat Nov 21 17:44:31 2026 +0000
///
///     Name the cause
/// ```
/// becomes, below a commit of the same author,
/// ```text
/// commit 3f9c2a71d04be5863f9c2a71d04be5863f9c2a71 Sat Nov 21 17:44:31 2026 +0000
/// Name the cause
/// ```
pub(crate) struct Git;

impl Compressor for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    fn version(&self) -> u32 {
        4
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Git
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) {
            return Vec::new();
        }
        let form = LAYOUTS.iter().find_map(|layout| {
            let form = layout.form(input.text)?;
            (layout.text(&form).as_deref() == Some(input.text)).then_some(form)
        });
        let form = form.map(|form| Form::of(form, Loss::None));
        form.or_else(|| graph::form(input).filter(|_| input.context.retrievable)).into_iter().collect()
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        LAYOUTS.iter().find_map(|layout| layout.text(form))
    }
}

impl Layout {
    fn form(&self, text: &str) -> Option<String> {
        let (lines, end) = split(text);
        let form = (self.write)(&lines)?;
        Some(format!("{}\n{}{end}", marker::legend(self.how, None), form.join("\n")))
    }

    fn text(&self, form: &str) -> Option<String> {
        let (head, body) = form.split_once('\n')?;
        if marker::read_legend(head)? != self.how {
            return None;
        }
        let (lines, end) = split(body);
        Some(format!("{}{end}", (self.read)(&lines)?.join("\n")))
    }
}

fn split(text: &str) -> (Vec<&str>, &'static str) {
    match text.strip_suffix('\n') {
        Some(text) => (text.split('\n').collect(), "\n"),
        None => (text.split('\n').collect(), ""),
    }
}

/// Whether `text` looks like what `git log` or `git blame` prints.
pub(super) fn looks_like(lines: &[&str]) -> bool {
    let is_commit = |pair: &[&str]| {
        log::is_commit(pair[0])
            && ["Author: ", "Author:     ", "Merge: "].iter().any(|label| pair[1].starts_with(label))
    };
    lines.windows(2).next().is_some_and(is_commit) || blame::looks_like(lines)
}

#[cfg(test)]
mod tests;
