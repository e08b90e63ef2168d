//! The discriminator's update: to tell real samples from generated ones, under
//! the recipe's penalties, and to name classes where it should.

use super::TrainError;
use super::game::Game;
use super::player::Turn;
use super::portion::{Portion, Samples};
use super::report::{StepReport, probabilities};
use super::view::Seen;
use crate::augment::Kind;
use crate::layers::{Mode, Weights};
use crate::loss::{self, penalty};
use crate::recipe::Condition;
use crate::rng::{Random, Stream};
use burn::tensor::Tensor;

impl Game {
    /// One update of the discriminator; the norm of its gradient, where it is
    /// due to be measured. The fakes' own graph is left alone.
    pub(super) fn teach(
        &mut self,
        portion: &Portion,
        fake: &Samples,
        turn: Turn,
        report: &mut StepReport,
    ) -> Result<Option<f64>, TrainError> {
        let share = 1.0 / self.recipe.train.discriminator_steps as f64;
        self.discriminator.parameters.follow_singular_vectors(1);
        let d = match self.recipe.penalty.of_gradient() {
            Some(_) => self.discriminator.parameters.tracked_along(Mode::Train),
            None => self.discriminator.parameters.tracked(Mode::Train),
        };
        let real = self.view(portion.real.values.clone(), Seen::Real);
        let generated = fake.values.clone().detach().without_autodiff();
        let generated = self.view(generated, Seen::Fake);

        let shown = [&real, &generated];
        let (mut objective, on_real) = self.telling(&d, portion, fake, shown, share, report);
        report.loss_discriminator +=
            self.finite(&objective, turn.step, &self.discriminator)? * share;
        if self.recipe.augment.kind == Kind::Ada {
            report.note(
                "augment_probability",
                f64::from(self.ada.probability()),
                share,
            );
            self.ada.observe(&on_real);
            self.ada.update(real.dims()[0] as u64);
        }
        let statistics = d.take_statistics();
        let labels = [portion.real.labels.as_ref(), fake.labels.as_ref()];
        for (value, surrogate) in self.penalties(&d, [&real, &generated], labels, turn) {
            report.note("penalty", value, share);
            objective = objective + surrogate;
        }
        let norm = self.discriminator.learn(d, &objective, turn)?;
        self.discriminator.parameters.absorb(statistics);
        if self.recipe.penalty.clip > 0.0 {
            let bound = self.recipe.penalty.clip as f32;
            self.discriminator.parameters.clip(bound);
        }
        Ok(norm)
    }

    /// The game's loss on what the discriminator sees of a portion, with those of
    /// classes and of consistency; and its answers to the real samples.
    fn telling(
        &self,
        d: &Weights,
        portion: &Portion,
        fake: &Samples,
        [real, generated]: [&Tensor<2>; 2],
        share: f64,
        report: &mut StepReport,
    ) -> (Tensor<1>, Tensor<1>) {
        let recipe = &self.recipe;
        let labels = [portion.real.labels.as_ref(), fake.labels.as_ref()];
        let shown = [real, generated].map(|x| x.clone().autodiff());
        let [of_real, of_fake] = self.discriminator_layers.judge_both(d, shown, labels);
        let [told, fooled] = probabilities(
            recipe.loss.kind,
            &of_real.logits.value,
            &of_fake.logits.value,
        );
        report.probability_real += told * share;
        report.probability_fake += fooled * share;

        let answers = [of_real.logits.value.clone(), of_fake.logits.value.clone()];
        let [on_real, on_fake] = answers.clone();
        let of_real_samples = on_real.clone();
        let mut objective = loss::discriminator(&recipe.loss, on_real, on_fake);
        if recipe.loss.adversarial != 1.0 {
            objective = objective * recipe.loss.adversarial;
        }
        let mut class_loss = Vec::new();
        if recipe.model.condition == Condition::Auxiliary {
            for (verdict, labels) in [(of_real, labels[0]), (of_fake, labels[1])] {
                class_loss.extend(verdict.classes.zip(labels.cloned()));
            }
        }
        if let Some(labelled) = &portion.labelled {
            let x = labelled.values.clone().autodiff();
            let verdict = self.discriminator_layers.judge(d, x.into(), None);
            class_loss.extend(verdict.classes.zip(labelled.labels.clone()));
        }
        for (classes, labels) in class_loss {
            let loss = loss::classification(classes, labels.autodiff()) * recipe.loss.auxiliary;
            let value = crate::layers::numbers(loss.clone().without_autodiff())[0];
            report.note("loss_classes", f64::from(value), share);
            objective = objective + loss;
        }
        if recipe.penalty.consistency > 0.0 {
            let again = [
                self.view_again(portion.real.values.clone(), Seen::Real),
                self.view_again(fake.values.clone().detach().without_autodiff(), Seen::Fake),
            ];
            let again = again.map(Tensor::autodiff);
            let verdicts = self.discriminator_layers.judge_both(d, again, labels);
            for (first, second) in answers.into_iter().zip(verdicts) {
                let change = (first - second.logits.value).powi_scalar(2).mean();
                objective = objective + change * recipe.penalty.consistency;
            }
        }
        (objective, of_real_samples)
    }

    /// The gradient penalties that are due: their values, and what has their
    /// gradients.
    fn penalties(
        &self,
        d: &Weights,
        [real, fake]: [&Tensor<2>; 2],
        [of_real, of_fake]: [Option<&Tensor<2>>; 2],
        turn: Turn,
    ) -> Vec<(f64, Tensor<1>)> {
        let settings = &self.recipe.penalty;
        if settings.of_gradient().is_none() || !(turn.step - 1).is_multiple_of(settings.every) {
            return Vec::new();
        }
        let factor = turn.moment.penalty * settings.every as f64;
        let frozen = self.discriminator.parameters.frozen(Mode::Train);
        let layers = &self.discriminator_layers;
        let at = |x: Tensor<2>, labels: Option<&Tensor<2>>, shape: penalty::Shape| {
            let critic = penalty::Critic {
                judge: &|weights, x| layers.judge(weights, x, labels).logits,
                frozen: &frozen,
                tracked: d,
                smooth: layers.sees_batch(),
            };
            let penalty = critic.penalty(x, shape);
            (penalty.value, penalty.surrogate)
        };
        let zero = |weight: f64| penalty::Shape::ZeroCentred {
            gamma: weight * factor,
        };
        let one = |weight: f64| penalty::Shape::OneCentred {
            lambda: weight * factor,
        };
        let mut all = Vec::new();
        if settings.r1 > 0.0 && settings.r1 == settings.r2 && !layers.sees_batch() {
            // One pass for both; a mean over twice the samples halves each.
            let labels = of_real
                .zip(of_fake)
                .map(|(a, b)| Tensor::cat(vec![a.clone(), b.clone()], 0));
            let x = Tensor::cat(vec![real.clone(), fake.clone()], 0);
            all.push(at(x, labels.as_ref(), zero(2.0 * settings.r1)));
        } else {
            if settings.r1 > 0.0 {
                all.push(at(real.clone(), of_real, zero(settings.r1)));
            }
            if settings.r2 > 0.0 {
                all.push(at(fake.clone(), of_fake, zero(settings.r2)));
            }
        }
        if settings.gradient > 0.0 {
            let shares = self.penalty_draws(real.dims()[0], 1).flatten(0, 1);
            let x = penalty::between(real.clone(), fake.clone(), shares);
            all.push(at(x, of_real, one(settings.gradient)));
        }
        if settings.dragan > 0.0 {
            let [batch, values] = real.dims();
            let x = penalty::around(real.clone(), self.penalty_draws(batch, values));
            all.push(at(x, of_real, one(settings.dragan)));
        }
        all
    }

    /// Uniform numbers for the penalties of an update.
    fn penalty_draws(&self, rows: usize, columns: usize) -> Tensor<2> {
        let random = Random::new(self.recipe.train.seed);
        let device = self.discriminator.parameters.device();
        let first = self.images_seen;
        let mut numbers = Vec::with_capacity(rows * columns);
        for row in 0..rows as u64 {
            let mut draws = random.at(Stream::Penalty, first + row);
            numbers.extend((0..columns).map(|_| draws.uniform()));
        }
        crate::layers::tensor(numbers, device).reshape([rows, columns])
    }
}
