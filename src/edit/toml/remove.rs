//! Take our lines out again, with the comment lines that belong to them.
//!
//! The comment lines are found from our key, not our key from them: the nearest one on each side that does not belong
//! to another pair. What others have put between is theirs and stays.

use std::collections::BTreeSet;

use crate::edit::toml::Undo;
use crate::edit::toml::Was;
use crate::edit::toml::document::Document;
use crate::edit::toml::document::Place;
use crate::edit::toml::document::What;
use crate::edit::toml::inline;
use crate::edit::toml::insert::Space;

/// The two comment lines of a label.
#[derive(Debug)]
pub(super) struct Markers {
    pub(super) open: String,
    pub(super) close: String,
}

impl Markers {
    pub(super) fn of(label: &str) -> Self {
        Self { open: format!("# headroom:{label}"), close: format!("# /headroom:{label}") }
    }

    pub(super) fn is_open(&self, document: &Document<'_>, at: usize) -> bool {
        document.lines[at].what == What::Remark && document.content(at).trim() == self.open
    }

    pub(super) fn is_close(&self, document: &Document<'_>, at: usize) -> bool {
        document.lines[at].what == What::Remark && document.content(at).trim() == self.close
    }

    /// The comment lines around the lines `ours`.
    pub(super) fn around(&self, document: &Document<'_>, ours: &[usize]) -> Vec<usize> {
        let (Some(first), Some(_)) = (ours.first(), ours.last()) else { return Vec::new() };
        let is_either = |at: &usize| self.is_open(document, *at) || self.is_close(document, *at);
        let open = (0..*first).rev().find(is_either).filter(|at| self.is_open(document, *at));
        let close = (*first..document.lines.len()).find(is_either).filter(|at| self.is_close(document, *at));
        open.into_iter().chain(close).collect()
    }
}

/// The text without our key, which stands at `place`.
pub(super) fn remove(document: &Document<'_>, place: &Place, undo: &Undo, markers: &Markers) -> String {
    match place {
        Place::Lines(ours) => {
            let mut cut: BTreeSet<usize> = lines_between(document, ours);
            if undo.is_marked {
                cut.extend(markers.around(document, ours));
            }
            cut.extend(emptied_headers(document, undo, &cut));
            cut_lines(document, cut, &undo.was)
        }
        Place::Member(inline, member) => {
            let inner = match &undo.was {
                Was::Missing { inner, .. } => inner.as_deref(),
                _ => None,
            };
            inline::remove(document, inline, member, inner)
        }
        Place::InInline(_) | Place::Nowhere { .. } => document.text.to_owned(),
    }
}

/// `ours`, with the blank lines and comment lines between those of them that follow one another.
pub(super) fn lines_between(document: &Document<'_>, ours: &[usize]) -> BTreeSet<usize> {
    let mut all: BTreeSet<usize> = ours.iter().copied().collect();
    for pair in ours.windows(2) {
        if (pair[0] + 1..pair[1]).all(|at| !document.lines[at].is_statement()) {
            all.extend(pair[0]..pair[1]);
        }
    }
    all
}

/// Headers on our path that were not there before us and that nothing is left under.
fn emptied_headers(document: &Document<'_>, undo: &Undo, cut: &BTreeSet<usize>) -> Vec<usize> {
    let Was::Missing { existed, .. } = &undo.was else { return Vec::new() };
    let is_left = |at: &usize| !cut.contains(at) && document.lines[*at].what != What::Blank;
    let left: Vec<usize> = (0..document.lines.len()).filter(is_left).collect();
    let is_made = |path: &[String]| path.len() > *existed && undo.path.starts_with(path);
    left.iter()
        .enumerate()
        .filter(|(n, at)| {
            let line = &document.lines[**at];
            let is_followed = left.get(n + 1).is_some_and(|next| !document.lines[*next].is_header());
            let holds = |other: &&usize| *other != *at && document.lines[**other].path.starts_with(&line.path);
            line.what == What::Header && is_made(&line.path) && !is_followed && !left.iter().any(|at| holds(&at))
        })
        .map(|(_, at)| *at)
        .collect()
}

/// The text without these lines, and without the white space that came with them.
fn cut_lines(document: &Document<'_>, mut cut: BTreeSet<usize>, was: &Was) -> String {
    let is_empty = |at: &usize| document.content(*at).is_empty();
    let (first, last) = (cut.first().copied().unwrap_or_default(), cut.last().copied().unwrap_or_default());
    let none = Space::default();
    let space = if let Was::Missing { space, .. } = was { space } else { &none };
    if space.before {
        cut.extend(first.checked_sub(1).filter(is_empty));
    }
    if space.after {
        cut.extend(Some(last + 1).filter(|at| *at < document.lines.len()).filter(is_empty));
    }
    if space.alone && (0..first).all(|at| cut.contains(&at)) {
        // What an agent has written behind ours begins the document now.
        cut.extend((last + 1..document.lines.len()).take_while(is_empty));
    }
    let mut text = document.text.to_owned();
    for at in cut.iter().rev() {
        text.replace_range(document.lines[*at].span.clone(), "");
    }
    if has_no_last_break(document, &cut, space.completed.as_deref()) {
        let bare = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).map_or(text.len(), str::len);
        text.truncate(bare);
    }
    text
}

/// Whether the text without the lines `cut` ends without a line break, as it did before us. `completed` is the line
/// that was the last one then.
fn has_no_last_break(document: &Document<'_>, cut: &BTreeSet<usize>, completed: Option<&str>) -> bool {
    let is_kept = |at: &usize| !cut.contains(at);
    let last = document.lines.len() - 1;
    let Some(kept) = (0..=last).rev().find(is_kept) else { return false };
    let was_last = |at: usize| completed == Some(document.content(at));
    if kept < last {
        return was_last(kept) || !document.text.ends_with('\n');
    }
    // When only lines of another label follow, they are what has to end without one until they go as well.
    let is_remark =
        |at: usize, start: &str| document.lines[at].what == What::Remark && document.content(at).starts_with(start);
    let Some(first) = cut.first() else { return false };
    let mut following = (*first..=last).filter(is_kept).filter(|at| document.lines[*at].what != What::Blank);
    let before = first.checked_sub(1);
    before.is_some_and(was_last)
        && is_remark(last, "# /headroom:")
        && following.next().is_some_and(|at| is_remark(at, "# headroom:"))
}

/// The text without comment lines of ours that have lost what stood between them; `None` when there are none.
pub(super) fn stray_markers(document: &Document<'_>, markers: &Markers, was: &Was) -> Option<String> {
    let mut strays = BTreeSet::new();
    let mut open = None;
    let mut is_used = false;
    for at in 0..document.lines.len() {
        if markers.is_open(document, at) {
            strays.extend(open.replace(at));
            is_used = false;
        } else if markers.is_close(document, at) {
            match open.take() {
                Some(_) if is_used => {}
                open => strays.extend(open.into_iter().chain([at])),
            }
        } else if document.lines[at].is_statement() {
            is_used = true;
        }
    }
    strays.extend(open);
    (!strays.is_empty()).then(|| cut_lines(document, strays, was))
}
