//! The sliced Wasserstein distance between patches of pictures, scale by scale,
//! or between points.
//!
//! 7x7 patches of each scale of the Laplacian pyramid, each channel brought to
//! mean 0 and deviation 1 over the set, are projected on random directions; on
//! each, the distance is the mean difference of the sorted projections. The
//! value is the mean over directions and scales, times 1000 as is customary.
//! It sees texture and its variation at each scale, without any network; it
//! does not see what a picture shows, nor (by the normalisation) brightness.
//!
//! # Source
//! Karras et al. 2018, arXiv 1710.10196, section 5 and appendix B; Rabin et al.
//! 2011. Fewer patches than the paper's 2^21 and directions than its 512, so
//! that memory and time stay bounded: two draws of one set are at about 4, not 0.

use super::algebra::{product_transposed, widen};
use super::features::ImageForm;
use super::measured::Measured;
use super::pyramid::{Scale, laplacian_pyramid, scales};
use super::rows::Rows;
use crate::rng::{Draws, Random, Stream};
use rayon::prelude::*;

/// Pixels a side of a patch.
const PATCH: usize = 7;
/// Patches of a scale of a set.
const PATCHES: usize = 1 << 16;
/// The most patches of one picture: the paper's.
const PATCHES_A_PICTURE: usize = 128;
/// Directions at once, half of the paper's, and how often.
const DIRECTIONS: usize = 64;
const REPEATS: u64 = 4;

/// Patches of many pictures, scale by scale.
#[derive(Clone, Debug)]
pub struct Patches {
    /// For each scale its patches, row by row.
    scales: Vec<Vec<f32>>,
    channels: usize,
    random: Random,
    pictures: u64,
    each: usize,
}

impl Patches {
    /// None yet, of `count` pictures to come.
    pub fn new(form: ImageForm, count: usize, random: Random) -> Self {
        Self {
            scales: vec![Vec::new(); scales(form)],
            channels: form.channels,
            random,
            pictures: 0,
            each: (PATCHES / count.max(1)).clamp(1, PATCHES_A_PICTURE),
        }
    }

    /// Cuts patches out of pictures, [pictures, height, width, channels], as
    /// long as there is room.
    pub fn add(&mut self, pixels: &[f32], form: ImageForm) {
        let size = form.height * form.width * form.channels;
        let (first, each, random) = (self.pictures, self.each, self.random);
        let cut: Vec<Vec<Vec<f32>>> = pixels
            .par_chunks_exact(size)
            .enumerate()
            .map(|(index, picture)| {
                let mut draws = random.at(Stream::Judge, 2 << 32 | (first + index as u64));
                let pyramid = laplacian_pyramid(picture, form);
                pyramid
                    .iter()
                    .map(|scale| patches(scale, each, &mut draws))
                    .collect()
            })
            .collect();
        let most = PATCHES * PATCH * PATCH * self.channels;
        for picture in cut {
            self.pictures += 1;
            for (scale, new) in self.scales.iter_mut().zip(picture) {
                if scale.len() + new.len() <= most {
                    scale.extend(new);
                }
            }
        }
    }

    /// The distance to another set's patches.
    pub fn distance(&self, other: &Self) -> Measured {
        let width = PATCH * PATCH * self.channels;
        let by_scale: Vec<[f64; REPEATS as usize]> = (self.scales.iter())
            .zip(&other.scales)
            .enumerate()
            .map(|(level, (a, b))| {
                let count = a.len().min(b.len());
                let [a, b] = [a, b].map(|set| normalised(&set[..count], self.channels));
                let stream = 3 << 32 | (level as u64) << 8;
                distances(
                    Rows::new(&a, width),
                    Rows::new(&b, width),
                    self.random,
                    stream,
                )
            })
            .collect();
        Measured::mean((0..REPEATS as usize).map(|repeat| {
            let sum = by_scale.iter().map(|scale| scale[repeat]).sum::<f64>();
            1000.0 * sum / by_scale.len() as f64
        }))
    }
}

/// The distance between points in their own units; not times 1000.
pub fn between_points(data: Rows, generated: Rows, random: Random) -> Measured {
    let count = data.count().min(generated.count()).min(PATCHES);
    Measured::mean(distances(
        data.first(count),
        generated.first(count),
        random,
        3 << 32,
    ))
}

fn distances(a: Rows, b: Rows, random: Random, stream: u64) -> [f64; REPEATS as usize] {
    std::array::from_fn(|repeat| {
        let mut draws = random.at(Stream::Judge, stream | repeat as u64);
        let mut directions = vec![0.0; DIRECTIONS * a.width];
        draws.fill_normal(&mut directions);
        for direction in directions.chunks_exact_mut(a.width) {
            let length = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
            direction.iter_mut().for_each(|v| *v /= length);
        }
        distance(a, b, Rows::new(&directions, a.width))
    })
}

/// The mean over directions of the distance between the projections.
fn distance(a: Rows, b: Rows, directions: Rows) -> f64 {
    let directions = widen(directions.values, directions.width);
    let projected = [a, b].map(|set| {
        let set = widen(set.values, set.width);
        product_transposed(directions.view(), set.view()) // [directions, count]
    });
    let [a, b] = projected;
    let pairs: Vec<_> = a.rows().into_iter().zip(b.rows()).collect();
    let sums: Vec<f64> = pairs
        .into_par_iter()
        .map(|(a, b)| {
            let [a, b] = [a, b].map(|row| sorted(row.iter().copied()));
            let differences = a.iter().zip(&b).map(|(a, b)| f64::from(a - b).abs());
            differences.sum::<f64>() / a.len() as f64
        })
        .collect();
    sums.iter().sum::<f64>() / sums.len() as f64
}

/// Numbers in their order, as `f32`. Their bits are sorted as whole numbers,
/// which takes a third of the time.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f32> {
    const SIGN: u32 = 1 << 31;
    let key = |value: f64| match (value as f32).to_bits() {
        bits if bits & SIGN == 0 => bits | SIGN,
        bits => !bits,
    };
    let mut keys: Vec<u32> = values.map(key).collect();
    keys.sort_unstable();
    let value = |key: u32| f32::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN });
    keys.into_iter().map(value).collect()
}

/// Patches around places drawn evenly.
fn patches(scale: &Scale, count: usize, draws: &mut Draws) -> Vec<f32> {
    let form = scale.form;
    if form.height < PATCH || form.width < PATCH {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(count * PATCH * PATCH * form.channels);
    for _ in 0..count {
        let top = draws.below((form.height - PATCH + 1) as u32) as usize;
        let left = draws.below((form.width - PATCH + 1) as u32) as usize;
        for y in top..top + PATCH {
            let at = (y * form.width + left) * form.channels;
            out.extend_from_slice(&scale.pixels[at..at + PATCH * form.channels]);
        }
    }
    out
}

/// Each channel with mean 0 and deviation 1 over all patches.
fn normalised(patches: &[f32], channels: usize) -> Vec<f32> {
    let count = (patches.len() / channels).max(1) as f64;
    let mut out = patches.to_vec();
    for channel in 0..channels {
        let values = || {
            patches
                .iter()
                .skip(channel)
                .step_by(channels)
                .map(|&v| f64::from(v))
        };
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        // A channel of one colour stays at zero.
        let scale = if variance > 0.0 {
            1.0 / variance.sqrt()
        } else {
            0.0
        };
        for value in out.iter_mut().skip(channel).step_by(channels) {
            *value = ((f64::from(*value) - mean) * scale) as f32;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn on_given_directions_it_is_the_number_of_pot() {
        let fixture = fixtures::open();
        let (real, fake) = fixture.features("many");
        let directions = fixture.array("directions");
        let count = real.rows().count().min(fake.rows().count());
        let found = distance(
            real.rows().first(count),
            fake.rows().first(count),
            directions.rows(),
        );
        fixture.compare("many.sliced_wasserstein", found, 1e-6);
    }

    #[test]
    fn patches_are_normalised_as_numpy_does_it() {
        let fixture = fixtures::open();
        let patches = fixture.array("patches");
        let expected = fixture.array("patches.normalised");
        let found = normalised(patches.rows().values, 3);
        for (found, expected) in found.iter().zip(expected.rows().values) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn one_set_of_pictures_is_at_no_distance_from_itself() {
        let form = ImageForm {
            height: 28,
            width: 28,
            channels: 1,
        };
        let mut pixels = vec![0.0; 20 * 28 * 28];
        Random::new(1).at(Stream::Judge, 0).fill_normal(&mut pixels);
        let mut patches = Patches::new(form, 20, Random::new(0));
        patches.add(&pixels, form);
        assert_eq!(patches.scales.len(), 2);
        assert_eq!(patches.distance(&patches).value, 0.0);
    }
}
