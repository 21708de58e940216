//! The listing compressor: trees that a command draws with lines, told by indentation.
//!
//! Lists of paths stay as they are: told by folder they would be shorter, but a path that is cut in two cannot be searched
//! for any more. Long listings (`ls -l`) are tables.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};

const FEWEST_LINES: usize = 6;
const HOW_TO_READ: &str = "each level is indented by one more space";
const DRAWN: &str = "was drawn as by ";
const MORE: &str = "more follows at level ";
const BELOW: &str = "the last line was to have lines below it";
const SIZES: &str = "sizes were padded to ";

/// Trees: `tree`, `npm ls`, `cargo tree`, `gradle dependencies`.
///
/// # What it keeps
///
/// Every line with its words as they were, in order; which line stands below which. The drawing is rebuilt and compared
/// byte for byte before the form is offered.
///
/// # What it drops
///
/// The drawn lines, and the padding of sizes in brackets.
///
/// # When it declines
///
/// Under six lines, with line numbers, where the drawing does not follow from the levels; and lists of paths.
///
/// # Example
///
/// ```text
/// src
/// ├── cli
/// │   └── wrap.rs
/// └── lib.rs
/// ```
/// becomes, under a head line,
/// ```text
/// src
///  cli
///   wrap.rs
///  lib.rs
/// ```
pub(crate) struct Listing;

impl Compressor for Listing {
    fn name(&self) -> &'static str {
        "listing"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Listing
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) {
            return Vec::new();
        }
        DRAWINGS
            .iter()
            .find_map(|drawing| form(input.text, drawing))
            .map(|text| Form::of(text, Loss::None))
            .into_iter()
            .collect()
    }

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        read(form)
    }
}

/// Whether at least half of a sample of lines is drawn as a tree.
pub(crate) fn looks_like(lines: &[&str]) -> bool {
    let is_branch = |line: &&&str| DRAWINGS.iter().any(|drawing| drawing.item(line).is_some());
    lines.len() >= FEWEST_LINES && lines.iter().filter(is_branch).count() * 2 >= lines.len()
}

/// How a command draws a tree.
struct Drawing {
    name: &'static str,
    /// Before a line, for each level above it that goes on, and for each that has ended.
    passing: &'static str,
    ended: &'static str,
    /// Before a line that others of its level follow, and before the last one.
    tee: &'static str,
    last: &'static str,
    /// The same, for lines that have others below them.
    parent_tee: &'static str,
    parent_last: &'static str,
}

const TREE: Drawing = Drawing {
    name: "tree",
    passing: "│\u{a0}\u{a0} ",
    ended: "    ",
    tee: "├── ",
    last: "└── ",
    parent_tee: "├── ",
    parent_last: "└── ",
};

const DRAWINGS: &[Drawing] = &[
    TREE,
    Drawing { name: "cargo tree", passing: "│   ", ..TREE },
    Drawing { name: "npm", passing: "│ ", ended: "  ", parent_tee: "├─┬ ", parent_last: "└─┬ ", ..TREE },
    Drawing {
        name: "tree in ASCII",
        passing: "|   ",
        tee: "|-- ",
        last: "`-- ",
        parent_tee: "|-- ",
        parent_last: "`-- ",
        ..TREE
    },
    Drawing {
        name: "gradle",
        passing: "|    ",
        ended: "     ",
        tee: "+--- ",
        last: "\\--- ",
        parent_tee: "+--- ",
        parent_last: "\\--- ",
    },
];

/// A line of a tree.
struct Item<'a> {
    level: usize,
    is_last: bool,
    is_parent: bool,
    text: &'a str,
}

impl Drawing {
    fn item<'a>(&self, line: &'a str) -> Option<Item<'a>> {
        let mut rest = line;
        let mut level = 1;
        loop {
            let branches = [
                (self.tee, false, false),
                (self.last, true, false),
                (self.parent_tee, false, true),
                (self.parent_last, true, true),
            ];
            for (sign, is_last, is_parent) in branches {
                if let Some(text) = rest.strip_prefix(sign) {
                    let is_parent = is_parent && self.parent_tee != self.tee;
                    return (!text.is_empty() && !text.starts_with(' ')).then_some(Item {
                        level,
                        is_last,
                        is_parent,
                        text,
                    });
                }
            }
            rest = rest.strip_prefix(self.passing).or_else(|| rest.strip_prefix(self.ended))?;
            level += 1;
        }
    }

    /// Draws `lines` (level and text each; level 0 is not drawn), where `more` are the levels that go on behind the end.
    fn draw(&self, lines: &[(usize, String)], more: &[usize], below: bool) -> String {
        // Whether a line of each level follows, before one of a lower level: looked at from the end.
        let deepest = lines.iter().map(|(level, _)| *level).max().unwrap_or(0);
        let mut follows: Vec<bool> = (0..=deepest).map(|level| more.contains(&level)).collect();
        let mut branches: Vec<(bool, bool)> = vec![(false, false); lines.len()];
        let mut next = if below { usize::MAX } else { 0 };
        for (at, (level, _)) in lines.iter().enumerate().rev() {
            branches[at] = (!follows[*level], next > *level);
            follows[*level] = *level > 0;
            follows[level + 1..].fill(false);
            if *level == 0 {
                follows.fill(false);
            }
            next = *level;
        }
        let mut out = String::new();
        let mut ended = vec![false; deepest + 1];
        for ((level, text), (is_last, is_parent)) in lines.iter().zip(branches) {
            if *level > 0 {
                for has_ended in &ended[1..*level] {
                    out.push_str(if *has_ended { self.ended } else { self.passing });
                }
                ended[*level] = is_last;
                out.push_str(match (is_last, is_parent) {
                    (false, false) => self.tee,
                    (true, false) => self.last,
                    (false, true) => self.parent_tee,
                    (true, true) => self.parent_last,
                });
            }
            out.push_str(text);
            out.push('\n');
        }
        out
    }
}

/// The form of `text`, or `None` where `drawing` does not give it again.
fn form(text: &str, drawing: &Drawing) -> Option<String> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let items: Vec<Option<Item>> = lines.iter().map(|line| drawing.item(line)).collect();
    if lines.len() < FEWEST_LINES || items.iter().flatten().count() * 2 < lines.len() {
        return None;
    }
    let width = padded_to(&lines, &items);
    let mut body = String::with_capacity(text.len());
    for (line, item) in lines.iter().zip(&items) {
        let (level, text) = item.as_ref().map_or((0, *line), |item| (item.level, item.text));
        body.extend(std::iter::repeat_n(' ', level));
        match width.and_then(|_| sized(text)) {
            Some((size, name)) => write!(body, "[{size}] {name}").ok()?,
            None => body.push_str(text),
        }
        body.push('\n');
    }
    if !text.ends_with('\n') {
        body.pop();
    }
    let mut what = format!("tree of {} lines, none left out; {HOW_TO_READ}; {DRAWN}{}", lines.len(), drawing.name);
    if let Some(width) = width {
        let _ = write!(what, "; {SIZES}{width}");
    }
    // The end of a tree that was cut off: these levels go on.
    let mut level = usize::MAX;
    for item in items.iter().rev() {
        let Some(item) = item else { break };
        if item.level < level {
            level = item.level;
            if !item.is_last {
                let _ = write!(what, "; {MORE}{level}");
            }
        }
    }
    if items.last()?.as_ref().is_some_and(|item| item.is_parent) {
        let _ = write!(what, "; {BELOW}");
    }
    let form = format!("{}\n{body}", marker::legend(&what, None));
    (read(&form).as_deref() == Some(text)).then_some(form)
}

/// The text of a form.
fn read(form: &str) -> Option<String> {
    let (legend, body) = form.split_once('\n')?;
    let what = marker::read_legend(legend)?;
    let clauses = |start: &'static str| what.split("; ").filter_map(move |clause| clause.strip_prefix(start));
    let name = clauses(DRAWN).next()?;
    let drawing = DRAWINGS.iter().find(|drawing| drawing.name == name)?;
    let more: Vec<usize> = clauses(MORE).map(str::parse).collect::<Result<_, _>>().ok()?;
    let width: Option<usize> = clauses(SIZES).next().and_then(|width| width.parse().ok()).filter(|width| *width < 100);
    let lines: Vec<(usize, String)> = body
        .strip_suffix('\n')
        .unwrap_or(body)
        .split('\n')
        .map(|line| {
            let text = line.trim_start_matches(' ');
            let level = line.len() - text.len();
            let sized = width.zip(text.strip_prefix('[').and_then(|text| text.split_once("] ")));
            match sized {
                Some((width, (size, name))) => (level, format!("[{size:>width$}]  {name}")),
                None => (level, text.to_owned()),
            }
        })
        .collect();
    let mut text = drawing.draw(&lines, &more, clauses(BELOW).next().is_some());
    if !body.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

/// To how many characters all sizes in brackets are padded, where each line has one.
fn padded_to(lines: &[&str], items: &[Option<Item>]) -> Option<usize> {
    let mut width = None;
    for (line, item) in lines.iter().zip(items) {
        let text = item.as_ref().map_or(*line, |item| item.text);
        let Some(end) = text.strip_prefix('[').and_then(|text| text.find(']')) else {
            if item.is_some() {
                return None;
            }
            continue;
        };
        sized(text)?;
        if width.is_some_and(|width| width != end) {
            return None;
        }
        width = Some(end);
    }
    width
}

/// The size in brackets before a name, and the name.
fn sized(text: &str) -> Option<(&str, &str)> {
    let (size, name) = text.strip_prefix('[')?.split_once("]  ")?;
    let size = size.trim_start_matches(' ');
    (!size.is_empty() && !name.starts_with(' ') && size.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some((size, name))
}
