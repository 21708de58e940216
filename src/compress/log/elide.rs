//! The elided form: failures, warnings and summaries, with a tool's success lines left out under true markers. Where the
//! question is what went wrong, the ordinary lines of an application are left out too.
//!
//! Every count in a marker is taken from the lines that it stands for. Only whole lines go, and runs that are shorter
//! than their marker stay.

use std::fmt::Write as _;

use crate::compress::Input;
use crate::compress::log::lines::Notable;
use crate::compress::log::shapes;
use crate::compress::log::split::Words;
use crate::compress::log::stamp;
use crate::compress::log::template::{self, Eligible};
use crate::compress::log::terminal;
use crate::compress::marker;

/// A run with fewer characters costs about as much as its marker. The profile's bias makes it longer or shorter.
const SHORTEST_RUN: usize = 160;

/// Why a line may go.
enum Reason {
    Shape(&'static str),
    /// The line is the same as the one with this number, which stands.
    Repeat(usize),
    Blank,
}

/// The elided form of `input`, or `None` where nothing can go.
pub(super) fn elided_form(input: &Input) -> Option<String> {
    let Input { text, lines_before, .. } = *input;
    let handle = input.context.handle;
    let plain = terminal::plain(text);
    let shown = plain.as_ref().map_or(text, |plain| plain.text.as_str());
    let lines: Vec<&str> = shown.strip_suffix('\n').unwrap_or(shown).split('\n').collect();
    // A line that becomes a marker once its control codes are gone would be believed.
    if plain.is_some() && marker::holds(shown) {
        return None;
    }
    let reasons = reasons(shown, &lines, input);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
    let shortest = (SHORTEST_RUN as f32 * input.context.profile.bias) as usize;
    let mut form = String::new();
    if let Some(plain) = &plain {
        let what = format!("{} terminal control codes and overwritten states left out", plain.codes);
        let _ = writeln!(form, "{}", marker::legend(&what, Some(handle)));
    }
    let mut line = 0;
    while line < lines.len() {
        let run = run_at(&lines, &reasons, line, shortest);
        if run == 0 {
            form.push_str(lines[line]);
            form.push('\n');
            line += 1;
        } else {
            let what = counts(&reasons[line..line + run], lines_before);
            let gone = lines_before + line + 1..=lines_before + line + run;
            let _ = writeln!(form, "{}", marker::gap(&gone, &what, handle));
            line += run;
        }
    }
    if !text.ends_with('\n') {
        form.pop();
    }
    (form.len() < text.len()).then_some(form)
}

/// Why each line may go; `None` for the lines that stay.
fn reasons(text: &str, lines: &[&str], input: &Input) -> Vec<Option<Reason>> {
    let notable = Notable::of(text, lines, input.context.hints);
    let ordinary =
        if input.context.seeks_failures { ordinary(text, lines, &notable) } else { vec![false; lines.len()] };
    let shapes = shapes::shapes(lines, input.command);
    let mut stands = 0;
    (0..lines.len())
        .map(|line| {
            let is_edge = line == 0 || line + 1 == lines.len();
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
        .collect()
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

/// `112 Compiling, 3 Downloaded`, in the order of first appearance.
fn counts(reasons: &[Option<Reason>], lines_before: usize) -> String {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for reason in reasons.iter().flatten() {
        let label = match reason {
            Reason::Shape(label) => (*label).to_owned(),
            Reason::Repeat(line) => format!("repeats of line {}", lines_before + line),
            Reason::Blank => "blank".to_owned(),
        };
        match counted.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => counted.push((label, 1)),
        }
    }
    counted.iter().map(|(label, count)| format!("{count} {label}")).collect::<Vec<_>>().join(", ")
}
