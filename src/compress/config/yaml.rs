//! Blocks that stand below the same key again, as aliases.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::compress::marker;

pub(super) const HEAD: &str = "YAML, no line left out";
const HOW_TO_READ: &str = "`*a1` stands for the lines below `&a1`";
/// A block with fewer bytes is plainer when it is said again.
const SMALLEST: usize = 24;
/// Blocks inside blocks are looked at so deep.
const DEEPEST: usize = 24;

/// The text with repeated blocks said once, or `None` where that is not shorter.
pub(super) fn form(text: &str) -> Option<String> {
    if [": &a", ": *a", "\t"].iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let mut first: HashMap<(&str, Vec<&str>), usize> = HashMap::new();
    // Of each line: the line whose block stands for its own.
    let mut same: Vec<Option<usize>> = vec![None; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let indent = indent(lines[at]);
        if indent > 2 * DEEPEST {
            at += 1;
            continue;
        }
        let end = block_end(&lines, at);
        let length: usize = lines[at + 1..end].iter().map(|line| line.len()).sum();
        if end - at > 2 && length >= SMALLEST {
            let block: Vec<&str> =
                lines[at + 1..end].iter().map(|line| line.get(indent..).unwrap_or_default()).collect();
            if let Some(known) = first.get(&(lines[at].trim_start(), block.clone())) {
                same[at] = Some(*known);
                at = end;
                continue;
            }
            first.insert((lines[at].trim_start(), block), at);
        }
        at += 1;
    }
    let mut names: HashMap<usize, usize> = HashMap::new();
    for known in same.iter().flatten() {
        let next = names.len() + 1;
        names.entry(*known).or_insert(next);
    }
    if names.is_empty() {
        return None;
    }
    let mut form = marker::legend(&format!("{HEAD}; {HOW_TO_READ}"), None);
    let mut at = 0;
    while at < lines.len() {
        form.push('\n');
        form.push_str(lines[at]);
        if let Some(name) = names.get(&at) {
            let _ = write!(form, " &a{name}");
        }
        match same[at] {
            Some(known) => {
                let _ = write!(form, " *a{}", names[&known]);
                at = block_end(&lines, at);
            }
            None => at += 1,
        }
    }
    if text.ends_with('\n') {
        form.push('\n');
    }
    let body = form.split_once('\n')?.1;
    (read(body).as_deref() == Some(text)).then_some(form)
}

/// The text of a form without its head line.
pub(super) fn read(body: &str) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        if let Some((key, name)) = line.rsplit_once(" &").filter(|(key, name)| key.ends_with(':') && is_name(name)) {
            known.insert(name, lines.len());
            lines.push(key.to_owned());
        } else if let Some((key, name)) =
            line.rsplit_once(" *").filter(|(key, name)| key.ends_with(':') && is_name(name))
        {
            let from = *known.get(name)?;
            let (old, new) = (indent(&lines[from]), indent(key));
            let end = block_end(&lines, from);
            let block: Vec<String> = lines[from + 1..end].iter().map(|line| rebased(line, old, new)).collect();
            lines.push(key.to_owned());
            lines.extend(block);
        } else {
            lines.push(line.to_owned());
        }
    }
    let mut text = lines.join("\n");
    if body.ends_with('\n') {
        text.push('\n');
    }
    Some(text)
}

fn is_name(name: &str) -> bool {
    name.strip_prefix('a').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn rebased(line: &str, old: usize, new: usize) -> String {
    match line.get(old..) {
        Some(rest) => format!("{}{rest}", " ".repeat(new)),
        None => line.to_owned(),
    }
}

/// Where the block below the key in line `at` ends: behind the lines that are indented deeper, or are items of a list at
/// the same depth. A line without such a block ends at once.
fn block_end<L: AsRef<str>>(lines: &[L], at: usize) -> usize {
    let line = lines[at].as_ref();
    if !line.ends_with(':') || line.trim_start().starts_with(['#', '-']) {
        return at + 1;
    }
    let own = indent(line);
    let mut end = at + 1;
    let belongs = |line: &str| {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        !text.trim().is_empty() && (indent > own || indent == own && text.starts_with("- "))
    };
    end += lines[end..].iter().take_while(|line| belongs(line.as_ref())).count();
    end
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// `key:`, `key: value`, `- item`.
pub(super) fn is_setting(line: &str) -> bool {
    let line = line.trim_start();
    if matches!(line, "---" | "...") || line.starts_with("- ") {
        return true;
    }
    let key = line.split(": ").next().unwrap_or(line).trim_end_matches(':');
    let is_key = !key.is_empty()
        && key.len() < 80
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'"' | b'\''));
    is_key && (line.ends_with(':') || line.contains(": "))
}
