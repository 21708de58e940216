//! The one grammar of what Headroom says inside a text: `[headroom: ...]`, alone on its line.
//!
//! Five sentences exist. A *gap* stands where lines were left out: `[headroom: lines 12-480 left out: 466 INFO, 2 WARN;
//! all of it: headroom retrieve 3f9c2a71d04be586]`. A *cut* stands on a line of its own between the beginning of a long
//! line and its end: `[headroom: part of line 7 left out: 48211 characters of base64; all of it: headroom retrieve ...]`.
//! A *legend* is the first line of a form that shows everything in another layout: `[headroom: ...; exact text: headroom
//! retrieve ...]`. A *digest* is the first line of a form that lacks things by their kind, wherever they stood:
//! `[headroom: page as Markdown, left out: 212 tags, 3 scripts; all of it: headroom retrieve ...]`. A *repeat* stands for
//! lines that an earlier output shows: `[headroom: lines 9-400: same as lines 8-399 of the output of Read a.rs above; all
//! of it: headroom retrieve ...]`, and where it is not the first of its form, without the way to all of it. The last words
//! of all others are a shell command that works. Anything that differs in one character is foreign text: whoever finds a
//! gap relies on its claim.

use std::ops::RangeInclusive;

const OPEN: &str = "[headroom: ";
const LEFT_OUT: &str = " left out: ";
const DIGEST: &str = ", left out: ";
const GAP_END: &str = "; all of it: headroom retrieve ";
const SAME: &str = "same as ";
const ABOVE: &str = " above";
const LEGEND_END: &str = "; exact text: headroom retrieve ";

/// A sentence of ours, found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker<'a> {
    /// The lines that were left out, first and last, counted as the reader of the text counts them. None for a legend
    /// and for a digest.
    pub(crate) lines: Option<RangeInclusive<usize>>,
    /// Under which the whole original is kept.
    pub(crate) handle: &'a str,
}

/// The marker that stands for `lines`, which were left out. `what` says what they were, in counts of their contents.
pub(crate) fn gap(lines: &RangeInclusive<usize>, what: &str, handle: &str) -> String {
    let what = one_line(what);
    let (first, last) = (lines.start(), lines.end());
    if first == last {
        format!("{OPEN}line {first}{LEFT_OUT}{what}{GAP_END}{handle}]")
    } else {
        format!("{OPEN}lines {first}-{last}{LEFT_OUT}{what}{GAP_END}{handle}]")
    }
}

/// The marker between the beginning of `line` and its end. `what` says what stood between them.
pub(crate) fn cut(line: usize, what: &str, handle: &str) -> String {
    format!("{OPEN}part of line {line}{LEFT_OUT}{}{GAP_END}{handle}]", one_line(what))
}

/// The head line of a form that shows the text as `shown`, without what `left_out` counts by kind.
pub(crate) fn digest(shown: &str, left_out: &str, handle: &str) -> String {
    format!("{OPEN}{}{DIGEST}{}{GAP_END}{handle}]", one_line(shown), one_line(left_out))
}

/// The head line of a form: how to read it and, where the exact text cannot be told from the form, how to get it.
pub(crate) fn legend(what: &str, handle: Option<&str>) -> String {
    let what = one_line(what);
    match handle {
        Some(handle) => format!("{OPEN}{what}{LEGEND_END}{handle}]"),
        None => format!("{OPEN}{what}]"),
    }
}

/// The claim of a repeat: which lines of an earlier output stand for which of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat<'a> {
    /// The numbers that the lines have in this text, where it came with a column of them.
    pub(crate) lines: Option<RangeInclusive<usize>>,
    /// The lines there, by the numbers that they have there, or counted from 1. None for the whole output.
    pub(crate) there: Option<RangeInclusive<usize>>,
    /// Which output, in words: `output of Read a.rs`, `first output of Read a.rs`.
    pub(crate) source: &'a str,
}

/// The sentence that stands for lines which an earlier output shows; `handle` is told once in a form.
pub(crate) fn repeat(repeat: &Repeat, handle: Option<&str>) -> String {
    let own = repeat.lines.as_ref().map(|lines| format!("lines {}-{}: ", lines.start(), lines.end()));
    let there = match &repeat.there {
        None => "the whole ".to_owned(),
        there if *there == repeat.lines => "in the ".to_owned(),
        Some(there) => format!("lines {}-{} of the ", there.start(), there.end()),
    };
    let way = handle.map(|handle| format!("{GAP_END}{handle}")).unwrap_or_default();
    format!("{OPEN}{}{SAME}{there}{}{ABOVE}{way}]", own.unwrap_or_default(), one_line(repeat.source))
}

/// What the repeat in `line` claims, if it is one.
pub(crate) fn read_repeat(line: &str) -> Option<Repeat<'_>> {
    let said = line.strip_prefix(OPEN)?.strip_suffix(']')?;
    let said = match said.rsplit_once(GAP_END) {
        Some((said, handle)) if is_handle(handle) => said,
        _ => said,
    };
    let (lines, said) = match said.strip_prefix("lines ") {
        Some(rest) => {
            let (lines, said) = rest.split_once(": ")?;
            (Some(range(lines)?), said)
        }
        None => (None, said),
    };
    let said = said.strip_prefix(SAME)?.strip_suffix(ABOVE)?;
    if let Some(source) = said.strip_prefix("the whole ") {
        return Some(Repeat { lines, there: None, source });
    }
    if let Some(source) = said.strip_prefix("in the ") {
        return Some(Repeat { there: Some(lines.clone()?), lines, source });
    }
    let (there, source) = said.strip_prefix("lines ")?.split_once(" of the ")?;
    Some(Repeat { lines, there: Some(range(there)?), source })
}

/// What the legend in `line` says, without the way to the exact text.
pub(crate) fn read_legend(line: &str) -> Option<&str> {
    let said = line.strip_prefix(OPEN)?.strip_suffix(']')?;
    Some(match said.rsplit_once(LEGEND_END) {
        Some((what, handle)) if is_handle(handle) => what,
        _ => said,
    })
}

/// Which lines the gap or cut in `line` names, and what it says they were.
pub(crate) fn read_gap(line: &str) -> Option<(&str, &str)> {
    let (claim, _) = line.strip_prefix(OPEN)?.rsplit_once(GAP_END)?;
    claim.split_once(LEFT_OUT)
}

/// Every gap, and every legend that names a handle, in order.
pub(crate) fn find(text: &str) -> Vec<Marker<'_>> {
    candidates(text).filter_map(parse).collect()
}

/// Whether a line of `text` is, or claims to be, a sentence of ours. Foreign look-alikes count: whoever leaves such a
/// text alone is on the safe side.
pub(crate) fn holds(text: &str) -> bool {
    candidates(text).next().is_some()
}

/// Lines between `[headroom: ` and `]`, the brackets included. A column of line numbers (`12<tab>`, `12→`) may stand
/// before them.
fn candidates(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = memchr::memmem::find(&bytes[at..], OPEN.as_bytes()) {
            let (searched, open) = (at, at + found);
            // No second one on a line is a candidate, and looking for the ends of its line again would not be linear.
            let end = memchr::memchr(b'\n', &bytes[open..]).map_or(text.len(), |length| open + length);
            at = end;
            let start =
                memchr::memrchr(b'\n', &bytes[searched..open]).map_or(searched, |newline| searched + newline + 1);
            let before = text[start..open].trim_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let line = text[open..end].trim_end_matches('\r');
            if matches!(before, "" | "\t" | "→") && line.ends_with(']') {
                return Some(line);
            }
        }
        None
    })
}

fn parse(line: &str) -> Option<Marker<'_>> {
    let said = line.strip_prefix(OPEN)?.strip_suffix(']')?;
    if let Some((what, handle)) = said.rsplit_once(LEGEND_END) {
        return (is_handle(handle) && !what.is_empty()).then_some(Marker { lines: None, handle });
    }
    let (claim, handle) = said.rsplit_once(GAP_END)?;
    if let Some((shown, what)) = claim.split_once(DIGEST) {
        return (is_handle(handle) && !shown.is_empty() && !what.is_empty()).then_some(Marker { lines: None, handle });
    }
    let (place, what) = claim.split_once(LEFT_OUT)?;
    let place = place.strip_prefix("part of ").unwrap_or(place);
    let lines = if let Some(lines) = place.strip_prefix("lines ") {
        range(lines)?
    } else {
        let line = number(place.strip_prefix("line ")?)?;
        line..=line
    };
    (is_handle(handle) && !what.is_empty() && !lines.is_empty()).then_some(Marker { lines: Some(lines), handle })
}

/// Whether `text` has the form of a handle: 16 lower-case hex digits.
fn is_handle(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let (first, last) = text.split_once('-')?;
    Some(number(first)?..=number(last)?)
}

fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: &str = "3f9c2a71d04be586";

    #[test]
    fn a_gap_reads_as_designed_and_is_found_again() {
        let marker = gap(&(12..=480), "466 INFO, 2 WARN", HANDLE);
        assert_eq!(
            marker,
            "[headroom: lines 12-480 left out: 466 INFO, 2 WARN; all of it: headroom retrieve 3f9c2a71d04be586]"
        );
        let text = format!("first\n{marker}\r\nlast");
        assert_eq!(find(&text), [Marker { lines: Some(12..=480), handle: HANDLE }]);
        let one = gap(&(7..=7), "1 line", HANDLE);
        assert_eq!(find(&one), [Marker { lines: Some(7..=7), handle: HANDLE }]);
    }

    #[test]
    fn a_legend_gives_back_what_it_says() {
        let with = legend("JSON; values exact", Some(HANDLE));
        assert_eq!(read_legend(&with), Some("JSON; values exact"));
        assert_eq!(find(&with), [Marker { lines: None, handle: HANDLE }]);
        let without = legend("JSON; values exact", None);
        assert_eq!(read_legend(&without), Some("JSON; values exact"));
        assert_eq!(find(&without), []);
        assert!(holds(&without));
    }

    #[test]
    fn a_cut_names_its_line_and_a_digest_names_none() {
        let said = cut(7, "48211 characters of base64", HANDLE);
        assert_eq!(
            said,
            "[headroom: part of line 7 left out: 48211 characters of base64; all of it: headroom retrieve 3f9c2a71d04be586]"
        );
        assert_eq!(find(&said), [Marker { lines: Some(7..=7), handle: HANDLE }]);
        let said = digest("page as Markdown", "212 tags, 3 scripts", HANDLE);
        assert_eq!(find(&said), [Marker { lines: None, handle: HANDLE }]);
    }

    #[test]
    fn a_repeat_gives_back_what_it_claims_and_claims_no_gap() {
        let shifted = Repeat { lines: Some(9..=400), there: Some(8..=399), source: "output of Read a.rs" };
        assert_eq!(
            repeat(&shifted, Some(HANDLE)),
            "[headroom: lines 9-400: same as lines 8-399 of the output of Read a.rs above; all of it: headroom retrieve 3f9c2a71d04be586]"
        );
        let whole = Repeat { lines: None, there: None, source: "second output of `rg 'x: y' src; all of it`" };
        let same = Repeat { there: Some(9..=400), ..shifted.clone() };
        let inside = Repeat { lines: None, ..shifted.clone() };
        for said in [shifted, whole, same, inside] {
            for handle in [None, Some(HANDLE)] {
                let sentence = repeat(&said, handle);
                assert_eq!(read_repeat(&sentence), Some(said.clone()), "{sentence}");
                assert!(find(&sentence).is_empty() && holds(&sentence));
            }
        }
        for foreign in
            ["[headroom: same as the output of x above]", "same as the whole output of x above", "[headroom: x]"]
        {
            assert_eq!(read_repeat(foreign), None);
        }
    }

    #[test]
    fn look_alikes_claim_nothing() {
        for foreign in [
            "[headroom: lines 12-480 left out: x; all of it: headroom retrieve 3f9c]",
            "[headroom: lines 480-12 left out: x; all of it: headroom retrieve 3f9c2a71d04be586]",
            "[headroom: lines +1-2 left out: x; all of it: headroom retrieve 3f9c2a71d04be586]",
            "[headroom: lines 1-2 left out: ; all of it: headroom retrieve 3f9c2a71d04be586]",
            "[headroom: lines 1-2 left out: x; all of it: headroom retrieve 3F9C2A71D04BE586]",
            "see `[headroom: lines 1-2 left out: x; all of it: headroom retrieve 3f9c2a71d04be586]`",
            "[494 lines omitted: 493 INFO] <<ccr:3f9c2a71d04b>>",
        ] {
            assert_eq!(find(foreign), [], "{foreign}");
        }
    }

    #[test]
    fn a_marker_behind_a_line_number_is_seen() {
        let text = format!("1\tx\n     2→{}\n", gap(&(1..=2), "x", HANDLE));
        assert!(holds(&text));
        assert!(!holds("a.md:3:[headroom: x]"));
        assert!(!holds("[headroom: never closed"));
        assert!(!holds("x [headroom: y] [headroom: z]"));
        let two = format!("{0}\n{0}\nx\n{0}", gap(&(1..=2), "x", HANDLE));
        assert_eq!(find(&two).len(), 3);
    }

    #[test]
    fn a_line_full_of_beginnings_takes_no_longer_than_many_lines() {
        let start = std::time::Instant::now();
        assert!(!holds(&OPEN.repeat(300_000)));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
