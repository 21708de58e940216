//! `AgentSpec`: what a file in `agents/` says, checked.
//!
//! A key that is not known is an error, not a warning: a misspelt `set` would launch an agent that quietly bypasses us.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

/// One agent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentSpec {
    /// What one types.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: String,
    /// Other names that find it.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    /// The program, looked up on `PATH`.
    pub(crate) binary: String,
    /// The command or page that installs it.
    pub(crate) install: String,
    pub(crate) provider: Provider,
    /// Whether it runs commands in login shells, which may set PATH anew.
    #[serde(default)]
    pub(crate) login_shell: bool,
    /// Folders of the agent's own, each a hole for the paths below.
    #[serde(default)]
    pub(crate) folders: BTreeMap<String, Folder>,
    /// How it is pointed at the proxy: the first row whose `when` holds.
    #[serde(default)]
    pub(crate) env: Vec<EnvRow>,
    /// The same by settings on its command line.
    #[serde(default)]
    pub(crate) argument: Vec<ArgumentRow>,
    pub(crate) settings: Option<Settings>,
    pub(crate) config: Option<Config>,
    pub(crate) mcp: Option<Mcp>,
    #[serde(default)]
    pub(crate) block: Vec<Block>,
    /// What the user is told before the launch.
    #[serde(default)]
    pub(crate) note: Vec<Note>,
}

/// The wire that the agent speaks to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provider {
    Anthropic,
    #[serde(rename = "openai")]
    OpenAi,
}

/// A folder that a variable can move.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    pub(crate) env: Option<String>,
    pub(crate) otherwise: String,
}

/// Variables for the agent's process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvRow {
    pub(crate) when: Option<When>,
    /// Set whatever the user has.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    /// Set unless the user has set it.
    #[serde(default)]
    pub(crate) otherwise: BTreeMap<String, String>,
}

/// Settings that are put in front of the agent's own arguments.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArgumentRow {
    pub(crate) when: Option<When>,
    /// Dotted keys of the agent's settings. `{key}` in one is what the agent has for that key.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
}

/// A condition on what the agent will see. Where it has several parts, all must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct When {
    /// Holds when this variable is set and not off.
    pub(crate) env: Option<String>,
    /// Holds when this option is among the arguments.
    pub(crate) option: Option<String>,
    /// Holds when this dotted key of the agent's settings is one of `is`.
    pub(crate) key: Option<String>,
    pub(crate) is: Vec<String>,
}

/// TOML files in which the agent keeps its settings, and the options that beat them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Those of the machine, which the user's beat. A later one beats an earlier one, here and below.
    #[serde(default)]
    pub(crate) system: Vec<String>,
    pub(crate) files: Vec<String>,
    /// Files that beat everything and are not the user's to change.
    #[serde(default)]
    pub(crate) managed: Vec<String>,
    /// The names of the option that takes `KEY=VALUE` and beats all but the managed files.
    pub(crate) options: Vec<String>,
    /// The option that makes the agent read none of `files`.
    pub(crate) ignore: Option<String>,
    pub(crate) profile: Option<Profile>,
    /// What the agent goes by where nobody sets the key.
    #[serde(default)]
    pub(crate) defaults: BTreeMap<String, String>,
}

/// Named settings that lie on top of the user's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The names of the option that chooses one.
    pub(crate) options: Vec<String>,
    /// Its file, with `{profile}` for its name.
    pub(crate) file: String,
}

/// JSON files in which the agent keeps environment variables of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A later one beats an earlier one.
    pub(crate) files: Vec<String>,
    /// Files, or folders of files, that beat everything and are not the user's to change.
    #[serde(default)]
    pub(crate) managed: Vec<String>,
    /// The key of the object that holds the variables.
    pub(crate) env: String,
    /// The option that takes such a file, or its JSON, and beats the files.
    pub(crate) option: String,
}

/// Where our MCP server is registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mcp {
    /// The first that exists counts; where none does, the last.
    #[serde(rename = "file", deserialize_with = "one_or_several")]
    pub(crate) files: Vec<String>,
    /// The key path, dotted.
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) format: Format,
    pub(crate) shape: McpShape,
    /// Further keys of the entry.
    #[serde(default)]
    pub(crate) also: BTreeMap<String, serde_json::Value>,
}

/// A string, or a list of at least one.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a path or a list of paths")]
    enum OneOrSeveral {
        One(String),
        Several(Vec<String>),
    }
    match OneOrSeveral::deserialize(deserializer)? {
        OneOrSeveral::One(path) => Ok(vec![path]),
        OneOrSeveral::Several(paths) if paths.is_empty() => Err(serde::de::Error::custom("the list of paths is empty")),
        OneOrSeveral::Several(paths) => Ok(paths),
    }
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    #[default]
    Json,
    Toml,
}

/// How agents write an MCP server down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum McpShape {
    /// `{"type": "stdio", "command": "…", "args": […], "env": {…}}`
    TypeCommandArgsEnv,
    /// `{"command": "…", "args": […]}`, and `"env": {…}` where there is any
    CommandArgsEnv,
}

/// A marked block of text in a file that the agent reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    /// The first that has text counts; where none does, the last.
    #[serde(rename = "file", deserialize_with = "one_or_several")]
    pub(crate) files: Vec<String>,
    /// The template it is made from.
    #[serde(rename = "use")]
    pub(crate) template: Template,
}

/// The texts in `templates/` that a block can be made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Template {
    Rtk,
}

/// A line for the user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    pub(crate) when: Option<When>,
    pub(crate) text: String,
}

/// What is wrong with an agent's file.
#[derive(Debug, thiserror::Error)]
#[error("`{}` does not describe an agent at line {line}: {detail}", .file.display())]
pub(crate) struct Error {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    pub(crate) detail: String,
}

/// Reads what `text`, the content of `file`, says.
pub(crate) fn parse(file: &Path, text: &str) -> Result<AgentSpec, Error> {
    let failed = |line, detail| Error { file: file.to_owned(), line, detail };
    let spec: AgentSpec = toml_edit::de::from_str(text).map_err(|err| {
        let at = err.span().map_or(0, |span| span.start);
        failed(line_of(text, at), err.message().trim().replace('\n', ", "))
    })?;
    check(&spec).map_err(|wrong| {
        let at = text.find(&wrong.value).unwrap_or(0);
        failed(line_of(text, at), wrong.detail)
    })?;
    Ok(spec)
}

/// A value that has the right form and the wrong meaning.
struct Wrong {
    value: String,
    detail: String,
}

fn check(spec: &AgentSpec) -> Result<(), Wrong> {
    for name in [&spec.name].into_iter().chain(&spec.aliases) {
        // The name becomes part of a file's name and stands behind `headroom wrap` on a command line.
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if name.is_empty() || name.starts_with('-') || !is_word {
            return Err(Wrong { value: name.clone(), detail: format!("`{name}` is not a name: use a-z, 0-9 and -") });
        }
    }
    if spec.binary.is_empty() || spec.binary.contains('/') {
        return Err(Wrong {
            value: spec.binary.clone(),
            detail: "`binary` is a program's name, not a path".to_owned(),
        });
    }
    let outer = ["home", "project"];
    let folders: Vec<&str> = outer.iter().copied().chain(spec.folders.keys().map(String::as_str)).collect();
    for folder in spec.folders.values() {
        check_holes(&folder.otherwise, &outer)?;
    }
    let settings = spec.settings.iter().flat_map(|settings| settings.files.iter().chain(&settings.managed));
    let config = spec.config.iter().flat_map(|config| config.system.iter().chain(&config.files).chain(&config.managed));
    let edited = spec.mcp.iter().flat_map(|mcp| &mcp.files).chain(spec.block.iter().flat_map(|block| &block.files));
    for path in settings.chain(config).chain(edited) {
        check_holes(path, &folders)?;
    }
    if let Some(profile) = spec.config.as_ref().and_then(|config| config.profile.as_ref()) {
        let folders: Vec<&str> = folders.iter().copied().chain(["profile"]).collect();
        check_holes(&profile.file, &folders)?;
    }
    let of_environment = spec.env.iter().flat_map(|row| row.set.values().chain(row.otherwise.values()));
    for value in of_environment.chain(spec.argument.iter().flat_map(|row| row.set.values())) {
        check_holes(value, &["proxy"])?;
    }
    check_conditions(spec)?;
    if let Some(mcp) = &spec.mcp
        && mcp.key.split('.').any(str::is_empty)
    {
        return Err(Wrong { value: mcp.key.clone(), detail: format!("`{}` is not a dotted key path", mcp.key) });
    }
    Ok(())
}

fn check_conditions(spec: &AgentSpec) -> Result<(), Wrong> {
    let rows = spec.env.iter().map(|row| &row.when).chain(spec.argument.iter().map(|row| &row.when));
    for when in rows.chain(spec.note.iter().map(|note| &note.when)).flatten() {
        let wrong = |detail: &str| Err(Wrong { value: "when".to_owned(), detail: detail.to_owned() });
        if when.key.is_some() == when.is.is_empty() {
            return wrong("`key` and `is` go together");
        }
        if when.env.is_none() && when.option.is_none() && when.key.is_none() {
            return wrong("`when` says nothing: give it `env`, `option` or `key`");
        }
        if when.key.is_some() && spec.config.is_none() {
            return wrong("`key` is one of the agent's settings, so `config` has to say where they are");
        }
    }
    if !spec.argument.is_empty() && spec.config.is_none() {
        let detail = "`argument` needs `config`, which says how settings stand on the command line".to_owned();
        return Err(Wrong { value: "[[argument]]".to_owned(), detail });
    }
    Ok(())
}

fn check_holes(text: &str, known: &[&str]) -> Result<(), Wrong> {
    for hole in holes(text) {
        if !known.contains(&hole) {
            let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
            let detail = format!("`{{{hole}}}` is not one of {}", known.join(", "));
            return Err(Wrong { value: text.to_owned(), detail });
        }
    }
    Ok(())
}

/// The names in braces in `text`.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// The line, from 1, that byte `at` of `text` is on.
fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at.min(text.len())].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "name = \"foo\"\ntitle = \"Foo\"\nbinary = \"foo\"\ninstall = \"get foo\"\nprovider = \"anthropic\"\n";

    fn error(text: &str) -> String {
        parse(Path::new("foo.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn five_keys_describe_an_agent() {
        assert_eq!(parse(Path::new("foo.toml"), GOOD).unwrap().name, "foo");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let text = format!("{GOOD}binnary = \"x\"\n");
        assert!(error(&text).starts_with("`foo.toml` does not describe an agent at line 6: unknown field `binnary`"));
    }

    #[test]
    fn a_missing_key_is_named() {
        assert!(error("name = \"foo\"\n").contains("missing field `title`"));
    }

    #[test]
    fn a_hole_that_nothing_fills_is_named_with_its_line() {
        let text = format!("{GOOD}[mcp]\nkey = \"a.b\"\nshape = \"type_command_args_env\"\nfile = \"{{hom}}/x\"\n");
        assert_eq!(
            error(&text),
            "`foo.toml` does not describe an agent at line 9: `{hom}` is not one of {home}, {project}"
        );
    }

    #[test]
    fn the_file_of_servers_is_a_path_or_a_list_of_paths() {
        let with =
            |file: &str| format!("{GOOD}[mcp]\nkey = \"a.b\"\nshape = \"type_command_args_env\"\nfile = {file}\n");
        let files = |file: &str| parse(Path::new("foo.toml"), &with(file)).unwrap().mcp.unwrap().files;
        assert_eq!(files("\"{home}/x\""), ["{home}/x"]);
        assert_eq!(files("[\"{home}/x\", \"{home}/y\"]"), ["{home}/x", "{home}/y"]);
        assert!(error(&with("3")).ends_with("line 9: expected a path or a list of paths"), "{}", error(&with("3")));
        assert!(error(&with("[]")).ends_with("line 9: the list of paths is empty"), "{}", error(&with("[]")));
        assert!(error(&with("[\"{home}/x\", \"{hom}/y\"]")).contains("`{hom}` is not one of"));
    }

    #[test]
    fn a_condition_says_something_that_can_be_looked_up() {
        let with = |when: &str| format!("{GOOD}[[note]]\ntext = \"x\"\nwhen = {when}\n");
        let config = "[config]\nfiles = [\"{home}/x\"]\noptions = [\"-c\"]\n";
        for (when, expected) in [
            ("{}", "`when` says nothing"),
            ("{ key = \"a\" }", "`key` and `is` go together"),
            ("{ env = \"A\", is = [\"b\"] }", "`key` and `is` go together"),
            ("{ key = \"a\", is = [\"b\"] }", "`config` has to say"),
        ] {
            let error = error(&with(when));
            assert!(error.contains("line 8") && error.contains(expected), "{error}");
        }
        let text = format!("{}{config}", with("{ key = \"a\", is = [\"b\"], option = \"-o\" }"));
        assert_eq!(parse(Path::new("foo.toml"), &text).unwrap().note[0].when.as_ref().unwrap().is, ["b"]);
        assert!(error(&format!("{GOOD}[[argument]]\n")).contains("line 6: `argument` needs `config`"));
    }

    #[test]
    fn a_path_is_not_a_binary() {
        assert!(error(&GOOD.replace("\"foo\"\ninstall", "\"/bin/foo\"\ninstall")).contains("line 3"));
    }
}
