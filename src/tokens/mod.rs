//! The tokenizer: how many tokens a text costs.
//!
//! The vocabulary is `o200k_base`. Anthropic publishes no tokenizer; the ratio between two texts is what decides here,
//! and that agrees well enough between vocabularies.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tiktoken::CoreBpe;

static VOCABULARY: OnceLock<&'static CoreBpe> = OnceLock::new();

/// Builds the tables (about 0.16 s) on a thread of its own, so that the first request need not.
pub(crate) fn warm() {
    thread::spawn(vocabulary);
}

/// Waits until the tables are built, at most `patience`; false when they are not by then.
pub(crate) fn wait_ready(patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    if VOCABULARY.get().is_none() {
        warm();
    }
    while VOCABULARY.get().is_none() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// The number of tokens of `text`.
pub(crate) fn count(text: &str) -> usize {
    parts(text).map(|part| vocabulary().count(part)).sum()
}

fn vocabulary() -> &'static CoreBpe {
    VOCABULARY.get_or_init(|| tiktoken::get_encoding("o200k_base").expect("the vocabulary is compiled in"))
}

/// A part of a text is at least so many bytes long, if the text is.
const SHORTEST_PART: usize = 512;

/// `text` in parts that have no token in common. The tokenizer looks at all that is left of its text for each piece that
/// begins with a sign outside ASCII, which takes seconds for a megabyte of box drawings.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, behind) = rest.split_at(end_of_part(rest));
        rest = behind;
        Some(part)
    })
}

/// Behind the first line break that no token goes on from: one takes further white space, or a slash, with it.
fn end_of_part(text: &str) -> usize {
    let bytes = text.as_bytes();
    let Some(behind) = bytes.get(SHORTEST_PART..) else { return bytes.len() };
    let goes_on = |at: usize| text[at..].chars().next().is_none_or(|next| next.is_whitespace() || next == '/');
    let mut ends = memchr::memchr_iter(b'\n', behind).map(|at| SHORTEST_PART + at + 1);
    ends.find(|end| !goes_on(*end)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn parts_have_as_many_tokens_as_the_whole(lines in prop::collection::vec(
            "[\\s/]{0,3}([a-zA-Z0-9]{0,9}[ .,:;(){}/\u{a0}├é\u{1b}\u{3000}\r'-]{0,3}){0,8}\n{0,2}", 0..120
        )) {
            let text = lines.concat();
            prop_assert_eq!(parts(&text).collect::<String>(), text.clone());
            prop_assert_eq!(count(&text), vocabulary().count(&text));
        }
    }

    #[test]
    fn known_texts_have_their_known_counts() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("你好，世界"), 3);
    }
}
