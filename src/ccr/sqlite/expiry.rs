//! What is dropped from the store, and when: what nobody has used for a week, and the oldest when it grows too large.
//!
//! A row never outlives its original but by eviction: noting the use of a row notes the use of the originals it names.
//! Rows and originals of one request carry the same time, to the millisecond, and so go together.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::ccr::sqlite::{DAY, Error, Store, lock, milliseconds, schema, span};

/// So few that another process waits a few milliseconds at most for its turn to write.
const ROWS_A_TRANSACTION: usize = 200;

/// How much was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) decisions: usize,
    pub(crate) originals: usize,
}

impl Store {
    /// Notes what was looked up, drops what has expired (once a day) and what exceeds the size cap. Costs a few
    /// microseconds when nothing is due: to be called after each request, off its path.
    pub(crate) fn tidy(&self) -> Result<Dropped, Error> {
        if !self.is_writable {
            return Ok(Dropped::default());
        }
        self.note_use()?;
        let now = self.now();
        let is_due = self.is_due(now)?;
        if is_due { self.expire((self.options.clock)()) } else { Ok(Dropped::default()) }
    }

    /// Drops what nobody has used for the time to live, then the oldest until the store is below its size cap.
    pub(crate) fn expire(&self, now: SystemTime) -> Result<Dropped, Error> {
        let now = milliseconds(now);
        // A time of use may be late by as much as it is refreshed seldom.
        let unused_since = now.saturating_sub(span(self.options.keep + self.refresh_every()));
        let mut dropped = self.drop_up_to(unused_since)?;
        while let Some(newest_to_go) = self.newest_to_go()? {
            let more = self.drop_up_to(newest_to_go)?;
            dropped.decisions += more.decisions;
            dropped.originals += more.originals;
        }
        let note = "INSERT OR REPLACE INTO chores (name, done) VALUES ('expire', ?1)";
        lock(&self.writer).execute(note, [now]).map_err(Error::sqlite("write", &self.path))?;
        if dropped != Dropped::default() {
            self.give_back_pages().map_err(Error::sqlite("tidy", &self.path))?;
        }
        Ok(dropped)
    }

    /// Makes the file as short as what it holds, in steps that leave room for others to write.
    fn give_back_pages(&self) -> rusqlite::Result<()> {
        let mut free_before = u64::MAX;
        loop {
            let connection = lock(&self.writer);
            let mut vacuum = connection.prepare_cached("PRAGMA incremental_vacuum(1000)")?;
            let mut pages = vacuum.query([])?;
            // Each step moves one page.
            while pages.next()?.is_some() {}
            let free: u64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            // A file that was not made by us may not be able to give any back.
            if free == 0 || free >= free_before {
                return connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
            free_before = free;
        }
    }

    fn is_due(&self, now: i64) -> Result<bool, Error> {
        let connection = self.reader();
        let ask = |connection: &Connection| {
            let done: Option<i64> = connection
                .prepare_cached("SELECT done FROM chores WHERE name = 'expire'")?
                .query_row([], |row| row.get(0))
                .optional()?;
            let is_over_a_day_ago = done.is_none_or(|done| now.saturating_sub(done) >= span(DAY));
            Ok(is_over_a_day_ago || schema::bytes_in_use(connection)? > self.options.max_bytes)
        };
        ask(&connection).map_err(Error::sqlite("read", &self.path))
    }

    /// Writes the time of use of the rows that were looked up and of the originals they name.
    pub(super) fn note_use(&self) -> Result<(), Error> {
        let keys = std::mem::take(&mut *lock(&self.stale));
        if keys.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut row =
                    transaction.prepare_cached("UPDATE decisions SET used = ?2 WHERE key = ?1 RETURNING handles")?;
                let mut original = transaction.prepare_cached("UPDATE originals SET used = ?2 WHERE handle = ?1")?;
                for key in &keys {
                    let handles: Option<Vec<u8>> = row.query_row(params![key.0, now], |row| row.get(0)).optional()?;
                    for number in handles.unwrap_or_default().as_chunks().0 {
                        original.execute([i64::from_be_bytes(*number), now])?;
                    }
                }
            }
            transaction.commit()
        };
        let written = write(&mut lock(&self.writer));
        written.map_err(|err| {
            lock(&self.stale).extend(keys);
            Error::sqlite("write", &self.path)(err)
        })
    }

    /// Up to which time of use everything has to go for the store to be a tenth below its size cap, so that the next
    /// request does not exceed it again. `None` when it is below the cap.
    fn newest_to_go(&self) -> Result<Option<i64>, Error> {
        let connection = lock(&self.writer);
        let ask = |connection: &Connection| {
            let in_use = schema::bytes_in_use(connection)?;
            if in_use <= self.options.max_bytes {
                return Ok(None);
            }
            let mut excess = in_use - self.options.max_bytes / 10 * 9;
            let mut statement = connection.prepare(
                "SELECT used, sum(bytes) FROM (
                     SELECT used, coalesce(octet_length(sent), 0) + coalesce(octet_length(reference), 0)
                         + coalesce(octet_length(reference_needs), 0) + 300 AS bytes FROM decisions
                     UNION ALL SELECT used, octet_length(text) + 150 FROM originals
                 ) GROUP BY used ORDER BY used",
            )?;
            let mut rows = statement.query([])?;
            let mut newest = None;
            while let Some(row) = rows.next()? {
                newest = Some(row.get(0)?);
                let bytes: u64 = row.get(1)?;
                if bytes >= excess {
                    break;
                }
                excess -= bytes;
            }
            Ok(newest)
        };
        ask(&connection).map_err(Error::sqlite("read", &self.path))
    }

    fn drop_up_to(&self, used: i64) -> Result<Dropped, Error> {
        let decisions = "DELETE FROM decisions WHERE rowid IN
                         (SELECT rowid FROM decisions WHERE used <= ?1 ORDER BY used LIMIT ?2)";
        let originals = "DELETE FROM originals WHERE handle IN
                         (SELECT handle FROM originals WHERE used <= ?1 ORDER BY used LIMIT ?2)";
        Ok(Dropped { decisions: self.drop_rows(decisions, used)?, originals: self.drop_rows(originals, used)? })
    }

    fn drop_rows(&self, delete: &str, used: i64) -> Result<usize, Error> {
        let mut dropped = 0;
        loop {
            let gone = lock(&self.writer).execute(delete, params![used, ROWS_A_TRANSACTION]);
            let gone = gone.map_err(Error::sqlite("tidy", &self.path))?;
            dropped += gone;
            if gone < ROWS_A_TRANSACTION {
                return Ok(dropped);
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A process that only looks up for a day and then ends would else let what it used expire.
        if let Err(err) = self.note_use() {
            tracing::debug!(error = %err, "could not note the use of the store");
        }
    }
}
