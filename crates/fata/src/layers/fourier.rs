//! Fourier features: a point beside sines and cosines of it, so that a small
//! perceptron sees detail far finer than the spread of the data.
//!
//! # Source
//! Tancik et al. 2020, arXiv 2006.10739, section 4 (random directions); ours
//! have frequencies in equal ratios instead of normal ones, and amplitudes that
//! fall with them, since the scale of the data's detail is not known.

use super::{Builder, Id, Signal, Weights};
use burn::tensor::Tensor;

/// Frequencies in radians for each standard unit of the data: from half a turn
/// over six deviations to detail of a sixtieth of one.
const FREQUENCIES: [f32; 2] = [0.5, 60.0];

/// `[x, a sin(x B), a cos(x B)]`, each column of B a random direction times its
/// frequency f, `a = (1 + f / 2)^(-1/2)`. Neither is trained.
///
/// # Shapes
/// `x` `[batch, inputs]`; the result `[batch, inputs + 2 count]`.
#[derive(Clone, Debug)]
pub struct FourierFeatures {
    directions: Id,
    amplitudes: Id,
    sizes: [usize; 2],
}

impl FourierFeatures {
    /// So many frequencies of so many inputs.
    pub fn new(builder: &mut Builder, name: &str, inputs: usize, count: usize) -> Self {
        let [low, high] = FREQUENCIES;
        let frequency = |index: usize| {
            let share = (index as f32 + 0.5) / count as f32;
            low * libm::powf(high / low, share)
        };
        let mut drawn = Vec::new();
        let mut row = 0;
        let directions = builder.fixed(format!("{name}.directions"), &[count, inputs], |draws| {
            if drawn.is_empty() {
                drawn.extend((0..inputs).map(|_| draws.normal()));
                let length = drawn.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
                drawn.iter_mut().for_each(|x| *x *= frequency(row) / length);
                row += 1;
            }
            drawn.remove(0)
        });
        let mut index = 0;
        let amplitudes = builder.fixed(format!("{name}.amplitudes"), &[count], |_| {
            index += 1;
            1.0 / (1.0 + frequency(index - 1) / 2.0).sqrt()
        });
        Self {
            directions,
            amplitudes,
            sizes: [inputs, count],
        }
    }

    /// Numbers that come out for a sample.
    pub fn outputs(&self) -> usize {
        self.sizes[0] + 2 * self.sizes[1]
    }

    /// The features and their tangents.
    pub fn carry(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let count = self.sizes[1];
        let directions: Tensor<2> = weights.constant(self.directions);
        let amplitudes: Tensor<2> = weights.constant::<1>(self.amplitudes).reshape([1, count]);
        let like = |tensor: &Tensor<2>, model: &Tensor<2>| match model.is_autodiff() {
            true => tensor.clone().autodiff(),
            false => tensor.clone(),
        };
        let turns = |x: &Tensor<2>| x.clone().matmul(like(&directions, x).transpose());
        let angles = turns(&x.value);
        let factors = like(&amplitudes, &angles);
        let (sin, cos) = (
            angles.clone().sin() * factors.clone(),
            angles.cos() * factors,
        );
        let tangent = x.tangent.map(|tangent| {
            let along = turns(&tangent);
            let [sin, cos] = [&sin, &cos].map(|part| match along.is_autodiff() {
                true => part.clone().autodiff(),
                false => part.clone(),
            });
            Tensor::cat(vec![tangent, along.clone() * cos, (along * sin).neg()], 1)
        });
        Signal {
            value: Tensor::cat(vec![x.value, sin, cos], 1),
            tangent,
        }
    }
}
