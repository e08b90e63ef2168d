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
    /// `no better for N`: N images after the best judgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

impl Stop {
    /// How many images a run may go on without a better judgement.
    pub(crate) fn patience(&self) -> Option<u64> {
        let text = self
            .when
            .as_deref()?
            .trim()
            .strip_prefix("no better for")?
            .trim();
        let (digits, factor) = match text.char_indices().last()? {
            (at, 'k' | 'K') => (&text[..at], 1e3),
            (at, 'm' | 'M') => (&text[..at], 1e6),
            _ => (text, 1.0),
        };
        let images = digits.parse::<f64>().ok()? * factor;
        (1.0..=1e15).contains(&images).then_some(images as u64)
    }
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
        let fits = stop.patience().is_some();
        require(fits, "stop.when", when, "write it as `no better for 50k`")?;
        let allowed = "it needs judgements: set judge.every";
        require(self.every > 0, "stop.when", when, allowed)
    }
}
