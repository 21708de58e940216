//! Findings by file: what linters, type checkers and compilers say about places, with each path once and each message
//! once per file.
//!
//! A file's findings stand in the order in which their messages come first, so findings that share a message share a row.
//! The order as it was is that of their places; where a tool's order is another one, a new heading begins. The form is
//! decoded and compared before it is offered.

use std::collections::HashMap;
use std::fmt::Write as _;

/// How the head line of the form begins.
const HEAD: &str = "[headroom: findings by file, ";

const HOW_TO_READ: &str = "a path stands above its findings, one for each PLACE before a message, as written in the order of places; | starts a line as it was";

/// The form must leave out this share of the characters.
const LEAST_SAVED: usize = 8;

/// Fewer findings are read as quickly one by one.
const FEWEST: usize = 4;

/// A line that says something about a place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Finding<'a> {
    path: &'a str,
    /// `12`, `12:5` or `(12,5)`.
    place: &'a str,
    /// From the sign behind the place on.
    message: &'a str,
    /// Line and column, by which a tool orders its findings.
    position: (u32, u32),
}

/// The form of `text`, or `None` where it would not be much shorter.
pub(super) fn findings_form(text: &str, hints: &[String]) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    if text.starts_with("[headroom: ") || !shares_paths(&lines) {
        return None;
    }
    let mut form = format!("{HEAD}{} lines, none left out; {HOW_TO_READ}]\n", lines.len());
    write(&lines, hints, &mut form);
    if !text.ends_with('\n') {
        form.pop();
    }
    let is_shorter = form.len() < text.len() - text.len() / LEAST_SAVED;
    (is_shorter && decode(&form).as_deref() == Some(text)).then_some(form)
}

/// The head line of a text from which other lines were left out, where `lines` hold findings that share their paths.
pub(super) fn legend(lines: &[&str]) -> Option<String> {
    shares_paths(lines).then(|| format!("{HEAD}{HOW_TO_READ}]"))
}

fn shares_paths(lines: &[&str]) -> bool {
    let found: Vec<Finding> = lines.iter().filter_map(|line| find(line)).collect();
    found.windows(2).filter(|pair| pair[0].path == pair[1].path).count() >= FEWEST
}

/// Appends `lines` as findings by file, or, where they would not read back, one by one.
pub(super) fn write_exactly(lines: &[&str], hints: &[String], form: &mut String) {
    let mut part = format!("{HEAD}]\n");
    let head = part.len();
    write(lines, hints, &mut part);
    let is_exact = decode(&part).is_some_and(|read| read.split_terminator('\n').eq(lines.iter().copied()));
    if is_exact {
        form.push_str(&part[head..]);
    } else {
        for line in lines {
            form.extend(["|", *line, "\n"]);
        }
    }
}

/// Appends `lines` in the form. Findings that a hint names beyond one of their parts stay in one piece.
fn write(lines: &[&str], hints: &[String], form: &mut String) {
    let places: Vec<&String> = hints.iter().filter(|hint| hint.contains([':', '('])).collect();
    let is_named = |line: &str, finding: &Finding| {
        places.iter().any(|hint| line.contains(hint.as_str()) && !finding.message.contains(hint.as_str()))
    };
    let mut file = File::default();
    for line in lines {
        if let Some(finding) = find(line).filter(|finding| !is_named(line, finding)) {
            file.take(finding, form);
            continue;
        }
        file.finish(form);
        if !line.is_empty() {
            form.push('|');
        }
        form.extend([*line, "\n"]);
    }
    file.finish(form);
}

/// The findings of one file that are not written yet.
#[derive(Default)]
struct File<'a> {
    path: &'a str,
    rows: Vec<Row<'a>>,
    /// The latest row with each message.
    row_of: HashMap<&'a str, usize>,
    last: Option<((u32, u32), usize)>,
}

struct Row<'a> {
    places: Vec<&'a str>,
    message: &'a str,
}

impl<'a> File<'a> {
    fn take(&mut self, finding: Finding<'a>, form: &mut String) {
        let is_behind = self.last.is_some_and(|(position, _)| position > finding.position);
        if finding.path != self.path || is_behind {
            self.finish(form);
            let _ = writeln!(form, "{}", finding.path);
            self.path = finding.path;
        }
        let known = self.row_of.get(finding.message).copied();
        // Findings at one place are told apart by their rows.
        let fits = |row: &usize| self.last.is_none_or(|last| last <= (finding.position, *row));
        let row = known.filter(fits).unwrap_or_else(|| {
            self.rows.push(Row { places: Vec::new(), message: finding.message });
            self.rows.len() - 1
        });
        self.row_of.insert(finding.message, row);
        self.rows[row].places.push(finding.place);
        self.last = Some((finding.position, row));
    }

    fn finish(&mut self, form: &mut String) {
        for row in self.rows.drain(..) {
            let _ = writeln!(form, "{}{}", row.places.join(", "), row.message);
        }
        self.row_of.clear();
        self.last = None;
    }
}

/// Rebuilds the text from its form.
pub(super) fn decode(form: &str) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    if !head.starts_with(HEAD) {
        return None;
    }
    let mut text = String::with_capacity(form.len() * 2);
    let mut path = "";
    let mut file: Vec<(usize, Finding)> = Vec::new();
    let body = body.strip_suffix('\n').unwrap_or(body);
    for (row, line) in body.split('\n').enumerate() {
        if line.starts_with(|first: char| first.is_ascii_digit() || first == '(') {
            file.extend(row_findings(path, line)?.into_iter().map(|finding| (row, finding)));
            continue;
        }
        put_back(&mut file, &mut text);
        if line.is_empty() {
            text.push('\n');
        } else if let Some(verbatim) = line.strip_prefix('|') {
            text.push_str(verbatim);
            text.push('\n');
        } else {
            path = line;
        }
    }
    put_back(&mut file, &mut text);
    if !form.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

fn row_findings<'a>(path: &'a str, row: &'a str) -> Option<Vec<Finding<'a>>> {
    let mut places = Vec::new();
    let mut rest = row;
    loop {
        let (place, position) = leading_place(rest)?;
        places.push((place, position));
        rest = &rest[place.len()..];
        match rest.strip_prefix(", ") {
            Some(next) => rest = next,
            None => break,
        }
    }
    Some(places.into_iter().map(|(place, position)| Finding { path, place, message: rest, position }).collect())
}

fn put_back(file: &mut Vec<(usize, Finding)>, text: &mut String) {
    file.sort_by_key(|(row, finding)| (finding.position, *row));
    for (_, Finding { path, place, message, .. }) in file.drain(..) {
        let joint = if place.starts_with('(') { "" } else { ":" };
        let _ = writeln!(text, "{path}{joint}{place}{message}");
    }
}

/// The finding in `line`: `path:12:5: …`, `path:12: …` or `path(12,5): …`.
fn find(line: &str) -> Option<Finding<'_>> {
    let bytes = line.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let opens = |at: &usize| matches!(bytes[*at], b':' | b'(') && is_digit(at + 1);
    let end = (0..bytes.len().min(LONGEST_PATH)).take_while(|at| !bytes[*at].is_ascii_whitespace()).find(opens)?;
    let path = &line[..end];
    let place_start = end + usize::from(bytes[end] == b':');
    let (place, position) = leading_place(&line[place_start..])?;
    let message = &line[place_start + place.len()..];
    let is_path = path
        .starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '.' | '/' | '_' | '<' | '~' | '@'))
        && path.contains(['.', '/', '\\'])
        && path.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !path.contains("://")
        && !path.contains(['"', '\'', '(', ')', '=', ',']);
    (is_path && (message.starts_with(": ") || message.starts_with(" - "))).then_some(Finding {
        path,
        place,
        message,
        position,
    })
}

/// A path is looked for so far into a line.
const LONGEST_PATH: usize = 300;

/// The place that `text` begins with, and its line and column.
fn leading_place(text: &str) -> Option<(&str, (u32, u32))> {
    let (inside, comma, close) = match text.strip_prefix('(') {
        Some(inside) => (inside, b',', 1),
        None => (text, b':', 0),
    };
    let digits = |from: usize| inside.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let line_length = digits(0);
    let mut end = line_length;
    let line = inside[..end].parse().ok()?;
    let mut column = 0;
    if inside.as_bytes().get(end) == Some(&comma) && digits(end + 1) > 0 {
        let start = end + 1;
        end = start + digits(start);
        column = inside[start..end].parse().ok()?;
    }
    if close == 1 && inside.as_bytes().get(end) != Some(&b')') {
        return None;
    }
    Some((&text[..end + 2 * close], (line, column)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUFF: &str = "src/click/core.py:1:1: D205 1 blank line required\n\
        src/click/core.py:7:19: PLC0414 Import alias does not rename original package\n\
        src/click/core.py:8:19: PLC0414 Import alias does not rename original package\n\
        src/click/core.py:9:19: PLC0414 Import alias does not rename original package\n\
        src/click/types.py:9:1: D205 1 blank line required\n\
        src/click/types.py:9:1: D212 [*] Summary\n\
        src/click/types.py:30:1: D205 1 blank line required\n\
        Found 7 errors.\n";

    fn written(text: &str, hints: &[&str]) -> String {
        let hints: Vec<String> = hints.iter().map(ToString::to_string).collect();
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let mut form = format!("{HEAD}]\n");
        write(&lines, &hints, &mut form);
        assert_eq!(decode(&form).as_deref(), Some(text));
        form.split_once('\n').unwrap().1.to_owned()
    }

    #[test]
    fn a_path_stands_above_its_findings() {
        assert_eq!(
            written(RUFF, &[]),
            "src/click/core.py\n1:1: D205 1 blank line required\n\
             7:19, 8:19, 9:19: PLC0414 Import alias does not rename original package\n\
             src/click/types.py\n9:1, 30:1: D205 1 blank line required\n9:1: D212 [*] Summary\n|Found 7 errors.\n"
        );
        let long = RUFF.repeat(3);
        assert!(findings_form(&long, &[]).is_some_and(|form| form.len() < long.len()));
        assert_eq!(findings_form("src/a.rs:1:1: x\nsrc/b.rs:1:1: x\n", &[]), None);
    }

    #[test]
    fn places_in_brackets_are_told_from_others() {
        let line = |n: usize| format!("lib/a.ts({n},19): error TS7006: Parameter 'thing' has an 'any' type.\n");
        let text = format!("{}{}lib/a.ts:9:1: lint\n", line(1), line(2));
        assert_eq!(
            written(&text, &[]),
            "lib/a.ts\n(1,19), (2,19): error TS7006: Parameter 'thing' has an 'any' type.\n9:1: lint\n"
        );
    }

    #[test]
    fn findings_that_are_in_no_order_are_written_in_theirs() {
        let lines: Vec<String> = [9, 3, 3, 5, 4, 4, 8].iter().map(|n| format!("src/main.c:{n}:1: unused\n")).collect();
        assert_eq!(
            written(&lines.concat(), &[]),
            "src/main.c\n9:1: unused\nsrc/main.c\n3:1, 3:1, 5:1: unused\nsrc/main.c\n4:1, 4:1, 8:1: unused\n"
        );
        let ties = "a.c:1: x\na.c:1: y\na.c:2: y\na.c:2: x\na.c:3: x\n";
        assert_eq!(written(ties, &[]), "a.c\n1: x\n1, 2: y\n2, 3: x\n");
    }

    #[test]
    fn a_place_that_the_question_names_stays_in_one_piece() {
        let form = written(RUFF, &["core.py:8"]);
        assert!(form.contains("\n|src/click/core.py:8:19: PLC0414"), "{form}");
        assert!(!written(RUFF, &["PLC0414"]).contains("|src"));
    }

    #[test]
    fn lines_that_only_look_like_findings_are_none() {
        for line in [
            "2026-11-20T10:00:01: up",
            "http://127.0.0.1:80: refused",
            "10.0.0.1:8080: refused",
            "src/a.rs:12:text",
            "note: at src/a.rs:12:5: x",
            "f(1,2): x",
            "a.c:99999999999: x",
            "a.c(1,2: x",
            ":1:1: x",
            "",
        ] {
            assert_eq!(find(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(text in "((a|b/c|d)\\.py(:[1-4]|:[1-3]:[12]|\\([12],[12]\\)):( x| yé|, 2: z|\n?)\n|[|(0-9:]|é|\n| \t|a\\.py\n|\r\n){0,40}") {
            prop_assume!(!text.is_empty());
            let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(&text).split('\n').collect();
            let mut form = format!("{HEAD}]\n");
            write(&lines, &[], &mut form);
            if !text.ends_with('\n') {
                form.pop();
            }
            prop_assert_eq!(decode(&form), Some(text));
        }
    }
}
