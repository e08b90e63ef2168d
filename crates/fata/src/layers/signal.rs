//! What runs through a discriminator: values, and beside them, where a
//! directional derivative is wanted, the tangent. A network is written once and
//! serves both: forward-mode differentiation is this pair, and reverse mode over
//! the tangent gives the parameter gradient of a gradient penalty without any
//! gradient of a gradient (Pearlmutter 1994; Baydin et al. 2018, arXiv 1502.05767).

use super::Weights;
use burn::tensor::Tensor;
use fata_kernels::{Activation, activate, activation_tangent};

/// A value, and the direction in which it moves.
#[derive(Clone, Debug)]
pub struct Signal<const D: usize> {
    /// The value.
    pub value: Tensor<D>,
    /// Its derivative along the input's direction, of the same shape.
    pub tangent: Option<Tensor<D>>,
}

impl<const D: usize> From<Tensor<D>> for Signal<D> {
    fn from(value: Tensor<D>) -> Self {
        Self {
            value,
            tangent: None,
        }
    }
}

impl<const D: usize> Signal<D> {
    /// A value that moves in a direction.
    pub fn along(value: Tensor<D>, direction: Tensor<D>) -> Self {
        Self {
            value,
            tangent: Some(direction),
        }
    }

    /// A map that is linear, so that values and tangents go through alike.
    pub fn map<const E: usize>(self, f: impl Fn(Tensor<D>) -> Tensor<E>) -> Signal<E> {
        Signal {
            tangent: self.tangent.map(&f),
            value: f(self.value),
        }
    }

    /// A map that is linear in its input and in its weights. Where the value is not to be differentiated,
    /// it goes through with constants, and leaves nothing to keep.
    pub fn weighted<const E: usize>(
        self,
        weights: &Weights,
        f: impl Fn(&Weights, Tensor<D>) -> Tensor<E>,
    ) -> Signal<E> {
        let of_input = self.tangent.map(|tangent| f(weights, tangent));
        let of_weights = weights.direction();
        let of_weights = of_weights.map(|moving| f(moving, self.value.clone()));
        Signal {
            tangent: both(of_input, of_weights),
            value: weights.value(self.value.is_autodiff(), |weights| f(weights, self.value)),
        }
    }

    /// The activation of each value.
    pub fn activate(self, activation: Activation) -> Self {
        let value = activate(self.value, activation);
        let tangent = self
            .tangent
            .map(|tangent| activation_tangent(tangent, value.clone(), activation));
        Self { value, tangent }
    }

    /// The sum of two signals.
    pub fn plus(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            tangent: both(self.tangent, other.tangent),
        }
    }

    /// The same numbers in another shape.
    pub fn reshape<const E: usize>(self, shape: [usize; E]) -> Signal<E> {
        self.map(|x| x.reshape(shape))
    }

    /// Constants beside each sample's last dimension: they do not move.
    pub fn beside(self, constants: Tensor<D>) -> Self {
        let join = |x: Tensor<D>, c: Tensor<D>| {
            let c = if x.is_autodiff() { c.autodiff() } else { c };
            Tensor::cat(vec![x, c], D - 1)
        };
        Self {
            tangent: self
                .tangent
                .map(|tangent| join(tangent, constants.zeros_like())),
            value: join(self.value, constants),
        }
    }
}

/// The sum of two parts of a tangent, each of which may not move.
pub(super) fn both<const D: usize>(
    a: Option<Tensor<D>>,
    b: Option<Tensor<D>>,
) -> Option<Tensor<D>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}
