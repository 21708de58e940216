//! What is sent for a block, through every case that could change it.

mod repeat;
mod responses;

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ccr::{Handle, Store};
use crate::compress::Profile;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::stage::{Hook, Stage};
use crate::pipeline::{Budget, Error, Live, Options, Pipeline, Prepared, Retrieval, Scope};
use crate::provider::Provider;

fn options() -> Options {
    Options {
        project: "/project".to_owned(),
        budget: Budget { base: Duration::from_mins(1), per_megabyte: Duration::ZERO },
        ..Options::default()
    }
}

fn pipeline(store: &Arc<Store>) -> Pipeline {
    Pipeline::new(Some(Arc::clone(store)), options())
}

fn store() -> Arc<Store> {
    Arc::new(Store::in_memory().unwrap())
}

/// A JSON list as an API answers it: every form of it loses nothing.
fn records(from: usize, count: usize) -> String {
    let rows: Vec<Value> = (from..from + count)
        .map(|id| json!({"id": id, "state": "open", "title": format!("Issue number {id}"), "author": {"login": "ada"}}))
        .collect();
    serde_json::to_string_pretty(&rows).unwrap()
}

/// A test run of which the passing tests can be left out.
fn test_run(passing: usize) -> String {
    let mut text = format!("============ test session starts ============\ncollected {passing} items\n\n");
    for n in 0..passing {
        writeln!(text, "tests/test_orders.py::test_order_number_{n} PASSED [{:3}%]", n * 100 / passing).unwrap();
    }
    write!(text, "\n============ {passing} passed in 3.21s ============\n").unwrap();
    text
}

fn call(id: &str, tool: &str, arguments: &Value) -> Value {
    json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": tool, "input": arguments}]})
}

fn result(id: &str, text: &str) -> Value {
    json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": text}]})
}

fn bash(id: &str, command: &str, output: &str) -> [Value; 2] {
    [call(id, "Bash", &json!({"command": command})), result(id, output)]
}

fn body(turns: &[[Value; 2]]) -> Value {
    let mut messages = vec![json!({"role": "user", "content": "please look"})];
    messages.extend(turns.iter().flatten().cloned());
    json!({"model": "m", "messages": messages, "tools": [{"name": "Bash"}]})
}

fn offering_retrieval(mut body: Value) -> Value {
    body["tools"].as_array_mut().unwrap().push(json!({"name": "mcp__headroom__headroom_retrieve"}));
    body
}

fn prepare(pipeline: &Pipeline, body: &Value) -> Result<Prepared, Error> {
    let mut exchange = Exchange::new("/v1/messages");
    pipeline.prepare(Provider::Anthropic, &body.to_string(), Live::BehindLastAnswer, Scope::All, &mut exchange)
}

/// Compares without printing: what differs is longer than a screen.
#[track_caller]
fn assert_same(left: impl AsRef<[Value]>, right: impl AsRef<[Value]>) {
    let (left, right) = (left.as_ref(), right.as_ref());
    let differs = left.iter().zip(right).position(|(left, right)| left != right);
    assert!(left.len() == right.len() && differs.is_none(), "message {differs:?} differs");
}

/// The messages that are sent for `body`.
fn sent(pipeline: &Pipeline, body: &Value) -> Vec<Value> {
    let prepared = prepare(pipeline, body).unwrap().body.unwrap_or_else(|| body.to_string());
    serde_json::from_str::<Value>(&prepared).unwrap()["messages"].as_array().unwrap().clone()
}

fn messages(body: &Value) -> Vec<Value> {
    body["messages"].as_array().unwrap().clone()
}

#[test]
fn a_new_block_is_made_smaller_and_the_next_turns_send_the_same_bytes() {
    let store = store();
    let pipeline = pipeline(&store);
    let first = bash("a", "gh api issues", &records(0, 60));
    let once = sent(&pipeline, &body(std::slice::from_ref(&first)));
    assert_ne!(once, messages(&body(std::slice::from_ref(&first))));

    let second = bash("b", "gh api issues?page=2", &records(60, 60));
    let twice = sent(&pipeline, &body(&[first, second]));
    assert_same(&twice[..once.len()], once);
}

#[test]
fn another_process_on_the_same_store_sends_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let first = bash("a", "gh api issues", &records(0, 60));
    let once = sent(&pipeline(&Arc::new(Store::open(&path).unwrap())), &body(std::slice::from_ref(&first)));

    let restarted = Arc::new(Store::open(&path).unwrap());
    let second = bash("b", "ls", "src");
    assert_same(&sent(&pipeline(&restarted), &body(&[first, second]))[..once.len()], once);
}

#[test]
fn a_fork_sends_the_same_bytes_with_other_settings_and_fewer_tools() {
    let store = store();
    let first = bash("a", "pytest -v", &test_run(200));
    let parent = offering_retrieval(body(std::slice::from_ref(&first)));
    let once = sent(&pipeline(&store), &parent);
    assert_ne!(once, messages(&parent));

    let other = Options { profile: Profile::AGGRESSIVE, exclude_tools: vec!["Bash".to_owned()], ..options() };
    let fork = body(&[first, bash("z", "pwd", "/project")]);
    assert_same(&sent(&Pipeline::new(Some(store), other), &fork)[..once.len()], once);
}

#[test]
fn a_conversation_that_ran_without_us_keeps_its_old_blocks_raw() {
    let store = store();
    let old = bash("a", "gh api issues", &records(0, 60));
    let new = bash("b", "gh api issues?page=2", &records(60, 60));
    let body = body(&[old, new]);
    let out = sent(&pipeline(&store), &body);
    assert_same(&out[..3], &messages(&body)[..3]);
    assert_ne!(out[4], messages(&body)[4]);
}

#[test]
fn an_edited_result_goes_raw_and_the_blocks_behind_it_are_still_found() {
    let store = store();
    let pipeline = pipeline(&store);
    let (first, second) = (bash("a", "x", &records(0, 60)), bash("b", "y", &records(60, 60)));
    sent(&pipeline, &body(std::slice::from_ref(&first)));
    let whole = sent(&pipeline, &body(&[first, second.clone()]));

    let cleared = bash("a", "x", "[Old tool result content cleared]");
    let after = sent(&pipeline, &body(&[cleared.clone(), second]));
    assert_eq!(after[2], cleared[1]);
    assert_eq!(after[4], whole[4]);
}

#[test]
fn cache_marks_move_and_nothing_else_changes() {
    let store = store();
    let pipeline = pipeline(&store);
    let first = bash("a", "x", &records(0, 60));
    let mut marked = body(std::slice::from_ref(&first));
    marked["messages"][2]["content"][0]["cache_control"] = json!({"type": "ephemeral"});
    let with_mark = sent(&pipeline, &marked);
    let without = sent(&pipeline, &body(&[first, bash("b", "ls", "src")]));
    assert_eq!(with_mark[2]["content"][0]["content"], without[2]["content"][0]["content"]);
    assert_eq!(with_mark[2]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
}

#[test]
fn what_cannot_be_had_back_is_not_left_out_and_stays_so_when_it_could_be() {
    let store = store();
    let pipeline = pipeline(&store);
    let first = bash("a", "pytest -v", &test_run(200));
    let early = sent(&pipeline, &body(std::slice::from_ref(&first)));
    assert!(!early[2].to_string().contains("headroom retrieve"), "no retrieval, no omission");

    let late = offering_retrieval(body(&[first, bash("b", "pytest -v", &test_run(201))]));
    let out = sent(&pipeline, &late);
    assert_same(&out[..early.len()], early);
    assert!(out[4].to_string().contains("headroom retrieve"));
}

#[test]
fn a_tool_announced_for_later_counts_as_offered_and_one_merely_mentioned_does_not() {
    let with_text = |text: &str| {
        let mut body = body(&[bash("a", "pytest -v", &test_run(200))]);
        body["messages"][0]["content"] = json!([{"type": "text", "text": text}]);
        sent(&pipeline(&store()), &body)[2].to_string().contains("headroom retrieve")
    };
    let announced = "<system-reminder>\nThe following deferred tools are available:\nCronList\nmcp__headroom__headroom_retrieve\n</system-reminder>";
    assert!(with_text(announced));
    let gone =
        announced.replace("available:", "no longer available (their MCP server disconnected). Do not search for them:");
    assert!(!with_text(&gone));
    assert!(!with_text("<system-reminder>\nnever use headroom_retrieve here\n</system-reminder>"));
}

#[test]
fn the_ready_file_of_the_wrap_counts_as_offered() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("retrieval-ready");
    let store = store();
    let retrieval = Retrieval::Offered { ready_file: Some(ready.clone()) };
    let pipeline = Pipeline::new(Some(store), Options { retrieval, ..options() });
    let early = sent(&pipeline, &body(&[bash("a", "pytest -v", &test_run(200))]));
    assert!(!early[2].to_string().contains("headroom retrieve"));
    crate::files::write_atomic(&ready, b"", None).unwrap();
    let late = sent(&pipeline, &body(&[bash("b", "pytest -v", &test_run(200))]));
    assert!(late[2].to_string().contains("headroom retrieve"));
}

#[test]
fn what_was_left_out_is_in_the_store_before_the_request_is_sent() {
    let store = store();
    let text = test_run(200);
    let out = sent(&pipeline(&store), &offering_retrieval(body(&[bash("a", "pytest -v", &text)])));
    assert!(out[2].to_string().contains(Handle::of(&text).as_str()));
    assert_eq!(store.get(&Handle::of(&text)).unwrap().unwrap().text, text);
}

#[test]
fn a_line_that_the_question_or_the_call_names_is_not_left_out() {
    let output_of = |question: &str, command: &str| {
        let mut body = offering_retrieval(body(&[bash("a", command, &test_run(200))]));
        body["messages"][0]["content"] = json!(question);
        sent(&pipeline(&store()), &body)[2].to_string()
    };
    let line = "tests/test_orders.py::test_order_number_137 PASSED";
    assert!(!output_of("run the tests", "pytest -v tests/test_orders.py").contains(line));
    assert!(output_of("does `test_order_number_137` pass?", "pytest -v").contains(line));
    assert!(output_of("run the tests", "pytest -v -k test_order_number_137").contains(line));
}

#[test]
fn an_original_that_expired_is_put_back_from_the_request_that_still_carries_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(Store::open(&path).unwrap());
    let text = test_run(200);
    let first = bash("a", "pytest -v", &text);
    let once = sent(&pipeline(&store), &offering_retrieval(body(std::slice::from_ref(&first))));
    rusqlite::Connection::open(&path).unwrap().execute_batch("DELETE FROM originals").unwrap();
    assert!(store.get(&Handle::of(&text)).unwrap().is_none());

    let twice = sent(&pipeline(&store), &body(&[first, bash("b", "ls", "src")]));
    assert_same(&twice[..once.len()], once);
    assert_eq!(store.get(&Handle::of(&text)).unwrap().unwrap().text, text);
}

#[test]
fn a_store_that_can_no_longer_be_read_stops_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(Store::open(&path).unwrap());
    let body = body(&[bash("a", "x", &records(0, 60))]);
    sent(&pipeline(&store), &body);
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE decisions").unwrap();
    assert!(matches!(prepare(&pipeline(&store), &body), Err(Error::Store(_))));
}

#[test]
fn the_output_of_a_retrieval_is_never_made_smaller() {
    let text = test_run(200);
    let by_tool =
        [call("a", "mcp__headroom__headroom_retrieve", &json!({"handle": "3f9c2a71d04be586"})), result("a", &text)];
    let by_shell = bash("b", "cd /project && headroom retrieve 3f9c2a71d04be586", &text);
    for turn in [by_tool, by_shell] {
        let body = offering_retrieval(body(&[turn]));
        assert_same(sent(&pipeline(&store()), &body), messages(&body));
    }
}

#[test]
fn an_excluded_tool_and_an_error_are_left_alone() {
    let excluding = Options { exclude_tools: vec!["mcp__*__list".to_owned()], ..options() };
    let excluded = body(&[[call("a", "mcp__github__list", &json!({})), result("a", &records(0, 60))]]);
    assert_same(sent(&Pipeline::new(Some(store()), excluding), &excluded), messages(&excluded));

    let mut failed = body(&[bash("a", "x", &records(0, 40))]);
    failed["messages"][2]["content"][0]["is_error"] = json!(true);
    assert_same(sent(&pipeline(&store()), &failed), messages(&failed));
}

/// What `pip` says: no form of it is shorter that leaves nothing out.
fn downloads() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compressors/log/pip-install.in")).unwrap()
}

#[test]
fn a_block_that_went_raw_stays_raw_when_it_is_live_again() {
    let store = store();
    let pipeline = pipeline(&store);
    let request = body(&[bash("a", "pip install -r requirements.txt", &downloads())]);
    assert_same(sent(&pipeline, &request), messages(&request));
    let fresh = sent(&self::pipeline(&self::store()), &offering_retrieval(request.clone()));
    assert!(fresh != messages(&request), "it could have been made smaller");

    // A retry, a fork or a rewind: the same block, by now with a way to get it back, and another question.
    let mut again = offering_retrieval(request.clone());
    again["messages"].as_array_mut().unwrap().push(json!({"role": "user", "content": "never mind"}));
    assert_same(&sent(&pipeline, &again)[..3], messages(&request));
}

#[test]
fn a_block_of_an_excluded_tool_stays_raw_when_the_list_changes() {
    let store = store();
    let excluding = Options { exclude_tools: vec!["Bash".to_owned()], ..options() };
    let request = body(&[bash("a", "gh api issues", &records(0, 60))]);
    assert_same(sent(&Pipeline::new(Some(Arc::clone(&store)), excluding), &request), messages(&request));
    assert_same(sent(&pipeline(&store), &request), messages(&request));
}

#[test]
fn a_block_whose_time_ran_out_stays_raw_when_there_is_time() {
    let store = store();
    let budget = Budget { base: Duration::ZERO, per_megabyte: Duration::ZERO };
    let hurried = Pipeline::new(Some(Arc::clone(&store)), Options { budget, ..options() });
    let body = body(&[bash("a", "x", &records(0, 600))]);
    assert_same(sent(&hurried, &body), messages(&body));
    assert_same(sent(&pipeline(&store), &body), messages(&body));
}

#[test]
fn two_requests_at_once_send_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(Store::open(&path).unwrap());
    let body = body(&[bash("a", "x", &records(0, 60)), bash("b", "y", &records(60, 60))]);
    let all: Vec<_> = thread::scope(|scope| {
        let racing: Vec<_> = [Profile::BALANCED, Profile::AGGRESSIVE, Profile::CONSERVATIVE, Profile::BALANCED]
            .into_iter()
            .map(|profile| {
                let (path, body) = (&path, &body);
                scope.spawn(move || {
                    let store = Arc::new(Store::open(path).unwrap());
                    sent(&Pipeline::new(Some(store), Options { profile, ..options() }), body)
                })
            })
            .collect();
        racing.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_store_that_cannot_be_written_leaves_new_blocks_raw_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(Store::open(&path).unwrap());
    let pipeline = pipeline(&store);
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        .unwrap();
    let body = body(&[bash("a", "x", &records(0, 60))]);
    assert_same(sent(&pipeline, &body), messages(&body));
    blocker.execute_batch("DROP TRIGGER full").unwrap();
    assert_same(sent(&pipeline, &body), messages(&body));
}

#[test]
fn without_a_store_a_request_is_not_prepared() {
    let pipeline = Pipeline::new(None, options());
    let body = body(&[bash("a", "x", &records(0, 60))]);
    assert!(matches!(prepare(&pipeline, &body), Err(Error::NoStore)));
}

#[test]
fn a_request_with_nothing_to_decide_keeps_its_body() {
    let body = body(&[bash("a", "ls", "src\ntests")]);
    assert!(prepare(&pipeline(&store()), &body).unwrap().body.is_none());
}

#[test]
fn bytes_outside_the_replaced_strings_are_those_that_came() {
    let output = serde_json::to_string(&records(0, 60)).unwrap();
    let before = r#"{"big":123456789012345678901234567890,"messages":[ {"role":"user","content":"h\u00e9"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"so","signature":"c2ln\/=="},
        {"type":"tool_use","id":"a","name":"Bash","input":{"command":"x","command":"y"}}]},
        {"content":[{"content":"#;
    let after = r#","tool_use_id":"a","type":"tool_result","cache_control":{"ttl":"1h","type":"ephemeral"}}],"role":"user"}],
        "unknown":{"b":1,"a":2,"b":3} }  "#;
    let text = format!("{before}{output}{after}");
    let mut exchange = Exchange::new("/v1/messages");
    let pipeline = pipeline(&store());
    let prepared =
        pipeline.prepare(Provider::Anthropic, &text, Live::BehindLastAnswer, Scope::All, &mut exchange).unwrap();
    let sent = prepared.body.unwrap();
    assert!(sent.starts_with(before) && sent.ends_with(after) && sent.len() < text.len());
}

#[test]
fn a_long_text_of_the_user_is_shortened_for_keys_alone_and_keeps_its_form() {
    let mut first = body(&[]);
    first["messages"] = json!([{"role": "user", "content": serde_json::to_string(&serde_json::from_str::<Value>(&records(0, 90)).unwrap()).unwrap()}]);
    let store = store();
    let with = |scope, body: &Value| {
        let mut exchange = Exchange::new("/v1/messages");
        let text = body.to_string();
        pipeline(&store).prepare(Provider::Anthropic, &text, Live::BehindLastAnswer, scope, &mut exchange).unwrap().body
    };
    assert!(with(Scope::ToolResults, &first).is_none());
    let once = with(Scope::All, &first).expect("it can be made smaller");
    first["messages"].as_array_mut().unwrap().push(json!({"role": "assistant", "content": "ok"}));
    let twice = with(Scope::All, &first).unwrap();
    let content = |body: &str| serde_json::from_str::<Value>(body).unwrap()["messages"][0].clone();
    assert_eq!(content(&once), content(&twice));
}

struct Recorder(Arc<Mutex<Vec<Stage>>>);

impl Hook for Recorder {
    fn on(&self, stage: Stage, _exchange: Option<&mut Exchange>) {
        self.0.lock().unwrap().push(stage);
    }
}

#[test]
fn hooks_hear_the_stages_of_preparing_in_their_order() {
    let heard = Arc::default();
    let hooks: Vec<Box<dyn Hook>> = vec![Box::new(Recorder(Arc::clone(&heard)))];
    let pipeline = Pipeline::new(Some(store()), Options { hooks, ..options() });
    prepare(&pipeline, &body(&[bash("a", "ls", "src")])).unwrap();
    let expected =
        [Stage::InputReceived, Stage::InputCached, Stage::InputRouted, Stage::InputCompressed, Stage::InputRemembered];
    assert_eq!(*heard.lock().unwrap(), expected);
}

fn outputs() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..50_usize, 1..40_usize).prop_map(|(from, count)| records(from, count)),
        (1..120_usize).prop_map(test_run),
        ".{0,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// For every cut of a conversation: what was sent for the shorter one is a prefix of what is sent for the longer.
    #[test]
    fn what_was_sent_stays_sent(
        outputs in prop::collection::vec(outputs(), 1..6),
        restarts in prop::collection::vec(any::<bool>(), 6),
        offered in prop::collection::vec(any::<bool>(), 6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut current = pipeline(&Arc::new(Store::open(&path).unwrap()));
        let mut turns = Vec::new();
        let mut before: Vec<Value> = Vec::new();
        for (n, output) in outputs.iter().enumerate() {
            if restarts[n] {
                current = pipeline(&Arc::new(Store::open(&path).unwrap()));
            }
            turns.push(bash(&format!("call{n}"), "make check", output));
            let request = if offered[n] { offering_retrieval(body(&turns)) } else { body(&turns) };
            let now = sent(&current, &request);
            prop_assert!(now[..before.len()] == before[..]);
            let retried = if offered[n] { body(&turns) } else { offering_retrieval(body(&turns)) };
            prop_assert!(sent(&current, &retried) == now);
            before = now;
        }
    }
}
