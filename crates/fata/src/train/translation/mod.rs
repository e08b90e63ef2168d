//! Training a translation: from two domains to a [`Translator`].

mod checkpoint;
mod game;
mod pool;
mod sketch;
mod supply;
#[cfg(test)]
mod tests;

use super::course::Course;
use super::folder::Folder;
use super::resume::{newest_whole, written_by_another};
use super::{CACHE_BUDGET_BYTES, Progress, StoppedBy, Tick, TrainError, auto};
use crate::data::{DomainOptions, Domains};
use crate::doctor::{Diagnosis, Line, Patient, examine};
use crate::files::write_whole;
use crate::nets::translation::TranslationForm;
use crate::recipe::{Origin, Recipe, RecipeError, Task};
use crate::ship::Translator;
use burn::tensor::Device;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use supply::Supply;

pub(crate) use game::Game;
pub(crate) use supply::{Batch, signed};

/// A run that trains a translation.
pub(super) struct TranslationRun {
    game: Game,
    device: Device,
    data: Arc<Domains>,
    supply: Supply,
    pub(super) course: Course,
    /// The ticks so far, as the doctor reads them.
    lines: Vec<Line>,
    pub(super) notices: Vec<String>,
}

impl TranslationRun {
    /// A run on a device that writes nothing.
    pub(super) fn on(mut recipe: Recipe, device: Device) -> Result<Self, TrainError> {
        recipe.check()?;
        recipe.check_together()?;
        let mut settings = recipe.translation.clone().unwrap_or_default();
        let wanted = wanted_pairs(&recipe, settings.task);
        let data = Domains::open(&DomainOptions {
            paired: wanted,
            ..domain_options(&recipe)
        })?;
        let mut notices = data.notices.clone();
        if settings.task == Task::Paired && !data.training.paired {
            return Err(RecipeError::Value {
                key: "translation.task",
                value: "paired".into(),
                allowed: "the pictures are no pairs (their names differ): use --recipe cyclegan, or --paired yes to use those that are".into(),
            }
            .into());
        }
        if settings.task == Task::Unpaired && data.training.paired && wanted != Some(true) {
            notices.push("pairs are not used: this recipe learns from two sets of pictures".into());
        }
        let form = TranslationForm::new(&recipe.model, &settings, data.resolution, data.channels)?;
        recipe.origin = Some(Origin {
            fata: env!("CARGO_PKG_VERSION").into(),
            fingerprint: data.fingerprint(),
        });
        recipe.train.resolution = Some(data.resolution);
        recipe.data.channels = Some(data.channels[1]);
        recipe.data.held_out = Some(data.held_out_share);
        let mut domains = recipe.domains.clone().unwrap_or_default();
        domains.channels = Some(data.channels[0]);
        domains.paired = Some(data.training.paired);
        domains.from = data.from().into();
        recipe.domains = Some(domains);
        settings.generator = form.settings.generator;
        let game = Game::new(&recipe, &settings, &form, &device);
        let data = Arc::new(data);
        notices.extend(super::skipped_sentence(&data.newly_skipped()));
        Ok(Self {
            supply: Supply::new(&recipe, &data, 0),
            game,
            device,
            data,
            course: Course::new(),
            lines: Vec::new(),
            notices,
        })
    }

    pub(super) fn create(
        recipe: Recipe,
        folder: &Path,
        device: Device,
    ) -> Result<Self, TrainError> {
        let run = Self::on(recipe, device)?;
        run.begin(Folder::create(folder)?)
    }

    pub(super) fn create_numbered(
        recipe: Recipe,
        parent: &Path,
        device: Device,
    ) -> Result<Self, TrainError> {
        let run = Self::on(recipe, device)?;
        let name = format!("{}-{}", run.data.name(), run.game.recipe.name);
        let folder = Folder::create_numbered(parent, &name)?;
        run.begin(folder)
    }

    fn begin(mut self, folder: Folder) -> Result<Self, TrainError> {
        write_whole(&folder.recipe(), self.game.recipe.to_toml().as_bytes())?;
        self.course.folder = Some(folder);
        self.draw()?;
        self.save()?;
        self.course.start();
        Ok(self)
    }

    /// Goes on with the run in a folder that is locked already.
    pub(super) fn resume(
        folder: Folder,
        old: Recipe,
        recipe: Recipe,
        device: Device,
    ) -> Result<Self, TrainError> {
        let mut run = Self::on(recipe, device)?;
        keeps_its_form(&old, &run.game.recipe)?;
        let fingerprint = |recipe: &Recipe| {
            let origin = recipe.origin.as_ref();
            origin
                .map(|origin| origin.fingerprint.clone())
                .unwrap_or_default()
        };
        let (then, now) = (fingerprint(&old), fingerprint(&run.game.recipe));
        if old.data == run.game.recipe.data && then != now {
            return Err(TrainError::DataChanged {
                place: old.data.source,
                then,
                now,
            });
        }
        run.notices.extend(written_by_another(&old));
        if folder.is_blank()? {
            return run.begin(folder);
        }
        let game = &mut run.game;
        let (state, damaged) = newest_whole(&folder, |bytes| checkpoint::restore(game, bytes))?;
        run.notices.extend(damaged);
        run.course.go_on(state.meters, state.elapsed_seconds);
        run.supply = Supply::new(&run.game.recipe, &run.data, run.game.images_seen);
        folder.cut_log(run.game.images_seen)?;
        write_whole(&folder.recipe(), run.game.recipe.to_toml().as_bytes())?;
        run.lines = auto::lines(&folder);
        run.course.folder = Some(folder);
        run.course.start();
        Ok(run)
    }

    pub(super) fn next_tick(&mut self) -> Result<Option<Tick>, TrainError> {
        let every = self.game.recipe.train.every;
        let next = (self.game.images_seen / every + 1) * every;
        loop {
            let train = &self.game.recipe.train;
            if let Some(reason) = self.course.end(self.game.images_seen, train, false) {
                self.course.stopped_by = Some(reason);
                return match (reason, self.course.meters.is_empty()) {
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

    pub(super) fn step(&mut self) -> Result<(), TrainError> {
        let began = Instant::now();
        let before = self.game.images_seen;
        let batch = self.supply.next(&self.device)?;
        let report = self.game.step(&batch)?;
        let seen = [before, self.game.images_seen];
        let train = &self.game.recipe.train;
        self.course.note(&report, seen, began, train);
        Ok(())
    }

    fn tick(&mut self) -> Result<Tick, TrainError> {
        self.game.check()?;
        let mut tick = self.course.tick(self.game.images_seen);
        if let Some(held_out) = sketch::held_out_distance(&self.translator(), &self.data)? {
            tick.metrics.insert("l1_held_out".into(), held_out);
        }
        if let Some(folder) = &self.course.folder {
            folder.log(&tick)?;
        }
        self.lines.push(Line::from(&tick));
        self.draw()?;
        self.save()?;
        Ok(tick)
    }

    fn draw(&self) -> Result<(), TrainError> {
        let Some(folder) = &self.course.folder else {
            return Ok(());
        };
        let translator = self.translator();
        translator.save(&folder.generator())?;
        sketch::draw(folder, &translator, &self.data)
    }

    fn leave(&self) -> Result<(), TrainError> {
        if let Some(folder) = &self.course.folder {
            self.translator().save(&folder.generator())?;
        }
        self.save()
    }

    pub(super) fn save(&self) -> Result<(), TrainError> {
        match &self.course.folder {
            Some(folder) => {
                let seconds = self.course.elapsed_seconds();
                let bytes = checkpoint::encode(&self.game, seconds, &self.course.meters);
                folder.save(self.game.images_seen, &bytes, None)
            }
            None => Ok(()),
        }
    }

    /// The averages of the generators, as they are now.
    pub(super) fn translator(&self) -> Translator {
        let directions = self.game.directions.iter();
        let directions =
            directions.map(|direction| (direction.layers.clone(), direction.average.clone()));
        Translator::new(
            directions.collect(),
            self.game.form.clone(),
            self.game.recipe.clone(),
            self.data.name().into(),
            self.game.images_seen,
        )
    }

    /// What the doctor says of the run so far.
    pub(super) fn diagnosis(&self) -> Diagnosis {
        examine(Patient {
            lines: &self.lines,
            events: &[],
            recipe: Some(&self.game.recipe),
        })
    }

    pub(super) fn progress(&self) -> Progress {
        let train = &self.game.recipe.train;
        self.course.progress(self.game.images_seen, train)
    }

    pub(super) fn recipe(&self) -> &Recipe {
        &self.game.recipe
    }

    pub(super) fn data(&self) -> &Arc<Domains> {
        &self.data
    }

    /// How many numbers each player trains, by its name.
    pub(super) fn networks(&self) -> Vec<(&'static str, usize)> {
        let mut networks = Vec::new();
        for direction in &self.game.directions {
            let judge = direction.judge.as_ref().map(|judge| &judge.player);
            let players = std::iter::once(&direction.generator).chain(judge);
            networks.extend(players.map(|player| (player.name, player.parameters.count())));
        }
        networks
    }

    /// As [`super::Trainer::memory_to_come`].
    pub(super) fn memory_to_come(&self) -> u64 {
        let [from, to] = self.data.channels;
        let side = self.data.resolution as u64;
        let each = side * side * (from + to) as u64;
        let pictures = each * self.data.training.len() as u64;
        let all: usize = self.networks().iter().map(|(_, count)| count).sum();
        let pools = self.game.settings.pool as u64 * 4 * each;
        pictures.min(CACHE_BUDGET_BYTES) + 2 * (4 * 4 * all as u64 + pools)
    }
}

/// Where a recipe's two domains are.
pub fn domain_options(recipe: &Recipe) -> DomainOptions {
    let domains = recipe.domains.clone().unwrap_or_default();
    DomainOptions {
        to: recipe.data.source.clone().into(),
        from: domains.from,
        paired: domains.paired,
        resolution: recipe.train.resolution,
        channels: [domains.channels, recipe.data.channels],
        fit: recipe.data.fit,
        // What a resolved recipe does not hold out, its run has been shown.
        held_out: (recipe.data.held_out).or_else(|| recipe.origin.as_ref().map(|_| 0.0)),
        detail: domains.detail,
        factor: domains.factor,
    }
}

/// Refuses what the checkpoints of a run cannot be poured into.
fn keeps_its_form(old: &Recipe, new: &Recipe) -> Result<(), TrainError> {
    let fixed = |what, then: String| Err(TrainError::Fixed { what, then });
    let nets = |recipe: &Recipe| {
        let mut table = recipe.translation.clone().unwrap_or_default();
        // These are weights of goals and not of layers.
        let plain = crate::recipe::Translation::default();
        table.reconstruction = plain.reconstruction;
        table.distance = plain.distance;
        table.cycle = plain.cycle;
        table.identity = plain.identity;
        table.load = plain.load;
        table.dropout = plain.dropout;
        table.pool = plain.pool;
        table.adversarial = f64::from(u8::from(table.adversarial > 0.0));
        table
    };
    if old.model != new.model || nets(old) != nets(new) {
        let then = toml::to_string(&old.translation).unwrap_or_default();
        return fixed("networks", then.trim().replace('\n', ", "));
    }
    if old.train.resolution != new.train.resolution {
        let then = old.train.resolution.unwrap_or_default().to_string();
        return fixed("resolution", then);
    }
    let channels = |recipe: &Recipe| {
        let from = recipe.domains.as_ref().and_then(|domains| domains.channels);
        [from, recipe.data.channels].map(Option::unwrap_or_default)
    };
    if channels(old) != channels(new) {
        return fixed("channels", format!("{:?}", channels(old)));
    }
    let kinds = |recipe: &Recipe| {
        let players = &recipe.optimizer;
        [players.generator.kind, players.discriminator.kind]
    };
    if kinds(old) != kinds(new) {
        return fixed(
            "optimizer kinds",
            format!("{:?}", kinds(old)).to_lowercase(),
        );
    }
    Ok(())
}

/// Whether pairs are asked for, refused or left to the names. A recipe of pairs
/// takes those that there are only if it is told to.
fn wanted_pairs(recipe: &Recipe, task: Task) -> Option<bool> {
    let asked = recipe.domains.as_ref().and_then(|domains| domains.paired);
    match task {
        Task::Paired => asked,
        // Two sets in orders of their own, whatever their names.
        Task::Unpaired => Some(asked.unwrap_or(false)),
    }
}
