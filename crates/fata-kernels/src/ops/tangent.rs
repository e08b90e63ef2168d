//! Directional derivatives of activations, for forward-mode passes; and the affine map that
//! differs from sample to sample, for conditional normalisation.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::elements::Sloped;
use super::flex::{Rule, floats, floats_mut, owned, plain, run, wrap};
use super::{Activation, is_fast, portable};
use crate::pointwise::curve::has_slope_of_value;
use crate::{pointwise, pool, threads};

/// The tangent behind an activation: `tangent * activation'`, where the derivative is taken from
/// the activation's output `y`. Piecewise linear activations pass no gradient to `y`, whose slope
/// is constant almost everywhere; of the smooth ones, `y` gets its gradient too.
///
/// # Shapes
/// Both the same, and so is the result.
pub fn activation_tangent<const D: usize>(
    tangent: Tensor<D>,
    y: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    match activation {
        Activation::Identity => tangent,
        Activation::Tanh => tangent * (1.0 - y.powi_scalar(2)),
        Activation::Sigmoid => tangent * (y.clone() * (1.0 - y)),
        Activation::Relu | Activation::LeakyRelu(_) => {
            let y = y.detach().without_autodiff();
            if is_fast(&tangent) && has_slope_of_value(activation) {
                return scaled(tangent, y, activation);
            }
            portable::slope_tangent(tangent, y, activation)
        }
    }
}

fn scaled<const D: usize>(tangent: Tensor<D>, y: Tensor<D>, activation: Activation) -> Tensor<D> {
    let y = plain(y);
    run([tangent.into()], |[tangent]| {
        let mut tangent = owned(tangent);
        pointwise::scale_by_slope(floats_mut(&mut tangent), floats(&y), activation);
        (tangent, Sloped { y, activation })
    })
}

/// `activation(x * scale + shift)` with a scale and a shift for each sample and channel:
/// conditional batch normalisation's second half, and style modulation.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, `scale` and `shift` `[batch, channels]`.
///
/// # Panics
/// When the shapes do not fit each other.
///
/// # Source
/// Dumoulin et al. 2017, arXiv 1610.07629, equation 5.
pub fn modulate(
    x: Tensor<4>,
    scale: Tensor<2>,
    shift: Tensor<2>,
    activation: Activation,
) -> Tensor<4> {
    let [batch, _, _, channels] = x.dims();
    assert_eq!(scale.dims(), [batch, channels], "modulate: scale");
    assert_eq!(shift.dims(), [batch, channels], "modulate: shift");
    if is_fast(&x) && has_slope_of_value(activation) {
        return modulated(x, scale, shift, activation);
    }
    portable::modulate(x, scale, shift, activation)
}

#[derive(Clone, Debug)]
struct Modulated {
    x: FlexTensor,
    scale: FlexTensor,
    shift: FlexTensor,
    activation: Activation,
}

impl Rule<3> for Modulated {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, scale, shift]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let mut gradient = owned(gradient);
        let shape = self.x.layout().shape().clone();
        let [pixels, channels] = [shape[1] * shape[2], shape[3]];
        let mut sums = [shape[0] * channels; 2].map(pool::take);
        let [scale_sums, shift_sums] = &mut sums;
        let images = floats(&self.x)
            .chunks(pixels * channels)
            .zip(floats_mut(&mut gradient).chunks_mut(pixels * channels))
            .zip(floats(&self.scale).chunks(channels))
            .zip(floats(&self.shift).chunks(channels))
            .zip(scale_sums.chunks_mut(channels))
            .zip(shift_sums.chunks_mut(channels));
        threads::for_each(
            images,
            |(((((x, gradient), scale), shift), scale_sum), shift_sum)| {
                let factors = [scale, shift];
                let [of_scale, of_shift] =
                    pointwise::affine_activation_backward(x, gradient, factors, self.activation);
                scale_sum.copy_from_slice(&of_scale);
                shift_sum.copy_from_slice(&of_shift);
            },
        );
        let [scale_sums, shift_sums] = sums;
        [
            x.then_some(gradient),
            scale.then(|| wrap(scale_sums, [shape[0], channels])),
            shift.then(|| wrap(shift_sums, [shape[0], channels])),
        ]
    }
}

fn modulated(
    x: Tensor<4>,
    scale: Tensor<2>,
    shift: Tensor<2>,
    activation: Activation,
) -> Tensor<4> {
    run(
        [x.into(), scale.into(), shift.into()],
        |[x, scale, shift]| {
            let shape = x.layout().shape().clone();
            let [pixels, channels] = [shape[1] * shape[2], shape[3]];
            let mut y = pool::take(floats(&x).len());
            let images = floats(&x)
                .chunks(pixels * channels)
                .zip(y.chunks_mut(pixels * channels))
                .zip(floats(&scale).chunks(channels))
                .zip(floats(&shift).chunks(channels));
            threads::for_each(images, |(((x, y), scale), shift)| {
                pointwise::affine_activation(x, y, [scale, shift], activation);
            });
            let rule = Modulated {
                x,
                scale,
                shift,
                activation,
            };
            (wrap(y, shape), rule)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, evaluate, plain};
    use super::*;

    #[test]
    fn modulation_is_the_portable_composition_for_every_activation() {
        for activation in [
            Activation::Identity,
            Activation::Relu,
            Activation::LeakyRelu(0.2),
            Activation::Tanh,
        ] {
            for [batch, height, width, channels] in [[3, 5, 4, 7], [1, 1, 1, 1], [2, 8, 8, 32]] {
                let leaves = [
                    plain(1, [batch * height * width * channels]),
                    plain(2, [batch * channels]),
                    plain(3, [batch * channels]),
                ];
                let run = |f: fn(Tensor<4>, Tensor<2>, Tensor<2>, Activation) -> Tensor<4>| {
                    evaluate(&leaves, |leaves| {
                        let x = leaves[0].clone().reshape([batch, height, width, channels]);
                        let scale = leaves[1].clone().reshape([batch, channels]);
                        let shift = leaves[2].clone().reshape([batch, channels]);
                        let y = f(x, scale, shift, activation);
                        y.reshape([batch * height * width * channels])
                    })
                };
                let (fast, slow) = (run(modulate), run(portable::modulate));
                for (fast, slow) in fast.iter().zip(&slow) {
                    assert_close("modulate", fast, slow, 2e-6);
                }
            }
        }
    }

    /// Along a direction, the tangent is what the values change by.
    #[test]
    fn a_tangent_is_the_directional_derivative() {
        let (x, direction) = (plain(4, [301]), plain(5, [301]));
        for activation in [
            Activation::LeakyRelu(0.2),
            Activation::Relu,
            Activation::Tanh,
            Activation::Sigmoid,
        ] {
            let value = |step: f32| {
                super::super::activate(x.clone() + direction.clone() * step, activation)
            };
            let change = (value(1e-3) - value(-1e-3)) / 2e-3;
            let tangent = activation_tangent(direction.clone(), value(0.0), activation);
            // A value that passes its kink within the step has no one derivative.
            let far: Vec<bool> = super::super::tests::list(x.clone())
                .into_iter()
                .map(|x| x.abs() > 2e-3)
                .collect();
            let keep = |values: Vec<f32>| {
                let kept = values.into_iter().zip(&far).filter(|(_, far)| **far);
                kept.map(|(value, _)| value).collect::<Vec<_>>()
            };
            let [tangent, change] =
                [tangent, change].map(|values| keep(super::super::tests::list(values)));
            assert_close("tangent", &tangent, &change, 2e-4);
        }
    }

    #[test]
    fn a_tangent_passes_its_gradient_on_as_the_portable_one_does() {
        for activation in [Activation::LeakyRelu(0.2), Activation::Relu] {
            let y = plain(7, [77]);
            let leaves = [plain(6, [77])];
            let fast = evaluate(&leaves, |l| {
                activation_tangent(l[0].clone(), y.clone(), activation)
            });
            let slow = evaluate(&leaves, |l| {
                portable::slope_tangent(l[0].clone(), y.clone(), activation)
            });
            for (fast, slow) in fast.iter().zip(&slow) {
                assert_close("slope", fast, slow, 1e-7);
            }
        }
    }
}
