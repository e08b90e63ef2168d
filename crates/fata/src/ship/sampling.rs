//! Samples of a generator: from seeds, or from latents of the caller's own.

use super::model::{Generator, ModelError};
use crate::data::Kind;
use crate::draw::Picture;
use crate::seeds::Seeds;

const BATCH: usize = Generator::BATCH;

/// What a sample is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// The latent vector.
    pub z: Vec<f32>,
    /// The class, in a model that is conditioned on it.
    pub label: Option<u32>,
}

/// Samples, as the network and the data have them.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// One picture a seed, of the data's own size.
    Pictures(Vec<Picture>),
    /// One row a seed, in the data's own units.
    Points(Vec<Vec<f32>>),
}

impl Generator {
    /// Samples are made in batches of this many, always full, so that a sample's
    /// bits do not depend on what else was asked for.
    pub const BATCH: usize = 16;

    /// What a seed's sample is made from: a standard normal vector and, in a
    /// conditioned model, the class asked for, or one drawn at the data's shares.
    pub fn latent(&self, seed: u64) -> Latent {
        let drawn = self.latents.label_of_sample(seed);
        let mut z = self.latents.of_sample(seed);
        self.truncate(&mut z, self.truncation);
        Latent {
            z,
            label: drawn.map(|drawn| self.class.unwrap_or(drawn)),
        }
    }

    /// The generator whose seeds are drawn nearer to the middle of the latent
    /// space, or farther from it: `z -> psi z`. Below 1 samples are more ordinary
    /// and alike, above 1 more varied and odd.
    ///
    /// # Source
    /// Karras et al. 2019, arXiv 1812.04948, appendix B, in the space of `z`, whose
    /// mean is 0. (Brock et al. 2018, arXiv 1809.11096, draw again what lies outside.)
    #[must_use]
    pub fn truncated(mut self, psi: f32) -> Self {
        self.truncation = psi;
        self
    }

    /// Moves a latent vector towards the middle, as [`Generator::truncated`] does;
    /// numbers that are -1 or 1 stay.
    pub fn truncate(&self, z: &mut [f32], psi: f32) {
        let normal = z.len().saturating_sub(self.form.model.latent_binary);
        z[..normal].iter_mut().for_each(|number| *number *= psi);
    }

    /// The classes that samples can be asked of; empty where the model is not
    /// conditioned on labels.
    pub fn classes(&self) -> &[String] {
        match self.latents.classes() {
            0 => &[],
            _ => &self.data.classes,
        }
    }

    /// The generator, all of whose samples are of one class: by its name, or else
    /// by its number from 0.
    ///
    /// # Errors
    /// If the model is not conditioned on labels or has no such class.
    pub fn of_class(self, class: &str) -> Result<Self, ModelError> {
        let names = self.classes();
        if names.is_empty() {
            let why = "this model was not trained on labels, so it makes no class on demand: train one with a conditional recipe, such as `--recipe cgan` or `--recipe projection`";
            return Err(ModelError::Class(why.into()));
        }
        let by_name = names.iter().position(|name| name == class);
        let by_number = || {
            class
                .parse()
                .ok()
                .filter(|&index: &usize| index < names.len())
        };
        let Some(index) = by_name.or_else(by_number) else {
            let shown = names
                .iter()
                .take(20)
                .map(String::as_str)
                .collect::<Vec<_>>();
            let more = if names.len() > 20 { ", ..." } else { "" };
            return Err(ModelError::Class(format!(
                "there is no class `{class}`; the model has {} of them: {}{more}",
                names.len(),
                shown.join(", ")
            )));
        };
        Ok(self.of_class_number(index as u32))
    }

    /// As [`Generator::of_class`], by a number that is known to exist.
    pub(crate) fn of_class_number(mut self, class: u32) -> Self {
        self.class = Some(class);
        self
    }

    /// One sample for each seed.
    ///
    /// # Errors
    /// None that a loaded model can cause.
    pub fn sample(&self, seeds: &Seeds) -> Result<Samples, ModelError> {
        let mut pictures = Vec::new();
        let mut points = Vec::new();
        for seeds in seeds.list().chunks(BATCH) {
            let latents: Vec<_> = seeds.iter().map(|&seed| self.latent(seed)).collect();
            for values in self.forward(&latents) {
                match self.data.kind {
                    Kind::Images { .. } => pictures.push(self.picture(&values)?),
                    Kind::Points { .. } => points.push(values),
                }
            }
        }
        Ok(match self.data.kind {
            Kind::Images { .. } => Samples::Pictures(pictures),
            Kind::Points { .. } => Samples::Points(points),
        })
    }

    /// Pictures from seeds.
    ///
    /// # Errors
    /// If the model makes points.
    pub fn pictures(&self, seeds: &Seeds) -> Result<Vec<Picture>, ModelError> {
        match self.sample(seeds)? {
            Samples::Pictures(pictures) => Ok(pictures),
            Samples::Points(_) => Err(ModelError::Kind {
                makes: "points",
                wanted: "pictures",
                instead: "a .csv file",
            }),
        }
    }

    /// Points from seeds, in the data's own units.
    ///
    /// # Errors
    /// If the model makes pictures.
    pub fn points(&self, seeds: &Seeds) -> Result<Vec<Vec<f32>>, ModelError> {
        match self.sample(seeds)? {
            Samples::Points(points) => Ok(points),
            Samples::Pictures(_) => Err(ModelError::Kind {
                makes: "pictures",
                wanted: "points",
                instead: "a .png file or a folder",
            }),
        }
    }

    /// Samples from latents of the caller's own: pictures as the network makes
    /// them, cropped to the data's size, in [-1, 1]; points in their units.
    ///
    /// # Panics
    /// If a latent is not as long as the recipe says, or lacks the label of a
    /// conditioned model.
    pub fn forward(&self, latents: &[Latent]) -> Vec<Vec<f32>> {
        let places: Vec<_> = latents.iter().map(|latent| self.place_of(latent)).collect();
        self.values_at(&places)
    }

    /// Crops what was padded, and gives points their units back.
    pub(super) fn finish(&self, sample: &[f32]) -> Vec<f32> {
        match self.data.kind {
            Kind::Points { .. } => {
                let mut point = sample.to_vec();
                if let Some(units) = &self.data.units {
                    units.to_units(&mut point);
                }
                point
            }
            Kind::Images {
                channels,
                height,
                width,
            } => {
                let side = self.form.padded_side();
                let [tall, wide] = [side.unwrap_or(height), side.unwrap_or(width)];
                let [top, left] = [(tall - height) / 2, (wide - width) / 2];
                let rows = sample.chunks_exact(wide * channels).skip(top).take(height);
                rows.flat_map(|row| &row[left * channels..][..width * channels])
                    .copied()
                    .collect()
            }
        }
    }

    pub(super) fn picture(&self, values: &[f32]) -> Result<Picture, ModelError> {
        match self.data.kind {
            Kind::Images {
                channels,
                height,
                width,
            } => Ok(Picture::from_signed(values, height, width, channels)?),
            Kind::Points { .. } => Err(ModelError::Kind {
                makes: "points",
                wanted: "pictures",
                instead: "a .csv file",
            }),
        }
    }
}
