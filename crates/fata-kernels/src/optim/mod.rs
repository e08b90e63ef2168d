//! Optimiser steps over all parameters of a player at once, as PyTorch defines them, the moving
//! average of weights and the norms of gradients. Tensors here are plain ones, without gradients.

use burn::tensor::Tensor;

/// Settings of one Adam step.
///
/// # Source
/// Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Number of this step, the first being 1.
    pub step: u64,
}

/// One parameter with its gradient and moments, flattened.
#[derive(Clone, Debug)]
pub struct AdamSlot {
    /// The weights, updated.
    pub parameter: Tensor<1>,
    /// Their gradient, read.
    pub gradient: Tensor<1>,
    /// Moving average of the gradient, updated.
    pub first_moment: Tensor<1>,
    /// Moving average of its square, updated.
    pub second_moment: Tensor<1>,
}

/// Settings of one step of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub rate: f32,
    /// Share of the velocity that is kept; 0 for none.
    pub momentum: f32,
}

/// One parameter with its gradient and velocity, flattened.
#[derive(Clone, Debug)]
pub struct SgdSlot {
    /// The weights, updated.
    pub parameter: Tensor<1>,
    /// Their gradient, read.
    pub gradient: Tensor<1>,
    /// Velocity, updated; zeros before the first step.
    pub velocity: Tensor<1>,
}

/// Settings of one RMSProp step.
///
/// # Source
/// Tieleman and Hinton 2012, lecture 6.5; epsilon outside the root, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the average of squares.
    pub alpha: f32,
    /// Added to the root.
    pub epsilon: f32,
}

/// One parameter with its gradient and average of squares, flattened.
#[derive(Clone, Debug)]
pub struct RmsPropSlot {
    /// The weights, updated.
    pub parameter: Tensor<1>,
    /// Their gradient, read.
    pub gradient: Tensor<1>,
    /// Moving average of the squared gradient, updated; zeros before the first step.
    pub square_average: Tensor<1>,
}

/// One Adam step: `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
/// `p -= rate / (1 - beta1^step) * m / (sqrt(v / (1 - beta2^step)) + epsilon)`.
/// Gives back parameter, first and second moment of each slot, in place where nobody else holds them.
pub fn adam(slots: Vec<AdamSlot>, settings: Adam) -> Vec<(Tensor<1>, Tensor<1>, Tensor<1>)> {
    let Adam { beta1, beta2, .. } = settings;
    let correction = AdamCorrection::new(settings);
    slots
        .into_iter()
        .map(|slot| {
            let gradient = slot.gradient;
            let first =
                slot.first_moment.clone() + (gradient.clone() - slot.first_moment) * (1.0 - beta1);
            let second = slot.second_moment * beta2 + gradient.clone() * gradient * (1.0 - beta2);
            let root = second.clone().sqrt() / correction.second_root + settings.epsilon;
            let parameter = slot.parameter - first.clone() / root * correction.rate;
            (parameter, first, second)
        })
        .collect()
}

/// What the step number makes of the rate and of the second moment's root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamCorrection {
    /// `rate / (1 - beta1^step)`
    pub(crate) rate: f32,
    /// `sqrt(1 - beta2^step)`
    pub(crate) second_root: f32,
}

impl AdamCorrection {
    pub(crate) fn new(settings: Adam) -> Self {
        // Beyond this many steps the powers are zero for every beta below 1 - 1e-8.
        let step = settings.step.min(i32::MAX as u64) as i32;
        let first = 1.0 - f64::from(settings.beta1).powi(step);
        let second = 1.0 - f64::from(settings.beta2).powi(step);
        Self {
            rate: (f64::from(settings.rate) / first) as f32,
            second_root: second.sqrt() as f32,
        }
    }
}

/// One step of gradient descent: `u = momentum u + g`, `p -= rate u`. Gives back parameter and
/// velocity of each slot.
pub fn sgd(slots: Vec<SgdSlot>, settings: Sgd) -> Vec<(Tensor<1>, Tensor<1>)> {
    slots
        .into_iter()
        .map(|slot| {
            if settings.momentum == 0.0 {
                return (
                    slot.parameter - slot.gradient * settings.rate,
                    slot.velocity,
                );
            }
            let velocity = slot.velocity * settings.momentum + slot.gradient;
            (slot.parameter - velocity.clone() * settings.rate, velocity)
        })
        .collect()
}

/// One RMSProp step: `v = alpha v + (1 - alpha) g^2`, `p -= rate g / (sqrt(v) + epsilon)`. Gives
/// back parameter and average of squares of each slot.
pub fn rms_prop(slots: Vec<RmsPropSlot>, settings: RmsProp) -> Vec<(Tensor<1>, Tensor<1>)> {
    slots
        .into_iter()
        .map(|slot| {
            let gradient = slot.gradient;
            let average = slot.square_average * settings.alpha
                + gradient.clone() * gradient.clone() * (1.0 - settings.alpha);
            let root = average.clone().sqrt() + settings.epsilon;
            (slot.parameter - gradient / root * settings.rate, average)
        })
        .collect()
}

/// Moves averages towards values: `average += weight * (value - average)`.
///
/// # Panics
/// When the lists differ in length.
pub fn lerp_all(averages: Vec<Tensor<1>>, values: Vec<Tensor<1>>, weight: f32) -> Vec<Tensor<1>> {
    assert_eq!(
        averages.len(),
        values.len(),
        "lerp_all: as many values as averages"
    );
    averages
        .into_iter()
        .zip(values)
        .map(|(average, value)| average.clone() + (value - average) * weight)
        .collect()
}

/// The sum of squares over all tensors, and the index of the first that holds a value that is not
/// finite.
pub fn squared_norms(tensors: &[Tensor<1>]) -> (f64, Option<usize>) {
    let mut total = 0.0;
    let mut not_finite = None;
    for (index, tensor) in tensors.iter().enumerate() {
        let values: Vec<f32> = tensor
            .to_data()
            .convert::<f32>()
            .try_into_vec()
            .expect("converted to f32 above");
        let sum: f64 = values
            .iter()
            .map(|&value| f64::from(value) * f64::from(value))
            .sum();
        if !sum.is_finite() && not_finite.is_none() {
            not_finite = Some(index);
        }
        total += sum;
    }
    (total, not_finite)
}
