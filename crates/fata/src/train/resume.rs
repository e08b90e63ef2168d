//! Going on with a run: from its newest whole checkpoint, bit for bit as if it
//! had never stopped.

use super::folder::Folder;
use super::supply::Supply;
use super::{TrainError, Trainer, auto, checkpoint};
use crate::doctor::Event;
use crate::files::write_whole;
use crate::recipe::{Recipe, RecipeError};
use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::time::Instant;

impl Trainer {
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
        let mut trainer = Self::on(recipe, device)?;
        keeps_its_form(&old, &trainer.game.recipe)?;
        let fingerprint = |recipe: &Recipe| {
            recipe
                .origin
                .as_ref()
                .map(|origin| origin.fingerprint.clone())
        };
        let then = fingerprint(&old).unwrap_or_default();
        let now = fingerprint(&trainer.game.recipe).unwrap_or_default();
        if old.data == trainer.game.recipe.data && then != now {
            return Err(TrainError::DataChanged {
                place: old.data.source,
                then,
                now,
            });
        }
        let wrote = old
            .origin
            .clone()
            .map(|origin| origin.fata)
            .unwrap_or_default();
        if wrote != env!("CARGO_PKG_VERSION") {
            trainer.notices.push(format!(
                "the run was begun by fata {wrote}; this is {}, which goes on with it but need not give the same bits",
                env!("CARGO_PKG_VERSION")
            ));
        }
        if folder.is_blank()? {
            return trainer.begin(folder);
        }
        trainer.game.settled = old.differences(&trainer.own_recipe);
        trainer.restore(&folder)?;
        folder.cut_log(trainer.game.images_seen)?;
        write_whole(&folder.recipe(), trainer.own_recipe.to_toml().as_bytes())?;
        trainer.settle(&folder)?;
        trainer.remember(&folder)?;
        trainer.lines = auto::lines(&folder);
        trainer.ended = trainer.condition_met();
        trainer.folder = Some(folder);
        trainer.open_judge()?;
        trainer.started = Instant::now();
        Ok(trainer)
    }

    /// The recipe of the run in a folder.
    ///
    /// # Errors
    /// If there is no run, or its recipe is damaged or of another version.
    pub fn recipe_of(folder: &Path) -> Result<Recipe, TrainError> {
        let file = folder.join("recipe.toml");
        if !file.is_file() {
            return Err(TrainError::NoRun {
                path: folder.into(),
            });
        }
        Recipe::from_file(&file).map_err(|error| {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let version = text
                .parse::<toml::Table>()
                .ok()
                .and_then(|table| Some(table.get("origin")?.get("fata")?.as_str()?.to_string()));
            let (path, reason) = (folder.to_path_buf(), error.to_string());
            match version {
                Some(found) if found != env!("CARGO_PKG_VERSION") => TrainError::Version {
                    path,
                    found,
                    reason,
                },
                _ => TrainError::Damaged { path, reason },
            }
        })
    }

    /// Writes down what a person set over the acts of `--auto`.
    fn settle(&self, folder: &Folder) -> Result<(), TrainError> {
        let table = self.own_recipe.values();
        let settled = self.game.settled.iter().filter(|key| auto::is_mild(key));
        let set = settled.filter_map(|key| {
            let value = table.iter().find(|(other, _)| other == key)?;
            Some(format!("{key}={}", value.1))
        });
        let set: Vec<String> = set.collect();
        if self.game.acts.is_empty() || set.is_empty() {
            return Ok(());
        }
        folder.record(&Event::Changed {
            images_seen: self.game.images_seen,
            set,
        })
    }

    /// Fills the game from the newest checkpoint that is whole. Those that are
    /// not are set aside: what is saved from here on must not count them.
    fn restore(&mut self, folder: &Folder) -> Result<(), TrainError> {
        let mut damaged: Vec<(PathBuf, String)> = Vec::new();
        for path in folder.checkpoints()?.into_iter().rev() {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let restored = std::fs::read(&path)
                .map_err(|error| error.to_string())
                .and_then(|bytes| {
                    checkpoint::restore(&mut self.game, &bytes).map_err(|error| error.to_string())
                });
            match restored {
                Ok(state) => {
                    self.meters = state.meters;
                    self.elapsed_before = state.elapsed_seconds;
                    self.supply = Supply::new(&self.game, &self.dataset);
                    for (path, reason) in damaged {
                        let aside = folder.set_aside(&path)?;
                        self.notices.push(format!(
                            "{reason}; going on from {name}, the one before, and keeping it as {}",
                            aside.display()
                        ));
                    }
                    return Ok(());
                }
                Err(reason) => damaged.push((path, format!("{name}: {reason}"))),
            }
        }
        let mut reasons: Vec<_> = damaged.into_iter().map(|(_, reason)| reason).collect();
        if reasons.is_empty() {
            reasons.push("there is none".into());
        }
        Err(TrainError::NoCheckpoint {
            path: folder.path().into(),
            reasons: reasons.join("; "),
        })
    }
}

/// Refuses what the checkpoints of a run cannot be poured into: another
/// network, pictures of another size, an optimiser with other moments.
fn keeps_its_form(old: &Recipe, new: &Recipe) -> Result<(), TrainError> {
    let fixed = |what, then: String| Err(TrainError::Fixed { what, then });
    if old.model != new.model {
        let then = toml::to_string(&old.model).unwrap_or_default();
        return fixed("model", then.trim().replace('\n', ", "));
    }
    if old.train.resolution != new.train.resolution {
        let then = old.train.resolution;
        return fixed(
            "resolution",
            then.map_or("not square".into(), |side| side.to_string()),
        );
    }
    if old.data.channels != new.data.channels {
        let then = old.data.channels;
        return fixed(
            "channels",
            then.map_or("none".into(), |count| count.to_string()),
        );
    }
    let kinds = |recipe: &Recipe| {
        let players = &recipe.optimizer;
        [players.generator.kind, players.discriminator.kind]
    };
    if kinds(old) != kinds(new) {
        let [generator, discriminator] = kinds(old).map(|kind| format!("{kind:?}").to_lowercase());
        return fixed(
            "optimizer kinds",
            format!("{generator} and {discriminator}"),
        );
    }
    Ok(())
}
