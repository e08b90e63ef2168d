//! The layers that networks are built of.
//!
//! A layer holds no numbers: it holds the places ([`Id`]) of its tensors in its
//! player's [`Parameters`], and computes with the [`Weights`] that are lent to it
//! for one pass. So a player's tensors have one order, which optimisers, averages
//! and files all follow, and whether a pass is trained, frozen or only looked
//! at is decided where the weights are lent, not in the layer.

mod batch_norm;
mod convolution;
mod dense;
mod parameters;
#[cfg(test)]
mod tests;

pub use batch_norm::BatchNorm;
pub use convolution::{Convolution, TransposedConvolution};
pub use dense::Dense;
pub use parameters::{Builder, Id, Mode, Parameter, Parameters, Weights};
pub(crate) use parameters::{Stored, numbers, tensor};
