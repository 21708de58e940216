//! `headroom compress`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::string::FromUtf8Error;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::ccr::Store;
use crate::cli::output::{Failure, raw, talk, warning};
use crate::cli::settings::{DecideArgs, Settings};
use crate::cli::{output, paths};
use crate::compress::manual;
use crate::files;
use crate::library;
use crate::library::{BlockReport, Compression, Format, Options, Originals, Profile, ToolCall};
use crate::pipeline::Retrieval;

/// Compress a text, or the tool results of a list of messages
///
/// Messages (of Anthropic's or OpenAI's shape: a list, or a request body that holds one) come back as JSON with the
/// messages made smaller; anything else is one text and comes back as text. What is left out can be had back with `headroom retrieve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo test 2>&1 | headroom compress --command 'cargo test'
  headroom compress --input request.json --output smaller.json --explain
  kubectl get pods -o json | headroom compress --json
  headroom compress --explain log")]
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
    /// What is asked: what it names stays verbatim
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Fit into so many tokens: rows and sentences are sampled, and messages left out, where the rest is too long
    #[arg(long, value_name = "N")]
    token_budget: Option<usize>,
    /// Show source as an outline: imports, signatures and types, with bodies as line ranges
    #[arg(long, env = "HEADROOM_CODE_AWARE_ENABLED", value_parser = clap::builder::FalseyValueParser::new())]
    code_aware: bool,
    /// Answer in JSON for a text too
    #[arg(long)]
    json: bool,
    /// Say on standard error, block by block, what was done and why; or print what the compressor of that name keeps
    /// and drops
    #[arg(long, value_name = "COMPRESSOR", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
    #[command(flatten)]
    decide: DecideArgs,
}

/// What is known of a compression.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    tokens_before: usize,
    tokens_after: usize,
    tokens_saved: i64,
    compression_ratio: f64,
    transforms_applied: &'a [String],
    handles: &'a [String],
    compressed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_budget: Option<bool>,
    elapsed_ms: f64,
    #[serde(skip_serializing_if = "<[BlockReport]>::is_empty")]
    blocks: &'a [BlockReport],
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(name) = args.explain.as_ref().filter(|name| !name.is_empty()) {
        return explain_compressor(name);
    }
    let settings = Settings::load()?;
    let input = match String::from_utf8(read(args.input.as_deref())?) {
        Ok(input) => input,
        Err(err) => return pass_on(args, err),
    };
    let is_disabled = settings.is_disabled(&args.decide);
    if is_disabled {
        talk("headroom is switched off: nothing is compressed");
    }
    let store = open_store(&settings);
    let project = paths::project_of(&std::env::current_dir().context("could not tell the current folder")?);
    let options = options(args, &settings, store.is_some() && !is_disabled, is_disabled)?;
    let made = library::compress(&input, &options)?;
    for original in &made.originals {
        let store = store.as_ref().context("an original is left out that nobody keeps")?;
        let is_kept = store.put(&project.display().to_string(), &original.text)?;
        ensure!(is_kept, "another text is stored under `{}`", original.handle);
    }
    if args.explain.is_some() {
        for block in &made.blocks {
            talk(explain(block, args.command.as_deref()));
        }
    }
    write(args, &made)?;
    Ok(ExitCode::SUCCESS)
}

fn explain_compressor(name: &str) -> anyhow::Result<ExitCode> {
    let Some(text) = manual::of(name) else {
        let message = format!("there is no compressor `{name}`");
        let known = manual::names().collect::<Vec<_>>().join("`, `");
        return Err(Failure { message, hint: Some(format!("there are `{known}`")), code: 2 }.into());
    };
    raw(format!("{text}\n").as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn options(args: &Args, settings: &Settings, is_kept: bool, is_disabled: bool) -> anyhow::Result<Options> {
    let decide = settings.pipeline(&args.decide, Path::new(""), Retrieval::Always)?;
    let crate::pipeline::Profile { bias, min_k, max_k } = decide.profile;
    Ok(Options {
        user_query: args.question.clone(),
        call: args.command.as_deref().map(ToolCall::command),
        profile: Profile { bias, min_k, max_k },
        exclude_tools: decide.exclude_tools,
        // What is frozen is not touched: the kill switch.
        frozen_message_count: if is_disabled { usize::MAX } else { args.frozen_message_count },
        code_aware: args.code_aware,
        originals: if is_kept && settings.config.ccr.is_enabled() { Originals::Returned } else { Originals::Lost },
        token_budget: args.token_budget.filter(|_| !is_disabled),
        intelligent_context: settings.config.intelligent_context(),
        rolling_window: settings.config.rolling_window().filter(|_| !is_disabled),
        ..Options::default()
    })
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
fn open_store(settings: &Settings) -> Option<Store> {
    let opened = files::create_folder(settings.paths.home()).map_err(anyhow::Error::new);
    match opened.and_then(|_| Ok(Store::open(&settings.paths.store())?)) {
        Ok(store) => Some(store),
        Err(err) => {
            warning(format_args!("{err:#}: nothing is left out, because it could not be had back"));
            None
        }
    }
}

fn explain(block: &BlockReport, command: Option<&str>) -> String {
    let kind = if block.kind.is_empty() { "text" } else { &block.kind };
    let source = command.or(block.tool.as_deref()).map(|tool| format!(" of `{tool}`")).unwrap_or_default();
    if block.tokens_after < block.tokens_before {
        let saved = output::percent(block.tokens_before, block.tokens_after);
        format!(
            "{kind}{source}: {} made {} tokens of {} ({saved} fewer)",
            block.outcome, block.tokens_after, block.tokens_before
        )
    } else {
        format!("{kind}{source}: left as it is ({} tokens): {}", block.tokens_before, block.outcome)
    }
}

fn write(args: &Args, made: &Compression) -> anyhow::Result<()> {
    let is_text = made.format == Format::Text;
    if is_text && !args.json {
        return write_bytes(args, made.messages.as_bytes());
    }
    let summary = Summary {
        messages: if is_text { None } else { Some(serde_json::from_str(&made.messages)?) },
        text: is_text.then_some(&made.messages),
        tokens_before: made.tokens_before,
        tokens_after: made.tokens_after,
        tokens_saved: made.tokens_saved,
        compression_ratio: made.compression_ratio,
        transforms_applied: &made.transforms_applied,
        handles: &made.ccr_hashes,
        compressed: made.compressed,
        within_budget: made.within_budget,
        elapsed_ms: (made.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        blocks: if args.explain.is_some() { &made.blocks } else { &[] },
    };
    let mut text = serde_json::to_string_pretty(&summary)?;
    text.push('\n');
    write_bytes(args, text.as_bytes())
}

fn write_bytes(args: &Args, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(path) = &args.output {
        files::write_atomic(path, bytes, Some(files::mode(path)?.unwrap_or(0o644)))?;
    } else {
        raw(bytes);
    }
    Ok(())
}
