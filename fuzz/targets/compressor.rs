#![no_main]

use std::sync::LazyLock;

/// The compressor that the texts go through.
static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("HEADROOM_FUZZ").expect("the name of a compressor"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| headroom_fuzz::compressor(&NAME, data));
