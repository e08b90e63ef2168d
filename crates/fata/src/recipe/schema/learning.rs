//! `[optimizer]`, `[schedule]` and `[average]`: how the players learn.

use super::super::RecipeError;
use super::super::bounds::{require, require_weight};
use serde::{Deserialize, Serialize};

/// `[optimizer]`: one for each player.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimizers {
    /// The generator's.
    pub generator: Optimizer,
    /// The discriminator's.
    pub discriminator: Optimizer,
}

/// How a player's weights follow its gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimizer {
    /// The rule.
    pub kind: OptimizerKind,
    /// The learning rate.
    pub rate: f64,
    /// Adam's decay of the mean; SGD's momentum.
    pub beta1: f64,
    /// Adam's decay of the mean square; RMSProp's decay.
    pub beta2: f64,
    /// Added to the root mean square.
    pub epsilon: f64,
}

impl Default for Optimizer {
    /// Radford et al. 2015, section 3.
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            rate: 2e-4,
            beta1: 0.5,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

/// The optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Kingma and Ba 2014.
    Adam,
    /// Stochastic gradient descent; `beta1` is its momentum.
    Sgd,
    /// Tieleman and Hinton 2012; `beta2` is its decay.
    RmsProp,
}

impl Optimizer {
    pub(in super::super) fn check(&self, keys: [&'static str; 4]) -> Result<(), RecipeError> {
        let bounds: [(f64, bool, &str); 4] = [
            (
                self.rate,
                self.rate > 0.0 && self.rate <= 10.0,
                "more than 0, at most 10",
            ),
            (
                self.beta1,
                (0.0..1.0).contains(&self.beta1),
                "at least 0 and below 1",
            ),
            (
                self.beta2,
                (0.0..1.0).contains(&self.beta2),
                "at least 0 and below 1",
            ),
            (
                self.epsilon,
                self.epsilon > 0.0 && self.epsilon < 1.0,
                "more than 0 and below 1",
            ),
        ];
        for (key, (value, fits, allowed)) in keys.into_iter().zip(bounds) {
            require(fits, key, &value, allowed)?;
        }
        Ok(())
    }
}

/// `[schedule]`: what changes over a run, by images seen: from the values that
/// the other tables give, over the burn-in, to these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// The share of the run's images over which values change; 0 for no change.
    pub burn_in: f64,
    /// How they change.
    pub shape: Shape,
    /// Learning rates end at this many times the optimiser's.
    pub rate: f64,
    /// Gradient penalties end at this many times the penalty's.
    pub penalty: f64,
    /// Both players' `beta2` at the end; by default as it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            burn_in: 0.0,
            shape: Shape::Cosine,
            rate: 1.0,
            penalty: 1.0,
            beta2: None,
        }
    }
}

/// The curve of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Half a cosine (Huang et al. 2024).
    Cosine,
    /// By equal factors in equal times.
    Geometric,
}

impl Schedule {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let fits = (0.0..=1.0).contains(&self.burn_in);
        require(fits, "schedule.burn_in", &self.burn_in, "between 0 and 1")?;
        require_weight("schedule.rate", self.rate)?;
        require_weight("schedule.penalty", self.penalty)?;
        let geometric = self.shape == Shape::Geometric && self.burn_in > 0.0;
        let fits = !geometric || self.rate > 0.0 && self.penalty > 0.0;
        let allowed = "more than 0 with a geometric shape";
        require(fits, "schedule.rate", &self.rate.min(self.penalty), allowed)?;
        let beta2 = self.beta2.unwrap_or(0.0);
        let fits = (0.0..1.0).contains(&beta2);
        require(fits, "schedule.beta2", &beta2, "at least 0 and below 1")
    }
}

/// `[average]`: the exponential moving average of the generator's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Average {
    /// Images after which a weight's share in the average has halved; 0 for
    /// no average.
    pub half_life_images: f64,
    /// The half-life is at most this share of the images seen, so that the
    /// average forgets the noise it began with.
    pub ramp: f64,
}

impl Default for Average {
    /// The ramp of Karras et al. 2020 (arXiv 1912.04958, official settings).
    fn default() -> Self {
        Self {
            half_life_images: 10_000.0,
            ramp: 0.05,
        }
    }
}

impl Average {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let (half_life, ramp) = (self.half_life_images, self.ramp);
        let fits = half_life >= 0.0 && half_life.is_finite();
        require(fits, "average.half_life_images", &half_life, "at least 0")?;
        let fits = ramp > 0.0 && ramp.is_finite();
        require(fits, "average.ramp", &ramp, "more than 0")
    }
}
