//! The game of a recipe, whichever it is, and made-up batches for it.

use crate::data::Kind;
use crate::layers::tensor;
use crate::nets::translation::TranslationForm;
use crate::nets::{Form, NetError};
use crate::recipe::{Condition, Recipe};
use crate::rng::{Draws, Random, Stream};
use crate::train::{
    Game, Portion, Samples, StepReport, TrainError, TranslationBatch, TranslationGame,
};
use burn::tensor::{Device, Tensor};
use fata_kernels::profile;

/// Classes of the made-up labels, where the recipe is conditioned on them.
const CLASSES: usize = 10;

/// Both players of a game.
pub(super) enum Players {
    Samples {
        game: Box<Game>,
        form: Form,
        recipe: Box<Recipe>,
    },
    Pictures {
        game: Box<TranslationGame>,
        batch: usize,
    },
}

/// What a step is given.
pub(super) enum Batch {
    Samples(Box<Portion>),
    Pictures(Box<TranslationBatch>),
}

impl Players {
    /// The recipe's players for data of a form.
    pub(super) fn new(recipe: &Recipe, kind: Kind, device: &Device) -> Result<Self, TrainError> {
        let Some(settings) = &recipe.translation else {
            let form = Form::new(&recipe.model, kind, CLASSES);
            let game = Game::new(recipe, &form, &[1; CLASSES], device)?;
            return Ok(Self::Samples {
                game: Box::new(game),
                form,
                recipe: Box::new(recipe.clone()),
            });
        };
        let (channels, side) = match kind {
            Kind::Images {
                channels, width, ..
            } => (channels, width),
            Kind::Points { dimensions } => {
                let kind = "translation";
                return Err(NetError::PointsNotPictures { kind, dimensions }.into());
            }
        };
        let form = TranslationForm::new(&recipe.model, settings, side, [channels; 2])?;
        Ok(Self::Pictures {
            game: Box::new(TranslationGame::new(recipe, settings, &form, device)),
            batch: recipe.train.batch,
        })
    }

    /// A batch of made-up samples, with made-up labels or counterparts.
    pub(super) fn batch(&self, number: u64, device: &Device) -> Batch {
        let mut draws = Random::new(0).at(Stream::Data, number);
        match self {
            Self::Samples { form, recipe, .. } => {
                let (batch, columns) = (recipe.train.batch, form.network_shape().iter().product());
                let numbers = waves(&mut draws, [batch, columns]);
                let labels: Vec<u32> = (0..batch).map(|_| draws.below(CLASSES as u32)).collect();
                let real = Samples::new(numbers, batch, Some(&labels), form.classes, device);
                let semi = recipe.model.condition == Condition::SemiSupervised;
                let labelled = semi.then(|| real.clone());
                Batch::Samples(Box::new(Portion { real, labelled }))
            }
            Self::Pictures { game, batch } => {
                let (side, channels) = (game.form.side, game.form.channels_in);
                let mut pictures = || -> Tensor<4> {
                    let numbers = waves(&mut draws, [*batch, side * side * channels]);
                    tensor(numbers, device).reshape([*batch, side, side, channels])
                };
                let domains = [pictures(), pictures()];
                Batch::Pictures(Box::new(TranslationBatch { domains }))
            }
        }
    }

    /// One step on a batch of the same kind.
    pub(super) fn step(&mut self, batch: &Batch) -> Result<StepReport, TrainError> {
        match (self, batch) {
            (Self::Samples { game, .. }, Batch::Samples(portion)) => {
                game.step(|| Ok(portion.as_ref().clone()))
            }
            (Self::Pictures { game, .. }, Batch::Pictures(batch)) => game.step(batch),
            _ => unreachable!("a game is given its own batches"),
        }
    }

    /// Arithmetic of a step's matrix products; of a translation what its operators count, in a
    /// step that is made for it.
    pub(super) fn gflop_per_step(&mut self, batch: &Batch) -> Result<f64, TrainError> {
        if let Self::Samples { game, recipe, .. } = self {
            return Ok(game.gflop_per_step(recipe.train.batch));
        }
        profile::start();
        let stepped = self.step(batch);
        let gflop = profile::stop().iter().map(|operator| operator.gflop).sum();
        stepped.map(|_| gflop)
    }
}

/// Waves of random length, so that samples are smooth as pictures are and no two alike.
fn waves(draws: &mut Draws, [batch, columns]: [usize; 2]) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(batch * columns);
    for _ in 0..batch {
        let [length, phase] = [0.2 * draws.uniform(), 6.0 * draws.uniform()];
        let wave = |column: usize| libm::sinf(column as f32 * length + phase);
        numbers.extend((0..columns).map(wave));
    }
    numbers
}
