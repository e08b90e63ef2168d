//! The doctor: what a run suffers from, in plain words, by its log alone.
//!
//! Training measures (`train/checkup`) and writes; the doctor reads what was
//! written, so it says the same while a run goes on and years afterwards, on a
//! machine without the data. One disease a file: each looks for its cause in the
//! figures and knows no recipe by name. The order in which they are asked is the
//! order in which one brings the other about.

mod case;
mod converged;
mod course;
mod diagnosis;
mod divergence;
mod event;
mod figures;
mod mode_collapse;
mod oscillation;
mod overfitting;
#[cfg(test)]
mod tests;
mod too_strong;
mod too_weak;
mod window;

pub(crate) use too_weak::has_run_away;

pub use case::{Case, CaseError};
pub use course::{Course, Line};
pub use diagnosis::{Advice, Diagnosis, Disease, Evidence};
pub use event::Event;
pub use figures::{FIGURES, Figure, explain, page};

use crate::recipe::Recipe;
use window::{FEWEST_TICKS, Window};

/// What there is to look at.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The ticks, oldest first.
    pub lines: &'a [Line],
    /// What happened beside them.
    pub events: &'a [Event],
    /// The recipe in force at the end, if it can be read.
    pub recipe: Option<&'a Recipe>,
}

impl<'a> Patient<'a> {
    fn window(self) -> Window<'a> {
        Window { lines: self.lines }
    }
}

/// The figures that diagnoses need and runs of older versions do not have.
const NEEDED: [&str; 6] = [
    "separation",
    "diversity",
    "distance",
    "missing",
    "unrest",
    "swing_discriminator",
];

/// Says what a run has.
pub fn examine(patient: Patient) -> Diagnosis {
    let diseases = [
        divergence::look,
        too_strong::look,
        too_weak::look,
        overfitting::look,
        oscillation::look,
        mode_collapse::look,
        converged::look,
    ];
    let mut found: Vec<Diagnosis> = diseases.iter().filter_map(|look| look(patient)).collect();
    let mut diagnosis = match found.is_empty() {
        false => found.remove(0),
        true => sound(patient),
    };
    if let Some(recipe) = patient.recipe {
        diagnosis.advice.retain(|advice| fits(advice, recipe));
    }
    diagnosis.also = found.iter().map(|other| other.diagnosis).collect();
    diagnosis.missing.extend(missing(patient));
    diagnosis
}

/// Whether a recipe can take advice on: a translation, say, has no steps to add.
fn fits(advice: &Advice, recipe: &Recipe) -> bool {
    let mut sets = advice.set.iter();
    let taken = sets.try_fold(recipe.clone(), |recipe, set| recipe.with_set(set));
    taken.is_ok_and(|taken| taken.check_together().is_ok())
}

/// Nothing was found; what speaks for that.
fn sound(patient: Patient) -> Diagnosis {
    let window = patient.window();
    let Some(first) = patient.lines.first() else {
        return Diagnosis::new(Disease::Unknown, None);
    };
    let improving = match window.improving() {
        Some(true) => "samples are still coming nearer to the data",
        _ => "how far samples are from the data",
    };
    Diagnosis::new(Disease::Healthy, Some(first.images_seen))
        .seen("distance", window.median("distance"), improving)
        .seen(
            "diversity",
            window.median("diversity"),
            "how unlike each other samples are, beside the data",
        )
        .seen(
            "separation",
            window.median("separation"),
            "how well the discriminator tells samples from data",
        )
}

/// What could not be looked at.
fn missing(patient: Patient) -> Vec<String> {
    let mut missing = Vec::new();
    if patient.lines.is_empty() {
        missing.push("the log has no tick: the run never came to one".into());
        return missing;
    }
    if patient.lines.len() < FEWEST_TICKS {
        missing.push(format!(
            "{} of the {FEWEST_TICKS} ticks that most diagnoses need: go on, or tick more often (--every)",
            patient.lines.len()
        ));
    }
    let absent = NEEDED.iter().filter(|name| {
        let mut lines = patient.lines.iter();
        !lines.any(|line| line.get(name).is_some())
    });
    let absent: Vec<&str> = absent.copied().collect();
    if !absent.is_empty() {
        missing.push(format!(
            "the log has no {}: an older version wrote it, or the data or --every are too small for them to mean anything",
            absent.join(", ")
        ));
    }
    let mut lines = patient.lines.iter();
    if absent.len() < NEEDED.len() && !lines.any(|line| line.get("probability_held_out").is_some())
    {
        missing.push("nothing is held out (data.held_out), so overfitting of the discriminator cannot be seen".into());
    }
    missing
}

/// A value as a recipe has it, three digits of it.
fn rounded(value: f64) -> String {
    let short = format!("{value:.2e}").parse().unwrap_or(value);
    format!("{short:?}")
}

/// Sets both players' or one's rate.
fn rate(player: &str, value: f64) -> String {
    format!("optimizer.{player}.rate={}", rounded(value))
}
