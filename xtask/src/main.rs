//! Chores of the repository, each by name: `cargo xtask ci`.
#![forbid(unsafe_code)]

mod bench_peers;
mod bench_remedies;
mod browser;
mod ci;
mod digits_classifier;
mod doctor_cost;
mod doctor_figures;
mod every_recipe;
mod feature_times;
mod judge_figures;
mod kill_resume;
mod peers;
mod penalties;
mod studio_load;
mod vulkan;

use anyhow::bail;

const TASKS: &str = "\
    ci                              form, lints, documents and tests: what a change must pass
    browser [PAGE ...]              the studio in a real Chromium, as a person uses it
    bench-peers --python PATH ...   training steps against PyTorch's, in turn
    bench-remedies --python PATH    what penalties and augmentation add to a step, beside PyTorch's
    train-digits-classifier [FILE]  the classifier that the judge embeds
    time-features FEATURES [IMAGES] how fast images are read
    judge-figures                   the table of docs/judge.md
    doctor-figures [SEEDS] [auto]   what the doctor says of failures and of healthy runs
    doctor-cost [TICKS]             what the doctor adds to training
    every-recipe [IMAGES] [SEEDS]   each recipe for a short while, and whether it resumes exactly
    kill-resume [SEED]              kills a training ten times, and sees that nothing is lost
    studio-load [SECONDS]           what the studio and the server bear, by wrk
    vulkan                          a training step on a Vulkan device against the processor
    penalties --python PATH         gradient penalties against PyTorch's, their cost too";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let word = |place: usize| words.get(place).map(ToString::to_string);
    match words.first() {
        Some(&"ci") => ci::run(),
        Some(&"browser") => browser::run(&words[1..]),
        Some(&"bench-peers") => bench_peers::report(&words[1..]),
        Some(&"bench-remedies") => bench_remedies::report(&words[1..]),
        Some(&"train-digits-classifier") => digits_classifier::train(word(1)),
        Some(&"time-features") => feature_times::report(word(1), word(2)),
        Some(&"judge-figures") => judge_figures::report(),
        Some(&"doctor-figures") => doctor_figures::report(&words[1..]),
        Some(&"doctor-cost") => doctor_cost::report(&words[1..]),
        Some(&"every-recipe") => every_recipe::report(&words[1..]),
        Some(&"kill-resume") => kill_resume::run(word(1)),
        Some(&"studio-load") => studio_load::report(word(1)),
        Some(&"vulkan") => vulkan::check(),
        Some(&"penalties") => penalties::report(&words[1..]),
        _ => bail!("usage: cargo xtask TASK\n{TASKS}"),
    }
}
