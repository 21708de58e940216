//! Everything that is tested from outside, in one binary: by the files, processes and requests that a user would see.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests start processes and write files")]

// What the tests stand on.
mod support;

// Every case in `tests/agents`: what is on disk and in the environment while an agent runs, and that it comes off.
mod agents;
// Wraps that die, and what the next command makes of it.
mod crash;
// Ctrl-C, TERM and the exit codes of signals.
mod signals;
// `unwrap`, and what it refuses.
mod unwrap;
// A wrap as the user sees it: files, routing, exit codes.
mod wrap;
