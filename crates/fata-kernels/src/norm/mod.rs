//! Batch and instance normalisation with the activation that follows, on slices. Going forward a
//! pass over the input finds mean and variance and a second writes the output; going backward the
//! activation's input is computed again from the layer's input, so that nothing else is kept.

use crate::Activation;
use crate::isa::Isa;
use crate::pointwise::curve::{Curve, with_curve};
use crate::pointwise::versions::multiversion;
use crate::pointwise::{Rows, add_in_order, affine_activation};
use crate::pool;
use crate::threads;

/// Mean and biased variance of each channel over all rows.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f32>,
    pub(crate) variance: Vec<f32>,
}

impl Moments {
    /// `1 / sqrt(variance + epsilon)`
    pub(crate) fn inverse_deviation(&self, epsilon: f32) -> Vec<f32> {
        let epsilon = f64::from(epsilon);
        let inverse = |&variance: &f32| (f64::from(variance) + epsilon).sqrt().recip() as f32;
        self.variance.iter().map(inverse).collect()
    }
}

multiversion! {
    /// Sums of each column of a chunk and of its squared distances from the chunk's own mean.
    fn chunk_moments(x: &[f32], sum: &mut [f32], square: &mut [f32], channels: usize) {
        let group = sum.len();
        for row in x.chunks(group) {
            for (sum, &x) in sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
        let (first, rest) = sum.split_at_mut(channels);
        for row in rest.chunks_mut(channels) {
            for (total, &value) in first.iter_mut().zip(row.iter()) {
                *total += value;
            }
        }
        let count = (x.len() / channels) as f32;
        for row in rest.chunks_mut(channels) {
            for (mean, &total) in row.iter_mut().zip(first.iter()) {
                *mean = total / count;
            }
        }
        for mean in first.iter_mut() {
            *mean /= count;
        }
        // `sum` now holds means, repeated; they are what the caller gets.
        for row in x.chunks(group) {
            for ((square, &mean), &x) in square.iter_mut().zip(sum.iter()).zip(row) {
                *square += (x - mean) * (x - mean);
            }
        }
    }

    fn gradient_sums<C: Curve>(
        x: &[f32],
        gradient: &[f32],
        layer: &Wide,
        sum: &mut [f32],
        product: &mut [f32],
        curve: C,
    ) {
        let group = layer.scale.len();
        for (x, gradient) in x.chunks(group).zip(gradient.chunks(group)) {
            let factors = layer.scale.iter().zip(&layer.shift).zip(&layer.mean);
            let sums = sum.iter_mut().zip(product.iter_mut());
            for (((&x, &gradient), ((&scale, &shift), &mean)), (sum, product)) in
                x.iter().zip(gradient).zip(factors).zip(sums)
            {
                let inner = gradient * curve.slope(curve.value(x * scale + shift));
                *sum += inner;
                *product += inner * (x - mean);
            }
        }
    }

    fn input_gradient<C: Curve>(
        x: &[f32],
        gradient: &mut [f32],
        layer: &Wide,
        constant: &[f32],
        factor: &[f32],
        curve: C,
    ) {
        let group = layer.scale.len();
        for (x, gradient) in x.chunks(group).zip(gradient.chunks_mut(group)) {
            let factors = layer.scale.iter().zip(&layer.shift).zip(&layer.mean);
            let corrections = constant.iter().zip(factor);
            for (((&x, gradient), ((&scale, &shift), &mean)), (&constant, &factor)) in
                x.iter().zip(gradient).zip(factors).zip(corrections)
            {
                let inner = *gradient * curve.slope(curve.value(x * scale + shift));
                *gradient = inner * scale - (x - mean) * factor - constant;
            }
        }
    }
}

/// Mean and variance of each column. Chunks are joined in double precision.
///
/// # Source
/// Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".
pub(crate) fn moments(x: &[f32], channels: usize) -> Moments {
    let rows = Rows::new(channels);
    let isa = Isa::active();
    let chunks = x.len().div_ceil(rows.chunk);
    let mut partial = pool::take_zeroed(chunks * 2 * rows.group);
    let chunks = x.chunks(rows.chunk).zip(partial.chunks_mut(2 * rows.group));
    threads::for_each(chunks, |(x, part)| {
        let (mean, square) = part.split_at_mut(rows.group);
        chunk_moments(isa, x, mean, square, channels);
        rows.fold(square);
    });
    let count = (x.len() / channels) as f64;
    let chunk_count =
        |index: usize| ((x.len() - index * rows.chunk).min(rows.chunk) / channels) as f64;
    let mut mean = vec![0.0_f64; channels];
    for (index, part) in partial.chunks(2 * rows.group).enumerate() {
        let share = chunk_count(index) / count;
        for (mean, &value) in mean.iter_mut().zip(part) {
            *mean += f64::from(value) * share;
        }
    }
    let mut variance = vec![0.0_f64; channels];
    for (index, part) in partial.chunks(2 * rows.group).enumerate() {
        let chunk_count = chunk_count(index);
        let (means, squares) = part.split_at(rows.group);
        let values = means.iter().zip(squares).zip(&mean);
        for (variance, ((&value, &square), &mean)) in variance.iter_mut().zip(values) {
            let distance = f64::from(value) - mean;
            *variance += f64::from(square) + chunk_count * distance * distance;
        }
    }
    Moments {
        mean: mean.into_iter().map(|mean| mean as f32).collect(),
        variance: variance
            .into_iter()
            .map(|sum| (sum / count) as f32)
            .collect(),
    }
}

/// A normalisation as it is applied: `x * scale + shift`, then the activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalisation<'a> {
    pub(crate) mean: &'a [f32],
    pub(crate) inverse_deviation: &'a [f32],
    pub(crate) gamma: Option<&'a [f32]>,
    pub(crate) beta: Option<&'a [f32]>,
    pub(crate) activation: Activation,
}

/// What both passes need of a layer, channel by channel.
struct Wide {
    scale: Vec<f32>,
    shift: Vec<f32>,
    mean: Vec<f32>,
}

/// Gradients of a layer's gamma and beta.
pub(crate) struct Gradients {
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

impl Normalisation<'_> {
    fn scale(&self) -> Vec<f32> {
        match self.gamma {
            Some(gamma) => gamma
                .iter()
                .zip(self.inverse_deviation)
                .map(|(a, b)| a * b)
                .collect(),
            None => self.inverse_deviation.to_vec(),
        }
    }

    fn shift(&self, scale: &[f32]) -> Vec<f32> {
        let moved = self
            .mean
            .iter()
            .zip(scale)
            .map(|(mean, scale)| -mean * scale);
        match self.beta {
            Some(beta) => moved.zip(beta).map(|(moved, beta)| moved + beta).collect(),
            None => moved.collect(),
        }
    }

    /// Writes the layer's output.
    pub(crate) fn forward(&self, x: &[f32], y: &mut [f32]) {
        let scale = self.scale();
        let shift = self.shift(&scale);
        affine_activation(x, y, [&scale, &shift], self.activation);
    }

    /// Turns the gradient of the output into that of the input, when `input_wanted`, and gives
    /// those of gamma and beta.
    pub(crate) fn backward(
        &self,
        x: &[f32],
        gradient: &mut [f32],
        input_wanted: bool,
    ) -> Gradients {
        let channels = self.mean.len();
        let rows = Rows::new(channels);
        let isa = Isa::active();
        let scale = self.scale();
        let layer = Wide {
            shift: rows.repeat(self.shift(&scale)),
            mean: rows.repeat(self.mean.iter().copied()),
            scale: rows.repeat(scale.iter().copied()),
        };
        let chunks = x.len().div_ceil(rows.chunk);
        let mut partial = pool::take_zeroed(chunks * 2 * rows.group);
        with_curve!(self.activation, curve => {
            let chunks = x.chunks(rows.chunk).zip(gradient.chunks(rows.chunk));
            let chunks = chunks.zip(partial.chunks_mut(2 * rows.group));
            threads::for_each(chunks, |((x, gradient), part)| {
                let (sum, product) = part.split_at_mut(rows.group);
                gradient_sums(isa, x, gradient, &layer, sum, product, curve);
                rows.fold(sum);
                rows.fold(product);
            });
        });
        let beta = add_in_order(partial.chunks(rows.group).step_by(2), channels);
        let mut gamma = add_in_order(partial.chunks(rows.group).skip(1).step_by(2), channels);
        for (gamma, &inverse) in gamma.iter_mut().zip(self.inverse_deviation) {
            *gamma *= f64::from(inverse);
        }
        if input_wanted {
            let count = (x.len() / channels) as f64;
            // dx = scale * (dz - mean(dz) - normal * mean(dz * normal)), normal = (x - mean) * inverse
            let constant = rows.repeat(
                scale
                    .iter()
                    .zip(&beta)
                    .map(|(&a, b)| (f64::from(a) * b / count) as f32),
            );
            let products = scale.iter().zip(&gamma).zip(self.inverse_deviation);
            let factor = rows.repeat(products.map(|((&scale, gamma), &inverse)| {
                (f64::from(scale) * gamma * f64::from(inverse) / count) as f32
            }));
            with_curve!(self.activation, curve => {
                let chunks = x.chunks(rows.chunk).zip(gradient.chunks_mut(rows.chunk));
                threads::for_each(chunks, |(x, gradient)| {
                    input_gradient(isa, x, gradient, &layer, &constant, &factor, curve);
                });
            });
        }
        Gradients {
            gamma: gamma.into_iter().map(|sum| sum as f32).collect(),
            beta: beta.into_iter().map(|sum| sum as f32).collect(),
        }
    }
}
