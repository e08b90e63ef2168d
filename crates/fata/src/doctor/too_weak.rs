//! A discriminator that is too weak: samples are far from the data and it does
//! not see that, so what it teaches is nothing, or wrong.

use super::{Advice, Diagnosis, Disease, Line, Patient, rate, rounded};
use crate::recipe::Recipe;

/// It puts samples before data more often than this.
const MISLED: f64 = 0.35;
/// Or thinks them more real by this much.
const PREFERS: f64 = 0.1;
/// Misled to this degree, it is no matter that the samples move.
const HOPELESS: f64 = 0.1;
/// And so it is where samples are further from the data than noise is.
const LOST: f64 = 2.5;
/// Answers that are this near to each other teach too little.
const FAINT: f64 = 0.05;
/// The chance of telling a sample from data at which they still should teach.
const SEES: f64 = 0.9;
/// A rate at which small players of most games learn without breaking down.
const BEARABLE: f64 = 0.001;
/// Samples that are nearer than this leave nothing to see.
const FAR: f64 = 0.15;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let far = |line: &Line| line.get("distance").is_none_or(|distance| distance >= FAR);
    let prefers = |line: &Line| gap(line).is_some_and(|gap| gap <= -PREFERS);
    let misled = |line: &Line| {
        let chance = line.get("separation");
        far(line) && (chance.is_some_and(|chance| chance <= MISLED) || prefers(line))
    };
    let hopeless = |line: &Line| {
        let chance = line.get("separation");
        misled(line) && (has_run_away(line) || chance.is_some_and(|chance| chance <= HOPELESS))
    };
    let faint = |line: &Line| {
        let sees = line.get("separation").is_some_and(|chance| chance >= SEES);
        far(line) && sees && gap(line).is_some_and(|gap| gap.abs() <= FAINT)
    };
    let standing = window.improving() != Some(true);
    let since = if window.mostly(hopeless) || standing && window.mostly(misled) {
        window.since(misled)
    } else if standing && window.mostly(faint) {
        window.since(faint)
    } else {
        return None;
    };
    let found = Diagnosis::new(Disease::DiscriminatorTooWeak, since)
        .seen(
            "separation",
            window.median("separation"),
            "the chance that the discriminator puts data before a sample: 1/2 is guessing, less is being misled",
        )
        .seen(
            "probability_real",
            window.median("probability_real"),
            "what it thinks of data",
        )
        .seen(
            "probability_fake",
            window.median("probability_fake"),
            "what it thinks of samples",
        )
        .seen(
            "distance",
            window.median("distance"),
            "yet samples are this far from the data",
        );
    Some(found.advised(patient.recipe.map(stronger).into_iter().flatten()))
}

/// Whether samples are so far from the data that nothing leads them back: what the
/// generator has learnt on its way is in the way of everything else.
pub(crate) fn has_run_away(line: &Line) -> bool {
    line.get("distance")
        .is_some_and(|distance| distance >= LOST)
}

fn gap(line: &Line) -> Option<f64> {
    Some(line.get("probability_real")? - line.get("probability_fake")?)
}

fn stronger(recipe: &Recipe) -> Vec<Advice> {
    let (generator, discriminator) = (&recipe.optimizer.generator, &recipe.optimizer.discriminator);
    let mut set = Vec::new();
    let behind = generator.kind == discriminator.kind && discriminator.rate < generator.rate;
    if behind {
        // The faster one's, which has moved the samples; slower players stay in what
        // they have fallen into. But no faster than most games bear.
        let even = generator.rate.min(BEARABLE).max(discriminator.rate);
        set.push(rate("generator", even));
        set.push(rate("discriminator", even));
    } else {
        set.push(rate("generator", generator.rate / 4.0));
        let steps = (2 * recipe.train.discriminator_steps).min(8);
        set.push(format!("train.discriminator_steps={steps}"));
    }
    let mut all = vec![Advice::set(
        set,
        "a discriminator that learns as fast as the generator it must judge",
    )];
    let penalty = &recipe.penalty;
    for (key, weight) in [
        ("penalty.r1", penalty.r1),
        ("penalty.r2", penalty.r2),
        ("penalty.gradient", penalty.gradient),
        ("penalty.dragan", penalty.dragan),
    ] {
        if weight > 0.0 {
            let set = vec![format!("{key}={}", rounded(weight / 10.0))];
            all.push(Advice::set(
                set,
                "a weaker penalty, which lets the discriminator become steeper",
            ));
        }
    }
    if penalty.clip > 0.0 {
        let set = vec![format!("penalty.clip={}", rounded(10.0 * penalty.clip))];
        all.push(Advice::set(set, "wider bounds on the critic's weights"));
    }
    let width = recipe
        .model
        .discriminator_width
        .unwrap_or(recipe.model.width);
    let set = vec![format!("model.discriminator_width={}", 2 * width)];
    all.push(Advice::anew(set, "a larger discriminator"));
    all
}
