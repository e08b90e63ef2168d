//! The tables and keys of a recipe, their defaults and their bounds.

mod game;
mod judging;
mod learning;
mod model;
mod train;
mod translation;

pub use game::{Loss, LossKind, Penalty};
pub use judging::{Judging, Stop, StopWhen};
pub use learning::{Average, Optimizer, OptimizerKind, Optimizers, Schedule, Shape};
pub use model::{Condition, Hidden, Minibatch, Model, ModelKind, Norm, SpectralNorm, Start};
pub use train::{RateDecay, Train};
pub use translation::{Distance, Domains, Task, Translation, TranslationNet, TranslationNorm};

use super::RecipeError;
use super::bounds::require;
use crate::augment::{Kind as AugmentKind, Settings};
use crate::data::Fit;
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
    /// The networks and goals of a translation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Translation>,
    /// The pictures that are translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Domains>,
    /// The game they play.
    #[serde(default)]
    pub loss: Loss,
    /// What keeps the discriminator smooth.
    #[serde(default)]
    pub penalty: Penalty,
    /// How each player learns.
    #[serde(default)]
    pub optimizer: Optimizers,
    /// How long and in what portions.
    #[serde(default)]
    pub train: Train,
    /// What changes over a run.
    #[serde(default)]
    pub schedule: Schedule,
    /// The moving average of the generator.
    #[serde(default)]
    pub average: Average,
    /// What is done to images before the discriminator sees them.
    #[serde(default)]
    pub augment: Settings,
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
    /// The share of the items that the discriminator is never shown, kept to
    /// test on; by default one in twenty, 256 at most, and none of a small set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
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
        self.model.check()?;
        if let Some(translation) = &self.translation {
            translation.check()?;
        }
        if let Some(domains) = &self.domains {
            domains.check()?;
        }
        self.loss.check()?;
        self.penalty.check()?;
        self.train.check()?;
        if let Err(bad) = self.augment.check() {
            require(false, bad.key, &bad.value, bad.allowed)?;
        }
        self.schedule.check()?;
        self.average.check()?;
        self.judge.check(&self.stop)?;
        let channels = self.data.channels.unwrap_or(1);
        let fits = [1, 3, 4].contains(&channels);
        require(fits, "data.channels", &channels, "1, 3 or 4")?;
        let share = self.data.held_out.unwrap_or(0.0);
        let fits = (0.0..1.0).contains(&share);
        require(fits, "data.held_out", &share, "at least 0 and below 1")?;
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

    /// Checks that the values go together: each may be right alone.
    ///
    /// # Errors
    /// The first that does not fit another.
    pub fn check_together(&self) -> Result<(), RecipeError> {
        let (model, train) = (&self.model, &self.train);
        let translates = model.kind == ModelKind::Translation;
        let allowed = "with model.kind=translation, and only with it: name the recipe pix2pix, cyclegan or regression";
        let fits = translates == self.translation.is_some();
        require(fits, "[translation]", &fits, allowed)?;
        let allowed =
            "only with a recipe that translates: --recipe pix2pix, cyclegan or regression";
        let fits = translates || self.domains.is_none();
        require(fits, "[domains]", &"given", allowed)?;
        if translates {
            return self.check_translation();
        }
        let fits = train.batch.is_multiple_of(model.packing);
        let allowed = format!("a divisor of train.batch, which is {}", train.batch);
        require(fits, "model.packing", &model.packing, &allowed)?;
        if let Some(key) = self.penalty.of_gradient() {
            let normed = model.kind == ModelKind::Dcgan && model.discriminator_norm == Norm::Batch;
            let allowed = "a gradient penalty needs a discriminator that judges each sample alone: set model.discriminator_norm=none too";
            require(!normed, key, &"on", allowed)?;
            let allowed = "a gradient penalty cannot look through minibatch discrimination: use model.minibatch=deviation or none";
            let fits = model.minibatch != Minibatch::Discrimination;
            require(fits, key, &"on", allowed)?;
            let allowed =
                "a gradient penalty cannot look through self-attention: set model.attention=0 too";
            let attends = model.kind == ModelKind::Resnet && model.attention > 0;
            require(!attends, key, &"on", allowed)?;
            let allowed = "a gradient penalty needs a logit that is no sum over classes: use another model.condition than semi-supervised";
            let fits = model.condition != Condition::SemiSupervised;
            require(fits, key, &"on", allowed)?;
        }
        self.check_unrolled()?;
        let fits = self.penalty.consistency == 0.0 || self.augment.kind != AugmentKind::None;
        let allowed = "consistency is under augmentation: set augment.kind too";
        let weight = self.penalty.consistency;
        require(fits, "penalty.consistency", &weight, allowed)?;
        let normalised = model.spectral_norm != SpectralNorm::None;
        let fits = model.kind != ModelKind::R3gan || !normalised;
        let allowed =
            "none with r3gan, whose last convolutions begin at 0 and so have no spectral norm";
        require(fits, "model.spectral_norm", &"on", allowed)?;
        let semi = model.condition == Condition::SemiSupervised;
        let plain = matches!(self.loss.kind, LossKind::Minimax | LossKind::NonSaturating);
        let allowed = "semi-supervised needs loss.kind minimax or non-saturating";
        require(
            !semi || plain,
            "model.condition",
            &"semi-supervised",
            allowed,
        )?;
        let allowed = "labels are of single samples: set model.packing=1";
        let fits = model.condition == Condition::None || model.packing == 1;
        require(fits, "model.packing", &model.packing, allowed)?;
        let fits = train.labelled == 0 || semi;
        let allowed = "only with model.condition=semi-supervised";
        require(fits, "train.labelled", &train.labelled, allowed)
    }

    /// Looking ahead differentiates the discriminator's own updates, so what it is
    /// made of must have second derivatives here.
    fn check_unrolled(&self) -> Result<(), RecipeError> {
        if self.train.unrolled_steps == 0 {
            return Ok(());
        }
        let model = &self.model;
        let normed = model.kind == ModelKind::Dcgan && model.discriminator_norm == Norm::Batch;
        let attends = model.kind == ModelKind::Resnet && model.attention > 0;
        let conditions = [Condition::Auxiliary, Condition::SemiSupervised];
        let rule = &self.optimizer.discriminator.kind;
        for (fits, allowed) in [
            (
                !normed,
                "0, or a discriminator without batch normalisation: set model.discriminator_norm=none too",
            ),
            (!attends, "0 with self-attention: set model.attention=0 too"),
            (
                model.minibatch == Minibatch::None,
                "0 where the discriminator sees its batch: set model.minibatch=none too",
            ),
            (
                model.spectral_norm == SpectralNorm::None,
                "0 with spectral normalisation: set model.spectral_norm=none too",
            ),
            (
                !conditions.contains(&model.condition),
                "0 where the discriminator names classes: use model.condition none, concatenation or projection",
            ),
            (
                self.penalty.of_gradient().is_none() && self.penalty.consistency == 0.0,
                "0 together with a penalty: set the penalties to 0 too",
            ),
            (
                self.penalty.clip == 0.0,
                "0 together with clipped weights: set penalty.clip=0 too",
            ),
            (
                *rule != OptimizerKind::RmsProp,
                "0 with rms-prop: use optimizer.discriminator.kind adam or sgd",
            ),
        ] {
            let steps = &self.train.unrolled_steps;
            require(fits, "train.unrolled_steps", steps, allowed)?;
        }
        Ok(())
    }

    /// What a translation has no use for would be passed over in silence.
    fn check_translation(&self) -> Result<(), RecipeError> {
        let none = |fits: bool, key: &'static str| {
            require(fits, key, &"set", "not with a recipe that translates")
        };
        none(self.model.condition == Condition::None, "model.condition")?;
        none(self.model.minibatch == Minibatch::None, "model.minibatch")?;
        none(self.model.packing == 1, "model.packing")?;
        let plain = self.model.spectral_norm == SpectralNorm::None;
        none(plain, "model.spectral_norm")?;
        none(self.penalty.of_gradient().is_none(), "penalty")?;
        none(self.penalty.clip == 0.0, "penalty.clip")?;
        none(self.penalty.consistency == 0.0, "penalty.consistency")?;
        none(self.augment.kind == AugmentKind::None, "augment.kind")?;
        none(self.train.lookahead_every == 0, "train.lookahead_every")?;
        none(self.train.labelled == 0, "train.labelled")?;
        none(
            self.train.discriminator_steps == 1,
            "train.discriminator_steps",
        )?;
        none(self.loss.feature_matching == 0.0, "loss.feature_matching")?;
        none(self.judge.every == 0, "judge.every")?;
        none(!self.train.auto, "train.auto")?;
        let relative = self.loss.kind.generator_sees_real();
        let allowed = "a game that judges each picture alone";
        require(!relative, "loss.kind", &"relativistic", allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(assignments: &[&str]) -> Result<(), RecipeError> {
        let recipe = Recipe::named("dcgan").unwrap();
        let set = |recipe: Recipe, assignment: &&str| recipe.with_set(assignment).unwrap();
        assignments.iter().fold(recipe, set).check_together()
    }

    #[test]
    fn values_that_do_not_go_together_are_refused_with_the_way_out() {
        let refused: [(&[&str], &[&str]); 9] = [
            (
                &["penalty.r1=1"],
                &["penalty.r1", "model.discriminator_norm=none"],
            ),
            (
                &[
                    "penalty.gradient=10",
                    "model.discriminator_norm=none",
                    "model.minibatch=discrimination",
                ],
                &["penalty.gradient", "model.minibatch=deviation"],
            ),
            (
                &["penalty.r2=1", "model.kind=resnet", "model.attention=16"],
                &["penalty.r2", "model.attention=0"],
            ),
            (
                &[
                    "penalty.dragan=1",
                    "model.kind=mlp",
                    "model.condition=semi-supervised",
                ],
                &["penalty.dragan", "semi-supervised"],
            ),
            (
                &["model.kind=r3gan", "model.spectral_norm=discriminator"],
                &["model.spectral_norm", "r3gan"],
            ),
            (
                &["model.packing=3"],
                &["model.packing", "3", "train.batch", "64"],
            ),
            (
                &["model.packing=2", "model.condition=projection"],
                &["model.packing", "model.packing=1"],
            ),
            (
                &["train.labelled=100"],
                &["train.labelled", "model.condition=semi-supervised"],
            ),
            (
                &["model.condition=semi-supervised", "loss.kind=hinge"],
                &["model.condition", "minimax or non-saturating"],
            ),
        ];
        for (assignments, said) in refused {
            let error = with(assignments).unwrap_err().to_string();
            for part in said {
                assert!(error.contains(part), "{part} is not in: {error}");
            }
        }
    }

    #[test]
    fn values_that_go_together_are_taken() {
        let taken: [&[&str]; 6] = [
            &[],
            &["penalty.r1=1", "model.discriminator_norm=none"],
            &["penalty.r1=1", "model.kind=resnet"],
            &[
                "penalty.r1=1",
                "model.kind=r3gan",
                "model.minibatch=deviation",
                "model.condition=projection",
            ],
            &["model.packing=4", "model.minibatch=discrimination"],
            &["model.condition=semi-supervised", "train.labelled=100"],
        ];
        for assignments in taken {
            with(assignments).unwrap();
        }
    }
}
