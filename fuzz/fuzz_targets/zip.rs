//! Whatever a zip holds, listing and reading it returns.
#![no_main]

use fata::data::archive::Archive;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(archive) = Archive::from_bytes(bytes) {
        archive.exercise();
    }
});
