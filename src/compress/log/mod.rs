//! The log compressor.

mod lines;
mod row_form;
mod rows;
mod split;
mod stamp;
mod template;

pub(crate) use row_form::row_form;

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
        row_form(input.text, input.first_line, input.context.hints)
            .map(|text| Form { text, loss: Loss::None })
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
