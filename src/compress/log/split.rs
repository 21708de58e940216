//! Cuts a line into words and the gaps between them.
//!
//! A word is what one could search for: a path, an id, an address, a number. It ends at white space, quotes, brackets,
//! commas and `=`, but never inside a URL's query, a number with thousands separators, or the brackets of a path. Signs at a word's end that
//! belong to the sentence (`:`, `.`) are left to the gap, so that `done.` and `done` are one word.

use crate::compress::log::stamp::{self, Cut};

/// Brackets that are further apart belong to the sentence.
const LONGEST_BRACKET: usize = 64;

/// The words of many lines, in one vector.
pub(super) struct Words<'a> {
    pub(super) lines: Vec<&'a str>,
    spans: Vec<Span>,
    starts: Vec<usize>,
    heads: Vec<Option<Head>>,
}

/// The part of a line's time that goes into a heading.
#[derive(Debug, Clone, Copy)]
struct Head {
    word: usize,
    /// Whether the word behind it is the rest of the time.
    has_rest: bool,
    /// Which of the text's ways to write a time it is.
    way: usize,
}

/// So many ways to write a time are told apart: an application's, its server's, its database's.
pub(super) const WAYS: usize = 3;

/// A word's place in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Words<'a> {
    /// Cuts `lines`; the time at the front of each is cut at `cut`.
    pub(super) fn of(lines: Vec<&'a str>, cut: Option<Cut>) -> Self {
        let mut words = Words { spans: Vec::new(), starts: vec![0], heads: Vec::with_capacity(lines.len()), lines };
        let mut ways: Vec<String> = Vec::new();
        for index in 0..words.lines.len() {
            let line = words.lines[index];
            let first = words.spans.len();
            let mut head = None;
            match cut.and_then(|cut| stamp::find(line).and_then(|stamp| stamp.cut(cut))) {
                Some(parts) => {
                    split(line, 0, parts.head.start, &mut words.spans);
                    let way = way(&line[parts.head.start..parts.head.end], &mut ways);
                    head = Some(Head { word: words.spans.len() - first, has_rest: parts.rest.is_some(), way });
                    words.spans.push(parts.head);
                    words.spans.extend(parts.rest);
                    let end = parts.rest.map_or(parts.head.end, |rest| rest.end);
                    split(line, end, line.len(), &mut words.spans);
                }
                None => split(line, 0, line.len(), &mut words.spans),
            }
            words.heads.push(head);
            words.starts.push(words.spans.len());
        }
        words
    }

    pub(super) fn spans(&self, line: usize) -> &[Span] {
        &self.spans[self.starts[line]..self.starts[line + 1]]
    }

    pub(super) fn head(&self, line: usize) -> Option<usize> {
        self.heads[line].map(|head| head.word)
    }

    /// The way in which the line's time is written, counted from 0.
    pub(super) fn way(&self, line: usize) -> usize {
        self.heads[line].map_or(0, |head| head.way)
    }

    /// How many words behind the head are the rest of the time: one or none.
    pub(super) fn has_time_of_day(&self, line: usize) -> usize {
        self.heads[line].map_or(0, |head| usize::from(head.has_rest))
    }

    pub(super) fn word(&self, line: usize, word: usize) -> &'a str {
        let span = self.spans(line)[word];
        &self.lines[line][span.start..span.end]
    }

    /// The text before word `gap` (after the last word, where there is none).
    pub(super) fn gap(&self, line: usize, gap: usize) -> &'a str {
        let spans = self.spans(line);
        let start = if gap == 0 { 0 } else { spans[gap - 1].end };
        let end = spans.get(gap).map_or(self.lines[line].len(), |span| span.start);
        &self.lines[line][start..end]
    }
}

/// The place of `time`'s way of writing among those known, which it joins.
fn way(time: &str, known: &mut Vec<String>) -> usize {
    let sign = |c: char| match c {
        '0'..='9' => '0',
        'A'..='Z' | 'a'..='z' => 'a',
        sign => sign,
    };
    let shape: String = time.chars().map(sign).collect();
    let way = known.iter().position(|known| *known == shape).unwrap_or_else(|| {
        known.push(shape);
        known.len() - 1
    });
    way.min(WAYS - 1)
}

/// Appends the words of `line[from..to]`.
fn split(line: &str, from: usize, to: usize, spans: &mut Vec<Span>) {
    let bytes = line.as_bytes();
    let names_test = names_test(line);
    let mut at = from;
    'words: while at < to {
        // `"status":200`: the sign between a name and its value is none of the value's.
        let is_sign = bytes[at] == b':' && at > from && is_gap(bytes[at - 1]) && bytes.get(at + 1) != Some(&b':');
        if is_gap(bytes[at]) || is_sign || is_arrow(bytes, at) {
            at += 1;
            continue;
        }
        let start = at;
        let mut in_address = false;
        while at < to {
            if in_address && let Some(length) = bracketed(&bytes[at..to]) {
                at += length;
                continue;
            }
            if ends_word(bytes, start, at, to, in_address) {
                break;
            }
            if names_test && at > start && bytes[at..to].starts_with(b"::") {
                spans.push(Span { start, end: at });
                at += 2;
                continue 'words;
            }
            in_address |= matches!(bytes[at], b'/' | b'?');
            at += 1;
        }
        let mut end = at;
        while end > start + 1 && matches!(bytes[end - 1], b':' | b'.' | b'!' | b'?') {
            end -= 1;
        }
        spans.push(Span { start, end });
    }
}

/// The length of what stands in brackets, such as a path (`app/(auth)/[id]/page.tsx`) may hold.
fn bracketed(bytes: &[u8]) -> Option<usize> {
    let open = bytes.first().filter(|byte| matches!(byte, b'(' | b'['))?;
    let close = if *open == b'(' { b')' } else { b']' };
    let mut depth = 0;
    for (at, byte) in bytes.iter().enumerate().take(LONGEST_BRACKET) {
        if byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
        } else if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>') {
            return None;
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Whether a line tells a test's result. Of a test's name the module is a word of its own, so that a template can hold
/// it: hundreds of tests share it. Elsewhere `a::b` stays in one piece.
fn names_test(line: &str) -> bool {
    line.starts_with("test ") || line.contains(".py::")
}

fn ends_word(bytes: &[u8], start: usize, at: usize, to: usize, in_address: bool) -> bool {
    match bytes[at] {
        b'=' => !in_address,
        b',' => {
            let digit_before = at > start && bytes[at - 1].is_ascii_digit();
            let digit_after = at + 1 < to && bytes[at + 1].is_ascii_digit();
            !(digit_before && digit_after)
        }
        byte => is_gap(byte) || is_arrow(bytes, at),
    }
}

fn is_arrow(bytes: &[u8], at: usize) -> bool {
    bytes[at..].starts_with(b"->")
}

fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c | b'=' | b'"' | b'\'' | b'`' | b'(' | b')' | b'[' | b']')
        || matches!(byte, b'{' | b'}' | b'<' | b'>' | b',' | b';' | b'|')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(line: &str) -> Vec<&str> {
        let words = Words::of(vec![line], None);
        (0..words.spans(0).len()).map(|word| words.word(0, word)).collect()
    }

    #[test]
    fn paths_ids_addresses_and_numbers_are_never_cut() {
        let line = "GET /api/v1/items/121?page=2&q=a, from 10.0.0.1:8080 id=3f2c-88 took 1,234ms worker-2: ok.";
        assert_eq!(
            words_of(line),
            [
                "GET",
                "/api/v1/items/121?page=2&q=a",
                "from",
                "10.0.0.1:8080",
                "id",
                "3f2c-88",
                "took",
                "1,234ms",
                "worker-2",
                "ok"
            ]
        );
    }

    #[test]
    fn the_brackets_of_a_path_are_part_of_it() {
        assert_eq!(
            words_of("(see app/(auth)/[...id]/page.tsx, src/a.ts(12,5): f(x) /a/b[c d] [/x])"),
            ["see", "app/(auth)/[...id]/page.tsx", "src/a.ts(12,5)", "f", "x", "/a/b", "c", "d", "/x"]
        );
    }

    #[test]
    fn gaps_and_words_make_up_the_line() {
        let line = "  [x] a=\"b c\" é=1 ";
        let words = Words::of(vec![line], None);
        let mut rebuilt = String::new();
        for word in 0..words.spans(0).len() {
            rebuilt += words.gap(0, word);
            rebuilt += words.word(0, word);
        }
        rebuilt += words.gap(0, words.spans(0).len());
        assert_eq!(rebuilt, line);
    }
}
