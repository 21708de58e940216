//! The `SQLite` file that holds originals and decisions.
//!
//! Two connections: look-ups read through their own, so that they never wait for a decision that is being written. When
//! something was last used is written late and coarsely (once a day and row, in `tidy`): a look-up never writes.

mod error;
mod expiry;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::ccr::{Decision, Found, Handle, Key, Need, Original, Reference, Row, Stands};

pub(crate) use error::Error;

const DAY: Duration = Duration::from_hours(24);

/// How fast is enough: higher levels gain a few percent and cost the request that waits for them.
const ZSTD_LEVEL: i32 = 3;

/// What a row says instead of a compressor when its block stays raw because another original has its handle.
pub(crate) const HANDLE_TAKEN: &str = "handle_taken";

/// How long the store keeps what nobody uses, how large it may grow, and what time it is.
#[derive(Clone)]
pub(crate) struct Options {
    /// How long a row or an original is kept after its last use, at least.
    pub(crate) keep: Duration,
    /// How many bytes the file may have.
    pub(crate) max_bytes: u64,
    pub(crate) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self { keep: 7 * DAY, max_bytes: 512 << 20, clock: Arc::new(SystemTime::now) }
    }
}

/// What the store holds.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) decisions: u64,
    pub(crate) originals: u64,
    /// Bytes of the originals, unpacked.
    pub(crate) original_bytes: u64,
    /// Bytes of the file that are in use.
    pub(crate) stored_bytes: u64,
    /// Tokens of the decided blocks as they came and as they are sent.
    pub(crate) tokens_before: u64,
    pub(crate) tokens_after: u64,
}

/// Originals and decisions.
pub(crate) struct Store {
    path: PathBuf,
    options: Options,
    /// `None` where there is one connection only: in memory, or when the file cannot be written. Stands before the
    /// writer, so that it is closed first: the last to close takes the log into the file, and this one could not.
    reader: Option<Mutex<Connection>>,
    writer: Mutex<Connection>,
    is_writable: bool,
    /// Rows that were looked up and whose time of use has become too old: `tidy` writes it.
    stale: Mutex<BTreeSet<Key>>,
}

impl Store {
    /// Opens the store at `path` (0600), making it if need be.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Options::default())
    }

    /// Opens the store at `path` like `open`, with other limits than the default ones.
    pub(crate) fn open_with(path: &Path, options: Options) -> Result<Self, Error> {
        schema::create_if_missing(path)?;
        let mut writer = schema::connect(path)?;
        schema::migrate(&mut writer).map_err(|failure| failure.at(path))?;
        let is_writable = !writer.is_readonly(rusqlite::MAIN_DB).map_err(Error::sqlite("open", path))?;
        let reader = schema::connect_for_reading(path)?;
        Ok(Self::of(path, options, writer, Some(reader), is_writable))
    }

    /// Opens the store at `path` to read originals, also where the file or its folder cannot be written. `None` when
    /// there is no store: asking for an original makes none.
    pub(crate) fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        match Self::open(path) {
            Err(Error::Sqlite { source, .. }) if error::is_refused(&source) => {}
            opened => return opened.map(Some),
        }
        let connection = schema::connect_read_only(path)?;
        Ok(Some(Self::of(path, Options::default(), connection, None, false)))
    }

    /// A store in memory: for what is decided for one call alone.
    pub(crate) fn in_memory() -> Result<Self, Error> {
        Self::in_memory_with(Options::default())
    }

    /// A store in memory with other limits than the default ones.
    pub(crate) fn in_memory_with(options: Options) -> Result<Self, Error> {
        let path = Path::new(":memory:");
        let mut connection = Connection::open_in_memory().map_err(Error::sqlite("open", path))?;
        schema::migrate(&mut connection).map_err(|failure| failure.at(path))?;
        Ok(Self::of(path, options, connection, None, true))
    }

    fn of(path: &Path, options: Options, writer: Connection, reader: Option<Connection>, is_writable: bool) -> Self {
        Self {
            path: path.to_owned(),
            options,
            writer: Mutex::new(writer),
            reader: reader.map(Mutex::new),
            is_writable,
            stale: Mutex::default(),
        }
    }

    /// The original behind `handle`; its use is noted, which keeps it from expiring.
    pub(crate) fn get(&self, handle: &Handle) -> Result<Option<Original>, Error> {
        let number = number_of(handle);
        let found = self
            .reader()
            .prepare_cached("SELECT hash, length, project, text, used FROM originals WHERE handle = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([number], |row| {
                        let (hash, length): ([u8; 32], usize) = (row.get(0)?, row.get(1)?);
                        let (project, packed): (String, Vec<u8>) = (row.get(2)?, row.get(3)?);
                        Ok((hash, length, project, packed, row.get::<_, i64>(4)?))
                    })
                    .optional()
            })
            .map_err(Error::sqlite("read", &self.path))?;
        let Some((hash, length, project, packed, used)) = found else { return Ok(None) };
        let text = zstd::bulk::decompress(&packed, length)
            .ok()
            .filter(|bytes| *blake3::hash(bytes).as_bytes() == hash)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Error::DamagedOriginal { handle: handle.clone(), path: self.path.clone() })?;
        self.note_use_of(number, used);
        Ok(Some(Original { handle: handle.clone(), text, project }))
    }

    /// The text is what was asked for: that its time of use could not be written takes nothing from the answer.
    fn note_use_of(&self, number: i64, used: i64) {
        let now = self.now();
        if !self.is_writable || !self.is_stale(used, now) {
            return;
        }
        let noted = lock(&self.writer).execute("UPDATE originals SET used = ?2 WHERE handle = ?1", [number, now]);
        if let Err(err) = noted {
            tracing::debug!(error = %err, "could not note the use of an original");
        }
    }

    /// The rows of `keys`, in their order.
    pub(crate) fn look_up(&self, keys: &[Key]) -> Result<Vec<Option<Found>>, Error> {
        let now = self.now();
        let mut stale = Vec::new();
        let mut read = |connection: &mut Connection| {
            // One read transaction: without it every statement takes and drops the locks of the file.
            let transaction = connection.transaction()?;
            let mut all = Vec::with_capacity(keys.len());
            for key in keys {
                let Some((row, used)) = find(&transaction, key)? else {
                    all.push(None);
                    continue;
                };
                if self.is_stale(used, now) {
                    stale.push(*key);
                }
                let original_missing = !has_originals(&transaction, &row.handles)?;
                all.push(Some(Found { row, original_missing }));
            }
            Ok(all)
        };
        let all = read(&mut self.reader()).map_err(Error::sqlite("read", &self.path))?;
        if !stale.is_empty() && self.is_writable {
            lock(&self.stale).extend(stale);
        }
        Ok(all)
    }

    /// Stores `decisions` and their originals in one transaction, and returns the rows as they then stand: where
    /// another proxy was first, its row; where another original has the handle, a raw one.
    pub(crate) fn decide(&self, project: &str, decisions: &[Decision]) -> Result<Vec<Row>, Error> {
        // Packed before the lock is taken: another proxy may be waiting for it.
        let packed: Vec<_> = decisions.iter().map(|decision| decision.original.as_deref().map(Packed::of)).collect();
        let now = self.now();
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut rows = Vec::with_capacity(decisions.len());
            for (decision, packed) in decisions.iter().zip(&packed) {
                rows.push(decide_one(&transaction, decision, packed.as_ref(), project, now)?);
            }
            transaction.commit()?;
            Ok(rows)
        };
        write(&mut lock(&self.writer)).map_err(Error::sqlite("write", &self.path))
    }

    /// Stores `text` as an original. False when another text has its handle already.
    pub(crate) fn put(&self, project: &str, text: &str) -> Result<bool, Error> {
        let packed = Packed::of(text);
        let now = self.now();
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let placed = place(&transaction, &packed, project, now)?;
            transaction.commit()?;
            Ok(placed)
        };
        write(&mut lock(&self.writer)).map_err(Error::sqlite("write", &self.path))
    }

    /// What the store holds.
    #[cfg(test)]
    pub(crate) fn totals(&self) -> Result<Totals, Error> {
        let connection = self.reader();
        let sum = |connection: &Connection| {
            let mut totals = connection.query_row(
                "SELECT count(*), coalesce(sum(tokens_before), 0), coalesce(sum(tokens_after), 0) FROM decisions",
                [],
                |row| {
                    let (tokens_before, tokens_after) = (row.get(1)?, row.get(2)?);
                    Ok(Totals { decisions: row.get(0)?, tokens_before, tokens_after, ..Totals::default() })
                },
            )?;
            (totals.originals, totals.original_bytes) =
                connection.query_row("SELECT count(*), coalesce(sum(length), 0) FROM originals", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            totals.stored_bytes = schema::bytes_in_use(connection)?;
            Ok(totals)
        };
        sum(&connection).map_err(Error::sqlite("read", &self.path))
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        lock(self.reader.as_ref().unwrap_or(&self.writer))
    }

    /// The time, in milliseconds since 1970.
    fn now(&self) -> i64 {
        milliseconds((self.options.clock)())
    }

    /// How long a time of use may stay as it is: a seventh of the time to live, a day by default.
    fn refresh_every(&self) -> Duration {
        self.options.keep / 7
    }

    fn is_stale(&self, used: i64, now: i64) -> bool {
        now.saturating_sub(used) >= span(self.refresh_every())
    }
}

/// A panic of another thread rolled its transaction back, so what it held is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds(time: SystemTime) -> i64 {
    span(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A handle is stored as the number that its digits are: the row id, which `SQLite` finds fastest.
fn number_of(handle: &Handle) -> i64 {
    u64::from_str_radix(handle.as_str(), 16).expect("a handle is 16 hex digits").cast_signed()
}

fn handle_of(number: [u8; 8]) -> Handle {
    Handle(format!("{:016x}", u64::from_be_bytes(number)))
}

/// An original as it is stored.
struct Packed {
    handle: i64,
    hash: [u8; 32],
    length: usize,
    text: Vec<u8>,
}

impl Packed {
    fn of(text: &str) -> Self {
        let packed = zstd::bulk::compress(text.as_bytes(), ZSTD_LEVEL).expect("the buffer is as long as zstd asks for");
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        Self { handle: number_of(&Handle::of(text)), hash, length: text.len(), text: packed }
    }
}

/// The row of `key` and when it was last used.
fn find(connection: &Connection, key: &Key) -> rusqlite::Result<Option<(Row, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT original_hash, handles, compressor, version, profile, tokens_before, tokens_after, used, sent,
                reference, reference_needs, reference_version, reference_tokens
         FROM decisions WHERE key = ?1",
    )?;
    let found = statement.query_row([&key.0[..]], |row| {
        let handles = row.get_ref(1)?.as_blob()?.as_chunks().0.iter().map(|number| handle_of(*number)).collect();
        let found = Row {
            original_hash: blake3::Hash::from_bytes(row.get(0)?).to_hex().to_string(),
            handles,
            compressor: row.get(2)?,
            version: row.get(3)?,
            profile: row.get(4)?,
            tokens_before: row.get(5)?,
            tokens_after: row.get(6)?,
            sent: row.get(8)?,
            reference: read_reference(row)?,
        };
        Ok((found, row.get(7)?))
    });
    found.optional()
}

/// The reference in a row of `find`.
fn read_reference(row: &rusqlite::Row) -> rusqlite::Result<Option<Reference>> {
    let Some(sent) = row.get(9)? else { return Ok(None) };
    let needs = row.get_ref(10)?.as_blob()?.as_chunks().0.iter().map(need_of).collect();
    Ok(Some(Reference { sent, needs, version: row.get(11)?, tokens_after: row.get(12)? }))
}

/// What stands for `AsItCame` and `Anyhow` where others have a hash.
const AS_IT_CAME: [u8; 32] = [0; 32];
const ANYHOW: [u8; 32] = [0xFF; 32];

fn bytes_of(need: &Need) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&need.key.0);
    bytes[32..].copy_from_slice(match &need.stands {
        Stands::AsItCame => &AS_IT_CAME,
        Stands::As(hash) => hash,
        Stands::Anyhow => &ANYHOW,
    });
    bytes
}

fn need_of(bytes: &[u8; 64]) -> Need {
    let [key, stands] = [0, 32].map(|at| std::array::from_fn(|offset| bytes[at + offset]));
    let stands = match stands {
        AS_IT_CAME => Stands::AsItCame,
        ANYHOW => Stands::Anyhow,
        hash => Stands::As(hash),
    };
    Need { key: Key(key), stands }
}

fn has_originals(connection: &Connection, handles: &[Handle]) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM originals WHERE handle = ?1")?;
    for handle in handles {
        if !statement.exists([number_of(handle)])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The row that holds for `decision`: the one that is there, or else the new one.
fn decide_one(
    transaction: &Transaction,
    decision: &Decision,
    packed: Option<&Packed>,
    project: &str,
    now: i64,
) -> rusqlite::Result<Row> {
    if let Some((row, _)) = find(transaction, &decision.key)? {
        // The one that was first may have named this very original and lost it since.
        if let Some(packed) = packed.filter(|packed| row.handles.iter().any(|named| number_of(named) == packed.handle))
        {
            place(transaction, packed, project, now)?;
        }
        return Ok(row);
    }
    let is_placed = match packed {
        Some(packed) => place(transaction, packed, project, now)?,
        None => true,
    };
    let row = if is_placed { decision.row.clone() } else { raw(&decision.row) };
    let handles: Vec<u8> = row.handles.iter().flat_map(|handle| number_of(handle).to_be_bytes()).collect();
    let hash = blake3::Hash::from_hex(&row.original_hash)
        .map_err(|err| rusqlite::Error::ToSqlConversionFailure(Box::new(err)))?;
    let reference = row.reference.as_ref();
    transaction
        .prepare_cached(
            "INSERT INTO decisions (key, original_hash, handles, compressor, version, profile, tokens_before,
             tokens_after, created, used, sent, reference, reference_needs, reference_version, reference_tokens)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            decision.key.0,
            hash.as_bytes(),
            handles,
            row.compressor,
            row.version,
            row.profile,
            row.tokens_before,
            row.tokens_after,
            now,
            row.sent,
            reference.map(|reference| reference.sent.as_str()),
            reference.map(|reference| reference.needs.iter().flat_map(bytes_of).collect::<Vec<u8>>()),
            reference.map(|reference| reference.version),
            reference.map(|reference| reference.tokens_after),
        ])?;
    Ok(row)
}

/// `row` for a block that is sent as it came, because its handle would name another text.
fn raw(row: &Row) -> Row {
    Row {
        sent: None,
        original_hash: row.original_hash.clone(),
        handles: Vec::new(),
        compressor: HANDLE_TAKEN.to_owned(),
        version: row.version,
        profile: row.profile.clone(),
        tokens_before: row.tokens_before,
        tokens_after: row.tokens_before,
        reference: None,
    }
}

/// Stores an original, or notes the use of the one that is there. False when another text has its handle.
fn place(transaction: &Transaction, packed: &Packed, project: &str, now: i64) -> rusqlite::Result<bool> {
    let there: Option<[u8; 32]> = transaction
        .prepare_cached("SELECT hash FROM originals WHERE handle = ?1")?
        .query_row([packed.handle], |row| row.get(0))
        .optional()?;
    match there {
        Some(hash) if hash != packed.hash => return Ok(false),
        Some(_) => transaction
            .prepare_cached("UPDATE originals SET used = ?2 WHERE handle = ?1")?
            .execute([packed.handle, now])?,
        None => transaction
            .prepare_cached(
                "INSERT INTO originals (handle, hash, length, project, created, used, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
            )?
            .execute(params![packed.handle, packed.hash, packed.length, project, now, packed.text])?,
    };
    Ok(true)
}
