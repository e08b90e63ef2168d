//! `every-recipe [IMAGES] [SEEDS] [NAME]`: each shipped recipe trained by the library
//! for a short while on several seeds. A number that is not finite ends it; half
//! of the run resumed to its end must give the same generator, bit for bit.

use anyhow::{Context, ensure};
use fata::recipe::ModelKind;
use fata::{DeviceName, Recipe, Trainer};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Data that a recipe cannot do without; all others learn digits.
fn data(name: &str) -> &'static str {
    match name {
        "figure1" => "gaussian",
        "points" => "ring",
        _ => "digits",
    }
}

/// A table in Markdown.
pub(crate) fn report(words: &[&str]) -> anyhow::Result<()> {
    let number = |place: usize, or: u64| words.get(place).map_or(Ok(or), |word| word.parse());
    let (images, seeds) = (number(0, 2_000)?, number(1, 3)?);
    let only = words.get(2);
    println!(
        "| recipe | data | losses of D and G at the end, seed by seed | resumed exactly | seconds |"
    );
    println!("|---|---|---|---|---|");
    for name in fata::recipe::names() {
        if only.is_some_and(|only| *only != name) {
            continue;
        }
        let recipe = Recipe::named(name)?;
        if recipe.model.kind == ModelKind::Translation {
            println!("| `{name}` | needs two sets of pictures: not looked at | | | |");
            continue;
        }
        let began = Instant::now();
        let mut losses = Vec::new();
        for seed in 0..seeds {
            let recipe = recipe
                .clone()
                .with_data(data(name))?
                .with_set(&format!("train.images={images}"))?
                .with_set(&format!("train.every={}", images.div_ceil(4)))?
                .with_set(&format!("train.seed={seed}"))?;
            losses.push(one(recipe).with_context(|| format!("{name}, seed {seed}"))?);
        }
        println!(
            "| `{name}` | {} | {} | {seeds} of {seeds} | {:.0} |",
            data(name),
            losses.join("; "),
            began.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// Trains in one piece, and in two with a checkpoint between two ticks; both
/// must give the same. The losses of the last tick.
fn one(recipe: Recipe) -> anyhow::Result<String> {
    let place = tempfile::tempdir()?;
    let (whole, halves) = (place.path().join("whole"), place.path().join("halves"));
    let images = recipe.train.images;
    let device = || DeviceName::Cpu.open();

    let mut trainer = Trainer::create(recipe.clone(), &whole, device()?)?;
    let mut losses = [f64::NAN; 2];
    while let Some(tick) = trainer.next_tick()? {
        losses = [tick.loss_discriminator, tick.loss_generator];
    }
    drop(trainer);
    ensure!(
        losses.iter().all(|loss| loss.is_finite()),
        "a loss is not finite: {losses:?}"
    );

    let mut trainer = Trainer::create(recipe, &halves, device()?)?;
    while trainer.progress().images_seen < images / 2 {
        trainer.next_tick()?;
    }
    trainer.step()?;
    trainer.save()?;
    drop(trainer);
    let mut trainer = Trainer::resume(&halves, Ok, device()?)?;
    while trainer.next_tick()?.is_some() {}
    drop(trainer);

    let generator = |run: &Path| fs::read(run.join("generator.safetensors"));
    ensure!(
        generator(&whole)? == generator(&halves)?,
        "the generator of the resumed run is another"
    );
    let [d, g] = losses;
    Ok(format!("{d:.3}, {g:.3}"))
}
