//! `--auto`: a run that takes the doctor's advice by itself.
//!
//! Mild diseases are treated where the run is: rates, the discriminator's steps,
//! penalties, augmentation, the loss. Players whose samples have run away from the
//! data begin anew, with what was advised; after divergence the run goes back to the
//! best checkpoint, at lower rates. What was done is part of the game and of its
//! checkpoints, so a run that is resumed does the same at the same image; and it
//! is written to `events.jsonl`. The run's own `recipe.toml` stays as it was.

use super::folder::Folder;
use super::game::Game;
use super::supply::Supply;
use super::{SamplingRun, TrainError, checkpoint};
use crate::doctor::{Advice, Diagnosis, Disease, Event, Line, Patient, examine, has_run_away};
use crate::nets::NetError;
use crate::recipe::Recipe;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What was done to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Act {
    /// From here on.
    pub(crate) images_seen: u64,
    /// What for.
    pub(crate) diagnosis: Disease,
    /// Values of the recipe that were replaced.
    pub(crate) set: Vec<String>,
}

/// A run that this many acts did not help needs a person.
const MOST_ACTS: usize = 8;
/// And so does one that ran away this many times.
const MOST_ROLLBACKS: usize = 4;
/// By what both rates are divided after the first rollback, and after others.
const SLOWER: [f64; 2] = [4.0, 10.0];
/// Values that may change while a game goes on.
const MILD: [&str; 6] = [
    "optimizer.",
    "penalty.",
    "augment.",
    "loss.",
    "train.discriminator_steps",
    "train.lookahead_every",
];

/// Whether a value may change while a game goes on.
pub(super) fn is_mild(key: &str) -> bool {
    MILD.iter().any(|mild| key.starts_with(mild))
}

impl Game {
    /// Goes on by another recipe of the same networks and kinds of optimisers.
    pub(super) fn take_on(&mut self, recipe: Recipe) {
        self.generator.optimizer.set(&recipe.optimizer.generator);
        self.discriminator
            .optimizer
            .set(&recipe.optimizer.discriminator);
        if recipe.train.lookahead_every == 0 {
            self.slow = [Vec::new(), Vec::new()];
        } else if self.recipe.train.lookahead_every == 0 {
            let players = [&self.generator, &self.discriminator];
            self.slow = players.map(|player| player.parameters.trained());
        }
        self.pipeline = crate::augment::Pipeline::new(&recipe.augment);
        self.ada = crate::augment::AdaController::resumed(
            &recipe.augment,
            self.ada.state_for(&recipe.augment),
        );
        self.recipe = recipe;
    }

    /// Both players, their average and their optimisers as they were at the start. How
    /// far the game is, and what is drawn from here on, stays as it is.
    fn begin_anew(&mut self, class_counts: &[u64], device: &Device) -> Result<(), NetError> {
        let start = Self::new(&self.recipe, &self.form, class_counts, device)?;
        self.generator = start.generator;
        self.discriminator = start.discriminator;
        self.average = start.average;
        self.slow = start.slow;
        Ok(())
    }

    /// Does these acts, but for values that a person has set since.
    pub(super) fn repeat(&mut self, acts: Vec<Act>) {
        let mut recipe = self.recipe.clone();
        self.acts = acts;
        for act in &mut self.acts {
            let settled = &self.settled;
            act.set.retain(|assignment| {
                let key = assignment.split('=').next().unwrap_or_default();
                !settled.iter().any(|settled| settled == key)
            });
            for assignment in &act.set {
                recipe = recipe.clone().with_set(assignment).unwrap_or(recipe);
            }
        }
        self.take_on(recipe);
    }
}

impl SamplingRun {
    /// What the doctor says of the run so far.
    pub(super) fn diagnosis(&self) -> Diagnosis {
        examine(Patient {
            lines: self.since_last_act(),
            events: &[],
            recipe: Some(&self.game.recipe),
        })
    }

    fn since_last_act(&self) -> &[Line] {
        let last = self.game.acts.iter().map(|act| act.images_seen).max();
        let lines = &self.lines;
        let first = match last {
            Some(last) => lines.partition_point(|line| line.images_seen <= last),
            None => 0,
        };
        &lines[first..]
    }

    /// After a tick: does what the doctor advises, if the recipe says so.
    pub(super) fn treat(&mut self) -> Result<(), TrainError> {
        if !self.game.recipe.train.auto {
            return Ok(());
        }
        let diagnosis = self.diagnosis();
        if diagnosis.diagnosis == Disease::Divergence {
            let reason = diagnosis.evidence.first();
            let reason = reason.map_or(String::new(), |one| one.says.clone());
            self.roll_back(&reason)?;
            return Ok(());
        }
        if !diagnosis.diagnosis.is_alarm() || self.game.acts.len() >= MOST_ACTS {
            return Ok(());
        }
        let Some((recipe, advice)) = self.first_that_changes_something(&diagnosis) else {
            return Ok(());
        };
        let act = Act {
            images_seen: self.game.images_seen,
            diagnosis: diagnosis.diagnosis,
            set: advice.set.clone(),
        };
        let anew = diagnosis.diagnosis == Disease::DiscriminatorTooWeak
            && self.lines.last().is_some_and(has_run_away);
        let then = match anew {
            true => "; the samples have run away, so both players begin anew",
            false => "",
        };
        self.notices.push(format!(
            "--auto: {} at {} images, so {}: {}{then}",
            diagnosis.diagnosis, act.images_seen, advice.why, advice.flags
        ));
        self.note_act(act, anew)?;
        self.game.take_on(recipe);
        if anew {
            self.game
                .begin_anew(&self.dataset.class_counts(), &self.device)?;
        }
        Ok(())
    }

    fn first_that_changes_something(&self, diagnosis: &Diagnosis) -> Option<(Recipe, Advice)> {
        let now = &self.game.recipe;
        let mild = |advice: &&Advice| {
            let all_mild = advice.set.iter().all(|set| is_mild(set));
            !advice.new_run && !advice.set.is_empty() && all_mild
        };
        diagnosis.advice.iter().filter(mild).find_map(|advice| {
            let set = advice.set.iter();
            let recipe = set
                .clone()
                .try_fold(now.clone(), |recipe, set| recipe.with_set(set));
            let recipe = recipe.ok().filter(|recipe| recipe != now)?;
            recipe.check_together().ok()?;
            Some((recipe, advice.clone()))
        })
    }

    fn note_act(&mut self, act: Act, anew: bool) -> Result<(), TrainError> {
        if let Some(folder) = &self.folder {
            folder.record(&Event::Act {
                images_seen: act.images_seen,
                diagnosis: act.diagnosis,
                set: act.set.clone(),
                anew,
            })?;
        }
        self.game.acts.push(act);
        Ok(())
    }

    /// A number was not finite. Goes back, if the recipe says so and that may
    /// help; otherwise this is the run's end.
    pub(super) fn break_down(&mut self, error: TrainError) -> Result<(), TrainError> {
        let TrainError::NotFinite {
            step,
            player,
            ref tensor,
        } = error
        else {
            return Err(error);
        };
        if let Some(folder) = &self.folder {
            folder.record(&Event::NotFinite {
                images_seen: self.game.images_seen,
                step,
                player: player.into(),
                tensor: tensor.clone(),
            })?;
        }
        let reason = format!("{tensor} of the {player} was not finite");
        match self.game.recipe.train.auto && self.roll_back(&reason)? {
            true => Ok(()),
            false => Err(error),
        }
    }

    /// Goes back to the best checkpoint, at lower rates; whether it did.
    fn roll_back(&mut self, reason: &str) -> Result<bool, TrainError> {
        let times = self.rollbacks();
        if times >= MOST_ROLLBACKS || self.folder.is_none() {
            return Ok(false);
        }
        let from_images = self.game.images_seen;
        let rates = [
            ("generator", self.game.recipe.optimizer.generator.rate),
            (
                "discriminator",
                self.game.recipe.optimizer.discriminator.rate,
            ),
        ];
        let by = SLOWER[times.min(1)];
        let set = rates.map(|(player, rate)| format!("optimizer.{player}.rate={:?}", rate / by));
        let acts = std::mem::take(&mut self.game.acts);
        if !self.return_to_best()? {
            self.game.acts = acts;
            return Ok(false);
        }
        let images_seen = self.game.images_seen;
        // What was tried before stays tried, also where the checkpoint is older.
        let mut acts: Vec<Act> = acts;
        for act in &mut acts {
            act.images_seen = act.images_seen.min(images_seen);
        }
        self.game.repeat(acts);
        let act = Act {
            images_seen,
            diagnosis: Disease::Divergence,
            set: set.to_vec(),
        };
        self.notices.push(format!(
            "--auto: {reason}, so back to the best checkpoint, of {images_seen} images (from {from_images}), and on with {}",
            act.set.join(" ")
        ));
        let folder = self.folder.as_ref().expect("it was just seen");
        folder.cut_log(images_seen)?;
        folder.record(&Event::Rollback {
            images_seen,
            from_images,
            reason: reason.into(),
        })?;
        self.lines.retain(|line| line.images_seen <= images_seen);
        self.note_act(act.clone(), false)?;
        for assignment in &act.set {
            let recipe = self.game.recipe.clone().with_set(assignment)?;
            self.game.take_on(recipe);
        }
        self.save()?;
        let folder = self.folder.as_ref().expect("it was just seen");
        folder.remove_after(images_seen)?;
        self.judge_anew()?;
        Ok(true)
    }

    fn rollbacks(&self) -> usize {
        let acts = self.game.acts.iter();
        acts.filter(|act| act.diagnosis == Disease::Divergence)
            .count()
    }

    /// Fills the game from the best checkpoint that can be read, or else the
    /// newest.
    fn return_to_best(&mut self) -> Result<bool, TrainError> {
        let Some(folder) = &self.folder else {
            return Ok(false);
        };
        let mut all = folder.checkpoints()?;
        let best = self.best().map(|images| folder.checkpoint(images));
        if let Some(place) = all.iter().position(|path| Some(path) == best.as_ref()) {
            let best = all.remove(place);
            all.push(best);
        }
        let found = all.into_iter().rev().find_map(|path: PathBuf| {
            let bytes = std::fs::read(path).ok()?;
            // A damaged file is found out before anything of it is taken.
            checkpoint::checkpoint_images_seen(&bytes).ok()?;
            Some(bytes)
        });
        let Some(bytes) = found else {
            return Ok(false);
        };
        self.game.take_on(self.own_recipe.clone());
        let Ok(state) = checkpoint::restore(&mut self.game, &bytes) else {
            return Ok(false);
        };
        self.meters = state.meters;
        self.supply = Supply::new(&self.game, &self.dataset);
        Ok(true)
    }

    /// Which checkpoint is kept as the best: the judge's, or, where a run that
    /// goes back by itself is not judged, the one nearest to the data.
    pub(super) fn best(&self) -> Option<u64> {
        let judged = self.judging.best();
        if judged.is_some() || !self.game.recipe.train.auto {
            return judged;
        }
        let measured = self.lines.iter();
        let measured = measured.filter_map(|line| Some((line.images_seen, line.get("distance")?)));
        measured
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(images_seen, _)| images_seen)
    }
}

/// The log's ticks as the doctor reads them.
pub(super) fn lines(folder: &Folder) -> Vec<Line> {
    folder.ticks().iter().map(Line::from).collect()
}
