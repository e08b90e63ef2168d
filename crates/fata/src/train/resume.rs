//! Going on with a run: from its newest whole checkpoint, bit for bit as if it
//! had never stopped.

use super::folder::Folder;
use super::supply::Supply;
use super::{SamplingRun, TrainError, Trainer, auto, checkpoint};
use crate::doctor::Event;
use crate::files::write_whole;
use crate::recipe::Recipe;
use crate::ship::ContainerError;
use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::time::Instant;

impl SamplingRun {
    /// Goes on with the run in a folder, whose recipe was `old`.
    pub(super) fn resume(
        folder: Folder,
        old: Recipe,
        recipe: Recipe,
        device: Device,
    ) -> Result<Self, TrainError> {
        let mut run = Self::on(recipe, device)?;
        keeps_its_form(&old, &run.game.recipe)?;
        let fingerprint = |recipe: &Recipe| {
            recipe
                .origin
                .as_ref()
                .map(|origin| origin.fingerprint.clone())
        };
        let then = fingerprint(&old).unwrap_or_default();
        let now = fingerprint(&run.game.recipe).unwrap_or_default();
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
        run.game.settled = old.differences(&run.own_recipe);
        let game = &mut run.game;
        let (state, damaged) = newest_whole(&folder, |bytes| checkpoint::restore(game, bytes))?;
        run.notices.extend(damaged);
        run.meters = state.meters;
        run.elapsed_before = state.elapsed_seconds;
        run.supply = Supply::new(&run.game, &run.dataset);
        folder.cut_log(run.game.images_seen)?;
        write_whole(&folder.recipe(), run.own_recipe.to_toml().as_bytes())?;
        run.settle(&folder)?;
        run.remember(&folder)?;
        run.lines = auto::lines(&folder);
        run.ended = run.condition_met();
        run.folder = Some(folder);
        run.open_judge()?;
        run.started = Instant::now();
        Ok(run)
    }
}

impl Trainer {
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
}

impl SamplingRun {
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
}

/// What is said where another version began the run.
pub(super) fn written_by_another(old: &Recipe) -> Option<String> {
    let wrote = old.origin.as_ref().map_or("", |origin| &origin.fata);
    (wrote != env!("CARGO_PKG_VERSION")).then(|| {
        format!(
            "the run was begun by fata {wrote}; this is {}, which goes on with it but need not give the same bits",
            env!("CARGO_PKG_VERSION")
        )
    })
}

/// Restores from the newest checkpoint that is whole, and says which were not.
/// Those are set aside: what is saved from here on must not count them.
pub(super) fn newest_whole<S>(
    folder: &Folder,
    mut restore: impl FnMut(&[u8]) -> Result<S, ContainerError>,
) -> Result<(S, Vec<String>), TrainError> {
    let mut damaged: Vec<(PathBuf, String)> = Vec::new();
    for path in folder.checkpoints()?.into_iter().rev() {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let restored = std::fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| restore(&bytes).map_err(|error| error.to_string()));
        match restored {
            Ok(state) => {
                let mut notices = Vec::new();
                for (path, reason) in damaged {
                    let aside = folder.set_aside(&path)?;
                    notices.push(format!(
                        "{reason}; going on from {name}, the one before, and keeping it as {}",
                        aside.display()
                    ));
                }
                return Ok((state, notices));
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
