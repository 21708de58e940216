//! What the formats have in common: line breaks, and lines of ours between comments that begin with `#`.
//!
//! A text that ends without a line break gets one when lines are added to it, and loses it again with them.

use crate::json_text::Span;

const BYTE_ORDER_MARK: char = '\u{feff}';

const OPENING: &str = "# headroom:";
const CLOSING: &str = "# /headroom:";

/// `text` without its byte order mark.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The line break that `text` uses.
pub(super) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The number of the line on which byte `at` stands.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count()
}

/// Where the line of byte `at` starts.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let mark = text.len() - body(text).len();
    text[..at].rfind('\n').map_or(mark.min(at), |newline| newline + 1)
}

/// Where the line of byte `at` ends, behind its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The two comment lines that stand around what is ours. They are for people and bound nothing.
#[derive(Debug)]
pub(super) struct Markers {
    pub(super) open: String,
    pub(super) close: String,
}

impl Markers {
    pub(super) fn of(label: &str) -> Self {
        Self { open: format!("{OPENING}{label}"), close: format!("{CLOSING}{label}") }
    }

    /// The comment lines around the line that starts at `at`, out of all comment lines of a text: the nearest one on
    /// each side, unless that belongs to another pair.
    pub(super) fn around(&self, remarks: &[(Span, &str)], at: usize) -> Vec<Span> {
        let either = |text: &str| text == self.open || text == self.close;
        let before = remarks.iter().rev().find(|(span, text)| span.start < at && either(text));
        let behind = remarks.iter().find(|(span, text)| span.start > at && either(text));
        let open = before.filter(|(_, text)| *text == self.open);
        let close = behind.filter(|(_, text)| *text == self.close);
        open.into_iter().chain(close).map(|(span, _)| span.clone()).collect()
    }

    /// Comment lines that have lost what stood between them; `is_used` says whether anything but comments stands in a
    /// part of the text.
    pub(super) fn strays(&self, remarks: &[(Span, &str)], is_used: &dyn Fn(Span) -> bool) -> Vec<Span> {
        let mut strays = Vec::new();
        let mut open: Option<Span> = None;
        for (span, text) in remarks {
            if *text == self.open {
                strays.extend(open.replace(span.clone()));
            } else if *text == self.close {
                match open.take() {
                    Some(open) if is_used(open.end..span.start) => {}
                    open => strays.extend(open.into_iter().chain([span.clone()])),
                }
            }
        }
        strays.extend(open);
        strays
    }
}

/// Whether a line is the closing comment line of any label.
pub(super) fn is_closing(line: &str) -> bool {
    line.trim().starts_with(CLOSING)
}

/// `lines` between the comment lines, as deep as they are.
pub(super) fn between(lines: &str, markers: Option<&Markers>, indent: &str, newline: &str) -> String {
    match markers {
        Some(Markers { open, close }) => format!("{indent}{open}{newline}{lines}{indent}{close}{newline}"),
        None => lines.to_owned(),
    }
}

/// `text` without the whole lines `spans`, which are in order. `completed` is the line that got a line break when ours
/// were put behind it.
pub(super) fn cut(text: &str, spans: &[Span], completed: Option<&str>) -> String {
    let mut left = text.to_owned();
    for span in spans.iter().rev() {
        left.replace_range(span.clone(), "");
    }
    if let Some(first) = spans.first()
        && has_no_last_break(text, spans, &left, first.start, completed)
    {
        let bare = left.strip_suffix("\r\n").or_else(|| left.strip_suffix('\n')).map_or(left.len(), str::len);
        left.truncate(bare);
    }
    left
}

/// Whether `left` has to end without a line break, as it did before us.
fn has_no_last_break(text: &str, spans: &[Span], left: &str, first: usize, completed: Option<&str>) -> bool {
    let last_line =
        |text: &str| text[line_start(text, text.trim_end_matches(['\r', '\n']).len())..].trim_end().to_owned();
    let was_last = |text: &str| completed.is_some_and(|line| last_line(text) == line.trim_end());
    let is_cut_at_end = spans.last().is_some_and(|span| span.end == text.len());
    if is_cut_at_end {
        return was_last(left) || !text.ends_with('\n');
    }
    // When only lines of another label follow, they are what has to end without one until they go as well.
    was_last(&left[..first]) && left[first..].trim_start().starts_with(OPENING) && is_closing(&last_line(left))
}
