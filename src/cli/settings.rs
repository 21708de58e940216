//! Defaults < `config.toml` < environment < flags, merged into the options of each module; the only reader of the
//! environment. (clap reads the `HEADROOM_<OPTION>` variables of flags; that too is `cli`.)

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::builder::{NonEmptyStringValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command};

use crate::agent::spec;
use crate::cli::config;
use crate::cli::config::Config;
use crate::cli::output::Failure;
use crate::cli::paths::Paths;
#[cfg(debug_assertions)]
use crate::files;
use crate::pipeline;
use crate::pipeline::stage::Trace;
use crate::pipeline::{Budget, Profile, Retrieval};
use crate::proxy;
use crate::proxy::upstream;
use crate::proxy::upstream::Company;

/// The environment as it was when the process started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// The variable `name`, if it is set, not empty and Unicode.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsString::from(name).as_os_str())?.to_str().filter(|value| !value.is_empty())
    }

    /// The variable `name` as a path, if it is set and not empty.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(OsString::from(name).as_os_str()).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Whether the variable `name` is set to something other than an off word.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value, "0" | "false" | "off" | "no"))
    }

    /// All variables.
    pub(crate) fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
    }
}

/// Lets a test say at which step of which file we fail. No release build has this.
#[cfg(debug_assertions)]
pub(crate) fn arm_failpoint() {
    if let Some(text) = Environment::of_process().get("HEADROOM_FAILPOINT") {
        files::failpoint::arm(text);
    }
}

/// The options of every command that starts a proxy.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ProxyArgs {
    /// Where requests to Anthropic go on to [default: that of Anthropic]
    #[arg(long, value_name = "URL", env = "HEADROOM_ANTHROPIC_API_URL")]
    pub(crate) anthropic_api_url: Option<String>,
    /// Where requests to OpenAI go on to [default: that of OpenAI]
    #[arg(long, value_name = "URL", env = "HEADROOM_OPENAI_API_URL")]
    pub(crate) openai_api_url: Option<String>,
    /// Where requests of a ChatGPT login go on to
    #[arg(long, value_name = "URL", env = "HEADROOM_CHATGPT_API_URL", hide = true)]
    pub(crate) chatgpt_api_url: Option<String>,
    #[command(flatten)]
    pub(crate) decide: DecideArgs,
}

/// The options that bear on what becomes of a text.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DecideArgs {
    /// Leave the output of these tools alone; `*` stands for anything
    #[arg(long, value_name = "TOOL,...", value_delimiter = ',', env = "HEADROOM_EXCLUDE_TOOLS")]
    pub(crate) exclude_tools: Vec<String>,
    /// How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of
    /// `config.toml` [default: balanced]
    #[arg(long, env = "HEADROOM_PROFILE", value_parser = ProfileName)]
    pub(crate) profile: Option<String>,
    /// Send every byte as it came
    #[arg(long, env = "HEADROOM_NO_OPTIMIZE", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_optimize: bool,
    /// Milliseconds that deciding a request's new blocks may take, plus 150 for each MB
    #[arg(long, value_name = "MS", default_value_t = 100, env = "HEADROOM_DECIDE_MS", hide = true)]
    pub(crate) decide_ms: u64,
}

/// Reads the name of a profile: those that are always there are told to shells, `config.toml` may have more.
#[derive(Debug, Clone, Copy)]
struct ProfileName;

impl TypedValueParser for ProfileName {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        NonEmptyStringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(config::PROFILES.iter().map(|(name, _)| PossibleValue::new(name))))
    }
}

/// The agent that a proxy is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agent<'a> {
    pub(crate) provider: spec::Provider,
    /// Where it would send its requests, if not to its provider's own address.
    pub(crate) upstream: Option<&'a str>,
}

/// What holds for every command.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    /// The user's home folder.
    pub(crate) home: PathBuf,
    pub(crate) paths: Paths,
    pub(crate) config: Config,
}

impl Settings {
    /// Reads the environment and `config.toml`.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.context("could not find the home folder: `HOME` is not set")?;
        let own = environment.path("HEADROOM_HOME").unwrap_or_else(|| home.join(".headroom"));
        // The agent and its shells go to other folders, and take PATH and our variables with them.
        let paths = Paths { home: std::path::absolute(own).context("could not find the current folder")? };
        let config = Config::read(&paths.config())?;
        Ok(Self { environment, home, paths, config })
    }

    /// Where the user told us that `provider` is: the flag, the variables, `config.toml`.
    pub(crate) fn told_url<'a>(&'a self, args: &'a ProxyArgs, provider: spec::Provider) -> Option<&'a str> {
        let (flag, variable, configured) = match provider {
            spec::Provider::Anthropic => {
                (&args.anthropic_api_url, "ANTHROPIC_TARGET_API_URL", &self.config.anthropic_api_url)
            }
            spec::Provider::OpenAi => (&args.openai_api_url, "OPENAI_TARGET_API_URL", &self.config.openai_api_url),
        };
        flag.as_deref().or_else(|| self.environment.get(variable)).or(configured.as_deref())
    }

    /// Where requests go on to: what the user told us, what the wrapped agent was told, the providers' own addresses.
    pub(crate) fn upstreams(&self, args: &ProxyArgs, agent: Option<&Agent>) -> anyhow::Result<upstream::Options> {
        let mut options = upstream::Options::default();
        let of_agent = |provider| agent.filter(|agent| agent.provider == provider)?.upstream;
        let anthropic = self.told_url(args, spec::Provider::Anthropic).or_else(|| of_agent(spec::Provider::Anthropic));
        if let Some(address) = anthropic {
            options.anthropic = upstream::parse_url(address)?;
        }
        options.openai = match (self.told_url(args, spec::Provider::OpenAi), of_agent(spec::Provider::OpenAi)) {
            // The agent would have used it as it is.
            (told, Some(address)) if told != Some(address) => Some(upstream::parse_url(address)?),
            (Some(told), _) => Some(upstream::parse_openai_url(told)?),
            (None, _) => None,
        };
        if let Some(address) = &args.chatgpt_api_url {
            options.chatgpt = upstream::parse_url(address)?;
        }
        options.owner = agent.map(|agent| match agent.provider {
            spec::Provider::Anthropic => Company::Anthropic,
            spec::Provider::OpenAi => Company::OpenAi,
        });
        Ok(options)
    }

    /// Whether every byte is to go as it came.
    pub(crate) fn is_disabled(&self, args: &DecideArgs) -> bool {
        args.no_optimize || self.environment.is_on("HEADROOM_DISABLE")
    }

    /// How much may be left out.
    pub(crate) fn profile(&self, args: &DecideArgs) -> Result<Profile, Failure> {
        let name = args.profile.as_deref().or(self.config.profile.as_deref());
        name.map_or(Ok(Profile::BALANCED), |name| self.config.profile_of(name))
    }

    /// What decides what becomes of a text that was read in `project`.
    pub(crate) fn pipeline(
        &self,
        args: &DecideArgs,
        project: &Path,
        retrieval: Retrieval,
    ) -> anyhow::Result<pipeline::Options> {
        let exclude_tools =
            if args.exclude_tools.is_empty() { &self.config.exclude_tools } else { &args.exclude_tools };
        Ok(pipeline::Options {
            project: project.display().to_string(),
            profile: self.profile(args)?,
            budget: Budget { base: Duration::from_millis(args.decide_ms), ..Budget::default() },
            exclude_tools: exclude_tools.clone(),
            retrieval: if self.config.ccr.is_enabled() { retrieval } else { Retrieval::Never },
            hooks: vec![Box::new(Trace)],
            ..pipeline::Options::default()
        })
    }

    /// What a proxy for `project` goes by. `ready_file` appears once the MCP server of the proxy's wrap has answered.
    pub(crate) fn proxy(
        &self,
        args: &ProxyArgs,
        upstreams: upstream::Options,
        project: &Path,
        ready_file: Option<PathBuf>,
    ) -> anyhow::Result<proxy::Options> {
        Ok(proxy::Options {
            upstreams,
            store: self.paths.store(),
            retention: self.config.ccr.retention(),
            // A wrap's agent has ended by then; a proxy on its own may have streams to finish that are paid for.
            drain: if ready_file.is_some() { Duration::from_secs(3) } else { Duration::from_secs(30) },
            is_disabled: self.is_disabled(&args.decide),
            pipeline: self.pipeline(&args.decide, project, Retrieval::Offered { ready_file })?,
        })
    }
}
