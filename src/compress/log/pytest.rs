//! What `pytest -v` prints: a line for each test, without what follows from its place.
//!
//! The share of all tests that are done is told where it changes, and the word of a test that passed in the head line.
//! The name of a test stays in one piece. The form is decoded and compared before it is offered.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use crate::compress::log::lines;

/// How the head line of the form begins.
const HEAD: &str = "[headroom: tests of pytest, none left out; ";
const HOW_TO_READ: &str = "a test without another word has PASSED; 50% = the share done from there on; | starts a line as it \
                           was]";

/// Fewer tests are shown as they are.
const FEWEST_TESTS: usize = 8;

const PASSED: &str = " PASSED";

/// What makes a line the line of a test.
const NAMES: &str = "::";

/// The share of all tests: a blank, brackets, three digits.
const SHARE_LENGTH: usize = 7;

static SHARE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" +\[ *\d{1,3}%\]$").expect("a valid pattern"));
static COLLECTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:collecting \.\.\. )?collected (\d+) items?(?: / .*?(\d+) selected)?").expect("a valid pattern")
});

/// The form of `text`, or `None` where it is no such output.
pub(super) fn pytest_form(text: &str) -> Option<String> {
    let run = Run::of(text)?;
    let mut form = format!("{HEAD}{HOW_TO_READ}\n");
    let last = lines::last_of(&text.split('\n').collect::<Vec<_>>());
    let (mut tests, mut told) = (0, 0);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            form.push('\n');
        }
        let found = run.test(line, tests + 1);
        tests += usize::from(found.is_some());
        match found {
            // How a text ends is what is looked for most.
            Some(found) if at != last => {
                form.push_str(found.strip_suffix(PASSED).unwrap_or(found));
                let share = run.share(tests);
                if share != told {
                    let _ = write!(form, " {share}%");
                    told = share;
                }
            }
            _ => {
                if line.starts_with('|') || line.contains(NAMES) {
                    form.push('|');
                }
                form.push_str(line);
            }
        }
    }
    (tests >= FEWEST_TESTS && decode(&form).as_deref() == Some(text)).then_some(form)
}

/// The text that a form stands for.
pub(super) fn decode(form: &str) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    head.strip_prefix(HEAD)?;
    let run = Run::of(body)?;
    let mut tests = 0;
    let lines = body.split('\n').map(|line| match line.strip_prefix('|') {
        Some(line) => {
            tests += usize::from(run.test(line, tests + 1).is_some());
            line.to_owned()
        }
        None if !line.contains(NAMES) => line.to_owned(),
        None => {
            tests += 1;
            let share = format!(" {}%", run.share(tests));
            let line = line.strip_suffix(&share).unwrap_or(line);
            let has_result = RESULTS.iter().any(|result| line.contains(result));
            if has_result { run.line(line, tests) } else { run.line(&format!("{line}{PASSED}"), tests) }
        }
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// What else than `PASSED` a test may end in.
const RESULTS: [&str; 5] = [" FAILED", " ERROR", " SKIPPED", " XFAIL", " XPASS"];

/// What the lines of all tests have in common.
struct Run {
    total: usize,
}

impl Run {
    /// A terminal has so many columns where there is none, of which the last stays free.
    const WIDTH: usize = 79;

    fn of(text: &str) -> Option<Self> {
        let collected = COLLECTED.captures(text)?;
        let total = collected.get(2).or(collected.get(1))?.as_str().parse().ok()?;
        (total > 0).then_some(Self { total })
    }

    /// The test whose line `line` is, if it has this number.
    fn test<'a>(&self, line: &'a str, number: usize) -> Option<&'a str> {
        let test = &line[..SHARE.find(line)?.start()];
        let is_test = test.contains(NAMES) && !test.starts_with('|');
        (is_test && self.line(test, number) == line).then_some(test)
    }

    /// The line of the test with this number, counted from 1.
    fn line(&self, test: &str, number: usize) -> String {
        let spaces = Self::WIDTH.saturating_sub(test.chars().count() + SHARE_LENGTH);
        format!("{test}{:spaces$} [{:>3}%]", "", self.share(number))
    }

    /// How many percent of the tests are done with this one.
    fn share(&self, number: usize) -> usize {
        number.saturating_mul(100) / self.total
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(count: usize) -> String {
        let run = Run { total: count };
        let test = |n: usize| match n % 7 {
            0 => format!("tests/test_a.py::TestCase::test_{n} FAILED"),
            1 => format!("tests/test_a.py::test_{n}[a b::c] SKIPPED (no network)"),
            _ => format!("tests/test_a.py::test_of_something_that_has_a_very_long_name_{n}{} PASSED", "x".repeat(n)),
        };
        let tests: Vec<String> = (1..=count).map(|n| run.line(&test(n), n) + "\n").collect();
        format!("collecting ... collected {count} items\n\n{}\nE   a::b\n|x\n=== 1 failed ===\n", tests.concat())
    }

    #[test]
    fn a_test_keeps_its_name_in_one_piece_and_a_passed_one_nothing_else() {
        let text = run(40);
        let real = "tests/test_more.py::LastTests::test_basic PASSED                         [  1%]";
        assert_eq!(Run { total: 90 }.line("tests/test_more.py::LastTests::test_basic PASSED", 1), real);
        let form = pytest_form(&text).unwrap();
        assert_eq!(decode(&form).as_deref(), Some(text.as_str()));
        assert!(form.contains("\ntests/test_a.py::TestCase::test_7 FAILED 17%\n"), "{form}");
        assert!(form.contains("\ntests/test_a.py::test_of_something_that_has_a_very_long_name_2xx 5%\n"), "{form}");
        assert!(form.contains("\n|E   a::b\n||x\n=== 1 failed"), "{form}");
    }

    #[test]
    fn selected_tests_are_the_whole_and_other_outputs_are_left_alone() {
        let text = run(40).replace("collected 40 items", "collected 90 items / 50 deselected / 40 selected");
        assert_eq!(decode(&pytest_form(&text).unwrap()).as_deref(), Some(text.as_str()));
        assert_eq!(pytest_form(&run(40).replace("collected", "found")), None);
        assert_eq!(pytest_form(&run(5)), None);
        assert_eq!(pytest_form(&run(40).replace("40 items", "0 items")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_stands_between_the_tests_comes_back(
            count in 8usize..30, at in 0usize..30, line in "(\\|?[a ]{0,3}(::)?( PASSED| FAILED)?( \\[ 1.%\\])?\r?){1,2}"
        ) {
            let text = run(count);
            let at = text.match_indices('\n').map(|(at, _)| at).nth(at).unwrap_or(0);
            let text = format!("{}\n{line}{}", &text[..at], &text[at..]);
            if let Some(form) = pytest_form(&text) {
                prop_assert_eq!(decode(&form), Some(text));
            }
        }
    }
}
