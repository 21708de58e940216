//! For the row form: lines that stand in a text more than once, a block right behind itself, or anywhere before.
//!
//! Only exact repeats count, so that a reader can put the lines back. The trace of an error that is thrown again and
//! again is the usual case.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::compress::log::{lines, stamp};

/// Longest block of lines that is looked for right behind itself.
const LONGEST_BLOCK: usize = 8;

/// A block right behind itself must save so many characters.
const LEAST_NEAR: usize = 40;

/// A block from farther up is found by its first lines, and must save so many characters.
const TELLING: usize = 3;
const LEAST_FAR: usize = 160;
/// A line with a time is an event of its own, which rows tell better unless so much is the same.
const LEAST_TIMED: usize = 600;

/// A text as steps that write it.
pub(super) struct Repeats {
    pub(super) steps: Vec<Step>,
    /// The blocks that stand again farther down, by their first line.
    pub(super) named: Vec<Block>,
    /// Lines that only repeat earlier ones: templates need not be found for them.
    pub(super) is_copy: Vec<bool>,
    /// Lines that stand there more than once: the copies, and what they repeat.
    pub(super) is_repeated: Vec<bool>,
}

pub(super) enum Step {
    /// The lines from `first` on, `times` times in all.
    Lines { first: usize, length: usize, times: usize },
    /// The block with this index once more.
    Again { name: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) first: usize,
    pub(super) length: usize,
}

/// The repeats of `lines`. The last line is none.
pub(super) fn find(lines: &[&str]) -> Repeats {
    let count = lines.len();
    let end = lines::last_of(lines);
    let mut found = find_before(&lines[..end]);
    found.steps.extend((end..count).map(|first| Step::Lines { first, length: 1, times: 1 }));
    found.is_copy.resize(count, false);
    found.is_repeated.resize(count, false);
    found
}

fn find_before(lines: &[&str]) -> Repeats {
    let mut steps = Vec::new();
    let mut sources: Vec<Block> = Vec::new();
    let mut is_copy = vec![false; lines.len()];
    let hashes: Vec<u64> = lines.iter().map(|line| hash(line)).collect();
    let mut known: HashMap<&[u64], usize> = HashMap::new();
    let mut first = 0;
    while first < lines.len() {
        let (step, length) = if let Some((length, times)) = near(lines, first) {
            is_copy[first + length..first + length * times].fill(true);
            (Step::Lines { first, length, times }, length * times)
        } else if let Some(block) =
            hashes.get(first..first + TELLING).and_then(|key| far(lines, *known.get(key)?, first))
        {
            sources.push(block);
            is_copy[first..first + block.length].fill(true);
            (Step::Again { name: sources.len() - 1 }, block.length)
        } else {
            (Step::Lines { first, length: 1, times: 1 }, 1)
        };
        if let Step::Lines { length, .. } = step {
            for line in first..first + length {
                if let Some(key) = hashes.get(line..line + TELLING) {
                    known.entry(key).or_insert(line);
                }
            }
        }
        steps.push(step);
        first += length;
    }
    let mut named = sources.clone();
    named.sort_unstable();
    named.dedup();
    for step in &mut steps {
        if let Step::Again { name } = step {
            *name = named.binary_search(&sources[*name]).unwrap_or_default();
        }
    }
    let mut is_repeated = is_copy.clone();
    for step in &steps {
        match *step {
            Step::Lines { first, length, times } if times > 1 => is_repeated[first..first + length].fill(true),
            Step::Lines { .. } => {}
            Step::Again { name } => {
                let Block { first, length } = named[name];
                is_repeated[first..first + length].fill(true);
            }
        }
    }
    Repeats { steps, named, is_copy, is_repeated }
}

/// The length of the block at `line` that stands there several times in a row, and how many times.
fn near(lines: &[&str], line: usize) -> Option<(usize, usize)> {
    (1..=LONGEST_BLOCK).find_map(|length| {
        let rest = &lines[line..];
        let block = rest.get(..length)?;
        let times = 1 + rest[length..].chunks_exact(length).take_while(|chunk| *chunk == block).count();
        let saved: usize = block.iter().map(|line| line.len() + 2).sum::<usize>() * (times - 1);
        (times > 1 && saved > LEAST_NEAR).then_some((length, times))
    })
}

/// The lines from `source` on that stand again from `line` on.
fn far(lines: &[&str], source: usize, line: usize) -> Option<Block> {
    let same = |offset: &usize| lines[source + offset] == lines[line + offset];
    let length = (0..(line - source).min(lines.len() - line)).take_while(same).count();
    let saved: usize = lines[line..line + length].iter().map(|line| line.len() + 2).sum();
    let least = if stamp::find(lines[line]).is_some() { LEAST_TIMED } else { LEAST_FAR };
    (length >= TELLING && saved >= least).then_some(Block { first: source, length })
}

fn hash(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
