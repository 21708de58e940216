//! Navigation that a page holds twice (above and below its text, for narrow and for wide windows) stands once.

use std::collections::HashMap;

/// A run of repeated lines that is shorter stays.
const FEWEST_LINES: usize = 3;
const FEWEST_BYTES: usize = 24;
/// A longer line is no entry of a navigation.
const LONGEST: usize = 120;

/// `markdown` without the runs of short lines with links that stood before, and how many lines went.
pub(super) fn without_repeats(markdown: &str) -> (String, usize) {
    let lines: Vec<&str> = markdown.split('\n').collect();
    let keys: Vec<String> = lines.iter().map(|line| words(line)).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut out = String::with_capacity(markdown.len());
    let mut dropped = 0;
    let mut is_code = false;
    let mut at = 0;
    while at < lines.len() {
        is_code ^= lines[at].starts_with("```");
        let known = first.get(keys[at].as_str()).copied().filter(|_| !is_code && !keys[at].is_empty());
        if let Some(known) = known {
            let length = run(&lines, &keys, known, at);
            if length > 0 {
                dropped += lines[at..at + length].iter().filter(|line| !line.is_empty()).count();
                at += length;
                continue;
            }
        } else if !is_code {
            first.insert(&keys[at], at);
        }
        out.push_str(lines[at]);
        out.push('\n');
        at += 1;
    }
    out.truncate(out.trim_end().len());
    (out, dropped)
}

/// The length of the run at `at` that repeats the one at `known`, if it is navigation: most of its lines are links.
fn run(lines: &[&str], keys: &[String], known: usize, at: usize) -> usize {
    let same = (0..at - known)
        .take_while(|step| {
            // A line with an address leads elsewhere than the one before.
            let is_told = lines.get(at + step).is_some_and(|line| *line == keys[at + step]);
            is_told && keys[at + step].len() <= LONGEST && keys[at + step] == keys[known + step]
        })
        .count();
    let filled = (0..same).filter(|step| !keys[at + step].is_empty()).count();
    let linked = (0..same).filter(|step| lines[known + step].contains("](")).count();
    let bytes: usize = keys[at..at + same].iter().map(String::len).sum();
    let is_run = filled >= FEWEST_LINES && bytes >= FEWEST_BYTES && linked * 2 >= filled;
    if is_run { same } else { 0 }
}

/// A line without the addresses of its links: they stand only where their text first does.
fn words(line: &str) -> String {
    let mut words = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("](") {
        words.extend(before.chars().filter(|c| *c != '['));
        let Some((_, behind)) = after.split_once(')') else {
            rest = after;
            break;
        };
        rest = behind;
    }
    words.extend(rest.chars().filter(|c| *c != '['));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_navigation_goes_and_repeated_code_stays() {
        let first = "- [Home](/home)\n- [Products](/products)\n- [Prices](/prices)\n- [About us](/about)";
        let second = "- Home\n- Products\n- Prices\n- About us";
        let code = "```\nlet a = b[0](c);\nlet a = b[0](c);\nlet a = b[0](c);\nlet a = b[0](c);\n```";
        let (text, dropped) = without_repeats(&format!("{first}\n\ntext\n\n{code}\n\n{second}\n\nend"));
        assert_eq!(text, format!("{first}\n\ntext\n\n{code}\n\nend"));
        assert_eq!(dropped, 4);
    }

    #[test]
    fn a_navigation_that_leads_elsewhere_stays() {
        let first = "- [Home](/home)\n- [Products](/products)\n- [Prices](/prices)\n- [About us](/about)";
        let text = format!("{first}\n\ntext\n\n{}", first.replace("(/", "(../"));
        assert_eq!(without_repeats(&text), (text, 0));
    }

    #[test]
    fn equal_rows_are_no_navigation() {
        let rows = "10 apples | red\n10 apples | red\n10 apples | red\n10 apples | red\n10 apples | red";
        assert_eq!(without_repeats(rows), (rows.to_owned(), 0));
    }
}
