//! The direction from one set to another: of latents, or of pictures that show
//! something and pictures that do not.

use super::LatentError;
use super::components::regress;
use super::directions::Direction;
use crate::data::{Dataset, Kind};
use crate::judge::features::{Extractor, ImageForm};
use crate::ship::{Generator, Place};

/// Pictures of a side that are looked at.
const MOST_PICTURES: usize = 2000;
/// Pictures in memory at once.
const BATCH: usize = 256;

/// Pictures with something, and pictures without it: of each data set the items
/// with these numbers.
pub struct Sides<'a> {
    /// Those with it.
    pub with: (&'a Dataset, Vec<usize>),
    /// Those without.
    pub without: (&'a Dataset, Vec<usize>),
}

impl Direction {
    /// The direction from the mean of some places to the mean of others.
    ///
    /// # Errors
    /// If a side is empty, or the means agree.
    pub fn between_places(
        name: &str,
        plus: &[Place],
        minus: &[Place],
    ) -> Result<Self, LatentError> {
        let [plus, minus] = [mean(plus)?, mean(minus)?];
        let difference = plus.iter().zip(&minus).map(|(p, m)| p - m);
        Self::of_length_one(name, difference.collect())
    }

    /// The direction in which what a generator makes comes to look more like the
    /// one side of pictures and less like the other.
    ///
    /// With `f` the features of a picture, the sides are told apart by the score
    /// `s = sum_i f_i (with_i - without_i) / v_i`, where `v` are the features'
    /// variances within the sides; the direction is the least squares of the
    /// latents of `samples` on their scores.
    ///
    /// # Errors
    /// If the model makes points, a side is empty, or they do not differ.
    ///
    /// # Source
    /// As in Shen et al. 2020 (InterFaceGAN), arXiv 1907.10786, with a diagonal
    /// linear discriminant where they train a support vector machine.
    pub fn between_pictures(
        name: &str,
        generator: &Generator,
        sides: &Sides,
        extractor: &Extractor,
        samples: &[Place],
    ) -> Result<Self, LatentError> {
        let with = Moments::of(&sides.with, extractor)?;
        let without = Moments::of(&sides.without, extractor)?;
        let form = image_form(generator.data().kind)?;
        let wanted = extractor.width(form);
        for side in [&with, &without] {
            let found = side.mean.len();
            if found != wanted {
                return Err(LatentError::Widths { found, wanted });
            }
        }
        let weights = with.against(&without);
        let mut scores = Vec::with_capacity(samples.len());
        for places in samples.chunks(BATCH) {
            let pixels = generator.values_at(places).concat();
            let features = extractor.extract(&clamped(pixels), form)?.features;
            let rows = features.chunks_exact(weights.len());
            scores.extend(rows.map(|row| {
                let products = row.iter().zip(&weights).map(|(f, w)| f64::from(*f) * w);
                products.sum::<f64>()
            }));
        }
        let latents: Vec<f32> = samples.iter().flat_map(|place| &place.z).copied().collect();
        Self::of_length_one(name, regress(&latents, generator.latent_length(), &scores))
    }
}

/// The sizes of what a model makes.
pub(super) fn image_form(kind: Kind) -> Result<ImageForm, LatentError> {
    match kind {
        Kind::Images {
            channels,
            height,
            width,
        } => Ok(ImageForm {
            height,
            width,
            channels,
        }),
        Kind::Points { .. } => Err(LatentError::Points("what looks at pictures")),
    }
}

/// Networks without a last tanh may leave [-1, 1] a little.
pub(super) fn clamped(mut pixels: Vec<f32>) -> Vec<f32> {
    pixels.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    pixels
}

fn mean(places: &[Place]) -> Result<Vec<f64>, LatentError> {
    let first = places.first().ok_or(LatentError::EmptySide)?;
    let mut sum = vec![0.0; first.z.len()];
    for place in places {
        let pairs = sum.iter_mut().zip(&place.z);
        pairs.for_each(|(sum, z)| *sum += f64::from(*z));
    }
    sum.iter_mut().for_each(|sum| *sum /= places.len() as f64);
    Ok(sum)
}

/// Mean and variance of each feature.
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Moments {
    fn of(
        (dataset, items): &(&Dataset, Vec<usize>),
        extractor: &Extractor,
    ) -> Result<Self, LatentError> {
        let form = image_form(dataset.kind())?;
        let (mut sum, mut squares, mut count) = (Vec::new(), Vec::new(), 0_u32);
        let each = dataset.kind().values();
        for some in items[..items.len().min(MOST_PICTURES)].chunks(BATCH) {
            let mut pixels = vec![0.0; some.len() * each];
            for (picture, &index) in pixels.chunks_exact_mut(each).zip(some) {
                dataset.read(index, picture)?;
            }
            let features = extractor.extract(&pixels, form)?.features;
            let width = features.len() / some.len();
            sum.resize(width, 0.0);
            squares.resize(width, 0.0);
            for row in features.chunks_exact(width) {
                for (i, value) in row.iter().map(|value| f64::from(*value)).enumerate() {
                    sum[i] += value;
                    squares[i] += value * value;
                }
                count += 1;
            }
        }
        if count == 0 {
            return Err(LatentError::EmptySide);
        }
        let n = f64::from(count);
        let mean: Vec<f64> = sum.iter().map(|sum| sum / n).collect();
        let variance = squares
            .iter()
            .zip(&mean)
            .map(|(s, m)| (s / n - m * m).max(0.0));
        Ok(Self {
            variance: variance.collect(),
            mean,
        })
    }

    /// The weights of the features by which this side is told from the other.
    /// A hundredth of the mean variance is added to each, so that a feature that
    /// hardly varies does not decide alone.
    fn against(&self, other: &Self) -> Vec<f64> {
        let both: Vec<f64> = (self.variance.iter().zip(&other.variance))
            .map(|(a, b)| f64::midpoint(*a, *b))
            .collect();
        let floor = 0.01 * both.iter().sum::<f64>() / both.len().max(1) as f64;
        (self.mean.iter().zip(&other.mean).zip(&both))
            .map(|((a, b), v)| (a - b) / (v + floor).max(1e-12))
            .collect()
    }
}
