//! What comparisons with PyTorch share: the release binary, programs that print a
//! JSON object, and medians.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release binary, built by the cargo that runs this.
pub(crate) fn fata() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // All of the workspace, so that the engine is not built again with other features.
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--release",
        "--workspace",
        "--bin",
        "fata",
        "--message-format",
        "json",
    ]);
    let messages = output(&mut command)?;
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut program =
        artifacts.filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    program.next_back().context("cargo names no binary")
}

/// Where PyTorch's programs are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// A Python that takes the processor for what it is.
pub(crate) fn python(path: &Path) -> Command {
    let mut command = Command::new(path);
    // These tell a BLAS to take it for another one.
    command
        .env_remove("OPENBLAS_CORETYPE")
        .env_remove("OPENBLAS_L2_SIZE");
    command
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len().is_multiple_of(2) {
        true => f64::midpoint(values[middle - 1], values[middle]),
        false => values[middle],
    }
}

pub(crate) fn number(object: &Value, key: &str) -> anyhow::Result<f64> {
    object[key]
        .as_f64()
        .with_context(|| format!("no number `{key}` in {object}"))
}

/// The JSON object that a program prints.
pub(crate) fn run(mut command: Command) -> anyhow::Result<Value> {
    let text = output(&mut command)?;
    serde_json::from_str(text.trim()).with_context(|| format!("{command:?} printed no JSON"))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    command.stderr(std::process::Stdio::inherit());
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}
