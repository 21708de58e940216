//! Defaults < `config.toml` < environment < flags, merged into the options of each module; the only reader of the
//! environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;

use crate::cli::paths::Paths;

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

    /// All of it, as a child process inherits it.
    pub(crate) fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
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
}

/// What holds for every command.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    /// The user's home folder.
    pub(crate) home: PathBuf,
    pub(crate) paths: Paths,
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.context("could not find the home folder: `HOME` is not set")?;
        let paths = Paths { home: environment.path("HEADROOM_HOME").unwrap_or_else(|| home.join(".headroom")) };
        Ok(Self { environment, home, paths })
    }
}
