//! The server through its own protocol, over a pipe in this process.

use std::cell::Cell;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};
use tokio::task::LocalSet;

use super::*;
use crate::ccr::Handle;
use crate::tokens;

/// A client's end of a server that runs in this process, over a store of its own.
struct Client {
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
    next_id: u64,
}

impl Client {
    async fn tell(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        self.tell(json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})).await;
        let line = self.output.next_line().await.unwrap().expect("an answer");
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], self.next_id, "{line}");
        answer
    }

    async fn initialize(&mut self) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let answer = self.ask("initialize", params).await;
        self.tell(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        answer["result"].clone()
    }

    /// What `headroom_retrieve` says, and whether it says that the call was wrong.
    async fn retrieve(&mut self, arguments: Value) -> (String, bool) {
        let answer = self.ask("tools/call", json!({"name": "headroom_retrieve", "arguments": arguments})).await;
        let result = &answer["result"];
        assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{answer}");
        assert!(result.get("structuredContent").is_none(), "the text is there once, not again as JSON");
        (result["content"][0]["text"].as_str().unwrap().to_owned(), result["isError"] == true)
    }
}

/// Runs `test` against a server whose store holds `originals`; the store has to exist only if there are any.
async fn with_server<F>(originals: &[&str], test: impl FnOnce(Client, Box<dyn Fn() -> bool>) -> F)
where
    F: Future<Output = ()>,
{
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for original in originals {
        assert!(Store::open(&path).unwrap().put("/p", original).unwrap());
    }
    let (input, server_input) = tokio::io::duplex(1 << 16);
    let (server_output, output) = tokio::io::duplex(1 << 16);
    let is_ready = std::rc::Rc::new(Cell::new(false));
    let set_ready = is_ready.clone();
    let local = LocalSet::new();
    let server = local.spawn_local(serve(path, server_input, server_output, move || set_ready.set(true)));
    let client = Client { input, output: BufReader::new(output).lines(), next_id: 0 };
    let ready = Box::new(move || is_ready.get());
    local
        .run_until(async move {
            test(client, ready).await;
            server.await.unwrap().expect("the server ends well when its client goes");
        })
        .await;
}

/// Runs `test` against an initialized server whose store holds `original`.
async fn with_original<F>(original: &str, test: impl FnOnce(Client, String) -> F)
where
    F: Future<Output = ()>,
{
    let handle = Handle::of(original).to_string();
    with_server(&[original], |mut client, _| async move {
        client.initialize().await;
        test(client, handle).await;
    })
    .await;
}

#[tokio::test]
async fn the_server_says_who_it_is_and_then_that_it_is_ready() {
    with_server(&[], |mut client, is_ready| async move {
        assert!(!is_ready());
        let result = client.initialize().await;
        assert_eq!(result["serverInfo"]["name"], "headroom");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(result.get("instructions").is_none(), "they would be part of every prompt");
        client.ask("tools/list", json!({})).await;
        assert!(is_ready());
    })
    .await;
}

#[tokio::test]
async fn the_tools_cost_few_tokens() {
    with_server(&[], |mut client, _| async move {
        client.initialize().await;
        let answer = client.ask("tools/list", json!({})).await;
        let tools = answer["result"]["tools"].as_array().unwrap();
        assert_eq!(tools.len(), 1);
        assert_eq!(tools[0]["annotations"]["readOnlyHint"], true);
        assert_eq!(tools[0]["inputSchema"]["required"], json!(["handle"]));
        // What a model is shown of a tool.
        let shown = json!({
            "name": tools[0]["name"], "description": tools[0]["description"], "input_schema": tools[0]["inputSchema"],
        });
        let cost = tokens::count(&shown.to_string());
        println!("tokens: {cost} shown to the model, {} in the answer", tokens::count(&answer["result"].to_string()));
        assert!(cost <= 80, "{cost}");
    })
    .await;
}

#[tokio::test]
async fn an_original_comes_back_as_it_was_under_every_name_of_its_handle() {
    let original = "{\"a\": \"quoted \\\" and \u{1F600}\"}\r\n\tno line end";
    with_original(original, |mut client, handle| async move {
        for name in ["handle", "hash", "cache_key"] {
            assert_eq!(client.retrieve(json!({name: handle})).await, (original.to_owned(), false), "{name}");
        }
        let whole_hint = format!("headroom retrieve {}]", handle.to_uppercase());
        assert_eq!(client.retrieve(json!({"handle": whole_hint})).await.0, original);
    })
    .await;
}

#[tokio::test]
async fn lines_and_matches_can_be_asked_for() {
    with_original("one\ntwo\nthree\nfour\n", |mut client, handle| async move {
        for lines in [json!("2-3"), json!([2, 3])] {
            assert_eq!(client.retrieve(json!({"handle": handle, "lines": lines})).await.0, "two\nthree\n");
        }
        assert_eq!(client.retrieve(json!({"handle": handle, "lines": 4})).await.0, "four\n");
        for name in ["query", "search_query"] {
            let arguments = json!({"handle": handle, name: "^t", "lines": null});
            assert_eq!(client.retrieve(arguments).await, ("2:two\n3:three\n".to_owned(), false));
        }
        let (text, is_mistake) = client.retrieve(json!({"handle": handle, "query": "five"})).await;
        assert_eq!((text.as_str(), is_mistake), ("no line of the original matches `five`, of 4", false));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_argument_is_named() {
    with_original("one\n", |mut client, handle| async move {
        let cases = [
            (json!({}), "`handle` is missing"),
            (json!({"handle": "xyz"}), "`xyz` is not a handle: a handle is 16 hex digits"),
            (json!({"handle": handle, "lines": "last"}), "`last` is not a range of lines"),
            (json!({"handle": handle, "lines": "0-3"}), "counting from 1"),
        ];
        for (arguments, expected) in cases {
            let (text, is_mistake) = client.retrieve(arguments).await;
            assert!(is_mistake && text.contains(expected), "{text}");
        }
        let past = client.retrieve(json!({"handle": handle, "lines": "7-9"})).await;
        assert_eq!(past.0, "the original has no line 7: it ends at line 1");
        let answer = client.ask("tools/call", json!({"name": "headroom_forget", "arguments": {}})).await;
        assert_eq!(answer["error"]["message"], "there is no tool `headroom_forget`");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_handle_ends_the_matter_also_where_there_is_no_store() {
    for originals in [&["one"][..], &[]] {
        with_server(originals, |mut client, _| async move {
            client.initialize().await;
            let (text, is_mistake) = client.retrieve(json!({"handle": "0123456789abcdef"})).await;
            assert!(!is_mistake, "a call that failed would be tried again");
            assert!(text.contains("0123456789abcdef") && text.contains("Do not ask again"), "{text}");
            assert!(text.contains("Read the source"), "{text}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_large_original_comes_in_pages_that_leave_nothing_out() {
    let original: String = (1..=5_000).map(|line| ["line ", &line.to_string(), " of a long log\n"].concat()).collect();
    let expected = original.clone();
    with_original(&original, |mut client, handle| async move {
        let (mut whole, mut next) = (String::new(), "1-".to_owned());
        while !next.is_empty() {
            let (text, _) = client.retrieve(json!({"handle": handle, "lines": next})).await;
            assert!(text.len() < 32_300);
            let (page, more) = text.split_once("\nThis is lines ").unwrap_or((&text, ""));
            whole.push_str(page);
            next = more.split('"').nth(1).unwrap_or_default().to_owned();
        }
        assert_eq!(whole, expected);
        let (text, _) = client.retrieve(json!({"handle": handle, "query": "line"})).await;
        assert!(text.contains(" of 5000 matching lines."), "{}", &text[text.len() - 200..]);
    })
    .await;
}

#[tokio::test]
async fn one_endless_line_is_searched_not_dumped() {
    let original = format!("[{}{{\"needle\": 1}}]", "{\"hay\": 0}, ".repeat(20_000));
    with_original(&original, |mut client, handle| async move {
        let (start, _) = client.retrieve(json!({"handle": handle})).await;
        assert!(start.len() < 32_300 && start.contains("Find what is in it by query."), "{}", start.len());
        assert!(start.ends_with(&format!("headroom retrieve {handle}")));
        let (found, _) = client.retrieve(json!({"handle": handle, "query": "needle"})).await;
        assert!(found.len() < 500 && found.contains("{\"needle\": 1}"), "{found}");
    })
    .await;
}

#[tokio::test]
async fn an_original_that_is_stored_later_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let originals = Originals::at(folder.path().join("store.db"));
    assert!(originals.store().unwrap().is_none());
    Store::open(&originals.path).unwrap().put("", "late").unwrap();
    let store = originals.store().unwrap().expect("there is one now");
    assert!(store.get(&Handle::of("late")).unwrap().is_some());
}
