//! From a text to its form: what must not be touched, which compressors may try, which form passes every check.
//!
//! A file that is read is taken for one that will be edited unless it is data by its content (a log, a list of
//! records): an edit names the old text, so each character of it must have been shown.

use crate::compress::command::{self, Commands};
use crate::compress::envelope::{self, Envelope};
use crate::compress::kind::{self, Kind};
use crate::compress::{COMPRESSORS, Compressed, Context, Form, Input, Loss, Outcome, Reason};
use crate::compress::{json, literal, marker};
use crate::tokens;

/// Fewer tokens than this are not worth another form.
pub(crate) const LEAST_GAIN: usize = 20;
/// Shorter error texts are never touched.
const SHORT_ERROR: usize = 8_000;
/// A JSON file of this size and so many records is data.
const RECORDS_LENGTH: usize = 4_000;
const FEWEST_RECORDS: usize = 10;
/// The name under which a line-number column without its padding is recorded.
const COLUMN: (&str, u32) = ("column", 1);

/// See `compress::compress`.
pub(crate) fn route(text: &str, context: &Context) -> Outcome {
    let commands = context.call.map(command::of).unwrap_or_default();
    if is_retrieval(text, context, &commands) {
        return raw(Reason::Retrieved, Kind::Text, tokens::count(text));
    }
    let before = tokens::count(text);
    if before <= LEAST_GAIN {
        return raw(Reason::TooSmall, Kind::Text, before);
    }
    let opened = envelope::open(text);
    let read = file_read(context, &commands);
    let by_shape = kind::by_shape(&opened.text, read.as_ref().and_then(|read| read.path.as_deref()));
    if text.chars().take(SHORT_ERROR).count() < SHORT_ERROR && is_error(&opened.text) {
        return raw(Reason::ErrorText, by_shape, before);
    }
    let block = Block { text, before, opened: &opened, is_read: read.is_some(), context, commands: &commands };
    let mut reason = Reason::NoCompressor;
    if let Some(read) = &read
        && !is_listing(&opened, by_shape, read)
    {
        reason = Reason::ExactRead;
    } else {
        let by_call = kind::by_call(context.call, &commands);
        // A text that is JSON by its shape is JSON whatever wrote it.
        let by_call = by_call.filter(|_| by_shape != Kind::Json);
        let mut tries: Vec<(Kind, Loss)> = by_call.into_iter().map(|kind| (kind, Loss::Content)).collect();
        if by_call != Some(by_shape) {
            tries.push((by_shape, Loss::Content));
        }
        // What a program of unknown ways prints has lines that resemble each other, but nobody knows which matter.
        // Unless it is source: whatever showed it, it may be edited next.
        let is_unknown = by_shape == Kind::Text && by_call.is_none() && commands.main().is_some();
        if is_unknown && !kind::looks_like_source(&opened.text) {
            tries.push((Kind::Log, Loss::None));
        }
        for (kind, most) in tries {
            match block.compressed_as(kind, most) {
                Ok(compressed) => return Outcome::Compressed(compressed),
                Err(Reason::NoCompressor) => {}
                Err(why) => reason = why,
            }
        }
    }
    match block.without_padding(by_shape) {
        Some(compressed) => Outcome::Compressed(compressed),
        None => raw(reason, by_shape, before),
    }
}

fn raw(reason: Reason, kind: Kind, tokens: usize) -> Outcome {
    Outcome::Raw { reason, kind, tokens }
}

/// A text on its way to a form.
struct Block<'a> {
    text: &'a str,
    before: usize,
    opened: &'a Envelope<'a>,
    is_read: bool,
    context: &'a Context<'a>,
    commands: &'a Commands,
}

impl Block<'_> {
    /// The first form that passes and loses at most `most`, of the compressors that take `kind`; or why there is none.
    fn compressed_as(&self, kind: Kind, most: Loss) -> Result<Compressed, Reason> {
        let input = Input {
            text: &self.opened.text,
            first_line: self.opened.column.map(|column| column.first),
            lines_before: self.opened.lines_before(),
            command: self.commands.main(),
            context: self.context,
        };
        let mut reason = Reason::NoCompressor;
        for compressor in COMPRESSORS.iter().filter(|compressor| compressor.takes(kind)) {
            for form in compressor.forms(&input) {
                if form.loss > most || !self.allows(form.loss) {
                    continue;
                }
                match self.check(&form) {
                    Ok((text, tokens_after)) => {
                        return Ok(Compressed {
                            text,
                            loss: form.loss,
                            kind,
                            compressor: compressor.name(),
                            version: compressor.version(),
                            tokens_before: self.before,
                            tokens_after,
                        });
                    }
                    // A lost literal is the graver reason: it is the one to be looked into.
                    Err(why) => reason = if reason == Reason::LiteralLost { reason } else { why },
                }
            }
            if reason == Reason::NoCompressor {
                reason = Reason::NotFewer;
            }
        }
        Err(reason)
    }

    fn allows(&self, loss: Loss) -> bool {
        match loss {
            Loss::None => true,
            Loss::Layout => self.context.retrievable || !self.is_read,
            Loss::Content => self.context.retrievable,
        }
    }

    /// The whole text with the form in it, and its tokens.
    fn check(&self, form: &Form) -> Result<(String, usize), Reason> {
        let text = format!("{}{}{}", self.opened.head, form.text, self.opened.tail);
        let after = tokens::count(&text);
        if after + LEAST_GAIN > self.before {
            return Err(if self.before < LEAST_GAIN * 5 { Reason::TooSmall } else { Reason::NotFewer });
        }
        let first = self.opened.column.map_or(self.opened.lines_before() + 1, |column| column.first);
        match literal::lost(&self.opened.text, &form.text, first, self.context.handle) {
            Some(_) => Err(Reason::LiteralLost),
            None => Ok((text, after)),
        }
    }

    /// The text with its line numbers, but without the spaces before them. Nothing of a line changes.
    fn without_padding(&self, kind: Kind) -> Option<Compressed> {
        let column = self.opened.column.filter(|column| column.width > 0)?;
        let slim = column.slim().write(&self.opened.text);
        let whole = format!("{}{}{}", self.opened.head, column.write(&self.opened.text), self.opened.tail);
        let (text, tokens_after) = self.check(&Form { text: slim, loss: Loss::None }).ok()?;
        (whole == self.text).then_some(Compressed {
            text,
            loss: Loss::None,
            kind,
            compressor: COLUMN.0,
            version: COLUMN.1,
            tokens_before: self.before,
            tokens_after,
        })
    }
}

fn is_retrieval(text: &str, context: &Context, commands: &Commands) -> bool {
    let by_name = context.call.is_some_and(|call| call.tools().any(|name| name.ends_with("headroom_retrieve")));
    let by_command = commands
        .all
        .iter()
        .any(|words| command::program_name(&words[0]) == "headroom" && words.iter().any(|word| word == "retrieve"));
    // An agent saves a result that is too long for it to a file that it names after the tool, and reads that.
    let is_saved = |value: &serde_json::Value| value.as_str().is_some_and(|path| path.contains("headroom_retrieve"));
    let by_path = context
        .call
        .is_some_and(|call| call.arguments.as_object().is_some_and(|arguments| arguments.values().any(is_saved)));
    by_name || by_command || by_path || marker::holds(text)
}

/// How reports of failures begin.
const ERROR_STARTS: [&str; 18] = [
    "Error:",
    "error:",
    "ERROR:",
    "Error ",
    "<tool_use_error>",
    "Exit code ",
    "Traceback (most recent call last)",
    "fatal:",
    "panic:",
    "thread 'main' panicked",
    "Exception",
    "API Error",
    "Command failed",
    "Permission denied",
    "bash: ",
    "sh: ",
    "Uncaught ",
    "Unhandled ",
];

/// Whether a text is the report of a failure: told from its first words, since a log that holds errors is a log.
fn is_error(text: &str) -> bool {
    let text = text.trim_start();
    let json_error = || {
        let mut signs = text.chars().filter(|c| !c.is_whitespace());
        let mut start = String::new();
        start.extend(signs.by_ref().take(9));
        start.starts_with("{\"error\":") || start.starts_with("{\"errors\"")
    };
    ERROR_STARTS.iter().any(|start| text.starts_with(start)) || json_error()
}

/// A file that a call showed.
struct FileRead {
    path: Option<String>,
}

fn file_read(context: &Context, commands: &Commands) -> Option<FileRead> {
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

/// Whether what was read is data, which is looked at and not edited: a log, or many records.
fn is_listing(opened: &Envelope, kind: Kind, read: &FileRead) -> bool {
    let path = read.path.as_deref().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match kind {
        Kind::Log => matches!(extension, "log" | "out" | "txt" | "err" | "") || name.contains(".log"),
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
        _ => false,
    }
}
