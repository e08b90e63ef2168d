//! Checks, oracles and benchmark reports.

mod digits_classifier;
mod feature_times;

use anyhow::bail;

const TASKS: &str = "train-digits-classifier [FILE], time-features FEATURES [IMAGES]";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("train-digits-classifier") => digits_classifier::train(arguments.next()),
        Some("time-features") => feature_times::report(arguments.next(), arguments.next()),
        _ => bail!("usage: cargo xtask TASK, a task being one of: {TASKS}"),
    }
}
