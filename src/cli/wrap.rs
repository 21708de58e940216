//! `headroom wrap`: the whole story of a wrap is `run`, read from top to bottom.
//!
//! From the first edit of a user's file until it is back, no error returns early: restoring comes first.

mod hide;
mod preview;
pub(crate) mod report;
mod words;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::agent::detect;
use crate::agent::detect::Surroundings;
use crate::agent::launch;
use crate::agent::launch::Signals;
use crate::agent::ledger;
use crate::agent::ledger::{Holder, State};
use crate::agent::plan;
use crate::agent::plan::{ContextToolUse, Plan};
use crate::agent::registry;
use crate::agent::session;
use crate::agent::session::{Elsewhere, Session};
use crate::agent::spec::{AgentSpec, Provider};
use crate::cli::output;
use crate::cli::output::Failure;
use crate::cli::settings::{Agent, Settings};
use crate::cli::{paths, trace};
use crate::files;
use crate::proxy;

/// A proxy on this machine answers at once or is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Run an agent through headroom and put everything back when it ends
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "headroom wrap <AGENT> [OPTIONS] [--] [AGENT ARGS]...",
    disable_version_flag = true,
    after_help = "From the first word that is not an option above, or from `--`, everything goes to the agent.\n\n\
        Examples:\n  headroom wrap claude\n  headroom wrap claude --resume\n  \
        headroom wrap claude --port 9000 -p \"fix the test\"\n  headroom wrap codex exec \"fix the test\"\n  \
        headroom wrap claude --dry-run"
)]
pub(crate) struct Args {
    #[command(flatten)]
    options: words::Options,

    /// The agent, then its own arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_names = ["AGENT", "AGENT ARGS"])]
    words: Vec<OsString>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let signals = Signals::hold()?;
    let settings = Settings::load()?;
    let request = match words::parse(args.options, &args.words) {
        Ok(request) => request.with_environment(&settings.environment)?,
        Err(words::Error::Usage(err)) => return Ok(output::usage(&err)),
        Err(words::Error::Clash { err, hint }) => {
            let code = output::usage(&err);
            output::hint(hint);
            return Ok(code);
        }
        Err(words::Error::NearMiss(failure)) => return Err(failure.into()),
    };
    settings.profile(&request.options.proxy.decide).map_err(|failure| for_the_agent(failure, &request))?;
    let spec = find(&request.agent, &settings)?;
    let state = state(&settings);
    let around = surroundings(&settings)?;
    if !request.options.dry_run {
        report::recovered(session::recover_abandoned(&state, Elsewhere::IsAlive), &settings);
    }

    let detected = detect::detect(&spec, &around, &request.args).map_err(|err| not_found(&err))?;
    let way = Way::open(&request.options, &settings)?;
    let options = plan_options(&request, &spec, &settings, &around, &state)?;
    let plan = plan::plan(&spec, &detected, &options, way.address()).map_err(|err| cannot_route(&err, &spec))?;
    if request.options.dry_run {
        return Ok(preview::print(&plan, &settings));
    }
    if request.options.prepare_only {
        return prepare(&plan, &state, &settings);
    }

    let proxy = way.start(&request, &spec, &plan, &settings)?;
    let session = Session::begin(&plan, &state);
    report::begun(&plan, &session, &spec, &settings);
    let ended = launch::run(&session.launch(&plan), &signals);
    report::ended(session.end(), &spec, &settings);
    if let Some(proxy) = proxy {
        report::saved(&proxy.stop());
    }
    Ok(ExitCode::from(ended.map_err(cannot_start)?.exit_code()))
}

/// How the agent's requests reach a proxy.
enum Way {
    Own(TcpListener, SocketAddr),
    Running(SocketAddr),
}

impl Way {
    fn open(options: &words::Options, settings: &Settings) -> anyhow::Result<Self> {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let port = options.port.or(settings.config.port).unwrap_or(proxy::DEFAULT_PORT);
        if options.no_proxy {
            let address = SocketAddr::new(host, port);
            TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).map_err(|err| Failure {
                message: format!("could not reach a proxy at {address}: {err}"),
                hint: Some(format!("`headroom proxy --port {port}` starts one")),
                code: 1,
            })?;
            return Ok(Self::Running(address));
        }
        // Bound before anything names the port, so that nobody can take it in between.
        let listener = proxy::bind(host, proxy::Port::From(port))?;
        let address = listener.local_addr().context("could not tell the port")?;
        Ok(Self::Own(listener, address))
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Own(_, address) | Self::Running(address) => *address,
        }
    }

    /// Starts the proxy, if it is ours, on a thread of its own: the agent has to be started from the main one.
    fn start(
        self,
        request: &words::Request,
        spec: &AgentSpec,
        plan: &Plan,
        settings: &Settings,
    ) -> anyhow::Result<Option<proxy::Running>> {
        let Self::Own(listener, _) = self else { return Ok(None) };
        // Where it cannot be made, nothing is stored, logged or edited, and the agent runs all the same.
        drop(files::create_folder(settings.paths.home()));
        trace::to_file(&settings.paths.log(), false);
        let own = &request.options.proxy;
        let agent = Agent { provider: spec.provider, upstream: plan.upstream.as_deref() };
        let upstreams = settings.upstreams(own, Some(&agent))?;
        let ready = settings.paths.run(&plan.session).join("retrieval-ready");
        let project = paths::project_of(&plan.project);
        Ok(Some(proxy::spawn(listener, settings.proxy(own, upstreams, &project, Some(ready))?)?))
    }
}

/// A profile that we do not have may be one of the agent's.
fn for_the_agent(failure: Failure, request: &words::Request) -> Failure {
    let Some(name) = &request.options.proxy.decide.profile else { return failure };
    let theirs = format!("for the agent, write `headroom wrap {} -- --profile {name}`", request.agent);
    Failure { hint: failure.hint.map(|hint| format!("{hint}; {theirs}")), ..failure }
}

/// The agent called `name`, or a failure that says which names there are.
pub(crate) fn find(name: &str, settings: &Settings) -> anyhow::Result<AgentSpec> {
    registry::find(name, &settings.paths.agents()).map_err(|err| match &err {
        registry::Error::Unknown { nearest, .. } => {
            let hint = nearest.as_ref().map_or_else(
                || "`headroom agents` lists the agents".to_owned(),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            Failure { message: err.to_string(), hint: Some(hint), code: 2 }.into()
        }
        _ => err.into(),
    })
}

/// Where the state of wraps is kept.
pub(crate) fn state(settings: &Settings) -> State {
    State { ledger: settings.paths.ledger(), run: settings.paths.home().join("run"), clock: SystemTime::now }
}

/// What this process was started with.
pub(crate) fn surroundings(settings: &Settings) -> anyhow::Result<Surroundings> {
    Ok(Surroundings {
        environment: settings.environment.variables().clone(),
        home: settings.home.clone(),
        project: std::env::current_dir().context("could not find the current folder")?,
        executable: std::env::current_exe().context("could not find our own program")?,
    })
}

fn plan_options(
    request: &words::Request,
    spec: &AgentSpec,
    settings: &Settings,
    around: &Surroundings,
    state: &State,
) -> anyhow::Result<plan::Options> {
    let session = ledger::fresh_session((state.clock)());
    let own = &request.options;
    let tool = words::context_tool(settings)?;
    Ok(plan::Options {
        run: state.run_folder(&session),
        session,
        args: request.args.clone(),
        home: settings.paths.home().to_owned(),
        is_default_home: settings.paths.home() == settings.home.join(".headroom"),
        executable: around.executable.clone(),
        project: around.project.clone(),
        registers_mcp: !own.no_mcp,
        context_tool: match (own.no_context_tool, own.context_tool) {
            (true, _) => ContextToolUse::Never,
            (false, true) => ContextToolUse::Always,
            (false, false) if tool == words::ContextToolChoice::None => ContextToolUse::Never,
            (false, false) => ContextToolUse::Untracked,
        },
        context_tools: tool.among(),
        starts_proxy: !own.no_proxy,
        upstream: settings.told_url(&own.proxy, spec.provider).map(str::to_owned),
        running: running(spec.provider, settings, state),
    })
}

/// The wraps whose proxies go on to such a provider: keys are for nobody else's eyes.
fn running(provider: Provider, settings: &Settings, state: &State) -> Vec<Holder> {
    let agents = settings.paths.agents();
    let goes_there =
        |holder: &Holder| registry::find(&holder.agent, &agents).is_ok_and(|spec| spec.provider == provider);
    state.running().into_iter().filter(goes_there).collect()
}

fn not_found(err: &detect::Error) -> Failure {
    let detect::Error::NotFound { install, .. } = err;
    Failure { message: err.to_string(), hint: Some(format!("install it: `{install}`")), code: 127 }
}

fn cannot_route(err: &plan::Error, spec: &AgentSpec) -> Failure {
    let hint = format!("{} still runs without headroom, as `{}`", spec.title, spec.binary);
    Failure { message: err.to_string(), hint: Some(hint), code: 1 }
}

fn cannot_start(err: launch::Error) -> anyhow::Error {
    match err {
        launch::Error::Start { binary, source } if source.kind() == std::io::ErrorKind::NotFound => Failure {
            message: format!("could not start `{}`: {source}", binary.display()),
            hint: Some("the program that its first line names is not there".to_owned()),
            code: 127,
        }
        .into(),
        _ => err.into(),
    }
}

fn prepare(plan: &Plan, state: &State, settings: &Settings) -> anyhow::Result<ExitCode> {
    let made = session::prepare(plan, state)?;
    report::prepared(plan, &made, settings);
    Ok(if made.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
