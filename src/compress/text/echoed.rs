//! Paragraphs and pictures that stand above already.
//!
//! A paragraph is named by its first line: where that is the first line of another one above too, nothing is folded.

use std::collections::{HashMap, HashSet};

/// What the legend says of the sign.
pub(super) const TELLS: &str =
    "a paragraph that ends with \"(as above)\" goes on as the one above with the same beginning";

const SIGN: &str = " (as above)";
/// A shorter rest is not worth the sign.
const SHORTEST_REST: usize = 24;
/// A shorter tag stays.
const SHORTEST_PICTURE: usize = 30;

/// `text` with the rest of each paragraph gone that stands above already; none if there is no such paragraph or what
/// stands there cannot be told from it.
pub(super) fn fold(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut rest_of: HashMap<&str, &[&str]> = HashMap::new();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut has_folded = false;
    for paragraph in lines.chunk_by(|before, line| is_blank(before) == is_blank(line)) {
        let (first, rest) = (paragraph[0], &paragraph[1..]);
        let is_long = rest.iter().map(|line| line.trim().len()).sum::<usize>() >= SHORTEST_REST;
        if !is_blank(first) && is_long && rest_of.get(first) == Some(&rest) {
            out.push(format!("{first}{SIGN}"));
            has_folded = true;
            continue;
        }
        if !is_blank(first) {
            rest_of.insert(first, rest);
        }
        out.extend(paragraph.iter().map(|line| (*line).to_owned()));
    }
    let folded = out.join("\n");
    (has_folded && unfold(&folded) == text).then_some(folded)
}

/// The text that a folded one stands for.
pub(super) fn unfold(folded: &str) -> String {
    let lines: Vec<&str> = folded.split('\n').collect();
    let mut rest_of: HashMap<&str, &[&str]> = HashMap::new();
    let mut out: Vec<&str> = Vec::with_capacity(lines.len());
    for paragraph in lines.chunk_by(|before, line| is_blank(before) == is_blank(line)) {
        let (first, rest) = (paragraph[0], &paragraph[1..]);
        let named = first.strip_suffix(SIGN).filter(|_| rest.is_empty());
        if let Some((first, rest)) = named.and_then(|first| rest_of.get(first).map(|rest| (first, *rest))) {
            out.push(first);
            out.extend(rest);
            continue;
        }
        if !is_blank(first) {
            rest_of.insert(first, rest);
        }
        out.extend(paragraph);
    }
    out.join("\n")
}

/// Whether a line parts paragraphs: empty, or with nothing but the bar that manuals of classes draw.
fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_whitespace() || byte == b'|')
}

/// `text` without the pictures that stand above already, letter by letter, and how many went.
pub(super) fn without_pictures(text: &str) -> Option<(String, usize)> {
    let mut seen = HashSet::new();
    let mut out = String::with_capacity(text.len());
    let mut count = 0;
    let mut from = 0;
    for start in memchr::memmem::find_iter(text.as_bytes(), "<img ") {
        let Some(length) = memchr::memchr2(b'>', b'\n', &text.as_bytes()[start..]) else { break };
        let end = start + length + 1;
        if start < from || text.as_bytes()[end - 1] == b'\n' || end - start < SHORTEST_PICTURE {
            continue;
        }
        if !seen.insert(&text[start..end]) {
            out.push_str(&text[from..start]);
            from = end + usize::from(text[end..].starts_with(' '));
            count += 1;
        }
    }
    out.push_str(&text[from..]);
    (count > 0).then_some((out, count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_option_that_is_told_again_is_named_by_its_first_line() {
        let option = "    --all=false:\n\tSelect all resources in the namespace.\n";
        let text = format!("{option}\n    --other=x:\n\tAnother one.\n\n{option}\nend\n");
        let folded = fold(&text).unwrap();
        assert_eq!(folded, format!("{option}\n    --other=x:\n\tAnother one.\n\n    --all=false: (as above)\n\nend\n"));
        assert_eq!(unfold(&folded), text);
    }

    #[test]
    fn another_paragraph_with_the_same_beginning_is_none_of_it() {
        let (one, other) = ("NOTE\n  Read this first of all things.\n", "NOTE\n  Read that last of all things.\n");
        assert_eq!(fold(&format!("{one}\n{other}\n{one}")), None);
    }

    #[test]
    fn a_picture_is_shown_once() {
        let picture = "<img src=\"https://x.io/u/12586868?v=4\" alt=\"avatar\"/>";
        let text = format!("- {picture} one\n- {picture} two\n- <img> <img src=\"https://x.io/other.png\" al");
        let expected = format!("- {picture} one\n- two\n- <img> <img src=\"https://x.io/other.png\" al");
        assert_eq!(without_pictures(&text), Some((expected, 1)));
    }

    proptest! {
        #[test]
        fn what_is_folded_reads_back(text in "(first line of it|the second one is rather long|(as above)| \\(as above\\)|\n|\n\n|\r\n| \\|\n|é){0,60}", times in 1usize..4) {
            let text = text.repeat(times);
            if let Some(folded) = fold(&text) {
                prop_assert_eq!(unfold(&folded), text);
            }
        }

        #[test]
        fn no_tag_makes_it_panic(text in "(<img src=\"https://x.io/a/b/c.png\" alt=\"é\"/>|<img |>|\n|é| ){0,30}") {
            let _ = without_pictures(&text);
        }
    }
}
