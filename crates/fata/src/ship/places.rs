//! Places in the latent space that no seed need have drawn: what walks,
//! arithmetic, directions and inversion make samples of.

use super::model::{Generator, ModelError};
use super::sampling::Latent;
use crate::data::Kind;
use crate::draw::Picture;
use crate::layers::{Mode, Weights, numbers, tensor};
use burn::tensor::Tensor;

/// A latent vector and, in a model that is conditioned on labels, the share of
/// each class: one alone for a sample, several on the way between classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The latent vector.
    pub z: Vec<f32>,
    /// A share for each class, together 1; empty where the model knows none.
    pub classes: Vec<f32>,
}

impl Generator {
    /// The place from which a seed's sample is made.
    pub fn place(&self, seed: u64) -> Place {
        self.place_of(&self.latent(seed))
    }

    /// The place of a latent of the caller's own.
    pub fn place_of(&self, latent: &Latent) -> Place {
        let mut classes = vec![0.0; self.latents.classes()];
        let label = latent.label.unwrap_or_default() as usize;
        if let Some(share) = classes.get_mut(label) {
            *share = 1.0;
        }
        Place {
            z: latent.z.clone(),
            classes,
        }
    }

    /// Numbers in a latent vector.
    pub fn latent_length(&self) -> usize {
        self.form.model.latent
    }

    /// Class shares of a place: as many as classes, none in a model that is not
    /// conditioned on labels.
    pub fn class_shares(&self) -> usize {
        self.latents.classes()
    }

    /// The last numbers of a latent vector, which are -1 or 1 in some models.
    pub fn latent_binary(&self) -> usize {
        self.form.model.latent_binary
    }

    /// Samples of places: pictures cropped to the data's size, in [-1, 1]; points
    /// in their units. A place that is a seed's gives that seed's sample.
    ///
    /// # Panics
    /// If a vector is not as long as the recipe says, or there are not as many
    /// shares as classes.
    pub fn values_at(&self, places: &[Place]) -> Vec<Vec<f32>> {
        let weights = self.parameters.plain(Mode::Infer);
        let mut samples = Vec::with_capacity(places.len());
        for batch in places.chunks(Self::BATCH) {
            let [z, classes] = self.rows(batch, Self::BATCH);
            let labels = (self.latents.classes() > 0).then_some(classes);
            let values = numbers(self.layers.forward(&weights, z, labels.as_ref()));
            let length = values.len() / Self::BATCH;
            let values = values.chunks_exact(length).take(batch.len());
            samples.extend(values.map(|sample| self.finish(sample)));
        }
        samples
    }

    /// Pictures of places.
    ///
    /// # Errors
    /// If the model makes points.
    ///
    /// # Panics
    /// As [`Generator::values_at`].
    pub fn pictures_at(&self, places: &[Place]) -> Result<Vec<Picture>, ModelError> {
        let values = self.values_at(places);
        values.iter().map(|values| self.picture(values)).collect()
    }

    /// What the generator's first layer makes of places, after its norm and its
    /// activation where the architecture has them there.
    ///
    /// # Shapes
    /// The result is [places, units], row by row.
    pub(crate) fn first_outputs(&self, places: &[Place]) -> Vec<f32> {
        let weights = self.parameters.plain(Mode::Infer);
        let mut outputs = Vec::new();
        for batch in places.chunks(Self::BATCH) {
            let [z, classes] = self.rows(batch, Self::BATCH);
            let labels = (self.latents.classes() > 0).then_some(classes);
            let values = numbers(self.layers.first(&weights, z, labels.as_ref()));
            let length = values.len() / Self::BATCH;
            outputs.extend_from_slice(&values[..length * batch.len()]);
        }
        outputs
    }

    /// The weights that the first layer gives the latent vector.
    ///
    /// # Shapes
    /// [units, latent], row by row.
    pub(crate) fn first_weight(&self) -> Vec<f32> {
        let weights = self.parameters.plain(Mode::Infer);
        self.layers.first_weight(&weights, self.form.model.latent)
    }

    /// Samples through which gradients flow back to the latents; the weights
    /// are constants.
    ///
    /// # Shapes
    /// `z` [batch, latent], class shares [batch, classes]; the result [batch,
    /// height, width, channels] as the network makes it, what it pads cut away.
    pub(crate) fn differentiable(
        &self,
        weights: &Weights,
        z: Tensor<2>,
        classes: Option<&Tensor<2>>,
    ) -> Tensor<4> {
        let batch = z.dims()[0];
        let shape = self.form.network_shape();
        let [tall, wide, channels] = [0, 1, 2].map(|axis| shape.get(axis).copied().unwrap_or(1));
        let x = self.layers.forward(weights, z, classes);
        let x = x.reshape([batch, tall, wide, channels]);
        let Kind::Images { height, width, .. } = self.data.kind else {
            return x;
        };
        let [top, left] = [(tall - height) / 2, (wide - width) / 2];
        x.narrow(1, top, height).narrow(2, left, width)
    }

    /// The weights for [`Generator::differentiable`].
    pub(crate) fn frozen(&self) -> Weights {
        self.parameters.frozen(Mode::Infer)
    }

    /// The device on which samples are made.
    pub(crate) fn device(&self) -> &burn::tensor::Device {
        self.parameters.device()
    }

    /// Latents and class shares as tensors of `rows` rows, the last ones zero.
    fn rows(&self, places: &[Place], rows: usize) -> [Tensor<2>; 2] {
        let (length, count) = (self.form.model.latent, self.latents.classes());
        let flat = |width: usize, of: fn(&Place) -> &Vec<f32>| {
            let mut values = vec![0.0; rows * width.max(1)];
            for (row, place) in values.chunks_exact_mut(width.max(1)).zip(places) {
                if width > 0 {
                    row.copy_from_slice(of(place));
                }
            }
            tensor(values, self.parameters.device()).reshape([rows, width.max(1)])
        };
        [
            flat(length, |place| &place.z),
            flat(count, |place| &place.classes),
        ]
    }
}
