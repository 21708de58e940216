//! Wire formats: a request is bytes with spans. No network, no policy.
//!
//! A wire says where the blocks of a request stand (`parse`), what a response cost and which tools it called (`read`,
//! from a copy of the response), and how it phrases an error (`error_body`). Nothing here changes a shape: what we do
//! not understand stays as it came.

pub(crate) mod anthropic;
mod chain;
pub(crate) mod conversation;
pub(crate) mod openai_chat;
pub(crate) mod openai_responses;
pub(crate) mod sse;

pub(crate) use conversation::{Call, Conversation, Origin};

/// The wire families. A block's decision belongs to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    /// `/v1/messages`.
    Anthropic,
    /// `/v1/chat/completions`, of OpenAI and everybody who speaks like it.
    OpenAiChat,
    /// `/v1/responses`, by HTTP or WebSocket.
    OpenAiResponses,
}

impl Provider {
    /// The name in keys and records. It is part of every stored key and never changes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiResponses => "openai_responses",
        }
    }

    /// Whether a request may hold the output of a call and not the call.
    pub(crate) fn may_omit_calls(self) -> bool {
        self == Self::OpenAiResponses
    }

    /// Finds the blocks of the request body `text`.
    pub(crate) fn parse(self, text: &str) -> Result<Conversation<'_>, serde_json::Error> {
        match self {
            Self::Anthropic => anthropic::parse(text),
            Self::OpenAiChat => openai_chat::parse(text),
            Self::OpenAiResponses => openai_responses::parse(text),
        }
    }

    /// What the data of one event of a response says; `name` is the event's, where it has one.
    pub(crate) fn read_event(self, name: &str, data: &[u8]) -> Heard {
        match self {
            Self::Anthropic if anthropic::states_usage(name) => Heard::of(anthropic::usage(data)),
            Self::Anthropic => Heard::default(),
            Self::OpenAiChat => Heard::of(openai_chat::usage(data)),
            Self::OpenAiResponses => openai_responses::read_event(data),
        }
    }

    /// What a whole response body says.
    pub(crate) fn read_body(self, body: &[u8]) -> Heard {
        match self {
            Self::Anthropic => Heard::of(anthropic::usage(body)),
            Self::OpenAiChat => Heard::of(openai_chat::usage(body)),
            Self::OpenAiResponses => openai_responses::read_body(body),
        }
    }

    /// An error of ours in the provider's own shape.
    pub(crate) fn error_body(self, message: &str) -> String {
        match self {
            Self::Anthropic => anthropic::error_body(message),
            Self::OpenAiChat | Self::OpenAiResponses => openai_chat::error_body(message),
        }
    }
}

/// What a response, or a part of one, says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) usage: Option<Usage>,
    /// The calls it makes, by id: only of a wire on which a request may hold their outputs alone.
    pub(crate) calls: Vec<(String, Call<'static>)>,
    /// Whether nothing of the response follows: asked only where responses share a connection.
    pub(crate) ends: bool,
}

impl Heard {
    fn of(usage: Option<Usage>) -> Self {
        Self { usage, ..Self::default() }
    }
}

/// The provider's own count for one response; `None` where it did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Input that was neither read from a cache nor written to one.
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
