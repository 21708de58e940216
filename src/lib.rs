//! Headroom stands between a coding agent and its model provider. It makes what the agent reads smaller before the
//! provider first caches it, never changes a byte the provider has cached, and keeps every original.
//!
//! # Code map, in reading order
//!
//! | module | what it is |
//! |---|---|
//! | `cli` | one file per command; the only code that prints, reads the environment or exits |
//! | `library` | what programs call: `compress` and its options |
//! | `agent` | what a wrapped agent is (data), and the life of a wrap session: detect, plan, begin, launch, end |
//! | `edit` | changes to users' files: pure text to text, idempotent, invertible |
//! | `proxy` | the HTTP server between agent and provider; `forward` is the life of a request |
//! | `provider` | wire formats: a request is bytes with spans |
//! | `pipeline` | what happens to a request before it is sent: the eleven stages and the decisions |
//! | `compress` | pure functions: text in, shorter text out |
//! | `ccr` | originals and decisions, on disk, in one transaction |
//! | `mcp` | the MCP server through which an agent gets originals back |
//! | `stats` | one record per request; everything shown is derived from it |
//! | `tokens` | the tokenizer |
//! | `json_text` | change JSON text by span, leaving every other byte alone |
//! | `files` | read, write atomically, lock |
//!
//! # Invariants
//!
//! 1. *Fail open.* No error of ours changes whether the user's request is answered.
//! 2. *Bytes outside spliced spans are identical to what the agent sent*, and a block once sent is sent as the same
//!    bytes for ever.
//! 3. *Nothing is lost.* If output lacks something input had, the original is in the store before the request is sent.
//! 4. *Compressors are pure*: no IO, clock, randomness or globals; same input, same output.
//! 5. *Users' files change only by an `Edit`*, which is idempotent and invertible; a wrap's edits only after its ledger
//!    is on disk.
//! 6. *wrap; exit is the identity* on every file nobody else touched, byte for byte, mode included.
//! 7. *The parent's environment is never changed*; environment variables are read only in `cli::settings`.
//! 8. *While an agent owns the terminal, headroom writes nothing to it.*
//! 9. *Only `cli` prints; only `main` exits.*
//! 10. *Secrets*: auth headers and keys never reach logs, stats or the store. The ledger holds users' original files, so
//!     it is mode 0600 and is deleted once they are back.

mod cli;
mod library;

mod agent;
mod edit;

mod proxy;

mod pipeline;
mod provider;

mod compress;

mod ccr;
mod mcp;
mod stats;

mod files;
mod json_text;
mod tokens;

pub use library::{
    BlockReport, CCRStats, CompressContext, CompressEvent, Compression, CompressionHooks, ContextWeights, Error,
    Format, IntelligentContext, Options, Original, Originals, Profile, RollingWindow, ToolCall, compress,
};

#[doc(hidden)]
pub use library::compress_text;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `args` (program name first) and returns the exit code of the process.
///
/// The code is the wrapped agent's own where an agent ran; `128 + n` where signal `n` ended it; 127 where it was not
/// found; 2 for wrong usage; 1 for every other failure.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(args)
}
