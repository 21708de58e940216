//! Rows that `ls -l`, `tar tv` and `find -ls` print: a mode, then fields between spaces, the name last.

use std::borrow::Cow;

use crate::compress::table::grid::Grid;
use crate::compress::table::spans::{self, Placed, Span};

const FEWEST_ROWS: usize = 4;
/// So many other lines may stand between two rows: the end of one folder, and the head of the next.
const MOST_BETWEEN: usize = 6;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The table that begins in the first of `lines`, and how many lines it has.
pub(super) fn read<'a>(lines: &[&'a str]) -> Option<(Grid<'a>, usize)> {
    let (names, first) = row(lines.first()?, Links::Apart)?;
    let mut shared = vec![kind(&first)];
    let (mut end, mut at) = (1, 1);
    while at < lines.len() && at - end < MOST_BETWEEN {
        if let Some((_, spans)) = row(lines[at], Links::Apart).filter(|(found, _)| *found == names) {
            shared.push(kind(&spans));
            end = at + 1;
        }
        at += 1;
    }
    let rows = shared.len();
    if rows < FEWEST_ROWS {
        return None;
    }
    // Where most files have the same mode and number of links, both go into the line of columns.
    shared.sort_unstable();
    let most = shared.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0);
    let apart = if names == LS && most * 10 >= rows * 6 { Links::WithMode } else { Links::Apart };
    let names = if apart == Links::WithMode { LS_SHORT } else { names };
    let placed: Vec<Placed> = lines[..end]
        .iter()
        .map(|line| match row(line, apart).filter(|(found, _)| *found == names) {
            Some((_, spans)) => Placed::Row(spans),
            None => Placed::Line(line),
        })
        .collect();
    let names = names.iter().map(|name| Cow::Borrowed(*name)).collect();
    Some((spans::grid(names, None, &placed, None, &lines[..end]), end))
}

/// What most files have in common: the mode, and the number of links.
fn kind<'a>(spans: &[Span<'a>]) -> (&'a str, &'a str) {
    (spans[0].text, spans[1].text)
}

/// Whether `line` is a row of a long listing.
pub(super) fn is_row(line: &str) -> bool {
    row(line, Links::Apart).is_some()
}

type Names = &'static [&'static str];

const LS: Names = &["mode", "links", "owner", "group", "size", "date", "time", "name"];
const LS_SHORT: Names = &["mode links", "owner", "group", "size", "date", "time", "name"];
const LS_ZONE: Names = &["mode", "links", "owner", "group", "size", "date", "time", "zone", "name"];
const TAR: Names = &["mode", "owner/group", "size", "date", "time", "name"];
const FIND: Names = &["inode", "blocks", "mode", "links", "owner", "group", "size", "date", "time", "name"];

/// Whether the number of links is a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    Apart,
    WithMode,
}

fn row(line: &str, links: Links) -> Option<(Names, Vec<Span<'_>>)> {
    // A mode stands first, or third behind two numbers.
    let start = line.trim_start_matches(' ');
    let is_found = start.starts_with(|c: char| c.is_ascii_digit());
    if !is_found && !is_mode(start.split(' ').next()?) {
        return None;
    }
    let mut fields = Fields { line, byte: 0, at: 0 };
    let mut spans = Vec::with_capacity(10);
    if is_found {
        let numbers = [fields.next()?, fields.next()?];
        if numbers.iter().any(|span| !is_number(span.text)) {
            return None;
        }
        spans.extend(numbers);
    }
    let mode = fields.next().filter(|span| is_mode(span.text))?;
    spans.push(mode);
    let second = fields.next()?;
    let is_tar = !is_found && second.text.contains('/');
    if links == Links::WithMode {
        spans.pop();
        spans.push(joined(line, mode, second));
    } else {
        spans.push(second);
    }
    let fields_to_size = if is_tar { 1 } else { 3 };
    for _ in 0..fields_to_size {
        spans.push(fields.next()?);
    }
    let size = spans.last()?.text;
    if !size.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut date = fields.next()?;
    if MONTHS.contains(&date.text) {
        let day = fields.next()?;
        date = joined(line, date, day);
    } else if date.text.len() < 8 {
        return None;
    }
    spans.push(date);
    let time = fields.next().filter(|span| span.text.starts_with(|c: char| c.is_ascii_digit()))?;
    spans.push(time);
    let has_zone = time.text.contains('.') && !is_tar && !is_found;
    if has_zone {
        spans.push(fields.next()?);
    }
    spans.push(fields.rest()?);
    let names = match (is_found, is_tar, has_zone) {
        (true, ..) => FIND,
        (_, true, _) => TAR,
        (_, _, true) => LS_ZONE,
        _ if links == Links::WithMode => LS_SHORT,
        _ => LS,
    };
    (spans.len() == names.len()).then_some((names, spans))
}

/// Two cells of `line` and what stands between them.
fn joined<'a>(line: &'a str, first: Span<'a>, last: Span<'a>) -> Span<'a> {
    let offset = |part: &str| part.as_ptr() as usize - line.as_ptr() as usize;
    let text = &line[offset(first.text)..offset(last.text) + last.text.len()];
    Span { start: first.start, end: last.end, text }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `drwxr-xr-x`, perhaps with the sign of an access list behind it.
fn is_mode(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 10 | 11)
        && matches!(bytes[0], b'-' | b'd' | b'l' | b'c' | b'b' | b'p' | b's' | b'h')
        && bytes[1..10].iter().all(|byte| matches!(byte, b'r' | b'w' | b'x' | b's' | b'S' | b't' | b'T' | b'-'))
        && bytes.get(10).is_none_or(|byte| matches!(byte, b'+' | b'.' | b'@'))
}

struct Fields<'a> {
    line: &'a str,
    byte: usize,
    /// The same place, in characters.
    at: usize,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<Span<'a>> {
        let rest = &self.line[self.byte..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let text = rest[spaces..].split(' ').next().filter(|text| !text.is_empty())?;
        let start = self.at + spaces;
        let end = start + text.chars().count();
        self.byte += spaces + text.len();
        self.at = end;
        Some(Span { start, end, text })
    }

    /// All that is left behind one space.
    fn rest(&mut self) -> Option<Span<'a>> {
        let text = self.line[self.byte..].strip_prefix(' ').filter(|text| !text.is_empty())?;
        let start = self.at + 1;
        Some(Span { start, end: start + text.chars().count(), text })
    }
}
