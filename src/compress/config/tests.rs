//! What becomes of settings and lock files, and that forms read back.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

fn formed(text: &str, first_line: Option<usize>) -> Option<String> {
    let context = Context::of("3f9c2a71d04be586");
    let forms = Config.forms(&Input { first_line, ..Input::of(text, Kind::Config, &context) });
    for form in &forms {
        assert_eq!(Config.restore(&form.text, first_line).as_deref(), Some(text));
    }
    Some(forms.into_iter().next()?.text)
}

#[test]
fn a_block_below_the_same_key_is_said_once() {
    let text = "\
metadata:
  labels:
    app: checkout
    tier: web
    team: payments
  name: checkout
spec:
  template:
    metadata:
      labels:
        app: checkout
        tier: web
        team: payments
";
    let form = formed(text, None).unwrap();
    assert!(form.ends_with(
        "\nmetadata:\n  labels: &a1\n    app: checkout\n    tier: web\n    team: payments\n  name: checkout\nspec:\n  template:\n    metadata:\n      labels: *a1\n"
    ), "{form}");
}

#[test]
fn an_alias_of_the_text_itself_is_no_alias_of_ours() {
    let block = "  labels:\n    app: checkout-service\n    tier: web\n";
    assert_eq!(formed(&format!("a:\n{block}b:\n{block}c: *a1\n"), None), None);
}

fn lock(packages: usize) -> String {
    let package = |n: usize| {
        let source = if n == 3 { "" } else { "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n" };
        let list = if n.is_multiple_of(2) { "dependencies = [\n \"memchr\",\n \"serde\",\n]\n" } else { "" };
        format!(
            "\n[[package]]\nname = \"p{n}\"\nversion = \"1.{n}.0\"\n{source}checksum = \"{:064x}\"\n{list}",
            n * 7919
        )
    };
    format!("# generated\nversion = 4\n{}", (0..packages).map(package).collect::<String>())
}

#[test]
fn the_line_that_packages_share_is_said_once() {
    let form = formed(&lock(12), None).unwrap();
    assert_eq!(form.matches("source = ").count(), 1);
    assert!(form.contains("name = \"p3\"\nversion = \"1.3.0\"\nno source\nchecksum"), "{form}");
    assert!(form.contains("\ndependencies = [\"memchr\", \"serde\"]\n"), "{form}");
}

#[test]
fn a_lock_file_that_is_read_is_numbered_by_package() {
    let form = formed(&lock(12), Some(1)).unwrap();
    assert!(form.contains("\n1\t# generated\n2\tversion = 4\n3\t\n4\t[[package]]\nname = \"p0\"\n"), "{form}");
}

proptest! {
    #[test]
    fn whatever_is_offered_reads_back(text in "(  |a:\n|b: 1\n|- |labels:\n|    x: y\n|      z: yyyyyyyyyyyyyyyyyyyyyyyy\n|&a1|\\*a1|\n|é|\r){0,60}") {
        formed(&text, None);
    }

    #[test]
    fn locks_read_back(count in 4usize..9, noise in "(source = \"x\"\n|no source\n|a = \\[\n|\\]\n| \"b\",\n|version = 1\n|\\[\\[package\\]\\]\n){0,5}", first in prop::option::of(1usize..9)) {
        formed(&format!("{}{noise}", lock(count)), first);
    }
}

#[test]
fn a_lock_file_of_cargo_has_a_line_for_each_package() {
    for (text, first) in [(lock(12), None), (lock(12), Some(1)), (lock(12).trim_end().to_owned(), Some(7))] {
        let context = Context::of("3f9c2a71d04be586");
        let input = Input { first_line: first, ..Input::of(&text, Kind::Config, &context) };
        let form = Config.forms(&input).pop().unwrap().text;
        assert_eq!(Config.restore(&form, first), Some(text));
        assert!(form.contains(&format!("p2 1.2.0 {:064x} [memchr, serde]\n", 2 * 7919)), "{form}");
        assert!(form.contains("p3 1.3.0 source=none "), "{form}");
        assert!(form.trim_end().ends_with(&format!("checksum = \"{:064x}\"", 11 * 7919)), "{form}");
    }
    assert!(rows::form(&lock(12).replace("version = \"1.5.0\"", "version = \"1 5\""), None).is_none());
}
