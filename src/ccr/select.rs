//! Which part of an original is asked for: all of it, a range of its lines, or the lines that match something.
//!
//! A query is a regular expression and a plain text at once: a line that fits either way matches. Whoever looks for
//! `main(` or `items[0]` rarely thinks of escaping, and a line too many costs less than being told that there is none.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;
use std::str::FromStr;

use regex::Regex;

/// A line above this many bytes is shown as excerpts round its matches, where the answer has a limit.
const LONG_LINE: usize = 2_000;

/// How many bytes an excerpt has on either side of its match.
const AROUND: usize = 200;

/// Lines of an original, counted from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lines {
    first: usize,
    last: usize,
}

impl Lines {
    const ALL: Self = Self { first: 1, last: usize::MAX };
}

/// A text that names no range of lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a range of lines: write `12-480`, `12` or `12-`, counting from 1")]
pub(crate) struct InvalidLines(String);

impl FromStr for Lines {
    type Err = InvalidLines;

    fn from_str(text: &str) -> Result<Self, InvalidLines> {
        let invalid = || InvalidLines(text.trim().to_owned());
        let number = |text: &str| text.trim().trim_start_matches(['L', 'l']).parse().map_err(|_| invalid());
        let (first, last) = match text.split_once(['-', ':', ',', '\u{2013}']) {
            None => (number(text)?, number(text)?),
            Some((first, rest)) if rest.trim().is_empty() => (number(first)?, usize::MAX),
            Some((first, last)) => (number(first)?, number(last)?),
        };
        if first == 0 || last < first { Err(invalid()) } else { Ok(Self { first, last }) }
    }
}

/// What a line has to hold.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    text: String,
    regex: Option<Regex>,
}

impl Query {
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), regex: Regex::new(text).ok() }
    }

    fn is_match(&self, line: &str) -> bool {
        line.contains(&self.text) || self.regex.as_ref().is_some_and(|regex| regex.is_match(line))
    }

    /// Where `line` matches, in order.
    fn matches(&self, line: &str) -> Vec<Range<usize>> {
        let mut found: Vec<_> = line.match_indices(&self.text).map(|(at, text)| at..at + text.len()).collect();
        if let Some(regex) = &self.regex {
            found.extend(regex.find_iter(line).map(|found| found.range()));
        }
        found.sort_by_key(|found| found.start);
        found
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) lines: Option<Lines>,
    pub(crate) query: Option<Query>,
    /// How many bytes the answer may have.
    pub(crate) limit: Option<usize>,
}

/// The part of an original that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected<'a> {
    /// Lines as they stand in the original; with a query, `NUMBER:LINE`.
    pub(crate) text: Cow<'a, str>,
    pub(crate) cut: Option<Cut>,
}

/// What was asked for but does not fit into the limit, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    #[error("This is lines {first}-{last} of {total}. For more give lines, as in \"{}-{total}\", or query.", .last + 1)]
    AfterLine { first: usize, last: usize, total: usize },
    #[error("This is the start of line {line} of {total}: the line has {bytes} bytes. Find what is in it by query.")]
    InLine { line: usize, bytes: usize, total: usize },
    #[error(
        "These are the first {shown} of {matching} matching lines. For more narrow the query, or add lines \"{next}-\"."
    )]
    AfterMatch { shown: usize, matching: usize, next: usize },
}

/// Why there is no such part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Nothing {
    #[error("the original has no line {first}: it ends at line {total}")]
    PastTheEnd { first: usize, total: usize },
    #[error("no line of the original matches `{query}`, of {total}")]
    NoMatch { query: String, total: usize },
    #[error("no line from {first} to {last} of {total} matches `{query}`")]
    NoMatchInLines { query: String, first: usize, last: usize, total: usize },
    #[error("no line has the text `{query}`; it is no valid regular expression, so it was not tried as one")]
    NoText { query: String },
}

/// The part of `text` that `selection` asks for.
pub(crate) fn select<'a>(text: &'a str, selection: &Selection) -> Result<Selected<'a>, Nothing> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let total = lines.len();
    let Lines { first, last } = selection.lines.unwrap_or(Lines::ALL);
    let last = last.min(total);
    if first > total.max(1) {
        return Err(Nothing::PastTheEnd { first, total });
    }
    let limit = selection.limit.unwrap_or(usize::MAX);
    match &selection.query {
        Some(query) => matching(&lines, first..last + 1, query, limit),
        None => Ok(whole(text, &lines, first..last + 1, limit)),
    }
}

/// The lines `asked`, as they stand; as many as fit.
fn whole<'a>(text: &'a str, lines: &[&'a str], asked: Range<usize>, limit: usize) -> Selected<'a> {
    let total = lines.len();
    let start: usize = lines[..asked.start - 1].iter().map(|line| line.len()).sum();
    let mut end = start;
    for number in asked.clone() {
        let line = lines[number - 1];
        if end + line.len() - start <= limit {
            end += line.len();
            continue;
        }
        if number == asked.start {
            let cut = Cut::InLine { line: number, bytes: line.len(), total };
            return Selected { text: line[..line.floor_char_boundary(limit)].into(), cut: Some(cut) };
        }
        let cut = Cut::AfterLine { first: asked.start, last: number - 1, total };
        return Selected { text: text[start..end].into(), cut: Some(cut) };
    }
    Selected { text: text[start..end].into(), cut: None }
}

/// Those of the lines `asked` that match, with their numbers; as many as fit.
fn matching<'a>(lines: &[&str], asked: Range<usize>, query: &Query, limit: usize) -> Result<Selected<'a>, Nothing> {
    let mut text = String::new();
    let (mut shown, mut found, mut next) = (0, 0, None);
    for number in asked.clone() {
        let line = lines[number - 1].trim_end_matches(['\r', '\n']);
        if !query.is_match(line) {
            continue;
        }
        found += 1;
        if next.is_some() {
            continue;
        }
        let line =
            if limit < usize::MAX && line.len() > LONG_LINE { excerpts(line, query, limit) } else { line.into() };
        if text.len() + line.len() > limit && shown > 0 {
            next = Some(number);
            continue;
        }
        writeln!(text, "{number}:{line}").expect("a String takes everything");
        shown += 1;
    }
    if shown == 0 {
        return Err(nothing(query, &asked, lines.len()));
    }
    let cut = next.map(|next| Cut::AfterMatch { shown, matching: found, next });
    Ok(Selected { text: text.into(), cut })
}

fn nothing(query: &Query, asked: &Range<usize>, total: usize) -> Nothing {
    let (first, last, text) = (asked.start, asked.end - 1, query.text.clone());
    if query.regex.is_none() {
        Nothing::NoText { query: text }
    } else if first == 1 && last == total {
        Nothing::NoMatch { query: text, total }
    } else {
        Nothing::NoMatchInLines { query: text, first, last, total }
    }
}

/// What stands round the matches of a long line: `…` where something is left out.
fn excerpts<'a>(line: &str, query: &Query, limit: usize) -> Cow<'a, str> {
    let mut text = String::new();
    let mut end = 0;
    for found in query.matches(line) {
        let from = line.floor_char_boundary(found.start.saturating_sub(AROUND)).max(end);
        let to = line.ceil_char_boundary(found.end.saturating_add(AROUND).min(line.len()));
        if to <= end {
            continue;
        }
        if text.len() + (to - from) > limit && !text.is_empty() {
            break;
        }
        if from > end {
            text.push('\u{2026}');
        }
        text.push_str(&line[from..to]);
        end = to;
    }
    text.truncate(text.floor_char_boundary(limit));
    if end < line.len() {
        text.push('\u{2026}');
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "alpha\nbeta\r\nfoo(1)\n\ngamma";

    fn part(lines: &str, query: &str, limit: Option<usize>) -> Result<(String, Option<Cut>), Nothing> {
        let selection = Selection {
            lines: (!lines.is_empty()).then(|| lines.parse().unwrap()),
            query: (!query.is_empty()).then(|| Query::of(query)),
            limit,
        };
        select(TEXT, &selection).map(|selected| (selected.text.into_owned(), selected.cut))
    }

    fn lines(range: &str) -> String {
        part(range, "", None).unwrap().0
    }

    #[test]
    fn lines_come_as_they_stand() {
        assert_eq!(lines(""), TEXT);
        assert_eq!(lines("1"), "alpha\n");
        assert_eq!(lines("2-3"), "beta\r\nfoo(1)\n");
        assert_eq!(lines("5-"), "gamma");
        assert_eq!(lines("4-900"), "\ngamma");
        assert_eq!(lines("L2:L2"), "beta\r\n");
        assert_eq!(select("", &Selection::default()).unwrap().text, "");
    }

    #[test]
    fn a_range_past_the_end_is_told_how_many_lines_there_are() {
        let err = part("6-9", "", None).unwrap_err();
        assert_eq!(err.to_string(), "the original has no line 6: it ends at line 5");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "0", "0-4", "9-3", "-20", "all", "1-2-3", "99999999999999999999"] {
            assert!(text.parse::<Lines>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_gives_matching_lines_with_their_numbers() {
        assert_eq!(part("", "^.*a$", None).unwrap().0, "1:alpha\n2:beta\n5:gamma\n");
        assert_eq!(part("2-4", "a", None).unwrap().0, "2:beta\n");
    }

    #[test]
    fn a_query_that_is_no_regular_expression_is_plain_text() {
        assert_eq!(part("", "foo(", None).unwrap().0, "3:foo(1)\n");
        assert_eq!(part("", "foo(1)", None).unwrap().0, "3:foo(1)\n", "a valid one that means something else, too");
        assert!(matches!(part("", "bar(", None), Err(Nothing::NoText { .. })));
    }

    #[test]
    fn no_match_says_where_was_looked() {
        assert!(matches!(part("", "delta", None), Err(Nothing::NoMatch { total: 5, .. })));
        assert!(matches!(part("1-2", "gamma", None), Err(Nothing::NoMatchInLines { first: 1, last: 2, .. })));
    }

    #[test]
    fn what_does_not_fit_ends_at_a_line_and_says_how_to_go_on() {
        let (text, cut) = part("", "", Some(14)).unwrap();
        assert_eq!((text.as_str(), cut), ("alpha\nbeta\r\n", Some(Cut::AfterLine { first: 1, last: 2, total: 5 })));
        assert_eq!(part("3-", "", Some(14)).unwrap(), ("foo(1)\n\ngamma".into(), None));
    }

    #[test]
    fn a_line_that_does_not_fit_is_cut_between_characters() {
        let text = "ä".repeat(100);
        let selected = select(&text, &Selection { limit: Some(11), ..Selection::default() }).unwrap();
        assert_eq!(selected.text, "ä".repeat(5));
        assert_eq!(selected.cut, Some(Cut::InLine { line: 1, bytes: 200, total: 1 }));
    }

    #[test]
    fn matches_that_do_not_fit_are_counted() {
        let (text, cut) = part("", "a", Some(8)).unwrap();
        assert_eq!(text, "1:alpha\n");
        assert_eq!(cut, Some(Cut::AfterMatch { shown: 1, matching: 3, next: 2 }));
    }

    #[test]
    fn a_match_in_a_very_long_line_comes_with_its_surroundings() {
        let line = format!("{}needle{}needle{}", "ä".repeat(3_000), "b".repeat(50), "c".repeat(3_000));
        let selection = Selection { query: Some(Query::of("needle")), limit: Some(10_000), ..Selection::default() };
        let text = select(&line, &selection).unwrap().text;
        let round = format!("needle{}needle", "b".repeat(50));
        assert_eq!(text, format!("1:…{}{round}{}…\n", "ä".repeat(100), "c".repeat(200)));
        let exact = Selection { limit: None, ..selection };
        assert_eq!(select(&line, &exact).unwrap().text, format!("1:{line}\n"), "exact where there is no limit");
    }

    proptest! {
        #[test]
        fn pages_put_together_are_the_original(text in "(\\PC{0,30}\r?\n){0,40}\\PC{0,20}", limit in 130_usize..400) {
            let mut whole = String::new();
            let mut lines = Lines::ALL;
            loop {
                let selection = Selection { lines: Some(lines), query: None, limit: Some(limit) };
                let selected = select(&text, &selection).unwrap();
                prop_assert!(selected.text.len() <= limit);
                whole.push_str(&selected.text);
                match selected.cut {
                    Some(Cut::AfterLine { last, .. }) => lines = Lines { first: last + 1, last: usize::MAX },
                    _ => break,
                }
            }
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn no_text_and_no_query_panics(text in ".*", query in ".*", first in 1_usize..9, limit in 0_usize..300) {
            let text = text.repeat(200);
            let lines = Some(Lines { first, last: usize::MAX });
            drop(select(&text, &Selection { lines, query: Some(Query::of(&query)), limit: Some(limit) }).map(|_| ()));
            drop(select(&text, &Selection { lines, query: None, limit: Some(limit) }).map(|_| ()));
        }
    }
}
