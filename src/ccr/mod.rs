//! Compress, cache, retrieve: originals, so that anything left out can be got back, and decisions, so that a block once
//! sent is sent as the same bytes for ever. Both live in one `SQLite` file and are written in one transaction.

pub(crate) mod select;
pub(crate) mod sqlite;

pub(crate) use sqlite::Store;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name an original is stored under: the first 16 hex digits of its BLAKE3 hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Handle(String);

impl Handle {
    /// The handle of `text`.
    pub(crate) fn of(text: &str) -> Self {
        Self(full_hash(text)[..16].to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What whoever asks for an original that is not there is told. It ends the matter: an agent that is told of a
    /// failure asks again.
    pub(crate) fn unknown(&self) -> String {
        format!(
            "There is no original under {self}: it has expired, or this machine never had it. Do not ask again. \
             Read the source (the file, the command) again instead."
        )
    }
}

/// The hash that tells two originals with one handle apart, 64 hex digits.
pub(crate) fn full_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text` is no handle: a handle is 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a handle: a handle is 16 hex digits")]
pub(crate) struct InvalidHandle(String);

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err(InvalidHandle(text))
        }
    }
}

/// What a block's decision is found by: wire family, tool-call id (or the hash chain of the messages before it), part
/// index and the block's decoded text, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) [u8; 32]);

/// What was decided for a block: what is sent in its place, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The JSON string (quotes and escapes included) that is sent, or `None` for the block as it came.
    pub(crate) sent: Option<String>,
    /// Full hash of the original.
    pub(crate) original_hash: String,
    /// The handles that `sent` or the reference names.
    pub(crate) handles: Vec<Handle>,
    /// For information: compressor and its version, profile, tokens before and after, why it is raw.
    pub(crate) compressor: String,
    pub(crate) version: u32,
    pub(crate) profile: String,
    pub(crate) tokens_before: u64,
    pub(crate) tokens_after: u64,
    /// What is sent instead, while the earlier blocks stand in the request that it points to.
    pub(crate) reference: Option<Reference>,
}

/// A block said by pointing to blocks before it. It was decided together with its row, and as durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The JSON string that is sent.
    pub(crate) sent: String,
    /// What it points to; never empty.
    pub(crate) needs: Vec<Need>,
    pub(crate) version: u32,
    pub(crate) tokens_after: u64,
}

/// A block that has to stand in the request before the one that points to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) key: Key,
    pub(crate) stands: Stands,
}

/// In which form a block stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// As it came.
    AsItCame,
    /// As the JSON string with this hash.
    As([u8; 32]),
    /// In any form: it is only counted.
    Anyhow,
}

impl Stands {
    /// The form that the JSON string `sent` is.
    pub(crate) fn as_sent(sent: &str) -> Self {
        Self::As(*blake3::hash(sent.as_bytes()).as_bytes())
    }
}

/// A row that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) row: Row,
    /// An original that the row names has expired; the request still carries it, so the caller puts it back.
    pub(crate) original_missing: bool,
}

/// A decision to be stored, with the originals that its handles name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) key: Key,
    pub(crate) row: Row,
    /// The text behind `row.handles`, where there are any.
    pub(crate) original: Option<String>,
}

/// A stored original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    pub(crate) handle: Handle,
    pub(crate) text: String,
    /// The project it was read in, for information and for purging.
    pub(crate) project: String,
}
