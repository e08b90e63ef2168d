//! What a step saw.

use crate::recipe::LossKind;
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// What a step saw. Losses are means over the batch, in nats where the game has
/// probabilities.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepReport {
    pub(crate) loss_discriminator: f64,
    pub(crate) loss_generator: f64,
    pub(crate) probability_real: f64,
    pub(crate) probability_fake: f64,
    /// Discriminator's and generator's, where they were measured.
    pub(crate) gradient_norms: Option<[f64; 2]>,
    /// What only some recipes have, by name: penalties, class losses.
    pub(crate) extras: BTreeMap<&'static str, f64>,
}

impl StepReport {
    /// Adds a share of what one of several updates saw.
    pub(super) fn note(&mut self, name: &'static str, value: f64, share: f64) {
        *self.extras.entry(name).or_default() += value * share;
    }
}

/// Mean D(x) and D(G(z)). Least squares has probabilities for answers, kept
/// within 0 and 1; in the relativistic games it is the probability of being the
/// more real one; a critic's answers go through the sigmoid, where 1/2 still
/// means that it cannot tell.
pub(super) fn probabilities(kind: LossKind, real: &Tensor<1>, fake: &Tensor<1>) -> [f64; 2] {
    let [real, fake] = [real, fake].map(|x| crate::layers::numbers(x.clone().without_autodiff()));
    let mean = |values: &[f32], f: &dyn Fn(f64) -> f64| {
        values.iter().map(|&x| f(f64::from(x))).sum::<f64>() / values.len() as f64
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    match kind {
        LossKind::LeastSquares => [real, fake].map(|values| mean(&values, &|x| x.clamp(0.0, 1.0))),
        LossKind::RelativisticAverage => {
            let [of_real, of_fake] = [&real, &fake].map(|values| mean(values, &|x| x));
            [
                mean(&real, &|x| sigmoid(x - of_fake)),
                mean(&fake, &|x| sigmoid(x - of_real)),
            ]
        }
        LossKind::RelativisticPairing => {
            let pairs: Vec<f32> = real.iter().zip(&fake).map(|(a, b)| a - b).collect();
            let more_real = mean(&pairs, &sigmoid);
            [more_real, 1.0 - more_real]
        }
        _ => [real, fake].map(|values| mean(&values, &sigmoid)),
    }
}
