//! `headroom proxy` between a client and a scripted provider: what goes through, and what does not.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use crate::support::fake_agent::Waiting;
use crate::support::home::Home;
use crate::support::http::Connection;
use crate::support::place::HEADROOM;
use crate::support::provider::{Provider, Request};
use crate::support::proxy::Proxy;
use crate::support::turn::Turn;

/// Sends `request` as it is and returns the whole answer.
fn raw(proxy: &Proxy, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn records(count: usize) -> String {
    let rows: Vec<Value> = (0..count)
        .map(|id| json!({"id": id, "state": "open", "title": format!("Issue number {id}"), "author": {"login": "ada"}}))
        .collect();
    serde_json::to_string_pretty(&rows).unwrap()
}

/// A conversation of one finished tool call.
fn conversation(output: &str) -> Value {
    json!({"model": "m", "stream": true, "tools": [{"name": "Bash"}], "messages": [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "gh api"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": output}]}]})
}

fn with_proxy(test: impl FnOnce(&Provider, &Proxy, &Path)) {
    let home = tempfile::tempdir().unwrap();
    let provider = Provider::scripted(Vec::new());
    let proxy = Proxy::start(home.path(), &provider.url(), 0);
    test(&provider, &proxy, home.path());
}

fn last(provider: &Provider) -> Request {
    provider.requests().pop().unwrap()
}

#[test]
fn what_is_not_a_conversation_passes_byte_for_byte_by_any_method() {
    with_proxy(|provider, proxy, _| {
        let body = b"\x00\xff {not json";
        for method in ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"] {
            raw(proxy, &request(method, "/v1/files/a%2Fb?x=1&y=%20", "content-type: application/x\r\n", body));
            let seen = last(provider);
            assert_eq!((seen.method.as_str(), seen.path.as_str()), (method, "/v1/files/a%2Fb?x=1&y=%20"));
            assert_eq!(seen.body.as_ref(), body);
            assert_eq!(seen.header("content-type"), Some("application/x"));
        }
        raw(proxy, b"HEAD / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        assert_eq!(last(provider).method, "HEAD");
    });
}

#[test]
fn an_empty_body_states_its_length() {
    with_proxy(|provider, proxy, _| {
        for path in ["/v1/messages", "/v1/messages/batches/b/cancel"] {
            raw(proxy, &request("POST", path, "", b""));
            assert_eq!(last(provider).header("content-length"), Some("0"), "{path}");
        }
    });
}

#[test]
fn headers_of_one_connection_stay_on_it_and_all_others_cross() {
    with_proxy(|provider, proxy, _| {
        let headers = "x-api-key: sk-ant-secret\r\nauthorization: Bearer t\r\nanthropic-beta: a,b\r\nte: trailers\r\n\
                       proxy-authorization: Basic x\r\nconnection: X-Hop\r\nx-hop: 1\r\nx-headroom-note: 1\r\n";
        raw(proxy, &request("POST", "/v1/messages/count_tokens?beta=true", headers, b"{}"));
        let seen = last(provider);
        assert_eq!(seen.header("x-api-key"), Some("sk-ant-secret"));
        assert_eq!(seen.header("authorization"), Some("Bearer t"));
        assert_eq!(seen.header("anthropic-beta"), Some("a,b"));
        for gone in ["te", "proxy-authorization", "x-hop", "x-headroom-note"] {
            assert_eq!(seen.header(gone), None, "{gone}");
        }
    });
}

#[test]
fn a_count_of_tokens_passes_byte_for_byte_and_decides_nothing() {
    with_proxy(|provider, proxy, _| {
        let body = conversation(&records(80)).to_string();
        raw(proxy, &request("POST", "/v1/messages/count_tokens", "", body.as_bytes()));
        assert_eq!(last(provider).body, body.as_bytes());
    });
}

#[test]
fn a_conversation_with_nothing_to_shorten_is_the_body_that_came() {
    with_proxy(|provider, proxy, _| {
        let spaced = conversation("ok").to_string().replace(':', " : ");
        for body in [spaced.as_str(), "{\"messages\":[", "[]", "", "\u{feff}{}"] {
            raw(proxy, &request("POST", "/v1/messages", "", body.as_bytes()));
            assert_eq!(last(provider).body, body.as_bytes(), "{body}");
        }
        raw(proxy, &request("POST", "/v1/messages", "", b"{\"messages\":[\xff]}"));
        assert_eq!(last(provider).body.as_ref(), b"{\"messages\":[\xff]}");
    });
}

#[test]
fn a_new_result_is_shortened_and_the_same_after_the_proxy_was_killed() {
    let home = tempfile::tempdir().unwrap();
    let provider = Provider::scripted(Vec::new());
    let proxy = Proxy::start(home.path(), &provider.url(), 0);
    let mut body = conversation(&records(80));
    Connection::open(&proxy.url()).post("/v1/messages", body.to_string().as_bytes());
    let first = last(&provider).json();
    assert!(first["messages"][2].to_string().len() < body["messages"][2].to_string().len());

    let proxy = proxy.kill_and_restart();
    body["messages"].as_array_mut().unwrap().extend([json!({"role": "assistant", "content": "I see"})]);
    body["messages"].as_array_mut().unwrap().extend([json!({"role": "user", "content": "go on"})]);
    Connection::open(&proxy.url()).post("/v1/messages", body.to_string().as_bytes());
    assert_eq!(last(&provider).json()["messages"][2], first["messages"][2]);
}

#[test]
fn a_bypass_is_a_byte_passthrough() {
    with_proxy(|provider, proxy, home| {
        let body = conversation(&records(80)).to_string();
        raw(proxy, &request("POST", "/v1/messages", "x-headroom-bypass: true\r\n", body.as_bytes()));
        assert_eq!(blake3::hash(&last(provider).body), blake3::hash(body.as_bytes()));

        let disabled = Proxy::start_with(home, &provider.url(), 0, &[("HEADROOM_DISABLE", "1")]);
        raw(&disabled, &request("POST", "/v1/messages", "", body.as_bytes()));
        assert_eq!(blake3::hash(&last(provider).body), blake3::hash(body.as_bytes()));
    });
}

#[test]
fn a_packed_body_is_read_and_packed_again_only_when_it_changes() {
    with_proxy(|provider, proxy, _| {
        let sent = |body: &Value| {
            let body = zstd::encode_all(body.to_string().as_bytes(), 3).unwrap();
            raw(proxy, &request("POST", "/v1/messages", "content-encoding: zstd\r\n", &body));
            let seen = last(provider);
            assert_eq!(seen.header("content-encoding"), Some("zstd"));
            (body, seen.body)
        };
        let (body, seen) = sent(&conversation("ok"));
        assert_eq!(seen, body);
        let (_, seen) = sent(&conversation(&records(80)));
        let seen = String::from_utf8(zstd::decode_all(&seen[..]).unwrap()).unwrap();
        raw(proxy, &request("POST", "/v1/messages", "", conversation(&records(80)).to_string().as_bytes()));
        assert_eq!(seen.as_bytes(), last(provider).body);
        assert!(seen.len() < records(80).len());
    });
}

#[test]
fn a_body_that_cannot_be_unpacked_passes_as_it_is() {
    with_proxy(|provider, proxy, _| {
        let text = conversation(&records(80)).to_string();
        let mut damaged = zstd::encode_all(text.as_bytes(), 3).unwrap();
        damaged.truncate(damaged.len() / 2);
        for (coding, body) in [("zstd", damaged.as_slice()), ("br", b"any bytes")] {
            raw(proxy, &request("POST", "/v1/messages", &format!("content-encoding: {coding}\r\n"), body));
            let seen = last(provider);
            assert_eq!((seen.body.as_ref(), seen.header("content-encoding")), (body, Some(coding)));
        }
    });
}

#[test]
fn the_providers_errors_arrive_unchanged() {
    let home = tempfile::tempdir().unwrap();
    let provider = Provider::scripted(vec![Turn::failure(529, "overloaded_error", "Overloaded")]);
    let proxy = Proxy::start(home.path(), &provider.url(), 0);
    let body = conversation("ok").to_string();
    let answer = Connection::open(&proxy.url()).post("/v1/messages", body.as_bytes());
    assert_eq!(answer.status, 529);
    assert_eq!(serde_json::from_str::<Value>(&answer.text()).unwrap()["error"]["type"], "overloaded_error");
}

#[test]
fn an_unreachable_provider_is_said_in_its_own_shape() {
    let home = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::start(home.path(), &format!("http://user:secret@{free}"), 0);
    let answer = Connection::open(&proxy.url()).post("/v1/messages", conversation("ok").to_string().as_bytes());
    assert_eq!(answer.status, 502);
    let body: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("api_error")));
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    let alive = raw(&proxy, &request("GET", "/livez", "", b""));
    assert!(alive.contains(&free.to_string()) && !alive.contains("secret"), "{alive}");
}

#[test]
fn a_foreign_name_or_page_is_refused_on_every_route() {
    with_proxy(|provider, proxy, _| {
        for path in ["/v1/messages", "/livez", "/anything"] {
            let rebound =
                format!("POST {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            assert!(raw(proxy, rebound.as_bytes()).starts_with("HTTP/1.1 403"));
            let page = request("POST", path, "origin: https://evil.example\r\n", b"");
            assert!(raw(proxy, &page).starts_with("HTTP/1.1 403"));
        }
        assert!(provider.requests().is_empty());
    });
}

/// A provider of one connection that says when it was hung up on.
fn one_event_upstream() -> (String, mpsc::Receiver<&'static str>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 1 << 14];
        assert_ne!(stream.read(&mut buffer).unwrap(), 0);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(format!("{head}10\r\ndata: the first\n\r\n").as_bytes()).unwrap();
        if may_go_on.recv().is_ok() {
            stream.write_all(b"11\r\ndata: the second\n\r\n0\r\n\r\n").unwrap();
        }
        tell.send(if stream.read(&mut buffer).is_ok_and(|read| read > 0) { "more" } else { "hung up" }).unwrap();
    });
    (url, told, go_on)
}

#[test]
fn an_event_arrives_while_the_provider_still_thinks_about_the_next() {
    let home = tempfile::tempdir().unwrap();
    let (url, _told, go_on) = one_event_upstream();
    let proxy = Proxy::start(home.path(), &url, 0);
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    stream.write_all(&request("POST", "/v1/messages", "", conversation("ok").to_string().as_bytes())).unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("the first") {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0);
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(!seen.contains("the second"));
    go_on.send(()).unwrap();
    stream.read_to_string(&mut seen).unwrap();
    assert!(seen.contains("the second"));
}

#[test]
fn the_provider_is_hung_up_on_when_the_client_goes_away() {
    let home = tempfile::tempdir().unwrap();
    let (url, told, go_on) = one_event_upstream();
    let proxy = Proxy::start(home.path(), &url, 0);
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    stream.write_all(&request("POST", "/v1/messages", "", conversation("ok").to_string().as_bytes())).unwrap();
    assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
    drop(stream);
    drop(go_on);
    assert_eq!(told.recv().unwrap(), "hung up");
}

#[test]
fn a_broken_store_loses_the_savings_and_no_request() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("store.db"), b"this is no database, and it is long enough to be read as one").unwrap();
    let provider = Provider::scripted(Vec::new());
    let proxy = Proxy::start(home.path(), &provider.url(), 0);
    let body = conversation(&records(80)).to_string();
    let answer = Connection::open(&proxy.url()).post("/v1/messages", body.as_bytes());
    assert_eq!((answer.status, last(&provider).body.as_ref()), (200, body.as_bytes()));
}

#[test]
fn a_taken_port_and_an_open_address_are_refused_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = |args: &[&str]| {
        let output = Command::new(HEADROOM).arg("proxy").args(args).env("HEADROOM_HOME", home.path()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["--port", &port]);
    assert_eq!(code, 1);
    assert!(said.contains(&port) && said.contains("hint:"), "{said}");
    let (code, said) = run(&["--host", "0.0.0.0"]);
    assert_eq!(code, 2);
    assert!(said.contains("hint:"), "{said}");
}

/// A wrap whose proxy panics once at `place`, its home, and the address that its agent was given.
fn panicking(place: &str, provider: &Provider) -> (Waiting, Home, String) {
    let home = Home::new();
    let (wrap, address) = panicking_in(&home, place, provider);
    (wrap, home, address)
}

fn panicking_in(home: &Home, place: &str, provider: &Provider) -> (Waiting, String) {
    home.waiting_agent("");
    let fault = format!("panic:{place}");
    let env = [("HEADROOM_FAILPOINT", fault.as_str()), ("HEADROOM_ANTHROPIC_API_URL", &provider.url())];
    let wrap = home.start_with("", &["wrap", "claude"], &env);
    let address = home.seen_variable("ANTHROPIC_BASE_URL").unwrap();
    (wrap, address)
}

#[test]
fn a_panic_while_a_request_is_prepared_sends_its_original_bytes_and_is_in_the_log() {
    let provider = Provider::scripted(Vec::new());
    let (wrap, home, address) = panicking("request", &provider);
    let body = conversation(&records(80)).to_string();
    let mut connection = Connection::open(&address);
    assert_eq!(connection.post("/v1/messages", body.as_bytes()).status, 200);
    assert_eq!(last(&provider).body, body.as_bytes());
    let ran = wrap.go_on().expect_code(0);
    assert!(!ran.stderr.contains("panic"), "the terminal is the agent's: {}", ran.stderr);
    let log = home.read(".headroom/headroom.log");
    assert!(log.contains("as a test asked for") && log.contains("sent as it came"), "{log}");
}

#[test]
fn a_log_that_cannot_be_written_puts_nothing_on_the_agents_screen() {
    for is_full in [true, false] {
        let provider = Provider::scripted(Vec::new());
        let home = Home::new();
        home.file(".headroom/config.toml", "");
        let log = home.home().join(".headroom/headroom.log");
        let made = if is_full { symlink("/dev/full", log) } else { fs::create_dir(log) };
        made.unwrap();
        let (wrap, address) = panicking_in(&home, "request", &provider);
        let answer = Connection::open(&address).post("/v1/messages", conversation("ok").to_string().as_bytes());
        assert_eq!(answer.status, 200);
        let ran = wrap.go_on().expect_code(0);
        let is_ours =
            |line: &str| ["headroom on ", "removed ", "1 requests"].iter().any(|start| line.starts_with(start));
        let strange: Vec<&str> = ran.stderr.lines().filter(|line| !is_ours(line)).collect();
        assert!(strange.is_empty(), "the terminal is the agent's: {strange:?}");
    }
}

#[test]
fn a_server_that_panics_serves_on_at_the_same_address() {
    let provider = Provider::scripted(Vec::new());
    let (wrap, home, address) = panicking("server", &provider);
    let stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    assert!(matches!((&stream).read(&mut [0]), Ok(0) | Err(_)), "that connection broke off");
    let answer = Connection::open(&address).post("/v1/messages", conversation("ok").to_string().as_bytes());
    assert_eq!(answer.status, 200);
    wrap.go_on().expect_code(0);
    let log = home.read(".headroom/headroom.log");
    assert!(log.contains("as a test asked for") && log.contains("is started again"), "{log}");
}
