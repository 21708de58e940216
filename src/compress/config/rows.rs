//! A `Cargo.lock` with a line for each package: its name, version and checksum, and what it depends on.
//!
//! The last package stands as it did: it shows what each of them looks like in the file, and it may be cut off.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::compress::marker;

const START: &str = "[[package]]";
const FEWEST: usize = 6;
const HEAD: &str = "lock file of ";
const FIRST: &str = " lines as they were, then a package per line, but the last: name version checksum [dependencies]";
const SOURCE: &str = "source of each without another: ";
const NUMBERS: &str = "line numbers stand where a package begins";
const OTHER: &str = "source=";
const NONE: &str = "none";

/// The form of `text`, or `None` where it is no such file or would not be told from the form.
pub(super) fn form(text: &str, first_line: Option<usize>) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at] == START).collect();
    if starts.len() < FEWEST || text.contains('\r') {
        return None;
    }
    let packages: Vec<Package> =
        starts.windows(2).map(|pair| Package::of(&lines[pair[0] + 1..pair[1]])).collect::<Option<_>>()?;
    let mut sources: HashMap<&str, usize> = HashMap::new();
    for source in packages.iter().filter_map(|package| package.source) {
        *sources.entry(source).or_default() += 1;
    }
    // The order of a hash must not matter.
    let usual = sources.into_iter().max_by_key(|(source, count)| (*count, *source)).map(|(source, _)| source);
    let mut what = format!("{HEAD}{} packages, none left out; first {}{FIRST}", starts.len(), starts[0]);
    if let Some(usual) = usual {
        let _ = write!(what, "; {SOURCE}{usual}");
    }
    if first_line.is_some() {
        let _ = write!(what, "; {NUMBERS}");
    }
    let mut out = marker::legend(&what, None);
    let number = |at: usize, out: &mut String| {
        out.push('\n');
        if let Some(first) = first_line {
            let _ = write!(out, "{}\t", first + at);
        }
    };
    for (at, line) in lines[..starts[0]].iter().enumerate() {
        number(at, &mut out);
        out.push_str(line);
    }
    for (package, start) in packages.iter().zip(&starts) {
        number(*start, &mut out);
        package.write(usual, &mut out);
    }
    for (at, line) in lines.iter().enumerate().skip(*starts.last()?) {
        let is_end = at + 1 == lines.len() && line.is_empty();
        if is_end {
            out.push('\n');
        } else {
            number(at, &mut out);
        }
        out.push_str(line);
    }
    let (legend, body) = out.split_once('\n')?;
    (read(marker::read_legend(legend)?, body, first_line).as_deref() == Some(text)).then_some(out)
}

/// The text of a form, given what its head line says.
pub(super) fn read(what: &str, body: &str, first_line: Option<usize>) -> Option<String> {
    let (_, rest) = what.split_once("; first ")?;
    let (head, rest) = rest.split_once(FIRST)?;
    let head: usize = head.parse().ok()?;
    let usual = rest.split("; ").find_map(|clause| clause.strip_prefix(SOURCE));
    let mut out: Vec<String> = Vec::new();
    let mut is_behind = false;
    for (at, line) in body.split('\n').enumerate() {
        let line = match first_line {
            Some(_) if !line.is_empty() => line.split_once('\t')?.1,
            _ => line,
        };
        is_behind |= line == START;
        if at < head || is_behind {
            out.push(line.to_owned());
        } else {
            Package::read(line, usual)?.write_lines(&mut out);
        }
    }
    Some(out.join("\n"))
}

/// Whether the head line of a form says that it is one of these.
pub(super) fn is_said(what: &str) -> bool {
    what.contains(FIRST)
}

struct Package<'a> {
    name: &'a str,
    version: &'a str,
    source: Option<&'a str>,
    checksum: Option<&'a str>,
    dependencies: Option<Vec<&'a str>>,
}

impl<'a> Package<'a> {
    /// The package that `lines` tell, which end with an empty one.
    fn of(lines: &[&'a str]) -> Option<Self> {
        let mut lines = lines.iter().copied().peekable();
        let mut quoted = |key: &str| {
            let value = lines.peek()?.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?;
            lines.next();
            Some(value)
        };
        let mut package = Self {
            name: quoted("name")?,
            version: quoted("version")?,
            source: quoted("source"),
            checksum: quoted("checksum"),
            dependencies: None,
        };
        if lines.next_if_eq(&"dependencies = [").is_some() {
            let mut items = Vec::new();
            while let Some(item) = lines.next_if(|line| *line != "]") {
                items.push(item.strip_prefix(" \"")?.strip_suffix("\",")?);
            }
            lines.next()?;
            package.dependencies = Some(items);
        }
        (lines.next() == Some("") && lines.next().is_none()).then_some(package)
    }

    fn write(&self, usual: Option<&str>, out: &mut String) {
        out.push_str(self.name);
        out.push(' ');
        out.push_str(self.version);
        if self.source != usual {
            let _ = write!(out, " {OTHER}{}", self.source.unwrap_or(NONE));
        }
        if let Some(checksum) = self.checksum {
            out.push(' ');
            out.push_str(checksum);
        }
        if let Some(dependencies) = &self.dependencies {
            let _ = write!(out, " [{}]", dependencies.join(", "));
        }
    }

    /// The package in a line that `write` wrote.
    fn read(line: &'a str, usual: Option<&'a str>) -> Option<Self> {
        let (line, dependencies) = match line.strip_suffix(']').and_then(|line| line.split_once(" [")) {
            Some((line, "")) => (line, Some(Vec::new())),
            Some((line, items)) => (line, Some(items.split(", ").collect())),
            None => (line, None),
        };
        let mut words = line.split(' ').peekable();
        let (name, version) = (words.next()?, words.next()?);
        let source = match words.next_if(|word| word.starts_with(OTHER)) {
            Some(other) => other.strip_prefix(OTHER).filter(|source| *source != NONE),
            None => usual,
        };
        let checksum = words.next();
        words.next().is_none().then_some(Self { name, version, source, checksum, dependencies })
    }

    fn write_lines(&self, out: &mut Vec<String>) {
        out.push(START.to_owned());
        let values = [("name", Some(self.name)), ("version", Some(self.version)), ("source", self.source)];
        for (key, value) in values.into_iter().chain([("checksum", self.checksum)]) {
            out.extend(value.map(|value| format!("{key} = \"{value}\"")));
        }
        if let Some(dependencies) = &self.dependencies {
            out.push("dependencies = [".to_owned());
            out.extend(dependencies.iter().map(|item| format!(" \"{item}\",")));
            out.push("]".to_owned());
        }
        out.push(String::new());
    }
}
