//! The judge: what came out of a training, in numbers. It knows no training.
//!
//! A [`Judge`] reads one side, usually data, and scores whatever is held
//! against it: [`Subject`]s, which are data or generators. Each metric has a
//! file whose first paragraph says what it measures, what it cannot see, and
//! where it comes from; what they share are features (`features`), nearest
//! neighbours (`neighbours`) and the algebra of covariances (`algebra`).

mod accuracy_score;
pub(crate) mod algebra;
mod cache;
mod classifier;
pub mod density_coverage;
mod error;
mod examined;
pub mod features;
pub mod fid;
#[cfg(test)]
mod fixtures;
pub mod human;
pub mod inception_score;
pub mod kid;
mod measured;
pub mod memorisation;
mod metric;
pub mod modes;
pub mod ms_ssim;
pub mod nearest_neighbour;
mod neighbours;
mod page;
mod pairs;
mod path_length;
pub mod precision_recall;
mod pyramid;
mod ranking;
mod report;
mod rows;
mod score;
pub mod sliced_wasserstein;
mod subject;
#[cfg(test)]
mod tests;
mod translation;
mod two_sample;
mod warnings;
mod watch;

pub use cache::Cache;
pub use error::JudgeError;
pub use features::Features;
pub use measured::Measured;
pub use memorisation::ClosestPair;
pub use metric::{Better, Metric};
pub use neighbours::{Nearest, Neighbours};
pub use page::{page, short};
pub use ranking::{Place, Ranking};
pub use report::Report;
pub use rows::Rows;
pub use score::{Judge, JudgeOptions};
pub use subject::{Subject, open_pair};
pub use translation::{TranslationOptions, TranslationReport, judge_translation};
pub use watch::Watch;
