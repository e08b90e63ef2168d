//! Why something cannot be judged.

use super::features::FeaturesError;
use crate::data::DataError;
use crate::files::FileError;
use crate::ship::ModelError;

/// Why something cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What people answered.
    #[error("cannot read or write people's judgements at {}: {source}", path.display())]
    Judgements {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No metric has this name.
    #[error("there is no metric `{name}`; there are {known}")]
    UnknownMetric {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The features.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// The features of one side.
    #[error("{side}: {source}")]
    Side {
        /// Which side.
        side: String,
        /// What is wrong.
        source: FeaturesError,
    },
    /// A metric that was asked for cannot be computed here.
    #[error("{metric} cannot be computed here: {reason}")]
    NotApplicable {
        /// The metric's name.
        metric: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// The two sides do not fit each other.
    #[error("{a} and {b} cannot be compared: {reason}")]
    Mismatch {
        /// One side.
        a: String,
        /// The other.
        b: String,
        /// How they differ, and what to do.
        reason: String,
    },
    /// There are too few to say anything.
    #[error("{side} has {count} usable item{}: judging needs at least {needed}", if *count == 1 { "" } else { "s" })]
    TooFew {
        /// Which side.
        side: String,
        /// How many there are.
        count: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A coordinate is no finite number.
    #[error(
        "{side}: item {item} is not a finite number (NaN or infinity); a model that broke down in training makes such samples, so judge an earlier one"
    )]
    NotFinite {
        /// Which side.
        side: String,
        /// Which item.
        item: u64,
    },
}
