//! Which lines of a log a reader came for: errors, their traces, what the question names.
//!
//! The lexicon is broad and goes by whole words: a success line kept for nothing costs a few tokens, a failure left out
//! costs a wrong answer. Words that deny themselves (`0 errors`, `error=null`) do not count.

use std::sync::LazyLock;

use regex::Regex;

/// A line of a trace is kept at most this far behind the error that it belongs to.
const LONGEST_TRACE: usize = 80;

/// Hinted lines are kept verbatim only while they are at most this share (one in five): a hint that is everywhere tells
/// nothing.
const FEW: usize = 5;

static SEVERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u:\b(?:errors?|err|fail(?:s|ed|ure|ures)?|fatal|panic(?:s|ked)?|exception|traceback|abort(?:s|ed)?|critical|crit|emerg|severe|killed|segfault|sigsegv|core dumped|oom|out of memory)\b)|(?-u:[a-z](?:Error|Exception)\b)",
    )
    .expect("the pattern is constant")
});

static ALARMING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u:\b(?:warn(?:s|ing|ings)?|deprecat(?:ed|ion)|cannot|can't|could ?n[o']t|could not|unable|undefined|unresolved|not found|no such|missing|invalid|illegal|corrupt(?:ed)?|denied|refused|rejected|unreachable|unhandled|uncaught|timed[ -]?out|timeout|conflicts?|vulnerabilit(?:y|ies)|skipp(?:ed|ing)|retry(?:ing)?|mismatch|unexpected|leak(?:ed|s)?|assert(?:ion)?|xfail(?:ed)?|xpass(?:ed)?)\b)|(?-u:[a-z]Warning\b|\bE[0-9]{3,5}\b|\bE[A-Z]{4,}\b)",
    )
    .expect("the pattern is constant")
});

/// How programs say by a number that something did not go well.
static FAILED_STATUS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i-u:\b(?:status|code|http/[0-9.]+"?)["']?[=: ]{1,3}["']?[45][0-9][0-9]\b)|(?i-u:" [45][0-9][0-9] )|(?i-u:\b(?:exit(?:ed)?|rc|ret)(?:[ _-]?(?:code|status))?(?: with)?[=: ]{1,3}-?[1-9])"#,
    )
    .expect("the pattern is constant")
});

/// Which lines matter, and why.
pub(super) struct Notable {
    /// Errors and failures, with their traces.
    pub(super) severe: Vec<bool>,
    /// Warnings and the many ways to say that something did not go well.
    pub(super) alarming: Vec<bool>,
    /// Lines that hold a literal which the question names.
    pub(super) hinted: Vec<bool>,
}

impl Notable {
    pub(super) fn of(text: &str, lines: &[&str], hints: &[String]) -> Self {
        let mut severe = matching(text, lines, &SEVERE, denies_itself);
        follow_traces(lines, &mut severe);
        let alarming = matching(text, lines, &ALARMING, denies_itself);
        let hinted = match hint_pattern(hints) {
            Some(pattern) => matching(text, lines, &pattern, |_, _, _| false),
            None => vec![false; lines.len()],
        };
        Notable { severe, alarming, hinted }
    }

    /// The lines that say in any way that something did not go well.
    pub(super) fn failed(&self, text: &str, lines: &[&str]) -> Vec<bool> {
        let by_status = matching(text, lines, &FAILED_STATUS, |_, _, _| false);
        by_status
            .iter()
            .enumerate()
            .map(|(line, by_status)| *by_status || self.severe[line] || self.alarming[line])
            .collect()
    }

    /// The lines that no template may swallow.
    pub(super) fn kept_verbatim(&self) -> Vec<bool> {
        let is_telling = self.hinted.iter().filter(|line| **line).count() * FEW <= self.hinted.len();
        let mut verbatim: Vec<bool> =
            self.severe.iter().zip(&self.hinted).map(|(&error, &hint)| error || (is_telling && hint)).collect();
        if let [first, .., last] = verbatim.as_mut_slice() {
            (*first, *last) = (true, true);
        }
        verbatim
    }
}

/// The last line that says anything: how a text ends is what is looked for most.
pub(super) fn last_of(lines: &[&str]) -> usize {
    lines.iter().rposition(|line| !line.trim().is_empty()).unwrap_or(0)
}

/// The lines in which `pattern` matches and `except` does not object, in one pass over the text.
fn matching(text: &str, lines: &[&str], pattern: &Regex, except: fn(&str, usize, usize) -> bool) -> Vec<bool> {
    let mut found = vec![false; lines.len()];
    let (mut line, mut line_end) = (0, lines.first().map_or(0, |line| line.len()));
    for place in pattern.find_iter(text) {
        while place.start() > line_end && line + 1 < lines.len() {
            line += 1;
            line_end += 1 + lines[line].len();
        }
        if !found[line] && !except(text, place.start(), place.end()) {
            found[line] = true;
        }
    }
    found
}

/// `0 errors`, `no warnings`, `errors: 0`, `error=null`, and names: `http-errors`, `/var/log/error.log`.
fn denies_itself(text: &str, start: usize, end: usize) -> bool {
    if text[..start].ends_with(['/', '-', '@']) && !text[end..].starts_with(':') {
        return true;
    }
    let before = text[..start].trim_end_matches(' ');
    let counted_none =
        before.ends_with('0') && !before[..before.len() - 1].ends_with(|before: char| before.is_ascii_digit());
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let said_none = matches!(word, "no" | "No" | "without");
    let after = text[end..].trim_start_matches(['=', ':', '"', '\'', ' ']);
    let is_value = text[end..].starts_with(['=', ':', '"']);
    let set_to_none = is_value
        && ["null", "nil", "none", "None", "false", "0\n", "0 ", "0,", "0}", "0;"]
            .iter()
            .any(|none| after.starts_with(none));
    counted_none || said_none || set_to_none
}

fn hint_pattern(hints: &[String]) -> Option<Regex> {
    let longest_first = {
        let mut hints: Vec<&String> = hints.iter().filter(|hint| hint.len() >= 2).collect();
        hints.sort_by_key(|hint| std::cmp::Reverse(hint.len()));
        hints
    };
    let alternatives: Vec<String> = longest_first.iter().take(256).map(|hint| regex::escape(hint)).collect();
    if alternatives.is_empty() { None } else { Regex::new(&alternatives.join("|")).ok() }
}

/// Marks the lines of the trace behind each error, and of a trace that begins without one.
fn follow_traces(lines: &[&str], severe: &mut [bool]) {
    let mut left: usize = 0;
    let mut in_python = false;
    for line in 0..lines.len() {
        let text = lines[line];
        if severe[line] || is_frame(text) || begins_trace(text) {
            in_python =
                text.contains("Traceback (most recent call last)") || (in_python && text.starts_with([' ', '\t']));
            severe[line] = true;
            left = LONGEST_TRACE;
        } else if left > 0 && (continues(text) || in_python) {
            severe[line] = true;
            left -= 1;
            // The exception itself stands at the margin again and ends the trace.
            in_python &= text.starts_with([' ', '\t', '|', '+']) || text.is_empty();
        } else {
            left = 0;
            in_python = false;
        }
    }
}

fn begins_trace(line: &str) -> bool {
    line.starts_with("goroutine ") && line.ends_with(':')
        || line.starts_with("stack backtrace:")
        || line.contains("' panicked at ")
        || line.contains("Traceback (most recent call last)")
}

fn is_frame(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.len() < line.len()
        && (trimmed.starts_with("at ") || trimmed.starts_with("File \"") || trimmed.starts_with("--> "))
        || trimmed.starts_with("Caused by:")
}

fn continues(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
        || ["note: ", "help: ", "Caused by", "... ", "left:", "right:", "created by "]
            .iter()
            .any(|word| line.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severe(text: &str) -> Vec<bool> {
        let lines: Vec<&str> = text.split('\n').collect();
        Notable::of(text, &lines, &[]).severe
    }

    #[test]
    fn errors_are_found_by_whole_words() {
        assert_eq!(
            severe("all ok\nERROR disk\nterrors\nValueError: x\ntest error_handling ok\nexit FAILED\nhttp-errors 2.0"),
            [false, true, false, true, false, true, false]
        );
    }

    #[test]
    fn denied_errors_are_none() {
        assert_eq!(
            severe("0 errors\nno error\nerror=null id=3\nerrors: 0, ok\n10 errors\nturbo_piano error"),
            [false, false, false, false, true, true]
        );
    }

    #[test]
    fn a_python_traceback_is_kept_to_its_last_line() {
        let text = "start\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyboardInterrupt\nok\nok";
        assert_eq!(severe(text), [false, true, true, true, true, false, false]);
    }

    #[test]
    fn frames_follow_their_error() {
        let text = "x\nException in thread \"main\" java.lang.X\n\tat a.B.c(B.java:1)\n\t... 3 more\nx";
        assert_eq!(severe(text), [false, true, true, true, false]);
    }

    #[test]
    fn a_status_can_say_that_something_failed() {
        let text = "GET /a status=200\nGET /b status=503\n\"GET /c HTTP/1.1\" 404 12\nexited with 1\nexit code: 0\n{\"status\": 500}\ncode=20";
        let lines: Vec<&str> = text.split('\n').collect();
        let failed = Notable::of(text, &lines, &[]).failed(text, &lines);
        assert_eq!(failed, [false, true, true, true, false, true, false]);
    }

    #[test]
    fn lines_that_the_question_names_are_found() {
        let lines = ["a 4711 b", "c", "path=/x/y"];
        let notable = Notable::of(&lines.join("\n"), &lines, &["4711".to_owned(), "/x/y".to_owned()]);
        assert_eq!(notable.hinted, [true, false, true]);
    }
}
