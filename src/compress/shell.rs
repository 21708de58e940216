//! What an agent's shell answers as JSON: `{"output": "...", "metadata": {"exit_code": 0}}`.
//!
//! The output is shown as the text that it is, so that it is read by the command that wrote it and quoted as it stands
//! in its file; what else the object says stands above it. Only strings that are written back to the very letter.

use serde_json::Value;

use crate::compress::marker;

/// Under which keys shells put what a command wrote.
const KEYS: [&str; 2] = ["stdout", "output"];

/// What stands in the object where the text was.
const BELOW: &str = "(below)";

/// An answer with its output taken out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What stands above the output in the form: how to read it, and the rest of the object.
    pub(crate) head: String,
    pub(crate) output: String,
}

/// The answer in `text`; `None` where it is none, or where its output is not most of it.
pub(crate) fn open(text: &str) -> Option<Answer> {
    if !text.starts_with('{') {
        return None;
    }
    // The string comes first: to read all of a large object that is no answer would take long.
    let is_most = |(start, end): &(usize, usize)| (end - start) * 2 >= text.len();
    let (key, (start, end)) = KEYS.iter().find_map(|key| Some((*key, span(text, key).filter(is_most)?)))?;
    let Value::Object(answer) = serde_json::from_str(text).ok()? else {
        return None;
    };
    let output = answer.get(key)?.as_str()?;
    if !output.contains('\n') {
        return None;
    }
    let lexeme = &text[start..end];
    if ![written(output), escaped(output)].iter().any(|written| written == lexeme) {
        return None;
    }
    let head = marker::legend(&format!("JSON, its \"{key}\" as text below"), None);
    // The rest on one line: where it ends, the output begins.
    let (before, after) = (&text[..start], &text[end..]);
    if before.contains('\n') || after.contains('\n') {
        return None;
    }
    Some(Answer { head: format!("{head}\n{before}\"{BELOW}\"{after}\n"), output: output.to_owned() })
}

/// Where the string of `key` stands in `text`, quotes included.
fn span(text: &str, key: &str) -> Option<(usize, usize)> {
    let name = format!("\"{key}\"");
    // As the first key, or behind short values: a name inside another string is none.
    let at = text.find(&name)? + name.len();
    let colon = text[at..].trim_start().strip_prefix(':')?.trim_start();
    let start = text.len() - colon.len();
    let mut strings = serde_json::Deserializer::from_str(colon).into_iter::<String>();
    strings.next()?.ok()?;
    Some((start, start + strings.byte_offset()))
}

fn written(text: &str) -> String {
    Value::from(text).to_string()
}

/// As those write it that write nothing but ASCII.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let written = written(text);
    let mut out = String::with_capacity(written.len());
    for character in written.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            out.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The answer of which `form` is the form, where it was written as `serde_json` does.
#[cfg(test)]
pub(crate) fn read(form: &str) -> Option<String> {
    let (head, rest) = form.split_once('\n')?;
    marker::read_legend(head)?;
    let (object, output) = rest.split_once('\n')?;
    Some(object.replace(&format!("\"{BELOW}\""), &written(output)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_output_stands_below_the_rest() {
        let lines = "src/a.rs\tä\n".repeat(20);
        let text = json!({"output": lines, "metadata": {"exit_code": 0}}).to_string();
        let opened = open(&text).unwrap();
        assert!(opened.head.starts_with("[headroom: JSON, its \"output\" as text below]\n{"), "{}", opened.head);
        assert!(opened.head.contains("\"output\":\"(below)\"") && opened.head.ends_with("}\n"), "{}", opened.head);
        assert_eq!(opened.output, lines);
        let ascii = text.replace('ä', "\\u00e4");
        assert_eq!(open(&ascii).unwrap().output, lines);
    }

    #[test]
    fn other_objects_are_left_alone() {
        let lines = "a\\nb".repeat(20);
        for text in [
            String::new(),
            "{".to_owned(),
            format!("[\"{lines}\"]"),
            format!("{{\"body\": \"{lines}\"}}"),
            format!("{{\"output\": [\"{lines}\"]}}"),
            format!("{{\"note\": \"\\\"output\\\": \\\"x\\\" {lines}\", \"output\": \"{lines}\"}}"),
            format!("{{\n\"output\": \"{lines}\"\n}}"),
            format!("{{\"output\": \"\\/{lines}\"}}"),
            format!("{{\"output\": \"{lines}\""),
        ] {
            assert_eq!(open(&text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_opened_can_be_closed_again(output in "[\\x00-\\x7fé错😀\\n\"\\\\]{0,80}", code in any::<u8>(), first in any::<bool>()) {
            let text = if first {
                json!({"a": code, "stdout": output}).to_string()
            } else {
                json!({"stdout": output, "z": code}).to_string()
            };
            if let Some(answer) = open(&text) {
                prop_assert_eq!(read(&format!("{}{}", answer.head, answer.output)), Some(text));
            }
        }
    }
}
