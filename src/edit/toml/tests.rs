//! Tables go in and come off without a trace, in real config files and generated ones.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::json;
use toml_edit::{DocumentMut, Item};

use super::*;
use crate::edit;
use crate::edit::lines::body;

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

fn set(text: &str, dotted: &str, value: &Value) -> (String, Undo) {
    apply(text, &path(dotted), value, "mcp").unwrap()
}

fn off(text: &str, undo: &Undo) -> String {
    match revert(text, undo).unwrap() {
        Reverted::Text(text) => text,
        Reverted::NotOurs => panic!("not ours any more:\n{text}"),
    }
}

fn server() -> Value {
    json!({"command": "/usr/bin/headroom", "args": ["mcp", "serve"], "env_vars": ["HEADROOM_HOME"]})
}

fn meaning(text: &str) -> Node {
    Document::parse(text).unwrap().root
}

/// The lines that are not blank, in alphabetical order, without the space that the library puts before a comma.
fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.replace(" ,", ",")).collect();
    lines.sort();
    lines
}

fn ends_in_statement(text: &str) -> bool {
    Document::parse(text).unwrap().lines.last().is_some_and(document::Line::is_statement)
}

const OURS: &str = "# headroom:mcp\n[mcp_servers.headroom]\ncommand = \"/usr/bin/headroom\"\n\
    args = [\"mcp\", \"serve\"]\nenv_vars = [\"HEADROOM_HOME\"]\n# /headroom:mcp\n";

// What an edit looks like.

#[test]
fn a_table_goes_to_the_end_between_comment_lines() {
    for (before, lead) in [
        ("", ""),
        ("\n", ""),
        ("a = 1\n", "\n"),
        ("a = 1", "\n\n"),
        ("a = 1\n\n", ""),
        ("[mcp_servers]\n", "\n"),
        ("[mcp_servers.other]\nx = 1\n", "\n"),
        ("[[mcp]]\nx = [\n]\n# end\n", "\n"),
    ] {
        let (changed, undo) = set(before, "mcp_servers.headroom", &server());
        assert_eq!(changed, format!("{before}{lead}{OURS}"));
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn a_table_in_a_table_gets_its_own_header() {
    let value = json!({"env": {"A B": "1", "C": {"d": [{"e": 1}], "f": {}}}, "command": "x", "timeout": 1.5});
    let written = "# headroom:mcp\n[s.\"head room\"]\ncommand = \"x\"\ntimeout = 1.5\n\n[s.\"head room\".env]\n\
        \"A B\" = \"1\"\n\n[s.\"head room\".env.C]\nd = [{ e = 1 }]\nf = {}\n# /headroom:mcp\n";
    let (changed, undo) = set("", "s.head room", &value);
    assert_eq!(changed, written);
    assert_eq!(off(&changed, &undo), "");
}

#[test]
fn a_lone_key_goes_into_its_table_and_never_behind_another_header() {
    for (before, key, after) in [
        ("", "a", "# headroom:mcp\na = 1\n# /headroom:mcp\n"),
        ("x = 1\n\n[t]\n", "a", "x = 1\n# headroom:mcp\na = 1\n# /headroom:mcp\n\n[t]\n"),
        ("# file\n\n# of t\n[t]\n", "a", "# file\n\n# headroom:mcp\na = 1\n# /headroom:mcp\n\n# of t\n[t]\n"),
        ("[t]\n", "a", "# headroom:mcp\na = 1\n# /headroom:mcp\n\n[t]\n"),
        ("[t]\n[u]", "t.a", "[t]\n# headroom:mcp\na = 1\n# /headroom:mcp\n[u]"),
        ("[t]\n  x = 1\n\n[u]\n", "t.a", "[t]\n  x = 1\n  # headroom:mcp\n  a = 1\n  # /headroom:mcp\n\n[u]\n"),
        ("[t.u]\n", "t.a", "# headroom:mcp\nt.a = 1\n# /headroom:mcp\n\n[t.u]\n"),
        ("[t]\nu.x = 1", "t.u.a", "[t]\nu.x = 1\n# headroom:mcp\nu.a = 1\n# /headroom:mcp\n"),
    ] {
        let (changed, undo) = set(before, key, &json!(1));
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn a_key_goes_into_an_inline_table_without_comment_lines() {
    for (before, after) in [
        ("s = {}", "s = { a = { x = 1 } }"),
        ("s = { }\n", "s = { a = { x = 1 } }\n"),
        ("s = { b = 1 } # c\n", "s = { b = 1, a = { x = 1 } } # c\n"),
        ("s = {b=1}\n", "s = {b=1, a = { x = 1 }}\n"),
        ("s = {\n  b = 1, # c\n}\n", "s = {\n  b = 1, a = { x = 1 }, # c\n}\n"),
        ("s = {\n  b = 1 # c\n}\n", "s = {\n  b = 1, a = { x = 1 } # c\n}\n"),
        ("s = { # c\n}\n", "s = { a = { x = 1 } # c\n}\n"),
        ("[t]\ns = [{}]\n[s]\n", "[t]\ns = [{}]\n[s]\n\n# headroom:mcp\n[s.a]\nx = 1\n# /headroom:mcp\n"),
    ] {
        let (changed, undo) = set(before, "s.a", &json!({"x": 1}));
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
    }
    let (changed, undo) = set("s = { t = { u = 1 } }", "s.t.v.w", &json!([]));
    assert_eq!(changed, "s = { t = { u = 1, v.w = [] } }");
    assert_eq!(off(&changed, &undo), "s = { t = { u = 1 } }");
}

#[test]
fn another_value_is_replaced_where_it_stands_and_put_back() {
    for (before, after) in [
        ("a.b = 'x' # mine\n", "a.b = { c = 1 } # mine\n"),
        ("a = { b = \"\"\"\nx\"\"\", d = 2 }", "a = { b = { c = 1 }, d = 2 }"),
        ("[a]\n\tb={c=2}\n", "[a]\n\tb={ c = 1 }\n"),
        ("[a.b]\nc = 2\n[x]\n", "# headroom:mcp\n[a.b]\nc = 1\n# /headroom:mcp\n[x]\n"),
        ("[[a.b]]\nc = 2\n[[a.b]]", "# headroom:mcp\n[a.b]\nc = 1\n# /headroom:mcp"),
        ("a.b.d = 2\nx = 1\na.b.e.f = 3\n", "# headroom:mcp\na.b = { c = 1 }\n# /headroom:mcp\nx = 1\n"),
        ("[a.b.d]\n[x]\n# b\n[a.b]\nc = 2", "# headroom:mcp\n[a.b]\nc = 1\n# /headroom:mcp\n[x]\n# b\n"),
    ] {
        let (changed, undo) = set(before, "a.b", &json!({"c": 1}));
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn an_equal_value_is_the_users_and_stays() {
    for before in [
        "a.x = 'A'\na.y = [1, # one\n]\n",
        "[a]\n\"y\" = [1]\nx = \"\\u0041\" # mine",
        "a = { y = [1.0], x = '''A''' }",
    ] {
        let (changed, undo) = set(before, "a", &json!({"x": "A", "y": [1]}));
        assert_eq!(changed, before);
        assert_eq!(revert(&changed, &undo).unwrap(), Reverted::NotOurs);
    }
}

// What is refused.

#[test]
fn a_text_that_does_not_parse_is_refused_with_its_line() {
    for (text, line) in [
        ("a = 1\na = 2\n", 2),
        ("a = 1\n\n[t]\nx =\n", 4),
        ("[t]\n[u]\n[t]\n", 3),
        ("\u{feff}a = 1\r\nb = [\r\n", 2),
        ("x = {\"a\": 1}", 1),
    ] {
        let err = apply(text, &path("s.a"), &json!(1), "mcp").unwrap_err();
        assert!(matches!(err, Error::Syntax { line: found, .. } if found == line), "{text:?}: {err:?}");
        let (_, undo) = set("", "s.a", &json!(1));
        assert!(matches!(revert(text, &undo), Err(Error::Syntax { line: found, .. }) if found == line));
    }
}

#[test]
fn a_path_through_something_else_is_refused_with_its_line() {
    for (text, expected) in [
        ("x = 1\na = []\n", "`a` is not a table at line 2"),
        ("[a]\nb = 'text'", "`a.b` is not a table at line 2"),
        ("\n\n[[a]]\nx = 1\n", "`a` is not a table at line 3"),
        ("[a]\n[[a.b]]\n", "`a.b` is not a table at line 2"),
        ("a = {\n x = 1,\n b = 1 }", "`a.b` is not a table at line 3"),
        ("a.b = {\n c.d = 1 }", "`a.b.c` is not a single key at line 2"),
    ] {
        assert_eq!(apply(text, &path("a.b.c"), &json!({"x": 1}), "mcp").unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_value_that_toml_does_not_have_is_refused() {
    for value in [json!(null), json!({"a": [null]}), json!(u64::MAX)] {
        assert!(matches!(apply("", &path("a"), &value, "mcp"), Err(Error::Shape { .. })), "{value}");
    }
}

// What others did meanwhile.

#[test]
fn a_table_of_ours_that_was_changed_is_theirs_and_keeps_its_comment_lines() {
    let (text, undo) = set("a = 1\n", "mcp_servers.headroom", &server());
    for (from, to) in [
        ("\"serve\"", "\"serve2\""),
        ("# /headroom:mcp", "enabled = false\n# /headroom:mcp"),
        ("# /headroom:mcp", "[mcp_servers.headroom.env]\nA = \"1\"\n# /headroom:mcp"),
        ("args =", "# why\nargs ="),
        ("\"serve\"]", "\"serve\"] # why"),
        ("[\"mcp\",", "[\"mcp\", # why\n"),
    ] {
        let theirs = text.replace(from, to);
        assert_ne!(theirs, text);
        assert_eq!(revert(&theirs, &undo).unwrap(), Reverted::NotOurs, "{theirs}");
    }
    for gone in ["", "mcp_servers = 1\n", "[[mcp_servers]]\n", "[mcp_servers.headroom]\n"] {
        assert_eq!(revert(gone, &undo).unwrap(), Reverted::NotOurs, "{gone}");
    }
}

#[test]
fn an_equal_table_in_another_layout_is_still_ours() {
    let (_, undo) = set("a = 1\n", "mcp_servers.headroom", &server());
    for (theirs, left) in [
        (
            "a = 1\n\n[mcp_servers.headroom]\nenv_vars=['HEADROOM_HOME']\nargs = [\n'mcp',\n'serve',\n]\n\
             'command'='/usr/bin/headroom'\n",
            "a = 1\n",
        ),
        (
            "a = 1\nmcp_servers = { o = {}, headroom = { args = ['mcp', 'serve'], command = '/usr/bin/headroom', \
             env_vars = ['HEADROOM_HOME'] } }\n",
            "a = 1\nmcp_servers = { o = {} }\n",
        ),
        (
            "a = 1\n[mcp_servers]\nheadroom = { args = ['mcp', 'serve'], command = '/usr/bin/headroom', \
             env_vars = ['HEADROOM_HOME'] }\n# /headroom:mcp\n",
            "a = 1\n",
        ),
        (
            "a = 1\n[mcp_servers]\no.x = 1\n# headroom:mcp\nheadroom.args = ['mcp', 'serve']\nheadroom.command = \
             '/usr/bin/headroom'\no.y = 1\nheadroom.env_vars = ['HEADROOM_HOME']\n\n# /headroom:mcp\n[b]\n",
            "a = 1\n[mcp_servers]\no.x = 1\no.y = 1\n\n[b]\n",
        ),
    ] {
        assert_eq!(off(theirs, &undo), left);
    }
    let (_, undo) = set("", "a", &json!({"timeout": 30}));
    assert_eq!(off("[a]\ntimeout = 30.0\n", &undo), "");
}

#[test]
fn what_others_put_between_our_comment_lines_stays() {
    let (text, undo) = set("a = 1\n", "mcp_servers.headroom", &server());
    for (from, to, left) in [
        (
            "# /headroom:mcp",
            "\n[projects.\"/x\"]\ntrust_level = \"trusted\"\n# /headroom:mcp",
            "a = 1\n\n[projects.\"/x\"]\ntrust_level = \"trusted\"\n",
        ),
        ("# /headroom:mcp", "# note\n# /headroom:mcp\n# more\n", "a = 1\n# note\n# more\n\n"),
        ("# /headroom:mcp\n", "", "a = 1\n"),
        ("# headroom:mcp\n", "# headroom:mcp\n[x]\ny = 1\n", "a = 1\n[x]\ny = 1\n"),
        ("# headroom:mcp\n", "", "a = 1\n"),
        ("# headroom:mcp\n", "# see # headroom:mcp\n", "a = 1\n\n# see # headroom:mcp\n"),
    ] {
        assert_eq!(off(&text.replace(from, to), &undo), left);
    }
}

#[test]
fn comment_lines_go_although_the_table_is_gone() {
    let (text, undo) = set("a = 1\n", "mcp_servers.headroom", &server());
    let mut document: DocumentMut = text.parse().unwrap();
    document["mcp_servers"].as_table_mut().unwrap().remove("headroom");
    let theirs = document.to_string();
    assert!(theirs.contains("# /headroom:mcp"), "{theirs}");
    assert_eq!(off(&theirs, &undo), "a = 1\n");
    assert_eq!(off("a = 1\n\n# headroom:mcp\n# /headroom:mcp\n", &undo), "a = 1\n");
    let used = "# headroom:mcp\n[other]\n# /headroom:mcp\n";
    assert_eq!(revert(used, &undo).unwrap(), Reverted::NotOurs, "they belong to another table");
}

/// What `codex mcp add` does: it writes all servers anew, without what stood before their headers.
fn servers_anew(text: &str) -> String {
    codex(text, |document| {
        let mut servers = toml_edit::Table::new();
        servers.set_implicit(true);
        for (name, server) in document.remove("mcp_servers").iter().filter_map(Item::as_table).flatten() {
            servers[name] =
                Item::Table(server.as_table().into_iter().flatten().map(|(key, it)| (key, it.clone())).collect());
        }
        servers["added"] = Item::Table([("command", toml_edit::value("npx"))].into_iter().collect());
        document["mcp_servers"] = Item::Table(servers);
    })
}

#[test]
fn comments_at_the_end_survive_codex_writing_its_servers() {
    for before in [
        "a = 1\n\n# the end\n# of it\n",
        "# none yet\n",
        "[b]\nc = 1\n# d = 2\n\n\n# e\n",
        "a = 1\r\n# end",
        "a = 1 # no\n",
    ] {
        let (text, undo) = set(before, "mcp_servers.headroom", &server());
        let (theirs, expected) = (servers_anew(&text), servers_anew(before));
        assert!(!theirs.contains("# headroom:mcp"), "{theirs}");
        assert_eq!(sorted(&off(&theirs, &undo)), sorted(&expected), "{theirs}");
        let gone = codex(&text, |document| drop(document.remove("mcp_servers")));
        assert!(!gone.contains("# headroom:mcp"), "{gone}");
        assert_eq!(sorted(&off(&gone, &undo)), sorted(before), "{gone}");
    }
}

#[test]
fn comments_at_the_end_that_the_user_took_out_stay_out() {
    let (text, undo) = set("a = 1\n\n# the end\n", "mcp_servers.headroom", &server());
    assert_eq!(off(&text.replace("# the end\n", ""), &undo), "a = 1\n\n");
}

#[test]
fn a_marker_in_a_string_is_none() {
    let before = "a = '''\n# headroom:mcp\n# /headroom:mcp\n[mcp_servers.headroom]\n'''\n";
    let (text, undo) = set(before, "mcp_servers.headroom", &server());
    assert_eq!(off(&text, &undo), before);
    let theirs = text.replace("# headroom:mcp\n[mcp_servers", "[mcp_servers");
    assert_eq!(off(&theirs, &undo), before);
}

#[test]
fn pieces_of_a_table_go_back_between_what_they_stood_between() {
    let before = "[s.h.x]\nn = 1\n\n[t]\na = 1\n\n# main\n[s.h]\nc = 'c' # c\n\n[u]\n[s.h.y]\nm = 2\n# of v\n[v]\n";
    let (text, undo) = set(before, "s.h", &server());
    assert_eq!(text.matches("[s.h").count(), 1);
    for (at, typed) in [
        ("[t]", "# typed\n[t]"),
        ("a = 1\n", "a = 1\nb = 2\n"),
        ("[u]\n", "[u]\nx = 1\n"),
        ("[u]\n", "# typed\n\n[u]\n"),
        ("[u]\n", ""),
        ("[v]\n", "[w]\nz = 1\n[v]\n"),
        ("# of v\n[v]\n", ""),
        ("# of v\n", "# typed\n"),
        ("[t]\na = 1\n", "[tt]\na = 1\n"),
    ] {
        let (theirs, expected) = (text.replace(at, typed), before.replace(at, typed));
        assert_ne!(theirs, text);
        let left = off(&theirs, &undo);
        assert_eq!(meaning(&left), meaning(&expected), "{left}");
        if typed.contains("# typed") {
            continue;
        }
        assert_eq!(sorted(&left), sorted(&expected), "{left}");
    }
    let moved = format!("[u]\n[v]\ns.h = 1\n{}", OURS.replace("mcp_servers.headroom", "s.h"));
    assert_eq!(meaning(&off(&moved, &undo)).get(&path("s.h")), meaning(before).get(&path("s.h")));
}

#[test]
fn pieces_between_tables_of_an_array_go_back_between_the_same_ones() {
    let before =
        "[s.h.x]\nn = 1\n[[t]]\na = 1\n[[t]]\na = 2\n[s.h]\nc = 1\n[[t]]\n[[t]]\n[s.h.y]\nm = 2\n[[t]]\na = 3\n";
    let (text, undo) = set(before, "s.h", &server());
    assert_eq!(off(&text, &undo), before);
    assert_eq!(off(&text.replace("a = 3", "a = 4"), &undo), before.replace("a = 3", "a = 4"));
}

#[test]
fn what_was_there_comes_back_although_ours_has_another_layout_now() {
    for before in
        ["[s.h]\nc = 1\n[s.h.d]\ne = 2020-01-01\n", "s.h.c = [1]\n", "s = { h = { c = 'x' } }\n", "[[s.h]]\nc = 1\n"]
    {
        let (text, undo) = set(before, "s.h", &json!({"ours": true}));
        for theirs in
            ["s = { h = { ours = true } }\n", "[s]\nx = 1\nh.ours = true\n", "[s.h]\nours=true", "s.h = { ours = true}"]
        {
            let left = off(theirs, &undo);
            assert_eq!(
                meaning(&left).get(&path("s.h")),
                meaning(before).get(&path("s.h")),
                "{before} in {theirs}\n{left}"
            );
        }
        assert_eq!(off(&text, &undo), before);
    }
}

#[test]
fn line_breaks_that_a_rewrite_changed_do_no_harm() {
    let before = "a = 1\r\n\r\n[s.h]\r\nc = 1\r\n\r\n[t]\r\n[s.h.d]\r\n";
    let (text, undo) = set(before, "s.h", &server());
    assert_eq!(off(&text.replace("\r\n", "\n"), &undo), before.replace("\r\n", "\n"));
    let (text, undo) = set(before, "s.new", &server());
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(off(&text.replace("\r\n", "\n"), &undo), before.replace("\r\n", "\n"));
}

#[test]
fn two_tables_of_a_document_come_off_in_any_order() {
    for (file, before) in corpus() {
        for label in ["mcp", "memory"] {
            let (text, first) = set(&before, "mcp_servers.headroom", &server());
            let (text, second) = apply(&text, &path("mcp_servers.headroom_memory"), &server(), label).unwrap();
            assert_eq!(off(&off(&text, &second), &first), before, "{} {label}", file.display());
            assert_eq!(off(&off(&text, &first), &second), before, "{} {label}", file.display());
        }
    }
}

#[test]
fn what_undoes_an_edit_survives_the_ledger() {
    for before in ["", "a = {}", "[a.b]\nx = 1\n[c]\n[a.b.d]\n", "a.b = 1", "a.b = 2"] {
        let (_, undo) = set(before, "a.b", &json!({"two": 2}));
        let stored = serde_json::to_string(&edit::Undo::Toml(undo.clone())).unwrap();
        assert_eq!(serde_json::from_str::<edit::Undo>(&stored).unwrap(), edit::Undo::Toml(undo));
    }
}

// Real files, and what Codex does to them.

fn corpus() -> Vec<(PathBuf, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edits/toml"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "the corpus is there");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

fn wishes() -> [(&'static str, Value); 6] {
    let with_env = json!({"command": "h", "env": {"HEADROOM_HOME": "/x"}, "startup_timeout_sec": 30});
    [
        ("mcp_servers.headroom", server()),
        ("mcp_servers.headroom", with_env.clone()),
        ("headroom", with_env),
        ("openai_base_url", json!("http://127.0.0.1:8787/v1")),
        ("tui.alternate_screen", json!("never")),
        ("a.b.c", json!([])),
    ]
}

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    for (file, before) in corpus() {
        for (key, value) in wishes() {
            let (text, undo) = set(&before, key, &value);
            assert_eq!(off(&text, &undo), before, "{} {key}", file.display());
            assert_eq!(set(&text, key, &value).0, text, "{} {key} twice", file.display());
        }
    }
}

#[test]
fn every_real_file_keeps_each_line_that_was_there() {
    for (file, before) in corpus() {
        let (text, _) = set(&before, "mcp_servers.new", &server());
        let diff = similar::TextDiff::from_lines(before.as_str(), text.as_str());
        let lost: Vec<_> = diff.iter_all_changes().filter(|it| it.tag() == similar::ChangeTag::Delete).collect();
        let is_inline = before.contains("mcp_servers = {");
        assert!(lost.len() <= usize::from(is_inline || !before.ends_with('\n')), "{}: {lost:?}", file.display());
        if before.contains("\r\n") {
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{}", file.display());
        }
    }
}

type CodexEdit = (&'static str, fn(&mut DocumentMut));

/// What Codex does to its configuration, by the library that it uses for it.
const CODEX_EDITS: [CodexEdit; 6] = [
    ("trusts a project", |document| {
        let projects = document.entry("projects").or_insert(toml_edit::table());
        let Some(projects) = projects.as_table_mut() else { return };
        projects.set_implicit(true);
        let mut project = toml_edit::Table::new();
        project["trust_level"] = toml_edit::value("trusted");
        projects["/new/project"] = Item::Table(project);
    }),
    ("sets a key of the root", |document| document["model"] = toml_edit::value("gpt-6")),
    ("notes a notice", |document| {
        let notice = document.entry("notice").or_insert(toml_edit::table());
        notice["seen"] = toml_edit::value(true);
    }),
    ("adds a server", |document| {
        let mut server = toml_edit::Table::new();
        server["command"] = toml_edit::value("npx");
        let servers = document.entry("mcp_servers").or_insert(toml_edit::table());
        match servers {
            Item::Table(servers) => {
                servers.set_implicit(true);
                servers["added"] = Item::Table(server);
            }
            servers => {
                if let Some(servers) = servers.as_table_like_mut() {
                    servers.insert("added", toml_edit::value(server.into_inline_table()));
                }
            }
        }
    }),
    ("removes a server", |document| {
        if let Some(servers) = document.get_mut("mcp_servers").and_then(Item::as_table_like_mut) {
            servers.remove("docs");
        }
    }),
    ("removes a table", |document| drop(document.remove("tui"))),
];

fn codex(text: &str, edit: fn(&mut DocumentMut)) -> String {
    let mut document: DocumentMut = text.parse().unwrap();
    edit(&mut document);
    document.to_string()
}

#[test]
fn every_real_file_that_codex_edits_keeps_what_codex_wrote() {
    for (file, before) in corpus() {
        let name = file.file_name().unwrap().to_str().unwrap();
        for (wish, value) in wishes() {
            let (text, undo) = set(&before, wish, &value);
            for (what, edit) in CODEX_EDITS {
                let (theirs, expected) = (codex(&text, edit), codex(&before, edit));
                if meaning(&theirs).get(&undo.path) != meaning(&text).get(&undo.path) {
                    continue;
                }
                let left = off(&theirs, &undo);
                let told = format!("{name}: {wish}, Codex {what}:\n{theirs}\n--- left\n{left}");
                assert_eq!(
                    meaning(&left).without(&undo.path[..1]),
                    meaning(&expected).without(&undo.path[..1]),
                    "{told}"
                );
                // The library moves tables about when it adds one: before comments and blank lines at the end, behind
                // the last server, or before tables that share a header. Ours may have been the one it went by.
                let keeps_order = codex(&before, |_| {}).trim_end() == body(&before).replace('\r', "").trim_end();
                let adds_table = ["trusts a project", "adds a server", "notes a notice"].contains(&what);
                let is_plain = name.starts_with("codex") && what != "adds a server";
                if keeps_order && ends_in_statement(&before) && (is_plain || !adds_table) {
                    assert_eq!(left.trim_end(), expected.trim_end(), "{told}");
                } else {
                    assert_eq!(sorted(&left), sorted(&expected), "{told}");
                }
            }
        }
    }
}

// Documents of every kind, and what a user may do to them.

const KEYS: [&str; 5] = ["mcp_servers", "headroom", "env", "a", "é \"日\""];

/// One line or more of a random document; what does not fit what stands before it is left out.
fn fragment() -> impl Strategy<Value = String> {
    let key = prop::collection::vec(prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1..4);
    let values = vec![
        "1",
        "'x' # /headroom:mcp",
        "'''\n[mcp_servers.headroom]\n# headroom:mcp\n'''",
        "[ 1, # [c]\n  { a = 2 },\n]",
        "{}",
        "{ }",
        "{ headroom = 1 }",
        "{headroom={a=[]},env.a=1} # c",
        "{ a = 1, headroom = { env = \"]\" } }",
        "{\n  a = 1, # one\n  env = { },\n}",
        "{ # none\n}",
        "1979-05-27T07:32:00Z",
    ];
    let value = prop::sample::select(values);
    let remarks = vec!["\n", "\n\n", "  \n", "# remark\n", " # headroom:mcp\n", "# /headroom:mcp\n"];
    prop_oneof![
        6 => (key.clone(), value, prop::sample::select(vec!["", "", "  ", "\t"]))
            .prop_map(|(key, value, indent)| format!("{indent}{} = {value}\n", layout::dotted(&key))),
        4 => (key.clone(), prop::sample::select(vec!["", " # c", "  "]))
            .prop_map(|(key, rest)| format!("[{}]{rest}\n", layout::dotted(&key))),
        1 => key.prop_map(|key| format!("[[{}]]\n", layout::dotted(&key))),
        3 => prop::sample::select(remarks).prop_map(str::to_owned),
    ]
}

fn typed() -> impl Strategy<Value = String> {
    let ends = (any::<bool>(), any::<bool>(), any::<bool>());
    (prop::collection::vec(fragment(), 0..12), ends).prop_map(|(fragments, (has_mark, is_crlf, is_cut))| {
        let mut text = String::new();
        for fragment in fragments {
            let longer = format!("{text}{fragment}");
            if Document::parse(&longer).is_ok() {
                text = longer;
            }
        }
        if is_crlf {
            text = text.replace('\n', "\r\n");
        }
        if is_cut {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        format!("{}{text}", if has_mark { "\u{feff}" } else { "" })
    })
}

fn target() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1..4)
}

fn wanted() -> impl Strategy<Value = Value> {
    let nested = json!({"k": ["v", {"w": 1.5}], "env": {"A b": "\"'\n", "deep": {"x": {}}}});
    prop::sample::select(vec![server(), server(), nested, json!({}), json!("u"), json!(7), json!([[]])])
}

/// Whether a path may be refused: something on it is no table, a table would have to become a lone value, or the
/// dotted keys of an inline table would.
fn may_refuse(text: &str, path: &[String], value: &Value) -> bool {
    let root = meaning(text);
    let is_table = |node: &Node| matches!(node, Node::Table(_));
    let is_blocked = (1..path.len()).any(|depth| root.get(&path[..depth]).is_some_and(|node| !is_table(node)));
    let is_lone = !value.is_object();
    let may_have_headers = |node: &Node| matches!(node, Node::Table(_) | Node::Array(_));
    is_blocked || root.get(path).is_some_and(|node| (is_lone && may_have_headers(node)) || text.contains("env.a=1"))
}

/// What a user types at a line that is not ours.
#[derive(Debug, Clone, Copy)]
enum Typing {
    RemarkAbove,
    RemarkBehind,
    KeyBelow,
    TableAbove,
    Removal,
}

/// A header or key: its path, which of both it is, and the how manieth of that path.
type Anchor = (Vec<String>, bool, usize);

/// The places of the headers and keys of `text` that have nothing to do with `path`.
fn anchors(text: &str, path: &[String]) -> Vec<(Anchor, json_text::Span)> {
    let document = Document::parse(text).unwrap();
    let mut out: Vec<(Anchor, json_text::Span)> = Vec::new();
    for line in document.lines.iter().filter(|line| line.is_statement()) {
        let nth = out.iter().filter(|((path, is, _), _)| (path, *is) == (&line.path, line.is_header())).count();
        out.push(((line.path.clone(), line.is_header(), nth), line.span.clone()));
    }
    out.retain(|((other, ..), _)| !other.starts_with(path) && !path.starts_with(other));
    out
}

impl Typing {
    /// The text after the `n`th typing; `None` when it cannot be typed there.
    fn at(self, text: &str, path: &[String], anchor: &Anchor, n: usize, newline: &str) -> Option<String> {
        let (_, span) = anchors(text, path).into_iter().find(|(found, _)| found == anchor)?;
        let ends = text[span.clone()].ends_with('\n');
        let (at, typed) = match self {
            Self::RemarkAbove => (span.start..span.start, format!("# typed {n}{newline}")),
            Self::RemarkBehind if ends && !text[span.clone()].contains('#') => {
                let end = span.end - newline.len();
                (end..end, format!(" # typed {n}"))
            }
            Self::KeyBelow if ends => (span.end..span.end, format!("u{n} = 1{newline}")),
            Self::TableAbove if anchor.1 => (span.start..span.start, format!("[u{n}]{newline}x = 1{newline}{newline}")),
            Self::Removal if ends && !anchor.1 => (span, String::new()),
            _ => return None,
        };
        let typed = json_text::splice(text, &[(at, &typed)]);
        Document::parse(&typed).is_ok().then_some(typed)
    }
}

fn typing() -> impl Strategy<Value = Typing> {
    use Typing::{KeyBelow, RemarkAbove, RemarkBehind, Removal, TableAbove};
    prop::sample::select(vec![RemarkAbove, RemarkBehind, KeyBelow, TableAbove, Removal])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn reverting_an_edit_gives_the_text_back(before in typed(), path in target(), value in wanted()) {
        match apply(&before, &path, &value, "mcp") {
            Ok((text, undo)) => {
                prop_assert_eq!(&apply(&text, &path, &value, "mcp").unwrap().0, &text, "applied twice");
                if undo.was == Was::Equal {
                    prop_assert_eq!(&text, &before);
                    prop_assert_eq!(revert(&text, &undo).unwrap(), Reverted::NotOurs);
                } else {
                    let (root, wanted) = (meaning(&text), layout::of_json(&value).unwrap());
                    prop_assert_eq!(root.get(&path), Some(&Node::of(&wanted)));
                    prop_assert_eq!(root.without(&path), meaning(&before).without(&path));
                    prop_assert_eq!(off(&text, &undo), before, "from\n{}", text);
                }
            }
            Err(err) => prop_assert!(may_refuse(&before, &path, &value), "{}", err),
        }
    }

    #[test]
    fn what_a_user_typed_elsewhere_stays(
        before in typed(), path in target(), value in wanted(),
        typings in prop::collection::vec((typing(), any::<prop::sample::Index>()), 1..4),
    ) {
        let Ok((text, undo)) = apply(&before, &path, &value, "mcp") else { return Ok(()) };
        prop_assume!(undo.was != Was::Equal);
        let (mut expected, mut theirs) = (before.clone(), text);
        for (n, (typing, pick)) in typings.into_iter().enumerate() {
            let open = anchors(&expected, &path);
            if open.is_empty() {
                continue;
            }
            let (anchor, _) = pick.get(&open);
            let both = [&expected, &theirs].map(|text| typing.at(text, &path, anchor, n, newline(&before)));
            if let [Some(left), Some(right)] = both {
                (expected, theirs) = (left, right);
            }
        }
        let left = off(&theirs, &undo);
        prop_assert_eq!(meaning(&left), meaning(&expected), "from\n{}", theirs);
        match &undo.was {
            // Which side of a piece they typed on cannot be told once it is out.
            Was::Lines { pieces, .. } if pieces.len() > 1 => prop_assert_eq!(sorted(&left), sorted(&expected)),
            _ => prop_assert_eq!(left, expected, "from\n{}", theirs),
        }
    }

    #[test]
    fn what_codex_wrote_stays(before in typed(), path in target(), value in wanted(), pick in 0..CODEX_EDITS.len()) {
        let Ok((text, undo)) = apply(&before, &path, &value, "mcp") else { return Ok(()) };
        prop_assume!(undo.was != Was::Equal);
        let (theirs, expected) = (codex(&text, CODEX_EDITS[pick].1), codex(&before, CODEX_EDITS[pick].1));
        prop_assume!(meaning(&theirs).get(&path) == meaning(&text).get(&path));
        let left = off(&theirs, &undo);
        prop_assert_eq!(meaning(&left).without(&path), meaning(&expected).without(&path));
        let (left, before) = (meaning(&left), meaning(&before));
        prop_assert_eq!(left.get(&path), before.get(&path));
    }

    #[test]
    fn two_edits_come_off_again(before in typed(), first in target(), second in target(), value in wanted()) {
        let Ok((text, undo)) = apply(&before, &first, &value, "mcp") else { return Ok(()) };
        let Ok((text, other)) = apply(&text, &second, &json!({"second": true}), "memory") else { return Ok(()) };
        let undos = [edit::Undo::Toml(undo), edit::Undo::Toml(other)];
        prop_assert_eq!(edit::revert_all(&text, &undos).unwrap().text, before);
    }

    #[test]
    fn any_text_is_edited_or_refused_but_never_broken(text in "[\\[\\]{}=.,\"'#a1 \r\n\u{feff}]{0,16}") {
        if let Ok((changed, undo)) = apply(&text, &path("a.b"), &json!({"c": 1}), "mcp")
            && undo.was != Was::Equal
        {
            prop_assert_eq!(off(&changed, &undo), text);
        }
    }
}
