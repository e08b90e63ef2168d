//! Whatever an IDX file holds, it is read or refused, and what is read is whole.
#![no_main]

use fata::data::idx;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(pictures) = idx::pictures(bytes) {
        let size = pictures.height * pictures.width * pictures.channels;
        assert_eq!(pictures.pixels.len(), pictures.count * size);
    }
    let _ = idx::labels(bytes);
});
