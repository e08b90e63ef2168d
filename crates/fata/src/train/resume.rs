//! Going on with a run: from its newest whole checkpoint, bit for bit as if it
//! had never stopped.

use super::folder::Folder;
use super::{TrainError, Trainer, checkpoint, loader};
use crate::files::write_whole;
use crate::recipe::{Recipe, RecipeError};
use burn::tensor::Device;
use std::path::Path;
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
        let old = read_recipe(&folder)?;
        let recipe = change(old.clone())?;
        let mut trainer = Self::on(recipe, device)?;
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
        let wrote = old.origin.map(|origin| origin.fata).unwrap_or_default();
        if wrote != env!("CARGO_PKG_VERSION") {
            trainer.notices.push(format!(
                "the run was begun by fata {wrote}; this is {}, which goes on with it but need not give the same bits",
                env!("CARGO_PKG_VERSION")
            ));
        }
        trainer.restore(&folder)?;
        folder.cut_log(trainer.game.images_seen)?;
        write_whole(&folder.recipe(), trainer.game.recipe.to_toml().as_bytes())?;
        trainer.remember(&folder)?;
        trainer.folder = Some(folder);
        trainer.open_judge()?;
        trainer.started = Instant::now();
        Ok(trainer)
    }

    /// Fills the game from the newest checkpoint that is whole.
    fn restore(&mut self, folder: &Folder) -> Result<(), TrainError> {
        let mut reasons = Vec::new();
        for path in folder.checkpoints()?.iter().rev() {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let bytes = match std::fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    reasons.push(format!("{name}: {error}"));
                    continue;
                }
            };
            match checkpoint::restore(&mut self.game, &bytes) {
                Ok(state) => {
                    self.meters = state.meters;
                    self.elapsed_before = state.elapsed_seconds;
                    self.loader = loader(&self.game, &self.dataset);
                    for reason in reasons {
                        self.notices
                            .push(format!("{reason}; going on from {name}, the one before"));
                    }
                    return Ok(());
                }
                Err(error) => reasons.push(format!("{name}: {error}")),
            }
        }
        if reasons.is_empty() {
            reasons.push("there is none".into());
        }
        Err(TrainError::NoCheckpoint {
            path: folder.path().into(),
            reasons: reasons.join("; "),
        })
    }
}

/// The run's recipe; one that another version wrote and this one cannot read
/// is an error that names that version.
fn read_recipe(folder: &Folder) -> Result<Recipe, TrainError> {
    Recipe::from_file(&folder.recipe()).map_err(|error| {
        let text = std::fs::read_to_string(folder.recipe()).unwrap_or_default();
        let version = text
            .parse::<toml::Table>()
            .ok()
            .and_then(|table| Some(table.get("origin")?.get("fata")?.as_str()?.to_string()));
        match version {
            Some(found) if found != env!("CARGO_PKG_VERSION") => TrainError::Version {
                path: folder.path().into(),
                found,
                reason: error.to_string(),
            },
            _ => error.into(),
        }
    })
}
