//! What a reader should know before believing a number.

use super::metric::Metric;
use super::report::Report;
use super::subject::Subject;

/// pytorch-fid's number: as many as its features.
const FID_SAMPLES: usize = 2048;
/// Below this, neighbours are far whatever the model.
const NEIGHBOUR_SAMPLES: usize = 1000;
/// Ten portions of a hundred.
const SCORE_SAMPLES: usize = 1000;
/// Lin et al. 2018: 26 of each mode.
const STACKED_SAMPLES: usize = 26_000;
/// Samples nearer than this part of the fresh data's distance are suspect.
const COPIES: f64 = 0.8;

/// The warnings that a report of a subject needs.
pub(super) fn of(
    report: &Report,
    subject: &Subject,
    against: &Subject,
    held_out: bool,
) -> Vec<String> {
    let has = |metric: Metric| report.metrics.get(&metric);
    let fewer = report.samples.min(report.against_samples);
    let mut warnings = Vec::new();
    for side in [subject, against] {
        if let Some(pixels) = side.fitted_side() {
            warnings.push(format!(
                "the pictures of {} were brought to {pixels}x{pixels} pixels, which changes what is measured: compare only numbers of the same size (--resolution sets it, --fit how)",
                side.name()
            ));
        }
    }
    if has(Metric::Fid).is_some() && against.form().is_some() && fewer < FID_SAMPLES {
        warnings.push(format!(
            "fid of {fewer} images is biased upwards, the more the fewer: use at least {FID_SAMPLES}, compare only equal numbers, or read kid"
        ));
    }
    let neighbours = [
        Metric::Precision,
        Metric::Recall,
        Metric::Density,
        Metric::Coverage,
        Metric::NearestNeighbourAccuracy,
    ];
    if fewer < NEIGHBOUR_SAMPLES
        && let Some(first) = neighbours.iter().find(|&&metric| has(metric).is_some())
    {
        warnings.push(format!(
            "{first} and its like read nearest neighbours, of which {fewer} samples have none that are near: use {NEIGHBOUR_SAMPLES} or more"
        ));
    }
    if report.samples != report.against_samples
        && neighbours[..4].iter().any(|&metric| has(metric).is_some())
    {
        warnings.push(format!(
            "{} samples against {}: precision, recall, density and coverage depend on both numbers, so compare only reports with the same",
            report.samples, report.against_samples
        ));
    }
    if has(Metric::InceptionScore).is_some() && report.samples < SCORE_SAMPLES {
        warnings.push(format!(
            "inception_score of {} samples is too low by its making: use {SCORE_SAMPLES} or more",
            report.samples
        ));
    }
    let stacked = against.builtin() == Some("stacked-digits");
    if stacked && has(Metric::ModeCount).is_some() && report.samples < STACKED_SAMPLES {
        warnings.push(format!(
            "mode_count of {} samples misses modes that the model has: papers draw {STACKED_SAMPLES} for 1,000 modes",
            report.samples
        ));
    }
    if let Some(memorisation) = has(Metric::Memorisation) {
        if memorisation.value < COPIES {
            warnings.push("samples lie nearer to the data than data do to each other: look at the closest pairs for copies".into());
        }
        let items = against.dataset().map_or(0, |dataset| dataset.len());
        if items > report.against_samples {
            warnings.push(format!(
                "memorisation looked at {} of {items} data items: raise --samples to look at all",
                report.against_samples
            ));
        }
        if !held_out {
            warnings.push("memorisation measures fresh data by the data themselves: name data that no model saw with --held-out to do better".into());
        }
    }
    warnings
}
