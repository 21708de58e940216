//! From a text to its form: what must not be touched, and what a text may be taken for.

use crate::compress::choice::{self, Around, LEAST_GAIN, Try};
use crate::compress::command::{self, Commands};
use crate::compress::envelope::{self, Envelope};
use crate::compress::kind::{self, Kind};
use crate::compress::read::{self, FileRead};
use crate::compress::sections::{self, Section};
use crate::compress::{Compressed, Context, Input, Loss, Outcome, Reason};
use crate::compress::{marker, shell};
use crate::tokens;

/// Shorter error texts are never touched.
const SHORT_ERROR: usize = 8_000;
/// The name under which a line-number column without its padding is recorded.
pub(crate) const COLUMN: (&str, u32) = ("column", 1);
/// The name under which the outputs of several commands, each in its own form, are recorded.
const SECTIONS: (&str, u32) = ("sections", 1);
/// The name under which the opened answer of a shell is recorded.
const ANSWER: (&str, u32) = ("answer", 1);

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
    let block = Block::of(&opened, context, &commands);
    if text.chars().take(SHORT_ERROR).count() < SHORT_ERROR && is_error(&opened.text) {
        return raw(Reason::ErrorText, block.kind, before);
    }
    let apart = in_sections(&opened, context, &commands, block.kind, before);
    if let Some(compressed) = apart {
        return Outcome::Compressed(compressed);
    }
    let tries = if block.is_exact { exact_tries(context) } else { tries(&opened.text, block.kind, context, &commands) };
    let input = Input {
        first_line: opened.column.map(|column| column.first),
        lines_before: opened.lines_before(),
        ..block.input(context, &commands)
    };
    let first_line = input.first_line.unwrap_or(input.lines_before + 1);
    let around = Around { head: opened.head, tail: opened.tail };
    let best = choice::best(&input, &tries, around, before, first_line).map(|(compressed, _)| compressed);
    let answer = if block.kind == Kind::Json { in_answer(&opened, context, &commands, before) } else { None };
    match (best, answer) {
        (Ok(best), Some(answer)) if answer.tokens_after >= best.tokens_after => Outcome::Compressed(best),
        (_, Some(answer)) => Outcome::Compressed(answer),
        (Ok(best), None) => Outcome::Compressed(best),
        (Err(reason), None) => match without_padding(text, &opened, block.kind, before) {
            Some(compressed) => Outcome::Compressed(compressed),
            None => raw(if block.is_exact { Reason::ExactRead } else { reason }, block.kind, before),
        },
    }
}

/// A text without its envelope, and what is known of it.
struct Block<'a> {
    text: &'a str,
    kind: Kind,
    shown: Option<FileRead>,
    /// Whether it is a file that may be edited next.
    is_exact: bool,
}

impl<'a> Block<'a> {
    fn of(opened: &'a Envelope, context: &Context, commands: &Commands) -> Self {
        let shown = read::file_read(context, commands);
        let kind = kind::by_shape(&opened.text, shown.as_ref().and_then(|shown| shown.path.as_deref()));
        // Who cannot get the exact text back could not edit what was shown as data either; nobody edits a log.
        let may_be_data = context.retrievable || kind == Kind::Log;
        let is_data = |shown: &FileRead| may_be_data && read::is_listing(opened, kind, shown);
        let is_exact = shown.as_ref().is_some_and(|shown| !is_data(shown));
        Self { text: &opened.text, kind, shown, is_exact }
    }

    fn input(&'a self, context: &'a Context<'a>, commands: &'a Commands) -> Input<'a> {
        Input {
            command: commands.main(),
            path: self.shown.as_ref().and_then(|shown| shown.path.as_deref()),
            is_read: self.shown.is_some(),
            ..Input::of(self.text, self.kind, context)
        }
    }
}

/// The text with each command's output as what that command writes, where several wrote one after another.
fn in_sections(
    opened: &Envelope,
    context: &Context,
    commands: &Commands,
    kind: Kind,
    before: usize,
) -> Option<Compressed> {
    if opened.column.is_some() {
        return None;
    }
    let (form, loss) = in_parts(&opened.text, context, commands, opened.lines_before(), Loss::Content)?;
    checked(opened, (form, loss), context, (SECTIONS, kind), before)
}

/// The text of a shell's answer in JSON, and the rest of the answer above it.
fn in_answer(opened: &Envelope, context: &Context, commands: &Commands, before: usize) -> Option<Compressed> {
    let answer = shell::open(&opened.text)?;
    // The lines of the output are none of the answer's, so a marker could not name them.
    let found = in_parts(&answer.output, context, commands, 0, Loss::Layout)
        .or_else(|| section(&answer.output, context, commands, 0, Loss::Layout));
    let (form, loss) = found.unwrap_or((answer.output, Loss::None));
    checked(opened, (format!("{}{form}", answer.head), loss), context, (ANSWER, Kind::Json), before)
}

/// A form of several parts, named and counted.
fn checked(
    opened: &Envelope,
    (form, loss): (String, Loss),
    context: &Context,
    ((compressor, version), kind): ((&'static str, u32), Kind),
    before: usize,
) -> Option<Compressed> {
    let whole = |form: &str| format!("{}{form}{}", opened.head, opened.tail);
    let count = |text: String| (tokens::count(&text), text);
    let (tokens_after, text) = choice::with_handle(context, &form)
        .map(|named| count(whole(&named)))
        .filter(|(tokens, _)| tokens + LEAST_GAIN <= before)
        .unwrap_or_else(|| count(whole(&form)));
    (tokens_after + LEAST_GAIN <= before).then_some(Compressed {
        text,
        loss,
        kind,
        compressor,
        version,
        tokens_before: before,
        tokens_after,
    })
}

/// `text` with what each command wrote in its best form; `None` where it is not known who wrote what, or nothing gets
/// shorter.
fn in_parts(
    text: &str,
    context: &Context,
    commands: &Commands,
    lines_before: usize,
    most: Loss,
) -> Option<(String, Loss)> {
    let mut form = String::with_capacity(text.len());
    let (mut loss, mut is_shorter) = (Loss::None, false);
    let (mut at, mut line) = (0, lines_before);
    for Section { range, commands } in sections::of(text, commands)? {
        form.push_str(&text[at..range.start]);
        line += text[at..range.start].matches('\n').count();
        let part = &text[range.clone()];
        if let Some((shorter, lost)) = section(part, context, &commands, line, most) {
            (loss, is_shorter) = (loss.max(lost), true);
            form.push_str(&shorter);
            // A form that has lost the line break at its end would run into what follows.
            if part.ends_with('\n') && !shorter.ends_with('\n') {
                form.push('\n');
            }
        } else {
            form.push_str(part);
        }
        line += part.matches('\n').count();
        at = range.end;
    }
    form.push_str(&text[at..]);
    is_shorter.then_some((form, loss))
}

/// The best form of what `commands` wrote, which is part of another text.
fn section(
    text: &str,
    context: &Context,
    commands: &Commands,
    lines_before: usize,
    most: Loss,
) -> Option<(String, Loss)> {
    let before = tokens::count(text);
    if before <= LEAST_GAIN || text.len() < SHORT_ERROR && is_error(text) {
        return None;
    }
    let opened = envelope::open(text);
    let block = Block::of(&opened, context, commands);
    if block.is_exact || opened.column.is_some() {
        return None;
    }
    let tries: Vec<Try> =
        tries(text, block.kind, context, commands).into_iter().map(|(kind, loss)| (kind, loss.min(most))).collect();
    let input = Input { text, lines_before, depth: 1, ..block.input(context, commands) };
    let (_, form) = choice::best(&input, &tries, Around::default(), before, lines_before + 1).ok()?;
    Some((form.text, form.loss))
}

fn raw(reason: Reason, kind: Kind, tokens: usize) -> Outcome {
    Outcome::Raw { reason, kind, tokens }
}

/// What a file that is read in order to be edited may be taken for: source, where the caller asked for outlines.
fn exact_tries(context: &Context) -> Vec<Try> {
    if context.code_aware { vec![(Kind::Source, Loss::Content)] } else { Vec::new() }
}

/// What `text` may be taken for: by the call that produced it, and by its shape.
fn tries(text: &str, by_shape: Kind, context: &Context, commands: &Commands) -> Vec<Try> {
    let by_call = kind::by_call(context.call, commands);
    // A text that is JSON, a page or a diff by its shape is that whatever wrote it.
    let by_call = by_call.filter(|_| !matches!(by_shape, Kind::Json | Kind::Html | Kind::Xml | Kind::Diff));
    let mut tries: Vec<Try> = by_call.into_iter().map(|kind| (kind, Loss::Content)).collect();
    if by_call != Some(by_shape) {
        tries.push((by_shape, Loss::Content));
    }
    // What a program of unknown ways prints has lines that resemble each other, but nobody knows which matter.
    // Unless it is source: whatever showed it, it may be edited next.
    let is_unknown = by_shape == Kind::Text && by_call.is_none() && commands.main().is_some();
    if is_unknown && !kind::looks_like_source(text) {
        tries.push((Kind::Log, Loss::None));
    }
    tries
}

/// The text with its line numbers, but without the spaces before them. Nothing of a line changes.
fn without_padding(text: &str, opened: &Envelope, kind: Kind, before: usize) -> Option<Compressed> {
    let column = opened.column.filter(|column| column.width > 0)?;
    let whole = |column: envelope::Column| format!("{}{}{}", opened.head, column.write(&opened.text), opened.tail);
    let slim = whole(column.slim());
    let tokens_after = tokens::count(&slim);
    (whole(column) == text && tokens_after + LEAST_GAIN <= before).then_some(Compressed {
        text: slim,
        loss: Loss::None,
        kind,
        compressor: COLUMN.0,
        version: COLUMN.1,
        tokens_before: before,
        tokens_after,
    })
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
