//! Where a run's samples come from: the loaders of what is shown and of what
//! keeps its labels, and what is held out.

use super::CACHE_BUDGET_BYTES;
use super::TrainError;
use super::game::Game;
use super::portion::{Portion, Samples};
use crate::data::{Batch, Dataset, HoldOut, Kind, Loader, LoaderOptions};
use crate::layers::{Mode, numbers};
use crate::recipe::{Condition, Recipe};
use burn::tensor::Device;
use std::sync::Arc;

/// Held-out items that a test looks at, at most.
const MOST_TESTED: usize = 2000;
/// And at once.
const TEST_BATCH: usize = 100;

/// Items of the data as networks see them.
pub(super) struct Items {
    /// `[items, product of the network shape]`, row by row.
    pub(super) values: Vec<f32>,
    /// One for each; 0 where the data have none.
    pub(super) labels: Vec<u32>,
}

/// Samples, in the order that the seed gives.
pub(super) struct Supply {
    dataset: Arc<Dataset>,
    shown: Loader,
    labelled: Option<Loader>,
    held_out: Vec<u32>,
    classes: usize,
    batch: usize,
    pad_to: Option<usize>,
}

impl Supply {
    /// From where the game is.
    pub(super) fn new(game: &Game, dataset: &Arc<Dataset>) -> Self {
        let recipe = &game.recipe;
        let (share, seed) = (held_out_share(recipe), recipe.train.seed);
        let options = LoaderOptions {
            batch: recipe.train.batch,
            seed,
            start: game.images_seen,
            pad_to: game.form.padded_side(),
            mirror: recipe.augment.mirror,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_budget_bytes: CACHE_BUDGET_BYTES,
        };
        let semi = recipe.model.condition == Condition::SemiSupervised;
        let cut = (share > 0.0 || semi).then(|| HoldOut::new(dataset.len(), share, seed));
        let labelled = cut.as_ref().filter(|_| semi).map(|cut| {
            let count = match recipe.train.labelled {
                0 => cut.training.len(),
                count => count,
            };
            let items = cut.labelled(dataset, count, seed);
            let options = LoaderOptions {
                threads: 1,
                ..options
            };
            Loader::of_items(dataset.clone(), items, options)
        });
        let (shown, held_out) = match cut {
            Some(cut) if !cut.held_out.is_empty() => (
                Loader::of_items(dataset.clone(), cut.training, options),
                cut.held_out,
            ),
            _ => (Loader::new(dataset.clone(), options), Vec::new()),
        };
        Self {
            dataset: dataset.clone(),
            shown,
            labelled,
            held_out,
            classes: game.form.classes,
            batch: options.batch,
            pad_to: options.pad_to,
        }
    }

    /// What the next update of the discriminator is given.
    pub(super) fn next(&mut self, device: &Device) -> Result<Portion, TrainError> {
        let (rows, classes) = (self.batch, self.classes);
        let samples = |batch: Batch| {
            Samples::new(batch.values, rows, batch.labels.as_deref(), classes, device)
        };
        let real = samples(self.shown.next_batch()?);
        let labelled = self.labelled.as_mut().map(Loader::next_batch).transpose()?;
        let labelled = labelled.map(samples);
        // A semi-supervised discriminator is told no labels but these.
        let real = match labelled {
            Some(_) => Samples {
                labels: None,
                ..real
            },
            None => real,
        };
        Ok(Portion { real, labelled })
    }

    /// The share of the held-out items whose class the discriminator names, where
    /// it names classes and something is held out.
    pub(super) fn test_accuracy(&self, game: &Game) -> Result<Option<f64>, TrainError> {
        if self.labelled.is_none() || self.held_out.is_empty() {
            return Ok(None);
        }
        let device = game.discriminator.parameters.device();
        let weights = game.discriminator.parameters.plain(Mode::Infer);
        let items = &self.held_out[..self.held_out.len().min(MOST_TESTED)];
        let (mut right, mut tested) = (0, 0);
        for some in items.chunks(TEST_BATCH) {
            let Items { values, labels } = self.read(some)?;
            let samples = Samples::new(values, labels.len(), None, 0, device);
            let verdict = game
                .discriminator_layers
                .judge(&weights, samples.values.into(), None);
            let Some(classes) = verdict.classes else {
                return Ok(None);
            };
            let answers = numbers(classes);
            for (row, &label) in answers.chunks_exact(self.classes).zip(&labels) {
                let largest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
                right += usize::from(largest == Some(label as usize));
            }
            tested += labels.len();
        }
        Ok(Some(right as f64 / tested as f64))
    }

    /// How the data are cut: into what is shown, and what never is.
    pub(super) fn cut(&self, recipe: &Recipe) -> HoldOut {
        HoldOut::new(
            self.dataset.len(),
            held_out_share(recipe),
            recipe.train.seed,
        )
    }

    /// How many items are never shown.
    pub(super) fn held_out(&self) -> usize {
        self.held_out.len()
    }

    /// Reads items; in place of one that cannot be read stands another.
    pub(super) fn read(&self, items: &[u32]) -> Result<Items, TrainError> {
        let mut all = Items {
            values: Vec::new(),
            labels: Vec::with_capacity(items.len()),
        };
        for &item in items {
            let mut sample = vec![0.0; self.dataset.kind().values()];
            let found = self.dataset.read(item as usize, &mut sample)?;
            all.values.extend(self.padded(sample));
            all.labels
                .push(self.dataset.label(found).unwrap_or_default());
        }
        Ok(all)
    }

    /// The sample as networks see it.
    fn padded(&self, sample: Vec<f32>) -> Vec<f32> {
        let (
            Some(side),
            Kind::Images {
                channels,
                height,
                width,
            },
        ) = (self.pad_to, self.dataset.kind())
        else {
            return sample;
        };
        let (top, left) = ((side - height) / 2, (side - width) / 2);
        let mut padded = Vec::with_capacity(side * side * channels);
        for y in 0..side {
            let row = y.saturating_sub(top).min(height - 1);
            for x in 0..side {
                let column = x.saturating_sub(left).min(width - 1);
                let at = (row * width + column) * channels;
                padded.extend_from_slice(&sample[at..at + channels]);
            }
        }
        padded
    }
}

fn held_out_share(recipe: &Recipe) -> f64 {
    recipe.data.held_out.unwrap_or(0.0)
}
