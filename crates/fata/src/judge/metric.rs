//! The metrics by name, and which way each is better.

use super::JudgeError;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    missing_docs,
    reason = "each has its file, whose first paragraph says what it is"
)]
pub enum Metric {
    Fid,
    Kid,
    InceptionScore,
    Precision,
    Recall,
    Density,
    Coverage,
    SlicedWasserstein,
    MsSsim,
    NearestNeighbourAccuracy,
    ClassifierAccuracy,
    PathLength,
    ModeCount,
    ReverseKl,
    ClassificationAccuracyScore,
    Memorisation,
}

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Better {
    /// Smaller ones.
    Lower,
    /// Larger ones.
    Higher,
    /// Those near this.
    Near(f64),
    /// Those near what the data themselves give.
    NearReference,
}

use Metric::*;

impl Metric {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 16] = [
        Fid,
        Kid,
        InceptionScore,
        Precision,
        Recall,
        Density,
        Coverage,
        SlicedWasserstein,
        MsSsim,
        NearestNeighbourAccuracy,
        ClassifierAccuracy,
        PathLength,
        ModeCount,
        ReverseKl,
        ClassificationAccuracyScore,
        Memorisation,
    ];

    /// The name in reports, logs and recipes.
    pub fn name(self) -> &'static str {
        match self {
            Fid => "fid",
            Kid => "kid",
            InceptionScore => "inception_score",
            Precision => "precision",
            Recall => "recall",
            Density => "density",
            Coverage => "coverage",
            SlicedWasserstein => "sliced_wasserstein",
            MsSsim => "ms_ssim",
            NearestNeighbourAccuracy => "nearest_neighbour_accuracy",
            ClassifierAccuracy => "classifier_accuracy",
            PathLength => "path_length",
            ModeCount => "mode_count",
            ReverseKl => "reverse_kl",
            ClassificationAccuracyScore => "classification_accuracy_score",
            Memorisation => "memorisation",
        }
    }

    /// Which values are better.
    pub fn better(self) -> Better {
        match self {
            Fid | Kid | SlicedWasserstein | PathLength | ReverseKl => Better::Lower,
            InceptionScore
            | Precision
            | Recall
            | Coverage
            | ModeCount
            | ClassificationAccuracyScore => Better::Higher,
            NearestNeighbourAccuracy | ClassifierAccuracy => Better::Near(0.5),
            Density | Memorisation => Better::Near(1.0),
            MsSsim => Better::NearReference,
        }
    }

    /// Whether it is computed from the features of both sides' pictures; `stacked` says whether modes
    /// are those of three digits, which have a network of their own.
    pub(super) fn reads_features(self, stacked: bool) -> bool {
        match self {
            SlicedWasserstein | MsSsim | PathLength | ClassificationAccuracyScore => false,
            ModeCount | ReverseKl => !stacked,
            _ => true,
        }
    }

    /// How far a value is from the best there is, or how far from none; what is
    /// smaller is better.
    pub fn badness(self, value: f64, reference: Option<f64>) -> f64 {
        match self.better() {
            Better::Lower => value,
            Better::Higher => -value,
            Better::Near(best) => (value - best).abs(),
            Better::NearReference => (value - reference.unwrap_or(0.0)).abs(),
        }
    }

    /// Reads a list of names parted by commas.
    ///
    /// # Errors
    /// If one is no metric's.
    pub fn list(text: &str) -> Result<Vec<Self>, JudgeError> {
        let mut metrics = Vec::new();
        for name in text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let metric = name.parse()?;
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        Ok(metrics)
    }
}

impl FromStr for Metric {
    type Err = JudgeError;

    fn from_str(name: &str) -> Result<Self, JudgeError> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| JudgeError::UnknownMetric {
            name: name.into(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(self.name())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_read_by_its_name_and_an_unknown_one_is_refused() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse::<Metric>().unwrap(), metric);
        }
        assert_eq!(Metric::list("fid, kid,fid").unwrap(), [Fid, Kid]);
        let error = Metric::list("fid,fidd").unwrap_err().to_string();
        assert!(
            error.contains("fidd") && error.contains("coverage"),
            "{error}"
        );
    }
}
