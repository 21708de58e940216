//! What the scripted agent reads: outputs of common tools.

use std::fmt::Write;

use serde_json::{Value, json};

// Outputs of the real tools, which are fixtures of the compressors too.
const PYTEST: &str = include_str!("../../../tests/compressors/log/pytest-verbose.in");
const CARGO_TEST: &str = include_str!("../../../tests/compressors/log/cargo-test.in");
const NPM: &str = include_str!("../../../tests/compressors/log/npm-verbose.in");
const ACCESS_LOG: &str = include_str!("../../../tests/compressors/log/access-log.in");
const GREP: &str = include_str!("../../../tests/compressors/search/grep-numbered.in");
const PIP_LIST: &str = include_str!("../../../tests/compressors/json/pip_list.in");

// A file that is read in order to be edited is never changed.
const SOURCE: &str = include_str!("../../provider/sse.rs");

/// One tool call and its output.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) id: String,
    pub(super) what: String,
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
    pub(super) output: String,
}

/// The samples in the order in which they are read.
pub(super) fn all() -> Vec<Sample> {
    let bash = |command: &str| ("Bash", json!({ "command": command }));
    let read = |path: &str| ("Read", json!({ "file_path": path }));
    let list = [
        ("application log", read("/srv/orders/app.log"), numbered(&application_log())),
        ("records from an API", bash("curl -s localhost:8080/api/orders"), orders()),
        ("test run, Python", bash("pytest -v"), PYTEST.to_owned()),
        ("test run, Rust", bash("cargo test"), CARGO_TEST.to_owned()),
        ("install log", bash("npm install --verbose"), NPM.to_owned()),
        ("access log", bash("cat access.log"), ACCESS_LOG.to_owned()),
        ("search results", bash("grep -rn 'fn ' src"), GREP.to_owned()),
        ("package list, JSON", bash("pip list --format json"), PIP_LIST.to_owned()),
        ("source file", read("/srv/orders/src/sse.rs"), numbered(SOURCE)),
    ];
    list.into_iter()
        .enumerate()
        .map(|(n, (what, (tool, arguments), output))| Sample {
            id: format!("toolu_demo_{n:02}"),
            what: what.to_owned(),
            tool,
            arguments,
            output,
        })
        .collect()
}

/// A text as an agent's read tool shows it.
fn numbered(text: &str) -> String {
    let lines = text.lines().enumerate().map(|(n, line)| format!("{}\t{line}", n + 1));
    lines.collect::<Vec<_>>().join("\n")
}

/// A service's log with one failure in it.
fn application_log() -> String {
    let mut log = String::new();
    for n in 0..600_u32 {
        let (minute, second) = (n / 60, n % 60);
        let (id, item, took) = (700_000_000 + n * 7919 % 99_991, n * 37 % 997, n * 53 % 290 + 3);
        writeln!(
            log,
            "2026-11-20T10:{minute:02}:{second:02}.{:03}Z INFO  worker-{} request id={id} path=/api/v1/items/{item} status=200 ms={took}",
            n * 331 % 1000,
            n % 9 + 1,
        )
        .expect("a String takes everything");
        if n == 417 {
            log.push_str(
                "2026-11-20T10:06:57.912Z ERROR worker-4 payment declined order=8841 gateway=https://pay.example/v2 code=E_CARD_402\n\
                 Traceback (most recent call last):\n  File \"/srv/orders/pay.py\", line 118, in charge\n    \
                 raise GatewayError(code)\nGatewayError: E_CARD_402\n",
            );
        }
    }
    log
}

/// A list of records as an API answers it.
fn orders() -> String {
    let orders: Vec<Value> = (0..180_u32)
        .map(|n| {
            let country = ["DE", "FR", "PL"][n as usize % 3];
            json!({
                "id": 40_000 + n,
                "customer": {"name": format!("Customer {}", n * 13 % 71), "country": country},
                "status": if n % 17 == 0 { "refunded" } else { "paid" },
                "currency": "EUR",
                "total": f64::from(n * 1013 % 90_000) / 100.0,
                "note": null,
            })
        })
        .collect();
    serde_json::to_string_pretty(&orders).expect("plain values")
}
