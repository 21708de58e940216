//! What a terminal would show of a text: without colour codes, and of a line that was overwritten only its last state.
//!
//! Only a progress display is overwritten for good: a line is kept whole where a state that was overwritten is none, says
//! something alarming, or names what the last one does not. A lone carriage return may also be how lines end.

use std::sync::LazyLock;

use regex::Regex;

use crate::compress::literal;

/// A percentage, a bar, a spinner, or the clock of `curl`.
static PROGRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9] ?%|[━█░▒▓╸╺▏▎▍▌▋▊▉\u{2800}-\u{28ff}]|\[[=#>. -]{4,}\]|--:--:--")
        .expect("the pattern is constant")
});

/// A text without terminal control codes, with the same number of lines.
pub(super) struct Plain {
    pub(super) text: String,
    /// How many codes and overwritten states were taken out.
    pub(super) codes: usize,
}

static CODES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>78DEHMc]")
        .expect("the pattern is constant")
});

static ALARM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u:\b(?:err|errors?|warn|warnings?|fail|failed|failure|fatal|panic|abort|denied|refused)\b)")
        .expect("the pattern is constant")
});

/// The text as a terminal would show it; `None` where it holds no codes.
pub(super) fn plain(text: &str) -> Option<Plain> {
    let has_overwritten = text.as_bytes().windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n');
    if !has_overwritten && !text.contains('\x1b') {
        return None;
    }
    let mut codes = 0;
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        codes += CODES.find_iter(line).count();
        let line = CODES.replace_all(line, "");
        codes += overwrite(&line, &mut shown);
    }
    (codes > 0).then_some(Plain { text: shown, codes })
}

/// Appends the last state of `line`; returns how many states before it are gone.
fn overwrite(line: &str, shown: &mut String) -> usize {
    let end = if line.ends_with("\r\n") { "\r\n" } else { &line[line.trim_end_matches('\n').len()..] };
    let mut states: Vec<&str> =
        line[..line.len() - end.len()].split('\r').filter(|state| !state.trim().is_empty()).collect();
    let last = states.pop().unwrap_or("");
    let goes = |state: &&str| {
        let is_progress = PROGRESS.is_match(state) || last.starts_with(state.trim_end());
        is_progress && !ALARM.is_match(state)
    };
    if !states.iter().all(goes) || literal::lost(&states.join("\r"), last, 1, "").is_some() {
        shown.push_str(line);
        return 0;
    }
    shown.push_str(last);
    shown.push_str(end);
    states.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, usize)> {
        plain(text).map(|plain| (plain.text, plain.codes))
    }

    #[test]
    fn colours_go_and_the_words_stay() {
        assert_eq!(shown("\x1b[1;32mok\x1b[0m a\n\x1b]0;title\x07b\r\n"), Some(("ok a\nb\r\n".to_owned(), 3)));
    }

    #[test]
    fn of_a_progress_bar_the_last_state_stays() {
        assert_eq!(shown("x\n 10%\r 50%\r100% done\ny"), Some(("x\n100% done\ny".to_owned(), 2)));
    }

    #[test]
    fn an_overwritten_error_keeps_its_line() {
        assert_eq!(shown("error: disk full\r100%\n"), None);
    }

    #[test]
    fn lines_that_end_in_a_carriage_return_all_stay() {
        assert_eq!(shown("apples\rpears\rplums\n"), None);
        assert_eq!(shown("10% src/a.rs\r20% src/b.rs\rdone\n"), None);
    }

    #[test]
    fn windows_line_ends_are_no_overwriting() {
        assert_eq!(shown("a\r\nb\r\n"), None);
    }
}
