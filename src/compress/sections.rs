//! The outputs of several commands, told apart by what `echo` wrote between them.
//!
//! `git status; echo ---; cat a.rs` is one text to the agent and three to us. A separator counts only where all of them
//! stand in the text, each alone on its line and in the order of the commands: then it is known who wrote what.

use std::ops::Range;

use crate::compress::command::{self, Commands};

/// More are not looked for.
const MOST_SEPARATORS: usize = 50;

/// What the commands between two separators wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) range: Range<usize>,
    pub(crate) commands: Commands,
}

/// The sections of `text`, without the lines that separate them; `None` where the commands write none.
pub(crate) fn of(text: &str, commands: &Commands) -> Option<Vec<Section>> {
    let visible: Vec<&[String]> = commands.visible().collect();
    let separators: Vec<String> = visible.iter().filter_map(|words| said(words)).collect();
    // In a loop, or where a file has such a line itself, nobody knows which is which.
    let lines_like = |wanted: &String| text.lines().filter(|line| line == wanted).count();
    if separators.len() > MOST_SEPARATORS
        || separators.iter().any(|one| lines_like(one) != separators.iter().filter(|other| *other == one).count())
    {
        return None;
    }
    let mut sections = Vec::new();
    let (mut start, mut first) = (0, 0);
    for (at, words) in visible.iter().enumerate() {
        let Some(separator) = said(words) else { continue };
        let line = line_of(&text[start..], &separator)?;
        sections.push(Section { range: start..start + line.start, commands: Commands::of(&visible[first..at]) });
        (start, first) = (start + line.end, at + 1);
    }
    if sections.is_empty() {
        return None;
    }
    sections.push(Section { range: start..text.len(), commands: Commands::of(&visible[first..]) });
    Some(sections)
}

/// The line that an `echo` writes, where that is known.
fn said(words: &[String]) -> Option<String> {
    let (program, words) = words.split_first()?;
    // A word of hyphens alone is no option: `echo ---`.
    let is_plain = |word: &String| {
        let is_option = word.starts_with('-') && !word.trim_start_matches('-').is_empty();
        !is_option && !word.contains(['$', '`', '\\', '\n', '*', '?'])
    };
    let line = words.join(" ");
    let is_known = command::program_name(program) == "echo" && words.iter().all(is_plain);
    (is_known && !line.trim().is_empty()).then_some(line)
}

/// Where `wanted` stands alone on a line of `text`, its line break included.
fn line_of(text: &str, wanted: &str) -> Option<Range<usize>> {
    memchr::memmem::find_iter(text.as_bytes(), wanted).find_map(|at| {
        let end = at + wanted.len();
        let begins = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let ends = match text.as_bytes().get(end) {
            None => Some(end),
            Some(b'\n') => Some(end + 1),
            Some(b'\r') if text.as_bytes().get(end + 1) == Some(&b'\n') => Some(end + 2),
            Some(_) => None,
        };
        ends.filter(|_| begins).map(|end| at..end)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compress::ToolCall;

    fn found(line: &str, text: &str) -> Option<Vec<(String, String)>> {
        let commands = command::of(&ToolCall { name: "Bash".into(), arguments: json!({ "command": line }) });
        let main = |section: &Section| section.commands.main().map(|words| words.join(" ")).unwrap_or_default();
        let sections = of(text, &commands)?;
        Some(sections.iter().map(|section| (main(section), text[section.range.clone()].to_owned())).collect())
    }

    #[test]
    fn each_command_has_what_it_wrote() {
        let line = "cd x && git status -s; echo ---; cat a.rs | head -3 && echo '=== log ===' && git log";
        let text = " M a.rs\n---\nfn main() {}\n---- x\n=== log ===\r\ncommit 1";
        let own = |command: &str, text: &str| (command.to_owned(), text.to_owned());
        assert_eq!(
            found(line, text),
            Some(vec![
                own("git status -s", " M a.rs\n"),
                own("cat a.rs", "fn main() {}\n---- x\n"),
                own("git log", "commit 1")
            ])
        );
        assert_eq!(found("echo start; ls", "start\n"), Some(vec![own("", ""), own("ls", "")]));
    }

    #[test]
    fn a_separator_that_is_not_there_tells_nothing() {
        for (line, text) in [
            ("ls; echo ---; ls", "a\nb\n"),
            ("ls; echo $x; ls", "a\n$x\nb\n"),
            ("ls; echo -n; ls", "a\n-n\nb\n"),
            ("ls; echo; ls", "a\n\nb\n"),
            ("ls; echo -e 'a\\nb'; ls", "a\nb\n"),
            ("ls; echo 1; ls; echo 2", "2\n1\n"),
            ("for x in a b; do ls $x; echo ---; done; pwd", "a\n---\nb\n---\n/x\n"),
            ("ls | grep x", "---\n"),
            ("", "---\n"),
        ] {
            assert_eq!(found(line, text), None, "{line}");
        }
    }
}
