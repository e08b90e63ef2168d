//! The exponential moving average of the generator: the one that is sampled.
//!
//! # Source
//! Yazici et al. 2018, arXiv 1806.04498; half-life in images and its ramp as in
//! Karras et al. 2020 (arXiv 1912.04958).

use crate::layers::{Mode, Parameters, tensor};
use crate::nets::Generator;
use crate::recipe::Average;
use crate::rng::{Random, Stream};
use burn::tensor::Tensor;
use fata_kernels::BatchStatistics;

/// Latents by which batch normalisation's statistics are measured.
const CALIBRATION_BATCHES: u64 = 8;
const CALIBRATION_BATCH: u64 = 128;

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
}

/// Sets the running statistics of the averaged generator to those that its own
/// weights give: the mean over fixed batches. The generator's running ones
/// belong to other weights (Brock et al. 2018, arXiv 1809.11096, section 4.2:
/// "standing statistics").
pub(crate) fn calibrate(
    layers: &Generator,
    average: &mut Parameters,
    latent: usize,
    random: Random,
) {
    if average.list().iter().all(|parameter| parameter.trained) {
        return;
    }
    for batch in 0..CALIBRATION_BATCHES {
        let first = u64::MAX / 2 + batch * CALIBRATION_BATCH; // seeds that nobody asks for
        let z = latents(
            random,
            Stream::Samples,
            first..first + CALIBRATION_BATCH,
            latent,
            average,
        );
        let weights = average.plain(Mode::Train);
        layers.forward(&weights, z);
        let statistics = weights.take_statistics();
        drop(weights);
        let share = 1.0 / (batch + 1) as f32;
        for (
            mean,
            variance,
            BatchStatistics {
                mean: batch_mean,
                variance: batch_variance,
            },
        ) in statistics
        {
            average.blend(mean, batch_mean, share);
            average.blend(variance, batch_variance, share);
        }
    }
}

/// Standard normal latents, one row for each counter of the stream.
///
/// # Shapes
/// `[counters, latent]`
pub(crate) fn latents(
    random: Random,
    stream: Stream,
    counters: std::ops::Range<u64>,
    latent: usize,
    like: &Parameters,
) -> Tensor<2> {
    let rows = (counters.end - counters.start) as usize;
    let mut numbers = vec![0.0; rows * latent];
    for (counter, row) in counters.zip(numbers.chunks_exact_mut(latent)) {
        random.at(stream, counter).fill_normal(row);
    }
    tensor(numbers, like.device()).reshape([rows, latent])
}
