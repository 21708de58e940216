//! Finds the time in a log line, so that what consecutive lines share of it can stand in a heading.
//!
//! Only a clock of the form `HH:MM:SS` near the line's front counts, with or without a date before it. Epoch seconds
//! and the seconds of `dmesg` share no readable prefix and are ordinary words.

use std::collections::HashMap;

use crate::compress::log::split::Span;

/// How much of the time goes into the heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Day,
    /// All of it: where many lines have the same. A clock is never cut in two: `10:00:01.779` is what a reader looks for.
    Whole,
}

/// Where the time of a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    start: usize,
    /// Where the clock begins; equal to `start` where there is no date.
    clock: usize,
    /// Behind the second, its fraction and the zone that stands right behind it.
    end: usize,
}

/// A time cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) head: Span,
    /// What the row keeps, without the sign between head and rest.
    pub(super) rest: Option<Span>,
}

/// How far into a line a time is looked for. Beyond that it is part of the message.
const FRONT: usize = 120;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The first time in `line`.
pub(super) fn find(line: &str) -> Option<Stamp> {
    let bytes = line.as_bytes();
    let limit = bytes.len().min(FRONT);
    (2..limit).find_map(|colon| (bytes[colon] == b':').then(|| clock_at(bytes, colon - 2)).flatten())
}

fn clock_at(bytes: &[u8], clock: usize) -> Option<Stamp> {
    let free_before = clock == 0 || !(bytes[clock - 1].is_ascii_alphanumeric() && bytes[clock - 1] != b'T');
    if !free_before || !fits(&bytes[clock..], b"00:00:00") {
        return None;
    }
    let mut end = clock + 8;
    if bytes.get(end).is_some_and(|byte| matches!(byte, b'.' | b',')) {
        let digits = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        end += if digits > 0 { digits + 1 } else { 0 };
    } else if bytes.get(end).is_some_and(|byte| byte.is_ascii_digit() || *byte == b':') {
        return None;
    }
    end += zone(&bytes[end..]);
    let start = clock - date_before(&bytes[..clock]);
    // Without a date before it, a colon belongs to an address or a ratio: `fe80::10:20:30`.
    if start == clock && clock > 0 && bytes[clock - 1] == b':' {
        return None;
    }
    Some(Stamp { start, clock, end })
}

/// The length of the zone that `bytes` begins with: `Z`, `+0200`, `-05:00`.
fn zone(bytes: &[u8]) -> usize {
    let shapes: [&[u8]; 5] = [b"Z", b"+00:00", b"-00:00", b"+0000", b"-0000"];
    let ends = |length: usize| !bytes.get(length).is_some_and(u8::is_ascii_alphanumeric);
    shapes.iter().find(|shape| fits(bytes, shape) && ends(shape.len())).map_or(0, |shape| shape.len())
}

/// The length of the date that ends `before`, with the sign between date and clock.
fn date_before(before: &[u8]) -> usize {
    let Some((sign, before)) = before.split_last() else { return 0 };
    let ends = |shape: &[u8]| before.len() >= shape.len() && fits(&before[before.len() - shape.len()..], shape);
    if matches!(sign, b'T' | b' ') && (ends(b"0000-00-00") || ends(b"0000/00/00")) {
        return 11;
    }
    if matches!(sign, b':' | b' ') && ends(b"00/aaa/0000") {
        return 12;
    }
    let month = before.len().checked_sub(6).map(|start| &before[start..start + 3]);
    if *sign == b' ' && (ends(b"aaa 00") || ends(b"aaa  0")) && month.is_some_and(|month| MONTHS.contains(&month)) {
        return 7;
    }
    0
}

/// Whether `bytes` begins like `shape`, where `0` is any digit and `a` any letter.
fn fits(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() >= shape.len()
        && bytes.iter().zip(shape).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            sign => byte == sign,
        })
}

impl Stamp {
    /// Cuts the time; `None` where nothing would stand in the heading.
    pub(super) fn cut(self, cut: Cut) -> Option<Parts> {
        let head_end = match cut {
            Cut::Day if self.clock == self.start => return None,
            Cut::Day => self.clock - 1,
            Cut::Whole => self.end,
        };
        let rest = (head_end < self.end).then(|| Span { start: head_end + 1, end: self.end });
        Some(Parts { head: Span { start: self.start, end: head_end }, rest })
    }
}

/// The cut that makes headings and rows together shortest, or `None` where no cut beats leaving the times alone.
pub(super) fn best_cut(lines: &[&str]) -> Option<Cut> {
    let stamps: Vec<(&str, Stamp)> = lines.iter().filter_map(|line| Some((*line, find(line)?))).collect();
    let cost_of = |cut: Cut| {
        // Each way of writing has headings of its own; by its length it is told well enough here.
        let mut last: HashMap<usize, &str> = HashMap::new();
        let mut cost = 0;
        for (line, stamp) in &stamps {
            match stamp.cut(cut) {
                Some(parts) => {
                    let head = &line[parts.head.start..parts.head.end];
                    if last.insert(head.len(), head) != Some(head) {
                        cost += pieces(head) + 6;
                    }
                    cost += parts.rest.map_or(0, |rest| pieces(&line[rest.start..rest.end]) + 1);
                }
                None => cost += pieces(&line[stamp.start..stamp.end]),
            }
        }
        cost
    };
    let alone: usize = stamps.iter().map(|(line, stamp)| pieces(&line[stamp.start..stamp.end])).sum();
    [Cut::Day, Cut::Whole]
        .into_iter()
        .map(|cut| (cost_of(cut), cut))
        .min_by_key(|(cost, _)| *cost)
        .filter(|(cost, _)| *cost < alone)
        .map(|(_, cut)| cut)
}

/// About how many tokens a time costs: groups of three digits, and the signs between them.
fn pieces(text: &str) -> usize {
    let mut count = 0;
    let mut digits = 0;
    for byte in text.bytes() {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        count += usize::from(digits == 0 || digits % 3 == 1);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_and_rest(line: &str, cut: Cut) -> Option<(&str, &str)> {
        let parts = find(line)?.cut(cut)?;
        let rest = parts.rest.map_or("", |rest| &line[rest.start..rest.end]);
        Some((&line[parts.head.start..parts.head.end], rest))
    }

    #[test]
    fn the_usual_times_are_found() {
        let cases = [
            ("2026-11-20T10:00:01.779Z INFO x", "2026-11-20", "10:00:01.779Z"),
            ("[2026-11-20T10:00:01.779+0000][info] x", "2026-11-20", "10:00:01.779+0000"),
            ("2026-11-20 10:00:01,779 INFO x", "2026-11-20", "10:00:01,779"),
            ("[2026/11/20 10:00:01] x", "2026/11/20", "10:00:01"),
            ("Nov  2 10:00:01 host sshd[1]: x", "Nov  2", "10:00:01"),
            ("1.2.3.4 - - [20/Nov/2026:10:00:01 +0000] \"GET /\"", "20/Nov/2026", "10:00:01"),
        ];
        for (line, head, rest) in cases {
            assert_eq!(head_and_rest(line, Cut::Day), Some((head, rest)), "{line}");
        }
        assert_eq!(head_and_rest("10:00:01 x", Cut::Day), None);
        assert_eq!(head_and_rest("10:00:01 x", Cut::Whole), Some(("10:00:01", "")));
    }

    #[test]
    fn addresses_and_ratios_are_no_times() {
        for line in ["fe80::10:20:30:40 up", "a 1:22:33 b", "ab10:00:01", "10:00:011", "x 10:00"] {
            assert_eq!(find(line), None, "{line}");
        }
    }

    #[test]
    fn one_line_a_day_gets_no_headings() {
        assert_eq!(best_cut(&["2026-11-20 10:00:01 a", "2026-12-21 11:00:01 a", "2027-01-22 12:00:01 a"]), None);
    }

    #[test]
    fn a_clock_is_never_cut_in_two() {
        let lines: Vec<String> = (100..140).map(|ms| format!("2026-11-20 10:00:01.{ms} a")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(best_cut(&lines), Some(Cut::Day));
        assert_eq!(head_and_rest("10:00:01.779-05:00 x", Cut::Whole), Some(("10:00:01.779-05:00", "")));
    }

    #[test]
    fn many_lines_in_a_second_share_the_second() {
        assert_eq!(best_cut(&["2026-11-20 10:00:01 a"; 9]), Some(Cut::Whole));
    }
}
