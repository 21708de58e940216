//! Lists `agents/*.toml` into `$OUT_DIR/agents.rs`, so that adding an agent is adding a file.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

#[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]
fn main() {
    println!("cargo::rerun-if-changed=agents");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut files: Vec<_> = fs::read_dir(Path::new(&root).join("agents"))
        .expect("the agents folder is part of the source")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let text = fs::read_to_string(&path).expect("readable");
        if let Err(err) = text.parse::<toml_edit::DocumentMut>() {
            panic!("{}: {err}", path.display());
        }
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string()).expect("a String");
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("agents.rs"), list).expect("writable");
}
