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
    thread::spawn(|| count(""));
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
    let vocabulary =
        VOCABULARY.get_or_init(|| tiktoken::get_encoding("o200k_base").expect("the vocabulary is compiled in"));
    vocabulary.count(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_their_known_counts() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("你好，世界"), 3);
    }
}
