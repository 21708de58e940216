//! The rules of this source that a compiler does not know: who may use whom, how long a file may be, what may not be
//! written. A new edge in `MAP` is the thing to look at in a review.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

/// Each module and the modules that it may use. `cli` may use all of them, and nothing may use `cli`.
const MAP: &[(&str, &[&str])] = &[
    ("library", &["pipeline", "provider", "compress", "ccr", "tokens", "json_text"]),
    ("proxy", &["pipeline", "provider", "ccr", "memory", "stats", "files"]),
    ("mcp", &["pipeline", "compress", "ccr", "memory", "stats"]),
    ("learn", &["agent", "edit", "files", "tokens"]),
    ("agent", &["edit", "files"]),
    // The sent form of a block is a JSON string.
    ("pipeline", &["provider", "compress", "ccr", "memory", "tokens", "stats", "json_text"]),
    // A JSON text inside a string is decoded as the wires do it.
    ("compress", &["tokens", "ml", "json_text"]),
    ("memory", &["compress", "edit", "files", "tokens", "ml"]),
    ("stats", &["files", "tokens"]),
    ("edit", &["json_text"]),
    ("provider", &["json_text"]),
    ("ccr", &["files"]),
    ("ml", &["files"]),
    ("json_text", &[]),
    ("tokens", &[]),
    ("files", &[]),
];

/// Files of `src` outside any module: they may use what they declare.
const ROOTS: &[&str] = &["lib", "main", "build"];

const LONGEST_FILE: usize = 600;

/// Files that may be longer, each with its reason. Meant to be empty.
const LONGER: &[(&str, &str)] = &[];

/// Words that stand for work not done.
const UNDONE: &[&str] = &["TODO", "FIXME", "XXX", "dbg!", "unimplemented!", "todo!"];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &[
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "orchestrator",
    "processor",
    "handler",
    "engine",
    "base",
    "impl",
    "data",
    "info",
    "types",
    "traits",
    "v2",
    "new",
    "smart",
];

/// The headings that a compressor's documentation has.
const MANUAL: &[&str] = &["# What it keeps", "# What it drops", "# When it declines", "# Example"];

#[test]
fn modules_use_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        // Tests of a module may look at anything to see that it works.
        if module == "cli" || ROOTS.contains(&module.as_str()) || path.ends_with("tests.rs") {
            continue;
        }
        let Some((_, allowed)) = MAP.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: `{module}` is not in the map", path.display()));
            continue;
        };
        for (number, line) in code_lines(&text) {
            for used in line.split("crate::").skip(1).map(leading_identifier) {
                if used != module && !allowed.contains(&used) {
                    wrong.push(format!("{}:{number} uses `{used}`", path.display()));
                }
            }
            if line.contains("super::super") || line.contains("crate::{") {
                wrong.push(format!("{}:{number} must name one module: `use crate::module::thing;`", path.display()));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn the_map_has_no_cycle() {
    let mut settled = BTreeSet::new();
    while settled.len() < MAP.len() {
        let before = settled.len();
        for (module, allowed) in MAP {
            if allowed.iter().all(|used| settled.contains(used)) {
                settled.insert(*module);
            }
        }
        assert!(settled.len() > before, "only {settled:?} can be put in an order");
    }
}

#[test]
fn every_module_of_the_map_that_exists_is_declared() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let wrong: Vec<_> = MAP
        .iter()
        .filter(|(name, _)| {
            let exists =
                root().join(format!("src/{name}.rs")).exists() || root().join(format!("src/{name}/mod.rs")).exists();
            exists != lib.contains(&format!("mod {name};"))
        })
        .collect();
    assert!(wrong.is_empty(), "declared but missing, or there but not declared: {wrong:?}");
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().chain(rust_files("tests")).chain(rust_files("benches")) {
        let lines = lines_without_tests(&path, &text);
        let name = path.display().to_string();
        if lines > LONGEST_FILE && !LONGER.iter().any(|(longer, _)| *longer == name) {
            wrong.push(format!("{name} has {lines} lines"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn files_say_what_they_are_for() {
    let files = sources().into_iter().chain(rust_files("tests")).chain(rust_files("benches"));
    let silent = files.filter(|(path, text)| module_of(path) != "main" && !text.starts_with("//! "));
    expect_none(&silent.map(|(path, _)| path.display().to_string()).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_undone() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().chain(rust_files("tests")).chain(rust_files("benches")) {
        if path.ends_with("tests/it/architecture.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            wrong.extend(
                UNDONE
                    .iter()
                    .filter(|word| holds_word(line, word))
                    .map(|word| format!("{}:{} says `{word}`", path.display(), number + 1)),
            );
        }
    }
    expect_none(&wrong);
}

#[test]
fn names_say_something() {
    let own = tracked().into_iter().filter(|path| path.starts_with("src") || path.starts_with("tests/it"));
    let empty = own.filter(|path| {
        path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            let stem = part.split('.').next().unwrap_or_default();
            stem.split('_').any(|word| EMPTY_NAMES.contains(&word))
        })
    });
    expect_none(&empty.map(|path| path.display().to_string()).collect::<Vec<_>>());
}

#[test]
fn no_tracked_file_names_this_machine() {
    // The second half of each word is apart, so that this file does not find itself.
    let homes = Regex::new(concat!(
        "/roo",
        "t/|/hom",
        r"e/(?:\w+/)?\.cargo|/tm",
        r"p/(?:wt|brief|probe|agents)\b|/wor",
        "k/(?:main|shared)"
    ))
    .unwrap();
    let registries =
        Regex::new(concat!("registry\\.npmjs", "\\.org|index\\.crates", "\\.io|static\\.crates", "\\.io")).unwrap();
    let mut wrong = Vec::new();
    for path in tracked() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let is_lock = path.ends_with("Cargo.lock");
            if homes.is_match(line) || (registries.is_match(line) && !is_lock) {
                wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn each_stage_is_emitted_at_one_place() {
    let text = fs::read_to_string(root().join("src/pipeline/stage.rs")).unwrap();
    let list = text.split_once("enum Stage {").expect("`stage.rs` has the enum").1.split_once("\n}").unwrap().0;
    let variants: Vec<_> = list
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(leading_identifier)
        .collect();
    assert_eq!(variants.len(), 11, "{variants:?}");
    let mut wrong = Vec::new();
    for variant in variants {
        let emitted = Regex::new(&format!(r"emit\(\s*(?:\w+::)*Stage::{variant}\b")).unwrap();
        let places = sources().iter().map(|(_, text)| emitted.find_iter(&without_tests(text)).count()).sum::<usize>();
        if places != 1 {
            wrong.push(format!("`Stage::{variant}` is emitted at {places} places"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn compressors_have_manuals_and_fixtures() {
    let mut wrong = Vec::new();
    for name in compressors() {
        let module = name.to_lowercase();
        let file = [format!("src/compress/{module}.rs"), format!("src/compress/{module}/mod.rs")];
        let text = file.iter().find_map(|path| fs::read_to_string(root().join(path)).ok()).unwrap_or_default();
        let manual = text.split(&format!("pub(crate) struct {name}")).next().unwrap_or_default();
        wrong.extend(
            MANUAL
                .iter()
                .filter(|heading| !manual.contains(**heading))
                .map(|heading| format!("{name} lacks `{heading}`")),
        );
        if !has_file_with(&root().join("tests/compressors").join(&module), "in") {
            wrong.push(format!("{name} has no fixture in tests/compressors/{module}"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn agents_have_fixtures() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("agents")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let cases = root().join("tests/agents").join(path.file_stem().unwrap());
            if !cases.is_dir() || fs::read_dir(&cases).unwrap().next().is_none() {
                wrong.push(format!("{} is missing or empty", cases.display()));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn templates_hold_nothing_but_text_and_holes() {
    let hole = Regex::new(r"\{\{[a-z_]+\}\}").unwrap();
    let mut wrong = Vec::new();
    for path in tracked().into_iter().filter(|path| path.starts_with("templates")) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let rest = hole.replace_all(&text, "");
        if rest.contains("{{") || rest.contains("}}") || rest.contains("{%") {
            wrong.push(path.display().to_string());
        }
    }
    expect_none(&wrong);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files of the crate, with paths relative to its root.
fn sources() -> Vec<(PathBuf, String)> {
    rust_files("src")
}

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(root()).unwrap().to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

/// The files that git tracks or would track; none where the source came without its history.
fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .arg("-C")
        .arg(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output();
    let Ok(listed) = listed else { return Vec::new() };
    let names = String::from_utf8(listed.stdout).unwrap();
    names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

/// The module a file of `src` belongs to: its folder, or its own name.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap_or(path);
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn leading_identifier(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The lines that are no comment, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// A file up to the tests at its end.
fn without_tests(text: &str) -> String {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn lines_without_tests(path: &Path, text: &str) -> usize {
    let is_tests = path.starts_with("src") && path.file_stem().is_some_and(|stem| stem == "tests");
    if is_tests { 0 } else { without_tests(text).lines().count() }
}

fn holds_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(before) && !is_part(after)
    })
}

/// The types in `COMPRESSORS`.
fn compressors() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/compress/mod.rs")).unwrap();
    let list = text.split_once("const COMPRESSORS: &[&dyn Compressor] = &[").unwrap().1.split_once("];").unwrap().0;
    let names: Vec<String> = list
        .split(',')
        .filter_map(|item| item.trim().strip_prefix('&'))
        .map(|path| path.rsplit("::").next().unwrap().to_owned())
        .collect();
    assert_ne!(names, Vec::<String>::new());
    names
}

fn has_file_with(folder: &Path, extension: &str) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .into_iter()
            .any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == extension)))
    })
}

fn expect_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
