//! Texts of several kinds: fenced code in Markdown, JSON between the lines of a log, what a program wrote to its two
//! outputs. Each part is shortened as what it is; what stands between the parts stays as it was.

use std::ops::Range;

use crate::compress;
use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Holds, Input, Loss};
use crate::compress::{choice, json, marker};

/// A part with fewer bytes is left where it stands.
const SMALLEST_PART: usize = 200;

/// Texts that hold others.
///
/// # What it keeps
///
/// Everything outside the parts, byte for byte; each part as the compressor of its kind keeps it.
///
/// # What it drops
///
/// What the compressors of the parts drop, each under a marker whose line numbers are those of the whole text.
///
/// # When it declines
///
/// Where no part gets shorter, and for texts with line numbers of their own.
///
/// # Example
///
/// ```text
/// 10:00:01 INFO sent
/// [{"id": 1, "state": "open"}, {"id": 2, "state": "open"}, ...]
/// 10:00:02 INFO done
/// ```
/// becomes
/// ```text
/// 10:00:01 INFO sent
/// [headroom: JSON as tables: ...]
/// [
/// in every row: after id: state="open"
/// id
/// 1
/// 2
/// ]
/// 10:00:02 INFO done
/// ```
pub(crate) struct Mixed;

impl Compressor for Mixed {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn version(&self) -> u32 {
        3
    }

    fn takes(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Text | Kind::Log | Kind::Json)
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) {
            return Vec::new();
        }
        let parts = parts(input.text);
        // A part that is all of it has been looked at.
        if let [Part { range, .. }] = parts.as_slice()
            && input.text[range.clone()].trim() == input.text.trim()
        {
            return Vec::new();
        }
        let mut text = String::new();
        let mut loss = Loss::None;
        let (mut at, mut line) = (0, 0);
        for Part { range, kind } in parts {
            line += input.text[at..range.start].matches('\n').count();
            let part = &input.text[range.clone()];
            text.push_str(&input.text[at..range.start]);
            match choice::part(input, part, line, kind) {
                Some(form) => {
                    loss = loss.max(form.loss);
                    text.push_str(&form.text);
                    // A form that has lost the line break at its end would run into what follows.
                    if part.ends_with('\n') && !form.text.ends_with('\n') {
                        text.push('\n');
                    }
                }
                None => text.push_str(part),
            }
            line += part.matches('\n').count();
            at = range.end;
        }
        text.push_str(&input.text[at..]);
        if text == input.text {
            return Vec::new();
        }
        // Each part can be told from its form, but maybe not where that ends.
        if loss == Loss::None && self.restore(&text, None).as_deref() != Some(input.text) {
            loss = Loss::Layout;
        }
        vec![Form { text, loss, holds: Holds::Checked }]
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        let mut text = String::with_capacity(form.len() * 2);
        let last_ends = last_ends(form);
        let (mut at, mut copied) = (0, 0);
        while at < form.len() {
            let line = &form[at..at + line_length(&form[at..])];
            if marker::read_legend(line.trim_end_matches('\n')).is_some() {
                let (part, rest) = json::restore_beginning(&form[at..])?;
                text.push_str(&form[copied..at]);
                text.push_str(&part);
                // The form of a part that ended its line does so, too.
                let rest = if part.ends_with('\n') { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
                at = form.len() - rest.len();
                copied = at;
                continue;
            }
            at = match step(form, at, &last_ends) {
                Step::Part(Part { range, .. }, next) => {
                    if marker::holds(&form[range.clone()]) {
                        text.push_str(&form[copied..range.start]);
                        text.push_str(&restored(&form[range.clone()])?);
                        copied = range.end;
                    }
                    next
                }
                Step::Nothing(next) => next,
            };
        }
        if copied == 0 {
            return None;
        }
        text.push_str(&form[copied..]);
        Some(text)
    }
}

/// The part of which `form` is the form, with the line break that it may have got at its end.
fn restored(form: &str) -> Option<String> {
    compress::restore(form, None).or_else(|| compress::restore(form.strip_suffix('\n')?, None))
}

/// A part of a text, of whole lines.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    range: Range<usize>,
    /// What it is, where its surroundings tell.
    kind: Option<Kind>,
}

/// What a line begins.
enum Step {
    /// A part, and where it is looked on.
    Part(Part, usize),
    /// Nothing up to this place.
    Nothing(usize),
}

/// The parts of `text`, in order, none inside another.
fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let last_ends = last_ends(text);
    let mut at = 0;
    while at < text.len() {
        match step(text, at, &last_ends) {
            Step::Part(part, next) => {
                at = next;
                if part.range.len() >= SMALLEST_PART {
                    parts.push(part);
                }
            }
            Step::Nothing(next) => at = next,
        }
    }
    parts
}

/// Where each element ends for the last time.
fn last_ends(text: &str) -> Vec<Option<usize>> {
    ENVELOPES.iter().map(|tag| text.rfind(&format!("\n</{tag}>"))).collect()
}

/// What the line at `start` begins. `last_ends` says where each element ends for the last time.
fn step(text: &str, start: usize, last_ends: &[Option<usize>]) -> Step {
    let line_end = start + line_length(&text[start..]);
    let line = text[start..line_end].trim_end();
    if let Some(language) = line.strip_prefix("```") {
        let rest = &text[line_end..];
        let length = if rest.starts_with("```") { Some(0) } else { rest.find("\n```").map(|end| end + 1) };
        // A fence that is never closed ends with the text.
        let Some(length) = length else { return Step::Nothing(text.len()) };
        // The line that closes the fence would open another.
        let close = line_end + length;
        let next = close + line_length(&text[close..]);
        return Step::Part(Part { range: line_end..close, kind: fenced(language) }, next);
    }
    let tag = line.strip_prefix('<').and_then(|line| line.strip_suffix('>'));
    if let Some(known) = tag.and_then(|tag| ENVELOPES.iter().position(|known| *known == tag))
        && last_ends[known].is_some_and(|end| end >= line_end)
        && let Some(length) = text[line_end..].find(&format!("\n</{}>", ENVELOPES[known]))
    {
        let close = line_end + length + 1;
        return Step::Part(Part { range: line_end..close, kind: None }, close);
    }
    if line.starts_with("-----BEGIN ") {
        let body = text[line_end..].split_inclusive('\n').take_while(|line| is_encoded(line));
        let close = line_end + body.map(str::len).sum::<usize>();
        let is_closed = text[close..].starts_with("-----END ");
        let part = Part { range: line_end..close, kind: Some(Kind::Blob) };
        return if is_closed { Step::Part(part, close) } else { Step::Nothing(close) };
    }
    if line.starts_with(['{', '[']) { json(text, start) } else { Step::Nothing(line_end) }
}

/// Whether a line is one of a key's or a certificate's body.
fn is_encoded(line: &str) -> bool {
    let line = line.trim_end();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

fn line_length(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |newline| newline + 1)
}

/// Elements in which agents and tools say what a program wrote.
const ENVELOPES: &[&str] = &["stdout", "stderr", "output", "tool_result", "result", "bash-stdout", "bash-stderr"];

/// The JSON value at `start`, and those on the lines behind it, where nothing else stands on their lines.
fn json(text: &str, start: usize) -> Step {
    let mut end = start;
    while text[end..].starts_with(['{', '[']) {
        let mut values = serde_json::Deserializer::from_str(&text[end..]).into_iter::<serde::de::IgnoredAny>();
        let after = match values.next() {
            Some(Ok(_)) => end + values.byte_offset(),
            // The output was cut off inside the value.
            Some(Err(err)) if end == start && err.is_eof() => {
                return Step::Part(Part { range: start..text.len(), kind: Some(Kind::Json) }, text.len());
            }
            // Looking at each line of what was read so far again would not be linear.
            Some(Err(err)) if end == start => {
                let lines = err.line().max(1);
                let skipped = memchr::memchr_iter(b'\n', &text.as_bytes()[start..]).nth(lines - 1);
                return Step::Nothing(skipped.map_or(text.len(), |newline| start + newline + 1));
            }
            _ => break,
        };
        let line_end = after + line_length(&text[after..]);
        if !text[after..line_end].trim().is_empty() {
            break;
        }
        end = line_end;
    }
    if end > start {
        Step::Part(Part { range: start..end, kind: Some(Kind::Json) }, end)
    } else {
        Step::Nothing(start + line_length(&text[start..]))
    }
}

/// What stands in a fence by the language it names.
fn fenced(language: &str) -> Option<Kind> {
    let language = language.trim().trim_start_matches('{').trim_start_matches('.');
    match language.split([' ', ',', '}']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "json" | "jsonl" | "ndjson" | "json5" => Some(Kind::Json),
        "diff" | "patch" => Some(Kind::Diff),
        "html" => Some(Kind::Html),
        "yaml" | "yml" | "toml" | "ini" => Some(Kind::Config),
        "csv" | "tsv" => Some(Kind::Table),
        "" | "text" | "console" | "log" | "sh" | "bash" | "shell" => None,
        _ => Some(Kind::Source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Option<Kind>)> {
        parts(text).into_iter().map(|part| (&text[part.range], part.kind)).collect()
    }

    fn records(count: usize) -> String {
        let rows: Vec<String> = (0..count).map(|n| format!("{{\"id\": {n}, \"name\": \"user{n}\"}}")).collect();
        format!("[{}]", rows.join(",\n "))
    }

    #[test]
    fn json_between_the_lines_of_a_log_is_a_part() {
        let json = records(20);
        let text = format!("10:00 sent\n{json}\n10:01 [x] done\n{{\"cut\": \n");
        assert_eq!(found(&text), [(format!("{json}\n").as_str(), Some(Kind::Json))]);
    }

    #[test]
    fn json_lines_are_one_part() {
        let lines = "{\"id\": 1, \"name\": \"somebody\"}\n".repeat(12);
        let text = format!("start\n{lines}{{oops}}\nend");
        assert_eq!(found(&text), [(lines.as_str(), Some(Kind::Json))]);
    }

    #[test]
    fn a_fence_tells_what_it_holds() {
        let code = "let x = 1;\n".repeat(30);
        let text = format!("# Title\n```rust\n{code}```\nsee `[1]`\n```\n{code}```\n```json\nnever closed");
        assert_eq!(found(&text), [(code.as_str(), Some(Kind::Source)), (code.as_str(), None)]);
    }

    #[test]
    fn the_body_of_a_certificate_is_a_part() {
        let body = format!("{}\n", "MIIH0zCC".repeat(8)).repeat(9);
        let text = format!("Serial: 1\n-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\nSerial: 2\n");
        assert_eq!(found(&text), [(body.as_str(), Some(Kind::Blob))]);
        assert_eq!(found(&text.replace("END", "AND")), []);
    }

    #[test]
    fn what_a_program_wrote_to_its_outputs_are_parts() {
        let lines = "warning: unused\n".repeat(20);
        let text = format!("<returncode>0</returncode>\n<stdout>\n{lines}</stdout>\n<stderr>\nshort\n</stderr>\n");
        assert_eq!(found(&text), [(lines.as_str(), None)]);
    }
}
