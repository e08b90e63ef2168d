//! `[loss]` and `[penalty]`: the game, and what keeps its discriminator smooth.

use super::super::RecipeError;
use super::super::bounds::{require, require_weight};
use serde::{Deserialize, Serialize};

/// `[loss]`: the game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// Which game.
    pub kind: LossKind,
    /// One-sided label smoothing: the discriminator's target for real samples
    /// is one less this (Salimans et al. 2016, section 3.4).
    pub smoothing: f32,
    /// Weight of the generator's feature matching (the same, section 3.1).
    pub feature_matching: f64,
    /// Weight of the class losses of an auxiliary classifier.
    pub auxiliary: f64,
    /// Weight of the game itself in the discriminator's loss; at 0 a
    /// semi-supervised discriminator learns from its labels alone.
    pub adversarial: f64,
}

impl Default for Loss {
    fn default() -> Self {
        Self {
            kind: LossKind::NonSaturating,
            smoothing: 0.0,
            feature_matching: 0.0,
            auxiliary: 1.0,
            adversarial: 1.0,
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
    /// Mao et al. 2017: squared distances to 0 and 1.
    LeastSquares,
    /// Lim and Ye 2017: only answers within the margin count.
    Hinge,
    /// Arjovsky et al. 2017: the difference of means, for a Lipschitz critic.
    Wasserstein,
    /// Jolicoeur-Martineau 2018: against the mean of the other side.
    RelativisticAverage,
    /// The same: each real sample against one generated.
    RelativisticPairing,
}

impl LossKind {
    /// Whether the discriminator's answer is a logit of a probability.
    pub fn has_probability(self) -> bool {
        matches!(
            self,
            Self::Minimax
                | Self::NonSaturating
                | Self::RelativisticAverage
                | Self::RelativisticPairing
        )
    }

    /// Whether the generator's loss looks at the real samples too.
    pub fn generator_sees_real(self) -> bool {
        matches!(self, Self::RelativisticAverage | Self::RelativisticPairing)
    }
}

/// `[penalty]`: what keeps the discriminator smooth; 0 turns each off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Penalty {
    /// Gamma of `gamma/2 mean |grad D(x)|^2` on real samples (Mescheder et al. 2018).
    pub r1: f64,
    /// The same on generated samples.
    pub r2: f64,
    /// Lambda of `lambda mean (|grad D| - 1)^2` between real and generated
    /// samples (WGAN-GP, Gulrajani et al. 2017).
    pub gradient: f64,
    /// Lambda of the same around the real samples (DRAGAN, Kodali et al. 2017).
    pub dragan: f64,
    /// Every weight of the critic is kept within plus or minus this (Arjovsky et al. 2017).
    pub clip: f64,
    /// Lambda of balanced consistency under augmentation (bCR, Zhao et al. 2020).
    pub consistency: f64,
    /// Discriminator steps from one gradient penalty to the next, which then counts
    /// for all of them (Karras et al. 2020).
    pub every: u64,
}

impl Default for Penalty {
    fn default() -> Self {
        Self {
            r1: 0.0,
            r2: 0.0,
            gradient: 0.0,
            dragan: 0.0,
            clip: 0.0,
            consistency: 0.0,
            every: 1,
        }
    }
}

impl Penalty {
    /// The first key of a penalty on the input gradient that is on.
    pub fn of_gradient(&self) -> Option<&'static str> {
        let all = [
            ("penalty.r1", self.r1),
            ("penalty.r2", self.r2),
            ("penalty.gradient", self.gradient),
            ("penalty.dragan", self.dragan),
        ];
        let on = all.into_iter().find(|(_, weight)| *weight > 0.0);
        on.map(|(key, _)| key)
    }

    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        require_weight("penalty.r1", self.r1)?;
        require_weight("penalty.r2", self.r2)?;
        require_weight("penalty.gradient", self.gradient)?;
        require_weight("penalty.dragan", self.dragan)?;
        require_weight("penalty.clip", self.clip)?;
        require_weight("penalty.consistency", self.consistency)?;
        let fits = (1..=1000).contains(&self.every);
        require(fits, "penalty.every", &self.every, "between 1 and 1000")
    }
}

impl Loss {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let fits = (0.0..1.0).contains(&self.smoothing);
        let allowed = "at least 0 and below 1";
        require(fits, "loss.smoothing", &self.smoothing, allowed)?;
        require_weight("loss.feature_matching", self.feature_matching)?;
        require_weight("loss.auxiliary", self.auxiliary)?;
        require_weight("loss.adversarial", self.adversarial)
    }
}
