//! Training: the step, the loop around it, and what it leaves on disk.
//!
//! [`Trainer`] plays the game tick by tick. With a folder it writes a run;
//! without one it only trains. It knows nothing of screens: progress is read
//! from it, or watched with [`Trainer::on_step`].

mod adjoint;
mod auto;
mod average;
mod checkpoint;
mod checkup;
mod course;
mod error;
mod folder;
mod fool;
mod game;
mod judging;
mod latents;
mod lookahead;
mod optimizer;
mod player;
mod portion;
mod report;
mod resume;
mod schedule;
mod sketch;
mod stopping;
mod supply;
mod teach;
#[cfg(test)]
mod tests;
mod tick;
mod trainer;
mod translation;
mod unroll;
mod view;

pub(crate) use average::calibrate;
pub use checkpoint::checkpoint_images_seen;
pub use checkup::Checkup;
pub use error::TrainError;
pub(crate) use game::Game;
pub(crate) use latents::Latents;
pub use optimizer::OptimizerState;
#[cfg(test)]
pub(crate) use portion::one_hot;
pub(crate) use portion::{Portion, Samples};
pub(crate) use report::StepReport;
pub use tick::{Tick, resident_memory};
pub use trainer::Trainer;
pub use translation::domain_options;
pub(crate) use translation::{Batch as TranslationBatch, Game as TranslationGame};

use crate::data::{DataOptions, Dataset, HoldOut, Kind, Skipped};
use crate::doctor::Line;
use crate::files::write_whole;
use crate::nets::{self, Form};
use crate::recipe::{Origin, Recipe};
use crate::ship::{DataCard, Generator};
use burn::tensor::Device;
use checkup::Examiner;
use folder::Folder;
use judging::Judgements;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use supply::Supply;
use tick::Meters;

/// Decoded pictures are kept in memory up to this; what does not fit is
/// decoded again each time.
pub const CACHE_BUDGET_BYTES: u64 = 1 << 30;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// All images of the recipe were seen.
    Images,
    /// The recipe's minutes were over.
    Minutes,
    /// The stop flag was raised.
    Signal,
    /// Judgements had not become better for as long as the recipe waits.
    #[serde(rename = "no-better")]
    NoBetter,
    /// There was nothing more to gain.
    Converged,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Real images seen.
    pub images_seen: u64,
    /// Real images of the whole run.
    pub images: u64,
    /// Seconds of training so far.
    pub elapsed_seconds: f64,
    /// Since the last tick.
    pub images_per_second: f64,
}

/// A run that trains a generator of samples.
struct SamplingRun {
    game: Game,
    device: Device,
    dataset: Arc<Dataset>,
    supply: Supply,
    meters: Meters,
    folder: Option<Folder>,
    started: Instant,
    elapsed_before: f64,
    stop: Arc<AtomicBool>,
    stopped_by: Option<StoppedBy>,
    on_step: Option<Box<dyn FnMut(Progress) + Send>>,
    judging: Judgements,
    examiner: Examiner,
    /// The recipe without what `--auto` changed.
    own_recipe: Recipe,
    /// The ticks so far, as the doctor reads them.
    lines: Vec<Line>,
    /// The condition that was found to hold at the last tick.
    ended: Option<StoppedBy>,
    /// What a person should know that is no error: a damaged checkpoint passed
    /// over, files that were skipped.
    notices: Vec<String>,
}

impl SamplingRun {
    /// A run on a device that writes nothing.
    ///
    /// # Errors
    /// If the data cannot be used, or do not fit the recipe.
    fn on(mut recipe: Recipe, device: Device) -> Result<Self, TrainError> {
        recipe.check()?;
        recipe.check_together()?;
        // A recipe with an origin is resolved: it names the size that the data
        // were found to have, which need not be one that can be asked for.
        if let (None, Some(side)) = (&recipe.origin, recipe.train.resolution) {
            nets::check_resolution(recipe.model.kind, side)?;
        }
        let options = DataOptions {
            resolution: recipe.train.resolution,
            channels: recipe.data.channels,
            fit: recipe.data.fit,
            ..DataOptions::default()
        };
        let dataset = Arc::new(Dataset::open(Path::new(&recipe.data.source), &options)?);
        // What a resolved recipe does not hold out, its run has been shown.
        let share = match recipe.origin {
            Some(_) => 0.0,
            None => HoldOut::default_share(dataset.len()),
        };
        recipe.data.held_out.get_or_insert(share);
        recipe.origin = Some(Origin {
            fata: env!("CARGO_PKG_VERSION").into(),
            fingerprint: dataset.fingerprint(),
        });
        if let Kind::Images {
            channels,
            height,
            width,
        } = dataset.kind()
        {
            recipe.data.channels = Some(channels);
            recipe.train.resolution = (height == width).then_some(height);
        }
        let form = Form::new(&recipe.model, dataset.kind(), dataset.classes().len());
        let game = Game::new(&recipe, &form, &dataset.class_counts(), &device)?;
        let examiner = Examiner::new(&game);
        let notices = skipped_sentence(&dataset.newly_skipped())
            .into_iter()
            .collect();
        Ok(Self {
            supply: Supply::new(&game, &dataset),
            game,
            device,
            dataset,
            meters: Meters::default(),
            folder: None,
            started: Instant::now(),
            elapsed_before: 0.0,
            stop: Arc::default(),
            stopped_by: None,
            on_step: None,
            judging: Judgements::default(),
            examiner,
            own_recipe: recipe,
            lines: Vec::new(),
            ended: None,
            notices,
        })
    }

    /// Begins a new run in a folder.
    ///
    /// # Errors
    /// As [`Trainer::on`], and if the folder cannot be written or holds a run.
    fn create(recipe: Recipe, folder: &Path, device: Device) -> Result<Self, TrainError> {
        let trainer = Self::on(recipe, device)?;
        trainer.begin(Folder::create(folder)?)
    }

    /// Begins a new run in `parent`, in a folder named by the next free number,
    /// the data and the recipe: `00003-photos-dcgan`.
    ///
    /// # Errors
    /// As [`Trainer::create`].
    fn create_numbered(recipe: Recipe, parent: &Path, device: Device) -> Result<Self, TrainError> {
        let trainer = Self::on(recipe, device)?;
        let name = format!("{}-{}", trainer.dataset.name(), trainer.game.recipe.name);
        let folder = Folder::create_numbered(parent, &name)?;
        trainer.begin(folder)
    }

    fn begin(mut self, folder: Folder) -> Result<Self, TrainError> {
        write_whole(&folder.recipe(), self.game.recipe.to_toml().as_bytes())?;
        self.folder = Some(folder);
        self.open_judge()?;
        self.draw()?;
        self.save()?;
        self.started = Instant::now();
        Ok(self)
    }

    /// Trains to the next tick; `None` when the run has ended, which
    /// [`Trainer::stopped_by`] explains.
    ///
    /// # Errors
    /// If a number is no longer finite, or a file cannot be written. What was
    /// saved before stays as it is.
    fn next_tick(&mut self) -> Result<Option<Tick>, TrainError> {
        loop {
            match self.play_to_tick() {
                // Where it can be gone back from this, the run goes on.
                Err(error) => self.break_down(error)?,
                outcome => return outcome,
            }
        }
    }

    fn play_to_tick(&mut self) -> Result<Option<Tick>, TrainError> {
        let every = self.game.recipe.train.every;
        let next = (self.game.images_seen / every + 1) * every;
        loop {
            if let Some(reason) = self.end() {
                self.stopped_by = Some(reason);
                return match (reason, self.meters.is_empty()) {
                    (_, true) => Ok(None),
                    (StoppedBy::Signal, false) => self.leave().map(|()| None),
                    (_, false) => self.tick().map(Some),
                };
            }
            self.step()?;
            if self.game.images_seen >= next {
                return self.tick().map(Some);
            }
        }
    }

    /// One step of the game.
    ///
    /// # Errors
    /// If a number is no longer finite.
    fn step(&mut self) -> Result<(), TrainError> {
        let began = Instant::now();
        let before = self.game.images_seen;
        let (supply, device) = (&mut self.supply, &self.device);
        let report = self.game.step(|| supply.next(device))?;
        self.meters.add(
            &report,
            self.game.images_seen - before,
            began.elapsed().as_secs_f64(),
        );
        let progress = self.progress();
        if let Some(watch) = &mut self.on_step {
            watch(progress);
        }
        Ok(())
    }

    fn end(&self) -> Option<StoppedBy> {
        let train = &self.game.recipe.train;
        if self.stop.load(Ordering::Relaxed) {
            return Some(StoppedBy::Signal);
        }
        if self.game.images_seen >= train.images {
            return Some(StoppedBy::Images);
        }
        if let Some(reason) = self.ended.or_else(|| self.is_over()) {
            return Some(reason);
        }
        let over = train
            .minutes
            .is_some_and(|minutes| self.elapsed_seconds() >= 60.0 * minutes);
        over.then_some(StoppedBy::Minutes)
    }

    fn tick(&mut self) -> Result<Tick, TrainError> {
        // A number may have stopped being finite since the last measured step;
        // such a state is not saved.
        self.game.generator.check(self.game.steps)?;
        self.game.discriminator.check(self.game.steps)?;
        let mut tick = self
            .meters
            .tick(self.game.images_seen, self.elapsed_seconds());
        self.examiner
            .examine(&self.game, &self.supply, &mut tick.checkup)?;
        if let Some(accuracy) = self.supply.test_accuracy(&self.game)? {
            tick.metrics.insert("test_accuracy".into(), accuracy);
        }
        if self.judgement_is_due() {
            tick.metrics.extend(self.judge()?);
        }
        if let Some(folder) = &self.folder {
            folder.log(&tick)?;
        }
        self.lines.push(Line::from(&tick));
        self.draw()?;
        self.treat()?;
        self.ended = self.condition_met();
        self.save()?;
        Ok(tick)
    }

    /// Draws the pictures of this moment and saves the generator.
    fn draw(&self) -> Result<(), TrainError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let generator = self.generator();
        generator.save(&folder.generator())?;
        sketch::draw(folder, &generator, &self.game, &self.dataset)
    }

    /// Saves what a run that stops between two ticks has come to.
    fn leave(&self) -> Result<(), TrainError> {
        if let Some(folder) = &self.folder {
            self.generator().save(&folder.generator())?;
        }
        self.save()
    }

    /// Writes a checkpoint of this moment.
    ///
    /// # Errors
    /// If it cannot be written; the one before stays.
    fn save(&self) -> Result<(), TrainError> {
        match &self.folder {
            Some(folder) => {
                let bytes = checkpoint::encode(&self.game, self.elapsed_seconds(), &self.meters);
                folder.save(self.game.images_seen, &bytes, self.best())
            }
            None => Ok(()),
        }
    }

    /// The moving average of the generator, as it is now, ready to sample.
    fn generator(&self) -> Generator {
        let data = DataCard {
            name: self.dataset.name().into(),
            kind: self.dataset.kind(),
            classes: self.dataset.classes().to_vec(),
            class_counts: self.dataset.class_counts(),
            units: self.dataset.units().cloned(),
        };
        let game = &self.game;
        let mut generator = Generator::new(
            game.generator_layers.clone(),
            game.average.clone(),
            game.form.clone(),
            game.recipe.clone(),
            data,
            game.images_seen,
        );
        generator.calibrate();
        generator
    }

    /// How far the run is.
    fn progress(&self) -> Progress {
        Progress {
            images_seen: self.game.images_seen,
            images: self.game.recipe.train.images,
            elapsed_seconds: self.elapsed_seconds(),
            images_per_second: self.meters.images_per_second(),
        }
    }

    /// The recipe, every value resolved.
    fn recipe(&self) -> &Recipe {
        &self.game.recipe
    }

    /// The data.
    fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// How many items are held out from training.
    fn held_out(&self) -> usize {
        self.supply.held_out()
    }

    /// How many numbers the generator and the discriminator train.
    fn parameter_counts(&self) -> [usize; 2] {
        [
            self.game.generator.parameters.count(),
            self.game.discriminator.parameters.count(),
        ]
    }

    /// Memory that the run will take beyond what a few steps have: decoded
    /// pictures yet to be kept, and one checkpoint on its way to the disk.
    fn memory_to_come(&self) -> u64 {
        let cache = match self.dataset.kind() {
            Kind::Images { .. } => (self.dataset.kind().values() * self.dataset.len()) as u64,
            Kind::Points { .. } => 0,
        };
        let [generator, discriminator] = self.parameter_counts();
        // Weights, two moments, the average; as numbers and as bytes.
        let checkpoint = 2 * 4 * (4 * generator + 3 * discriminator) as u64;
        cache.min(CACHE_BUDGET_BYTES) + checkpoint
    }

    fn elapsed_seconds(&self) -> f64 {
        self.elapsed_before + self.started.elapsed().as_secs_f64()
    }
}

/// Says which files are left out.
fn skipped_sentence(skipped: &[Skipped]) -> Option<String> {
    let first = skipped.first()?;
    Some(format!(
        "{} file{} cannot be used and {} left out, the first {}: {} (`fata data check` lists all)",
        skipped.len(),
        if skipped.len() == 1 { "" } else { "s" },
        if skipped.len() == 1 { "is" } else { "are" },
        first.path,
        first.reason,
    ))
}
