//! Placeholder: raw pixels only.
use crate::judge::JudgeError;
use burn::tensor::Device;
use std::path::PathBuf;

/// Which features are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Features {
    /// Digits classifier.
    Digits,
    /// Random VGG16.
    Vgg16,
    /// InceptionV3.
    Inception(PathBuf),
    /// Raw pixels.
    Pixels,
}

impl Features {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, JudgeError> {
        match text {
            "digits" => Ok(Self::Digits),
            "vgg16" => Ok(Self::Vgg16),
            "pixels" => Ok(Self::Pixels),
            _ => match text.strip_prefix("inception:") {
                Some(file) => Ok(Self::Inception(file.into())),
                None => Err(JudgeError::UnknownFeatures { name: text.into() }),
            },
        }
    }
    /// Name.
    pub fn name(&self) -> String {
        match self {
            Self::Digits => "digits".into(),
            Self::Vgg16 => "vgg16".into(),
            Self::Inception(_) => "inception".into(),
            Self::Pixels => "pixels".into(),
        }
    }
}

/// The form of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageForm {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

/// Features and probabilities.
pub struct Extracted {
    /// Row-major.
    pub features: Vec<f32>,
    /// Row-major.
    pub probabilities: Option<Vec<f32>>,
}

/// A feature network.
pub struct Extractor;

impl Extractor {
    /// Opens.
    pub fn open(features: &Features, _device: &Device) -> Result<Self, JudgeError> {
        match features {
            Features::Pixels => Ok(Self),
            other => Err(JudgeError::UnknownFeatures { name: other.name() }),
        }
    }
    /// Name.
    pub fn name(&self) -> String {
        "pixels".into()
    }
    /// Width.
    pub fn width(&self) -> usize {
        0
    }
    /// Extracts.
    pub fn extract(&self, pixels: &[f32], _form: ImageForm) -> Result<Extracted, JudgeError> {
        Ok(Extracted {
            features: pixels.to_vec(),
            probabilities: None,
        })
    }
}
