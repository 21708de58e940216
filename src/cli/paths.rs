//! Where state, config and logs live: all below `HEADROOM_HOME`.

use std::path::{Path, PathBuf};

/// The folder that everything of ours is in, `~/.headroom` unless `HEADROOM_HOME` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) home: PathBuf,
}

impl Paths {
    pub(crate) fn config(&self) -> PathBuf {
        self.home.join("config.toml")
    }

    /// Originals and decisions.
    pub(crate) fn store(&self) -> PathBuf {
        self.home.join("store.db")
    }

    /// The user's own agent files.
    pub(crate) fn agents(&self) -> PathBuf {
        self.home.join("agents")
    }

    /// What running wraps have changed.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.home.join("ledger")
    }

    /// What exists while a wrap runs, one folder each.
    pub(crate) fn run(&self, session: &str) -> PathBuf {
        self.home.join("run").join(session)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("headroom.log")
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }
}

/// The project that `folder` belongs to: the real path of its git root, or of itself where it is in no repository.
pub(crate) fn project_of(folder: &Path) -> PathBuf {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let root = real.ancestors().find(|path| path.join(".git").exists());
    root.unwrap_or(&real).to_owned()
}
