//! Prose: paragraphs that were broken at a width become one line each.
//!
//! Of a text that people read, every word may be asked for, so none is left out. Only line breaks go that stand where
//! the next word did not fit into the line any more, and blank lines beyond the first.

use crate::compress::kind::{self, Kind};
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};

/// Texts whose lines are not broken near such a width are not wrapped.
const NARROWEST: usize = 50;
const WIDEST: usize = 140;
/// A line with so many spaces inside has columns.
const COLUMNS: &str = "   ";

/// Prose, documents and help texts.
///
/// # What it keeps
///
/// Every word, in its order; headings, lists, tables, code and each paragraph on lines of their own.
///
/// # What it drops
///
/// Line breaks inside paragraphs, where the next word would not have fitted into the line; the indent of the lines that
/// are joined; spaces at the ends of lines; blank lines that follow another one.
///
/// # When it declines
///
/// Source; texts with line numbers; texts that are not broken at a width.
///
/// # Example
///
/// ```text
///        --keep-base
///            Set the starting point at which to create the new
///            commits to the merge base of upstream and branch.
/// ```
/// becomes, under a head line,
/// ```text
///        --keep-base
///            Set the starting point at which to create the new commits to the merge base of upstream and branch.
/// ```
pub(crate) struct Text;

impl Compressor for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Text
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) || kind::looks_like_source(input.text) {
            return Vec::new();
        }
        let text = unwrapped(input.text);
        if !text.split_ascii_whitespace().eq(input.text.split_ascii_whitespace()) {
            return Vec::new();
        }
        let handle = input.context.retrievable.then_some(input.context.handle);
        let legend = marker::legend("text, each paragraph on one line", handle);
        vec![Form::of(format!("{legend}\n{text}"), Loss::Layout)]
    }
}

fn unwrapped(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(str::trim_ascii_end).collect();
    let Some(width) = width(&lines) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;
    // How far the paragraph's lines are indented behind its first.
    let mut hanging: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        let before = at.checked_sub(1).map(|before| lines[before]);
        if line.is_empty() && before == Some("") {
            continue;
        }
        let joins = !is_code && !is_fence && before.is_some_and(|before| continues(before, line, width, hanging));
        if joins {
            hanging = Some(indent(line));
            out.push(' ');
            out.push_str(line.trim_start());
        } else {
            hanging = None;
            if at > 0 {
                out.push('\n');
            }
            out.push_str(line);
        }
        is_code ^= is_fence;
    }
    out
}

/// The width at which the lines were broken.
fn width(lines: &[&str]) -> Option<usize> {
    let mut lengths: Vec<usize> =
        lines.iter().filter(|line| line.split_ascii_whitespace().nth(4).is_some()).map(|line| length(line)).collect();
    lengths.sort_unstable();
    // Some lines are longer than the width, because a word is.
    let width = *lengths.get(lengths.len().saturating_sub(1) * 49 / 50)?;
    (NARROWEST..=WIDEST).contains(&width).then_some(width)
}

fn length(line: &str) -> usize {
    line.chars().count()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether `line` goes on with the paragraph of the line `before` it.
fn continues(before: &str, line: &str, width: usize, hanging: Option<usize>) -> bool {
    let Some(word) = line.split_ascii_whitespace().next() else { return false };
    let (left, right) = (indent(before), indent(line));
    let is_aligned = hanging.map_or(right >= left, |hanging| right == hanging);
    let has_columns = |line: &str| line.trim_start().contains(COLUMNS);
    let is_cell = has_columns(line) || has_columns(before) && right <= left;
    let was_full = length(before) + 1 + length(word) > width;
    was_full
        && is_aligned
        && !is_cell
        && !before.is_empty()
        && !before.ends_with('-')
        && !begins(line)
        && !is_ruled(before)
}

/// Whether a line begins something by its first sign: an item, a heading, a row, an option.
fn begins(line: &str) -> bool {
    let line = line.trim_start();
    let first = line.split(' ').next().unwrap_or_default();
    let is_number =
        first.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_number
        || matches!(first, "-" | "*" | "+" | "•" | "o" | "..")
        || line.starts_with(['#', '>', '|', '=', '~', '$', '-', '<', '['])
}

/// Headings, rows and rules end with their line.
fn is_ruled(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['#', '|']) || line.bytes().all(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRAPPED: &str = "\
A paragraph is broken at a width of sixty characters, so the
next word did not fit any more. This one ends early.

  - an item of a list that is longer than the width allows it
    to be, with its second line behind the dash
  - another item

| a | b |
|---|---|

    --option   says what it does in more words than one line
               can hold without breaking it
";

    #[test]
    fn paragraphs_become_lines_and_lists_stay() {
        let expected = "\
A paragraph is broken at a width of sixty characters, so the next word did not fit any more. This one ends early.

  - an item of a list that is longer than the width allows it to be, with its second line behind the dash
  - another item

| a | b |
|---|---|

    --option   says what it does in more words than one line can hold without breaking it
";
        assert_eq!(unwrapped(WRAPPED), expected);
    }

    #[test]
    fn short_lines_and_columns_are_not_joined() {
        let poem = "Roses are red and so on\nviolets are blue and more\n".repeat(9);
        assert_eq!(unwrapped(&poem), poem);
        let table = "NAME                STATUS    AGE   one two three four five six\n".repeat(9);
        assert_eq!(unwrapped(&table), table);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "([a-zé]{1,9}[ .-]|  |\\n|\\n\\n|```\\n|- |\\| |\\r\\n|\\u{0}){0,200}") {
            let form = unwrapped(&text);
            prop_assert!(form.split_ascii_whitespace().eq(text.split_ascii_whitespace()));
        }
    }
}
