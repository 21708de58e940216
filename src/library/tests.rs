//! What programs get: every wire, budgets, windows, hooks, and that nothing is lost without a word.

use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// JSON records as a tool writes them.
fn records(count: usize) -> String {
    let rows: Vec<String> = (0..count)
        .map(|n| format!("{{\"id\": {n}, \"name\": \"user{n}\", \"state\": \"open\", \"kind\": \"person\"}}"))
        .collect();
    format!("[{}]", rows.join(", "))
}

fn test_run() -> String {
    let passed = (0..80).map(|n| format!("test account::tests::case_{n} ... ok\n")).collect::<Vec<_>>().concat();
    format!("running 81 tests\n{passed}test late ... FAILED\nend\n")
}

fn call(id: &str, command: &str, output: &str) -> [Value; 2] {
    [
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command}}]}),
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": output}]}),
    ]
}

/// A conversation of `turns` questions, each with a call.
fn conversation(turns: usize) -> String {
    let mut messages = Vec::new();
    for turn in 0..turns {
        messages.push(json!({"role": "user", "content": format!("Question {turn} about part_{turn}")}));
        messages.extend(call(&format!("c{turn}"), "ls", &format!("part_{turn} {}", "word ".repeat(60))));
        messages.push(json!({"role": "assistant", "content": format!("Answer {turn}")}));
    }
    messages.push(json!({"role": "user", "content": "What about part_3?"}));
    Value::from(messages).to_string()
}

fn messages_of(made: &Compression) -> Vec<Value> {
    serde_json::from_str(&made.messages).unwrap()
}

#[test]
fn every_wire_gets_its_messages_back_smaller() {
    let anthropic = Value::from(call("a", "cargo test", &test_run()).to_vec());
    let chat = json!([
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "sh", "arguments": "{\"command\":\"cargo test\"}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": test_run()},
    ]);
    let responses = json!([
        {"type": "function_call", "call_id": "a", "name": "sh", "arguments": "{\"command\":\"cargo test\"}"},
        {"type": "function_call_output", "call_id": "a", "output": test_run()},
    ]);
    for messages in [anthropic, chat, responses] {
        let text = messages.to_string();
        let made = compress(&text, &Options::default()).unwrap();
        assert_eq!(made.transforms_applied, ["log"], "{text}");
        assert!(made.tokens_after * 2 < made.tokens_before && made.compressed);
        assert!(made.messages.contains("test late ... FAILED") && made.messages.contains(&made.ccr_hashes[0]));
        assert_eq!(made.originals[0].text, test_run());
        assert_eq!(messages_of(&made).len(), 2);
    }
}

#[test]
fn what_is_cached_is_not_touched() {
    let text = Value::from(call("a", "cargo test", &test_run()).to_vec()).to_string();
    let made = compress(&text, &Options { frozen_message_count: 2, ..Options::default() }).unwrap();
    assert_eq!((made.messages.as_str(), made.compressed, made.tokens_saved), (text.as_str(), false, 0));
}

#[test]
fn nothing_is_left_out_that_nobody_keeps() {
    let options =
        Options { call: Some(ToolCall::command("cargo test")), originals: Originals::Lost, ..Options::default() };
    let made = compress(&test_run(), &options).unwrap();
    assert!(made.originals.is_empty() && !made.messages.contains("headroom retrieve"), "{}", made.messages);
}

#[test]
fn messages_of_the_wrong_format_are_refused() {
    let err = compress("{\"messages\": 3}", &Options { format: Format::Anthropic, ..Options::default() }).unwrap_err();
    assert_eq!(err.to_string(), "the messages are not a list of messages for `/v1/messages`");
}

#[test]
fn a_window_keeps_the_last_turns_and_says_what_it_left_out() {
    let window = RollingWindow { max_turns: Some(3), ..RollingWindow::default() };
    let made = compress(&conversation(6), &Options { rolling_window: Some(window), ..Options::default() }).unwrap();
    let messages = messages_of(&made);
    let said = messages[0]["content"].as_str().unwrap();
    assert!(said.contains("left out: 16 messages, 4 of the user, 4 calls of Bash; all of it: headroom"), "{said}");
    assert!(said.contains(&made.originals[0].handle));
    assert_eq!(messages.len(), 1 + 2 * 4 + 1);
    let left_out: Vec<Value> = serde_json::from_str(&made.originals[0].text).unwrap();
    assert_eq!(left_out.len(), 16);
}

#[test]
fn no_output_points_to_one_that_a_window_leaves_out() {
    let source =
        (0..80).map(|n| format!("    let value_{n} = compute({n}, limits.get({n}));\n")).collect::<Vec<_>>().concat();
    let mut messages = Vec::new();
    for id in ["a", "b"] {
        messages.push(json!({"role": "user", "content": "Show it"}));
        messages.extend(call(id, "cat a.rs", &source));
    }
    let text = Value::from(messages).to_string();
    let made = compress(&text, &Options::default()).unwrap();
    assert!(made.messages.contains("same as the whole output of `cat a.rs` above"));
    let window = RollingWindow { max_turns: Some(1), preserve_last_n: 1, ..RollingWindow::default() };
    let made = compress(&text, &Options { rolling_window: Some(window), ..Options::default() }).unwrap();
    assert!(made.messages.contains("left out") && !made.messages.contains("same as"), "{}", made.messages);
}

#[test]
fn under_a_budget_what_matters_to_the_question_stays() {
    let text = conversation(8);
    let budget = tokens::count(&text) / 2;
    let options = Options {
        token_budget: Some(budget),
        intelligent_context: Some(IntelligentContext { anchors: vec![5], ..IntelligentContext::default() }),
        ..Options::default()
    };
    let made = compress(&text, &options).unwrap();
    assert_eq!(made.within_budget, Some(true), "{} of {budget}", made.tokens_after);
    // The first question, the anchor, what the question names, and the last message.
    for kept in ["Question 0 ", "part_1 word", "part_3 word", "What about part_3?"] {
        assert!(made.messages.contains(kept), "{kept}: {}", made.messages);
    }
    assert!(!made.messages.contains("part_2 word"), "{}", made.messages);
}

#[test]
fn a_budget_without_a_choice_of_messages_keeps_all_of_them() {
    let made = compress(&conversation(4), &Options { token_budget: Some(10), ..Options::default() }).unwrap();
    assert_eq!((messages_of(&made).len(), made.within_budget), (17, Some(false)));
}

#[derive(Default)]
struct Recording {
    events: Mutex<Vec<CompressEvent>>,
}

impl CompressionHooks for Recording {
    fn pre_compress(&self, messages: &str, context: &CompressContext) -> Option<String> {
        assert_eq!((context.user_query.as_str(), context.turn_number), ("Why?", 1));
        assert_eq!((context.tool_calls.as_slice(), context.provider), (&["Bash".to_owned()][..], "anthropic"));
        Some(messages.replace("secret", "hidden"))
    }

    fn post_compress(&self, event: &CompressEvent) {
        self.events.lock().unwrap().push(event.clone());
    }
}

struct Broken;

impl CompressionHooks for Broken {
    fn compute_biases(&self, _: &str, _: &CompressContext) -> BTreeMap<usize, f32> {
        panic!("a hook of somebody's");
    }
}

#[test]
fn hooks_change_and_are_told_and_a_broken_one_stops_nothing() {
    let mut messages = vec![json!({"role": "user", "content": "Why?"})];
    messages.extend(call("a", "cargo test", &format!("secret\n{}", test_run())));
    let recording = Arc::new(Recording::default());
    let hooks: Vec<Arc<dyn CompressionHooks>> = vec![Arc::new(Broken), recording.clone()];
    let made = compress(&Value::from(messages).to_string(), &Options { hooks, ..Options::default() }).unwrap();
    assert!(made.messages.contains("hidden") && !made.messages.contains("secret"));
    let events = recording.events.lock().unwrap();
    assert_eq!((events.len(), events[0].tokens_saved), (1, made.tokens_saved));
    assert_eq!(events[0].ccr_hashes, made.ccr_hashes);
}

#[test]
fn statistics_agree_with_the_receipt() {
    let options = Options { call: Some(ToolCall::command("cargo test")), ..Options::default() };
    let made = compress(&test_run(), &options).unwrap();
    let stats = made.ccr_stats();
    assert_eq!((stats.entries, stats.total_original_tokens), (1, made.tokens_before));
    assert_eq!(stats.total_compressed_tokens, made.tokens_after);
}

proptest! {
    #[test]
    fn any_text_goes_through(text in "(\\[|\\{|\"|messages|role|user|input|:|,|\\]|\\}|\n|.){0,60}") {
        let made = compress(&text, &Options::default()).unwrap();
        prop_assert!(made.tokens_after <= made.tokens_before);
        if !made.compressed {
            prop_assert_eq!(made.messages.as_str(), Input::of(&text, &Options::default()).unwrap().given(&text));
        }
    }

    #[test]
    fn records_in_a_text_come_back_smaller(count in 8usize..40) {
        let made = compress(&records(count), &Options::default()).unwrap();
        prop_assert!(made.tokens_after < made.tokens_before);
    }
}
