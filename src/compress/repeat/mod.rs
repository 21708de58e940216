//! A text that an earlier one shows already, all of it or most: the lines that are there are told by a sentence, the
//! others stand as they are.
//!
//! Lines are compared without the column of numbers that an agent puts beside them, so a file that was changed and is read
//! again differs in the changed lines alone, and `cat` repeats what a read tool showed. A form is rebuilt from itself and
//! the earlier texts before it is offered. Whether the earlier texts are still there, and are shown as they came, is for
//! the caller to see to.

mod lines;
mod name;

pub(crate) use lines::Source;
pub(crate) use name::{name, ordinal};

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::compress::envelope::Column;
use crate::compress::marker;
use crate::compress::marker::Repeat;

/// Counts up when the same texts may give another form.
pub(crate) const VERSION: u32 = 1;

/// A shorter text is not worth looking for, and not worth pointing to.
pub(crate) const SHORTEST: usize = 400;

/// Lines that are the same are looked for by so many in a row.
const ROW: usize = 3;

/// The sentence that stands for fewer bytes than this costs about as much as they do.
const LEAST_BYTES: usize = 200;

/// A form points to so many texts at most: each further one is one more place to look.
const MOST_SOURCES: usize = 4;

/// Of the places where the same few lines stand, so many are tried.
const MOST_PLACES: usize = 8;

/// An earlier text and what it is called.
pub(crate) struct Earlier<'a> {
    pub(crate) source: &'a Source,
    /// Which output it is, in words: `output of Read a.rs`.
    pub(crate) name: &'a str,
    /// Whether its lines are shown as they came. If not, only all of it can be pointed to.
    pub(crate) is_verbatim: bool,
}

/// A text said by pointing to earlier ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) text: String,
    /// Which of the earlier texts it points to.
    pub(crate) to: Vec<usize>,
}

/// Part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Lines that stand nowhere else.
    Own(Range<usize>),
    /// Lines that stand in an earlier text, from its line `there` on.
    There { lines: Range<usize>, earlier: usize, there: usize },
    /// All of them are all of the earlier text.
    Whole { earlier: usize },
}

/// `text`, which is `new`, said by pointing to `earlier` texts; where several would do, to those that come first.
/// `handle` is that of `text`.
pub(crate) fn refer(text: &str, new: &Source, earlier: &[Earlier], handle: &str) -> Option<Reference> {
    let pieces = match earlier.iter().position(|earlier| new.has_same_lines(earlier.source)) {
        Some(earlier) => vec![Piece::Whole { earlier }],
        None => pieces(new, earlier)?,
    };
    let mut to: Vec<usize> = Vec::new();
    for piece in &pieces {
        if let Piece::There { earlier, .. } | Piece::Whole { earlier } = piece
            && !to.contains(earlier)
        {
            to.push(*earlier);
        }
    }
    let form = write(new, &pieces, earlier, handle);
    let find = |name: &str| to.iter().map(|to| &earlier[*to]).find(|earlier| earlier.name == name);
    let rebuilt = rebuild(&form, |name| find(name).map(|earlier| earlier.source), new.column());
    (rebuilt.as_deref() == Some(text)).then_some(Reference { text: form, to })
}

fn write(new: &Source, pieces: &[Piece], earlier: &[Earlier], handle: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut way = Some(handle);
    let numbers =
        |lines: &Range<usize>| new.column().map(|column| column.first + lines.start..=column.first + lines.end - 1);
    for piece in pieces {
        match piece {
            Piece::Own(range) => match new.column() {
                Some(column) => {
                    let numbered =
                        range.clone().map(|at| format!("{}{}{}", column.first + at, column.separator, new.line(at)));
                    lines.extend(numbered);
                }
                None => lines.extend(range.clone().map(|at| new.line(at).to_owned())),
            },
            Piece::There { lines: range, earlier: at, there } => {
                let first = earlier[*at].source.first() + there;
                let there = Some(first..=first + range.len() - 1);
                let said = Repeat { lines: numbers(range), there, source: earlier[*at].name };
                lines.push(marker::repeat(&said, way.take()));
            }
            Piece::Whole { earlier: at } => {
                let own = numbers(&(0..new.len()));
                let Earlier { source, name, is_verbatim } = &earlier[*at];
                // What has the same numbers on both sides is told by them.
                let is_numbered = own.is_some() && *is_verbatim && source.column().is_some();
                let there = is_numbered.then(|| source.first()..=source.first() + source.len() - 1);
                lines.push(marker::repeat(&Repeat { lines: own, there, source: name }, way.take()));
            }
        }
    }
    format!("{}{}{}", new.head(), lines.join("\n"), new.tail())
}

/// The text that `form` stands for, whose lines came beside `column`. `find` knows the earlier texts by their names.
pub(crate) fn rebuild<'a>(
    form: &str,
    find: impl Fn(&str) -> Option<&'a Source>,
    column: Option<Column>,
) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut next = column.map_or(1, |column| column.first);
    let numbered = |number: usize, line: &str| match column {
        Some(column) => column.line(number, line),
        None => line.to_owned(),
    };
    for line in form.split('\n') {
        if let Some(said) = marker::read_repeat(line) {
            let source = find(said.source)?;
            let range = match said.there {
                Some(there) => there.start().checked_sub(source.first())?..there.end().checked_sub(source.first())? + 1,
                None => 0..source.len(),
            };
            if range.end > source.len() || said.lines.is_some() != column.is_some() {
                return None;
            }
            if said.lines.is_some_and(|own| own != (next..=next + range.len() - 1)) {
                return None;
            }
            for at in range {
                lines.push(numbered(next, source.line(at)));
                next += 1;
            }
        } else if let Some(own) = column.and_then(|column| line.strip_prefix(&column.slim().line(next, ""))) {
            lines.push(numbered(next, own));
            next += 1;
        } else {
            lines.push(line.to_owned());
        }
    }
    Some(lines.join("\n"))
}

/// `new` cut into what stands in earlier texts and what does not. None where nothing does.
fn pieces(new: &Source, earlier: &[Earlier]) -> Option<Vec<Piece>> {
    let rows: HashSet<u64> = new.rows(ROW).collect();
    let hits = |earlier: &Earlier| earlier.source.rows(ROW).filter(|row| rows.contains(row)).count();
    let mut found: Vec<(usize, usize)> = earlier
        .iter()
        .enumerate()
        .filter(|(_, earlier)| earlier.is_verbatim)
        .map(|(at, earlier)| (hits(earlier), at))
        .filter(|(hits, _)| *hits > 0)
        .collect();
    found.sort_by_key(|(hits, at)| (std::cmp::Reverse(*hits), *at));
    found.truncate(MOST_SOURCES);

    let mut places: HashMap<u64, Vec<(usize, usize)>> = HashMap::new();
    for (_, at) in found {
        for (line, row) in earlier[at].source.rows(ROW).enumerate().filter(|(_, row)| rows.contains(row)) {
            let known = places.entry(row).or_default();
            if known.len() < MOST_PLACES {
                known.push((at, line));
            }
        }
    }
    let rows: Vec<u64> = new.rows(ROW).collect();
    let (mut pieces, mut told, mut at) = (Vec::new(), 0, 0);
    while at < rows.len() {
        let longest = places.get(&rows[at]).into_iter().flatten().map(|(earlier_at, line)| {
            let source = earlier[*earlier_at].source;
            let after = (at..new.len())
                .zip(*line..source.len())
                .take_while(|(own, there)| new.line(*own) == source.line(*there));
            let before = (told..at).rev().zip((0..*line).rev());
            let before = before.take_while(|(own, there)| new.line(*own) == source.line(*there)).count();
            (at - before..at + after.count(), *earlier_at, line - before)
        });
        // Of several that are as long, the first: the text with more in common, and the earlier place in it.
        let longest = longest.reduce(|best, next| if next.0.len() > best.0.len() { next } else { best });
        match longest {
            Some((lines, earlier, there)) if lines.len() >= ROW && new.bytes(&lines) >= LEAST_BYTES => {
                if lines.start > told {
                    pieces.push(Piece::Own(told..lines.start));
                }
                (told, at) = (lines.end, lines.end);
                pieces.push(Piece::There { lines, earlier, there });
            }
            _ => at += 1,
        }
    }
    if pieces.is_empty() {
        return None;
    }
    if told < new.len() {
        pieces.push(Piece::Own(told..new.len()));
    }
    Some(pieces)
}

#[cfg(test)]
mod tests;
