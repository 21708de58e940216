//! What a wrap will change, decided purely: specification + what was found + options + the proxy's address → `Plan`.
//!
//! Routing never goes into a file: the environment carries it, and the command line where the agent's own settings would
//! beat the environment. What goes into files holds no port, so two wraps can share it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::agent::argument;
use crate::agent::argument::Setting;
use crate::agent::detect::{BlockFile, ContextTool, Detected, Source, Variable};
use crate::agent::ledger::Holder;
use crate::agent::overlay;
use crate::agent::spec::{AgentSpec, ArgumentRow, EnvRow, Format, Mcp, McpShape};
use crate::agent::upstream;
use crate::agent::upstream::Own;
use crate::edit::Edit;

/// The variables that send an agent's requests through a proxy of the user's network.
const NETWORK_PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The variable that names a file which bash runs before any command, in a login shell too.
const BASH_ENV: &str = "BASH_ENV";

/// What the user wants of this wrap, and what it needs to know of us.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The name of this wrap's session.
    pub(crate) session: String,
    /// The agent's own arguments.
    pub(crate) args: Vec<OsString>,
    /// `HEADROOM_HOME`.
    pub(crate) home: PathBuf,
    /// Whether it is the one that is assumed where nobody says otherwise.
    pub(crate) is_default_home: bool,
    /// Our own program.
    pub(crate) executable: PathBuf,
    /// The folder the agent is started in.
    pub(crate) project: PathBuf,
    /// The folder that exists while this wrap runs.
    pub(crate) run: PathBuf,
    pub(crate) registers_mcp: bool,
    pub(crate) context_tool: ContextToolUse,
    /// Those that may be named to the agent, the preferred one first.
    pub(crate) context_tools: Vec<ContextTool>,
    /// Where requests go, when the user told us.
    pub(crate) upstream: Option<String>,
    /// Whether the proxy is this wrap's own, or one that runs already and knows itself where requests go.
    pub(crate) starts_proxy: bool,
    /// The wraps that run now.
    pub(crate) running: Vec<Holder>,
}

/// When the context tool's instructions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextToolUse {
    Never,
    /// Into files that git does not track.
    Untracked,
    Always,
}

/// What a wrap will do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) agent: String,
    pub(crate) session: String,
    pub(crate) edits: Vec<FileEdit>,
    pub(crate) launch: Launch,
    /// Where the agent would send its requests without us; `None` is the provider's own address.
    pub(crate) upstream: Option<String>,
    pub(crate) address: SocketAddr,
    pub(crate) starts_proxy: bool,
    /// The file that the agent's command line names, and what goes into it.
    pub(crate) settings_file: Option<SettingsFile>,
    /// A folder for PATH in which `headroom` is our program.
    pub(crate) path_folder: Option<PathBuf>,
    /// What puts that folder on PATH in a shell that sets it anew.
    pub(crate) shell_file: Option<ShellFile>,
    pub(crate) executable: PathBuf,
    pub(crate) project: PathBuf,
    /// What the user should know before the agent takes the screen.
    pub(crate) notes: Vec<String>,
}

/// One change of one file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileEdit {
    pub(crate) path: PathBuf,
    pub(crate) edit: Edit,
    pub(crate) purpose: Purpose,
}

/// What an edit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The agent can ask for originals.
    Mcp,
    /// The agent knows of the context tool.
    ContextTool,
}

/// How the agent is started. Its environment is ours with these changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub(crate) binary: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) set: BTreeMap<String, OsString>,
    pub(crate) unset: BTreeSet<String>,
}

/// The user's settings with ours on top, in the wrap's own folder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettingsFile {
    pub(crate) path: PathBuf,
    pub(crate) json: OsString,
    /// The variables that are ours in it.
    pub(crate) ours: BTreeMap<String, String>,
}

/// Lines for bash to run before it runs a command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShellFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Plan {
    /// How the agent is started when there is no folder for this wrap: with all settings on its command line.
    pub(crate) fn launch_without_folder(&self) -> Launch {
        let mut launch = self.launch.clone();
        if self.shell_file.is_some() {
            launch.set.remove(BASH_ENV);
        }
        if let Some(file) = &self.settings_file {
            launch.args[overlay::VALUE].clone_from(&file.json);
        }
        launch
    }
}

/// Why there is nothing that a wrap could do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{}` sets `{variable}`, and nothing of the user's beats managed settings", .path.display())]
    Managed { path: PathBuf, variable: String },
}

/// Decides what to change.
pub(crate) fn plan(
    spec: &AgentSpec,
    detected: &Detected,
    options: &Options,
    address: SocketAddr,
) -> Result<Plan, Error> {
    let proxy = format!("http://{address}");
    let row = spec.env.iter().find(|row| detected.holds(row.when.as_ref()));
    let settings = settings(spec, detected);
    let mut notes = notes(spec, detected);

    let mut routing = row.map(|row| routing(row, &proxy)).unwrap_or_default();
    refuse_managed(&routing, &settings, detected)?;
    routing.extend(exempt(detected, address));
    let own = own_address(row, &settings, detected);
    let upstream = upstream::upstream(own, spec.provider, options, address, &mut notes);
    let mut set: BTreeMap<String, OsString> = our_variables(options);
    for (name, value) in row.into_iter().flat_map(|row| &row.otherwise) {
        if detected.variable(name).is_none() {
            set.insert(name.clone(), value.replace("{proxy}", &proxy).into());
        }
    }
    set.extend(routing.iter().map(|(name, value)| (name.clone(), value.into())));

    let path_folder = (!detected.is_on_path || spec.login_shell).then(|| options.run.join("bin"));
    if let Some(folder) = &path_folder {
        set.insert("PATH".to_owned(), prepend(folder, detected.environment.get(OsStr::new("PATH"))));
    }
    let shell_file = path_folder.as_ref().filter(|_| spec.login_shell).and_then(|folder| {
        let text = shell_text(folder, detected.environment.get(OsStr::new(BASH_ENV)))?;
        Some(ShellFile { path: options.run.join("bash-env"), text })
    });
    if let Some(ShellFile { path, .. }) = &shell_file {
        set.insert(BASH_ENV.to_owned(), path.clone().into());
    }
    let (args, settings_file) = args(spec, detected, options, &routing, &filled(&settings, &proxy));
    Ok(Plan {
        agent: spec.name.clone(),
        session: options.session.clone(),
        edits: edits(spec, detected, options, &mut notes),
        launch: Launch { binary: detected.binary.clone(), args, set, unset: BTreeSet::new() },
        upstream,
        address,
        starts_proxy: options.starts_proxy,
        settings_file,
        path_folder,
        shell_file,
        executable: options.executable.clone(),
        project: options.project.clone(),
        notes,
    })
}

fn notes(spec: &AgentSpec, detected: &Detected) -> Vec<String> {
    let holding = spec.note.iter().filter(|note| detected.holds(note.when.as_ref()));
    let unreadable =
        detected.config.iter().flat_map(|config| &config.unreadable).map(|path| {
            format!("`{}` could not be read: if it has an address, requests do not go there", path.display())
        });
    holding.map(|note| note.text.clone()).chain(unreadable).collect()
}

/// The settings that point the agent at the proxy, with the hole for our address.
fn settings(spec: &AgentSpec, detected: &Detected) -> Vec<Setting> {
    let row = spec.argument.iter().find(|row| detected.holds(row.when.as_ref()));
    let set = row.into_iter().flat_map(|ArgumentRow { set, .. }| set);
    set.filter_map(|(key, value)| Some(Setting { path: path(key, detected)?, value: value.clone() })).collect()
}

/// The parts of the dotted `key`; `{name}` is what the agent has for `name`, and one part whatever is in it.
fn path(key: &str, detected: &Detected) -> Option<Vec<String>> {
    let part = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => detected.config.as_ref()?.value(name),
        None => Some(part.to_owned()),
    };
    key.split('.').map(part).collect()
}

fn filled(settings: &[Setting], proxy: &str) -> Vec<Setting> {
    let fill = |setting: &Setting| Setting { value: setting.value.replace("{proxy}", proxy), ..setting.clone() };
    settings.iter().map(fill).collect()
}

/// The address that the agent has in the place where we put ours.
fn own_address(row: Option<&EnvRow>, settings: &[Setting], detected: &Detected) -> Option<Own> {
    let by_variable = || {
        let (name, template) = row?.set.iter().find(|(_, value)| value.contains("{proxy}"))?;
        let (name, template) = (name.clone(), template.clone());
        Some(Own { found: detected.variable(&name)?, name, template, is_of_users_provider: false })
    };
    let by_setting = || {
        let Setting { path, value } = settings.iter().find(|setting| setting.value.contains("{proxy}"))?;
        // It stands within a description, or on its own.
        let is_of_users_provider = path.len() > 1;
        let (name, template) = (path.join("."), value.clone());
        Some(Own { name, template, is_of_users_provider, found: detected.setting(path)? })
    };
    by_variable().or_else(by_setting)
}

/// The variables that point the agent at the proxy.
fn routing(row: &EnvRow, proxy: &str) -> BTreeMap<String, String> {
    row.set.iter().map(|(name, value)| (name.clone(), value.replace("{proxy}", proxy))).collect()
}

fn refuse_managed(routing: &BTreeMap<String, String>, settings: &[Setting], detected: &Detected) -> Result<(), Error> {
    let variables = routing.keys().map(|name| (name.clone(), detected.variable(name)));
    let settings = settings.iter().map(|setting| (setting.path.join("."), detected.setting(&setting.path)));
    for (variable, found) in variables.chain(settings) {
        if let Some(Variable { source: Source::Managed(path), .. }) = found {
            return Err(Error::Managed { path, variable });
        }
    }
    Ok(())
}

/// The variables that keep requests to us from going through the proxy of the user's network, which cannot reach us.
fn exempt(detected: &Detected, address: SocketAddr) -> BTreeMap<String, String> {
    let value = |name: &str| detected.variable(name).map(|variable| variable.value).filter(|value| !value.is_empty());
    if NETWORK_PROXIES.into_iter().all(|name| value(name).is_none()) {
        return BTreeMap::new();
    }
    let names = ["NO_PROXY", "no_proxy"];
    // Programs fall back from the one to the other, so a list of the user's must not be hidden by a shorter one.
    let either = names.into_iter().find_map(value).unwrap_or_default();
    let lists = names.into_iter().map(|name| (name, value(name).unwrap_or_else(|| either.clone())));
    let own = address.ip().to_string();
    lists
        .filter_map(|(name, list)| {
            let hosts: Vec<&str> = list.split([',', ' ']).filter(|host| !host.is_empty()).collect();
            if hosts.contains(&"*") || hosts.contains(&&*own) {
                return None;
            }
            let missing = [&*own, "localhost", "::1"].into_iter().filter(|host| !hosts.contains(host));
            let rest: Vec<&str> = missing.collect();
            let start = list.trim_end_matches([',', ' ']);
            let comma = if start.is_empty() { "" } else { "," };
            Some((name.to_owned(), format!("{start}{comma}{}", rest.join(","))))
        })
        .collect()
}

/// What the agent and everything it starts know of this wrap.
fn our_variables(options: &Options) -> BTreeMap<String, OsString> {
    BTreeMap::from([
        ("HEADROOM_SESSION".to_owned(), OsString::from(&options.session)),
        ("HEADROOM_HOME".to_owned(), options.home.clone().into()),
    ])
}

fn prepend(folder: &Path, path: Option<&OsString>) -> OsString {
    let mut joined = folder.as_os_str().to_owned();
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        joined.push(":");
        joined.push(path);
    }
    joined
}

/// Lines that run the file the user has for bash and then put `folder` first on PATH, unless it is there; `None` where
/// the one or the other cannot be written down.
fn shell_text(folder: &Path, theirs: Option<&OsString>) -> Option<String> {
    let mut text = String::new();
    if let Some(theirs) = theirs.filter(|theirs| !theirs.is_empty()) {
        // Bash expands variables and commands in it, and nothing else, as it does between these quotes.
        let theirs = theirs.to_str().filter(|theirs| !theirs.contains(['"', '\\', '\n']))?;
        writeln!(text, "[ -r \"{theirs}\" ] && . \"{theirs}\"").ok()?;
    }
    let folder = shlex::try_quote(folder.to_str()?).ok()?.into_owned();
    writeln!(text, "case \":$PATH:\" in *:{folder}:*) ;; *) PATH={folder}:$PATH ;; esac").ok()?;
    Some(text)
}

/// The agent's arguments, with our routing where its own settings would beat the environment.
fn args(
    spec: &AgentSpec,
    detected: &Detected,
    options: &Options,
    routing: &BTreeMap<String, String>,
    settings: &[Setting],
) -> (Vec<OsString>, Option<SettingsFile>) {
    if let Some(config) = &spec.config {
        return (argument::put(&options.args, &config.options, settings), None);
    }
    let as_given = || (options.args.clone(), None);
    let Some(settings) = &spec.settings else { return as_given() };
    let beaten: BTreeMap<String, String> = routing
        .iter()
        .filter(|(name, _)| {
            let source = detected.variable(name).map(|variable| variable.source);
            matches!(source, Some(Source::File(_) | Source::CommandLine))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if beaten.is_empty() {
        return as_given();
    }
    let given = detected.overlay.as_ref();
    let Some(mut args) = overlay::put_on_top(&options.args, settings, given, &beaten) else { return as_given() };
    if given.is_none_or(|given| !given.is_file) {
        return (args, None);
    }
    let path = options.run.join("settings.json");
    let json = std::mem::replace(&mut args[overlay::VALUE], path.clone().into());
    (args, Some(SettingsFile { path, json, ours: beaten }))
}

fn edits(spec: &AgentSpec, detected: &Detected, options: &Options, notes: &mut Vec<String>) -> Vec<FileEdit> {
    let mut edits = Vec::new();
    if options.registers_mcp
        && let (Some(mcp), Some(path)) = (&spec.mcp, &detected.mcp_file)
    {
        edits.push(FileEdit { path: path.clone(), edit: registration(mcp, options), purpose: Purpose::Mcp });
    }
    if options.context_tool != ContextToolUse::Never
        && let Some(tool) = options.context_tools.iter().find(|tool| detected.context_tools.contains(tool))
    {
        for BlockFile { path, template, is_tracked } in &detected.blocks {
            if *is_tracked && options.context_tool != ContextToolUse::Always {
                let why = "git tracks it; `--context-tool` writes there all the same";
                notes.push(format!("`{}` does not get {}'s instructions: {why}", path.display(), tool.binary()));
                continue;
            }
            let text = template.fill(&[("run", tool.prefix())]);
            let edit = Edit::Block { name: template.marker().to_owned(), text };
            edits.push(FileEdit { path: path.clone(), edit, purpose: Purpose::ContextTool });
        }
    }
    edits
}

/// Our MCP server as the agent writes servers down. It names no port: what belongs to one wrap comes by the environment,
/// which agents pass on.
fn registration(mcp: &Mcp, options: &Options) -> Edit {
    let mut env = Map::new();
    if !options.is_default_home {
        env.insert("HEADROOM_HOME".to_owned(), json!(options.home.to_string_lossy()));
    }
    let mut entry = Map::new();
    if mcp.shape == McpShape::TypeCommandArgsEnv {
        entry.insert("type".to_owned(), json!("stdio"));
    }
    entry.insert("command".to_owned(), json!(options.executable.to_string_lossy()));
    entry.insert("args".to_owned(), json!(["mcp", "serve"]));
    if mcp.shape == McpShape::TypeCommandArgsEnv || !env.is_empty() {
        entry.insert("env".to_owned(), json!(env));
    }
    entry.extend(mcp.also.clone());
    let (path, value) = (mcp.key.split('.').map(str::to_owned).collect(), Value::Object(entry));
    match mcp.format {
        Format::Json => Edit::Json { path, value },
        Format::Toml => Edit::Toml { path, value, label: "mcp".to_owned() },
    }
}
