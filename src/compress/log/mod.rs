//! The log compressor: what applications, servers, build and test tools write line by line.
//!
//! Forms, the plainest first. Findings by file (`findings`), results of tests (`results`, `pytest`) and rows (`row_form`,
//! `rows` is their grammar) say once what lines have in common and lose nothing; names (`names`) do so for what is longer
//! than a word. The rows without the frames that a trace has in libraries and runtimes (`trace`) lose those under
//! markers. The elided forms (`elide`) leave a tool's success lines out under markers. What loses is offered only where
//! the original can be had back. Of an application's log ordinary lines are left out only when the question is what went
//! wrong; else nobody can tell which of its lines will be asked for.

mod echoed;
mod elide;
mod elided_blocks;
mod findings;
mod lines;
mod names;
mod pytest;
mod results;
mod row_form;
mod row_repeats;
mod rows;
mod shapes;
mod split;
mod stamp;
mod template;
mod terminal;
mod tools;
pub(crate) mod trace;

pub(crate) use row_form::{read_rows, row_form};

use elide::elided_forms;
use findings::findings_form;
use names::names_form;
use results::results_form;
use row_form::traced_form;

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input, Loss, literal};

/// Logs and the output of build and test tools.
///
/// # What it keeps
///
/// As findings by file: every finding of a linter, a type checker or a compiler, its path once above it, its message once
/// per file behind its places; other lines verbatim. Decoded and compared like the rows.
///
/// As results: every test that passed, on one line with its whole name and its time; other lines verbatim.
///
/// As tests of pytest: every test with its whole name, and its result unless it has passed; how much is done where that
/// changes.
///
/// With names: every line; what stands there again and again, word by word, is named once at the head and stands as `§1`.
///
/// As rows: every line, in its order, every value as it was written: a path, an id or a number can be searched for. A
/// row stands below its template, `{}` stands for its values, `{..}` for a message that is like no other; a date
/// that rows share, or a whole time, stands in a heading. Lines that stand again as a block, such as a trace, are named and referred
/// to. Errors with their traces (fewer than eight alike), lines seen fewer than four times, lines that the question
/// names, the first and the last line are verbatim. Where the text had line numbers, headings and verbatim lines carry them. The form is decoded and
/// compared byte for byte before it is offered.
///
/// Without foreign frames: of each trace the exceptions, the project's frames, the first and the last frame, and frames
/// that the question names.
///
/// Elided: failures, errors and warnings with their traces and places, summaries, lines that the question names, the
/// first and the last line, and whatever is no known success line. A repeated line, and a block of lines that comes again
/// further down, stands once. Where the question is what went wrong: of an echoed command of over 400 characters the
/// program, its first and last arguments, and the names of its source and target; also what is near a failure, and what is
/// seen fewer than twenty times. What a build would only do (`make -n`) stays.
///
/// # What it drops
///
/// As rows, results, tests and findings, and with names: nothing. Without foreign frames: three or more frames in a row of libraries and of the runtime
/// (Java, Python, Node, Rust, Go), under a marker that counts them by package. Elided: success lines of known tools
/// (`Compiling …`, `test … ok`, `PASSED`, downloads), exact repeats, the middle of echoed commands, progress bars and
/// terminal codes, each run under a marker that gives its line numbers and counts by kind;
/// where the question is what went wrong, lines that differ from many others in their values only.
///
/// # When it declines
///
/// Texts under six lines, rows that would save less than an eighth, and elision of text with line numbers (it is part
/// of a file, whose numbers a marker could not give) or without a way to get the original back, and
/// wherever a form that shows everything takes two thirds of the text or less, and is soon read.
///
/// # Example
///
/// ```text
/// 2026-11-20T10:00:01.779Z INFO  worker-8 request id=607069464 path=/api/v1/items/668 status=200 ms=195
/// 2026-11-20T10:00:02.807Z INFO  worker-4 request id=200780963 path=/api/v1/items/500 status=200 ms=15
/// ```
/// becomes, under a head line,
/// ```text
/// ## 2026-11-20
/// A=##T{} INFO  {} request id={} path={} status=200 ms={}
/// 10:00:01.779Z worker-8 607069464 /api/v1/items/668 195
/// 10:00:02.807Z worker-4 200780963 /api/v1/items/500 15
/// ```
/// and in the output of `cargo test` the passed tests become
/// ```text
/// [headroom: lines 33-104 left out: 72 tests ok; all of it: headroom retrieve 3f9c2a71d04be586]
/// ```
pub(crate) struct Log;

impl Compressor for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn version(&self) -> u32 {
        6
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Log
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let Whole { mut forms, has_results } = whole_forms(input);
        let length = forms.iter().map(|form| form.text.len()).min();
        // Whoever needs one of the tests that passed would have to read the text as well.
        let is_sought = !input.context.seeks_failures && input.context.profile.bias >= 1.0;
        if has_results && is_sought || length.is_some_and(|length| is_enough(input, length)) {
            return forms;
        }
        let is_clearly_shorter = |form: &Form| {
            input.context.profile.bias < 1.0 || length.is_none_or(|length| length * 2 > form.text.len() * 3)
        };
        forms.extend(shorter_forms(input).into_iter().filter(is_clearly_shorter));
        forms
    }

    fn restore(&self, form: &str, first_line: Option<usize>) -> Option<String> {
        findings::decode(form)
            .or_else(|| results::decode(form))
            .or_else(|| names::decode(form))
            .or_else(|| pytest::decode(form))
            .or_else(|| read_rows(form, first_line))
    }
}

/// The forms that show everything.
struct Whole {
    forms: Vec<Form>,
    /// Whether one of them tells the results of tests.
    has_results: bool,
}

fn whole_forms(input: &Input) -> Whole {
    let hints = input.context.hints;
    // Line numbers of the text's own would have to stand before each finding.
    let is_bare = input.first_line.is_none();
    let findings = if is_bare { findings_form(input.text, hints) } else { None };
    let results = if is_bare { results_form(input.text) } else { None };
    let tests = if is_bare { pytest::pytest_form(input.text) } else { None };
    // Rows would take the names of tests apart.
    let rows = if tests.is_some() { None } else { row_form(input.text, input.first_line, hints) };
    let names = if is_bare { names_form(input.text, hints) } else { None };
    let has_results = results.is_some() || tests.is_some();
    let forms = findings.into_iter().chain(results).chain(tests).chain(rows).chain(names);
    Whole { forms: forms.map(|text| Form::of(text, Loss::None)).collect(), has_results }
}

/// The forms that leave something out.
fn shorter_forms(input: &Input) -> Vec<Form> {
    traced(input).filter(|form| is_worth(input, form)).into_iter().chain(elided(input)).collect()
}

/// A form that shows everything in so many characters is soon read.
const SOON_READ: usize = 32_000;

/// Whether the shortest form that shows everything, of `whole` characters, leaves nothing to be wished for: what is left
/// out may be asked for, and then has to be read on top.
fn is_enough(input: &Input, whole: usize) -> bool {
    whole <= SOON_READ && whole * 3 <= input.text.len() * 2 && input.context.profile.bias >= 1.0
}

/// A form that is this part of the text or less costs little, even if the original has to be got back afterwards.
const LITTLE: usize = 4;

/// Whether it is likely that a trace's `form` is enough, so that the original need not be got back and read as well.
fn is_worth(input: &Input, form: &Form) -> bool {
    let length = input.text.len();
    if input.context.profile.bias < 1.0 || form.text.len() * LITTLE <= length {
        return true;
    }
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a guess")]
    let retrieved = (literal::hidden_share(input.text, &form.text) * length as f32) as usize;
    form.text.len() + retrieved < length
}

/// The rows without foreign frames of traces, where the reader can get them back.
fn traced(input: &Input) -> Option<Form> {
    let is_allowed = input.context.retrievable && input.first_line.is_none();
    let form = if is_allowed { traced_form(input) } else { None };
    form.map(|text| Form::of(text, Loss::Content))
}

/// The elided forms, where the reader can get back what they leave out. A text with line numbers is part of a file, and
/// a marker's line numbers would not be the file's: there nothing is elided.
fn elided(input: &Input) -> Vec<Form> {
    let is_allowed = input.context.retrievable && input.first_line.is_none();
    let forms = if is_allowed { elided_forms(input) } else { Vec::new() };
    forms.into_iter().map(|text| Form::of(text, Loss::Content)).collect()
}

#[cfg(test)]
mod tests;
