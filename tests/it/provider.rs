//! The scripted provider itself: what it bills, what it refuses, and how its answers leave.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Connection;
use crate::support::provider::Provider;
use crate::support::provider_cache::{Bill, Cache};
use crate::support::request::{Lifetime, Segment, messages, segments, without_markers};
use crate::support::turn::{Block, Turn, signature};

fn segment(bytes: &str, tokens: u64, marker: Option<Lifetime>) -> Segment {
    Segment { bytes: bytes.to_owned(), tokens, marker }
}

const FIVE: Option<Lifetime> = Some(Lifetime::FiveMinutes);
const HOUR: Option<Lifetime> = Some(Lifetime::OneHour);

#[test]
fn a_prefix_is_written_once_and_then_read() {
    let mut cache = Cache::default();
    let now = Instant::now();
    let system = segment("system", 2000, FIVE);
    let first = [system.clone(), segment("one", 500, FIVE)];
    assert_eq!(cache.bill("m", &first, now), Bill { written_five_minutes: 2500, ..Bill::default() });

    let second = [system.clone(), segment("one", 500, None), segment("two", 100, FIVE), segment("three", 7, None)];
    let bill = cache.bill("m", &second, now);
    assert_eq!(bill, Bill { read: 2500, written_five_minutes: 100, plain: 7, ..Bill::default() });
    assert!((bill.billed() - 382.0).abs() < 1e-9);
    assert_eq!(bill.input(), 2607);

    let changed = [system, segment("ONE", 500, None), segment("two", 100, FIVE)];
    assert_eq!(cache.bill("m", &changed, now), Bill { read: 2000, written_five_minutes: 600, ..Bill::default() });
}

#[test]
fn a_cached_prefix_expires_unless_it_is_used() {
    let mut cache = Cache::default();
    let start = Instant::now();
    let request = [segment("system", 2000, HOUR), segment("one", 500, FIVE)];
    let minutes = |count: u64| start + Duration::from_secs(count * 60);
    assert_eq!(cache.bill("m", &request, start).written_one_hour, 2000);
    assert_eq!(cache.bill("m", &request, minutes(4)).read, 2500);
    assert_eq!(cache.bill("m", &request, minutes(8)).read, 2500);
    assert_eq!(cache.bill("m", &request, minutes(20)).read, 2000);
    assert_eq!(cache.bill("other", &request, minutes(20)).read, 0);
}

#[test]
fn short_prefixes_are_not_cached_and_markers_look_back_twenty_blocks() {
    let mut cache = Cache::default();
    let now = Instant::now();
    assert_eq!(cache.bill("m", &[segment("small", 1023, FIVE)], now).plain, 1023);

    let mut request = vec![segment("system", 1024, FIVE)];
    cache.bill("m", &request, now);
    request[0].marker = None;
    request.extend((0..19).map(|number| segment(&number.to_string(), 1, None)));
    let (mut near, mut far) = (request.clone(), request);
    near.push(segment("end", 1, FIVE));
    assert_eq!(cache.bill("m", &near, now).read, 1024);
    far.extend([segment("more", 1, None), segment("other end", 1, FIVE)]);
    assert_eq!(cache.bill("m", &far, now).read, 0);
}

#[test]
fn cache_markers_are_taken_out_and_nothing_else() {
    let cases = [
        (r#"{"a":1,"cache_control":{"type":"ephemeral"}}"#, r#"{"a":1}"#),
        (r#"{"cache_control" : {"type":"ephemeral","ttl":"1h"}, "a" : 1.50}"#, r#"{ "a" : 1.50}"#),
        (r#"{"cache_control":{"x":"}\"{"}}"#, r"{}"),
        (r#"{"text":"\"cache_control\":{}, \u00e9"}"#, r#"{"text":"\"cache_control\":{}, \u00e9"}"#),
        (r#"[{"a":[],"cache_control":{}},{"b":"cache_control"}]"#, r#"[{"a":[]},{"b":"cache_control"}]"#),
    ];
    for (before, after) in cases {
        assert_eq!(without_markers(before), after);
    }
}

#[test]
fn segments_and_messages_are_the_bytes_that_were_sent() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"h\u0069"},{"role":"assistant","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}],"system":[{"type":"text","text":"s"}],"tools":[{"name":"t", "x":1e0}]}"#;
    let found: Vec<_> = segments(body).into_iter().map(|segment| (segment.bytes, segment.marker)).collect();
    let expected = [
        (r#"tool {"name":"t", "x":1e0}"#, None),
        (r#"system {"type":"text","text":"s"}"#, None),
        (r#"0 user "h\u0069""#, None),
        (r#"1 assistant {"type":"text","text":"a"}"#, HOUR),
    ];
    assert_eq!(found, expected.map(|(bytes, marker)| (bytes.to_owned(), marker)));
    assert_eq!(messages(body)[0], r#"{"role":"user","content":"h\u0069"}"#);
}

#[test]
fn a_tool_that_is_loaded_on_demand_is_in_no_prefix() {
    let body = |tools: Value, content: Value| {
        let messages = json!([{"role": "user", "content": content}]);
        segments(json!({"tools": tools, "messages": messages}).to_string().as_bytes())
    };
    let (eager, late) = (json!({"name": "Bash"}), json!({"name": "mcp__x__y", "defer_loading": true}));
    let reference = json!([{"type": "tool_result", "content": [{"type": "tool_reference", "tool_name": "mcp__x__y"}]}]);
    let without = body(json!([eager]), reference.clone());
    let with = body(json!([eager, late]), reference);
    let bytes = |segments: &[Segment]| segments.iter().map(|segment| segment.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&with), bytes(&without));
    assert!(with[1].tokens > without[1].tokens);
}

fn conversation(blocks: &[Value]) -> Vec<u8> {
    let first = json!({"role": "user", "content": [{"type": "text", "text": "hello"}]});
    let mut messages = vec![first];
    for (index, block) in blocks.iter().enumerate() {
        let role = if index % 2 == 0 { "assistant" } else { "user" };
        messages.push(json!({"role": role, "content": [block]}));
    }
    json!({"model": "m", "stream": true, "tools": [{"name": "Read"}], "messages": messages}).to_string().into_bytes()
}

#[test]
fn a_request_that_the_real_provider_would_refuse_is_refused() {
    let provider = Provider::scripted(Vec::new());
    let mut connection = Connection::open(&provider.url());
    let mut status = |blocks: &[Value]| connection.post("/v1/messages?beta=true", &conversation(blocks)).status;
    let call = json!({"type": "tool_use", "id": "t1", "name": "Read", "input": {}});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "text"});
    let thought = |signature: &str| json!({"type": "thinking", "thinking": "so", "signature": signature});
    assert_eq!(status(&[]), 200);
    assert_eq!(status(&[call.clone(), result("t1")]), 200);
    assert_eq!(status(&[call, result("t2")]), 400);
    assert_eq!(status(&[thought(&signature("so"))]), 200);
    assert_eq!(status(&[thought("c28=")]), 400);
}

#[test]
fn an_answer_in_pieces_is_the_same_answer() {
    let turn = || {
        let input = json!({"file_path": "/srv/é.log"});
        let call = Block::ToolUse { id: "t1".to_owned(), name: "Read".to_owned(), input };
        Turn::of(vec![Block::Thinking("näher hin".to_owned()), Block::Text("Lösung".to_owned()), call])
    };
    let provider = Provider::scripted(vec![turn(), turn().in_pieces(7)]);
    let mut connection = Connection::open(&provider.url());
    let whole = connection.post("/v1/messages", &conversation(&[]));
    let pieces = connection.post("/v1/messages", &conversation(&[]));
    assert!(pieces.chunks > 100, "{} chunks", pieces.chunks);
    // The ids of answers count up, and the second one was read from the cache.
    let usage = |text: &str| text.replace("msg_000002", "msg_000001");
    assert_eq!(usage(&pieces.text()), whole.text());
}

#[test]
fn a_failure_is_sent_in_the_providers_own_shape() {
    let provider = Provider::scripted(vec![Turn::failure(529, "overloaded_error", "Overloaded")]);
    let answer = Connection::open(&provider.url()).post("/v1/messages", &conversation(&[]));
    assert_eq!(answer.status, 529);
    let body: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(body, json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
    assert_eq!(provider.turns()[0].status, 529);
}

#[test]
fn tokens_are_counted_as_they_are_billed() {
    let provider = Provider::scripted(Vec::new());
    let mut connection = Connection::open(&provider.url());
    let counted = connection.post("/v1/messages/count_tokens?beta=true", &conversation(&[])).text();
    connection.post("/v1/messages", &conversation(&[]));
    let counted: Value = serde_json::from_str(&counted).unwrap();
    assert_eq!(counted["input_tokens"], provider.turns()[0].bill.input());
    assert_eq!(provider.requests().len(), 2);
}
