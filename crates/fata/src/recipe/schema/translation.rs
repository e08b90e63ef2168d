//! `[translation]` and `[domains]`: pictures made of other pictures, and where
//! both kinds come from.

use super::super::RecipeError;
use super::super::bounds::{require, require_weight};
use serde::{Deserialize, Serialize};

/// `[translation]`: the networks and the goals of `model.kind = "translation"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Translation {
    /// Whether each picture has its counterpart.
    pub task: Task,
    /// The generator's architecture.
    pub generator: TranslationNet,
    /// Residual blocks of a `resnet`; no more than 6 at half of `full_size` and
    /// below, as in the paper.
    pub blocks: usize,
    /// Side of the patch that each answer of the discriminator sees: 1, 16, 34,
    /// 70, 142 or 286 pixels at `full_size`, and about the same share of smaller
    /// pictures; 0 for the whole picture.
    pub field: usize,
    /// What normalises the layers of all players.
    pub norm: TranslationNorm,
    /// The share of values dropped in a `unet`'s innermost layers.
    pub dropout: f64,
    /// The side at which `model.width`, `blocks`, `field` and `load` hold. Smaller
    /// pictures get narrower layers, by their side's share for a `resnet` and by
    /// its square root for a `unet`; 0 for the same of all at any side.
    pub full_size: usize,
    /// Weight of the adversarial loss; at 0 there is no discriminator's game.
    pub adversarial: f64,
    /// Weight of the distance to the counterpart (`paired`).
    pub reconstruction: f64,
    /// Which distance.
    pub distance: Distance,
    /// Weight of the way there and back (`unpaired`).
    pub cycle: f64,
    /// Weight of leaving the other domain's pictures alone, times `cycle`.
    pub identity: f64,
    /// Generated pictures that the discriminator is shown again (`unpaired`).
    pub pool: usize,
    /// Pictures are loaded at so many times the resolution, and cut at random.
    /// Below `full_size` they are not enlarged for it: what is cut out of a
    /// picture that was enlarged is larger than what is translated later.
    pub load: f64,
}

impl Default for Translation {
    /// Isola et al. 2017, section 6.2 and appendix.
    fn default() -> Self {
        Self {
            task: Task::Paired,
            generator: TranslationNet::Unet,
            blocks: 9,
            field: 70,
            norm: TranslationNorm::Picture,
            dropout: 0.5,
            full_size: 256,
            adversarial: 1.0,
            reconstruction: 100.0,
            distance: Distance::L1,
            cycle: 10.0,
            identity: 0.5,
            pool: 50,
            load: 286.0 / 256.0,
        }
    }
}

/// What is learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Pairs of pictures (Isola et al. 2017).
    Paired,
    /// Two sets of pictures (Zhu et al. 2017).
    Unpaired,
}

/// Generators of translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TranslationNet {
    /// An encoder and a decoder with a link between the layers of each size.
    Unet,
    /// Residual blocks at a quarter of the side (Johnson et al. 2016).
    Resnet,
}

impl TranslationNet {
    /// Its name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unet => "unet",
            Self::Resnet => "resnet",
        }
    }
}

/// Normalisations of translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TranslationNorm {
    /// By the batch in training, by running statistics in use.
    Batch,
    /// By each picture's own statistics, with nothing trained; convolutions
    /// have biases (`cyclegan`).
    Instance,
    /// By each picture's own statistics, with a trained scale and shift: batch
    /// normalisation at batch 1, in training and in use (`pix2pix`).
    Picture,
}

/// Distances between pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// The mean absolute difference.
    L1,
    /// The mean squared difference.
    L2,
}

/// The patches that a discriminator of whole layers can see.
const FIELDS: [usize; 7] = [0, 1, 16, 34, 70, 142, 286];

impl Translation {
    /// The side at which pictures are loaded for a network of this side, when
    /// most have so many pixels.
    pub(crate) fn load_side(&self, side: usize, own: usize) -> usize {
        let load = (side as f64 * self.load).round() as usize;
        match side < self.full_size {
            true => load.min(own.max(side)),
            false => load,
        }
    }

    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let fits = (1..=32).contains(&self.blocks);
        require(fits, "translation.blocks", &self.blocks, "between 1 and 32")?;
        let fits = FIELDS.contains(&self.field);
        let allowed = "1, 16, 34, 70, 142 or 286, or 0 for the whole picture";
        require(fits, "translation.field", &self.field, allowed)?;
        let fits = (0.0..1.0).contains(&self.dropout);
        let allowed = "at least 0 and below 1";
        require(fits, "translation.dropout", &self.dropout, allowed)?;
        let fits = self.full_size <= 4096;
        let allowed = "at most 4096";
        require(fits, "translation.full_size", &self.full_size, allowed)?;
        require_weight("translation.adversarial", self.adversarial)?;
        require_weight("translation.reconstruction", self.reconstruction)?;
        require_weight("translation.cycle", self.cycle)?;
        require_weight("translation.identity", self.identity)?;
        let fits = self.pool <= 10_000;
        require(fits, "translation.pool", &self.pool, "at most 10000")?;
        let fits = (1.0..=4.0).contains(&self.load);
        require(fits, "translation.load", &self.load, "between 1 and 4")?;
        let goal = match self.task {
            Task::Paired => self.adversarial + self.reconstruction,
            Task::Unpaired => self.adversarial,
        };
        let allowed = "more than 0, or there is nothing to learn";
        require(goal > 0.0, "translation.adversarial", &goal, allowed)
    }
}

/// `[domains]`: the pictures that are translated; what they become is in
/// `data.source`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Domains {
    /// A folder or zip; or `folders` where `data.source` holds `trainA` and
    /// `trainB`; or `halves` where its pictures are pairs side by side; or
    /// `edges`, `grey`, `small` or `masked`, drawn from its pictures. By default
    /// `folders` if they are there, else `edges`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Whether pictures of one name are pairs; by default, if all have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paired: Option<bool>,
    /// Channels of the translated pictures, 1, 3 or 4; by default what they hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// How much of a picture `edges` draws, from 0 to 1.
    pub detail: f64,
    /// How many times smaller `small` makes a picture.
    pub factor: usize,
}

impl Default for Domains {
    fn default() -> Self {
        Self {
            from: String::new(),
            paired: None,
            channels: None,
            detail: 0.5,
            factor: 4,
        }
    }
}

impl Domains {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let channels = self.channels.unwrap_or(1);
        let fits = [1, 3, 4].contains(&channels);
        require(fits, "domains.channels", &channels, "1, 3 or 4")?;
        let fits = (0.0..=1.0).contains(&self.detail);
        require(fits, "domains.detail", &self.detail, "between 0 and 1")?;
        let fits = (2..=16).contains(&self.factor);
        require(fits, "domains.factor", &self.factor, "between 2 and 16")
    }
}
