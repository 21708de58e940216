//! Finds the lines of a log that differ in their values only.
//!
//! Two passes over the lines, both linear. The first puts lines together that agree in all but the words with a digit in
//! them; the second joins such groups where they also disagree in few other words (a user's name, a file), but never
//! in the level: `INFO` and `WARN` of one message stay two templates, because the level is what a reader looks for.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::compress::log::rows::{Piece, SLOT, TIME};
use crate::compress::log::split::Words;

/// Lines below this count are novel: a template would hide what is special about them.
const NOVEL: usize = 3;

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
}

struct Group {
    first: usize,
    lines: Vec<usize>,
    /// Words that differ, or may differ, between the lines.
    open: Vec<bool>,
}

/// The templates that pay for the lines that `eligible` names.
pub(super) fn mine(words: &Words, eligible: impl Fn(usize) -> bool) -> Templates {
    let mut of_line = vec![None; words.lines.len()];
    let mut templates = Vec::new();
    for group in join(words, group(words, eligible)) {
        if group.lines.len() < NOVEL {
            continue;
        }
        let template = template(words, &group);
        if pays(&template, group.lines.len()) {
            for &line in &group.lines {
                of_line[line] = Some(templates.len());
            }
            templates.push(template);
        }
    }
    Templates { of_line, templates }
}

/// Lines that agree in everything but words with a digit.
fn group(words: &Words, eligible: impl Fn(usize) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: HashMap<u64, usize> = HashMap::new();
    for line in 0..words.lines.len() {
        // `{}` and `##` mean something in a template; a line that has them stands as it is.
        if words.spans(line).is_empty()
            || !eligible(line)
            || words.lines[line].contains(SLOT)
            || words.lines[line].contains(TIME)
        {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        shape(words, line).hash(&mut hasher);
        for word in 0..words.spans(line).len() {
            if !is_open(words, line, word) {
                words.word(line, word).hash(&mut hasher);
            }
        }
        let index = *by_key.entry(hasher.finish()).or_insert_with(|| {
            let open = (0..words.spans(line).len()).map(|word| is_open(words, line, word)).collect();
            groups.push(Group { first: line, lines: Vec::new(), open });
            groups.len() - 1
        });
        groups[index].lines.push(line);
    }
    groups
}

/// The gaps of a line, and where its time stands: what two lines of one template have in common in any case.
fn shape(words: &Words, line: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.head(line).hash(&mut hasher);
    for gap in 0..=words.spans(line).len() {
        words.gap(line, gap).hash(&mut hasher);
    }
    hasher.finish()
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
    let mut by_shape: HashMap<u64, Vec<usize>> = HashMap::new();
    for group in groups {
        let candidates = by_shape.entry(shape(words, group.first)).or_default();
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

/// The group's template: a slot for each word that is not the same in all lines.
fn template(words: &Words, group: &Group) -> Template {
    let count = words.spans(group.first).len();
    let head = words.head(group.first);
    let slots: Vec<usize> = (0..count)
        .filter(|&word| head != Some(word) && group.open[word])
        .filter(|&word| {
            let value = words.word(group.first, word);
            group.lines.iter().any(|&line| words.word(line, word) != value)
        })
        .collect();
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut next_slot = slots.iter().peekable();
    for word in 0..count {
        text.push_str(words.gap(group.first, word));
        let piece = if head == Some(word) {
            Piece::Time
        } else if next_slot.next_if_eq(&&word).is_some() {
            Piece::Slot
        } else {
            text.push_str(words.word(group.first, word));
            continue;
        };
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(piece);
    }
    text.push_str(words.gap(group.first, count));
    pieces.push(Piece::Text(text));
    Template { pieces, slots }
}

/// Whether what the rows leave out is worth more than the template's own line and the labels.
fn pays(template: &Template, lines: usize) -> bool {
    let constant: usize =
        template.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 2 }).sum();
    // Each slot costs a space between values; what stood between them before was at least one character, too.
    let saved = constant.saturating_sub(template.slots.len() * 3);
    saved * (lines - 1) > 24 + constant + 3 * lines
}
