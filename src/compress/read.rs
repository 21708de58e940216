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

/// A file that a call showed.
pub(crate) struct FileRead {
    pub(crate) path: Option<String>,
}

/// The file that the call behind a text shows, if it shows one.
pub(crate) fn file_read(context: &Context, commands: &Commands) -> Option<FileRead> {
    let call = context.call?;
    if !commands.all.is_empty() {
        let path = commands.visible().find_map(shown_file)?;
        return Some(FileRead { path: Some(path.to_owned()) });
    }
    let argument = |keys: &[&str]| {
        keys.iter().find_map(|key| call.arguments.get(*key)).and_then(|value| value.as_str()).map(str::to_owned)
    };
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
    ) || (name.starts_with("str_replace") && argument(&["command"]).as_deref() == Some("view"));
    is_reader.then(|| FileRead {
        path: argument(&["file_path", "path", "filename", "absolute_path", "target_file", "filePath", "notebook_path"]),
    })
}

/// The file that a command prints, as it is or by lines.
fn shown_file(words: &[String]) -> Option<&str> {
    let program = command::program_name(words.first()?);
    let shows = match program {
        "cat" | "head" | "tail" | "nl" | "bat" | "batcat" | "less" | "more" | "tac" => true,
        "sed" => command::prints_by_number(words),
        // By line numbers, and without columns: `awk 'NR>=10 && NR<=50' a.rs`.
        "awk" | "gawk" => {
            words.get(1).is_some_and(|script| script.contains("NR") && !script.replace("$0", "").contains('$'))
        }
        "git" => words.get(1).is_some_and(|verb| verb == "show") && words.iter().skip(2).any(|word| word.contains(':')),
        _ => false,
    };
    // `find src -exec cat {} +`
    if program == "find" {
        let run = words.iter().position(|word| matches!(word.as_str(), "-exec" | "-execdir"))?;
        return shown_file(&words[run + 1..]);
    }
    if shows && words.len() == 1 {
        // `xargs cat`
        return Some("");
    }
    // The last word: options and `sed`'s script stand before it.
    let path = words.iter().skip(1).rfind(|word| !word.starts_with('-'))?;
    let is_count = path.bytes().all(|byte| byte.is_ascii_digit());
    (shows && !is_count && !(program == "sed" && words.len() < 4)).then_some(path)
}

/// Whether what was read is data, which is looked at and not edited: a log, many records, a table, what a tool wrote.
pub(crate) fn is_listing(opened: &Envelope, kind: Kind, read: &FileRead) -> bool {
    let path = read.path.as_deref().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match kind {
        Kind::Log => matches!(extension, "log" | "out" | "txt" | "err" | "") || name.contains(".log"),
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
