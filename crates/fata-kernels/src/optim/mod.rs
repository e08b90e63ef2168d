//! Optimiser steps over all parameters of a player at once, as PyTorch defines them, the moving
//! average of weights and the norms of gradients. Tensors here are plain ones, without gradients.

mod portable;
mod sweep;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::ops::is_fast;
use crate::profile::timed;

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
///
/// # Panics
/// When the tensors of a slot differ in length.
pub fn adam(slots: Vec<AdamSlot>, settings: Adam) -> Vec<(Tensor<1>, Tensor<1>, Tensor<1>)> {
    let lists = slots.iter().map(|slot| {
        let AdamSlot {
            parameter,
            gradient,
            first_moment,
            second_moment,
        } = slot;
        [parameter, gradient, first_moment, second_moment]
    });
    if all_fast(lists, "adam") {
        return timed(|| "Adam".into(), 0, || sweep::adam(slots, settings));
    }
    portable::adam(slots, settings)
}

/// What the step number makes of the rate and of the second moment's root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamCorrection {
    /// `rate / (1 - beta1^step)`
    pub(crate) rate: f32,
    /// `1 / sqrt(1 - beta2^step)`
    pub(crate) inverse_root: f32,
}

impl AdamCorrection {
    pub(crate) fn new(settings: Adam) -> Self {
        // Beyond this many steps the powers are zero for every beta below 1 - 1e-8.
        let step = settings.step.min(i32::MAX as u64) as i32;
        let first = 1.0 - f64::from(settings.beta1).powi(step);
        let second = 1.0 - f64::from(settings.beta2).powi(step);
        Self {
            rate: (f64::from(settings.rate) / first) as f32,
            inverse_root: second.sqrt().recip() as f32,
        }
    }
}

/// One step of gradient descent: `u = momentum u + g`, `p -= rate u`. Gives back parameter and
/// velocity of each slot.
///
/// # Panics
/// When the tensors of a slot differ in length.
pub fn sgd(slots: Vec<SgdSlot>, settings: Sgd) -> Vec<(Tensor<1>, Tensor<1>)> {
    let lists = slots
        .iter()
        .map(|slot| [&slot.parameter, &slot.gradient, &slot.velocity]);
    if all_fast(lists, "sgd") {
        return sweep::sgd(slots, settings);
    }
    portable::sgd(slots, settings)
}

/// One RMSProp step: `v = alpha v + (1 - alpha) g^2`, `p -= rate g / (sqrt(v) + epsilon)`. Gives
/// back parameter and average of squares of each slot.
///
/// # Panics
/// When the tensors of a slot differ in length.
pub fn rms_prop(slots: Vec<RmsPropSlot>, settings: RmsProp) -> Vec<(Tensor<1>, Tensor<1>)> {
    let lists = slots
        .iter()
        .map(|slot| [&slot.parameter, &slot.gradient, &slot.square_average]);
    if all_fast(lists, "rms_prop") {
        return sweep::rms_prop(slots, settings);
    }
    portable::rms_prop(slots, settings)
}

/// Moves averages towards values: `average += weight * (value - average)`.
///
/// # Panics
/// When the lists, or two tensors at the same place in them, differ in length.
pub fn lerp_all(averages: Vec<Tensor<1>>, values: Vec<Tensor<1>>, weight: f32) -> Vec<Tensor<1>> {
    assert_eq!(
        averages.len(),
        values.len(),
        "lerp_all: as many values as averages"
    );
    if all_fast(
        averages.iter().zip(&values).map(|(a, v)| [a, v]),
        "lerp_all",
    ) {
        let blend = || sweep::lerp_all(averages, values, weight);
        return timed(|| "moving average of weights".into(), 0, blend);
    }
    portable::lerp_all(averages, values, weight)
}

/// The sum of squares over all tensors, and the index of the first that holds a value that is not
/// finite.
pub fn squared_norms(tensors: &[Tensor<1>]) -> (f64, Option<usize>) {
    if all_fast(tensors.iter().map(|tensor| [tensor]), "squared_norms") {
        return sweep::squared_norms(tensors);
    }
    portable::squared_norms(tensors)
}

/// Whether the one-sweep kernels serve these tensors, those of each list being of one length.
fn all_fast<'a, const N: usize>(
    lists: impl IntoIterator<Item = [&'a Tensor<1>; N]>,
    operator: &str,
) -> bool {
    lists.into_iter().fold(true, |fast, list| {
        let [length] = list[0].dims();
        for tensor in list {
            assert_eq!(tensor.dims(), [length], "{operator}: lengths of a slot");
        }
        fast && list.iter().all(|tensor| is_fast(tensor))
    })
}
