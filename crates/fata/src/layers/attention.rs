//! Self-attention over the places of a picture.

use super::{Builder, Convolution, Id, Init, Weights, Window};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// `y = x + gamma o(softmax(f(x) g(x)^T) h(x))`: each place adds a mixture of
/// what is at all places, weighted by how its query meets their keys. Queries
/// and keys have an eighth of the channels, values half; keys and values are
/// pooled 2x2, as in the authors' code. Gamma begins at 0.
///
/// # Shapes
/// `x` `[batch, side, side, channels]`, and so is `y`.
///
/// # Source
/// Zhang et al. 2019, arXiv 1805.08318, equations 1 to 3.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    query: Convolution,
    key: Convolution,
    value: Convolution,
    output: Convolution,
    gamma: Id,
    side: usize,
    channels: usize,
}

impl SelfAttention {
    /// A layer for pictures of this side and these channels.
    pub fn new(builder: &mut Builder, name: &str, side: usize, channels: usize) -> Self {
        let mut one = |part: &str, [inputs, outputs]: [usize; 2]| {
            let window = Window::same(1, Init::glorot(1.0, inputs, outputs));
            Convolution::new(
                builder,
                &format!("{name}.{part}"),
                [inputs, outputs],
                window,
            )
        };
        let (narrow, half) = ((channels / 8).max(1), (channels / 2).max(1));
        Self {
            query: one("query", [channels, narrow]),
            key: one("key", [channels, narrow]),
            value: one("value", [channels, half]),
            output: one("output", [half, channels]),
            gamma: builder.constant(format!("{name}.gamma"), &[1], 0.0),
            side,
            channels,
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, _] = x.dims();
        let rows = |x: Tensor<4>| {
            let [batch, height, width, channels] = x.dims();
            x.reshape([batch, height * width, channels])
        };
        let pooled = |x: Tensor<4>| rows(largest_of_four(x));
        let query = rows(self.query.forward(weights, x.clone())); // [batch, places, narrow]
        let key = pooled(self.key.forward(weights, x.clone())); // [batch, places / 4, narrow]
        let value = pooled(self.value.forward(weights, x.clone())); // [batch, places / 4, half]
        let share = softmax(query.matmul(key.swap_dims(1, 2)), 2); // [batch, places, places / 4]
        let half = value.dims()[2];
        let mixture = share.matmul(value).reshape([batch, height, width, half]);
        let gamma: Tensor<4> = weights.vector(self.gamma).reshape([1, 1, 1, 1]);
        x + self.output.forward(weights, mixture) * gamma
    }

    /// Multiply-adds of one picture.
    pub fn multiply_adds(&self) -> u64 {
        let places = (self.side * self.side) as u64;
        let convolutions = [&self.query, &self.key, &self.value, &self.output];
        let inner: u64 = convolutions
            .map(|convolution| convolution.multiply_adds(self.side))
            .iter()
            .sum();
        inner + places * places / 4 * (self.channels / 8 + self.channels / 2) as u64
    }
}

/// The largest of each 2x2 square of pixels.
fn largest_of_four(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let squares = x.reshape([batch, height / 2, 2, width / 2, 2 * channels]);
    let columns: Tensor<5> = squares.max_dim(2); // [batch, height / 2, 1, width / 2, 2 channels]
    let pairs: Tensor<5> = columns.reshape([batch, height / 2, width / 2, 2, channels]);
    let largest: Tensor<5> = pairs.max_dim(3);
    largest.reshape([batch, height / 2, width / 2, channels])
}
