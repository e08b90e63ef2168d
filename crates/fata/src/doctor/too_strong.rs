//! A discriminator that is too strong: it tells every sample from the data, and
//! the generator comes no nearer for it.
//!
//! A discriminator that is always right is no disease by itself: most good runs
//! have one for a while, and learn from it. What makes it one is that the samples
//! are far from the data and stay there.

use super::{Advice, Diagnosis, Disease, Line, Patient, rate};
use crate::recipe::{LossKind, Recipe};

/// The chance of telling a sample from data that leaves nothing to guess.
const CERTAIN: f64 = 0.97;
/// The gap between D(x) and D(G(z)) that goes with it.
const GAP: f64 = 0.5;
/// The gap at which logarithms have no slope left.
const SATURATED: f64 = 0.97;
/// Samples this near to the data learn from whatever the discriminator says.
const FAR: f64 = 0.15;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let measured = window.median("separation").is_some();
    let critic = patient
        .recipe
        .is_some_and(|recipe| matches!(recipe.loss.kind, LossKind::Wasserstein | LossKind::Hinge));
    let far = |line: &Line| line.get("distance").is_none_or(|distance| distance >= FAR);
    let certain = |line: &Line| {
        let sure = line
            .get("separation")
            .is_none_or(|chance| chance >= CERTAIN);
        let apart = critic && measured || gap(line).is_some_and(|gap| gap >= GAP);
        sure && apart && far(line)
    };
    let saturated = |line: &Line| certain(line) && gap(line).is_some_and(|gap| gap >= SATURATED);
    let dead = window.mostly(saturated);
    let standing = match window.improving() {
        Some(improving) => !improving && window.mostly(certain),
        None => false,
    };
    if !dead && !standing {
        return None;
    }
    let since = match dead {
        true => window.since(saturated),
        false => window.since(certain),
    };
    let found = Diagnosis::new(Disease::DiscriminatorTooStrong, since)
        .seen(
            "separation",
            window.median("separation"),
            "the chance that the discriminator tells a sample from data it has not seen",
        )
        .seen(
            "probability_fake",
            window.median("probability_fake"),
            "what it thinks of samples",
        )
        .seen(
            "distance",
            window.median("distance"),
            "samples stay this far from the data",
        )
        .seen(
            "gradient_norm_generator",
            window.median("gradient_norm_generator"),
            "what is left of the generator's gradient",
        );
    Some(found.advised(patient.recipe.map(weaker).into_iter().flatten()))
}

fn gap(line: &Line) -> Option<f64> {
    Some(line.get("probability_real")? - line.get("probability_fake")?)
}

fn weaker(recipe: &Recipe) -> Vec<Advice> {
    let (generator, discriminator) = (&recipe.optimizer.generator, &recipe.optimizer.discriminator);
    let mut set = Vec::new();
    if recipe.loss.kind == LossKind::Minimax {
        set.push("loss.kind=non-saturating".into());
    }
    if recipe.train.discriminator_steps > 1 && recipe.loss.kind != LossKind::Wasserstein {
        set.push("train.discriminator_steps=1".into());
    }
    let even = discriminator.rate > generator.rate;
    let slower = match even {
        true => generator.rate,
        false => discriminator.rate / 4.0,
    };
    // Rates of different rules cannot be compared.
    let slower = match generator.kind == discriminator.kind {
        true => slower,
        false => discriminator.rate / 4.0,
    };
    if set.is_empty() || even {
        set.push(rate("discriminator", slower));
    }
    let mut all = vec![Advice::set(
        set,
        "a slower discriminator, and a loss that still has a slope where it is sure",
    )];
    let why = "a gradient penalty keeps the discriminator from becoming steep between data and samples, so it can be right and still teach";
    all.extend(smoother(recipe, why));
    if recipe.loss.smoothing == 0.0 && recipe.loss.kind == LossKind::NonSaturating {
        let why = "one-sided label smoothing keeps it from being sure";
        all.push(Advice::set(vec!["loss.smoothing=0.1".into()], why));
    }
    all
}

/// R1 in the way that this recipe can take it on, if it can and has no gradient
/// penalty yet.
pub(super) fn smoother(recipe: &Recipe, why: &str) -> Option<Advice> {
    if recipe.penalty.of_gradient().is_some() {
        return None;
    }
    let set: Vec<String> = vec!["penalty.r1=1".into(), "penalty.every=4".into()];
    let without_norm = [&set[..], &["model.discriminator_norm=none".into()]].concat();
    if fits(recipe, &set) {
        return Some(Advice::set(set, why));
    }
    fits(recipe, &without_norm).then(|| Advice::anew(without_norm, why))
}

/// Whether the recipe can take these values on.
fn fits(recipe: &Recipe, set: &[String]) -> bool {
    let mut set = set.iter();
    let changed = set.try_fold(recipe.clone(), |recipe, set| recipe.with_set(set));
    changed.is_ok_and(|recipe| recipe.check_together().is_ok())
}
