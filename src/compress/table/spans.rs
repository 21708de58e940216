//! Cells and where on their line they stand; from that, on which side a table's columns are aligned.

use std::borrow::Cow;

use crate::compress::table::grid::{Entry, Grid};
use crate::compress::table::style::{Aligned, Side, Style};

/// A cell, counted in characters from the beginning of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'a str,
}

/// A row of a text, or a line between rows.
pub(super) enum Placed<'a> {
    Row(Vec<Span<'a>>),
    Line(&'a str),
}

/// The table of `placed`, with the style that gives `lines` again if there is one. `rule` is the sign of the line under
/// the heading, which is not in `placed`.
pub(super) fn grid<'a>(
    names: Vec<Cow<'a, str>>,
    heading: Option<&[Span<'a>]>,
    placed: &[Placed<'a>],
    rule: Option<char>,
    lines: &[&'a str],
) -> Grid<'a> {
    let entries = placed
        .iter()
        .map(|placed| match placed {
            Placed::Row(spans) => Entry::Row(spans.iter().map(|span| Cow::Borrowed(span.text)).collect()),
            Placed::Line(line) => Entry::Line(Cow::Borrowed(*line)),
        })
        .collect();
    let mut grid = Grid { names, has_heading: heading.is_some(), style: None, entries };
    grid.style = sides(heading, placed, grid.names.len()).and_then(|columns| {
        [false, true]
            .map(|is_padded| Style::Aligned(Aligned { columns: columns.clone(), is_padded, rule }))
            .into_iter()
            .find(|style| style.lines(&grid).is_some_and(|found| found.iter().eq(lines.iter())))
    });
    grid
}

/// Of each column the spaces before it and its side, where all blocks of rows agree on them.
fn sides<'a>(heading: Option<&[Span<'a>]>, placed: &[Placed<'a>], width: usize) -> Option<Vec<(usize, Side)>> {
    let mut blocks: Vec<Vec<&[Span]>> = vec![heading.into_iter().collect()];
    for placed in placed {
        match placed {
            Placed::Row(spans) => blocks.last_mut()?.push(spans),
            Placed::Line(_) if heading.is_none() => blocks.push(Vec::new()),
            Placed::Line(_) => {}
        }
    }
    blocks.retain(|block| !block.is_empty());
    let filled = |block: &[&[Span<'a>]], at: usize| -> Vec<Span<'a>> {
        block.iter().map(|row| row[at]).filter(|span| span.start < span.end).collect()
    };
    let mut columns: Vec<(Option<usize>, Side)> = Vec::with_capacity(width);
    for at in 0..width {
        let agree = |place: fn(&Span) -> usize| {
            blocks.iter().all(|block| {
                let spans = filled(block, at);
                spans.windows(2).all(|pair| place(&pair[0]) == place(&pair[1]))
            })
        };
        let side = if agree(|span| span.start) {
            Side::Left
        } else if agree(|span| span.end) {
            Side::Right
        } else {
            return None;
        };
        columns.push((None, side));
    }
    for block in &blocks {
        let mut before = 0;
        for (at, (gap, _)) in columns.iter_mut().enumerate() {
            let spans = filled(block, at);
            let (Some(start), Some(end)) =
                (spans.iter().map(|span| span.start).min(), spans.iter().map(|span| span.end).max())
            else {
                continue;
            };
            let here = start.checked_sub(before)?;
            if gap.is_some_and(|gap| gap != here) {
                return None;
            }
            *gap = Some(here);
            before = end;
        }
    }
    Some(columns.into_iter().map(|(gap, side)| (gap.unwrap_or(1), side)).collect())
}
