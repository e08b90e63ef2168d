//! Overfitting: a discriminator that knows the data by heart, and a generator
//! that gives them back.

use super::{Advice, Diagnosis, Disease, Line, Patient, rounded};
use crate::augment::Kind;
use crate::recipe::{ModelKind, Recipe};

/// The share of the way from data seen to samples at which unseen data lie:
/// half of what the discriminator knows, it knows of these data alone.
const BY_HEART: f64 = 0.4;
/// From here on it knows hardly anything else, and teaches no more. Below, every
/// discriminator of a small set knows some of it by heart, and the samples may go
/// on to get better: it is a disease when they do not.
const ONLY_BY_HEART: f64 = 0.65;
/// Samples this much nearer to some training item than those are to each other
/// are becoming copies.
const COPIES: f64 = 0.7;
/// A small set that was shown so often, of which nothing is held out, is known
/// by heart where the discriminator is still sure of it.
const SHOWN: f64 = 300.0;
/// How sure.
const SURE: f64 = 0.6;
/// Samples further off than this have another disease.
const LEARNT: f64 = 0.3;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let known =
        |line: &Line, limit: f64| line.get("overfitting").is_some_and(|share| share >= limit);
    let limit = match window.falling_back() {
        Some(false) => ONLY_BY_HEART,
        Some(true) | None => BY_HEART,
    };
    let by_heart = |line: &Line| known(line, limit);
    let copies = |line: &Line| line.get("novelty").is_some_and(|novelty| novelty <= COPIES);
    let worn = |line: &Line| {
        let gap = line
            .get("probability_real")
            .zip(line.get("probability_fake"));
        line.get("probability_held_out").is_none()
            && line.get("epochs").is_some_and(|epochs| epochs >= SHOWN)
            && line
                .get("distance")
                .is_some_and(|distance| distance <= LEARNT)
            && gap.is_some_and(|(real, fake)| real - fake >= SURE)
    };
    let (learnt, copied, worn_out) = (
        window.mostly(by_heart),
        window.mostly(copies),
        window.mostly(worn),
    );
    if !learnt && !copied && !worn_out {
        return None;
    }
    let since = window.since(|line| by_heart(line) || copies(line) || worn(line));
    let mut found = Diagnosis::new(Disease::Overfitting, since);
    if learnt {
        found = found
            .seen(
                "overfitting",
                window.median("overfitting"),
                "0 is a discriminator that treats data it has not seen like those it has, 1 one that takes them for samples",
            )
            .seen(
                "probability_real",
                window.median("probability_real"),
                "what it thinks of data it has seen",
            )
            .seen(
                "probability_held_out",
                window.median("probability_held_out"),
                "and of data it has not",
            );
    }
    if worn_out {
        found = found
            .seen(
                "epochs",
                window.median("epochs"),
                "each item of a small set has been shown so many times",
            )
            .seen(
                "probability_real",
                window.median("probability_real"),
                "and the discriminator is still sure of them beside samples that are near",
            );
    }
    if copied {
        found = found.seen(
            "novelty",
            window.median("novelty"),
            "samples are this near to a training item, where these are 1 from each other: they are becoming copies",
        );
    }
    Some(found.advised(patient.recipe.map(freer).into_iter().flatten()))
}

fn freer(recipe: &Recipe) -> Vec<Advice> {
    let mut all = Vec::new();
    if recipe.augment.kind == Kind::None && recipe.train.resolution.is_some() {
        all.push(Advice::set(
            vec!["augment.kind=diffaugment".into()],
            "both sides are shown changed, so that there is more to see of the same data",
        ));
    }
    let mut set = Vec::new();
    for (key, weight) in [
        ("penalty.r1", recipe.penalty.r1),
        ("penalty.r2", recipe.penalty.r2),
    ] {
        if weight > 0.0 {
            set.push(format!("{key}={}", rounded(4.0 * weight)));
        }
    }
    match set.is_empty() {
        false => all.push(Advice::set(
            set,
            "a stronger penalty: a smoother discriminator",
        )),
        true => {
            let why = "a gradient penalty: a discriminator too smooth to know each item";
            all.extend(super::too_strong::smoother(recipe, why));
        }
    }
    let small = recipe
        .model
        .discriminator_width
        .unwrap_or(recipe.model.width)
        / 2;
    if small > 0 && recipe.model.kind != ModelKind::Mlp {
        let set = vec![format!("model.discriminator_width={small}")];
        all.push(Advice::anew(set, "a smaller discriminator"));
    }
    let why = "more data are the best cure; or stop where the samples were best: judging keeps that checkpoint";
    all.push(Advice::set(
        vec![format!("judge.every={}", recipe.train.every)],
        why,
    ));
    all
}
