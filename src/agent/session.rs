//! A wrap's time: begin, end, and the recovery of those that never ended.
//!
//! `begin` does not fail: an agent that cannot be given our MCP server, because its file is read-only or does not parse,
//! is still worth launching through the proxy. What was left undone is in `skipped`, for the user to read.
//! One lock serialises begin, end and recovery of all wraps; it is never held while an agent runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::ledger;
use crate::agent::ledger::{EditEntry, FileEntry, Found, Holder, Ledger, State, Tombstone};
use crate::agent::plan::{FileEdit, Launch, Plan, Purpose};
use crate::agent::restore;
use crate::agent::restore::Restored;
use crate::edit;
use crate::edit::Edit;
use crate::files;
use crate::files::{Lock, Replaced};

/// Why wraps cannot be undone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error("{} {} still running", describe(.holders), if .holders.len() == 1 { "is" } else { "are" })]
    Held { holders: Vec<Holder> },
}

fn describe(holders: &[Holder]) -> String {
    let names: Vec<String> = holders
        .iter()
        .map(|holder| {
            let place = if holder.host == ledger::host() { String::new() } else { format!(" on `{}`", holder.host) };
            format!("`{}` (process {}{place}, in `{}`)", holder.agent, holder.pid, holder.project.display())
        })
        .collect();
    names.join(", ")
}

/// A wrap that has begun. Dropping it without `end` puts the files back as well, and tells nobody.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    id: String,
    /// What keeps this holder alive; `None` when there is no ledger, and so nothing to put back.
    lock: Option<Lock>,
    /// The edits that were not made.
    pub(crate) skipped: Vec<Skipped>,
    /// The files that have edits of ours now.
    pub(crate) edited: Vec<PathBuf>,
}

/// Something of the plan that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) purpose: Purpose,
    pub(crate) path: PathBuf,
    pub(crate) why: String,
}

/// Whose edits are taken off, though no process of theirs has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// A holder on another host counts as alive: its lock may not reach us.
    IsAlive,
    /// The user says that it is dead.
    IsDead,
}

impl Session {
    /// Makes the plan's edits, after the ledger says how to take them off.
    pub(crate) fn begin(plan: &Plan, state: &State) -> Self {
        let mut session = Self {
            state: state.clone(),
            id: plan.session.clone(),
            lock: None,
            skipped: Vec::new(),
            edited: Vec::new(),
        };
        match session.try_begin(plan) {
            Ok(lock) => session.lock = Some(lock),
            Err(err) => {
                let why = with_causes(&err);
                let all = plan.edits.iter();
                session.skipped = all
                    .map(|edit| Skipped { purpose: edit.purpose, path: edit.path.clone(), why: why.clone() })
                    .collect();
                session.edited.clear();
            }
        }
        session
    }

    fn try_begin(&mut self, plan: &Plan) -> Result<Lock, ledger::Error> {
        let _exclusive = self.state.lock()?;
        let mut ledger = self.state.read()?;
        let begun = self.begin_locked(plan, &mut ledger);
        if begun.is_err() {
            // The agent runs without all of it. What cannot be undone now is what a wrap that died leaves.
            drop(self.let_go());
        }
        begun
    }

    fn begin_locked(&mut self, plan: &Plan, ledger: &mut Ledger) -> Result<Lock, ledger::Error> {
        let lock = self.state.hold(&holder(plan, &self.state))?;
        make_run_folder(plan, &self.state)?;
        let made = make(plan, &self.state, ledger, &self.id)?;
        self.skipped = made.skipped;
        self.edited = made.edited;
        Ok(lock)
    }

    /// Takes this session's edits off, and forgets it. To be called under the lock.
    fn let_go(&self) -> Result<Vec<Restored>, ledger::Error> {
        let mut ledger = self.state.read()?;
        let before = ledger.clone();
        let done = restore::release(&self.state, &mut ledger, &|session, _| session == self.id);
        if ledger != before {
            self.state.write(&ledger)?;
        }
        self.state.forget(&self.id)?;
        Ok(done)
    }

    /// How the agent is started now that this much has been done.
    pub(crate) fn launch(&self, plan: &Plan) -> Launch {
        if self.lock.is_some() { plan.launch.clone() } else { plan.launch_without_folder() }
    }

    /// Lets go of this wrap's edits, and restores the files that nobody else holds.
    pub(crate) fn end(mut self) -> Result<Vec<Restored>, ledger::Error> {
        self.finish()
    }

    fn finish(&mut self) -> Result<Vec<Restored>, ledger::Error> {
        let Some(_lock) = self.lock.take() else { return Ok(Vec::new()) };
        let _exclusive = self.state.lock()?;
        let mut done = self.let_go()?;
        // A wrap that was killed holds nothing any more: its edits are not to stay when the last living one leaves. What
        // fails here the next command tries again.
        let mut of_others = recover_locked(&self.state, Elsewhere::IsAlive).unwrap_or_default();
        of_others.retain(|restored| !done.contains(restored));
        done.extend(of_others);
        Ok(done)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Only a panic comes here without `end`. What fails now is left to the next wrap's recovery.
        drop(self.finish());
    }
}

fn holder(plan: &Plan, state: &State) -> Holder {
    Holder {
        session: plan.session.clone(),
        agent: plan.agent.clone(),
        host: ledger::host(),
        boot: ledger::boot(),
        pid: std::process::id(),
        started: state.now(),
        // Where a proxy that is not ours sends requests is not for us to tell a wrap inside this one.
        address: plan.starts_proxy.then_some(plan.address),
        upstream: plan.upstream.clone(),
        project: plan.project.clone(),
    }
}

fn make_run_folder(plan: &Plan, state: &State) -> Result<(), ledger::Error> {
    files::create_folder(&state.run_folder(&plan.session))?;
    if let Some(file) = &plan.settings_file {
        files::write_atomic(&file.path, file.json.as_encoded_bytes(), Some(0o600))?;
    }
    if let Some(file) = &plan.shell_file {
        files::write_atomic(&file.path, file.text.as_bytes(), Some(0o600))?;
    }
    let Some(folder) = &plan.path_folder else { return Ok(()) };
    files::create_folder(folder)?;
    Ok(files::link(&plan.executable, &folder.join("headroom"))?)
}

/// Makes the plan's edits for no process: they stay until unwrap.
pub(crate) fn prepare(plan: &Plan, state: &State) -> Result<Made, ledger::Error> {
    let _exclusive = state.lock()?;
    let mut ledger = state.read()?;
    make(plan, state, &mut ledger, &ledger::prepared(&plan.agent))
}

/// What came of the plan's edits.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) edited: Vec<PathBuf>,
}

fn make(plan: &Plan, state: &State, ledger: &mut Ledger, holder: &str) -> Result<Made, ledger::Error> {
    let mut made = Made::default();
    let mut edits: Vec<&FileEdit> = plan.edits.iter().collect();
    for _ in 0..files::ATTEMPTS {
        edits = make_once(plan, state, ledger, holder, &edits, &mut made)?;
    }
    made.skipped.extend(edits.into_iter().map(|edit| Skipped {
        purpose: edit.purpose,
        path: edit.path.clone(),
        why: "another program keeps writing it".to_owned(),
    }));
    Ok(made)
}

/// Makes `edits`, and returns those whose file somebody changed between our reading and our writing it.
fn make_once<'a>(
    plan: &Plan,
    state: &State,
    ledger: &mut Ledger,
    holder: &str,
    edits: &[&'a FileEdit],
    made: &mut Made,
) -> Result<Vec<&'a FileEdit>, ledger::Error> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    let stones = ledger.tombstones.clone();
    let mut texts = BTreeMap::new();
    for edit in edits {
        match record(plan, state, ledger, holder, edit, &mut texts) {
            Ok(IsNew::Yes) => made.edited.push(edit.path.clone()),
            Ok(IsNew::No) => {}
            Err(why) => made.skipped.push(Skipped { purpose: edit.purpose, path: edit.path.clone(), why }),
        }
    }
    made.edited.dedup();
    // From here on whoever finds us dead knows what to do.
    state.write(ledger)?;
    let mut changed = Vec::new();
    for (real, text) in texts {
        let written = write(state, ledger, &real, &text);
        if written == Ok(Replaced::Done) {
            continue;
        }
        made.edited.retain(|path| real_path(path).as_ref() != Ok(&real));
        // What failed may have failed late. Only a file that has nothing of ours may be forgotten.
        if written.is_ok() || is_still(&real, text.found.as_deref()) {
            forget_file(ledger, &real, holder, &stones);
            // The entry is one too many on disk then, of which restoring finds nothing to take off.
            drop(state.write(ledger));
        }
        let undone = edits.iter().copied().filter(|edit| real_path(&edit.path).as_ref() == Ok(&real));
        match written {
            Ok(_) => changed.extend(undone),
            Err(why) => made.skipped.extend(undone.map(|edit| Skipped {
                purpose: edit.purpose,
                path: edit.path.clone(),
                why: why.clone(),
            })),
        }
    }
    Ok(changed)
}

/// What a file is to become, and what it was when that was decided.
struct Text {
    found: Option<String>,
    wanted: String,
}

/// Whether an edit has to be made, or is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsNew {
    Yes,
    No,
}

/// Writes into `ledger` how the edit is taken off again, and into `texts` what the file will be.
fn record(
    plan: &Plan,
    state: &State,
    ledger: &mut Ledger,
    holder: &str,
    edit: &FileEdit,
    texts: &mut BTreeMap<PathBuf, Text>,
) -> Result<IsNew, String> {
    let real = real_path(&edit.path)?;
    let holders = BTreeMap::from([(holder.to_owned(), plan.agent.clone())]);
    let position = ledger.files.iter().position(|file| file.real == real);
    if let Some(position) = position {
        // Another wrap's edit of the same key or block serves this one as well, even if it would put something else
        // there: its text is not the user's, so it must not become what we put back.
        let mut edits = ledger.files[position].edits.iter_mut();
        if let Some(entry) = edits.find(|entry| restore::is_same_place(&entry.edit, &edit.edit)) {
            entry.holders.extend(holders);
            return Ok(IsNew::No);
        }
    }

    let current = current(&real)?;
    let found = texts.get(&real).map_or_else(|| current.text.clone(), |text| text.found.clone());
    let before = texts.get(&real).map(|text| text.wanted.clone()).or(current.text);
    let before = restore::without_returned(ledger, &real, &edit.edit, before);
    let applied = apply(before.as_deref(), &edit.edit)?;
    if before.as_ref() == Some(&applied.text) {
        return Ok(IsNew::No);
    }
    restore::exhume(ledger, &real, &edit.edit);
    let hash = ledger::hash(before.as_deref().unwrap_or_default().as_bytes());
    let position = if let Some(position) = position {
        position
    } else {
        let put = |text: &String| state.put_original(text.as_bytes()).map_err(|err| with_causes(&err));
        ledger.files.push(FileEntry {
            path: edit.path.clone(),
            original: before.as_ref().map(put).transpose()?,
            mode: current.mode,
            written: Some(hash.clone()),
            folders: missing_folders(&real),
            edits: Vec::new(),
            real: real.clone(),
        });
        ledger.files.len() - 1
    };
    let file = &mut ledger.files[position];
    // Once somebody else's bytes are in the file, the original is no longer what it should go back to.
    file.written = (file.written.as_ref() == Some(&hash)).then(|| ledger::hash(applied.text.as_bytes()));
    file.edits.push(EditEntry { edit: edit.edit.clone(), undo: applied.undo, holders });
    texts.insert(real, Text { found, wanted: applied.text });
    Ok(IsNew::Yes)
}

/// Takes `holder` off a file that was not written, and puts those of `stones` back that are of it.
fn forget_file(ledger: &mut Ledger, real: &Path, holder: &str, stones: &[Tombstone]) {
    ledger.tombstones.retain(|stone| stone.path != real);
    ledger.tombstones.extend(stones.iter().filter(|stone| stone.path == real).cloned());
    for file in ledger.files.iter_mut().filter(|file| file.real == real) {
        file.written = None;
        for entry in &mut file.edits {
            entry.holders.remove(holder);
        }
        file.edits.retain(|entry| !entry.holders.is_empty());
    }
    ledger.files.retain(|file| !file.edits.is_empty());
}

fn write(state: &State, ledger: &Ledger, real: &Path, text: &Text) -> Result<Replaced, String> {
    let made = real.parent().map_or(Ok(Vec::new()), files::create_folder);
    let found = text.found.as_ref().map(String::as_bytes);
    let written = made.and_then(|_| files::replace(real, found, text.wanted.as_bytes(), &state.journal()));
    written.map_err(|err| {
        let entry = ledger.files.iter().find(|file| file.real == real);
        restore::remove_folders(entry.map_or(&[], |file| &file.folders));
        with_causes(&err)
    })
}

fn is_still(real: &Path, found: Option<&str>) -> bool {
    files::read(real).is_ok_and(|bytes| bytes.as_deref() == found.map(str::as_bytes))
}

/// One file as the plan's edits would leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// What the plan's edits would change, and which of them could not be made. Nothing is written.
pub(crate) fn preview(plan: &Plan) -> (Vec<Change>, Vec<Skipped>) {
    let mut changes: Vec<Change> = Vec::new();
    let mut skipped = Vec::new();
    for edit in &plan.edits {
        let known = changes.iter().position(|change| change.path == edit.path);
        let outcome = real_path(&edit.path).and_then(|real| current(&real)).and_then(|current| {
            let before = current.text.unwrap_or_default();
            let text = known.map_or(before.clone(), |known| changes[known].after.clone());
            Ok(Change { path: edit.path.clone(), before, after: apply(Some(&text), &edit.edit)?.text })
        });
        match (outcome, known) {
            (Ok(change), Some(known)) => changes[known] = change,
            (Ok(change), None) if change.before != change.after => changes.push(change),
            (Ok(_), None) => {}
            (Err(why), _) => skipped.push(Skipped { purpose: edit.purpose, path: edit.path.clone(), why }),
        }
    }
    (changes, skipped)
}

/// A file as it is, if it may be edited.
struct Current {
    /// `None` when there is no file.
    text: Option<String>,
    mode: Option<u32>,
}

fn current(real: &Path) -> Result<Current, String> {
    // Reading a pipe waits for ever, and a rename would put a file in a device's place.
    if fs::metadata(real).is_ok_and(|metadata| !metadata.is_file()) {
        return Err("it is not a file".to_owned());
    }
    let bytes = files::read(real).map_err(|err| with_causes(&err))?;
    let mode = files::mode(real).map_err(|err| with_causes(&err))?;
    // The superuser could write it all the same. Who takes the bits off means it.
    let is_locked = mode.is_some_and(|mode| mode & 0o222 == 0);
    if is_locked || bytes.is_some() && nix::unistd::access(real, nix::unistd::AccessFlags::W_OK).is_err() {
        return Err("it is read-only".to_owned());
    }
    let text = bytes.map(String::from_utf8).transpose().map_err(|_| "it is not UTF-8 text".to_owned())?;
    Ok(Current { text, mode })
}

fn apply(text: Option<&str>, edit: &Edit) -> Result<edit::Applied, String> {
    edit::apply(text.unwrap_or_default(), edit).map_err(|err| err.to_string())
}

/// The file behind `path`'s symlinks, which need not be there.
fn real_path(path: &Path) -> Result<PathBuf, String> {
    if path.to_str().is_none() {
        return Err("its path is not Unicode, so that it cannot be written down".to_owned());
    }
    if let Ok(real) = fs::canonicalize(path) {
        return Ok(real);
    }
    if path.is_symlink() {
        return Err("it is a symlink to nothing".to_owned());
    }
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    Ok(match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    })
}

fn missing_folders(real: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        real.ancestors().skip(1).take_while(|path| !path.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Restores what wraps that died have left. Nothing is written where no wrap ever was.
pub(crate) fn recover_abandoned(state: &State, elsewhere: Elsewhere) -> Result<Vec<Restored>, ledger::Error> {
    if !state.exists() {
        return Ok(Vec::new());
    }
    let _exclusive = state.lock()?;
    recover_locked(state, elsewhere)
}

fn recover_locked(state: &State, elsewhere: Elsewhere) -> Result<Vec<Restored>, ledger::Error> {
    let holders = Holders::find(state, elsewhere)?;
    settle(state, &holders, &|_, _| false)
}

/// Restores everything that `agent`, or any agent where it is `None`, has left or was prepared with.
pub(crate) fn unwrap(state: &State, agent: Option<&str>, elsewhere: Elsewhere) -> Result<Vec<Restored>, Error> {
    if !state.exists() {
        return Ok(Vec::new());
    }
    let is_meant = |name: &str| agent.is_none_or(|agent| agent == name);
    let _exclusive = state.lock()?;
    let mut holders = Holders::find(state, elsewhere)?;
    if holders.alive.iter().any(|holder| is_meant(&holder.agent)) {
        holders.alive.retain(|holder| is_meant(&holder.agent));
        return Err(Error::Held { holders: holders.alive });
    }
    Ok(settle(state, &holders, &|session, agent| ledger::is_prepared(session) && is_meant(agent))?)
}

/// What wraps have changed, and who runs.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) running: Vec<Holder>,
    pub(crate) ledger: Ledger,
}

/// Looks at what there is.
pub(crate) fn survey(state: &State) -> Result<Survey, ledger::Error> {
    if !state.exists() {
        return Ok(Survey::default());
    }
    let _exclusive = state.lock()?;
    let running = Holders::find(state, Elsewhere::IsAlive)?.alive;
    Ok(Survey { running, ledger: state.read()? })
}

/// Who has edits, or had them when it died.
struct Holders {
    alive: Vec<Holder>,
    dead: Vec<Holder>,
}

impl Holders {
    fn find(state: &State, elsewhere: Elsewhere) -> Result<Self, ledger::Error> {
        let mut holders = Self { alive: Vec::new(), dead: Vec::new() };
        for Found { holder, is_locked } in state.holder_files()? {
            let may_live_elsewhere = !holder.is_here() && elsewhere == Elsewhere::IsAlive;
            let group = if is_locked || may_live_elsewhere { &mut holders.alive } else { &mut holders.dead };
            group.push(holder);
        }
        Ok(holders)
    }

    fn is_alive(&self, session: &str) -> bool {
        ledger::is_prepared(session) || self.alive.iter().any(|holder| holder.session == session)
    }
}

/// Restores what the dead held, and what `lets_go` says; and takes off what agents wrote back.
fn settle(
    state: &State,
    holders: &Holders,
    lets_go: &dyn Fn(&str, &str) -> bool,
) -> Result<Vec<Restored>, ledger::Error> {
    let mut ledger = state.read()?;
    state.remove_unfinished(&ledger)?;
    let before = ledger.clone();
    let mut done =
        restore::release(state, &mut ledger, &|session, agent| !holders.is_alive(session) || lets_go(session, agent));
    done.extend(restore::take_off_returned(state, &mut ledger));
    if ledger != before {
        state.write(&ledger)?;
    }
    for holder in &holders.dead {
        state.forget(&holder.session)?;
    }
    Ok(done)
}

fn with_causes(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text
}
