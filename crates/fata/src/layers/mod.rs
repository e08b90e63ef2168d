//! The layers that networks are built of.
//!
//! A layer holds no numbers: it holds the places ([`Id`]) of its tensors in its
//! player's [`Parameters`], and computes with the [`Weights`] that are lent to it
//! for one pass. So a player's tensors have one order, which optimisers, averages
//! and files all follow, and whether a pass is trained, frozen or only looked
//! at is decided where the weights are lent, not in the layer.

mod attention;
mod batch_norm;
mod builder;
mod convolution;
mod dense;
mod fourier;
mod init;
mod instance_norm;
mod minibatch;
mod parameters;
mod reflection;
mod signal;
mod spectral;
#[cfg(test)]
mod tests;
mod weights;

pub use attention::SelfAttention;
pub use batch_norm::{BatchNorm, ConditionalBatchNorm, GeneratorNorm};
pub use builder::Builder;
pub(crate) use builder::Stored;
pub use convolution::{Convolution, TransposedConvolution, Window};
pub use dense::Dense;
pub use fourier::FourierFeatures;
pub use init::Init;
pub use instance_norm::InstanceNorm;
pub use minibatch::{MinibatchDiscrimination, minibatch_deviation};
pub use parameters::{Id, Parameter, Parameters};
pub(crate) use parameters::{numbers, tensor};
pub use reflection::reflect;
pub use signal::Signal;
pub use weights::{Mode, Weights};
