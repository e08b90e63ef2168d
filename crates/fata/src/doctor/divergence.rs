//! Divergence: numbers that are no longer finite, losses that run away, and a
//! run that has lost what it had learnt.

use super::window::{Window, median};
use super::{Advice, Diagnosis, Disease, Event, Evidence, Line, Patient, rate};
use crate::recipe::Recipe;

/// A loss beyond this is out of hand.
const HUGE_LOSS: f64 = 100.0;
/// And so is one that has grown by so much.
const GROWTH: f64 = 20.0;
/// What was learnt is lost where samples are so many times as far from the data
/// as they were once.
const LOST: f64 = 10.0;
/// And this far at least: further than any one place of the data is from the others.
const FAR: f64 = 1.0;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let found = not_finite(patient)
        .or_else(|| runaway(patient.window()))
        .or_else(|| lost(patient.window()))?;
    Some(found.advised(patient.recipe.map(slower).into_iter().flatten()))
}

/// The run broke down, and has not gone further since.
fn not_finite(patient: Patient) -> Option<Diagnosis> {
    let last = patient.lines.last().map_or(0, |line| line.images_seen);
    let Event::NotFinite {
        images_seen,
        step,
        player,
        tensor,
    } = patient.events.last()?
    else {
        return None;
    };
    let says = format!("at this step {tensor} of the {player} was not finite (NaN or infinity)");
    let mut found = Diagnosis::new(Disease::Divergence, Some(*images_seen));
    found
        .evidence
        .push(Evidence::new("step", *step as f64, says));
    (*images_seen >= last).then_some(found)
}

/// A loss that grows without bound.
fn runaway(window: Window) -> Option<Diagnosis> {
    let third = window.lines.len() / 3;
    ["loss_discriminator", "loss_generator"]
        .iter()
        .find_map(|name| {
            let now = window.median(name)?.abs();
            let then = median(window.lines.get(..third)?, name)?.abs();
            let huge = |line: &Line| line.get(name).is_some_and(|loss| loss.abs() > HUGE_LOSS);
            let grown = now > GROWTH * then && window.mostly(huge);
            grown.then(|| {
                Diagnosis::new(Disease::Divergence, window.since(huge)).seen(
                    name,
                    window.median(name),
                    "this loss has left every bound and is still growing",
                )
            })
        })
}

/// Samples were near to the data, and are far from them now.
fn lost(window: Window) -> Option<Diagnosis> {
    let near = window.lines.iter().filter_map(|line| line.get("distance"));
    let best = near.fold(f64::INFINITY, f64::min).max(0.01);
    let gone = |line: &Line| {
        let distance = line.get("distance");
        distance.is_some_and(|distance| distance > FAR.max(LOST * best))
    };
    // What comes back is no divergence: all of a good while has to be lost.
    let long = window.long();
    let all = long.iter().rev().take(long.len().div_ceil(2)).all(gone);
    (window.mostly(gone) && all).then(|| {
        let says = format!("samples are this far from the data, and were at {best:.2} once");
        Diagnosis::new(Disease::Divergence, window.since(gone)).seen(
            "distance",
            window.median("distance"),
            &says,
        )
    })
}

/// Both players at a quarter of their rates.
fn slower(recipe: &Recipe) -> Vec<Advice> {
    let players = &recipe.optimizer;
    let set = vec![
        rate("generator", players.generator.rate / 4.0),
        rate("discriminator", players.discriminator.rate / 4.0),
    ];
    let mut all = vec![Advice::set(
        set,
        "both learning rates at a quarter: steps too long are what numbers run away by",
    )];
    let why =
        "a gradient penalty keeps the discriminator's slopes, and so the generator's steps, small";
    all.extend(super::too_strong::smoother(recipe, why));
    let why = "the run keeps its best checkpoint and goes back to it by itself";
    all.push(Advice::flags("--auto", why));
    all
}
