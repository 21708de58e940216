//! Keys go in and come off without a trace, in real config files and generated ones.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::edit;
use crate::edit::lines::newline;
use crate::json_text;

/// The steps of a path written with slashes.
fn path(steps: &str) -> Vec<String> {
    steps.split('/').map(str::to_owned).collect()
}

fn set(text: &str, steps: &str, value: &Value) -> (String, Undo) {
    apply(text, &path(steps), value, "mcp").unwrap_or_else(|err| panic!("{steps}: {err} in\n{text}"))
}

fn off(text: &str, undo: &Undo) -> String {
    match revert(text, undo).unwrap_or_else(|err| panic!("{err}:\n{text}")) {
        Reverted::Text(text) => text,
        Reverted::NotOurs => panic!("not ours any more:\n{text}"),
    }
}

fn meaning(text: &str) -> Node {
    Document::parse(text).unwrap().root
}

fn extension() -> Value {
    json!({"name": "headroom", "type": "stdio", "enabled": true, "cmd": "/usr/bin/headroom", "args": ["mcp", "serve"],
        "envs": {"HEADROOM_HOME": "/srv/h r"}, "timeout": 300})
}

fn server() -> Value {
    json!({"name": "headroom", "command": "/usr/bin/headroom", "args": ["mcp", "serve"]})
}

// What an edit looks like.

#[test]
fn a_key_goes_in_behind_the_others_in_the_layout_of_the_document() {
    for (before, after) in [
        ("", "# headroom:mcp\na:\n  b:\n    c: 1\n# /headroom:mcp\n"),
        ("x: 1\n", "x: 1\n# headroom:mcp\na:\n  b:\n    c: 1\n# /headroom:mcp\n"),
        ("x: 1", "x: 1\n# headroom:mcp\na:\n  b:\n    c: 1\n# /headroom:mcp\n"),
        ("---\n# c\n", "---\n# c\n# headroom:mcp\na:\n  b:\n    c: 1\n# /headroom:mcp\n"),
        (
            "a:\n    x:\n        y: 1 # y\n\nz: 1",
            "a:\n    x:\n        y: 1 # y\n    # headroom:mcp\n    b:\n        c: 1\n    # /headroom:mcp\n\nz: 1",
        ),
        ("a: # c\n  # d\nz: 1\n", "a: # c\n  # headroom:mcp\n  b:\n    c: 1\n  # /headroom:mcp\n  # d\nz: 1\n"),
        ("a:", "a:\n  # headroom:mcp\n  b:\n    c: 1\n  # /headroom:mcp\n"),
        ("a: {}\n", "a: {b: {c: 1}}\n"),
        ("a: { x: 1 } # c\n", "a: { x: 1, b: {c: 1} } # c\n"),
        ("a: {\n  x: 1, # c\n}\n", "a: {\n  x: 1, b: {c: 1}, # c\n}\n"),
        ("{\"a\": null}", "{\"a\": {b: {c: 1}}}"),
        ("a: ~ # c\r\n", "a: {b: {c: 1}} # c\r\n"),
        (
            "a:\r\n  x: |\r\n    t\r\n\r\nz: 1\r\n",
            "a:\r\n  x: |\r\n    t\r\n  # headroom:mcp\r\n  b:\r\n    c: 1\r\n  # /headroom:mcp\r\n\r\nz: 1\r\n",
        ),
        (
            "a:\n  x: |+\n    t\n\n\nz: 1\n",
            "a:\n  x: |+\n    t\n\n\n  # headroom:mcp\n  b:\n    c: 1\n  # /headroom:mcp\nz: 1\n",
        ),
        ("a:\n  b: &x 1\n".replace(" &x", "").as_str(), "a:\n  b:\n    c: 1\n"),
    ] {
        let (changed, undo) = set(before, "a/b", &json!({"c": 1}));
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn an_element_goes_into_a_list_by_its_name() {
    let ours = "  # headroom:mcp\n  - name: h\n    x: [[1]]\n    z:\n      - z\n  # /headroom:mcp\n";
    for (before, after) in [
        ("s:\n  - name: a\n", format!("s:\n  - name: a\n{ours}")),
        ("s:\n", format!("s:\n{ours}")),
        (
            "t: 1\n",
            format!(
                "t: 1\n# headroom:mcp\ns:\n{}# /headroom:mcp\n",
                ours.replace("  # headroom:mcp\n", "").replace("  # /headroom:mcp\n", "")
            ),
        ),
        ("s: []\n", "s: [{name: h, x: [[1]], z: [z]}]\n".to_owned()),
        ("s: [{name: a}, b]\n", "s: [{name: a}, b, {name: h, x: [[1]], z: [z]}]\n".to_owned()),
        (
            "s:\n- name: a\n  k: 1\n\nt: 1\n",
            "s:\n- name: a\n  k: 1\n# headroom:mcp\n- name: h\n  x: [[1]]\n  z:\n  - z\n# /headroom:mcp\n\nt: 1\n"
                .to_owned(),
        ),
    ] {
        let value = json!({"name": "h", "x": [[1]], "z": ["z"]});
        let after =
            after.replace("    x: [[1]]\n", "    x:\n      - [1]\n").replace("\n  x: [[1]]\n", "\n  x:\n  - [1]\n");
        let (changed, undo) = set(before, "s/[name=h]", &value);
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
        assert_eq!(
            set(&changed, "s/[name=h]", &json!({"x": [[1]], "z": ["z"]})).0,
            changed,
            "the name goes without saying"
        );
    }
}

#[test]
fn another_value_is_put_back_as_it_was_written() {
    for before in [
        "a:\n  b: 'x' # mine\n  c: 1\n",
        "a:\n  b: # mine\n      x: 1\n      # inner\n\n      y: |\n        text\n  # tail\n",
        "a: {b: {x: 1}, c: 2}\n",
        "a: {b: 'x', }",
        "a:\n  b: *c\n",
        "a:\n  b: plain\n    text\nz: 1",
        "a:\n  b:\n  - 1\n  - 2\n",
        "a:\n  b:\n",
        "a:\n  b: >+\n    kept\n\n\nz: 1\n",
    ] {
        let before = &before.replace("*c", "!c d");
        let (changed, undo) = set(before, "a/b", &extension());
        assert_ne!(&changed, before);
        assert_eq!(&off(&changed, &undo), before);
    }
    for before in [
        "s:\n- x\n- name: h # mine\n  y:\n   - 1\n  # inner\n  z: 1\n# tail\n",
        "s: [{name: h}, {name: a}]",
        "s:\n  -   y: 1\n      name: 'h'",
    ] {
        let (changed, undo) = set(before, "s/[name=h]", &json!({"ours": 1}));
        assert!(meaning(&changed).get(&path("s/[name=h]/ours")).is_some(), "{changed}");
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn an_equal_value_is_the_users_and_stays() {
    for before in
        ["a:\n  y: [1, # one\n    ]\n  \"x\": 'A'\n", "{a: {x: \"\\u0041\", y: [0x1]}}", "a: {x: A, y: [1.0]} # mine"]
    {
        let (changed, undo) = set(before, "a", &json!({"x": "A", "y": [1]}));
        assert_eq!(changed, before);
        assert_eq!(revert(&changed, &undo).unwrap(), Reverted::NotOurs);
    }
}

#[test]
fn a_text_is_written_so_that_no_yaml_takes_it_for_something_else() {
    let texts = [
        "yes",
        "No",
        "~",
        "1",
        "1e3",
        "0x1f",
        "12:30",
        "a: b",
        "a #b",
        "- a",
        "",
        " a",
        "@x",
        "/usr/bin",
        "é",
        "\u{7f}\u{85}\u{2028}",
        "a\nb",
        "null",
        "<<",
        "=",
        "2020-01-01",
        "|",
        "[a]",
        "'",
        "\"\\",
    ];
    for text in texts {
        let value = json!({ "k": text, text: [text], "l": [{ text: 1 }] });
        for before in ["", "{}", "a: 1\n"] {
            let (changed, undo) = set(before, "b", &value);
            assert_eq!(meaning(&changed).get(&path("b")).and_then(Node::to_json), Some(value.clone()), "{changed}");
            assert_eq!(off(&changed, &undo), before);
        }
    }
    assert!(set("", "a", &json!({"x": "no"})).0.contains("x: \"no\""));
}

// What is refused.

#[test]
fn a_text_that_does_not_parse_is_refused_with_its_line() {
    for (text, line) in [
        ("a: [1\nb: 2\n", 3),
        ("a: 1\na: 2\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: 1\n  b: 2\n", 2),
        ("a: \"x\n", 1),
        ("a: *gone\n", 1),
        ("a: {b: 1\n", 2),
    ] {
        let err = apply(text, &path("s/t"), &json!(1), "mcp").unwrap_err();
        assert!(matches!(err, Error::Syntax { line: found, .. } if found == line), "{text:?}: {err:?}");
        let (_, undo) = set("", "s/t", &json!(1));
        assert!(matches!(revert(text, &undo), Err(Error::Syntax { .. })));
    }
}

#[test]
fn a_path_through_something_else_is_refused_with_its_line() {
    for (text, steps, expected) in [
        ("x: 1\na: 1\n", "a/b", "`a` is not a mapping at line 2"),
        ("a:\n  - 1\n", "a/b", "`a` is not a mapping at line 2"),
        ("a:\n  b: 1\n", "a/[name=x]", "`a` is not a list at line 2"),
        ("x: &a {}\na: *a\n", "a/b", "`a` is not a mapping at line 2"),
        ("a: !t {}\n", "a/b", "`a` is not a mapping at line 1"),
        ("- a\n", "a/b", "`(root)` is not a mapping at line 1"),
        ("---\na: 1\n---\nb: 1\n", "a", "`(root)` is not a single document at line 3"),
        ("a:\n- name: x\n- name: x\n", "a/[name=x]", "`a.[name=x]` is not a single key at line 3"),
        ("a:\n  b: &b 1\nc: *b\n", "a/b", "`a.b` is not free of anchors at line 2"),
        ("---\n...\n", "b", "`b` is not a key that can be edited where it stands at line 1"),
    ] {
        assert_eq!(apply(text, &path(steps), &json!({"k": 1}), "mcp").unwrap_err().to_string(), expected, "{text}");
    }
    assert!(matches!(apply("", &path("a/[name=x]"), &json!(1), "mcp"), Err(Error::Shape { .. })));
    assert!(matches!(apply("", &path("a/[name=x]"), &json!({"name": "y"}), "mcp"), Err(Error::Shape { .. })));
    assert!(matches!(apply("", &path("[name=x]/a"), &json!(1), "mcp"), Err(Error::Shape { .. })));
}

// What others did meanwhile.

#[test]
fn a_value_of_ours_that_was_changed_is_theirs() {
    let (text, undo) = set("x: 1\n", "extensions/headroom", &extension());
    for (from, to) in [
        ("- serve", "- serve2"),
        ("timeout: 300", "timeout: 301"),
        ("timeout: 300", "timeout: 300 # longer"),
        ("    enabled", "    # why\n    enabled"),
        ("enabled: true", "enabled: \"true\""),
        ("# /headroom:mcp", "    more: 1\n# /headroom:mcp"),
    ] {
        let theirs = text.replace(from, to);
        assert_ne!(theirs, text);
        assert_eq!(revert(&theirs, &undo).unwrap(), Reverted::NotOurs, "{theirs}");
    }
    for gone in ["", "extensions: []\n", "extensions:\n", "extensions: {x: 1}", "- 1\n"] {
        assert_eq!(revert(gone, &undo).unwrap(), Reverted::NotOurs, "{gone}");
    }
}

#[test]
fn an_equal_value_in_another_layout_is_still_ours() {
    let (_, undo) = set("x: 1\na:\n  y: 1\n", "a/h", &json!({"k": [1, {"l": "m"}]}));
    for (theirs, left) in [
        ("x: 1\na: {y: 1, h: {k: [1, {l: m}]}}\n", "x: 1\na: {y: 1}\n"),
        ("x: 1\na: {h: {k: [1, {l: m}]}, y: 1}\n", "x: 1\na: {y: 1}\n"),
        ("x: 1\na: {\n  h: {k: [1, {l: m}]},\n  y: 1\n}\n", "x: 1\na: {\n  y: 1\n}\n"),
        ("a:\n    h: {'k': [1.0, {\"l\": 'm'}]}\n    y: 1\nx: 1", "a:\n    y: 1\nx: 1"),
        ("a:\n- 1\n", ""),
        ("x: 1\na:\n  h:\n    k:\n    - 1\n    - l: m\n", "x: 1\na: {}\n"),
        ("{\"a\": {\"h\": {\"k\": [1, {\"l\": \"m\"}]}}}", "{\"a\": {}}"),
    ] {
        match revert(theirs, &undo).unwrap() {
            Reverted::Text(text) => assert_eq!(text, left),
            Reverted::NotOurs => assert_eq!("", left, "{theirs}"),
        }
    }
}

#[test]
fn a_mapping_of_ours_that_others_use_stays_with_what_is_theirs() {
    let (text, undo) = set("x: 1\n", "a/b/c", &json!({"d": 1}));
    for (from, to, left) in [
        ("    c:\n", "    u: 1\n    c:\n", "x: 1\na:\n  b:\n    u: 1\n"),
        ("# /headroom:mcp\n", "    u: 1\n", "x: 1\na:\n  b:\n    u: 1\n"),
        ("# /headroom:mcp\n", "# /headroom:mcp\nu: 1\n", "x: 1\nu: 1\n"),
        ("# headroom:mcp\n", "# note\n", "x: 1\n# note\n"),
        ("  b:\n", "  # note\n  b:\n", "x: 1\na:\n  # note\n  b:\n    {}\n"),
    ] {
        let theirs = text.replace(from, to);
        let left_now = off(&theirs, &undo);
        if left.contains("{}") {
            assert!(left_now.contains("# note") && meaning(&left_now).get(&path("a/b/c")).is_none(), "{left_now}");
        } else {
            assert_eq!(left_now, left);
        }
    }
}

#[test]
fn comment_lines_go_although_the_key_is_gone() {
    let (text, undo) = set("x: 1\n", "a", &json!({"b": 1}));
    assert_eq!(off(&text.replace("a:\n  b: 1\n", ""), &undo), "x: 1\n");
    assert_eq!(off("x: 1\n# headroom:mcp\n", &undo), "x: 1\n");
    assert_eq!(revert("# headroom:mcp\nx: 1\n# /headroom:mcp\n", &undo).unwrap(), Reverted::NotOurs);
    let before = "x: |\n  # headroom:mcp\n  a:\n    b: 1\n  # /headroom:mcp\n";
    let (text, undo) = set(before, "a", &json!({"b": 1}));
    assert_eq!(off(&text, &undo), before, "a marker in a text is none");
}

#[test]
fn what_was_there_comes_back_although_others_moved_it() {
    let (text, undo) = set("a:\n  h:\n    x: 1\n    y: |\n      t\n", "a/h", &json!({"ours": 1}));
    assert_eq!(text, "a:\n  h:\n    ours: 1\n");
    assert_eq!(
        off("a:\n    z: 1\n    h:\n        ours: 1\n", &undo),
        "a:\n    z: 1\n    h:\n      x: 1\n      y: |\n        t\n"
    );
    assert_eq!(off("{a: {h: {ours: 1}}}", &undo), "{a: {h: {x: 1, \"y\": \"t\\n\"}}}");
    assert_eq!(off("a: {h: {ours: 1}, z: 1}\r\n", &undo), "a: {h: {x: 1, \"y\": \"t\\n\"}, z: 1}\r\n");
}

#[test]
fn two_keys_of_a_document_come_off_in_any_order() {
    for (file, before) in corpus() {
        for label in ["mcp", "memory"] {
            let (text, first) = set(&before, "extensions/headroom", &extension());
            let (text, second) = apply(&text, &path("extensions/memory"), &json!({"type": "x"}), label).unwrap();
            assert_eq!(off(&off(&text, &second), &first), before, "{} {label}\n{text}", file.display());
            let other = off(&off(&text, &first), &second);
            // Whoever takes off the second one does not know that the mapping was not there before.
            let was_there = meaning(&before).get(&path("extensions")).is_some_and(|it| *it != Node::Null);
            assert_eq!(meaning(&other).without(&path("extensions")), meaning(&before).without(&path("extensions")));
            if was_there {
                assert_eq!(other, before, "{} {label}", file.display());
            }
        }
    }
}

#[test]
fn what_undoes_an_edit_survives_the_ledger() {
    for before in ["", "a: {}", "a:\n  b: {x: 1}\n", "a: {b: {two: 2}}"] {
        let (_, undo) = set(before, "a/b", &json!({"two": 2}));
        let stored = serde_json::to_string(&edit::Undo::Yaml(undo.clone())).unwrap();
        assert_eq!(serde_json::from_str::<edit::Undo>(&stored).unwrap(), edit::Undo::Yaml(undo));
    }
}

// Real files, and agents that write all of them again.

fn corpus() -> Vec<(PathBuf, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edits/yaml"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "the corpus is there");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

fn wishes() -> [(&'static str, Value); 6] {
    [
        ("extensions/headroom", extension()),
        ("mcpServers/[name=headroom]", server()),
        ("GOOSE_MODEL", json!("gpt-6")),
        ("models", json!([])),
        ("a/b/c", json!({"d": ["e"]})),
        ("last", json!({"d": {}})),
    ]
}

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    for (file, before) in corpus() {
        for (steps, value) in wishes() {
            let (text, undo) = set(&before, steps, &value);
            assert_eq!(off(&text, &undo), before, "{} {steps}\n{text}", file.display());
            assert_eq!(set(&text, steps, &value).0, text, "{} {steps} twice", file.display());
        }
    }
}

#[test]
fn every_real_file_keeps_each_line_that_was_there() {
    for (file, before) in corpus() {
        for steps in ["extensions/new", "mcpServers/[name=new]"] {
            let (text, _) = set(&before, steps, &json!({"k": "v"}));
            let diff = similar::TextDiff::from_lines(before.as_str(), text.as_str());
            let lost = diff.iter_all_changes().filter(|it| it.tag() == similar::ChangeTag::Delete).count();
            assert!(lost <= 1, "{}: only a line with braces or without a break may change\n{text}", file.display());
            if before.contains("\r\n") {
                assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{}", file.display());
            }
        }
    }
}

/// Writes as Goose does: all of it anew, without comments, lists as deep as their keys.
fn dump(node: &Node, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match node {
        Node::Mapping(members) if !members.is_empty() => {
            let lines = members.iter().map(|(key, node)| {
                let deeper = if matches!(node, Node::List(_)) { indent } else { indent + 2 };
                format!("\n{pad}{}:{}", layout::word(key), dump(node, deeper))
            });
            lines.collect()
        }
        Node::List(elements) if !elements.is_empty() => {
            let lead = format!("\n{}", " ".repeat(indent + 2));
            let inners = elements.iter().map(|element| dump(element, indent + 2));
            let lines = inners.map(|inner| {
                let first = inner.strip_prefix(&lead).unwrap_or(inner.trim_start_matches(' ')).to_owned();
                ["\n", &pad, "- ", &first].concat()
            });
            lines.collect()
        }
        Node::Other(source) => format!(" {source}"),
        plain => format!(" {}", layout::flow(&plain.to_json().unwrap())),
    }
}

/// An agent reads its configuration, sets a key of its own and writes everything.
fn agent_writes(text: &str) -> String {
    let mut root = meaning(text);
    if let Node::Mapping(members) = &mut root {
        members.insert("zz_agent".to_owned(), Node::List(vec![Node::Integer(1)]));
    }
    format!("{}\n", dump(&root, 0).trim_start())
}

#[test]
fn every_real_file_that_an_agent_rewrites_keeps_what_the_agent_wrote() {
    for (file, before) in corpus() {
        let is_plain = meaning(&before).to_json().is_some_and(|root| root.is_object());
        if !is_plain {
            continue;
        }
        for (steps, value) in wishes() {
            let (text, undo) = set(&before, steps, &value);
            let (theirs, expected) = (agent_writes(&text), agent_writes(&before));
            let left = off(&theirs, &undo);
            assert_eq!(meaning(&left), meaning(&expected), "{} {steps}\n{theirs}", file.display());
            if matches!(undo.was, Was::Missing { .. }) && !before.contains("extensions:\n") {
                let plain = |text: &str| text.replace(": ~\n", ":\n").replace(": null\n", ":\n");
                assert_eq!(plain(&left), plain(&expected), "{} {steps}", file.display());
            }
        }
    }
}

// Documents of every kind, and what a user may do to them.

/// A random document, before anybody has typed it.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(&'static str),
    /// A text on lines of its own: its header and its lines.
    Lines(&'static str, &'static [&'static str]),
    List(Vec<Tree>),
    Mapping(Vec<(&'static str, Tree)>),
}

/// The choices of whoever typed it.
#[derive(Debug, Clone)]
struct Hand {
    seed: u64,
    unit: usize,
    list_offset: usize,
    has_remarks: bool,
}

impl Hand {
    fn next(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        if self.has_remarks { choices[usize::try_from(self.next(choices.len() as u64)).unwrap()] } else { choices[0] }
    }

    fn value(&mut self, out: &mut String, tree: &Tree, indent: usize, offset: usize) {
        let end = self.pick(&["\n", "\n", " # c\n", "  # headroom:mcp\n", "\n\n"]);
        match tree {
            Tree::Leaf("") => out.push_str(end),
            Tree::Lines(header, lines) => {
                out.extend([" ", header, "\n"]);
                for line in *lines {
                    let pad = if line.is_empty() { 0 } else { indent + self.unit };
                    out.extend([&" ".repeat(pad), *line, "\n"]);
                }
            }
            Tree::List(parts) if !parts.is_empty() && self.next(4) > 0 => {
                out.push_str(end);
                self.block(out, tree, indent + offset);
            }
            Tree::Mapping(parts) if !parts.is_empty() && self.next(4) > 0 => {
                out.push_str(end);
                self.block(out, tree, indent + self.unit);
            }
            flow => {
                out.push(' ');
                self.flow(out, flow);
                out.push_str(end);
            }
        }
    }

    fn block(&mut self, out: &mut String, tree: &Tree, indent: usize) {
        let pad = " ".repeat(indent);
        match tree {
            Tree::Mapping(members) => {
                for (key, value) in members {
                    out.push_str(&self.pick(&["", "", "", "PAD# remark\n", "# far\n", "\n"]).replace("PAD", &pad));
                    out.extend([&pad, *key, ":"]);
                    let offset = self.list_offset;
                    self.value(out, value, indent, offset);
                }
            }
            Tree::List(elements) => {
                for element in elements {
                    out.push_str(&self.pick(&["", "", "", "PAD# remark\n", "\n"]).replace("PAD", &pad));
                    let mut inner = String::new();
                    match element {
                        Tree::Mapping(members) if !members.is_empty() && self.next(4) > 0 => {
                            let has_remarks = std::mem::take(&mut self.has_remarks);
                            self.block(&mut inner, element, indent + 2);
                            self.has_remarks = has_remarks;
                            inner.replace_range(..indent + 2, " ");
                        }
                        Tree::List(_) => {
                            inner.push(' ');
                            self.flow(&mut inner, element);
                            inner.push('\n');
                        }
                        _ => self.value(&mut inner, element, indent, 2),
                    }
                    out.extend([&pad, "-", &inner]);
                }
            }
            Tree::Leaf(_) | Tree::Lines(..) => {}
        }
    }

    fn flow(&mut self, out: &mut String, tree: &Tree) {
        let gap = self.pick(&["", " "]);
        match tree {
            Tree::Leaf("") => out.push('~'),
            Tree::Leaf(source) => out.push_str(source),
            Tree::Lines(..) => out.push_str("\"lines\""),
            Tree::List(elements) => {
                out.extend(["[", gap]);
                for (n, element) in elements.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    self.flow(out, element);
                }
                out.extend([gap, "]"]);
            }
            Tree::Mapping(members) => {
                out.extend(["{", gap]);
                for (n, (key, value)) in members.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    out.extend([key, ": "]);
                    self.flow(out, value);
                }
                out.extend([gap, "}"]);
            }
        }
    }
}

const KEYS: [&str; 5] = ["extensions", "headroom", "name", "\"a b\"", "é"];

fn tree() -> impl Strategy<Value = Tree> {
    let leaves = vec!["1", "x", "'q: #'", "\"d\\n\"", "", "~", "plain text", "2020-01-01", "!t x", "headroom", "-1.5"];
    let lines: Vec<(&'static str, &'static [&'static str])> = vec![
        ("|", &["headroom:", "  # headroom:mcp", "", "- text"]),
        (">-", &["folded", "text"]),
        ("|+", &["kept", ""]),
    ];
    let leaf = prop_oneof![
        6 => prop::sample::select(leaves).prop_map(Tree::Leaf),
        1 => prop::sample::select(lines).prop_map(|(header, lines)| Tree::Lines(header, lines)),
    ];
    leaf.prop_recursive(
        3,
        24,
        4,
        |inner| prop_oneof![1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List), 3 => mapping(inner)],
    )
}

fn mapping(inner: impl Strategy<Value = Tree>) -> impl Strategy<Value = Tree> {
    prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner), 0..5).prop_map(|members| {
        let mut unique: Vec<(&str, Tree)> = Vec::new();
        for (key, tree) in members {
            if unique.iter().all(|(other, _)| *other != key) {
                unique.push((key, tree));
            }
        }
        Tree::Mapping(unique)
    })
}

fn typed() -> impl Strategy<Value = String> {
    let hand = (any::<u64>(), prop::sample::select(vec![2, 4]), any::<bool>(), any::<bool>()).prop_map(
        |(seed, unit, is_flush, has_remarks)| Hand {
            seed,
            unit,
            list_offset: if is_flush { 0 } else { unit },
            has_remarks,
        },
    );
    let start = prop::sample::select(vec!["", "", "", "---\n", "# head\n\n", "# head\n---\n"]);
    let ends = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (mapping(tree()), hand, start, ends).prop_filter_map(
        "the hand writes YAML",
        |(tree, mut hand, start, (has_mark, is_crlf, is_cut, is_flow))| {
            let mut text = start.to_owned();
            match &tree {
                Tree::Mapping(members) if members.is_empty() => {}
                tree if is_flow && hand.next(4) == 0 => {
                    hand.flow(&mut text, tree);
                    text.push('\n');
                }
                tree => hand.block(&mut text, tree, 0),
            }
            if is_crlf {
                text = text.replace('\n', "\r\n");
            }
            if is_cut {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
            }
            let text = format!("{}{text}", if has_mark { "\u{feff}" } else { "" });
            Document::parse(&text).is_ok().then_some(text)
        },
    )
}

fn target() -> impl Strategy<Value = Vec<String>> {
    let keys = || prop::sample::select(vec!["extensions", "headroom", "name", "a b", "é"]);
    let last = prop_oneof![
        3 => keys().prop_map(str::to_owned),
        1 => prop::sample::select(vec!["[name=headroom]", "[name=x]"]).prop_map(str::to_owned),
    ];
    (prop::collection::vec(keys().prop_map(str::to_owned), 0..3), last).prop_map(|(mut path, last)| {
        path.push(if path.is_empty() { name(&last).to_owned() } else { last });
        path
    })
}

fn wanted() -> impl Strategy<Value = Value> {
    let nested = json!({"k": ["v", {"w": [1.5, ["-"]]}], "env": {"A b": "\"'\n", "deep": {"x": {}}}});
    prop::sample::select(vec![json!({"command": "h", "args": ["mcp", "serve"]}), nested, json!({"e": []})])
}

/// Whether a path may be refused: something on it is of another kind.
fn may_refuse(text: &str, path: &[String]) -> bool {
    let root = meaning(text);
    let is_other_kind = |depth: usize| match root.get(&path[..depth]) {
        None | Some(Node::Null) => false,
        Some(Node::Mapping(_)) => element(&path[depth]).is_some(),
        Some(Node::List(_)) => element(&path[depth]).is_none(),
        Some(_) => true,
    };
    let names = |node: &Node| match node {
        Node::List(elements) => elements
            .iter()
            .filter(|it| it.get(&["name".to_owned()]).is_some_and(|it| it.is_text(name(&path[path.len() - 1]))))
            .count(),
        _ => 0,
    };
    (0..path.len()).any(is_other_kind) || root.get(&path[..path.len() - 1]).is_some_and(|node| names(node) > 1)
}

/// What a user types at a key that is not ours.
#[derive(Debug, Clone, Copy)]
enum Typing {
    RemarkAbove,
    RemarkBehind,
    KeyAbove,
    Removal,
}

/// The entries of mappings that lead a line, by their place in the document, without those on `path`.
fn anchors(text: &str, path: &[String]) -> Vec<(Vec<String>, json_text::Span)> {
    fn visit(
        document: &Document<'_>,
        node: &document::Syntax,
        at: &[String],
        out: &mut Vec<(Vec<String>, json_text::Span)>,
    ) {
        for (n, entry) in document::entries(node).enumerate() {
            let value = document::value(&entry);
            let step = match (document::key(&entry).map(|key| Node::of(&key)), &value) {
                (Some(Node::Text(key)), _) => key,
                (Some(key), _) => format!("{key:?}"),
                (None, Some(value)) => match Node::of(value).get(&["name".to_owned()]) {
                    Some(Node::Text(name)) => format!("[name={name}]"),
                    _ => format!("[{n}]"),
                },
                (None, None) => format!("[{n}]"),
            };
            let here: Vec<String> = at.iter().cloned().chain([step]).collect();
            if document::key(&entry).is_some() && document.leads_line(&entry) && !is_flow(node) {
                out.push((here.clone(), extent(&entry)));
            }
            if let Some(value) = value {
                visit(document, &value, &here, out);
            }
        }
    }
    let document = Document::parse(text).unwrap();
    let mut out = Vec::new();
    if let Some(content) = document.content() {
        visit(&document, content, &[], &mut out);
    }
    out.retain(|(at, _)| !at.starts_with(path) && !path.starts_with(at));
    out
}

impl Typing {
    /// The text after the `n`th typing; `None` when it cannot be typed there.
    fn at(self, text: &str, path: &[String], anchor: &[String], n: usize, newline: &str) -> Option<String> {
        let mut found = anchors(text, path).into_iter().filter(|(at, _)| at == anchor);
        let (Some((_, span)), None) = (found.next(), found.next()) else { return None };
        let start = edit::lines::line_start(text, span.start);
        let pad = &text[start..span.start];
        let (at, typed) = match self {
            Self::RemarkAbove => (start..start, format!("{pad}# typed {n}{newline}")),
            Self::RemarkBehind if !text[span.clone()].ends_with('\n') && text[span.end..].contains('\n') => {
                (span.end..span.end, format!(" # typed {n}"))
            }
            Self::KeyAbove => (start..start, format!("{pad}u{n}: 1{newline}")),
            Self::Removal if !text[span.clone()].contains('\n') => {
                let end = edit::lines::line_end(text, span.end);
                (start..end, String::new())
            }
            _ => return None,
        };
        let typed = json_text::splice(text, &[(at, &typed)]);
        let root = Document::parse(&typed).ok()?.root;
        // A mapping that loses its last key by hand is none any more; with ours still in it, it stays one.
        let parent = root.get(&anchor[..anchor.len() - 1]);
        (parent.is_none() || parent != Some(&Node::Null)).then_some(typed)
    }
}

fn typing() -> impl Strategy<Value = Typing> {
    use Typing::{KeyAbove, RemarkAbove, RemarkBehind, Removal};
    prop::sample::select(vec![RemarkAbove, RemarkBehind, KeyAbove, Removal])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reverting_an_edit_gives_the_text_back(before in typed(), path in target(), value in wanted()) {
        match apply(&before, &path, &value, "mcp") {
            Ok((text, undo)) => {
                prop_assert_eq!(&apply(&text, &path, &value, "mcp").unwrap().0, &text, "applied twice");
                if undo.was == Was::Equal {
                    prop_assert_eq!(&text, &before);
                    prop_assert_eq!(revert(&text, &undo).unwrap(), Reverted::NotOurs);
                } else {
                    let wanted = Node::of_json(&named(&value, &path[path.len() - 1]).unwrap());
                    let root = meaning(&text);
                    prop_assert_eq!(root.get(&path), Some(&wanted));
                    prop_assert_eq!(root.without(&path), meaning(&before).without(&path));
                    prop_assert_eq!(off(&text, &undo), before, "from\n{}", text);
                }
            }
            Err(err) => prop_assert!(may_refuse(&before, &path), "{}", err),
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
        match revert(&theirs, &undo) {
            Ok(reverted) => prop_assert_eq!(reverted, Reverted::Text(expected), "from\n{}", theirs),
            // Without our lines, a text that keeps the blank lines at its end would get more of them.
            Err(err) => prop_assert!(before.contains("|+"), "{}", err),
        }
    }

    #[test]
    fn what_an_agent_rewrote_stays(before in typed(), path in target(), value in wanted()) {
        let Ok((text, undo)) = apply(&before, &path, &value, "mcp") else { return Ok(()) };
        if undo.was == Was::Equal || meaning(&before) == Node::Null {
            return Ok(());
        }
        let (theirs, expected) = (agent_writes(&text), agent_writes(&before));
        prop_assert_eq!(meaning(&off(&theirs, &undo)), meaning(&expected), "from\n{}", theirs);
    }

    #[test]
    fn two_edits_come_off_again(before in typed(), first in target(), second in target(), value in wanted()) {
        let Ok((text, undo)) = apply(&before, &first, &value, "mcp") else { return Ok(()) };
        let Ok((text, other)) = apply(&text, &second, &json!({"second": true}), "memory") else { return Ok(()) };
        let undos = [edit::Undo::Yaml(undo), edit::Undo::Yaml(other)];
        prop_assert_eq!(edit::revert_all(&text, &undos).unwrap().text, before);
    }

    #[test]
    fn any_text_is_edited_or_refused_but_never_broken(text in "[\\[\\]{}:,\"'#&*|>a1 \\-?\r\n\u{feff}]{0,16}") {
        if let Ok((changed, undo)) = apply(&text, &path("a/b"), &json!({"c": 1}), "mcp")
            && undo.was != Was::Equal
        {
            prop_assert_eq!(off(&changed, &undo), text);
        }
    }
}
