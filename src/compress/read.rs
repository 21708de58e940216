//! Which calls show a file, and whether what they show is to be kept to the letter.
//!
//! A file that is read is taken for one that will be edited unless it is data by its name and its content (a log, a
//! list of records): an edit names the old text, so each character of it must have been shown.

use crate::compress::Context;
use crate::compress::command::{self, Commands};
use crate::compress::config;
use crate::compress::envelope::Envelope;
use crate::compress::html;
use crate::compress::json;
use crate::compress::kind::{self, Kind};
use crate::compress::xml;

/// A JSON file of this size and so many records is data.
const RECORDS_LENGTH: usize = 4_000;
const FEWEST_RECORDS: usize = 10;

/// Under which arguments tools take the file they are about.
pub(crate) const PATHS: &[&str] =
    &["file_path", "path", "filename", "absolute_path", "target_file", "filePath", "notebook_path", "relative_path"];

/// Files without an extension, or with that of a text, that are programs.
const SCRIPTS: [&str; 8] =
    ["Makefile", "makefile", "GNUmakefile", "justfile", "Dockerfile", "Jenkinsfile", "Procfile", "CMakeLists.txt"];

/// A file that a call showed; of several, one that may be edited if there is one.
pub(crate) struct FileRead {
    pub(crate) path: Option<String>,
}

impl FileRead {
    fn of(paths: &[&str]) -> Self {
        let path = paths.iter().find(|path| !is_named_as_data(path)).or_else(|| paths.first());
        Self { path: path.map(|path| (*path).to_owned()) }
    }
}

/// The file that the call behind a text shows, if it shows one.
pub(crate) fn file_read(context: &Context, commands: &Commands) -> Option<FileRead> {
    let call = context.call?;
    if !commands.all.is_empty() {
        let paths: Vec<&str> = commands.visible().flat_map(shown_files).collect();
        return (!paths.is_empty()).then(|| FileRead::of(&paths));
    }
    let argument = |key: &str| call.arguments.get(key).and_then(|value| value.as_str());
    let name = kind::tool_name(call);
    let is_reader = matches!(
        name.as_str(),
        "read"
            | "read_file"
            | "view"
            | "view_file"
            | "cat"
            | "open_file"
            | "read_text_file"
            | "fs_read"
            | "readfile"
            | "get_file_contents"
            | "read_many_files"
            | "notebookread"
            | "view_image"
    ) || argument("command") == Some("view");
    let path = PATHS.iter().find_map(|key| argument(key));
    let many = call.arguments.get("paths").and_then(|value| value.as_array());
    let many = many.into_iter().flatten().filter_map(|value| value.as_str());
    is_reader.then(|| FileRead::of(&path.into_iter().chain(many).collect::<Vec<_>>()))
}

/// The files that a command prints, as they are or by lines; an empty name where it is told them by another one.
fn shown_files(words: &[String]) -> Vec<&str> {
    let Some(program) = words.first().map(|word| command::program_name(word)) else { return Vec::new() };
    let mut operands: Vec<&str> =
        words[1..].iter().map(String::as_str).filter(|word| !word.starts_with('-') && !is_count(word)).collect();
    match program {
        "cat" | "head" | "tail" | "nl" | "bat" | "batcat" | "less" | "more" | "tac" => {}
        "sed" | "awk" | "gawk" => {
            let Some(script) = operands.first().copied() else { return Vec::new() };
            operands.remove(0);
            let shows = if program == "sed" {
                command::prints_by_number(words) || is_count(script.trim_end_matches(['q', 'Q']))
            } else {
                // By line numbers, and without columns: `awk 'NR>=10 && NR<=50' a.rs`.
                script.contains("NR") && !script.replace("$0", "").contains('$')
            };
            if !shows || operands.is_empty() {
                return Vec::new();
            }
        }
        "git" if operands.first() == Some(&"show") => {
            operands.retain(|word| word.contains(':'));
            return operands;
        }
        // `find src -exec cat {} +`
        "find" => {
            let run = words.iter().position(|word| matches!(word.as_str(), "-exec" | "-execdir"));
            return run.map_or_else(Vec::new, |run| shown_files(&words[run + 1..]));
        }
        _ => return Vec::new(),
    }
    // `xargs cat`
    if operands.is_empty() { vec![""] } else { operands }
}

/// Whether a word is how much is to be shown: `50`, `+10`, `2k`.
fn is_count(word: &str) -> bool {
    let digits = word.trim_start_matches('+').trim_end_matches(['b', 'k', 'K', 'M']);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether files of that name are written by programs and not by hand.
fn is_named_as_data(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "log" | "out" | "err" | "csv" | "tsv" | "tab" | "json" | "jsonl" | "ndjson")
}

/// Whether what was read is data, which is looked at and not edited: a log, many records, a table, what a tool wrote.
pub(crate) fn is_listing(opened: &Envelope, kind: Kind, read: &FileRead) -> bool {
    let path = read.path.as_deref().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match kind {
        Kind::Log => match extension {
            "log" | "out" | "err" => true,
            // Scripts and build files call tools whose names logs begin with.
            "txt" | "" => {
                !SCRIPTS.contains(&name) && !opened.text.starts_with("#!") && !kind::looks_like_source(&opened.text)
            }
            // `app.log.1`, `app.log-20261120`
            _ => name.split_once(".log").is_some_and(|(_, rest)| rest.starts_with(['.', '-', '_'])),
        },
        // Lines that can be edited stay as they are in it.
        Kind::Blob => true,
        Kind::Text => is_foreign(path),
        Kind::Html => html::is_generated(&opened.text),
        Kind::Xml => xml::is_report(&opened.text),
        Kind::Json => {
            let is_config = matches!(
                name,
                "package.json"
                    | "composer.json"
                    | "deno.json"
                    | "biome.json"
                    | "turbo.json"
                    | "nx.json"
                    | "settings.json"
                    | "launch.json"
                    | "tasks.json"
                    | "manifest.json"
                    | "angular.json"
            ) || name.starts_with("tsconfig")
                || name.starts_with('.')
                || extension == "ipynb";
            // Of a file that is too large to be shown, a preview is shown.
            let is_large = opened.text.len() >= RECORDS_LENGTH || opened.is_preview();
            !is_config && is_large && json::is_list(&opened.text, FEWEST_RECORDS)
        }
        Kind::Config => config::is_lock_file(name),
        Kind::Table => matches!(extension, "csv" | "tsv" | "tab"),
        _ => false,
    }
}

/// Whether a file came with a package: its documents are read and not edited.
fn is_foreign(path: &str) -> bool {
    const FOLDERS: [&str; 6] =
        ["node_modules/", "site-packages/", "dist-packages/", "vendor/", "/usr/share/", ".cargo/registry/"];
    FOLDERS
        .iter()
        .any(|folder| path.starts_with(folder) || path.contains(&format!("/{}", folder.trim_start_matches('/'))))
}
