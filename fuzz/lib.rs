//! What the fuzz targets share: the sources of the compressors, taken by path, and the claims that hold for any text.

#![expect(dead_code, unused_imports, reason = "the crate uses what is not used here")]

#[path = "../src/compress/mod.rs"]
mod compress;
#[path = "../src/json_text.rs"]
mod json_text;
#[path = "../src/tokens/mod.rs"]
mod tokens;

use compress::kind::Kind;
use compress::{COMPRESSORS, Context, Input, Loss, Outcome, Profile, ToolCall};

const HANDLE: &str = "3f9c2a71d04be586";

/// Commands whose output a text may be.
const COMMANDS: &[&str] = &[
    "", "cargo test", "pytest -v", "npm install", "make", "git diff", "git log -p", "git log", "git status",
    "git blame a", "rg -n x", "ls -la", "find .", "tree", "kubectl get pods -o yaml", "docker ps", "curl -s x",
    "cat a.json", "jq .", "cat a.log", "tsc", "eslint .", "journalctl", "cat Cargo.lock", "cat a.csv", "psql -c x",
    "git log; echo ---; cat a.json", "python -m unittest -v", "unknown-program",
];

/// The kinds that a text is given to a compressor as.
const KINDS: &[Kind] = &[
    Kind::Json, Kind::Html, Kind::Xml, Kind::Diff, Kind::Git, Kind::Log, Kind::Search, Kind::Listing, Kind::Table,
    Kind::Config, Kind::Blob, Kind::Source, Kind::Text,
];

/// What `data` stands for: two bytes that choose what is known about a text, and the text.
fn read(data: &[u8]) -> (usize, usize, String) {
    let (known, text) = data.split_at(data.len().min(2));
    let byte = |at: usize| known.get(at).copied().map_or(0, usize::from);
    (byte(0), byte(1), String::from_utf8_lossy(text).into_owned())
}

fn bash(choice: usize) -> Option<ToolCall> {
    let command = COMMANDS[choice % COMMANDS.len()];
    let call = ToolCall { name: "Bash".to_owned(), arguments: serde_json::json!({ "command": command }) };
    (!command.is_empty()).then_some(call)
}

/// What is known besides the call, by the bits of `flags`.
fn context(call: Option<&ToolCall>, flags: usize, length: usize) -> Context<'_> {
    Context {
        call,
        retrievable: flags & 1 == 0,
        seeks_failures: flags & 2 != 0,
        code_aware: flags & 4 != 0,
        budget: (flags & 8 != 0).then_some(length / 20),
        profile: if flags & 16 == 0 { Profile::BALANCED } else { Profile::AGGRESSIVE },
        ..Context::of(HANDLE)
    }
}

/// Any text through the router: fewer tokens, the same each time, only lines that there are left out, and left alone the
/// second time.
pub fn router(data: &[u8]) {
    let (choice, flags, text) = read(data);
    let call = bash(choice);
    let context = context(call.as_ref(), flags, text.len());
    let outcome = compress::compress(&text, &context);
    assert_eq!(outcome, compress::compress(&text, &context));
    let Outcome::Compressed(made) = outcome else { return };
    assert!(made.tokens_after < made.tokens_before);
    assert_eq!(made.tokens_before, tokens::count(&text));
    assert_eq!(made.tokens_after, tokens::count(&made.text));
    assert!(context.retrievable || made.loss < Loss::Content);
    let is_told = |marker: &compress::marker::Marker| marker.handle == HANDLE;
    assert!(made.loss < Loss::Content || compress::marker::find(&made.text).iter().any(is_told));
    // Beside a column of numbers, markers speak of those.
    let last = if text.contains(['\t', '→']) { usize::MAX } else { text.split('\n').count() };
    for lines in compress::marker::find(&made.text).into_iter().filter_map(|marker| marker.lines) {
        assert!(*lines.start() > 0 && *lines.end() <= last, "{made:?}");
    }
    let again = compress::compress(&made.text, &context);
    assert!(matches!(again, Outcome::Raw { .. }), "{made:?} becomes {again:?}");
}

/// Any text through one compressor, as each kind it takes: the same forms each time, and the text from those that claim
/// to lose nothing, also with a handle in their head line.
pub fn compressor(name: &str, data: &[u8]) {
    let (choice, flags, text) = read(data);
    let compressor = COMPRESSORS.iter().find(|compressor| compressor.name() == name).expect("a known name");
    let context = Context { code_aware: true, ..context(None, flags, text.len()) };
    let words: Vec<String> = COMMANDS[choice % COMMANDS.len()].split_whitespace().map(str::to_owned).collect();
    for kind in KINDS.iter().filter(|kind| compressor.takes(**kind)) {
        let input = Input {
            first_line: (flags & 64 != 0).then_some(1),
            command: (!words.is_empty()).then_some(&words),
            is_read: flags & 128 != 0,
            ..Input::of(&text, *kind, &context)
        };
        let forms = compressor.forms(&input);
        assert_eq!(forms, compressor.forms(&input));
        for form in forms.iter().filter(|form| form.loss == Loss::None) {
            assert_eq!(compressor.restore(&form.text, input.first_line).as_deref(), Some(text.as_str()), "{form:?}");
            if let Some(named) = compress::choice::with_handle(&context, &form.text) {
                assert_eq!(compressor.restore(&named, input.first_line).as_deref(), Some(text.as_str()), "{named}");
            }
        }
        // Any text is read without a panic, whatever it claims to be.
        let _ = compressor.restore(&text, input.first_line);
    }
}

/// The names of all compressors.
pub fn names() -> Vec<&'static str> {
    COMPRESSORS.iter().map(|compressor| compressor.name()).collect()
}

/// Any text through the readers of markers: what is found is what is written again.
pub fn marker(data: &[u8]) {
    use compress::marker;
    let (_, _, text) = read(data);
    for found in marker::find(&text) {
        assert!(marker::holds(&text));
        assert!(found.handle.len() == 16 && text.contains(found.handle));
        if let Some(lines) = found.lines {
            let written = marker::gap(&lines, "x", found.handle);
            let again = marker::find(&written);
            assert_eq!(again, [marker::Marker { lines: Some(lines), handle: found.handle }]);
        }
    }
    for line in text.split('\n') {
        if let Some(what) = marker::read_legend(line) {
            assert_eq!(marker::read_legend(&marker::legend(what, Some(HANDLE))), Some(what.replace('\r', " ").as_str()));
        }
        if let Some(repeat) = marker::read_repeat(line) {
            let said = marker::repeat(&repeat, None);
            assert_eq!(marker::read_repeat(&said).map(|again| again.lines), Some(repeat.lines), "{said}");
        }
        let _ = marker::read_gap(line);
    }
}
