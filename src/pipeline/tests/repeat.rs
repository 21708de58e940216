//! A file that is read again, through every case that could take away what it points to.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ccr::{Handle, Store};
use crate::compress::Profile;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::tests::{
    assert_same, bash, body, call, messages, offering_retrieval, options, pipeline, records, result, sent, store,
};
use crate::pipeline::{Live, Options, Pipeline, Scope};
use crate::provider::Provider;

fn fresh() -> Pipeline {
    pipeline(&store())
}

/// A source file of so many lines, of which `changed` were changed.
fn source(lines: usize, changed: &[usize]) -> Vec<String> {
    let line = |n| {
        if changed.contains(&n) {
            format!("    // line {n} was changed")
        } else {
            format!("    let value_{n} = compute(input[{n}], limits.get({}));", n * 7 % 11)
        }
    };
    (1..=lines).map(line).collect()
}

/// What a read tool shows of `lines`, from the `first` on.
fn numbered(lines: &[String], first: usize) -> String {
    let mut text = String::new();
    for (number, line) in (first..).zip(lines) {
        writeln!(text, "{number:>6}→{line}").unwrap();
    }
    text.pop();
    text
}

fn read(id: &str, text: &str) -> [Value; 2] {
    [call(id, "Read", &json!({"file_path": "/srv/app/a.rs"})), result(id, text)]
}

fn edit(id: &str) -> [Value; 2] {
    [call(id, "Edit", &json!({"file_path": "/srv/app/a.rs"})), result(id, "The file has been updated.")]
}

/// The text that is sent for the result in `message`.
fn text(message: &Value) -> &str {
    message["content"][0]["content"].as_str().unwrap()
}

fn is_reference(message: &Value) -> bool {
    text(message).contains("same as ")
}

/// A file that is read, changed and read again.
fn edited() -> [[Value; 2]; 3] {
    [read("a", &numbered(&source(120, &[]), 1)), edit("b"), read("c", &numbered(&source(120, &[60]), 1))]
}

/// The turns one by one, as they come; what is sent last.
fn in_turns(pipeline: &Pipeline, turns: &[[Value; 2]]) -> Vec<Value> {
    let mut before: Vec<Value> = Vec::new();
    for count in 1..=turns.len() {
        let now = sent(pipeline, &body(&turns[..count]));
        assert_same(&now[..before.len()], before);
        before = now;
    }
    before
}

#[test]
fn a_file_that_is_read_again_after_an_edit_is_sent_as_its_change() {
    let turns = edited();
    let out = in_turns(&pipeline(&store()), &turns);
    let handle = Handle::of(text(&turns[2][1]));
    assert_eq!(
        text(&out[6]),
        format!(
            "[headroom: lines 1-59: same as in the output of Read /srv/app/a.rs above; all of it: headroom retrieve {handle}]\n\
             60→    // line 60 was changed\n\
             [headroom: lines 61-120: same as in the output of Read /srv/app/a.rs above]"
        )
    );
}

#[test]
fn what_a_reference_stands_for_is_in_the_store_though_no_tool_gives_it_back() {
    let (store, turns) = (store(), edited());
    in_turns(&pipeline(&store), &turns);
    let whole = text(&turns[2][1]);
    assert_eq!(store.get(&Handle::of(whole)).unwrap().unwrap().text, whole);
}

#[test]
fn the_next_turn_a_retry_a_fork_and_a_second_proxy_send_the_same_reference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = || Arc::new(Store::open(&path).unwrap());
    let mut turns = edited().to_vec();
    let once = in_turns(&pipeline(&open()), &turns);

    let retried = sent(&pipeline(&open()), &offering_retrieval(body(&turns)));
    assert_same(&retried, &once);
    let other = Options { profile: Profile::AGGRESSIVE, exclude_tools: vec!["Read".to_owned()], ..options() };
    turns.push(bash("d", "pwd", "/srv/app"));
    assert_same(&sent(&Pipeline::new(Some(open()), other), &body(&turns))[..once.len()], once);
}

#[test]
fn a_block_stands_by_itself_while_the_earlier_one_is_not_there() {
    let pipeline = pipeline(&store());
    let turns = edited();
    let whole = in_turns(&pipeline, &turns);
    let alone = sent(&pipeline, &body(&[turns[1].clone(), turns[2].clone()]));
    assert!(!is_reference(&alone[4]));
    assert!(text(&alone[4]).starts_with("1→    let value_1 "), "the column form, decided at the same time");

    let cleared = read("a", "[Old tool result content cleared]");
    let after = sent(&pipeline, &body(&[cleared, turns[1].clone(), turns[2].clone()]));
    assert_eq!(after[6], alone[4]);
    assert_same(sent(&pipeline, &body(&turns)), whole);
}

#[test]
fn a_block_behind_the_reference_does_not_count() {
    let pipeline = pipeline(&store());
    let [first, edit, second] = edited();
    in_turns(&pipeline, &[first.clone(), edit.clone(), second.clone()]);
    let swapped = sent(&pipeline, &body(&[second, edit, first]));
    assert!(!is_reference(&swapped[2]));
}

#[test]
fn a_history_that_the_provider_may_cut_holds_no_reference() {
    let pipeline = pipeline(&store());
    let turns = edited();
    let managed = |turns: &[[Value; 2]]| {
        let mut body = body(turns);
        body["context_management"] = json!({"edits": [{"type": "clear_tool_uses_20250919"}]});
        body
    };
    for count in 1..=3 {
        sent(&pipeline, &managed(&turns[..count]));
    }
    assert!(!is_reference(&sent(&pipeline, &body(&turns))[6]), "it was sent by itself, and so it stays");
    let other = fresh();
    in_turns(&other, &turns);
    assert!(!is_reference(&sent(&other, &managed(&turns))[6]));
}

#[test]
fn a_read_that_was_sent_as_it_came_is_no_reference_when_it_is_live_again() {
    let pipeline = pipeline(&store());
    let cat = |id| bash(id, "cat a.rs", &source(120, &[]).join("\n"));
    let turns = [cat("a"), cat("b")];
    let mut managed = body(&turns);
    managed["context_management"] = json!({});
    assert_same(sent(&pipeline, &managed), messages(&managed));
    assert_same(sent(&pipeline, &body(&turns)), messages(&managed));
    assert!(is_reference(&in_turns(&fresh(), &turns)[4]), "it could have been one");
}

#[test]
fn there_are_no_chains() {
    let mut turns = edited().to_vec();
    turns.extend([edit("d"), read("e", &numbered(&source(120, &[60, 100]), 1))]);
    let out = in_turns(&pipeline(&store()), &turns);
    let sentences: Vec<_> = text(&out[10]).lines().filter(|line| line.starts_with("[headroom: ")).collect();
    assert_eq!(sentences.len(), 3);
    assert!(
        sentences.iter().all(|line| line.contains("the first output of Read /srv/app/a.rs above")),
        "{sentences:?}"
    );

    // The block in between is only counted. Without it the name would be another's.
    let mut fewer = turns.clone();
    fewer.remove(2);
    assert!(is_reference(&sent(&fresh(), &body(&fewer))[8]));
}

#[test]
fn a_name_that_counts_is_sent_only_while_the_counted_are_there() {
    let lines = source(300, &[]);
    let turns = [
        read("a", &numbered(&lines[..100], 1)),
        read("b", &numbered(&lines[150..], 151)),
        read("c", &numbered(&lines[160..280], 161)),
    ];
    let pipeline = pipeline(&store());
    let out = in_turns(&pipeline, &turns);
    assert!(text(&out[6]).contains("same as in the second output of Read /srv/app/a.rs above"));
    assert!(!is_reference(&sent(&pipeline, &body(&turns[1..]))[4]));
}

#[test]
fn a_short_output_of_the_same_call_is_counted() {
    let lines = numbered(&source(120, &[]), 1);
    let refused = "Permission to read this file was not given yet: ask for it, then read the file once more.";
    let turns = [read("a", refused), read("b", &lines), read("c", &lines)];
    let out = in_turns(&pipeline(&store()), &turns);
    assert!(text(&out[6]).contains("the second output of Read /srv/app/a.rs above"), "{}", text(&out[6]));
}

#[test]
fn a_block_that_was_left_out_in_part_is_not_pointed_to() {
    let letter =
        |n: usize, at: usize| char::from(b"ABCDEFGHIJKLMabcdefghijklm0123456789"[(n * n + at * at + n * at) % 36]);
    let key = (0..60).map(|n| (0..64).map(|at| letter(n, at)).collect::<String>() + "\n").collect::<String>();
    let turns = [bash("a", "openssl genrsa", &key), bash("b", "openssl genrsa", &key)];
    let body = |turns| {
        let mut body = offering_retrieval(body(turns));
        body["messages"][0]["content"] = json!("Which tests fail?");
        body
    };
    let out = sent(&pipeline(&store()), &body(&turns));
    assert_same(&out[..3], &messages(&body(&turns))[..3]);
    let pipeline = pipeline(&store());
    sent(&pipeline, &body(&turns[..1]));
    let out = sent(&pipeline, &body(&turns));
    assert!(text(&out[2]).contains("left out") && text(&out[4]).contains("left out") && !is_reference(&out[4]));
}

#[test]
fn a_block_that_comes_twice_points_to_a_form_that_lacks_nothing() {
    let turns = [bash("a", "gh api issues", &records(0, 60)), bash("b", "gh api issues", &records(0, 60))];
    let out = in_turns(&pipeline(&store()), &turns);
    assert!(!is_reference(&out[2]) && text(&out[2]).len() < records(0, 60).len());
    assert!(text(&out[4]).starts_with("[headroom: same as the whole output of `gh api issues` above; all of it:"));
}

#[test]
fn two_reads_of_one_response_are_one_and_a_reference() {
    let lines = source(120, &[]);
    let one = numbered(&lines, 1);
    let request = json!({"messages": [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "a", "name": "Read", "input": {"file_path": "/srv/app/a.rs"}},
            {"type": "tool_use", "id": "b", "name": "Bash", "input": {"command": "sed -n '20,90p' a.rs"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": one},
            {"type": "tool_result", "tool_use_id": "b", "content": lines[19..90].join("\n") + "\n"}]}]});
    let store = store();
    let out = sent(&pipeline(&store), &request);
    let second = out[1]["content"][1]["content"].as_str().unwrap();
    assert!(
        second.starts_with("[headroom: same as lines 20-90 of the output of Read /srv/app/a.rs above;"),
        "{second}"
    );
    assert!(out[1]["content"][0]["content"].as_str().unwrap().starts_with("1→"));
    assert_same(sent(&pipeline(&store), &request), out);
}

#[test]
fn an_error_an_excluded_tool_and_what_was_retrieved_are_shown_where_they_stand() {
    let shown = numbered(&source(60, &[]), 1);
    let retrieve = "mcp__headroom__headroom_retrieve";
    let retrieved = [call("r", retrieve, &json!({"handle": "x"})), result("r", &shown)];
    let mut failed = read("c", &shown);
    failed[1]["content"][0]["is_error"] = json!(true);
    for again in [retrieved, failed] {
        let turns = [read("a", &shown), again];
        assert_eq!(in_turns(&pipeline(&store()), &turns)[4], turns[1][1]);
    }
    let excluding = Options { exclude_tools: vec!["Bash".to_owned()], ..options() };
    let turns = [read("a", &shown), bash("b", "cat a.rs", &source(60, &[]).join("\n"))];
    assert_eq!(in_turns(&Pipeline::new(Some(store()), excluding), &turns)[4], turns[1][1]);
}

#[test]
fn a_block_that_was_decided_to_go_as_it_came_is_no_reference_later() {
    let store = store();
    let turns = edited();
    in_turns(&pipeline(&store), &turns[..2]);
    let excluding = Options { exclude_tools: vec!["Read".to_owned()], ..options() };
    let once = sent(&Pipeline::new(Some(Arc::clone(&store)), excluding), &body(&turns));
    assert_eq!(once[6], turns[2][1]);
    assert_same(sent(&pipeline(&store), &body(&turns)), once);
}

/// The same conversation on the wires of OpenAI: read, read again.
fn of_openai(provider: Provider, members: &Value) -> (String, String) {
    let (before, after) = (source(120, &[]).join("\n"), source(120, &[60]).join("\n"));
    let arguments = json!({"cmd": "cat a.rs"}).to_string();
    let mut body = if provider == Provider::OpenAiChat {
        let call = |id: &str| {
            json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function",
                    "function": {"name": "exec_command", "arguments": arguments}}]})
        };
        let output = |id: &str, text: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
        json!({"messages": [call("a"), output("a", &before), call("b"), output("b", &after)]})
    } else {
        let call =
            |id: &str| json!({"type": "function_call", "call_id": id, "name": "exec_command", "arguments": arguments});
        let output = |id: &str, text: &str| json!({"type": "function_call_output", "call_id": id, "output": text});
        json!({"input": [call("a"), output("a", &before), call("b"), output("b", &after)]})
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let (store, text) = (store(), body.to_string());
    let once = || {
        let mut exchange = Exchange::new("/");
        let prepared =
            pipeline(&store).prepare(provider, &text, Live::BehindLastAnswer, Scope::ToolResults, &mut exchange);
        let sent: Value = serde_json::from_str(&prepared.unwrap().body.unwrap_or_else(|| text.clone())).unwrap();
        let last = sent.get("messages").or(sent.get("input")).unwrap()[3].clone();
        last.get("content").or(last.get("output")).unwrap().as_str().unwrap().to_owned()
    };
    (once(), once())
}

#[test]
fn the_wires_of_openai_have_references_too() {
    for provider in [Provider::OpenAiChat, Provider::OpenAiResponses] {
        let (once, again) = of_openai(provider, &json!({}));
        assert!(
            once.starts_with("[headroom: same as lines 1-59 of the output of `cat a.rs` above; all of it:"),
            "{once}"
        );
        assert_eq!(once, again);
    }
    for cut in [json!({"truncation": "auto"}), json!({"context_management": [{"type": "compaction"}]})] {
        assert!(of_openai(Provider::OpenAiResponses, &cut).0.starts_with("    let value_1 "));
    }
}

#[test]
fn an_increment_points_to_nothing_that_it_does_not_hold() {
    let pipeline = pipeline(&store());
    let text = source(120, &[]).join("\n");
    let item = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": text});
    let prepared = |request: &Value| {
        let mut exchange = Exchange::new("/v1/responses");
        let body = request.to_string();
        let prepared =
            pipeline.prepare(Provider::OpenAiResponses, &body, Live::BehindLastAnswer, Scope::All, &mut exchange);
        serde_json::from_str::<Value>(&prepared.unwrap().body.unwrap_or(body)).unwrap()
    };
    let calls = ["a", "b"].map(|id| {
        json!({"type": "function_call", "call_id": id, "name": "exec_command", "arguments": "{\"cmd\":\"cat a.rs\"}"})
    });
    for (call, id) in calls.iter().zip(["a", "b"]) {
        let event = json!({"type": "response.output_item.done", "item": call}).to_string();
        for (id, call) in Provider::OpenAiResponses.read_event("", event.as_bytes()).calls {
            pipeline.open_calls().note(id, call);
        }
        let increment = json!({"previous_response_id": "r", "input": [item(id)]});
        assert_eq!(prepared(&increment), increment);
    }
    // By HTTP, or on a new connection.
    let whole = json!({"input": [calls[0], item("a"), calls[1], item("b")]});
    assert_eq!(prepared(&whole), whole);
}

/// What a turn of a conversation about one file is.
#[derive(Debug, Clone)]
enum Turn {
    Read { from: usize, to: usize },
    Cat,
    Edit(usize),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        (1..80_usize, 1..80_usize).prop_map(|(one, other)| Turn::Read { from: one.min(other), to: one.max(other) }),
        Just(Turn::Cat),
        (1..80_usize).prop_map(Turn::Edit),
    ];
    prop::collection::vec(turn, 2..9)
}

fn open(path: &Path) -> Pipeline {
    Pipeline::new(Some(Arc::new(Store::open(path).unwrap())), options())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Two requests that begin with the same blocks have the same bytes up to where they differ, whatever was taken out
    /// of the history in between; and a conversation that only grows is never sent otherwise than before.
    #[test]
    fn what_was_sent_stays_sent(turns in turns(), gone in prop::option::of(any::<prop::sample::Index>()), restarts: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (mut current, mut changed) = (open(&path), Vec::new());
        let (mut all, mut before): (Vec<[Value; 2]>, Vec<Value>) = (Vec::new(), Vec::new());
        for (n, turn) in turns.iter().enumerate() {
            let id = format!("call{n}");
            let lines = source(80, &changed);
            all.push(match turn {
                Turn::Read { from, to } => read(&id, &numbered(&lines[from - 1..*to], *from)),
                Turn::Cat => bash(&id, "cat a.rs", &(lines.join("\n") + "\n")),
                Turn::Edit(line) => {
                    changed.push(*line);
                    edit(&id)
                }
            });
            if restarts {
                current = open(&path);
            }
            let now = sent(&current, &body(&all));
            prop_assert!(now[..before.len()] == before[..]);
            before = now;
        }
        let Some(gone) = gone.map(|gone| gone.index(all.len())) else { return Ok(()) };
        let mut edited = all.clone();
        edited[gone][1] = result(&format!("call{gone}"), "[Old tool result content cleared]");
        let after = sent(&current, &body(&edited));
        let first_different = gone * 2 + 2;
        prop_assert!(after[..first_different] == before[..first_different]);
        prop_assert!(sent(&current, &body(&edited)) == after);
        // Nothing points to what is gone.
        for (sent, turn) in after.iter().skip(first_different + 1).zip(all.iter().flatten().skip(first_different)) {
            if turn["role"] == "user" && is_reference(sent) {
                prop_assert!(before.contains(sent));
            }
        }
        prop_assert!(sent(&open(&path), &body(&all)) == before);
    }
}
