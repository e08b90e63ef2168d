//! An optimiser's update gone through backwards: from what a loss changes with the
//! weights and moments after the update to what it changes with those before it,
//! and with the gradient that was followed.
//!
//! # Source
//! Reverse mode through the rules of `fata-kernels` (Kingma and Ba 2015, arXiv
//! 1412.6980, algorithm 1; gradient descent with momentum as in PyTorch).

use super::optimizer::OptimizerState;
use super::schedule::Moment;
use crate::recipe::OptimizerKind;
use burn::tensor::Tensor;

/// Derivatives of a loss by a player's weights and its optimiser's moments, as flat
/// tensors in the order of the trained parameters.
pub(super) struct Adjoint {
    weights: Vec<Tensor<1>>,
    /// By Adam's mean of gradients or SGD's velocity.
    first: Vec<Tensor<1>>,
    /// By Adam's mean of squared gradients.
    second: Vec<Tensor<1>>,
}

impl Adjoint {
    /// Of a loss that depends on the weights and not on the moments.
    pub(super) fn of(weights: Vec<Tensor<1>>) -> Self {
        let zeros = || weights.iter().map(Tensor::zeros_like).collect();
        Self {
            first: zeros(),
            second: zeros(),
            weights,
        }
    }

    /// With more by the weights.
    pub(super) fn plus(mut self, weights: Vec<Tensor<1>>) -> Self {
        for (sum, more) in self.weights.iter_mut().zip(weights) {
            *sum = sum.clone() + more;
        }
        self
    }

    /// What the loss changes with the gradient that was followed, and with weights
    /// and moments before the update, apart from what they do to that gradient.
    /// `optimizer` is as it was then.
    pub(super) fn before(
        self,
        optimizer: &OptimizerState,
        gradient: &[Tensor<1>],
        moment: Moment,
    ) -> (Vec<Tensor<1>>, Self) {
        let settings = &optimizer.settings;
        let rate = settings.rate * moment.rate;
        let beta2 = moment
            .beta2
            .map_or(settings.beta2, |blend| blend.from(settings.beta2));
        let rule = Rule {
            rate,
            betas: [settings.beta1, beta2],
            epsilon: settings.epsilon,
            step: optimizer.steps + 1,
        };
        let mut by_gradient = Vec::with_capacity(gradient.len());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (at, gradient) in gradient.iter().enumerate() {
            let by = [&self.weights[at], &self.first[at], &self.second[at]];
            let [of_gradient, of_first, of_second] = match settings.kind {
                OptimizerKind::Adam => {
                    let moments = [&optimizer.first[at], &optimizer.second[at]];
                    rule.adam(by.map(Clone::clone), gradient, moments)
                }
                // The velocity's step is the gradient's own: `u = momentum u + g`, `p -= rate u`.
                OptimizerKind::Sgd | OptimizerKind::RmsProp => {
                    let [weights, first, second] = by.map(Clone::clone);
                    let of_velocity = first - weights * rate;
                    let before = of_velocity.clone() * settings.beta1;
                    [of_velocity, before, second]
                }
            };
            by_gradient.push(of_gradient);
            first.push(of_first);
            second.push(of_second);
        }
        let before = Self {
            weights: self.weights,
            first,
            second,
        };
        (by_gradient, before)
    }
}

/// Adam's constants at a step.
struct Rule {
    rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    /// The update's number, the first being 1.
    step: u64,
}

impl Rule {
    /// By gradient, first and second moment: with `m`, `v` those after the update,
    /// `root = sqrt(v / c2) + epsilon` and `p -= rate / c1 * m / root`.
    fn adam(
        &self,
        [by_weights, by_first, by_second]: [Tensor<1>; 3],
        gradient: &Tensor<1>,
        [first, second]: [&Tensor<1>; 2],
    ) -> [Tensor<1>; 3] {
        let [beta1, beta2] = self.betas;
        let step = self.step.min(i32::MAX as u64) as i32;
        let [c1, c2] = self.betas.map(|beta| 1.0 - beta.powi(step));
        let rate = self.rate / c1;
        let first = first.clone() * beta1 + gradient.clone() * (1.0 - beta1);
        let square = gradient.clone().powi_scalar(2);
        let second = second.clone() * beta2 + square * (1.0 - beta2);
        let deviation = (second.clone() / c2).sqrt();
        let root = deviation.clone() + self.epsilon;

        let by_first = by_first - by_weights.clone() / root.clone() * rate;
        // Where no gradient has ever been there is no slope of the root to speak of.
        let still = second.equal_elem(0.0);
        let slope = (deviation * (2.0 * c2)).recip().mask_fill(still, 0.0);
        let by_second = by_second + by_weights * first / root.powi_scalar(2) * slope * rate;
        let by_gradient = by_first.clone() * (1.0 - beta1)
            + by_second.clone() * gradient.clone() * (2.0 * (1.0 - beta2));
        [by_gradient, by_first * beta1, by_second * beta2]
    }
}
