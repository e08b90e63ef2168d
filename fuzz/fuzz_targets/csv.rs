//! Whatever a CSV holds, it is read or refused, and what is read is finite.
#![no_main]

use fata::data::points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(points) = points::parse_csv(bytes) {
        assert!(points.values.iter().all(|value| value.is_finite()));
    }
});
