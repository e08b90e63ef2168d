//! Judging a run while it goes on: the moving average against the data, and
//! which checkpoint is the best so far.
//!
//! The judge draws from a stream of its own and touches nothing of the game, so
//! a run is the same bit for bit with and without it. What was best is read
//! from the log when a run is resumed.

use super::folder::Folder;
use super::{TrainError, Trainer};
use crate::judge::{Features, Judge, JudgeOptions, Metric, Subject};
use std::collections::BTreeMap;

/// What the judge has said so far.
#[derive(Default)]
pub(super) struct Judgements {
    judge: Option<Judge>,
    best: Option<Best>,
    /// How many times `judge.every` had passed at the last tick.
    turns: u64,
    /// Whether nothing was better for longer than the recipe waits.
    pub(super) stalled: bool,
}

#[derive(Clone, Copy)]
struct Best {
    images_seen: u64,
    /// Smaller is better.
    badness: f64,
}

impl Judgements {
    /// The images that the best checkpoint had seen.
    pub(super) fn best(&self) -> Option<u64> {
        self.best.map(|best| best.images_seen)
    }

    /// Takes a value of the first metric in; says whether it is the best.
    fn note(&mut self, images_seen: u64, badness: f64, patience: Option<u64>) -> bool {
        let better = self.best.is_none_or(|best| badness < best.badness);
        if better {
            self.best = Some(Best {
                images_seen,
                badness,
            });
        }
        let since = images_seen - self.best().unwrap_or(images_seen);
        self.stalled = patience.is_some_and(|patience| since >= patience);
        better
    }
}

impl Trainer {
    /// Reads the data that the run will be judged against, so that what cannot
    /// be judged is said before the training and not in its middle.
    pub(super) fn open_judge(&mut self) -> Result<(), TrainError> {
        let settings = &self.game.recipe.judge;
        if settings.every == 0 || self.judging.judge.is_some() {
            return Ok(());
        }
        let features = settings
            .features
            .as_deref()
            .map(Features::parse)
            .transpose();
        let options = JudgeOptions {
            metrics: Metric::list(&settings.metrics.join(","))?,
            samples: settings.samples,
            features: features.map_err(crate::judge::JudgeError::from)?,
            ..JudgeOptions::default()
        };
        let judge = Judge::open(Subject::data(self.dataset.clone()), options, &self.device)?;
        judge.check(&Subject::model("the run", self.generator()))?;
        self.judging.judge = Some(judge);
        Ok(())
    }

    /// Whether a judgement falls on this tick.
    pub(super) fn judgement_is_due(&mut self) -> bool {
        let turns = self.turns_at(self.game.images_seen);
        let due = turns > self.judging.turns;
        self.judging.turns = turns;
        due
    }

    fn turns_at(&self, images_seen: u64) -> u64 {
        images_seen
            .checked_div(self.game.recipe.judge.every)
            .unwrap_or(0)
    }

    /// Judges the moving average and keeps it, if it is the best so far.
    pub(super) fn judge(&mut self) -> Result<BTreeMap<String, f64>, TrainError> {
        self.open_judge()?;
        let generator = self.generator();
        let judge = self.judging.judge.as_ref().expect("it was just opened");
        let report = judge.score(&Subject::model("the run", generator.clone()))?;
        let images_seen = self.game.images_seen;
        let first = self.first_metric()?;
        let patience = self.game.recipe.stop.patience();
        if let Some(measured) = report.metrics.get(&first) {
            let badness = first.badness(measured.value, None);
            let better = self.judging.note(images_seen, badness, patience);
            if let (true, Some(folder)) = (better, &self.folder) {
                generator.save(&folder.best())?;
            }
        }
        let values = report.metrics.iter();
        Ok(values
            .map(|(metric, measured)| (metric.name().to_string(), measured.value))
            .collect())
    }

    fn first_metric(&self) -> Result<Metric, TrainError> {
        let names = self.game.recipe.judge.metrics.join(",");
        Ok(Metric::list(&names)?
            .first()
            .copied()
            .unwrap_or(Metric::Fid))
    }

    /// Reads from a resumed run's log what was best.
    pub(super) fn remember(&mut self, folder: &Folder) -> Result<(), TrainError> {
        // Judgements fall on ticks, the last of which lies before this image.
        let every = self.game.recipe.train.every;
        self.judging.turns = self.turns_at(self.game.images_seen / every * every);
        let (metric, patience) = (self.first_metric()?, self.game.recipe.stop.patience());
        for tick in folder.ticks() {
            if let Some(&value) = tick.metrics.get(metric.name()) {
                let badness = metric.badness(value, None);
                self.judging.note(tick.images_seen, badness, patience);
            }
        }
        if self.judging.best.is_none() {
            // Of images that this run has not seen yet.
            let _ = std::fs::remove_file(folder.best());
        }
        Ok(())
    }
}
