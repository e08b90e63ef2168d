//! Oscillation without progress: samples come near to the data and leave again.

use super::{Advice, Diagnosis, Disease, Line, Patient, rate};
use crate::recipe::{OptimizerKind, Recipe};

/// The distance rises and falls by this factor.
const SWING: f64 = 4.0;
/// And to this height.
const HIGH: f64 = 0.12;
/// The middle of the later half falls below this share of the earlier one's where
/// there is progress.
const FALLING: f64 = 0.6;
/// Near enough to say that the samples had arrived.
const ARRIVED: f64 = 0.35;
/// Samples that leave out this share of the data have not arrived, however near
/// they are on the whole: they jump between places of it (mode collapse).
const HALF: f64 = 0.5;
/// Times that it goes through its middle.
const TURNS: usize = 2;
/// A point at one place is less far than this from data about it: further out it
/// has overshot them.
const OVERSHOT: f64 = 1.15;
/// The share of ticks that have.
const OFTEN: f64 = 0.3;
/// How far the generator is from its own average where it wanders.
const WANDERS: f64 = 0.25;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let long = window.long();
    let distances: Vec<f64> = long
        .iter()
        .filter_map(|line| line.get("distance"))
        .collect();
    if window.lines.len() < 6 || distances.len() < 5 || window.forward() {
        return None;
    }
    let low = distances
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .max(0.005);
    let high = distances.iter().copied().fold(0.0, f64::max);
    let middle = (low * high).sqrt();
    let turns = distances.windows(2);
    let turns = turns
        .filter(|pair| (pair[0] > middle) != (pair[1] > middle))
        .count();
    // Swings about a level that falls are how a young run learns.
    let (first, second) = distances.split_at(distances.len() / 2);
    let falls = middle_of(second) < FALLING * middle_of(first);
    let back_and_forth = !falls && high >= HIGH && high >= SWING * low && turns >= TURNS;
    let overshot = distances
        .iter()
        .filter(|&&distance| distance > OVERSHOT)
        .count();
    let overshoots = overshot as f64 >= OFTEN * distances.len() as f64;
    let wanders = super::window::median(long, "unrest").is_none_or(|unrest| unrest >= WANDERS);
    let nearest = long.iter().min_by(|a, b| {
        let [a, b] = [a, b].map(|line| line.get("distance").unwrap_or(f64::INFINITY));
        a.total_cmp(&b)
    });
    let left_out = nearest.and_then(|line| line.get("missing"));
    let arrives = low <= ARRIVED && left_out.is_none_or(|missing| missing < HALF);
    if !back_and_forth || !wanders && !arrives || !arrives && !overshoots {
        return None;
    }
    let returns = |line: &Line| {
        line.get("distance")
            .is_some_and(|distance| distance < middle)
    };
    let nearest = long.iter().find(|line| returns(line));
    let found = Diagnosis::new(Disease::Oscillation, nearest.map(|line| line.images_seen))
        .seen("distance", Some(low), "samples came this near to the data")
        .seen(
            "distance",
            Some(high),
            "and left again to this distance, more than once",
        )
        .seen(
            "unrest",
            super::window::median(long, "unrest"),
            "how far the generator is from its own average",
        )
        .seen(
            "swing_generator",
            super::window::median(long, "swing_generator"),
            "how much its loss swings within a tick",
        );
    Some(found.advised(patient.recipe.map(damped).into_iter().flatten()))
}

fn middle_of(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn damped(recipe: &Recipe) -> Vec<Advice> {
    let (generator, discriminator) = (&recipe.optimizer.generator, &recipe.optimizer.discriminator);
    let mut set = Vec::new();
    for (player, optimizer) in [("generator", generator), ("discriminator", discriminator)] {
        let carries = optimizer.kind != OptimizerKind::RmsProp && optimizer.beta1 > 0.0;
        if carries {
            set.push(format!("optimizer.{player}.beta1=0"));
        }
    }
    if super::too_strong::smoother(recipe, "").is_some_and(|smoother| !smoother.new_run) {
        set.push("penalty.r1=0.3".into());
    }
    let slower = vec![
        rate("generator", generator.rate / 4.0),
        rate("discriminator", discriminator.rate / 4.0),
    ];
    let mut all = Vec::new();
    if !set.is_empty() {
        all.push(Advice::set(
            set,
            "no momentum, which carries the players past each other, and a penalty that damps the circling (Mescheder et al. 2018)",
        ));
    }
    all.push(Advice::set(
        slower,
        "both learning rates at a quarter: smaller circles",
    ));
    if recipe.train.lookahead_every == 0 {
        all.push(Advice::set(
            vec!["train.lookahead_every=5".into()],
            "both players go back half of the way every five steps (lookahead)",
        ));
    }
    let why = "rates that fall to zero let the circles shrink";
    all.push(Advice::set(vec!["train.rate_decay=cosine".into()], why));
    all
}
