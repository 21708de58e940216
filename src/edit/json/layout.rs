//! How a JSONC document is laid out, and our values written to match.
//!
//! Agents rewrite their whole configuration with `JSON.stringify`. What we put back into a rewritten document must look
//! as if it had been there, so that layout is recognised (`indentation`) and imitated (`stringified`); every other
//! layout is somebody's own hand and only matched locally.

use serde_json::Value;

use crate::edit::json::document::Document;
use crate::edit::json::document::Kind;
use crate::edit::lines::body;
use crate::edit::lines::newline;
use crate::json_text;

/// What we write follows this.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) newline: &'static str,
    /// One level of indentation; `None` when the document stands on one line.
    pub(super) unit: Option<String>,
    /// What stands after a colon.
    pub(super) gap: &'static str,
}

impl Layout {
    /// The layout of a document that does not exist yet.
    pub(super) fn fresh(text: &str) -> Self {
        Self { newline: newline(text), unit: Some("  ".to_owned()), gap: " " }
    }

    pub(super) fn of(document: &Document<'_>) -> Self {
        let tokens = &document.tokens;
        let fresh = Self::fresh(document.text);
        let first = tokens.iter().position(|token| token.kind == Kind::Open).map(|open| open + 1);
        let unit = match first {
            Some(first) if tokens[first].kind == Kind::Close => fresh.unit,
            Some(first) => {
                // A comment may follow the first brace on its line.
                let lead = document.gap(document.after_comments(first));
                lead.rfind('\n').map(|newline| lead[newline + 1..].to_owned())
            }
            None => fresh.unit,
        };
        let gap = match tokens.iter().position(|token| token.kind == Kind::Colon) {
            Some(colon) if document.gap(colon + 1).is_empty() => "",
            None if unit.is_none() => "",
            _ => " ",
        };
        Self { newline: fresh.newline, unit, gap }
    }

    /// `"key": value` as it stands on a line indented by `indent`, or within a line.
    pub(super) fn member(&self, key: &str, value: &Value, indent: Option<&str>) -> String {
        format!("{}:{}{}", json_text::encode(key), self.gap, self.value(value, indent))
    }

    /// `value` as it stands on a line indented by `indent`, or within a line.
    pub(super) fn value(&self, value: &Value, indent: Option<&str>) -> String {
        let mut out = String::new();
        self.write(&mut out, value, indent);
        out
    }

    fn write(&self, out: &mut String, value: &Value, indent: Option<&str>) {
        let inner = indent.zip(self.unit.as_deref()).map(|(indent, unit)| format!("{indent}{unit}"));
        let inner = inner.as_deref();
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    self.separate(out, n, inner);
                    out.push_str(&json_text::encode(key));
                    out.push(':');
                    out.push_str(self.gap);
                    self.write(out, value, inner);
                }
                self.close(out, '}', inner.and(indent));
            }
            Value::Array(elements) if !elements.is_empty() => {
                out.push('[');
                for (n, element) in elements.iter().enumerate() {
                    self.separate(out, n, inner);
                    self.write(out, element, inner);
                }
                self.close(out, ']', inner.and(indent));
            }
            scalar => out.push_str(&scalar.to_string()),
        }
    }

    fn separate(&self, out: &mut String, n: usize, indent: Option<&str>) {
        if n > 0 {
            out.push(',');
        }
        match indent {
            Some(indent) => {
                out.push_str(self.newline);
                out.push_str(indent);
            }
            None if n > 0 => out.push_str(self.gap),
            None => {}
        }
    }

    fn close(&self, out: &mut String, bracket: char, indent: Option<&str>) {
        if let Some(indent) = indent {
            out.push_str(self.newline);
            out.push_str(indent);
        }
        out.push(bracket);
    }
}

/// The line break and indentation with which `JSON.stringify` would have written all of `document`; empty when it
/// would be on one line without spaces, `None` when it is laid out in any other way.
pub(super) fn indentation(document: &Document<'_>) -> Option<String> {
    let lead = match document.tokens[0].kind {
        Kind::Open if document.tokens[1].kind != Kind::Close => document.gap(1),
        _ => "",
    };
    (stringified(document, lead, 0)? == body(document.text).trim()).then(|| lead.to_owned())
}

/// The tokens of `document` as `JSON.stringify` spaces them, `depth` levels deep in a document so indented. `None` when
/// there is a comment or a trailing comma, which it never writes.
pub(super) fn stringified(document: &Document<'_>, indentation: &str, depth: usize) -> Option<String> {
    let unit = indentation.trim_start_matches(['\r', '\n']);
    let newline = &indentation[..indentation.len() - unit.len()];
    let mut out = String::with_capacity(document.text.len());
    let mut depth = depth;
    let mut previous = None;
    for (at, token) in document.tokens.iter().enumerate() {
        match (previous, token.kind) {
            (_, Kind::LineComment | Kind::BlockComment) | (Some(Kind::Comma), Kind::Close) => return None,
            (Some(Kind::Open), Kind::Close) => depth -= 1,
            (_, Kind::Close) => {
                depth -= 1;
                push_line(&mut out, newline, unit, depth);
            }
            (Some(Kind::Open | Kind::Comma), _) => push_line(&mut out, newline, unit, depth),
            (Some(Kind::Colon), _) if !indentation.is_empty() => out.push(' '),
            _ => {}
        }
        if token.kind == Kind::Open {
            depth += 1;
        }
        out.push_str(document.source(at, at));
        previous = Some(token.kind);
    }
    Some(out)
}

fn push_line(out: &mut String, newline: &str, unit: &str, depth: usize) {
    out.push_str(newline);
    for _ in 0..depth {
        out.push_str(unit);
    }
}
