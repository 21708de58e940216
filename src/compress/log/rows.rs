//! The grammar of the row form: what its lines look like, and how the text is rebuilt from them.
//!
//! ```text
//! [headroom: rows of 9 lines, …how to read them…]
//! ## 2026-11-20
//! A=##T{} INFO {} request id={}
//! 10:00:01.779Z worker-8 607069464
//! B=##T{} WARN slow query {}
//! B 10:00:02.807Z 18ms
//! |Traceback (most recent call last):
//! … ×12
//! ```
//!
//! `{<40}` in a template is spaces up to column 40, `{>15}` spaces such that the value behind them ends in column 15,
//! `{..}` the rest of the line, white space and all. `… block 1: 23 lines` names the lines below it, `… block 1 again`
//! stands for them.
//! A template stands in place, right before its first row, so that nobody has to decode a legend at the head. A row
//! without a label belongs to the template of the row before it. Values hold no white space, so a space ends each. A
//! ditto sign stands for the value in the same place of the row above, also where that has another template: a reader
//! looks up, not back.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::compress::log::split::WAYS;

/// How the head line of every row form begins; a text that begins so is left alone.
pub(super) const HEAD: &str = "[headroom: rows of ";

/// What stands in a template for a value, and for the time in the heading above.
const SLOT: &str = "{}";
const TIMES: [&str; WAYS] = ["##", "##2", "##3"];

/// What stands in a template, before a column's number and `}`, for spaces.
const STOP: &str = "{<";
const END: &str = "{>";

/// What stands in a template for the rest of the line.
const REST: &str = "{..}";

/// Stands for the value of the row above in the same place.
pub(super) const DITTO: &str = "\"";

const LINE: &str = "line ";
const REPEAT: &str = "… ";
const BLOCK: &str = "block ";
const AGAIN: &str = " again";

/// What a template's text consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Slot,
    /// The time of the last heading of this kind.
    Time(usize),
    /// Spaces until the line is this long.
    Stop(usize),
    /// Spaces such that the line is this long behind the next value.
    End(usize),
    /// Whatever the line goes on with. The last piece.
    Rest,
}

/// Whether a line holds what would mean something in a template. Such a line stands as it is.
pub(super) fn means_something(line: &str) -> bool {
    [SLOT, TIMES[0], STOP, END, REST].iter().any(|sign| line.contains(sign))
}

/// How many spaces stand where a line of `length` is filled up to `column`: one at least.
pub(super) fn filling(column: usize, length: usize) -> usize {
    column.saturating_sub(length).max(1)
}

/// Writes the lines of the form.
pub(super) struct Writer {
    pub(super) text: String,
    numbered: bool,
}

impl Writer {
    pub(super) fn new(head: &str, numbered: bool) -> Self {
        let mut writer = Self { text: String::new(), numbered };
        writer.line(head);
        writer
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A line of the text as it was.
    pub(super) fn verbatim(&mut self, number: usize, line: &str) {
        if self.numbered {
            let _ = writeln!(self.text, "{number}\t{line}");
        } else {
            let _ = writeln!(self.text, "|{line}");
        }
    }

    /// The time that the rows below share; `number` is that of the next row.
    pub(super) fn heading(&mut self, number: usize, way: usize, time: &str) {
        let sign = TIMES[way];
        if self.numbered {
            let _ = writeln!(self.text, "{sign} {LINE}{number} {time}");
        } else {
            let _ = writeln!(self.text, "{sign} {time}");
        }
    }

    /// The number of the next row.
    pub(super) fn mark(&mut self, number: usize) {
        let _ = writeln!(self.text, "{} {LINE}{number}", TIMES[0]);
    }

    pub(super) fn template(&mut self, label: &str, pieces: &[Piece]) {
        let _ = write!(self.text, "{label}=");
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text.push_str(text),
                Piece::Slot => self.text.push_str(SLOT),
                Piece::Time(way) => self.text.push_str(TIMES[*way]),
                Piece::Rest => self.text.push_str(REST),
                Piece::Stop(column) => write!(self.text, "{STOP}{column}}}").unwrap_or_default(),
                Piece::End(column) => write!(self.text, "{END}{column}}}").unwrap_or_default(),
            }
        }
        self.text.push('\n');
    }

    /// A row; the label is left out where `last` says that the row before has the same.
    pub(super) fn row(&mut self, label: &str, values: &str, last: Option<&str>) {
        if last == Some(label) && !values.is_empty() && !is_control(values, self.numbered) {
            self.line(values);
        } else if values.is_empty() {
            self.line(label);
        } else {
            let _ = writeln!(self.text, "{label} {values}");
        }
    }

    /// The last `lines` lines of the text stand there `times` times in all.
    pub(super) fn repeat(&mut self, lines: usize, times: usize) {
        if lines == 1 {
            let _ = writeln!(self.text, "{REPEAT}×{times}");
        } else {
            let _ = writeln!(self.text, "{REPEAT}last {lines} lines ×{times}");
        }
    }

    /// The marker that stands for lines that were left out.
    pub(super) fn gap(&mut self, marker: &str) {
        self.line(marker);
    }

    /// Names the next `lines` lines of the text.
    pub(super) fn block(&mut self, name: usize, lines: usize) {
        let _ = writeln!(self.text, "{REPEAT}{BLOCK}{name}: {lines} lines");
    }

    /// The lines of that name stand there once more.
    pub(super) fn again(&mut self, name: usize) {
        let _ = writeln!(self.text, "{REPEAT}{BLOCK}{name}{AGAIN}");
    }
}

/// The label of the template with this index: `A` to `Z`, then `AA`, `AB` …
pub(super) fn label(index: usize) -> String {
    let letter = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    if index < 26 { letter(index).to_string() } else { format!("{}{}", label(index / 26 - 1), letter(index)) }
}

/// The label and the rest, where `line` begins with what could be one.
fn labelled(line: &str) -> Option<(&str, &str)> {
    let length = line.bytes().take_while(u8::is_ascii_uppercase).count();
    (1..=3).contains(&length).then(|| line.split_at(length))
}

/// The kind of time that a heading gives, and what it says.
fn heading(line: &str) -> Option<(usize, &str)> {
    TIMES.iter().enumerate().find_map(|(way, sign)| Some((way, line.strip_prefix(sign)?.strip_prefix(' ')?)))
}

/// Whether a row's values, written without a label, would read as something else.
fn is_control(line: &str, numbered: bool) -> bool {
    line.starts_with('|')
        || heading(line).is_some()
        || line.starts_with(REPEAT)
        || (numbered && line.contains('\t'))
        || labelled(line).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with([' ', '=']))
}

/// Rebuilds the text from its row form; `None` where it is not one. `gaps` are the markers in the form, each with the
/// lines that it stands for.
pub(super) fn decode<'a>(form: &'a str, first_line: Option<usize>, gaps: &'a [Gap<'a>]) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    if !head.starts_with(HEAD) {
        return None;
    }
    let ends_open = !body.ends_with('\n');
    let mut reader = Reader { first_line, gaps, ..Reader::default() };
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        reader.read(line)?;
    }
    if ends_open {
        reader.text.pop();
    }
    Some(reader.text)
}

/// Lines that were left out under a marker.
pub(super) struct Gap<'a> {
    pub(super) first: usize,
    pub(super) lines: Vec<&'a str>,
    pub(super) marker: String,
}

#[derive(Default)]
struct Reader<'a> {
    first_line: Option<usize>,
    /// Those that are still to come.
    gaps: &'a [Gap<'a>],
    text: String,
    /// Where each line of `text` begins.
    starts: Vec<usize>,
    templates: Vec<Template>,
    by_label: HashMap<&'a str, usize>,
    current: Option<usize>,
    /// The time of the last heading of each kind.
    times: [&'a str; WAYS],
    /// The values of the last row.
    above: Vec<&'a str>,
    /// The lines of each named block: the first, and how many.
    blocks: Vec<(usize, usize)>,
}

struct Template {
    pieces: Vec<Piece>,
    slots: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, line: &'a str) -> Option<()> {
        if let [gap, rest @ ..] = self.gaps
            && gap.marker == line
        {
            self.gaps = rest;
            gap.lines.iter().for_each(|line| self.push(line));
            return Some(());
        }
        if let Some((number, verbatim)) = self.verbatim(line) {
            let is_next = self.is_next(number);
            self.push(verbatim);
            return is_next.then_some(());
        }
        if let Some((way, heading)) = heading(line) {
            return self.heading(way, heading);
        }
        if let Some(repeat) = line.strip_prefix(REPEAT) {
            return self.repeat(repeat);
        }
        if let Some((label, rest)) = labelled(line) {
            if let Some(template) = rest.strip_prefix('=') {
                self.current = Some(self.templates.len());
                self.by_label.insert(label, self.templates.len());
                self.templates.push(Template::parse(template));
                return Some(());
            }
            if rest.is_empty() || rest.starts_with(' ') {
                let index = *self.by_label.get(label)?;
                self.current = Some(index);
                return self.row(index, rest.strip_prefix(' ').unwrap_or(""));
            }
        }
        self.row(self.current?, line)
    }

    /// The line that `line` keeps as it was, if it does, and the number it gives.
    fn verbatim(&self, line: &'a str) -> Option<(Option<usize>, &'a str)> {
        if self.first_line.is_none() {
            return line.strip_prefix('|').map(|line| (None, line));
        }
        let (number, line) = line.split_once('\t')?;
        number.parse().ok().map(|number| (Some(number), line))
    }

    /// Whether `number` is that of the line that comes next.
    fn is_next(&self, number: Option<usize>) -> bool {
        number == self.first_line.map(|first| first + self.starts.len())
    }

    fn heading(&mut self, way: usize, heading: &'a str) -> Option<()> {
        if self.first_line.is_none() {
            self.times[way] = heading;
            return Some(());
        }
        let rest = heading.strip_prefix(LINE)?;
        let (number, time) = rest.split_once(' ').unwrap_or((rest, self.times[way]));
        self.times[way] = time;
        self.is_next(Some(number.parse().ok()?)).then_some(())
    }

    fn repeat(&mut self, repeat: &str) -> Option<()> {
        if let Some(block) = repeat.strip_prefix(BLOCK) {
            return self.block(block);
        }
        let (lines, times) = match repeat.strip_prefix("last ") {
            Some(rest) => rest.split_once(" lines ×")?,
            None => ("1", repeat.strip_prefix('×')?),
        };
        let (lines, times) = (lines.parse::<usize>().ok()?, times.parse::<usize>().ok()?);
        let first = self.starts.len().checked_sub(lines)?;
        for _ in 1..times {
            self.copy(first, lines)?;
        }
        Some(())
    }

    /// Names a block, or copies the one of that name.
    fn block(&mut self, block: &str) -> Option<()> {
        if let Some(name) = block.strip_suffix(AGAIN) {
            let name: usize = name.parse().ok()?;
            let (first, lines) = *self.blocks.get(name.checked_sub(1)?)?;
            return self.copy(first, lines);
        }
        let (name, lines) = block.strip_suffix(" lines")?.split_once(": ")?;
        self.blocks.push((self.starts.len(), lines.parse().ok()?));
        (name.parse() == Ok(self.blocks.len())).then_some(())
    }

    fn copy(&mut self, first: usize, lines: usize) -> Option<()> {
        for index in first..first + lines {
            let start = *self.starts.get(index)?;
            let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
            self.starts.push(self.text.len());
            self.text.extend_from_within(start..end);
        }
        Some(())
    }

    fn row(&mut self, index: usize, mut row: &'a str) -> Option<()> {
        let template = self.templates.get(index)?;
        let mut values = Vec::with_capacity(template.slots);
        while values.len() < template.slots {
            let (value, rest) = row.split_once(' ').unwrap_or((row, ""));
            values.push(if value == DITTO { self.above.get(values.len()).copied()? } else { value });
            row = rest;
        }
        let start = self.text.len();
        self.starts.push(start);
        let mut next = values.iter();
        let (mut measured, mut characters) = (start, 0);
        for piece in &template.pieces {
            let mut length = |text: &str| {
                characters += text[measured..].chars().count();
                measured = text.len();
                characters
            };
            match piece {
                Piece::Text(text) => self.text.push_str(text),
                Piece::Slot => self.text.push_str(next.next()?),
                Piece::Time(way) => self.text.push_str(self.times[*way]),
                Piece::Rest => self.text.push_str(std::mem::take(&mut row)),
                Piece::Stop(column) => {
                    let count = filling(*column, length(&self.text));
                    self.text.extend(std::iter::repeat_n(' ', count));
                }
                Piece::End(column) => {
                    let value = next.as_slice().first()?.chars().count();
                    let count = filling(*column, length(&self.text) + value);
                    self.text.extend(std::iter::repeat_n(' ', count));
                }
            }
        }
        self.text.push('\n');
        self.above = values;
        row.is_empty().then_some(())
    }

    fn push(&mut self, line: &str) {
        self.starts.push(self.text.len());
        self.text.push_str(line);
        self.text.push('\n');
    }
}

impl Template {
    fn parse(mut text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut from = 0;
        while let Some(at) = text[from..].find(['{', '#']).map(|at| from + at) {
            match sign_at(&text[at..]) {
                Some((piece, length)) => {
                    pieces.push(Piece::Text(text[..at].to_owned()));
                    pieces.push(piece);
                    text = &text[at + length..];
                    from = 0;
                }
                None => from = at + 1,
            }
        }
        pieces.push(Piece::Text(text.to_owned()));
        let slots = pieces.iter().filter(|piece| **piece == Piece::Slot).count();
        Template { pieces, slots }
    }
}

/// The piece that `text` begins with, other than text, and its length.
fn sign_at(text: &str) -> Option<(Piece, usize)> {
    if text.starts_with(SLOT) {
        return Some((Piece::Slot, SLOT.len()));
    }
    // `##` itself is how the others begin.
    if let Some(way) = TIMES.iter().rposition(|sign| text.starts_with(sign)) {
        return Some((Piece::Time(way), TIMES[way].len()));
    }
    if text.starts_with(REST) {
        return Some((Piece::Rest, REST.len()));
    }
    let (column, rest) = text.get(STOP.len()..)?.split_once('}')?;
    let length = text.len() - rest.len();
    let column = column.parse().ok()?;
    if text.starts_with(STOP) {
        return Some((Piece::Stop(column), length));
    }
    text.starts_with(END).then_some((Piece::End(column), length))
}
