//! `cargo xtask ci`: what a change must pass, in the order in which a failure
//! is cheapest to learn of. It stops at the first.

use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// Where the README names the command that passes the tests.
const README: &str = "README.md";

pub(crate) fn run() -> anyhow::Result<()> {
    let tests = test_command(&std::fs::read_to_string(root().join(README))?)?;
    // In the tests' profile, so that build scripts and macros are built once.
    let steps = [
        ("form", "cargo fmt --all --check"),
        ("spelling", "typos"),
        (
            "lints",
            "cargo clippy --release --workspace --all-targets -- -D warnings",
        ),
        ("documents", "cargo doc --release --workspace --no-deps"),
        ("tests", &tests),
    ];
    for (name, command) in steps {
        eprintln!("== {name}: {command}");
        let mut words = command.split_whitespace();
        let program = words.next().context("a step has a program")?;
        let status = Command::new(program)
            .args(words)
            .current_dir(root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(_) => bail!("{name}: `{command}` failed"),
            // Not part of the toolchain, and too large to build along.
            Err(error) if program == "typos" && error.kind() == ErrorKind::NotFound => {
                eprintln!("left out: `cargo install typos-cli` or `pip install typos` brings it");
            }
            Err(error) => return Err(error).with_context(|| format!("cannot run {program}")),
        }
    }
    Ok(())
}

/// The workspace's folder.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The README's indented line that runs `cargo test`.
fn test_command(readme: &str) -> anyhow::Result<String> {
    let mut lines = readme.lines().filter(|line| line.starts_with("    "));
    let line = lines.find(|line| line.trim_start().starts_with("cargo test"));
    let line = line.with_context(|| format!("{README} names no `cargo test` command"))?;
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_command_is_the_one_that_the_readme_names() {
        let readme = std::fs::read_to_string(root().join(README)).unwrap();
        assert!(test_command(&readme).unwrap().starts_with("cargo test "));
        assert!(test_command("# Fata\n\ncargo test in a sentence\n").is_err());
    }
}
