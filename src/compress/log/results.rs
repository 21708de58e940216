//! Results of tests, one line each, where a runner takes several lines for one: TAP as Node writes it, and Python's
//! unittest, which says each name twice.
//!
//! Only tests that passed are told shorter; whatever else the runner says stands as it was. Every name, number and time
//! stays in one piece. The form is decoded and compared before it is offered.

use std::fmt::Write as _;

/// How the head line of the form begins.
const HEAD: &str = "[headroom: test results of ";

const TAP: &str =
    "; a line `ok 1 - NAME (2.5 ms)` = the lines `# Subtest: NAME`, `ok 1 - NAME`, `---`, `duration_ms: 2.5`, `...`";

const UNITTEST: &str =
    "; a line `a.b.test ok` = `test (a.b.test) ... ok`, `a.b.test ok: TEXT` = `test (a.b.test)` above `TEXT ... ok`";

/// Behind the time in a row.
const MS: &str = " ms)";

/// Behind the name of a test that passed, in the form and in what unittest writes.
const OK: &str = " ok";
const DOTS_OK: &str = " ... ok";

/// The form must leave out this share of the characters.
const LEAST_SAVED: usize = 8;

/// A test that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed<'a> {
    /// `result` is `ok 1 - NAME`.
    Tap {
        indent: &'a str,
        result: &'a str,
        ms: &'a str,
    },
    Unittest {
        id: &'a str,
        about: Option<&'a str>,
    },
}

/// The form of `text`, or `None` where it would not be much shorter.
pub(super) fn results_form(text: &str) -> Option<String> {
    if text.starts_with("[headroom: ") {
        return None;
    }
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let (mut has_tap, mut has_unittest) = (false, false);
    let mut body = String::with_capacity(text.len());
    let mut line = 0;
    while line < lines.len() {
        // The first line and the last one stay as they were.
        let told = passed(&lines[line..]).filter(|(_, length)| line > 0 && line + length < lines.len());
        let Some((passed, length)) = told else {
            // What would read as one of ours, or as a line that is marked so already.
            if lines[line].starts_with('|') || row(lines[line]).is_some() {
                body.push('|');
            }
            body.extend([lines[line], "\n"]);
            line += 1;
            continue;
        };
        match passed {
            Passed::Tap { indent, result, ms } => {
                has_tap = true;
                let _ = writeln!(body, "{indent}{result} ({ms}{MS}");
            }
            Passed::Unittest { id, about } => {
                has_unittest = true;
                let _ = match about {
                    Some(about) => writeln!(body, "{id}{OK}: {about}"),
                    None => writeln!(body, "{id}{OK}"),
                };
            }
        }
        line += length;
    }
    if !has_tap && !has_unittest {
        return None;
    }
    let tap = if has_tap { TAP } else { "" };
    let unittest = if has_unittest { UNITTEST } else { "" };
    let mut form =
        format!("{HEAD}{} lines, none left out{tap}{unittest}; | starts a line as it was]\n{body}", lines.len());
    if !text.ends_with('\n') {
        form.pop();
    }
    let is_shorter = form.len() < text.len() - text.len() / LEAST_SAVED;
    (is_shorter && decode(&form).as_deref() == Some(text)).then_some(form)
}

/// The test that passed of which `lines` tell first, and in how many lines.
fn passed<'a>(lines: &[&'a str]) -> Option<(Passed<'a>, usize)> {
    if let [subtest, result, dashes, duration, dots, ..] = *lines
        && let Some((indent, name)) = subtest.split_once("# Subtest: ")
    {
        let is_blank = indent.bytes().all(|byte| byte == b' ');
        let result = result.strip_prefix(indent)?;
        let detail = |line: &'a str| line.strip_prefix(indent)?.strip_prefix("  ");
        let ms = detail(duration)?.strip_prefix("duration_ms: ").filter(|ms| is_number(ms))?;
        let is_whole = result_name(result)? == name && detail(dashes)? == "---" && detail(dots)? == "...";
        return (is_blank && is_whole).then_some((Passed::Tap { indent, result, ms }, 5));
    }
    let (first, second) = (lines.first()?, lines.get(1));
    let (name, rest) = first.split_once(" (")?;
    let (id, verdict) = rest.split_once(')')?;
    let is_named = id.strip_suffix(name).is_some_and(|module| module.ends_with('.'));
    if name.is_empty() || !is_named || !is_id(id) {
        return None;
    }
    match verdict {
        DOTS_OK => Some((Passed::Unittest { id, about: None }, 1)),
        "" => {
            let about = second?.strip_suffix(DOTS_OK).filter(|about| !about.is_empty())?;
            Some((Passed::Unittest { id, about: Some(about) }, 2))
        }
        _ => None,
    }
}

/// The test that a line of the form stands for.
fn row(line: &str) -> Option<Passed<'_>> {
    if let Some((result, ms)) = line.strip_suffix(MS).and_then(|line| line.rsplit_once(" (")) {
        let name = result.trim_start_matches(' ');
        let (indent, result) = result.split_at(result.len() - name.len());
        return (is_number(ms) && result_name(result).is_some()).then_some(Passed::Tap { indent, result, ms });
    }
    let (id, rest) = line.split_once(' ')?;
    let about = match rest.strip_prefix(&OK[1..])? {
        "" => None,
        rest => Some(rest.strip_prefix(": ").filter(|about| !about.is_empty())?),
    };
    is_id(id).then_some(Passed::Unittest { id, about })
}

/// The name in `ok 1 - NAME`.
fn result_name(result: &str) -> Option<&str> {
    let (number, name) = result.strip_prefix("ok ")?.split_once(" - ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Whether `text` is the dotted name of a test.
fn is_id(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Rebuilds the text from its form.
pub(super) fn decode(form: &str) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    if !head.starts_with(HEAD) {
        return None;
    }
    let mut text = String::with_capacity(form.len() * 2);
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        if let Some(verbatim) = line.strip_prefix('|') {
            text.push_str(verbatim);
        } else {
            match row(line) {
                Some(Passed::Tap { indent, result, ms }) => {
                    let name = result_name(result)?;
                    let _ = write!(
                        text,
                        "{indent}# Subtest: {name}\n{indent}{result}\n{indent}  ---\n{indent}  duration_ms: {ms}\n{indent}  ..."
                    );
                }
                Some(Passed::Unittest { id, about }) => {
                    let (_, name) = id.rsplit_once('.')?;
                    let _ = match about {
                        Some(about) => write!(text, "{name} ({id})\n{about}{DOTS_OK}"),
                        None => write!(text, "{name} ({id}){DOTS_OK}"),
                    };
                }
                None => text.push_str(line),
            }
        }
        text.push('\n');
    }
    if !form.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tap(number: usize) -> String {
        format!(
            "    # Subtest: 1.{number} in *\n    ok {number} - 1.{number} in *\n      ---\n      duration_ms: 0.{number}\n      ...\n"
        )
    }

    #[test]
    fn a_passed_test_of_tap_is_one_line() {
        let failed = "    not ok 9 - x\n      ---\n      code: 'E'\n      ...\nok 3 - x (1 ms)\n|\n# done\n";
        let text = (1..9).map(tap).fold("TAP version 13\n".to_owned(), |text, test| text + &test) + failed;
        let form = results_form(&text).unwrap();
        let body = form.split_once('\n').unwrap().1;
        assert!(
            body.starts_with("TAP version 13\n    ok 1 - 1.1 in * (0.1 ms)\n    ok 2 - 1.2 in * (0.2 ms)\n"),
            "{body}"
        );
        assert!(
            body.ends_with("    not ok 9 - x\n      ---\n      code: 'E'\n      ...\n|ok 3 - x (1 ms)\n||\n# done\n")
        );
    }

    #[test]
    fn a_passed_test_of_unittest_is_named_once() {
        let line = |n: usize| {
            let id = format!("test_{n} (tests.test_more.WindowedTests.test_{n})");
            if n.is_multiple_of(2) { format!("{id} ... ok\n") } else { format!("{id}\nSlides by {n}. ... ok\n") }
        };
        let text = (1..40).map(line).fold("running\n".to_owned(), |text, test| text + &test)
            + "test_x (a.T.test_x) ... FAIL\n\nRan 41 tests";
        let form = results_form(&text).unwrap();
        let body = form.split_once('\n').unwrap().1;
        assert!(body.starts_with(
            "running\ntests.test_more.WindowedTests.test_1 ok: Slides by 1.\ntests.test_more.WindowedTests.test_2 ok\n"
        ));
        assert!(body.ends_with("test_x (a.T.test_x) ... FAIL\n\nRan 41 tests"));
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            (1..99_usize).prop_map(|number| tap(number).trim_end().to_owned()),
            (1..99_usize).prop_map(|n| format!("test_{n} (m.C.test_{n}) ... ok")),
            (1..99_usize).prop_map(|n| format!("test_{n} (m.C.test_{n})\nsays é {n} ... ok")),
            Just("m.C.test ok: x".to_owned()),
            Just("    ok 3 - x (1 ms)".to_owned()),
            "[|a.() #\r]{0,9}",
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(lines in proptest::collection::vec(line(), 0..40), ends in any::<bool>()) {
            let text = lines.join("\n") + if ends { "\n" } else { "" };
            if let Some(form) = results_form(&text) {
                prop_assert_eq!(decode(&form), Some(text));
            }
        }

        #[test]
        fn nothing_panics(text in "(.|\n){0,200}") {
            let _ = results_form(&text);
            let _ = decode(&format!("{HEAD}1]\n{text}"));
        }
    }
}
