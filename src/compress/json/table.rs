//! A list of objects as a table, and back.
//!
//! ```text
//! in every row: apiVersion=v1; after name: active=true
//! id,name,user.login
//! 0,user0,ada
//! 1,user1,
//! whole object: {"name":"x","id":2}
//! ```
//! A cell `^` says what the cell above it says. The first line is missing where no value is the same in all rows. Past 30 columns a row takes several lines, the later
//! ones indented, and so does the line of keys: counting cells further than that goes wrong.

use std::borrow::Cow;

use crate::compress::json::cell;
use crate::compress::json::columns::{self, Rare};
use crate::compress::json::document;
use crate::compress::json::document::Uses;
use crate::compress::json::inner::{Inner, Keys};
use crate::compress::json::parse::{self, Members, Node};
use crate::compress::json::style::{self, Style};
use crate::compress::json::tree::{self, Holder, Row};

const FEWEST_ROWS: usize = 3;
const MOST_CELLS_IN_A_LINE: usize = 30;
const MOST_LINES_IN_A_ROW: usize = 4;
/// Cells that are shorter than this on average are said again.
const SHORTEST_REPEAT: usize = 20;
const SAME: &str = "in every row: ";
/// The head of the column of keys, where the rows are the members of an object.
const KEY_COLUMN: &str = "(key)";

/// A table as text, and what it uses besides JSON.
pub(super) struct Table {
    pub(super) text: String,
    pub(super) uses: Uses,
}

/// Writes the table of `node`, an array of objects or an object of objects, its lines separated by `\n`. None where
/// that is neither, or too short or too mixed for a table.
pub(super) fn write(node: &Node, delimiter: char) -> Option<Table> {
    match node {
        Node::Array(items) => write_rows(&objects(items)?, None, None, delimiter),
        Node::Object(members) => {
            let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
            write_rows(&objects_in(members.iter().map(|(_, item)| item), members.len())?, Some(&keys), None, delimiter)
        }
        Node::Scalar(_) | Node::Quoted(..) => None,
    }
}

/// Writes the table of `node` with the objects inside its objects as rows of their own; None where it is no such tree.
pub(super) fn write_tree(node: &Node, delimiter: char) -> Option<Table> {
    let tree = tree::of(node)?;
    let rows: Vec<&Members> = tree.rows.iter().map(|row| &row.members).collect();
    let keys: Option<Vec<&str>> = tree.is_keyed.then(|| tree.rows.iter().map(|row| row.key.as_ref()).collect());
    let depths: Vec<usize> = tree.rows.iter().map(|row| row.depth).collect();
    let mut table = write_rows(&rows, keys.as_deref(), Some(&depths), delimiter)?;
    let mut text = String::with_capacity(table.text.len() + 80);
    tree.holder.write(&mut text);
    text.push_str(&table.text);
    table.text = text;
    table.uses.trees = 1;
    Some(table)
}

fn objects<'n>(items: &'n [Node<'n>]) -> Option<Vec<&'n Members<'n>>> {
    objects_in(items.iter(), items.len())
}

fn objects_in<'n>(items: impl Iterator<Item = &'n Node<'n>>, count: usize) -> Option<Vec<&'n Members<'n>>> {
    if count < FEWEST_ROWS {
        return None;
    }
    items
        .map(|item| match item {
            Node::Object(members) => Some(members),
            _ => None,
        })
        .collect()
}

/// Each of `rows` stands under its key, where there are `keys`, and so deep, where there are `depths`.
fn write_rows(rows: &[&Members], keys: Option<&[&str]>, depths: Option<&[usize]>, delimiter: char) -> Option<Table> {
    let columns = columns::of(rows)?;
    let width = columns::count(&columns);
    let mut filled: Vec<Option<Vec<Option<&Node>>>> = Vec::with_capacity(rows.len());
    let mut rare: Vec<Vec<Rare>> = Vec::with_capacity(rows.len());
    let keys_of_columns = columns::keys(&columns);
    for row in rows {
        let (mut cells, mut others) = (Vec::with_capacity(width), Vec::new());
        let fits = columns::fill_row(row, &columns, &keys_of_columns, &mut cells, &mut others);
        // Counting cells over several lines goes wrong where some have names.
        let fits = fits && (others.is_empty() || width < MOST_CELLS_IN_A_LINE);
        filled.push(fits.then_some(cells));
        rare.push(others);
    }
    let whole = filled.iter().filter(|row| row.is_none()).count();
    if whole * 5 > rows.len() {
        return None;
    }
    let mut same = if whole == 0 { constants(&filled, width) } else { vec![None; width] };
    if keys.is_none() && same.iter().all(Option::is_some) {
        same[0] = None;
    }
    for other in filled.iter().zip(&rare).filter(|(row, _)| row.is_some()).flat_map(|(_, others)| others) {
        // A member without a column is read back behind the cell that stands before it.
        if other.at > 0 {
            same[other.at - 1] = None;
        }
    }
    let shown: Vec<usize> = (0..width).filter(|index| same[*index].is_none()).collect();
    let cells_in_row = shown.len() + usize::from(keys.is_some());
    let in_a_line = cells_in_a_line(cells_in_row)?;
    if depths.is_some() && in_a_line < cells_in_row {
        return None;
    }

    let mut out = String::new();
    let leaves = columns::leaves(&columns);
    let names: Vec<String> = leaves.iter().map(|leaf| name(&leaf.path)).collect();
    write_constants(&same, &names, delimiter, &mut out);
    let stops = [delimiter, '\n'];
    let head = keys.map(|_| KEY_COLUMN.to_owned()).into_iter().chain(shown.iter().map(|index| {
        let mut head = names[*index].clone();
        if let Some(inner) = leaves[*index].inner {
            inner.write_keys(&mut head);
        }
        head
    }));
    write_line(&head.collect::<Vec<_>>(), in_a_line, delimiter, &mut out);
    let repeats = repeats(&filled, &shown);
    let (mut dittos, mut rare_written) = (0, 0);
    let mut above: Option<&Vec<Option<&Node>>> = None;
    let mut written: Vec<String> = Vec::with_capacity(cells_in_row);
    for (at, row) in filled.iter().enumerate() {
        out.push('\n');
        if let Some(depths) = depths {
            tree::write_indent(depths[at], &mut out);
        }
        written.clear();
        let key = keys.map(|keys| Node::Scalar(Cow::Borrowed(keys[at])));
        if let Some(cells) = row {
            if let Some(key) = &key {
                written.push(cell_text(key, None, &stops));
            }
            let mut others = rare[at].iter().peekable();
            let mut write_rare = |before: usize, written: &mut Vec<String>| {
                while let Some(other) = others.next_if(|other| other.at <= before) {
                    let mut text = String::new();
                    cell::write_rare(other.key, other.node, &stops, &mut text);
                    written.push(text);
                    rare_written += 1;
                }
            };
            for (index, repeats) in shown.iter().zip(&repeats) {
                write_rare(*index, &mut written);
                written.push(match cells[*index] {
                    Some(_) if *repeats && above.is_some_and(|above| above[*index] == cells[*index]) => {
                        dittos += 1;
                        cell::DITTO.to_owned()
                    }
                    Some(node) => cell_text(node, leaves[*index].inner, &stops),
                    None => String::new(),
                });
            }
            write_rare(width, &mut written);
            write_line(&written, in_a_line.max(written.len() * usize::from(!rare[at].is_empty())), delimiter, &mut out);
        } else {
            out.push_str(cell::WHOLE_ROW);
            if let Some(key) = &key {
                style::write(key, Style::Compact, 0, &mut out);
                out.push(':');
            }
            style::write(&Node::Object(rows[at].clone()), Style::Compact, 0, &mut out);
        }
        above = row.as_ref();
    }
    let inner = shown.iter().filter(|index| leaves[**index].inner.is_some()).count();
    Some(Table { text: out, uses: Uses { tables: 1, dittos, inner, rare: rare_written, ..Uses::default() } })
}

fn cell_text(node: &Node, inner: Option<&Inner>, stops: &[char]) -> String {
    let mut text = String::new();
    if !inner.is_some_and(|inner| inner.write(node, &mut text)) {
        cell::write(node, stops, &mut text);
    }
    text
}

/// Which of the columns have runs of equal values that are worth a sign of their own: looking up costs the reader more
/// than a short word does.
fn repeats(rows: &[Option<Vec<Option<&Node>>>], shown: &[usize]) -> Vec<bool> {
    let saved = |index: usize| {
        let pairs = rows.iter().zip(rows.iter().skip(1));
        let equal = pairs.filter_map(|(above, row)| match (above, row) {
            (Some(above), Some(row)) if above[index] == row[index] => row[index],
            _ => None,
        });
        equal.map(style::length).fold((0, 0), |(count, sum), length| (count + 1, sum + length))
    };
    let is_worth = |index: &usize| {
        let (count, length) = saved(*index);
        count * 3 >= rows.len() && length >= count * SHORTEST_REPEAT
    };
    shown.iter().map(is_worth).collect()
}

/// How many cells go into each line of a row, the lines about equally long.
fn cells_in_a_line(cells: usize) -> Option<usize> {
    let lines = cells.div_ceil(MOST_CELLS_IN_A_LINE).max(1);
    (lines <= MOST_LINES_IN_A_ROW).then(|| cells.div_ceil(lines).max(1))
}

fn constants<'n>(rows: &[Option<Vec<Option<&'n Node<'n>>>>], width: usize) -> Vec<Option<&'n Node<'n>>> {
    let mut rows = rows.iter().flatten();
    let Some(first) = rows.next() else { return vec![None; width] };
    let mut same = first.clone();
    for row in rows {
        for (kept, here) in same.iter_mut().zip(row) {
            if kept.is_some() && *kept != *here {
                *kept = None;
            }
        }
    }
    same
}

fn name(path: &[&str]) -> String {
    let mut name = String::new();
    write_path(path, &mut name);
    name
}

/// Writes the keys that lead to a value.
pub(super) fn write_path(path: &[&str], out: &mut String) {
    for (at, key) in path.iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        cell::write_key(key, out);
    }
}

fn write_constants(same: &[Option<&Node>], names: &[String], delimiter: char, out: &mut String) {
    let stops = [delimiter, ',', ';', '\n'];
    let mut before: Option<&str> = None;
    let mut place: Option<Option<&str>> = None;
    for (node, name) in same.iter().zip(names) {
        let Some(node) = node else {
            before = Some(name);
            continue;
        };
        if place == Some(before) {
            out.push_str(", ");
        } else {
            out.push_str(if place.is_none() { SAME } else { "; " });
            if let Some(before) = before {
                out.push_str("after ");
                out.push_str(before);
                out.push_str(": ");
            }
            place = Some(before);
        }
        out.push_str(name);
        out.push('=');
        cell::write(node, &stops, out);
    }
    if place.is_some() {
        out.push('\n');
    }
}

/// Writes cells as a row. Empty cells at the end of a line are left away.
fn write_line(cells: &[String], in_a_line: usize, delimiter: char, out: &mut String) {
    for (index, line) in cells.chunks(in_a_line).enumerate() {
        if index > 0 {
            out.push_str("\n  ");
        }
        let filled = line.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        for (at, cell) in line[..filled].iter().enumerate() {
            if at > 0 {
                out.push(delimiter);
            }
            out.push_str(cell);
        }
    }
}

/// A column as a table's first lines name it.
struct Named<'a> {
    path: Vec<String>,
    same: Option<Node<'a>>,
}

/// Reads a table that `write` wrote.
pub(super) fn read(text: &str, delimiter: char) -> Option<Node<'_>> {
    let mut lines = text.split('\n').peekable();
    let holder = lines.peek().and_then(|line| Holder::read(line));
    if holder.is_some() {
        lines.next();
    }
    let constants = lines.next_if(|line| line.starts_with(SAME));
    let mut head = vec![lines.next()?];
    while let Some(more) = lines.next_if(|line| holder.is_none() && line.starts_with("  ")) {
        head.push(more);
    }
    let is_keyed = head[0].starts_with(KEY_COLUMN);
    let mut columns = Vec::new();
    let mut cells_of: Vec<Option<Keys>> = Vec::new();
    if is_keyed {
        cells_of.push(None);
    }
    let mut breaks = Vec::new();
    let mut cells = usize::from(is_keyed);
    for (index, line) in head.iter().enumerate() {
        let mut rest = if index == 0 { line.strip_prefix(KEY_COLUMN).unwrap_or(line) } else { &line[2..] };
        rest = if index == 0 && is_keyed { rest.strip_prefix(delimiter).unwrap_or(rest) } else { rest };
        while !rest.is_empty() {
            let (path, mut after) = cell::read_path(rest)?;
            columns.push(Named { path, same: None });
            cells += 1;
            let keys = Keys::read(after);
            let keys = keys.map(|(keys, behind)| {
                after = behind;
                keys
            });
            cells_of.push(keys);
            rest = after.strip_prefix(delimiter).unwrap_or(after);
        }
        breaks.push(cells);
    }
    if let Some(line) = constants {
        read_constants(line.strip_prefix(SAME)?, delimiter, &mut columns)?;
    }
    let mut rows = Vec::new();
    let has_dittos = text.contains(cell::DITTO);
    let mut above: Option<Vec<Option<Node>>> = None;
    while let Some(line) = lines.next() {
        let (depth, line) = if holder.is_some() { tree::read_indent(line) } else { (0, line) };
        let (key, item) = if let Some(whole) = line.strip_prefix(cell::WHOLE_ROW) {
            let key = if is_keyed { parse::string(whole)? } else { 0 };
            let (item, _) = document::read(&whole[if is_keyed { key + 1 } else { 0 }..], delimiter)?;
            above = None;
            (is_keyed.then(|| Cow::Borrowed(&whole[..key])), item)
        } else {
            let mut found = Vec::with_capacity(cells);
            let mut rare = Vec::new();
            read_cells(line, delimiter, breaks[0], &cells_of, &mut found, &mut rare)?;
            for end in &breaks[1..] {
                read_cells(lines.next()?.strip_prefix("  ")?, delimiter, *end, &cells_of, &mut found, &mut rare)?;
            }
            for (index, cell) in found.iter_mut().enumerate() {
                if matches!(cell, Some(Node::Scalar(lexeme)) if lexeme == cell::DITTO) {
                    cell.clone_from(above.as_ref()?.get(index)?);
                }
            }
            above = has_dittos.then(|| found.clone());
            let mut found = found.into_iter();
            let key = if is_keyed {
                match found.next()?? {
                    Node::Scalar(key) => Some(key),
                    _ => return None,
                }
            } else {
                None
            };
            for (at, ..) in &mut rare {
                *at = at.saturating_sub(usize::from(is_keyed));
            }
            (key, row(&columns, found, rare)?)
        };
        let Node::Object(members) = item else { return None };
        rows.push(Row { depth, key: key.unwrap_or_default(), members });
    }
    match holder {
        Some(holder) => tree::grown(rows, &holder, is_keyed),
        None => Some(tree::held(rows, is_keyed)),
    }
}

/// Reads a line of a row, and empty cells up to `end` cells.
fn read_cells<'a>(
    line: &'a str,
    delimiter: char,
    end: usize,
    columns: &[Option<Keys<'a>>],
    found: &mut Vec<Option<Node<'a>>>,
    rare: &mut Vec<(usize, String, Node<'a>)>,
) -> Option<()> {
    let stops = [delimiter, '\n'];
    let mut rest = line;
    loop {
        if let Some((key, node, after)) = cell::read_rare(rest, &stops) {
            rare.push((found.len(), key, node));
            match after.strip_prefix(delimiter) {
                Some(more) => rest = more,
                None if after.is_empty() => break,
                None => return None,
            }
            continue;
        }
        let keys = columns.get(found.len()).and_then(Option::as_ref);
        let (node, after) = match keys.and_then(|keys| keys.read_cell(rest)) {
            Some((node, after)) => (Some(node), after),
            None => cell::read(rest, &stops)?,
        };
        if found.len() == end {
            return (node.is_none() && after.is_empty()).then_some(());
        }
        found.push(node);
        match after.strip_prefix(delimiter) {
            Some(more) => rest = more,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    found.resize(end, None);
    Some(())
}

fn read_constants<'a>(line: &'a str, delimiter: char, columns: &mut Vec<Named<'a>>) -> Option<()> {
    let stops = [delimiter, ',', ';', '\n'];
    let mut rest = line;
    let mut place = 0;
    loop {
        if let Some(after) = rest.strip_prefix("after ")
            && let Some((before, more)) = cell::read_path(after)
            && let Some(more) = more.strip_prefix(": ")
        {
            place = columns.iter().position(|column| column.path == before)? + 1;
            rest = more;
        }
        let (path, after) = cell::read_path(rest)?;
        let (same, after) = cell::read(after.strip_prefix('=')?, &stops)?;
        columns.insert(place, Named { path, same: Some(same?) });
        place += 1;
        rest = match (after.strip_prefix(", "), after.strip_prefix("; ")) {
            (Some(more), _) | (_, Some(more)) => more,
            _ => return after.is_empty().then_some(()),
        };
    }
}

fn row<'a>(
    columns: &[Named<'a>],
    mut cells: impl Iterator<Item = Option<Node<'a>>>,
    rare: Vec<(usize, String, Node<'a>)>,
) -> Option<Node<'a>> {
    let mut members = Vec::new();
    let mut rare = rare.into_iter().peekable();
    let mut shown = 0;
    let mut put_rare = |shown: usize, members: &mut Members<'a>| {
        while let Some((_, key, node)) = rare.next_if(|(at, ..)| *at <= shown) {
            members.push((Cow::Owned(key), node));
        }
    };
    put_rare(0, &mut members);
    for column in columns {
        let value = if let Some(same) = &column.same {
            Some(same.clone())
        } else {
            shown += 1;
            cells.next()?
        };
        if let Some(value) = value {
            put(&mut members, &column.path, value)?;
        }
        if column.same.is_none() {
            put_rare(shown, &mut members);
        }
    }
    Some(Node::Object(members))
}

/// Puts `value` behind the members, in the object that the path leads to. That object is the last member, if it is
/// there already: columns under one key stand side by side.
pub(super) fn put<'a>(members: &mut Members<'a>, path: &[String], value: Node<'a>) -> Option<()> {
    let (key, deeper) = path.split_first()?;
    if deeper.is_empty() {
        members.push((Cow::Owned(key.clone()), value));
        return Some(());
    }
    if members.last().is_none_or(|(last, _)| last != key) {
        members.push((Cow::Owned(key.clone()), Node::Object(Vec::new())));
    }
    match members.last_mut() {
        Some((_, Node::Object(inner))) => put(inner, deeper, value),
        _ => None,
    }
}
