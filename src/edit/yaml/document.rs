//! A YAML document as a syntax tree that covers every byte.
//!
//! Edits are made to the text between the spans of the tree. The tree of yaml-edit can be edited too, but not so that
//! an edit and its undoing give the same bytes. Its parser forgives a lot, so its validator has to agree as well.

use rowan::NodeOrToken;
use rowan::ast::AstNode;
use yaml_edit::Lang;
use yaml_edit::Scalar;
use yaml_edit::SyntaxKind;
use yaml_edit::YamlFile;
use yaml_edit::validator::Severity;
use yaml_edit::validator::Validator;
use yaml_edit::validator::Violation;

use crate::edit::Error;
use crate::edit::lines::line_of;
use crate::edit::lines::line_start;
use crate::edit::yaml::node::Node;
use crate::json_text::Span;

pub(super) type Syntax = rowan::SyntaxNode<Lang>;

/// What a walk along a path expects of all but its last value.
pub(super) const MAPPING: &str = "a mapping";
const LIST: &str = "a list";

/// What YAML forbids and every program reads: a brace that closes at the start of a line, as in JSON.
const FORGIVEN: &str = "Flow collection continuation line must be indented";

/// A mapping or list on the way along a path, and its entry of the path's name.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) container: Syntax,
    pub(super) found: Option<Syntax>,
}

/// Where a walk along a path has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// At the value.
    Found,
    /// At a mapping or list that lacks the entry.
    Missing,
    /// At this `null`, which is empty when nothing is written.
    Null(Span),
    /// The document holds nothing.
    NoRoot,
}

/// A text that parses, its tree, and what it means.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    tree: Syntax,
    content: Option<Syntax>,
    pub(super) root: Node,
}

impl<'a> Document<'a> {
    /// Reads `text`, which holds one document at most.
    pub(super) fn parse(text: &'a str) -> Result<Self, Error> {
        // Lines are told by their line feeds here and in what puts lines in and takes them out.
        if let Some(at) = text.replace("\r\n", "\n\n").find('\r') {
            return Err(syntax(text, at, "a line ends in a carriage return alone"));
        }
        let parsed = YamlFile::parse(text);
        if let Some(err) = parsed.positioned_errors().first() {
            return Err(syntax(text, span_start(err.range.start), &err.message));
        }
        let file = parsed.tree();
        let violations = Validator::new().validate_syntax(file.syntax());
        let is_grave = |violation: &&Violation| violation.severity == Severity::Error && violation.message != FORGIVEN;
        if let Some(violation) = violations.iter().find(is_grave) {
            let at = violation.text_range.map_or(0, |range| span_start(range.start));
            return Err(syntax(text, at, &violation.message));
        }
        let mut documents = file.documents();
        let content = documents.next().and_then(|document| content(document.syntax()));
        if let Some(second) = documents.next() {
            return Err(shape(text, &[], "a single document", span(second.syntax()).start));
        }
        if file.syntax().text() != text {
            return Err(syntax(text, 0, "it cannot be read without loss"));
        }
        let root = content.as_ref().map_or(Node::Null, Node::of);
        Ok(Self { text, tree: file.syntax().clone(), content, root })
    }

    /// The root of what the document holds.
    #[cfg(test)]
    pub(super) fn content(&self) -> Option<&Syntax> {
        self.content.as_ref()
    }

    /// The mappings and lists along `path`, as far as they exist.
    pub(super) fn walk(&self, path: &[String]) -> Result<(Vec<Step>, End), Error> {
        let mut steps = Vec::new();
        let Some(mut at) = self.content.clone() else { return Ok((steps, End::NoRoot)) };
        for (depth, step) in path.iter().enumerate() {
            if Scalar::cast(at.clone()).is_some_and(|scalar| scalar.is_null()) {
                return Ok((steps, End::Null(span(&at))));
            }
            let (kind, expected) = match element(step) {
                Some(_) => (SyntaxKind::SEQUENCE, LIST),
                None => (SyntaxKind::MAPPING, MAPPING),
            };
            if at.kind() != kind {
                return Err(shape(self.text, &path[..depth], expected, span(&at).start));
            }
            let mut named: Vec<Syntax> = entries(&at).filter(|entry| is_named(entry, step)).collect();
            if let Some(second) = named.get(1) {
                return Err(shape(self.text, &path[..=depth], "a single key", span(second).start));
            }
            let found = named.pop();
            let next = found.as_ref().map(value);
            let line = span(&at).start;
            steps.push(Step { container: at, found });
            at = match next {
                Some(Some(value)) => value,
                Some(None) => return Err(shape(self.text, &path[..=depth], expected, line)),
                None => return Ok((steps, End::Missing)),
            };
        }
        Ok((steps, End::Found))
    }

    /// The comments that have a line of their own, with that line.
    pub(super) fn remarks(&self) -> Vec<(Span, &'a str)> {
        let tokens = self.tree.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let comments =
            tokens.filter(|token| token.kind() == SyntaxKind::COMMENT).map(|token| range(token.text_range()));
        let own =
            comments.filter(|comment| self.text[line_start(self.text, comment.start)..comment.start].trim().is_empty());
        own.map(|comment| (self.lines(&comment), self.text[comment].trim_end())).collect()
    }

    /// The whole lines on which `span` stands.
    pub(super) fn lines(&self, span: &Span) -> Span {
        line_start(self.text, span.start)..self.line_end(span.end)
    }

    /// The end of the line that ends, or is, at `at`.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let is_ended = at > 0 && self.text[..at].ends_with('\n');
        if is_ended { at } else { crate::edit::lines::line_end(self.text, at) }
    }

    /// How far `node` is from the start of its line.
    pub(super) fn column(&self, node: &Syntax) -> usize {
        let at = span(node).start;
        at - line_start(self.text, at)
    }

    /// Whether nothing but white space stands before `entry` on its line.
    pub(super) fn leads_line(&self, entry: &Syntax) -> bool {
        let at = span(entry).start;
        self.text[line_start(self.text, at)..at].trim().is_empty()
    }

    /// Whether a comment stands in this part of the text that is not one of `except`.
    pub(super) fn has_comment(&self, part: &Span, except: &[&str]) -> bool {
        self.tree.descendants_with_tokens().filter_map(NodeOrToken::into_token).any(|token| {
            token.kind() == SyntaxKind::COMMENT
                && part.contains(&range(token.text_range()).start)
                && !except.contains(&token.text().trim_end())
        })
    }

    /// Whether anything but white space and comments stands in this part of the text.
    pub(super) fn is_used(&self, part: &Span) -> bool {
        self.tree
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
            .any(|token| !is_trivia(token.kind()) && part.contains(&range(token.text_range()).start))
    }

    /// What one level of indentation is: that of the first mapping in a mapping.
    pub(super) fn unit(&self) -> usize {
        let mappings = self.tree.descendants().filter(|node| node.kind() == SyntaxKind::MAPPING && !is_flow(node));
        let depths = mappings.filter_map(|inner| {
            let outer = inner.ancestors().skip(1).find(|node| node.kind() == SyntaxKind::MAPPING)?;
            inner.parent().filter(|parent| parent.kind() == SyntaxKind::VALUE)?;
            self.column(&inner).checked_sub(self.column(&outer)).filter(|unit| *unit > 0)
        });
        depths.into_iter().next().unwrap_or(2)
    }

    /// How far the dashes of a list are from its key.
    pub(super) fn list_offset(&self) -> Option<usize> {
        self.tree.descendants().filter(|node| node.kind() == SyntaxKind::SEQUENCE && !is_flow(node)).find_map(|list| {
            let entry = list.parent().filter(|parent| parent.kind() == SyntaxKind::VALUE)?.parent()?;
            self.column(&list).checked_sub(self.column(&entry))
        })
    }
}

/// The name in a step `[name=x]`.
pub(super) fn element(step: &str) -> Option<&str> {
    step.strip_prefix("[name=")?.strip_suffix(']')
}

fn is_named(entry: &Syntax, step: &str) -> bool {
    let Some(name) = element(step) else { return key(entry).is_some_and(|key| Node::of(&key).is_text(step)) };
    let Some(mapping) = value(entry).filter(|value| value.kind() == SyntaxKind::MAPPING) else { return false };
    let names = entries(&mapping).find(|entry| is_named(entry, "name"));
    names.and_then(|entry| value(&entry)).is_some_and(|value| Node::of(&value).is_text(name))
}

pub(super) fn entries(container: &Syntax) -> impl Iterator<Item = Syntax> {
    container.children().filter(|child| matches!(child.kind(), SyntaxKind::MAPPING_ENTRY | SyntaxKind::SEQUENCE_ENTRY))
}

/// The key of an entry of a mapping.
pub(super) fn key(entry: &Syntax) -> Option<Syntax> {
    content(&entry.children().find(|child| child.kind() == SyntaxKind::KEY)?)
}

/// The value of an entry of a mapping or list.
pub(super) fn value(entry: &Syntax) -> Option<Syntax> {
    match entry.kind() {
        SyntaxKind::MAPPING_ENTRY => content(&entry.children().find(|child| child.kind() == SyntaxKind::VALUE)?),
        _ => content(entry),
    }
}

fn content(node: &Syntax) -> Option<Syntax> {
    node.children().find(|child| {
        matches!(
            child.kind(),
            SyntaxKind::MAPPING
                | SyntaxKind::SEQUENCE
                | SyntaxKind::SCALAR
                | SyntaxKind::ALIAS
                | SyntaxKind::TAGGED_NODE
        )
    })
}

/// Whether a mapping or list stands between braces or brackets.
pub(super) fn is_flow(container: &Syntax) -> bool {
    let first = container.first_token().map(|token| token.kind());
    matches!(first, Some(SyntaxKind::LEFT_BRACE | SyntaxKind::LEFT_BRACKET))
}

fn is_trivia(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::WHITESPACE | SyntaxKind::NEWLINE | SyntaxKind::INDENT | SyntaxKind::COMMENT | SyntaxKind::BOM
    )
}

/// Where what `entry` says begins and ends: comments, commas and line breaks behind it are not part of it.
pub(super) fn extent(entry: &Syntax) -> Span {
    let start = span(entry).start;
    let comma = comma(entry).map_or(usize::MAX, |comma| comma.start);
    let tokens = entry.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let said = tokens.filter(|token| !is_trivia(token.kind()) && !token.text().is_empty());
    let last = said.filter(|token| range(token.text_range()).start < comma).last();
    let Some(last) = last else { return start..start };
    // What keeps the line breaks at its end has them for content.
    let kept = last.parent_ancestors().find(|node| node.kind() == SyntaxKind::SCALAR).filter(|scalar| {
        let text = scalar.text().to_string();
        text.starts_with(['|', '>']) && text.lines().next().is_some_and(|header| header.contains('+'))
    });
    start..kept.map_or_else(|| range(last.text_range()).end, |scalar| span(&scalar).end)
}

/// The comma behind an entry between braces or brackets.
pub(super) fn comma(entry: &Syntax) -> Option<Span> {
    let tokens = entry.children_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.filter(|token| token.kind() == SyntaxKind::COMMA).map(|token| range(token.text_range())).last()
}

/// Where the value of `entry` is written, with what stands before it behind the colon or dash. `None` when there is
/// neither.
pub(super) fn value_part(entry: &Syntax) -> Option<Span> {
    let is_explicit = entry.children_with_tokens().any(|part| part.kind() == SyntaxKind::QUESTION);
    let mut tokens = entry.children_with_tokens().filter_map(NodeOrToken::into_token);
    let mark = tokens.find(|token| matches!(token.kind(), SyntaxKind::COLON | SyntaxKind::DASH));
    match mark {
        Some(mark) => (!is_explicit).then(|| range(mark.text_range()).end..extent(entry).end),
        None => (entry.kind() == SyntaxKind::SEQUENCE_ENTRY).then(|| extent(entry)),
    }
}

/// Whether other parts of the document may refer to something in `entry`.
pub(super) fn has_anchor(entry: &Syntax) -> bool {
    entry.descendants_with_tokens().any(|part| part.kind() == SyntaxKind::ANCHOR)
}

pub(super) fn span(node: &Syntax) -> Span {
    range(node.text_range())
}

fn range(range: rowan::TextRange) -> Span {
    range.start().into()..range.end().into()
}

fn span_start(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

pub(super) fn shape(text: &str, path: &[String], expected: &'static str, at: usize) -> Error {
    let path = if path.is_empty() { "(root)".to_owned() } else { path.join(".") };
    Error::Shape { path, expected, line: line_of(text, at) }
}

fn syntax(text: &str, at: usize, detail: &str) -> Error {
    let mut letters = detail.chars();
    let detail = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
    Error::Syntax { format: "YAML", line: line_of(text, at), detail }
}
