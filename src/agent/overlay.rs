//! The settings on an agent's command line: the user's own, with ours on top.
//!
//! An agent whose settings files set the base URL ignores the environment, so ours goes where it beats the files. The
//! user's own `--settings` would then be a second one, of which the agent takes the last: so the two become one, as
//! JSON, and the file that the user named is not touched. What came from a file goes into a file again, as every user of
//! the machine can see the words of a command. A value that we cannot read is left alone: the agent says what is wrong
//! with it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::agent::argument;
use crate::agent::argument::Place;
use crate::agent::spec::Settings;

/// The settings that the user gave on the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overlay {
    pub(crate) settings: Map<String, Value>,
    /// Whether they stand in a file, and not on the command line itself.
    pub(crate) is_file: bool,
    /// The variables in it.
    pub(crate) env: BTreeMap<String, String>,
}

impl Overlay {
    /// What it sets the variable `name` to.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }
}

/// What the last such option among `args` gives, as JSON or as the path of a file.
pub(crate) fn read(args: &[OsString], settings: &Settings, project: &Path) -> Option<Overlay> {
    let place = places(args, settings).pop()?;
    let (text, is_file) = match place.value.to_str().map(str::trim) {
        Some(json) if json.starts_with('{') => (json.to_owned(), false),
        _ => (fs::read_to_string(project.join(&place.value)).ok()?, true),
    };
    let settings_given = parse(&text)?;
    let env = settings_given.get(&settings.env).map(variables).unwrap_or_default();
    Some(Overlay { settings: settings_given, is_file, env })
}

/// The option's place in what `put_on_top` makes is the first; this is that of its value.
pub(crate) const VALUE: usize = 1;

/// `args` with `variables` set by the option, on top of what the user gave by it; `None` when there is no telling what
/// that is.
pub(crate) fn put_on_top(
    args: &[OsString],
    settings: &Settings,
    given: Option<&Overlay>,
    variables: &BTreeMap<String, String>,
) -> Option<Vec<OsString>> {
    let places = places(args, settings);
    if given.is_none() && !places.is_empty() {
        return None;
    }
    let mut merged = given.map(|overlay| overlay.settings.clone()).unwrap_or_default();
    let env = merged.entry(settings.env.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !env.is_object() {
        *env = Value::Object(Map::new());
    }
    for (name, value) in variables {
        env[name.as_str()] = Value::String(value.clone());
    }
    let json = OsString::from(Value::Object(merged).to_string());

    let mut rest = args.to_vec();
    for place in places.into_iter().rev() {
        rest.drain(place.at..place.at + place.words);
    }
    Some([OsString::from(&settings.option), json].into_iter().chain(rest).collect())
}

fn places(args: &[OsString], settings: &Settings) -> Vec<Place> {
    argument::places(args, std::slice::from_ref(&settings.option))
}

/// The object in `text`, which may have comments as agents allow them.
pub(crate) fn parse(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim_start_matches('\u{feff}');
    match jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default()).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// The variables that an object of a settings file stands for.
pub(crate) fn variables(object: &Value) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    entries
        .filter_map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return None,
            };
            Some((name.clone(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a fixture in a temporary folder needs no atomic write")]

    use super::*;

    fn settings() -> Settings {
        Settings { files: Vec::new(), managed: Vec::new(), env: "env".to_owned(), option: "--settings".to_owned() }
    }

    fn words(text: &[&str]) -> Vec<OsString> {
        text.iter().map(OsString::from).collect()
    }

    fn on_top(args: &[&str]) -> Vec<OsString> {
        let args = words(args);
        let given = read(&args, &settings(), Path::new("/"));
        let ours = BTreeMap::from([("URL".to_owned(), "ours".to_owned())]);
        put_on_top(&args, &settings(), given.as_ref(), &ours).unwrap_or(args)
    }

    #[test]
    fn ours_comes_first_when_the_user_gave_none() {
        assert_eq!(on_top(&["-p", "hi"]), words(&["--settings", r#"{"env":{"URL":"ours"}}"#, "-p", "hi"]));
    }

    #[test]
    fn the_users_own_settings_stay_under_ours() {
        let merged = r#"{"env":{"A":"1","URL":"ours"},"model":"x"}"#;
        let json = r#"{"model":"x","env":{"A":"1","URL":"theirs"}}"#;
        assert_eq!(on_top(&["-p", "--settings", json, "hi"]), words(&["--settings", merged, "-p", "hi"]));
        assert_eq!(on_top(&["-p", &format!("--settings={json}")]), words(&["--settings", merged, "-p"]));
    }

    #[test]
    fn the_last_of_several_counts_as_it_does_for_the_agent() {
        let merged = r#"{"b":2,"env":{"URL":"ours"}}"#;
        assert_eq!(on_top(&["--settings", r#"{"a":1}"#, "--settings", r#"{"b":2}"#]), words(&["--settings", merged]));
    }

    #[test]
    fn a_file_is_read_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let text = "{ /* mine */ \"env\": { \"URL\": \"theirs\", \"N\": 3 }, }";
        fs::write(folder.path().join("s.json"), text).unwrap();
        let given = read(&words(&["--settings", "s.json"]), &settings(), folder.path()).unwrap();
        assert_eq!(given.variable("URL"), Some("theirs"));
        assert_eq!(given.variable("N"), Some("3"));
        assert_eq!(fs::read_to_string(folder.path().join("s.json")).unwrap(), text);
    }

    #[test]
    fn what_we_cannot_read_is_left_to_the_agent() {
        assert_eq!(on_top(&["--settings", "{not json"]), words(&["--settings", "{not json"]));
    }

    #[test]
    fn what_stands_behind_two_dashes_is_no_option() {
        let given = read(&words(&["--", "--settings", "{}"]), &settings(), Path::new("/"));
        assert_eq!(given, None);
    }
}
