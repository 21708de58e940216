//! Put a key into an inline table and take one out, by text surgery.
//!
//! Inline tables may span lines and hold comments and a trailing comma since TOML 1.1. Taking a key out is the exact
//! inverse of putting it in as long as nobody wrote around it, and otherwise leaves every comment.

use crate::edit::toml::document::Document;
use crate::edit::toml::document::Inline;
use crate::edit::toml::document::Kind;
use crate::edit::toml::document::Member;
use crate::json_text;
use crate::json_text::Span;

/// The text with `pair` behind the other keys, and what stood between the braces if that was only white space.
pub(super) fn add(document: &Document<'_>, inline: &Inline, pair: &str) -> (String, Option<String>) {
    let tokens = &document.tokens;
    let Some(last) = inline.members.last() else {
        let inner = tokens[inline.open].span.end..tokens[inline.close].span.start;
        if inline.close > inline.open + 1 {
            // There are comments, so a new line may begin behind the brace.
            let at = inner.start;
            return (json_text::splice(document.text, &[(at..at, &format!(" {pair}"))]), None);
        }
        let text = json_text::splice(document.text, &[(inner.clone(), &format!(" {pair} "))]);
        return (text, Some(document.text[inner].to_owned()));
    };
    let comma = (last.end + 1..inline.close).find(|at| tokens[*at].kind == Kind::Comma);
    let (at, added) = match comma {
        Some(comma) => (tokens[comma].span.end, format!(" {pair},")),
        None => (tokens[last.end].span.end, format!(", {pair}")),
    };
    (json_text::splice(document.text, &[(at..at, &added)]), None)
}

/// The text without `member`. If nothing is left between the braces, `inner` is put there.
pub(super) fn remove(document: &Document<'_>, inline: &Inline, member: &Member, inner: Option<&str>) -> String {
    let tokens = &document.tokens;
    let own = |kind: Kind, range: std::ops::Range<usize>| range.into_iter().find(|at| tokens[*at].kind == kind);
    let after = own(Kind::Comma, member.end + 1..next_key(inline, member));
    let before = inline.members.iter().rev().find(|other| other.key < member.key);
    let is_alone = inline.members.len() == 1 && !document.has_comment(inline.open, inline.close);
    let cuts: Vec<(Span, &str)> = match (before, after) {
        _ if is_alone => vec![(tokens[inline.open].span.end..tokens[inline.close].span.start, inner.unwrap_or(""))],
        // The comma before goes with a member that was last.
        (Some(before), None) => {
            let comma = own(Kind::Comma, before.end + 1..member.key).unwrap_or(member.key);
            if document.has_comment(before.end, member.key) {
                vec![(tokens[comma].span.clone(), ""), (span(document, member.key, member.end), "")]
            } else {
                vec![(tokens[before.end].span.end..tokens[member.end].span.end, "")]
            }
        }
        (_, Some(comma)) if comma == member.end + 1 => {
            let behind = tokens[comma + 1].span.start;
            let ends_line =
                tokens[comma + 1].kind == Kind::Comment || document.text[tokens[comma].span.end..behind].contains('\n');
            let previous = &tokens[member.key - 1];
            if (ends_line || comma + 1 == inline.close) && previous.kind != Kind::Comment {
                vec![(previous.span.end..tokens[comma].span.end, "")]
            } else if ends_line {
                vec![(span(document, member.key, comma), "")]
            } else {
                vec![(tokens[member.key].span.start..behind, "")]
            }
        }
        (_, Some(comma)) => vec![(span(document, member.key, member.end), ""), (tokens[comma].span.clone(), "")],
        // It is the only one, among comments.
        (None, None) => {
            let start = tokens[member.key].span.start;
            let is_spaced = document.text[..start].ends_with(' ');
            vec![(start - usize::from(is_spaced)..tokens[member.end].span.end, "")]
        }
    };
    json_text::splice(document.text, &cuts)
}

fn next_key(inline: &Inline, member: &Member) -> usize {
    inline.members.iter().map(|other| other.key).find(|key| *key > member.key).unwrap_or(inline.close)
}

fn span(document: &Document<'_>, first: usize, last: usize) -> Span {
    document.tokens[first].span.start..document.tokens[last].span.end
}
