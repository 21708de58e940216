//! Wire formats: a request is bytes with spans. No network, no policy.
//!
//! A provider says where the blocks of a request stand (`parse`), what a response cost (`Usage`, read from a copy of the
//! stream) and how it phrases an error (`error_body`). Nothing here changes a shape: what we do not understand stays as
//! it came.

pub(crate) mod anthropic;
pub(crate) mod conversation;
pub(crate) mod sse;

pub(crate) use conversation::{Call, Conversation, Origin};

/// The wire families. A block's decision belongs to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    Anthropic,
}

impl Provider {
    /// The name in keys and records. It is part of every stored key and never changes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
        }
    }

    /// Finds the blocks of the request body `text`.
    pub(crate) fn parse(self, text: &str) -> Result<Conversation<'_>, serde_json::Error> {
        match self {
            Self::Anthropic => anthropic::parse(text),
        }
    }

    /// An error of ours in the provider's own shape.
    pub(crate) fn error_body(self, message: &str) -> String {
        match self {
            Self::Anthropic => anthropic::error_body(message),
        }
    }
}

/// The provider's own count for one response; `None` where it did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    pub(crate) output: Option<u64>,
}

impl Usage {
    /// Takes over what `later` says; what it does not say stays.
    pub(crate) fn update(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.cache_read = later.cache_read.or(self.cache_read);
        self.cache_write = later.cache_write.or(self.cache_write);
        self.output = later.output.or(self.output);
    }
}
