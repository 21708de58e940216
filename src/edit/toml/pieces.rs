//! A table that was there before us, on lines in one place or several.
//!
//! Ours stands in the first place. The text of each piece is kept as it was written, with the lines that it stood
//! between; it goes back between them wherever they are by then, and never to a place where it would take keys of
//! another table in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::edit::Error;
use crate::edit::lines::Markers;
use crate::edit::lines::between;
use crate::edit::lines::body;
use crate::edit::lines::newline;
use crate::edit::toml::Undo;
use crate::edit::toml::document::Document;
use crate::edit::toml::document::What;
use crate::edit::toml::layout;
use crate::edit::toml::remove::lines_between;
use crate::edit::toml::remove::marker_lines;
use crate::json_text;
use crate::json_text::Span;

/// Lines of a table that follow one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Piece {
    text: String,
    /// The lines begin with a header, so they may only stand before another header or at the end.
    is_header: bool,
    /// How much of the path the header above has, when they begin with a key.
    depth: usize,
    before: Option<Beside>,
    after: Option<Beside>,
}

/// The header or key that stood beside a piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Beside {
    path: Vec<String>,
    is_header: bool,
    /// The how manieth of its kind it is: the tables of an array have one path.
    nth: usize,
    /// The blank lines and comments between it and the piece.
    gap: String,
}

/// A text with ours in place of the pieces.
#[derive(Debug)]
pub(super) struct Replaced {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) is_marked: bool,
}

/// Replaces the table on these lines.
pub(super) fn replace(
    document: &Document<'_>,
    path: &[String],
    lines: &[usize],
    value: &toml_edit::Value,
    markers: &Markers,
) -> Result<Replaced, Error> {
    let newline = newline(document.text);
    let runs = runs(document, lines);
    let pieces: Vec<Piece> = runs.iter().map(|run| piece(document, lines, run)).collect();
    let first = &document.lines[runs[0][0]];
    let ours = match value.as_inline_table() {
        _ if !first.is_header() => format!("{}{newline}", layout::pair(&path[first.depth..], value)),
        Some(members) => layout::table(path, members, newline),
        None => return Err(document.shape(path, "a single value", first.span.start)),
    };
    // The comment line of a table of ours that somebody has changed since is still there.
    let above = (0..runs[0][0]).rev().take_while(|at| !document.lines[*at].is_statement());
    let is_marked = !above.into_iter().any(|at| is_remark(document, at, &[&markers.open]));
    let mut ours = between(&ours, is_marked.then_some(markers), "", newline);
    if !pieces[0].text.ends_with('\n') {
        ours.truncate(ours.trim_end_matches(['\r', '\n']).len());
    }
    let mut edits: Vec<(Span, &str)> = runs.iter().map(|run| (span(document, run), "")).collect();
    edits[0].1 = &ours;
    Ok(Replaced { text: json_text::splice(document.text, &edits), pieces, is_marked })
}

/// What is at `path`, as one value.
pub(super) fn inline(document: &Document<'_>, path: &[String]) -> Option<String> {
    let parsed = toml_edit::Document::parse(document.text).ok()?;
    let mut item = parsed.as_item();
    for key in path {
        item = item.get(key)?;
    }
    let mut value = item.clone().into_value().ok()?;
    value.decor_mut().clear();
    Some(layout::inline(&value))
}

/// Whether somebody wrote a comment into the table on these lines.
pub(super) fn is_remarked(document: &Document<'_>, lines: &[usize], markers: &Markers) -> bool {
    lines_between(document, lines)
        .into_iter()
        .filter(|at| !is_remark(document, *at, &[&markers.open, &markers.close]))
        .any(|at| {
            let tokens = document.lines[at].tokens.clone();
            !tokens.is_empty() && document.has_comment(tokens.start, tokens.end - 1)
        })
}

fn is_remark(document: &Document<'_>, at: usize, any: &[&str]) -> bool {
    document.lines[at].what == What::Remark && any.contains(&document.content(at).trim())
}

/// The text with `pieces` where they were, in place of ours on these lines. `None` when ours begins in a place where
/// the first of them cannot stand.
pub(super) fn put_back(
    document: &Document<'_>,
    ours: &[usize],
    pieces: &[Piece],
    written: &str,
    undo: &Undo,
    markers: &Markers,
) -> Option<String> {
    let (first, rest) = pieces.split_first()?;
    let line = &document.lines[ours[0]];
    if line.is_header() != first.is_header || (!first.is_header && line.depth != first.depth) {
        return None;
    }
    // A writer of TOML may have changed all line breaks since.
    let newline = newline(document.text);
    let fit = |text: &str| if newline == written { text.to_owned() } else { text.replace(written, newline) };
    let mut cut = lines_between(document, ours);
    if undo.is_marked {
        cut.extend(marker_lines(document, markers, ours));
    }
    let start = line.span.start;
    // Keys whose neighbours are both gone go where the first ones are, if those have the same header.
    let beside = |piece: &Piece| (!piece.is_header && !first.is_header && piece.depth == first.depth).then_some(start);
    let mut places = vec![(start, fit(&first.text))];
    for piece in rest {
        let at = place(document, &cut, piece, &fit).or_else(|| beside(piece))?;
        places.push((at, fit(&piece.text)));
    }
    let mut chunks = vec![&document.text[..document.lines[0].span.start]];
    let end = document.text.len()..document.text.len();
    for (at, span) in document.lines.iter().map(|line| line.span.clone()).chain([end]).enumerate() {
        chunks.extend(places.iter().filter(|(place, _)| *place == span.start).map(|(_, text)| text.as_str()));
        if !cut.contains(&at) {
            chunks.push(&document.text[span]);
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    let mut out = String::with_capacity(document.text.len());
    for chunk in chunks {
        if !body(&out).is_empty() && !out.ends_with('\n') {
            out.push_str(newline);
        }
        out.push_str(chunk);
    }
    Some(out)
}

/// The lines of a table in groups with no other header or key between.
fn runs(document: &Document<'_>, lines: &[usize]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for at in lines {
        match runs.last_mut() {
            Some(run)
                if run.last().is_some_and(|last| (last + 1..*at).all(|at| !document.lines[at].is_statement())) =>
            {
                run.push(*at);
            }
            _ => runs.push(vec![*at]),
        }
    }
    runs
}

fn span(document: &Document<'_>, run: &[usize]) -> Span {
    document.lines[run[0]].span.start..document.lines[run[run.len() - 1]].span.end
}

fn piece(document: &Document<'_>, lines: &[usize], run: &[usize]) -> Piece {
    let span = span(document, run);
    let first = &document.lines[run[0]];
    let beside = |at: usize, gap: &str| {
        let line = &document.lines[at];
        let is_alike = |other: &usize| {
            document.lines[*other].is_header() == line.is_header() && document.lines[*other].path == line.path
        };
        let nth = (0..at).filter(|other| document.lines[*other].is_statement()).filter(is_alike).count();
        Beside { path: line.path.clone(), is_header: line.is_header(), nth, gap: gap.to_owned() }
    };
    let is_beside = |at: &usize| document.lines[*at].is_statement() && !lines.contains(at);
    let before = (0..run[0]).rev().find(is_beside);
    let after = (run[run.len() - 1] + 1..document.lines.len()).find(is_beside);
    Piece {
        text: document.text[span.clone()].to_owned(),
        is_header: first.is_header(),
        depth: first.depth,
        before: before.map(|at| beside(at, &document.text[document.lines[at].span.end..span.start])),
        after: after.map(|at| beside(at, &document.text[span.end..document.lines[at].span.start])),
    }
}

/// Where in the text a piece goes; it is the start of a line, or the end.
fn place(document: &Document<'_>, cut: &BTreeSet<usize>, piece: &Piece, fit: &dyn Fn(&str) -> String) -> Option<usize> {
    let statements: Vec<usize> =
        (0..document.lines.len()).filter(|at| document.lines[*at].is_statement() && !cut.contains(at)).collect();
    let find = |beside: &Beside| {
        let is_it = |at: &&usize| {
            document.lines[**at].is_header() == beside.is_header && document.lines[**at].path == beside.path
        };
        statements.iter().filter(is_it).nth(beside.nth).copied()
    };
    let next = |at: usize| statements.iter().copied().find(|other| *other > at);
    let may_stand_before = |at: Option<usize>| !piece.is_header || at.is_none_or(|at| document.lines[at].is_header());
    let (before, after) = (piece.before.as_ref(), piece.after.as_ref());
    if let Some((at, beside)) = before.and_then(|beside| Some((find(beside)?, beside)))
        && may_stand_before(next(at))
    {
        let end = document.lines[at].span.end;
        let behind_gap = end + fit(&beside.gap).len();
        let is_gap = document.text[end..].starts_with(&fit(&beside.gap));
        let is_at_line =
            behind_gap == document.text.len() || document.lines.iter().any(|line| line.span.start == behind_gap);
        return Some(if is_gap && is_at_line { behind_gap } else { end });
    }
    if let Some((at, beside)) = after.and_then(|beside| Some((find(beside)?, beside)))
        && may_stand_before(Some(at))
    {
        let start = document.lines[at].span.start;
        let before_gap = start.checked_sub(fit(&beside.gap).len());
        let is_gap = document.text[..start].ends_with(&fit(&beside.gap));
        let at_line = before_gap.filter(|at| is_gap && document.lines.iter().any(|line| line.span.start == *at));
        return Some(at_line.unwrap_or(start));
    }
    piece.is_header.then_some(document.text.len())
}
