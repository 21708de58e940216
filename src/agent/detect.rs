//! What of an agent is on this machine: its program, its files, and where it sends its requests now.
//!
//! It reads and changes nothing. The version is asked for only where it is shown, because asking means running the
//! agent, and a wrap must not wait for that.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::argument;
use crate::agent::config::Config;
use crate::agent::launch;
use crate::agent::overlay;
use crate::agent::overlay::Overlay;
use crate::agent::spec::{AgentSpec, Settings, Template, When};

/// What the caller knows about the process it runs in.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) home: PathBuf,
    /// The folder the agent is started in.
    pub(crate) project: PathBuf,
    /// Our own program.
    pub(crate) executable: PathBuf,
}

/// Why an agent cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{binary}` is not on PATH")]
    NotFound { binary: String, install: String },
}

/// What was found.
#[derive(Debug, Clone)]
pub(crate) struct Detected {
    pub(crate) binary: PathBuf,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// The agent's own settings, weakest first.
    pub(crate) settings: Vec<SettingsFile>,
    /// The settings given on the agent's command line.
    pub(crate) overlay: Option<Overlay>,
    /// The settings of an agent that keeps them in TOML.
    pub(crate) config: Option<Config>,
    /// What it is to be launched with.
    args: Vec<OsString>,
    pub(crate) mcp_file: Option<PathBuf>,
    pub(crate) blocks: Vec<BlockFile>,
    /// The context tools on PATH.
    pub(crate) context_tools: Vec<ContextTool>,
    /// Whether `headroom` on PATH is this very program.
    pub(crate) is_on_path: bool,
}

/// One of the agent's settings files.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    pub(crate) path: PathBuf,
    pub(crate) is_managed: bool,
    /// The variables it sets.
    pub(crate) env: BTreeMap<String, String>,
}

/// A file that a block goes into.
#[derive(Debug, Clone)]
pub(crate) struct BlockFile {
    pub(crate) path: PathBuf,
    pub(crate) template: Template,
    /// Whether git tracks it, so that a change could be committed.
    pub(crate) is_tracked: bool,
}

/// A program that shortens what commands print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextTool {
    Rtk,
    LeanCtx,
}

impl ContextTool {
    pub(crate) const ALL: [Self; 2] = [Self::Rtk, Self::LeanCtx];

    /// The program's name.
    pub(crate) fn binary(self) -> &'static str {
        match self {
            Self::Rtk => "rtk",
            Self::LeanCtx => "lean-ctx",
        }
    }

    /// What is put in front of a command.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Rtk => "rtk",
            Self::LeanCtx => "lean-ctx -c",
        }
    }
}

/// Who says what a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Environment,
    File(PathBuf),
    CommandLine,
    Managed(PathBuf),
}

/// The value that the agent would see for a variable, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) value: String,
    pub(crate) source: Source,
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.environment.get(OsStr::new(name))?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }
}

impl Detected {
    /// What the agent would see for `name` if it were launched as it is.
    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        let from_files = |is_managed: bool| {
            self.settings.iter().rev().filter(move |file| file.is_managed == is_managed).find_map(|file| {
                let source = if is_managed { Source::Managed } else { Source::File };
                Some(Variable { value: file.env.get(name)?.clone(), source: source(file.path.clone()) })
            })
        };
        let from_overlay = || {
            let value = self.overlay.as_ref()?.variable(name)?;
            Some(Variable { value: value.to_owned(), source: Source::CommandLine })
        };
        let from_environment = || {
            let value = self.environment.get(OsStr::new(name))?.to_str().filter(|value| !value.is_empty())?;
            Some(Variable { value: value.to_owned(), source: Source::Environment })
        };
        from_files(true).or_else(from_overlay).or_else(|| from_files(false)).or_else(from_environment)
    }

    /// What the agent would have at `path` of its settings.
    pub(crate) fn setting(&self, path: &[String]) -> Option<Variable> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.config.as_ref()?.text(&path)
    }

    /// Whether the condition holds; none always does.
    pub(crate) fn holds(&self, when: Option<&When>) -> bool {
        let Some(When { env, option, key, is }) = when else { return true };
        let value = |key: &String| self.config.as_ref()?.value(key);
        env.as_ref().is_none_or(|name| self.is_on(name))
            && option.as_ref().is_none_or(|option| argument::has(&self.args, option))
            && key.as_ref().is_none_or(|key| value(key).is_some_and(|value| is.contains(&value)))
    }

    /// Whether `name` is set to something other than an off word.
    fn is_on(&self, name: &str) -> bool {
        self.variable(name).is_some_and(|variable| !matches!(&*variable.value, "" | "0" | "false" | "off" | "no"))
    }
}

/// Looks for `spec` on this machine, to be launched with `args`.
pub(crate) fn detect(spec: &AgentSpec, around: &Surroundings, args: &[OsString]) -> Result<Detected, Error> {
    let binary = binary(spec, around)
        .ok_or_else(|| Error::NotFound { binary: spec.binary.clone(), install: spec.install.clone() })?;
    let folders = Folders::of(spec, around);
    let blocks = spec.block.iter().map(|block| {
        let path = folders.first_with_text(&block.files);
        BlockFile { is_tracked: is_tracked(&path, around), path, template: block.template }
    });
    Ok(Detected {
        binary,
        environment: around.environment.clone(),
        settings: spec.settings.iter().flat_map(|settings| settings_files(settings, &folders)).collect(),
        overlay: spec.settings.as_ref().and_then(|settings| overlay::read(args, settings, &around.project)),
        config: spec.config.as_ref().map(|config| Config::read(config, args, &|file| folders.resolve(file))),
        args: args.to_vec(),
        mcp_file: spec.mcp.as_ref().and_then(|mcp| folders.first_existing(&mcp.files)),
        blocks: blocks.collect(),
        context_tools: ContextTool::ALL
            .into_iter()
            .filter(|tool| find_program(tool.binary(), around).is_some())
            .collect(),
        is_on_path: is_on_path(around),
    })
}

/// Where the agent's program is.
pub(crate) fn binary(spec: &AgentSpec, around: &Surroundings) -> Option<PathBuf> {
    find_program(&spec.binary, around)
}

fn find_program(name: &str, around: &Surroundings) -> Option<PathBuf> {
    which::which_in(name, around.variable("PATH"), &around.project).ok()
}

fn is_on_path(around: &Surroundings) -> bool {
    let ours = fs::canonicalize(&around.executable).ok();
    find_program("headroom", around).and_then(|path| fs::canonicalize(path).ok()).is_some_and(|path| Some(path) == ours)
}

/// A file that is not there cannot be tracked in a way that matters: git would show ours as restored, and we remove it.
fn is_tracked(path: &Path, around: &Surroundings) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    if !path.exists() {
        return false;
    }
    let Some(git) = find_program("git", around) else { return false };
    let args = ["ls-files", "--error-unmatch", "--"].map(OsStr::new);
    launch::succeeds(&git, args.into_iter().chain([name]), folder)
}

/// The folders that a spec's paths are made of.
struct Folders {
    holes: Vec<(String, PathBuf)>,
}

impl Folders {
    fn of(spec: &AgentSpec, around: &Surroundings) -> Self {
        let mut folders = Self {
            holes: vec![("home".to_owned(), around.home.clone()), ("project".to_owned(), around.project.clone())],
        };
        for (name, folder) in &spec.folders {
            let moved = folder.env.as_ref().and_then(|variable| around.variable(variable));
            let path = match moved {
                // Relative to the folder that the agent will start in.
                Some(path) => around.project.join(path),
                None => folders.resolve(&folder.otherwise),
            };
            folders.holes.push((name.clone(), path));
        }
        folders
    }

    /// The first of `files` that exists, or else the last.
    fn first_existing(&self, files: &[String]) -> Option<PathBuf> {
        let mut paths = files.iter().map(|file| self.resolve(file)).peekable();
        while let Some(path) = paths.next() {
            if path.exists() || paths.peek().is_none() {
                return Some(path);
            }
        }
        None
    }

    /// The first of `files` that an agent would find something in, or else the last. An agent that passes over an empty
    /// file would no longer do so with our text in it, and miss what stands in the next.
    fn first_with_text(&self, files: &[String]) -> PathBuf {
        let paths: Vec<PathBuf> = files.iter().map(|file| self.resolve(file)).collect();
        let has_text = |path: &&PathBuf| fs::read(path).is_ok_and(|bytes| !bytes.trim_ascii().is_empty());
        paths.iter().find(has_text).or(paths.last()).cloned().unwrap_or_default()
    }

    /// `text` as a path. A hole stands at the start, so that a folder's name need not be Unicode.
    fn resolve(&self, text: &str) -> PathBuf {
        let hole = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((name, rest)) = hole else { return PathBuf::from(text) };
        let folder = self.holes.iter().find(|(known, _)| known == name).map(|(_, path)| path.as_path());
        let folder = folder.unwrap_or(Path::new("/"));
        match rest.trim_start_matches('/') {
            "" => folder.to_owned(),
            rest => folder.join(rest),
        }
    }
}

fn settings_files(settings: &Settings, folders: &Folders) -> Vec<SettingsFile> {
    let own = settings.files.iter().map(|file| (folders.resolve(file), false));
    let managed = settings.managed.iter().flat_map(|file| expand(folders.resolve(file))).map(|file| (file, true));
    own.chain(managed)
        .filter_map(|(path, is_managed)| {
            // What the agent cannot read either says nothing; it will tell the user itself.
            let text = fs::read_to_string(&path).ok()?;
            let env = overlay::variables(overlay::parse(&text)?.get(&settings.env)?);
            Some(SettingsFile { path, is_managed, env })
        })
        .collect()
}

/// `path`, or the JSON files in it when it is a folder, in their order.
fn expand(path: PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(&path) else { return vec![path] };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
