//! Every compressor against texts of real tools, through the router; and what holds for any text.
//!
//! `tests/compressors/<compressor>/<case>.in` is a tool's output, `<case>.call.json` the call that produced it (where the
//! call matters), `<case>.out` what becomes of it. `UPDATE_FIXTURES=1` writes the last one anew.

#![expect(clippy::disallowed_methods, reason = "fixtures are rewritten on demand, as the variable says")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::tokens;

const HANDLE: &str = "3f9c2a71d04be586";

fn context(call: Option<&ToolCall>) -> Context<'_> {
    Context { call, retrievable: true, ..Context::of(HANDLE) }
}

fn bash(command: &str) -> ToolCall {
    ToolCall { name: "Bash".into(), arguments: serde_json::json!({ "command": command }) }
}

fn reads(path: &str) -> ToolCall {
    ToolCall { name: "Read".into(), arguments: serde_json::json!({ "file_path": path }) }
}

fn compressed(text: &str, call: Option<&ToolCall>) -> Compressed {
    match compress(text, &context(call)) {
        Outcome::Compressed(compressed) => compressed,
        raw @ Outcome::Raw { .. } => panic!("{raw:?}"),
    }
}

fn why_raw(text: &str, call: Option<&ToolCall>) -> Reason {
    match compress(text, &context(call)) {
        Outcome::Raw { reason, .. } => reason,
        compressed @ Outcome::Compressed(_) => panic!("{compressed:?}"),
    }
}

/// A JSON list of records as Python writes it.
fn records(count: usize) -> String {
    let rows: Vec<String> = (0..count)
        .map(|n| {
            format!("{{\"id\": {n}, \"name\": \"user{n}\", \"email\": \"user{n}@example.com\", \"active\": true}}")
        })
        .collect();
    format!("[{}]", rows.join(", "))
}

/// Names that are no compressors': theirs are texts of which parts are forms.
const JOINED: [&str; 3] = ["answer", "column", "sections"];

fn restored(name: &str, form: &str, first_line: Option<usize>) -> Option<String> {
    let compressor = COMPRESSORS.iter().find(|compressor| compressor.name() == name).expect("a known name");
    compressor.restore(form, first_line)
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compressors");
    let mut found: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "in"))
        .collect();
    found.sort();
    found
}

#[test]
fn fixtures_become_what_is_expected() {
    let paths = fixtures();
    assert_ne!(paths, Vec::<PathBuf>::new());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let call: Option<ToolCall> = fs::read_to_string(path.with_extension("call.json")).ok().map(|call| {
            let call: serde_json::Value = serde_json::from_str(&call).unwrap();
            ToolCall { name: call["name"].as_str().unwrap().to_owned(), arguments: call["arguments"].clone() }
        });
        let folder = path.parent().unwrap().file_name().unwrap();
        let context = Context { code_aware: folder == "code", ..context(call.as_ref()) };
        let outcome = compress(&text, &context);
        let Outcome::Compressed(compressed) = &outcome else { panic!("{}: {outcome:?}", path.display()) };
        assert_eq!(compressed.compressor, folder, "{}", path.display());
        let expected = path.with_extension("out");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&expected, &compressed.text).unwrap();
        }
        assert!(compressed.text == fs::read_to_string(&expected).unwrap_or_default(), "{}", expected.display());
        assert_eq!(compressed.tokens_after, tokens::count(&compressed.text));
        assert!(compressed.tokens_after < tokens::count(&text), "{}", path.display());
        assert_eq!(outcome, compress(&text, &context), "{}", path.display());
        let again = compress(&compressed.text, &context);
        assert!(matches!(again, Outcome::Raw { .. }), "{}: {again:?}", path.display());
        if compressed.loss == Loss::None && !JOINED.contains(&compressed.compressor) {
            let opened = envelope::open(&text);
            let form = &compressed.text[opened.head.len()..compressed.text.len() - opened.tail.len()];
            let first_line = opened.column.map(|column| column.first);
            assert!(restored(compressed.compressor, form, first_line) == Some(opened.text), "{}", path.display());
        }
    }
}

#[test]
fn our_own_retrieval_is_never_touched() {
    let text = records(50);
    let tool = ToolCall { name: "mcp__headroom__headroom_retrieve".into(), arguments: serde_json::Value::Null };
    assert_eq!(why_raw(&text, Some(&tool)), Reason::Retrieved);
    assert_eq!(why_raw(&text, Some(&bash("cd x && headroom retrieve 3f9c2a71d04be586 | head -5"))), Reason::Retrieved);
    let saved = "/home/user/.claude/projects/x/tool-results/mcp-headroom-headroom_retrieve-17.txt";
    let read = ToolCall { name: "Read".into(), arguments: serde_json::json!({ "file_path": saved }) };
    assert_eq!(why_raw(&text, Some(&read)), Reason::Retrieved);
    assert_eq!(why_raw(&text, Some(&bash(&format!("head -c 9000 {saved}")))), Reason::Retrieved);
    let marked = format!("{}\n{text}", marker::gap(&(1..=2), "2 lines", HANDLE));
    assert_eq!(why_raw(&marked, None), Reason::Retrieved);
}

#[test]
fn short_error_texts_are_never_touched() {
    let rows =
        |count| (0..count).map(|n| format!("{{\"id\": {n}, \"name\": \"n{n}\"}}")).collect::<Vec<_>>().join(", ");
    let error = |count| format!("{{\"error\": [{}]}}", rows(count));
    assert_eq!(why_raw(&error(40), None), Reason::ErrorText);
    assert_eq!(why_raw(&format!("Exit code 1\n{}", records(40)), Some(&bash("x"))), Reason::ErrorText);
    assert_eq!(compressed(&error(900), None).compressor, "json");
}

#[test]
fn source_and_config_are_exact_reads() {
    let source = (0..80).map(|n| format!("    let value_{n} = compute({n});")).collect::<Vec<_>>().join("\n");
    let config = serde_json::to_string_pretty(
        &serde_json::json!({"name": "x", "scripts": {"a": "b"}, "files": (0..200).collect::<Vec<_>>()}),
    )
    .unwrap();
    for call in [
        reads("/x/a.rs"),
        bash("cat a.rs"),
        bash("cd x && sed -n '1,80p' src/a.rs"),
        bash("nl a.rs | head -80"),
        bash("git show HEAD:src/a.rs"),
        bash("find src -name '*.rs' -exec cat {} +"),
        bash("git ls-files src | xargs cat"),
        bash("git show HEAD:src/a.rs | sed -n '1,80p'"),
        bash("nl -ba src/a.rs | sed -n '10,80p'"),
        bash("awk 'NR>=10 && NR<=80' src/a.rs"),
        bash("for f in src/*.rs; do echo \"== $f\"; cat \"$f\"; done"),
        bash("head a.rs -n 80"),
        bash("sed 80q a.rs"),
        ToolCall {
            name: "developer__text_editor".into(),
            arguments: serde_json::json!({"command": "view", "path": "/x/a.rs"}),
        },
    ] {
        assert_eq!(why_raw(&source, Some(&call)), Reason::ExactRead, "{call:?}");
    }
    for call in [reads("/x/conf.json"), bash("cat conf.json")] {
        assert_eq!(why_raw(&config, Some(&call)), Reason::ExactRead, "{call:?}");
    }
    let shown = bash("python3 -c 'print(open(\"a.rs\").read())'");
    assert_eq!(why_raw(&source, Some(&shown)), Reason::NotFewer);
    assert_eq!(why_raw(&records(200), Some(&reads("/x/package.json"))), Reason::ExactRead);
    assert_eq!(compressed(&config, None).compressor, "json");
}

#[test]
fn source_that_is_shown_beside_data_is_an_exact_read() {
    let source = (0..80).map(|n| format!("    let value_{n} = compute({n});\n")).collect::<Vec<_>>().concat();
    let log = (10..70)
        .map(|n| format!("2026-11-20 10:00:{n} INFO worker took job {n} of the queue\n"))
        .collect::<Vec<_>>()
        .concat();
    let many = ToolCall { name: "read_many_files".into(), arguments: serde_json::json!({"paths": ["a.log", "a.rs"]}) };
    for call in [bash("cat a.log a.rs"), bash("cat a.log && cat a.rs"), bash("tail -60 a.log; cat src/a.rs"), many] {
        assert_eq!(why_raw(&format!("{log}{source}"), Some(&call)), Reason::ExactRead, "{call:?}");
    }
    assert_eq!(why_raw(&format!("{source}{log}"), Some(&bash("cat a.rs a.log"))), Reason::ExactRead);
    let table = (0..80).map(|n| format!("{n},user{n},user{n}@example.com,Berlin\n")).collect::<Vec<_>>().concat();
    assert_eq!(why_raw(&format!("{table}{source}"), Some(&bash("cat a.csv; cat a.rs"))), Reason::ExactRead);
    assert_eq!(compressed(&log.repeat(2), Some(&bash("cat a.log b.log"))).compressor, "log");
    assert_eq!(compressed(&log.repeat(2), Some(&bash("tail -n +10 app.log.1"))).compressor, "log");
}

#[test]
fn scripts_that_call_what_logs_begin_with_are_exact_reads() {
    let steps = (0..40).map(|n| format!("log info \"building part {n}\"\nnpm run build --workspace part_{n}\n\n"));
    let steps = steps.collect::<Vec<_>>().concat();
    for (name, text) in
        [("bin/deploy", format!("#!/bin/sh\n{steps}")), ("Makefile", steps.clone()), ("user.login.ts", steps)]
    {
        assert_eq!(why_raw(&text, Some(&reads(name))), Reason::ExactRead, "{name}");
    }
}

#[test]
fn records_that_are_read_become_a_table() {
    let text = records(200);
    for call in [reads("/x/data.json"), bash("cat data.json"), bash("cat data.json | jq .")] {
        let compressed = compressed(&text, Some(&call));
        assert_eq!((compressed.compressor, compressed.loss), ("json", Loss::None), "{call:?}");
        assert!(compressed.tokens_after * 2 < compressed.tokens_before);
    }
}

#[test]
fn padding_before_line_numbers_goes_and_nothing_else() {
    let lines: Vec<String> = (1..=80).map(|n| format!("{n:>6}→    let value_{n} = compute({n});")).collect();
    let source = format!("{}\n\n<system-reminder>\nbe careful\n</system-reminder>", lines.join("\n"));
    let compressed = compressed(&source, Some(&reads("/x/a.rs")));
    assert_eq!((compressed.compressor, compressed.loss), ("column", Loss::None));
    let expected: Vec<&str> = source.lines().map(|line| line.trim_start_matches(' ')).collect();
    assert_eq!(compressed.text, expected.join("\n"));
}

#[test]
fn reminders_stay_as_they_are_round_the_form() {
    let text = format!(
        "<system-reminder>[Truncated]</system-reminder>\n\n1\t{}\n\n<system-reminder>\nx\n</system-reminder>",
        records(200)
    );
    let compressed = compressed(&text, Some(&reads("/x/data.json")));
    assert!(compressed.text.starts_with("<system-reminder>[Truncated]</system-reminder>\n\n[headroom: JSON, "));
    assert!(compressed.text.ends_with("]\n\n<system-reminder>\nx\n</system-reminder>"));
    assert!(compressed.text.contains("; file lines 1-1;"));
}

#[test]
fn a_marker_counts_lines_as_retrieval_does() {
    let passed = (0..60).map(|n| format!("test account::tests::case_{n} ... ok\n")).collect::<Vec<_>>().concat();
    let text = format!(
        "<system-reminder>\na\nb\n</system-reminder>\n\nrunning 61 tests\n{passed}\
         test late ... FAILED\n{}end\n",
        "warning: the same again\n".repeat(30)
    );
    let call = bash("cargo test");
    let asked = Context { seeks_failures: true, profile: Profile::AGGRESSIVE, ..context(Some(&call)) };
    let Outcome::Compressed(compressed) = compress(&text, &asked) else { panic!("raw") };
    let ranges: Vec<_> = marker::find(&compressed.text).into_iter().filter_map(|found| found.lines).collect();
    assert_eq!(ranges, [7..=66, 69..=97]);
    assert!(compressed.text.contains("29 repeats of line 68;"), "{}", compressed.text);
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(lines[6..66].iter().all(|line| line.ends_with(" ok")));
    assert!(lines[67..97].iter().all(|line| *line == "warning: the same again"));
}

#[test]
fn a_link_that_only_the_terminal_shows_is_not_hidden() {
    let passed = (0..60).map(|n| format!("test account::tests::case_{n} ... ok\n")).collect::<Vec<_>>().concat();
    let text = format!("start\n\x1b]8;;https://x.io/runs/88412\x07details\x1b]8;;\x07\n{passed}end\n");
    match compress(&text, &context(Some(&bash("cargo test")))) {
        Outcome::Compressed(compressed) => assert!(compressed.text.contains("https://x.io/runs/88412")),
        Outcome::Raw { reason, .. } => assert_eq!(reason, Reason::LiteralLost),
    }
}

#[test]
fn without_retrieval_a_read_keeps_its_layout() {
    let text = records(200).replace("}, {", "} , {");
    let call = reads("/x/data.json");
    let with = Context { retrievable: false, ..context(Some(&call)) };
    assert!(matches!(compress(&text, &with), Outcome::Raw { reason: Reason::ExactRead, .. }));
    assert_eq!(compressed(&text, Some(&call)).loss, Loss::Layout);
    let listed = bash("curl -s https://x.io/users");
    let with = Context { retrievable: false, ..context(Some(&listed)) };
    let Outcome::Compressed(compressed) = compress(&text, &with) else { panic!("raw") };
    assert!(!compressed.text.contains("headroom retrieve"));
}

#[test]
fn one_megabyte_is_not_too_much() {
    let text = records(12_000);
    assert!(text.len() > 900_000);
    assert!(compressed(&text, None).tokens_after * 2 < tokens::count(&text));
}

fn any_call() -> impl Strategy<Value = Option<ToolCall>> {
    let line = "(cd x && |timeout 9 |A=b |bash -lc ')?(cat|sed -n 5p|rg|cargo test|git diff|jq|headroom)( [a-z'\"|&;>.0-9-]{0,9}){0,3}";
    prop::option::of(prop_oneof![
        line.prop_map(|line| bash(&line)),
        "[/a-z.]{0,12}".prop_map(|path| reads(&path)),
        ("[A-Za-z_]{0,9}", ".{0,9}").prop_map(|(name, arguments)| ToolCall { name, arguments: arguments.into() }),
    ])
}

/// What a text made of others goes through.
#[derive(Debug, Clone)]
enum Change {
    /// So many lines from such a line of such a fixture on, its numbers taken modulo what there is.
    Lines(usize, usize, usize),
    /// What was joined so far ends there, in the middle of a line.
    Cut(usize),
    /// A character is another one.
    Other(usize, char),
    Crlf,
    /// What was joined so far stands there again.
    Again,
}

fn any_change() -> impl Strategy<Value = Change> {
    let number = || any::<u16>().prop_map(usize::from);
    prop_oneof![
        6 => (number(), number(), 1..150usize).prop_map(|(fixture, line, count)| Change::Lines(fixture, line, count)),
        1 => number().prop_map(Change::Cut),
        2 => (number(), prop_oneof![Just('\n'), Just('"'), Just('|'), Just(' '), Just('\r'), any::<char>()])
            .prop_map(|(at, c)| Change::Other(at, c)),
        1 => Just(Change::Crlf),
        1 => Just(Change::Again),
    ]
}

/// What a text is given to compressors as, whatever it looks like.
const KINDS: [kind::Kind; 11] = {
    use kind::Kind::{Config, Diff, Git, Html, Json, Listing, Log, Search, Table, Text, Xml};
    [Json, Html, Xml, Diff, Git, Log, Search, Listing, Table, Config, Text]
};

const LONGEST_MIXTURE: usize = 12_000;

fn mixture(changes: Vec<Change>, fixtures: &[String]) -> String {
    let mut text = String::new();
    for change in changes {
        match change {
            Change::Lines(fixture, line, count) => {
                let lines: Vec<&str> = fixtures[fixture % fixtures.len()].split_inclusive('\n').collect();
                text.extend(
                    lines
                        .iter()
                        .skip(line % lines.len())
                        .take(count)
                        .map(|line| line.get(..line.len().min(600)).unwrap_or_default()),
                );
            }
            Change::Cut(at) => {
                text.truncate((0..=at % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
            }
            Change::Other(at, c) => {
                if let Some((start, old)) = text.char_indices().nth(at % text.len().max(1)) {
                    text.replace_range(start..start + old.len_utf8(), c.encode_utf8(&mut [0; 4]));
                }
            }
            Change::Crlf => text = text.replace("\r\n", "\n").replace('\n', "\r\n"),
            Change::Again => text = text.repeat(2),
        }
        let end = (0..=text.len().min(LONGEST_MIXTURE)).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_claimed_of_a_form_is_true_of_any_mixture(changes in prop::collection::vec(any_change(), 1..8), call in prop_oneof![2 => Just(None), 1 => any_call()]) {
        thread_local! {
            static TEXTS: Vec<String> = fixtures().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        }
        let text = TEXTS.with(|texts| mixture(changes, texts));
        let context = context(call.as_ref());
        for (kind, first_line) in KINDS.into_iter().flat_map(|kind| [(kind, None), (kind, Some(7))]) {
            let input = Input { first_line, ..Input::of(&text, kind, &context) };
            for compressor in COMPRESSORS.iter().filter(|compressor| compressor.takes(kind)) {
                for form in compressor.forms(&input).into_iter().filter(|form| form.loss == Loss::None) {
                    let read = compressor.restore(&form.text, first_line);
                    prop_assert!(read.as_ref() == Some(&text), "{} as {kind:?}: {text:?}", compressor.name());
                }
            }
        }
        let outcome = compress(&text, &context);
        prop_assert_eq!(&outcome, &compress(&text, &context));
        let Outcome::Compressed(compressed) = outcome else { return Ok(()) };
        prop_assert!(compressed.tokens_after < tokens::count(&text));
        prop_assert_eq!(compressed.tokens_after, tokens::count(&compressed.text));
        let again = compress(&compressed.text, &context);
        prop_assert!(matches!(again, Outcome::Raw { .. }), "{:?}", again);
        let column = envelope::open(&text).column;
        let last = text.split('\n').count() + column.map_or(0, |column| column.first - 1);
        for range in marker::find(&compressed.text).into_iter().filter_map(|found| found.lines) {
            prop_assert!(*range.start() >= column.map_or(1, |column| column.first) && *range.end() <= last, "{:?}", range);
        }
        if compressed.loss == Loss::None && !JOINED.contains(&compressed.compressor) {
            let opened = envelope::open(&text);
            let form = &compressed.text[opened.head.len()..compressed.text.len() - opened.tail.len()];
            let first_line = opened.column.map(|column| column.first);
            prop_assert_eq!(restored(compressed.compressor, form, first_line), Some(opened.text));
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_grow(text in "(     [1-3]→|[1-3]\t|<system-reminder>|</system-reminder>|\\[headroom: |[\\[\\]{}\",:]|error|a/b.c:1:|--- a|\\+\\+\\+ b|@@ |\r\n|\n|\r|\u{0}|é|.){0,80}", call in any_call()) {
        match compress(&text, &context(call.as_ref())) {
            Outcome::Compressed(compressed) => prop_assert!(tokens::count(&compressed.text) + 20 <= tokens::count(&text)),
            Outcome::Raw { tokens, .. } => prop_assert_eq!(tokens, tokens::count(&text)),
        }
    }

    #[test]
    fn records_are_shorter_and_read_back(count in 8usize..40, from in 0usize..300, pad in "[ \n]{0,3}", call in any_call()) {
        let text = format!("{}{pad}", records(count));
        let cut = &text[..text.len().saturating_sub(from)];
        if let Outcome::Compressed(compressed) = compress(cut, &context(call.as_ref())) {
            prop_assert!(tokens::count(&compressed.text) < tokens::count(cut));
            if compressed.loss == Loss::None {
                prop_assert_eq!(restored("json", &compressed.text, None), Some(cut.to_owned()));
            }
        }
    }
}
