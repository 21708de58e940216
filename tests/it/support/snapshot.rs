//! Every file below a folder, so that before and after can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;

/// What stands at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Folder,
    Link(PathBuf),
    File(Vec<u8>),
}

/// Every path below a folder, relative to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<PathBuf, Entry>);

impl Snapshot {
    pub(crate) fn of(root: &Path) -> Self {
        let mut snapshot = Self::default();
        snapshot.add(root, root);
        snapshot
    }

    fn add(&mut self, root: &Path, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            let content = if meta.is_dir() {
                self.add(root, &path);
                Content::Folder
            } else if meta.is_symlink() {
                Content::Link(fs::read_link(&path).unwrap())
            } else if meta.is_file() {
                Content::File(fs::read(&path).unwrap_or_default())
            } else {
                continue;
            };
            let entry = Entry { mode: meta.permissions().mode() & 0o7777, content };
            self.0.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
        }
    }

    /// The paths whose entry is another one in `other`, or is missing on one side.
    pub(crate) fn differences(&self, other: &Self) -> Vec<PathBuf> {
        let paths: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        paths.into_iter().filter(|path| self.0.get(*path) != other.0.get(*path)).cloned().collect()
    }

    /// The paths with their modes, where what changes from run to run (ids, times, counters) reads `#`.
    pub(crate) fn shape(&self) -> BTreeSet<String> {
        let changing =
            Regex::new(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d-]+Z|\d{6,}|\b\d+\b|#-\w{6}\b").unwrap();
        let shape = |(path, entry): (&PathBuf, &Entry)| {
            let path = path.display().to_string();
            let named = changing.replace_all(&path, "#");
            format!("{} {:o}", changing.replace_all(&named, "#"), entry.mode)
        };
        self.0.iter().map(shape).collect()
    }

    /// The file at `path`, as JSON.
    pub(crate) fn json(&self, path: &str) -> Value {
        match self.0.get(Path::new(path)) {
            Some(Entry { content: Content::File(bytes), .. }) => serde_json::from_slice(bytes).unwrap(),
            other => panic!("{path} is {other:?}"),
        }
    }
}

/// Every key of a JSON value, as dotted paths.
pub(crate) fn key_paths(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
        if let Value::Object(map) = value {
            for (key, value) in map {
                let path = format!("{path}.{key}");
                walk(value, &path, keys);
                keys.insert(path);
            }
        }
    }
    let mut keys = BTreeSet::new();
    walk(value, "", &mut keys);
    keys
}
