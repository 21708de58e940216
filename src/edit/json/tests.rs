//! Keys go in and come off without a trace, in real config files and generated ones.

use std::fs;
use std::path::{Path, PathBuf};

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use proptest::prelude::*;
use serde_json::json;

use super::document::{jsonc, mask_surrogates};
use super::*;
use crate::edit;
use crate::edit::Edit;

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

fn set(text: &str, dotted: &str, value: &Value) -> (String, Undo) {
    apply(text, &path(dotted), value).unwrap()
}

fn off(text: &str, undo: &Undo) -> String {
    match revert(text, undo).unwrap() {
        Reverted::Text(text) => text,
        Reverted::NotOurs => panic!("not ours any more:\n{text}"),
    }
}

fn server() -> Value {
    json!({"type": "stdio", "command": "/usr/bin/headroom", "args": ["mcp", "serve"], "env": {}})
}

// What an edit looks like.

#[test]
fn a_key_goes_in_behind_the_others_in_the_layout_of_the_document() {
    for (before, after) in [
        ("{}", "{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}"),
        ("{\n\t\"x\": 1\n}\n", "{\n\t\"x\": 1,\n\t\"a\": {\n\t\t\"b\": [\n\t\t\t1\n\t\t]\n\t}\n}\n"),
        ("{\"x\":1}", "{\"x\":1,\"a\":{\"b\":[1]}}"),
        ("{\"x\": 1}", "{\"x\": 1, \"a\": {\"b\": [1]}}"),
        ("{ \"x\": 1, \"a\": { \"c\": 2 } }", "{ \"x\": 1, \"a\": { \"c\": 2, \"b\": [1] } }"),
        (
            "{\r\n    \"a\": {}\r\n}",
            "{\r\n    \"a\": {\r\n        \"b\": [\r\n            1\r\n        ]\r\n    }\r\n}",
        ),
        ("{\n  \"x\": 1, // one\n}", "{\n  \"x\": 1, // one\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  },\n}"),
        ("{\n  \"a\": { \"c\": 2 } // c\n}", "{\n  \"a\": { \"c\": 2, \"b\": [1] } // c\n}"),
        ("{ \"x\": 1 // one\n}", "{ \"x\": 1, // one\n  \"a\": {\"b\": [1]}\n}"),
    ] {
        let (changed, undo) = set(before, "a.b", &json!([1]));
        assert_eq!(changed, after);
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn a_missing_document_is_created_and_taken_away_again() {
    for blank in ["", "\n", " \r\n", "\u{feff}"] {
        let (changed, undo) = set(blank, "a.b", &json!("c"));
        let newline = if blank.contains('\r') { "\r\n" } else { "\n" };
        let written = "{\n  \"a\": {\n    \"b\": \"c\"\n  }\n}\n".replace('\n', newline);
        assert_eq!(changed.trim_start_matches('\u{feff}'), written);
        assert_eq!(off(&changed, &undo), blank);
    }
}

#[test]
fn another_value_is_put_back_as_it_was_written() {
    let before = "{\n  \"env\": {\"URL\": \"https:\\/\\/caf\\u00e9\" /* mine */, \"N\": 1.50}\n}";
    for key in ["env.URL", "env.N", "env"] {
        let (changed, undo) = set(before, key, &json!("http://127.0.0.1:8787"));
        assert_ne!(changed, before);
        assert_eq!(off(&changed, &undo), before);
    }
}

#[test]
fn an_equal_value_is_the_users_and_stays() {
    let before = "{ // all of it is mine\n  \"n\": 1.0, \"a\": {\"y\": [1 /* one */], \"x\": \"\\u0041\"} }";
    for (key, value) in [("a", json!({"x": "A", "y": [1]})), ("n", json!(1))] {
        let (changed, undo) = set(before, key, &value);
        assert_eq!(changed, before);
        assert_eq!(revert(&changed, &undo).unwrap(), Reverted::NotOurs);
    }
}

#[test]
fn an_escaped_key_is_the_same_key() {
    let (changed, _) = set(r#"{"mcp\u0053ervers": {"x": 1}}"#, "mcpServers.x", &json!(2));
    assert_eq!(changed, r#"{"mcp\u0053ervers": {"x": 2}}"#);
}

#[test]
fn a_lone_surrogate_elsewhere_does_no_harm() {
    let before = r#"{"history": ["cut \ud83d", "\uDE00 cut", "\\ud83d"], "\ud83d": 1}"#;
    let (changed, undo) = set(before, "a", &json!(1));
    assert_eq!(changed, before.replace("\": 1}", "\": 1, \"a\": 1}"));
    assert_eq!(off(&changed, &undo), before);
}

// What is refused.

#[test]
fn a_text_that_does_not_parse_is_refused_with_its_line() {
    for (text, line) in [
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 2),
        ("{\n  \"a\": \n}", 3),
        ("{\n  'a': 1\n}", 2),
        ("{\n  \"a\": 1\n", 1),
        ("{}\n{}", 2),
        ("\u{feff}{\r\n\r\n  x: 1 }", 3),
        ("// nothing\n", 1),
    ] {
        let err = apply(text, &path("a"), &json!(1)).unwrap_err();
        assert!(matches!(err, Error::Syntax { line: found, .. } if found == line), "{text:?}: {err}");
    }
}

#[test]
fn a_path_through_something_else_is_refused_with_its_line() {
    for (text, expected) in [
        ("{\n\n  \"a\": []\n}", "`a` is not an object at line 3"),
        ("{\"a\": \"text\"}", "`a` is not an object at line 1"),
        ("{\"a\": {\n\"b\": null}}", "`a.b` is not an object at line 2"),
        ("\n[]", "`(root)` is not an object at line 2"),
        ("{\n\"a\": {},\n\"a\": {}\n}", "`a` is not a single key at line 3"),
        ("{\n\"a\": {\"b\": {\"c\": 1,\n \"\\u0063\": 2}}}", "`a.b.c` is not a single key at line 3"),
    ] {
        assert_eq!(apply(text, &path("a.b.c"), &json!(1)).unwrap_err().to_string(), expected);
    }
}

#[test]
fn duplicate_keys_off_the_path_are_left_alone() {
    let before = "{\"x\": 1, \"x\": 2, \"a\": {\"x\": 1, \"x\": 2}}";
    let (changed, undo) = set(before, "a.b", &json!(1));
    assert_eq!(off(&changed, &undo), before);
}

// What others did meanwhile.

#[test]
fn a_value_of_ours_that_was_changed_is_theirs() {
    let (text, undo) = set("{\n  \"x\": 1\n}\n", "mcpServers.headroom", &server());
    for (from, to) in [
        ("serve", "serve2"),
        ("\"mcp\",", "\"mcp\", // why\n"),
        ("\"env\": {}", "\"env\": {\"A\": \"1\"}"),
        ("\"env\": {}", "\"env\": {}, \"more\": 1"),
    ] {
        let theirs = text.replace(from, to);
        assert_ne!(theirs, text);
        assert_eq!(revert(&theirs, &undo).unwrap(), Reverted::NotOurs, "{theirs}");
    }
    for gone in ["{}", "", "{\"mcpServers\": []}", "{\"mcpServers\": {\"x\": {}}}", "{\"mcpServers\": null}"] {
        assert_eq!(revert(gone, &undo).unwrap(), Reverted::NotOurs, "{gone}");
    }
    assert!(matches!(revert("{", &undo), Err(Error::Syntax { line: 1, .. })));
}

#[test]
fn an_object_of_ours_that_others_use_stays_with_what_is_theirs() {
    let (text, undo) = set("{\n  \"x\": 1\n}\n", "mcpServers.headroom", &json!(1));
    for (from, to, left) in [
        ("\"headroom\": 1", "\"headroom\": 1,\n    \"u\": 2", "{\n    \"u\": 2\n  }"),
        ("\"headroom\": 1", "\"u\": 2,\n    \"headroom\": 1", "{\n    \"u\": 2\n  }"),
        ("\"headroom\": 1", "\"headroom\": 1, \"u\": 2", "{\n    \"u\": 2\n  }"),
        ("\"headroom\": 1", "// note\n    \"headroom\": 1", "{\n    // note\n  }"),
        ("\"headroom\": 1", "\"headroom\": 1 // note", "{\n    // note\n  }"),
    ] {
        let theirs = text.replace(from, to);
        assert_eq!(off(&theirs, &undo), format!("{{\n  \"x\": 1,\n  \"mcpServers\": {left}\n}}\n"));
    }
}

#[test]
fn an_object_of_ours_goes_although_its_key_is_gone() {
    for before in ["{\n  \"x\": 1\n}\n", ""] {
        let (text, undo) = set(before, "a.b.c", &json!(1));
        assert_eq!(off(&text.replace("\"c\": 1", ""), &undo), before);
    }
    let (text, undo) = set("{\"a\": {}}", "a.b", &json!(1));
    assert_eq!(revert(&text.replace("\"b\": 1", ""), &undo).unwrap(), Reverted::NotOurs, "that object was theirs");
}

#[test]
fn a_comment_around_a_document_of_ours_stays() {
    let (text, undo) = set("", "a.b", &json!(1));
    assert_eq!(off(&format!("// mine\n{text}"), &undo), "// mine\n{}\n");
    assert_eq!(off(&format!("{text}/* mine */"), &undo), "{}\n/* mine */");
}

#[test]
fn a_line_comment_of_theirs_swallows_nothing() {
    let (text, undo) = set("{\n  \"x\": 1\n}", "a", &json!(1));
    for (from, to, left) in [
        (",\n  \"a\": 1\n}", ", // note\n  \"a\": 1 }", "{\n  \"x\": 1 // note\n   }"),
        (",\n  \"a\": 1\n}", ", // note\n  \"a\": 1, \"u\": 2 }", "{\n  \"x\": 1, // note\n  \"u\": 2 }"),
        (",\n  \"a\": 1\n}", ", // note\n  \"a\": 1 /* c */ }", "{\n  \"x\": 1 // note\n  /* c */ }"),
        (",\n  \"a\": 1\n}", ", // note\n  \"a\": 1, // more\n}", "{\n  \"x\": 1, // note\n  // more\n}"),
        (",\n  \"a\": 1\n}", ",\n  \"a\": 1 // note\n  , \"u\": 2\n}", "{\n  \"x\": 1,\n  // note\n   \"u\": 2\n}"),
    ] {
        assert_eq!(off(&text.replace(from, to), &undo), left);
    }
}

#[test]
fn what_is_put_back_into_a_rewritten_document_fits_in() {
    for before in
        ["{\"a\":{\"b\":{\"x\":[1,{\"y\":2}],\"z\":{}},\"c\":{ }}}", "{ \"a\": { \"b\": [ 1, 2 ], \"c\": {\n} } }"]
    {
        for key in ["a.b", "a", "a.c.new"] {
            let (text, undo) = set(before, key, &server());
            for indentation in ["  ", "\t"] {
                let left = off(&stringify(&text, indentation), &undo);
                assert_eq!(left, stringify(before, indentation), "{key}");
            }
        }
    }
}

#[test]
fn edits_of_one_text_come_off_together() {
    for before in ["", "{}\n", "{ }", "{\n  \"x\": 1\n}", "{\"a\":{}}", "{ \"a\": { \"b\": 9 }, // c\n}"] {
        let edits = ["a.b", "a.c", "d", "a.b"].map(|key| Edit::Json { path: path(key), value: json!({"k": [key]}) });
        let mut text = before.to_owned();
        let mut undos = Vec::new();
        for edit in &edits {
            let applied = edit::apply(&text, edit).unwrap();
            text = applied.text;
            undos.push(applied.undo);
        }
        let all = edit::revert_all(&text, &undos).unwrap();
        assert_eq!((all.text.as_str(), all.not_ours.as_slice()), (before, [3].as_slice()));
    }
}

#[test]
fn two_keys_of_an_object_come_off_in_any_order() {
    for before in ["{\n  \"a\": {\n    \"x\": 1\n  }\n}", "{\"a\":{\"x\":1},}", "{ \"a\": { /* c */ } }"] {
        let (text, first) = set(before, "a.b", &json!(1));
        let (text, second) = set(&text, "a.c", &json!(2));
        assert_eq!(off(&off(&text, &first), &second), before);
        assert_eq!(off(&off(&text, &second), &first), before);
    }
}

#[test]
fn what_undoes_an_edit_survives_the_ledger() {
    for before in ["", "{\"a\": { }}", "{\"a\": {\"b\": 1.0}}", "{\"a\": {\"b\": 2}}"] {
        let (_, undo) = set(before, "a.b", &json!(2));
        let stored = serde_json::to_string(&edit::Undo::Json(undo.clone())).unwrap();
        assert_eq!(serde_json::from_str::<edit::Undo>(&stored).unwrap(), edit::Undo::Json(undo));
    }
}

// Real files.

fn corpus() -> Vec<(PathBuf, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edits/json"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12, "the corpus is there");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    for (file, before) in corpus() {
        for key in ["mcpServers.headroom", "env.ANTHROPIC_BASE_URL", "env.ENABLE_TOOL_SEARCH", "a.b.c", "theme", "env"]
        {
            let (text, undo) = set(&before, key, &server());
            assert_eq!(off(&text, &undo), before, "{} {key}", file.display());
            assert_eq!(set(&text, key, &server()).0, text, "{} {key} twice", file.display());
        }
    }
}

#[test]
fn every_real_file_keeps_each_line_that_was_there() {
    for (file, before) in corpus() {
        let (text, _) = set(&before, "mcpServers.headroom", &server());
        let diff = similar::TextDiff::from_lines(before.as_str(), text.as_str());
        let lost = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Delete).count();
        assert!(lost <= 1, "{}: only the line before ours may get a comma\n{text}", file.display());
        if before.contains("\r\n") {
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{}", file.display());
        }
    }
}

#[test]
fn every_real_file_that_an_agent_rewrites_keeps_what_the_agent_wrote() {
    for (file, before) in corpus() {
        if is_blank(&before) {
            continue;
        }
        let (text, undo) = set(&before, "mcpServers.headroom", &server());
        let mut servers = path("mcpServers");
        servers.retain(|_| before.contains("\"mcpServers\": {") || before.contains("\"mcpServers\":{"));
        for indentation in ["", "  ", "    ", "\t"] {
            let theirs = agent_writes(&text, &servers, indentation);
            let expected = agent_writes(&before, &servers, indentation);
            assert_eq!(off(&theirs, &undo), expected, "{} {indentation:?}", file.display());
        }
    }
}

// Documents of every kind, and what a user or an agent may do to them.

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Leaf(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn read(text: &str) -> Self {
        let (body, masked) = (body(text), mask_surrogates(body(text)));
        let parsed = jsonc_parser::parse_to_ast(&masked, &jsonc_parser::CollectOptions::default(), &jsonc()).unwrap();
        Self::of(&parsed.value.unwrap(), body)
    }

    fn of(value: &ast::Value<'_>, text: &str) -> Self {
        match value {
            ast::Value::Object(object) => Self::Object(
                object
                    .properties
                    .iter()
                    .map(|member| (member.name.as_str().to_owned(), Self::of(&member.value, text)))
                    .collect(),
            ),
            ast::Value::Array(array) => {
                Self::Array(array.elements.iter().map(|element| Self::of(element, text)).collect())
            }
            leaf => Self::Leaf(leaf.text(text).to_owned()),
        }
    }

    fn object(&mut self, path: &[String]) -> Option<&mut Vec<(String, Node)>> {
        let Self::Object(members) = self else { return None };
        match path.split_first() {
            None => Some(members),
            Some((first, rest)) => members.iter_mut().find(|(key, _)| key == first)?.1.object(rest),
        }
    }

    /// Writes as `JSON.stringify` does.
    fn stringify(&self, indentation: &str, depth: usize) -> String {
        let line = |depth: usize| match indentation {
            "" => String::new(),
            _ => format!("\n{}", indentation.repeat(depth)),
        };
        let (open, parts, close) = match self {
            Self::Leaf(lexeme) => return lexeme.clone(),
            Self::Array(elements) => {
                ("[", elements.iter().map(|node| node.stringify(indentation, depth + 1)).collect::<Vec<_>>(), "]")
            }
            Self::Object(members) => {
                let gap = if indentation.is_empty() { "" } else { " " };
                let write = |(key, node): &(String, Self)| {
                    format!("{}:{gap}{}", json_text::encode(key), node.stringify(indentation, depth + 1))
                };
                ("{", members.iter().map(write).collect(), "}")
            }
        };
        if parts.is_empty() {
            return format!("{open}{close}");
        }
        let inner = parts.iter().map(|part| format!("{}{part}", line(depth + 1))).collect::<Vec<_>>().join(",");
        format!("{open}{inner}{}{close}", line(depth))
    }
}

fn stringify(text: &str, indentation: &str) -> String {
    Node::read(text).stringify(indentation, 0)
}

/// An agent reads its configuration, sets a key of its own, adds a server beside ours and writes everything.
fn agent_writes(text: &str, servers: &[String], indentation: &str) -> String {
    let mut node = Node::read(text);
    if let Some(members) = node.object(servers) {
        members.push(("agentServer".to_owned(), Node::Object(vec![])));
    }
    if let Some(members) = node.object(&[]) {
        members.push(("numStartups".to_owned(), Node::Leaf("7".to_owned())));
    }
    node.stringify(indentation, 0)
}

/// A random document: what it holds, and the choices of whoever typed it.
#[derive(Debug, Clone)]
struct Typed {
    node: Node,
    hand: Hand,
    mark: bool,
    tail: &'static str,
}

#[derive(Debug, Clone)]
enum Hand {
    /// As a formatter writes it: line break, indentation, trailing comma.
    Lines(&'static str, &'static str, bool),
    /// On one line.
    Line(&'static str),
    /// White space and perhaps comments anywhere, and perhaps trailing commas.
    Any { seed: u64, comments: bool },
}

impl Typed {
    fn text(&self) -> String {
        let mut text = String::from(if self.mark { "\u{feff}" } else { "" });
        let mut hand = self.hand.clone();
        write(&mut text, &self.node, &mut hand, 0);
        text.push_str(self.tail);
        text
    }

    /// The same without what `JSON.parse` refuses.
    fn without_remarks(mut self) -> Self {
        match &mut self.hand {
            Hand::Lines(_, _, trails) => *trails = false,
            Hand::Line(_) => {}
            Hand::Any { comments, .. } => *comments = false,
        }
        self
    }
}

fn write(out: &mut String, node: &Node, hand: &mut Hand, depth: usize) {
    let (open, members, close): (_, Vec<(Option<&str>, &Node)>, _) = match node {
        Node::Leaf(lexeme) => return out.push_str(lexeme),
        Node::Array(elements) => ('[', elements.iter().map(|node| (None, node)).collect(), ']'),
        Node::Object(members) => ('{', members.iter().map(|(key, node)| (Some(key.as_str()), node)).collect(), '}'),
    };
    out.push(open);
    let count = members.len();
    for (n, (key, node)) in members.into_iter().enumerate() {
        let lead = if n == 0 { Place::First } else { Place::Next };
        out.push_str(&hand.space(lead, depth + 1));
        if let Some(key) = key {
            out.push_str(&json_text::encode(key));
            out.push_str(&hand.space(Place::Free, depth));
            out.push(':');
            out.push_str(&hand.space(Place::Value, depth));
        }
        write(out, node, hand, depth + 1);
        out.push_str(&hand.space(Place::Free, depth));
        if n + 1 < count || hand.trails() {
            out.push(',');
        }
    }
    let place = if count == 0 { Place::Empty } else { Place::Last };
    out.push_str(&hand.space(place, depth));
    out.push(close);
}

#[derive(Clone, Copy)]
enum Place {
    First,
    Next,
    Value,
    Last,
    Empty,
    Free,
}

impl Hand {
    fn space(&mut self, place: Place, depth: usize) -> String {
        match (&mut *self, place) {
            (Self::Lines(newline, unit, _), Place::First | Place::Next | Place::Last) => {
                format!("{newline}{}", unit.repeat(depth))
            }
            (Self::Lines(..), Place::Value) => " ".to_owned(),
            (Self::Line(gap), Place::First | Place::Next | Place::Value | Place::Last) => (*gap).to_owned(),
            (Self::Lines(..) | Self::Line(_), Place::Empty | Place::Free) => String::new(),
            (Self::Any { comments, .. }, _) => {
                let comments = *comments;
                let spaces = ["", "", "", " ", "\n", "\r\n\t", "\n    ", "  "];
                let remarks =
                    ["/* \"a\": {, */", " // }, \"b\"\n", "\n  // \"headroom\": 1\r\n  ", " /**/ // x\n /* */ "];
                let pick = self.next();
                match pick % 3 {
                    0 if comments => remarks[pick / 3 % remarks.len()].to_owned(),
                    _ => spaces[pick / 3 % spaces.len()].to_owned(),
                }
            }
        }
    }

    fn trails(&mut self) -> bool {
        match self {
            Self::Lines(_, _, trails) => *trails,
            Self::Line(_) => false,
            Self::Any { comments, .. } => *comments && self.next().is_multiple_of(2),
        }
    }

    fn next(&mut self) -> usize {
        let Self::Any { seed, .. } = self else { return 0 };
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap()
    }
}

const KEYS: [&str; 6] = ["mcpServers", "headroom", "env", "a", "é \"日\"", ""];

fn node() -> impl Strategy<Value = Node> {
    let lexemes = vec!["1", "-2.5e+30", "true", "null", "\"\"", "\"x\"", "\"{\\\"a\\\": 1} // é\"", "[]", "{}"];
    let leaf = prop::sample::select(lexemes).prop_map(|lexeme| match lexeme {
        "[]" => Node::Array(vec![]),
        "{}" => Node::Object(vec![]),
        _ => Node::Leaf(lexeme.to_owned()),
    });
    leaf.prop_recursive(
        3,
        20,
        4,
        |inner| prop_oneof![1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Node::Array), 4 => object(inner)],
    )
}

fn object(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner), 0..5).prop_map(|members| {
        let mut unique: Vec<(String, Node)> = Vec::new();
        for (key, node) in members {
            if unique.iter().all(|(other, _)| other != key) {
                unique.push((key.to_owned(), node));
            }
        }
        Node::Object(unique)
    })
}

fn typed() -> impl Strategy<Value = Typed> {
    let hand = prop_oneof![
        3 => (
            prop::sample::select(vec!["\n", "\r\n"]),
            prop::sample::select(vec!["  ", "    ", "\t"]),
            any::<bool>(),
        )
            .prop_map(|(newline, unit, trails)| Hand::Lines(newline, unit, trails)),
        1 => prop::sample::select(vec!["", " "]).prop_map(Hand::Line),
        3 => (any::<u64>(), any::<bool>()).prop_map(|(seed, comments)| Hand::Any { seed, comments }),
    ];
    (object(node()), hand, any::<bool>(), prop::sample::select(vec!["", "\n", "\r\n\r\n"]))
        .prop_map(|(node, hand, mark, tail)| Typed { node, hand, mark, tail })
}

fn target() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1..4)
}

fn wanted() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!("u"), json!(1), json!(null), json!({}), json!({"k": ["v", {"w": 1.5}]}), server()])
}

/// Where the members of `text` stand: path, key and value.
fn anchors(text: &str) -> Vec<(Vec<String>, json_text::Span, json_text::Span)> {
    fn visit(
        value: &ast::Value<'_>,
        path: &[String],
        skipped: usize,
        out: &mut Vec<(Vec<String>, json_text::Span, json_text::Span)>,
    ) {
        let Some(object) = value.as_object() else { return };
        for member in &object.properties {
            let mut path = path.to_vec();
            path.push(member.name.as_str().to_owned());
            let (key, value) = (member.name.range(), member.value.range());
            visit(&member.value, &path, skipped, out);
            out.push((path, key.start + skipped..key.end + skipped, value.start + skipped..value.end + skipped));
        }
    }
    let parsed = jsonc_parser::parse_to_ast(body(text), &jsonc_parser::CollectOptions::default(), &jsonc()).unwrap();
    let mut out = Vec::new();
    visit(&parsed.value.unwrap(), &[], text.len() - body(text).len(), &mut out);
    out
}

/// What a user types at a member that is not ours.
#[derive(Debug, Clone, Copy)]
enum Typing {
    MemberBefore(&'static str),
    MemberAfter(&'static str),
    RemarkBefore(&'static str),
    RemarkAfter(&'static str),
    Change,
}

impl Typing {
    /// The text after the `n`th typing; no key is typed twice.
    fn at(self, text: &str, anchor: &[String], n: usize) -> String {
        let (_, key, value) = anchors(text).into_iter().find(|(path, ..)| path == anchor).unwrap();
        let (span, typed) = match self {
            Self::MemberBefore(typed) | Self::RemarkBefore(typed) => (key.start..key.start, typed),
            Self::MemberAfter(typed) | Self::RemarkAfter(typed) => (value.end..value.end, typed),
            Self::Change => (value, "\"changed\""),
        };
        json_text::splice(text, &[(span, &typed.replace("\"u", &format!("\"u{n}")))])
    }
}

fn typing() -> impl Strategy<Value = Typing> {
    prop::sample::select(vec![
        Typing::MemberBefore("\"u1\": {\"x\": []},\n  "),
        Typing::MemberBefore("\"u2\":2, "),
        Typing::MemberAfter(",\n  \"u3\": 3"),
        Typing::MemberAfter(",\"u4\":4"),
        Typing::RemarkBefore("// \"headroom\"\n  "),
        Typing::RemarkBefore("/* u */ "),
        Typing::RemarkAfter(" // u, }\r\n"),
        Typing::RemarkAfter("/* u */"),
        Typing::Change,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn reverting_an_edit_gives_the_text_back(typed in typed(), path in target(), value in wanted()) {
        let before = typed.text();
        match apply(&before, &path, &value) {
            Ok((text, undo)) => {
                prop_assert_eq!(apply(&text, &path, &value).unwrap().0, text.clone(), "applied twice");
                if undo.was == Was::Equal {
                    prop_assert_eq!(&text, &before);
                    prop_assert_eq!(revert(&text, &undo).unwrap(), Reverted::NotOurs);
                } else {
                    prop_assert_eq!(off(&text, &undo), before);
                }
            }
            Err(err) => {
                prop_assert!(matches!(err, Error::Shape { expected: OBJECT, .. }), "{}", err);
                let blocks = |n: usize| typed.node.clone().object(&path[..n]).is_none();
                prop_assert!((1..path.len()).any(blocks));
            }
        }
    }

    #[test]
    fn an_edit_changes_its_key_and_nothing_else(typed in typed(), path in target(), value in wanted()) {
        let before = typed.text();
        let Ok((text, _)) = apply(&before, &path, &value) else { return Ok(()) };
        let mut expected = value_of(body(&before)).unwrap();
        let mut at = &mut expected;
        for key in &path {
            at = at.as_object_mut().unwrap().entry(key).or_insert_with(|| json!({}));
        }
        *at = value;
        prop_assert!(same(value_of(body(&text)).as_ref(), &expected), "{}", text);
    }

    #[test]
    fn what_a_user_typed_elsewhere_stays(
        typed in typed(), path in target(), value in wanted(),
        typings in prop::collection::vec((typing(), any::<prop::sample::Index>()), 1..4),
    ) {
        let before = typed.text();
        let Ok((text, undo)) = apply(&before, &path, &value) else { return Ok(()) };
        prop_assume!(undo.was != Was::Equal);
        let (mut expected, mut theirs) = (before.clone(), text);
        for (n, (typing, pick)) in typings.into_iter().enumerate() {
            let open: Vec<Vec<String>> = anchors(&before)
                .into_iter()
                .map(|(anchor, ..)| anchor)
                .filter(|anchor| anchor == &path || !anchor.starts_with(&path))
                .filter(|anchor| !matches!(typing, Typing::Change) || !path.starts_with(anchor))
                .filter(|anchor| anchors(&expected).iter().any(|(still, ..)| still == anchor))
                .collect();
            if open.is_empty() {
                continue;
            }
            let anchor = pick.get(&open);
            expected = typing.at(&expected, anchor, n);
            theirs = typing.at(&theirs, anchor, n);
        }
        // Whoever happens to type exactly what `JSON.stringify` writes is taken for it.
        prop_assume!(rewritten(&Document::parse(&theirs).unwrap(), &undo).is_none());
        prop_assert_eq!(off(&theirs, &undo), expected);
    }

    #[test]
    fn what_an_agent_rewrote_stays_as_the_agent_wrote_it(
        typed in typed().prop_map(Typed::without_remarks), path in target(), value in wanted(),
        indentation in prop::sample::select(vec!["", "  ", "    ", "\t"]), adds in any::<bool>(),
    ) {
        let before = typed.text();
        let Ok((text, undo)) = apply(&before, &path, &value) else { return Ok(()) };
        prop_assume!(undo.was != Was::Equal);
        let rewrite = |text: &str| {
            let parent = &path[..path.len() - 1];
            // Where the agent writes into an object that we made, what it would have done without us is not defined.
            let exists = typed.node.clone().object(parent).is_some();
            if adds {
                agent_writes(text, if exists { parent } else { &[] }, indentation)
            } else {
                stringify(text, indentation)
            }
        };
        let (theirs, expected) = (rewrite(&text), rewrite(&before));
        let left = off(&theirs, &undo);
        prop_assert_eq!(Node::read(&left), Node::read(&expected));
        // A document that looked rewritten when we left it gets back what it had, in the user's own hand.
        let looked_rewritten = body(&text).trim() == stringify(&text, indentation);
        if !looked_rewritten {
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn two_edits_come_off_again(typed in typed(), first in target(), second in target(), value in wanted()) {
        let before = typed.text();
        let Ok((text, undo)) = apply(&before, &first, &value) else { return Ok(()) };
        let Ok((text, other)) = apply(&text, &second, &json!({"second": true})) else { return Ok(()) };
        let undos = [edit::Undo::Json(undo), edit::Undo::Json(other)];
        prop_assert_eq!(edit::revert_all(&text, &undos).unwrap().text, before);
    }

    #[test]
    fn any_text_is_edited_or_refused_but_never_broken(text in "[\\[\\]{}:,\"/*\\\\a1 \n\u{feff}]{0,16}") {
        if let Ok((changed, undo)) = apply(&text, &path("a.b"), &json!(1))
            && undo.was != Was::Equal
        {
            prop_assert_eq!(off(&changed, &undo), text);
        }
    }
}
