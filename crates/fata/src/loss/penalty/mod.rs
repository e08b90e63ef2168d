//! Penalties on the discriminator's gradient by its input.
//!
//! Burn has no gradient of a gradient, and none is needed. Let `g_i` be the
//! input gradient of the critic's summed answers at sample i, and let a penalty
//! be a mean of `h(|g_i|)`. Its parameter gradient is that of
//! `sum_i t_i . g_i` with the direction `t_i = h'(|g_i|) / (n |g_i|) g_i` held
//! constant, and `sum_i t_i . g_i` is the derivative of the summed answers when
//! the samples move along `t`: the tangent of one forward-mode pass, which
//! ordinary reverse mode differentiates. The result is exact, for any critic
//! whose layers carry tangents.
//!
//! It costs one input gradient, one pass with tangents, and its reverse. Both passes see the same
//! samples with the same weights, so the second takes its values from the first.

mod dragan;
mod gradient;
#[cfg(test)]
mod tests;
mod zero_centred;

pub use dragan::around;
pub use gradient::between;

use crate::layers::{Signal, Weights};
use burn::tensor::Tensor;

/// A penalty's value, and what is to be differentiated in its place.
#[derive(Clone, Debug)]
pub struct Penalty {
    /// The penalty itself.
    pub value: f64,
    /// `[1]`: has the penalty's parameter gradient, and not its value.
    pub surrogate: Tensor<1>,
}

/// Which function of the gradient's length is penalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// `gamma / 2 |g|^2` (R1 and R2).
    ZeroCentred {
        /// The weight.
        gamma: f64,
    },
    /// `lambda (|g| - 1)^2` (WGAN-GP and DRAGAN).
    OneCentred {
        /// The weight.
        lambda: f64,
    },
}

/// The critic, as a penalty needs it.
pub struct Critic<'a> {
    /// Its answers to samples and, where these move, the tangents.
    pub judge: &'a dyn Fn(&Weights, Signal<2>) -> Signal<1>,
    /// Its weights as constants, for the gradient by the samples.
    pub frozen: &'a Weights,
    /// Its weights whose gradient is wanted, for a forward-mode pass.
    pub tracked: &'a Weights,
    /// Whether some layer's slope depends smoothly on its input, so that the
    /// values of the forward-mode pass have a part in the gradient too.
    pub smooth: bool,
}

impl Critic<'_> {
    /// The penalty at samples, a mean over the critic's answers.
    ///
    /// # Shapes
    /// `x` `[batch, values]`; samples that get one answer together follow each other.
    pub fn penalty(&self, x: Tensor<2>, shape: Shape) -> Penalty {
        let x = x.detach().without_autodiff();
        if !self.smooth {
            self.frozen.note();
        }
        let (gradient, answers) = self.input_gradient(x.clone());
        let [batch, values] = x.dims();
        let rows: Tensor<2> = gradient.reshape([answers, batch / answers * values]);
        let (value, direction) = match shape {
            Shape::ZeroCentred { gamma } => zero_centred::direction(rows, gamma),
            Shape::OneCentred { lambda } => gradient::direction(rows, lambda),
        };
        let direction = direction.reshape([batch, values]);
        let signal = if self.smooth {
            Signal::along(x.autodiff(), direction.autodiff())
        } else {
            self.tracked.recall(self.frozen);
            Signal::along(x, direction)
        };
        let tangent = (self.judge)(self.tracked, signal).tangent;
        Penalty {
            value,
            surrogate: tangent.expect("a signal keeps its tangent").sum(),
        }
    }

    /// The gradient of the summed answers, and how many answers there are.
    fn input_gradient(&self, x: Tensor<2>) -> (Tensor<2>, usize) {
        let leaf = x.autodiff().require_grad();
        let answers = (self.judge)(self.frozen, leaf.clone().into()).value;
        let count = answers.dims()[0];
        let mut gradients = answers.sum().backward();
        let gradient = leaf.grad_remove(&mut gradients);
        (gradient.expect("the answers depend on the samples"), count)
    }
}

/// The length of each row, `[rows, 1]`.
fn lengths(rows: &Tensor<2>) -> Tensor<2> {
    rows.clone().powi_scalar(2).sum_dim(1).sqrt()
}

fn number(value: Tensor<1>) -> f64 {
    f64::from(crate::layers::numbers(value)[0])
}
