//! The table compressor: rows with the same columns, whatever drew them.
//!
//! Padding and borders cost more than what they stand between. Where their widths follow from the cells, the form says
//! so in a word and loses nothing; else it names the handle of the exact text.

mod aligned;
mod bordered;
mod grid;
mod listed;
mod spans;
mod split;
mod style;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::table::grid::{DELIMITERS, Entry, Grid, Heading, REST};
use crate::compress::{Compressor, Form, Input, Loss};
use crate::tokens;

/// So much of each form is counted in tokens to choose between them.
const SAMPLE: usize = 64 * 1024;
/// By so many percent a table must get shorter, or its lines stay as they were.
const LEAST_SAVED: usize = 8;
/// Rows go on for so many lines at most.
const LONGEST_ROW: usize = 60;

/// In so many lines of a paragraph an aligned table may begin.
const TRIES: usize = 8;

/// So many times each line may be read for that on average; of a short text, so many lines in all.
const MOST_READ: usize = 16;
const ALWAYS_READ: usize = 200_000;

const SPLIT_BY: &str = "cells split by ";
const CRLF: &str = "lines end in CRLF";

/// Tables: CSV and TSV, what commands pad with spaces (`ls -l`, `ps`, `df`, `docker`, `kubectl`, `pip list`), and what is
/// drawn with bars (Markdown, `psql`, boxes).
///
/// # What it keeps
///
/// Every row and every cell as it was written, in their order; the line of headings; what stands between tables. A value
/// that all rows share is said once, in the line of columns; so is the value of most rows, for which a cell is empty.
/// Rows that do not fit stay as they were.
///
/// # What it drops
///
/// Padding and borders. Padding is rebuilt and compared before the form is offered; where it cannot be (borders, odd
/// alignment), the head line says how to get the exact text.
///
/// # When it declines
///
/// Under four rows, where a name or value would be misread, and where the rows would hardly be shorter.
///
/// # Example
///
/// ```text
/// NAMESPACE   NAME        READY   STATUS    RESTARTS
/// default     api-5c9f8   1/1     Running   0
/// default     web-7b4d2   1/1     Running   3
/// ```
/// becomes, under a head line,
/// ```text
/// columns (was aligned 0l3l3l3l3l): NAMESPACE=default|NAME|READY=1/1|STATUS=Running|RESTARTS
/// api-5c9f8|0
/// web-7b4d2|3
/// ```
pub(crate) struct Table;

impl Compressor for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Table | Kind::Listing)
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        form(input).into_iter().collect()
    }

    fn restore(&self, form: &str, first_line: Option<usize>) -> Option<String> {
        read(form, first_line)?.text
    }
}

/// Whether a sample of a text's lines looks like a table of any sort.
pub(crate) fn looks_like(lines: &[&str]) -> bool {
    let listed = lines.iter().filter(|line| listed::is_row(line)).count();
    let is_upper = |line: &&str| line.split_whitespace().count() > 2 && !line.contains(|c: char| !is_heading_sign(c));
    let is_headed = lines.len() > 4 && lines.first().is_some_and(is_upper) && !lines.get(1).is_some_and(is_upper);
    split::looks_like(lines) || bordered::looks_like(lines) || is_headed || listed > 3 && listed * 2 > lines.len()
}

/// What headings of commands like `ps` and `docker` consist of.
fn is_heading_sign(sign: char) -> bool {
    sign.is_ascii_uppercase() || matches!(sign, ' ' | '%' | '-' | '_' | '/' | '(' | ')')
}

/// A text in parts.
#[derive(Debug, PartialEq)]
enum Section<'a> {
    Lines(Vec<&'a str>),
    Table(Grid<'a>, Vec<&'a str>),
}

fn form(input: &Input) -> Option<Form> {
    let text = input.text;
    if text.is_empty() || marker::holds(text) || text.contains('\0') {
        return None;
    }
    let mut lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let is_crlf = text.ends_with("\r\n") && lines.iter().all(|line| line.ends_with('\r'));
    if is_crlf {
        for line in &mut lines {
            *line = line.strip_suffix('\r').unwrap_or(line);
        }
    }
    let sections = sections(&lines, input);
    if !sections.iter().any(|section| matches!(section, Section::Table(..))) {
        return None;
    }
    let is_exact = sections.iter().all(|section| !matches!(section, Section::Table(grid, _) if grid.style.is_none()));
    if !is_exact && input.first_line.is_some() {
        return None;
    }
    let mut written: Vec<(usize, String, char)> = Vec::new();
    for delimiter in DELIMITERS {
        if text.len() > SAMPLE && !written.is_empty() {
            break;
        }
        if let Some(mut form) = write(&sections, delimiter, is_crlf, is_exact, input) {
            if !text.ends_with('\n') {
                form.pop();
            }
            written.push((cost(&form), form, delimiter));
        }
    }
    // The first sign is the plainest: another one must be worth it.
    let plain = written.first().map_or(0, |(cost, ..)| *cost);
    written.sort_by_key(|(cost, _, delimiter)| if *delimiter == DELIMITERS[0] { plain - plain / 20 } else { *cost });
    let says = |form: &str| {
        let read = read(form, input.first_line)?;
        Some(if is_exact { read.text.as_deref() == Some(text) } else { read.entries == entries(&sections) })
    };
    let (_, form, _) = written.into_iter().find(|(_, form, _)| says(form) == Some(true))?;
    Some(Form::of(form, if is_exact { Loss::None } else { Loss::Layout }))
}

fn cost(text: &str) -> usize {
    let mut end = text.len().min(SAMPLE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    tokens::count(&text[..end]) + (text.len() - end) / 3
}

/// What reads one sort of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Listed,
    Bordered,
    Aligned,
    Split,
    Words,
}

/// The particular ones first.
const READERS: [Reader; 5] = [Reader::Listed, Reader::Bordered, Reader::Aligned, Reader::Split, Reader::Words];

impl Reader {
    /// The table that begins in the first of `lines`, and how many lines it has. Those that look at each line are asked in
    /// the first lines of a paragraph only.
    fn read<'a>(
        self,
        lines: &[&'a str],
        paragraph: &[&'a str],
        tries: &mut usize,
        input: &Input,
    ) -> Option<(Grid<'a>, usize)> {
        match self {
            Self::Listed => listed::read(lines),
            Self::Bordered => bordered::read(lines),
            Self::Aligned if lines[0].trim().is_empty() => {
                *tries = TRIES;
                None
            }
            Self::Aligned => {
                if *tries == 0 || lines.iter().take(TRIES).any(|line| listed::is_row(line)) {
                    return None;
                }
                *tries -= 1;
                aligned::read(paragraph)
            }
            Self::Split => split::read(lines),
            Self::Words if *tries > 0 && input.command.is_some() => split::words(lines),
            Self::Words => None,
        }
    }
}

fn sections<'a>(lines: &[&'a str], input: &Input) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    let mut plain: Vec<&str> = Vec::new();
    let mut at = 0;
    let mut tries = TRIES;
    let mut effort = (MOST_READ * lines.len()).max(ALWAYS_READ);
    // Where the paragraph ends: looking for it from each of its lines would not be linear.
    let mut end = 0;
    while at < lines.len() {
        let rest = &lines[at..];
        if end <= at {
            end = rest.iter().position(|line| line.trim().is_empty()).map_or(lines.len(), |length| at + length);
        }
        let paragraph = &lines[at..end];
        if tries > 0 && effort < paragraph.len() {
            tries = 0;
        }
        let mut skipped = 1;
        let mut found = None;
        for reader in READERS {
            if reader == Reader::Aligned && tries > 0 {
                effort -= paragraph.len();
            }
            let Some((grid, count)) = reader.read(rest, paragraph, &mut tries, input) else { continue };
            let grid = grid.with_dates_apart();
            if is_worth_it(&grid, &rest[..count]) {
                found = Some((grid, count));
                break;
            }
            // Under a title that was taken for a row, another table may begin in the next line.
            if reader != Reader::Aligned {
                skipped = skipped.max(count);
            }
        }
        if let Some((grid, count)) = found {
            tries = TRIES;
            if !plain.is_empty() {
                sections.push(Section::Lines(std::mem::take(&mut plain)));
            }
            sections.push(Section::Table(grid, rest[..count].to_vec()));
            at += count;
        } else {
            plain.extend(&rest[..skipped]);
            at += skipped;
        }
    }
    if !plain.is_empty() {
        sections.push(Section::Lines(plain));
    }
    sections
}

/// Whether a table is clearly shorter than its lines.
fn is_worth_it(grid: &Grid, lines: &[&str]) -> bool {
    let mut form = String::new();
    let is_written = DELIMITERS.iter().any(|delimiter| {
        form.clear();
        grid.write(*delimiter, None, &mut form)
    });
    is_written && cost(&form) * 100 <= cost(&lines.join("\n")) * (100 - LEAST_SAVED)
}

fn write(sections: &[Section], delimiter: char, is_crlf: bool, is_exact: bool, input: &Input) -> Option<String> {
    let rows: usize = sections
        .iter()
        .map(|section| match section {
            Section::Table(grid, _) => grid.rows().count(),
            Section::Lines(_) => 0,
        })
        .sum();
    let mut body = String::new();
    let mut number = input.first_line;
    for section in sections {
        let count = match section {
            Section::Lines(lines) => {
                for (at, line) in lines.iter().enumerate() {
                    if let Some(number) = number {
                        let _ = write!(body, "{}\t", number + at);
                    }
                    body.push_str(line);
                    body.push('\n');
                }
                lines.len()
            }
            Section::Table(grid, lines) => {
                let breaks_lines =
                    |entry: &Entry| matches!(entry, Entry::Row(cells) if cells.iter().any(|cell| cell.contains('\n')));
                if number.is_some() && grid.entries.iter().any(breaks_lines)
                    || !grid.write(delimiter, number, &mut body)
                {
                    return None;
                }
                lines.len()
            }
        };
        number = number.map(|number| number + count);
    }
    let mut what = format!("{rows} table rows, none left out; {SPLIT_BY}{}", delimiter_name(delimiter));
    what.push_str("; in a line of columns NAME=value holds in every row");
    if body.contains(" (empty: ") {
        what.push_str(", (empty: value) is what an empty cell stands for");
    }
    if sections
        .iter()
        .any(|section| matches!(section, Section::Table(grid, _) if grid.names.iter().any(|name| name == REST)))
    {
        let _ = write!(what, "; a cell below {REST} goes on where the one before it ended, behind a space");
    }
    if let (Some(first), Some(end)) = (input.first_line, number) {
        let _ = write!(what, "; file lines {first}-{}", end - 1);
    }
    if is_crlf {
        let _ = write!(what, "; {CRLF}");
    }
    let handle = (!is_exact && input.context.retrievable).then_some(input.context.handle);
    Some(format!("{}\n{body}", marker::legend(&what, handle)))
}

fn delimiter_name(delimiter: char) -> String {
    if delimiter == '\t' { "tabs".to_owned() } else { format!("`{delimiter}`") }
}

/// What a line of a form says.
#[derive(Debug, Clone, PartialEq)]
enum Said<'a> {
    Names(Vec<Cow<'a, str>>),
    Entry(Entry<'a>),
}

fn entries<'a>(sections: &[Section<'a>]) -> Vec<Said<'a>> {
    let mut said = Vec::new();
    for section in sections {
        match section {
            Section::Lines(lines) => {
                said.extend(lines.iter().map(|line| Said::Entry(Entry::Line(Cow::Borrowed(line)))));
            }
            Section::Table(grid, _) => {
                said.push(Said::Names(grid.names.clone()));
                said.extend(grid.entries.iter().cloned().map(Said::Entry));
            }
        }
    }
    said
}

/// What a form says.
struct Read<'f> {
    entries: Vec<Said<'f>>,
    /// The text, where each table says what it looked like.
    text: Option<String>,
}

/// Reads a form back. `first_line` says whether its lines have numbers.
fn read(form: &str, first_line: Option<usize>) -> Option<Read<'_>> {
    let (legend, body) = form.split_once('\n')?;
    let what = marker::read_legend(legend)?;
    let split_by = what.split("; ").find_map(|clause| clause.strip_prefix(SPLIT_BY))?;
    let delimiter = DELIMITERS.into_iter().find(|delimiter| split_by == delimiter_name(*delimiter))?;
    let is_crlf = what.split("; ").any(|clause| clause == CRLF);
    let mut read = Read { entries: Vec::new(), text: None };
    let mut lines: Vec<String> = Vec::new();
    let mut is_told = true;
    let mut table: Option<(Heading, Grid)> = None;
    let mut above = None;
    let ends = body.ends_with('\n');
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut at = 0;
    while at <= body.len() {
        let end = memchr::memchr(b'\n', &body.as_bytes()[at..]).map_or(body.len(), |length| at + length);
        let line = &body[at..end];
        if let Some(heading) = Heading::read(line, delimiter) {
            if let Some((_, grid)) = table.take() {
                is_told &= close(&grid, &mut lines);
            }
            let grid = heading.grid();
            read.entries.push(Said::Names(grid.names.clone()));
            table = Some((heading, grid));
            above = None;
            at = end + 1;
            continue;
        }
        let (entry, next) = match &table {
            Some((heading, grid)) => {
                let above = match above.and_then(|above: usize| grid.entries.get(above)) {
                    Some(Entry::Row(cells)) => Some(cells),
                    _ => None,
                };
                let mut stop = end;
                let mut taken = 1;
                while heading.is_open(&body[at..stop]) && taken < LONGEST_ROW && stop < body.len() {
                    stop = memchr::memchr(b'\n', &body.as_bytes()[stop + 1..])
                        .map_or(body.len(), |length| stop + 1 + length);
                    taken += 1;
                }
                match heading.row(&body[at..stop], above) {
                    Some(row) => (Entry::Row(row), stop + 1),
                    None => (Entry::Line(Cow::Borrowed(unnumbered(line, first_line)?)), end + 1),
                }
            }
            None => (Entry::Line(Cow::Borrowed(unnumbered(line, first_line)?)), end + 1),
        };
        at = next;
        read.entries.push(Said::Entry(entry.clone()));
        match (&mut table, entry) {
            (Some((_, grid)), entry) => {
                if matches!(entry, Entry::Row(_)) {
                    above = Some(grid.entries.len());
                }
                grid.entries.push(entry);
            }
            (None, Entry::Line(line)) => lines.push(line.into_owned()),
            (None, Entry::Row(_)) => return None,
        }
    }
    if let Some((_, grid)) = table {
        is_told &= close(&grid, &mut lines);
    }
    let mut text = lines.join(if is_crlf { "\r\n" } else { "\n" });
    if is_crlf {
        text.push('\r');
    }
    if ends {
        text.push('\n');
    }
    read.text = is_told.then_some(text);
    Some(read)
}

/// Appends the lines of `grid`; answers whether it says what they looked like.
fn close(grid: &Grid, lines: &mut Vec<String>) -> bool {
    let told = grid.style.as_ref().and_then(|style| style.lines(grid));
    let is_told = told.is_some();
    lines.extend(told.unwrap_or_default());
    is_told
}

fn unnumbered(line: &str, first_line: Option<usize>) -> Option<&str> {
    if first_line.is_none() { Some(line) } else { line.split_once('\t').map(|(_, line)| line) }
}
