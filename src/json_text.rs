//! Change JSON text by span, leaving every other byte alone.
//!
//! No tree is built: a text is validated once, string values are found by their spans in it, and some spans are
//! replaced. Key order, white space, escapes, number lexemes, unknown and duplicate keys stay as they came.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Where a value stands in a text, in bytes; a string's quotes are inside.
pub(crate) type Span = Range<usize>;

/// The spans of all string values of the JSON document `text`, in order. Object keys are not values.
pub(crate) fn strings(text: &str) -> Result<Vec<Span>, serde_json::Error> {
    // `IgnoredAny` validates without recursion, so nesting is bounded by memory alone. The scan below relies on it.
    serde_json::from_str::<IgnoredAny>(text)?;
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'"', &bytes[at..]) {
        let start = at + offset;
        let end = string_end(bytes, start);
        let next = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
        if next != Some(&b':') {
            spans.push(start..end);
        }
        at = end;
    }
    Ok(spans)
}

/// The end of the valid string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        at += offset;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Where `value`, which was borrowed from `text`, stands in it.
pub(crate) fn span_of(text: &str, value: &RawValue) -> Span {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

/// The text that the JSON string `lexeme` (with its quotes) stands for. `None` when it is no string, or stands for no
/// text: a lone surrogate.
pub(crate) fn decode(lexeme: &str) -> Option<Cow<'_, str>> {
    let inner = lexeme.strip_prefix('"')?.strip_suffix('"')?;
    match memchr::memchr2(b'"', b'\\', inner.as_bytes()) {
        // A fold, unlike `any`, has no early exit, so it is done many bytes at a time.
        None if inner.bytes().fold(0, |found, byte| found | u8::from(byte < b' ')) == 0 => Some(Cow::Borrowed(inner)),
        None => None,
        Some(_) => serde_json::from_str(lexeme).ok().map(Cow::Owned),
    }
}

/// `text` as a JSON string, with its quotes.
pub(crate) fn encode(text: &str) -> String {
    serde_json::to_string(text).expect("a string can always be encoded")
}

/// `text` with each span replaced. The spans are in order and do not overlap; an empty span inserts.
pub(crate) fn splice(text: &str, edits: &[(Span, &str)]) -> String {
    let grown: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = String::with_capacity(text.len() + grown);
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(&text[at..span.start]);
        out.push_str(new);
        at = span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests;
