//! What a run would be and take, measured over a few steps.

use super::{TrainArgs, duration, print_object};
use fata::Trainer;
use serde_json::json;
use std::process::ExitCode;
use std::time::Instant;

/// Steps that are timed, after one untimed.
const STEPS: usize = 5;

/// Says it, and writes nothing.
pub(super) fn dry_run(mut trainer: Trainer, arguments: &TrainArgs) -> anyhow::Result<ExitCode> {
    trainer.step()?;
    let (began, before) = (Instant::now(), trainer.progress().images_seen);
    for _ in 0..STEPS {
        trainer.step()?;
    }
    let seen = trainer.progress().images_seen - before;
    let images_per_second = seen as f64 / began.elapsed().as_secs_f64();
    let recipe = trainer.recipe();
    let by_images = recipe.train.images as f64 / images_per_second;
    let expected_seconds = recipe
        .train
        .minutes
        .map_or(by_images, |minutes| by_images.min(60.0 * minutes));
    let expected_memory_bytes = fata::train::resident_memory() + trainer.memory_to_come();
    let [generator, discriminator] = trainer.parameter_counts();
    if arguments.machine.json {
        print_object(
            &trainer,
            json!({
                "images_per_second": images_per_second,
                "expected_seconds": expected_seconds,
                "expected_memory_bytes": expected_memory_bytes,
                "recipe": recipe,
            }),
        );
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.quiet {
        print!("{}", recipe.to_toml());
        for notice in &trainer.notices {
            eprintln!("note: {notice}");
        }
        eprintln!();
        eprintln!("generator        {generator:>12} parameters");
        eprintln!("discriminator    {discriminator:>12} parameters");
        eprintln!("speed            {images_per_second:>12.0} images/s, over {STEPS} steps");
        eprintln!("time             {:>12}", duration(expected_seconds));
        eprintln!(
            "memory           {:>12} MB",
            expected_memory_bytes / 1_000_000
        );
    }
    Ok(ExitCode::SUCCESS)
}
