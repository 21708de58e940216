//! What can go wrong with the store. That it is damaged is a failure of its own: the caller then sends everything raw
//! and says that the cache was lost, and leaves the file to the user.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::ccr::Handle;
use crate::files;

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("could not {action} the store `{}`", .path.display())]
    Sqlite { action: &'static str, path: PathBuf, source: rusqlite::Error },
    #[error("the store `{}` is damaged", .path.display())]
    Corrupt { path: PathBuf, source: rusqlite::Error },
    #[error("the original `{handle}` in the store `{}` is damaged", .path.display())]
    DamagedOriginal { handle: Handle, path: PathBuf },
    #[error("the store `{}` was written by a newer headroom (format {found}, this one knows {known})", .path.display())]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error("could not create the store `{}`", .path.display())]
    Create { path: PathBuf, source: std::io::Error },
}

impl Error {
    /// Makes an error of what `SQLite` says while we `action` the store at `path`.
    pub(super) fn sqlite<'a>(action: &'static str, path: &'a Path) -> impl Fn(rusqlite::Error) -> Self + 'a {
        move |source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path: path.to_owned(), source }
            }
            _ => Self::Sqlite { action, path: path.to_owned(), source },
        }
    }
}

/// Whether `SQLite` was refused what it needs for writing, so that reading may still go.
pub(super) fn is_refused(err: &rusqlite::Error) -> bool {
    let refused = [ErrorCode::ReadOnly, ErrorCode::CannotOpen, ErrorCode::PermissionDenied, ErrorCode::SystemIoFailure];
    err.sqlite_error_code().is_some_and(|code| refused.contains(&code))
}
