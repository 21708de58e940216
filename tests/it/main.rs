//! Everything that is tested from outside, in one binary: by the files, processes and requests that a user would see.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests start processes, write files and say what they skip"
)]

// What the tests stand on.
mod support;

// The source itself: who may use whom, and what may not be written.
mod architecture;
// The real Claude Code, directly and wrapped.
mod claude;
// The real Codex, directly and wrapped.
mod codex;
// The scripted provider: a judge must be judged first.
mod provider;
// The scripted provider of the other wires.
mod openai;
// `headroom proxy` between a client and a provider: what goes through, and what does not.
mod proxy;
// The same over a WebSocket.
mod websocket;

// `headroom compress` and `headroom demo`.
mod compress;
// The command line's help and completions.
mod help;
// `headroom mcp serve` as an agent talks to it.
mod mcp;
// `headroom retrieve` in a shell.
mod retrieve;

// Every case in `tests/agents`: what is on disk and in the environment while an agent runs, and that it comes off.
mod agents;
// Where a wrap sends Codex's requests: its files, its profile, its arguments, other wraps.
mod codex_config;
// Wraps that die, and what the next command makes of it.
mod crash;
// What is left running, and how the terminal is left, when headroom is killed.
mod ends;
// Wraps that are killed, or find the disk full, at every step of what they do to files.
mod faults;
// Where a wrap sends the agent's requests: variables, settings, other proxies.
mod routing;
// Several wraps in one home, and the files they find there.
mod sessions;
// Ctrl-C, TERM and the exit codes of signals.
mod signals;
// Several real agents in one home.
mod together;
// `status`, and who else may touch a user's files.
mod status;
// `unwrap`, and what it refuses.
mod unwrap;
// A wrap as the user sees it: files, words, exit codes.
mod wrap;
