//! The row form: every line of a log, said once what its lines have in common.
//!
//! Lossless: the form is decoded again and compared before it is offered. Lines stand in their order. What would be
//! hidden by a template stays as it was: novel lines, errors with their traces, lines that the question names, the
//! first and the last line.

use crate::compress::log::lines::Notable;
use crate::compress::log::repeats::{self, Repeats, Step};
use crate::compress::log::rows::{self, DITTO, Piece, Writer};
use crate::compress::log::split::Words;
use crate::compress::log::stamp;
use crate::compress::log::template::{self, Eligible, Template, Templates};

/// Fewer lines have nothing in common that would pay for a head line.
const FEWEST_LINES: usize = 6;

/// Rows between two line numbers, where the text had numbers.
const MARK_EVERY: usize = 50;

/// The form must leave out this share of the characters, or the text as it was is the plainer one.
const LEAST_SAVED: usize = 8;

/// A value of fewer pieces is written again rather than as a ditto sign: it costs the same and reads better.
const SMALLEST_DITTO: usize = 4;

/// The row form of `text`, or `None` where it would not be shorter.
pub(crate) fn row_form(text: &str, first_line: Option<usize>, hints: &[String]) -> Option<String> {
    let form = encode(text, first_line, hints)?;
    let is_shorter = form.len() < text.len() - text.len() / LEAST_SAVED;
    let is_exact = is_shorter && rows::decode(&form, first_line).as_deref() == Some(text);
    is_exact.then_some(form)
}

/// The form, however long it gets; `None` where the text is too short to have rows, or is in this form already.
pub(super) fn encode(text: &str, first_line: Option<usize>, hints: &[String]) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    if text.starts_with("[headroom: ") || lines.len() < FEWEST_LINES {
        return None;
    }
    let notable = Notable::of(text, &lines, hints);
    let verbatim = notable.kept_verbatim();
    let cut = stamp::best_cut(&lines);
    let repeats = repeats::find(&lines);
    let words = Words::of(lines, cut);
    let last = words.lines.len() - 1;
    let eligible = |line: usize| {
        let is_error = notable.severe[line] && !notable.hinted[line] && line > 0 && line < last;
        match (repeats.is_copy[line], verbatim[line]) {
            (false, false) => Eligible::Yes,
            (false, true) if is_error => Eligible::InCrowd,
            _ => Eligible::No,
        }
    };
    let templates = template::mine(&words, eligible);
    let mut encoder = Encoder::new(&words, &templates, &repeats, first_line);
    encoder.encode();
    let mut form = encoder.writer.text;
    if !text.ends_with('\n') {
        form.pop();
    }
    Some(form)
}

/// One line that tells a reader who never saw the form how to read it.
fn head(words: &Words, templates: &Templates, repeats: &Repeats, first_line: Option<usize>) -> String {
    let count = words.lines.len();
    let lines = match first_line {
        Some(first) => format!("lines {first} to {}", first + count - 1),
        None => format!("{count} lines"),
    };
    let rows = if templates.templates.is_empty() {
        ""
    } else {
        "; below a line `X=...` (again as `X`) each row fills its {} in order, \" = same as above"
    };
    let has_times = (0..count).any(|line| words.head(line).is_some() && templates.of_line[line].is_some());
    let times = if has_times { ", ## = the time heading above" } else { "" };
    let has_columns =
        |template: &Template| template.pieces.iter().any(|piece| matches!(piece, Piece::Stop(_) | Piece::End(_)));
    let columns = if templates.templates.iter().any(has_columns) {
        ", {<N} = spaces up to column N, {>N} = spaces before a value that ends in column N"
    } else {
        ""
    };
    let has_rest = templates.templates.iter().any(|template| template.rest.is_some());
    let rest = if has_rest { ", {..} = the rest of the line" } else { "" };
    let blocks = if repeats.named.is_empty() { "" } else { "; `… block N again` = the lines named so, once more" };
    let sign = if first_line.is_some() { "NUMBER<tab>" } else { "|" };
    format!("{}{lines}, none left out{rows}{columns}{rest}{times}{blocks}; {sign} starts a line as it was]", rows::HEAD)
}

struct Encoder<'a> {
    words: &'a Words<'a>,
    templates: &'a Templates,
    repeats: &'a Repeats,
    first_line: Option<usize>,
    writer: Writer,
    /// The label of each template that was written already.
    labels: Vec<Option<String>>,
    written: usize,
    /// How many blocks were named already.
    named: usize,
    time: &'a str,
    current: Option<usize>,
    /// The values of the row right above; none where another line stands there.
    above: Vec<&'a str>,
    since_number: usize,
}

impl<'a> Encoder<'a> {
    fn new(
        words: &'a Words<'a>,
        templates: &'a Templates,
        repeats: &'a Repeats,
        first_line: Option<usize>,
    ) -> Self {
        let count = templates.templates.len();
        Encoder {
            words,
            templates,
            repeats,
            first_line,
            writer: Writer::new(&head(words, templates, repeats, first_line), first_line.is_some()),
            labels: vec![None; count],
            written: 0,
            named: 0,
            time: "",
            current: None,
            above: Vec::new(),
            since_number: 0,
        }
    }

    fn encode(&mut self) {
        let repeats = self.repeats;
        for step in &repeats.steps {
            match *step {
                Step::Lines { first, length, times } => {
                    for line in first..first + length {
                        self.line(line);
                    }
                    if times > 1 {
                        self.writer.repeat(length, times);
                        self.above.clear();
                        self.since_number += length * (times - 1);
                    }
                }
                Step::Again { name } => {
                    self.writer.again(name + 1);
                    self.above.clear();
                    self.since_number += repeats.named[name].length;
                }
            }
        }
    }

    fn name_blocks(&mut self, line: usize) {
        let named = &self.repeats.named[self.named..];
        for block in named.iter().take_while(|block| block.first == line) {
            self.named += 1;
            self.writer.block(self.named, block.length);
            self.above.clear();
        }
    }

    fn line(&mut self, line: usize) {
        self.name_blocks(line);
        let number = self.first_line.unwrap_or(1) + line;
        let Some(index) = self.templates.of_line[line] else {
            self.writer.verbatim(number, self.words.lines[line]);
            self.above.clear();
            self.since_number = 0;
            return;
        };
        self.say_where(number, line);
        let template = &self.templates.templates[index];
        let label = self.label(index, template);
        let values = self.values(line, template);
        let last = self.current.filter(|last| *last == index).map(|_| label.as_str());
        self.writer.row(&label, &values, last);
        self.current = Some(index);
        self.since_number += 1;
    }

    /// Writes the heading that the row at `line` needs, if any.
    fn say_where(&mut self, number: usize, line: usize) {
        let time = self.words.head(line).map(|word| self.words.word(line, word));
        match time {
            Some(time) if time != self.time => {
                self.writer.heading(number, time);
                self.time = time;
                self.since_number = 0;
            }
            _ if self.first_line.is_some() && self.since_number >= MARK_EVERY => {
                self.writer.mark(number);
                self.since_number = 0;
            }
            _ => {}
        }
    }

    fn label(&mut self, index: usize, template: &Template) -> String {
        if let Some(label) = &self.labels[index] {
            return label.clone();
        }
        let label = rows::label(self.written);
        self.writer.template(&label, &template.pieces);
        self.written += 1;
        self.labels[index] = Some(label.clone());
        self.current = Some(index);
        label
    }

    fn values(&mut self, line: usize, template: &Template) -> String {
        let values: Vec<&str> = template.slots.iter().map(|&word| self.words.word(line, word)).collect();
        let mut text = String::new();
        for (slot, value) in values.iter().enumerate() {
            if slot > 0 {
                text.push(' ');
            }
            let is_same = self.above.get(slot) == Some(value);
            text.push_str(if is_same && pieces(value) >= SMALLEST_DITTO { DITTO } else { value });
        }
        if let Some(word) = template.rest {
            if !values.is_empty() {
                text.push(' ');
            }
            text.push_str(&self.words.lines[line][self.words.spans(line)[word].start..]);
        }
        self.above = values;
        text
    }
}

/// About how many tokens a value costs: groups of three digits, of six letters, and the signs between them.
fn pieces(value: &str) -> usize {
    let group = |run: &[u8]| match run[0] {
        byte if byte.is_ascii_digit() => run.len().div_ceil(3),
        byte if byte.is_ascii_alphabetic() => run.len().div_ceil(6),
        _ => run.len(),
    };
    value
        .as_bytes()
        .chunk_by(|one, other| {
            one.is_ascii_digit() == other.is_ascii_digit() && one.is_ascii_alphabetic() == other.is_ascii_alphabetic()
        })
        .map(group)
        .sum()
}
