//! `[train]`: how long and in what portions.

use super::super::RecipeError;
use super::super::bounds::require;
use serde::{Deserialize, Serialize};

/// `[train]`: how long and in what portions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Train {
    /// Real images in one step.
    pub batch: usize,
    /// Real images that the discriminator sees in all.
    pub images: u64,
    /// Stop after this many minutes of training, if that comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// The discriminator's steps to one of the generator's: k of Algorithm 1.
    pub discriminator_steps: usize,
    /// How many updates of the discriminator the generator looks ahead, its
    /// gradient coming through them (Metz et al. 2017); 0 for none.
    pub unrolled_steps: usize,
    /// Side of the pictures in pixels; by default the data's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<usize>,
    /// Images between ticks.
    pub every: u64,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How the learning rates fall over the run.
    pub rate_decay: RateDecay,
    /// Steps from one look back to the next (lookahead, Chavdarova et al.
    /// 2021): both players then return part of the way; 0 for none.
    pub lookahead_every: u64,
    /// The share of the way that is kept at a look back.
    pub lookahead_rate: f64,
    /// How many images keep their label (`semi-supervised`); 0 for all.
    pub labelled: usize,
    /// The run takes the doctor's advice by itself.
    pub auto: bool,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            batch: 64,
            images: 1_000_000,
            minutes: None,
            discriminator_steps: 1,
            unrolled_steps: 0,
            resolution: None,
            every: 20_000,
            seed: 0,
            rate_decay: RateDecay::None,
            lookahead_every: 0,
            lookahead_rate: 0.5,
            labelled: 0,
            auto: false,
        }
    }
}

/// How the learning rates fall over the run, by images seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateDecay {
    /// Constant.
    None,
    /// Constant over the first half, then linearly to zero.
    Linear,
    /// Constant over the first half, then a half cosine to zero.
    Cosine,
}

impl Train {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let fits = (1..=65_536).contains(&self.batch);
        require(fits, "train.batch", &self.batch, "between 1 and 65536")?;
        require(self.images > 0, "train.images", &self.images, "at least 1")?;
        require(self.every > 0, "train.every", &self.every, "at least 1")?;
        let k = self.discriminator_steps;
        let fits = (1..=1000).contains(&k);
        let allowed = "between 1 and 1000";
        require(fits, "train.discriminator_steps", &k, allowed)?;
        let ahead = self.unrolled_steps;
        let allowed = "at most 100";
        require(ahead <= 100, "train.unrolled_steps", &ahead, allowed)?;
        let minutes = self.minutes.unwrap_or(1.0);
        let fits = minutes > 0.0 && minutes.is_finite();
        require(fits, "train.minutes", &minutes, "more than 0")?;
        let fits = self.seed <= i64::MAX as u64;
        require(fits, "train.seed", &self.seed, "below 2^63")?;
        let rate = self.lookahead_rate;
        let fits = (0.0..=1.0).contains(&rate);
        require(fits, "train.lookahead_rate", &rate, "between 0 and 1")
    }
}
