//! The trainer of any recipe: it hands on to the run that the recipe's kind of
//! model needs.

use super::folder::Folder;
use super::translation::TranslationRun;
use super::{Progress, SamplingRun, StoppedBy, Tick, TrainError};
use crate::data::{Dataset, Skipped};
use crate::doctor::Diagnosis;
use crate::recipe::{ModelKind, Recipe, RecipeError};
use crate::ship::{Generator, Translator};
use burn::tensor::Device;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A training run.
pub struct Trainer {
    run: Run,
    /// What a person should know that is no error: a damaged checkpoint passed
    /// over, files that were skipped, which pictures are pairs.
    pub notices: Vec<String>,
}

enum Run {
    Sampling(Box<SamplingRun>),
    Translation(Box<TranslationRun>),
}

/// Whether a recipe translates, or makes samples of latents.
fn translates(recipe: &Recipe) -> bool {
    recipe.model.kind == ModelKind::Translation
}

impl From<SamplingRun> for Trainer {
    fn from(mut run: SamplingRun) -> Self {
        Self {
            notices: std::mem::take(&mut run.notices),
            run: Run::Sampling(Box::new(run)),
        }
    }
}

impl From<TranslationRun> for Trainer {
    fn from(mut run: TranslationRun) -> Self {
        Self {
            notices: std::mem::take(&mut run.notices),
            run: Run::Translation(Box::new(run)),
        }
    }
}

impl Trainer {
    /// A run on the CPU that writes nothing.
    ///
    /// # Errors
    /// If the data cannot be used, or do not fit the recipe.
    pub fn new(recipe: Recipe) -> Result<Self, TrainError> {
        Self::on(recipe, Device::flex())
    }

    /// A run on a device that writes nothing.
    ///
    /// # Errors
    /// If the data cannot be used, or do not fit the recipe.
    pub fn on(recipe: Recipe, device: Device) -> Result<Self, TrainError> {
        match translates(&recipe) {
            true => TranslationRun::on(recipe, device).map(Self::from),
            false => SamplingRun::on(recipe, device).map(Self::from),
        }
    }

    /// Begins a new run in a folder.
    ///
    /// # Errors
    /// As [`Trainer::on`], and if the folder cannot be written or holds a run.
    pub fn create(recipe: Recipe, folder: &Path, device: Device) -> Result<Self, TrainError> {
        match translates(&recipe) {
            true => TranslationRun::create(recipe, folder, device).map(Self::from),
            false => SamplingRun::create(recipe, folder, device).map(Self::from),
        }
    }

    /// Begins a new run in `parent`, in a folder named by the next free number,
    /// the data and the recipe: `00003-photos-dcgan`.
    ///
    /// # Errors
    /// As [`Trainer::create`].
    pub fn create_numbered(
        recipe: Recipe,
        parent: &Path,
        device: Device,
    ) -> Result<Self, TrainError> {
        match translates(&recipe) {
            true => TranslationRun::create_numbered(recipe, parent, device).map(Self::from),
            false => SamplingRun::create_numbered(recipe, parent, device).map(Self::from),
        }
    }

    /// Goes on with the run in a folder. `change` may alter its recipe from
    /// here on; the changed recipe is written back.
    ///
    /// # Errors
    /// If there is no run, another training has it, no checkpoint is whole, or
    /// the data have changed.
    pub fn resume(
        folder: &Path,
        change: impl FnOnce(Recipe) -> Result<Recipe, RecipeError>,
        device: Device,
    ) -> Result<Self, TrainError> {
        let folder = Folder::open(folder)?;
        let old = Self::recipe_of(folder.path())?;
        let recipe = change(old.clone())?;
        match translates(&old) {
            true => TranslationRun::resume(folder, old, recipe, device).map(Self::from),
            false => SamplingRun::resume(folder, old, recipe, device).map(Self::from),
        }
    }

    /// Trains to the next tick; `None` when the run has ended, which
    /// [`Trainer::stopped_by`] explains.
    ///
    /// # Errors
    /// If a number is no longer finite, or a file cannot be written. What was
    /// saved before stays as it is.
    pub fn next_tick(&mut self) -> Result<Option<Tick>, TrainError> {
        match &mut self.run {
            Run::Sampling(run) => {
                let tick = run.next_tick();
                self.notices.append(&mut run.notices);
                tick
            }
            Run::Translation(run) => run.next_tick(),
        }
    }

    /// One step of the game.
    ///
    /// # Errors
    /// If a number is no longer finite.
    pub fn step(&mut self) -> Result<(), TrainError> {
        match &mut self.run {
            Run::Sampling(run) => run.step(),
            Run::Translation(run) => run.step(),
        }
    }

    /// Writes a checkpoint of this moment.
    ///
    /// # Errors
    /// If it cannot be written; the one before stays.
    pub fn save(&self) -> Result<(), TrainError> {
        match &self.run {
            Run::Sampling(run) => run.save(),
            Run::Translation(run) => run.save(),
        }
    }

    /// The moving average of the generator, as it is now, ready to sample.
    ///
    /// # Panics
    /// If the recipe translates: [`Trainer::translator`] is what it trains then.
    pub fn generator(&self) -> Generator {
        match &self.run {
            Run::Sampling(run) => run.generator(),
            Run::Translation(_) => panic!("a recipe that translates trains a translator"),
        }
    }

    /// The moving average of the translation, as it is now; none where the
    /// recipe makes samples of latents.
    pub fn translator(&self) -> Option<Translator> {
        match &self.run {
            Run::Sampling(_) => None,
            Run::Translation(run) => Some(run.translator()),
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        match &self.run {
            Run::Sampling(run) => run.progress(),
            Run::Translation(run) => run.progress(),
        }
    }

    /// Calls `watch` after every step.
    pub fn on_step(&mut self, watch: impl FnMut(Progress) + Send + 'static) {
        let watch: Option<Box<dyn FnMut(Progress) + Send>> = Some(Box::new(watch));
        match &mut self.run {
            Run::Sampling(run) => run.on_step = watch,
            Run::Translation(run) => run.course.on_step = watch,
        }
    }

    /// Raise it from anywhere, a signal handler say: the run finishes its step,
    /// saves and ends.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        match &self.run {
            Run::Sampling(run) => run.stop.clone(),
            Run::Translation(run) => run.course.stop.clone(),
        }
    }

    /// Why the run ended, once it has.
    pub fn stopped_by(&self) -> Option<StoppedBy> {
        match &self.run {
            Run::Sampling(run) => run.stopped_by,
            Run::Translation(run) => run.course.stopped_by,
        }
    }

    /// The recipe, every value resolved.
    pub fn recipe(&self) -> &Recipe {
        match &self.run {
            Run::Sampling(run) => run.recipe(),
            Run::Translation(run) => run.recipe(),
        }
    }

    /// The data; of a translation, what pictures become.
    pub fn dataset(&self) -> &Dataset {
        match &self.run {
            Run::Sampling(run) => run.dataset(),
            Run::Translation(run) => run.data().target(),
        }
    }

    /// The name of the data, or of both domains.
    pub fn data_name(&self) -> &str {
        match &self.run {
            Run::Sampling(run) => run.dataset().name(),
            Run::Translation(run) => run.data().name(),
        }
    }

    /// How many items there are: pairs, or pictures of both domains together.
    pub fn items(&self) -> usize {
        match &self.run {
            Run::Sampling(run) => run.dataset().len(),
            Run::Translation(run) => run.data().training.count() + run.data().held_out.count(),
        }
    }

    /// How many items are held out from training.
    pub fn held_out(&self) -> usize {
        match &self.run {
            Run::Sampling(run) => run.held_out(),
            Run::Translation(run) => run.data().held_out.count(),
        }
    }

    /// What the doctor says of the run so far.
    pub fn diagnosis(&self) -> Diagnosis {
        match &self.run {
            Run::Sampling(run) => run.diagnosis(),
            Run::Translation(run) => run.diagnosis(),
        }
    }

    /// The files that could not be used and that no call of this has returned.
    pub fn newly_skipped(&self) -> Vec<Skipped> {
        match &self.run {
            Run::Sampling(run) => run.dataset().newly_skipped(),
            Run::Translation(run) => run.data().newly_skipped(),
        }
    }

    /// The run folder, if there is one.
    pub fn folder(&self) -> Option<&Path> {
        let folder = match &self.run {
            Run::Sampling(run) => &run.folder,
            Run::Translation(run) => &run.course.folder,
        };
        folder.as_ref().map(Folder::path)
    }

    /// How many numbers the generator and the discriminator train; where there
    /// are two of a kind, one of them, and 0 where there is none.
    pub fn parameter_counts(&self) -> [usize; 2] {
        let networks = self.networks();
        [0, 1].map(|at| networks.get(at).map_or(0, |(_, count)| *count))
    }

    /// How many numbers each network trains, by its name: a generator, then what
    /// judges it.
    pub fn networks(&self) -> Vec<(&'static str, usize)> {
        match &self.run {
            Run::Sampling(run) => {
                let [generator, discriminator] = run.parameter_counts();
                vec![("generator", generator), ("discriminator", discriminator)]
            }
            Run::Translation(run) => run.networks(),
        }
    }

    /// Memory that the run will take beyond what a few steps have: decoded
    /// pictures yet to be kept, and one checkpoint on its way to the disk.
    pub fn memory_to_come(&self) -> u64 {
        match &self.run {
            Run::Sampling(run) => run.memory_to_come(),
            Run::Translation(run) => run.memory_to_come(),
        }
    }
}
