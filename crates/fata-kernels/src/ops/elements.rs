//! Activations, the affine map of channels and binary cross-entropy on the CPU device.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::Activation;
use super::flex::{Rule, floats, floats_mut, owned, run, vector, wrap};
use crate::pointwise;
use crate::pool;
use crate::profile::timed;

/// The gradient times an activation's slope at its output: what an activation
/// passes back, and what its tangent does.
#[derive(Clone, Debug)]
pub(super) struct Sloped {
    pub(super) y: FlexTensor,
    pub(super) activation: Activation,
}

impl Rule<1> for Sloped {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dx = x.then(|| {
            let mut gradient = owned(gradient);
            let (slopes, y) = (floats_mut(&mut gradient), floats(&self.y));
            timed(
                || format!("{:?}, gradient", self.activation),
                0,
                || pointwise::scale_by_slope(slopes, y, self.activation),
            );
            gradient
        });
        [dx]
    }
}

pub(super) fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    run([x.into()], |[mut x]| {
        // In place where nobody else holds the input, as after a convolution.
        let y = if x.try_storage_mut::<f32>().is_some() {
            let mut y = owned(x);
            timed(
                || format!("{activation:?}, forward"),
                0,
                || pointwise::activate_in_place(floats_mut(&mut y), activation),
            );
            y
        } else {
            let mut y = pool::take(floats(&x).len());
            timed(
                || format!("{activation:?}, forward"),
                0,
                || pointwise::activate(floats(&x), &mut y, activation),
            );
            wrap(y, x.layout().shape().clone())
        };
        (y.clone(), Sloped { y, activation })
    })
}

#[derive(Clone, Debug)]
struct Affine {
    x: FlexTensor,
    scale: FlexTensor,
    shift: FlexTensor,
    activation: Activation,
}

impl Rule<3> for Affine {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, scale, shift]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let mut gradient = owned(gradient);
        let [scale_gradient, shift_gradient] = pointwise::affine_activation_backward(
            floats(&self.x),
            floats_mut(&mut gradient),
            [floats(&self.scale), floats(&self.shift)],
            self.activation,
        );
        [
            x.then_some(gradient),
            scale.then(|| vector(&scale_gradient)),
            shift.then(|| vector(&shift_gradient)),
        ]
    }
}

pub(super) fn affine_activation<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    activation: Activation,
) -> Tensor<D> {
    run(
        [x.into(), scale.into(), shift.into()],
        |[x, scale, shift]| {
            let mut y = pool::take(floats(&x).len());
            let factors = [floats(&scale), floats(&shift)];
            pointwise::affine_activation(floats(&x), &mut y, factors, activation);
            (
                wrap(y, x.layout().shape().clone()),
                Affine {
                    x,
                    scale,
                    shift,
                    activation,
                },
            )
        },
    )
}

#[derive(Clone, Debug)]
struct CrossEntropy {
    logits: FlexTensor,
    target: f32,
}

impl Rule<1> for CrossEntropy {
    fn gradients(self, gradient: FlexTensor, [logits]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = floats(&gradient)[0];
        let computed = logits.then(|| {
            let logits = floats(&self.logits);
            let mut computed = pool::take(logits.len());
            let target = self.target;
            pointwise::binary_cross_entropy_backward(logits, &mut computed, target, gradient);
            wrap(computed, [logits.len()])
        });
        [computed]
    }
}

pub(super) fn binary_cross_entropy_with_logits(logits: Tensor<1>, target: f32) -> Tensor<1> {
    run([logits.into()], |[logits]| {
        let loss = pointwise::binary_cross_entropy(floats(&logits), target);
        (vector(&[loss]), CrossEntropy { logits, target })
    })
}
