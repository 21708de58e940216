//! A text by its lines, to be compared with others.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::compress::envelope;
use crate::compress::envelope::Column;

/// A text without what an agent put round it, cut into lines.
#[derive(Debug)]
pub(crate) struct Source {
    head: String,
    text: String,
    tail: String,
    column: Option<Column>,
    /// Where each line begins, and one more behind the last.
    starts: Vec<usize>,
    hashes: Vec<u64>,
}

impl Source {
    pub(crate) fn of(text: &str) -> Self {
        let opened = envelope::open(text);
        let (mut starts, mut hashes, mut end) = (vec![0], Vec::new(), 0);
        for line in opened.text.split('\n') {
            end += line.len() + 1;
            starts.push(end);
            let mut state = DefaultHasher::new();
            line.hash(&mut state);
            hashes.push(state.finish());
        }
        let (head, tail) = (opened.head.to_owned(), opened.tail.to_owned());
        Self { head, tail, column: opened.column, starts, hashes, text: opened.text }
    }

    pub(super) fn head(&self) -> &str {
        &self.head
    }

    pub(super) fn tail(&self) -> &str {
        &self.tail
    }

    pub(super) fn column(&self) -> Option<Column> {
        self.column
    }

    /// The number of the first line.
    pub(super) fn first(&self) -> usize {
        self.column.map_or(1, |column| column.first)
    }

    /// How many lines there are: one at least.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn line(&self, at: usize) -> &str {
        &self.text[self.starts[at]..self.starts[at + 1] - 1]
    }

    pub(super) fn bytes(&self, lines: &Range<usize>) -> usize {
        self.starts[lines.end] - self.starts[lines.start]
    }

    /// Whether both have the same lines, whatever their numbers are.
    pub(super) fn has_same_lines(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// A number for every `count` lines in a row: equal where the lines are equal.
    pub(super) fn rows(&self, count: usize) -> impl Iterator<Item = u64> {
        self.hashes.windows(count).map(|row| {
            row.iter().fold(0, |sum: u64, hash| sum.rotate_left(21).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash)
        })
    }
}
