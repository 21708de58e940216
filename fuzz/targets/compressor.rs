//! One compressor, named by `HEADROOM_FUZZ`.
#![no_main]
use std::sync::LazyLock;

static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("HEADROOM_FUZZ").expect("`HEADROOM_FUZZ` names a compressor"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| headroom_fuzz::compressor(&NAME, data));
