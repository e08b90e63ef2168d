//! The generator's goal: that the discriminator takes its samples for real.

use super::game::Game;
use super::portion::Samples;
use super::report::StepReport;
use super::view::Seen;
use crate::layers::{Mode, Parameters, Weights};
use crate::loss;
use crate::recipe::Condition;
use burn::tensor::Tensor;

impl Game {
    /// The generator's loss, its gradient coming through a discriminator whose
    /// own weights are constants.
    pub(super) fn fooling(
        &self,
        discriminator: &Parameters,
        real: &Samples,
        fake: &Samples,
        report: &mut StepReport,
    ) -> Tensor<1> {
        let d = discriminator.frozen(Mode::Train);
        self.fooling_by(&d, discriminator, [real, fake], report)
    }

    /// The same by weights that are lent otherwise.
    pub(super) fn fooling_by(
        &self,
        d: &Weights,
        discriminator: &Parameters,
        [real, fake]: [&Samples; 2],
        report: &mut StepReport,
    ) -> Tensor<1> {
        let recipe = &self.recipe;
        let layers = &self.discriminator_layers;
        let seen = self.view(fake.values.clone(), Seen::Fooling);
        let verdict = layers.judge(d, seen.into(), fake.labels.as_ref());
        let matching = recipe.loss.feature_matching;
        let of_real = (recipe.loss.kind.generator_sees_real() || matching > 0.0).then(|| {
            let plain = discriminator.plain(Mode::Train);
            let x = self.view(real.values.clone(), Seen::Real);
            layers.judge(&plain, x.into(), real.labels.as_ref())
        });
        let on_fake = verdict.logits.value;
        let on_real = match &of_real {
            Some(of_real) => of_real.logits.value.clone().autodiff(),
            None => on_fake.clone(),
        };
        let mut objective = loss::generator(&recipe.loss, on_real, on_fake);
        if let (true, Some(of_real)) = (matching > 0.0, of_real) {
            let features = [of_real.features.autodiff(), verdict.features];
            let [on_real, on_fake] = features;
            objective = objective + loss::feature_matching(on_real, on_fake) * matching;
        }
        if let (Condition::Auxiliary, Some(classes), Some(labels)) =
            (recipe.model.condition, verdict.classes, &fake.labels)
        {
            let named = loss::classification(classes, labels.clone().autodiff());
            let value = crate::layers::numbers(named.clone().without_autodiff())[0];
            report.note("loss_classes_generator", f64::from(value), 1.0);
            objective = objective + named * recipe.loss.auxiliary;
        }
        objective
    }
}
