//! The exponential moving average of the generator: the one that is sampled.
//!
//! # Source
//! Yazici et al. 2018, arXiv 1806.04498; half-life in images and its ramp as in
//! Karras et al. 2020 (arXiv 1912.04958).

use super::latents::Latents;
use crate::layers::{Mode, Parameters};
use crate::nets::Generator;
use crate::recipe::Average;

/// Latents by which batch normalisation's statistics are measured.
const CALIBRATION_BATCHES: u64 = 8;
const CALIBRATION_BATCH: u64 = 128;
/// Power iterations by which singular vectors find the averaged weights' own.
const SINGULAR_ITERATIONS: usize = 4;

/// Moves the average towards the generator after a step on `batch` images:
/// `average = b average + (1 - b) generator` with `b = 0.5^(batch / half-life)`,
/// the half-life at most `ramp * images_seen`.
pub(crate) fn follow(
    average: &mut Parameters,
    generator: &Parameters,
    settings: &Average,
    batch: u64,
    images_seen: u64,
) {
    let half_life = settings
        .half_life_images
        .min(settings.ramp * images_seen as f64);
    let keep = if half_life > 0.0 {
        0.5_f64.powf(batch as f64 / half_life)
    } else {
        0.0
    };
    let averaged = fata_kernels::lerp_all(
        average.take_trained(),
        generator.trained(),
        (1.0 - keep) as f32,
    );
    average.put_trained(averaged);
    // The average's own are near these, and a few iterations away.
    average.share_singular_vectors(generator);
}

/// Sets the running statistics of the averaged generator to those that its own
/// weights give: the mean over fixed batches. The generator's running ones
/// belong to other weights (Brock et al. 2018, arXiv 1809.11096, section 4.2:
/// "standing statistics").
pub(crate) fn calibrate(layers: &Generator, average: &mut Parameters, latents: &Latents) {
    if average.list().iter().all(|parameter| parameter.trained) {
        return;
    }
    average.follow_singular_vectors(SINGULAR_ITERATIONS);
    for batch in 0..CALIBRATION_BATCHES {
        let first = u64::MAX / 2 + batch * CALIBRATION_BATCH; // seeds that nobody asks for
        let counters = first..first + CALIBRATION_BATCH;
        let (z, labels) = latents.of_samples(counters, average.device());
        let weights = average.plain(Mode::Train);
        layers.forward(&weights, z, labels.as_ref());
        let statistics = weights.take_statistics();
        drop(weights);
        let share = 1.0 / (batch + 1) as f32;
        for (mean, variance, of_batch) in statistics {
            average.blend(mean, of_batch.mean, share);
            average.blend(variance, of_batch.variance, share);
        }
    }
}
