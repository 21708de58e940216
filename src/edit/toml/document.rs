//! A TOML document as lines and tokens with their spans.
//!
//! Edits are made to the text between the spans, never by writing a tree back: a writer of TOML turns CRLF into LF and
//! drops comments. The lines are those of the grammar, so a multi-line string or array is part of one, and nothing in
//! it can be taken for a header or a comment. The tree is only for questions about meaning.

use std::ops::Range;

use toml_edit::Key;
use toml_parser::Source;
use toml_parser::parser::Event;
use toml_parser::parser::EventKind;
use toml_parser::parser::parse_document;

use crate::edit::Error;
use crate::edit::lines::body;
use crate::edit::lines::line_of;
use crate::edit::toml::node::Node;
use crate::json_text::Span;

/// What a walk along a path expects of all but its last value.
pub(super) const TABLE: &str = "a table";

/// What a token is, as far as surgery cares. Braces and brackets of values are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Comma,
    Key,
    Equals,
    Scalar,
    Comment,
    /// The dots of a key and the brackets of a header.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What stands on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Blank,
    Remark,
    Header,
    ArrayHeader,
    /// A key with its value, which begins at this token.
    Key {
        value: usize,
    },
}

/// A line of the grammar with its line break.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) what: What,
    /// The whole path of a header or key, from the root on.
    pub(super) path: Vec<String>,
    /// How much of the path a key has from the header above it.
    pub(super) depth: usize,
    pub(super) tokens: Range<usize>,
    pub(super) span: Span,
}

impl Line {
    pub(super) fn is_header(&self) -> bool {
        matches!(self.what, What::Header | What::ArrayHeader)
    }

    pub(super) fn is_statement(&self) -> bool {
        !matches!(self.what, What::Blank | What::Remark)
    }
}

/// A key and its value in an inline table; `end` is the value's last token.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) path: Vec<String>,
    pub(super) key: usize,
    pub(super) value: usize,
    pub(super) end: usize,
}

/// An inline table.
#[derive(Debug, Clone)]
pub(super) struct Inline {
    pub(super) open: usize,
    pub(super) close: usize,
    pub(super) members: Vec<Member>,
    /// How much of a path leads here.
    pub(super) depth: usize,
}

/// Where the value of a path stands, or would.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// On lines of its own: a key, or the headers and keys of a table.
    Lines(Vec<usize>),
    /// In an inline table, as this member of it.
    Member(Inline, Member),
    /// Nowhere, but this inline table is on the way.
    InInline(Inline),
    /// Nowhere; the innermost table with a header on the way is this one, or the root.
    Nowhere { header: Option<usize> },
}

/// A text that parses, its lines and tokens, and what it means.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) lines: Vec<Line>,
    pub(super) root: Node,
}

impl<'a> Document<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Error> {
        let parsed = toml_edit::Document::parse(text).map_err(|err| syntax(text, &err))?;
        let root = Node::of_table(parsed.as_table());
        let mut events: Vec<Event> = Vec::new();
        parse_document(&Source::new(text).lex().into_vec(), &mut events, &mut ());
        let mut document = Self { text, tokens: Vec::new(), lines: Vec::new(), root };
        document.read(&events)?;
        Ok(document)
    }

    /// Splits the events into lines, where they are in no bracket.
    fn read(&mut self, events: &[Event]) -> Result<(), Error> {
        let (mut open, mut start, mut first) = (0_usize, self.text.len() - body(self.text).len(), 0);
        let mut header = Vec::new();
        for event in events {
            let span = event.span().start()..event.span().end();
            match event.kind() {
                EventKind::ArrayOpen | EventKind::InlineTableOpen => open += 1,
                EventKind::ArrayClose | EventKind::InlineTableClose => open = open.saturating_sub(1),
                _ => {}
            }
            match event.kind() {
                EventKind::Newline if open == 0 => {
                    let line = self.line(first..self.tokens.len(), start..span.end, &mut header)?;
                    self.lines.push(line);
                    (start, first) = (span.end, self.tokens.len());
                }
                EventKind::Newline | EventKind::Whitespace => {}
                other => self.tokens.push(Token { kind: kind(other), span }),
            }
        }
        if start < self.text.len() {
            let line = self.line(first..self.tokens.len(), start..self.text.len(), &mut header)?;
            self.lines.push(line);
        }
        Ok(())
    }

    /// The line of these tokens, below `header`, or as the next header.
    fn line(&self, tokens: Range<usize>, span: Span, header: &mut Vec<String>) -> Result<Line, Error> {
        let equals = tokens.clone().find(|at| self.tokens[*at].kind == Kind::Equals);
        let keys = tokens.start..equals.unwrap_or(tokens.end);
        let (what, path, depth) = match self.tokens[tokens.clone()].first().map(|token| token.kind) {
            None => (What::Blank, Vec::new(), 0),
            Some(Kind::Comment) => (What::Remark, Vec::new(), 0),
            Some(Kind::Key) => {
                let path = header.iter().cloned().chain(self.keys(keys)?).collect();
                (What::Key { value: equals.unwrap_or(tokens.start) + 1 }, path, header.len())
            }
            Some(_) => {
                *header = self.keys(keys)?;
                let is_array = self.source(tokens.start, tokens.start) == "[[";
                (if is_array { What::ArrayHeader } else { What::Header }, header.clone(), 0)
            }
        };
        Ok(Line { what, path, depth, tokens, span })
    }

    /// The dotted key that is written in these tokens.
    fn keys(&self, tokens: Range<usize>) -> Result<Vec<String>, Error> {
        let mut keys = tokens.filter(|at| self.tokens[*at].kind == Kind::Key);
        let Some(first) = keys.next() else { return Ok(Vec::new()) };
        let source = self.source(first, keys.next_back().unwrap_or(first));
        let keys = Key::parse(source).map_err(|err| syntax(source, &err))?;
        Ok(keys.iter().map(|key| key.get().to_owned()).collect())
    }

    /// Where the value of `path` stands.
    pub(super) fn find(&self, path: &[String]) -> Result<Place, Error> {
        let mut found = Vec::new();
        let mut header: Option<usize> = None;
        for (at, line) in self.lines.iter().enumerate().filter(|(_, line)| line.is_statement()) {
            if line.path.starts_with(path) {
                found.push(at);
            } else if path.starts_with(&line.path) {
                match line.what {
                    What::Key { value } => return self.find_inline(path, line.path.len(), value),
                    What::ArrayHeader => return Err(self.shape(&line.path, TABLE, line.span.start)),
                    _ if header.is_none_or(|other| self.lines[other].path.len() < line.path.len()) => header = Some(at),
                    _ => {}
                }
            }
        }
        Ok(if found.is_empty() { Place::Nowhere { header } } else { Place::Lines(found) })
    }

    /// Where the value of `path` stands in the value at token `value`, to which `depth` of its keys have led.
    fn find_inline(&self, path: &[String], depth: usize, value: usize) -> Result<Place, Error> {
        if self.source(value, value) != "{" {
            return Err(self.shape(&path[..depth], TABLE, self.tokens[value].span.start));
        }
        let inline = self.inline(value, depth)?;
        let rest = &path[depth..];
        if let Some(way) = inline.members.iter().find(|member| rest.starts_with(&member.path)) {
            if way.path.len() < rest.len() {
                return self.find_inline(path, depth + way.path.len(), way.value);
            }
            let member = way.clone();
            return Ok(Place::Member(inline, member));
        }
        match inline.members.iter().find(|member| member.path.starts_with(rest)) {
            Some(part) => Err(self.shape(path, "a single key", self.tokens[part.key].span.start)),
            None => Ok(Place::InInline(inline)),
        }
    }

    fn inline(&self, open: usize, depth: usize) -> Result<Inline, Error> {
        let mut members = Vec::new();
        let mut at = open + 1;
        loop {
            match self.tokens[at].kind {
                Kind::Close => return Ok(Inline { open, close: at, members, depth }),
                Kind::Key => {
                    let equals = (at..self.tokens.len()).find(|at| self.tokens[*at].kind == Kind::Equals);
                    let value = equals.unwrap_or(at) + 1;
                    let (path, end) = (self.keys(at..value - 1)?, self.end(value));
                    members.push(Member { path, key: at, value, end });
                    at = end + 1;
                }
                _ => at += 1,
            }
        }
    }

    /// The last token of the value that begins at token `start`.
    pub(super) fn end(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(start) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        start
    }

    /// What is written from token `first` to token `last`.
    pub(super) fn source(&self, first: usize, last: usize) -> &'a str {
        &self.text[self.tokens[first].span.start..self.tokens[last].span.end]
    }

    /// What stands on line `at`, without the line break.
    pub(super) fn content(&self, at: usize) -> &'a str {
        self.text[self.lines[at].span.clone()].trim_end_matches(['\r', '\n'])
    }

    /// Whether a comment stands among the tokens `first` to `last`.
    pub(super) fn has_comment(&self, first: usize, last: usize) -> bool {
        self.tokens[first..=last].iter().any(|token| token.kind == Kind::Comment)
    }

    pub(super) fn shape(&self, path: &[String], expected: &'static str, at: usize) -> Error {
        Error::Shape { path: path.join("."), expected, line: line_of(self.text, at) }
    }
}

fn syntax(text: &str, err: &toml_edit::TomlError) -> Error {
    let at = err.span().map_or(0, |span| span.start);
    let detail = err.message().lines().next().unwrap_or_default().to_owned();
    Error::Syntax { format: "TOML", line: line_of(text, at), detail }
}

fn kind(event: EventKind) -> Kind {
    match event {
        EventKind::ArrayOpen | EventKind::InlineTableOpen => Kind::Open,
        EventKind::ArrayClose | EventKind::InlineTableClose => Kind::Close,
        EventKind::ValueSep => Kind::Comma,
        EventKind::SimpleKey => Kind::Key,
        EventKind::KeyValSep => Kind::Equals,
        EventKind::Scalar => Kind::Scalar,
        EventKind::Comment => Kind::Comment,
        _ => Kind::Other,
    }
}
