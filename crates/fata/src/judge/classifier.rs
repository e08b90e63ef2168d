//! Small classifiers that the judge trains: what a test of two samples and the
//! classification accuracy score ask for.

use crate::layers::{
    BatchNorm, Builder, Convolution, Dense, Init, Mode, Parameters, Weights, Window, numbers,
    tensor,
};
use crate::loss::classification;
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, Adam, AdamSlot, adam};

const BATCH: usize = 128;
const RATE: f64 = 1e-3;
/// Items that a training sees in all, at least.
const ITEMS: usize = 150_000;
const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// What goes in: feature vectors, or pictures.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    Rows {
        width: usize,
    },
    Pictures {
        height: usize,
        width: usize,
        channels: usize,
    },
}

/// Items one after the other, and the class of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Labelled {
    pub(super) values: Vec<f32>,
    pub(super) labels: Vec<usize>,
}

enum Layers {
    Rows(Dense, Dense),
    Pictures(Vec<(Convolution, BatchNorm)>, Dense),
}

/// Trains on one set and says which items of the other it names rightly.
pub(super) fn train_and_test(
    input: Input,
    classes: usize,
    train: &Labelled,
    test: &Labelled,
    random: Random,
    device: &Device,
) -> Vec<bool> {
    let (layers, mut parameters) = layers(input, classes, random, device);
    let zeros = |p: &Parameters| -> Vec<Tensor<1>> {
        let trained = p.trained();
        trained
            .iter()
            .map(|v| Tensor::zeros(v.dims(), device))
            .collect()
    };
    let (mut first, mut second) = (zeros(&parameters), zeros(&parameters));
    let count = train.labels.len();
    let each = train.values.len() / count;
    let batch = BATCH.min(count);
    let passes = ITEMS.div_ceil(count).clamp(3, 60);
    let steps = (passes * (count / batch)) as u64;
    let mut step = 0;
    for pass in 0..passes {
        let order = random
            .at(Stream::Judge, 7 << 32 | pass as u64)
            .permutation(count as u32);
        for indices in order.chunks_exact(batch) {
            let mut values = Vec::with_capacity(batch * each);
            let mut targets = vec![0.0; batch * classes];
            for (row, &index) in targets.chunks_exact_mut(classes).zip(indices) {
                values.extend_from_slice(&train.values[index as usize * each..][..each]);
                row[train.labels[index as usize]] = 1.0;
            }
            let x = tensor(values, device).reshape([batch, each]).autodiff();
            let targets = tensor(targets, device).reshape([batch, classes]).autodiff();
            let weights = parameters.tracked(Mode::Train);
            let loss = classification(forward(&layers, input, &weights, x), targets);
            let statistics = weights.take_statistics();
            let gradients = weights.gradients(&mut loss.backward());
            step += 1;
            let turn = std::f64::consts::PI * step as f64 / steps as f64;
            let settings = Adam {
                rate: (RATE * (1.0 + libm::cos(turn)) / 2.0) as f32,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                step,
            };
            let slots = parameters
                .take_trained()
                .into_iter()
                .zip(gradients)
                .zip(first.into_iter().zip(second))
                .map(
                    |((parameter, gradient), (first_moment, second_moment))| AdamSlot {
                        parameter,
                        gradient,
                        first_moment,
                        second_moment,
                    },
                );
            let mut updated = Vec::new();
            (first, second) = (Vec::new(), Vec::new());
            for (value, first_moment, second_moment) in adam(slots.collect(), settings) {
                updated.push(value);
                first.push(first_moment);
                second.push(second_moment);
            }
            parameters.put_trained(updated);
            parameters.absorb(statistics);
        }
    }
    let weights = parameters.plain(Mode::Infer);
    let mut right = Vec::with_capacity(test.labels.len());
    for (values, labels) in test
        .values
        .chunks(1000 * each)
        .zip(test.labels.chunks(1000))
    {
        let x = tensor(values.to_vec(), device).reshape([labels.len(), each]);
        let logits = numbers(forward(&layers, input, &weights, x));
        right.extend(
            logits
                .chunks_exact(classes)
                .zip(labels)
                .map(|(row, &label)| {
                    let best = (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b]));
                    best == Some(label)
                }),
        );
    }
    right
}

fn layers(input: Input, classes: usize, random: Random, device: &Device) -> (Layers, Parameters) {
    let mut builder = Builder::new(random, 2, device);
    let layers = match input {
        Input::Rows { width } => Layers::Rows(
            Dense::new(&mut builder, "hidden", [width, 64], LEAKY),
            Dense::new(&mut builder, "last", [64, classes], Activation::Identity),
        ),
        Input::Pictures {
            height,
            width,
            channels,
        } => {
            let mut block = |name: &str, channels: [usize; 2]| {
                let convolution = Convolution::new(
                    &mut builder,
                    name,
                    channels,
                    Window::of_four(Init::Normal(0.02)),
                );
                let norm =
                    BatchNorm::new(&mut builder, &format!("{name}.norm"), channels[1], LEAKY);
                (convolution, norm)
            };
            let blocks = vec![
                block("first", [channels, 24]),
                block("second", [24, 48]),
                block("third", [48, 64]),
            ];
            let inputs = (height / 2 / 2 / 2) * (width / 2 / 2 / 2) * 64;
            let sizes = [inputs, classes];
            Layers::Pictures(
                blocks,
                Dense::new(&mut builder, "last", sizes, Activation::Identity),
            )
        }
    };
    (layers, builder.finish())
}

fn forward(layers: &Layers, input: Input, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
    let batch = x.dims()[0];
    match (layers, input) {
        (
            Layers::Pictures(blocks, last),
            Input::Pictures {
                height,
                width,
                channels,
            },
        ) => {
            let mut x = x.reshape([batch, height, width, channels]);
            for (convolution, norm) in blocks {
                x = norm.forward(weights, convolution.forward(weights, x));
            }
            let [_, height, width, channels] = x.dims();
            last.forward(weights, x.reshape([batch, height * width * channels]))
        }
        (Layers::Rows(hidden, last), _) => last.forward(weights, hidden.forward(weights, x)),
        _ => unreachable!("the layers were made for this input"),
    }
}
