//! What stays in an outline, and that every line is shown or in a range.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

const RUST: &str = "//! Accounts.\n\nuse std::fmt;\n\n/// One account.\n#[derive(Debug)]\npub struct Account {\n    owner: String,\n}\n\nimpl Account {\n    /// Opens one.\n    pub fn open(owner: &str) -> Self {\n        let owner = owner.trim();\n        let known = owner.len();\n        assert!(known > 0);\n        Self { owner: owner.to_owned() }\n    }\n\n    fn short(&self) -> usize {\n        1\n    }\n}\n";

const PYTHON: &str = "\"\"\"Accounts.\"\"\"\nimport os\n\n\nclass Account:\n    kind = \"x\"\n\n    @property\n    def open(self, owner: str) -> int:\n        \"\"\"Opens one.\n\n        At length.\n        \"\"\"\n        known = len(owner)\n        if known:\n            raise ValueError(owner)\n        return known\n\n\ndef last():\n    a = 1\n    b = 2\n    return a + b\n";

fn outline(text: &str, path: &str, hints: &[&str]) -> Option<String> {
    let hints: Vec<String> = hints.iter().map(ToString::to_string).collect();
    let context = Context { retrievable: true, code_aware: true, hints: &hints, ..Context::of(HANDLE) };
    let input = Input { path: Some(path), ..Input::of(text, Kind::Source, &context) };
    Code.forms(&input).pop().map(|form| form.text.split_once('\n').unwrap().1.to_owned())
}

#[test]
fn signatures_types_and_first_lines_of_docs_stay() {
    let rust = outline(RUST, "a.rs", &[]).unwrap();
    let expected = RUST.replace(
        "        let owner = owner.trim();\n        let known = owner.len();\n        assert!(known > 0);\n        Self { owner: owner.to_owned() }\n",
        "        [lines 14-17]\n",
    );
    assert_eq!(rust, expected);
    let python = outline(PYTHON, "a.py", &[]).unwrap();
    assert!(python.contains("    def open(self, owner: str) -> int:\n        \"\"\"Opens one.\n"), "{python}");
    assert!(python.contains("[lines 11-17]\n\n\ndef last():\n    [lines 21-23]\n"), "{python}");
    assert!(!python.contains("raise"));
}

#[test]
fn lines_that_the_question_names_stay() {
    let rust = outline(RUST, "a.rs", &["assert!(known"]).unwrap_or_default();
    assert_eq!(rust, "");
    let long = RUST.replace("        assert!", "        let a = 1;\n        let b = 2;\n        assert!");
    let rust = outline(&long, "a.rs", &["assert!(known"]).unwrap();
    assert!(rust.contains("        [lines 14-17]\n        assert!(known > 0);\n        Self {"), "{rust}");
}

#[test]
fn what_is_no_source_of_a_known_language_is_left_alone() {
    assert_eq!(outline(RUST, "a.py", &[]), None);
    assert_eq!(outline(RUST, "a.zig", &[]), None);
    assert_eq!(outline("fn short() {}\n", "a.rs", &[]), None);
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    let forms = Code.forms(&Input { path: Some("a.rs"), ..Input::of(RUST, Kind::Source, &context) });
    assert_eq!(forms, []);
}

#[test]
fn lines_keep_the_numbers_they_came_with() {
    let context = Context { retrievable: true, code_aware: true, ..Context::of(HANDLE) };
    let input = Input { path: Some("a.rs"), first_line: Some(101), ..Input::of(RUST, Kind::Source, &context) };
    let form = Code.forms(&input).pop().unwrap();
    assert!(form.text.contains("\n113\t    pub fn open(owner: &str) -> Self {\n        [lines 114-117]\n118\t    }"));
}

proptest! {
    #[test]
    fn every_line_is_shown_or_in_a_range(text in "(fn x\\(\\) \\{\n|\\}\n|    let a = 1;\n|/\\* \n|\\*/|def f\\(\\):\n|\r\n|\"|é|\\[\n|\\]|x){0,60}", path in "a\\.(rs|py|js|ts|go|java|c|cpp|pl)") {
        let Some(outline) = outline(&text, &path, &[]) else { return Ok(()) };
        let mut shown = 0;
        let source: Vec<&str> = text.split('\n').collect();
        for line in outline.split('\n') {
            let range = line.trim().strip_prefix("[lines ").and_then(|range| range.strip_suffix(']'));
            if let Some((first, last)) = range.and_then(|range| range.split_once('-')) {
                prop_assert_eq!(first.parse::<usize>().unwrap(), shown + 1);
                shown = last.parse().unwrap();
            } else {
                prop_assert_eq!(line, source[shown]);
                shown += 1;
            }
        }
        prop_assert_eq!(shown, source.len());
    }
}
