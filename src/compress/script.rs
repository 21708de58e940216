//! Scripts that call tools.
//!
//! Some models do not call an agent's tools one by one: they write JavaScript that does, and what it prints is the
//! output. So the command lines and the tools' names stand in a program. They are read as what they look like; one that
//! is put together at run time stays unknown, as a command that nobody told us.

use std::sync::LazyLock;

use regex::Regex;

static TOOL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\btools\.([A-Za-z_][A-Za-z0-9_]*)\s*\(").expect("the pattern is constant"));

/// A property that holds a command line, as an agent's shell tools call it, and a string literal behind it.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)(?:^|[{,(\s])["']?(?:cmd|command)["']?\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)\s*[,})]"#)
        .expect("the pattern is constant")
});

/// The tools that `script` calls, by name.
pub(crate) fn tools(script: &str) -> impl Iterator<Item = &str> {
    TOOL.captures_iter(script).filter_map(|found| found.get(1)).map(|name| name.as_str())
}

/// The command lines that `script` runs, as far as they stand in it as they are.
pub(crate) fn commands(script: &str) -> Vec<String> {
    if tools(script).next().is_none() {
        return Vec::new();
    }
    COMMAND.captures_iter(script).filter_map(|found| literal(found.get(1)?.as_str())).collect()
}

/// The text of a string literal; `None` for a template with values in it.
fn literal(source: &str) -> Option<String> {
    let is_template = source.starts_with('`');
    let inner = &source[1..source.len() - 1];
    if is_template && inner.contains("${") {
        return None;
    }
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next()? {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            // A line that goes on.
            '\n' => {}
            // What stands for a number is no part of a command that we know.
            'x' | 'u' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read_however_they_are_quoted() {
        let script = r#"const [a, b] = await Promise.all([tools.exec_command({"cmd":"rg \"x\" src","max_output_tokens":1}),
            tools.exec_command({ cmd: 'ls -la' , workdir: "/x"}), tools.exec_command({workdir, cmd: `cat
a.rs`})]); text(a.output)"#;
        assert_eq!(commands(script), ["rg \"x\" src", "ls -la", "cat\na.rs"]);
        assert_eq!(tools(script).collect::<Vec<_>>(), ["exec_command"; 3]);
    }

    #[test]
    fn what_is_put_together_at_run_time_is_unknown() {
        for script in [
            "tools.exec_command({cmd: `cat ${file}`})",
            "tools.exec_command({cmd})",
            "tools.exec_command({cmd: base + ' x'})",
            "tools.exec_command({cmd: 'cat ' + file})",
            "text({cmd: 'ls'})",
            "*** Begin Patch",
        ] {
            assert_eq!(commands(script), Vec::<String>::new(), "{script}");
        }
    }

    #[test]
    fn tools_of_servers_are_seen() {
        let script = "const r = await tools.mcp__headroom__headroom_retrieve({handle: 'x'}); text(r)";
        assert_eq!(tools(script).collect::<Vec<_>>(), ["mcp__headroom__headroom_retrieve"]);
    }
}
