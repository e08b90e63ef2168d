//! `doctor-cost [TICKS]`: what the doctor adds to training: the time of a tick's
//! checkup against that of the steps since the tick before. Runs write nothing, so
//! between the last step and the end of the tick there is the checkup and little else.

use crate::peers::median;
use anyhow::Context;
use fata::{Recipe, Trainer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Images between two ticks: the fewest for which the checkup has its full size,
/// and so the dearest case. Recipes have ticks further apart.
const EVERY: u64 = 6_144;

/// The works that training is measured by, on enlarged digits.
const WORKS: [(&str, &[&str]); 2] = [
    ("W1, DCGAN at 64x64", &["train.resolution=64"]),
    (
        "W2, DCGAN at 32x32",
        &["train.resolution=32", "model.width=32"],
    ),
];

/// A table in Markdown.
pub(crate) fn report(words: &[&str]) -> anyhow::Result<()> {
    let ticks: u64 = words.first().map_or(Ok(3), |word| word.parse())?;
    println!("| work | seconds between ticks | of them the checkup, median | share | most |");
    println!("|---|---|---|---|---|");
    for (name, set) in WORKS {
        let mut recipe = Recipe::named("dcgan")?.with_data("digits")?;
        let all = [
            "train.batch=64".to_owned(),
            format!("train.every={EVERY}"),
            format!("train.images={}", EVERY * ticks),
        ];
        for set in set.iter().copied().chain(all.iter().map(String::as_str)) {
            recipe = recipe.with_set(set)?;
        }
        let times = times(recipe)?;
        let seconds = |of: fn(&[Duration; 2]) -> Duration| -> Vec<f64> {
            times.iter().map(|times| of(times).as_secs_f64()).collect()
        };
        let shares: Vec<f64> = times
            .iter()
            .map(|[whole, checkup]| checkup.as_secs_f64() / whole.as_secs_f64())
            .collect();
        println!(
            "| {name} | {:.1} | {:.2} s | {:.2} % | {:.2} % |",
            median(seconds(|times| times[0])),
            median(seconds(|times| times[1])),
            100.0 * median(shares.clone()),
            100.0 * shares.iter().copied().fold(0.0, f64::max),
        );
    }
    Ok(())
}

/// Of every tick: its whole time, and that after its last step.
fn times(recipe: Recipe) -> anyhow::Result<Vec<[Duration; 2]>> {
    let mut trainer = Trainer::new(recipe)?;
    let last = Arc::new(Mutex::new(None));
    let stepped = Arc::clone(&last);
    trainer.on_step(move |_| {
        *stepped.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    });
    let mut times = Vec::new();
    loop {
        let began = Instant::now();
        if trainer.next_tick()?.is_none() {
            return Ok(times);
        }
        let last = *last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.context("a tick without a step")?;
        times.push([began.elapsed(), last.elapsed()]);
    }
}
