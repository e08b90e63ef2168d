//! A player: a network's tensors and the rule that changes them.

use super::TrainError;
use super::optimizer::OptimizerState;
use super::schedule::Moment;
use crate::layers::{Parameters, Weights};
use burn::tensor::Tensor;

/// A network's tensors and the rule that changes them.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
    pub(crate) optimizer: OptimizerState,
}

/// The step at which a player learns.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) step: u64,
    /// Whether gradient norms are measured.
    pub(super) measured: bool,
    pub(super) moment: Moment,
}

impl Player {
    /// Moves the weights along the loss's gradient and returns its norm, where
    /// it is due to be measured.
    pub(super) fn learn(
        &mut self,
        weights: Weights,
        loss: &Tensor<1>,
        turn: Turn,
    ) -> Result<Option<f64>, TrainError> {
        let mut gradients = loss.backward();
        let gradients = weights.gradients(&mut gradients);
        self.follow(gradients, turn)
    }

    /// Moves the weights along gradients, in the parameters' order, as
    /// [`Player::learn`] does.
    pub(super) fn follow(
        &mut self,
        gradients: Vec<Tensor<1>>,
        turn: Turn,
    ) -> Result<Option<f64>, TrainError> {
        let mut norm = None;
        if turn.measured {
            let (square, bad) = fata_kernels::squared_norms(&gradients);
            if let Some(index) = bad {
                let tensor = format!("the gradient of {}", self.parameters.trained_names()[index]);
                return Err(TrainError::NotFinite {
                    step: turn.step,
                    player: self.name,
                    tensor,
                });
            }
            norm = Some(square.sqrt());
        }
        self.optimizer
            .update(&mut self.parameters, gradients, turn.moment);
        Ok(norm)
    }

    /// Says which tensor is not finite, if one is.
    pub(crate) fn check(&self, step: u64) -> Result<(), TrainError> {
        match fata_kernels::squared_norms(&self.parameters.values()).1 {
            Some(index) => Err(TrainError::NotFinite {
                step,
                player: self.name,
                tensor: self.parameters.list()[index].name.clone(),
            }),
            None => Ok(()),
        }
    }
}
