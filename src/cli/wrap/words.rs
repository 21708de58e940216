//! The words behind `headroom wrap`: which are ours and which are the agent's.
//!
//! Behind the agent's name come our own long options; from the first word that is not one of them, or from `--`,
//! everything is the agent's, as it is. clap has no such rule: it would take `-p` for ours, or refuse it. A near miss of
//! one of ours is an error, because an agent that gets `--memroy` says something puzzling about it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Args as _, FromArgMatches};

use crate::agent::detect::ContextTool;
use crate::cli::output::Failure;
use crate::cli::settings::{DecideArgs, Environment, ProxyArgs, Settings};
use crate::cli::wrap::Args;

/// Options of `headroom wrap`, before or behind the agent's name.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct Options {
    /// The port to listen on; the next free one if it is taken [default: 8787]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,

    /// Use the proxy that runs on that port instead of starting one
    #[arg(long)]
    pub(crate) no_proxy: bool,

    /// Do not register the MCP server that gives the agent its originals back
    #[arg(long)]
    pub(crate) no_mcp: bool,

    /// Do not tell the agent about rtk or lean-ctx
    #[arg(long, alias = "no-rtk", conflicts_with = "context_tool")]
    pub(crate) no_context_tool: bool,

    /// Tell the agent about rtk or lean-ctx in a file that git tracks, too
    #[arg(long)]
    pub(crate) context_tool: bool,

    /// Edit the agent's files and leave them so until `headroom unwrap`; launch nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) prepare_only: bool,

    /// Show what would change in files, environment and arguments; change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) proxy: ProxyArgs,

    #[arg(long, hide = true)]
    memory: bool,
    #[arg(long, hide = true)]
    learn: bool,
    #[arg(long, hide = true)]
    code_graph: bool,
    #[arg(long, hide = true, value_name = "NAME")]
    backend: Option<String>,
    /// Nothing is registered that this would leave out; scripts for other tools say it.
    #[arg(long, hide = true)]
    no_serena: bool,
}

/// A wrap as the user asked for it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) agent: String,
    pub(crate) options: Options,
    /// The agent's own arguments.
    pub(crate) args: Vec<OsString>,
}

/// Why the words make no request.
#[derive(Debug)]
pub(crate) enum Error {
    /// Help, or a wrong value.
    Usage(clap::Error),
    /// A wrong value of an option that the agent may have as well.
    Clash {
        err: clap::Error,
        hint: String,
    },
    NearMiss(Failure),
}

/// Reads `words`, the agent's name and what is behind it; `before` stood in front of the name.
pub(crate) fn parse(before: Options, words: &[OsString]) -> Result<Request, Error> {
    let (agent, tail) = words.split_first().expect("clap requires one");
    let command = command();
    if let Some(name) = agent.to_str().filter(|word| word.starts_with('-')) {
        return Err(Error::NearMiss(misplaced(name, &command)));
    }
    let split = split(&agent.to_string_lossy(), tail, &command)?;
    let matches = command.try_get_matches_from(split.ours).map_err(|err| wrong(&agent.to_string_lossy(), err))?;
    let behind = Options::from_arg_matches(&matches).map_err(Error::Usage)?;
    Ok(Request {
        agent: agent.to_string_lossy().into_owned(),
        options: before.with(behind),
        args: split.theirs.to_vec(),
    })
}

/// Our options alone.
fn command() -> clap::Command {
    let command = clap::Command::new("wrap").bin_name("headroom wrap").no_binary_name(true).disable_help_flag(true);
    Options::augment_args(command)
}

struct Split<'a> {
    ours: &'a [OsString],
    theirs: &'a [OsString],
}

fn split<'a>(agent: &str, tail: &'a [OsString], command: &clap::Command) -> Result<Split<'a>, Error> {
    let mut at = 0;
    while let Some(word) = tail.get(at) {
        if word == "--" {
            return Ok(Split { ours: &tail[..at], theirs: &tail[at + 1..] });
        }
        let Some(long) = word.to_str().and_then(|word| word.strip_prefix("--")) else { break };
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        if name == "help" {
            return Err(Error::Usage(help()));
        }
        if let Some(option) = command.get_arguments().find(|option| names(option).any(|known| known == name)) {
            at += if option.get_action().takes_values() && value.is_none() { 2 } else { 1 };
            continue;
        }
        refuse_near_miss(agent, name, command)?;
        break;
    }
    let at = at.min(tail.len());
    Ok(Split { ours: &tail[..at], theirs: &tail[at..] })
}

fn names(option: &clap::Arg) -> impl Iterator<Item = &str> {
    option.get_long().into_iter().chain(option.get_all_aliases().unwrap_or_default())
}

fn nearest<'a>(name: &str, command: &'a clap::Command) -> Option<&'a str> {
    let known = command.get_arguments().flat_map(names).map(|known| (strsim::levenshtein(name, known), known));
    known.filter(|(distance, _)| *distance <= 2).min().map(|(_, near)| near)
}

/// What is wrong with an option in the place of the agent's name that is not ours.
fn misplaced(word: &str, command: &clap::Command) -> Failure {
    let near = nearest(word.trim_start_matches('-'), command).filter(|_| word.starts_with("--"));
    let hint = match near {
        Some(near) => format!("did you mean `--{near}`?"),
        None => "the agent's own options go behind its name".to_owned(),
    };
    Failure { message: format!("`{word}` is not an option of `headroom wrap`"), hint: Some(hint), code: 2 }
}

fn refuse_near_miss(agent: &str, name: &str, command: &clap::Command) -> Result<(), Error> {
    let Some(near) = nearest(name, command) else { return Ok(()) };
    Err(Error::NearMiss(Failure {
        message: format!("`--{name}` is not an option of `headroom wrap`"),
        hint: Some(format!("did you mean `--{near}`? For the agent, write `headroom wrap {agent} -- --{name}`")),
        code: 2,
    }))
}

fn wrong(agent: &str, err: clap::Error) -> Error {
    let text = |kind| match err.get(kind) {
        Some(ContextValue::String(text)) => text.split(' ').next().filter(|text| !text.is_empty()).map(str::to_owned),
        _ => None,
    };
    let (Some(name), Some(value)) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue)) else {
        return Error::Usage(err);
    };
    Error::Clash { err, hint: format!("for the agent, write `headroom wrap {agent} -- {name} {value}`") }
}

fn help() -> clap::Error {
    let command = Args::augment_args(clap::Command::new("wrap").bin_name("headroom wrap").max_term_width(100));
    command.try_get_matches_from(["wrap", "--help"]).expect_err("help is not a match")
}

impl Options {
    /// These, and those behind the agent's name, which win.
    fn with(self, behind: Self) -> Self {
        Self {
            port: behind.port.or(self.port),
            no_proxy: self.no_proxy || behind.no_proxy,
            no_mcp: self.no_mcp || behind.no_mcp,
            no_context_tool: self.no_context_tool || behind.no_context_tool,
            context_tool: self.context_tool || behind.context_tool,
            prepare_only: self.prepare_only || behind.prepare_only,
            dry_run: self.dry_run || behind.dry_run,
            memory: self.memory || behind.memory,
            learn: self.learn || behind.learn,
            code_graph: self.code_graph || behind.code_graph,
            backend: behind.backend.or(self.backend),
            no_serena: self.no_serena || behind.no_serena,
            proxy: ProxyArgs {
                anthropic_api_url: behind.proxy.anthropic_api_url.or(self.proxy.anthropic_api_url),
                openai_api_url: behind.proxy.openai_api_url.or(self.proxy.openai_api_url),
                chatgpt_api_url: behind.proxy.chatgpt_api_url.or(self.proxy.chatgpt_api_url),
                decide: DecideArgs {
                    exclude_tools: if behind.proxy.decide.exclude_tools.is_empty() {
                        self.proxy.decide.exclude_tools
                    } else {
                        behind.proxy.decide.exclude_tools
                    },
                    profile: behind.proxy.decide.profile.or(self.proxy.decide.profile),
                    no_optimize: self.proxy.decide.no_optimize || behind.proxy.decide.no_optimize,
                    decide_ms: behind.proxy.decide.decide_ms,
                },
            },
        }
    }

    /// An option for a proxy of this wrap's own, where it has none. What the environment says is not meant for this one
    /// command, so it is no contradiction.
    fn unheard(&self, environment: &Environment) -> Option<&'static str> {
        let own = &self.proxy;
        let given = [
            ("--anthropic-api-url", own.anthropic_api_url.is_some(), "HEADROOM_ANTHROPIC_API_URL"),
            ("--openai-api-url", own.openai_api_url.is_some(), "HEADROOM_OPENAI_API_URL"),
            ("--profile", own.decide.profile.is_some(), "HEADROOM_PROFILE"),
            ("--exclude-tools", !own.decide.exclude_tools.is_empty(), "HEADROOM_EXCLUDE_TOOLS"),
            ("--no-optimize", own.decide.no_optimize, "HEADROOM_NO_OPTIMIZE"),
        ];
        let mut given =
            given.into_iter().filter(|(_, is_set, variable)| *is_set && environment.get(variable).is_none());
        given.next().filter(|_| self.no_proxy).map(|(name, ..)| name)
    }

    fn not_available(&self) -> Option<String> {
        let off = [("memory", self.memory), ("learn", self.learn), ("code-graph", self.code_graph)];
        let off = off.into_iter().find(|(_, is_asked)| *is_asked).map(|(name, _)| format!("`--{name}`"));
        let backend = self.backend.as_ref().filter(|backend| *backend != "anthropic");
        off.or_else(|| backend.map(|backend| format!("`--backend {backend}`")))
    }
}

impl Request {
    /// With what the environment says where the command line says nothing.
    pub(crate) fn with_environment(mut self, environment: &Environment) -> Result<Self, Failure> {
        let wrong = |message: String| Failure { message, hint: None, code: 2 };
        if let Some(name) = self.options.unheard(environment) {
            return Err(Failure {
                message: format!("`{name}` has no effect with `--no-proxy`"),
                hint: Some("the proxy that runs was told when it was started: give it to `headroom proxy`".to_owned()),
                code: 2,
            });
        }
        let options = &mut self.options;
        if let (None, Some(port)) = (options.port, environment.get("HEADROOM_PORT")) {
            let port = port.parse().map_err(|_| wrong(format!("`HEADROOM_PORT` is `{port}`, which is no port")))?;
            options.port = Some(port);
        }
        options.no_mcp |= environment.is_on("HEADROOM_NO_MCP");
        options.no_context_tool |= environment.is_on("HEADROOM_NO_CONTEXT_TOOL") && !options.context_tool;
        match options.not_available() {
            Some(option) => Err(wrong(format!("{option} is not available yet"))),
            None => Ok(self),
        }
    }
}

/// Which context tool may be named to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextToolChoice {
    Any,
    One(ContextTool),
    None,
}

impl ContextToolChoice {
    /// The tools to look for, the preferred one first.
    pub(crate) fn among(self) -> Vec<ContextTool> {
        match self {
            Self::Any => ContextTool::ALL.to_vec(),
            Self::One(tool) => vec![tool],
            Self::None => Vec::new(),
        }
    }
}

/// What `HEADROOM_CONTEXT_TOOL` or `config.toml` says.
pub(crate) fn context_tool(settings: &Settings) -> Result<ContextToolChoice, Failure> {
    let name = settings.environment.get("HEADROOM_CONTEXT_TOOL").or(settings.config.context_tool.as_deref());
    let Some(name) = name else { return Ok(ContextToolChoice::Any) };
    if name == "none" {
        return Ok(ContextToolChoice::None);
    }
    let tool = ContextTool::ALL.into_iter().find(|tool| tool.binary() == name);
    tool.map(ContextToolChoice::One).ok_or_else(|| Failure {
        message: format!("`{name}` is not a context tool"),
        hint: Some("`rtk`, `lean-ctx` and `none` are; it is set by HEADROOM_CONTEXT_TOOL or `context_tool`".to_owned()),
        code: 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        Options::from_arg_matches(&command().try_get_matches_from(words).unwrap()).unwrap()
    }

    fn request(words: &[&str]) -> Result<Request, Error> {
        request_after(&[], words)
    }

    fn request_after(before: &[&str], words: &[&str]) -> Result<Request, Error> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        parse(options(before), &words)
    }

    #[test]
    fn options_before_the_name_count_and_those_behind_it_win() {
        let request = request_after(&["--port", "1", "--no-mcp"], &["claude", "--port", "2"]).unwrap();
        assert_eq!(request.options.port, Some(2));
        assert!(request.options.no_mcp);
    }

    fn agents_args(words: &[&str]) -> Vec<OsString> {
        request(words).unwrap().args
    }

    #[test]
    fn ours_end_at_the_first_word_that_is_not_ours() {
        let request = request(&["claude", "--port", "9000", "--no-mcp", "-p", "fix it", "--port", "1"]).unwrap();
        assert_eq!(request.options.port, Some(9000));
        assert!(request.options.no_mcp);
        assert_eq!(request.args, ["-p", "fix it", "--port", "1"]);
    }

    #[test]
    fn unknown_long_options_are_the_agents() {
        assert_eq!(agents_args(&["claude", "--verbose", "--dry-run"]), ["--verbose", "--dry-run"]);
        assert_eq!(agents_args(&["claude", "-h"]), ["-h"]);
        assert_eq!(agents_args(&["claude", "--version"]), ["--version"]);
    }

    #[test]
    fn two_dashes_settle_a_clash_and_go_no_further() {
        let request = request(&["claude", "--port=9000", "--", "--dry-run", "--", "x"]).unwrap();
        assert_eq!(request.args, ["--dry-run", "--", "x"]);
        assert!(!request.options.dry_run);
    }

    #[test]
    fn a_near_miss_is_an_error_with_a_hint() {
        let Err(Error::NearMiss(failure)) = request(&["claude", "--memroy"]) else { panic!() };
        assert_eq!(failure.code, 2);
        assert!(failure.hint.unwrap().contains("`--memory`"));
        assert_eq!(agents_args(&["claude", "--", "--memroy"]), ["--memroy"]);
    }

    #[test]
    fn a_value_that_is_missing_or_wrong_is_usage() {
        assert!(matches!(request(&["claude", "--port"]), Err(Error::Usage(_))));
        let Err(Error::Clash { hint, .. }) = request(&["claude", "--port", "x"]) else { panic!() };
        assert!(hint.contains("`headroom wrap claude -- --port x`"), "{hint}");
        assert!(matches!(request(&["claude", "--help"]), Err(Error::Usage(_))));
    }

    #[test]
    fn no_option_of_claude_code_is_a_near_miss() {
        let options = "add-dir agent agents allow-dangerously-skip-permissions allowedTools append-system-prompt bare \
            betas brief chrome continue debug debug-file disable-slash-commands disallowedTools effort fallback-model \
            file fork-session from-pr ide include-partial-messages input-format json-schema max-budget-usd max-turns \
            mcp-config mcp-debug model name no-chrome no-session-persistence output-format permission-mode \
            permission-prompt-tool plugin-dir print remote replay-user-messages resume session-id setting-sources \
            settings strict-mcp-config system-prompt teleport tmux tools verbose worktree";
        for option in options.split_whitespace() {
            let word = format!("--{option}");
            assert_eq!(agents_args(&["claude", &word]), [word.as_str()]);
        }
    }

    #[test]
    fn no_option_of_codex_is_a_near_miss() {
        let options = "add-dir all approve-for-me ask-for-approval base cd color commit config \
            dangerously-bypass-approvals-and-sandbox dangerously-bypass-hook-trust disable enable ephemeral \
            full-auto ignore-rules ignore-user-config image include-non-interactive json last local-provider model \
            no-alt-screen no-daemon oss output-last-message output-schema remote remote-auth-token-env sandbox search \
            skip-git-repo-check strict-config thread-source title trust uncommitted version worktree yolo";
        for option in options.split_whitespace() {
            let word = format!("--{option}");
            assert_eq!(agents_args(&["codex", &word]), [word.as_str()]);
        }
    }

    #[test]
    fn what_does_not_work_yet_says_so() {
        let request = request(&["claude", "--memory"]).unwrap();
        let failure = request.with_environment(&Environment::default()).unwrap_err();
        assert_eq!(failure.message, "`--memory` is not available yet");
    }
}
