//! Take our lines out again, with the comment lines that belong to them.
//!
//! The comment lines are found from our key, not our key from them: the nearest one on each side that does not belong
//! to another pair. What others have put between is theirs and stays.

use std::collections::BTreeSet;

use crate::edit::lines;
use crate::edit::lines::Markers;
use crate::edit::lines::body;
use crate::edit::lines::newline;
use crate::edit::toml::Undo;
use crate::edit::toml::Was;
use crate::edit::toml::document::Document;
use crate::edit::toml::document::Place;
use crate::edit::toml::document::What;
use crate::edit::toml::inline;
use crate::edit::toml::insert::Space;
use crate::json_text::Span;

/// The comments that have a line of their own, with that line.
fn remarks<'a>(document: &Document<'a>) -> Vec<(Span, &'a str)> {
    let lines = (0..document.lines.len()).filter(|at| document.lines[*at].what == What::Remark);
    lines.map(|at| (document.lines[at].span.clone(), document.content(at).trim())).collect()
}

/// The numbers of the comment lines around the lines `ours`.
pub(super) fn marker_lines(document: &Document<'_>, markers: &Markers, ours: &[usize]) -> Vec<usize> {
    let Some(first) = ours.first().map(|first| document.lines[*first].span.start) else { return Vec::new() };
    let around = markers.around(&remarks(document), first);
    (0..document.lines.len()).filter(|at| around.contains(&document.lines[*at].span)).collect()
}

/// The text without our key, which stands at `place`.
pub(super) fn remove(document: &Document<'_>, place: &Place, undo: &Undo, markers: &Markers) -> String {
    match place {
        Place::Lines(ours) => {
            let mut cut: BTreeSet<usize> = lines_between(document, ours);
            if undo.is_marked {
                cut.extend(marker_lines(document, markers, ours));
            }
            cut.extend(emptied_headers(document, undo, &cut));
            cut_lines(document, cut, &undo.was)
        }
        Place::Member(inline, member) => {
            let inner = match &undo.was {
                Was::Missing { inner, .. } => inner.as_deref(),
                _ => None,
            };
            inline::remove(document, inline, member, inner)
        }
        Place::InInline(_) | Place::Nowhere { .. } => document.text.to_owned(),
    }
}

/// `ours`, with the blank lines and comment lines between those of them that follow one another.
pub(super) fn lines_between(document: &Document<'_>, ours: &[usize]) -> BTreeSet<usize> {
    let mut all: BTreeSet<usize> = ours.iter().copied().collect();
    for pair in ours.windows(2) {
        if (pair[0] + 1..pair[1]).all(|at| !document.lines[at].is_statement()) {
            all.extend(pair[0]..pair[1]);
        }
    }
    all
}

/// Headers on our path that were not there before us and that nothing is left under.
fn emptied_headers(document: &Document<'_>, undo: &Undo, cut: &BTreeSet<usize>) -> Vec<usize> {
    let Was::Missing { existed, .. } = &undo.was else { return Vec::new() };
    let is_left = |at: &usize| !cut.contains(at) && document.lines[*at].what != What::Blank;
    let left: Vec<usize> = (0..document.lines.len()).filter(is_left).collect();
    let is_made = |path: &[String]| path.len() > *existed && undo.path.starts_with(path);
    left.iter()
        .enumerate()
        .filter(|(n, at)| {
            let line = &document.lines[**at];
            let is_followed = left.get(n + 1).is_some_and(|next| !document.lines[*next].is_header());
            let holds = |other: &&usize| *other != *at && document.lines[**other].path.starts_with(&line.path);
            line.what == What::Header && is_made(&line.path) && !is_followed && !left.iter().any(|at| holds(&at))
        })
        .map(|(_, at)| *at)
        .collect()
}

/// The text without these lines, and without the white space that came with them.
fn cut_lines(document: &Document<'_>, mut cut: BTreeSet<usize>, was: &Was) -> String {
    let is_empty = |at: &usize| document.content(*at).is_empty();
    let (first, last) = (cut.first().copied().unwrap_or_default(), cut.last().copied().unwrap_or_default());
    let none = Space::default();
    let space = if let Was::Missing { space, .. } = was { space } else { &none };
    if space.before {
        cut.extend(first.checked_sub(1).filter(is_empty));
    }
    if space.after {
        cut.extend(Some(last + 1).filter(|at| *at < document.lines.len()).filter(is_empty));
    }
    if space.alone && (0..first).all(|at| cut.contains(&at)) {
        // What an agent has written behind ours begins the document now.
        cut.extend((last + 1..document.lines.len()).take_while(is_empty));
    }
    let spans: Vec<Span> = cut.iter().map(|at| document.lines[*at].span.clone()).collect();
    lines::cut(document.text, &spans, space.completed.as_deref())
}

/// The text without comment lines of ours that have lost what stood between them; `None` when there are none.
pub(super) fn stray_markers(document: &Document<'_>, markers: &Markers, was: &Was) -> Option<String> {
    let is_used = |part: Span| document.lines.iter().any(|line| line.is_statement() && part.contains(&line.span.start));
    let strays = markers.strays(&remarks(document), &is_used);
    let lines: BTreeSet<usize> =
        (0..document.lines.len()).filter(|at| strays.contains(&document.lines[*at].span)).collect();
    (!lines.is_empty()).then(|| cut_lines(document, lines, was))
}

/// `left` with the comments that were dropped together with the opening comment line of ours, which stood behind them.
pub(super) fn with_dropped(document: &Document<'_>, left: String, markers: &Markers, was: &Was) -> String {
    let Was::Missing { space, .. } = was else { return left };
    let lines = |text: &str| text.trim().replace("\r\n", "\n");
    let is_there = lines(document.text).contains(&lines(&space.above));
    if is_there || remarks(document).iter().any(|(_, text)| *text == markers.open) {
        return left;
    }
    let newline = newline(document.text);
    let is_complete = body(&left).is_empty() || left.ends_with('\n');
    let above = space.above.replace("\r\n", "\n").replace('\n', newline);
    format!("{left}{}{above}", if is_complete { "" } else { newline })
}
