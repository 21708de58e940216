//! Writing over a file that cannot be replaced by a rename.
//!
//! A process that is killed meanwhile leaves a file that is neither the old nor the new one. So both are in a journal
//! first, and `mend` finishes what it finds half done: forward, because writing the same bytes over themselves may be
//! killed again at any point without making a third kind of file. A file that is no mix of both was written by somebody
//! since, and stays.

use std::fs;
use std::fs::File;
use std::io;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failpoint::{Step, pass};
use super::{Error, failed, mode, read, remove, write_atomic};

/// The first line of a journal; the old bytes follow, then the new ones.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    path: PathBuf,
    old: usize,
    new: usize,
}

/// Writes `bytes` over the content of `path`. `journal` is where both are kept meanwhile.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32, journal: Option<&Path>) -> Result<(), Error> {
    let old = fs::read(path).map_err(failed("read", path))?;
    if let Some(journal) = journal {
        let header = Header { path: path.to_owned(), old: old.len(), new: bytes.len() };
        let mut record = serde_json::to_vec(&header).map_err(io::Error::from).map_err(failed("describe", path))?;
        record.push(b'\n');
        record.extend_from_slice(&old);
        record.extend_from_slice(bytes);
        write_atomic(journal, &record, Some(0o600))?;
    }
    let written = overwrite(path, &old, bytes);
    if let Err(err) = written {
        // The blocks of the old bytes are still the file's, so that they fit even on a full disk. Where they cannot be
        // put back, the journal stays and says what they were.
        put_back(path, &old, bytes.len())?;
        forget(journal);
        return Err(err);
    }
    // Only the owner may set a mode, and the file has kept its own.
    if self::mode(path)? != Some(mode) {
        pass(Step::SetMode, path)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
            .map_err(failed("set the mode of", path))?;
    }
    forget(journal);
    Ok(())
}

fn forget(journal: Option<&Path>) {
    if let Some(journal) = journal {
        // One that stays is of a write that is done, and finds nothing to mend.
        drop(remove(journal));
    }
}

/// What is longer than the old bytes is written first: if there is no room for it, nothing of them is lost.
fn overwrite(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Error> {
    let file = File::options().write(true).open(path);
    let mut file = file.map_err(failed("write", path))?;
    let shared = old.len().min(new.len());
    let (head, tail) = new.split_at(shared);
    let mut write = || {
        if !tail.is_empty() {
            file.seek(SeekFrom::Start(shared as u64))?;
            write_halves(&mut file, path, tail, [Step::Write, Step::WriteRest])?;
        }
        file.rewind()?;
        write_halves(&mut file, path, head, [Step::Overwrite, Step::OverwriteRest])?;
        if old.len() > new.len() {
            pass(Step::Truncate, path)?;
            file.set_len(new.len() as u64)?;
        }
        Ok(())
    };
    write().map_err(failed("write", path))?;
    pass(Step::Flush, path).and_then(|()| file.sync_all()).map_err(failed("flush", path))
}

fn put_back(path: &Path, old: &[u8], new: usize) -> Result<(), Error> {
    let put_back = || {
        let mut file = File::options().write(true).open(path)?;
        file.write_all(&old[..old.len().min(new)])?;
        if old.len() < new {
            file.set_len(old.len() as u64)?;
        } else {
            file.write_all(&old[new..])?;
        }
        file.sync_all()
    };
    put_back().map_err(failed("put back", path))
}

/// Writes all of `bytes`, with a point before them and one in their middle.
pub(super) fn write_halves(file: &mut File, path: &Path, bytes: &[u8], steps: [Step; 2]) -> io::Result<()> {
    let half = if cfg!(debug_assertions) { bytes.len() / 2 } else { 0 };
    pass(steps[0], path)?;
    file.write_all(&bytes[..half])?;
    pass(steps[1], path)?;
    file.write_all(&bytes[half..])
}

/// Finishes the write that `journal` is of, if it was cut off in the middle.
pub(crate) fn mend(journal: &Path) -> Result<(), Error> {
    let mut record = match File::open(journal) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(failed("read", journal)(err)),
    };
    let mut bytes = Vec::new();
    record.read_to_end(&mut bytes).map_err(failed("read", journal))?;
    // It was written atomically: what cannot be read is not ours to act on.
    if let Some((path, old, new)) = parse(&bytes)
        && let Ok(Some(current)) = read(&path)
        && is_torn(&current, old, new)
    {
        overwrite(&path, &current, new)?;
    }
    remove(journal)
}

fn parse(record: &[u8]) -> Option<(PathBuf, &[u8], &[u8])> {
    let end = memchr::memchr(b'\n', record)?;
    let header: Header = serde_json::from_slice(&record[..end]).ok()?;
    let (old, new) = record[end + 1..].split_at_checked(header.old)?;
    (new.len() == header.new).then_some((header.path, old, new))
}

/// Whether `overwrite` leaves `current` when it is killed between `old` and `new`.
fn is_torn(current: &[u8], old: &[u8], new: &[u8]) -> bool {
    if current == old || current == new {
        return false;
    }
    if current.len() < old.len() {
        return false;
    }
    let (head, tail) = current.split_at(old.len());
    let new_tail = new.get(old.len()..).unwrap_or_default();
    if head == old {
        return new_tail.starts_with(tail);
    }
    let written = head.iter().zip(new).take_while(|(current, new)| current == new).count();
    tail == new_tail && head[written..] == old[written..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_at_which_a_write_can_be_cut_off_is_known_as_torn_and_mended() {
        for (old, new) in
            [("one two", "one hundred and two"), ("one hundred and two", "two"), ("abc", "xyz"), ("", "x")]
        {
            let shared = old.len().min(new.len());
            let mut states: Vec<String> =
                (shared..new.len()).map(|end| format!("{old}{}", &new[shared..end])).collect();
            states.extend((0..=shared).map(|end| {
                let tail = if new.len() > old.len() { &new[shared..] } else { &old[shared..] };
                format!("{}{}{tail}", &new[..end], &old[end..shared])
            }));
            for state in states {
                let folder = tempfile::tempdir().unwrap();
                let (path, journal) = (folder.path().join("file"), folder.path().join("journal"));
                let header = Header { path: path.clone(), old: old.len(), new: new.len() };
                let record = format!("{}\n{old}{new}", serde_json::to_string(&header).unwrap());
                write_atomic(&journal, record.as_bytes(), None).unwrap();
                write_atomic(&path, state.as_bytes(), None).unwrap();
                mend(&journal).unwrap();
                let mended = String::from_utf8(read(&path).unwrap().unwrap()).unwrap();
                let expected = if state == old { old } else { new };
                assert_eq!(mended, expected, "from {state:?}, between {old:?} and {new:?}");
                assert!(!journal.exists());
            }
        }
    }

    #[test]
    fn what_somebody_wrote_since_is_not_torn() {
        assert!(!is_torn(b"{\"theirs\": 1}", b"{}", b"{\"ours\": 1}"));
        assert!(!is_torn(b"", b"{}", b"{\"ours\": 1}"));
        assert!(!is_torn(b"{\"ours\": 1}, more", b"{}", b"{\"ours\": 1}"));
    }
}
