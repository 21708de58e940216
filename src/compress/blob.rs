//! What nobody reads: minified code, base64, hex dumps, binary output.
//!
//! Its beginning tells what it is, and the words in it what it does: the beginning, the strings, the names and the end
//! stay. Lines that a person may read stand as they are, so a file with one such body in it can still be edited.

use std::collections::HashSet;
use std::ops::Range;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};

/// A longer line with few spaces is no line for a reader.
const LONG: usize = 1_500;
/// Shorter ones, but longer than this, are so where several stand below each other.
const DENSE: usize = 300;
/// Of such a line, so much of its beginning and its end stays.
const HEAD: usize = 300;
const TAIL: usize = 120;
/// Round a word that the question names, so much to each side.
const ROUND: usize = 100;
/// An encoded word that is longer is cut; its beginning stays, which tells pictures from keys.
const LONG_WORD: usize = 240;
const WORD_HEAD: usize = 24;
/// A shorter word is no encoded line.
const SHORTEST_ENCODED: usize = 60;
/// So many encoded lines below each other are a body.
const FEWEST_LINES: usize = 4;
/// Of a hex dump, so many lines at its beginning stay, and two at its end.
const DUMP_HEAD: usize = 24;
/// A part that is shorter than its marker stays.
const SHORTEST_CUT: usize = 300;
/// A marker tells of so many strings.
const MOST_STRINGS: usize = 8_000;
const LONGEST_STRING: usize = 160;

/// Minified code, base64, hex dumps, binary output.
///
/// # What it keeps
///
/// Lines of usual length, as they are. Of a minified line the first 300 and the last 120 characters, banners
/// (`/*! ... */`), 100 characters to each side of a word that the question names; of what is cut, the quoted messages
/// and every name, number and path, each once, told in the marker in their order. Of encoded lines the first; of an
/// encoded word its first 24 characters; of a hex dump 24 lines and the last two; of binary output the legible words.
///
/// # What it drops
///
/// The rest of each, under a marker that names the line and says how much of what it was.
///
/// # When it declines
///
/// Without a way to get the original back.
///
/// # Example
///
/// ```text
/// -----BEGIN CERTIFICATE-----
/// MIIH0zCCBbugAwIBAgIIXsO3pkN/pOAwDQYJKoZIhvcNAQEFBQAwQjESMBAGA1UE
/// (40 more such lines)
/// -----END CERTIFICATE-----
/// ```
/// becomes
/// ```text
/// -----BEGIN CERTIFICATE-----
/// MIIH0zCCBbugAwIBAgIIXsO3pkN/pOAwDQYJKoZIhvcNAQEFBQAwQjESMBAGA1UE
/// [headroom: lines 3-42 left out: 40 lines of base64; all of it: headroom retrieve 3f9c2a71d04be586]
/// -----END CERTIFICATE-----
/// ```
pub(crate) struct Blob;

impl Compressor for Blob {
    fn name(&self) -> &'static str {
        "blob"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Blob
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if !input.context.retrievable {
            return Vec::new();
        }
        let text = shortened(input);
        if text == input.text { Vec::new() } else { vec![Form::of(text, Loss::Content)] }
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Legible,
    Encoded,
    Dump,
    Binary,
    /// Minified code in lines of some hundred characters, as minifiers break it.
    Dense,
    Long,
}

/// Whether most of `text` is nothing to be read.
pub(crate) fn looks_like(text: &str) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    let bodies: Vec<Body> = lines.iter().map(|line| body(line)).collect();
    let mut blob = 0;
    for run in runs(&bodies) {
        let bytes: usize = lines[run.clone()].iter().map(|line| line.len() + 1).sum();
        let is_long = bodies[run.start] == Body::Long || is_long_encoded(&lines[run.clone()], bodies[run.start]);
        if is_long || bodies[run.start] != Body::Legible && run.len() >= FEWEST_LINES {
            blob += bytes;
        }
    }
    blob * 2 > text.len()
}

/// Whether lines are so few that each stands for itself, and long enough to be cut.
fn is_long_encoded(lines: &[&str], body: Body) -> bool {
    body == Body::Encoded && lines.iter().all(|line| line.len() >= 2 * LONG_WORD)
}

fn body(line: &str) -> Body {
    let line = line.trim_end_matches('\r');
    let bytes = line.as_bytes();
    if is_dump(bytes) {
        return Body::Dump;
    }
    if is_binary(line) {
        return Body::Binary;
    }
    if is_encoded(bytes) {
        return if bytes.len() >= LONG { Body::Long } else { Body::Encoded };
    }
    match bytes.len() {
        0..DENSE => Body::Legible,
        DENSE..LONG if is_code(bytes) => Body::Dense,
        LONG.. if is_code(bytes) || has_long_word(line) => Body::Long,
        _ => Body::Legible,
    }
}

/// Whether more than a tenth of a line is no sign that one could read.
fn is_binary(line: &str) -> bool {
    let is_odd = |c: char| c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\u{1b}' | '\r' | '\u{8}');
    // Most lines have nothing but plain letters: those are told by their bytes, without a look at each character.
    let is_plain = line.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    !is_plain && line.chars().filter(|c| is_odd(*c)).count() * 10 > line.len()
}

/// Whether a line is minified code by its signs: few spaces, many brackets.
fn is_code(line: &[u8]) -> bool {
    let spaces = memchr::memchr_iter(b' ', line).count();
    let signs = line.iter().filter(|byte| b"{}();=".contains(byte)).count();
    spaces * 8 < line.len() && signs * 25 > line.len()
}

/// Runs of equal bodies.
fn runs(bodies: &[Body]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if bodies[run.start] == *body => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Base64 or hex: one long word of its letters.
fn is_encoded(word: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    if word.len() < SHORTEST_ENCODED || !word.iter().all(is_letter) {
        return false;
    }
    let uppers = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let joints = word.iter().filter(|byte| matches!(byte, b'/' | b'-' | b'_')).count();
    joints * 8 < word.len() && (uppers * 8 > word.len() || word.iter().all(u8::is_ascii_hexdigit))
}

/// `00000010: 7f45 4c46 ...` (xxd), `00000010  7f 45 4c 46 ...` (hexdump), `0000020 000003 ...` (od).
fn is_dump(line: &[u8]) -> bool {
    let address = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if !(7..=16).contains(&address) {
        return false;
    }
    let rest = line[address..].strip_prefix(b":").unwrap_or(&line[address..]);
    let groups = rest.split(|byte| *byte == b' ').filter(|group| !group.is_empty());
    let hex = groups.take(8).filter(|group| group.len() <= 8 && group.iter().all(u8::is_ascii_hexdigit)).count();
    rest.starts_with(b" ") && hex >= 4
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'%')
}

/// The encoded words of `line` that are too long to be read.
fn long_words(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let length = bytes[start..].iter().take_while(|byte| is_word_byte(**byte)).count();
        if length >= LONG_WORD && is_encoded(&bytes[start..start + length]) {
            found.push(start..start + length);
        }
        start += length + 1;
    }
    found
}

fn has_long_word(line: &str) -> bool {
    long_words(line).iter().map(Range::len).sum::<usize>() * 2 > line.len()
}

fn shortened(input: &Input) -> String {
    let lines: Vec<&str> = input.text.split('\n').collect();
    let bodies: Vec<Body> = lines.iter().map(|line| body(line)).collect();
    let first = input.first_line.unwrap_or(input.lines_before + 1);
    let mut out: Vec<String> = Vec::new();
    let numbered = |at: usize| match input.first_line {
        Some(first) => format!("{}\t{}", first + at, lines[at]),
        None => lines[at].to_owned(),
    };
    for run in runs(&bodies) {
        let body = bodies[run.start];
        if body == Body::Long || run.len() < FEWEST_LINES && is_long_encoded(&lines[run.clone()], body) {
            for at in run {
                long_line(&numbered(at), first + at, input, &mut out);
            }
            continue;
        }
        let (head, tail, what) = match body {
            Body::Encoded => (1, 0, "base64"),
            Body::Dump => (DUMP_HEAD, 2, "a hex dump"),
            Body::Dense => (1, 1, "minified code"),
            _ => (1, 0, "binary"),
        };
        let middle = (run.start + head).min(run.end)..run.end.saturating_sub(tail).max((run.start + head).min(run.end));
        let is_named = |at: usize| {
            body != Body::Encoded && input.context.hints.iter().any(|hint| lines[at].contains(hint.as_str()))
        };
        if body == Body::Legible || middle.len() < FEWEST_LINES || run.clone().any(is_named) {
            out.extend(run.map(numbered));
            continue;
        }
        out.extend((run.start..middle.start).map(numbered));
        let mut what = format!("{} lines of {what}", middle.len());
        if body == Body::Binary {
            what.push_str(&said(&legible(&lines[middle.clone()])));
        }
        if body == Body::Dense {
            what.push_str(&said(&strings(&lines[middle.clone()].join("\n"))));
        }
        out.push(marker::gap(&(first + middle.start..=first + middle.end - 1), &what, input.context.handle));
        out.extend((middle.end..run.end).map(numbered));
    }
    out.join("\n")
}

/// The legible words in binary lines.
fn legible(lines: &[&str]) -> Vec<String> {
    let words = lines.iter().flat_map(|line| line.split(|c: char| c == '\u{fffd}' || c.is_control()));
    let words = words.map(str::trim).filter(|word| word.len() >= 8 && word.len() <= LONGEST_STRING);
    distinct(words.filter(|word| word.bytes().filter(u8::is_ascii_alphanumeric).count() * 10 >= word.len() * 8))
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    words.filter(|word| seen.insert(*word)).take(MOST_STRINGS).map(str::to_owned).collect()
}

fn said(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(", in which are {}", words.join(" ")) }
}

/// Writes what stays of a long line, a marker in each place where something does not.
fn long_line(line: &str, number: usize, input: &Input, out: &mut Vec<String>) {
    let is_minified = !has_long_word(line);
    let mut kept = if is_minified { minified(line, input.context.hints) } else { between_words(line) };
    for range in kept.iter_mut().filter(|_| is_minified) {
        *range = word_start(line, range.start)..word_end(line, range.end);
    }
    kept.sort_by_key(|range| range.start);
    let mut at = 0;
    let mut piece = String::new();
    for range in kept.into_iter().chain(std::iter::once(line.len()..line.len())) {
        let start = range.start.max(at);
        let cut = &line[at..start];
        if cut.len() < SHORTEST_CUT {
            piece.push_str(cut);
        } else {
            let characters = cut.chars().count();
            let what = if is_minified {
                format!("{characters} characters of minified code{}", said(&strings(cut)))
            } else {
                format!("{characters} characters of base64")
            };
            if !piece.is_empty() {
                out.push(std::mem::take(&mut piece));
            }
            out.push(marker::cut(number, &what, input.context.handle));
        }
        piece.push_str(line.get(start..range.end).unwrap_or_default());
        at = at.max(range.end);
    }
    if !piece.is_empty() {
        out.push(piece);
    }
}

/// Where the word at `at` begins: a cut goes through none, unless it is very long.
fn word_start(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let back = text.as_bytes()[..at].iter().rev().take(LONGEST_STRING).position(|byte| !is_name_byte(*byte));
    at - back.unwrap_or(0)
}

/// Where the word at `at` ends.
fn word_end(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let on = text.as_bytes()[at..].iter().take(LONGEST_STRING).position(|byte| !is_name_byte(*byte));
    at + on.unwrap_or(0)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/-$".contains(&byte)
}

/// What stays of a minified line.
fn minified(line: &str, hints: &[String]) -> Vec<Range<usize>> {
    let mut kept = vec![0..HEAD, line.len().saturating_sub(TAIL)..line.len()];
    for hint in hints.iter().filter(|hint| hint.len() > 2) {
        let found = memchr::memmem::find_iter(line.as_bytes(), hint.as_bytes()).take(8);
        kept.extend(found.map(|at| at.saturating_sub(ROUND)..at + hint.len() + ROUND));
    }
    let mut from = 0;
    while let Some(start) = line[from..].find("/*!").map(|at| from + at) {
        let end = line[start..].find("*/").map_or(line.len(), |at| start + at + 2);
        kept.push(start..end.min(start + HEAD));
        from = end;
    }
    kept
}

/// What stays of a line with encoded words: all but them.
fn between_words(line: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut kept = Vec::new();
    for word in long_words(line) {
        kept.push(at..word.start + WORD_HEAD);
        at = word.end;
    }
    kept.push(at..line.len());
    kept
}

/// What can be searched for in minified code, in order: quoted messages, and words that look like a name, a number or a
/// path.
fn strings(code: &str) -> Vec<String> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(quote) = memchr::memchr3(b'"', b'\'', b'`', &bytes[at..]).map(|found| at + found) {
        words(&code[at..quote], &mut found);
        let end = bytes[quote + 1..].iter().take(LONGEST_STRING + 1).position(|byte| *byte == bytes[quote]);
        let Some(end) = end.map(|end| quote + 1 + end) else {
            at = quote + 1;
            continue;
        };
        let inside = &code[quote + 1..end];
        let is_said = inside.len() >= 4 && inside.bytes().filter(u8::is_ascii_alphabetic).count() * 2 > inside.len();
        if is_said && inside.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_.:/,!?%#@[]()".contains(&byte)) {
            found.push(if inside.contains(' ') { &code[quote..=end] } else { inside });
        } else {
            words(inside, &mut found);
        }
        at = end + 1;
    }
    words(&code[at..], &mut found);
    distinct(found.into_iter())
}

fn words<'a>(code: &'a str, found: &mut Vec<&'a str>) {
    for word in code.split(|c: char| c.is_whitespace() || "()[]{},;=<>|\"'`\\".contains(c)) {
        let word = word.trim_matches(|c: char| ".:/-_*#!?~^&%$@+".contains(c));
        if (3..=LONGEST_STRING).contains(&word.len()) && is_term(word.as_bytes()) {
            found.push(word);
        }
    }
}

/// Whether a word has a digit, a sign inside, or a change from lower to upper case.
fn is_term(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
        || word.iter().any(|byte| b"_./:-".contains(byte))
        || word.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compress::Context;

    const HANDLE: &str = "3f9c2a71d04be586";

    fn short(text: &str, hints: &[String], first_line: Option<usize>) -> String {
        let context = Context { retrievable: true, hints, ..Context::of(HANDLE) };
        shortened(&Input { first_line, ..Input::of(text, Kind::Blob, &context) })
    }

    fn base64(lines: usize) -> String {
        let line = |n| format!("MIIH0zCCBbugAwIBAgIIXsO3pkN/pOAwDQYJKoZIhvcNAQEFBQAwQjESMBA{n:04}\n");
        (0..lines).map(line).collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_certificate_keeps_its_borders_and_its_first_line() {
        let text = format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", base64(20));
        assert!(looks_like(&text));
        let gap = marker::gap(&(3..=21), "19 lines of base64", HANDLE);
        let expected = format!("-----BEGIN CERTIFICATE-----\n{}{gap}\n-----END CERTIFICATE-----\n", base64(1));
        assert_eq!(short(&text, &[], None), expected);
    }

    #[test]
    fn a_minified_line_keeps_what_can_be_searched_for() {
        let code = "a=b(c,d);e.f=function(g){return h?i:j};".repeat(80);
        let line = format!(
            "/*! lib v1.2.3 */{code}throw Error(\"cannot read the file\");function parseDate(k){{}}{code}x.end=1"
        );
        let text = format!("var first = 1;\n{line}\nvar last = 2;");
        let form = short(&text, &["i:j};throw".into()], None);
        assert!(looks_like(&text));
        assert!(form.starts_with("var first = 1;\n/*! lib v1.2.3 */a=b(c,d);"));
        assert!(form.ends_with("x.end=1\nvar last = 2;"), "{form}");
        assert!(form.contains("i:j};throw Error(\"cannot read the file\")"));
        assert_eq!(marker::find(&form).len(), 2);
        let form = short(&text, &[], None);
        assert!(form.contains(" characters of minified code, in which are "), "{form}");
        assert!(short(&text, &[], Some(7)).contains("\n8\t/*! lib"));
    }

    #[test]
    fn a_picture_in_a_style_is_cut_and_the_rule_stays() {
        let picture = base64(40).replace('\n', "");
        let text = format!(".a{{color:red}}\n.b{{background:url(data:image/png;base64,{picture});color:blue}}\n.c{{}}");
        let form = short(&text, &[], None);
        let cut = marker::cut(2, &format!("{} characters of base64", picture.len() - WORD_HEAD), HANDLE);
        let head = &picture[..WORD_HEAD];
        assert_eq!(
            form,
            format!(".a{{color:red}}\n.b{{background:url(data:image/png;base64,{head}\n{cut}\n);color:blue}}\n.c{{}}")
        );
    }

    #[test]
    fn a_second_picture_in_one_line_is_cut() {
        let text = format!("{}gg==\n{}", base64(10), base64(12).replace('\n', ""));
        assert!(looks_like(&text));
        let form = short(&text, &[], None);
        assert!(form.contains("\ngg==\nMIIH0zCCBbugAwIBAgIIXsO3\n[headroom: part of line 12 left out: "), "{form}");
    }

    #[test]
    fn what_stands_in_brackets_inside_quotes_is_told() {
        assert_eq!(
            strings("a=\"[object Int16Array]\",b='x is (not) y'"),
            ["\"[object Int16Array]\"", "'x is (not) y'"]
        );
    }

    #[test]
    fn prose_and_source_are_none() {
        let prose = "A long paragraph in one line, with words of usual length and spaces between them. ".repeat(60);
        let paths = "/usr/lib/python3/dist-packages/very_long_package_name/module_name/file.py\n".repeat(50);
        for text in [prose.as_str(), paths.as_str(), "fn main() {}\n", "", "日本語のテキスト。"] {
            assert!(!looks_like(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_shortened_without_a_panic(text in "([a-zA-Z0-9+/]{50,90}\n|\u{0}|é|\n|\r|[\"'`{};=()a-z./*!]{0,600}){0,12}", hint in "[a-z]{3}") {
            let form = short(&text, std::slice::from_ref(&hint), None);
            for line in text.split('\n').filter(|line| body(line) == Body::Legible) {
                prop_assert!(form.contains(line));
            }
        }
    }
}
