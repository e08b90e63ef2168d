//! `[judge]` and `[stop]`: how a run is judged while it goes on, and when it ends.

use super::super::RecipeError;
use super::super::bounds::require;
use crate::judge::{Features, Metric};
use serde::{Deserialize, Serialize};

/// `[judge]`: how the run is judged while it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judging {
    /// Images between judgements, which fall on ticks; 0 for none.
    pub every: u64,
    /// Which metrics; the first says which checkpoint is the best.
    pub metrics: Vec<String>,
    /// The most samples of each side.
    pub samples: usize,
    /// The features; by default those that suit the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            every: 0,
            metrics: vec!["fid".into()],
            samples: 2048,
            features: None,
        }
    }
}

/// `[stop]`: when a run ends before all images were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// Conditions, parted by `or`: `converged`, `no better for 50k`,
    /// `no better for 50k by kid`, `200k images`, `30 minutes`; or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A condition of `stop.when`.
#[derive(Clone, Debug, PartialEq)]
pub enum StopWhen {
    /// So many images were seen.
    Images(u64),
    /// So many minutes are over.
    Minutes(f64),
    /// A metric, by default the judge's first, or the doctor's `distance`, was
    /// last at its best so many images ago.
    NoBetter {
        /// Images.
        images: u64,
        /// The figure.
        by: Option<String>,
    },
    /// The doctor finds that there is nothing more to gain.
    Converged,
}

/// The doctor's figure that needs no judge.
const MEASURED: &str = "distance";

impl Stop {
    /// The conditions, of which one is enough; `None` if one cannot be read.
    pub fn conditions(&self) -> Option<Vec<StopWhen>> {
        match self.when.as_deref().map(str::trim) {
            None | Some("never") => Some(Vec::new()),
            Some(text) => text.split(" or ").map(str::trim).map(condition).collect(),
        }
    }
}

fn condition(text: &str) -> Option<StopWhen> {
    if text == "converged" {
        return Some(StopWhen::Converged);
    }
    if let Some(rest) = text.strip_prefix("no better for ") {
        let (images, by) = match rest.split_once(" by ") {
            Some((images, by)) => (images, Some(by.trim().to_string())),
            None => (rest, None),
        };
        let images = images.trim().trim_end_matches("images");
        let images = count(images.trim())?;
        return Some(StopWhen::NoBetter { images, by });
    }
    if let Some(images) = text.strip_suffix("images") {
        return count(images.trim()).map(StopWhen::Images);
    }
    let minutes = text.trim_end_matches('s').strip_suffix("minute")?;
    let minutes: f64 = minutes.trim().parse().ok()?;
    (minutes > 0.0 && minutes.is_finite()).then_some(StopWhen::Minutes(minutes))
}

/// A count as people write it: `200k`, `1.5M`.
fn count(text: &str) -> Option<u64> {
    let (digits, factor) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1e3),
        (at, 'm' | 'M') => (&text[..at], 1e6),
        _ => (text, 1.0),
    };
    let images = digits.parse::<f64>().ok()? * factor;
    (1.0..=1e15).contains(&images).then_some(images as u64)
}

impl Judging {
    pub(in super::super) fn check(&self, stop: &Stop) -> Result<(), RecipeError> {
        let metrics = self.metrics.join(",");
        if let Err(error) = Metric::list(&metrics) {
            require(false, "judge.metrics", &metrics, &error.to_string())?;
        }
        let fits = self.every == 0 || !self.metrics.is_empty();
        require(fits, "judge.metrics", &"[]", "name one metric at least")?;
        let fits = (10..=1_000_000).contains(&self.samples);
        let allowed = "between 10 and 1000000";
        require(fits, "judge.samples", &self.samples, allowed)?;
        if let Some(features) = &self.features
            && let Err(error) = Features::parse(features)
        {
            require(false, "judge.features", features, &error.to_string())?;
        }
        let Some(when) = &stop.when else {
            return Ok(());
        };
        let Some(conditions) = stop.conditions() else {
            let allowed = "one or more of `converged`, `no better for 50k`, `no better for 50k by kid`, `200k images`, `30 minutes`, parted by ` or `; or `never`";
            return require(false, "stop.when", when, allowed);
        };
        for condition in conditions {
            let StopWhen::NoBetter { by, .. } = condition else {
                continue;
            };
            let by = by.as_deref();
            let judged = self.every > 0;
            let allowed = "it needs judgements: set judge.every, or say `by distance`, which every run measures";
            let fits = by == Some(MEASURED) || judged;
            require(fits, "stop.when", when, allowed)?;
            let fits =
                by.is_none_or(|by| by == MEASURED || self.metrics.iter().any(|one| one == by));
            let allowed = "a metric of judge.metrics, or distance";
            require(fits, "stop.when", when, allowed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(when: &str) -> Option<Vec<StopWhen>> {
        let when = Some(when.into());
        Stop { when }.conditions()
    }

    #[test]
    fn conditions_read_as_they_are_said() {
        let no_better = |images, by: Option<&str>| StopWhen::NoBetter {
            images,
            by: by.map(str::to_string),
        };
        assert_eq!(read("converged"), Some(vec![StopWhen::Converged]));
        assert_eq!(
            read("no better for 50k"),
            Some(vec![no_better(50_000, None)])
        );
        assert_eq!(
            read("no better for 1.5M images by kid or 30 minutes or 200k images"),
            Some(vec![
                no_better(1_500_000, Some("kid")),
                StopWhen::Minutes(30.0),
                StopWhen::Images(200_000)
            ])
        );
        assert_eq!(read("1 minute"), Some(vec![StopWhen::Minutes(1.0)]));
        for bad in [
            "soon",
            "no better",
            "no better for x",
            "-3 minutes",
            "0 images",
            "converged or",
            "50k",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("never"), Some(Vec::new()));
        assert_eq!(Stop::default().conditions(), Some(Vec::new()));
    }

    #[test]
    fn a_condition_on_what_is_not_measured_is_refused() {
        let check = |every, when: &str| {
            let judging = Judging {
                every,
                ..Judging::default()
            };
            judging.check(&Stop {
                when: Some(when.into()),
            })
        };
        check(0, "converged or no better for 50k by distance").unwrap();
        check(1000, "no better for 50k or no better for 9k by fid").unwrap();
        let error = |every, when| check(every, when).unwrap_err().to_string();
        assert!(error(0, "no better for 50k").contains("judge.every"));
        assert!(error(1000, "no better for 50k by kid").contains("judge.metrics"));
        assert!(error(0, "").contains("converged"));
    }
}
