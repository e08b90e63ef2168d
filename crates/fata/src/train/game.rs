//! The game: two players and the step that trains them in turn.

use super::TrainError;
use super::auto::Act;
use super::average::follow;
use super::latents::Latents;
use super::optimizer::OptimizerState;
use super::player::{Player, Turn};
use super::portion::{Portion, Samples};
use super::report::StepReport;
use super::schedule::Moment;
use crate::augment::{AdaController, Pipeline};
use crate::layers::{Mode, Parameters};
use crate::nets::{Discriminator, Form, Generator, NetError};
use crate::recipe::Recipe;
use crate::rng::Random;
use burn::tensor::{Device, Tensor};

/// Gradient norms are measured on every so many steps: a pass over all
/// gradients is worth seeing, not worth paying for each time.
const NORMS_EVERY: u64 = 8;

/// Two players, the average of one of them, and how far they are.
#[derive(Debug)]
pub(crate) struct Game {
    pub(crate) recipe: Recipe,
    pub(crate) form: Form,
    pub(crate) generator_layers: Generator,
    pub(crate) discriminator_layers: Discriminator,
    pub(crate) generator: Player,
    pub(crate) discriminator: Player,
    /// The generator's moving average.
    pub(crate) average: Parameters,
    /// Where both players return to by lookahead; empty without it.
    pub(crate) slow: [Vec<Tensor<1>>; 2],
    pub(crate) latents: Latents,
    pub(crate) pipeline: Pipeline,
    /// How often the pipeline does something.
    pub(crate) ada: AdaController,
    pub(crate) steps: u64,
    pub(crate) images_seen: u64,
    pub(crate) images_generated: u64,
    /// What `--auto` did to it so far.
    pub(crate) acts: Vec<Act>,
    /// Values that a person has set since, over which no act goes.
    pub(crate) settled: Vec<String>,
}

impl Game {
    /// The game at its beginning, on data with so many items of each class.
    ///
    /// # Errors
    /// If the architecture does not fit the data.
    pub(crate) fn new(
        recipe: &Recipe,
        form: &Form,
        class_counts: &[u64],
        device: &Device,
    ) -> Result<Self, NetError> {
        let random = Random::new(recipe.train.seed);
        let (generator_layers, g) = Generator::build(form, random, device)?;
        let (discriminator_layers, mut d) = Discriminator::build(form, random, device)?;
        if recipe.penalty.clip > 0.0 {
            // So that no look back leads out of the bounds.
            d.clip(recipe.penalty.clip as f32);
        }
        let slow = match recipe.train.lookahead_every {
            0 => [Vec::new(), Vec::new()],
            _ => [g.trained(), d.trained()],
        };
        Ok(Self {
            recipe: recipe.clone(),
            form: form.clone(),
            generator_layers,
            discriminator_layers,
            average: g.clone(),
            slow,
            latents: Latents::new(form, class_counts),
            pipeline: Pipeline::new(&recipe.augment),
            ada: AdaController::new(&recipe.augment),
            generator: Player {
                name: "generator",
                optimizer: OptimizerState::new(&recipe.optimizer.generator, &g),
                parameters: g,
            },
            discriminator: Player {
                name: "discriminator",
                optimizer: OptimizerState::new(&recipe.optimizer.discriminator, &d),
                parameters: d,
            },
            steps: 0,
            images_seen: 0,
            images_generated: 0,
            acts: Vec::new(),
            settled: Vec::new(),
        })
    }

    /// One step of Algorithm 1 (Goodfellow et al. 2014): k updates of the
    /// discriminator, then one of the generator. The generator's update uses
    /// the last fakes that the discriminator saw, where the algorithm draws
    /// new ones: the same expectation for one forward pass less.
    pub(crate) fn step(
        &mut self,
        mut next: impl FnMut() -> Result<Portion, TrainError>,
    ) -> Result<StepReport, TrainError> {
        let turn = self.turn();
        let k = self.recipe.train.discriminator_steps;
        let mut report = StepReport::default();
        let (mut norm_discriminator, mut last) = (None, None);

        for update in 1..=k {
            let portion = next()?;
            let batch = portion.real.values.dims()[0];
            self.generator.parameters.follow_singular_vectors(1);
            let g = match update == k {
                true => self.generator.parameters.tracked(Mode::Train),
                false => self.generator.parameters.plain(Mode::Train),
            };
            let (z, labels) = self.draw_latents(batch);
            let values = self.generator_layers.forward(&g, z, labels.as_ref());
            let fake = Samples { values, labels };
            norm_discriminator = self.teach(&portion, &fake, turn, &mut report)?;
            self.images_seen += batch as u64;
            last = Some((g, fake, portion.real));
        }

        let (g, fake, real) = last.expect("k is at least one");
        let batch = fake.values.dims()[0] as u64;
        let objective = match self.recipe.train.unrolled_steps {
            0 => self.fooling(&self.discriminator.parameters, &real, &fake, &mut report),
            _ => self.fooling_ahead(&real, &fake, turn, &mut report),
        };
        report.loss_generator = self.finite(&objective, turn.step, &self.generator)?;
        let statistics = g.take_statistics();
        let norm_generator = self.generator.learn(g, &objective, turn)?;
        self.generator.parameters.absorb(statistics);
        let settings = &self.recipe.average;
        let seen = self.images_seen;
        follow(
            &mut self.average,
            &self.generator.parameters,
            settings,
            batch,
            seen,
        );
        report.gradient_norms = norm_discriminator.zip(norm_generator).map(|(d, g)| [d, g]);
        self.steps += 1;
        self.look_back();
        Ok(report)
    }
    /// GFLOP of one step's matrix products: each player's forward pass, weight
    /// gradients and, behind its first layer, input gradients; in the
    /// generator's update the discriminator passes gradients on but has none.
    /// Penalties and unrolled steps are not counted.
    pub(crate) fn gflop_per_step(&self, batch: usize) -> f64 {
        let k = self.recipe.train.discriminator_steps as u64;
        let [g_first, g_rest] = self.generator_layers.multiply_adds();
        let [d_first, d_rest] = self.discriminator_layers.multiply_adds();
        let generator = (k + 1) * g_first + (k + 2) * g_rest;
        let discriminator = 2 * k * (2 * d_first + 3 * d_rest) + 2 * (d_first + d_rest);
        2.0 * (batch as u64 * (generator + discriminator)) as f64 / 1e9
    }

    /// The loss as a number, or the error that names what is not one: a tensor
    /// of the player whose loss it is, or else of the other, through which the
    /// loss was computed.
    pub(super) fn finite(
        &self,
        loss: &Tensor<1>,
        step: u64,
        player: &Player,
    ) -> Result<f64, TrainError> {
        let value = crate::layers::numbers(loss.clone().without_autodiff())[0];
        if value.is_finite() {
            return Ok(f64::from(value));
        }
        player.check(step)?;
        self.generator.check(step)?;
        self.discriminator.check(step)?;
        Err(TrainError::NotFinite {
            step,
            player: player.name,
            tensor: "the loss".into(),
        })
    }

    fn turn(&self) -> Turn {
        Turn {
            step: self.steps + 1,
            measured: self.steps.is_multiple_of(NORMS_EVERY),
            moment: Moment::at(&self.recipe, self.images_seen),
        }
    }

    /// Latents of the next images, and their labels where the generator is told.
    fn draw_latents(&mut self, batch: usize) -> (Tensor<2>, Option<Tensor<2>>) {
        let first = self.images_generated;
        self.images_generated += batch as u64;
        let random = Random::new(self.recipe.train.seed);
        let counters = first..self.images_generated;
        let device = self.generator.parameters.device();
        self.latents.of_training(random, counters, device)
    }
}
