//! What wraps have changed, on disk before they change it.
//!
//! One folder: `ledger.json` says which edits stand in which files and which sessions hold them, `originals/` has the
//! files' bytes as they were, `holders/` has one file per running wrap, and `in-place` is there while a file is written
//! that cannot be replaced. Whoever is alive is known by a lock, not by a process id, which the system may have given to
//! somebody else: a wrap keeps its holder file locked for life.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::edit::{Edit, Undo};
use crate::files;
use crate::files::Lock;

/// The holder of an agent's edits that no process holds: they stay until unwrap.
pub(crate) fn prepared(agent: &str) -> String {
    format!("prepared:{agent}")
}

/// Whether `holder` is one that no process stands for.
pub(crate) fn is_prepared(holder: &str) -> bool {
    holder.starts_with("prepared:")
}

/// Where the state of wraps is kept, and the time.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The ledger's folder.
    pub(crate) ledger: PathBuf,
    /// The folder with one folder per running wrap.
    pub(crate) run: PathBuf,
    pub(crate) clock: fn() -> SystemTime,
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    File(#[from] files::Error),
    #[error("`{}` is damaged at line {}", .path.display(), .source.line())]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("could not describe `{}`", .path.display())]
    Encode { path: PathBuf, source: serde_json::Error },
}

/// An error of the file system, where `files` has no function for what we did.
fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File(files::Error { action, path: path.to_owned(), source })
}

/// All that wraps have changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    pub(crate) files: Vec<FileEntry>,
    /// Entries of ours that are off, and that an agent may write back from its memory.
    pub(crate) tombstones: Vec<Tombstone>,
}

/// One file that has edits of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    /// The file as the agent names it.
    pub(crate) path: PathBuf,
    /// The file behind its symlinks.
    pub(crate) real: PathBuf,
    /// Its bytes before the first edit, by name; `None` when there was no file.
    pub(crate) original: Option<String>,
    /// Its permission bits then.
    pub(crate) mode: Option<u32>,
    /// The hash of what we wrote last; `None` once somebody else's bytes are among ours.
    pub(crate) written: Option<String>,
    /// The folders that we made for it, outermost first.
    pub(crate) folders: Vec<PathBuf>,
    /// In the order they were made.
    pub(crate) edits: Vec<EditEntry>,
}

/// One edit and those who need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditEntry {
    pub(crate) edit: Edit,
    pub(crate) undo: Undo,
    /// Session and agent.
    pub(crate) holders: BTreeMap<String, String>,
}

/// One edit that was taken off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tombstone {
    pub(crate) path: PathBuf,
    pub(crate) edit: Edit,
    pub(crate) undo: Undo,
    /// Whether the file was there without us.
    pub(crate) existed: bool,
    /// Seconds since 1970 when it was taken off.
    pub(crate) since: u64,
}

/// One running wrap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) session: String,
    pub(crate) agent: String,
    pub(crate) host: String,
    /// The boot of the machine it runs on, where the system tells.
    pub(crate) boot: Option<String>,
    pub(crate) pid: u32,
    /// Seconds since 1970 when it began.
    pub(crate) started: u64,
    /// Where its own proxy listens, if it has one.
    pub(crate) address: Option<SocketAddr>,
    /// Where its proxy sends requests; `None` is the provider's own address.
    pub(crate) upstream: Option<String>,
    /// The folder it runs in.
    pub(crate) project: PathBuf,
}

/// A holder file and whether somebody keeps it locked.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) holder: Holder,
    pub(crate) is_locked: bool,
}

impl State {
    fn file(&self) -> PathBuf {
        self.ledger.join("ledger.json")
    }

    fn originals(&self) -> PathBuf {
        self.ledger.join("originals")
    }

    fn holders(&self) -> PathBuf {
        self.ledger.join("holders")
    }

    /// Whether anything was ever written here.
    pub(crate) fn exists(&self) -> bool {
        self.ledger.exists()
    }

    /// The folder of the wrap `session`.
    pub(crate) fn run_folder(&self, session: &str) -> PathBuf {
        self.run.join(session)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        (self.clock)().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Where a write in place is noted while it lasts.
    pub(crate) fn journal(&self) -> PathBuf {
        self.ledger.join("in-place")
    }

    /// Waits until no other process works on the ledger, and finishes what one was killed in the middle of.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        for folder in [&self.ledger, &self.originals(), &self.holders()] {
            files::create_folder(folder)?;
        }
        let lock = Lock::wait(&self.ledger.join("lock"))?;
        files::mend(&self.journal())?;
        Ok(lock)
    }

    /// Removes what processes that were killed have left here, and beside the files of `ledger`, besides their edits. To
    /// be called under the lock.
    pub(crate) fn remove_unfinished(&self, ledger: &Ledger) -> Result<(), Error> {
        for name in list(&self.ledger)?.iter().filter(|name| name.starts_with(files::TEMPORARY)) {
            files::remove(&self.ledger.join(name))?;
        }
        self.forget_originals(ledger)?;
        let folders = list(&self.run)?;
        for session in folders.iter().filter(|session| !self.holder_file(session).exists()) {
            files::remove_tree(&self.run_folder(session))?;
        }
        if self.run.exists() {
            files::remove_folder_if_empty(&self.run)?;
        }
        let files = ledger.files.iter().map(|file| &file.real);
        for path in files.chain(ledger.tombstones.iter().map(|stone| &stone.path)) {
            // Where it cannot be removed it is in nobody's way, and the next one tries again.
            drop(files::remove_unfinished(path));
        }
        Ok(())
    }

    /// Reads the ledger.
    pub(crate) fn read(&self) -> Result<Ledger, Error> {
        let path = self.file();
        let Some(bytes) = files::read(&path)? else { return Ok(Ledger::default()) };
        serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { path, source })
    }

    /// Writes the ledger, and forgets originals that no entry needs.
    pub(crate) fn write(&self, ledger: &Ledger) -> Result<(), Error> {
        let path = self.file();
        if *ledger == Ledger::default() {
            files::remove(&path)?;
            files::sync_folder(&self.ledger)?;
        } else {
            let encoded = serde_json::to_vec_pretty(ledger);
            let bytes = encoded.map_err(|source| Error::Encode { path: path.clone(), source })?;
            files::write_atomic(&path, &bytes, Some(0o600))?;
        }
        self.forget_originals(ledger)
    }

    /// Removes the originals that no entry needs, and what is left of those that were being written.
    fn forget_originals(&self, ledger: &Ledger) -> Result<(), Error> {
        for original in list(&self.originals())? {
            let is_needed = ledger.files.iter().any(|file| file.original.as_ref() == Some(&original));
            if !is_needed {
                files::remove(&self.originals().join(original))?;
            }
        }
        Ok(())
    }

    /// Stores the bytes of a file before its first edit, and returns their name.
    pub(crate) fn put_original(&self, bytes: &[u8]) -> Result<String, Error> {
        let name = hash(bytes);
        files::write_atomic(&self.originals().join(&name), bytes, Some(0o600))?;
        Ok(name)
    }

    /// The bytes stored under `name`, if they are what they were.
    pub(crate) fn original(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(files::read(&self.originals().join(name))?.filter(|bytes| hash(bytes) == name))
    }

    /// The file that holds the bytes stored under `name`, if they are there.
    pub(crate) fn copy(&self, name: &str) -> Option<PathBuf> {
        Some(self.originals().join(name)).filter(|path| path.exists())
    }

    /// Makes the holder file of a wrap that begins, locked for as long as the lock lives.
    pub(crate) fn hold(&self, holder: &Holder) -> Result<Lock, Error> {
        let path = self.holder_file(&holder.session);
        let encoded = serde_json::to_vec(holder).map_err(|source| Error::Encode { path: path.clone(), source })?;
        let mut lock = Lock::wait(&path)?;
        lock.write(&encoded)?;
        Ok(lock)
    }

    /// Removes what a wrap kept here besides its edits: the holder file last, because it is by this that the rest is
    /// found.
    pub(crate) fn forget(&self, session: &str) -> Result<(), Error> {
        files::remove_tree(&self.run_folder(session))?;
        // The folder of folders goes with the last of them.
        drop(files::remove_folder_if_empty(&self.run));
        Ok(files::remove(&self.holder_file(session))?)
    }

    fn holder_file(&self, session: &str) -> PathBuf {
        self.holders().join(format!("{session}.json"))
    }

    /// All holder files. One that was cut off while it was written, and is not locked, is nobody's: it is removed.
    pub(crate) fn holder_files(&self) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for name in list(&self.holders())? {
            let path = self.holders().join(&name);
            let is_locked = files::is_locked(&path)?;
            let bytes = files::read(&path)?.unwrap_or_default();
            match serde_json::from_slice::<Holder>(&bytes) {
                Ok(holder) => found.push(Found { holder, is_locked }),
                Err(_) if is_locked => {}
                Err(_) => files::remove(&path)?,
            }
        }
        Ok(found)
    }

    /// The wraps that run now, as far as can be seen without waiting.
    pub(crate) fn running(&self) -> Vec<Holder> {
        if !self.exists() {
            return Vec::new();
        }
        let files = list(&self.holders()).unwrap_or_default().into_iter().map(|name| self.holders().join(name));
        let mut running: Vec<Holder> = files
            .filter(|path| matches!(files::is_locked(path), Ok(true)))
            .filter_map(|path| serde_json::from_slice(&files::read(&path).ok()??).ok())
            .collect();
        running.sort_by_key(|holder| holder.started);
        running
    }
}

impl Holder {
    /// Whether it runs, or ran, where its lock reaches us: on this machine, or on this boot of it, which has one kernel
    /// for all its containers and keeps its id when the machine gets another name.
    pub(crate) fn is_here(&self) -> bool {
        self.host == host() || self.boot.is_some() && self.boot == boot()
    }
}

/// The name by which hashes are compared and originals are found.
pub(crate) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// A name that no other session has.
pub(crate) fn fresh_session(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let seed = format!("{} {} {} {since}", host(), boot().unwrap_or_default(), std::process::id());
    hash(seed.as_bytes())[..16].to_owned()
}

/// This machine's name.
pub(crate) fn host() -> String {
    nix::unistd::gethostname().map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned())
}

/// What tells this boot of the machine from its others.
pub(crate) fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// The names of the files in `folder`, in order.
fn list(folder: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |source| failed("read", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(unreadable(err)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
