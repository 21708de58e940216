//! `git log`, `git show --stat`: commits one below the other.

use std::borrow::Cow;

use crate::compress::git::{Layout, date};

pub(super) const LAYOUT: Layout = Layout {
    how: "git log, nothing left out; `commit HASH DATE` (a time alone: on the day of the commit above), headers that do \
          not stand there are those of the commit above, messages not indented; | starts a line as it was",
    write,
    read,
};

const INDENT: &str = "    ";

/// Whether a line is the first of a commit: `commit HASH`, `commit HASH (HEAD -> main)`.
pub(super) fn is_commit(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("commit ") else { return false };
    rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 7
}

/// The headers of the last commit, by their labels: `Author: `, `Date:   `.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Headers<'a> {
    fields: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Headers<'a> {
    /// `None` where a line is no header.
    fn parse(lines: &[&'a str]) -> Option<Self> {
        let fields: Option<Vec<_>> = lines.iter().map(|line| field(line)).collect();
        let fields = fields?.into_iter().filter(|(label, _)| *label != MERGE);
        Some(Self { fields: fields.map(|(label, value)| (label, Cow::Borrowed(value))).collect() })
    }

    /// The one that is said in the line of the commit.
    fn date(&self) -> Option<usize> {
        self.fields.iter().position(|(label, _)| label.contains("Date:"))
    }

    fn has_labels_of(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(own, other)| own.0 == other.0)
    }
}

const MERGE: &str = "Merge: ";

/// A header's label, with the spaces behind it, and its value.
fn field(line: &str) -> Option<(&str, &str)> {
    let colon = line.find(": ")?;
    let length = line.len() - line[colon + 1..].trim_start_matches(' ').len();
    let is_label = line[..colon].bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_label && colon > 0).then(|| line.split_at(length))
}

/// The commits of `lines`, each from its first line on; what stands before the first one is none.
fn commits<'a, 'b>(lines: &'b [&'a str], begins: fn(&str) -> bool) -> Option<Vec<&'b [&'a str]>> {
    let starts: Vec<usize> = (0..lines.len()).filter(|at| begins(lines[*at])).collect();
    if starts.len() < 2 || starts[0] != 0 {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    Some(starts.iter().zip(ends).map(|(start, end)| &lines[*start..end]).collect())
}

fn write(lines: &[&str]) -> Option<Vec<String>> {
    let mut form = Vec::with_capacity(lines.len());
    let mut known = Headers::default();
    for commit in commits(lines, is_commit)? {
        let before = known.clone();
        let written = write_commit(commit, &mut known);
        if let Some(written) = written.filter(|written| reads_as(written, &before, commit)) {
            form.extend(written);
        } else {
            // Headers that go without saying are those of the commit right above, and this one's are not known.
            known = Headers::default();
            form.extend(commit.iter().map(|line| format!("|{line}")));
        }
    }
    Some(form)
}

/// Whether `written` is read as `commit`, behind one with the headers `before`, and as no other commit.
fn reads_as(written: &[String], before: &Headers, commit: &[&str]) -> bool {
    if written[1..].iter().any(|line| begins(line)) {
        return false;
    }
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    read_commit(&written, &mut before.clone()).is_some_and(|read| read == commit)
}

fn write_commit<'a>(commit: &[&'a str], known: &mut Headers<'a>) -> Option<Vec<String>> {
    let headers_end = commit.iter().position(|line| line.is_empty())?;
    let header_lines = &commit[1..headers_end];
    let headers = Headers::parse(header_lines)?;
    let date = headers.date()?;
    let mut form = Vec::with_capacity(commit.len());
    if headers.has_labels_of(known) {
        let written = &headers.fields[date].1;
        let time = date::time_alone(written, &known.fields[date].1);
        form.push(format!("{} {}", commit[0], time.unwrap_or(written)));
        for line in header_lines {
            let is_known = field(line).is_some_and(|(label, value)| {
                label == headers.fields[date].0 || known.fields.iter().any(|known| known.0 == label && known.1 == value)
            });
            if !is_known {
                form.push((*line).to_owned());
            }
        }
    } else {
        form.extend(commit[..=headers_end].iter().map(|line| (*line).to_owned()));
    }
    *known = headers;
    let rest = &commit[headers_end + 1..];
    let message = rest.iter().take_while(|line| line.starts_with(INDENT)).count();
    form.extend(rest[..message].iter().map(|line| line[INDENT.len()..].to_owned()));
    form.extend(rest[message..].iter().map(|line| row(line).map_or_else(|| (*line).to_owned(), |row| row.slim())));
    Some(form)
}

fn read(lines: &[&str]) -> Option<Vec<String>> {
    let mut text = Vec::with_capacity(lines.len());
    let mut known = Headers::default();
    for commit in commits(lines, begins)? {
        if commit[0].starts_with('|') {
            for line in commit {
                text.push(line.strip_prefix('|')?.to_owned());
            }
            known = Headers::default();
        } else {
            text.extend(read_commit(commit, &mut known)?);
        }
    }
    Some(text)
}

/// Whether a commit begins at a line of the form.
fn begins(line: &str) -> bool {
    is_commit(line.strip_prefix('|').unwrap_or(line))
}

fn read_commit<'a>(commit: &[&'a str], known: &mut Headers<'a>) -> Option<Vec<String>> {
    let mut text = Vec::with_capacity(commit.len() + 4);
    let mut rest = &commit[1..];
    let (first, date) = split_date(commit[0])?;
    text.push(first.to_owned());
    if date.is_empty() {
        let end = rest.iter().position(|line| line.is_empty())?;
        text.extend(rest[..end].iter().map(|line| (*line).to_owned()));
        *known = Headers::parse(&rest[..end])?;
        rest = &rest[end + 1..];
    } else {
        let at = known.date()?;
        let with_day = date::on_the_day_of(date, &known.fields[at].1);
        known.fields[at].1 = with_day.map_or(Cow::Borrowed(date), Cow::Owned);
        if let Some(line) = rest.first().filter(|line| line.starts_with(MERGE)) {
            text.push((*line).to_owned());
            rest = &rest[1..];
        }
        let mut next = 0;
        while let Some((label, value)) = rest.first().and_then(|line| field(line)) {
            let Some(at) = known.fields[next..].iter().position(|(known, _)| *known == label) else { break };
            known.fields[next + at].1 = Cow::Borrowed(value);
            next += at + 1;
            rest = &rest[1..];
        }
        text.extend(known.fields.iter().map(|(label, value)| format!("{label}{value}")));
    }
    text.push(String::new());
    let tail = (0..rest.len()).find(|at| rest[*at].is_empty() && ends_message(&rest[at + 1..])).unwrap_or(rest.len());
    text.extend(rest[..tail].iter().map(|line| format!("{INDENT}{line}")));
    let mut at = tail;
    while at < rest.len() {
        let rows: Vec<Row> = rest[at..].iter().map_while(|line| row(line)).collect();
        if rows.is_empty() {
            text.push(rest[at].to_owned());
            at += 1;
        } else {
            at += rows.len();
            text.extend(padded(&rows));
        }
    }
    Some(text)
}

/// Whether what follows an empty line is no part of a commit's message.
fn ends_message(rest: &[&str]) -> bool {
    rest.first().is_none_or(|line| row(line).is_some() || is_summary(line)) || rest.iter().all(|line| line.is_empty())
}

/// ` 2 files changed, 3 insertions(+)`
fn is_summary(line: &str) -> bool {
    line.starts_with(' ') && (line.contains(" file changed") || line.contains(" files changed"))
}

/// The line of a commit, and the date behind it.
fn split_date(line: &str) -> Option<(&str, &str)> {
    let hash = line.strip_prefix("commit ")?;
    let mut end = "commit ".len() + hash.find(' ').unwrap_or(hash.len());
    if line[end..].starts_with(" (") {
        end += line[end..].rfind(')')? + 1;
    }
    let (first, date) = line.split_at(end);
    Some((first, date.strip_prefix(' ').unwrap_or(date)))
}

/// A row of statistics: ` src/main.rs | 12 ++--`.
struct Row<'a> {
    path: &'a str,
    count: &'a str,
    rest: &'a str,
}

fn row(line: &str) -> Option<Row<'_>> {
    let line = line.strip_prefix(' ')?;
    let (path, rest) = line.rsplit_once(" | ")?;
    let rest = rest.trim_start_matches(' ');
    let end = rest.find(' ').unwrap_or(rest.len());
    let (count, rest) = rest.split_at(end);
    let is_count = count == "Bin" || !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    (is_count && !path.is_empty() && !path.starts_with(' ')).then(|| Row {
        path: path.trim_end_matches(' '),
        count,
        rest,
    })
}

impl Row<'_> {
    fn slim(&self) -> String {
        format!(" {} | {}{}", self.path, self.count, self.rest)
    }
}

/// Rows below each other, as git pads them.
fn padded(rows: &[Row]) -> Vec<String> {
    let widest = |width: fn(&Row) -> usize| rows.iter().map(width).max().unwrap_or_default();
    let path_width = widest(|row| row.path.chars().count());
    let count_width = widest(|row| row.count.len());
    rows.iter().map(|row| format!(" {:path_width$} | {:>count_width$}{}", row.path, row.count, row.rest)).collect()
}
