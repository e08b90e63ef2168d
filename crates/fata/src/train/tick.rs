//! Ticks: what a run reports every so many images, and the meters it is read from.

use super::checkup::Checkup;
use super::report::StepReport;
use crate::doctor::Line;
use crate::judge::short;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One line of `log.jsonl`. Losses and probabilities are means over the steps
/// since the last tick, gradient norms over those at which they were measured;
/// where none was, they are the last tick's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// Real images that the discriminator has seen.
    pub images_seen: u64,
    /// Seconds of training, those before a resumption included.
    pub elapsed_seconds: f64,
    /// Over the steps since the last tick.
    pub images_per_second: f64,
    /// In nats.
    pub loss_discriminator: f64,
    /// In nats.
    pub loss_generator: f64,
    /// Mean D(x).
    pub probability_real: f64,
    /// Mean D(G(z)).
    pub probability_fake: f64,
    /// Euclidean, over all weights.
    pub gradient_norm_discriminator: f64,
    /// Euclidean, over all weights.
    pub gradient_norm_generator: f64,
    /// Resident memory of the process.
    pub memory_bytes: u64,
    /// What the doctor reads.
    #[serde(flatten)]
    pub checkup: Checkup,
    /// Metrics computed at this tick, by their names.
    #[serde(flatten)]
    pub metrics: BTreeMap<String, f64>,
}

impl From<&Tick> for Line {
    fn from(tick: &Tick) -> Self {
        let value = serde_json::to_value(tick).unwrap_or_default();
        Self::of_json(&value).unwrap_or_else(|| Self::new(tick.images_seen, []))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(
            out,
            "{:>9} images  {:>6.0} s  {:>6.0} images/s  loss D {:.3} G {:.3}  D(x) {:.2}  D(G(z)) {:.2}  {:>4} MB",
            self.images_seen,
            self.elapsed_seconds,
            self.images_per_second,
            self.loss_discriminator,
            self.loss_generator,
            self.probability_real,
            self.probability_fake,
            self.memory_bytes / 1_000_000,
        )?;
        self.metrics
            .iter()
            .try_for_each(|(name, value)| write!(out, "  {name} {}", short(*value)))
    }
}

/// Sums since the last tick. Part of a checkpoint, so that a run that stopped
/// between ticks reports the next one as if it had not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meters {
    steps: u64,
    images: u64,
    seconds: f64,
    sums: [f64; 4],
    /// Of both losses' squares.
    #[serde(default)]
    squares: [f64; 2],
    /// What only some recipes have, by name.
    #[serde(default)]
    extras: BTreeMap<String, f64>,
    norms: [f64; 2],
    norms_measured: u64,
    /// Of the last tick: what is reported where ticks are too close for a
    /// measurement to lie between them.
    #[serde(default)]
    last_norms: [f64; 2],
}

impl Meters {
    pub(crate) fn add(&mut self, report: &StepReport, images: u64, seconds: f64) {
        self.steps += 1;
        self.images += images;
        self.seconds += seconds;
        let values = [
            report.loss_discriminator,
            report.loss_generator,
            report.probability_real,
            report.probability_fake,
        ];
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
        for (sum, value) in self.squares.iter_mut().zip(values) {
            *sum += value * value;
        }
        for (name, value) in &report.extras {
            *self.extras.entry((*name).into()).or_default() += value;
        }
        if let Some(norms) = report.gradient_norms {
            self.norms_measured += 1;
            for (sum, value) in self.norms.iter_mut().zip(norms) {
                *sum += value;
            }
        }
    }

    /// Images per second since the last tick; 0 before the first step.
    pub(crate) fn images_per_second(&self) -> f64 {
        if self.seconds > 0.0 {
            self.images as f64 / self.seconds
        } else {
            0.0
        }
    }

    /// Whether nothing was added since the last tick.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps == 0
    }

    /// The tick, after which the meters start again.
    pub(crate) fn tick(&mut self, images_seen: u64, elapsed_seconds: f64) -> Tick {
        let steps = self.steps.max(1) as f64;
        let norms = match self.norms_measured {
            0 => self.last_norms,
            measured => self.norms.map(|sum| sum / measured as f64),
        };
        let [
            loss_discriminator,
            loss_generator,
            probability_real,
            probability_fake,
        ] = self.sums.map(|sum| sum / steps);
        let [swing_discriminator, swing_generator] = [0, 1].map(|of| {
            let (mean, square) = (self.sums[of] / steps, self.squares[of] / steps);
            (square - mean * mean).max(0.0).sqrt()
        });
        let tick = Tick {
            images_seen,
            elapsed_seconds,
            images_per_second: self.images_per_second(),
            loss_discriminator,
            loss_generator,
            probability_real,
            probability_fake,
            gradient_norm_discriminator: norms[0],
            gradient_norm_generator: norms[1],
            memory_bytes: resident_memory(),
            checkup: Checkup {
                swing_discriminator: Some(swing_discriminator),
                swing_generator: Some(swing_generator),
                ..Checkup::default()
            },
            metrics: std::mem::take(&mut self.extras)
                .into_iter()
                .map(|(name, sum)| (name, sum / steps))
                .collect(),
        };
        *self = Self {
            last_norms: norms,
            ..Self::default()
        };
        tick
    }
}

/// Resident memory of the process in bytes; 0 where the system does not say.
pub fn resident_memory() -> u64 {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(gradient_norms: Option<[f64; 2]>) -> StepReport {
        StepReport {
            loss_discriminator: 1.0,
            loss_generator: 2.0,
            probability_real: 0.6,
            probability_fake: 0.4,
            gradient_norms,
            ..StepReport::default()
        }
    }

    #[test]
    fn a_tick_reports_means_and_the_last_known_norms() {
        let mut meters = Meters::default();
        meters.add(&report(Some([3.0, 5.0])), 64, 0.5);
        meters.add(&report(None), 64, 0.5);
        let tick = meters.tick(128, 1.0);
        assert_eq!((tick.images_per_second, tick.loss_generator), (128.0, 2.0));
        assert_eq!(tick.gradient_norm_generator, 5.0);
        assert!(meters.is_empty());
        meters.add(&report(None), 64, 0.5);
        let tick = meters.tick(192, 1.5);
        assert_eq!(tick.gradient_norm_discriminator, 3.0);
        assert_eq!(tick.gradient_norm_generator, 5.0);
    }
}
