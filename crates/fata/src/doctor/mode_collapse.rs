//! Mode collapse: full, where samples are alike, and partial, where places of the
//! data are never visited.

use super::{Advice, Diagnosis, Disease, Line, Patient, rate};
use crate::recipe::{Condition, ModelKind, Optimizers, Recipe};

/// Samples that are this much less unlike each other than data are alike.
const ALIKE: f64 = 0.4;
/// That much is no accident where samples are this far from the data.
const FAR: f64 = 0.1;
/// A share of the data that is never made.
const LEFT_OUT: f64 = 0.3;
/// Where this much is left out the distance shows it.
const AWAY: f64 = 0.02;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let alike = |line: &Line| {
        line.get("diversity")
            .is_some_and(|diversity| diversity <= ALIKE)
            && line.get("distance").is_some_and(|distance| distance >= FAR)
    };
    let partial = |line: &Line| {
        line.get("missing")
            .is_some_and(|missing| missing >= LEFT_OUT)
            && line
                .get("distance")
                .is_some_and(|distance| distance >= AWAY)
    };
    let collapsed = |line: &Line| alike(line) || partial(line);
    if window.forward() || !window.mostly(collapsed) {
        return None;
    }
    let found = Diagnosis::new(Disease::ModeCollapse, window.since(collapsed))
        .seen(
            "diversity",
            window.median("diversity"),
            "samples are this unlike each other, where data are 1",
        )
        .seen(
            "missing",
            window.median("missing"),
            "the share of the data in places where samples hardly ever are",
        )
        .seen(
            "distance",
            window.median("distance"),
            "how far samples are from the data for it",
        );
    Some(found.advised(patient.recipe.map(wider).into_iter().flatten()))
}

fn wider(recipe: &Recipe) -> Vec<Advice> {
    let mut all = Vec::new();
    let mut set = evened(&recipe.optimizer);
    let why =
        "a gradient penalty (R1): this discriminator can only take it without batch normalisation";
    let smoother = super::too_strong::smoother(recipe, why);
    let (now, anew): (Vec<Advice>, Vec<Advice>) =
        smoother.into_iter().partition(|one| !one.new_run);
    if !now.is_empty() {
        set.push("penalty.r1=0.3".into());
    }
    if !set.is_empty() {
        all.push(Advice::set(
            set,
            "a smooth discriminator that keeps pace pulls the generator to all of the data, not to the place it has neglected last",
        ));
    }
    all.extend(anew);
    if recipe.model.packing == 1 && recipe.model.condition == Condition::None {
        all.push(Advice::anew(
            vec!["model.packing=2".into()],
            "a discriminator that sees two samples together sees that they are alike",
        ));
    }
    if recipe.model.kind != ModelKind::Mlp {
        all.push(Advice::anew(
            vec!["model.minibatch=deviation".into()],
            "a discriminator that sees how a batch varies",
        ));
    }
    all
}

/// Rates at the slower one's, where the generator is the faster.
pub(super) fn evened(optimizer: &Optimizers) -> Vec<String> {
    let (generator, discriminator) = (&optimizer.generator, &optimizer.discriminator);
    match generator.kind == discriminator.kind && generator.rate > discriminator.rate {
        true => {
            let even = (generator.rate * discriminator.rate).sqrt();
            vec![rate("generator", even), rate("discriminator", even)]
        }
        false => Vec::new(),
    }
}
