//! Unrolled games: the generator looks a few of the discriminator's updates ahead,
//! and its gradient also says how those updates answer to its samples. Against a
//! discriminator that is about to catch up, moving all samples from one mode to
//! the next is worth nothing.
//!
//! The updates are gone through forwards with numbers only, each one's gradient kept;
//! backwards, what the loss changes with the weights after an update becomes what
//! it changes with those before it and with the samples. For that the product of
//! the discriminator's second derivatives with a direction is needed: it is the
//! gradient of the directional derivative along moving weights, so one pass
//! forward and one backward, and exact.
//!
//! # Source
//! Metz et al. 2017, arXiv 1611.02163, equations 7 to 10; the mixed product:
//! Pearlmutter 1994, "Fast exact multiplication by the Hessian".

use super::adjoint::Adjoint;
use super::game::Game;
use super::optimizer::OptimizerState;
use super::player::Turn;
use super::portion::Samples;
use super::report::StepReport;
use super::view::Seen;
use crate::layers::{Mode, Parameters, Signal};
use crate::loss;
use burn::tensor::Tensor;

/// An update of the discriminator that was looked through: where it began.
struct Update {
    parameters: Parameters,
    optimizer: OptimizerState,
    /// The gradient that it followed.
    gradient: Vec<Tensor<1>>,
}

impl Game {
    /// The generator's loss against the discriminator as it will be after the
    /// recipe's `train.unrolled_steps` updates on the same samples; its gradient
    /// comes through those updates. The players stay as they are.
    pub(super) fn fooling_ahead(
        &self,
        real: &Samples,
        fake: &Samples,
        turn: Turn,
        report: &mut StepReport,
    ) -> Tensor<1> {
        // The samples' part of the graph ends here, and is joined to the generator's at the end.
        let leaf = Samples {
            values: fake.values.clone().detach().require_grad(),
            labels: fake.labels.clone(),
        };
        let (updates, ahead) = self.look_ahead(real, &leaf, turn);
        let d = ahead.tracked(Mode::Train);
        let objective = self.fooling_by(&d, &ahead, [real, &leaf], report);
        let mut gradients = objective.backward();
        let by_samples = leaf.values.grad_remove(&mut gradients);
        let mut by_samples = by_samples.expect("the loss is of the samples");
        let mut adjoint = Adjoint::of(d.gradients(&mut gradients));

        for update in updates.iter().rev() {
            let (along, before) = adjoint.before(&update.optimizer, &update.gradient, turn.moment);
            let (by_weights, more) = self.curvature(&update.parameters, along, real, &leaf);
            by_samples = by_samples + more;
            adjoint = before.plus(by_weights);
        }
        // Its value is the loss, and its gradient by the samples what was found.
        let part = (fake.values.clone() * by_samples.autodiff()).sum();
        let shift = objective.without_autodiff() - part.clone().detach().without_autodiff();
        part + shift.autodiff()
    }

    /// Goes through the coming updates of a copy of the discriminator.
    fn look_ahead(&self, real: &Samples, fake: &Samples, turn: Turn) -> (Vec<Update>, Parameters) {
        let mut parameters = self.discriminator.parameters.clone();
        let mut optimizer = self.discriminator.optimizer.clone();
        let mut updates = Vec::new();
        for _ in 0..self.recipe.train.unrolled_steps {
            let weights = parameters.tracked(Mode::Train);
            let [of_real, of_fake] = [(real, Seen::Real), (fake, Seen::Fake)].map(|(x, seen)| {
                let values = x.values.clone().detach().without_autodiff();
                let shown = self.view(values, seen).autodiff();
                let layers = &self.discriminator_layers;
                layers.judge(&weights, shown.into(), x.labels.as_ref())
            });
            let [real, fake] = [of_real, of_fake].map(|verdict| verdict.logits.value);
            let loss = loss::discriminator(&self.recipe.loss, real, fake);
            let mut gradients = (loss * self.recipe.loss.adversarial).backward();
            let gradient = weights.gradients(&mut gradients);
            updates.push(Update {
                parameters: parameters.clone(),
                optimizer: optimizer.clone(),
                gradient: gradient.clone(),
            });
            optimizer.update(&mut parameters, gradient, turn.moment);
        }
        (updates, parameters)
    }

    /// The second derivatives of the discriminator's loss times a direction of its
    /// weights: by the weights, and by the generated samples.
    fn curvature(
        &self,
        parameters: &Parameters,
        direction: Vec<Tensor<1>>,
        real: &Samples,
        fake: &Samples,
    ) -> (Vec<Tensor<1>>, Tensor<2>) {
        let leaf = fake.values.clone().detach().require_grad();
        let weights = parameters.tracked_moving(Mode::Train, direction);
        let shown = [
            self.view(real.values.clone(), Seen::Real).autodiff(),
            self.view(leaf.clone(), Seen::Fake),
        ];
        let labels = [real.labels.as_ref(), fake.labels.as_ref()];
        let [of_real, of_fake] = std::array::from_fn(|side| {
            let x: Signal<2> = shown[side].clone().into();
            let logits = self.discriminator_layers.judge(&weights, x, labels[side]);
            let Signal { value, tangent } = logits.logits;
            [value, tangent.expect("a verdict moves with the weights")]
        });
        let along = loss::discriminator_tangent(&self.recipe.loss, of_real, of_fake);
        let mut gradients = (along * self.recipe.loss.adversarial).backward();
        let by_samples = leaf.grad_remove(&mut gradients);
        let by_samples = by_samples.unwrap_or_else(|| {
            let values = fake.values.clone().detach().without_autodiff();
            values.zeros_like()
        });
        (weights.gradients(&mut gradients), by_samples)
    }
}
