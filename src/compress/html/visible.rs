//! What a reader of a page sees of it, and where its links lead: what its Markdown has to hold.
//!
//! Told from the page itself and not from the writer, so that a word which the writer loses is missed.

use crate::compress::html::page::{self, Piece};

/// The visible text of `text` and the addresses of its links, each behind a line break where another element begins.
pub(super) fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len() / 2);
    let mut addresses = Vec::new();
    let mut hidden: Option<String> = None;
    page::read(text, |piece| match piece {
        Piece::Open(tag) => {
            let starts = matches!(tag.name.as_str(), "script" | "style" | "svg");
            if hidden.as_deref() == Some("svg") && page::ends_drawing(&tag.name) {
                hidden = None;
            }
            if hidden.is_none() && starts {
                hidden = Some(tag.name.clone());
            }
            if hidden.is_none() {
                if tag.name == "a"
                    && let Some(href) = tag.attribute("href").filter(|href| page::is_address(href))
                {
                    addresses.push(href);
                }
                if !page::is_inline(&tag.name) || page::is_marked(&tag.name) {
                    seen.push('\n');
                }
            }
        }
        Piece::Close(name) => {
            if hidden.as_ref() == Some(&name) {
                hidden = None;
            } else if hidden.is_none() && (!page::is_inline(&name) || page::is_marked(&name)) {
                seen.push('\n');
            }
        }
        Piece::Text(text) if hidden.is_none() => seen.push_str(&text),
        Piece::Text(_) | Piece::Comment => {}
    });
    for address in addresses {
        seen.push('\n');
        seen.push_str(&address);
    }
    seen
}
