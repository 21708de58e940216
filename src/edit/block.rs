//! Marked blocks in Markdown and plain text.
//!
//! A block stands between two whole marker lines. Files that explain Headroom quote such lines, so a marker inside a
//! code fence or within a line of prose is none. What is ours is a block that still holds the very lines we wrote: it
//! is looked for first, wherever it stands, because a fence that somebody opened above it and never closed would
//! otherwise hide it from us for good.

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::edit::lines::newline;
use crate::edit::{Error, Reverted};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// How a block is taken off again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    name: String,
    text: String,
    was: Was,
}

/// What stood there before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Was {
    /// The same block. Nothing is ours.
    Equal,
    /// A block of the same name with these lines, as they were written.
    Other { lines: String },
    /// Nothing.
    Missing {
        /// The last line had no line break, and got one.
        completed: bool,
        /// An empty line was put before the block.
        spaced: bool,
    },
}

/// Adds the block at the end of `text`, or in place of another one of the same name.
pub(crate) fn apply(text: &str, name: &str, block: &str) -> Result<(String, Undo), Error> {
    let undo = |was| Undo { name: name.to_owned(), text: block.to_owned(), was };
    let markers = Markers::of(name);
    if let Some(line) = block.lines().position(|line| markers.kind(line).is_some()) {
        return Err(shape(&markers.open, "free of its own marker", line + 1));
    }
    let lines = split(text);
    if exact(&lines, &markers, block)?.is_some() {
        return Ok((text.to_owned(), undo(Was::Equal)));
    }
    let newline = newline(text);
    let body = written(block, newline);
    if let Some(found) = marked(&lines, &markers)? {
        let old = span(&lines, found.start + 1..found.end - 1);
        let changed = format!("{}{body}{}", &text[..old.start], &text[old.end..]);
        return Ok((changed, undo(Was::Other { lines: text[old].to_owned() })));
    }
    let last = lines.last().map_or("", |line| line.source);
    let completed = !last.is_empty() && !last.ends_with('\n');
    let spaced = completed || !last.trim().is_empty();
    let lead = newline.repeat(usize::from(completed) + usize::from(spaced));
    let Markers { open, close } = &markers;
    let changed = format!("{text}{lead}{open}{newline}{body}{close}{newline}");
    Ok((changed, undo(Was::Missing { completed, spaced })))
}

/// Takes the block off, or puts back the one that stood there.
pub(crate) fn revert(text: &str, undo: &Undo) -> Result<Reverted, Error> {
    let markers = Markers::of(&undo.name);
    let lines = split(text);
    if undo.was == Was::Equal {
        return Ok(Reverted::NotOurs);
    }
    let Some(found) = exact(&lines, &markers, &undo.text)? else { return Ok(Reverted::NotOurs) };
    Ok(Reverted::Text(match &undo.was {
        Was::Equal => text.to_owned(),
        Was::Other { lines: old } => {
            let ours = span(&lines, found.start + 1..found.end - 1);
            format!("{}{old}{}", &text[..ours.start], &text[ours.end..])
        }
        Was::Missing { completed, spaced } => {
            let ours = span(&lines, found.clone());
            let (mut before, after) = (&text[..ours.start], &text[ours.end..]);
            let is_spaced = found.start > 0 && lines[found.start - 1].content.is_empty();
            if *spaced && is_spaced {
                before = without_line_end(before);
            }
            // Behind lines that were added since, the break is needed where it is.
            if *completed && after.is_empty() {
                before = without_line_end(before);
            }
            format!("{before}{after}")
        }
    }))
}

/// One line of a text, without and with its line break.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    content: &'a str,
    source: &'a str,
    start: usize,
}

/// The lines of `text`; a byte order mark belongs to none of them.
fn split(text: &str) -> Vec<Line<'_>> {
    let mut start = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
    let mut lines = Vec::new();
    for source in text[start..].split_inclusive('\n') {
        lines.push(Line { content: without_line_end(source), source, start });
        start += source.len();
    }
    lines
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// Where the lines numbered `range` stand in the text; the range may be empty but begins at an existing line.
fn span(lines: &[Line<'_>], range: Range<usize>) -> Range<usize> {
    let start = lines[range.start].start;
    start..lines[range].last().map_or(start, |line| line.start + line.source.len())
}

/// The lines of `block`, each with a line break.
fn written(block: &str, newline: &str) -> String {
    block.lines().flat_map(|line| [line, newline]).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Open,
    Close,
}

/// The two marker lines of a block.
#[derive(Debug)]
struct Markers {
    open: String,
    close: String,
}

impl Markers {
    fn of(name: &str) -> Self {
        Self { open: format!("<!-- headroom:{name} -->"), close: format!("<!-- /headroom:{name} -->") }
    }

    fn kind(&self, line: &str) -> Option<Marker> {
        let line = line.trim_end();
        (line == self.open).then_some(Marker::Open).or_else(|| (line == self.close).then_some(Marker::Close))
    }
}

fn shape(marker: &str, expected: &'static str, line: usize) -> Error {
    Error::Shape { path: marker.to_owned(), expected, line }
}

/// The numbers of the lines of the block that holds exactly `block`, markers included.
fn exact(lines: &[Line<'_>], markers: &Markers, block: &str) -> Result<Option<Range<usize>>, Error> {
    let height = block.lines().count() + 2;
    let mut found: Option<Range<usize>> = None;
    for start in 0..(lines.len() + 1).saturating_sub(height) {
        let here = &lines[start..start + height];
        let is_exact = markers.kind(here[0].content) == Some(Marker::Open)
            && markers.kind(here[height - 1].content) == Some(Marker::Close)
            && here[1..height - 1].iter().map(|line| line.content).eq(block.lines());
        if is_exact && !is_quoted(lines, start..start + height) {
            if found.is_some() {
                return Err(shape(&markers.open, "a single marker", start + 1));
            }
            found = Some(start..start + height);
        }
    }
    Ok(found)
}

/// Whether the lines stand in a fence that is closed behind them. Fences inside of blocks do not count.
fn is_quoted(lines: &[Line<'_>], block: Range<usize>) -> bool {
    let fence = outside_blocks(&lines[..block.start]).fold(None, |fence, line| Fence::after(fence, line.content));
    fence.is_some_and(|fence| outside_blocks(&lines[block.end..]).any(|line| fence.is_closed_by(line.content)))
}

fn outside_blocks<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = &'a Line<'a>> {
    let mut end = 0;
    lines.iter().enumerate().filter_map(move |(at, line)| {
        if at >= end {
            end = block_end(lines, at).unwrap_or(end);
        }
        (at >= end).then_some(line)
    })
}

/// The end of the block, of any name, that begins at line `start`.
fn block_end(lines: &[Line<'_>], start: usize) -> Option<usize> {
    let name = lines[start].content.trim_end().strip_prefix("<!-- headroom:")?.strip_suffix(" -->")?;
    let markers = Markers::of(name);
    let mut rest = lines.iter().enumerate().skip(start + 1);
    let (at, marker) = rest.find_map(|(at, line)| Some((at, markers.kind(line.content)?)))?;
    (marker == Marker::Close).then_some(at + 1)
}

/// The numbers of the lines of the block, markers included, whatever it holds.
fn marked(lines: &[Line<'_>], markers: &Markers) -> Result<Option<Range<usize>>, Error> {
    let mut fence = None;
    let mut found = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let end = if fence.is_none() { block_end(lines, at) } else { None };
        let marker = if fence.is_none() { markers.kind(line.content) } else { None };
        match (marker, end) {
            (Some(Marker::Open), _) if found.is_some() => {
                return Err(shape(&markers.open, "a single marker", at + 1));
            }
            (Some(Marker::Open), Some(end)) => found = Some(at..end),
            (Some(Marker::Open), None) => return Err(shape(&markers.open, "closed", at + 1)),
            (Some(Marker::Close), _) => {
                return Err(shape(&markers.close, "a marker that closes a block", at + 1));
            }
            (None, _) => fence = Fence::after(fence, line.content),
        }
        // What a block holds may be cut off in the middle of a fence.
        at = end.unwrap_or(at + 1);
    }
    Ok(found)
}

/// A code fence that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// The fence that is open behind `line` when `fence` was before it.
    fn after(fence: Option<Self>, line: &str) -> Option<Self> {
        match fence {
            Some(open) if open.is_closed_by(line) => None,
            Some(open) => Some(open),
            None => Self::opened_by(line),
        }
    }

    fn opened_by(line: &str) -> Option<Self> {
        let (fence, rest) = Self::read(line)?;
        (fence.mark == '~' || !rest.contains('`')).then_some(fence)
    }

    fn is_closed_by(self, line: &str) -> bool {
        Self::read(line).is_some_and(|(fence, rest)| {
            fence.mark == self.mark && fence.length >= self.length && rest.trim().is_empty()
        })
    }

    /// The fence at the start of a line, up to three spaces in, and what follows it.
    fn read(line: &str) -> Option<(Self, &str)> {
        let inner = line.trim_start_matches(' ');
        let mark = inner.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let rest = inner.trim_start_matches(mark);
        let length = inner.len() - rest.len();
        (line.len() - inner.len() <= 3 && length >= 3).then_some((Self { mark, length }, rest))
    }
}
