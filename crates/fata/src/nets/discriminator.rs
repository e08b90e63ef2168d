//! The discriminator of any architecture: what it is shown, its layers, its verdict.

use super::{DiscriminatorNet, Form, Head, HeadPlan, NetError, dcgan, mlp, r3gan, resnet};
use crate::data::Kind;
use crate::layers::{Builder, Parameters, Signal, Weights};
use crate::recipe::{ModelKind, SpectralNorm};
use crate::rng::Random;
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// What a discriminator says of samples.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Logits of the probability that a sample is real, or a critic's values:
    /// `[batch / packing]`.
    pub logits: Signal<1>,
    /// Logits of the classes, `[batch, classes]`, where it names them.
    pub classes: Option<Tensor<2>>,
    /// What the last layer saw: `[batch / packing, features]`.
    pub features: Tensor<2>,
}

/// The discriminator's layers: from samples to a verdict.
#[derive(Clone, Debug)]
pub struct Discriminator {
    net: Arc<dyn DiscriminatorNet>,
    head: Arc<Head>,
    packing: usize,
    /// Places of a sample, each with its channels.
    places: usize,
    labels_join_samples: bool,
    sees_batch: bool,
}

impl Discriminator {
    /// Builds the layers and draws their initial weights.
    ///
    /// # Errors
    /// If the architecture does not fit the data.
    pub fn build(
        form: &Form,
        random: Random,
        device: &Device,
    ) -> Result<(Self, Parameters), NetError> {
        form.check()?;
        let mut builder = Builder::new(random, 1, device);
        builder.spectral = form.model.spectral_norm != SpectralNorm::None;
        let (net, plan): (Arc<dyn DiscriminatorNet>, HeadPlan) = match form.model.kind {
            ModelKind::Mlp => shared(mlp::Discriminator::new(&mut builder, form)),
            ModelKind::Dcgan => shared(dcgan::Discriminator::new(&mut builder, form)),
            ModelKind::Resnet => shared(resnet::Discriminator::new(&mut builder, form)),
            ModelKind::R3gan => shared(r3gan::Discriminator::new(&mut builder, form)),
            ModelKind::Translation => return Err(NetError::Translates),
        };
        let head = Arc::new(Head::new(&mut builder, form, plan));
        let layers = Self {
            net,
            head,
            packing: form.model.packing,
            places: match form.kind {
                Kind::Points { .. } => 1,
                Kind::Images { channels, .. } => {
                    form.network_shape().iter().product::<usize>() / channels
                }
            },
            labels_join_samples: form.labels_join_samples(),
            sees_batch: form.model.sees_batch(),
        };
        Ok((layers, builder.finish()))
    }

    /// Judges samples, and along their direction, if they have one.
    ///
    /// # Shapes
    /// `x` `[batch, product of the network shape]`, labels one-hot
    /// `[batch, classes]`.
    ///
    /// # Panics
    /// If a conditioned discriminator gets no labels.
    pub fn judge(&self, weights: &Weights, x: Signal<2>, labels: Option<&Tensor<2>>) -> Verdict {
        let x = match labels {
            Some(labels) if self.labels_join_samples => self.with_planes(x, labels),
            _ => x,
        };
        let features = self.net.features(weights, self.pack(x));
        self.head.judge(weights, features, labels)
    }

    /// Judges real samples and generated ones. Where no layer looks at its batch
    /// as a whole, both go through in one pass, whose verdicts are the same.
    pub fn judge_both(
        &self,
        weights: &Weights,
        [real, fake]: [Tensor<2>; 2],
        labels: [Option<&Tensor<2>>; 2],
    ) -> [Verdict; 2] {
        if self.sees_batch {
            let [of_real, of_fake] = labels;
            return [(real, of_real), (fake, of_fake)]
                .map(|(x, labels)| self.judge(weights, x.into(), labels));
        }
        let [split, end] =
            [real.dims()[0], real.dims()[0] + fake.dims()[0]].map(|n| n / self.packing);
        let labels = match labels {
            [Some(of_real), Some(of_fake)] => {
                Some(Tensor::cat(vec![of_real.clone(), of_fake.clone()], 0))
            }
            _ => None,
        };
        let x = Tensor::cat(vec![real, fake], 0);
        let both = self.judge(weights, x.into(), labels.as_ref());
        [0..split, split..end].map(|part| Verdict {
            logits: both.logits.value.clone().slice([part.clone()]).into(),
            classes: both
                .classes
                .clone()
                .map(|classes| classes.slice([part.clone()])),
            features: both.features.clone().slice([part]),
        })
    }

    /// Whether a verdict depends on the batch's other samples.
    pub fn sees_batch(&self) -> bool {
        self.sees_batch
    }

    /// A plane of ones for the sample's class, of zeros for each other one.
    fn with_planes(&self, x: Signal<2>, labels: &Tensor<2>) -> Signal<2> {
        let [batch, values] = x.value.dims();
        let [_, classes] = labels.dims();
        let channels = values / self.places;
        let planes: Tensor<3> = labels
            .clone()
            .reshape([batch, 1, classes])
            .repeat_dim(1, self.places);
        x.reshape([batch, self.places, channels])
            .beside(planes)
            .reshape([batch, self.places * (channels + classes)])
    }

    /// Samples that follow one another, beside each other in the channels (Lin
    /// et al. 2018, arXiv 1712.04086, section 3).
    fn pack(&self, x: Signal<2>) -> Signal<2> {
        if self.packing == 1 {
            return x;
        }
        let [batch, values] = x.value.dims();
        let packs = batch / self.packing;
        x.map(|x| {
            let shape = [packs, self.packing, self.places, values / self.places];
            let x: Tensor<4> = x.reshape(shape);
            x.permute([0, 2, 1, 3])
                .reshape([packs, self.packing * values])
        })
    }

    /// Multiply-adds of one sample, the first layer's apart.
    pub fn multiply_adds(&self) -> [u64; 2] {
        let [first, rest] = self.net.multiply_adds();
        let packing = self.packing as u64;
        [
            first / packing,
            (rest + self.head.multiply_adds()) / packing,
        ]
    }
}

fn shared<N: DiscriminatorNet + 'static>(
    (net, plan): (N, HeadPlan),
) -> (Arc<dyn DiscriminatorNet>, HeadPlan) {
    (Arc::new(net), plan)
}
