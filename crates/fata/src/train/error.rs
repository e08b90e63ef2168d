//! What can go wrong in a training run.

use crate::data::DataError;
use crate::draw::PictureError;
use crate::files::FileError;
use crate::judge::JudgeError;
use crate::nets::NetError;
use crate::recipe::RecipeError;
use crate::ship::ModelError;
use std::path::PathBuf;

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The networks do not fit the data.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The generator.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A picture cannot be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The run cannot be judged as the recipe says.
    #[error("the run cannot be judged: {0}")]
    Judge(#[from] JudgeError),
    /// A folder or file of the run cannot be used.
    #[error("cannot use {}: {source}; choose another folder with -o, or make this one writable", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder for a new run has one already.
    #[error("{} holds a run already: go on with it by `fata train --resume`, or choose another folder with -o", path.display())]
    HoldsRun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no run.
    #[error("{} is no run folder (it has no recipe.toml): name one that `fata train` made", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The run's own recipe is damaged.
    #[error("the recipe of the run in {} is damaged: {reason}; put a copy of it back, or begin a new run (`fata sample` still works)", path.display())]
    Damaged {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A change that a resumed run cannot take on.
    #[error(
        "a run that has begun keeps its {what} ({then}): change something else with --resume, or begin a new run"
    )]
    Fixed {
        /// What was to be changed.
        what: &'static str,
        /// What the run has.
        then: String,
    },
    /// Another process trains in the folder.
    #[error("another training is using {}: wait for it, stop it, or choose another folder with -o", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// No checkpoint of the run can be read.
    #[error("no checkpoint in {} can be used: {reasons}. Put one back from a copy, or begin a new run; what the generator had learnt is still in generator.safetensors", path.display())]
    NoCheckpoint {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with each.
        reasons: String,
    },
    /// The run was written by a version whose files this one does not read.
    #[error("the run in {} was written by fata {found}, and this is {}: resume it with that version ({reason})", path.display(), env!("CARGO_PKG_VERSION"))]
    Version {
        /// The run folder.
        path: PathBuf,
        /// The version that wrote it.
        found: String,
        /// What does not fit.
        reason: String,
    },
    /// The data are not those that the run began with.
    #[error(
        "the data at {place} are not those the run began with (fingerprint {now}, then {then}): put the old ones back, or begin a new run"
    )]
    DataChanged {
        /// Path or built-in name.
        place: String,
        /// Fingerprint in the recipe.
        then: String,
        /// Fingerprint of what is there.
        now: String,
    },
    /// A number is no longer finite.
    #[error(
        "training broke down at step {step}: {tensor} of the {player} is not finite (NaN or infinity); the last good checkpoint is kept. Lower the learning rate (--set optimizer.{player}.rate=...), or resume from the checkpoint with another"
    )]
    NotFinite {
        /// The step, counted from 1.
        step: u64,
        /// Generator or discriminator.
        player: &'static str,
        /// Which of its tensors.
        tensor: String,
    },
}
