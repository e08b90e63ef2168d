//! The operators as the networks call them: shapes are checked here, then the call goes to the
//! Flex kernels or to the portable composition.

mod augment;
mod elements;
pub(crate) mod flex;
mod layers;
mod norms;
mod portable;
#[cfg(test)]
mod pytorch;
mod resampling;
mod spectral;
mod tangent;
#[cfg(test)]
mod tests;

pub use augment::{ColourMap, Sampling, colour_affine, cut_out, warp_affine};
pub use spectral::spectral_normalise;
pub use tangent::{activation_tangent, modulate};

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::{DispatchDevice, GradientCheckpointingStrategy};
use burn::tensor::{DType, Tensor};

use crate::pointwise::curve::has_slope_of_value;

static FALLBACK: AtomicBool = AtomicBool::new(false);

/// Makes every operator run as its portable composition, also on the CPU. For comparing the two.
pub fn use_fallback(on: bool) {
    FALLBACK.store(on, Ordering::SeqCst);
}

/// Whether [`use_fallback`] is on.
pub fn fallback_used() -> bool {
    FALLBACK.load(Ordering::SeqCst)
}

/// Whether the kernels serve this tensor: floats of the CPU device, without recomputation of
/// activations in the backward pass.
pub(crate) fn is_fast<const D: usize>(tensor: &Tensor<D>) -> bool {
    if fallback_used() || tensor.dtype() != DType::F32 || tensor.shape().num_elements() == 0 {
        return false;
    }
    let device = tensor.device();
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => {
            device.gradient_checkpointing_strategy()
                == Some(GradientCheckpointingStrategy::Disabled)
                && matches!(inner.clone().inner(), DispatchDevice::Flex(_))
        }
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// The function applied to each value after a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` where positive, else the slope times `x`.
    LeakyRelu(f32),
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
}

/// How a convolution moves over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// Step in pixels, vertical then horizontal.
    pub stride: [usize; 2],
    /// Zeros added on each side, vertical then horizontal.
    pub padding: [usize; 2],
    /// Number of groups the channels are cut into.
    pub groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        Self {
            stride: [1, 1],
            padding: [0, 0],
            groups: 1,
        }
    }
}

/// The statistics of one batch, for running averages. They carry no gradient and live on the
/// plain device.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Mean of each channel.
    pub mean: Tensor<1>,
    /// Unbiased variance of each channel: the sum of squares over `count - 1`, as PyTorch keeps it.
    pub variance: Tensor<1>,
}

/// Two-dimensional convolution.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, `weight` `[kernel_h, kernel_w, in / groups, out]`, `bias` `[out]`.
///
/// # Panics
/// When the shapes do not fit each other.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let [_, _, _, channels] = x.dims();
    let [_, _, per_group, out] = weight.dims();
    assert_eq!(
        channels,
        per_group * options.groups,
        "conv2d: input channels against weight"
    );
    assert_eq!(
        out % options.groups,
        0,
        "conv2d: output channels against groups"
    );
    if is_fast(&x) {
        return layers::conv2d(x, weight, bias, options);
    }
    portable::conv2d(x, weight, bias, options)
}

/// Two-dimensional transposed convolution: the input gradient of [`conv2d`] with the same weight.
/// The output measures `(in - 1) * stride - 2 * padding + kernel`.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, `weight` `[kernel_h, kernel_w, out / groups, in]`, `bias` `[out]`.
///
/// # Panics
/// When the shapes do not fit each other.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let [_, _, _, channels] = x.dims();
    let [_, _, _, inputs] = weight.dims();
    assert_eq!(
        channels, inputs,
        "conv_transpose2d: input channels against weight"
    );
    assert_eq!(
        channels % options.groups,
        0,
        "conv_transpose2d: input channels against groups"
    );
    if is_fast(&x) {
        return layers::conv_transpose2d(x, weight, bias, options);
    }
    portable::conv_transpose2d(x, weight, bias, options)
}

/// Fully connected layer with its activation: `activation(x weight + bias)`.
///
/// # Shapes
/// `x` `[batch, in]`, `weight` `[in, out]`, `bias` `[out]`.
pub fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    if is_fast(&x) && has_slope_of_value(activation) {
        return layers::linear(x, weight, bias, activation);
    }
    portable::linear(x, weight, bias, activation)
}

/// Batch normalisation over all but the last dimension, then the activation:
/// `activation((x - mean) / sqrt(variance + epsilon) * gamma + beta)` with the biased variance.
///
/// # Shapes
/// `x` `[.., channels]`, `gamma` and `beta` `[channels]`.
///
/// # Source
/// Ioffe and Szegedy 2015, arXiv 1502.03167, algorithm 1.
pub fn batch_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
    activation: Activation,
) -> (Tensor<D>, BatchStatistics) {
    if is_fast(&x) && has_slope_of_value(activation) {
        return norms::batch_norm(x, gamma, beta, epsilon, activation);
    }
    portable::batch_norm(x, gamma, beta, epsilon, activation)
}

/// `activation(x * scale + shift)` channel by channel: batch normalisation at inference time.
///
/// # Shapes
/// `x` `[.., channels]`, `scale` and `shift` `[channels]`.
pub fn affine_activation<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    activation: Activation,
) -> Tensor<D> {
    if is_fast(&x) && has_slope_of_value(activation) {
        return elements::affine_activation(x, scale, shift, activation);
    }
    portable::affine_activation(x, scale, shift, activation)
}

/// Instance normalisation: each channel of each image by its own mean and biased variance, then
/// the activation.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, `gamma` and `beta` `[channels]`.
///
/// # Source
/// Ulyanov et al. 2016, arXiv 1607.08022.
pub fn instance_norm(
    x: Tensor<4>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    epsilon: f32,
    activation: Activation,
) -> Tensor<4> {
    if is_fast(&x) && has_slope_of_value(activation) {
        return norms::instance_norm(x, gamma, beta, epsilon, activation);
    }
    portable::instance_norm(x, gamma, beta, epsilon, activation)
}

/// Applies the activation to each value.
pub fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    if activation == Activation::Identity {
        return x;
    }
    if is_fast(&x) && has_slope_of_value(activation) {
        return elements::activate(x, activation);
    }
    portable::activate(x, activation)
}

/// Mean binary cross-entropy of logits against one target probability, stable for any logit:
/// `mean(max(l, 0) - l * target + ln(1 + exp(-|l|)))`.
///
/// # Shapes
/// `logits` `[count]`, the result `[1]`.
pub fn binary_cross_entropy_with_logits(logits: Tensor<1>, target: f32) -> Tensor<1> {
    if is_fast(&logits) {
        return elements::binary_cross_entropy_with_logits(logits, target);
    }
    portable::binary_cross_entropy_with_logits(logits, target)
}

/// Repeats every pixel `factor` times in both directions.
///
/// # Shapes
/// `[batch, height, width, channels]` to `[batch, height * factor, width * factor, channels]`.
pub fn upsample_nearest(x: Tensor<4>, factor: usize) -> Tensor<4> {
    assert!(factor > 0, "upsample_nearest: the factor is zero");
    if factor == 1 {
        return x;
    }
    if is_fast(&x) {
        return resampling::upsample_nearest(x, factor);
    }
    portable::upsample_nearest(x, factor)
}

/// Averages squares of `factor` by `factor` pixels; what is left over at the right and the bottom
/// is dropped.
///
/// # Shapes
/// `[batch, height, width, channels]` to `[batch, height / factor, width / factor, channels]`.
pub fn downsample_average(x: Tensor<4>, factor: usize) -> Tensor<4> {
    assert!(factor > 0, "downsample_average: the factor is zero");
    if factor == 1 {
        return x;
    }
    if is_fast(&x) {
        return resampling::downsample_average(x, factor);
    }
    portable::downsample_average(x, factor)
}

/// Resizes by bilinear interpolation between pixel centres (corners not aligned, no smoothing
/// before shrinking), as PyTorch's `interpolate` does.
///
/// # Shapes
/// `[batch, height, width, channels]` to `[batch, size[0], size[1], channels]`.
pub fn resize_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    assert!(
        size[0] > 0 && size[1] > 0,
        "resize_bilinear: the size is zero"
    );
    if is_fast(&x) {
        return resampling::resize_bilinear(x, size);
    }
    portable::resize_bilinear(x, size)
}

/// Where an output position falls between two input positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tap {
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// Share of `high`, from 0 to 1.
    pub(crate) share: f32,
}

/// The taps of a bilinear resize along one axis: centre `(i + 0.5) * from / to - 0.5`, not below 0.
pub(crate) fn bilinear_taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f32 / to as f32;
    (0..to)
        .map(|index| {
            let centre = ((index as f32 + 0.5) * scale - 0.5).max(0.0);
            let low = (centre as usize).min(from - 1);
            Tap {
                low,
                high: (low + 1).min(from - 1),
                share: centre - low as f32,
            }
        })
        .collect()
}
