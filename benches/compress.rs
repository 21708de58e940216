//! How long each compressor takes for a block of 1, 10 and 100 KB and of 1 MB, token counting included, and whether the
//! time grows with the size alone. Texts are the first fixture of each compressor (of JSON the first that is one value),
//! again and again until the size is reached, told apart by a number in each round so that none is merely repeated.
//!
//! `cargo bench --bench compress`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench reads fixtures and prints what it measured")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use headroom::ToolCall;

const SIZES: [(&str, usize); 4] = [("1 KB", 1024), ("10 KB", 10 * 1024), ("100 KB", 100 * 1024), ("1 MB", 1024 * 1024)];

/// Each size is measured for about so long, and at least three times.
const PATIENCE: Duration = Duration::from_millis(700);

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    headroom::compress_text("warm", None);
    println!(
        "| compressor | {} | MB/s at 1 MB | 1 MB / 100 KB |",
        SIZES.map(|(name, _)| format!("p50 of {name}")).join(" | ")
    );
    println!("|---|---|---|---|---|---|---|");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compressors");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    let mut lines = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let (fixture, call) = fixture(&folder, name == "json");
        let times = SIZES.map(|(_, size)| median(&text_of(&name, &fixture, size), call.as_ref()));
        let seconds = times.map(|time| time.as_secs_f64());
        let cells = times.map(|time| format!("{:.2} ms", time.as_secs_f64() * 1e3)).join(" | ");
        println!("| {name} | {cells} | {:.0} | {:.1} |", 1.048_576 / seconds[3], seconds[3] / seconds[2]);
        lines.push(json!({"compressor": name, "seconds": seconds}));
    }
    for line in lines {
        println!("{line}");
    }
}

/// The text of a compressor's first fixture, or of the first that is a JSON value, and the call behind it.
fn fixture(folder: &Path, is_json: bool) -> (String, Option<ToolCall>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "in"));
    paths.sort();
    let is_fit = |text: &str| !is_json || serde_json::from_str::<serde_json::Value>(text).is_ok();
    let mut read = paths.iter().map(|path| (path, std::fs::read_to_string(path).unwrap()));
    let (path, text) = read.find(|(_, text)| is_fit(text)).unwrap();
    let call = std::fs::read_to_string(path.with_extension("call.json")).ok().map(|call| {
        let call: serde_json::Value = serde_json::from_str(&call).unwrap();
        ToolCall { name: call["name"].as_str().unwrap().to_owned(), arguments: call["arguments"].clone() }
    });
    (text, call)
}

/// A text of about `size` bytes.
fn text_of(name: &str, fixture: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + size / 4);
    let mut round = 0;
    while text.len() < size {
        if name == "json" {
            text.push_str(if round == 0 { "[" } else { ",\n" });
            let _ = write!(text, "{{\"round\": {round}, \"of\": {fixture}}}");
        } else {
            text.push_str(&fixture.replace("10", &(round % 90 + 10).to_string()));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        round += 1;
    }
    if name == "json" {
        text.push(']');
    } else {
        let mut end = size.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

fn median(text: &str, call: Option<&ToolCall>) -> Duration {
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || started.elapsed() < PATIENCE {
        let before = Instant::now();
        std::hint::black_box(headroom::compress_text(text, call));
        times.push(before.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
