//! Files that must not be lost: read them, replace them atomically, lock them.
//!
//! Every change of a file goes through here, and each step of it passes a [`failpoint`]. `write_atomic` writes a
//! temporary file beside the target and renames it, through a symlink to what the symlink names, and keeps the mode.
//! Where a rename is refused (a bind-mounted file) or would lose something (other hard links, the owner), it writes
//! [`in_place`]. `replace` is the same for a file that other programs write: it looks right before whether they have. A
//! moment remains in which they could, because no file system here compares and renames in one step.

pub(crate) mod failpoint;
mod in_place;

use std::fs::{self, File};
use std::io::{self, Seek};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::files::failpoint::{Step, pass};
pub(crate) use crate::files::in_place::mend;

/// How often to start again with a file that changed between reading and writing it.
pub(crate) const ATTEMPTS: usize = 3;

/// How the names of temporary files begin.
pub(crate) const TEMPORARY: &str = ".headroom-";

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
///
/// To be called by one process at a time for one file: the temporary file always has the same name, so that
/// `remove_unfinished` finds it. `journal` is for [`mend`].
pub(crate) fn replace(path: &Path, expected: Option<&[u8]>, bytes: &[u8], journal: &Path) -> Result<Replaced, Error> {
    let target = target(path);
    let way = Way { temporary: Some(unfinished(&target)), journal: Some(journal) };
    let replaced = write_while(&target, bytes, None, &way, &|| Ok(read(path)?.as_deref() == expected))?;
    // It is replaced, though after a crash of the machine it may not be.
    drop(sync_folder(folder_of(&target)));
    Ok(replaced)
}

/// Removes what `replace` leaves beside `path` when it is killed.
pub(crate) fn remove_unfinished(path: &Path) -> Result<(), Error> {
    let unfinished = unfinished(&target(path));
    if unfinished.symlink_metadata().is_ok() { remove(&unfinished) } else { Ok(()) }
}

fn unfinished(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".headroom-new-");
    name.push(target.file_name().unwrap_or_default());
    target.with_file_name(name)
}

/// The file behind `path`'s symlinks.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Removes the file `path`, but only while it still holds `expected`.
pub(crate) fn remove_unchanged(path: &Path, expected: &[u8]) -> Result<Replaced, Error> {
    if read(path)?.as_deref() != Some(expected) {
        return Ok(Replaced::Changed);
    }
    remove(path)?;
    // It is gone, though after a crash of the machine it may be there again.
    drop(sync_folder(folder_of(path)));
    Ok(Replaced::Done)
}

/// Replaces the content of `path` so that a reader sees the old bytes or the new ones, and the new ones survive a
/// crash. `mode` is set when given; otherwise an existing file keeps its own and a new one gets 0600. What is no file
/// (`/dev/null`, a pipe) is written into.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Error> {
    let way = Way { temporary: None, journal: None };
    let target = target(path);
    // A device or a pipe takes the bytes; a file in its place would take it away from everybody else.
    if fs::metadata(&target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        let written = fs::OpenOptions::new()
            .write(true)
            .open(&target)
            .and_then(|mut file| io::Write::write_all(&mut file, bytes));
        return written.map_err(failed("write", &target));
    }
    write_while(&target, bytes, mode, &way, &|| Ok(true))?;
    sync_folder(folder_of(&target))
}

/// How a file is written.
struct Way<'a> {
    /// The temporary file; one with a name of its own where it is not given.
    temporary: Option<PathBuf>,
    /// Where a write in place is noted, if it may have to be mended.
    journal: Option<&'a Path>,
}

impl Way<'_> {
    /// An empty file beside `target` that goes again unless it takes its place.
    fn open(&self, target: &Path) -> io::Result<tempfile::NamedTempFile> {
        let folder = folder_of(target);
        pass(Step::Create, folder)?;
        let Some(path) = &self.temporary else {
            return tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder);
        };
        let name = path.file_name().unwrap_or_default();
        match fs::remove_file(path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            _ => tempfile::Builder::new().prefix(name).rand_bytes(0).tempfile_in(folder),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_while(
    target: &Path,
    bytes: &[u8],
    mode: Option<u32>,
    way: &Way,
    may_replace: &dyn Fn() -> Result<bool, Error>,
) -> Result<Replaced, Error> {
    let in_place = |mode| {
        if !may_replace()? {
            return Ok(Replaced::Changed);
        }
        in_place::write(target, bytes, mode, way.journal).map(|()| Replaced::Done)
    };
    let mode = match mode {
        Some(mode) => mode,
        None => self::mode(target)?.unwrap_or(0o600),
    };
    if is_more_than_a_name(target) {
        return in_place(mode);
    }
    let mut temporary = match way.open(target) {
        Ok(temporary) => temporary,
        // The folder takes no new files but the file itself may be writable.
        Err(err) if target.exists() && is_folder_closed(&err) => return in_place(mode),
        Err(err) => return Err(failed("write", target)(err)),
    };
    let path = temporary.path().to_owned();
    let written = in_place::write_halves(temporary.as_file_mut(), &path, bytes, [Step::Write, Step::WriteRest]);
    written.map_err(failed("write", target))?;
    let set_mode = || temporary.as_file().set_permissions(fs::Permissions::from_mode(mode));
    pass(Step::SetMode, &path).and_then(|()| set_mode()).map_err(failed("set the mode of", target))?;
    pass(Step::Flush, &path).and_then(|()| temporary.as_file().sync_all()).map_err(failed("flush", target))?;
    if !may_replace()? {
        return Ok(Replaced::Changed);
    }
    pass(Step::Rename, target).map_err(failed("replace", target))?;
    match temporary.persist(target) {
        Ok(_) => Ok(Replaced::Done),
        // A bind-mounted file can be written but not replaced.
        Err(err) if target.exists() && is_rename_refused(&err.error) => in_place(mode),
        Err(err) => Err(failed("replace", target)(err.error)),
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

fn is_folder_closed(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Makes a rename, creation or removal in `folder` survive a crash of the machine.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    let flush = || File::open(folder).and_then(|folder| folder.sync_all());
    pass(Step::Flush, folder).and_then(|()| flush()).map_err(failed("flush", folder))
}

/// Removes the file `path`; it is no error if there is none.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match pass(Step::Remove, path).and_then(|()| fs::remove_file(path)) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(err)),
        _ => Ok(()),
    }
}

/// Removes `folder` if it is there and empty.
pub(crate) fn remove_folder_if_empty(folder: &Path) -> Result<(), Error> {
    use io::ErrorKind::{DirectoryNotEmpty, NotFound};
    match pass(Step::RemoveFolder, folder).and_then(|()| fs::remove_dir(folder)) {
        Err(err) if !matches!(err.kind(), NotFound | DirectoryNotEmpty) => Err(failed("remove", folder)(err)),
        _ => Ok(()),
    }
}

/// Removes `folder` with all that is in it; it is no error if there is none.
pub(crate) fn remove_tree(folder: &Path) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(failed("read", folder)(err)),
    };
    for entry in entries {
        let entry = entry.map_err(failed("read", folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path())?;
        } else {
            remove(&entry.path())?;
        }
    }
    remove_folder_if_empty(folder)
}

/// Makes the symlink `link` to `to`.
pub(crate) fn link(to: &Path, link: &Path) -> Result<(), Error> {
    pass(Step::Link, link).and_then(|()| std::os::unix::fs::symlink(to, link)).map_err(failed("make", link))
}

/// Creates `folder` and its missing parents for the user alone (0700), and returns those that were made, outermost
/// first.
pub(crate) fn create_folder(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let missing: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    let mut made = Vec::new();
    for path in missing.into_iter().rev().filter(|path| !path.as_os_str().is_empty()) {
        match pass(Step::MakeFolder, &path).and_then(|()| fs::DirBuilder::new().mode(0o700).create(&path)) {
            Ok(()) => made.push(path),
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
            Err(err) => return Err(failed("create the folder", &path)(err)),
        }
    }
    Ok(made)
}

/// An exclusive lock on a file, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the lock on `path`, creating the file (0600) if need be.
    pub(crate) fn wait(path: &Path) -> Result<Self, Error> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let open = || {
            if path.exists() { options.open(path) } else { pass(Step::Create, path).and_then(|()| options.open(path)) }
        };
        let file = open().map_err(failed("open", path))?;
        pass(Step::Lock, path).and_then(|()| file.lock()).map_err(failed("lock", path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Replaces the content of the locked file, which stays locked: a rename would leave the lock on the old one.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut write = || {
            self.file.set_len(0)?;
            self.file.rewind()?;
            in_place::write_halves(&mut self.file, &self.path, bytes, [Step::Write, Step::WriteRest])?;
            pass(Step::Flush, &self.path)?;
            self.file.sync_all()
        };
        write().map_err(failed("write", &self.path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file lets go of it, and cannot fail.
        drop(pass(Step::LetGo, &self.path));
    }
}

/// Whether somebody holds the lock on `path`. Asking takes nothing away from others who ask.
pub(crate) fn is_locked(path: &Path) -> Result<bool, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(err) => return Err(failed("open", path)(err)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(fs::TryLockError::WouldBlock) => Ok(true),
        Err(fs::TryLockError::Error(err)) => Err(failed("lock", path)(err)),
    }
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
    fn what_is_no_file_is_written_into_and_stays() {
        use std::os::unix::fs::FileTypeExt;

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe).unwrap())
        };
        write_atomic(&pipe, b"one", Some(0o644)).unwrap();
        assert_eq!(reader.join().unwrap(), b"one");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn a_file_that_is_not_as_expected_is_neither_replaced_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = (folder.path().join("file"), folder.path().join("journal"));
        assert_eq!(replace(&path, Some(b""), b"ours", &journal).unwrap(), Replaced::Changed);
        assert!(!path.exists());
        assert_eq!(replace(&path, None, b"ours", &journal).unwrap(), Replaced::Done);
        for is_linked in [false, true] {
            if is_linked {
                fs::hard_link(&path, folder.path().join("other")).unwrap();
            }
            write_atomic(&path, b"theirs", None).unwrap();
            assert_eq!(replace(&path, Some(b"ours"), b"new", &journal).unwrap(), Replaced::Changed);
            assert_eq!(remove_unchanged(&path, b"ours").unwrap(), Replaced::Changed);
            assert_eq!(read(&path).unwrap().unwrap(), b"theirs");
            assert_eq!(replace(&path, Some(b"theirs"), b"new", &journal).unwrap(), Replaced::Done);
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
    fn a_lock_is_seen_until_its_holder_lets_go_and_asking_takes_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_locked(&path).unwrap());
        assert!(!path.exists());
        let first = Lock::wait(&path).unwrap();
        assert!(is_locked(&path).unwrap());
        drop(first);
        let asking = File::open(&path).unwrap();
        asking.try_lock_shared().unwrap();
        assert!(!is_locked(&path).unwrap());
    }

    #[test]
    fn a_tree_is_removed_and_nothing_behind_its_symlinks() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        create_folder(&tree.join("a/b")).unwrap();
        let kept = folder.path().join("kept");
        create_folder(&kept).unwrap();
        write_atomic(&kept.join("file"), b"x", None).unwrap();
        link(&kept, &tree.join("a/link")).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && kept.join("file").exists());
        remove_tree(&tree).unwrap();
    }

    #[test]
    fn created_folders_are_reported_outermost_first() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        assert_eq!(create_folder(&deep).unwrap(), [folder.path().join("a"), deep.clone()]);
        assert_eq!(create_folder(&deep).unwrap(), Vec::<PathBuf>::new());
    }
}
