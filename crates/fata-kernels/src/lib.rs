//! Fast CPU operators for training generative adversarial networks with Burn.
//!
//! Every operator is a function on [`burn::tensor::Tensor`] and differentiable on an autodiff
//! device. On the `flex` device it runs hand-written forward and backward kernels; on every other
//! device, and after [`use_fallback`], it is composed of Burn's own operators. Activations are
//! channels last: `[batch, height, width, channels]`. Networks, losses and the training loop live
//! in the `fata` crate.

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

pub use ops::{
    Activation, BatchStatistics, ConvOptions, activate, affine_activation, batch_norm,
    binary_cross_entropy_with_logits, conv_transpose2d, conv2d, downsample_average, fallback_used,
    instance_norm, linear, resize_bilinear, upsample_nearest, use_fallback,
};
pub use optim::{
    Adam, AdamSlot, RmsProp, RmsPropSlot, Sgd, SgdSlot, adam, lerp_all, rms_prop, sgd,
    squared_norms,
};
pub use threads::{ThreadsError, set_threads};
