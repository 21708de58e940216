//! The sentences that tell most, where the caller gives a budget that the whole text does not fit into.
//!
//! Each is verbatim and in its place. What is gone stands under markers that count it by kind; lines that are partly
//! shown are said to be.

use crate::compress::text::wrap::begins;
use crate::compress::{Input, marker};
use crate::tokens;

/// Fewer bytes than this in a row cost about as much as the marker for them.
const SHORTEST_GAP: usize = 160;

/// Words by which a sentence forbids, demands or warns.
const WEIGHTY: [&str; 22] = [
    "not",
    "never",
    "no",
    "cannot",
    "without",
    "must",
    "should",
    "shall",
    "required",
    "requires",
    "only",
    "always",
    "error",
    "errors",
    "warning",
    "fails",
    "deprecated",
    "removed",
    "default",
    "important",
    "security",
    "unless",
];

/// What a passage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Heading,
    Item,
    Row,
    Code,
    Sentence,
}

const SHAPES: [(Shape, &str, &str); 5] = [
    (Shape::Heading, "heading", "headings"),
    (Shape::Sentence, "sentence", "sentences"),
    (Shape::Item, "list item", "list items"),
    (Shape::Row, "table row", "table rows"),
    (Shape::Code, "code block", "code blocks"),
];

/// A piece of the text that is shown or gone as a whole. Passages follow each other without a gap.
#[derive(Debug, Clone)]
struct Passage {
    start: usize,
    end: usize,
    /// Its first and last line, counted from 0; white space behind it does not count.
    first: usize,
    last: usize,
    shape: Shape,
    /// Whether a paragraph begins with it.
    leads: bool,
}

/// As much of the text as `budget` tokens hold; none if nothing can go.
pub(super) fn sampled(input: &Input, budget: usize) -> Option<String> {
    let passages = passages(input.text);
    let mut ranked: Vec<(u32, usize)> = passages
        .iter()
        .enumerate()
        .map(|(at, passage)| {
            (u32::MAX - weight(&input.text[passage.start..passage.end], passage, input.context.hints), at)
        })
        .collect();
    ranked.sort_unstable();
    let named = ranked.iter().take_while(|(rank, _)| *rank == 0).count();
    let shown = |count: usize| {
        let mut kept = vec![false; passages.len()];
        for (_, at) in &ranked[..count] {
            kept[*at] = true;
        }
        show(input, &passages, &kept)
    };
    let (mut fits, mut too_many) = (named, passages.len() + 1);
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        if tokens::count(&shown(middle)) <= budget {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    let text = shown(fits);
    (text != input.text).then_some(text)
}

/// How much a passage tells. What the question names tells most.
fn weight(text: &str, passage: &Passage, hints: &[String]) -> u32 {
    if hints.iter().any(|hint| !hint.is_empty() && text.contains(hint.as_str())) {
        return u32::MAX;
    }
    let words = || text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    let is_weighty = |word: &str| {
        let word = word.to_ascii_lowercase();
        word.ends_with("n't") || WEIGHTY.contains(&word.as_str())
    };
    let of_shape = match passage.shape {
        Shape::Heading => 8,
        Shape::Sentence => 2,
        Shape::Item => 1,
        Shape::Row | Shape::Code => 0,
    };
    of_shape
        + if passage.leads { 3 } else { 0 }
        + if words().any(is_weighty) { 3 } else { 0 }
        + if text.bytes().any(|byte| byte.is_ascii_digit()) { 2 } else { 0 }
}

/// The `kept` passages of the text, with markers for the others.
fn show(input: &Input, passages: &[Passage], kept: &[bool]) -> String {
    let text = input.text;
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for run in kept.chunk_by(|one, other| one == other) {
        let passages = &passages[at..at + run.len()];
        at += run.len();
        let (start, end) = (passages[0].start, passages[passages.len() - 1].end);
        if run[0] || end - start < SHORTEST_GAP {
            out.push_str(&text[start..end]);
            continue;
        }
        let kept = out.trim_end_matches([' ', '\t']).len();
        out.truncate(kept);
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&marker_for(input, passages));
        out.push('\n');
    }
    out
}

/// The marker that stands for `passages`.
fn marker_for(input: &Input, passages: &[Passage]) -> String {
    let (one, other) = (&passages[0], &passages[passages.len() - 1]);
    let (text, handle) = (input.text, input.context.handle);
    let line_start = text[..one.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[other.end..].find('\n').map_or(text.len(), |newline| other.end + newline);
    let ends_inside = !text[..other.end].ends_with('\n');
    let begins_late = !text[line_start..one.start].trim().is_empty();
    let ends_early = ends_inside && !text[other.end..line_end].trim().is_empty();
    let counts = SHAPES.iter().filter_map(|(shape, one, many)| {
        let count = passages.iter().filter(|passage| passage.shape == *shape).count();
        (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
    });
    let mut what = counts.collect::<Vec<_>>().join(", ");
    let (first, last) = (input.lines_before + one.first + 1, input.lines_before + other.last + 1);
    if first == last && (begins_late || ends_early) {
        return marker::cut(first, &what, handle);
    }
    if begins_late {
        what = format!("{what}, save the beginning of line {first}, which stands above");
    }
    if ends_early {
        what = format!("{what}, save the end of line {last}, which stands below");
    }
    marker::gap(&(first..=last), &what, handle)
}

/// The passages of `text`, in order; nothing of it stands between them.
fn passages(text: &str) -> Vec<Passage> {
    let mut starts: Vec<(usize, Shape, bool)> = Vec::new();
    let mut in_code = false;
    let mut before = "";
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let start = from;
        from += line.len();
        let is_fence = line.trim_start().starts_with("```");
        if line.trim().is_empty() || in_code {
            in_code ^= is_fence;
            if !in_code {
                before = line;
            }
            continue;
        }
        let is_new = before.trim().is_empty();
        let shape = shape_of(line, is_fence);
        let breaks =
            is_new || shape != Shape::Sentence || matches!(shape_of(before, false), Shape::Heading | Shape::Row);
        if breaks || before.trim_start().starts_with("```") {
            starts.push((start, shape, is_new && shape == Shape::Sentence));
        }
        if matches!(shape, Shape::Sentence | Shape::Item) {
            starts.extend(sentence_starts(line).map(|at| (start + at, Shape::Sentence, false)));
            // Where a line ends with its sentence, the next line begins another one.
            let next = text[from..].split('\n').next().unwrap_or_default();
            if ends_sentence(line.trim_end()) && !next.trim().is_empty() && shape_of(next, false) == Shape::Sentence {
                starts.push((from, Shape::Sentence, false));
            }
        }
        in_code ^= is_fence;
        before = line;
    }
    starts.sort_by_key(|(start, ..)| *start);
    starts.dedup_by_key(|(start, ..)| *start);
    if let Some(first) = starts.first_mut() {
        first.0 = 0;
    }
    let mut found = Vec::with_capacity(starts.len());
    let mut lines = (0, 0);
    // Counts the line breaks up to each place once.
    let mut line_at = |to: usize| {
        lines.1 += memchr::memchr_iter(b'\n', &text.as_bytes()[lines.0..to]).count();
        lines.0 = to;
        lines.1
    };
    for (at, (start, shape, leads)) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(text.len(), |next| next.0);
        let inner = &text[*start..end];
        let shown = *start + (inner.len() - inner.trim_start().len());
        let first = line_at(shown.min(end));
        let last = line_at((*start + inner.trim_end().len()).max(shown));
        found.push(Passage { start: *start, end, first, last, shape: *shape, leads: *leads });
    }
    found
}

fn shape_of(line: &str, is_fence: bool) -> Shape {
    let trimmed = line.trim();
    let is_title = trimmed.len() > 2
        && trimmed.bytes().any(|byte| byte.is_ascii_uppercase())
        && !trimmed.bytes().any(|byte| byte.is_ascii_lowercase());
    match trimmed.as_bytes().first() {
        _ if is_fence => Shape::Code,
        Some(b'#') => Shape::Heading,
        Some(b'|') => Shape::Row,
        _ if begins(line) => Shape::Item,
        _ if is_title && !line.starts_with(' ') => Shape::Heading,
        _ => Shape::Sentence,
    }
}

/// Where sentences begin in `line` behind its first.
fn sentence_starts(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices(['.', '!', '?', '。']).filter_map(|(at, sign)| {
        let end = at + sign.len();
        let rest = line[end..].trim_start_matches(['"', '\'', ')', ']', '*', '`']);
        let behind = line.len() - rest.len();
        let next = rest.trim_start_matches([' ', '\t']);
        let is_parted = sign == "。" || next.len() < rest.len();
        let begins = next.starts_with(|c: char| !c.is_lowercase() && !c.is_whitespace());
        (is_parted && begins && ends_sentence(&line[..behind])).then_some(line.len() - next.len())
    })
}

/// Whether a text ends with a sentence, and not with an abbreviation or a number of a list.
fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end_matches(['"', '\'', ')', ']', '*', '`']);
    let Some(inner) = text.strip_suffix(['.', '!', '?', '。']) else { return false };
    let word = inner.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    !matches!(word, "e.g" | "i.e" | "etc" | "vs" | "cf" | "Mr" | "Dr" | "No" | "Fig")
        && word.chars().nth(1).is_some()
        && !word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compress::Context;
    use crate::compress::kind::Kind;

    const HANDLE: &str = "3f9c2a71d04be586";

    fn context(hints: &[String]) -> Context<'_> {
        Context { retrievable: true, hints, ..Context::of(HANDLE) }
    }

    fn sample(text: &str, hints: &[String], budget: usize) -> String {
        sampled(&Input::of(text, Kind::Text, &context(hints)), budget).unwrap_or_else(|| text.to_owned())
    }

    const GUIDE: &str = "\
# Guide

The server keeps a list of its clients. It looks at the list from time to time, in an order of its own. Whoever is on
the list is greeted kindly. The greeting is friendly and warm and goes on for a while, as greetings tend to do. You must
not close the socket within 30 seconds. Afterwards the weather is spoken about, and other matters of the day.

## Rest

- an item about the first of several things that are of no weight here and that nobody is going to look for
- another item about the second of several things that are of no weight here and that nobody looks for either

```sh
make all the things that are made here, and some others with them, until nothing is left to be made by anybody
```
";

    #[test]
    fn headings_first_sentences_and_duties_stay() {
        let text = sample(GUIDE, &[], 150);
        assert!(text.starts_with("# Guide\n\nThe server keeps a list of its clients."), "{text}");
        assert!(text.contains("\nYou must\nnot close the socket within 30 seconds."), "{text}");
        assert!(text.contains("lines 3-4 left out: 3 sentences, save the beginning of line 3, which stands above, save the end of line 4, which stands below;"), "{text}");
        assert!(text.contains("## Rest\n"));
        assert!(text.contains("2 list items, 1 code block;"), "{text}");
    }

    #[test]
    fn what_the_question_names_stays() {
        let text = sample(GUIDE, &["made by anybody".to_owned()], 60);
        assert!(text.contains("until nothing is left to be made by anybody\n```\n"), "{text}");
        assert!(text.contains("Guide") || text.contains("left out"), "{text}");
    }

    #[test]
    fn a_paragraph_on_one_line_is_cut() {
        let line =
            "The first sentence leads. ".to_owned() + &"Some more words follow here that tell of little. ".repeat(9);
        let text = sample(&format!("{line}\n"), &[], 44);
        let cut = marker::cut(1, "9 sentences", HANDLE);
        assert_eq!(text, format!("The first sentence leads.\n{cut}\n"));
    }

    proptest! {
        /// Every piece between markers stands in the text, in order; every line that is nowhere shown is named; and the
        /// counts add up.
        #[test]
        fn every_sentence_is_verbatim_and_every_claim_true(
            text in "(# head\n\n|[A-Z][a-zé ]{20,90}[.!?] |[A-Z][a-z\n]{20,50}[.] |- item [a-z]{20,60}\n|\n|\n\n|\r\n|```\ncode\n```\n|\\| a \\| b \\|\n|You must not. |文字。){0,40}",
            budget in 10usize..200,
        ) {
            let form = sample(&text, &[], budget);
            let lines: Vec<&str> = text.split('\n').collect();
            let mut named = vec![false; lines.len()];
            let mut told = 0;
            let mut from = 0;
            let mut piece = String::new();
            let mut pieces = Vec::new();
            for line in form.split_inclusive('\n') {
                let Some((place, what)) = marker::read_gap(line.trim_end_matches('\n')) else {
                    piece.push_str(line);
                    continue;
                };
                pieces.push(std::mem::take(&mut piece));
                let place = place.trim_start_matches("part of ").trim_start_matches("lines ").trim_start_matches("line ");
                let (first, last) = place.split_once('-').unwrap_or((place, place));
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                named[first - 1..last].fill(true);
                told += what.split(", save ").next().unwrap().split(", ").map(|count| count.split(' ').next().unwrap().parse::<usize>().unwrap()).sum::<usize>();
            }
            pieces.push(piece);
            for piece in &pieces {
                let piece = piece.trim();
                let found = text[from..].find(piece);
                prop_assert!(found.is_some(), "{piece:?} of {form:?}");
                from += found.unwrap() + piece.len();
            }
            for (line, _) in lines.iter().zip(&named).filter(|(_, named)| !**named) {
                prop_assert!(form.contains(line.trim()), "{line:?} in {form:?}");
            }
            let all = passages(&text);
            let shown = all.iter().filter(|passage| form.contains(text[passage.start..passage.end].trim())).count();
            prop_assert!(told + shown >= all.len() && told <= all.len(), "{form:?}");
            prop_assert_eq!(all.iter().map(|passage| &text[passage.start..passage.end]).collect::<String>(), if all.is_empty() { String::new() } else { text.clone() });
        }
    }
}
