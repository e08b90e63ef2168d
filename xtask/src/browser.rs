//! The studio's pages in a real Chromium, as a person uses them. It needs Node,
//! npm and a Chromium, so it is no part of `ci`.

use anyhow::{Context, bail};
use std::path::Path;
use std::process::Command;

/// Where the tests are.
const TESTS: &str = "crates/fata-studio/tests/browser";

/// Builds `fata`, fetches the driver where it is not there, and runs the tests
/// of all pages, or of those named.
pub(crate) fn run(pages: &[&str]) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the repository")?;
    let tests = root.join(TESTS);
    step(
        Command::new("cargo")
            .current_dir(root)
            .args(["build", "--release", "--workspace"]),
    )?;
    if !tests.join("node_modules/playwright-core").is_dir() {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        step(Command::new(npm).current_dir(&tests).args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
        ]))?;
    }
    let fata = std::env::current_exe()?.with_file_name("fata");
    step(
        Command::new("node")
            .current_dir(root)
            .arg(tests.join("run.mjs"))
            .arg(fata)
            .args(pages),
    )
}

fn step(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{name} cannot be started: is it installed?"))?;
    match status.success() {
        true => Ok(()),
        false => bail!("{name} failed"),
    }
}
