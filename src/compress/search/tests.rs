//! What a reader of search output would notice.

use proptest::prelude::*;

use super::*;

const MATCHES: &str = "\
src/app/config.rs:12:pub struct Config {
src/app/config.rs-13-    pub name: String,
src/app/config.rs:14:    pub port-8080-x: u16,
--
src/app/config.rs:40:impl Config {
tests/a-1-b.rs:7:let c = Config::default(); // see x:3:4
tests/a-1-b.rs-8-}
tests/a-1-b.rs:9:let d = Config::default();
Binary file target/debug/app matches
";

#[test]
fn a_path_stands_above_its_lines() {
    let form = folded(MATCHES).unwrap();
    let body = form.split_once('\n').unwrap().1;
    assert_eq!(
        body,
        "src/app/config.rs\n12:pub struct Config {\n13-    pub name: String,\n14:    pub port-8080-x: u16,\n--\n\
         40:impl Config {\ntests/a-1-b.rs\n7:let c = Config::default(); // see x:3:4\n8-}\n9:let d = Config::default();\n\
         |Binary file target/debug/app matches\n"
    );
    assert_eq!(unfold(&form).as_deref(), Some(MATCHES));
}

#[test]
fn windows_paths_and_matches_without_numbers_fold() {
    let text = "C:\\proj\\main.rs:3:fn main() {\nC:\\proj\\main.rs:9:fn other() { let long = 1; }\n".repeat(4)
        + &"docs/guide.md:how to configure: see below\ndocs/guide.md:configure twice\n".repeat(3);
    let form = folded(&text).unwrap();
    assert!(form.contains("\nC:\\proj\\main.rs\n3:fn main() {\n"), "{form}");
    assert!(form.contains("\ndocs/guide.md\n:how to configure: see below\n:configure twice\n"), "{form}");
    assert_eq!(unfold(&form), Some(text));
}

#[test]
fn what_is_no_match_is_left_alone() {
    for text in ["", "no matches", "No files found\n", "src/a.rs\nsrc/b.rs\nsrc/c.rs\n", "Error: x: y\nError: x: z\n"] {
        assert_eq!(fold(text), None, "{text}");
    }
}

#[test]
fn counts_of_matches_stand_for_themselves() {
    let text = format!("src/a.rs:11\nsrc/b.rs:2\nC:\\x.rs:3\na b.txt:4\n{}", MATCHES.repeat(2));
    let form = folded(&text).unwrap();
    assert!(form.contains("]\nsrc/a.rs:11\nsrc/b.rs:2\nC:\\x.rs:3\n|a b.txt:4\nsrc/app/config.rs\n"), "{form}");
    assert_eq!(unfold(&form), Some(text));
}

#[test]
fn a_folded_text_is_not_folded_again() {
    let form = folded(&MATCHES.repeat(3)).unwrap();
    assert_eq!(folded(&form), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_folds_to_what_unfolds_to_it(text in "([a-c|]{0,2}[./:-]{0,2}[0-9]{0,2}[:-]{0,2}[a-c -]{0,3}(\r?\n|--\n)?){0,40}") {
        if let Some(form) = folded(&text) {
            prop_assert_eq!(unfold(&form), Some(text));
        }
    }

    #[test]
    fn generated_matches_fold(rows in prop::collection::vec((0..3usize, 1..999u32, "[ -9;-~é]{0,40}", any::<bool>()), 8..60)) {
        let paths = ["src/compress/search.rs", "tests/it-2-x/main.rs", "C:\\Users\\x\\deep\\folder\\lib.rs"];
        let lines = rows.iter().map(|(path, line, text, is_match)| {
            let sign = if *is_match { ':' } else { '-' };
            format!("{}{sign}{line}{sign}{text}", paths[*path])
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        if let Some(form) = folded(&text) {
            prop_assert_eq!(unfold(&form), Some(text.clone()));
            prop_assert!(fold(&text).is_none_or(|form| form.len() < text.len()));
            for (path, line, matched, _) in rows {
                let number = line.to_string();
                prop_assert!(form.contains(paths[path]) && form.contains(&number) && form.contains(&matched));
            }
        }
    }
}
