//! When a run ends before all its images were seen.

use super::{SamplingRun, StoppedBy};
use crate::doctor::{Disease, Line};
use crate::judge::Metric;
use crate::recipe::StopWhen;

impl SamplingRun {
    /// After a tick: whether one of the recipe's conditions holds.
    pub(super) fn condition_met(&self) -> Option<StoppedBy> {
        let recipe = &self.game.recipe;
        let conditions = recipe.stop.conditions().unwrap_or_default();
        conditions.iter().find_map(|condition| match condition {
            StopWhen::NoBetter { images, by } => {
                let by = match by {
                    Some(by) => by,
                    None => recipe.judge.metrics.first()?,
                };
                let since = images_since_best(&self.lines, by)?;
                (since >= *images).then_some(StoppedBy::NoBetter)
            }
            StopWhen::Converged => {
                let converged = self.diagnosis().diagnosis == Disease::Converged;
                converged.then_some(StoppedBy::Converged)
            }
            StopWhen::Images(_) | StopWhen::Minutes(_) => None,
        })
    }

    /// Between ticks: images and minutes.
    pub(super) fn is_over(&self) -> Option<StoppedBy> {
        let recipe = &self.game.recipe;
        let conditions = recipe.stop.conditions().unwrap_or_default();
        conditions.iter().find_map(|condition| match *condition {
            StopWhen::Images(images) => {
                (self.game.images_seen >= images).then_some(StoppedBy::Images)
            }
            StopWhen::Minutes(minutes) => {
                let over = self.elapsed_seconds() >= 60.0 * minutes;
                over.then_some(StoppedBy::Minutes)
            }
            _ => None,
        })
    }
}

/// How many images ago a figure was best, at the ticks that have it; of a figure
/// that is no metric, less is better.
fn images_since_best(lines: &[Line], name: &str) -> Option<u64> {
    let metric = name.parse::<Metric>().ok();
    let measured = lines.iter().filter_map(|line| {
        let value = line.get(name)?;
        let badness = metric.map_or(value, |metric| metric.badness(value, None));
        Some((line.images_seen, badness))
    });
    let mut best: Option<(u64, f64)> = None;
    let mut last = None;
    for (images, badness) in measured {
        if best.is_none_or(|(_, least)| badness < least) {
            best = Some((images, badness));
        }
        last = Some(images);
    }
    Some(last? - best?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_by_what_is_better_of_each_figure() {
        let line = |images, distance: f64, recall: f64| {
            let figures = [
                ("distance".to_string(), distance),
                ("recall".into(), recall),
            ];
            Line::new(images, figures)
        };
        let lines = [
            line(10, 0.5, 0.1),
            line(20, 0.1, 0.5),
            line(30, 0.2, 0.9),
            line(40, 0.3, 0.2),
        ];
        assert_eq!(images_since_best(&lines, "distance"), Some(20));
        assert_eq!(images_since_best(&lines, "recall"), Some(10));
        assert_eq!(images_since_best(&lines, "fid"), None);
    }
}
