//! How a JSON text was laid out, as far as that can be said in a few words, and writing it in that layout again.

use crate::compress::json::parse::Node;

/// Begins a string that holds JSON.
pub(super) const STRING_OF: &str = "string_of(";

/// The layouts that JSON writers produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// No white space.
    Compact,
    /// `", "` and `": "`, as Python writes it.
    Spaced,
    /// A line for each member, so many spaces deeper in each level.
    Indented(usize),
    /// A line for each member, a tab deeper in each level.
    Tabbed,
}

impl Style {
    /// The style that `text` seems to have, told from its first signs. Whether that is so, writing it again will show.
    pub(super) fn guess(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'[' | b'{' => {
                    let line = text[at + 1..].trim_start_matches('\r');
                    if let Some(inside) = line.strip_prefix('\n') {
                        let spaces = inside.bytes().take_while(|byte| *byte == b' ').count();
                        let outer = indent_before(text, at);
                        return if inside.trim_start_matches(' ').starts_with('\t') {
                            Self::Tabbed
                        } else {
                            Self::Indented(spaces.saturating_sub(outer))
                        };
                    }
                    at += 1;
                }
                b'"' => {
                    at += crate::compress::json::parse::string(&text[at..]).unwrap_or(1);
                }
                b':' | b',' => {
                    return if bytes.get(at + 1) == Some(&b' ') { Self::Spaced } else { Self::Compact };
                }
                _ => at += 1,
            }
        }
        Self::Compact
    }

    /// The style in words, for a head line.
    pub(super) fn words(self) -> String {
        match self {
            Self::Compact => "was compact".to_owned(),
            Self::Spaced => "was spaced".to_owned(),
            Self::Indented(by) => format!("was indented by {by}"),
            Self::Tabbed => "was indented by tabs".to_owned(),
        }
    }

    /// The style that these words name.
    pub(super) fn from_words(words: &str) -> Option<Self> {
        match words {
            "was compact" => Some(Self::Compact),
            "was spaced" => Some(Self::Spaced),
            "was indented by tabs" => Some(Self::Tabbed),
            _ => words.strip_prefix("was indented by ")?.parse().ok().map(Self::Indented),
        }
    }

    /// What stands between a container's bracket or comma and a child at `depth`.
    pub(super) fn line_break(self, depth: usize) -> String {
        match self {
            Self::Compact | Self::Spaced => String::new(),
            Self::Indented(by) => format!("\n{}", " ".repeat(by * depth)),
            Self::Tabbed => format!("\n{}", "\t".repeat(depth)),
        }
    }
}

fn indent_before(text: &str, at: usize) -> usize {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// Writes `node` in `style`, its children `depth + 1` levels deep.
pub(super) fn write(node: &Node, style: Style, depth: usize, out: &mut String) {
    let (open, close, is_empty) = match node {
        Node::Scalar(lexeme) => return out.push_str(lexeme),
        Node::Quoted(inner, was) => {
            out.push_str(STRING_OF);
            write(inner, Style::Compact, 0, out);
            out.push_str(", ");
            out.push_str(&was.words());
            return out.push(')');
        }
        Node::Array(items) => ('[', ']', items.is_empty()),
        Node::Object(members) => ('{', '}', members.is_empty()),
    };
    out.push(open);
    if !is_empty {
        let inside = style.line_break(depth + 1);
        let comma = if style == Style::Spaced { ", " } else { "," };
        let separate = |index: usize, out: &mut String| {
            if index > 0 {
                out.push_str(comma);
            }
            out.push_str(&inside);
        };
        match node {
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    separate(index, out);
                    write(item, style, depth + 1, out);
                }
            }
            Node::Object(members) => {
                for (index, (key, item)) in members.iter().enumerate() {
                    separate(index, out);
                    write_key(key, style, out);
                    write(item, style, depth + 1, out);
                }
            }
            Node::Scalar(_) | Node::Quoted(..) => {}
        }
        out.push_str(&style.line_break(depth));
    }
    out.push(close);
}

/// How many bytes `node` takes without white space.
pub(super) fn length(node: &Node) -> usize {
    match node {
        Node::Scalar(lexeme) => lexeme.len(),
        Node::Array(items) => 1 + items.len().max(1) + items.iter().map(length).sum::<usize>(),
        Node::Object(members) => {
            1 + members.len().max(1) + members.iter().map(|(key, item)| key.len() + 1 + length(item)).sum::<usize>()
        }
        Node::Quoted(inner, was) => STRING_OF.len() + length(inner) + was.words().len() + 3,
    }
}

/// Writes a member's key and what stands between it and the value.
pub(super) fn write_key(key: &str, style: Style, out: &mut String) {
    out.push_str(key);
    out.push_str(if style == Style::Compact { ":" } else { ": " });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::json::parse;

    #[test]
    fn each_style_is_recognised_and_written_again() {
        for text in [
            r#"{"a":[1,{"b":[]}],"c":{}}"#,
            r#"{"a": [1, {"b": []}], "c": {}}"#,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}",
            "[\n    {\n        \"a\": \"x, y: z\"\n    }\n]",
            "{\n\t\"a\": [\n\t\t1\n\t]\n}",
        ] {
            let (node, _) = parse::value(text, 0).unwrap();
            let style = Style::guess(text);
            let mut written = String::new();
            write(&node, style, 0, &mut written);
            assert_eq!(written, text);
            assert_eq!(Style::from_words(&style.words()), Some(style));
        }
    }
}
