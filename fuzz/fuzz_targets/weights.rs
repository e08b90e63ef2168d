//! Whatever a file of weights holds, opening it returns and runs nothing.
#![no_main]

use fata::judge::features::weights::WeightsFile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = WeightsFile::from_bytes(bytes.to_vec());
});
