//! The rules by which a player's weights follow its gradient, with their state.

use super::schedule::Moment;
use crate::layers::Parameters;
use crate::recipe::{Optimizer, OptimizerKind};
use burn::tensor::Tensor;
use fata_kernels::{Adam, AdamSlot, RmsProp, RmsPropSlot, Sgd, SgdSlot};

/// An optimiser's settings and moments: as many flat tensors as the player has
/// trained parameters, in their order.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    pub(super) settings: Optimizer,
    /// Updates made so far.
    pub(crate) steps: u64,
    /// Adam's mean of gradients; SGD's velocity.
    pub(crate) first: Vec<Tensor<1>>,
    /// Adam's and RMSProp's mean of squared gradients.
    pub(crate) second: Vec<Tensor<1>>,
}

impl OptimizerState {
    /// No steps made yet.
    pub fn new(settings: &Optimizer, parameters: &Parameters) -> Self {
        let zeros = || {
            let trained = parameters.trained();
            trained
                .iter()
                .map(|value| Tensor::zeros(value.dims(), parameters.device()))
                .collect()
        };
        let (first, second) = match settings.kind {
            OptimizerKind::Adam => (zeros(), zeros()),
            OptimizerKind::Sgd => (zeros(), Vec::new()),
            OptimizerKind::RmsProp => (Vec::new(), zeros()),
        };
        Self {
            settings: settings.clone(),
            steps: 0,
            first,
            second,
        }
    }

    /// Goes on by other settings of the same kind.
    pub(crate) fn set(&mut self, settings: &Optimizer) {
        self.settings = settings.clone();
    }

    /// Moves the parameters along their gradients, in place, at `rate_factor`
    /// times the recipe's rate.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        gradients: Vec<Tensor<1>>,
        rate_factor: f64,
    ) {
        let moment = Moment {
            rate: rate_factor,
            penalty: 1.0,
            beta2: None,
        };
        self.update(parameters, gradients, moment);
    }

    /// As [`OptimizerState::step`], with what the moment changes.
    pub(crate) fn update(
        &mut self,
        parameters: &mut Parameters,
        gradients: Vec<Tensor<1>>,
        moment: Moment,
    ) {
        self.steps += 1;
        let settings = &self.settings;
        let rate = (settings.rate * moment.rate) as f32;
        let beta2 = moment
            .beta2
            .map_or(settings.beta2, |blend| blend.from(settings.beta2)) as f32;
        let values = parameters.take_trained();
        let (first, second) = (
            std::mem::take(&mut self.first),
            std::mem::take(&mut self.second),
        );
        let updated = match settings.kind {
            OptimizerKind::Adam => {
                let slots = values
                    .into_iter()
                    .zip(gradients)
                    .zip(first.into_iter().zip(second));
                let slots =
                    slots.map(
                        |((parameter, gradient), (first_moment, second_moment))| AdamSlot {
                            parameter,
                            gradient,
                            first_moment,
                            second_moment,
                        },
                    );
                let settings = Adam {
                    rate,
                    beta1: settings.beta1 as f32,
                    beta2,
                    epsilon: settings.epsilon as f32,
                    step: self.steps,
                };
                let mut updated = Vec::new();
                for (value, first, second) in fata_kernels::adam(slots.collect(), settings) {
                    updated.push(value);
                    self.first.push(first);
                    self.second.push(second);
                }
                updated
            }
            OptimizerKind::Sgd => {
                let slots = values.into_iter().zip(gradients).zip(first);
                let slots = slots.map(|((parameter, gradient), velocity)| SgdSlot {
                    parameter,
                    gradient,
                    velocity,
                });
                let momentum = settings.beta1 as f32;
                let mut updated = Vec::new();
                for (value, velocity) in fata_kernels::sgd(slots.collect(), Sgd { rate, momentum })
                {
                    updated.push(value);
                    self.first.push(velocity);
                }
                updated
            }
            OptimizerKind::RmsProp => {
                let slots = values.into_iter().zip(gradients).zip(second);
                let slots = slots.map(|((parameter, gradient), square_average)| RmsPropSlot {
                    parameter,
                    gradient,
                    square_average,
                });
                let settings = RmsProp {
                    rate,
                    alpha: beta2,
                    epsilon: settings.epsilon as f32,
                };
                let mut updated = Vec::new();
                for (value, second) in fata_kernels::rms_prop(slots.collect(), settings) {
                    updated.push(value);
                    self.second.push(second);
                }
                updated
            }
        };
        parameters.put_trained(updated);
    }
}
