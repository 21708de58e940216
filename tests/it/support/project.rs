//! A git project for an agent to work in: the same bytes on every run, save that its folder may lie elsewhere.
//!
//! The bulk is generated from a fixed seed, in shapes copied from real tools; test output is what pytest and cargo really
//! printed, stored in `outputs/`.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::scenario::Fact;

const PYTEST: &str = include_str!("outputs/pytest.txt");
const CARGO: &str = include_str!("outputs/cargo.txt");
/// Real source code, which the history builds up piece by piece. It is a copy, so that no figure moves with the crate.
const SOURCES: &[(&str, &str)] = &[
    ("src/files.rs", include_str!("outputs/files.rs.txt")),
    ("src/json_text.rs", include_str!("outputs/json_text.rs.txt")),
    ("src/stats.rs", include_str!("outputs/stats.rs.txt")),
];

/// The file that is read as source code.
pub(crate) const SOURCE: &str = SOURCES[0].0;

/// Writes the project into the empty folder `root`.
pub(crate) fn write(root: &Path) {
    history(root);
    let file = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    file("logs/app.log", &log());
    file("data/orders.json", &orders());
}

/// Writes `pytest` and `cargo` into the folder `bin`: programs that print what the real ones did, and fail as they did.
pub(crate) fn write_programs(bin: &Path) {
    fs::create_dir_all(bin).unwrap();
    for (name, output, code) in [("pytest", PYTEST, 1), ("cargo", CARGO, 101)] {
        fs::write(bin.join(name), format!("#!/bin/sh\ncat <<'END'\n{output}END\nexit {code}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// What the errors of the log are, each with the place that it names.
pub(crate) fn errors() -> Vec<Fact> {
    let fact = |anchor, truth: &str, pattern| Fact { anchor, pattern, truth: truth.to_owned() };
    vec![
        fact("charge_failed", "gateway answered 502 after 3 attempts", "gateway answered 502 after 3 attempts"),
        fact("billing/charge.py", "212", r#"charge.py", line (\d+)"#),
        fact("InventoryConflictException", "SKU-44871", r"SKU-\d+"),
        fact("ReservationService.java", "ReservationService.java:148", r"ReservationService\.java:\d+"),
    ]
}

/// A line of the log that looks like sixty others.
pub(crate) fn ordinary_line() -> Fact {
    Fact { anchor: "job-58213", pattern: r"/exports/[\w/-]+\.parquet", truth: EXPORT.to_owned() }
}

/// A value in the middle of the records.
pub(crate) fn record() -> Fact {
    Fact { anchor: "ord-70241", pattern: r"\bTRK[0-9A-F]{10}\b", truth: tracking(241) }
}

/// One of the tests that passed.
pub(crate) fn passed_test() -> Fact {
    let anchor = "test_renewal_starting_on_leap_day_moves_to_the_last_of_february";
    Fact { anchor, pattern: r"\b(\d+)%", truth: "15".to_owned() }
}

const EXPORT: &str = "/exports/2026/ledger/eu-west/part-00417.parquet";

/// Numbers without an end, the same on every run (Knuth's MMIX constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// An application log of about 200 KB: requests, jobs, caches and pools, two incidents, and the one line that matters.
fn log() -> String {
    let mut numbers = Numbers(11);
    let mut log = String::new();
    let mut millis = 0;
    for line in 0..2100 {
        millis += numbers.below(1900);
        let (minutes, seconds, rest) = (millis / 60_000, millis / 1000 % 60, millis % 1000);
        let stamp = format!("2026-11-20T{:02}:{:02}:{seconds:02}.{rest:03}Z", 9 + minutes / 60, minutes % 60);
        let worker = numbers.below(9) + 1;
        match line {
            911 => log.push_str(&charge_failed(&stamp)),
            1502 => log.push_str(&reservation_failed(&stamp)),
            1207 => {
                writeln!(log, "{stamp} INFO  worker-4 export job-58213 rows=48113 took=2204ms file={EXPORT}").unwrap();
            }
            _ => ordinary(&mut log, &stamp, worker, &mut numbers),
        }
    }
    log
}

fn ordinary(log: &mut String, stamp: &str, worker: u64, numbers: &mut Numbers) {
    let region = ["eu-west", "eu-north", "us-east", "ap-south"];
    match numbers.below(35) {
        0 => {
            let (job, rows, took, part) =
                (numbers.below(39_000) + 60_000, numbers.below(90_000), numbers.below(4000), numbers.below(999));
            let region = numbers.one_of(&region);
            write!(log, "{stamp} INFO  worker-{worker} export job-{job} rows={rows} took={took}ms ").unwrap();
            writeln!(log, "file=/exports/2026/ledger/{region}/part-{part:05}.parquet").unwrap();
        }
        1 | 2 => {
            let (hits, misses, size) = (numbers.below(9000), numbers.below(400), numbers.below(512));
            writeln!(log, "{stamp} DEBUG worker-{worker} cache stats hits={hits} misses={misses} size={size}MB")
                .unwrap();
        }
        3 => {
            let (busy, idle) = (numbers.below(20), numbers.below(20));
            let region = numbers.one_of(&region);
            writeln!(log, "{stamp} INFO  pool-{region} connections busy={busy} idle={idle} waiting=0").unwrap();
        }
        4 => {
            let (shard, took) = (numbers.below(64), numbers.below(300));
            writeln!(log, "{stamp} WARN  worker-{worker} slow query shard={shard} took={took}0ms table=entries")
                .unwrap();
        }
        _ => {
            let method = numbers.one_of(&["GET", "GET", "GET", "POST", "PUT"]);
            let status = numbers.one_of(&["200", "200", "200", "200", "201", "204", "304", "404"]);
            let (id, item, took) = (numbers.below(900_000_000) + 100_000_000, numbers.below(900), numbers.below(400));
            write!(log, "{stamp} INFO  worker-{worker} request id={id} method={method} ").unwrap();
            writeln!(log, "path=/api/v1/items/{item} status={status} ms={took}").unwrap();
        }
    }
}

fn charge_failed(stamp: &str) -> String {
    format!(
        "{stamp} ERROR worker-7 charge_failed order=ord-70913: gateway answered 502 after 3 attempts
Traceback (most recent call last):
  File \"/srv/ledger/worker/loop.py\", line 88, in run
    self.step(job)
  File \"/srv/ledger/worker/loop.py\", line 131, in step
    outcome = job.action(job.payload)
  File \"/srv/ledger/billing/charge.py\", line 212, in charge
    raise GatewayError(response.status, attempts)
ledger.billing.errors.GatewayError: (502, 3)
"
    )
}

fn reservation_failed(stamp: &str) -> String {
    format!(
        "{stamp} ERROR worker-2 com.ledger.stock.InventoryConflictException: SKU-44871 was reserved twice
	at com.ledger.stock.ReservationService.reserve(ReservationService.java:148)
	at com.ledger.stock.ReservationService.reserveAll(ReservationService.java:97)
	at com.ledger.orders.OrderWorkflow.place(OrderWorkflow.java:311)
	at java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)
	at java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: org.postgresql.util.PSQLException: ERROR: duplicate key value violates unique constraint \"reservation_sku_key\"
	at org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2733)
	... 14 more
"
    )
}

fn tracking(order: u64) -> String {
    format!("TRK{:010X}", (order + 17).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 24)
}

/// 430 orders, pretty-printed as `json.dumps(…, indent=2)` does it: about 150 KB.
fn orders() -> String {
    let mut numbers = Numbers(23);
    let mut records = Vec::new();
    for order in 0..430 {
        let sku = numbers.below(90_000) + 10_000;
        let (quantity, cents) = (numbers.below(9) + 1, numbers.below(90_000) + 99);
        let status = numbers.one_of(&["shipped", "shipped", "delivered", "delivered", "delivered", "packed"]);
        let carrier = numbers.one_of(&["northpost", "bluevan", "skyparcel"]);
        let gift = if numbers.below(9) == 0 { "true" } else { "false" };
        let note = if numbers.below(11) == 0 { "\"leave at the door\"" } else { "null" };
        records.push(format!(
            "  {{
    \"id\": \"ord-{}\",
    \"customer\": {{
      \"id\": {},
      \"tier\": \"{}\"
    }},
    \"sku\": \"SKU-{sku}\",
    \"quantity\": {quantity},
    \"total\": {}.{:02},
    \"status\": \"{status}\",
    \"carrier\": \"{carrier}\",
    \"tracking\": \"{}\",
    \"gift\": {gift},
    \"note\": {note},
    \"placed_at\": \"2026-10-{:02}T{:02}:{:02}:00Z\"
  }}",
            70_000 + order,
            numbers.below(90_000),
            numbers.one_of(&["basic", "plus", "pro"]),
            cents / 100,
            cents % 100,
            tracking(order),
            numbers.below(31) + 1,
            numbers.below(24),
            numbers.below(60),
        ));
    }
    format!("[\n{}\n]\n", records.join(",\n"))
}

/// Forty commits, each of which adds a piece to one of the sources.
fn history(root: &Path) {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(root).args(["-c", "init.defaultBranch=main"]).args(args);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        git
    };
    assert!(git(&["init", "--quiet"]).status().unwrap().success());
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(commits().as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    assert!(git(&["reset", "--quiet", "--hard", "main"]).status().unwrap().success());
}

fn commits() -> String {
    const ROUNDS: usize = 14;
    let mut stream = String::new();
    for round in 1..=ROUNDS {
        for (number, (path, source)) in SOURCES.iter().enumerate() {
            let pieces: Vec<_> = source.split_inclusive("\n\n").collect();
            let text = pieces[..pieces.len() * round / ROUNDS].concat();
            let message = format!("Write more of {path}\n\nPart {round} of {ROUNDS}.\n");
            let time = 1_790_000_000 + (round * SOURCES.len() + number) * 3600;
            write!(stream, "commit refs/heads/main\ncommitter Ada <ada@example.com> {time} +0000\n").unwrap();
            write!(stream, "data {}\n{message}\n", message.len()).unwrap();
            write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
            if round == 1 && number == 0 {
                let ignored = "/logs\n";
                write!(stream, "M 100644 inline .gitignore\ndata {}\n{ignored}\n", ignored.len()).unwrap();
            }
        }
    }
    stream
}

/// What the newest commit to one of the sources added.
pub(crate) fn newest_change() -> Fact {
    Fact { anchor: "Write more of src/stats.rs", pattern: r"\+    pub\(crate\) fn (\w+)", truth: "totals".to_owned() }
}
