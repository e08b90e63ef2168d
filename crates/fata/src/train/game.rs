//! The game: two players and the step that trains them in turn.

use super::TrainError;
use super::average::{follow, latents};
use super::optimizer::OptimizerState;
use crate::layers::{Mode, Parameters, Weights};
use crate::loss;
use crate::nets::{Discriminator, Form, Generator, NetError};
use crate::recipe::{RateDecay, Recipe};
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};

/// Gradient norms are measured on every so many steps: a pass over all
/// gradients is worth seeing, not worth paying for each time.
const NORMS_EVERY: u64 = 8;

/// A network's tensors and the rule that changes them.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
    pub(crate) optimizer: OptimizerState,
}

impl Player {
    /// Moves the weights along the loss's gradient and returns its norm, where
    /// it is due to be measured.
    fn learn(
        &mut self,
        weights: Weights,
        loss: &Tensor<1>,
        turn: Turn,
    ) -> Result<Option<f64>, TrainError> {
        let mut gradients = loss.backward();
        let gradients = weights.gradients(&mut gradients);
        let mut norm = None;
        if turn.measured {
            let (square, bad) = fata_kernels::squared_norms(&gradients);
            if let Some(index) = bad {
                let tensor = format!("the gradient of {}", self.parameters.trained_names()[index]);
                return Err(TrainError::NotFinite {
                    step: turn.step,
                    player: self.name,
                    tensor,
                });
            }
            norm = Some(square.sqrt());
        }
        self.optimizer
            .update(&mut self.parameters, gradients, turn.rate_factor);
        Ok(norm)
    }

    /// Says which tensor is not finite, if one is.
    pub(crate) fn check(&self, step: u64) -> Result<(), TrainError> {
        match fata_kernels::squared_norms(&self.parameters.values()).1 {
            Some(index) => Err(TrainError::NotFinite {
                step,
                player: self.name,
                tensor: self.parameters.list()[index].name.clone(),
            }),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
struct Turn {
    step: u64,
    measured: bool,
    rate_factor: f64,
}

/// What a step saw. Losses are means over the batch, in nats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepReport {
    pub(crate) loss_discriminator: f64,
    pub(crate) loss_generator: f64,
    pub(crate) probability_real: f64,
    pub(crate) probability_fake: f64,
    /// Discriminator's and generator's, where they were measured.
    pub(crate) gradient_norms: Option<[f64; 2]>,
}

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
    pub(crate) steps: u64,
    pub(crate) images_seen: u64,
    pub(crate) images_generated: u64,
}

impl Game {
    /// The game at its beginning.
    ///
    /// # Errors
    /// If the architecture does not fit the data.
    pub(crate) fn new(recipe: &Recipe, form: &Form, device: &Device) -> Result<Self, NetError> {
        let random = Random::new(recipe.train.seed);
        let (generator_layers, g) = Generator::build(form, random, device)?;
        let (discriminator_layers, d) = Discriminator::build(form, random, device)?;
        Ok(Self {
            recipe: recipe.clone(),
            form: form.clone(),
            generator_layers,
            discriminator_layers,
            average: g.clone(),
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
        })
    }

    /// One step of Algorithm 1 (Goodfellow et al. 2014): k updates of the
    /// discriminator, then one of the generator. The generator's update uses
    /// the last fakes that the discriminator saw, where the algorithm draws
    /// new ones: the same expectation for one forward pass less.
    pub(crate) fn step(
        &mut self,
        mut next_real: impl FnMut() -> Result<Tensor<2>, TrainError>,
    ) -> Result<StepReport, TrainError> {
        let turn = self.turn();
        let k = self.recipe.train.discriminator_steps;
        let loss = self.recipe.loss.clone();
        let mut report = StepReport {
            loss_discriminator: 0.0,
            loss_generator: 0.0,
            probability_real: 0.0,
            probability_fake: 0.0,
            gradient_norms: None,
        };
        let (mut norm_discriminator, mut last) = (None, None);

        for update in 1..=k {
            let real = next_real()?; // [batch, ...]
            let batch = real.dims()[0];
            let g = match update == k {
                true => self.generator.parameters.tracked(Mode::Train),
                false => self.generator.parameters.plain(Mode::Train),
            };
            let z = self.draw_latents(batch);
            let fake = self.generator_layers.forward(&g, z);
            let d = self.discriminator.parameters.tracked(Mode::Train);
            let [logits_real, logits_fake] = self.discriminator_layers.forward_both(
                &d,
                real.autodiff(),
                fake.clone().detach().autodiff(),
            );
            report.probability_real += mean_probability(&logits_real) / k as f64;
            report.probability_fake += mean_probability(&logits_fake) / k as f64;
            let objective = loss::discriminator(&loss, logits_real, logits_fake);
            report.loss_discriminator +=
                self.finite(&objective, turn.step, &self.discriminator)? / k as f64;
            let statistics = d.take_statistics();
            norm_discriminator = self.discriminator.learn(d, &objective, turn)?;
            self.discriminator.parameters.absorb(statistics);
            self.images_seen += batch as u64;
            last = Some((g, fake));
        }

        let (g, fake) = last.expect("k is at least one");
        let batch = fake.dims()[0] as u64;
        let d = self.discriminator.parameters.frozen(Mode::Train);
        let objective = loss::generator(&loss, self.discriminator_layers.forward(&d, fake));
        drop(d);
        report.loss_generator = self.finite(&objective, turn.step, &self.generator)?;
        let statistics = g.take_statistics();
        let norm_generator = self.generator.learn(g, &objective, turn)?;
        self.generator.parameters.absorb(statistics);
        follow(
            &mut self.average,
            &self.generator.parameters,
            &self.recipe.average,
            batch,
            self.images_seen,
        );
        report.gradient_norms = norm_discriminator.zip(norm_generator).map(|(d, g)| [d, g]);
        self.steps += 1;
        Ok(report)
    }

    /// GFLOP of one step's matrix products: each player's forward pass, weight
    /// gradients and, behind its first layer, input gradients; in the
    /// generator's update the discriminator passes gradients on but has none.
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
    fn finite(&self, loss: &Tensor<1>, step: u64, player: &Player) -> Result<f64, TrainError> {
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
            rate_factor: rate_factor(
                self.recipe.train.rate_decay,
                self.images_seen,
                self.recipe.train.images,
            ),
        }
    }

    fn draw_latents(&mut self, batch: usize) -> Tensor<2> {
        let first = self.images_generated;
        self.images_generated += batch as u64;
        let random = Random::new(self.recipe.train.seed);
        let counters = first..self.images_generated;
        latents(
            random,
            Stream::Latents,
            counters,
            self.form.model.latent,
            &self.generator.parameters,
        )
    }
}

/// The share of the recipe's learning rate that is in force.
fn rate_factor(decay: RateDecay, images_seen: u64, images: u64) -> f64 {
    // From 1 at the middle of the run to 0 at its end.
    let left = (2.0 * (1.0 - images_seen as f64 / images as f64)).clamp(0.0, 1.0);
    match decay {
        RateDecay::None => 1.0,
        RateDecay::Linear => left,
        RateDecay::Cosine => libm::cos((1.0 - left) * std::f64::consts::PI).mul_add(0.5, 0.5),
    }
}

fn mean_probability(logits: &Tensor<1>) -> f64 {
    let logits = crate::layers::numbers(logits.clone().without_autodiff());
    let count = logits.len() as f64;
    logits
        .iter()
        .map(|&l| 1.0 / (1.0 + libm::exp(-f64::from(l))))
        .sum::<f64>()
        / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fall_to_zero_over_the_second_half() {
        for decay in [RateDecay::Linear, RateDecay::Cosine] {
            assert_eq!(rate_factor(decay, 0, 100), 1.0);
            assert_eq!(rate_factor(decay, 50, 100), 1.0);
            assert!((rate_factor(decay, 75, 100) - 0.5).abs() < 1e-12);
            assert!(rate_factor(decay, 100, 100).abs() < 1e-12);
            assert!(rate_factor(decay, 170, 100).abs() < 1e-12);
        }
        assert_eq!(rate_factor(RateDecay::None, 99, 100), 1.0);
    }
}
