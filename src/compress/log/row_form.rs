//! The row form: every line of a log, said once what its lines have in common.
//!
//! Lossless: the form is decoded again and compared before it is offered. Lines stand in their order. What would be
//! hidden by a template stays as it was: novel lines, errors with their traces, lines that the question names, the
//! first and the last line.

use crate::compress::Input;
use crate::compress::log::lines::{self, Notable};
use crate::compress::log::row_repeats::{self, Repeats, Step};
use crate::compress::log::rows::{self, DITTO, Gap, Piece, Writer};
use crate::compress::log::split::{WAYS, Words};
use crate::compress::log::stamp;
use crate::compress::log::template::{self, Eligible, Template, Templates};
use crate::compress::log::trace::{self, Run};
use crate::compress::marker;

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
    let is_exact = is_shorter(&form, text) && rows::decode(&form, first_line, &[]).as_deref() == Some(text);
    is_exact.then_some(form)
}

/// The text that a row form without gaps stands for.
pub(crate) fn read_rows(form: &str, first_line: Option<usize>) -> Option<String> {
    rows::decode(form, first_line, &[])
}

/// The row form of `input` without the frames of libraries and runtimes in its traces, or `None` where there are too few
/// of them.
pub(super) fn traced_form(input: &Input) -> Option<String> {
    let Input { text, lines_before, context, .. } = *input;
    let read = Read::of(text, context.hints)?;
    if text.starts_with("[headroom: ") {
        return None;
    }
    let gaps = |is_free: &dyn Fn(usize) -> bool| -> Vec<Gap> {
        let runs =
            trace::foreign_runs(&read.lines, context.profile.bias, |line| read.notable.hinted[line] || !is_free(line));
        let gap = |Run { lines, what }: Run| Gap {
            marker: marker::gap(&(lines_before + lines.start + 1..=lines_before + lines.end), &what, context.handle),
            first: lines.start,
            lines: read.lines[lines].to_vec(),
        };
        runs.into_iter().map(gap).collect()
    };
    let every = gaps(&|_| true);
    if every.is_empty() {
        return None;
    }
    let plain = without(text, &every);
    // What is told once and referred to stays whole where it is told.
    let unique = gaps(&|line| !read.repeats.is_repeated[line]);
    let form = write(&read, text, None, &unique);
    let is_exact = is_shorter(&form, text) && rows::decode(&form, None, &unique).as_deref() == Some(text);
    // Rows that save little are the harder to read.
    let pays = is_exact && !unique.is_empty() && form.len() * 8 < plain.len() * 7;
    let form = if pays { form } else { plain };
    is_shorter(&form, text).then_some(form)
}

fn is_shorter(form: &str, text: &str) -> bool {
    form.len() < text.len() - text.len() / LEAST_SAVED
}

/// The text with the markers in the place of what they stand for.
fn without(text: &str, gaps: &[Gap]) -> String {
    let mut form = String::new();
    let mut left = 0;
    let mut gaps = gaps.iter().peekable();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if let Some(gap) = gaps.next_if(|gap| gap.first == number) {
            form.push_str(&gap.marker);
            form.push('\n');
            left = gap.lines.len();
        }
        if left == 0 {
            form.push_str(line);
        } else {
            left -= 1;
        }
    }
    form
}

/// The form, however long it gets; `None` where the text is too short to have rows, or is in this form already.
pub(super) fn encode(text: &str, first_line: Option<usize>, hints: &[String]) -> Option<String> {
    if text.starts_with("[headroom: ") {
        return None;
    }
    Some(write(&Read::of(text, hints)?, text, first_line, &[]))
}

/// What is known of a text before it is written.
struct Read<'a> {
    lines: Vec<&'a str>,
    notable: Notable,
    repeats: Repeats,
}

impl<'a> Read<'a> {
    fn of(text: &'a str, hints: &[String]) -> Option<Self> {
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        if lines.len() < FEWEST_LINES {
            return None;
        }
        let notable = Notable::of(text, &lines, hints);
        let repeats = row_repeats::find(&lines);
        Some(Self { lines, notable, repeats })
    }
}

fn write(read: &Read, text: &str, first_line: Option<usize>, gaps: &[Gap]) -> String {
    let Read { lines, notable, repeats } = read;
    let mut verbatim = notable.kept_verbatim();
    let mut is_gone = vec![false; lines.len()];
    for gap in gaps {
        is_gone[gap.first..gap.first + gap.lines.len()].fill(true);
    }
    let last = lines::last_of(lines);
    verbatim[last] = true;
    let words = Words::of(lines.clone(), stamp::best_cut(lines));
    let eligible = |line: usize| {
        let is_error = notable.severe[line] && !notable.hinted[line] && line > 0 && line != last;
        match (repeats.is_copy[line] || is_gone[line], verbatim[line]) {
            (false, false) => Eligible::Yes,
            (false, true) if is_error => Eligible::InCrowd,
            _ => Eligible::No,
        }
    };
    let templates = template::mine(&words, eligible);
    let mut encoder = Encoder::new(&words, &templates, repeats, gaps, first_line);
    encoder.encode();
    let mut form = encoder.writer.text;
    if !text.ends_with('\n') {
        form.pop();
    }
    form
}

/// One line that tells a reader who never saw the form how to read it.
fn head(words: &Words, templates: &Templates, repeats: &Repeats, gaps: &[Gap], first_line: Option<usize>) -> String {
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
    let is_told = |line: &usize| words.head(*line).is_some() && templates.of_line[*line].is_some();
    let times = match (0..count).filter(is_told).map(|line| words.way(line)).max() {
        None => "",
        Some(0) => ", ## = the time heading above",
        Some(_) => ", ##, ##2, ##3 = the time of the last heading with that sign",
    };
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
    let is_counted = |step: &Step| matches!(step, Step::Lines { times: 2.., .. });
    let counts = if repeats.steps.iter().any(is_counted) { "; `… ×N` = N times in all" } else { "" };
    let left_out = if gaps.is_empty() { ", none left out" } else { "" };
    let sign = if first_line.is_some() { "NUMBER<tab>" } else { "|" };
    format!(
        "{}{lines}{left_out}{rows}{columns}{rest}{times}{blocks}{counts}; {sign} starts a line as it was]",
        rows::HEAD
    )
}

struct Encoder<'a> {
    words: &'a Words<'a>,
    templates: &'a Templates,
    repeats: &'a Repeats,
    /// Those that are still to come.
    gaps: &'a [Gap<'a>],
    first_line: Option<usize>,
    writer: Writer,
    /// The label of each template that was written already.
    labels: Vec<Option<String>>,
    written: usize,
    /// How many blocks were named already.
    named: usize,
    /// The time of the last heading of each kind.
    times: [&'a str; WAYS],
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
        gaps: &'a [Gap<'a>],
        first_line: Option<usize>,
    ) -> Self {
        let count = templates.templates.len();
        Encoder {
            words,
            templates,
            repeats,
            gaps,
            first_line,
            writer: Writer::new(&head(words, templates, repeats, gaps, first_line), first_line.is_some()),
            labels: vec![None; count],
            written: 0,
            named: 0,
            times: [""; WAYS],
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
                        if !self.gap(line) {
                            self.line(line);
                        }
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

    /// Whether `line` is left out; writes the marker where the first line of a gap stood.
    fn gap(&mut self, line: usize) -> bool {
        let [gap, rest @ ..] = self.gaps else { return false };
        if line == gap.first {
            self.writer.gap(&gap.marker);
            self.above.clear();
        }
        if line + 1 == gap.first + gap.lines.len() {
            self.gaps = rest;
        }
        line >= gap.first
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
        let way = self.words.way(line);
        let time = self.words.head(line).map(|word| self.words.word(line, word));
        match time {
            Some(time) if time != self.times[way] => {
                self.writer.heading(number, way, time);
                self.times[way] = time;
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
pub(super) fn pieces(value: &str) -> usize {
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
