//! What `--dry-run` does not show: an agent's files and words hold keys and tokens.
//!
//! Names say little about what is a secret (`MY_PAT`, `--header`, a cookie), so of a settings file no text is shown but
//! keys and what is ours. Where there are no keys to tell, as on a command line, names and known forms have to do.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::edit::Edit;

const HIDDEN: &str = "[not shown]";

/// The texts and comments of TOML and JSON, and headers, which are no texts.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    let header = r"^[ \t]*\[[^\n=]*\][ \t]*$";
    let text = r#""""(?s:.*?)"""|'''(?s:.*?)'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"#;
    Regex::new(&format!(r"(?m)({header})|{text}|#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/")).expect("the pattern is valid")
});

/// A value whose name says that it is a secret, and what looks like one wherever it stands.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let name = "(?:key|token|secret|password|passphrase|authorization|[-_]auth|credential|cookie|_pat)";
    let named = format!(
        r#"([\w.-]*{name}[\w.-]*["']?[ \t]*[:=][ \t]*)(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|(?:(?:bearer|basic)\s+)?[^\s"'{{\[]+)"#
    );
    let behind = format!(r#"(--[\w-]*{name}[\w-]*["']?[, \t]+["']?)[^\s"']+"#);
    let pattern = format!(
        r"(?i)(bearer\s+)[\w.~+/=-]+|{named}|{behind}|(://[^\s/]*/?[^\s?]*\?)[^\s]+|()\b(?:sk-|gh[a-z]_|github_pat_)\w[\w-]{{7,}}"
    );
    Regex::new(&pattern).expect("the pattern is valid")
});

/// The name and password in an address.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(://)[^/\s"']+@"#).expect("the pattern is valid"));

/// `text` without what its looks say is a secret.
pub(super) fn secrets(text: &str) -> String {
    let text = SECRET.replace_all(text, format!("${{1}}${{2}}${{3}}${{4}}${{5}}{HIDDEN}"));
    LOGIN.replace_all(&text, format!("${{1}}{HIDDEN}@")).into_owned()
}

/// `text`, which `edit` is about, without texts and comments that are not part of the edit.
pub(super) fn others(text: &str, edit: &Edit) -> String {
    let mut ours = BTreeSet::new();
    match edit {
        // Texts need no quotes there.
        Edit::Block { .. } | Edit::Yaml { .. } => return secrets(text),
        Edit::Json { value, .. } => texts(value, &mut ours),
        Edit::Toml { value, label, .. } => {
            texts(value, &mut ours);
            ours.extend([format!("# headroom:{label}"), format!("# /headroom:{label}")]);
        }
    }
    let replace = |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |whole| whole.as_str());
        let rest = &text[found.get(0).map_or(0, |whole| whole.end())..];
        let is_key = rest.trim_start_matches([' ', '\t']).starts_with([':', '=', '.']);
        let content = serde_json::from_str(whole).unwrap_or_else(|_| whole.trim_matches('\'').to_owned());
        if found.get(1).is_some() || is_key || ours.contains(&content) {
            return whole.to_owned();
        }
        // As many lines as before, so that a diff still tells where it stands.
        whole.split('\n').map(|_| HIDDEN).collect::<Vec<_>>().join("\n")
    };
    PART.replace_all(text, replace).into_owned()
}

fn texts(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(all.insert(text.clone())),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, all)),
        Value::Object(members) => members.values().for_each(|member| texts(member, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edit() -> Edit {
        let value = json!({"command": "/bin/headroom", "args": ["mcp"]});
        Edit::Toml { path: vec!["s".to_owned()], value, label: "mcp".to_owned() }
    }

    #[test]
    fn of_a_settings_file_only_keys_and_what_is_ours_are_shown() {
        for line in [
            "url = \"https://h/mcp?x=hush\"",
            "args = [\"--header\", \"Authorization: Bearer hush\", 'hush']",
            "MY_PAT = 'hush'",
            "h = { \"X-Auth\" = \"hush\", \"a=b\" = \"it's \\\" hush\" }",
            "k = \"\"\"\nhush\n\"\"\"",
            "k = '''\nhush'''",
            "# token: hush",
            "a = 1 # hush",
            "{\"apiKey\": \"hush\", // hush\n \"list\": [\"hush\"]}",
        ] {
            let shown = others(line, &edit());
            assert!(!shown.contains("hush"), "{shown}");
            assert_eq!(shown.lines().count(), line.lines().count(), "{shown}");
        }
        let shown =
            "# headroom:mcp\n[a.\"b c\"]\ncommand = \"/bin/headroom\"\n\"x y\" = 30\nargs = [\"mcp\"]\n{\"a\": 7}\n";
        assert_eq!(others(shown, &edit()), shown);
    }

    #[test]
    fn secrets_among_words_are_not_shown() {
        for word in [
            "p.x.experimental_bearer_token=hush",
            "p.x.http_headers={\"X-Auth\"=\"hush\"}",
            "s.args=[\"--token\",\"hush\"]",
            "--api-key hush",
            "url=https://h/v1?sig=hush",
            "url=https://me:hush@h/v1",
            "Authorization: Bearer hush",
            "sk-ant-hush-123456",
        ] {
            assert!(!secrets(word).contains("hush"), "{}", secrets(word));
        }
        let plain = "-c openai_base_url=\"http://127.0.0.1:8787/v1\" exec \"fix the test\"";
        assert_eq!(secrets(plain), plain);
    }
}
