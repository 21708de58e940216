//! The search compressor: each file's path once, its matches below.
//!
//! The form looks like what `rg --heading` prints, because every reader knows that. Directories are not folded further:
//! a path that is cut in two cannot be searched for any more. Where the matched lines are log lines, the row form of
//! the log compressor is offered as well.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::compress::kind::Kind;
use crate::compress::log::{read_rows, row_form};
use crate::compress::{Compressor, Form, Input, Loss};

/// How the head line of the form begins; a text that begins so is left alone.
const HEAD: &str = "[headroom: matches, ";

const HOW_TO_READ: &str = "a path stands above its lines (LINE:match, LINE-context, :match); | starts a line as it was";

/// Search output, as `grep` and `rg` print it, with the path of a file once.
///
/// # What it keeps
///
/// Every line, in its order: matches (`path:line:text`, `path:line:column:text`, `path:text`), context lines
/// (`path-line-text`), `--` separators, `Binary file … matches`, and whatever does not look like a match. Paths and
/// line numbers stand there as they were. The form is decoded and compared byte for byte before it is offered.
///
/// # What it drops
///
/// Nothing. A path that the line above has, too, is not repeated.
///
/// # When it declines
///
/// Where paths do not repeat (lists of files, one match per file), output of `rg --heading`, text that came with line
/// numbers of its own, and whenever the form would not be shorter.
///
/// # Example
///
/// ```text
/// src/app/config.rs:12:pub struct Config {
/// src/app/config.rs:40:impl Config {
/// ```
/// becomes, under a head line,
/// ```text
/// src/app/config.rs
/// 12:pub struct Config {
/// 40:impl Config {
/// ```
pub(crate) struct Search;

impl Compressor for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn version(&self) -> u32 {
        3
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Search
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let folded = if input.first_line.is_none() { fold(input.text) } else { None };
        let rows = row_form(input.text, input.first_line, input.context.hints);
        folded.into_iter().chain(rows).map(|text| Form::of(text, Loss::None)).collect()
    }

    fn restore(&self, form: &str, first_line: Option<usize>) -> Option<String> {
        unfold(form).or_else(|| read_rows(form, first_line))
    }
}

/// The form must leave out this share of the characters: `src/a.rs:12` no longer stands in one piece.
const LEAST_SAVED: usize = 4;

/// The text with each path as a heading, or `None` where that is not clearly shorter.
fn fold(text: &str) -> Option<String> {
    let form = folded(text)?;
    let is_shorter = form.len() < text.len() - text.len() / LEAST_SAVED;
    let is_exact = is_shorter && unfold(&form).as_deref() == Some(text);
    is_exact.then_some(form)
}

/// The form, however long it gets; `None` where no line has a path.
fn folded(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let paths = Paths::of(&lines);
    if text.starts_with("[headroom: ") || !lines.iter().any(|line| paths.split(line, "").is_some()) {
        return None;
    }
    let mut form = String::with_capacity(text.len());
    let _ = writeln!(form, "{HEAD}{} lines, none left out; {HOW_TO_READ}]", lines.len());
    let mut heading = "";
    for line in &lines {
        match paths.split(line, heading) {
            Some((path, row)) => {
                if path != heading {
                    form.push_str(path);
                    form.push('\n');
                    heading = path;
                }
                form.push_str(row);
            }
            None if is_plain(line) => form.push_str(line),
            None => {
                form.push('|');
                form.push_str(line);
            }
        }
        form.push('\n');
    }
    if !text.ends_with('\n') {
        form.pop();
    }
    Some(form)
}

/// Rebuilds the text from its folded form.
fn unfold(form: &str) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    if !head.starts_with(HEAD) {
        return None;
    }
    let mut text = String::with_capacity(form.len() * 2);
    let mut path = None;
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        if let Some(verbatim) = line.strip_prefix('|') {
            text.push_str(verbatim);
        } else if is_plain(line) {
            text.push_str(line);
        } else if let Some(sign) = row_sign(line) {
            text.push_str(path?);
            if line.as_bytes()[0] != b':' {
                text.push(sign);
            }
            text.push_str(line);
        } else {
            path = Some(line);
            continue;
        }
        text.push('\n');
    }
    if !body.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

/// Whether a line that belongs to no path stands for itself: a separator, or how many matches a file has (`path:12`).
fn is_plain(line: &str) -> bool {
    let counts = |(path, count): (&str, &str)| {
        !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) && !path.contains(char::is_whitespace)
    };
    line == "--" || line.rsplit_once(':').is_some_and(counts) && !line.starts_with('|') && row_sign(line).is_none()
}

/// The sign between a row's line number and its text, where `line` is a row; a row without a number begins with it.
fn row_sign(line: &str) -> Option<char> {
    let rest = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
    rest.chars().next().filter(|sign| *sign == ':' || (*sign == '-' && rest.len() < line.len()))
}

/// The paths that a text's lines begin with.
struct Paths<'a> {
    /// Of lines `path:NUMBER:`.
    numbered: HashSet<&'a str>,
    /// Of lines `path:text`: only what several lines in a row begin with, since any prose may hold a colon.
    plain: HashSet<&'a str>,
}

impl<'a> Paths<'a> {
    fn of(lines: &[&'a str]) -> Self {
        let numbered: HashSet<&str> = lines.iter().filter_map(|line| numbered(line)).collect();
        let plain = lines
            .windows(2)
            .filter_map(|pair| plain(pair[0]).filter(|path| plain(pair[1]) == Some(path)))
            .filter(|path| !numbered.contains(path))
            .collect();
        Paths { numbered, plain }
    }

    /// The path and the row of a line that has a known path. A line that could be a match of one file and context of
    /// another belongs to the file `above`.
    fn split(&self, line: &'a str, above: &str) -> Option<(&'a str, &'a str)> {
        let context = self.context_path(line);
        let path = match (numbered(line), context) {
            (Some(path), _) if is_heading(path) && context != Some(above) => Some(path),
            (_, context) => context,
        };
        if let Some(path) = path {
            return Some((path, &line[path.len() + 1..]));
        }
        let path = plain(line).filter(|path| self.plain.contains(path) && is_heading(path))?;
        let row = &line[path.len()..];
        Some((path, row))
    }

    /// The path of a context line `path-NUMBER-text`: both may hold such signs, so only a path that has matches counts.
    fn context_path(&self, line: &'a str) -> Option<&'a str> {
        let bytes = line.as_bytes();
        memchr::memchr_iter(b'-', bytes).take(32).find_map(|sign| {
            let digits = bytes[sign + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_context = digits > 0 && bytes.get(sign + 1 + digits) == Some(&b'-');
            let path = &line[..sign];
            (is_context && self.numbered.contains(path) && is_heading(path)).then_some(path)
        })
    }
}

/// The part of `line` before the first `:NUMBER:`, unless a context line's number stands in it.
fn numbered(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    let path = memchr::memchr_iter(b':', bytes).take(8).find_map(|at| {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (at > 0 && digits > 0 && bytes.get(at + 1 + digits) == Some(&b':')).then(|| &line[..at])
    })?;
    let has_words = path.contains(char::is_whitespace);
    let is_context = |at: usize| {
        let rest = path[at + 1..].trim_start_matches(|digit: char| digit.is_ascii_digit());
        rest.len() < path.len() - at - 1 && rest.starts_with('-') && (has_words || rest.len() == 1)
    };
    (!path.match_indices('-').any(|(at, _)| is_context(at))).then_some(path)
}

/// The part of `line` before the first colon, where it looks like a path. A drive letter's colon is no end.
fn plain(line: &str) -> Option<&str> {
    let drive = if line.as_bytes().get(1) == Some(&b':') && line.as_bytes()[0].is_ascii_alphabetic() { 2 } else { 0 };
    let path = &line[..drive + line[drive..].find(':')?];
    let looks_like_path = path.contains(['/', '.', '\\']) && !path.contains(char::is_whitespace);
    looks_like_path.then_some(path)
}

/// Whether a path can stand on a line of its own without being taken for something else.
fn is_heading(path: &str) -> bool {
    !path.is_empty() && !is_plain(path) && !path.starts_with('|') && row_sign(path).is_none()
}

#[cfg(test)]
mod tests;
