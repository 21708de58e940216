//! Markdown, written piece by piece: breaks and list marks before a text, links and code round it.
//!
//! A link's brackets never cut a word: where text runs on without a space (`List<a>String</a>`), the address stands
//! behind the word. No sign is escaped: a word of the page can be searched for as it was.

use std::collections::HashSet;

/// Deeper levels are not indented any more.
const DEEPEST: usize = 8;

/// What parts the next text from the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    None,
    Space,
    Line,
    Paragraph,
}

/// How much of Markdown's own signs is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    /// Brackets round the text of links, backticks round words of code.
    Round,
    /// None that stands beside a word.
    Behind,
}

/// A text that has ended, and may yet turn out to run on.
#[derive(Debug)]
struct Ended {
    start: usize,
    /// Where it leads; none for a word of code.
    address: Option<String>,
}

pub(super) struct Writer {
    out: String,
    signs: Signs,
    pending: Break,
    /// What the next line begins with, instead of its indent's last two spaces.
    mark: Option<String>,
    ended: Option<Ended>,
    /// Texts and the addresses that belong to them, for behind the word.
    behind: Vec<(String, String)>,
    /// Text and address of the links so far.
    known: HashSet<(String, String)>,
    addresses: HashSet<String>,
    last_address: String,
    pub(super) indent: usize,
    pub(super) quotes: usize,
    /// Signs would cut the words that a heading is looked for by.
    pub(super) in_heading: bool,
}

impl Writer {
    pub(super) fn new(signs: Signs) -> Self {
        Self {
            out: String::new(),
            signs,
            pending: Break::None,
            mark: None,
            ended: None,
            behind: Vec::new(),
            known: HashSet::new(),
            addresses: HashSet::new(),
            last_address: String::new(),
            indent: 0,
            quotes: 0,
            in_heading: false,
        }
    }

    /// Parts what follows from what stands.
    pub(super) fn part(&mut self, by: Break) {
        // The text of a list item stands behind its mark.
        if self.mark.is_none() || by == Break::Space {
            self.pending = self.pending.max(by);
        }
    }

    /// Begins a line with `mark`.
    pub(super) fn mark(&mut self, mark: String, by: Break) {
        self.settle(false);
        self.pending = by;
        self.mark = Some(mark);
    }

    /// Forgets a mark behind which no text came.
    pub(super) fn drop_mark(&mut self) {
        self.mark = None;
    }

    /// Where `text` would begin that is written next.
    pub(super) fn place(&mut self, text: &str) -> usize {
        self.before(text);
        self.out.len()
    }

    pub(super) fn since(&self, start: usize) -> &str {
        self.out.get(start..).unwrap_or_default()
    }

    /// Takes away what was written since `start`.
    pub(super) fn take_since(&mut self, start: usize) -> String {
        self.settle(false);
        self.write_behind();
        if self.out.is_char_boundary(start) { self.out.split_off(start) } else { String::new() }
    }

    /// Writes text of the page, its white space run together.
    pub(super) fn text(&mut self, text: &str) {
        if text.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.part(Break::Space);
        }
        let mut words = text.split_ascii_whitespace();
        let Some(first) = words.next() else { return };
        self.before(first);
        self.out.push_str(first);
        for word in words {
            self.write_behind();
            self.out.push(' ');
            self.out.push_str(word);
        }
        if text.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.part(Break::Space);
        }
    }

    /// Writes what is no word of the page: it runs on into none.
    pub(super) fn sign(&mut self, sign: &str) {
        self.before("");
        self.out.push_str(sign);
    }

    /// Writes the sign of a power, where a number or a letter stands before it.
    pub(super) fn power(&mut self) {
        let runs_on = self.pending == Break::None && self.mark.is_none();
        if runs_on && self.out.ends_with(|c: char| c.is_alphanumeric() || c == ')') {
            self.sign("^");
        }
    }

    /// Writes lines as they are.
    pub(super) fn lines(&mut self, lines: &str) {
        if !lines.is_empty() {
            self.before("");
            self.out.push_str(lines);
        }
    }

    /// Writes a comma behind the last word.
    pub(super) fn comma(&mut self) {
        self.settle(false);
        self.out.push(',');
        self.part(Break::Space);
    }

    /// The text since `start` is a link to `address`.
    pub(super) fn link(&mut self, start: usize, address: String) {
        self.settle(false);
        if self.out.is_char_boundary(start) {
            self.ended = Some(Ended { start, address: Some(address) });
        }
    }

    /// The text since `start` is code.
    pub(super) fn code(&mut self, start: usize) {
        self.settle(false);
        let is_word = self.since(start).bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_word && start < self.out.len() && self.out.is_char_boundary(start) {
            self.ended = Some(Ended { start, address: None });
        }
    }

    /// A link in text that is written verbatim: its address follows behind it.
    pub(super) fn link_behind(&mut self, text: &str, address: String) {
        if self.known.insert((text.to_owned(), address.clone())) {
            self.behind.push((text.to_owned(), address));
        }
    }

    /// Writes the place of a heading, as Markdown does, where no link has told it.
    pub(super) fn place_name(&mut self, address: &str) {
        if self.addresses.insert(address.to_owned()) {
            self.settle(false);
            self.out.extend([" {", address, "}"]);
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.settle(false);
        self.write_behind();
        self.out.truncate(self.out.trim_end().len());
        self.out
    }

    /// Writes the break, the indent and the mark that stand before `word`.
    fn before(&mut self, word: &str) {
        let runs_on = self.pending == Break::None && runs_on(word);
        self.settle(runs_on);
        if self.pending != Break::None || self.out.is_empty() {
            self.write_behind();
        }
        let at_start = self.out.is_empty() || self.out.ends_with('\n');
        match self.pending {
            Break::None if !self.out.is_empty() || self.mark.is_none() => return,
            Break::Space => {
                self.pending = Break::None;
                if at_start && self.mark.is_none() {
                    return;
                }
                self.out.push(' ');
                return;
            }
            Break::Line if !at_start => self.out.push('\n'),
            Break::Paragraph if !self.out.is_empty() => {
                self.out.push_str(if self.out.ends_with("\n\n") {
                    ""
                } else if at_start {
                    "\n"
                } else {
                    "\n\n"
                });
            }
            Break::None | Break::Line | Break::Paragraph => {}
        }
        self.pending = Break::None;
        self.out.extend(std::iter::repeat_n("> ", self.quotes.min(DEEPEST)));
        let mark = self.mark.take();
        let indent = self.indent.min(DEEPEST) - usize::from(mark.is_some() && self.indent > 0);
        self.out.extend(std::iter::repeat_n("  ", indent));
        self.out.push_str(mark.as_deref().unwrap_or_default());
    }

    /// Puts the signs round the text that ended last, unless it runs on.
    pub(super) fn settle(&mut self, runs_on: bool) {
        let Some(Ended { start, address }) = self.ended.take() else { return };
        let text = &self.out[start..];
        let before = self.out[..start].chars().next_back();
        let is_glued = runs_on || before.is_some_and(is_word_sign) || self.signs == Signs::Behind || self.in_heading;
        let Some(address) = address else {
            if !is_glued {
                self.out.insert(start, '`');
                self.out.push('`');
            }
            return;
        };
        let is_told = *text == address || self.last_address == address;
        if is_told || !self.known.insert((text.to_owned(), address.clone())) {
            return;
        }
        self.last_address.clone_from(&address);
        self.addresses.insert(address.clone());
        if text.is_empty() {
            self.out.extend(["[](", address.as_str(), ")"]);
        } else if is_glued || text.contains('\n') {
            self.behind.push((text.to_owned(), address));
        } else {
            self.out.insert(start, '[');
            self.out.push_str("](");
            self.out.push_str(&address);
            self.out.push(')');
        }
    }

    fn write_behind(&mut self) {
        match self.behind.as_slice() {
            [] => return,
            [(_, address)] => self.out.extend([" (", address.as_str(), ")"]),
            several => {
                let told: Vec<String> =
                    several.iter().map(|(text, address)| format!("{}: {address}", text.trim())).collect();
                self.out.extend([" (", told.join("; ").as_str(), ")"]);
            }
        }
        self.behind.clear();
    }
}

/// Whether a word continues what stands before it.
fn runs_on(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| is_word_sign(c) && !c.is_alphanumeric());
    match rest.chars().next() {
        Some(c) => c.is_alphanumeric(),
        // A full stop behind a link ends the sentence.
        None => !word.is_empty() && !word.bytes().all(|byte| matches!(byte, b'.' | b',' | b':' | b';' | b'!' | b'?')),
    }
}

fn is_word_sign(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '.' | '/' | ':' | '-' | '@' | '#' | '$' | '%' | '&' | '+' | '~' | '\\' | '?' | '!' | '*')
}
