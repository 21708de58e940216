//! The scripted provider of the Responses API itself: what it remembers, refuses and bills, and how its answers leave.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::http::Connection;
use crate::support::openai::{Link, OpenAi};
use crate::support::openai_request::Wire;
use crate::support::openai_turn::{seal, unseal};
use crate::support::provider_cache::{Automatic, Bill};
use crate::support::request::Segment;
use crate::support::turn::{Block, Turn};

fn call() -> Turn {
    let thought = Block::Thinking("Look first.".to_owned());
    let input = json!({"cmd": "ls"});
    Turn::of(vec![thought, Block::ToolUse { id: "call_1".to_owned(), name: "exec_command".to_owned(), input }])
}

fn user(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

fn output(call: &str) -> Value {
    json!({"type": "function_call_output", "call_id": call, "output": "a b c"})
}

/// A client of one connection.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(provider: &OpenAi) -> Result<Self, Error> {
        let url = format!("{}/v1/responses", provider.url().replace("http", "ws"));
        Ok(Self(connect_async(url).await?.0))
    }

    /// The events that answer a frame, up to the last of a response, an error or the end of the connection.
    async fn ask(&mut self, frame: Value) -> Vec<Value> {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
        let mut events = Vec::new();
        while let Some(Ok(message)) = self.0.next().await {
            let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            let is_last = event["type"] == "response.completed" || event["type"] == "error";
            events.push(event);
            if is_last {
                break;
            }
        }
        events
    }
}

fn frame(previous: Option<&Value>, input: &[Value]) -> Value {
    let mut frame = json!({"type": "response.create", "model": "m", "stream": true, "input": input});
    if let Some(event) = previous {
        frame["previous_response_id"] = event["response"]["id"].clone();
    }
    frame
}

#[tokio::test]
async fn an_increment_is_seen_with_everything_that_it_goes_on_from() {
    let provider = OpenAi::scripted(Link::Steady, vec![call()]);
    let mut client = Client::connect(&provider).await.unwrap();
    let mut warm_up = frame(None, &[user("hello")]);
    warm_up["generate"] = false.into();
    let warm = client.ask(warm_up).await;
    assert_eq!(warm.last().unwrap()["response"]["output"], json!([]));
    let called = client.ask(frame(warm.last(), &[user("list it")])).await;
    let said = called.last().unwrap()["response"]["output"].as_array().unwrap();
    let done = client.ask(frame(called.last(), &[output("call_1")])).await;
    assert_eq!(done.last().unwrap()["response"]["output"][0]["content"][0]["text"], "done");

    let turns = provider.turns();
    let mut seen = vec![user("hello"), user("list it")];
    seen.extend(said.iter().cloned());
    seen.push(output("call_1"));
    assert_eq!(turns[1].context.items, seen.iter().map(Value::to_string).collect::<Vec<_>>());
    assert_eq!(turns[1].transcript().results, [("call_1".to_owned(), "a b c".to_owned())]);
    assert_eq!(turns[1].wire, Wire::WebSocket(1));
    assert!(provider.requests()[0].is_warm_up() && provider.requests()[0].bill == Bill::default());
}

#[tokio::test]
async fn a_connection_remembers_its_newest_response_and_no_other() {
    let provider = OpenAi::scripted(Link::Steady, vec![]);
    let mut client = Client::connect(&provider).await.unwrap();
    let first = client.ask(frame(None, &[user("one")])).await;
    let second = client.ask(frame(first.last(), &[user("two")])).await;
    let refused = client.ask(frame(first.last(), &[user("three")])).await;
    assert_eq!(refused[0]["error"]["code"], "previous_response_not_found");
    let forgotten = client.ask(frame(second.last(), &[user("three")])).await;
    assert_eq!(forgotten[0]["error"]["code"], "previous_response_not_found", "a failed turn makes it forget");

    let mut other = Client::connect(&provider).await.unwrap();
    let unknown = other.ask(frame(second.last(), &[user("three")])).await;
    assert_eq!((&unknown[0]["type"], &unknown[0]["status"]), (&json!("error"), &json!(400)));
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    let provider = OpenAi::scripted(Link::Steady, vec![]);
    let mut connection = Connection::open(&provider.url());
    let made = json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"});
    let thought =
        |sealed: String| json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed});
    let mut message = user("twice");
    message["id"] = "msg_1".into();
    let cases = [
        (json!([output("call_1")]), "No tool call found"),
        (json!([made]), "No tool output found"),
        (json!([made, output("call_1"), output("call_1")]), "No tool call found"),
        (json!([message, message]), "Duplicate item found with id msg_1"),
        (json!([thought(seal("So.").replace('b', "c")), user("x")]), "could not be verified"),
    ];
    for (input, reason) in cases {
        let body = json!({"model": "m", "input": input}).to_string();
        let answer = connection.post("/v1/responses", body.as_bytes());
        assert!(answer.status == 400 && answer.text().contains(reason), "{}", answer.text());
    }
    let sound = json!({"model": "m", "input": [thought(seal("So.")), made, output("call_1")]}).to_string();
    assert_eq!(connection.post("/v1/responses", sound.as_bytes()).status, 200);
    assert_eq!(unseal(&seal("Thought.")).as_deref(), Some("Thought."));
}

#[tokio::test]
async fn links_break_as_they_are_told() {
    let provider = OpenAi::scripted(Link::Refused, vec![]);
    let Err(Error::Http(response)) = Client::connect(&provider).await else { panic!("an upgrade was taken") };
    assert_eq!(response.status(), 426);

    let provider = OpenAi::scripted(Link::DroppedWithin(1), vec![]);
    let mut client = Client::connect(&provider).await.unwrap();
    let half = client.ask(frame(None, &[user("one")])).await;
    assert!(!half.is_empty() && half.last().unwrap()["type"] != "response.completed");
    let whole = Client::connect(&provider).await.unwrap().ask(frame(None, &[user("one")])).await;
    assert_eq!(whole.last().unwrap()["type"], "response.completed");

    let provider = OpenAi::scripted(Link::RefusedAfter(1), vec![]);
    let mut client = Client::connect(&provider).await.unwrap();
    let whole = client.ask(frame(None, &[user("one")])).await;
    assert_eq!(whole.last().unwrap()["type"], "response.completed");
    assert!(client.0.next().await.is_none_or(|message| message.is_err()), "the connection is still there");
    assert!(Client::connect(&provider).await.is_err(), "an upgrade was taken");
}

#[test]
fn a_response_leaves_as_events_and_whole() {
    let provider = OpenAi::start(Link::Steady, |_| call().in_pieces(50));
    let mut connection = Connection::open(&provider.url());
    let body = |stream: bool| json!({"model": "m", "input": "hello", "stream": stream}).to_string();
    let whole: Value = serde_json::from_str(&connection.post("/v1/responses", body(false).as_bytes()).text()).unwrap();
    let call = &whole["output"][1];
    assert_eq!((&call["call_id"], &call["arguments"]), (&json!("call_1"), &json!(r#"{"cmd":"ls"}"#)));

    let streamed = connection.post("/v1/responses", body(true).as_bytes());
    assert!(streamed.chunks > 10);
    let text = streamed.text();
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let deltas = events.iter().filter(|event| event["type"] == "response.function_call_arguments.delta");
    assert_eq!(deltas.map(|event| event["delta"].as_str().unwrap()).collect::<String>(), r#"{"cmd":"ls"}"#);
    assert_eq!(events.last().unwrap()["response"]["output"][1]["name"], "exec_command");
}

#[test]
fn a_chat_is_answered_too() {
    let provider = OpenAi::start(Link::Steady, |request| {
        if request.transcript().results.is_empty() { call() } else { Turn::text("There are three.") }
    });
    let mut connection = Connection::open(&provider.url());
    let mut messages = vec![json!({"role": "user", "content": "How many?"})];
    let ask = json!({"model": "m", "messages": messages});
    let asked: Value =
        serde_json::from_str(&connection.post("/v1/chat/completions", ask.to_string().as_bytes()).text()).unwrap();
    assert_eq!(asked["choices"][0]["finish_reason"], "tool_calls");
    messages.push(asked["choices"][0]["message"].clone());
    messages.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "a b c"}));
    let ask = json!({"model": "m", "messages": messages, "stream": true, "stream_options": {"include_usage": true}});
    let text = connection.post("/v1/chat/completions", ask.to_string().as_bytes()).text();
    assert!(text.contains(r#""content":"There ar""#) && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(text.contains(r#""prompt_tokens":"#));
    assert_eq!(provider.turns()[1].transcript().calls[0].1, "exec_command");

    for broken in [vec![messages[1].clone(), messages[0].clone()], vec![messages[2].clone()]] {
        let ask = json!({"model": "m", "messages": broken}).to_string();
        assert_eq!(connection.post("/v1/chat/completions", ask.as_bytes()).status, 400);
    }
}

#[test]
fn a_prefix_that_was_sent_lately_is_read_in_steps() {
    let segment = |bytes: &str, tokens| Segment { bytes: bytes.to_owned(), tokens, marker: None };
    let (mut cache, now) = (Automatic::default(), Instant::now());
    let tools = segment("tools", 1030);
    assert_eq!(cache.bill("m", std::slice::from_ref(&tools), now), Bill { plain: 1030, ..Bill::default() });
    let longer = [tools.clone(), segment("item", 500)];
    assert_eq!(cache.bill("m", &longer, now), Bill { read: 1024, plain: 506, ..Bill::default() });
    assert_eq!(cache.bill("m", &[tools, segment("ITEM", 500)], now).read, 1024);
    assert_eq!(cache.bill("other", &longer, now).read, 0);
    assert_eq!(cache.bill("m", &longer, now + Duration::from_mins(6)).read, 0);
    assert_eq!(cache.bill("m", &[segment("small", 1000)], now).read, 0);
    assert_eq!(cache.bill("m", &[segment("small", 1000), segment("more", 30)], now).read, 0);
}
