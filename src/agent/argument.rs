//! Options among an agent's arguments: finding them, reading settings from them, and putting ours in.
//!
//! An agent takes the last of several settings of one key, wherever they stand, so ours in front of the user's would
//! lose against one of theirs. There is no place at the end that is safe: behind a subcommand's words an option may be
//! somebody else's. So a setting of the user's that would beat ours gets our value where it stands.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use serde_json::{Map, Value};
use toml_edit::{DocumentMut, InlineTable, Item};

/// An option with a value among the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: usize,
    /// How many arguments it takes.
    pub(crate) words: usize,
    /// What stands in front of the value in its word.
    head: OsString,
    pub(crate) value: OsString,
}

/// A setting of the agent's, and what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    pub(crate) value: String,
}

/// Whether the option `name` is among `args`, with or without a value.
pub(crate) fn has(args: &[OsString], name: &str) -> bool {
    let is_it = |arg: &OsString| arg == name || after(arg, name, "=").is_some();
    args.iter().take_while(|arg| *arg != "--").any(is_it)
}

/// Every option of one of these `names` that has a value.
pub(crate) fn places(args: &[OsString], names: &[String]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < args.len() && args[at] != "--" {
        let found = names.iter().find_map(|name| place(args, at, name));
        at += found.as_ref().map_or(1, |place| place.words);
        places.extend(found);
    }
    places
}

fn place(args: &[OsString], at: usize, name: &str) -> Option<Place> {
    if args[at] == name {
        let value = args.get(at + 1)?.clone();
        return Some(Place { at, words: 2, head: OsString::new(), value });
    }
    let glued = |between: &str| {
        let value = after(&args[at], name, between)?;
        Some(Place { at, words: 1, head: format!("{name}{between}").into(), value })
    };
    let is_short = name.len() == 2 && !name.starts_with("--");
    glued("=").or_else(|| glued("").filter(|_| is_short))
}

/// The value in `NAME` `between` `VALUE`.
fn after(arg: &OsStr, name: &str, between: &str) -> Option<OsString> {
    let value = arg.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(between.as_bytes())?;
    Some(OsStr::from_bytes(value).to_owned())
}

/// One `KEY=VALUE`.
struct Assignment<'a> {
    path: Vec<&'a str>,
    /// TOML, or else a string as it is.
    raw: &'a str,
}

/// The key ends at the first `=` and is cut at every dot, quoted or not: so do the agents.
fn assignment(text: &str) -> Option<Assignment<'_>> {
    let (key, raw) = text.split_once('=')?;
    Some(Assignment { path: key.trim().split('.').collect(), raw: raw.trim() })
}

/// The settings that `args` give by the option of these `names`, one on top of the other.
pub(crate) fn settings(args: &[OsString], names: &[String]) -> Map<String, Value> {
    let mut all = Map::new();
    for place in places(args, names) {
        if let Some(Assignment { path, raw }) = place.value.to_str().and_then(assignment) {
            assign(&mut all, &path, value(raw));
        }
    }
    all
}

fn assign(table: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert((*first).to_owned(), value);
        return;
    }
    let entry = table.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(table) = entry {
        assign(table, rest, value);
    }
}

fn value(raw: &str) -> Value {
    let parsed = toml_edit::de::from_str::<Map<String, Value>>(&format!("value = {raw}")).ok();
    let parsed = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(raw.trim_matches(['"', '\'']).to_owned()))
}

/// `args` with `settings` in force, given by the first of `names` where the user gives none of them.
pub(crate) fn put(args: &[OsString], names: &[String], settings: &[Setting]) -> Vec<OsString> {
    let mut args = args.to_vec();
    let mut ours = Vec::new();
    for setting in settings {
        let beaten: Vec<(Place, String)> = places(&args, names)
            .into_iter()
            .filter_map(|place| {
                let text = with(place.value.to_str()?, setting)?;
                Some((place, text))
            })
            .collect();
        if beaten.is_empty() {
            ours.extend([names[0].clone().into(), written(setting).into()]);
        }
        for (place, text) in beaten {
            let mut word = place.head;
            word.push(text);
            args[place.at + place.words - 1] = word;
        }
    }
    ours.extend(args);
    ours
}

/// `text`, one `KEY=VALUE` of the user's, with our value if it would beat `setting`.
fn with(text: &str, setting: &Setting) -> Option<String> {
    let Assignment { path, raw } = assignment(text)?;
    if !setting.path.iter().zip(&path).all(|(ours, theirs)| ours == theirs) {
        return None;
    }
    let rest = setting.path.get(path.len()..)?;
    if rest.is_empty() {
        return Some(written(setting));
    }
    let mut document: DocumentMut = format!("value = {raw}").parse().ok()?;
    let mut table = document.get_mut("value")?.as_inline_table_mut()?;
    let (last, folders) = rest.split_last()?;
    for key in folders {
        table = table.entry(key).or_insert_with(|| InlineTable::new().into()).as_inline_table_mut()?;
    }
    table.insert(last, setting.value.as_str().into());
    let value = document.get("value").and_then(Item::as_value)?.to_string();
    Some(format!("{}={}", path.join("."), value.trim()))
}

/// `setting` as one `KEY=VALUE`.
fn written(setting: &Setting) -> String {
    // A key of which a part has a dot in it cannot be written so; from that part on it becomes a table.
    let is_plain = |part: &String| !part.is_empty() && !part.contains(['.', '=']) && part.trim() == part;
    let plain = setting.path.iter().take_while(|part| is_plain(part)).count().max(1);
    let plain = if plain == setting.path.len() { plain } else { plain.min(setting.path.len() - 1) };
    let mut value = toml_edit::Value::from(setting.value.as_str());
    for part in setting.path[plain..].iter().rev() {
        value = InlineTable::from_iter([(part.as_str(), value)]).into();
    }
    format!("{}={}", setting.path[..plain].join("."), value.to_string().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["-c".to_owned(), "--config".to_owned()]
    }

    fn words(text: &[&str]) -> Vec<OsString> {
        text.iter().map(OsString::from).collect()
    }

    fn setting(path: &[&str]) -> Setting {
        Setting { path: path.iter().map(ToString::to_string).collect(), value: "OURS".to_owned() }
    }

    fn put_one(path: &[&str], args: &[&str]) -> Vec<OsString> {
        put(&words(args), &names(), &[setting(path)])
    }

    #[test]
    fn an_option_is_found_in_every_way_it_can_be_written() {
        for args in [&["x", "-c", "a=1"][..], &["-ca=1"], &["-c=a=1"], &["--config", "a=1"], &["--config=a=1", "y"]] {
            assert_eq!(settings(&words(args), &names()), Map::from_iter([("a".to_owned(), 1.into())]), "{args:?}");
        }
        for args in [&["--", "-c", "a=1"][..], &["-C", "a=1"], &["--configure=a=1"], &["-c"], &["-c", "a"]] {
            assert!(settings(&words(args), &names()).is_empty(), "{args:?}");
        }
    }

    #[test]
    fn values_are_toml_or_else_text() {
        let given = settings(&words(&["-c", " a.b = \"x\" ", "-ca.c=http://x", "-c", "d={e=[1]}"]), &names());
        assert_eq!(Value::Object(given), serde_json::json!({"a": {"b": "x", "c": "http://x"}, "d": {"e": [1]}}));
    }

    #[test]
    fn a_later_setting_of_a_whole_table_replaces_it() {
        let given = settings(&words(&["-ca.b=1", "-ca={c=2}", "-ca.d=3"]), &names());
        assert_eq!(Value::Object(given), serde_json::json!({"a": {"c": 2, "d": 3}}));
    }

    #[test]
    fn ours_comes_first_where_nothing_beats_it() {
        assert_eq!(
            put_one(&["url"], &["exec", "-c", "model=o3"]),
            words(&["-c", "url=\"OURS\"", "exec", "-c", "model=o3"])
        );
        assert_eq!(put_one(&["url"], &["--", "-curl=x"]), words(&["-c", "url=\"OURS\"", "--", "-curl=x"]));
    }

    #[test]
    fn what_would_beat_ours_gets_our_value_where_it_stands() {
        let ours = "url=\"OURS\"";
        assert_eq!(
            put_one(&["url"], &["-c", "url=x", "exec", "--config=url=y"]),
            words(&["-c", ours, "exec", &format!("--config={ours}")])
        );
        assert_eq!(put_one(&["url"], &["-curl=x"]), words(&[&format!("-c{ours}")]));
    }

    #[test]
    fn a_table_of_the_users_keeps_what_else_is_in_it() {
        let seen = put_one(&["p", "a", "url"], &["-c", "p.a={ name = \"x\", url = \"y\" }"]);
        assert_eq!(seen, words(&["-c", "p.a={ name = \"x\", url = \"OURS\" }"]));
        let seen = put_one(&["p", "a", "url"], &["-cp={b={url=\"y\"}}"]);
        let [word] = &seen[..] else { panic!("{seen:?}") };
        let expected = serde_json::json!({"p": {"a": {"url": "OURS"}, "b": {"url": "y"}}});
        assert_eq!(Value::Object(settings(std::slice::from_ref(word), &names())), expected);
    }

    #[test]
    fn a_part_with_a_dot_in_it_stays_one_part() {
        let seen = put_one(&["p", "my.id", "url"], &[]);
        let expected = serde_json::json!({"p": {"my.id": {"url": "OURS"}}});
        assert_eq!(Value::Object(settings(&seen, &names())), expected, "{seen:?}");
    }

    #[test]
    fn words_that_are_not_unicode_stay() {
        let odd = OsStr::from_bytes(b"-c\xff=1").to_owned();
        assert_eq!(put(std::slice::from_ref(&odd), &names(), &[setting(&["a"])])[2], odd);
    }
}
