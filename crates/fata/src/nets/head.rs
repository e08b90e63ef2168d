//! The end of every discriminator: from features to its verdict.

use super::{Form, Verdict};
use crate::layers::{
    Builder, Dense, Id, Init, MinibatchDiscrimination, Signal, Weights, minibatch_deviation,
};
use crate::recipe::{Condition, Minibatch};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// What a network offers its head.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadPlan {
    /// Numbers that the network makes of a sample: those of all its places.
    pub(super) features: usize,
    /// Places of the last picture; 1 for a vector.
    pub(super) places: usize,
    /// How the logit's weights begin, without a bias; PyTorch's way with a bias
    /// where there is none.
    pub(super) init: Option<Init>,
}

/// What looks at the batch as a whole, a logit, and what conditions need.
#[derive(Debug)]
pub(super) struct Head {
    places: usize,
    minibatch: Option<Crowd>,
    verdict: Answer,
    multiply_adds: u64,
}

#[derive(Debug)]
enum Crowd {
    Deviation,
    Discrimination(MinibatchDiscrimination),
}

#[derive(Debug)]
enum Answer {
    /// A logit.
    Plain(Dense),
    /// A logit, and logits of the classes.
    Auxiliary { logit: Dense, classes: Dense },
    /// A logit, to which the label's vector adds its product with the features.
    Projection { logit: Dense, vectors: Id },
    /// Logits of the classes, whose sum of exponents says real.
    Classes(Dense),
}

impl Head {
    pub(super) fn new(builder: &mut Builder, form: &Form, plan: HeadPlan) -> Self {
        let mut features = plan.features;
        let minibatch = match form.model.minibatch {
            Minibatch::None => None,
            Minibatch::Deviation => {
                features += 1;
                Some(Crowd::Deviation)
            }
            Minibatch::Discrimination => {
                let name = "minibatch";
                let layer = MinibatchDiscrimination::new(builder, name, features);
                features += MinibatchDiscrimination::KERNELS;
                Some(Crowd::Discrimination(layer))
            }
        };
        let dense = |builder: &mut Builder, name: &str, outputs: usize| {
            let sizes = [features, outputs];
            match plan.init {
                Some(init) => Dense::drawn(builder, name, sizes, init),
                None => Dense::new(builder, name, sizes, Activation::Identity),
            }
        };
        let classes = form.classes;
        let naming = |builder: &mut Builder| {
            let layer = dense(builder, "classes", classes);
            match plan.init {
                Some(_) => layer.biased(builder, "classes"),
                None => layer, // has its bias already
            }
        };
        let verdict = match form.model.condition {
            Condition::None | Condition::Concatenation => {
                Answer::Plain(dense(builder, "closing", 1))
            }
            Condition::Auxiliary => Answer::Auxiliary {
                logit: dense(builder, "closing", 1),
                classes: naming(builder),
            },
            Condition::Projection => {
                let logit = dense(builder, "closing", 1);
                let pooled = plan.features / plan.places;
                let init = Init::Normal(1.0 / (pooled as f32).sqrt());
                let vectors = builder.weight("projection", &[classes, pooled], init);
                Answer::Projection { logit, vectors }
            }
            Condition::SemiSupervised => Answer::Classes(naming(builder)),
        };
        let mut head = Self {
            places: plan.places,
            minibatch,
            verdict,
            multiply_adds: 0,
        };
        head.multiply_adds = head.count();
        head
    }

    fn count(&self) -> u64 {
        let crowd = match &self.minibatch {
            Some(Crowd::Discrimination(layer)) => layer.multiply_adds(),
            _ => 0,
        };
        crowd
            + match &self.verdict {
                Answer::Plain(logit) | Answer::Projection { logit, .. } => logit.multiply_adds(),
                Answer::Auxiliary { logit, classes } => {
                    logit.multiply_adds() + classes.multiply_adds()
                }
                Answer::Classes(classes) => classes.multiply_adds(),
            }
    }

    pub(super) fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }

    /// # Panics
    /// If the head projects labels and gets none.
    pub(super) fn judge(
        &self,
        weights: &Weights,
        features: Signal<2>,
        labels: Option<&Tensor<2>>,
    ) -> Verdict {
        let batch = features.value.dims()[0];
        let seen = match &self.minibatch {
            None => features.clone(),
            Some(Crowd::Deviation) => minibatch_deviation(features.clone()),
            Some(Crowd::Discrimination(layer)) => {
                layer.forward(weights, features.value.clone()).into()
            }
        };
        let logit = |layer: &Dense, x: Signal<2>| layer.carry(weights, x).reshape([batch]);
        let (logits, classes) = match &self.verdict {
            Answer::Plain(layer) => (logit(layer, seen), None),
            Answer::Auxiliary {
                logit: layer,
                classes,
            } => {
                let classes = classes.forward(weights, seen.value.clone());
                (logit(layer, seen), Some(classes))
            }
            Answer::Projection {
                logit: layer,
                vectors,
            } => {
                let labels = labels.expect("a discriminator that projects labels gets them");
                let agreement = self.agreement(weights, features.clone(), *vectors, labels);
                (logit(layer, seen).plus(agreement), None)
            }
            Answer::Classes(layer) => {
                // D(x) = Z / (Z + 1), Z the sum of exponents: its logit is log Z
                // (Salimans et al. 2016, section 5).
                let classes = layer.forward(weights, seen.value);
                let top = classes.clone().detach().max_dim(1); // [batch, 1]
                let sum = (classes.clone() - top.clone()).exp().sum_dim(1);
                let logits: Tensor<1> = (sum.log() + top).reshape([batch]);
                (logits.into(), Some(classes))
            }
        };
        Verdict {
            logits,
            classes,
            features: features.value,
        }
    }

    /// `<v_y, sum over places of the features>`.
    fn agreement(
        &self,
        weights: &Weights,
        features: Signal<2>,
        vectors: Id,
        labels: &Tensor<2>,
    ) -> Signal<1> {
        let [batch, count] = features.value.dims();
        let pooled = count / self.places;
        features.weighted(weights, |weights, x| {
            let rows: Tensor<2> = weights.get(vectors);
            let labels = if rows.is_autodiff() {
                labels.clone().autodiff()
            } else {
                labels.clone().without_autodiff()
            };
            let of_label = labels.matmul(rows); // [batch, pooled]
            let places: Tensor<3> = x.reshape([batch, self.places, pooled]);
            let sum: Tensor<2> = places.sum_dim(1).reshape([batch, pooled]);
            (sum * of_label).sum_dim(1).reshape([batch])
        })
    }
}
