//! The frames of stack traces: which belong to the project, and which to a library or the runtime it runs on.
//!
//! A frame counts as a library's by where its file lies or by its package, never by a guess at what is interesting: a
//! frame that is not known to be foreign is the project's. Of foreign frames in a row the first and the last of a trace
//! stay, since one of them is where the error arose.

use std::fmt::Write as _;
use std::ops::Range;

/// A run of frames costs about as much as its marker when it has fewer characters.
const SHORTEST_RUN: usize = 320;

/// Fewer frames in a row stay.
const FEWEST_FRAMES: usize = 3;

/// So many frames in a text make it one that holds a trace.
const TELLING: usize = 4;

/// Packages of the Java world that are nobody's project.
const JAVA_PACKAGES: [&str; 34] = [
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "groovy.",
    "android.",
    "androidx.",
    "com.android.",
    "clojure.",
    "akka.",
    "reactor.",
    "okhttp3.",
    "io.netty.",
    "io.grpc.",
    "io.undertow.",
    "io.micronaut.",
    "io.quarkus.",
    "com.google.common.",
    "com.fasterxml.",
    "com.zaxxer.",
    "org.apache.",
    "org.codehaus.",
    "org.eclipse.",
    "org.gradle.",
    "org.hibernate.",
    "org.junit.",
    "org.mockito.",
    "org.postgresql.",
    "org.springframework.",
];

/// Crates that a Rust program's backtrace begins and ends with, where no path says whose a frame is.
const RUST_CRATES: [&str; 10] =
    ["std", "core", "alloc", "tokio", "rayon", "futures", "futures_util", "hyper", "test", "backtrace"];

/// How the names of the panic's own functions begin.
const RUST_PANIC: [&str; 4] = ["__rustc", "rust_begin_unwind", "rust_panic", "__rust_"];

/// What a C program begins and ends with.
const LIBC: [&str; 8] =
    ["__libc_start_main", "__libc_start_call_main", "_start", "start_thread", "clone", "clone3", "__clone", "__clone3"];

/// A frame of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame<'a> {
    lines: Range<usize>,
    /// The library or runtime; none for the project's own.
    library: Option<&'a str>,
}

/// Lines that may go, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) lines: Range<usize>,
    pub(super) what: String,
}

/// Whether `lines` hold a stack trace.
pub(crate) fn looks_like(lines: &[&str]) -> bool {
    let mut line = 0;
    let mut found = 0;
    while line < lines.len() && found < TELLING {
        match frame(lines, line) {
            Some(frame) => {
                found += 1;
                line = frame.lines.end;
            }
            None => line += 1,
        }
    }
    found >= TELLING
}

/// The runs of foreign frames that are worth a marker, without those that `keep` names.
pub(super) fn foreign_runs(lines: &[&str], bias: f32, keep: impl Fn(usize) -> bool) -> Vec<Run> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
    let shortest = (SHORTEST_RUN as f32 * bias) as usize;
    let mut runs = Vec::new();
    let mut line = 0;
    while line < lines.len() {
        let trace = trace(lines, line);
        let Some(last) = trace.last() else {
            line += 1;
            continue;
        };
        line = last.lines.end;
        let inner = trace.get(1..trace.len() - 1).unwrap_or_default();
        let goes = |frame: &Frame| frame.library.is_some() && !frame.lines.clone().any(&keep);
        for run in inner.chunk_by(|one, other| goes(one) == goes(other)).filter(|run| goes(&run[0])) {
            let lines_of_run = run[0].lines.start..run[run.len() - 1].lines.end;
            let length: usize = lines[lines_of_run.clone()].iter().map(|line| line.len() + 1).sum();
            if run.len() >= FEWEST_FRAMES && length >= shortest {
                runs.push(Run { lines: lines_of_run, what: counts(run) });
            }
        }
    }
    runs
}

/// `26 frames: 24 express, 2 node`, in the order of first appearance.
fn counts(run: &[Frame]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for library in run.iter().filter_map(|frame| frame.library) {
        match counted.iter_mut().find(|(known, _)| *known == library) {
            Some((_, count)) => *count += 1,
            None => counted.push((library, 1)),
        }
    }
    let mut what = format!("{} frames:", run.len());
    for (at, (library, count)) in counted.iter().enumerate() {
        let _ = write!(what, "{} {count} {library}", if at > 0 { "," } else { "" });
    }
    what
}

/// The frames that stand from `line` on, one right behind the other.
fn trace<'a>(lines: &[&'a str], line: usize) -> Vec<Frame<'a>> {
    let mut next = line;
    std::iter::from_fn(|| {
        let frame = frame(lines, next)?;
        next = frame.lines.end;
        Some(frame)
    })
    .collect()
}

/// The frame that begins at `line`.
fn frame<'a>(lines: &[&'a str], line: usize) -> Option<Frame<'a>> {
    let text = lines.get(line)?.trim_end_matches('\r');
    let body = text.trim_start_matches([' ', '\t', '|']);
    let indent = text.len() - body.len();
    if let Some(rest) = body.strip_prefix("File \"") {
        let library = python_package(rest.split_once("\", line ")?.0);
        return Some(Frame { lines: line..line + 1 + python_source(lines, line, indent), library });
    }
    if let Some(place) = body.strip_prefix("at ").filter(|_| indent > 0) {
        let library = if place.contains(".java:") || is_java(place) {
            java_package(place)
        } else {
            match js_owner(place)? {
                Owner::Project => None,
                Owner::Library(package) => Some(package),
            }
        };
        return Some(Frame { lines: line..line + 1, library });
    }
    let second = lines.get(line + 1).copied().unwrap_or_default();
    if indent > 0 {
        return rust_frame(body, second).map(|(library, length)| Frame { lines: line..line + length, library });
    }
    let place = second.strip_prefix('\t').filter(|place| place.contains(".go:"))?;
    let is_call = text.ends_with(')') || text.starts_with("created by ");
    is_call.then(|| Frame { lines: line..line + 2, library: go_package(text, place) })
}

/// How many lines of source, and of signs under it, follow the line that names its place.
fn python_source(lines: &[&str], line: usize, indent: usize) -> usize {
    let belongs = |text: &&&str| {
        let body = text.trim_start_matches([' ', '\t', '|']);
        text.len() - body.len() > indent && !body.is_empty() && !body.starts_with("File \"") && !body.starts_with('[')
    };
    lines[line + 1..].iter().take(8).take_while(belongs).count()
}

fn python_package(path: &str) -> Option<&str> {
    if let Some(frozen) = path.strip_prefix("<frozen ") {
        return frozen.split(['.', '>']).next();
    }
    let inside = ["/site-packages/", "/dist-packages/"].iter().find_map(|folder| path.split(folder).nth(1));
    let inside = inside.or_else(|| {
        let (_, version) = path.split_once("/lib/python3").or_else(|| path.split_once("/lib64/python3"))?;
        version.split_once('/').map(|(_, inside)| inside)
    });
    inside.map(|inside| inside.split(['/', '.']).next().unwrap_or(inside))
}

fn is_java(place: &str) -> bool {
    [".kt:", ".scala:", ".groovy:", "(Native Method)", "(Unknown Source)", "<generated>"]
        .iter()
        .any(|sign| place.contains(sign))
}

fn java_package(place: &str) -> Option<&str> {
    // The loader and the module stand before the class: `app//`, `java.base@17/`.
    let call = place.split('(').next().unwrap_or(place);
    let class = call.rsplit('/').next().unwrap_or(call);
    let package = JAVA_PACKAGES.iter().find(|package| class.starts_with(**package))?;
    let dots = package.matches('.').count();
    class.match_indices('.').nth(dots - 1).map(|(at, _)| &class[..at])
}

/// Whose a frame is.
enum Owner<'a> {
    Project,
    Library(&'a str),
}

/// Whose a frame is as V8 writes it: `fn (file:line:column)`, `file:line:column`; none where it is no frame.
fn js_owner(place: &str) -> Option<Owner<'_>> {
    let file = place.strip_suffix(')').map_or(place, |place| place.rsplit_once('(').map_or(place, |(_, file)| file));
    let ends_in_number = |text: &str| text.rsplit_once(':').is_some_and(|(_, number)| is_number(number));
    let is_place = ends_in_number(file) && ends_in_number(file.rsplit_once(':')?.0);
    if !is_place && !matches!(file, "<anonymous>" | "native" | "[native code]") {
        return None;
    }
    if let Some((_, inside)) = file.rsplit_once("node_modules/") {
        let parts = if inside.starts_with('@') { 2 } else { 1 };
        let package = inside.match_indices('/').nth(parts - 1).map_or(inside, |(at, _)| &inside[..at]);
        return Some(Owner::Library(package));
    }
    let is_runtime = !is_place || file.starts_with("node:") || file.starts_with("internal/");
    Some(if is_runtime { Owner::Library("node") } else { Owner::Project })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The crate of a frame of Rust (`12: symbol`, its place on the `second` line), and how many lines it has.
fn rust_frame<'a>(body: &'a str, second: &'a str) -> Option<(Option<&'a str>, usize)> {
    let (number, symbol) = body.split_once(": ")?;
    if !is_number(number) || symbol.is_empty() {
        return None;
    }
    let symbol = symbol.trim_start();
    let symbol =
        symbol.split_once(" - ").filter(|(address, _)| address.starts_with("0x")).map_or(symbol, |split| split.1);
    let named = symbol.trim_start_matches(['<', '&', '(']);
    let named = named.strip_prefix("dyn ").unwrap_or(named);
    let name = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let by_symbol = if LIBC.contains(&symbol) {
        Some("libc")
    } else if RUST_CRATES.contains(&name) {
        Some(name)
    } else if RUST_PANIC.iter().any(|start| symbol.starts_with(start)) {
        Some("std")
    } else {
        None
    };
    let Some(path) = second.trim_start().strip_prefix("at ").filter(|_| second.starts_with(' ')) else {
        return Some((by_symbol, 1));
    };
    let by_path = path.split_once("/registry/src/").and_then(|(_, inside)| inside.split('/').nth(1));
    let is_std = path.starts_with("/rustc/") || path.contains("/rustlib/src/rust/library/");
    let library = by_path.or(if is_std { Some(by_symbol.unwrap_or("std")) } else { None });
    Some((library, 2))
}

/// The package of a frame of Go: of the standard library when its file lies where its import path says.
fn go_package<'a>(call: &'a str, place: &'a str) -> Option<&'a str> {
    if let Some((_, module)) = place.split_once("/pkg/mod/") {
        return module.split('@').next();
    }
    let call = call.strip_prefix("created by ").unwrap_or(call);
    let path_end = call.rfind('/').map_or(0, |slash| slash + 1);
    let package = call[path_end..].find('.').map(|dot| &call[..path_end + dot])?;
    let is_standard = package != "main" && place.contains(&format!("/src/{package}/"));
    is_standard.then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libraries(text: &str) -> Vec<Option<&str>> {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut found = Vec::new();
        let mut line = 0;
        while line < lines.len() {
            match frame(&lines, line) {
                Some(frame) => {
                    found.push(frame.library);
                    line = frame.lines.end;
                }
                None => line += 1,
            }
        }
        found
    }

    #[test]
    fn the_frames_of_each_language_are_told_apart() {
        let python = "Traceback (most recent call last):\n  File \"/srv/app/shop.py\", line 3, in f\n    g()\n    ^^^\n  \
                      File \"/srv/venv/lib/python3.11/site-packages/flask/app.py\", line 9, in h\n    return x\n  \
                      File \"<frozen importlib._bootstrap>\", line 2, in y\nValueError: x";
        assert_eq!(libraries(python), [None, Some("flask"), Some("importlib")]);
        let node = "Error: x\n    at price (/srv/app/server.js:5:36)\n    at next (/srv/app/node_modules/@koa/router/a.js:1:2)\n    \
                    at Server.emit (node:events:524:28)\n    at Array.map (<anonymous>)\n    at /srv/app/b.js:1:2";
        assert_eq!(libraries(node), [None, Some("@koa/router"), Some("node"), Some("node"), None]);
        let java = "X: y\n\tat shop.Main.run(Main.java:3)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n\t\
                    at org.springframework.web.X.y(X.java:1) ~[spring-web-5.jar:5]\n\t... 3 more";
        assert_eq!(libraries(java), [None, Some("java"), Some("org.springframework")]);
        let rust = "stack backtrace:\n   0:     0x55 - std[68]::panicking::begin\n                at /rustc/58/library/std/src/p.rs:1:2\n   \
                    1: shop::price\n             at ./src/main.rs:3:5\n   2: serde::x\n             \
                    at /srv/u/.cargo/registry/src/index-1/serde-1.0.1/src/a.rs:1:1\n   3: __libc_start_main";
        assert_eq!(libraries(rust), [Some("std"), None, Some("serde-1.0.1"), Some("libc")]);
        let go = "goroutine 1 [running]:\nmain.f(0x1)\n\t/srv/app/main.go:5 +0x1\nnet/http.(*conn).serve(0x1)\n\t\
                  /usr/lib/go/src/net/http/server.go:9 +0x2\ncreated by main.g in goroutine 1\n\t/srv/app/main.go:7 +0x3";
        assert_eq!(libraries(go), [None, Some("net/http"), None]);
    }

    #[test]
    fn lists_and_prose_are_no_frames() {
        for text in ["  1: apples", "    at noon (see above)", "at once", "  12: ", "File \"a\"", "see f(x)\n\ty"] {
            let is_numbered = text.contains("apples");
            assert_eq!(libraries(text), if is_numbered { vec![None] } else { Vec::new() }, "{text}");
        }
    }

    #[test]
    fn the_first_and_the_last_frame_stay() {
        let frame = |n: usize| format!("    at f{n} (/srv/app/node_modules/express/lib/router/index.js:{n}:7)");
        let lines: Vec<String> = (0..9).map(frame).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let runs = foreign_runs(&lines, 1.0, |_| false);
        assert_eq!(runs, [Run { lines: 1..8, what: "7 frames: 7 express".to_owned() }]);
        let runs = foreign_runs(&lines, 1.0, |line| line == 1);
        assert_eq!(runs, [Run { lines: 2..8, what: "6 frames: 6 express".to_owned() }]);
    }
}
