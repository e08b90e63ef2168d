//! The `fata` binary.
#![forbid(unsafe_code)]

fn main() {}
