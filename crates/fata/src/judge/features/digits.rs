//! A small classifier of digits, embedded in the program: features that know
//! what a digit is, and probabilities of the ten classes.
//!
//! Trained by `cargo xtask train-digits-classifier` on 9,000 of the 10,000
//! built-in digits with this library's own layers; on the other 1,000 (the
//! last) its accuracy is in [`ACCURACY`]. Features are the 64 numbers before
//! the last layer. Images are made grey and resized to 28x28; what is neither
//! grey, RGB nor RGBA is refused. Images that are no digits have features too,
//! and an answer among ten digits that means nothing.
//!
//! What the numbers cannot say: the classifier has seen 9,000 of the digits
//! that generated ones are compared with, and is surer of those than of new
//! ones. That is the same for every generator, so it ranks them rightly, but a
//! perfect generator may score a little below another draw of those 9,000.

use super::{Extracted, FeaturesError, ImageForm, Network, prepare, softmax};
use crate::layers::{
    BatchNorm, Builder, Convolution, Dense, Init, Mode, Parameters, Weights, Window,
};
use crate::layers::{numbers, tensor};
use crate::rng::Random;
use crate::ship::container::{self, Container};
use burn::tensor::{Device, Tensor};
use fata_kernels::Activation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Digits are this many pixels a side.
pub const SIDE: usize = 28;

/// Zero to nine.
pub const CLASSES: usize = 10;

/// Digits at the end of the built-in ones that the classifier was not trained on.
pub const HELD_OUT: usize = 1000;

/// The share of them that it names rightly; a test measures it again.
pub const ACCURACY: f64 = 0.991;

/// Features per image.
const WIDTH: usize = 64;

const TRAINED: &[u8] = include_bytes!("../../../../../assets/digits/classifier.safetensors");

/// The classifier's layers.
#[derive(Clone, Debug)]
pub struct Classifier {
    blocks: [(Convolution, BatchNorm); 3],
    hidden: Dense,
    last: Dense,
}

impl Classifier {
    /// The layers with initial weights.
    pub fn new(random: Random, device: &Device) -> (Self, Parameters) {
        let mut builder = Builder::new(random, 0, device);
        let mut block = |name: &str, channels: [usize; 2]| {
            let convolution = Convolution::new(
                &mut builder,
                name,
                channels,
                Window::of_four(Init::Normal(0.02)),
            );
            let norm = BatchNorm::new(
                &mut builder,
                &format!("{name}.norm"),
                channels[1],
                Activation::Relu,
            );
            (convolution, norm)
        };
        let blocks = [
            block("block14", [1, 24]),
            block("block7", [24, 48]),
            block("block3", [48, 64]),
        ];
        let layers = Self {
            blocks,
            hidden: Dense::new(
                &mut builder,
                "hidden",
                [3 * 3 * 64, WIDTH],
                Activation::Relu,
            ),
            last: Dense::new(&mut builder, "last", [WIDTH, CLASSES], Activation::Identity),
        };
        (layers, builder.finish())
    }

    /// Features and logits.
    ///
    /// # Shapes
    /// `x` [batch, 28, 28, 1] in [-1, 1]; [batch, 64] and [batch, 10].
    pub fn forward(&self, weights: &Weights, mut x: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        for (convolution, norm) in &self.blocks {
            x = norm.forward(weights, convolution.forward(weights, x)); // sides halved: 14, 7, 3
        }
        let [batch, height, width, channels] = x.dims();
        let features = self
            .hidden
            .forward(weights, x.reshape([batch, height * width * channels]));
        (features.clone(), self.last.forward(weights, features))
    }
}

/// What the file of the classifier says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Card {}

impl container::Card for Card {
    const KIND: &'static str = "digits classifier";
}

/// The bytes of a file that holds a trained classifier.
pub fn encode(parameters: &Parameters) -> Vec<u8> {
    let list = parameters.list().iter().enumerate();
    let tensors = list.map(|(index, parameter)| {
        (
            parameter.name.clone(),
            (parameter.shape.clone(), parameters.read(index)),
        )
    });
    Container {
        card: Card {},
        tensors: tensors.collect::<BTreeMap<_, _>>(),
    }
    .encode()
}

/// The classifier with its trained weights.
pub(super) struct Digits {
    layers: Classifier,
    parameters: Parameters,
}

impl Digits {
    pub(super) fn new(device: &Device) -> Self {
        let (layers, mut parameters) = Classifier::new(Random::new(0), device);
        let mut file: Container<Card> =
            Container::decode(TRAINED).expect("the embedded classifier is whole: a test reads it");
        for index in 0..parameters.list().len() {
            let parameter = &parameters.list()[index];
            let numbers = file.take(&parameter.name, &parameter.shape);
            parameters.write(
                index,
                numbers.expect("the embedded classifier has these layers"),
            );
        }
        Self { layers, parameters }
    }
}

impl Network for Digits {
    fn width(&self, _: ImageForm) -> usize {
        WIDTH
    }

    fn images_at_once(&self) -> usize {
        512
    }

    fn run(&self, pixels: &[f32], form: ImageForm) -> Result<Extracted, FeaturesError> {
        let pixels = prepare::grey(pixels, form.channels, "digits")?;
        let pixels = prepare::resize(
            pixels,
            ImageForm {
                channels: 1,
                ..form
            },
            SIDE,
        );
        let images = pixels.len() / (SIDE * SIDE);
        let x = tensor(pixels, self.parameters.device()).reshape([images, SIDE, SIDE, 1]);
        let (features, logits) = self.layers.forward(&self.parameters.plain(Mode::Infer), x);
        Ok(Extracted {
            features: numbers(features),
            probabilities: Some(softmax(&numbers(logits), CLASSES)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataOptions, Dataset};
    use std::path::Path;

    #[test]
    fn its_accuracy_on_digits_it_was_not_trained_on_is_what_the_docs_say() {
        let digits = Dataset::open(Path::new("digits"), &DataOptions::default()).unwrap();
        let first = digits.len() - HELD_OUT;
        let form = ImageForm {
            height: SIDE,
            width: SIDE,
            channels: 1,
        };
        let mut pixels = vec![0.0; HELD_OUT * SIDE * SIDE];
        for (index, picture) in (first..).zip(pixels.chunks_exact_mut(SIDE * SIDE)) {
            digits.read(index, picture).unwrap();
        }
        let probabilities = Digits::new(&Device::flex())
            .run(&pixels, form)
            .unwrap()
            .probabilities
            .unwrap();
        let right = (first..)
            .zip(probabilities.chunks_exact(CLASSES))
            .filter(|(index, row)| {
                let answer = (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b]));
                answer.map(|answer| answer as u32) == digits.label(*index)
            });
        let accuracy = right.count() as f64 / HELD_OUT as f64;
        // One digit more or less, for processors that round otherwise.
        assert!((accuracy - ACCURACY).abs() < 0.0015, "{accuracy}");
    }
}
