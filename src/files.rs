//! Files that must not be lost: read them, replace them atomically, lock them.
//!
//! `write_atomic` is the only way anything here is written. It writes a temporary file beside the target and renames
//! it, through a symlink to what the symlink names, and keeps the mode. Where a rename is refused (a bind-mounted
//! file) or would lose something (other hard links, the owner), it writes in place: the caller has a ledger by then.
//! `replace` is the same for a file that other programs write: it looks right before whether they have. A moment remains
//! in which they could, because no file system here compares and renames in one step.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How often to start again with a file that changed between reading and writing it.
pub(crate) const ATTEMPTS: usize = 3;

/// What could not be done to which file.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", .path.display())]
pub(crate) struct Error {
    pub(crate) action: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error { action, path: path.to_owned(), source }
}

/// The bytes of `path`, or `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(failed("read", path)(err)),
    }
}

/// The permission bits of `path`, or `None` when there is no such file.
pub(crate) fn mode(path: &Path) -> Result<Option<u32>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.permissions().mode() & 0o7777)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(failed("read the mode of", path)(err)),
    }
}

/// Whether a file was changed as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    Done,
    /// It does not hold what it was expected to, and was not touched.
    Changed,
}

/// Replaces the content of `path` as `write_atomic` does, but only while it still is `expected`, where `None` is no file.
pub(crate) fn replace(path: &Path, expected: Option<&[u8]>, bytes: &[u8]) -> Result<Replaced, Error> {
    write_while(path, bytes, None, &|| Ok(read(path)?.as_deref() == expected))
}

/// Removes the file `path`, but only while it still holds `expected`.
pub(crate) fn remove_unchanged(path: &Path, expected: &[u8]) -> Result<Replaced, Error> {
    if read(path)?.as_deref() != Some(expected) {
        return Ok(Replaced::Changed);
    }
    remove(path).map(|()| Replaced::Done)
}

/// Replaces the content of `path` so that a reader sees the old bytes or the new ones, and the new ones survive a
/// crash. `mode` is set when given; otherwise an existing file keeps its own and a new one gets 0600.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Error> {
    write_while(path, bytes, mode, &|| Ok(true)).map(|_| ())
}

fn write_while(
    path: &Path,
    bytes: &[u8],
    mode: Option<u32>,
    may_replace: &dyn Fn() -> Result<bool, Error>,
) -> Result<Replaced, Error> {
    let in_place = |target: &Path, mode| {
        if !may_replace()? {
            return Ok(Replaced::Changed);
        }
        write_in_place(target, bytes, mode).map(|()| Replaced::Done)
    };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = match mode {
        Some(mode) => mode,
        None => self::mode(&target)?.unwrap_or(0o600),
    };
    if is_more_than_a_name(&target) {
        return in_place(&target, mode);
    }
    let mut temporary = match tempfile::Builder::new().prefix(".headroom-").tempfile_in(parent) {
        Ok(temporary) => temporary,
        // The folder takes no new files but the file itself may be writable.
        Err(err) if target.exists() && err.kind() == io::ErrorKind::PermissionDenied => {
            return in_place(&target, mode);
        }
        Err(err) => return Err(failed("write", path)(err)),
    };
    temporary.write_all(bytes).map_err(failed("write", path))?;
    temporary.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(failed("set the mode of", path))?;
    temporary.as_file().sync_all().map_err(failed("flush", path))?;
    if !may_replace()? {
        return Ok(Replaced::Changed);
    }
    match temporary.persist(&target) {
        Ok(_) => sync_folder(parent).map(|()| Replaced::Done),
        // A bind-mounted file can be written but not replaced.
        Err(err) if target.exists() && is_rename_refused(&err.error) => in_place(&target, mode),
        Err(err) => Err(failed("replace", path)(err.error)),
    }
}

/// A new file in its place would cut its other hard links off, or give it to us.
fn is_more_than_a_name(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = nix::unistd::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && (metadata.nlink() > 1 || metadata.uid() != user))
}

fn is_rename_refused(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied)
}

/// Overwrites without emptying first, so that there is no moment in which the file holds nothing. When the disk is full,
/// the old bytes go back: their blocks are still the file's.
fn write_in_place(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let old = fs::read(path).map_err(failed("read", path))?;
    let mut file = File::options().write(true).open(path).map_err(failed("write", path))?;
    if let Err(err) = overwrite(&mut file, bytes) {
        overwrite(&mut file, &old).map_err(failed("put back", path))?;
        return Err(failed("write", path)(err));
    }
    // Only the owner may set a mode, and the file has kept its own.
    if self::mode(path)? != Some(mode) {
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed("set the mode of", path))?;
    }
    file.sync_all().map_err(failed("flush", path))
}

fn overwrite(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// Makes a rename, creation or removal in `folder` survive a crash of the machine.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flush", folder))
}

/// Removes the file `path`; it is no error if there is none.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(err)),
        _ => Ok(()),
    }
}

/// Creates `folder` and its missing parents for the user alone (0700), and returns those that were made, outermost
/// first.
pub(crate) fn create_folder(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let missing: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    let mut made = Vec::new();
    for path in missing.into_iter().rev().filter(|path| !path.as_os_str().is_empty()) {
        match fs::DirBuilder::new().mode_700().create(&path) {
            Ok(()) => made.push(path),
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
            Err(err) => return Err(failed("create the folder", &path)(err)),
        }
    }
    Ok(made)
}

trait Mode700 {
    fn mode_700(&mut self) -> &mut Self;
}

impl Mode700 for fs::DirBuilder {
    fn mode_700(&mut self) -> &mut Self {
        std::os::unix::fs::DirBuilderExt::mode(self, 0o700)
    }
}

/// An exclusive lock on a file, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock on `path`, creating the file (0600) if need be.
    pub(crate) fn wait(path: &Path) -> Result<Self, Error> {
        let file = open_lock(path)?;
        file.lock().map_err(failed("lock", path))?;
        Ok(Self { file })
    }

    /// Takes the lock on `path` if nobody holds it.
    pub(crate) fn attempt(path: &Path) -> Result<Option<Self>, Error> {
        let file = open_lock(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(err)) => Err(failed("lock", path)(err)),
        }
    }

    /// Replaces the content of the locked file, which stays locked: a rename would leave the lock on the old one.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_a_file_keeps_its_mode_and_follows_its_symlink() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        write_atomic(&real, b"one", Some(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();

        write_atomic(&link, b"two", None).unwrap();

        assert_eq!(read(&real).unwrap().unwrap(), b"two");
        assert_eq!(mode(&real).unwrap(), Some(0o640));
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn a_file_that_is_not_as_expected_is_neither_replaced_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(replace(&path, Some(b""), b"ours").unwrap(), Replaced::Changed);
        assert!(!path.exists());
        assert_eq!(replace(&path, None, b"ours").unwrap(), Replaced::Done);
        for is_linked in [false, true] {
            if is_linked {
                fs::hard_link(&path, folder.path().join("other")).unwrap();
            }
            write_atomic(&path, b"theirs", None).unwrap();
            assert_eq!(replace(&path, Some(b"ours"), b"new").unwrap(), Replaced::Changed);
            assert_eq!(remove_unchanged(&path, b"ours").unwrap(), Replaced::Changed);
            assert_eq!(read(&path).unwrap().unwrap(), b"theirs");
            assert_eq!(replace(&path, Some(b"theirs"), b"new").unwrap(), Replaced::Done);
            assert_eq!(read(&path).unwrap().unwrap(), b"new");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
        assert_eq!(remove_unchanged(&path, b"new").unwrap(), Replaced::Done);
        assert!(!path.exists());
    }

    #[test]
    fn a_missing_file_reads_as_none_and_is_created_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        assert!(read(&path).unwrap().is_none());
        write_atomic(&path, b"x", None).unwrap();
        assert_eq!(mode(&path).unwrap(), Some(0o600));
    }

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::wait(&path).unwrap();
        assert!(Lock::attempt(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::attempt(&path).unwrap().is_some());
    }

    #[test]
    fn created_folders_are_reported_outermost_first() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        assert_eq!(create_folder(&deep).unwrap(), [folder.path().join("a"), deep.clone()]);
        assert!(create_folder(&deep).unwrap().is_empty());
    }
}
