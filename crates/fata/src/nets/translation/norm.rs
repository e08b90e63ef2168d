//! The three normalisations of a translation's layers.

use super::TranslationForm;
use crate::layers::{BatchNorm, Builder, InstanceNorm, Weights};
use crate::recipe::TranslationNorm;
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// A normalisation with its activation.
#[derive(Clone, Debug)]
pub(super) enum Norm {
    Batch(BatchNorm),
    Instance(InstanceNorm),
}

impl Norm {
    pub(super) fn new(
        builder: &mut Builder,
        form: &TranslationForm,
        (name, channels): (&str, usize),
        activation: Activation,
    ) -> Self {
        match form.settings.norm {
            TranslationNorm::Batch => {
                Self::Batch(BatchNorm::new(builder, name, channels, activation))
            }
            TranslationNorm::Instance => Self::Instance(InstanceNorm::new(activation)),
            TranslationNorm::Picture => {
                Self::Instance(InstanceNorm::new(activation).trained(builder, name, channels))
            }
        }
    }

    pub(super) fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Batch(norm) => norm.forward(weights, x),
            Self::Instance(norm) => norm.forward(weights, x),
        }
    }
}

/// Whether normalised convolutions have biases: only where the normalisation
/// itself shifts nothing.
pub(super) fn biased(form: &TranslationForm) -> bool {
    form.settings.norm == TranslationNorm::Instance
}
