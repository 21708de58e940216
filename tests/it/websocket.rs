//! `/v1/responses` over a WebSocket, between a client and a provider that are a few lines each: what goes through, and
//! how each side's end reaches the other.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, client_async};

use crate::support::proxy::Proxy;

type Socket = WebSocketStream<TcpStream>;

/// Runs `test` with the address of a proxy and the listener of its provider.
fn with_proxy<F: Future<Output = ()>>(test: impl FnOnce(SocketAddr, TcpListener) -> F) {
    with_process(async |proxy, provider| test(proxy.address, provider).await);
}

/// The same with the proxy itself.
fn with_process(test: impl AsyncFnOnce(&Proxy, TcpListener)) {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", provider.local_addr().unwrap());
        let proxy = Proxy::start(home.path(), &url, 0);
        test(&proxy, provider).await;
    });
}

/// Asks `address` for a WebSocket as Codex does.
async fn ask(address: SocketAddr) -> Result<(Socket, Response), Error> {
    let mut request = format!("ws://{address}/v1/responses?x=1").into_client_request().unwrap();
    for (name, value) in [
        ("authorization", "Bearer sk-test"),
        ("openai-beta", "responses_websockets=2026-02-06"),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, response) = client_async(request, stream).await?;
    Ok((socket, response.map(drop)))
}

/// Takes the next connection of the provider's, with the request for it.
async fn take(provider: &TcpListener) -> (Socket, Request) {
    let (stream, _) = provider.accept().await.unwrap();
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    let answer = |request: &Request, mut response: Response| {
        asked = Some(request.clone());
        response.headers_mut().insert("x-codex-turn-state", "state".parse().unwrap());
        Ok(response)
    };
    let socket = accept_hdr_async(stream, answer).await.unwrap();
    (socket, asked.unwrap())
}

/// Both ends of a WebSocket through the proxy.
async fn connected(proxy: SocketAddr, provider: &TcpListener) -> (Socket, Socket) {
    let (client, (server, _)) = tokio::join!(ask(proxy), take(provider));
    (client.unwrap().0, server)
}

fn text(value: &Value) -> Message {
    Message::text(value.to_string())
}

async fn next(socket: &mut Socket) -> Message {
    socket.next().await.unwrap().unwrap()
}

fn records() -> String {
    let rows: Vec<Value> = (0..40)
        .map(|id| json!({"id": id, "state": "open", "title": format!("Issue number {id}"), "author": {"login": "ada"}}))
        .collect();
    serde_json::to_string_pretty(&rows).unwrap()
}

#[test]
fn the_upgrade_and_every_frame_that_is_no_request_go_through_as_they_are() {
    with_proxy(|proxy, provider| async move {
        let (client, (mut server, asked)) = tokio::join!(ask(proxy), take(&provider));
        let (mut client, consent) = client.unwrap();
        assert_eq!(asked.uri(), "/v1/responses?x=1");
        assert_eq!(asked.headers()["authorization"], "Bearer sk-test");
        assert_eq!(asked.headers()["openai-beta"], "responses_websockets=2026-02-06");
        assert!(!asked.headers().contains_key("sec-websocket-extensions"), "a compressed frame could not be read");
        assert_eq!(consent.headers()["x-codex-turn-state"], "state");
        let frames = [
            Message::text(r#"{ "type":"response.cancel" , "n": 1e2}"#),
            Message::text("no JSON"),
            Message::text(""),
            Message::binary(vec![0, 255, 10]),
            Message::text(r#"{"type":"response.create","input":"why",  "model":"m"}"#),
        ];
        for frame in frames {
            client.send(frame.clone()).await.unwrap();
            assert_eq!(next(&mut server).await, frame);
            server.send(frame.clone()).await.unwrap();
            assert_eq!(next(&mut client).await, frame);
        }
        client.send(Message::Ping(b"still there".as_slice().into())).await.unwrap();
        assert_eq!(next(&mut server).await, Message::Ping(b"still there".as_slice().into()));
        assert_eq!(next(&mut client).await, Message::Pong(b"still there".as_slice().into()));
    });
}

#[test]
fn an_increment_is_sent_as_the_whole_history_is_sent_later() {
    with_proxy(|proxy, provider| async move {
        let (mut client, mut server) = connected(proxy, &provider).await;
        let call = json!({"type": "function_call", "id": "fc", "call_id": "c1", "name": "exec_command",
            "arguments": "{\"cmd\":\"gh api issues\"}"});
        let output = json!({"type": "function_call_output", "call_id": "c1", "output": records()});
        client
            .send(text(&json!({"type": "response.create", "input": [{"role": "user", "content": "look"}]})))
            .await
            .unwrap();
        next(&mut server).await;
        server.send(text(&json!({"type": "response.output_item.done", "item": call}))).await.unwrap();
        server.send(text(&json!({"type": "response.completed", "response": {"id": "r1"}}))).await.unwrap();
        next(&mut client).await;
        next(&mut client).await;
        let increment = json!({"type": "response.create", "previous_response_id": "r1", "input": [output]});
        client.send(text(&increment)).await.unwrap();
        let sent: Value = serde_json::from_str(next(&mut server).await.to_text().unwrap()).unwrap();
        let shorter = sent["input"][0]["output"].as_str().unwrap();
        assert!(shorter.len() < records().len() / 2, "{shorter}");
        assert_eq!(sent["previous_response_id"], "r1");

        drop((client, server));
        let (mut client, mut server) = connected(proxy, &provider).await;
        let question = json!({"role": "user", "content": "look"});
        let whole = json!({"type": "response.create", "input": [question, call, output,
            {"type": "message", "role": "assistant", "content": []}, {"role": "user", "content": "and?"}]});
        client.send(text(&whole)).await.unwrap();
        let sent: Value = serde_json::from_str(next(&mut server).await.to_text().unwrap()).unwrap();
        assert_eq!(sent["input"][2]["output"], shorter);
    });
}

#[test]
fn a_refused_upgrade_reaches_the_client_as_it_is() {
    with_proxy(|proxy, provider| async move {
        let refuse = async {
            let (mut stream, _) = provider.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            assert!(asked[..length].starts_with(b"GET /v1/responses"));
            let answer = "HTTP/1.1 426 Upgrade Required\r\nx-why: no\r\ncontent-length: 4\r\n\r\nlate";
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (asked, ()) = tokio::join!(ask(proxy), refuse);
        let Err(Error::Http(response)) = asked else { panic!("it was refused") };
        assert_eq!((response.status().as_u16(), response.headers()["x-why"].to_str().unwrap()), (426, "no"));
    });
}

#[test]
fn a_switch_to_something_else_is_no_consent() {
    with_proxy(|proxy, provider| async move {
        let switch = async {
            let (mut stream, _) = provider.accept().await.unwrap();
            let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
            stream.write_all(format!("{head}sec-websocket-accept: AAAA\r\n\r\n").as_bytes()).await.unwrap();
            stream
        };
        let (asked, _stream) = tokio::join!(ask(proxy), switch);
        let Err(Error::Http(response)) = asked else { panic!("it was refused") };
        assert_eq!(response.status(), 502);
    });
}

#[test]
fn a_proxy_that_is_asked_to_end_lets_a_response_end_first() {
    with_process(async |proxy, provider| {
        let (mut client, mut server) = connected(proxy.address, &provider).await;
        let (mut idle, _idle_server) = connected(proxy.address, &provider).await;
        client.send(Message::text(r#"{"type":"response.create","input":"why"}"#)).await.unwrap();
        next(&mut server).await;
        proxy.terminate();
        assert!(matches!(idle.next().await, Some(Err(_)) | None), "nothing was under way");
        let last = Message::text(r#"{"type":"response.completed","response":{"id":"r1"}}"#);
        server.send(last.clone()).await.unwrap();
        assert_eq!(next(&mut client).await, last);
        assert!(matches!(client.next().await, Some(Err(_)) | None));
    });
}

#[test]
fn a_provider_that_cannot_be_reached_is_said_in_its_own_shape() {
    with_proxy(|proxy, provider| async move {
        drop(provider);
        let Err(Error::Http(response)) = ask(proxy).await else { panic!("nobody is there") };
        assert_eq!(response.status(), 502);
    });
}

#[test]
fn each_sides_goodbye_reaches_the_other() {
    with_proxy(|proxy, provider| async move {
        let goodbye = |code| CloseFrame { code, reason: "enough".into() };
        let (mut client, mut server) = connected(proxy, &provider).await;
        client.close(Some(goodbye(CloseCode::Normal))).await.unwrap();
        assert_eq!(next(&mut server).await, Message::Close(Some(goodbye(CloseCode::Normal))));
        let (mut client, mut server) = connected(proxy, &provider).await;
        server.close(Some(goodbye(CloseCode::Policy))).await.unwrap();
        assert_eq!(next(&mut client).await, Message::Close(Some(goodbye(CloseCode::Policy))));
    });
}

#[test]
fn a_connection_that_breaks_looks_broken_to_the_other_side() {
    with_proxy(|proxy, provider| async move {
        let (mut client, server) = connected(proxy, &provider).await;
        drop(server);
        assert!(matches!(client.next().await, Some(Err(_)) | None));
        let (client, mut server) = connected(proxy, &provider).await;
        drop(client);
        assert!(matches!(server.next().await, Some(Err(_)) | None));
    });
}

#[test]
fn a_client_is_accepted_before_it_gives_up_on_a_slow_provider() {
    with_proxy(|proxy, provider| async move {
        let started = Instant::now();
        let (mut client, _) = ask(proxy).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10), "Codex waits for 15 s");
        let frame = Message::text(r#"{"type":"response.create","input":"why"}"#);
        client.send(frame.clone()).await.unwrap();
        let (mut server, _) = take(&provider).await;
        assert_eq!(next(&mut server).await, frame);
    });
}

#[test]
fn a_client_that_was_accepted_before_a_refusal_is_told_why_it_is_left() {
    with_proxy(|proxy, provider| async move {
        let (mut client, _) = ask(proxy).await.unwrap();
        let (mut stream, _) = provider.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let Message::Close(Some(goodbye)) = next(&mut client).await else { panic!("it is left") };
        assert_eq!(goodbye.code, CloseCode::Again);
        assert_eq!(goodbye.reason.as_str(), "the provider answered 401 Unauthorized");
    });
}
