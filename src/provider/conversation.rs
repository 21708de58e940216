//! A request body and where its blocks stand in it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json_text;
use crate::json_text::Span;

/// A request body, borrowed, with the spans of the strings that could be said shorter.
#[derive(Debug)]
pub(crate) struct Conversation<'a> {
    /// The whole body.
    pub(crate) text: &'a str,
    pub(crate) model: Option<Cow<'a, str>>,
    /// The blocks in the order in which they stand in the body.
    pub(crate) blocks: Vec<Block<'a>>,
    /// Where the assistant's items stand, each with its id where it is a call: only of a wire on which calls of one
    /// response may alternate with their outputs. Thoughts are not among them.
    pub(crate) answers: Vec<(usize, Option<Cow<'a, str>>)>,
    /// The names of the tools the request offers.
    pub(crate) tools: Vec<Cow<'a, str>>,
    /// What the user last said, decoded: where the question stands that a block is read for. Empty where the request does
    /// not say.
    pub(crate) question: String,
    /// A text of the request that announces tools to be loaded later, where there is one.
    pub(crate) announcements: Vec<Cow<'a, str>>,
    /// Whether the provider was asked to leave out parts of it before the model reads it: then nobody knows from the
    /// request which blocks the model sees.
    pub(crate) may_be_cut: bool,
}

/// One string of the body that could be said shorter: a tool result (or a text part of one), or a text of the user.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// Where the JSON string stands, quotes included.
    pub(crate) span: Span,
    pub(crate) origin: Origin<'a>,
    /// Whether no assistant item stands behind it: the provider has not answered it yet.
    pub(crate) is_live: bool,
    /// Index of the message it stands in.
    pub(crate) message: usize,
}

/// Where a block comes from.
#[derive(Debug)]
pub(crate) enum Origin<'a> {
    /// The output of a tool call.
    Tool {
        call_id: Cow<'a, str>,
        part: usize,
        /// The call itself, where the request still holds it.
        call: Option<Call<'a>>,
        is_error: bool,
    },
    /// A text of the user, known by all that was said before it.
    User { chain: [u8; 32], part: usize },
}

/// A tool call as the assistant made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call<'a> {
    pub(crate) name: Cow<'a, str>,
    /// A JSON text.
    pub(crate) arguments: Cow<'a, str>,
}

/// A user's text below this many bytes is left alone without a look: a question, not a paste.
pub(crate) const USER_TEXT_FLOOR: usize = 2000;

pub(crate) fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

pub(crate) fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

impl Conversation<'_> {
    /// The text that `block` stands for; `None` when its string stands for no text (a lone surrogate).
    pub(crate) fn decode(&self, block: &Block) -> Option<Cow<'_, str>> {
        json_text::decode(&self.text[block.span.clone()])
    }

    /// The body with each `(block index, JSON string)` put in its block's place; `None` where there are none.
    pub(crate) fn splice(&self, replacements: &[(usize, &str)]) -> Option<String> {
        if replacements.is_empty() {
            return None;
        }
        let edits: Vec<_> =
            replacements.iter().map(|(index, sent)| (self.blocks[*index].span.clone(), *sent)).collect();
        Some(json_text::splice(self.text, &edits))
    }
}
