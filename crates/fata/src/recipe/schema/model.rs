//! `[model]`: the two networks.

use super::super::RecipeError;
use super::super::bounds::require;
use serde::{Deserialize, Serialize};

/// `[model]`: the two networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The architecture.
    pub kind: ModelKind,
    /// The latent vector's length.
    #[serde(default = "default_latent")]
    pub latent: usize,
    /// How many of the latent vector's numbers are -1 or 1 with equal chance,
    /// the last ones; the others are normal. For data in separate pieces, which
    /// no continuous map makes of one piece.
    #[serde(default)]
    pub latent_binary: usize,
    /// How an `mlp`'s weights begin.
    #[serde(default)]
    pub init: Start,
    /// What bends an `mlp`'s hidden layers.
    #[serde(default)]
    pub activation: Hidden,
    /// Frequencies of the Fourier features that an `mlp` discriminator sees
    /// beside the data; 0 for none.
    #[serde(default)]
    pub fourier: usize,
    /// Channels of the layer at full resolution (`dcgan`, `resnet`, `r3gan`), or
    /// units of the generator's first hidden layer (`mlp`).
    #[serde(default = "default_width")]
    pub width: usize,
    /// The discriminator's width where it is not the generator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator_width: Option<usize>,
    /// Hidden layers of an `mlp` generator, in order; by default width,
    /// 2 width, 4 width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_generator: Vec<usize>,
    /// Hidden layers of an `mlp` discriminator; by default 2 width, width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_discriminator: Vec<usize>,
    /// Residual blocks of each resolution (`r3gan`).
    #[serde(default = "default_blocks")]
    pub blocks: usize,
    /// What normalises the discriminator's layers (`dcgan`).
    #[serde(default)]
    pub discriminator_norm: Norm,
    /// Whose weights are divided by their spectral norm.
    #[serde(default)]
    pub spectral_norm: SpectralNorm,
    /// The side at which both players attend to all places (`resnet`); 0 for
    /// no attention.
    #[serde(default)]
    pub attention: usize,
    /// What the discriminator sees of its batch as a whole.
    #[serde(default)]
    pub minibatch: Minibatch,
    /// Samples that the discriminator judges together (PacGAN).
    #[serde(default = "default_packing")]
    pub packing: usize,
    /// How the players know the label of a sample.
    #[serde(default)]
    pub condition: Condition,
}

fn default_latent() -> usize {
    100
}
fn default_width() -> usize {
    64
}
fn default_blocks() -> usize {
    1
}
fn default_packing() -> usize {
    1
}

/// The architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Multi-layer perceptrons (Goodfellow et al. 2014).
    Mlp,
    /// Deep convolutional networks (Radford et al. 2015).
    Dcgan,
    /// Residual networks (Miyato et al. 2018).
    Resnet,
    /// The modern baseline (Huang et al. 2024).
    R3gan,
    /// Pictures made of pictures, as `[translation]` says.
    Translation,
}

impl ModelKind {
    /// The architecture's name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Dcgan => "dcgan",
            Self::Resnet => "resnet",
            Self::R3gan => "r3gan",
            Self::Translation => "translation",
        }
    }
}

/// How weights begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Uniform, as PyTorch's linear layers (LeCun et al. 1998).
    #[default]
    Classic,
    /// Normal, so that signals keep their size (He et al. 2015).
    He,
}

/// The activation of an `mlp`'s hidden layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hidden {
    /// Leaky ReLU of slope 0.2.
    #[default]
    LeakyRelu,
    /// The hyperbolic tangent.
    Tanh,
}

/// Normalisation of a discriminator's layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Batch normalisation.
    #[default]
    Batch,
    /// None, with biases instead: each sample is judged alone.
    None,
}

/// Whose weights are spectrally normalised (Miyato et al. 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpectralNorm {
    /// Nobody's.
    #[default]
    None,
    /// The discriminator's.
    Discriminator,
    /// Both players' (Zhang et al. 2019).
    Both,
}

/// What the discriminator sees of its batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Minibatch {
    /// Each sample alone.
    #[default]
    None,
    /// The standard deviation over the batch (Karras et al. 2018).
    Deviation,
    /// Distances to the other samples (Salimans et al. 2016).
    Discrimination,
}

/// How the players know labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// They do not.
    #[default]
    None,
    /// The label joins both players' inputs (Mirza and Osindero 2014).
    Concatenation,
    /// The discriminator also names the class (Odena et al. 2017).
    Auxiliary,
    /// The label's vector is projected onto the discriminator's features (Miyato
    /// and Koyama 2018); the generator is conditioned through its batch
    /// normalisation where it has one.
    Projection,
    /// The discriminator names one of K classes or none, and learns them from
    /// the labels of some images (Salimans et al. 2016); the generator is not
    /// conditioned.
    SemiSupervised,
}

impl Model {
    pub(in super::super) fn check(&self) -> Result<(), RecipeError> {
        let sizes = 1..=4096;
        for (key, size) in [("model.latent", self.latent), ("model.width", self.width)] {
            require(sizes.contains(&size), key, &size, "between 1 and 4096")?;
        }
        let binary = self.latent_binary;
        let allowed = "at most model.latent";
        let fits = binary <= self.latent;
        require(fits, "model.latent_binary", &binary, allowed)?;
        let fits = self.fourier <= 4096;
        require(fits, "model.fourier", &self.fourier, "at most 4096")?;
        let wide = self.discriminator_width.unwrap_or(self.width);
        let key = "model.discriminator_width";
        require(sizes.contains(&wide), key, &wide, "between 1 and 4096")?;
        for (key, layers) in [
            ("model.hidden_generator", &self.hidden_generator),
            ("model.hidden_discriminator", &self.hidden_discriminator),
        ] {
            require(
                layers.len() <= 16 && layers.iter().all(|units| (1..=65_536).contains(units)),
                key,
                &format!("{layers:?}"),
                "at most 16 layers of 1 to 65536 units",
            )?;
        }
        let fits = (1..=16).contains(&self.blocks);
        require(fits, "model.blocks", &self.blocks, "between 1 and 16")?;
        let fits = (1..=64).contains(&self.packing);
        require(fits, "model.packing", &self.packing, "between 1 and 64")?;
        let fits = self.attention == 0
            || self.attention.is_power_of_two() && (4..=64).contains(&self.attention);
        let allowed = "0 for none, or the side 4, 8, 16, 32 or 64";
        require(fits, "model.attention", &self.attention, allowed)
    }

    /// Whether an answer of the discriminator depends on the other samples of
    /// its batch.
    pub fn sees_batch(&self) -> bool {
        let norm = self.kind == ModelKind::Dcgan && self.discriminator_norm == Norm::Batch;
        norm || self.minibatch != Minibatch::None
    }
}
