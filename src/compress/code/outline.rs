//! Which lines of a source are bodies.

use std::ops::Range;

use tree_sitter::{Node, Parser};

use crate::compress::code::language::Language;

/// Fewer lines than this cost about as much as the range that would stand for them.
const SHORTEST_BODY: usize = 3;

/// Literals shorter than this are read at a glance.
const SHORTEST_LITERAL: usize = 12;

/// The runs of lines (from 0, the end not included) that an outline of `text` leaves out; `None` where the source does
/// not parse, or nothing is long enough. Lines that hold a hint are in none of them.
pub(super) fn gaps(text: &str, language: &Language, hints: &[String]) -> Option<Vec<Range<usize>>> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter::Language::new(language.grammar)).ok()?;
    let tree = parser.parse(text, None)?;
    if is_broken(tree.root_node(), text.len()) {
        return None;
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let gap = gap(node, language, text);
        let is_taken = gap.is_some();
        found.extend(gap);
        // What is inside a gap is gone with it.
        if !is_taken && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return finish(found, &lines, hints);
            }
        }
    }
}

/// Whether more than a tenth of the source is in no construct of the language.
fn is_broken(root: Node, length: usize) -> bool {
    if !root.has_error() {
        return false;
    }
    let mut wrong = 0;
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() {
            wrong += node.byte_range().len();
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return wrong * 10 > length;
            }
        }
    }
}

/// The lines that go for the sake of `node`.
fn gap(node: Node, language: &Language, text: &str) -> Option<Range<usize>> {
    let kind = node.kind();
    if kind.contains("comment") || kind == "pod" {
        let rows = node.start_position().row + 1..node.end_position().row;
        return (rows.len() >= SHORTEST_BODY).then_some(rows);
    }
    if language.literals.contains(&kind) {
        let rows = node.start_position().row + 1..node.end_position().row;
        return (rows.len() >= SHORTEST_LITERAL).then_some(rows);
    }
    if !language.functions.contains(&kind) {
        return None;
    }
    let body = node.child_by_field_name("body")?;
    let mut rows = if language.is_indented {
        body.start_position().row.max(node.start_position().row + 1)..body.end_position().row + 1
    } else {
        body.start_position().row + 1..body.end_position().row
    };
    if language.is_indented {
        // A body may end at the margin of the next line.
        let end = body.end_position();
        rows.end -= usize::from(end.column == 0 && rows.len() > 1);
        // The first line of the docstring stays.
        let first = body.named_child(0).filter(|first| first.kind() == "expression_statement");
        if let Some(docstring) = first.and_then(|first| first.named_child(0)).filter(|node| node.kind() == "string") {
            let opening = &text[docstring.byte_range()];
            let is_bare = opening.lines().next().is_some_and(|line| line.trim_matches(['"', '\'', 'r']).is_empty());
            rows.start = docstring.start_position().row + 1 + usize::from(is_bare);
        }
    }
    (rows.len() >= SHORTEST_BODY).then_some(rows)
}

/// The gaps in order, none on another, without the lines that hold a hint.
fn finish(mut found: Vec<Range<usize>>, lines: &[&str], hints: &[String]) -> Option<Vec<Range<usize>>> {
    found.sort_by_key(|gap| gap.start);
    let is_hinted = |line: usize| hints.iter().any(|hint| lines[line].contains(hint.as_str()));
    let mut gaps: Vec<Range<usize>> = Vec::new();
    let mut free = 0;
    for gap in found {
        let mut start = gap.start.max(free);
        let end = gap.end.min(lines.len());
        free = free.max(end);
        while let Some(line) = (start..end).find(|line| is_hinted(*line)) {
            push(&mut gaps, start..line);
            start = line + 1;
        }
        push(&mut gaps, start..end);
    }
    (!gaps.is_empty()).then_some(gaps)
}

fn push(gaps: &mut Vec<Range<usize>>, gap: Range<usize>) {
    if gap.len() >= SHORTEST_BODY {
        gaps.push(gap);
    }
}
