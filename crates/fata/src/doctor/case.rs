//! A run folder as the doctor finds it: log, events and recipe, each as far as it
//! can be read.

use super::{Course, Diagnosis, Event, Line, Patient, examine};
use crate::recipe::Recipe;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The folder is no run.
    #[error("{} is no run folder (it has neither recipe.toml nor log.jsonl): name one that `fata train` made", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// A file of it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// All that there is to know of a run.
#[derive(Clone, Debug)]
pub struct Case {
    /// The folder.
    pub path: PathBuf,
    /// The ticks.
    pub course: Course,
    /// What happened beside them.
    pub events: Vec<Event>,
    /// The recipe, with what `--auto` changed in it.
    pub recipe: Option<Recipe>,
    /// What could not be read.
    pub missing: Vec<String>,
}

impl Case {
    /// Reads a run folder. What is damaged or not there is noted.
    ///
    /// # Errors
    /// If it is no run folder, or a file cannot be read at all.
    pub fn open(path: &Path) -> Result<Self, CaseError> {
        let file = |name: &str| {
            let path = path.join(name);
            match std::fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(_) if !path.parent().is_some_and(Path::is_dir) => Ok(None),
                Err(source) => Err(CaseError::Unreadable { path, source }),
            }
        };
        let (log, text) = (file("log.jsonl")?, file("recipe.toml")?);
        if log.is_none() && text.is_none() {
            return Err(CaseError::NoRun { path: path.into() });
        }
        let mut missing = Vec::new();
        let events = Event::read_all(&file("events.jsonl")?.unwrap_or_default());
        let course = Course::read(&log.unwrap_or_default());
        if course.damaged > 0 {
            let are = if course.damaged == 1 {
                "line of the log is"
            } else {
                "lines of the log are"
            };
            missing.push(format!("{} {are} damaged and passed over", course.damaged));
        }
        let recipe = text.map(|text| String::from_utf8_lossy(&text).into_owned());
        let recipe = match recipe.map(|text| Recipe::parse(&text, "recipe.toml")) {
            Some(Ok(recipe)) => Some(acted(recipe, &events)),
            Some(Err(error)) => {
                missing.push(format!(
                    "the recipe cannot be read, so nothing is said of what to change ({error})"
                ));
                None
            }
            None => {
                missing
                    .push("there is no recipe.toml, so nothing is said of what to change".into());
                None
            }
        };
        Ok(Self {
            path: path.into(),
            course,
            events,
            recipe,
            missing,
        })
    }

    /// What the run has.
    pub fn examine(&self) -> Diagnosis {
        let mut diagnosis = examine(Patient {
            lines: self.since_last_act(),
            events: &self.events,
            recipe: self.recipe.as_ref(),
        });
        diagnosis.missing.splice(0..0, self.missing.iter().cloned());
        if let (Some(recipe), Some(last)) = (&self.recipe, self.course.lines.last()) {
            let (seen, images) = (last.images_seen, recipe.train.images);
            if seen < images {
                diagnosis.missing.push(format!(
                    "the log ends at {seen} of {images} images: the run goes on, or was ended before its end"
                ));
            }
        }
        diagnosis
    }

    /// The ticks since `--auto` changed something: those before are of another
    /// recipe. All, where it is too early to speak of the new one.
    fn since_last_act(&self) -> &[Line] {
        let lines = &self.course.lines;
        let acts = self
            .events
            .iter()
            .filter(|event| !matches!(event, Event::NotFinite { .. }));
        let after = acts.map(Event::images_seen).max().unwrap_or(0);
        let first = lines.partition_point(|line| line.images_seen <= after);
        match lines.len() - first >= super::FEWEST_TICKS {
            true => &lines[first..],
            false => lines,
        }
    }
}

/// The recipe with the changes of all acts.
fn acted(recipe: Recipe, events: &[Event]) -> Recipe {
    let sets = events.iter().filter_map(|event| match event {
        Event::Act { set, .. } | Event::Changed { set, .. } => Some(set),
        _ => None,
    });
    sets.flatten().fold(recipe, |recipe, assignment| {
        recipe.clone().with_set(assignment).unwrap_or(recipe)
    })
}
