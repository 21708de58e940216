//! `headroom retrieve` as a shell sees it.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run the binary and damage its files")]

use std::path::Path;
use std::process::{Command, Output};

const HANDLE: &str = "3f9c2a71d04be586";

fn retrieve(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
    command.arg("retrieve").args(args).env("HEADROOM_HOME", home).output().unwrap()
}

#[test]
fn an_unknown_handle_ends_the_matter_and_makes_no_store() {
    let home = tempfile::tempdir().unwrap();
    let output = retrieve(home.path(), &[HANDLE]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert!(said.contains(HANDLE) && said.contains("Do not ask again") && said.contains("Read the source"), "{said}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_handle_or_no_range_is_a_usage_error() {
    let home = tempfile::tempdir().unwrap();
    for (args, said) in [
        (&["3f9c"][..], "`3f9c` is not a handle: a handle is 16 hex digits"),
        (&[HANDLE, "--lines", "9-3"], "`9-3` is not a range of lines"),
        (&[], "Usage"),
    ] {
        let output = retrieve(home.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(said), "{args:?}");
    }
}

#[test]
fn a_damaged_store_is_named_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("store.db");
    std::fs::write(&store, "not a database at all, but long enough to look like one".repeat(50)).unwrap();
    let before = std::fs::read(&store).unwrap();
    let output = retrieve(home.path(), &[HANDLE]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("store.db` is damaged"), "{said}");
    assert_eq!(std::fs::read(&store).unwrap(), before);
}
