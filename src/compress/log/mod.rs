//! The log compressor.

mod elide;
mod lines;
mod row_form;
mod rows;
mod shapes;
mod split;
mod stamp;
mod template;
mod terminal;

pub(crate) use row_form::row_form;

use elide::elided_form;

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input, Loss};

/// Stands for the log compressor in `COMPRESSORS`.
pub(crate) struct Log;

impl Compressor for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Log
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        let hints = input.context.hints;
        let rows = row_form(input.text, input.first_line, hints).map(|text| Form { text, loss: Loss::None });
        let mut forms: Vec<Form> = elided(input).into_iter().chain(rows).collect();
        forms.sort_by_key(|form| form.text.len());
        forms
    }
}

/// The elided form, where the reader can get back what it leaves out. A text with line numbers is part of a file, and
/// a marker's line numbers would not be the file's: there nothing is elided.
fn elided(input: &Input) -> Option<Form> {
    let is_allowed = input.context.retrievable && input.first_line.is_none();
    let form = |()| elided_form(input.text, input.command, input.context.hints, input.context.handle);
    is_allowed.then_some(()).and_then(form).map(|text| Form { text, loss: Loss::Content })
}

#[cfg(test)]
mod tests;
