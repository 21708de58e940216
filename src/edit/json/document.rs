//! A JSONC document as tokens with their spans.
//!
//! Edits are made to the text between the spans, never by writing a tree back, so what stands elsewhere cannot change.
//! Comments and trailing commas are accepted whatever the file is called, because agents accept them; nothing else
//! beyond JSON is. The parser refuses a lone surrogate, but agents do write one when they cut a prompt in the middle of
//! an emoji, so surrogates are masked before it looks.

use std::borrow::Cow;

use jsonc_parser::CollectOptions;
use jsonc_parser::CommentCollectionStrategy;
use jsonc_parser::ParseOptions;
use jsonc_parser::common::Ranged;
use serde_json::Value;

use crate::edit::Error;
use crate::edit::lines::body;
use crate::json_text;
use crate::json_text::Span;

/// What a walk along a path expects of all but its last value.
pub(super) const OBJECT: &str = "an object";

/// What a token is, as far as surgery cares. Braces and brackets are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Comma,
    Colon,
    LineComment,
    BlockComment,
    Scalar,
}

impl Kind {
    pub(super) fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// A key and its value, as indexes of tokens; `end` is the value's last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) key: usize,
    pub(super) value: usize,
    pub(super) end: usize,
}

/// An object on the way along a path, and its member of the path's name.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) open: usize,
    pub(super) close: usize,
    pub(super) members: Vec<Member>,
    pub(super) found: Option<Member>,
}

/// A text that parses, and its tokens.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    root: usize,
}

/// Whether `text` holds no document at all, only white space and perhaps a byte order mark.
pub(super) fn is_blank(text: &str) -> bool {
    body(text).trim().is_empty()
}

impl<'a> Document<'a> {
    /// Reads `text`, which holds one value.
    pub(super) fn parse(text: &'a str) -> Result<Self, Error> {
        let body = body(text);
        let skipped = text.len() - body.len();
        let masked = mask_surrogates(body);
        let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let parsed = jsonc_parser::parse_to_ast(&masked, &collect, &jsonc()).map_err(|err| syntax(&err))?;
        let tokens: Vec<Token> = parsed
            .tokens
            .into_iter()
            .flatten()
            .map(|token| Token { kind: kind(&token.token), span: token.start() + skipped..token.end() + skipped })
            .collect();
        match tokens.iter().position(|token| !token.kind.is_comment()) {
            Some(root) => Ok(Self { text, tokens, root }),
            None => Err(Error::Syntax { format: "JSON", line: 1, detail: "there is no value".to_owned() }),
        }
    }

    /// The objects along `path`, as far as they exist.
    pub(super) fn walk(&self, path: &[String]) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        let mut at = self.root;
        for (depth, name) in path.iter().enumerate() {
            if !self.source(at, at).starts_with('{') {
                return Err(self.shape(&path[..depth], OBJECT, at));
            }
            let (members, close) = self.members(at);
            let mut named = members.iter().filter(|member| self.name(member).as_deref() == Some(name));
            let found = named.next().copied();
            if let Some(second) = named.next() {
                return Err(self.shape(&path[..=depth], "a single key", second.key));
            }
            steps.push(Step { open: at, close, members, found });
            match found {
                Some(member) => at = member.value,
                None => break,
            }
        }
        Ok(steps)
    }

    /// The members of the object that opens at token `open`, and the token that closes it.
    fn members(&self, open: usize) -> (Vec<Member>, usize) {
        let mut members = Vec::new();
        let mut at = open + 1;
        loop {
            match self.tokens[at].kind {
                Kind::Close => return (members, at),
                Kind::Scalar => {
                    let colon = self.after_comments(at + 1);
                    let value = self.after_comments(colon + 1);
                    let end = self.end(value);
                    members.push(Member { key: at, value, end });
                    at = end + 1;
                }
                _ => at += 1,
            }
        }
    }

    /// The first token from `at` on that is no comment.
    pub(super) fn after_comments(&self, at: usize) -> usize {
        let comments = self.tokens[at..].iter().take_while(|token| token.kind.is_comment()).count();
        at + comments
    }

    /// The last token of the value that begins at token `start`.
    fn end(&self, start: usize) -> usize {
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

    fn name(&self, member: &Member) -> Option<Cow<'a, str>> {
        json_text::decode(self.source(member.key, member.key))
    }

    /// What is written from token `first` to token `last`.
    pub(super) fn source(&self, first: usize, last: usize) -> &'a str {
        &self.text[self.tokens[first].span.start..self.tokens[last].span.end]
    }

    /// The white space before token `at`.
    pub(super) fn gap(&self, at: usize) -> &'a str {
        let start = match at {
            0 => self.text.len() - body(self.text).len(),
            _ => self.tokens[at - 1].span.end,
        };
        &self.text[start..self.tokens[at].span.start]
    }

    /// The white space at the beginning of the line on which token `at` stands.
    pub(super) fn indent(&self, at: usize) -> &'a str {
        let before = body(&self.text[..self.tokens[at].span.start]);
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        &line[..line.len() - line.trim_start().len()]
    }

    /// Whether a comment stands among the tokens `first` to `last`.
    pub(super) fn has_comment(&self, first: usize, last: usize) -> bool {
        self.tokens[first..=last].iter().any(|token| token.kind.is_comment())
    }

    fn shape(&self, path: &[String], expected: &'static str, at: usize) -> Error {
        let line = 1 + self.text[..self.tokens[at].span.start].matches('\n').count();
        let path = if path.is_empty() { "(root)".to_owned() } else { path.join(".") };
        Error::Shape { path, expected, line }
    }
}

/// The value that `source` stands for. `None` when it has no counterpart, such as a lone surrogate.
pub(super) fn value_of(source: &str) -> Option<Value> {
    jsonc_parser::parse_to_serde_value(source, &jsonc()).ok()
}

pub(super) fn jsonc() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: true,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// `text` with every escaped surrogate replaced by an escape of the same length. It is only parsed, never written.
pub(super) fn mask_surrogates(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text.as_bytes());
    for at in memchr::memmem::find_iter(text.as_bytes(), "\\u") {
        if let Some(digits @ [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', _, _]) =
            text.as_bytes().get(at + 2..at + 6)
            && digits.iter().all(u8::is_ascii_hexdigit)
        {
            masked.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
        }
    }
    match masked {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).expect("only ASCII was replaced, by ASCII")),
    }
}

fn kind(token: &jsonc_parser::tokens::Token<'_>) -> Kind {
    use jsonc_parser::tokens::Token as Parsed;
    match token {
        Parsed::OpenBrace | Parsed::OpenBracket => Kind::Open,
        Parsed::CloseBrace | Parsed::CloseBracket => Kind::Close,
        Parsed::Comma => Kind::Comma,
        Parsed::Colon => Kind::Colon,
        Parsed::CommentLine(_) => Kind::LineComment,
        Parsed::CommentBlock(_) => Kind::BlockComment,
        Parsed::String(_) | Parsed::Word(_) | Parsed::Boolean(_) | Parsed::Number(_) | Parsed::Null => Kind::Scalar,
    }
}

fn syntax(err: &jsonc_parser::errors::ParseError) -> Error {
    let detail = err.kind().to_string();
    let mut letters = detail.chars();
    let detail = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
    Error::Syntax { format: "JSON", line: err.line_display(), detail }
}
