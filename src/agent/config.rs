//! The settings of an agent that keeps them in TOML files: what it would go by, and who says so.
//!
//! Files are read as the agent reads them, one on top of the other, key by key. One that cannot be read says nothing: the
//! agent will tell the user what is wrong with it, and we say only that we do not know what stands there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::agent::argument;
use crate::agent::detect::{Source, Variable};
use crate::agent::spec;

/// What the agent would go by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// The weakest first.
    layers: Vec<Layer>,
    defaults: BTreeMap<String, String>,
    /// The files that could not be read.
    pub(crate) unreadable: Vec<PathBuf>,
}

#[derive(Debug, Clone)]
struct Layer {
    source: Source,
    table: Map<String, Value>,
}

impl Config {
    /// Reads what an agent launched with `args` would. `resolve` makes a path of one in the specification.
    pub(crate) fn read(config: &spec::Config, args: &[OsString], resolve: &dyn Fn(&str) -> PathBuf) -> Self {
        let mut all = Self { defaults: config.defaults.clone(), ..Self::default() };
        all.add_files(&config.system, resolve, Source::File);
        if config.ignore.as_ref().is_none_or(|option| !argument::has(args, option)) {
            all.add_files(&config.files, resolve, Source::File);
            if let Some((profile, name)) =
                config.profile.as_ref().and_then(|profile| Some((profile, chosen(profile, args)?)))
            {
                all.add_files(&[profile.file.replace("{profile}", &name)], resolve, Source::File);
            }
        }
        let table = argument::settings(args, &config.options);
        all.layers.push(Layer { source: Source::CommandLine, table });
        all.add_files(&config.managed, resolve, Source::Managed);
        all
    }

    fn add_files(&mut self, files: &[String], resolve: &dyn Fn(&str) -> PathBuf, source: fn(PathBuf) -> Source) {
        for path in files.iter().map(|file| resolve(file)) {
            match read(&path) {
                Ok(Some(table)) => self.layers.push(Layer { source: source(path), table }),
                Ok(None) => {}
                Err(Unreadable) => self.unreadable.push(path),
            }
        }
    }

    /// What stands at `path`, if it is a text that is not empty.
    pub(crate) fn text(&self, path: &[&str]) -> Option<Variable> {
        let (value, source) =
            self.layers.iter().rev().find_map(|layer| Some((find(&layer.table, path)?, &layer.source)))?;
        let value = value.as_str().filter(|value| !value.trim().is_empty())?;
        Some(Variable { value: value.to_owned(), source: source.clone() })
    }

    /// What the agent goes by for the dotted `key`, its defaults included.
    pub(crate) fn value(&self, key: &str) -> Option<String> {
        let path: Vec<&str> = key.split('.').collect();
        self.text(&path).map(|found| found.value).or_else(|| self.defaults.get(key).cloned())
    }
}

/// The profile that `args` choose.
fn chosen(profile: &spec::Profile, args: &[OsString]) -> Option<String> {
    let name = argument::places(args, &profile.options).pop()?.value.into_string().ok()?;
    // It becomes part of a path.
    Some(name).filter(|name| !name.is_empty() && !name.contains('/'))
}

struct Unreadable;

fn read(path: &Path) -> Result<Option<Map<String, Value>>, Unreadable> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(_) => return Err(Unreadable),
    };
    toml_edit::de::from_str(text.trim_start_matches('\u{feff}')).map(Some).map_err(|_| Unreadable)
}

fn find<'a>(table: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { find(value.as_object()?, rest) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a fixture in a temporary folder needs no atomic write")]

    use super::*;

    fn spec() -> spec::Config {
        spec::Config {
            system: vec!["system.toml".to_owned()],
            files: vec!["own.toml".to_owned()],
            managed: vec!["managed.toml".to_owned()],
            options: vec!["-c".to_owned()],
            ignore: Some("--ignore".to_owned()),
            profile: Some(spec::Profile { options: vec!["-p".to_owned()], file: "{profile}.toml".to_owned() }),
            defaults: BTreeMap::from([("provider".to_owned(), "usual".to_owned())]),
        }
    }

    /// What stands at `a.url` in `files`, and in which file.
    fn url(files: &[&str], args: &[&str]) -> Option<Variable> {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), format!("[a]\nurl = \"{name}\"\n")).unwrap();
        }
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        Config::read(&spec(), &args, &|file| folder.path().join(file)).text(&["a", "url"])
    }

    #[test]
    fn each_layer_beats_those_below_it() {
        let all = ["system.toml", "own.toml", "work.toml", "managed.toml"];
        let args = ["-p", "work", "-c", "a.url=line"];
        let seen = |files: &[&str], args: &[&str]| url(files, args).map(|found| found.value);
        assert_eq!(seen(&all, &args).unwrap(), "managed.toml");
        assert_eq!(seen(&all[..3], &args).unwrap(), "line");
        assert_eq!(seen(&all[..3], &args[..2]).unwrap(), "work.toml");
        assert_eq!(seen(&all[..3], &[]).unwrap(), "own.toml");
        assert_eq!(seen(&all[..3], &["-p", "work", "--ignore"]).unwrap(), "system.toml");
        assert_eq!(seen(&[], &["-p", "../x"]), None);
        assert!(matches!(url(&all, &args).unwrap().source, Source::Managed(path) if path.ends_with("managed.toml")));
    }

    #[test]
    fn tables_lie_on_top_of_each_other_key_by_key() {
        assert_eq!(url(&["own.toml"], &["-c", "a={name=\"x\"}"]).unwrap().value, "own.toml");
    }

    #[test]
    fn a_file_that_is_not_toml_says_nothing_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.toml"), "provider = = 3").unwrap();
        let config = Config::read(&spec(), &[], &|file| folder.path().join(file));
        assert_eq!(config.unreadable, [folder.path().join("own.toml")]);
        assert_eq!(config.value("provider").unwrap(), "usual");
    }
}
