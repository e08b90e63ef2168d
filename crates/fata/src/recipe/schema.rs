//! The tables and keys of a recipe, their defaults and their bounds.

use super::RecipeError;
use crate::data::Fit;
use crate::judge::{Features, Metric};
use serde::{Deserialize, Serialize};

/// A training run, said in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The recipe's own name; part of a run folder's name.
    #[serde(default)]
    pub name: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub description: String,
    /// The two networks.
    pub model: Model,
    /// The game they play.
    #[serde(default)]
    pub loss: Loss,
    /// How each player learns.
    #[serde(default)]
    pub optimizer: Optimizers,
    /// How long and in what portions.
    #[serde(default)]
    pub train: Train,
    /// The moving average of the generator.
    #[serde(default)]
    pub average: Average,
    /// What is done to real images before the discriminator sees them.
    #[serde(default)]
    pub augment: Augment,
    /// How the run is judged while it goes on.
    #[serde(default)]
    pub judge: Judging,
    /// When it ends before all images were seen.
    #[serde(default)]
    pub stop: Stop,
    /// Where the data come from and how they are fitted.
    #[serde(default)]
    pub data: Data,
    /// Who wrote the file: only in a run's resolved recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// `[model]`: the two networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The architecture.
    pub kind: ModelKind,
    /// The latent vector's length.
    #[serde(default = "Model::default_latent")]
    pub latent: usize,
    /// Channels of the widest-resolution layer (`dcgan`), or units of the
    /// generator's first hidden layer (`mlp`).
    #[serde(default = "Model::default_width")]
    pub width: usize,
    /// Hidden layers of an `mlp` generator, in order; by default width,
    /// 2 width, 4 width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_generator: Vec<usize>,
    /// Hidden layers of an `mlp` discriminator; by default 2 width, width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_discriminator: Vec<usize>,
}

impl Model {
    fn default_latent() -> usize {
        100
    }
    fn default_width() -> usize {
        64
    }
}

/// The architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Multi-layer perceptrons (Goodfellow et al. 2014).
    Mlp,
    /// Deep convolutional networks (Radford et al. 2015).
    Dcgan,
}

/// `[loss]`: the game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// Which game.
    pub kind: LossKind,
    /// One-sided label smoothing: the discriminator's target for real samples
    /// is one less this (Salimans et al. 2016, section 3.4).
    pub smoothing: f32,
}

impl Default for Loss {
    fn default() -> Self {
        Self {
            kind: LossKind::NonSaturating,
            smoothing: 0.0,
        }
    }
}

/// The adversarial losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// The value function of Goodfellow et al. 2014, equation 1.
    Minimax,
    /// The generator maximises log D(G(z)) instead (section 3 of the same).
    NonSaturating,
}

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
    /// Side of the pictures in pixels; by default the data's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<usize>,
    /// Images between ticks.
    pub every: u64,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How the learning rates fall over the run.
    pub rate_decay: RateDecay,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            batch: 64,
            images: 1_000_000,
            minutes: None,
            discriminator_steps: 1,
            resolution: None,
            every: 20_000,
            seed: 0,
            rate_decay: RateDecay::None,
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

/// `[augment]`: what is done to real images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Mirror each image left to right half of the time.
    pub mirror: bool,
}

/// `[judge]`: how the run is judged while it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judging {
    /// Images between judgements, which fall on ticks; 0 for none.
    pub every: u64,
    /// Which metrics; the first says which checkpoint is the best.
    pub metrics: Vec<String>,
    /// The most samples of each side.
    pub samples: usize,
    /// The features; by default those that suit the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            every: 0,
            metrics: vec!["fid".into()],
            samples: 2048,
            features: None,
        }
    }
}

/// `[stop]`: when a run ends before all images were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// `no better for N`: N images after the best judgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

impl Stop {
    /// How many images a run may go on without a better judgement.
    pub(crate) fn patience(&self) -> Option<u64> {
        let text = self
            .when
            .as_deref()?
            .trim()
            .strip_prefix("no better for")?
            .trim();
        let (digits, factor) = match text.char_indices().last()? {
            (at, 'k' | 'K') => (&text[..at], 1e3),
            (at, 'm' | 'M') => (&text[..at], 1e6),
            _ => (text, 1.0),
        };
        let images = digits.parse::<f64>().ok()? * factor;
        (1.0..=1e15).contains(&images).then_some(images as u64)
    }
}

/// `[data]`: where the data come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// A path or a built-in name.
    pub source: String,
    /// How a picture that is not square is made square.
    pub fit: Fit,
    /// Channels, 1, 3 or 4; by default what the pictures hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
}

/// `[origin]`: what made a resolved recipe, and of which data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Fata's version.
    pub fata: String,
    /// The data's fingerprint.
    pub fingerprint: String,
}

impl Recipe {
    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// The first value that is out of bounds.
    pub fn check(&self) -> Result<(), RecipeError> {
        let bad = |key, value: &dyn std::fmt::Display, allowed: &str| {
            Err(RecipeError::Value {
                key,
                value: value.to_string(),
                allowed: allowed.into(),
            })
        };
        let (model, train) = (&self.model, &self.train);
        if !(1..=4096).contains(&model.latent) {
            return bad("model.latent", &model.latent, "between 1 and 4096");
        }
        if !(1..=4096).contains(&model.width) {
            return bad("model.width", &model.width, "between 1 and 4096");
        }
        for (key, layers) in [
            ("model.hidden_generator", &model.hidden_generator),
            ("model.hidden_discriminator", &model.hidden_discriminator),
        ] {
            if layers.len() > 16 || layers.iter().any(|units| !(1..=65_536).contains(units)) {
                return bad(
                    key,
                    &format!("{layers:?}"),
                    "at most 16 layers of 1 to 65536 units",
                );
            }
        }
        if !(1..=65_536).contains(&train.batch) {
            return bad("train.batch", &train.batch, "between 1 and 65536");
        }
        if train.images == 0 {
            return bad("train.images", &train.images, "at least 1");
        }
        if train.every == 0 {
            return bad("train.every", &train.every, "at least 1");
        }
        if !(1..=1000).contains(&train.discriminator_steps) {
            return bad(
                "train.discriminator_steps",
                &train.discriminator_steps,
                "between 1 and 1000",
            );
        }
        if train
            .minutes
            .is_some_and(|minutes| !(minutes > 0.0 && minutes.is_finite()))
        {
            return bad(
                "train.minutes",
                &train.minutes.unwrap_or(0.0),
                "more than 0",
            );
        }
        if train.seed > i64::MAX as u64 {
            return bad("train.seed", &train.seed, "below 2^63");
        }
        if !(0.0..1.0).contains(&self.loss.smoothing) {
            return bad(
                "loss.smoothing",
                &self.loss.smoothing,
                "at least 0 and below 1",
            );
        }
        if !(self.average.half_life_images >= 0.0 && self.average.half_life_images.is_finite()) {
            return bad(
                "average.half_life_images",
                &self.average.half_life_images,
                "at least 0",
            );
        }
        if !(self.average.ramp > 0.0 && self.average.ramp.is_finite()) {
            return bad("average.ramp", &self.average.ramp, "more than 0");
        }
        self.check_judging()?;
        if self
            .data
            .channels
            .is_some_and(|channels| ![1, 3, 4].contains(&channels))
        {
            return bad(
                "data.channels",
                &self.data.channels.unwrap_or(0),
                "1, 3 or 4",
            );
        }
        self.optimizer.generator.check([
            "optimizer.generator.rate",
            "optimizer.generator.beta1",
            "optimizer.generator.beta2",
            "optimizer.generator.epsilon",
        ])?;
        self.optimizer.discriminator.check([
            "optimizer.discriminator.rate",
            "optimizer.discriminator.beta1",
            "optimizer.discriminator.beta2",
            "optimizer.discriminator.epsilon",
        ])
    }
}

impl Recipe {
    fn check_judging(&self) -> Result<(), RecipeError> {
        let bad = |key, value: &str, allowed: String| {
            let value = value.into();
            Err(RecipeError::Value {
                key,
                value,
                allowed,
            })
        };
        let judge = &self.judge;
        if let Err(error) = Metric::list(&judge.metrics.join(",")) {
            return bad("judge.metrics", &judge.metrics.join(","), error.to_string());
        }
        if judge.every > 0 && judge.metrics.is_empty() {
            return bad("judge.metrics", "[]", "name one metric at least".into());
        }
        if !(10..=1_000_000).contains(&judge.samples) {
            let allowed = "between 10 and 1000000".into();
            return bad("judge.samples", &judge.samples.to_string(), allowed);
        }
        if let Some(features) = &judge.features
            && let Err(error) = Features::parse(features)
        {
            return bad("judge.features", features, error.to_string());
        }
        match &self.stop.when {
            Some(when) if self.stop.patience().is_none() => {
                bad("stop.when", when, "write it as `no better for 50k`".into())
            }
            Some(when) if judge.every == 0 => bad(
                "stop.when",
                when,
                "it needs judgements: set judge.every".into(),
            ),
            _ => Ok(()),
        }
    }
}

impl Optimizer {
    fn check(&self, keys: [&'static str; 4]) -> Result<(), RecipeError> {
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
            if !fits {
                return Err(RecipeError::Value {
                    key,
                    value: value.to_string(),
                    allowed: allowed.into(),
                });
            }
        }
        Ok(())
    }
}
