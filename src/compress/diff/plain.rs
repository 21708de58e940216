//! A diff with each fact once, and back.
//!
//! Form and diff have the same lines in the same order, except for those that follow from others. The heads of hunks
//! stay: their lengths could be counted, but then nobody would find them any more.

use std::borrow::Cow;

use crate::compress::diff::roles::{self, Hunk, Role};
use crate::compress::git::date;
use crate::compress::marker;

const WHAT: &str =
    "diff, no line left out but ---, +++ and rename lines that only repeat the diff line (or say /dev/null)";

/// Said as well where files have times.
const TIMES: &str = "; a time alone is on the day said last";

/// Said as well where an author is not said again.
const AUTHORS: &str = "; a commit without Author has that of the commit above";

/// So many renames are told by their diff line. Of more the gate would have to look up too many names in the form.
const MOST_RENAMES: usize = 60;

/// Stands at the end of a hunk's head whose lines all have the same sign, which is not shown.
const ALL_ADDED: &str = " every line added:";
const ALL_REMOVED: &str = " every line removed:";

/// How a line begins that says how much of a renamed file is the same.
const SIMILARITY: &str = "similarity index ";

/// Shorter hunks keep their signs.
const SHORTEST_ALL: usize = 3;

/// The form of `text`, head line and all.
pub(super) fn write(text: &str) -> String {
    let (lines, end) = split(text);
    let roles = roles::of(&lines);
    let mut writer = Writer::new(&marker::legend(&format!("{WHAT}{}", told_above(&lines)), None));
    for at in 0..lines.len() {
        writer.line(&lines, &roles, at);
    }
    writer.finish(end)
}

/// What the head line says of authors and times that only stand further up.
pub(super) fn told_above(lines: &[&str]) -> String {
    let has_time = |line: &&str| line.starts_with("--- ") && line.contains('\t');
    let authors = if says_author_again(lines) { AUTHORS } else { "" };
    let times = if lines.iter().any(has_time) { TIMES } else { "" };
    format!("{authors}{times}")
}

/// Whether a commit has the author of the one above.
fn says_author_again(lines: &[&str]) -> bool {
    let mut known = Known::default();
    lines.windows(2).any(|pair| {
        let is_again = pair[0] == known.author && known.lacks_author(pair[1]);
        known.note(pair[0]);
        is_again
    })
}

/// The lines of `text`, and what stands behind the last one.
pub(super) fn split(text: &str) -> (Vec<&str>, &'static str) {
    match text.strip_suffix('\n') {
        Some(text) => (text.split('\n').collect(), "\n"),
        None => (text.split('\n').collect(), ""),
    }
}

/// The names of the two files as the `diff` line has them.
fn names(line: &str) -> Option<(&str, &str)> {
    if let Some(names) = line.strip_prefix("diff --git ") {
        // Both are as long, unless the file was renamed; then its lines stay.
        let middle = names.len() / 2;
        let is_split = names.len() % 2 == 1 && names.as_bytes()[middle] == b' ' && names.is_char_boundary(middle);
        return is_split.then(|| (&names[..middle], &names[middle + 1..]));
    }
    let (rest, new) = line.strip_prefix("diff ")?.rsplit_once(' ')?;
    let (_, old) = rest.rsplit_once(' ')?;
    Some((old, new))
}

/// The two names of a renamed file, where its `diff` line tells where the first one ends.
fn renamed(line: &str) -> Option<(&str, &str)> {
    let (from, to) = line.strip_prefix("diff --git a/")?.split_once(" b/")?;
    (from != to && !to.contains(" b/")).then_some((from, to))
}

/// What the lines above tell about those below, to the writer and to the reader alike.
#[derive(Default)]
struct Known<'a> {
    /// The last `diff` line, until its hunks begin.
    file: Option<&'a str>,
    is_new: bool,
    is_deleted: bool,
    from: &'a str,
    to: &'a str,
    /// What `diff -u` says behind the names: when the files were written.
    stamps: (Cow<'a, str>, Cow<'a, str>),
    author: &'a str,
    above: &'a str,
}

impl<'a> Known<'a> {
    /// Notes a line that is no part of a hunk.
    fn note(&mut self, line: &'a str) {
        self.above = line;
        if line.starts_with("diff ") {
            let stamps = std::mem::take(&mut self.stamps);
            *self = Self { file: Some(line), stamps, author: self.author, above: line, ..Self::default() };
        } else if line.starts_with("Author: ") {
            self.author = line;
        } else if self.file.is_some() {
            self.is_new |= line.starts_with("new file mode ");
            self.is_deleted |= line.starts_with("deleted file mode ");
            for prefix in ["rename ", "copy "] {
                let Some(rest) = line.strip_prefix(prefix) else { continue };
                self.from = rest.strip_prefix("from ").unwrap_or(self.from);
                self.to = rest.strip_prefix("to ").unwrap_or(self.to);
            }
        }
    }

    /// The `---` and `+++` lines that the lines above let expect.
    fn expected(&self) -> Option<(String, String)> {
        let file = self.file?;
        if !self.to.is_empty() {
            return Some((format!("--- a/{}", self.from), format!("+++ b/{}", self.to)));
        }
        let (old, new) = names(file)?;
        if !file.starts_with("diff --git ") {
            return Some((format!("--- {old}\t{}", self.stamps.0), format!("+++ {new}\t{}", self.stamps.1)));
        }
        let old = if self.is_new { "/dev/null" } else { old };
        let new = if self.is_deleted { "/dev/null" } else { new };
        Some((format!("--- {old}"), format!("+++ {new}")))
    }

    /// Whether a commit's author is missing above `line`.
    fn lacks_author(&self, line: &str) -> bool {
        line.starts_with("Date: ") && (self.above.starts_with("commit ") || self.above.starts_with("Merge: "))
    }
}

/// Writes the form line by line.
pub(super) struct Writer<'a> {
    form: String,
    known: Known<'a>,
    /// So many lines follow that go without their sign.
    unsigned: usize,
    /// How many renames went without lines of their own.
    renames: usize,
}

impl<'a> Writer<'a> {
    /// Begins with a head line.
    pub(super) fn new(head: &str) -> Self {
        Self { form: format!("{head}\n"), known: Known::default(), unsigned: 0, renames: 0 }
    }

    pub(super) fn finish(mut self, end: &str) -> String {
        if end.is_empty() {
            self.form.pop();
        }
        self.form
    }

    /// Writes a line of our own.
    pub(super) fn say(&mut self, line: &str) {
        self.form.push_str(line);
        self.form.push('\n');
    }

    /// Writes the line `at` of `lines`.
    pub(super) fn line(&mut self, lines: &[&'a str], roles: &[Role], at: usize) {
        let line = lines[at];
        match roles[at] {
            Role::Hunk => self.hunk(lines, roles, at),
            Role::Left => self.names(line, lines[at + 1]),
            Role::Right => {}
            Role::Added | Role::Removed if self.unsigned > 0 => {
                self.unsigned -= 1;
                self.say(&line[1..]);
            }
            role if role.is_body() => self.say(line),
            _ => {
                let next = lines.get(at + 1).copied().unwrap_or_default();
                if line == self.known.author && self.known.lacks_author(next) {
                    return;
                }
                let is_told = self.is_told(lines, at);
                self.known.note(line);
                if !is_told {
                    self.say(line);
                }
            }
        }
    }

    /// Whether the line `at` says from where or to where its file was renamed, as the diff line does.
    fn is_told(&mut self, lines: &[&str], at: usize) -> bool {
        let from = if lines[at].starts_with("rename from ") { at } else { at.saturating_sub(1) };
        if !lines[at].starts_with("rename ") || !lines[from.saturating_sub(1)].starts_with(SIMILARITY) {
            return false;
        }
        let Some((old, new)) = self.known.file.and_then(renamed) else { return false };
        let is_same = |at: usize, label: &str, name: &str| {
            lines.get(at).and_then(|line| line.strip_prefix(label)).is_some_and(|said| said == name)
        };
        if self.renames >= MOST_RENAMES || !is_same(from, "rename from ", old) || !is_same(from + 1, "rename to ", new)
        {
            return false;
        }
        self.renames += usize::from(at > from);
        true
    }

    fn names(&mut self, left: &'a str, right: &'a str) {
        let expected = self.known.expected();
        let Some((expected_left, expected_right)) = expected else {
            self.say(left);
            return self.say(right);
        };
        if expected_left != left || expected_right != right {
            // Of a name with a time, the time stays.
            let file = self.known.file.and_then(names);
            let left_stamp = file.and_then(|file| stamp(left, "--- ", file.0));
            let right_stamp = file.and_then(|file| stamp(right, "+++ ", file.1));
            if let (Some(left), Some(right)) = (left_stamp, right_stamp) {
                let times = (
                    date::time_alone(left, &self.known.stamps.0).unwrap_or(left),
                    date::time_alone(right, &self.known.stamps.1).unwrap_or(right),
                );
                self.known.stamps = (Cow::Borrowed(left), Cow::Borrowed(right));
                self.say(&format!("---\t{}", times.0));
                self.say(&format!("+++\t{}", times.1));
            } else {
                self.say(left);
                self.say(right);
            }
        }
        self.known.file = None;
    }

    fn hunk(&mut self, lines: &[&'a str], roles: &[Role], at: usize) {
        let Some(hunk) = Hunk::parse(lines[at]) else { return self.say(lines[at]) };
        self.known.file = None;
        // Without its sign, a line could read as said by us.
        let is_ours = |line: &&str| line.get(1..).is_some_and(marker::holds);
        let one_sign = one_sign(hunk, &roles[at + 1..]);
        if let Some((sentence, count)) = one_sign.filter(|(_, count)| !lines[at + 1..][..*count].iter().any(is_ours)) {
            self.unsigned = count;
            return self.say(&format!("{}{sentence}", lines[at]));
        }
        self.say(lines[at]);
    }
}

fn stamp<'a>(line: &'a str, sign: &str, name: &str) -> Option<&'a str> {
    line.strip_prefix(sign)?.strip_prefix(name)?.strip_prefix('\t')
}

/// What is said of a hunk whose lines all have the same sign, and how many they are. Of a text that was cut off, the last
/// hunk has fewer lines than its head says.
fn one_sign(hunk: Hunk, below: &[Role]) -> Option<(&'static str, usize)> {
    let (sentence, role, count) = match hunk.lengths() {
        (0, count) => (ALL_ADDED, Role::Added, count),
        (count, 0) => (ALL_REMOVED, Role::Removed, count),
        _ => return None,
    };
    let found = below.iter().take_while(|found| **found == role).count();
    let is_whole = found == count || found == below.len();
    (is_whole && found >= SHORTEST_ALL && hunk.heading.is_empty()).then_some((sentence, found))
}

/// The diff of which `form` is the form.
pub(super) fn read(form: &str) -> Option<String> {
    let (head, body) = form.split_once('\n')?;
    let said = marker::read_legend(head)?.strip_prefix(WHAT)?;
    if !matches!(said.strip_prefix(AUTHORS).unwrap_or(said), "" | TIMES) {
        return None;
    }
    let (lines, end) = split(body);
    let mut reader = Reader { text: String::with_capacity(form.len() * 2), known: Known::default() };
    let mut at = 0;
    while at < lines.len() {
        at += reader.line(&lines[at..]);
    }
    if end.is_empty() {
        reader.text.pop();
    }
    Some(reader.text)
}

struct Reader<'a> {
    text: String,
    known: Known<'a>,
}

impl<'a> Reader<'a> {
    fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Reads the first of `lines`, and those that belong to it; answers how many.
    fn line(&mut self, lines: &[&'a str]) -> usize {
        let line = lines[0];
        if let Some(hunk) = Hunk::parse(line) {
            return self.hunk(line, hunk, &lines[1..]) + 1;
        }
        let next = lines.get(1).copied().unwrap_or_default();
        if line.starts_with("---") && next.starts_with("+++") {
            self.names(line, next);
            return 2;
        }
        if self.known.lacks_author(line) {
            self.say(self.known.author);
        }
        self.known.note(line);
        self.say(line);
        let names = self.known.file.and_then(renamed).filter(|_| line.starts_with(SIMILARITY));
        if let Some((old, new)) = names.filter(|_| !next.starts_with("rename ") && !next.starts_with("copy ")) {
            (self.known.from, self.known.to) = (old, new);
            self.say(&format!("rename from {old}"));
            self.say(&format!("rename to {new}"));
        }
        1
    }

    fn names(&mut self, left: &'a str, right: &'a str) {
        let file = self.known.file.take().and_then(names);
        let stamps = left.strip_prefix("---\t").zip(right.strip_prefix("+++\t"));
        if let Some(((old, new), (left, right))) = file.zip(stamps) {
            let whole = |stamp: &'a str, above: &str| {
                date::on_the_day_of(stamp, above).map_or(Cow::Borrowed(stamp), Cow::Owned)
            };
            let (left, right) = (whole(left, &self.known.stamps.0), whole(right, &self.known.stamps.1));
            self.say(&format!("--- {old}\t{left}"));
            self.say(&format!("+++ {new}\t{right}"));
            self.known.stamps = (left, right);
        } else {
            self.say(left);
            self.say(right);
        }
    }

    /// Reads a hunk with what `below` its head belongs to it; answers how many lines.
    fn hunk(&mut self, line: &str, hunk: Hunk, below: &[&str]) -> usize {
        if let Some((left, right)) = self.known.expected() {
            self.say(&left);
            self.say(&right);
        }
        self.known.file = None;
        let (old, new) = hunk.lengths();
        let (sign, sentence) = match hunk.heading {
            ALL_ADDED => ("+", ALL_ADDED),
            ALL_REMOVED => ("-", ALL_REMOVED),
            _ => ("", ""),
        };
        let mut roles = Vec::new();
        let length = if sign.is_empty() {
            roles::body(below, hunk, &mut roles);
            roles.len()
        } else {
            (old + new).min(below.len())
        };
        self.say(line.strip_suffix(sentence).unwrap_or(line));
        for line in &below[..length] {
            self.say(&format!("{sign}{line}"));
        }
        length
    }
}
