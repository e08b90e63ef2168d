//! The models of the studio's runs, in memory while they are looked at.

use crate::folder::Folder;
use crate::interpreter::Interpreter;
use crate::kept::Kept;
use crate::limits::Limits;
use crate::meters::Meters;
use crate::painter::Painter;
use crate::reply::Refusal;
use fata::DeviceName;
use fata::data::Kind;
use fata::ship::Which;
use fata::{Generator, Translator};
use std::path::Path;
use std::sync::Arc;

/// Generators that are in memory at once.
const PAINTERS: usize = 4;

/// The newest generators of runs.
pub(crate) struct Painters {
    kept: Kept<Painter>,
    limits: Limits,
    meters: Arc<Meters>,
}

impl Painters {
    pub(crate) fn new(limits: Limits, meters: Arc<Meters>) -> Self {
        Self {
            kept: Kept::new(PAINTERS),
            limits,
            meters,
        }
    }

    /// The newest generator of a run; read from its file if that is new.
    pub(crate) fn of(&self, folder: &Folder, name: &str) -> Result<Painter, Refusal> {
        let path = folder.run(name)?;
        let file = path.join("generator.safetensors");
        self.kept.get(name, &file, || self.open(&path, name))
    }

    fn open(&self, path: &Path, name: &str) -> Result<Painter, Refusal> {
        let cannot = |error: &dyn std::fmt::Display| {
            Refusal::missing(format!("{name} cannot be explored: {error}"))
        };
        let device = DeviceName::default()
            .open()
            .map_err(|error| cannot(&error))?;
        let generator =
            Generator::load_which(path, Which::Last, &device).map_err(|error| cannot(&error))?;
        if let Kind::Points { .. } = generator.data().kind {
            return Err(cannot(&"it makes points, which its samples show"));
        }
        let (queue, meters) = (self.limits.queue, Arc::clone(&self.meters));
        Ok(Painter::new(generator, name, queue, meters))
    }
}

/// The newest translators of runs.
pub(crate) struct Interpreters {
    kept: Kept<Interpreter>,
    limits: Limits,
    meters: Arc<Meters>,
}

impl Interpreters {
    pub(crate) fn new(limits: Limits, meters: Arc<Meters>) -> Self {
        Self {
            kept: Kept::new(PAINTERS),
            limits,
            meters,
        }
    }

    /// The newest translator of a run; read from its file if that is new.
    pub(crate) fn of(&self, folder: &Folder, name: &str) -> Result<Interpreter, Refusal> {
        let path = folder.run(name)?;
        let file = path.join("generator.safetensors");
        self.kept.get(name, &file, || {
            let cannot = |error: &dyn std::fmt::Display| {
                Refusal::missing(format!("{name} cannot translate: {error}"))
            };
            let device = DeviceName::default()
                .open()
                .map_err(|error| cannot(&error))?;
            let translator =
                Translator::load(&path, Which::Last, &device).map_err(|error| cannot(&error))?;
            let meters = Arc::clone(&self.meters);
            Ok(Interpreter::new(translator, name, self.limits, meters))
        })
    }
}
