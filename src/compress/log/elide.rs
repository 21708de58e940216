//! The elided form: failures, warnings and summaries, with a tool's success lines left out under true markers. Where the
//! question is what went wrong, the ordinary lines of an application are left out too.
//!
//! Every count in a marker is taken from the lines that it stands for. Whole lines go, in runs that are longer than
//! their marker; only of the long commands that a build tool echoes a part goes.

use std::fmt::Write as _;
use std::ops::Range;

use crate::compress::Input;
use crate::compress::log::elided_blocks;
use crate::compress::log::findings;
use crate::compress::log::lines::{self, Notable};
use crate::compress::log::shapes;
use crate::compress::log::split::Words;
use crate::compress::log::stamp;
use crate::compress::log::template::{self, Eligible};
use crate::compress::log::tools::Tools;
use crate::compress::log::{echoed, terminal};
use crate::compress::marker;

/// A run with fewer characters costs about as much as its marker. The profile's bias makes it longer or shorter.
const SHORTEST_RUN: usize = 160;

/// Why a line may go.
#[derive(Clone, Copy)]
enum Reason {
    Shape(&'static str),
    /// The line is the same as the one with this number, which stands.
    Repeat(usize),
    /// The line is in a block that stood before, where it was the line with this number.
    Block(usize),
    Blank,
}

/// What the form is made of, in order.
enum Piece<'a> {
    Lines(Range<usize>),
    /// A marker on its own line.
    Gap(String),
    /// A line without its middle.
    Cut {
        head: &'a str,
        marker: String,
        tail: &'a str,
    },
}

/// The elided forms of `input`: the remaining lines as they are, and with their findings by file.
pub(super) fn elided_forms(input: &Input) -> Vec<String> {
    let plain = terminal::plain(input.text);
    let shown = plain.as_ref().map_or(input.text, |plain| plain.text.as_str());
    // A line that becomes a marker once its control codes are gone would be believed.
    if plain.is_some() && marker::holds(shown) {
        return Vec::new();
    }
    let lines: Vec<&str> = shown.strip_suffix('\n').unwrap_or(shown).split('\n').collect();
    let pieces = pieces(shown, &lines, input);
    let mut head = String::new();
    if let Some(plain) = &plain {
        let what = format!("{} terminal control codes and overwritten states left out", plain.codes);
        let _ = writeln!(head, "{}", marker::legend(&what, Some(input.context.handle)));
    }
    let whole = |head: &str, sign: &str, write: &dyn Fn(&[&str], &mut String)| {
        let mut form = head.to_owned();
        for piece in &pieces {
            match piece {
                Piece::Lines(range) => write(&lines[range.clone()], &mut form),
                Piece::Gap(marker) => form.extend([marker.as_str(), "\n"]),
                Piece::Cut { head, marker, tail } => {
                    form.extend([sign, *head, "\n", marker.as_str(), "\n", sign, *tail, "\n"]);
                }
            }
        }
        if !input.text.ends_with('\n') {
            form.pop();
        }
        (form.len() < input.text.len()).then_some(form)
    };
    let is_whole = plain.is_none() && matches!(pieces.as_slice(), [] | [Piece::Lines(_)]);
    let verbatim = |lines: &[&str], form: &mut String| lines.iter().for_each(|line| form.extend([*line, "\n"]));
    let by_file = |lines: &[&str], form: &mut String| findings::write_exactly(lines, input.context.hints, form);
    if is_whole {
        return Vec::new();
    }
    let grouped = findings::legend(&lines).and_then(|legend| whole(&format!("{head}{legend}\n"), "|", &by_file));
    whole(&head, "", &verbatim).into_iter().chain(grouped).collect()
}

/// Cuts `lines` into what stays and what goes.
fn pieces<'a>(text: &str, lines: &[&'a str], input: &Input) -> Vec<Piece<'a>> {
    let (lines_before, handle) = (input.lines_before, input.context.handle);
    let tools = Tools::behind(input);
    let notable = Notable::of(text, lines, input.context.hints);
    let reasons = reasons(text, lines, input, &tools, &notable);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
    let shortest = (SHORTEST_RUN as f32 * input.context.profile.bias) as usize;
    // Who does not ask what went wrong may ask for any of the arguments.
    let is_whole = |line: usize| {
        let is_sought = !input.context.seeks_failures && input.context.profile.bias >= 1.0;
        is_sought || tools.only_print || notable.hinted[line] || notable.severe[line]
    };
    let mut pieces = Vec::new();
    let mut line = 0;
    while line < lines.len() {
        let run = run_at(lines, &reasons, line, shortest);
        if run > 0 {
            let what = counts(&reasons[line..line + run], lines_before);
            let gone = lines_before + line + 1..=lines_before + line + run;
            pieces.push(Piece::Gap(marker::gap(&gone, &what, handle)));
            line += run;
            continue;
        }
        let cut = if is_whole(line) { None } else { echoed::cut(lines[line]) };
        if let Some((left_out, what)) = cut {
            let marker = marker::cut(lines_before + line + 1, &what, handle);
            pieces.push(Piece::Cut {
                head: &lines[line][..left_out.start],
                marker,
                tail: &lines[line][left_out.end..],
            });
        } else if let Some(Piece::Lines(range)) = pieces.last_mut() {
            range.end = line + 1;
        } else {
            pieces.push(Piece::Lines(line..line + 1));
        }
        line += 1;
    }
    pieces
}

/// Why each line may go; `None` for the lines that stay.
fn reasons(text: &str, lines: &[&str], input: &Input, tools: &Tools, notable: &Notable) -> Vec<Option<Reason>> {
    let ordinary = if input.context.seeks_failures { ordinary(text, lines, notable) } else { vec![false; lines.len()] };
    let shapes = shapes::shapes(lines, tools);
    let mut stands = 0;
    let last = lines::last_of(lines);
    let mut reasons: Vec<Option<Reason>> = (0..lines.len())
        .map(|line| {
            let is_edge = line == 0 || line == last;
            if is_edge || notable.hinted[line] {
                stands = line;
                return None;
            }
            if lines[line] == lines[stands] && !lines[line].trim().is_empty() {
                return Some(Reason::Repeat(stands + 1));
            }
            let alarms = notable.severe[line] || notable.alarming[line];
            if let Some(shape) = shapes[line].filter(|shape| shape.is_certain || !alarms) {
                return Some(Reason::Shape(shape.label));
            }
            if lines[line].trim().is_empty() {
                return Some(Reason::Blank);
            }
            if ordinary[line] {
                return Some(Reason::Shape(level(lines[line])));
            }
            stands = line;
            None
        })
        .collect();
    // A line that a marker names has to stand.
    let mut is_named = vec![false; lines.len()];
    for reason in reasons.iter().flatten() {
        if let Reason::Repeat(named) = reason {
            is_named[named - 1] = true;
        }
    }
    let may_go = |line: usize| {
        let stands = matches!(reasons[line], None | Some(Reason::Blank));
        stands && line != last && !notable.hinted[line] && !is_named[line]
    };
    let blocks = elided_blocks::find(lines, may_go);
    for (reason, from) in reasons.iter_mut().zip(blocks) {
        if let Some(from) = from {
            *reason = Some(Reason::Block(from + 1));
        }
    }
    reasons
}

/// Lines that differ in their values only are ordinary when there are so many of them.
const COMMON: usize = 20;

/// So many lines before a failure, and behind it, are what led to it and what came of it.
const BEFORE_FAILURE: usize = 3;
const BEHIND_FAILURE: usize = 1;

/// The lines that nobody looks for who asks what went wrong: one of many that say the same of other values, and neither
/// a failure nor near one.
fn ordinary(text: &str, lines: &[&str], notable: &Notable) -> Vec<bool> {
    let failed = notable.failed(text, lines);
    let words = Words::of(lines.to_vec(), stamp::best_cut(lines));
    let templates =
        template::mine(&words, |line| if failed[line] || notable.hinted[line] { Eligible::No } else { Eligible::Yes });
    let mut alike = vec![0; templates.templates.len()];
    for template in templates.of_line.iter().flatten() {
        alike[*template] += 1;
    }
    let mut ordinary: Vec<bool> =
        templates.of_line.iter().map(|template| template.is_some_and(|template| alike[template] >= COMMON)).collect();
    for (line, _) in notable.severe.iter().enumerate().filter(|(_, severe)| **severe) {
        let last = (line + BEHIND_FAILURE).min(lines.len() - 1);
        ordinary[line.saturating_sub(BEFORE_FAILURE)..=last].fill(false);
    }
    ordinary
}

/// What a marker counts an ordinary line as.
fn level(line: &str) -> &'static str {
    let is_word = |word: &str| word.chars().all(|letter| letter.is_ascii_alphabetic());
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| is_word(word)).take(6);
    let level = words.find_map(|word| {
        ["TRACE", "DEBUG", "INFO", "NOTICE"].into_iter().find(|level| word.eq_ignore_ascii_case(level))
    });
    level.unwrap_or("lines like others")
}

/// How many lines from `line` on go under one marker. Blank lines go only between others.
fn run_at(lines: &[&str], reasons: &[Option<Reason>], line: usize, shortest: usize) -> usize {
    // Looking on from each of many blank lines would not be linear.
    if matches!(reasons[line], Some(Reason::Blank)) {
        return 0;
    }
    let mut run = reasons[line..].iter().take_while(|reason| reason.is_some()).count();
    while run > 0 && matches!(reasons[line + run - 1], Some(Reason::Blank)) {
        run -= 1;
    }
    let length: usize = lines[line..line + run].iter().map(|line| line.len() + 1).sum();
    if length < shortest { 0 } else { run }
}

/// `112 Compiling, 3 Downloaded, repeat of lines 6-12`, in the order of first appearance.
fn counts(reasons: &[Option<Reason>], lines_before: usize) -> String {
    let mut counted: Vec<(String, usize)> = Vec::new();
    let mut block: Option<(usize, usize)> = None;
    let mut count = |label: String| match counted.iter_mut().find(|(known, _)| *known == label) {
        Some((_, count)) => *count += 1,
        None => counted.push((label, 1)),
    };
    let said = |(first, last): (usize, usize)| format!("{BLOCK}{}-{}", lines_before + first, lines_before + last);
    for reason in reasons.iter().flatten() {
        let (label, next) = match reason {
            Reason::Block(line) => match block {
                Some((first, last)) if last + 1 == *line => (None, Some((first, *line))),
                _ => (block.map(said), Some((*line, *line))),
            },
            Reason::Shape(label) => (Some((*label).to_owned()), None),
            Reason::Repeat(line) => (Some(format!("repeats of line {}", lines_before + line)), None),
            Reason::Blank => (Some("blank".to_owned()), None),
        };
        if next.is_none() {
            block.map(said).into_iter().for_each(&mut count);
        }
        label.into_iter().for_each(&mut count);
        block = next;
    }
    block.map(said).into_iter().for_each(&mut count);
    let written = counted.iter().map(|(label, count)| match (label.starts_with(BLOCK), count) {
        (true, 1) => label.clone(),
        (true, count) => format!("{label} ({count} times)"),
        (false, count) => format!("{count} {label}"),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// How a marker names a block that stands further up.
const BLOCK: &str = "repeat of lines ";
