//! How the file is made, opened and brought up to date.
//!
//! A store is made complete under a temporary name and then given its own: two proxies that start at once cannot meet
//! half a file, nor refuse each other the switch to the write-ahead log. Nothing but `SQLite` may open the file once it
//! has its name: closing any descriptor of it drops the locks that this process holds.

use std::fmt::Write;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::ccr::sqlite::Error;
use crate::files;

/// Longer than any transaction here takes, shorter than anybody waits for an answer.
const BUSY: Duration = Duration::from_secs(2);

/// The format that the first stores have.
///
/// Large columns come last, so that reading the others does not walk through them. Times are milliseconds since 1970.
pub(super) const FIRST_FORMAT: &str = "
    CREATE TABLE originals (
        handle  INTEGER PRIMARY KEY,   -- the handle's 16 hex digits, as a number
        hash    BLOB NOT NULL,         -- BLAKE3 of the text
        length  INTEGER NOT NULL,      -- bytes of the text
        project TEXT NOT NULL,
        created INTEGER NOT NULL,
        used    INTEGER NOT NULL,
        text    BLOB NOT NULL          -- zstd
    );
    CREATE INDEX originals_by_use ON originals (used);
    CREATE TABLE decisions (
        key           BLOB NOT NULL UNIQUE,
        original_hash BLOB NOT NULL,
        handles       BLOB NOT NULL,   -- 8 bytes each, most significant first
        compressor    TEXT NOT NULL,
        version       INTEGER NOT NULL,
        profile       TEXT NOT NULL,
        tokens_before INTEGER NOT NULL,
        tokens_after  INTEGER NOT NULL,
        created       INTEGER NOT NULL,
        used          INTEGER NOT NULL,
        sent          TEXT             -- NULL: as it came
    );
    CREATE INDEX decisions_by_use ON decisions (used);
    CREATE TABLE chores (
        name TEXT PRIMARY KEY,
        done INTEGER NOT NULL          -- when it was last done
    ) WITHOUT ROWID;
";

/// The steps from an empty file to the newest format. `user_version` counts those that were taken.
const MIGRATIONS: &[&str] = &[
    FIRST_FORMAT,
    "
    -- A reference to earlier blocks. Read on every look-up, but where there is none the row's head says so.
    ALTER TABLE decisions ADD COLUMN reference_needs BLOB;      -- 64 bytes each: key and form
    ALTER TABLE decisions ADD COLUMN reference_version INTEGER;
    ALTER TABLE decisions ADD COLUMN reference_tokens INTEGER;
    ALTER TABLE decisions ADD COLUMN reference TEXT;
",
];

/// Why a migration did not go; the path is added by the caller.
pub(super) enum Failure {
    Newer { found: usize },
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(err: rusqlite::Error) -> Self {
        Self::Sqlite(err)
    }
}

impl Failure {
    pub(super) fn at(self, path: &Path) -> Error {
        match self {
            Self::Newer { found } => Error::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() },
            Self::Sqlite(source) => Error::sqlite("open", path)(source),
        }
    }
}

/// Makes the store, unless it is there; then sees to it that it is the user's alone.
pub(super) fn create_if_missing(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::create_folder(folder)?;
    if path.exists() {
        make_private(path);
        return Ok(());
    }
    let failed = |source| Error::Create { path: path.to_owned(), source };
    // The descriptor is closed at once and the name kept: see the module's head.
    let temporary = tempfile::Builder::new().prefix(".store-").tempfile_in(folder).map_err(failed)?.into_temp_path();
    let build = || {
        let mut connection = connect_with(&temporary, OpenFlags::default())?;
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")?;
        migrate(&mut connection)?;
        connection.close().map_err(|(_, err)| Failure::Sqlite(err))
    };
    build().map_err(|failure| failure.at(path))?;
    match temporary.persist_noclobber(path) {
        Err(err) if err.error.kind() != io::ErrorKind::AlreadyExists => Err(failed(err.error)),
        // Another process made it meanwhile: that one holds.
        _ => Ok(()),
    }
}

/// Takes the rights of others off. Where that is refused the file belongs to somebody else, and its mode is theirs.
fn make_private(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let file = beside(path, suffix);
        let is_open = fs::metadata(&file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
        if is_open {
            drop(fs::set_permissions(&file, fs::Permissions::from_mode(0o600)));
        }
    }
}

/// The file that `SQLite` keeps beside the store under the name with `suffix`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A connection that writes.
pub(super) fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = connect_with(path, flags)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216;")?;
        Ok(connection)
    };
    open().map_err(Error::sqlite("open", path))
}

/// A second connection, beside one that writes.
pub(super) fn connect_for_reading(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect_with(path, flags).map_err(Error::sqlite("open", path))
}

/// The only connection, where nothing can be written. `SQLite` reads a write-ahead log only where its index is there or
/// can be made. Without a log the file alone is the whole of it; with one it would lack what was stored last, and saying
/// that an original is not there would be false.
pub(super) fn connect_read_only(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let open = |mode: &str| {
        let connection = connect_with(Path::new(&format!("file:{}?{mode}", escape(path))), flags)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let has_log = fs::metadata(beside(path, "-wal")).is_ok_and(|metadata| metadata.len() > 0);
    let opened = open("mode=ro").or_else(|err| if has_log { Err(err) } else { open("immutable=1") });
    opened.map_err(Error::sqlite("open", path))
}

fn connect_with(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;")?;
    Ok(connection)
}

/// `path` as part of a URI.
fn escape(path: &Path) -> String {
    let mut escaped = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            escaped.push(char::from(*byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a String takes everything");
        }
    }
    escaped
}

/// Brings the store to the newest format; one that has it is only read.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    if taken(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have taken the steps while we waited for the lock.
    let taken = taken(&transaction)?;
    let steps = MIGRATIONS.get(taken..).ok_or(Failure::Newer { found: taken })?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

fn taken(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// How many bytes of the file hold something.
pub(super) fn bytes_in_use(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok(number("page_count")?.saturating_sub(number("freelist_count")?) * number("page_size")?)
}
