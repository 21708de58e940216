//! Command lines that a build tool echoes: of a long one the program, the first arguments and the last ones are enough.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A command of fewer characters stays whole.
const LONG: usize = 400;

/// About so many characters stand before what is left out, and behind it.
const HEAD: usize = 160;
const TAIL: usize = 120;

/// So many names are said that stood in what is left out.
const MOST_NAMES: usize = 4;

/// A compiler, a linker or a shell, behind what build tools write before it and the variables set for it.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^\s*(?:\++ |Running `|\[ *\d+[/%]\d*\] |libtool: \w+: +|cd \S+ && )*(?:[A-Z_][A-Z0-9_]*=(?:'[^']*'|"[^"]*"|\S*) )*(?:\S*/)?(?:[a-z0-9_]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|ld|ar|as|rustc|rustdoc|javac|java|libtool|sh|bash|nvcc|emcc|swiftc|collect2|cc1|cc1plus|ccache|sccache)(?:-[0-9.]+)?`? "#,
    )
    .expect("the pattern is constant")
});

/// The arguments behind these name what a command makes, or what it makes it from.
const NAMING: [&str; 3] = ["-o", "-c", "--crate-name"];

const SOURCES: [&str; 9] = [".c", ".cc", ".cpp", ".cxx", ".rs", ".java", ".S", ".m", ".cu"];

/// The part of `line` that may be left out where it echoes a long command, and what a marker says of it.
pub(super) fn cut(line: &str) -> Option<(Range<usize>, String)> {
    if line.len() < LONG || !COMMAND.is_match(line) {
        return None;
    }
    let bytes = line.as_bytes();
    // Both ends stand at blanks, so they are at the boundaries of characters.
    let start = 1 + memchr::memrchr(b' ', &bytes[..HEAD])?;
    let end = 1 + memchr::memrchr(b' ', &bytes[..line.len() - TAIL])?;
    let left_out = line.get(start..end).filter(|left_out| left_out.len() > LONG / 4)?;
    let names = names(left_out);
    let with = if names.is_empty() { String::new() } else { format!(", with {}", names.join(", ")) };
    Some((start..end, format!("{} characters of arguments{with}", left_out.len())))
}

/// What the arguments in `text` make, and from what.
fn names(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_source = |word: &str| !word.starts_with('-') && SOURCES.iter().any(|ending| word.ends_with(ending));
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let option = at.checked_sub(1).map(|before| words[before]).filter(|option| NAMING.contains(option));
        match option {
            _ if names.len() == MOST_NAMES => break,
            Some(option) => names.push(format!("{option} {word}")),
            None if is_source(word) => names.push((*word).to_owned()),
            None => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_command_beginning_end_and_names_stay() {
        let flags = "-Wall -Wextra -I/usr/include/glib-2.0 ".repeat(12);
        let line = format!("gcc -DHAVE_CONFIG_H {flags}-c src/parse.c -o build/parse.o {flags}-MT x.o -MF .deps/x.Tpo");
        let (left_out, what) = cut(&line).unwrap();
        assert!(line[..left_out.start].starts_with("gcc -DHAVE_CONFIG_H -Wall"));
        assert!(line[left_out.end..].ends_with("-MF .deps/x.Tpo"));
        assert_eq!(what, format!("{} characters of arguments, with -c src/parse.c, -o build/parse.o", left_out.len()));
    }

    #[test]
    fn other_lines_stay_whole() {
        let words = "word and another ".repeat(60);
        for line in [
            words.clone(),
            format!("error: gcc {words}"),
            format!("a.c:3: warning: {words}"),
            format!("gcc {}", "x".repeat(900)),
            "gcc -c short.c".to_owned(),
        ] {
            assert_eq!(cut(&line), None, "{line}");
        }
    }

    #[test]
    fn a_cut_is_at_a_blank() {
        let line = format!("gcc {} -c {}", "é".repeat(200), "é".repeat(200));
        assert_eq!(cut(&line).unwrap().0, 4..408);
        assert_eq!(&line[408..410], "é");
    }

    #[test]
    fn what_build_tools_write_before_a_command_is_looked_through() {
        let arguments = "--cfg 'feature=\"std\"' ".repeat(40);
        for before in [
            "     Running `rustc --crate-name x ",
            "+ /usr/bin/cc ",
            "[3/120] /opt/x86_64-linux-gnu-g++-12 ",
            "cd /srv/app && CFLAGS='-O2 -g' X= clang ",
            "libtool: compile:  gcc ",
        ] {
            assert!(cut(&format!("{before}{arguments}")).is_some(), "{before}");
        }
    }
}
