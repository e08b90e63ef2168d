//! What is measured at every tick for the doctor: the generated samples beside
//! the data, and the discriminator on items that it was never shown.
//!
//! A checkup looks and touches nothing: its latents come from a stream of their
//! own, networks are lent plain, statistics are left alone. So a run is the same
//! bit for bit with and without it, and every figure follows from the game and
//! the data, however the run came there. Its size follows from `train.every`, so
//! that it costs well under 3 % of what happens between two ticks.

mod cells;
mod miniature;
mod verdicts;

use super::TrainError;
use super::game::Game;
use super::supply::{Items, Supply};
use crate::layers::{Mode, Parameters, numbers};
use crate::recipe::Condition;
use crate::rng::{Random, Stream};
use burn::tensor::Tensor;
use cells::Cells;
use miniature::{Miniatures, distances_between, mean_pair_distance};
use serde::{Deserialize, Serialize};
use verdicts::{area_under_curve, chance, mean, probability};

/// The most pictures of each kind that are looked at: seen, held out, generated.
const MOST_PICTURES: usize = 256;
/// The most points.
const MOST_POINTS: usize = 512;
/// Images of training to each one that is looked at.
const TRAINED_PER_LOOKED_AT: u64 = 24;
/// Fewer than this say nothing.
const FEWEST: usize = 16;
/// Items beyond which copying is not looked for: that is a disease of small
/// sets, and all of them must be read for it.
const MOST_COPIED: usize = 1024;

/// The figures of a checkup. One that cannot be measured is not there: on a set
/// of a few items, or where nothing is held out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkup {
    /// Standard deviation of the discriminator's loss over the tick's steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swing_discriminator: Option<f64>,
    /// Of the generator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swing_generator: Option<f64>,
    /// Mean D(x) on data that were never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability_held_out: Option<f64>,
    /// The chance that the discriminator puts a real item before a generated
    /// one; on items held out, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separation: Option<f64>,
    /// Items on which the separation was measured, the fewer of both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separation_items: Option<f64>,
    /// `(D(seen) - D(held out)) / (D(seen) - D(generated))` of mean answers; 0 where
    /// chance explains the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overfitting: Option<f64>,
    /// How often each training item has been shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Mean distance between two generated samples, over that of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diversity: Option<f64>,
    /// Energy distance between samples and data, over the data's mean distance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The share of the data in places where the generator hardly ever is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// How far samples are from the nearest training item, over how far those
    /// are from each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novelty: Option<f64>,
    /// How far the generator is from its average, over the data's mean distance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrest: Option<f64>,
}

/// What checkups compare with: read from the data once, at the first of them.
pub(super) struct Examiner {
    looked_at: usize,
    reference: Option<Reference>,
}

struct Reference {
    /// Items that training shows.
    shown: usize,
    seen: Items,
    held_out: Option<Items>,
    miniatures: Miniatures,
    /// The mean distance between two of them.
    spread: f64,
    cells: Option<Cells>,
    training: Option<Training>,
}

/// All of a small set, for copies.
struct Training {
    miniatures: Miniatures,
    /// The median distance from an item to its nearest other.
    apart: f64,
}

impl Examiner {
    pub(super) fn new(game: &Game) -> Self {
        let most = match game.form.kind {
            crate::data::Kind::Images { .. } => MOST_PICTURES,
            crate::data::Kind::Points { .. } => MOST_POINTS,
        };
        let cheap = game.recipe.train.every / TRAINED_PER_LOOKED_AT;
        Self {
            looked_at: most.min(cheap as usize),
            reference: None,
        }
    }

    /// Looks at the game as it is.
    pub(super) fn examine(
        &mut self,
        game: &Game,
        supply: &Supply,
        checkup: &mut Checkup,
    ) -> Result<(), TrainError> {
        let packing = game.form.model.packing;
        let count = self.looked_at / packing * packing;
        if count < FEWEST {
            return Ok(());
        }
        let reference = match &mut self.reference {
            Some(reference) => reference,
            none => none.insert(Reference::read(game, supply, count)?),
        };
        let fakes = generated(game, &game.generator.parameters, count);
        checkup.epochs = Some(game.images_seen as f64 / reference.shown as f64);
        reference.compare(game, &fakes, checkup);
        reference.judge(game, &fakes, checkup);
        Ok(())
    }
}

/// Generated samples: values, and labels where the generator is told them.
struct Generated {
    values: Vec<Tensor<2>>,
    labels: Vec<Option<Tensor<2>>>,
}

/// Samples at this moment's weights, made in batches as training makes them.
fn generated(game: &Game, parameters: &Parameters, count: usize) -> Generated {
    let random = Random::new(game.recipe.train.seed);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (first, rows) in batches(game, count) {
        let counters = first as u64..(first + rows) as u64;
        let (z, of_batch) = game
            .latents
            .of_checkups(random, counters, parameters.device());
        let weights = parameters.plain(Mode::Train);
        values.push(
            game.generator_layers
                .forward(&weights, z, of_batch.as_ref()),
        );
        labels.push(of_batch);
    }
    Generated { values, labels }
}

/// `count` rows in batches near the size of training's: first row and rows.
fn batches(game: &Game, count: usize) -> Vec<(usize, usize)> {
    let packing = game.form.model.packing;
    let most = (game.recipe.train.batch.min(MOST_POINTS) / packing).max(1) * packing;
    let starts = (0..count).step_by(most);
    starts
        .map(|first| (first, most.min(count - first) / packing * packing))
        .filter(|&(_, rows)| rows > 0)
        .collect()
}

impl Reference {
    fn read(game: &Game, supply: &Supply, count: usize) -> Result<Self, TrainError> {
        let random = Random::new(game.recipe.train.seed);
        let cut = supply.cut(&game.recipe);
        let training = cut.training;
        let chosen = random
            .at(Stream::Checkup, u64::MAX)
            .permutation(training.len() as u32);
        let chosen: Vec<u32> = chosen
            .iter()
            .take(count)
            .map(|&place| training[place as usize])
            .collect();
        let seen = supply.read(&chosen)?;
        let held_out = match cut.held_out.len() {
            0 => None,
            _ => Some(supply.read(&spread_over(&cut.held_out, count))?),
        };
        let shape = game.form.network_shape();
        let miniatures = Miniatures::of(&seen.values, &shape);
        let spread = mean_pair_distance(&miniatures);
        let all = match training.len() <= MOST_COPIED {
            true => {
                let all = supply.read(&training)?;
                Training::of(Miniatures::of(&all.values, &shape))
            }
            false => None,
        };
        Ok(Self {
            shown: training.len(),
            cells: Cells::of(&miniatures, spread, random),
            seen,
            held_out,
            spread,
            miniatures,
            training: all,
        })
    }

    /// Samples beside data, both as miniatures.
    fn compare(&self, game: &Game, fakes: &Generated, checkup: &mut Checkup) {
        if self.miniatures.rows() < FEWEST || self.spread <= 0.0 {
            return;
        }
        let small = |samples: Generated| {
            let values: Vec<f32> = samples.values.into_iter().flat_map(numbers).collect();
            Miniatures::of(&values, &game.form.network_shape())
        };
        let count = fakes.values.iter().map(|batch| batch.dims()[0]).sum();
        let averaged = small(generated(game, &game.average, count));
        let fakes = small(Generated {
            values: fakes.values.clone(),
            labels: Vec::new(),
        });
        let own = mean_pair_distance(&fakes);
        let across = distances_between(&fakes, &self.miniatures);
        let between = mean(&across);
        checkup.diversity = Some(own / self.spread);
        checkup.distance = Some((2.0 * between - own - self.spread) / self.spread);
        let moved = fakes.distances_row_by_row(&averaged);
        checkup.unrest = Some(mean(&moved) / self.spread);
        if let Some(cells) = &self.cells {
            checkup.missing = Some(cells.missing(&fakes));
        }
        if let Some(training) = &self.training {
            checkup.novelty = Some(fakes.median_distance_to(&training.miniatures) / training.apart);
        }
        for figure in [
            &mut checkup.diversity,
            &mut checkup.distance,
            &mut checkup.unrest,
            &mut checkup.novelty,
        ] {
            *figure = figure.filter(|value| value.is_finite());
        }
    }

    /// The discriminator's answers to all three kinds.
    fn judge(&self, game: &Game, fakes: &Generated, checkup: &mut Checkup) {
        let on_fake = fakes.values.iter().zip(&fakes.labels);
        let on_fake: Vec<f64> = on_fake
            .flat_map(|(x, labels)| answers(game, x.clone(), labels.as_ref()))
            .collect();
        let on_seen = answers_to_items(game, &self.seen);
        let fresh = self.held_out.as_ref();
        let on_held_out = fresh.map(|items| answers_to_items(game, items));
        let on_real = on_held_out.as_ref().unwrap_or(&on_seen);
        if on_real.is_empty() || on_fake.is_empty() {
            return;
        }
        checkup.separation = Some(area_under_curve(on_real, &on_fake));
        checkup.separation_items = Some(on_real.len().min(on_fake.len()) as f64);
        let Some(on_held_out) = on_held_out.filter(|answers| !answers.is_empty()) else {
            return;
        };
        let kind = game.recipe.loss.kind;
        checkup.probability_held_out = Some(probability(kind, &on_held_out, &on_fake));
        let [seen, held_out, fake] = [&on_seen, &on_held_out, &on_fake].map(|all| mean(all));
        let gap = seen - fake;
        let overfitting = (seen - held_out) / gap;
        // A difference that chance explains is none.
        let told = area_under_curve(&on_seen, &on_held_out) - 0.5;
        let counted = told > 2.5 * chance(on_seen.len(), on_held_out.len());
        let overfitting = if counted { overfitting } else { 0.0 };
        checkup.overfitting = (gap > 0.0 && overfitting.is_finite()).then_some(overfitting);
    }
}

impl Training {
    fn of(miniatures: Miniatures) -> Option<Self> {
        if miniatures.rows() < 3 {
            return None;
        }
        let apart = miniatures.median_distance_to_others();
        (apart > 0.0).then_some(Self { miniatures, apart })
    }
}

/// As many as `count` of these, evenly over all.
fn spread_over(items: &[u32], count: usize) -> Vec<u32> {
    let taken = items.len().min(count);
    (0..taken).map(|i| items[i * items.len() / taken]).collect()
}

/// The discriminator's answers to data, in batches as training has them.
fn answers_to_items(game: &Game, items: &Items) -> Vec<f64> {
    let rows = items.labels.len();
    let told = game.form.classes > 0 && game.recipe.model.condition != Condition::SemiSupervised;
    let columns = items.values.len() / rows.max(1);
    let device = game.discriminator.parameters.device();
    let mut all = Vec::with_capacity(rows);
    for (first, rows) in batches(game, rows) {
        let values = items.values[first * columns..(first + rows) * columns].to_vec();
        let labels = told.then(|| &items.labels[first..first + rows]);
        let samples = super::Samples::new(values, rows, labels, game.form.classes, device);
        all.extend(answers(game, samples.values, samples.labels.as_ref()));
    }
    all
}

fn answers(game: &Game, x: Tensor<2>, labels: Option<&Tensor<2>>) -> Vec<f64> {
    let weights = game.discriminator.parameters.plain(Mode::Train);
    let semi = game.recipe.model.condition == Condition::SemiSupervised;
    let labels = labels.filter(|_| !semi);
    let verdict = game.discriminator_layers.judge(&weights, x.into(), labels);
    let logits = numbers(verdict.logits.value);
    logits.into_iter().map(f64::from).collect()
}

#[cfg(test)]
mod tests;
