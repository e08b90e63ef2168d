//! Features: what a network sees in an image, as numbers that metrics compare.
//!
//! Four kinds: a classifier of digits, embedded; VGG16 with random weights, for
//! data unlike photographs; InceptionV3 with the weights that published FIDs
//! use, from a file; and the pixels themselves. None is downloaded. Numbers of
//! different features have different meanings, so each has a name that goes
//! into reports. What is computed of features is not here.

pub mod digits;
mod error;
mod inception;
mod pooling;
mod prepare;
mod vgg16;
pub mod weights;

pub use error::FeaturesError;

use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use weights::WeightsFile;

/// Which features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Features {
    /// Those of the embedded classifier of digits.
    Digits,
    /// Those of VGG16 with random weights.
    Vgg16,
    /// Those of InceptionV3, its weights in this file.
    Inception(PathBuf),
    /// The pixels, in [-1, 1].
    Pixels,
}

impl Features {
    /// What `digits`, `vgg16`, `pixels` or `inception:FILE` name.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn parse(text: &str) -> Result<Self, FeaturesError> {
        match (text, text.strip_prefix("inception:")) {
            ("digits", _) => Ok(Self::Digits),
            ("vgg16", _) => Ok(Self::Vgg16),
            ("pixels", _) => Ok(Self::Pixels),
            (_, Some(path)) if !path.is_empty() => Ok(Self::Inception(path.into())),
            _ => Err(FeaturesError::Unknown(text.into())),
        }
    }

    /// The name as [`Features::parse`] reads it.
    pub fn name(&self) -> String {
        match self {
            Self::Digits => "digits".into(),
            Self::Vgg16 => "vgg16".into(),
            Self::Inception(path) => format!("inception:{}", path.display()),
            Self::Pixels => "pixels".into(),
        }
    }
}

impl FromStr for Features {
    type Err = FeaturesError;

    fn from_str(text: &str) -> Result<Self, FeaturesError> {
        Self::parse(text)
    }
}

/// The sizes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageForm {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 grey, 3 RGB, 4 RGBA.
    pub channels: usize,
}

/// What a network says of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extracted {
    /// [images, width], row by row.
    pub features: Vec<f32>,
    /// [images, classes], row by row, from networks that classify.
    pub probabilities: Option<Vec<f32>>,
}

/// A feature network with its weights.
pub struct Extractor {
    name: String,
    network: Box<dyn Network>,
}

/// What every feature network can do. Pixels are checked already.
trait Network: Send + Sync {
    fn width(&self, form: ImageForm) -> usize;
    /// Enough to keep the processor busy and few enough to stay in memory.
    fn images_at_once(&self) -> usize;
    fn run(&self, pixels: &[f32], form: ImageForm) -> Result<Extracted, FeaturesError>;
}

impl Extractor {
    /// Makes the network ready.
    ///
    /// # Errors
    /// If its weights are in a file that cannot be used.
    pub fn open(features: &Features, device: &Device) -> Result<Self, FeaturesError> {
        let (name, network): (String, Box<dyn Network>) = match features {
            Features::Digits => ("digits".into(), Box::new(digits::Digits::new(device))),
            Features::Vgg16 => ("vgg16".into(), Box::new(vgg16::Vgg16::new(device))),
            Features::Pixels => ("pixels".into(), Box::new(Pixels)),
            Features::Inception(path) => {
                let network = inception(path, device)?;
                (format!("inception:{}", network.hash()), Box::new(network))
            }
        };
        Ok(Self { name, network })
    }

    /// The name for reports. Two extractors of the same name give the same
    /// features; for Inception it ends with the beginning of its weights' hash,
    /// which does not depend on the form of their file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Features per image of this form.
    pub fn width(&self, form: ImageForm) -> usize {
        self.network.width(form)
    }

    /// The features of images, in batches: beside what is returned, memory does
    /// not depend on how many there are.
    ///
    /// # Shapes
    /// `pixels` [images, height, width, channels], row by row, in [-1, 1].
    ///
    /// # Errors
    /// If there are not whole images, a pixel is not a number in [-1, 1], or the
    /// network has no use for so many channels.
    pub fn extract(&self, pixels: &[f32], form: ImageForm) -> Result<Extracted, FeaturesError> {
        let images = prepare::count(pixels, form)?;
        let each = form.height * form.width * form.channels;
        let mut all = Extracted::default();
        all.features.reserve_exact(images * self.width(form));
        for batch in pixels.chunks(self.network.images_at_once() * each) {
            let some = self.network.run(batch, form)?;
            all.features.extend(some.features);
            if let Some(probabilities) = some.probabilities {
                all.probabilities
                    .get_or_insert_default()
                    .extend(probabilities);
            }
        }
        Ok(all)
    }
}

fn inception(path: &Path, device: &Device) -> Result<inception::Inception, FeaturesError> {
    let network = WeightsFile::open(path).and_then(|file| {
        inception::Inception::new(&|name, shape| file.tensor(name, shape), device)
    });
    network.map_err(|cause| FeaturesError::Weights {
        path: path.into(),
        cause,
    })
}

/// The pixels themselves.
struct Pixels;

impl Network for Pixels {
    fn width(&self, form: ImageForm) -> usize {
        form.height * form.width * form.channels
    }

    fn images_at_once(&self) -> usize {
        1024
    }

    fn run(&self, pixels: &[f32], _: ImageForm) -> Result<Extracted, FeaturesError> {
        Ok(Extracted {
            features: pixels.to_vec(),
            probabilities: None,
        })
    }
}

/// Probabilities from logits, row by row.
fn softmax(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let largest = row
            .iter()
            .fold(f32::NEG_INFINITY, |largest, &logit| largest.max(logit));
        let powers: Vec<f64> = row
            .iter()
            .map(|logit| libm::exp(f64::from(logit - largest)))
            .collect();
        let sum: f64 = powers.iter().sum();
        probabilities.extend(powers.iter().map(|power| (power / sum) as f32));
    }
    probabilities
}

#[cfg(test)]
mod tests;
