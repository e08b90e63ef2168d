//! Fast CPU operators for training generative adversarial networks with Burn.
//!
//! Every operator is a function on [`burn::tensor::Tensor`] and differentiable on an autodiff
//! device. On the `flex` device it runs hand-written forward and backward kernels; on every other
//! device, and after [`use_fallback`], it is composed of Burn's own operators. Activations are
//! channels last: `[batch, height, width, channels]`. Networks, losses and the training loop live
//! in the `fata` crate.

mod colour;
pub mod conv;
pub mod gemm;
pub mod isa;
mod norm;
mod ops;
mod optim;
mod pointwise;
pub mod pool;
pub mod profile;
mod resample;
mod threads;
mod warp;

pub use ops::{
    Activation, BatchStatistics, ColourMap, ConvOptions, Sampling, activate, activation_tangent,
    affine_activation, batch_norm, binary_cross_entropy_with_logits, colour_affine,
    conv_transpose2d, conv2d, cut_out, downsample_average, fallback_used, instance_norm, linear,
    modulate, resize_bilinear, spectral_normalise, upsample_nearest, use_fallback, warp_affine,
};
pub use optim::{
    Adam, AdamSlot, RmsProp, RmsPropSlot, Sgd, SgdSlot, adam, lerp_all, rms_prop, sgd,
    squared_norms,
};
pub use threads::{ThreadsError, set_threads};
