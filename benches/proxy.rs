//! `headroom proxy` as a process of its own: how soon it is ready, what memory it takes, and what it adds to a request
//! whose blocks it has decided before. Direct and proxied requests alternate, so that the machine's mood weighs on both.
//!
//! `cargo bench --bench proxy`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a bench starts processes, and prints what it measured"
)]

#[expect(dead_code, reason = "shared with the integration tests, which use the rest")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::http::Connection;
use support::project;
use support::proxy::Proxy;

/// The size of the newest body that reached the upstream.
static FORWARDED: AtomicUsize = AtomicUsize::new(0);

const STARTS: usize = 21;
const REQUESTS: usize = 300;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = format!("http://{}", start_upstream());

    let mut ready: Vec<_> =
        (0..STARTS).map(|_| Proxy::start(&folder.path().join("state"), &upstream, 0).ready_after).collect();
    ready.sort();
    println!("| measure | |\n|---|---|");
    println!("| ready, p50 of {STARTS} starts | {} |", millis(ready[STARTS / 2]));

    let log = folder.path().join("project");
    std::fs::create_dir(&log).unwrap();
    project::write(&log);
    let log = std::fs::read_to_string(log.join("logs/app.log")).unwrap();

    let proxy = Proxy::start(&folder.path().join("state"), &upstream, 0);
    let mut lines = Vec::new();
    for (name, size) in [("34 KB", 34 * 1024), ("1 MB", 1024 * 1024)] {
        let messages = conversation(&log, name, size);
        if lines.is_empty() {
            Connection::open(&proxy.url()).post("/v1/messages", &request(&messages));
            println!("| RSS after the first request | {:.1} MB |", megabytes(proxy.resident()));
            lines.push(json!({"ready_ms": ready[STARTS / 2].as_secs_f64() * 1e3, "rss_first_kb": proxy.resident()}));
        }
        decide(&proxy.url(), &messages);
        let sent = FORWARDED.load(Ordering::Relaxed);
        let body = request(&messages);
        let (direct, proxied) = latencies(&upstream, &proxy.url(), &body);
        let added = |at: usize| proxied[at].saturating_sub(direct[at]);
        let (half, most) = (REQUESTS / 2, REQUESTS * 99 / 100);
        println!("| added to {name} ({} bytes, {sent} sent on), p50 | {} |", body.len(), millis(added(half)));
        println!("| added to {name}, p99 | {} |", millis(added(most)));
        lines.push(json!({
            "body_bytes": body.len(),
            "sent_bytes": sent,
            "direct_p50_us": direct[half].as_micros(),
            "proxied_p50_us": proxied[half].as_micros(),
            "added_p50_us": added(half).as_micros(),
            "added_p99_us": added(most).as_micros(),
        }));
    }
    println!("| RSS at the end | {:.1} MB |\n", megabytes(proxy.resident()));
    for line in lines {
        println!("{line}");
    }
}

/// Sorted times of requests that alternate between the two ways, after the first has had its blocks decided.
fn latencies(upstream: &str, proxy: &str, body: &[u8]) -> (Vec<Duration>, Vec<Duration>) {
    let (mut direct, mut proxied) = (Connection::open(upstream), Connection::open(proxy));
    let timed = |connection: &mut Connection| {
        let started = Instant::now();
        let answer = connection.post("/v1/messages", body);
        assert_eq!(answer.status, 200, "{answer:?}");
        started.elapsed()
    };
    for _ in 0..20 {
        timed(&mut direct);
        timed(&mut proxied);
    }
    let pairs = (0..REQUESTS).map(|_| (timed(&mut direct), timed(&mut proxied)));
    let (mut direct, mut proxied): (Vec<_>, Vec<_>) = pairs.unzip();
    direct.sort();
    proxied.sort();
    (direct, proxied)
}

/// The messages of a conversation of about `size` bytes: reads of a log, each of which is a block of its own.
fn conversation(log: &str, name: &str, size: usize) -> Vec<Value> {
    const RESULT: usize = 8 * 1024;
    let mut messages = vec![json!({"role": "user", "content": [{"type": "text", "text": "What is in the log?"}]})];
    for number in 0..size / (RESULT + 250) {
        let id = format!("toolu_{}_{number:04}", name.replace(' ', ""));
        let call = json!({"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "tail -n 80 app.log"}});
        let result = json!({"type": "tool_result", "tool_use_id": id, "content": part(log, number * 10, RESULT)});
        messages.push(json!({"role": "assistant", "content": [call]}));
        messages.push(json!({"role": "user", "content": [result]}));
    }
    messages
}

/// Sends the conversation turn by turn, as an agent does: a block is decided when it is the newest.
fn decide(proxy: &str, messages: &[Value]) {
    let mut connection = Connection::open(proxy);
    for turn in (0..messages.len()).step_by(2) {
        let answer = connection.post("/v1/messages", &request(&messages[..=turn]));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

fn request(messages: &[Value]) -> Vec<u8> {
    let tools = json!([{"name": "Bash", "input_schema": {"type": "object"}}]);
    json!({"model": "claude-sonnet-4-5-20250929", "max_tokens": 1, "messages": messages, "tools": tools})
        .to_string()
        .into_bytes()
}

/// Whole lines of the log behind the first `skipped`; it begins again where it ends.
fn part(log: &str, skipped: usize, size: usize) -> String {
    log.lines()
        .cycle()
        .skip(skipped)
        .scan(0, |length, line| {
            *length += line.len() + 1;
            (*length <= size).then(|| format!("{line}\n"))
        })
        .collect()
}

/// A server that reads a request and gives a fixed answer, and does nothing else that could take time.
fn start_upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    const BODY: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        let head = buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        let whole = head.map(|head| head + content_length(&buffer[..head]));
        if let Some(whole) = whole.filter(|whole| buffer.len() >= *whole) {
            buffer.drain(..whole);
            FORWARDED.store(whole - head.unwrap_or_default(), Ordering::Relaxed);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            continue;
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(size) => buffer.extend_from_slice(&piece[..size]),
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap_or("0");
    line.trim().parse().unwrap()
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "a process has less than 2^52 KB")]
fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
