//! What a text is.

/// Kinds of content, as far as they matter for the choice of a compressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Json,
    Search,
    Log,
    Diff,
    Source,
    Text,
}
