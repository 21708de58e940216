//! The grammar of the row form: what its lines look like, and how the text is rebuilt from them.
//!
//! ```text
//! [headroom: rows of 9 lines, …how to read them…]
//! ## 2026-11-20T10:00
//! A=##:{}Z INFO {} request id={}
//! 01.779 worker-8 607069464
//! B=##:{}Z WARN slow query {}
//! B 02.807 18ms
//! |Traceback (most recent call last):
//! … ×12
//! ```
//!
//! A template stands in place, right before its first row, so that nobody has to decode a legend at the head. A row
//! without a label belongs to the template of the row before it. Values hold no white space, so a space ends each.

use std::collections::HashMap;
use std::fmt::Write as _;

/// How the head line of every row form begins; a text that begins so is left alone.
pub(super) const HEAD: &str = "[headroom: rows of ";

/// What stands in a template for a value, and for the time in the heading above.
pub(super) const SLOT: &str = "{}";
pub(super) const TIME: &str = "##";

/// Stands for the value of the row above in the same place.
pub(super) const DITTO: &str = "\"";

const HEADING: &str = "## ";
const LINE: &str = "line ";
const REPEAT: &str = "… ";

/// What a template's text consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Slot,
    Time,
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
    pub(super) fn heading(&mut self, number: usize, time: &str) {
        if self.numbered {
            let _ = writeln!(self.text, "{HEADING}{LINE}{number} {time}");
        } else {
            let _ = writeln!(self.text, "{HEADING}{time}");
        }
    }

    /// The number of the next row.
    pub(super) fn mark(&mut self, number: usize) {
        let _ = writeln!(self.text, "{HEADING}{LINE}{number}");
    }

    pub(super) fn template(&mut self, label: &str, pieces: &[Piece]) {
        let _ = write!(self.text, "{label}=");
        for piece in pieces {
            self.text.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Slot => SLOT,
                Piece::Time => TIME,
            });
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

/// Whether a row's values, written without a label, would read as something else.
fn is_control(line: &str, numbered: bool) -> bool {
    line.starts_with('|')
        || line.starts_with(HEADING)
        || line.starts_with(REPEAT)
        || (numbered && line.contains('\t'))
        || labelled(line).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with([' ', '=']))
}

/// Rebuilds the text from its row form; `None` where it is not one.
pub(super) fn decode(form: &str, first_line: Option<usize>) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    if !head.starts_with(HEAD) {
        return None;
    }
    let ends_open = !body.ends_with('\n');
    let mut reader = Reader { first_line, ..Reader::default() };
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        reader.read(line)?;
    }
    if ends_open {
        reader.text.pop();
    }
    Some(reader.text)
}

#[derive(Default)]
struct Reader<'a> {
    first_line: Option<usize>,
    text: String,
    /// Where each line of `text` begins.
    starts: Vec<usize>,
    templates: Vec<Template<'a>>,
    by_label: HashMap<&'a str, usize>,
    current: Option<usize>,
    time: &'a str,
}

struct Template<'a> {
    pieces: Vec<&'a str>,
    /// What stands behind each piece but the last: a value, or the time.
    slots: Vec<bool>,
    last: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, line: &'a str) -> Option<()> {
        if let Some((number, verbatim)) = self.verbatim(line) {
            let is_next = self.is_next(number);
            self.push(verbatim);
            return is_next.then_some(());
        }
        if let Some(heading) = line.strip_prefix(HEADING) {
            return self.heading(heading);
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

    fn heading(&mut self, heading: &'a str) -> Option<()> {
        if self.first_line.is_none() {
            self.time = heading;
            return Some(());
        }
        let rest = heading.strip_prefix(LINE)?;
        let (number, time) = rest.split_once(' ').unwrap_or((rest, self.time));
        self.time = time;
        self.is_next(Some(number.parse().ok()?)).then_some(())
    }

    fn repeat(&mut self, repeat: &str) -> Option<()> {
        let (lines, times) = match repeat.strip_prefix("last ") {
            Some(rest) => rest.split_once(" lines ×")?,
            None => ("1", repeat.strip_prefix('×')?),
        };
        let (lines, times) = (lines.parse::<usize>().ok()?, times.parse::<usize>().ok()?);
        let first = self.starts.len().checked_sub(lines)?;
        for _ in 1..times {
            for index in first..first + lines {
                let start = self.starts[index];
                let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
                self.starts.push(self.text.len());
                self.text.extend_from_within(start..end);
            }
        }
        Some(())
    }

    fn row(&mut self, index: usize, values: &'a str) -> Option<()> {
        let template = self.templates.get_mut(index)?;
        let mut values = values.split(' ').filter(|value| !value.is_empty());
        self.starts.push(self.text.len());
        let mut slot = 0;
        for (piece, is_value) in template.pieces.iter().zip(template.slots.iter().map(Some).chain([None])) {
            self.text.push_str(piece);
            match is_value {
                Some(true) => {
                    let value = values.next()?;
                    let value = if value == DITTO { *template.last.get(slot)? } else { value };
                    self.text.push_str(value);
                    match template.last.get_mut(slot) {
                        Some(last) => *last = value,
                        None => template.last.push(value),
                    }
                    slot += 1;
                }
                Some(false) => self.text.push_str(self.time),
                None => {}
            }
        }
        self.text.push('\n');
        values.next().is_none().then_some(())
    }

    fn push(&mut self, line: &str) {
        self.starts.push(self.text.len());
        self.text.push_str(line);
        self.text.push('\n');
    }
}

impl<'a> Template<'a> {
    fn parse(mut text: &'a str) -> Self {
        let mut template = Template { pieces: Vec::new(), slots: Vec::new(), last: Vec::new() };
        loop {
            let (slot, time) = (text.find(SLOT), text.find(TIME));
            let is_value = match (slot, time) {
                (None, None) => break,
                (Some(slot), Some(time)) => slot < time,
                (slot, None) => slot.is_some(),
                (None, Some(_)) => false,
            };
            let at = if is_value { slot } else { time }.unwrap_or(0);
            template.pieces.push(&text[..at]);
            template.slots.push(is_value);
            text = &text[at + SLOT.len()..];
        }
        template.pieces.push(text);
        template
    }
}
