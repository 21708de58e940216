//! XML: elements of one shape below each other become rows of their values.
//!
//! Pages are `html`'s. Here every value may be asked for, so nothing goes but what repeats: the tags and attribute names
//! of a run are said once, with its values in rows. The rows are read back before they are offered.

use std::collections::HashMap;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};

/// Elements longer than this many lines are not compared.
const LONGEST_SHAPE: usize = 16;
/// Fewer elements of a shape are left as they are.
const FEWEST: usize = 4;
/// Between the values of a row.
const BETWEEN: &str = " | ";
/// Where a value stood.
const SLOT: &str = "{}";
/// What follows the number of lines in the line before a shape.
const BELOW: &str = ", with the values below for {}:";
/// A run is split where a column changes, if the column says the same for so many rows on average.
const ROWS_PER_HEAD: usize = 12;
/// Fewer passed tests than this are shown.
const FEWEST_PASSED: usize = 4;

const TELLS: &str = "XML; where a shape is said to come N times, its values stand in rows below it";
const BROKEN: &str = "; line breaks between tags are added";

/// XML that is no page: reports of tests, feeds, site maps, project files.
///
/// # What it keeps
///
/// Every element and every value, in their order. Of elements with the same tags and attributes below each other, the
/// shape once, with the values that all share in it, and one row for each with the others.
///
/// # What it drops
///
/// The repeated tags and attribute names; where no shape repeats, the indentation. Of a test report, where the question
/// is what failed, the test cases that passed, under markers that count them.
///
/// # When it declines
///
/// Texts with line numbers, and files that are read to be edited.
///
/// # Example
///
/// ```text
/// <testcase classname="tests.test_utils" name="test_echo" time="0.009" />
/// <testcase classname="tests.test_utils" name="test_echo_custom_file" time="0.000" />
/// (132 more)
/// ```
/// becomes, under a head line,
/// ```text
/// 134 times this line, with the values below for {}:
/// <testcase classname="tests.test_utils" name="{}" time="{}" />
/// test_echo | 0.009
/// test_echo_custom_file | 0.000
/// ```
pub(crate) struct Xml;

impl Compressor for Xml {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Xml
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) {
            return Vec::new();
        }
        let mut forms = Vec::new();
        if let Some(text) = encode(input.text) {
            forms.push(Form::of(text, Loss::None));
        }
        if let Some(text) = without_indent(input) {
            forms.push(Form::of(text, Loss::Layout));
        }
        if input.context.seeks_failures && input.context.retrievable && is_report(input.text) {
            forms.extend(without_passed(input).map(|text| Form::of(text, Loss::Content)));
        }
        forms
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        decode(form)
    }
}

/// Whether `text` is XML by its beginning, and most of its lines begin or end with a tag.
pub(crate) fn looks_like(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', '\n', '\r', ' ']);
    if !start.starts_with('<') || !text.trim_end().ends_with('>') {
        return false;
    }
    let name: String = start[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-')).collect();
    if start.starts_with("<?xml ") {
        return true;
    }
    let closes = || {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(60).collect();
        let tags = lines.iter().filter(|line| line.starts_with('<') && line.ends_with('>')).count();
        tags * 10 >= lines.len() * 9
    };
    name.len() > 1 && text.trim_end().ends_with(&format!("</{name}>")) && closes()
}

/// Whether `text` is a report of tests, which a tool wrote and nobody edits.
pub(crate) fn is_report(text: &str) -> bool {
    let mut end = text.len().min(2_000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].contains("<testsuite")
}

/// The form with rows, if a shape repeats. It was read back.
fn encode(text: &str) -> Option<String> {
    let is_broken = breaks_help(text);
    let broken = if is_broken { text.replace("><", ">\n<") } else { text.to_owned() };
    let rows = rows(&broken);
    if rows == broken {
        return None;
    }
    let form = format!("{}\n{rows}", marker::legend(&format!("{TELLS}{}", if is_broken { BROKEN } else { "" }), None));
    (decode(&form).as_deref() == Some(text)).then_some(form)
}

/// The text that a form with rows stands for.
fn decode(form: &str) -> Option<String> {
    let (head, rows) = form.split_once('\n')?;
    let broken = match marker::read_legend(head)?.strip_prefix(TELLS)? {
        "" => false,
        rest if rest == BROKEN => true,
        _ => return None,
    };
    let mut out: Vec<String> = Vec::new();
    let mut lines = rows.split('\n');
    while let Some(line) = lines.next() {
        let Some((times, count)) = read_head(line) else {
            out.push(line.to_owned());
            continue;
        };
        let shape: Vec<&str> = lines.by_ref().take(count).collect();
        let shape = shape.join("\n");
        let pieces: Vec<&str> = shape.split(SLOT).collect();
        for _ in 0..times {
            let row = lines.next()?;
            let values: Vec<&str> = row.split(BETWEEN).collect();
            if values.len() + 1 != pieces.len() {
                return None;
            }
            let filled = pieces.iter().enumerate().map(|(at, piece)| match values.get(at) {
                Some(value) => format!("{piece}{value}"),
                None => (*piece).to_owned(),
            });
            out.push(filled.collect());
        }
    }
    let text = out.join("\n");
    Some(if broken { text.replace(">\n<", "><") } else { text })
}

/// The number of times and the number of lines that the line before a shape tells.
fn read_head(line: &str) -> Option<(usize, usize)> {
    let (times, count) = line.strip_suffix(BELOW)?.split_once(" times ")?;
    let count = match count {
        "this line" => 1,
        count => count.strip_prefix("these ")?.strip_suffix(" lines")?.parse().ok()?,
    };
    Some((times.parse().ok()?, count))
}

/// Whether the tags of `text` stand on too few lines to be compared line by line, and none on a line of its own.
fn breaks_help(text: &str) -> bool {
    let boundaries = text.matches("><").count();
    boundaries >= FEWEST && !text.contains(">\n<") && !text.contains("<![CDATA[") && !text.contains("<!--")
}

/// A line without its values: what stands between quotes inside a tag, and between tags.
fn shape_of(line: &str) -> (String, Vec<&str>) {
    let mut shape = String::with_capacity(line.len() + 8);
    let mut values = Vec::new();
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let text = &rest[..open];
        if text.trim().is_empty() || values.is_empty() && shape.is_empty() {
            shape.push_str(text);
        } else {
            shape.push_str(SLOT);
            values.push(text);
        }
        rest = &rest[open..];
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        let mut tag = &rest[..end];
        // Of an attribute's value that holds `>`, the tag ends too early: its quote is left open and is no slot then.
        while let Some(quote) = tag.find(['"', '\'']) {
            let sign = &tag[quote..=quote];
            let Some(length) = tag[quote + 1..].find(sign) else { break };
            shape.push_str(&tag[..=quote]);
            shape.push_str(SLOT);
            values.push(&tag[quote + 1..quote + 1 + length]);
            shape.push_str(sign);
            tag = &tag[quote + 2 + length..];
        }
        shape.push_str(tag);
        rest = &rest[end..];
    }
    shape.push_str(rest);
    (shape, values)
}

/// `text` with each run of equal shapes as rows.
fn rows(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut shapes = Vec::with_capacity(lines.len());
    let mut values = Vec::with_capacity(lines.len());
    for line in &lines {
        let (shape, found) = shape_of(line);
        // A line that says what our own would, or whose values could not be told apart, is of no shape.
        let is_plain = line.contains('<')
            && !line.contains(SLOT)
            && !line.ends_with(BELOW)
            && found.iter().all(|value| !value.contains(BETWEEN) && !value.ends_with(" |") && !value.starts_with("| "));
        let next = known.len();
        shapes.push(is_plain.then(|| *known.entry(shape).or_insert(next)));
        values.push(found);
    }
    let depths: Vec<(i32, i32)> = lines.iter().map(|line| depth(line)).collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let run = (1..=LONGEST_SHAPE).find_map(|length| {
            let is_whole = is_whole(depths.get(at..at + length)?);
            let times = if is_whole { repeats(&shapes, at, length) } else { 0 };
            (times >= FEWEST).then_some((length, times))
        });
        if let Some((length, times)) = run {
            write_run(&lines[at..at + length * times], &values[at..at + length * times], length, &mut out);
            at += length * times;
        } else {
            out.push(lines[at].to_owned());
            at += 1;
        }
    }
    out.join("\n")
}

/// How often the shape of `length` lines from `at` on stands there, one below the other.
fn repeats(shapes: &[Option<usize>], at: usize, length: usize) -> usize {
    let Some(first) = shapes.get(at..at + length) else { return 0 };
    if first.iter().any(Option::is_none) {
        return 0;
    }
    let same = shapes[at + length..].iter().zip(shapes[at..].iter()).take_while(|(one, other)| one == other).count();
    1 + same / length
}

/// How many more elements begin in `line` than end there, and the least of that on the way.
fn depth(line: &str) -> (i32, i32) {
    let (mut depth, mut least) = (0, 0);
    for at in memchr::memchr_iter(b'<', line.as_bytes()) {
        let rest = &line[at + 1..];
        if rest.starts_with('/') {
            depth -= 1;
        } else if !rest.starts_with(['!', '?']) {
            let end = memchr::memchr2(b'<', b'>', rest.as_bytes()).unwrap_or(rest.len());
            depth += i32::from(!rest[..end].ends_with('/'));
        }
        least = least.min(depth);
    }
    (depth, least)
}

/// Whether each element that begins in lines of such depths ends there.
fn is_whole(depths: &[(i32, i32)]) -> bool {
    let mut at = 0;
    for (depth, least) in depths {
        if at + least < 0 {
            return false;
        }
        at += depth;
    }
    at == 0
}

/// The rows of elements of one shape; several times where a value that many share changes.
fn write_run(lines: &[&str], values: &[Vec<&str>], length: usize, out: &mut Vec<String>) {
    let units: Vec<Vec<&str>> = values.chunks(length).map(<[Vec<&str>]>::concat).collect();
    let columns = units[0].len();
    let changes = |column: usize| units.windows(2).filter(|pair| pair[0][column] != pair[1][column]).count();
    let steady: Vec<usize> =
        (0..columns).filter(|column| (changes(*column) + 1) * ROWS_PER_HEAD <= units.len()).collect();
    let mut start = 0;
    while start < units.len() {
        let same = |unit: &Vec<&str>| steady.iter().all(|column| unit[*column] == units[start][*column]);
        let times = units[start..].iter().take_while(|unit| same(unit)).count();
        let group = &units[start..start + times];
        let own = &lines[start * length..(start + times) * length];
        let open: Vec<bool> =
            (0..columns).map(|column| group.iter().any(|unit| unit[column] != group[0][column])).collect();
        if times < FEWEST || !open.contains(&true) {
            out.extend(own.iter().map(|line| (*line).to_owned()));
        } else {
            let this = if length == 1 { "this line".to_owned() } else { format!("these {length} lines") };
            out.push(format!("{times} times {this}{BELOW}"));
            out.push(shown_shape(&own[..length], &open));
            for unit in group {
                let row: Vec<&str> =
                    unit.iter().zip(&open).filter(|(_, open)| **open).map(|(value, _)| *value).collect();
                out.push(row.join(BETWEEN));
            }
        }
        start += times;
    }
}

/// The shape of `lines` with the values in it that all rows share.
fn shown_shape(lines: &[&str], open: &[bool]) -> String {
    let mut open = open.iter();
    let mut shown = Vec::new();
    for line in lines {
        let (shape, values) = shape_of(line);
        let mut pieces = shape.split(SLOT);
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (piece, value) in pieces.zip(values) {
            text.push_str(if open.next() == Some(&true) { SLOT } else { value });
            text.push_str(piece);
        }
        shown.push(text);
    }
    shown.join("\n")
}

/// The text without the white space before tags that begin a line.
fn without_indent(input: &Input) -> Option<String> {
    let text = input.text;
    if text.contains("<![CDATA[") || text.contains("<!--") || text.contains("xml:space") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        let inner = line.trim_start_matches([' ', '\t']);
        if at > 0 {
            out.push('\n');
        }
        out.push_str(if inner.starts_with('<') { inner } else { line });
    }
    if out.len() == text.len() {
        return None;
    }
    let handle = input.context.retrievable.then_some(input.context.handle);
    Some(format!("{}\n{out}", marker::legend("XML without its indentation", handle)))
}

/// What reports say of a test case whether it passed or not.
const NEUTRAL: [&str; 14] = [
    "name",
    "classname",
    "class",
    "file",
    "filepath",
    "line",
    "id",
    "time",
    "timestamp",
    "assertions",
    "hostname",
    "package",
    "value_param",
    "type_param",
];
/// What a test case that passed says under `status` and `result`.
const PASSED: [&str; 4] = ["passed", "run", "completed", "success"];

/// Whether a line is a test case without content that is not told to be anything else than passed.
fn is_passed(line: &str) -> bool {
    let Some(mut rest) = line.trim().strip_prefix("<testcase ").and_then(|tag| tag.strip_suffix("/>")) else {
        return false;
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return true;
        }
        let Some((name, value)) = rest.split_once("=\"") else { return false };
        let Some((value, behind)) = value.split_once('"') else { return false };
        let is_told = matches!(name, "status" | "result") && PASSED.contains(&value);
        if !is_told && !NEUTRAL.contains(&name) {
            return false;
        }
        rest = behind;
    }
}

/// A test report without the cases that passed: those of one line without content.
fn without_passed(input: &Input) -> Option<String> {
    let lines: Vec<&str> = input.text.split('\n').collect();
    let is_hinted =
        |line: &str| input.context.hints.iter().any(|hint| !hint.is_empty() && line.contains(hint.as_str()));
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    let mut gone = 0;
    while at < lines.len() {
        let run = lines[at..].iter().take_while(|line| is_passed(line) && !is_hinted(line)).count();
        if run >= FEWEST_PASSED {
            let first = input.lines_before + at + 1;
            let what = format!("{run} passed test cases");
            out.push(marker::gap(&(first..=first + run - 1), &what, input.context.handle));
            gone += run;
        } else {
            out.extend(lines[at..at + run.max(1)].iter().map(|line| (*line).to_owned()));
        }
        at += run.max(1);
    }
    (gone > 0).then(|| out.join("\n"))
}

#[cfg(test)]
mod tests;
