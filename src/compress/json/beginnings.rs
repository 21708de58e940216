//! Long beginnings that the paths and addresses of a column share, said once in the line of keys.
//!
//! ```text
//! name,resolved (.../ is https://registry.npmjs.org/)
//! accepts,.../accepts/-/accepts-1.3.8.tgz
//! ```
//! A beginning ends at a slash, so every name below it stays in one piece. A cell that begins with `.../` by itself keeps
//! its quotes, so the sign is never taken for a value.

use std::collections::HashMap;

use crate::compress::json::parse::Node;

/// Stands in a cell for the beginning.
pub(super) const SIGN: &str = ".../";
const OPEN: &str = " (.../ is ";
/// So many cells are looked at to find the beginning that most of them share.
const SAMPLE: usize = 200;
/// A sign costs the reader a look: shorter beginnings are said again.
const SHORTEST: usize = 26;
/// A path in one piece is plainer: so many bytes must be saved, and so many percent of what the table's cells take.
const LEAST_SAVED: usize = 200;
const LEAST_PERCENT: usize = 4;
/// Deeper folders are not looked at.
const MOST_SLASHES: usize = 12;

/// The beginning that is worth saying once for the cells `nodes` of a column, in a table whose cells take so many bytes.
pub(super) fn of<'n>(
    nodes: impl Iterator<Item = &'n Node<'n>> + Clone,
    bytes: usize,
    stops: &[char],
) -> Option<&'n str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for inner in nodes.clone().take(SAMPLE).filter_map(text_in) {
        for (at, _) in inner.match_indices('/').take(MOST_SLASHES) {
            let beginning = &inner[..=at];
            if beginning.len() >= SHORTEST {
                *counts.entry(beginning).or_default() += 1;
            }
        }
    }
    let saved = |(beginning, count): &(&str, usize)| (count - 1) * (beginning.len() - SIGN.len());
    // The order must not depend on a hash.
    let (beginning, _) = counts.into_iter().max_by_key(|found| (saved(found), found.0))?;
    let is_plain =
        beginning.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')' | '\\' | '^'))
            && !beginning.contains(stops);
    let (mut all, mut with) = (0, 0);
    for node in nodes {
        all += 1;
        with += usize::from(text_in(node).is_some_and(|inner| inner.starts_with(beginning)));
    }
    let saved = with.saturating_sub(1) * (beginning.len() - SIGN.len());
    let is_worth = saved >= LEAST_SAVED && saved * 100 >= bytes * LEAST_PERCENT;
    (is_plain && with * 2 >= all && is_worth).then_some(beginning)
}

fn text_in<'n>(node: &'n Node) -> Option<&'n str> {
    match node {
        Node::Scalar(lexeme) => lexeme.strip_prefix('"')?.strip_suffix('"'),
        _ => None,
    }
}

/// Writes what the line of keys says of `beginning`.
pub(super) fn write_key(beginning: &str, out: &mut String) {
    out.push_str(OPEN);
    out.push_str(beginning);
    out.push(')');
}

/// Reads what the line of keys says of a beginning, if `text` begins with that, and says what follows.
pub(super) fn read_key(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(OPEN)?.split_once(')')
}

/// Writes the cell of `node` with the sign for `beginning`; false where it does not begin so.
pub(super) fn write(node: &Node, beginning: &str, stops: &[char], out: &mut String) -> bool {
    let Some(rest) = text_in(node).and_then(|inner| inner.strip_prefix(beginning)) else { return false };
    if rest.contains(['\\', '"']) || rest.contains(stops) || rest.ends_with(char::is_whitespace) {
        return false;
    }
    out.push_str(SIGN);
    out.push_str(rest);
    true
}

/// Reads the cell that `text` begins with, if that stands for `beginning` and more, and says what follows.
pub(super) fn read<'a>(text: &'a str, beginning: &str, stops: &[char]) -> Option<(Node<'a>, &'a str)> {
    let rest = text.strip_prefix(SIGN)?;
    let end = rest.find(stops).unwrap_or(rest.len());
    let lexeme = format!("\"{beginning}{}\"", &rest[..end]);
    Some((Node::Scalar(lexeme.into()), &rest[end..]))
}
