//! `git blame`: each line of a file behind the commit that wrote it.

use std::collections::HashMap;

use crate::compress::git::Layout;

pub(super) const LAYOUT: Layout = Layout {
    how: "git blame, nothing left out; the commit stands above its lines, from the second time on by its hash alone, and in \
          the first and the last line where it stood",
    write,
    read,
};

/// Fewer lines are shown as they are.
const FEWEST_LINES: usize = 4;

/// A line, taken apart: who wrote it, its number, and what follows.
struct Row<'a> {
    commit: &'a str,
    number: usize,
    /// From the number on.
    line: &'a str,
}

/// The row in `line` with the number `expected`, or with any.
fn row(line: &str, expected: Option<usize>) -> Option<Row<'_>> {
    let start = line.match_indices(')').take(8).find_map(|(close, _)| {
        let digits = line[..close].bytes().rev().take_while(u8::is_ascii_digit).count();
        let start = close - digits;
        let is_one = (1..9).contains(&digits) && line[..start].ends_with(' ');
        (is_one && expected.is_none_or(|expected| line[start..close].parse() == Ok(expected))).then_some(start)
    })?;
    let number = line[start..].split(')').next()?;
    let commit = line[..start].trim_end_matches(' ');
    let hash = commit.trim_start_matches('^').split(' ').next()?;
    let is_hash = hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| Row { commit, number: number.parse().unwrap_or_default(), line: &line[start..] })
}

pub(super) fn looks_like(lines: &[&str]) -> bool {
    let rows = lines.iter().take(20).filter(|line| row(line, None).is_some()).count();
    rows >= FEWEST_LINES && rows == lines.len().min(20)
}

fn write(lines: &[&str]) -> Option<Vec<String>> {
    if !looks_like(lines) {
        return None;
    }
    let mut form = Vec::with_capacity(lines.len());
    let mut commits: HashMap<&str, &str> = HashMap::new();
    let mut above = "";
    let mut expected = None;
    for (at, line) in lines.iter().enumerate() {
        let row = row(line, expected)?;
        expected = Some(row.number + 1);
        let hash = row.commit.split(' ').next()?;
        if at == 0 || at + 1 == lines.len() {
            commits.insert(hash, row.commit);
            above = row.commit;
            form.push((*line).to_owned());
            continue;
        }
        if row.commit != above {
            let is_known = commits.insert(hash, row.commit) == Some(row.commit);
            form.push(if is_known { hash } else { row.commit }.to_owned());
            above = row.commit;
        }
        form.push(row.line.to_owned());
    }
    Some(form)
}

fn read(lines: &[&str]) -> Option<Vec<String>> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut commits: HashMap<&str, &str> = HashMap::new();
    let mut commit = "";
    for line in lines {
        let number = line.split(')').next().filter(|number| number.len() < line.len());
        if number.is_some_and(|number| number.parse::<usize>().is_ok()) {
            rows.push((commit, *line));
        } else if let Some(whole) = row(line, None) {
            commit = whole.commit;
            commits.insert(commit.split(' ').next()?, commit);
            rows.push((commit, whole.line));
        } else {
            let hash = line.split(' ').next()?;
            commit = if *line == hash { commits.get(hash).copied().unwrap_or(line) } else { line };
            commits.insert(hash, commit);
        }
    }
    // Numbers end in the same column, as far to the left as the longest one lets them.
    let width = |(commit, line): &(&str, &str)| commit.chars().count() + 1 + line.find(')').unwrap_or_default();
    let column = rows.iter().map(width).max()?;
    let spaces = |row: &(&str, &str)| " ".repeat(column + 1 - width(row));
    Some(rows.iter().map(|row| format!("{}{}{}", row.0, spaces(row), row.1)).collect())
}
