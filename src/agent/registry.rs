//! The agents that headroom knows: the built-in ones and the user's own.
//!
//! A file of the user's with the name of a built-in agent replaces it, so that a new release of an agent can be followed
//! without a new release of headroom.

use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::spec;
use crate::agent::spec::AgentSpec;

/// `agents/*.toml`, embedded by the build script: file name and text.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/agents.rs"));

/// Why an agent could not be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no agent is called `{name}`")]
    Unknown { name: String, nearest: Option<String> },
    #[error(transparent)]
    Spec(#[from] spec::Error),
    #[error("could not read `{}`", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
}

/// All agents by name, the user's files in `folder` included.
pub(crate) fn all(folder: &Path) -> Result<Vec<AgentSpec>, Error> {
    let mut specs = Vec::new();
    for (file, text) in BUILT_IN {
        specs.push(spec::parse(Path::new(file), text)?);
    }
    for path in own_files(folder)? {
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let own = spec::parse(&path, &text)?;
        specs.retain(|spec| spec.name != own.name);
        specs.push(own);
    }
    specs.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(specs)
}

fn own_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(failed(err)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The agent called `name`, by name or alias.
pub(crate) fn find(name: &str, folder: &Path) -> Result<AgentSpec, Error> {
    let specs = all(folder)?;
    let is_called = |spec: &AgentSpec| spec.name == name || spec.aliases.iter().any(|alias| alias == name);
    match specs.iter().find(|spec| is_called(spec)) {
        Some(spec) => Ok(spec.clone()),
        None => Err(Error::Unknown { name: name.to_owned(), nearest: nearest(name, &specs) }),
    }
}

fn nearest(name: &str, specs: &[AgentSpec]) -> Option<String> {
    let names = specs.iter().flat_map(|spec| [&spec.name].into_iter().chain(&spec.aliases));
    names
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .min()
        .map(|(_, known)| known.clone())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a fixture in a temporary folder needs no atomic write")]

    use super::*;

    #[test]
    fn every_built_in_agent_is_well_described() {
        let specs = all(Path::new("/nonexistent")).unwrap();
        assert!(specs.iter().any(|spec| spec.name == "claude"));
    }

    #[test]
    fn an_alias_finds_the_agent() {
        assert_eq!(find("claude-code", Path::new("/nonexistent")).unwrap().name, "claude");
    }

    #[test]
    fn a_near_miss_suggests_the_name() {
        let Error::Unknown { nearest, .. } = find("cluade", Path::new("/nonexistent")).unwrap_err() else { panic!() };
        assert_eq!(nearest.as_deref(), Some("claude"));
        let Error::Unknown { nearest, .. } = find("vim", Path::new("/nonexistent")).unwrap_err() else { panic!() };
        assert_eq!(nearest, None);
    }

    #[test]
    fn a_file_of_the_users_replaces_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "name = \"claude\"\ntitle = \"Mine\"\nbinary = \"mine\"\ninstall = \"x\"\nprovider = \"anthropic\"\n";
        fs::write(folder.path().join("claude.toml"), text).unwrap();
        assert_eq!(find("claude", folder.path()).unwrap().title, "Mine");
    }

    #[test]
    fn a_bad_file_of_the_users_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.toml"), "name = \"x\"\n\n[").unwrap();
        let message = find("claude", folder.path()).unwrap_err().to_string();
        assert!(message.contains("mine.toml` does not describe an agent at line 3"), "{message}");
    }
}
