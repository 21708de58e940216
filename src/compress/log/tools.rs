//! Which tools wrote a text, by the commands of its call.

use crate::compress::Input;
use crate::compress::command;

/// The tools behind a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tools {
    /// Those that the commands name, as the shapes call them.
    pub(super) named: Vec<&'static str>,
    /// The commands print what they would do: then these lines are what was asked for.
    pub(super) only_print: bool,
}

impl Tools {
    /// The tools of every command of the call: `cargo build && cargo test`, `npm ci; npm test`.
    pub(super) fn behind(input: &Input) -> Self {
        let commands = input.context.call.map(command::of).unwrap_or_default();
        let mut tools = Tools::default();
        for words in commands.visible().chain(input.command) {
            tools.named.extend(named(words));
            tools.only_print |= only_prints(words);
        }
        tools
    }
}

/// The programs whose output has a tool's shapes.
const PROGRAMS: &[(&str, &str)] = &[
    ("cargo", "cargo"),
    ("pytest", "pytest"),
    ("py.test", "pytest"),
    ("unittest", "unittest"),
    ("compileall", "compileall"),
    ("go", "go"),
    ("jest", "jest"),
    ("vitest", "jest"),
    ("mocha", "jest"),
    ("node", "jest"),
    ("npm", "npm"),
    ("pnpm", "npm"),
    ("yarn", "npm"),
    ("pip", "pip"),
    ("pip3", "pip"),
    ("uv", "uv"),
    ("apt", "apt"),
    ("apt-get", "apt"),
    ("dpkg", "apt"),
    ("make", "make"),
    ("gmake", "make"),
    ("cmake", "make"),
    ("ninja", "make"),
    ("configure", "make"),
    ("docker", "docker"),
    ("mvn", "mvn"),
    ("mvnw", "mvn"),
    ("gradle", "mvn"),
    ("gradlew", "mvn"),
    ("git", "git"),
    ("terraform", "terraform"),
];

/// The tools that the first words of a command name: `python -m pytest` is pytest, `npx jest` is jest.
fn named(words: &[String]) -> impl Iterator<Item = &'static str> {
    let words = words.iter().take(5).map(|word| command::program_name(word));
    words.filter_map(|word| PROGRAMS.iter().find(|(program, _)| *program == word)).map(|(_, tool)| *tool)
}

/// Whether a build is only shown: `make -n`, `ninja -t commands`.
fn only_prints(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let has_letter = |letter: char| {
        let is_cluster = |word: &&String| word.starts_with('-') && !word.starts_with("--") && !word.contains('=');
        // `-j4n` has no letter behind its number, and `-C` takes the rest of the word.
        let letters = |word: &String| {
            word[1..]
                .chars()
                .take_while(|letter| matches!(letter, 'a'..='z' | 'B' | 'L' | 'R' | 'S'))
                .any(|at| at == letter)
        };
        arguments.iter().filter(is_cluster).any(letters)
    };
    let has = |wanted: &[&str]| arguments.iter().any(|word| wanted.contains(&word.as_str()));
    match command::program_name(program) {
        "make" | "gmake" => has_letter('n') || has(&["--just-print", "--dry-run", "--recon"]),
        "ninja" => has(&["-n", "--dry-run", "-t"]),
        "cmake" => has(&["-N"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compress::kind::Kind;
    use crate::compress::{Context, ToolCall};

    fn tools(line: &str) -> Tools {
        let call = ToolCall { name: "Bash".into(), arguments: json!({ "command": line }) };
        let context = Context { call: Some(&call), ..Context::of("3f9c2a71d04be586") };
        Tools::behind(&Input::of("", Kind::Log, &context))
    }

    #[test]
    fn every_command_of_a_chain_names_its_tools() {
        assert_eq!(tools("npm ci && npx jest --ci 2>&1 | tail -50").named, ["npm", "jest"]);
        assert_eq!(tools("cd x && python3 -m pytest -v; cargo test").named, ["pytest", "cargo"]);
        assert_eq!(tools("ls"), Tools::default());
    }

    #[test]
    fn a_build_that_is_only_shown_is_told_from_one() {
        for line in ["make -n", "make -Bn all", "cd x && make --dry-run | head -50", "ninja -C build -t commands"] {
            assert!(tools(line).only_print, "{line}");
        }
        for line in ["make", "make -j4 install", "make -C lib/n clean", "make CFLAGS=-n", "grep -n x", "ninja -C build"]
        {
            assert!(!tools(line).only_print, "{line}");
        }
    }
}
