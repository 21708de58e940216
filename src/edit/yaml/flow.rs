//! Put an entry between braces or brackets and take one out, by text surgery.

use crate::edit::yaml::document::Document;
use crate::edit::yaml::document::Syntax;
use crate::edit::yaml::document::comma;
use crate::edit::yaml::document::entries;
use crate::edit::yaml::document::extent;
use crate::edit::yaml::document::span;
use crate::json_text;

/// The text with `entry` behind the others.
pub(super) fn add(document: &Document<'_>, container: &Syntax, entry: &str) -> String {
    let (at, added) = match entries(container).last() {
        None => (span(container).start + 1, entry.to_owned()),
        Some(last) => match comma(&last) {
            Some(comma) => (comma.end, format!(" {entry},")),
            _ => (extent(&last).end, format!(", {entry}")),
        },
    };
    json_text::splice(document.text, &[(at..at, &added)])
}

/// The text without `entry`, which is not the only one. White space and a comma go with it where no comment is near.
pub(super) fn remove(document: &Document<'_>, container: &Syntax, entry: &Syntax) -> String {
    let own = extent(entry);
    let own_comma = comma(entry);
    let before = entries(container).take_while(|other| span(other).start < own.start).last();
    let after = entries(container).find(|other| span(other).start > own.start);
    let free = |part: std::ops::Range<usize>| (!document.has_comment(&part, &[])).then_some(part);
    let end = own_comma.as_ref().map_or(own.end, |comma| comma.end);
    let cut = match (&before, &after) {
        (Some(before), None) => {
            let kept = match (&own_comma, comma(before)) {
                (Some(_), Some(comma)) => comma.end,
                _ => extent(before).end,
            };
            free(kept..end)
        }
        (Some(before), Some(after)) if document.text[end..span(after).start].contains('\n') => {
            comma(before).and_then(|comma| free(comma.end..end))
        }
        (_, Some(after)) => free(own.start..span(after).start),
        (None, None) => None,
    };
    json_text::splice(document.text, &[(cut.unwrap_or(own.start..end), "")])
}
