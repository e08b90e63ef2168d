//! Judging a run while it goes on: the moving average against the data, and
//! which checkpoint is the best so far.
//!
//! The judge draws from a stream of its own and touches nothing of the game, so
//! a run is the same bit for bit with and without it. What was best is read
//! from the log when a run is resumed.

use super::folder::Folder;
use super::{SamplingRun, TrainError};
use crate::judge::{Features, Judge, JudgeOptions, Metric, Subject};
use std::collections::BTreeMap;

/// What the judge has said so far.
#[derive(Default)]
pub(super) struct Judgements {
    judge: Option<Judge>,
    best: Option<Best>,
    /// How many times `judge.every` had passed at the last tick.
    turns: u64,
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
    fn note(&mut self, images_seen: u64, badness: f64) -> bool {
        let better = self.best.is_none_or(|best| badness < best.badness);
        if better {
            self.best = Some(Best {
                images_seen,
                badness,
            });
        }
        better
    }
}

impl SamplingRun {
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
        if let Some(measured) = report.metrics.get(&first) {
            let badness = first.badness(measured.value, None);
            let better = self.judging.note(images_seen, badness);
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

    /// After a return to an earlier image: forgets what came after it.
    pub(super) fn judge_anew(&mut self) -> Result<(), TrainError> {
        self.judging.best = None;
        let Some(folder) = self.folder.take() else {
            return Ok(());
        };
        let remembered = self.remember(&folder);
        self.folder = Some(folder);
        remembered
    }

    /// Reads from a resumed run's log what was best.
    pub(super) fn remember(&mut self, folder: &Folder) -> Result<(), TrainError> {
        // Judgements fall on ticks, the last of which lies before this image.
        let every = self.game.recipe.train.every;
        self.judging.turns = self.turns_at(self.game.images_seen / every * every);
        let metric = self.first_metric()?;
        for tick in folder.ticks() {
            if let Some(&value) = tick.metrics.get(metric.name()) {
                let badness = metric.badness(value, None);
                self.judging.note(tick.images_seen, badness);
            }
        }
        if self.judging.best.is_none() {
            // Of images that this run has not seen yet.
            let _ = std::fs::remove_file(folder.best());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Recipe, RecipeError};
    use crate::seeds::Seeds;
    use crate::ship::{Generator, Which};
    use crate::train::{StoppedBy, Tick, Trainer};
    use burn::tensor::Device;
    use std::path::Path;

    /// Points on a ring, quick to train.
    fn recipe(changes: &[&str]) -> Recipe {
        let recipe = Recipe::named("points").unwrap().with_data("ring").unwrap();
        let quick = [
            "model.width=16",
            "train.images=3840",
            "train.every=640",
            "train.batch=64",
            "judge.samples=500",
        ];
        let changes = quick.iter().chain(changes);
        changes.fold(recipe, |recipe, change| recipe.with_set(change).unwrap())
    }

    fn resume(
        folder: &Path,
        change: impl FnOnce(Recipe) -> Result<Recipe, RecipeError>,
    ) -> SamplingRun {
        let folder = Folder::open(folder).unwrap();
        let old = Trainer::recipe_of(folder.path()).unwrap();
        let recipe = change(old.clone()).unwrap();
        SamplingRun::resume(folder, old, recipe, Device::flex()).unwrap()
    }

    fn run(trainer: &mut SamplingRun) -> Vec<Tick> {
        let mut ticks = Vec::new();
        while let Some(tick) = trainer.next_tick().unwrap() {
            ticks.push(tick);
        }
        ticks
    }

    #[test]
    fn a_run_is_the_same_bit_for_bit_with_and_without_the_judge() {
        let outcome = |changes: &[&str]| {
            let mut trainer = SamplingRun::on(recipe(changes), Device::flex()).unwrap();
            let ticks = run(&mut trainer);
            let numbers: Vec<[u64; 4]> = ticks
                .iter()
                .map(|tick| {
                    let losses = [tick.loss_discriminator, tick.loss_generator];
                    let norms = [
                        tick.gradient_norm_discriminator,
                        tick.gradient_norm_generator,
                    ];
                    [losses[0], losses[1], norms[0], norms[1]].map(f64::to_bits)
                })
                .collect();
            let game = &trainer.game;
            let players = [
                &game.generator.parameters,
                &game.discriminator.parameters,
                &game.average,
            ];
            let weights: Vec<Vec<u32>> = players
                .iter()
                .flat_map(|parameters| (0..parameters.list().len()).map(|i| parameters.read(i)))
                .map(|values| values.iter().map(|value| value.to_bits()).collect())
                .collect();
            (
                numbers,
                weights,
                ticks.iter().map(|tick| tick.metrics.len()).sum::<usize>(),
            )
        };
        let with = outcome(&[
            "judge.every=1280",
            "judge.metrics=[\"fid\", \"mode_count\"]",
        ]);
        let without = outcome(&[]);
        assert_eq!(with.2 - without.2, 6);
        assert!(with.0 == without.0 && with.1 == without.1);
    }

    #[test]
    fn a_run_that_degrades_keeps_its_best_checkpoint_and_stops() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("run");
        let judged = recipe(&["judge.every=640", "judge.metrics=[\"sliced_wasserstein\"]"]);
        let mut trainer = SamplingRun::create(judged, &folder, Device::flex()).unwrap();
        assert_eq!(run(&mut trainer).len(), 6);
        drop(trainer);
        // From here on the generator runs away.
        let spoil = |recipe: Recipe| {
            let changes = [
                "optimizer.generator.rate=5",
                "average.half_life_images=0",
                "train.images=64000",
                "stop.when=no better for 2k",
            ];
            changes
                .iter()
                .try_fold(recipe, |recipe, change| recipe.with_set(change))
        };
        let mut trainer = resume(&folder, spoil);
        run(&mut trainer);
        assert_eq!(trainer.stopped_by, Some(StoppedBy::NoBetter));
        let best = trainer.judging.best().unwrap();
        let last = trainer.progress().images_seen;
        assert!(last >= best + 2000 && last < 64_000, "{best} and {last}");
        assert!(
            folder
                .join(format!("checkpoints/{best:012}.safetensors"))
                .is_file()
        );
        drop(trainer);

        let device = Device::flex();
        let load = |which| Generator::load_which(&folder, which, &device).unwrap();
        assert_eq!(Generator::load(&folder, &device).unwrap().images_seen, best);
        let (best, last) = (load(Which::Best), load(Which::Last));
        let options = JudgeOptions {
            metrics: vec![Metric::SlicedWasserstein],
            samples: 2000,
            ..JudgeOptions::default()
        };
        let data = Subject::open("ring".as_ref(), &Default::default(), &device).unwrap();
        let judge = Judge::open(data, options, &device).unwrap();
        let distance = |generator: Generator| {
            assert_eq!(generator.points(&Seeds::range(0..3)).unwrap().len(), 3);
            let report = judge.score(&Subject::model("it", generator)).unwrap();
            report.metrics[&Metric::SlicedWasserstein].value
        };
        assert!(distance(best) < distance(last));
    }

    #[test]
    fn a_metric_that_the_data_do_not_have_is_refused_before_the_training() {
        let parent = tempfile::tempdir().unwrap();
        let recipe = recipe(&["judge.every=640", "judge.metrics=[\"ms_ssim\"]"]);
        let refused = SamplingRun::create(recipe, &parent.path().join("run"), Device::flex());
        let error = refused.err().unwrap().to_string();
        assert!(
            error.contains("ms_ssim") && error.contains("pictures"),
            "{error}"
        );
    }

    #[test]
    fn judgements_are_remembered_from_the_log() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("run");
        let judged = recipe(&["judge.every=1280"]);
        let mut trainer = SamplingRun::create(judged, &folder, Device::flex()).unwrap();
        run(&mut trainer);
        let best = trainer.judging.best();
        drop(trainer);
        let trainer = resume(&folder, Ok);
        assert!(best.is_some());
        assert_eq!(trainer.judging.best(), best);
        assert_eq!(trainer.judging.turns, 3);
    }
}
