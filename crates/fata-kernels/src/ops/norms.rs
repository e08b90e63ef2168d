//! Batch and instance normalisation on the CPU device.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{Operand, Rule, floats, floats_mut, owned, run, tensor, vector, wrap};
use super::{Activation, BatchStatistics};
use crate::norm::{Gradients, Moments, Normalisation, moments};
use crate::pointwise::add_in_order;
use crate::pool;
use crate::profile::timed;
use crate::threads;

/// Either normalisation; `groups` holds one set of statistics for a batch, or one an image.
#[derive(Clone, Debug)]
struct Norm {
    x: FlexTensor,
    groups: Vec<Group>,
    gamma: Option<FlexTensor>,
    beta: Option<FlexTensor>,
    activation: Activation,
}

#[derive(Clone, Debug)]
struct Group {
    mean: Vec<f32>,
    inverse_deviation: Vec<f32>,
}

impl Group {
    fn new(moments: Moments, epsilon: f32) -> Self {
        Group {
            inverse_deviation: moments.inverse_deviation(epsilon),
            mean: moments.mean,
        }
    }
}

impl Norm {
    fn layer<'a>(&'a self, group: &'a Group) -> Normalisation<'a> {
        Normalisation {
            mean: &group.mean,
            inverse_deviation: &group.inverse_deviation,
            gamma: self.gamma.as_ref().map(floats),
            beta: self.beta.as_ref().map(floats),
            activation: self.activation,
        }
    }

    fn forward(&self) -> FlexTensor {
        timed(
            || "normalisation with activation, forward".into(),
            0,
            || self.compute(),
        )
    }

    fn compute(&self) -> FlexTensor {
        let x = floats(&self.x);
        let mut y = pool::take(x.len());
        let part = x.len() / self.groups.len();
        if part > 0 {
            let parts = x.chunks(part).zip(y.chunks_mut(part)).zip(&self.groups);
            threads::for_each(parts, |((x, y), group)| self.layer(group).forward(x, y));
        }
        wrap(y, self.x.layout().shape().clone())
    }

    /// Gradients of the input, gamma and beta.
    fn backward(&self, gradient: FlexTensor, input: bool) -> [FlexTensor; 3] {
        timed(
            || "normalisation with activation, gradient".into(),
            0,
            || self.differentiate(gradient, input),
        )
    }

    fn differentiate(&self, gradient: FlexTensor, input: bool) -> [FlexTensor; 3] {
        let mut gradient = owned(gradient);
        let x = floats(&self.x);
        let part = x.len() / self.groups.len();
        let parts = x
            .chunks(part)
            .zip(floats_mut(&mut gradient).chunks_mut(part));
        let mut sums: Vec<Option<Gradients>> = self.groups.iter().map(|_| None).collect();
        let parts = parts.zip(&self.groups).zip(&mut sums);
        threads::for_each(parts, |(((x, dy), group), sums)| {
            *sums = Some(self.layer(group).backward(x, dy, input));
        });
        let sums: Vec<Gradients> = sums.into_iter().flatten().collect();
        let total = |pick: fn(&Gradients) -> &[f32]| {
            let channels = self.groups[0].mean.len();
            let total = add_in_order(sums.iter().map(pick), channels);
            vector(&total.into_iter().map(|sum| sum as f32).collect::<Vec<_>>())
        };
        [
            gradient,
            total(|sums| &sums.gamma),
            total(|sums| &sums.beta),
        ]
    }
}

impl Rule<1> for Norm {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let [dx, _, _] = self.backward(gradient, x);
        [x.then_some(dx)]
    }
}

impl Rule<2> for Norm {
    fn gradients(self, gradient: FlexTensor, [x, other]: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let [dx, gamma, beta] = self.backward(gradient, x);
        let factor = if self.gamma.is_some() { gamma } else { beta };
        [x.then_some(dx), other.then_some(factor)]
    }
}

impl Rule<3> for Norm {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, gamma, beta]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let [dx, gamma_gradient, beta_gradient] = self.backward(gradient, x);
        [
            x.then_some(dx),
            gamma.then_some(gamma_gradient),
            beta.then_some(beta_gradient),
        ]
    }
}

pub(super) fn batch_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
    activation: Activation,
) -> (Tensor<D>, BatchStatistics) {
    let channels = x.dims()[D - 1];
    let mut statistics = None;
    let y = run([x.into(), gamma.into(), beta.into()], |[x, gamma, beta]| {
        let found = timed(
            || "batch statistics".into(),
            0,
            || moments(floats(&x), channels),
        );
        let rows = floats(&x).len() / channels;
        // A single value has no unbiased variance; zero keeps the running one finite.
        let unbiased = rows as f64 / (rows.max(2) - 1) as f64;
        let variance = found
            .variance
            .iter()
            .map(|&value| (f64::from(value) * unbiased) as f32);
        statistics = Some(BatchStatistics {
            mean: tensor(vector(&found.mean)),
            variance: tensor(vector(&variance.collect::<Vec<_>>())),
        });
        let groups = vec![Group::new(found, epsilon)];
        let norm = Norm {
            x,
            groups,
            gamma: Some(gamma),
            beta: Some(beta),
            activation,
        };
        (norm.forward(), norm)
    });
    (y, statistics.expect("the closure above ran"))
}

pub(super) fn instance_norm(
    x: Tensor<4>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    epsilon: f32,
    activation: Activation,
) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let forward = |x: FlexTensor, gamma: Option<FlexTensor>, beta: Option<FlexTensor>| {
        let images = floats(&x).chunks(height * width * channels);
        let mut groups: Vec<Option<Group>> = images.clone().map(|_| None).collect();
        threads::for_each(images.zip(&mut groups), |(image, group)| {
            *group = Some(Group::new(moments(image, channels), epsilon));
        });
        let groups = groups.into_iter().flatten().collect();
        let norm = Norm {
            x,
            groups,
            gamma,
            beta,
            activation,
        };
        (norm.forward(), norm)
    };
    let x = Operand::from(x);
    match (gamma, beta) {
        (Some(gamma), Some(beta)) => run([x, gamma.into(), beta.into()], |[x, gamma, beta]| {
            forward(x, Some(gamma), Some(beta))
        }),
        (Some(gamma), None) => run([x, gamma.into()], |[x, gamma]| {
            forward(x, Some(gamma), None)
        }),
        (None, Some(beta)) => run([x, beta.into()], |[x, beta]| forward(x, None, Some(beta))),
        (None, None) => run([x], |[x]| forward(x, None, None)),
    }
}
