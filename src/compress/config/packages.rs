//! Lock files: packages one after another, each a few lines of `key = value`.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::compress::marker;

const START: &str = "[[package]]";
const FEWEST: usize = 4;
/// A line must be this long to be said once.
const SHORTEST: usize = 24;
const BELOW: &str = "below `";
const EACH: &str = "` each has the line ";
const UNLESS: &str = " unless another ";
const LISTS: &str = "lists had an item per line, indented by ";
const NUMBERS: &str = "line numbers stand where a package begins";

/// The form of `text`, or `None` where it is no lock file or would not be told from the form.
pub(super) fn form(text: &str, first_line: Option<usize>) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let starts = lines.iter().filter(|line| **line == START).count();
    if starts < FEWEST || text.contains('\r') {
        return None;
    }
    let usual = usual(&lines, starts);
    let indent = lists(&lines);
    if usual.is_none() && indent.is_none() && first_line.is_none() {
        return None;
    }
    let mut what = format!("lock file of {} lines and {starts} packages, none left out", lines.len());
    if let Some((above, line)) = usual {
        let name = key(line).unwrap_or_default();
        let _ = write!(what, "; {BELOW}{above}{EACH}{line}{UNLESS}{name} stands there (`no {name}`: none)");
    }
    if let Some(indent) = indent {
        let _ = write!(what, "; {LISTS}{indent}");
    }
    if first_line.is_some() {
        let _ = write!(what, "; {NUMBERS}");
    }
    let mut body = String::with_capacity(text.len());
    let mut is_inside = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        is_inside |= line == START;
        if let Some(first) = first_line.filter(|_| !is_inside || line == START) {
            let _ = write!(body, "{}\t", first + at);
        }
        if let Some(indent) = indent.filter(|_| line.ends_with(" = [")) {
            let items: Vec<&str> = lines[at + 1..].iter().map_while(|line| item(line, indent)).collect();
            at += items.len() + 2;
            let _ = writeln!(body, "{line}{}]", items.join(", "));
            continue;
        }
        if let Some((above, said)) = usual.filter(|_| is_inside) {
            if line == said {
                at += 1;
                continue;
            }
            body.push_str(line);
            body.push('\n');
            let name = key(said)?;
            if key(line) == Some(above) && lines.get(at + 1).is_none_or(|next| key(next) != Some(name)) {
                let _ = writeln!(body, "no {name}");
            }
        } else {
            body.push_str(line);
            body.push('\n');
        }
        at += 1;
    }
    if !text.ends_with('\n') {
        body.pop();
    }
    let form = format!("{}\n{body}", marker::legend(&what, None));
    let (legend, body) = form.split_once('\n')?;
    (read(marker::read_legend(legend)?, body, first_line).as_deref() == Some(text)).then_some(form)
}

/// The text of a form, given what its head line says.
pub(super) fn read(what: &str, body: &str, first_line: Option<usize>) -> Option<String> {
    let usual = what.split_once(BELOW).and_then(|(_, rest)| {
        let (above, rest) = rest.split_once(EACH)?;
        Some((above, rest.split_once(UNLESS)?.0))
    });
    let indent: Option<usize> = what.split_once(LISTS).and_then(|(_, rest)| rest.split(';').next()?.parse().ok());
    let indent = indent.filter(|indent| *indent < 16);
    let mut lines: Vec<String> = Vec::new();
    let mut is_inside = false;
    let written: Vec<&str> = body.strip_suffix('\n').unwrap_or(body).split('\n').collect();
    for (at, line) in written.iter().enumerate() {
        let mut line = *line;
        if first_line.is_some() && (!is_inside || line.ends_with(START)) {
            line = line.split_once('\t')?.1;
        }
        is_inside |= line == START;
        if let Some((above, said)) = usual.filter(|_| is_inside) {
            let name = key(said)?;
            if line.strip_prefix("no ") == Some(name) {
                continue;
            }
            lines.push(line.to_owned());
            let next = written.get(at + 1).copied().unwrap_or_default();
            if key(line) == Some(above) && key(next) != Some(name) && next.strip_prefix("no ") != Some(name) {
                lines.push(said.to_owned());
            }
            if key(line) == Some(above) {
                continue;
            }
            lines.pop();
        }
        let list = indent.and_then(|indent| {
            let (key, items) = line.strip_suffix(']')?.split_once(" = [")?;
            (!items.is_empty()).then_some((indent, key, items))
        });
        match list {
            Some((indent, key, items)) => {
                lines.push(format!("{key} = ["));
                lines.extend(items.split(", ").map(|item| format!("{}{item},", " ".repeat(indent))));
                lines.push("]".to_owned());
            }
            None => lines.push(line.to_owned()),
        }
    }
    let mut text = lines.join("\n");
    if body.ends_with('\n') {
        text.push('\n');
    }
    Some(text)
}

/// The line that most packages have below a line of the same key, and that key.
fn usual<'a>(lines: &[&'a str], packages: usize) -> Option<(&'a str, &'a str)> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for pair in lines.windows(2) {
        if let Some(above) = key(pair[0]).filter(|_| pair[1].len() >= SHORTEST && key(pair[1]).is_some()) {
            *counts.entry((above, pair[1])).or_default() += 1;
        }
    }
    // The order of a hash must not matter.
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    let (found, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 10 >= packages * 6 && count >= FEWEST).then_some(found)
}

/// By how much the items of lists are indented, where all lists have an item per line.
fn lists(lines: &[&str]) -> Option<usize> {
    let is_one_line = |line: &&str| line.contains(" = [") && line.ends_with(']') && !line.ends_with("[]");
    if lines.iter().any(is_one_line) {
        return None;
    }
    let opens = lines.iter().position(|line| line.ends_with(" = ["))?;
    let first = lines.get(opens + 1)?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    let is_list = |at: usize| {
        let items = lines[at + 1..].iter().take_while(|line| item(line, indent).is_some()).count();
        items > 0 && lines.get(at + 1 + items) == Some(&"]")
    };
    let all = (0..lines.len()).filter(|at| lines[*at].ends_with(" = [")).all(is_list);
    all.then_some(indent)
}

/// `"name",` behind so many spaces, without the comma.
fn item(line: &str, indent: usize) -> Option<&str> {
    let item = line.get(indent..)?.strip_suffix(',')?;
    let is_plain = item.len() > 1 && item.starts_with('"') && item.ends_with('"') && !item.contains(", ");
    (is_plain && line[..indent].bytes().all(|byte| byte == b' ')).then_some(item)
}

fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    let is_key = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_key && !key.is_empty()).then_some(key)
}
