//! Finds the lines of a log that differ in their values only.
//!
//! Two passes over the lines, both linear. The first puts lines together that agree in all but the words with a digit in
//! them; the second joins such groups where they also disagree in few other words (a user's name, a file), but never
//! in the level: `INFO` and `WARN` of one message stay two templates, because the level is what a reader looks for.
//! Lines that no other resembles share at least how they begin (time, level, source): there the message is one value.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use crate::compress::log::rows::{self, Piece};
use crate::compress::log::split::Words;
use crate::compress::log::stamp;

/// Lines below this count are novel: a template would hide what is special about them.
const NOVEL: usize = 4;

/// Alike errors below this count are novel.
const CROWD: usize = 8;

/// Behind the time and the level, so many words may name where a line comes from.
const LONGEST_SOURCE: usize = 5;

/// How many templates of one shape a group is compared with, so that time stays linear.
const COMPARED: usize = 24;

/// The templates of a text, and which one each line belongs to.
pub(super) struct Templates {
    pub(super) of_line: Vec<Option<usize>>,
    pub(super) templates: Vec<Template>,
}

/// A line with holes.
pub(super) struct Template {
    pub(super) pieces: Vec<Piece>,
    /// Which words of a line are values.
    pub(super) slots: Vec<usize>,
    /// The word from which on the rest of the line is one value.
    pub(super) rest: Option<usize>,
}

/// Which lines may be rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Eligible {
    Yes,
    /// With many others like it: an error.
    InCrowd,
    No,
}

struct Group {
    first: usize,
    lines: Vec<usize>,
    /// Words that differ, or may differ, between the lines.
    open: Vec<bool>,
    /// The word with which the part begins in which the lines have nothing in common.
    rest: Option<usize>,
    eligible: Eligible,
}

impl Group {
    fn is_novel(&self) -> bool {
        self.lines.len() < if self.eligible == Eligible::InCrowd { CROWD } else { NOVEL }
    }
}

/// The templates that pay for the lines that `eligible` names.
pub(super) fn mine(words: &Words, eligible: impl Fn(usize) -> Eligible) -> Templates {
    let mut found = Templates { of_line: vec![None; words.lines.len()], templates: Vec::new() };
    for group in join(words, group(words, &eligible)) {
        found.add(words, group);
    }
    for start in [source, first_source, level] {
        for group in by_start(words, start, |line| eligible(line) == Eligible::Yes && found.of_line[line].is_none()) {
            found.add(words, group);
        }
    }
    found
}

impl Templates {
    /// Makes rows of the group's lines, where that pays.
    fn add(&mut self, words: &Words, group: Group) {
        if let Some(template) = template(words, &group) {
            return self.put(&group, template);
        }
        for group in by_exact_gaps(words, group) {
            if let Some(template) = template(words, &group) {
                self.put(&group, template);
            }
        }
    }

    fn put(&mut self, group: &Group, template: Template) {
        if !group.is_novel() && pays(&template, group.lines.len()) {
            for &line in &group.lines {
                self.of_line[line] = Some(self.templates.len());
            }
            self.templates.push(template);
        }
    }
}

/// Lines that agree in everything but words with a digit.
fn group(words: &Words, eligible: impl Fn(usize) -> Eligible) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: HashMap<u64, usize> = HashMap::new();
    for line in 0..words.lines.len() {
        let eligible = eligible(line);
        // Only an error that has a time is an event; the lines of its trace have none.
        let is_event =
            eligible == Eligible::Yes || eligible == Eligible::InCrowd && stamp::find(words.lines[line]).is_some();
        if words.spans(line).is_empty() || !is_event || rows::means_something(words.lines[line]) {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        (eligible, shape(words, line, None, Gaps::Collapsed)).hash(&mut hasher);
        for word in 0..words.spans(line).len() {
            if !is_open(words, line, word) {
                words.word(line, word).hash(&mut hasher);
            }
        }
        let index = *by_key.entry(hasher.finish()).or_insert_with(|| {
            let open = (0..words.spans(line).len()).map(|word| is_open(words, line, word)).collect();
            groups.push(Group { first: line, lines: Vec::new(), open, rest: None, eligible });
            groups.len() - 1
        });
        groups[index].lines.push(line);
    }
    groups
}

/// The word with which a line's message begins: behind the time and the level, and behind their brackets.
fn level(words: &Words, line: usize) -> Option<usize> {
    let count = words.spans(line).len();
    let is_time = |word: &usize| stamp::find(words.word(line, *word)).is_some();
    let head = words.head(line).map(|head| head + words.has_time_of_day(line));
    let time = head.or_else(|| (0..count.min(LONGEST_SOURCE)).find(is_time));
    let level = (0..count.min(LONGEST_SOURCE * 2)).find(|&word| is_level(words.word(line, word)));
    let from = time.max(level)? + 1;
    (from..count.min(from + LONGEST_SOURCE)).find(|&word| words.gap(line, word).ends_with(' '))
}

/// The word with which a line's message begins: behind what names its source, which brackets, colons or columns mark.
fn sources(words: &Words, line: usize) -> impl DoubleEndedIterator<Item = usize> {
    let count = words.spans(line).len();
    let from = level(words, line).unwrap_or(count);
    let is_mark = move |word: &usize| words.gap(line, *word).len() > 1 && words.gap(line, *word).ends_with(' ');
    (from..count.min(from + LONGEST_SOURCE)).filter(is_mark)
}

fn source(words: &Words, line: usize) -> Option<usize> {
    sources(words, line).next_back()
}

fn first_source(words: &Words, line: usize) -> Option<usize> {
    sources(words, line).next()
}

/// Lines that begin alike up to the word that `start` finds.
fn by_start(words: &Words, start: fn(&Words, usize) -> Option<usize>, eligible: impl Fn(usize) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: HashMap<u64, usize> = HashMap::new();
    for line in (0..words.lines.len()).filter(|line| eligible(*line)) {
        let Some(rest) = start(words, line).filter(|_| !rows::means_something(words.lines[line])) else { continue };
        let mut hasher = DefaultHasher::new();
        shape(words, line, Some(rest), Gaps::Collapsed).hash(&mut hasher);
        for word in (0..rest).map(|word| words.word(line, word)).filter(|word| is_level(word)) {
            word.hash(&mut hasher);
        }
        let index = *by_key.entry(hasher.finish()).or_insert_with(|| {
            let open = (0..rest).map(|word| !is_level(words.word(line, word))).collect();
            groups.push(Group { first: line, lines: Vec::new(), open, rest: Some(rest), eligible: Eligible::Yes });
            groups.len() - 1
        });
        groups[index].lines.push(line);
    }
    groups
}

/// How much of the spaces between words counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gaps {
    Exact,
    /// Several spaces are as good as one: they may be what a column is filled up with.
    Collapsed,
}

/// The gaps of a line up to its `rest`, and where its time stands: what two lines of one template have in common in any
/// case.
fn shape(words: &Words, line: usize, rest: Option<usize>, gaps: Gaps) -> u64 {
    let mut hasher = DefaultHasher::new();
    (words.head(line), words.way(line)).hash(&mut hasher);
    for gap in 0..=rest.unwrap_or(words.spans(line).len()) {
        let gap = words.gap(line, gap);
        match gaps {
            Gaps::Exact => gap.hash(&mut hasher),
            Gaps::Collapsed => {
                for (at, byte) in gap.bytes().enumerate() {
                    if byte != b' ' || at == 0 || gap.as_bytes()[at - 1] != b' ' {
                        byte.hash(&mut hasher);
                    }
                }
            }
        }
        b'\n'.hash(&mut hasher);
    }
    hasher.finish()
}

/// The lines of a group, apart where their spaces differ.
fn by_exact_gaps(words: &Words, mut group: Group) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_shape: HashMap<u64, usize> = HashMap::new();
    for line in std::mem::take(&mut group.lines) {
        let index = *by_shape.entry(shape(words, line, group.rest, Gaps::Exact)).or_insert_with(|| {
            groups.push(Group {
                first: line,
                lines: Vec::new(),
                open: group.open.clone(),
                rest: group.rest,
                eligible: group.eligible,
            });
            groups.len() - 1
        });
        groups[index].lines.push(line);
    }
    groups
}

fn is_open(words: &Words, line: usize, word: usize) -> bool {
    let has_digit = words.word(line, word).bytes().any(|byte| byte.is_ascii_digit());
    words.head(line) == Some(word) || (has_digit && !is_module(words, line, word))
}

/// Whether the word is the module in a test's name. Tests of two modules are never rows of one template.
fn is_module(words: &Words, line: usize, word: usize) -> bool {
    words.gap(line, word + 1) == "::"
}

/// Joins groups of one shape that disagree in at most two fifths of their words.
fn join(words: &Words, groups: Vec<Group>) -> Vec<Group> {
    let mut joined: Vec<Group> = Vec::new();
    let mut by_shape: HashMap<(Eligible, u64), Vec<usize>> = HashMap::new();
    for group in groups {
        let candidates =
            by_shape.entry((group.eligible, shape(words, group.first, None, Gaps::Collapsed))).or_default();
        let alike = candidates.iter().find_map(|&index| Some((index, opened(words, &joined[index], &group)?)));
        if let Some((index, open)) = alike {
            joined[index].open = open;
            joined[index].lines.extend(group.lines);
            continue;
        }
        if candidates.len() < COMPARED {
            candidates.push(joined.len());
        }
        joined.push(group);
    }
    joined
}

/// The open words of the two groups together, where they are alike enough.
fn opened(words: &Words, one: &Group, other: &Group) -> Option<Vec<bool>> {
    let mut differing = 0;
    let mut named = false;
    let mut open = Vec::with_capacity(one.open.len());
    for word in 0..one.open.len() {
        let (left, right) = (words.word(one.first, word), words.word(other.first, word));
        let was_open = one.open[word] || other.open[word];
        if !was_open && left != right {
            if is_level(left) || is_level(right) || is_module(words, one.first, word) {
                return None;
            }
            differing += 1;
            open.push(true);
        } else {
            // A word that one group has opened before, without a digit to explain it, is a difference already.
            differing +=
                usize::from(was_open && !(is_open(words, one.first, word) && is_open(words, other.first, word)));
            named |= !was_open && left.bytes().any(|byte| byte.is_ascii_alphabetic());
            open.push(was_open);
        }
    }
    (named && differing * 5 <= open.len() * 2).then_some(open)
}

fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 14] = [
        "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "fatal", "critical", "crit", "alert",
        "emerg", "severe",
    ];
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// The group's template: a slot for each word that is not the same in all lines. `None` where the spaces between words
/// differ, but fill no column.
fn template(words: &Words, group: &Group) -> Option<Template> {
    let count = group.rest.unwrap_or(words.spans(group.first).len());
    let head = words.head(group.first);
    let differs = |word: &usize| {
        let value = words.word(group.first, *word);
        group.open[*word] && group.lines.iter().any(|&line| words.word(line, *word) != value)
    };
    let slots: Vec<usize> = (0..count).filter(|word| head != Some(*word)).filter(differs).collect();
    let mut pieces = Vec::new();
    let mut measured = vec![Measured::default(); group.lines.len()];
    for word in 0..=count {
        let gap = words.gap(group.first, word);
        if group.lines.iter().all(|&line| words.gap(line, word) == gap) {
            pieces.push(Piece::Text(gap.to_owned()));
        } else {
            pieces.extend(columns(words, group, word, slots.binary_search(&word).is_ok(), &mut measured)?);
        }
        if head == Some(word) {
            pieces.push(Piece::Time(words.way(group.first)));
        } else if slots.binary_search(&word).is_ok() {
            pieces.push(Piece::Slot);
        } else if word < count {
            pieces.push(Piece::Text(words.word(group.first, word).to_owned()));
        }
    }
    pieces.extend(group.rest.map(|_| Piece::Rest));
    Some(Template { pieces, slots, rest: group.rest })
}

/// How many characters stand before a place in a line. Counting from the front for each place would not be linear.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    bytes: usize,
    characters: usize,
}

impl Measured {
    /// The characters before the byte `at`, which is none before the last one asked for.
    fn column(&mut self, line: &str, at: usize) -> usize {
        self.characters += line[self.bytes..at].chars().count();
        self.bytes = at;
        self.characters
    }
}

/// The pieces of a gap whose spaces differ between lines: text, and for each run of spaces the column it reaches, or
/// the column in which the value behind it ends.
fn columns(
    words: &Words,
    group: &Group,
    gap: usize,
    before_slot: bool,
    measured: &mut [Measured],
) -> Option<Vec<Piece>> {
    let text = words.gap(group.first, gap);
    // Of each line where its runs of spaces begin, and how long they are.
    let runs_of = |(&line, measured): (&usize, &mut Measured)| -> Vec<(usize, usize)> {
        let start = if gap == 0 { 0 } else { words.spans(line)[gap - 1].end };
        spaces(words.gap(line, gap))
            .map(|run| (measured.column(words.lines[line], start + run.start), run.len()))
            .collect()
    };
    let runs: Vec<Vec<(usize, usize)>> = group.lines.iter().zip(measured).map(runs_of).collect();
    let mut pieces = Vec::new();
    let mut end = 0;
    for (index, run) in spaces(text).enumerate() {
        pieces.push(Piece::Text(text[end..run.start].to_owned()));
        end = run.end;
        let is_last = run.end == text.len();
        // Where the run begins, how long it is, and how long the value behind it is.
        let places = || {
            group.lines.iter().zip(&runs).map(|(&line, runs)| {
                let (column, length) = runs.get(index).copied().unwrap_or_default();
                let value = if is_last && before_slot { words.word(line, gap).chars().count() } else { 0 };
                (column, length, value)
            })
        };
        if places().all(|(_, length, _)| length == run.len()) {
            pieces.push(Piece::Text(text[run].to_owned()));
            continue;
        }
        pieces.push(column(places(), Piece::Stop, |_| 0).or_else(|| column(places(), Piece::End, |value| value))?);
    }
    pieces.push(Piece::Text(text[end..].to_owned()));
    Some(pieces)
}

/// The column that all runs of spaces reach, where what stands before is not too long for it.
fn column(
    places: impl Iterator<Item = (usize, usize, usize)> + Clone,
    piece: fn(usize) -> Piece,
    counted: fn(usize) -> usize,
) -> Option<Piece> {
    let stop = places
        .clone()
        .filter(|(_, run, _)| *run > 1)
        .map(|(column, run, value)| column + run + counted(value))
        .next()?;
    let mut places = places;
    places.all(|(column, run, value)| rows::filling(stop, column + counted(value)) == run).then(|| piece(stop))
}

/// The runs of spaces in a gap.
fn spaces(gap: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = gap.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| *byte == b' ')?;
        at = start + bytes[start..].iter().take_while(|byte| **byte == b' ').count();
        Some(start..at)
    })
}

/// Whether what the rows leave out is worth more than the template's own line and the labels.
fn pays(template: &Template, lines: usize) -> bool {
    // A label alone would only stand for a line that a reader has seen once.
    if template.slots.is_empty()
        && template.rest.is_none()
        && !template.pieces.iter().any(|p| matches!(p, Piece::Time(_)))
    {
        return false;
    }
    let constant: usize =
        template.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 2 }).sum();
    // Each slot costs a space between values; what stood between them before was at least one character, too.
    let saved = constant.saturating_sub(template.slots.len() * 3);
    saved * (lines - 1) > 24 + constant + 3 * lines
}
