//! Users' files as they were before us.
//!
//! A file that nobody changed since we wrote it gets its original bytes back. One that somebody changed keeps their
//! changes: only our own edits come off, each of them only where it still is as we left it. One that no longer parses,
//! or was emptied, is not touched at all; its entry and its original stay in the ledger, and the user is told what to do
//! by hand.

use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::ledger;
use crate::agent::ledger::{EditEntry, FileEntry, Ledger, State, Tombstone};
use crate::edit;
use crate::edit::{Edit, Reverted, Undo};
use crate::files;
use crate::files::Replaced;

/// How long an agent may write an entry of ours back from its memory: longer than anybody keeps one running.
const TOMBSTONE_SECONDS: u64 = 30 * 24 * 60 * 60;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restored {
    pub(crate) path: PathBuf,
    pub(crate) how: How,
}

/// How a file was restored, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// It has its original bytes.
    Original,
    /// Whoever was to edit it had not come to it.
    Untouched,
    /// It was not there before, and is not now.
    Removed,
    /// Somebody changed it meanwhile; their changes stayed, ours are off.
    Reverted,
    /// Somebody removed it.
    Gone,
    /// Somebody changed our part of it: it is theirs now.
    Theirs,
    /// An agent had written our entry back; it is off again.
    CameBack,
    /// It could not be restored. `by_hand` is what to take out, if anything is in it, and `copy` the file as it was
    /// before us.
    Stuck { why: String, by_hand: Vec<String>, copy: Option<PathBuf> },
}

/// Takes off the edits that nobody holds once `lets_go` has said, for each holder, whether it lets go.
pub(crate) fn release(state: &State, ledger: &mut Ledger, lets_go: &dyn Fn(&str, &str) -> bool) -> Vec<Restored> {
    let mut done = Vec::new();
    for mut entry in std::mem::take(&mut ledger.files) {
        for edit in &mut entry.edits {
            edit.holders.retain(|session, agent| !lets_go(session, agent));
        }
        let (dead, held): (Vec<_>, Vec<_>) = entry.edits.drain(..).partition(|edit| edit.holders.is_empty());
        entry.edits = held;
        if dead.is_empty() {
            ledger.files.push(entry);
            continue;
        }
        let path = entry.path.clone();
        match take_off(state, &mut entry, &dead) {
            Ok(how) => {
                // Whatever is in the file now, an agent may still remember what was.
                bury(state, ledger, &entry, &dead);
                done.push(Restored { path, how });
            }
            Err(why) => {
                let by_hand = match why {
                    Failed::Emptied => Vec::new(),
                    Failed::Busy | Failed::Other(_) => dead.iter().map(|edit| by_hand(&edit.edit)).collect(),
                };
                let copy = entry.original.as_ref().and_then(|name| state.copy(name));
                done.push(Restored { path, how: How::Stuck { why: why.to_string(), by_hand, copy } });
                entry.edits.extend(dead);
            }
        }
        if !entry.edits.is_empty() {
            ledger.files.push(entry);
        }
    }
    done
}

/// Why a file could not be restored.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("it is empty, and was not before")]
    Emptied,
    #[error("another program keeps writing it")]
    Busy,
    #[error("{0}")]
    Other(String),
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

/// Takes `dead` off the file, from whatever it holds by now. What is left in `entry.edits` stays on.
fn take_off(state: &State, entry: &mut FileEntry, dead: &[EditEntry]) -> Result<How, Failed> {
    for _ in 0..files::ATTEMPTS {
        if let (how, Replaced::Done) = take_off_once(state, entry, dead)? {
            return Ok(how);
        }
    }
    Err(Failed::Busy)
}

fn take_off_once(state: &State, entry: &mut FileEntry, dead: &[EditEntry]) -> Result<(How, Replaced), Failed> {
    if fs::metadata(&entry.real).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Failed::Other("it is not a file any more".to_owned()));
    }
    let Some(bytes) = files::read(&entry.real).map_err(|err| with_cause(&err))? else {
        if entry.edits.is_empty() {
            remove_folders(&entry.folders);
        }
        let was_there = entry.original.is_some();
        return Ok((if was_there { How::Gone } else { How::Untouched }, Replaced::Done));
    };
    let hash = ledger::hash(&bytes);
    if entry.edits.is_empty() && entry.original.as_ref() == Some(&hash) {
        return Ok((How::Untouched, Replaced::Done));
    }
    let is_unchanged = entry.written.as_ref() == Some(&hash);
    if is_unchanged
        && entry.edits.is_empty()
        && let Some(done) = put_original_back(state, entry, &bytes)?
    {
        return Ok(done);
    }

    let before = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if is_emptied(&before) && had_content(state, entry)? {
        // A crash of the machine, or of a program that empties before it writes: ours may be the only copy.
        return Err(Failed::Emptied);
    }
    let undos: Vec<Undo> = dead.iter().map(|edit| edit.undo.clone()).collect();
    let text = edit::revert_all(&before, &undos).map_err(|err| err.to_string())?.text;
    if text == before {
        return Ok((How::Theirs, Replaced::Done));
    }
    if entry.original.is_none() && entry.edits.is_empty() && text.trim().is_empty() {
        return Ok((How::Removed, remove(entry, before.as_bytes())?));
    }
    let replaced = files::replace(&entry.real, Some(before.as_bytes()), text.as_bytes(), &state.journal());
    let replaced = replaced.map_err(|err| with_cause(&err))?;
    if replaced == Replaced::Done {
        entry.written = is_unchanged.then(|| ledger::hash(text.as_bytes()));
    }
    Ok((How::Reverted, replaced))
}

/// Whether nothing is left in `text`: some file systems fill what a crash lost with zeros.
fn is_emptied(text: &str) -> bool {
    text.chars().all(|char| char.is_whitespace() || matches!(char, '\0' | '\u{feff}'))
}

/// Whether the file held anything before us, as far as its original is still to be had.
fn had_content(state: &State, entry: &FileEntry) -> Result<bool, String> {
    let Some(name) = &entry.original else { return Ok(false) };
    let original = state.original(name).map_err(|err| err.to_string())?;
    Ok(original.is_some_and(|bytes| !bytes.trim_ascii().is_empty()))
}

/// `None` when the original bytes are lost.
fn put_original_back(state: &State, entry: &FileEntry, current: &[u8]) -> Result<Option<(How, Replaced)>, String> {
    let Some(name) = &entry.original else { return Ok(Some((How::Removed, remove(entry, current)?))) };
    let Some(original) = state.original(name).map_err(|err| err.to_string())? else { return Ok(None) };
    // The mode is not put back: we kept it when we wrote, so a different one is somebody's wish.
    let replaced =
        files::replace(&entry.real, Some(current), &original, &state.journal()).map_err(|err| with_cause(&err))?;
    Ok(Some((How::Original, replaced)))
}

/// Removes a file that was not there before us, and the folders that we made for it if they are empty.
fn remove(entry: &FileEntry, current: &[u8]) -> Result<Replaced, String> {
    let removed = files::remove_unchanged(&entry.real, current).map_err(|err| with_cause(&err))?;
    if removed == Replaced::Done {
        remove_folders(&entry.folders);
    }
    Ok(removed)
}

/// Removes those of `folders`, outermost first, that are empty.
pub(crate) fn remove_folders(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        // One that is not empty is somebody's by now.
        drop(files::remove_folder_if_empty(folder));
    }
}

fn with_cause(err: &files::Error) -> String {
    format!("{err}: {}", err.source)
}

/// Remembers what was taken off, for agents that write it back.
fn bury(state: &State, ledger: &mut Ledger, entry: &FileEntry, dead: &[EditEntry]) {
    for EditEntry { edit, undo, .. } in dead {
        exhume(ledger, &entry.real, edit);
        ledger.tombstones.push(Tombstone {
            path: entry.real.clone(),
            edit: edit.clone(),
            undo: undo.clone(),
            existed: entry.original.is_some(),
            since: state.now(),
        });
    }
}

/// `text` without what an agent wrote back since it was taken off: an entry of ours must not pass for the user's own.
pub(crate) fn without_returned(ledger: &Ledger, path: &Path, edit: &Edit, text: Option<String>) -> Option<String> {
    let text = text?;
    let stone = ledger.tombstones.iter().find(|stone| stone.path == path && is_same_place(&stone.edit, edit));
    match stone.map(|stone| (stone.existed, edit::revert(&text, &stone.undo))) {
        Some((existed, Ok(Reverted::Text(reverted)))) => (existed || !reverted.trim().is_empty()).then_some(reverted),
        _ => Some(text),
    }
}

/// Forgets that an edit like this one was taken off: it is wanted again.
pub(crate) fn exhume(ledger: &mut Ledger, path: &Path, edit: &Edit) {
    ledger.tombstones.retain(|stone| stone.path != path || !is_same_place(&stone.edit, edit));
}

/// Whether both edits are of the same key or block, whatever they put there.
pub(crate) fn is_same_place(left: &Edit, right: &Edit) -> bool {
    match (left, right) {
        (Edit::Json { path: left, .. }, Edit::Json { path: right, .. })
        | (Edit::Toml { path: left, .. }, Edit::Toml { path: right, .. })
        | (Edit::Yaml { path: left, .. }, Edit::Yaml { path: right, .. }) => left == right,
        (Edit::Block { name: left, .. }, Edit::Block { name: right, .. }) => left == right,
        _ => false,
    }
}

/// Takes off entries of ours that an agent wrote back unchanged after we had taken them off.
pub(crate) fn take_off_returned(state: &State, ledger: &mut Ledger) -> Vec<Restored> {
    let now = state.now();
    ledger.tombstones.retain(|stone| now.saturating_sub(stone.since) < TOMBSTONE_SECONDS);
    let mut done = Vec::new();
    for stone in &ledger.tombstones {
        if !stone.path.is_file() {
            continue;
        }
        let Ok(Some(bytes)) = files::read(&stone.path) else { continue };
        if memchr::memmem::find(&bytes, trace(&stone.edit).as_bytes()).is_none() {
            continue;
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let Ok(Reverted::Text(reverted)) = edit::revert(&text, &stone.undo) else { continue };
        let written = if !stone.existed && reverted.trim().is_empty() {
            files::remove_unchanged(&stone.path, text.as_bytes())
        } else {
            files::replace(&stone.path, Some(text.as_bytes()), reverted.as_bytes(), &state.journal())
        };
        let how = match written {
            Ok(Replaced::Done) => How::CameBack,
            // The stone stays, and so does the entry until the next time.
            Ok(Replaced::Changed) => continue,
            Err(err) => How::Stuck { why: with_cause(&err), by_hand: vec![by_hand(&stone.edit)], copy: None },
        };
        done.push(Restored { path: stone.path.clone(), how });
    }
    done
}

/// The name of what was edited: it stands in every file that has the edit, and looking for it is cheaper than parsing.
pub(crate) fn trace(edit: &Edit) -> &str {
    match edit {
        Edit::Json { path, .. } | Edit::Toml { path, .. } => path.last().map_or("", String::as_str),
        Edit::Yaml { path, .. } => path.last().map_or("", |step| edit::yaml::name(step)),
        Edit::Block { name, .. } => name,
    }
}

/// What a user would have to take out.
fn by_hand(edit: &Edit) -> String {
    match edit {
        Edit::Json { path, .. } | Edit::Yaml { path, .. } => format!("the key `{}`", path.join(".")),
        Edit::Toml { path, .. } => format!("the table `[{}]`", path.join(".")),
        Edit::Block { name, .. } => format!("the lines from `<!-- headroom:{name} -->` to `<!-- /headroom:{name} -->`"),
    }
}
