//! Why features cannot be had.

use super::weights::WeightsError;
use std::path::PathBuf;

/// What is wrong with the choice of features, a network's weights or the images.
#[derive(Debug, thiserror::Error)]
pub enum FeaturesError {
    /// The name means nothing.
    #[error(
        "`{0}` are no features: use digits, vgg16, pixels, or inception:FILE with the weights of pytorch-fid"
    )]
    Unknown(String),
    /// A file of weights that cannot be used.
    #[error("the weights {path} cannot be used: {cause}")]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: WeightsError,
    },
    /// No pixels, or more than memory can address.
    #[error(
        "images of {height}x{width} pixels and {channels} channels have no features: they have no pixels, or too many"
    )]
    Form {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Channels.
        channels: usize,
    },
    /// Neither grey nor colour.
    #[error(
        "images of {channels} channels have no meaning to the {features} features: use images of 1 (grey), 3 (RGB) or 4 (RGBA), or `pixels` features"
    )]
    Channels {
        /// Channels of the images.
        channels: usize,
        /// The features that were asked for.
        features: &'static str,
    },
    /// Not a whole number of images.
    #[error("{numbers} numbers are not a whole number of images of {each} each")]
    Count {
        /// Numbers that were given.
        numbers: usize,
        /// Numbers of one image.
        each: usize,
    },
    /// A pixel that is no number, or is infinite.
    #[error(
        "image {image} has a pixel of {value}: a network that makes such images has diverged; look at it with `fata doctor`"
    )]
    NotFinite {
        /// The image's place, the first being 0.
        image: usize,
        /// The pixel.
        value: f32,
    },
    /// Pixels in another range, which would give numbers without meaning.
    #[error(
        "image {image} has a pixel of {value}, outside of [-1, 1]: scale the pixels, and clip what a generator makes"
    )]
    Range {
        /// The image's place, the first being 0.
        image: usize,
        /// The pixel.
        value: f32,
    },
}
