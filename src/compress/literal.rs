//! The gate: every literal of a text is in its form in one piece, or on a line that a marker of the form names.
//!
//! Literals are what a reader looks for by its spelling: paths, URLs, hashes, long numbers, names that only a program
//! would write (`snake_case`, `CamelCase`, letters with digits), and every number on a line that speaks of an error.
//! Timestamps are none: forms legitimately say a common date or minute once. `file:line` counts as its two halves, since
//! search results are legitimately told by file. Short numbers on ordinary lines and plain words are none either.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::compress::marker;

/// Beyond this many literals whose spelling is no word of the form, looking each up in it would not be linear any more.
const MOST_LOOK_UPS: usize = 200;

/// The first literal of `text` that `form` hides, if there is one. Lines of `text` count from `first_line`; only markers
/// that name `handle` are believed.
pub(crate) fn lost<'a>(text: &'a str, form: &str, first_line: usize, handle: &str) -> Option<&'a str> {
    let mut ranges = named_ranges(form, handle).into_iter().peekable();
    let mut words = HashSet::new();
    pieces(form, |piece| {
        words.insert(piece);
    });
    let mut look_ups = 0;
    let mut seen = HashSet::new();
    for (number, line) in (first_line..).zip(text.split('\n')) {
        while ranges.next_if(|range| *range.end() < number).is_some() {}
        if ranges.peek().is_some_and(|range| range.contains(&number)) {
            continue;
        }
        let is_error = speaks_of_error(line);
        let mut missing = None;
        pieces(line, |piece| {
            if missing.is_none()
                && is_literal(piece, is_error)
                && !words.contains(piece)
                && seen.insert(piece)
                && !is_spelled(piece, form, &mut look_ups)
            {
                missing = Some(piece);
            }
        });
        if missing.is_some() {
            return missing;
        }
    }
    None
}

/// Which share of the different literals of `text` are nowhere in `form`, 0 to 1, whether a marker names their lines or
/// not: how likely it is that whoever looks for one has to get the original back.
pub(crate) fn hidden_share(text: &str, form: &str) -> f32 {
    let mut words = HashSet::new();
    pieces(form, |piece| {
        words.insert(piece);
    });
    let (mut look_ups, mut hidden) = (0, 0);
    let mut seen = HashSet::new();
    for line in text.split('\n') {
        let is_error = speaks_of_error(line);
        pieces(line, |piece| {
            if is_literal(piece, is_error) && seen.insert(piece) {
                hidden += usize::from(!words.contains(piece) && !is_spelled(piece, form, &mut look_ups));
            }
        });
    }
    #[expect(clippy::cast_precision_loss, reason = "a share needs no exact counts")]
    let share = hidden as f32 / seen.len().max(1) as f32;
    share
}

fn is_spelled(piece: &str, form: &str, look_ups: &mut usize) -> bool {
    *look_ups += 1;
    *look_ups <= MOST_LOOK_UPS && memchr::memmem::find(form.as_bytes(), piece.as_bytes()).is_some()
}

/// The line ranges that markers of `form` name, overlapping ones joined, in order: at most one holds any line.
fn named_ranges(form: &str, handle: &str) -> Vec<RangeInclusive<usize>> {
    let mut ranges: Vec<_> =
        marker::find(form).into_iter().filter(|found| found.handle == handle).filter_map(|found| found.lines).collect();
    ranges.sort_by_key(|range| *range.start());
    let mut joined: Vec<RangeInclusive<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start() <= &last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// Whether numbers on `line` matter because it tells of a failure.
fn speaks_of_error(line: &str) -> bool {
    const WORDS: [&str; 9] =
        ["error", "fail", "panic", "fatal", "exception", "denied", "refused", "critical", "traceback"];
    let lower = line.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(lower.as_bytes(), word.as_bytes()).is_some())
}

/// Cuts `text` where no literal continues and gives each piece to `take`.
fn pieces<'a>(text: &'a str, mut take: impl FnMut(&'a str)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let cut = match bytes[at] {
            // A colour code ends at its letter; an escape inside a string is two characters long.
            0x1b if bytes.get(at + 1) == Some(&b'[') => {
                let code = bytes[at + 2..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b';' | b'?')).count();
                let has_end = bytes.get(at + 2 + code).is_some_and(u8::is_ascii);
                code + 2 + usize::from(has_end)
            }
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii) => 2,
            0..=b' '
            | 0x7f
            | b'"'
            | b'\''
            | b'`'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'<'
            | b'>'
            | b','
            | b';'
            | b'|'
            | b'='
            | b'\\' => 1,
            0xe2 if bytes[at..].starts_with("→".as_bytes()) => 3,
            _ => {
                at += 1;
                continue;
            }
        };
        word(&text[start..at], &mut take);
        at += cut;
        start = at;
    }
    word(&text[start.min(text.len())..], &mut take);
}

/// Cuts a word at the colons of `file:line:column`, and at the hyphens that search tools put round a context line's
/// number.
fn word<'a>(word: &'a str, take: &mut impl FnMut(&'a str)) {
    if word.len() < 2 && !word.starts_with(|c: char| c.is_ascii_digit()) || is_timestamp(word) {
        return;
    }
    let mut rest = Some(word);
    while let Some(text) = rest {
        let (part, after) = text.split_once(':').map_or((text, None), |(part, after)| (part, Some(after)));
        // A comment behind `file.rs:` is no address: `file.rs:/// Returns`.
        let is_scheme = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let names_host = |after: &str| {
            after.strip_prefix("//").is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        if is_scheme && after.is_some_and(names_host) {
            return take(trim(text));
        }
        rest = after;
        match context_line(part) {
            Some((path, rest)) => {
                take(trim(path));
                take(trim(rest));
            }
            None => take(trim(part)),
        }
    }
}

fn trim(piece: &str) -> &str {
    piece.trim_matches(['.', '!', '?', '*', '…', '~', '^', '-', '+', '#', '&', '%'])
}

/// `src/a.rs-13-let` is the path, and what follows it.
fn context_line(part: &str) -> Option<(&str, &str)> {
    let bytes = part.as_bytes();
    // Looking for it before each hyphen again would not be linear.
    let mut from = part.find(['/', '.'])?;
    while let Some(found) = memchr::memchr(b'-', &bytes[from..]) {
        let hyphen = from + found;
        let digits = bytes[hyphen + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 && bytes.get(hyphen + 1 + digits) == Some(&b'-') {
            return Some((&part[..hyphen], &part[hyphen + 1..]));
        }
        from = hyphen + 1;
    }
    None
}

/// Whether a word begins with a date or a time of day: `2026-11-20T10:00:00.137Z`, `10:00:00`, `20/Nov/2026:10:00:00`.
fn is_timestamp(word: &str) -> bool {
    let shape = |pattern: &[u8]| {
        word.len() >= pattern.len()
            && word.bytes().zip(pattern).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                _ => byte == *wanted,
            })
    };
    [&b"0000-00-00"[..], b"0000/00/00", b"00/00/0000", b"00/aaa/0000", b"00:00", b"0:00:00", b"00000000T0000"]
        .into_iter()
        .any(shape)
        && !word.contains("://")
}

/// Whether a piece is looked for by its spelling.
fn is_literal(piece: &str, is_error: bool) -> bool {
    let bytes = piece.as_bytes();
    let Some(first) = bytes.first() else { return false };
    let (mut digits, mut letters, mut hex, mut joints, mut humps, mut slashes) = (0, 0, 0, 0, 0, 0);
    let mut before = b' ';
    for byte in bytes {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'/' => slashes += 1,
            b'_' => joints += 1,
            byte if byte.is_ascii_alphabetic() => letters += 1,
            _ => {}
        }
        hex += usize::from(byte.is_ascii_hexdigit());
        humps += usize::from(before.is_ascii_lowercase() && byte.is_ascii_uppercase());
        before = *byte;
    }
    let is_number = first.is_ascii_digit() && letters == 0;
    if is_number && slashes == 0 {
        return is_error || (digits >= 6 && digits == bytes.len());
    }
    if hex == bytes.len() {
        return bytes.len() >= 7 && digits > 0 && letters > 0;
    }
    (slashes > 0 && letters > 1 && bytes.len() > 3)
        || (first.is_ascii_alphabetic() || *first == b'_')
            && bytes.len() > 3
            && (joints > 0 && letters > 0 || humps > 0 || digits > 0)
        || (digits > 0 && letters > 0 && bytes.len() > 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: &str = "3f9c2a71d04be586";

    fn literals(line: &str) -> Vec<&str> {
        let mut found = Vec::new();
        pieces(line, |piece| {
            if is_literal(piece, speaks_of_error(line)) {
                found.push(piece);
            }
        });
        found
    }

    #[test]
    fn what_a_reader_searches_for_is_a_literal() {
        assert_eq!(literals("at src/main.rs:12:5, see https://x.io/a?b=1"), ["src/main.rs", "https://x.io/a?b"]);
        assert_eq!(literals("commit 3f9c2a71 by user_name on hostName42"), ["3f9c2a71", "user_name", "hostName42"]);
        assert_eq!(literals("id=373878287 ms=254"), ["373878287"]);
        assert_eq!(literals("error: 7 of 12 failed"), ["7", "12"]);
        assert_eq!(
            literals("8f14e45f-ceea-467f-a8f1-c2d9a1b7e3d4 worker-2"),
            ["8f14e45f-ceea-467f-a8f1-c2d9a1b7e3d4", "worker-2"]
        );
        assert_eq!(literals("\u{1b}[31msrc/lib.rs\u{1b}[0m"), ["src/lib.rs"]);
    }

    #[test]
    fn a_colour_code_that_was_cut_off_is_no_harm() {
        assert_eq!(literals("src/a.rs\u{1b}[é \u{1b}[31错 \u{1b}["), ["src/a.rs"]);
    }

    #[test]
    fn a_very_long_word_takes_no_longer_than_many_short_ones() {
        let start = std::time::Instant::now();
        assert_eq!(literals(&format!("y{}", "-1".repeat(200_000))).len(), 1);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn words_short_numbers_and_timestamps_are_none() {
        for line in [
            "the quick brown fox, twice.",
            "2026-11-20T10:00:00.137Z INFO ok 200",
            "[20/Nov/2026:10:00:00 +0000] 12ms",
            "10:00:01 either/or done",
        ] {
            let found: Vec<_> = literals(line).into_iter().filter(|found| *found != "either/or").collect();
            assert_eq!(found, Vec::<&str>::new(), "{line}");
        }
    }

    #[test]
    fn a_literal_that_is_gone_is_named() {
        assert_eq!(lost("see src/a.rs\nok", "ok", 1, HANDLE), Some("src/a.rs"));
        assert_eq!(lost("see src/a.rs\nok", "ok (src/a.rs)", 1, HANDLE), None);
        assert_eq!(lost("error 4711", "error 471 1", 1, HANDLE), Some("4711"));
    }

    #[test]
    fn a_marker_that_names_the_line_excuses_it() {
        let form = format!("first\n{}", marker::gap(&(11..=12), "2 lines", HANDLE));
        assert_eq!(lost("first\nsrc/a.rs\nsrc/b.rs", &form, 10, HANDLE), None);
        assert_eq!(lost("first\nsrc/a.rs\nsrc/b.rs", &form, 9, HANDLE), Some("src/a.rs"));
        assert_eq!(lost("first\nsrc/a.rs\nsrc/b.rs", &form, 11, HANDLE), Some("src/b.rs"));
        assert_eq!(lost("first\nsrc/a.rs\nsrc/b.rs", &form, 10, "0000000000000000"), Some("src/a.rs"));
    }

    #[test]
    fn folding_matches_by_file_hides_nothing() {
        assert_eq!(
            lost("src/a.rs:/// Foo\nsrc/a.rs:3:http://x.io/y", "src/a.rs\n:/// Foo\n3:http://x.io/y", 1, HANDLE),
            None
        );
        assert_eq!(lost("src/a.rs:3:http://x.io/y", "src/a.rs\n3:x.io/y", 1, HANDLE), Some("http://x.io/y"));
        let text = "src/a.rs:12:let foo_bar = 1;\nsrc/a.rs-13-let baz_qux = 2;";
        assert_eq!(lost(text, "src/a.rs\n12:let foo_bar = 1;\n13-let baz_qux = 2;", 1, HANDLE), None);
    }

    #[test]
    fn unescaping_a_string_hides_nothing() {
        assert_eq!(lost(r#""a\nfoo_bar\tC:\\new_dir""#, "a\nfoo_bar\tC:\\new_dir", 1, HANDLE), None);
    }
}
