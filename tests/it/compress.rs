//! `headroom compress`, and `headroom retrieve` of what it left out.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Connection;
use crate::support::place::HEADROOM;
use crate::support::provider::Provider;
use crate::support::proxy::Proxy;

fn headroom(home: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(HEADROOM)
        .args(args)
        .env("HEADROOM_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn test_run() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compressors/log/pytest-verbose.in")).unwrap()
}

/// The handle that a marker in `text` ends with.
fn handle(text: &str) -> &str {
    let (_, rest) = text.split_once("headroom retrieve ").expect("a marker");
    &rest[..16]
}

#[test]
fn what_was_left_out_of_a_text_comes_back_byte_for_byte_and_by_lines() {
    let home = tempfile::tempdir().unwrap();
    let original = test_run();
    let output = headroom(
        home.path(),
        &["compress", "--command", "pytest -v", "--question", "Which tests fail?", "--profile", "aggressive"],
        original.as_bytes(),
    );
    let short = String::from_utf8(output.stdout).unwrap();
    assert!(short.len() * 2 < original.len());

    let whole = headroom(home.path(), &["retrieve", handle(&short)], b"");
    assert_eq!(whole.stdout, original.as_bytes());
    let lines = headroom(home.path(), &["retrieve", handle(&short), "--lines", "8-9"], b"");
    let expected: String = original.split_inclusive('\n').skip(7).take(2).collect();
    assert_eq!(String::from_utf8(lines.stdout).unwrap(), expected);
}

#[test]
fn a_file_that_is_read_twice_is_shown_once_and_the_second_reading_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tokens/mod.rs")).unwrap();
    let changed = source.replace("known_texts", "known_words");
    let turn = |id: &str, text: &str| {
        let input = json!({"command": "cat src/tokens/mod.rs"});
        [
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Bash", "input": input}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": text}]}),
        ]
    };
    let turns = [turn("a", &source), turn("b", &changed)].concat();
    let request = json!({ "messages": turns });
    let output = headroom(home.path(), &["compress"], request.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!(answer["transforms_applied"], json!(["repeat"]));
    let sent = answer["messages"][3]["content"][0]["content"].as_str().unwrap();
    assert!(sent.contains("known_words") && sent.len() * 3 < changed.len(), "{sent}");
    assert_eq!(answer["messages"][1]["content"][0]["content"], source);
    assert_eq!(headroom(home.path(), &["retrieve", handle(sent)], b"").stdout, changed.as_bytes());
}

#[test]
fn a_list_of_messages_comes_back_as_one_with_its_figures() {
    let home = tempfile::tempdir().unwrap();
    let request = json!({"model": "m", "messages": [
        {"role": "user", "content": "Which tests fail?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "pytest -v"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": test_run()}]},
    ]});
    let words = ["compress", "--explain", "--profile", "aggressive"];
    let output = headroom(home.path(), &words, request.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["messages"][1], request["messages"][1]);
    let sent = answer["messages"][2]["content"][0]["content"].as_str().unwrap();
    assert_eq!(answer["handles"], json!([handle(sent)]));
    let number = |key: &str| answer[key].as_i64().unwrap();
    assert_eq!(number("tokens_saved"), number("tokens_before") - number("tokens_after"));
    assert!(number("tokens_saved") > 2000 && answer["compressed"] == true);
    assert_eq!(answer["transforms_applied"], json!(["log"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`Bash`") && said.contains("log made"), "{said}");

    let frozen = headroom(
        home.path(),
        &["compress", "--frozen-message-count", "3"],
        request.to_string().replace("\"a\"", "\"b\"").as_bytes(),
    );
    let answer: Value = serde_json::from_slice(&frozen.stdout).unwrap();
    assert_eq!(answer["tokens_saved"], 0);
}

#[test]
fn looking_at_a_conversation_decides_nothing_for_the_agent_that_has_it() {
    let home = tempfile::tempdir().unwrap();
    let request = json!({"model": "m", "tools": [{"name": "headroom_retrieve"}], "messages": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "pytest -v"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": test_run()}]},
        {"role": "assistant", "content": "it is cached as it is"},
    ]});
    let output = headroom(home.path(), &["compress"], request.to_string().as_bytes());
    assert!(String::from_utf8(output.stdout).unwrap().contains("headroom retrieve"));
    let other = headroom(home.path(), &["compress", "--exclude-tools", "Bash"], request.to_string().as_bytes());
    assert!(!String::from_utf8(other.stdout).unwrap().contains("headroom retrieve"), "options bear on every call");

    let provider = Provider::scripted(Vec::new());
    let proxy = Proxy::start(home.path(), &provider.url(), 0);
    Connection::open(&proxy.url()).post("/v1/messages", request.to_string().as_bytes());
    assert_eq!(provider.requests().pop().unwrap().body, request.to_string().as_bytes());
}

#[test]
fn a_compressor_explains_itself_and_an_unknown_one_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let output = headroom(home.path(), &["compress", "--explain", "log"], b"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("# What it keeps") && text.contains("# When it declines"), "{text}");
    let output = headroom(home.path(), &["compress", "--explain", "lgo"], b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no compressor `lgo`") && said.contains("`json`"), "{said}");
}

#[test]
fn source_becomes_an_outline_where_it_is_asked_for_and_its_lines_come_back() {
    let home = tempfile::tempdir().unwrap();
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/retrieve.rs")).unwrap();
    let args = ["compress", "--command", "cat src/cli/retrieve.rs"];
    let exact = headroom(home.path(), &args, source.as_bytes());
    assert_eq!(exact.stdout, source.as_bytes());
    let outline = headroom(home.path(), &[&args[..], &["--code-aware"]].concat(), source.as_bytes());
    let outline = String::from_utf8(outline.stdout).unwrap();
    assert!(outline.len() < source.len() && outline.contains("pub(crate) fn run("), "{outline}");
    let range = outline.split_once("\n    [lines ").unwrap().1.split(']').next().unwrap();
    let lines = headroom(home.path(), &["retrieve", handle(&outline), "--lines", range], b"");
    assert!(!lines.stdout.is_empty() && source.contains(&String::from_utf8(lines.stdout).unwrap()));
}

#[test]
fn under_a_budget_records_are_sampled_and_what_is_left_out_is_counted() {
    let home = tempfile::tempdir().unwrap();
    let rows: Vec<Value> = (0..400)
        .map(|n| json!({"id": n, "state": if n == 217 { "failed" } else { "done" }, "ms": 20 + n % 7}))
        .collect();
    let rows = json!(rows).to_string();
    let output = headroom(home.path(), &["compress", "--json", "--token-budget", "600"], rows.as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = answer["text"].as_str().unwrap();
    assert_eq!(answer["within_budget"], true, "{text}");
    assert!(text.contains("failed") && text.contains("217") && text.contains("left out"), "{text}");
    assert_eq!(headroom(home.path(), &["retrieve", handle(text)], b"").stdout, rows.as_bytes());
}

#[test]
fn the_config_file_says_how_much_may_be_left_out() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    fs::write(&config, "profile = \"custom\"\n[profiles.custom]\nbias = 0.6\n").unwrap();
    let words = ["compress", "--command", "pytest -v"];
    let short = headroom(home.path(), &words, test_run().as_bytes());
    let long = headroom(home.path(), &[&words[..], &["--profile", "balanced"]].concat(), test_run().as_bytes());
    assert!(short.status.success() && long.status.success(), "{short:?} {long:?}");
    assert!(short.stdout.len() < long.stdout.len(), "{} {}", short.stdout.len(), long.stdout.len());
    let unknown = headroom(home.path(), &[&words[..], &["--profile", "costum"]].concat(), b"x");
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("`custom`") && said.contains("[profiles.costum]"), "{said}");

    fs::write(&config, "[ccr]\nenabled = false\n").unwrap();
    let whole = headroom(home.path(), &words, test_run().as_bytes());
    assert!(!String::from_utf8_lossy(&whole.stdout).contains("headroom retrieve"), "{whole:?}");
}

#[test]
fn nobody_waits_for_the_tokenizer_in_vain() {
    let home = tempfile::tempdir().unwrap();
    let started = Instant::now();
    assert!(headroom(home.path(), &["compress"], b"hello").status.success());
    // Its tables are built in a fraction of a second; the command would wait ten for them.
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[test]
fn the_kill_switch_leaves_everything_as_it_came() {
    let home = tempfile::tempdir().unwrap();
    let output = headroom(home.path(), &["compress", "--no-optimize", "--command", "pytest -v"], test_run().as_bytes());
    assert_eq!(output.stdout, test_run().as_bytes());
}

#[test]
fn a_text_that_cannot_be_shortened_comes_back_as_it_is_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let text = "Dear reader,\n\nnothing here repeats itself.\n";
    let output = headroom(home.path(), &["compress", "--explain"], text.as_bytes());
    assert_eq!(output.stdout, text.as_bytes());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("left as it is"), "{said}");
}

#[test]
fn files_are_read_and_written_and_bad_input_is_named() {
    let home = tempfile::tempdir().unwrap();
    let (input, output) = (home.path().join("in.log"), home.path().join("out.log"));
    fs::write(&input, test_run()).unwrap();
    let (from, to) = (input.to_str().unwrap(), output.to_str().unwrap());
    let done = headroom(home.path(), &["compress", "--input", from, "--output", to, "--command", "pytest -v"], b"");
    assert!(done.status.success() && done.stdout.is_empty());
    assert!(fs::read_to_string(&output).unwrap().contains("headroom retrieve"));

    let missing = headroom(home.path(), &["compress", "--input", "/nonexistent/x"], b"");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("`/nonexistent/x`"));
    let binary = headroom(home.path(), &["compress", "--json"], b"ab\xff");
    assert_eq!(binary.status.code(), Some(1));
    assert!(String::from_utf8(binary.stderr).unwrap().contains("not UTF-8 at byte 2"));
}

#[test]
fn a_pipe_loses_nothing_that_cannot_be_read_or_stored() {
    let home = tempfile::tempdir().unwrap();
    let binary = headroom(home.path(), &["compress"], b"ab\xff");
    assert_eq!((binary.status.code(), binary.stdout.as_slice()), (Some(0), &b"ab\xff"[..]));
    assert!(String::from_utf8(binary.stderr).unwrap().contains("not UTF-8 at byte 2"));

    let no_folder = home.path().join("file");
    fs::write(&no_folder, "").unwrap();
    let stored_nowhere = headroom(&no_folder, &["compress", "--command", "pytest -v"], test_run().as_bytes());
    let short = String::from_utf8(stored_nowhere.stdout).unwrap();
    assert!(stored_nowhere.status.success() && !short.contains("headroom retrieve"));
    assert!(short.contains("test_total_of_rows"));
}

#[test]
fn the_demo_keeps_its_promises_without_touching_the_home() {
    let home = tempfile::tempdir().unwrap();
    let output = headroom(home.path(), &["demo", "--json"], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stable_prefixes"], report["requests"]);
    assert!(report["originals_left_out"].as_u64().unwrap() > 0);
    assert_eq!(report["originals_got_back"], report["originals_left_out"]);
    assert!(report["input_tokens_after"].as_u64() < report["input_tokens_before"].as_u64());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
