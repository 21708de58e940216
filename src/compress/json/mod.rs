//! The json compressor.

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input};

/// Stands for the json compressor in `COMPRESSORS`.
pub(crate) struct Json;

impl Compressor for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Json
    }

    fn forms(&self, _input: &Input) -> Vec<Form> {
        Vec::new()
    }
}
