//! What can go wrong in the latent space.

use crate::data::DataError;
use crate::judge::features::FeaturesError;
use crate::ship::{ContainerError, ModelError};

/// Why there is no such walk, sum, direction or inversion.
#[derive(Debug, thiserror::Error)]
pub enum LatentError {
    /// The generator.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The features by which pictures are compared.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// Pictures from outside.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of directions or of a latent.
    #[error("{what} cannot be used: {source}")]
    File {
        /// The file, or what it should be.
        what: String,
        /// Why.
        source: ContainerError,
    },
    /// A file that was made for another model.
    #[error(
        "{what} is made for latents of {found} numbers and {found_classes} classes, and this model's have {wanted} and {wanted_classes}: make it anew with this model"
    )]
    Misfit {
        /// The file, or what it is.
        what: String,
        /// Numbers of its vectors.
        found: usize,
        /// Its class shares.
        found_classes: usize,
        /// Numbers of the model's latents.
        wanted: usize,
        /// Classes of the model.
        wanted_classes: usize,
    },
    /// A walk without a way to go.
    #[error("a walk needs at least two places to go between: give it more seeds, or a direction")]
    TooFewStops,
    /// Everything in a sum takes itself away.
    #[error("the terms of `{0}` cancel out, so nothing is left to make a picture of")]
    Cancelled(String),
    /// A direction that is not there.
    #[error("there is no direction `{wanted}`: there are {known}, or their numbers from 0")]
    NoDirection {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Two sets that do not differ.
    #[error("the two sides do not differ, so there is no direction from one to the other")]
    NoDifference,
    /// A set without anything in it.
    #[error("a side of the difference is empty: give each at least one")]
    EmptySide,
    /// More directions than there can be.
    #[error("{wanted} directions are more than the latent's {most} numbers: ask for fewer")]
    TooManyDirections {
        /// What was asked for.
        wanted: usize,
        /// What there can be.
        most: usize,
    },
    /// Features that need pictures of the model's own size.
    #[error(
        "the features of the two sides are {found} and the model's own {wanted}: prepare the pictures at the model's size, or use features that do not depend on it (digits, vgg16)"
    )]
    Widths {
        /// Of the sides.
        found: usize,
        /// Of the model.
        wanted: usize,
    },
    /// Points where pictures are needed.
    #[error("this model makes points, and {0} needs pictures")]
    Points(&'static str),
    /// A picture that cannot be searched for.
    #[error("the picture cannot be used: {0}")]
    Picture(String),
    /// The search went astray.
    #[error("the search met a number that is none at step {0}: the model's weights are damaged")]
    NotFinite(u64),
}
