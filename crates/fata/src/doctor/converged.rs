//! Converged: the discriminator cannot tell fresh data from samples beyond what
//! its own noise explains, and nothing has changed for a while.

use super::window::{Window, median};
use super::{Advice, Diagnosis, Disease, Line, Patient};
use crate::judge::Metric;

/// How many standard errors from 1/2 are noise.
const ERRORS: f64 = 2.5;
/// What the same items at every tick are off, whatever the noise.
const OFFSET: f64 = 0.02;
/// Samples are this near to the data.
const NEAR: f64 = 0.02;
/// Ticks before which nothing can be said to have stayed.
const FEWEST: usize = 6;
/// A metric is flat where its last values are no better than this share of those
/// before.
const FLAT: f64 = 0.95;

pub(super) fn look(patient: Patient) -> Option<Diagnosis> {
    let window = patient.window();
    let cannot_tell = |line: &Line| {
        let figures = line.get("separation").zip(line.get("separation_items"));
        let fits = figures.is_some_and(|(chance, items)| (chance - 0.5).abs() <= noise(items));
        // One that knows its data by heart cannot tell fresh data from samples either.
        let by_heart = line.get("overfitting").is_some_and(|share| share >= 0.4);
        fits && !by_heart
            && line
                .get("distance")
                .is_some_and(|distance| distance <= NEAR)
    };
    let still = window.improving() == Some(false) && metrics_are_flat(window);
    if window.lines.len() < FEWEST || !still || !window.mostly(cannot_tell) {
        return None;
    }
    let found = Diagnosis::new(Disease::Converged, window.since(cannot_tell))
        .seen(
            "separation",
            window.median("separation"),
            "the chance of telling fresh data from a sample: guessing, within the noise of so many",
        )
        .seen(
            "distance",
            window.median("distance"),
            "samples are this far from the data, and no nearer than before",
        );
    let flags = "--set stop.when=converged";
    let why = "ends a run by itself where this is found";
    Some(found.advised([Advice::flags(flags, why)]))
}

/// The deviation of the area under the curve that so many items of each side
/// give by chance, `sqrt((2n + 1) / (12 n^2))` (Mann and Whitney 1947), and some.
fn noise(items: f64) -> f64 {
    ERRORS * ((2.0 * items + 1.0) / (12.0 * items * items)).sqrt() + OFFSET
}

/// Whether none of the judge's metrics has become better lately.
fn metrics_are_flat(window: Window) -> bool {
    let lines = window.lines;
    let names = lines.last().into_iter().flat_map(Line::names);
    let mut judged = names.filter_map(|name| Some((name, name.parse::<Metric>().ok()?)));
    !judged.any(|(name, metric)| {
        let third = (lines.len() / 3).max(1);
        let (before, last) = lines.split_at(lines.len() - third);
        let middle = &before[before.len().saturating_sub(third)..];
        let values = median(middle, name).zip(median(last, name));
        values.is_some_and(|(then, now)| {
            let [then, now] = [then, now].map(|value| metric.badness(value, None));
            now < then && (then - now) > (1.0 - FLAT) * then.abs()
        })
    })
}
