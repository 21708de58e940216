//! Paragraphs and pictures that stand above already.
//!
//! A paragraph is named by its first line: where that is the first line of another one above too, nothing is folded.

use std::collections::HashMap;

/// What the legend says of the sign.
pub(super) const TELLS: &str =
    "a paragraph that ends with \"(as above)\" goes on as the one above with the same beginning";

const SIGN: &str = " (as above)";
/// A shorter rest is not worth the sign.
const SHORTEST_REST: usize = 24;
/// What the legend says of a picture's sign.
pub(super) const PICTURES_TELL: &str = "<img/> is the picture that stands above before the same name";

const PICTURE_SIGN: &str = "<img/>";
/// A shorter tag stays.
const SHORTEST_PICTURE: usize = 30;
/// Longer words in brackets are no name.
const LONGEST_NAME: usize = 200;

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

/// `text` with `<img/>` for each picture that the same words followed above; none if there is no such picture or the
/// text cannot be told from it.
pub(super) fn fold_pictures(text: &str) -> Option<String> {
    let mut picture_of: HashMap<&str, &str> = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for start in memchr::memmem::find_iter(text.as_bytes(), "<img ") {
        let Some((picture, name)) = picture(&text[start..]).filter(|_| start >= from) else { continue };
        if picture_of.insert(name, picture) == Some(picture) {
            out.push_str(&text[from..start]);
            out.push_str(PICTURE_SIGN);
            from = start + picture.len();
        }
    }
    out.push_str(&text[from..]);
    (from > 0 && !text.contains(PICTURE_SIGN) && unfold_pictures(&out) == text).then_some(out)
}

/// The text that one with `<img/>` stands for.
pub(super) fn unfold_pictures(folded: &str) -> String {
    let mut picture_of: HashMap<&str, &str> = HashMap::new();
    let mut out = String::with_capacity(folded.len());
    let mut from = 0;
    for start in memchr::memmem::find_iter(folded.as_bytes(), "<img") {
        let text = &folded[start..];
        if let Some(behind) = text.strip_prefix(PICTURE_SIGN) {
            if let Some(picture) = name(behind).and_then(|name| picture_of.get(name)) {
                out.push_str(&folded[from..start]);
                out.push_str(picture);
                from = start + PICTURE_SIGN.len();
            }
        } else if let Some((picture, name)) = picture(text) {
            picture_of.insert(name, picture);
        }
    }
    out.push_str(&folded[from..]);
    out
}

/// The picture that `text` begins with, and the words in brackets behind it.
fn picture(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr2(b'>', b'\n', text.as_bytes())?;
    let picture = text.get(..=end).filter(|picture| picture.len() >= SHORTEST_PICTURE && picture.ends_with('>'))?;
    Some((picture, name(&text[end + 1..])?))
}

fn name(text: &str) -> Option<&str> {
    let end = memchr::memchr2(b']', b'\n', text.as_bytes())?;
    text.get(..=end).filter(|name| name.ends_with(']') && name.len() <= LONGEST_NAME)
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
    fn a_picture_before_the_same_name_is_shown_once() {
        let (one, other) = ("<img src=\"https://x.io/u/12586868?v=4\"/>", "<img src=\"https://x.io/u/34566767?v=4\"/>");
        let text = format!("- {one} [A](x) 1\n- {other} [B](y)\n- {one} [A](x) 2\n- {other} [A](x)\n- {one}");
        let folded = format!("- {one} [A](x) 1\n- {other} [B](y)\n- <img/> [A](x) 2\n- {other} [A](x)\n- {one}");
        assert_eq!(fold_pictures(&text), Some(folded.clone()));
        assert_eq!(unfold_pictures(&folded), text);
        assert_eq!(fold_pictures(&format!("<img/>{text}")), None);
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
        fn folded_pictures_read_back(text in "(<img src=\"https://x.io/a/b/c.png\" alt=\"é\"/>|<img src=\"https://x.io/a/b/d.png\" alt=\"é\"/>|<img |<img/>|>|\\[a\\]|\\[é|\\]|\n| ){0,40}", times in 1usize..4) {
            let text = text.repeat(times);
            if let Some(folded) = fold_pictures(&text) {
                prop_assert_eq!(unfold_pictures(&folded), text);
            }
        }
    }
}
