//! The config compressor: what a command prints as YAML, and what a package manager locks.
//!
//! Each setting stays a line as it was, since that is what one searches for: `image: nginx:1.27` is not cut into a heading
//! and a cell. Only what is said again is left out. A `Cargo.lock` alone, which nobody edits, has a line for each package.
//! Files that a person edits never come here.

mod packages;
mod rows;
mod yaml;

#[cfg(test)]
mod tests;

use crate::compress::kind::Kind;
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};

/// Settings: YAML that commands print, and lock files of Cargo, Poetry and uv.
///
/// # What it keeps
///
/// Every line that says something new, as it was, and comments. Decoded and compared byte for byte before it is offered.
///
/// # What it drops
///
/// A block below a YAML key that stood below the same key before: it becomes an alias, as YAML itself has them. In a lock
/// file the line that most packages share, said once in the head line, and the line breaks of lists; in that of Cargo the
/// keys of all packages but the last.
///
/// # When it declines
///
/// Files that may be edited, and what repeats nothing.
///
/// # Example
///
/// ```text
/// metadata:
///   labels: &a1
///     app: checkout
///     tier: web
///     team: payments
/// template:
///   labels: *a1
/// ```
pub(crate) struct Config;

impl Compressor for Config {
    fn name(&self) -> &'static str {
        "config"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Config
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if marker::holds(input.text) {
            return Vec::new();
        }
        let form = packages::form(input.text, input.first_line)
            .or_else(|| if input.first_line.is_none() { yaml::form(input.text) } else { None });
        let rows = rows::form(input.text, input.first_line);
        form.into_iter().chain(rows).map(|text| Form::of(text, Loss::None)).collect()
    }

    fn restore(&self, form: &str, first_line: Option<usize>) -> Option<String> {
        let (legend, body) = form.split_once('\n')?;
        let what = marker::read_legend(legend)?;
        if rows::is_said(what) {
            return rows::read(what, body, first_line);
        }
        if what.starts_with(yaml::HEAD) { yaml::read(body) } else { packages::read(what, body, first_line) }
    }
}

/// Whether a file of this name is what a package manager wrote for itself.
pub(crate) fn is_lock_file(name: &str) -> bool {
    matches!(name, "Cargo.lock" | "poetry.lock" | "uv.lock" | "pdm.lock")
}

/// Whether a sample of lines looks like YAML.
pub(crate) fn looks_like(lines: &[&str]) -> bool {
    let filled = lines.iter().filter(|line| !line.trim().is_empty()).count();
    let settings = lines.iter().filter(|line| yaml::is_setting(line)).count();
    let deep = lines.iter().filter(|line| line.starts_with("  ") && yaml::is_setting(line)).count();
    filled >= 8 && settings * 10 >= filled * 8 && deep * 3 >= filled
}
