//! Source as an outline: what it offers, with the bodies as line ranges. Only where the caller says that nobody needs
//! the source word by word; a file that is read in order to be edited is never shown so by default.
//!
//! Whole lines stay or go, so nothing in the outline is code that was not in the source.

mod language;
mod outline;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Holds, Input, Loss};

/// Source of a known language.
///
/// # What it keeps
///
/// Imports, types, constants, signatures and attributes, the first line of each comment and docstring, all in their
/// order and as they were written. Lines keep the numbers they came with.
///
/// # What it drops
///
/// Bodies of functions and methods, long literals and the rest of long comments, each replaced by the range of its
/// lines. Lines that the question names stay, wherever they are.
///
/// # When it declines
///
/// Unless the caller asked for outlines and can get the original back; where the language is not known, where the source
/// does not parse, and where no body is long enough.
///
/// # Example
///
/// ```text
/// impl Account {
///     /// Opens an account.
///     pub fn open(owner: &str) -> Result<Self, Error> {
///         [lines 14-31]
///     }
/// }
/// ```
pub(crate) struct Code;

impl Compressor for Code {
    fn name(&self) -> &'static str {
        "code"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Source
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let context = input.context;
        if !context.code_aware || !context.retrievable {
            return Vec::new();
        }
        let Some(language) = language::of(input.path, input.text) else { return Vec::new() };
        let Some(gaps) = outline::gaps(input.text, language, context.hints) else { return Vec::new() };
        let lines: usize = gaps.iter().map(ExactSizeIterator::len).sum();
        let left_out = format!("{} bodies and literals, {lines} lines", gaps.len());
        let shown = "source as an outline, `[lines A-B]` stands for lines that are not shown";
        let mut text = marker::digest(shown, &left_out, context.handle);
        let mut kept = String::new();
        let first = input.first_line.unwrap_or(input.lines_before + 1);
        let mut gaps = gaps.into_iter().peekable();
        for (index, line) in input.text.split('\n').enumerate() {
            match gaps.peek() {
                Some(gap) if gap.start == index => {
                    text.push('\n');
                    text.push_str(&line[..line.len() - line.trim_start().len()]);
                    text.push_str(&range(first + gap.start, first + gap.end - 1));
                }
                Some(gap) if gap.contains(&index) => {}
                _ => {
                    text.push('\n');
                    if input.first_line.is_some() {
                        text.push_str(&(first + index).to_string());
                        text.push('\t');
                    }
                    text.push_str(line);
                    kept.push_str(line);
                    kept.push('\n');
                }
            }
            if gaps.peek().is_some_and(|gap| gap.end == index + 1) {
                gaps.next();
            }
        }
        vec![Form { text, loss: Loss::Content, holds: Holds::Only(kept) }]
    }
}

fn range(first: usize, last: usize) -> String {
    if first == last { format!("[line {first}]") } else { format!("[lines {first}-{last}]") }
}

#[cfg(test)]
mod tests;
