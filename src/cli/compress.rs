//! `headroom compress`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::string::FromUtf8Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::ccr::{Handle, Store};
use crate::cli::output::{Failure, raw, talk, warning};
use crate::cli::settings::{DecideArgs, Settings};
use crate::cli::{output, paths};
use crate::compress::{Context, Outcome, ToolCall};
use crate::files;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::{Live, Options, Pipeline, Retrieval, Scope};
use crate::provider::Provider;
use crate::stats::BlockRecord;
use crate::{compress, tokens};

/// Compress a text, or the tool results of a list of messages
///
/// A JSON object with `messages` (Anthropic's shape) comes back as JSON with the messages made smaller; anything else
/// is one text and comes back as text. What is left out can be had back with `headroom retrieve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo test 2>&1 | headroom compress --command 'cargo test'
  headroom compress --input request.json --output smaller.json --explain
  kubectl get pods -o json | headroom compress --json")]
pub(crate) struct Args {
    /// Read this file instead of standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The command whose output the text is
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Leave the first N messages as they are: they are cached
    #[arg(long, value_name = "N", default_value_t = 0)]
    frozen_message_count: usize,
    /// Answer in JSON for a text too
    #[arg(long)]
    json: bool,
    /// Say on standard error, block by block, what was done and why
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    decide: DecideArgs,
}

/// What is known of a compression.
#[derive(Debug, Default, Serialize)]
struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    tokens_before: usize,
    tokens_after: usize,
    tokens_saved: i64,
    compression_ratio: f64,
    transforms_applied: Vec<String>,
    handles: Vec<String>,
    compressed: bool,
    elapsed_ms: f64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    let input = match String::from_utf8(read(args.input.as_deref())?) {
        Ok(input) => input,
        Err(err) => return pass_on(args, err),
    };
    let started = Instant::now();
    let (store, retrieval) = open_store(&settings)?;
    let project = paths::project_of(&std::env::current_dir().context("could not tell the current folder")?);
    let mut options = settings.pipeline(&args.decide, &project, retrieval);
    // No agent waits for this one, and a text left as it is because the machine was busy helps nobody.
    options.budget.base = Duration::from_mins(1);

    let is_conversation = serde_json::from_str::<Messages>(&input).is_ok();
    let (mut summary, records) = if settings.is_disabled(&args.decide) {
        (untouched(&input, is_conversation)?, Vec::new())
    } else if is_conversation {
        compress_messages(&input, args.frozen_message_count, &store, options)?
    } else {
        compress_text(&input, args.command.as_deref(), &store, &options)?
    };
    summary.elapsed_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    if args.explain {
        for record in &records {
            talk(explain(record));
        }
    }
    write(args, is_conversation, summary)?;
    Ok(ExitCode::SUCCESS)
}

fn read(input: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    if let Some(path) = input {
        return files::read(path)?.with_context(|| format!("there is no file `{}`", path.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("could not read standard input")?;
    Ok(bytes)
}

/// A pipe must not lose what it cannot read: what is no text goes on as it came.
fn pass_on(args: &Args, err: FromUtf8Error) -> anyhow::Result<ExitCode> {
    let message = format!("the input is not UTF-8 at byte {}", err.utf8_error().valid_up_to());
    if args.json {
        return Err(
            Failure { message, hint: Some("without `--json` it is passed on as it is".to_owned()), code: 1 }.into()
        );
    }
    warning(format_args!("{message}: it is passed on as it is"));
    write_bytes(args, &err.into_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The user's store. Where there can be none, nothing is left out: nobody could get it back.
fn open_store(settings: &Settings) -> anyhow::Result<(Store, Retrieval)> {
    let opened = files::create_folder(settings.paths.home()).map_err(anyhow::Error::new);
    match opened.and_then(|_| Ok(Store::open(&settings.paths.store())?)) {
        Ok(store) => Ok((store, Retrieval::Always)),
        Err(err) => {
            warning(format_args!("{err:#}: nothing is left out, because it could not be had back"));
            Ok((Store::in_memory()?, Retrieval::Offered { ready_file: None }))
        }
    }
}

#[derive(serde::Deserialize)]
struct Messages {
    messages: Box<RawValue>,
}

/// What the kill switch leaves: `input` as it came.
fn untouched(input: &str, is_conversation: bool) -> anyhow::Result<Summary> {
    talk("headroom is switched off: nothing is compressed");
    let mut summary = Summary { compression_ratio: 1.0, ..Summary::default() };
    if is_conversation {
        let Messages { messages } = serde_json::from_str(input)?;
        summary.tokens_before = tokens::count(messages.get());
        summary.messages = Some(messages);
    } else {
        summary.tokens_before = tokens::count(input);
        summary.text = Some(input.to_owned());
    }
    summary.tokens_after = summary.tokens_before;
    Ok(summary)
}

/// Decides every block for this call alone: were the decisions stored, a conversation that is looked at here would be
/// sent in another form than the provider has cached. The originals are stored, since the answer names them.
fn compress_messages(
    input: &str,
    frozen: usize,
    store: &Store,
    options: Options,
) -> anyhow::Result<(Summary, Vec<BlockRecord>)> {
    let mut exchange = Exchange::new("compress");
    let decisions = Arc::new(Store::in_memory()?);
    let project = options.project.clone();
    let pipeline = Pipeline::new(Some(Arc::clone(&decisions)), options);
    let prepared =
        pipeline.prepare(Provider::Anthropic, input, Live::FromMessage(frozen), Scope::All, &mut exchange)?;
    for handle in &prepared.handles {
        let original = decisions.get(&handle.parse()?)?.context("an original was decided on and is gone")?;
        ensure!(store.put(&project, &original.text)?, "another text is stored under `{handle}`");
    }
    let compressed = prepared.body.is_some();
    let body = prepared.body.as_deref().unwrap_or(input);
    let after: Messages = serde_json::from_str(body)?;
    let before: Messages = serde_json::from_str(input)?;
    let records = exchange.record.blocks;
    let tokens = (tokens::count(before.messages.get()), tokens::count(after.messages.get()));
    let transforms = records.iter().filter(|record| record.tokens_after < record.tokens_before);
    let transforms: Vec<String> = transforms.map(|record| record.outcome.clone()).collect();
    let mut summary = summary(tokens.0, tokens.1, transforms, prepared.handles, compressed);
    summary.messages = Some(after.messages);
    Ok((summary, records))
}

fn compress_text(
    input: &str,
    command: Option<&str>,
    store: &Store,
    options: &Options,
) -> anyhow::Result<(Summary, Vec<BlockRecord>)> {
    let call = command
        .map(|command| ToolCall { name: "Bash".to_owned(), arguments: serde_json::json!({ "command": command }) });
    let handle = Handle::of(input);
    let context = Context {
        call: call.as_ref(),
        retrievable: matches!(options.retrieval, Retrieval::Always),
        profile: options.profile,
        ..Context::of(handle.as_str())
    };
    let mut record = BlockRecord {
        kind: String::new(),
        tool: command.map(str::to_owned),
        outcome: String::new(),
        tokens_before: 0,
        tokens_after: 0,
        new: true,
    };
    let (text, handles) = match compress::compress(input, &context) {
        Outcome::Compressed(compressed) => {
            record.kind = format!("{:?}", compressed.kind).to_lowercase();
            compressed.compressor.clone_into(&mut record.outcome);
            record.tokens_before = compressed.tokens_before as u64;
            record.tokens_after = compressed.tokens_after as u64;
            let is_named = compressed.text.contains(handle.as_str());
            // Another text has this handle already: then nothing may stand for this one.
            if is_named && !store.put(&options.project, input)? {
                record.tokens_after = record.tokens_before;
                (input.to_owned(), Vec::new())
            } else {
                (compressed.text, if is_named { vec![handle.to_string()] } else { Vec::new() })
            }
        }
        Outcome::Raw { reason, kind, tokens } => {
            record.kind = format!("{kind:?}").to_lowercase();
            record.outcome = reason.to_string();
            record.tokens_before = tokens as u64;
            record.tokens_after = tokens as u64;
            (input.to_owned(), Vec::new())
        }
    };
    let compressed = text != input;
    let transforms = if compressed { vec![record.outcome.clone()] } else { Vec::new() };
    let (before, after) = (tokens::count(input), tokens::count(&text));
    let mut summary = summary(before, after, transforms, handles, compressed);
    summary.text = Some(text);
    Ok((summary, vec![record]))
}

fn summary(
    tokens_before: usize,
    tokens_after: usize,
    transforms_applied: Vec<String>,
    handles: Vec<String>,
    compressed: bool,
) -> Summary {
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no exact counts")]
    let ratio = if tokens_before == 0 { 1.0 } else { tokens_after as f64 / tokens_before as f64 };
    #[expect(clippy::cast_possible_wrap, reason = "no text has 2^63 tokens")]
    let tokens_saved = tokens_before as i64 - tokens_after as i64;
    Summary {
        messages: None,
        text: None,
        tokens_before,
        tokens_after,
        tokens_saved,
        compression_ratio: (ratio * 1e4).round() / 1e4,
        transforms_applied,
        handles,
        compressed,
        elapsed_ms: 0.0,
    }
}

fn explain(record: &BlockRecord) -> String {
    let kind = if record.kind.is_empty() { "text" } else { &record.kind };
    let source = record.tool.as_ref().map(|tool| format!(" of `{tool}`")).unwrap_or_default();
    if record.tokens_after < record.tokens_before {
        let saved = output::percent(record.tokens_before, record.tokens_after);
        format!(
            "{kind}{source}: {} made {} tokens of {} ({saved} fewer)",
            record.outcome, record.tokens_after, record.tokens_before
        )
    } else {
        format!("{kind}{source}: left as it is ({} tokens): {}", record.tokens_before, record.outcome)
    }
}

fn write(args: &Args, is_conversation: bool, summary: Summary) -> anyhow::Result<()> {
    let as_json = args.json || is_conversation;
    let bytes = if as_json {
        let mut text = serde_json::to_string_pretty(&summary)?;
        text.push('\n');
        text.into_bytes()
    } else {
        summary.text.unwrap_or_default().into_bytes()
    };
    write_bytes(args, &bytes)
}

fn write_bytes(args: &Args, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(path) = &args.output {
        files::write_atomic(path, bytes, Some(files::mode(path)?.unwrap_or(0o644)))?;
    } else {
        raw(bytes);
    }
    Ok(())
}
