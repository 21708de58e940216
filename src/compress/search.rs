//! The search compressor.

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Input};

/// Stands for the search compressor in `COMPRESSORS`.
pub(crate) struct Search;

impl Compressor for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn version(&self) -> u32 {
        1
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Search
    }

    fn forms(&self, _input: &Input) -> Vec<Form> {
        Vec::new()
    }
}
