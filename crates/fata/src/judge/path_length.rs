//! Perceptual path length: how much a picture changes for a small step of its
//! latent. Long where the latent space is uneven: pictures that snap from one
//! thing to another.
//!
//! `PPL = E 1/e^2 |f(G(slerp(z1, z2; t))) - f(G(slerp(z1, z2; t + e)))|^2`, `e`
//! 1/10,000, the smallest and largest hundredth left out. `f` are the features
//! of the report in place of LPIPS, whose weights would have to be downloaded:
//! numbers compare between generators under one `f`, not with published ones.
//!
//! # Source
//! Karras et al. 2019, arXiv 1812.04948, section 4.1.

use super::JudgeError;
use super::examined::{Reader, features_of};
use super::measured::Measured;
use crate::rng::{Random, Stream};
use crate::ship::{Generator, Latent};

const STEP: f64 = 1e-4;
/// Steps that are measured.
const STEPS: u64 = 1000;
/// Steps at once.
const BATCH: u64 = 250;

/// The path length of a generator, in squared units of the features.
pub(super) fn path_length(
    generator: &Generator,
    reader: &Reader,
    random: Random,
) -> Result<Measured, JudgeError> {
    let mut lengths = Vec::new();
    for first in (0..STEPS).step_by(BATCH as usize) {
        let mut latents = Vec::new();
        for step in first..(first + BATCH).min(STEPS) {
            let mut draws = random.at(Stream::Judge, 6 << 32 | step);
            let t = f64::from(draws.uniform());
            let ends = [(); 2].map(|()| {
                let mut z = generator.latent(0).z;
                draws.fill_normal(&mut z);
                z
            });
            // Both ends of a step are of one class.
            let label = generator.latent(step).label;
            latents.extend([t, t + STEP].map(|t| Latent {
                z: slerp(&ends[0], &ends[1], t),
                label,
            }));
        }
        let pixels = generator.forward(&latents).concat();
        let (features, width) = features_of(reader, &pixels)?;
        for pair in features.chunks_exact(2 * width) {
            let (a, b) = pair.split_at(width);
            let square = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
            lengths.push(square.sum::<f64>() / (STEP * STEP));
        }
    }
    lengths.sort_unstable_by(f64::total_cmp);
    let cut = lengths.len() / 100;
    let middle = &lengths[cut..lengths.len() - cut];
    Ok(Measured::mean(middle.iter().copied()).within(0.0, f64::INFINITY))
}

/// The great circle between the directions of two latents.
fn slerp(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    let unit = |z: &[f32]| -> Vec<f64> {
        let length = z.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        z.iter().map(|v| f64::from(*v) / length).collect()
    };
    let (a, b) = (unit(a), unit(b));
    let angle = t * a
        .iter()
        .zip(&b)
        .map(|(a, b)| a * b)
        .sum::<f64>()
        .clamp(-1.0, 1.0)
        .acos();
    let along = a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
    let mut across: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - along * a).collect();
    let length = across.iter().map(|v| v * v).sum::<f64>().sqrt();
    across.iter_mut().for_each(|v| *v /= length.max(1e-12));
    // Normal latents of n numbers are about the root of n long.
    let radius = (a.len() as f64).sqrt();
    let (sin, cos) = libm::sincos(angle);
    a.iter()
        .zip(&across)
        .map(|(a, across)| (radius * (a * cos + across * sin)) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slerp_goes_from_one_latent_to_the_other_on_the_sphere() {
        let (a, b) = ([1.0, 0.0], [0.0, 3.0]);
        let root = 2.0_f32.sqrt();
        for (t, expected) in [(0.0, [root, 0.0]), (0.5, [1.0, 1.0]), (1.0, [0.0, root])] {
            let found = slerp(&a, &b, t);
            assert!((found[0] - expected[0]).abs() < 1e-6 && (found[1] - expected[1]).abs() < 1e-6);
        }
    }
}
