//! Names for what lines say again and again: the arguments of every call of a compiler, a message.
//!
//! A name stands for whole words, never for part of one, so that a path can be searched for as it was. All names stand
//! at the head, where a reader looks for them once. The form is decoded and compared before it is offered.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::compress::log::lines::{self, Notable};
use crate::compress::log::row_form;

/// How the head line of the form begins.
const HEAD: &str = "[headroom: text with names, ";

/// What names may begin with: the first of which the text has none.
const SIGNS: [char; 3] = ['§', '¤', '‡'];

/// Shorter text is read as quickly as a name.
const SHORTEST: usize = 20;

/// What is longer gets several names.
const LONGEST: usize = 500;

/// A reader remembers so many names.
const MOST_NAMES: usize = 32;

/// So many that are worth a name are tried together.
const TRIED: usize = 4 * MOST_NAMES;

/// About so many tokens a name costs where it stands, and beyond its text where it is explained.
const NAME_COST: usize = 3;
const LINE_COST: usize = 4;

/// The form must leave out this share of the characters.
const LEAST_SAVED: usize = 6;

/// The form of `text`, or `None` where it would not be much shorter.
pub(super) fn names_form(text: &str, hints: &[String]) -> Option<String> {
    let sign = *SIGNS.iter().find(|sign| !text.contains(**sign) && !text.starts_with("[headroom: "))?;
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let last = lines::last_of(&lines);
    // The first line and the last one stay as they were, and so do errors and what the question names.
    let kept = Notable::of(text, &lines, hints);
    let is_open = |line: usize| line > 0 && line != last && !kept.severe[line] && !kept.hinted[line];
    let open: Vec<bool> = (0..lines.len()).map(is_open).collect();
    let names = chosen(&lines, &open)?;
    let mut form = format!("{HEAD}none left out; {sign}1 = the text behind `{sign}1=` here, and so on]\n");
    for (index, name) in names.texts.iter().enumerate() {
        let _ = write!(form, "{sign}{}=", index + 1);
        // A name is told by the ones before it.
        names.write(name, sign, index, &mut form);
        form.push('\n');
    }
    for (line, text) in lines.iter().enumerate() {
        if open[line] {
            names.write(text, sign, names.texts.len(), &mut form);
        } else {
            form.push_str(text);
        }
        form.push('\n');
    }
    if !text.ends_with('\n') {
        form.pop();
    }
    let is_shorter = form.len() < text.len() - text.len() / LEAST_SAVED;
    (is_shorter && decode(&form).as_deref() == Some(text)).then_some(form)
}

/// What has a name, in the order of the numbers.
struct Names<'a> {
    texts: Vec<&'a str>,
    /// The names by how their text begins, the longest first.
    by_start: HashMap<&'a [u8], Vec<usize>>,
}

impl<'a> Names<'a> {
    fn of(texts: Vec<&'a str>) -> Self {
        let mut by_start: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            by_start.entry(&text.as_bytes()[..SHORTEST]).or_default().push(index);
        }
        #[expect(clippy::iter_over_hash_type, reason = "each entry is sorted by itself")]
        for indices in by_start.values_mut() {
            indices.sort_by_key(|index| std::cmp::Reverse(texts[*index].len()));
        }
        Self { texts, by_start }
    }

    /// The named parts of `line` by the first `known` names, in order.
    fn parts(&self, line: &str, known: usize, mut take: impl FnMut(Range<usize>, usize)) {
        let bytes = line.as_bytes();
        let mut at = first_start(bytes);
        while at + SHORTEST <= bytes.len() {
            let fits = |index: &&usize| {
                let text = self.texts[**index].as_bytes();
                **index < known && bytes[at..].starts_with(text) && ends_at(bytes, at + text.len())
            };
            let found = self.by_start.get(&bytes[at..at + SHORTEST]).and_then(|indices| indices.iter().find(fits));
            if let Some(&index) = found {
                take(at..at + self.texts[index].len(), index);
                at += self.texts[index].len();
            }
            at = next_start(bytes, at);
        }
    }

    fn write(&self, line: &str, sign: char, known: usize, form: &mut String) {
        let mut end = 0;
        self.parts(line, known, |part, index| {
            let _ = write!(form, "{}{sign}{}", &line[end..part.start], index + 1);
            end = part.end;
        });
        form.push_str(&line[end..]);
    }
}

/// The next place behind `at` where something named may begin: behind a sign between words, but in no path.
fn next_start(bytes: &[u8], at: usize) -> usize {
    let opens = |byte: u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'(' | b'[' | b'=' | b',' | b'<' | b'{');
    let starts = |at: &usize| opens(bytes[at - 1]) && !bytes[*at].is_ascii_whitespace();
    (at + 1..bytes.len()).find(starts).unwrap_or(bytes.len())
}

/// Where a line's first word begins.
fn first_start(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Whether what is named may end before `at`: at the end of a word.
fn ends_at(bytes: &[u8], at: usize) -> bool {
    if bytes[at - 1].is_ascii_whitespace() || matches!(bytes[at - 1], b':' | b'=') {
        return false;
    }
    bytes.get(at).is_none_or(|byte| {
        matches!(byte, b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' | b')' | b']' | b',' | b';' | b'>' | b'}')
    })
}

/// Where what is named ends that begins at `start` and may go on to `limit`: never between a bracket or a quote and the
/// one that closes it.
fn end_of(bytes: &[u8], start: usize, limit: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut end = None;
    for at in start..limit {
        match bytes[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return end,
            },
            byte @ (b'"' | b'`') => match quote {
                None => quote = Some(byte),
                Some(open) if open == byte => quote = None,
                Some(_) => {}
            },
            _ => {}
        }
        if depth == 0 && quote.is_none() && at + 1 >= start + SHORTEST && ends_at(bytes, at + 1) {
            end = Some(at + 1);
        }
    }
    end
}

/// What deserves a name in the open lines.
fn chosen<'a>(lines: &[&'a str], open: &[bool]) -> Option<Names<'a>> {
    let mut counted = repeated(lines, open);
    counted.retain(|(text, count)| saved(text, *count) > 0);
    counted.sort_by_key(|(text, count)| (std::cmp::Reverse(saved(text, *count)), *text));
    counted.truncate(TRIED);
    let mut texts: Vec<&str> = counted.into_iter().map(|(text, _)| text).collect();
    // A longer name takes places from a shorter one, which then may not be worth its line.
    for most in [TRIED, 2 * MOST_NAMES, MOST_NAMES] {
        let names = Names::of(texts);
        let mut used = vec![0; names.texts.len()];
        let mut first = vec![usize::MAX; names.texts.len()];
        for (line, text) in lines.iter().enumerate().filter(|(line, _)| open[*line]) {
            names.parts(text, names.texts.len(), |_, index| {
                used[index] += 1;
                first[index] = first[index].min(line);
            });
        }
        let mut worth: Vec<usize> =
            (0..used.len()).filter(|index| saved(names.texts[*index], used[*index]) > 0).collect();
        worth.sort_by_key(|index| std::cmp::Reverse(saved(names.texts[*index], used[*index])));
        worth.truncate(most);
        worth.sort_by_key(|index| (first[*index], *index));
        texts = worth.into_iter().map(|index| names.texts[index]).collect();
    }
    (!texts.is_empty()).then(|| Names::of(texts))
}

/// About how many tokens a name for `text` saves that stands there `count` times.
fn saved(text: &str, count: usize) -> usize {
    let cost = row_form::pieces(text);
    (cost.saturating_sub(NAME_COST) * count).saturating_sub(cost + LINE_COST)
}

/// What stands in the open lines more than once, and how often about.
fn repeated<'a>(lines: &[&'a str], open: &[bool]) -> Vec<(&'a str, usize)> {
    let mut latest: HashMap<&[u8], (usize, usize)> = HashMap::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (line, text) in lines.iter().enumerate().filter(|(line, _)| open[*line]) {
        let bytes = text.as_bytes();
        let (mut at, mut behind) = (first_start(bytes), 0);
        while at + SHORTEST <= bytes.len() {
            let before = latest.insert(&bytes[at..at + SHORTEST], (line, at));
            if at >= behind
                && let Some((other, start)) = before
            {
                let there = &lines[other].as_bytes()[start..];
                let same = bytes[at..].iter().zip(there).take(LONGEST).take_while(|(one, two)| one == two).count();
                behind = at + SHORTEST;
                if let Some(end) = end_of(bytes, at, at + same) {
                    *counts.entry(&text[at..end]).or_insert(1) += 1;
                    behind = end;
                }
            }
            at = next_start(bytes, at);
        }
    }
    counts.into_iter().collect()
}

/// Rebuilds the text from its form.
pub(crate) fn decode(form: &str) -> Option<String> {
    let (head, mut body) = form.split_once('\n')?;
    let sign = head.strip_prefix(HEAD)?.split_once("; ")?.1.chars().next()?;
    let mut names: Vec<String> = Vec::new();
    while let Some((line, rest)) = body.split_once('\n')
        && let Some(name) = line.strip_prefix(&format!("{sign}{}=", names.len() + 1))
    {
        names.push(plain(name, sign, &names)?);
        body = rest;
    }
    plain(body, sign, &names)
}

/// `text` with what its names stand for.
fn plain(text: &str, sign: char, names: &[String]) -> Option<String> {
    let mut parts = text.split(sign);
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().ok()?;
        plain.push_str(names.get(number.checked_sub(1)?)?);
        plain.push_str(&part[digits..]);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compiled(count: usize) -> String {
        let line = |n: usize| {
            format!(
                "cc -O2 -Wall -I/usr/include/glib-2.0 -c /srv/app/third_party/src /srv/app/part{n}.c -o \"/tmp/out/part{n}.o\"\n"
            )
        };
        (0..count).map(line).collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_lines_share_stands_once_and_the_rest_in_place() {
        let text = format!("make: start\n{}make: done\n", compiled(6));
        let form = names_form(&text, &[]).unwrap();
        assert_eq!(decode(&form).as_deref(), Some(text.as_str()));
        let lines: Vec<&str> = form.lines().collect();
        assert_eq!(lines[1], "§1=cc -O2 -Wall -I/usr/include/glib-2.0 -c /srv/app/third_party/src");
        assert_eq!(lines[3], "§1 /srv/app/part0.c -o \"/tmp/out/part0.o\"");
        assert_eq!((lines[2], *lines.last().unwrap()), ("make: start", "make: done"));
    }

    #[test]
    fn a_line_that_the_question_names_stays_as_it_was() {
        let text = format!("make: start\n{}make: done\n", compiled(9));
        let form = names_form(&text, &["part3.c".to_owned()]).unwrap();
        assert!(
            form.contains("\ncc -O2 -Wall -I/usr/include/glib-2.0 -c /srv/app/third_party/src /srv/app/part3.c"),
            "{form}"
        );
    }

    #[test]
    fn no_word_is_cut() {
        let ids: Vec<String> = (0..9).map(|n| format!("id=f81d4fae-7dec-11d0-a765-00a0c91e6bf{n} ok\n")).collect();
        let text = format!("start of it\n{}end\n", ids.concat());
        assert_eq!(names_form(&text, &[]), None);
    }

    #[test]
    fn a_sign_that_the_text_has_is_no_name() {
        let text = format!("§1 of the law\n{}done\n", compiled(9));
        assert!(names_form(&text, &[]).is_some_and(|form| form.contains("\n¤1 /srv/app/part0.c")));
        assert_eq!(names_form(&format!("§1 ¤ ‡\n{}done\n", compiled(9)), &[]), None);
    }

    #[test]
    fn other_texts_are_no_forms() {
        for text in ["", "x\n", "[headroom: text with names, x]\n§1", "[headroom: text with names, a; §1]\nsee §2"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_named_reads_back(text in "((a|/usr/share/lib|/usr/share/lib/python| |=|\"|:|é|1|\\[x\\]|cc -O2 -Wall -c |the error of the day)|\n|\t|\r\n){0,60}") {
            if let Some(form) = names_form(&text, &[]) {
                prop_assert_eq!(decode(&form), Some(text));
            }
        }
    }
}
