//! `headroom mcp serve` as the agent that starts it sees it. What its tool answers is tested in the library, where a
//! store can be filled.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run the binary")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

/// An agent's end of a server.
struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    fn tell(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    fn ask(&mut self, id: u32, method: &str, params: &Value) -> Value {
        self.tell(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id);
        answer["result"].clone()
    }

    fn initialize(&mut self) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let result = self.ask(0, "initialize", &params);
        self.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        result
    }

    /// What the server writes from here to its end.
    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        rest
    }
}

fn headroom(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
    command.args(["mcp", "serve"]).env("HEADROOM_HOME", home).env_remove("HEADROOM_SESSION");
    command
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_session_is_served_and_ends_with_its_input() {
    let home = home();
    let start = Instant::now();
    let mut server = Server::start(&mut headroom(home.path()));
    let result = server.initialize();
    println!("spawn to answer: {:?}", start.elapsed());
    assert_eq!(result["serverInfo"]["name"], "headroom");

    let tools = server.ask(1, "tools/list", &json!({}));
    assert_eq!(tools["tools"][0]["name"], "headroom_retrieve");
    let call = json!({"name": "headroom_retrieve", "arguments": {"hash": "0123456789abcdef"}});
    let said = server.ask(2, "tools/call", &call)["content"][0]["text"].to_string();
    assert!(said.contains("Do not ask again"), "{said}");

    server.input.take();
    assert_eq!(server.rest(), "");
    let mut errors = String::new();
    server.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((server.process.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "serving makes no file");
}

#[test]
fn a_client_that_goes_at_once_is_no_failure() {
    let home = home();
    let mut server = Server::start(&mut headroom(home.path()));
    server.input.take();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}

#[test]
fn the_proxy_of_the_session_learns_that_the_agent_can_retrieve() {
    let home = home();
    let ready = home.path().join("run/4711/retrieval-ready");
    std::fs::create_dir_all(ready.parent().unwrap()).unwrap();
    let mut server = Server::start(headroom(home.path()).env("HEADROOM_SESSION", "4711"));
    assert!(!ready.exists());
    server.initialize();
    server.ask(1, "tools/list", &json!({}));
    assert_eq!(std::fs::read(&ready).unwrap(), b"");
    server.input.take();
    assert!(server.process.wait().unwrap().success());
}

#[test]
fn a_session_that_has_no_folder_gets_none() {
    let home = home();
    for session in ["4711", "../escape"] {
        let mut server = Server::start(headroom(home.path()).env("HEADROOM_SESSION", session));
        server.initialize();
        server.ask(1, "tools/list", &json!({}));
        server.input.take();
        assert!(server.process.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn the_server_ends_when_its_parent_is_killed_and_its_input_stays_open() {
    let home = home();
    let script = r#"exec 3<&0; "$0" mcp serve <&3 & wait"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_headroom")]).env("HEADROOM_HOME", home.path());
    let mut server = Server::start(&mut shell);
    server.initialize();

    server.process.kill().unwrap();
    server.process.wait().unwrap();

    // The server holds the other end of its output: this returns when it has ended.
    assert_eq!(server.rest(), "");
    assert!(server.input.is_some(), "its input was open all the while");
}
