//! Chores of the repository, each by name: `cargo xtask ci`.
#![forbid(unsafe_code)]

mod bench_peers;
mod ci;
mod digits_classifier;
mod feature_times;
mod judge_figures;
mod kill_resume;
mod vulkan;

use anyhow::bail;

const TASKS: &str = "\
    ci                              form, lints, documents and tests: what a change must pass
    bench-peers --python PATH ...   training steps against PyTorch's, in turn
    train-digits-classifier [FILE]  the classifier that the judge embeds
    time-features FEATURES [IMAGES] how fast images are read
    judge-figures                   the table of docs/judge.md
    kill-resume [SEED]              kills a training ten times, and sees that nothing is lost
    vulkan                          a training step on a Vulkan device against the processor";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let word = |place: usize| words.get(place).map(ToString::to_string);
    match words.first() {
        Some(&"ci") => ci::run(),
        Some(&"bench-peers") => bench_peers::report(&words[1..]),
        Some(&"train-digits-classifier") => digits_classifier::train(word(1)),
        Some(&"time-features") => feature_times::report(word(1), word(2)),
        Some(&"judge-figures") => judge_figures::report(),
        Some(&"kill-resume") => kill_resume::run(word(1)),
        Some(&"vulkan") => vulkan::check(),
        _ => bail!("usage: cargo xtask TASK\n{TASKS}"),
    }
}
