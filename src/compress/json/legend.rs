//! The head line of a form: whoever reads it can read the form, and `read` needs nothing else.

use crate::compress::json::below::{self, Item};
use crate::compress::json::document::Uses;
use crate::compress::json::parse::Closing;
use crate::compress::json::parts::{Between, Exact, Parts, Scope};
use crate::compress::json::style::Style;
use crate::compress::{Input, marker};

pub(super) const DELIMITERS: [char; 3] = [',', '|', '\t'];
const VALUES_EXACT: &str = "values exact";
const RARE: &str = "+k=v: a key without a column";
const STRING_OF: &str = "string_of(x) is a string that holds x";
const INNER: &str = "x{a,b=1}: cells hold objects as {value of a}, and b is 1 in each";
const TREE: &str = "tree of x: objects in the x of a row stand below it, indented";
const DITTO: &str = "^: as in the row above";
const END: &str = "the end as it was";
const CUT: &str = "closing brackets added";
const QUOTE: &str = "closing quote and ";
const NEWLINE: &str = ", newline at the end";

/// What is left out of the values, and under which handle they are.
pub(super) struct LeftOut<'a> {
    pub(super) what: &'a str,
    pub(super) handle: &'a str,
}

/// Writes the head line.
pub(super) fn write(
    parts: &Parts,
    delimiter: char,
    uses: Uses,
    items: &[Item],
    input: &Input,
    left_out: Option<&LeftOut>,
) -> String {
    let subject = match parts.scope {
        Scope::Document => "JSON",
        Scope::Sequence => "JSON lines",
        Scope::CutSequence(_) => "cut off JSON lines",
        Scope::Cut(_) | Scope::Elements | Scope::Members => "cut off JSON",
    };
    let mut clauses = vec![if uses.tables > 0 {
        format!(
            "{subject}, lists as tables: a line of keys, then a line per object, cells split by {}, empty: no such key",
            delimiter_name(delimiter)
        )
    } else {
        format!("{subject} without white space")
    }];
    if uses.dittos > 0 {
        clauses.push(DITTO.to_owned());
    }
    if uses.rare > 0 {
        clauses.push(RARE.to_owned());
    }
    if uses.trees > 0 {
        clauses.push(TREE.to_owned());
    }
    if uses.inner > 0 {
        clauses.push(INNER.to_owned());
    }
    if uses.strings > 0 {
        clauses.push(STRING_OF.to_owned());
    }
    if !items.is_empty() {
        clauses.push(below::names(items));
    }
    if left_out.is_none() {
        clauses.push(VALUES_EXACT.to_owned());
    }
    if parts.scope.is_inside() || !parts.head.is_empty() {
        let lines = parts.head.matches('\n').count() + 1;
        clauses.push(format!("first {lines} lines as they were"));
    }
    if let Scope::Cut(Closing { quote, brackets }) | Scope::CutSequence(Closing { quote, brackets }) = parts.scope {
        clauses.push(format!("{}{brackets} {CUT}", if quote { QUOTE } else { "" }));
    }
    if parts.has_end() {
        clauses.push(END.to_owned());
    }
    if let Some(first) = input.first_line {
        let lines = input.text.strip_suffix('\n').unwrap_or(input.text).matches('\n').count();
        clauses.push(format!("file lines {first}-{}", first + lines));
    }
    if let Some(LeftOut { what, handle }) = left_out {
        return marker::digest(&clauses.join("; "), what, handle);
    }
    let Some(exact) = parts.exact else {
        let handle = input.context.retrievable.then_some(input.context.handle);
        return marker::legend(&clauses.join("; "), handle);
    };
    let mut layout = exact.style.words();
    if exact.depth > 0 {
        layout = format!("{layout} at depth {}", exact.depth);
    }
    layout.push_str(exact.between.words());
    if !parts.has_end() && !parts.tail.is_empty() {
        layout.push_str(NEWLINE);
    }
    clauses.push(layout);
    marker::legend(&clauses.join("; "), None)
}

fn delimiter_name(delimiter: char) -> String {
    if delimiter == '\t' { "tabs".to_owned() } else { format!("`{delimiter}`") }
}

/// What a head line says of the form below it.
pub(super) struct Said {
    pub(super) scope: Scope,
    pub(super) delimiter: char,
    /// How many lines stand verbatim before the values.
    pub(super) first_lines: usize,
    pub(super) has_end: bool,
    pub(super) is_numbered: bool,
    /// How many values stand below.
    pub(super) below: usize,
    pub(super) exact: Option<Exact>,
    pub(super) ends_line: bool,
}

/// Reads the head line `legend`.
pub(super) fn read(legend: &str) -> Option<Said> {
    let what = marker::read_legend(legend)?;
    let what = what.split_once(", left out: ").map_or(what, |(what, _)| what);
    let clauses = || what.split("; ");
    let closing = clauses().find_map(|clause| {
        let added = clause.strip_suffix(CUT)?.trim_end();
        let brackets = added.strip_prefix(QUOTE);
        Some(Closing { quote: brackets.is_some(), brackets: brackets.unwrap_or(added).parse().ok()? })
    });
    let scope = match closing {
        Some(closing) if what.starts_with("cut off JSON lines") => Scope::CutSequence(closing),
        Some(closing) => Scope::Cut(closing),
        None if what.starts_with("JSON lines") => Scope::Sequence,
        None if what.starts_with("JSON") => Scope::Document,
        None if what.starts_with("cut off JSON") => Scope::Elements,
        None => return None,
    };
    let delimiter = DELIMITERS
        .into_iter()
        .find(|delimiter| what.contains(&format!("split by {},", delimiter_name(*delimiter))))
        .unwrap_or(',');
    let first = |clause: &str| clause.strip_prefix("first ")?.split(' ').next()?.parse().ok();
    let layout = clauses().find(|clause| clause.starts_with("was "));
    let exact = match layout {
        Some(layout) => Some(exact(layout.strip_suffix(NEWLINE).unwrap_or(layout))?),
        None => None,
    };
    Some(Said {
        scope,
        delimiter,
        first_lines: clauses().find_map(first).unwrap_or(0),
        has_end: clauses().any(|clause| clause == END),
        is_numbered: clauses().any(|clause| clause.starts_with("file lines ")),
        below: clauses().find_map(below::count_named).unwrap_or(0),
        exact,
        ends_line: layout.is_some_and(|layout| layout.ends_with(NEWLINE)),
    })
}

fn exact(words: &str) -> Option<Exact> {
    let odd = Between::ALL.into_iter().find(|between| {
        let words_of = between.words();
        !words_of.is_empty() && words.ends_with(words_of)
    });
    let between = odd.unwrap_or(Between::LineBreak);
    let words = words.strip_suffix(between.words())?;
    let (words, depth) = words.split_once(" at depth ").unwrap_or((words, "0"));
    Some(Exact { style: Style::from_words(words)?, depth: depth.parse().ok()?, between })
}
