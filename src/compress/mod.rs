//! Text in, shorter text out: pure functions without clock, randomness, IO or globals.
//!
//! `compress` is the way in. The router says what a text is (from the tool call that produced it first, from its shape
//! second), the compressors that take such a text offer forms of it, and `choice` takes the best form that passes every
//! check: it costs fewer tokens by the real tokenizer, loses nothing the reader could not get back, and hides no literal
//! that its marker does not name. When none passes, the text stays as it is and the reason is said.

pub(crate) mod blob;
pub(crate) mod choice;
mod code;
mod command;
pub(crate) mod config;
pub(crate) mod diff;
mod envelope;
pub(crate) mod git;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod kind;
pub(crate) mod listing;
pub(crate) mod literal;
pub(crate) mod log;
pub(crate) mod manual;
pub(crate) mod marker;
mod mixed;
mod read;
pub(crate) mod repeat;
pub(crate) mod router;
pub(crate) mod script;
pub(crate) mod search;
mod sections;
mod shell;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod xml;

use std::fmt;

/// The tool call whose output a text is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToolCall {
    /// The tool's name as the agent knows it: `Bash`, `Read`, `mcp__github__list_issues`.
    pub(crate) name: String,
    /// The call's arguments; `Null` where they are not known.
    pub(crate) arguments: serde_json::Value,
}

impl ToolCall {
    /// The tool, and those that the script calls which it runs, if that is what it does.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &str> {
        let script = self.arguments.as_str().unwrap_or_default();
        std::iter::once(self.name.as_str()).chain(script::tools(script))
    }
}

/// What a compressor may know besides the text itself. All of it is fixed when the text is first seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) call: Option<&'a ToolCall>,
    /// Literals that the question or the call names (numbers, quoted strings, identifiers). A unit that holds one stays
    /// verbatim in every form that leaves something out.
    pub(crate) hints: &'a [String],
    /// Whether the question is what went wrong: then a log's ordinary lines are not what is looked for.
    pub(crate) seeks_failures: bool,
    /// The handle (16 lower-case hex digits) under which the original will be stored, for the marker to name.
    pub(crate) handle: &'a str,
    /// Whether the reader can get the original back: only then may a form lose layout or leave content out.
    pub(crate) retrievable: bool,
    pub(crate) profile: Profile,
    /// Whether source may be shown as an outline: the caller knows that nobody needs it word by word.
    pub(crate) code_aware: bool,
    /// The tokens that the caller wants the text to fit into. Only where it is given may rows or sentences be sampled.
    pub(crate) budget: Option<usize>,
}

impl<'a> Context<'a> {
    /// Nothing is known but the `handle`, and nothing can be got back.
    pub(crate) fn of(handle: &'a str) -> Self {
        Self {
            call: None,
            hints: &[],
            seeks_failures: false,
            handle,
            retrievable: false,
            profile: Profile::BALANCED,
            code_aware: false,
            budget: None,
        }
    }
}

/// How much a form may leave out, where leaving out is allowed at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Profile {
    /// Below 1 keeps less, above 1 keeps more.
    pub(crate) bias: f32,
    /// Of each group of alike items that are sampled under a budget, at least and at most so many are kept.
    pub(crate) min_k: usize,
    pub(crate) max_k: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Self::BALANCED
    }
}

impl Profile {
    pub(crate) const BALANCED: Self = Self { bias: 1.0, min_k: 2, max_k: 8 };
    pub(crate) const AGGRESSIVE: Self = Self { bias: 0.7, min_k: 1, max_k: 5 };
    pub(crate) const CONSERVATIVE: Self = Self { bias: 1.3, min_k: 3, max_k: 12 };
}

/// What a form lacks compared with the text it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// Nothing: the text was decoded from the form again, byte for byte, before the form was offered.
    None,
    /// White space or quoting between the values; every value is there as it was written (decoded and compared).
    Layout,
    /// Content that a marker in the form names.
    Content,
}

/// Whose literals a form has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Those of the whole input, save on lines that a marker of the form names.
    Input,
    /// Those of this text, taken from the input. The form's legend says by kind what the rest is (the tags of a page,
    /// the text of a picture) and under which handle it is.
    Only(String),
    /// Its parts were checked one by one.
    Checked,
}

/// One way to say a text shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) text: String,
    pub(crate) loss: Loss,
    pub(crate) holds: Holds,
}

impl Form {
    /// A form that answers for the whole input.
    pub(crate) fn of(text: String, loss: Loss) -> Self {
        Self { text, loss, holds: Holds::Input }
    }
}

/// What a compressor gets: the text without the envelope (reminders the agent put around it, a column of line numbers).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) text: &'a str,
    /// What the text was taken for.
    pub(crate) kind: kind::Kind,
    /// The number of the first line, where the text came with a column of line numbers that counts up by one. A form
    /// must let the reader tell which number a line has; lines kept verbatim are written as `NUMBER<tab>LINE`.
    pub(crate) first_line: Option<usize>,
    /// How many lines of the whole text stand before this part of it. A marker counts them: so does retrieval.
    pub(crate) lines_before: usize,
    /// The command line behind the text, its wrappers (`cd x &&`, `timeout 9`, `bash -lc`) looked through.
    pub(crate) command: Option<&'a [String]>,
    /// The file that was read, where one was.
    pub(crate) path: Option<&'a str>,
    /// Whether a file was read: its reader may want to change it, so nothing may be lost that cannot be had back.
    pub(crate) is_read: bool,
    /// How many texts this one is part of: the log in a JSON string is at depth 1.
    pub(crate) depth: usize,
    pub(crate) context: &'a Context<'a>,
}

impl<'a> Input<'a> {
    /// A text by itself.
    pub(crate) fn of(text: &'a str, kind: kind::Kind, context: &'a Context<'a>) -> Self {
        Self {
            text,
            kind,
            first_line: None,
            lines_before: 0,
            command: None,
            path: None,
            is_read: false,
            depth: 0,
            context,
        }
    }
}

/// A way to say one kind of text shorter.
pub(crate) trait Compressor: Sync {
    /// The name in records and in `--explain`.
    fn name(&self) -> &'static str;

    /// Counts up when the same input may give another output; recorded with every decision.
    fn version(&self) -> u32;

    /// Whether this compressor takes texts of `kind`.
    fn takes(&self, kind: kind::Kind) -> bool;

    /// The forms of `input`, the plainest first: a later one is taken only where it is clearly shorter (`choice`). Forms
    /// with a loss that `input.context` does not allow are not offered. An empty list means that it declines.
    fn forms(&self, input: &Input) -> Vec<Form>;

    /// The text that a form of this compressor with `Loss::None` stands for, byte for byte, whether its head line names a
    /// handle or not; `None` for any other text. `first_line` is that of the input. A compressor that never offers such
    /// a form need not say anything. A form that is not given back is not taken (`choice`).
    fn restore(&self, _form: &str, _first_line: Option<usize>) -> Option<String> {
        None
    }
}

/// Every compressor. Order goes from particular to general.
pub(crate) const COMPRESSORS: &[&dyn Compressor] = &[
    &json::Json,
    &html::Html,
    &xml::Xml,
    &diff::Diff,
    &git::Git,
    &search::Search,
    &listing::Listing,
    &table::Table,
    &config::Config,
    &blob::Blob,
    &log::Log,
    &code::Code,
    // A text that holds others is made smaller by them first.
    &mixed::Mixed,
    &text::Text,
];

/// The text that `form` stands for, whichever compressor wrote it; `None` where it is no form without loss.
pub(crate) fn restore(form: &str, first_line: Option<usize>) -> Option<String> {
    COMPRESSORS.iter().find_map(|compressor| compressor.restore(form, first_line))
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Compressed(Compressed),
    Raw { reason: Reason, kind: kind::Kind, tokens: usize },
}

/// A text and the shorter one that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compressed {
    pub(crate) text: String,
    pub(crate) loss: Loss,
    pub(crate) kind: kind::Kind,
    pub(crate) compressor: &'static str,
    pub(crate) version: u32,
    pub(crate) tokens_before: usize,
    pub(crate) tokens_after: usize,
}

/// Why a text was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// Fewer than 20 tokens could be gained.
    TooSmall,
    /// The output of our own retrieval, or a text that holds one of our markers.
    Retrieved,
    /// An error text under 8,000 characters.
    ErrorText,
    /// A file that was read in order to be edited.
    ExactRead,
    /// No compressor takes this kind of text.
    NoCompressor,
    /// Every form costs as many tokens or more.
    NotFewer,
    /// A form would have hidden a literal that its marker does not name.
    LiteralLost,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::TooSmall => "too small",
            Self::Retrieved => "retrieved",
            Self::ErrorText => "error text",
            Self::ExactRead => "exact read",
            Self::NoCompressor => "no compressor",
            Self::NotFewer => "not fewer tokens",
            Self::LiteralLost => "a literal would be lost",
        })
    }
}

/// The best form of `text` that passes every check, or why there is none.
pub(crate) fn compress(text: &str, context: &Context) -> Outcome {
    router::route(text, context)
}

#[cfg(test)]
mod tests;
