//! What a question and a call tell about what is looked for in a text.
//!
//! Words alone are looked at, so it is a guess in the reader's favour: what they name stays, and nothing is left out for
//! them but a log's ordinary lines, where they ask what went wrong.

use crate::json_text;
use crate::provider::Origin;

/// How many hints a text is searched for.
const MOST_HINTS: usize = 48;

/// An argument longer than this is a text to be written, not a thing to look for.
const LONGEST_ARGUMENT: usize = 500;

/// What a question tells about what is looked for.
#[derive(Debug)]
pub(crate) struct Asked {
    hints: Vec<String>,
    pub(crate) seeks_failures: bool,
}

impl Asked {
    pub(crate) fn of(question: &str) -> Self {
        Self { hints: hints(question), seeks_failures: seeks_failures(question) }
    }

    /// The literals that the question or the call itself names.
    pub(crate) fn named(&self, origin: &Origin) -> Vec<String> {
        let mut named = self.hints.clone();
        if let Origin::Tool { call: Some(call), .. } = origin {
            let arguments = call.arguments.as_ref();
            for span in json_text::strings(arguments).unwrap_or_default() {
                let argument = json_text::decode(&arguments[span]).unwrap_or_default();
                if argument.len() <= LONGEST_ARGUMENT {
                    named.extend(hints(&argument));
                }
            }
        }
        named.truncate(MOST_HINTS);
        named
    }
}

/// How the words begin by which somebody asks what went wrong.
const FAILURE_WORDS: &[&str] = &[
    "abort",
    "breaks",
    "broke",
    "bug",
    "crash",
    "error",
    "exception",
    "fail",
    "fault",
    "hang",
    "hung",
    "panic",
    "stack trace",
    "stacktrace",
    "traceback",
    "went wrong",
    "wrong with",
];

/// Whether a question is what went wrong.
fn seeks_failures(question: &str) -> bool {
    let question = question.to_lowercase();
    FAILURE_WORDS.iter().any(|word| {
        question.match_indices(word).any(|(at, _)| !question[..at].ends_with(|before: char| before.is_alphanumeric()))
    })
}

/// The literals that a question names: what is quoted, and words with a digit or an inner `_`, `.`, `/`, `-` or `:`.
fn hints(question: &str) -> Vec<String> {
    let mut hints = Vec::new();
    for quote in ['"', '`', '\''] {
        let mut parts = question.split(quote);
        parts.next();
        while let (Some(quoted), Some(_)) = (parts.next(), parts.next()) {
            if (3..200).contains(&quoted.len()) && !quoted.contains('\n') {
                hints.push(quoted.to_owned());
            }
        }
    }
    for word in question.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let marks = |c: char| c.is_ascii_digit() || matches!(c, '_' | '.' | '/' | '-' | ':');
        if (3..200).contains(&word.len()) && word.contains(marks) {
            hints.push(word.to_owned());
        }
    }
    hints.sort_unstable();
    hints.dedup();
    hints.truncate(MOST_HINTS);
    hints
}

/// The hints that tell lines of `text` apart: what stands in every fifth line or more (the folder that was searched)
/// is no hint.
pub(crate) fn telling(hints: &[String], text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let is_telling = |hint: &&String| text.lines().filter(|line| line.contains(hint.as_str())).count() * 5 < lines;
    hints.iter().filter(is_telling).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_for_failures_is_told_by_its_words() {
        for question in
            ["What went wrong?", "why do the tests FAIL", "Find the errors.", "it crashed", "a stack trace is in x"]
        {
            assert!(seeks_failures(question), "{question}");
        }
        for question in ["", "Add a terror level", "Which default is used?", "rename unfailing()", "read the log"] {
            assert!(!seeks_failures(question), "{question}");
        }
    }
}
