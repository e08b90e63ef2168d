//! Whatever a sum of latents says, it is read or refused with a place inside the
//! text, and its weights are finite.
#![no_main]

use fata::latent::{Expression, Stops};

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<Expression>() {
        Ok(read) => {
            assert!(read.weights().values().all(|weight| weight.is_finite()));
            let again: Expression = read.to_string().parse().expect("what was read reads again");
            assert_eq!(again.weights(), read.weights());
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.at));
            let _ = error.to_string();
        }
    }
    let _ = text.parse::<Stops>();
});
