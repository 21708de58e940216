//! The log compressor.

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input};

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

    fn forms(&self, _input: &Input) -> Vec<Form> {
        Vec::new()
    }
}
