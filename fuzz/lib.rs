//! What the fuzz targets share: the sources of the compressors, taken by path, and the claims that hold for any text.

#![allow(dead_code, unreachable_pub, reason = "the crate uses the rest")]

#[path = "../src/compress/mod.rs"]
mod compress;
#[path = "../src/json_text.rs"]
mod json_text;
#[path = "../src/tokens/mod.rs"]
mod tokens;

use compress::kind::Kind;
use compress::{COMPRESSORS, Context, Holds, Input, Loss, Outcome, ToolCall};

const HANDLE: &str = "3f9c2a71d04be586";

/// Commands and tools whose output a text may be.
const CALLS: &[&str] = &[
    "", "cargo test", "pytest -v", "npm install", "make", "git diff", "git log -p", "git log", "git status", "git blame a",
    "rg -n x", "ls -la", "find .", "tree", "kubectl get pods", "docker ps", "curl -s x", "cat a.json", "jq .", "cat a.log",
    "tsc", "eslint .", "journalctl", "cat Cargo.lock", "cat a.csv", "psql -c x",
];

const KINDS: &[Kind] = &[
    Kind::Json, Kind::Html, Kind::Diff, Kind::Git, Kind::Log, Kind::Search, Kind::Listing, Kind::Table, Kind::Config,
    Kind::Blob, Kind::Source, Kind::Text,
];

/// The text that `data` stands for, and a number that chooses what is known about it.
fn read(data: &[u8]) -> (usize, String) {
    let (first, rest) = data.split_first().map_or((0, data), |(first, rest)| (*first as usize, rest));
    (first, String::from_utf8_lossy(rest).into_owned())
}

/// Any text through the router: never more tokens, the same each time, and nothing changes the second time.
pub fn router(data: &[u8]) {
    let (choice, text) = read(data);
    let command = CALLS[choice % CALLS.len()];
    let call = ToolCall { name: "Bash".to_owned(), arguments: serde_json::json!({ "command": command }) };
    let context = Context {
        call: (!command.is_empty()).then_some(&call),
        retrievable: choice & 1 == 0,
        seeks_failures: choice & 2 == 0,
        code_aware: choice & 4 == 0,
        budget: (choice & 8 == 0).then_some(text.len() / 20),
        ..Context::of(HANDLE)
    };
    let outcome = compress::compress(&text, &context);
    assert_eq!(outcome, compress::compress(&text, &context));
    if let Outcome::Compressed(made) = outcome {
        assert!(made.tokens_after < made.tokens_before);
        assert_eq!(made.tokens_after, tokens::count(&made.text));
        assert!(context.retrievable || made.loss < Loss::Content);
        if compress::marker::holds(&made.text) {
            assert!(matches!(compress::compress(&made.text, &context), Outcome::Raw { .. }));
        }
    }
}

/// Any text through one compressor, as each kind it takes.
pub fn compressor(name: &str, data: &[u8]) {
    let (choice, text) = read(data);
    let compressor = COMPRESSORS.iter().find(|compressor| compressor.name() == name).expect("a known name");
    let context = Context {
        retrievable: true,
        code_aware: true,
        budget: (choice & 1 == 0).then_some(text.len() / 20),
        ..Context::of(HANDLE)
    };
    let words: Vec<String> = CALLS[choice % CALLS.len()].split(' ').map(str::to_owned).collect();
    for kind in KINDS.iter().filter(|kind| compressor.takes(**kind)) {
        let input = Input {
            text: &text,
            kind: *kind,
            first_line: (choice & 64 != 0).then_some(1),
            lines_before: 0,
            command: (!words[0].is_empty()).then_some(&words),
            path: None,
            is_read: choice & 128 != 0,
            depth: 0,
            context: &context,
        };
        let forms = compressor.forms(&input);
        assert_eq!(forms, compressor.forms(&input));
        for form in forms {
            if form.loss == Loss::None && form.holds == Holds::Input {
                assert_eq!(compressor.restore(&form.text, input.first_line).as_deref(), Some(text.as_str()));
            }
        }
    }
}

/// The names of all compressors.
pub fn names() -> Vec<&'static str> {
    COMPRESSORS.iter().map(|compressor| compressor.name()).collect()
}

/// Any text through the reader of markers: what it finds is what is written again.
pub fn marker(data: &[u8]) {
    let (_, text) = read(data);
    for found in compress::marker::find(&text) {
        assert!(compress::marker::holds(&text));
        assert_eq!(found.handle.len(), 16);
        if let Some(lines) = found.lines {
            let written = compress::marker::gap(&lines, "x", found.handle);
            assert_eq!(compress::marker::find(&written).len(), 1);
        }
    }
}
