//! Chores of the repository, each by name: `cargo xtask ci`.
#![forbid(unsafe_code)]

mod ci;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["ci"] => ci::run(),
        _ => bail!(
            "usage: cargo xtask ci    form, lints, documents and tests: what a change must pass"
        ),
    }
}
