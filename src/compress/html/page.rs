//! A page, read into text and tags.
//!
//! The tokenizer (`html5gum`) follows the specification on what is a tag and what a character reference stands for, and
//! builds no tree: unclosed and wrongly nested tags, which pages are full of, cost neither memory nor stack.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// What follows in a page.
pub(super) enum Piece {
    Text(String),
    Open(Tag),
    Close(String),
    Comment,
}

/// A start tag.
pub(super) struct Tag {
    pub(super) name: String,
    tag: StartTag<()>,
}

impl Tag {
    /// The value of an attribute, without the spaces round it; none where it is empty.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let value = self.tag.attributes.get(name.as_bytes())?;
        let value = String::from_utf8_lossy(&value.value.0);
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Whether an attribute is there, with a value or without.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tag.attributes.contains_key(name.as_bytes())
    }
}

/// Gives each piece of `text` to `take`, in order.
pub(super) fn read(text: &str, mut take: impl FnMut(Piece)) {
    let mut unscripted = false;
    tokens(text, |piece| match piece {
        // The tokenizer takes it for one text, as browsers do that run scripts.
        Piece::Text(text) if unscripted => tokens(&text, &mut take),
        piece => {
            unscripted = matches!(&piece, Piece::Open(tag) if tag.name == "noscript");
            take(piece);
        }
    });
}

fn tokens(text: &str, mut take: impl FnMut(Piece)) {
    let mut emitter = DefaultEmitter::default();
    // Behind `<script>` a `<` begins no tag.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::String(text) => take(Piece::Text(legible(&text.value.0))),
            Token::StartTag(tag) => {
                take(Piece::Open(Tag { name: String::from_utf8_lossy(&tag.name.0).into_owned(), tag }));
            }
            Token::EndTag(tag) => take(Piece::Close(String::from_utf8_lossy(&tag.name.0).into_owned())),
            Token::Comment(_) => take(Piece::Comment),
            Token::Doctype(_) | Token::Error(_) => {}
        }
    }
}

/// Text without the signs that only tell a browser where a line may or may not be broken.
fn legible(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    if text.is_ascii() {
        return text.into_owned();
    }
    text.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}')).map(plain_space).collect()
}

fn plain_space(c: char) -> char {
    if matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}') { ' ' } else { c }
}

/// Whether text runs on through an element: `foo<b>bar</b>` is one word.
pub(super) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "nobr"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// Whether text in an element is no longer valid: what it says is the opposite of what it would say elsewhere.
pub(super) fn is_struck(name: &str) -> bool {
    matches!(name, "del" | "s" | "strike")
}

/// Whether Markdown has signs for an element that may stand inside a word: `10<sup>6</sup>`.
pub(super) fn is_marked(name: &str) -> bool {
    name == "sup" || is_struck(name)
}

/// Whether a start tag ends a drawing that was never closed: it cannot stand in one.
pub(super) fn ends_drawing(name: &str) -> bool {
    matches!(
        name,
        "b" | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "small"
            | "span"
            | "strong"
            | "sub"
            | "sup"
            | "table"
            | "u"
            | "ul"
            | "var"
    )
}

/// Whether an address leads somewhere that can be named: not a script, not the picture itself.
pub(super) fn is_address(href: &str) -> bool {
    let start: String = href.chars().take(11).collect::<String>().to_ascii_lowercase();
    href != "#" && !start.starts_with("javascript:") && !start.starts_with("data:")
}
