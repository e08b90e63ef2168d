//! What the judge says.

use super::measured::Measured;
use super::memorisation::ClosestPair;
use super::metric::Metric;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A judgement of one side against the other.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was judged.
    pub name: String,
    /// Against what.
    pub against: String,
    /// The features that were read. Numbers of other features are other numbers.
    pub features: String,
    /// How many samples were judged.
    pub samples: usize,
    /// How many items they were compared with.
    pub against_samples: usize,
    /// The metrics.
    #[serde(serialize_with = "by_name")]
    pub metrics: BTreeMap<Metric, Measured>,
    /// The modes that are not there, where modes are counted.
    pub missing_modes: Vec<String>,
    /// What a reader of the numbers should know.
    pub warnings: Vec<String>,
    /// The samples that are closest to data for their place.
    #[serde(skip)]
    pub closest: Vec<ClosestPair>,
    /// The items that were judged: indices of data, seeds of a model.
    #[serde(skip)]
    pub items: Vec<u64>,
    /// The items of the other side.
    #[serde(skip)]
    pub against_items: Vec<u64>,
}

fn by_name<S: Serializer>(
    metrics: &BTreeMap<Metric, Measured>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|(metric, value)| (metric.name(), value)))
}
