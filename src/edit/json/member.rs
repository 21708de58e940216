//! Put a member into an object and take one out, by text surgery.
//!
//! A member goes in behind all others, where a person would type it. Taking one out is the exact inverse as long as
//! nobody wrote around it, and otherwise leaves every comment, comma and line break that is not its own; above all it
//! never lets a line comment swallow what follows.

use serde_json::Value;

use crate::edit::json::document::Document;
use crate::edit::json::document::Kind;
use crate::edit::json::document::Member;
use crate::edit::json::document::Step;
use crate::edit::json::layout::Layout;
use crate::json_text;
use crate::json_text::Span;

/// The text with a member added, and what stood between the braces if that was only white space.
pub(super) fn add(document: &Document<'_>, step: &Step, key: &str, value: &Value) -> (String, Option<String>) {
    let layout = Layout::of(document);
    let indent = line_indent(document, step, &layout);
    let lead = match &indent {
        Some(indent) => format!("{}{indent}", layout.newline),
        None => inline_lead(document, step, &layout).to_owned(),
    };
    let member = layout.member(key, value, indent.as_deref());
    if step.close == step.open + 1 {
        let inner = document.tokens[step.open].span.end..document.tokens[step.close].span.start;
        let filled = match indent {
            Some(_) => format!("{lead}{member}{}{}", layout.newline, document.indent(step.open)),
            None => member,
        };
        let text = json_text::splice(document.text, &[(inner.clone(), &filled)]);
        return (text, Some(document.text[inner].to_owned()));
    }
    let at = document.tokens[step.close - 1].span.end;
    let text = match step.members.last() {
        Some(last) if document.tokens[document.after_comments(last.end + 1)].kind == Kind::Comma => {
            json_text::splice(document.text, &[(at..at, &format!("{lead}{member},"))])
        }
        Some(last) => {
            let end = document.tokens[last.end].span.end;
            json_text::splice(document.text, &[(end..end, ","), (at..at, &format!("{lead}{member}"))])
        }
        None => json_text::splice(document.text, &[(at..at, &format!("{lead}{member}"))]),
    };
    (text, None)
}

/// The indentation of a new line at the end of the object; `None` when its members share a line.
fn line_indent(document: &Document<'_>, step: &Step, layout: &Layout) -> Option<String> {
    let unit = layout.unit.as_deref().unwrap_or("  ");
    let beside = [step.members.last(), step.members.first()].into_iter().flatten();
    for gap in beside.map(|member| document.gap(member.key)) {
        if let Some(newline) = gap.rfind('\n') {
            return Some(gap[newline + 1..].to_owned());
        }
    }
    let is_empty = step.close == step.open + 1;
    // What is put behind a line comment must not become part of it.
    let has_line_end = document.gap(step.close).contains(['\n', '\r']);
    if is_empty && layout.unit.is_some() {
        Some(format!("{}{unit}", document.indent(step.open)))
    } else if !is_empty && has_line_end && (step.members.is_empty() || ends_in_line_comment(document, step)) {
        Some(format!("{}{unit}", document.indent(step.close)))
    } else {
        None
    }
}

fn ends_in_line_comment(document: &Document<'_>, step: &Step) -> bool {
    document.tokens[step.close - 1].kind == Kind::LineComment
}

fn inline_lead<'a>(document: &Document<'a>, step: &Step, layout: &Layout) -> &'a str {
    match step.members.as_slice() {
        [.., _, last] => document.gap(last.key),
        _ => layout.gap,
    }
}

/// The text without `member`. If nothing is left in its object, `inner` goes between the braces.
pub(super) fn remove(document: &Document<'_>, step: &Step, member: Member, inner: &str) -> String {
    let tokens = &document.tokens;
    if is_alone(document, step) {
        let between = tokens[step.open].span.end..tokens[step.close].span.start;
        return json_text::splice(document.text, &[(between, inner)]);
    }
    let after = document.after_comments(member.end + 1);
    let before = before_comments(document, member.key - 1);
    let mut cuts: Vec<(Span, &str)> = Vec::new();
    if tokens[after].kind == Kind::Comma {
        if after == member.end + 1 {
            cuts.push((cut(document, member.key, after), ""));
        } else {
            cuts.push((cut(document, member.key, member.end), ""));
            cuts.push((tokens[after].span.clone(), ""));
        }
    } else {
        if tokens[before].kind == Kind::Comma {
            cuts.push((tokens[before].span.clone(), ""));
        }
        cuts.push((cut(document, member.key, member.end), ""));
    }
    json_text::splice(document.text, &cuts)
}

/// Whether the object holds one member at most, and nothing else.
pub(super) fn is_alone(document: &Document<'_>, step: &Step) -> bool {
    match step.members.as_slice() {
        [] => step.close == step.open + 1,
        [only] => {
            let is_followed_by_comma = document.tokens[only.end + 1].kind == Kind::Comma;
            only.key == step.open + 1 && step.close == only.end + 1 + usize::from(is_followed_by_comma)
        }
        _ => false,
    }
}

/// The last token up to `at` that is no comment.
fn before_comments(document: &Document<'_>, at: usize) -> usize {
    let comments = document.tokens[..=at].iter().rev().take_while(|token| token.kind.is_comment()).count();
    at - comments
}

/// The span of the tokens `first` to `last` with the white space on one side of them: in front where that leaves the
/// following line break, else behind.
fn cut(document: &Document<'_>, first: usize, last: usize) -> Span {
    let tokens = &document.tokens;
    let (previous, next) = (&tokens[first - 1], &tokens[last + 1]);
    let ends_line = document.gap(last + 1).contains(['\n', '\r']);
    let starts_line = document.gap(first).contains(['\n', '\r']);
    if ends_line || (!starts_line && previous.kind != Kind::Open) {
        previous.span.end..tokens[last].span.end
    } else if next.kind != Kind::Close {
        tokens[first].span.start..next.span.start
    } else if previous.kind == Kind::LineComment {
        tokens[first].span.start..tokens[last].span.end
    } else {
        previous.span.end..tokens[last].span.end
    }
}
