//! Checks, oracles and benchmark reports.

fn main() {}
