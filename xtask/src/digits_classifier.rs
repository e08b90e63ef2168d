//! Trains the classifier of digits that the judge embeds.
//!
//! On all but the last 1,000 of the built-in digits, each seen 40 times in an
//! order and with a shift, turn and scale drawn from one seed; Adam, its rate
//! falling to zero along a cosine. The same machine writes the same file again.

use anyhow::Context;
use burn::tensor::{Device, Tensor, TensorData};
use fata::data::{DataOptions, Dataset};
use fata::files::write_whole;
use fata::judge::features::digits::{CLASSES, Classifier, HELD_OUT, SIDE, encode};
use fata::layers::{Mode, Parameters};
use fata::loss::classification;
use fata::recipe::Optimizer;
use fata::rng::{Draws, Random, Stream};
use fata::train::OptimizerState;
use std::path::Path;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../assets/digits/classifier.safetensors"
);

const SEED: u64 = 10;
const EPOCHS: u64 = 40;
const BATCH: usize = 100;
const RATE: f64 = 2e-3;

/// Trains and writes the file, `to` or the one that is embedded.
pub(crate) fn train(to: Option<String>) -> anyhow::Result<()> {
    let device = Device::flex();
    let digits = Digits::load()?;
    let (seen, held_out) = (digits.labels.len() - HELD_OUT, digits.labels.len());
    let random = Random::new(SEED);
    let (layers, mut parameters) = Classifier::new(random, &device);
    let settings = Optimizer {
        rate: RATE,
        beta1: 0.9,
        ..Optimizer::default()
    };
    let mut optimizer = OptimizerState::new(&settings, &parameters);
    let steps = EPOCHS * (seen / BATCH) as u64;
    let (mut step, mut digit) = (0, 0);
    for epoch in 0..EPOCHS {
        let order = random.at(Stream::Order, epoch).permutation(seen as u32);
        let mut losses = 0.0;
        for indices in order.chunks_exact(BATCH) {
            let mut pixels = Vec::with_capacity(BATCH * SIDE * SIDE);
            for &index in indices {
                let change = Change::draw(&mut random.at(Stream::Augment, digit));
                pixels.extend(change.of(digits.picture(index as usize)));
                digit += 1;
            }
            let targets = indices.iter().flat_map(|&index| {
                let label = digits.labels[index as usize] as usize;
                (0..CLASSES).map(move |class| f32::from(u8::from(class == label)))
            });
            let targets = batch(targets.collect(), &device)
                .reshape([BATCH, CLASSES])
                .autodiff();
            let x = batch(pixels, &device)
                .reshape([BATCH, SIDE, SIDE, 1])
                .autodiff();

            let weights = parameters.tracked(Mode::Train);
            let (_, logits) = layers.forward(&weights, x);
            let loss = classification(logits, targets);
            losses += loss.clone().into_scalar::<f32>();
            let statistics = weights.take_statistics();
            let gradients = weights.gradients(&mut loss.backward());
            step += 1;
            let share = (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos()) / 2.0;
            optimizer.step(&mut parameters, gradients, share);
            parameters.absorb(statistics);
        }
        let right = digits.right(&layers, &parameters, seen..held_out);
        let loss = losses / (seen / BATCH) as f32;
        println!(
            "epoch {epoch:2}  loss {loss:.4}  held out {:.4}",
            right as f64 / HELD_OUT as f64
        );
    }
    let to = to.unwrap_or_else(|| FILE.into());
    write_whole(Path::new(&to), &encode(&parameters)).context("the classifier")?;
    Ok(())
}

/// The built-in digits in memory.
struct Digits {
    pixels: Vec<f32>,
    labels: Vec<u32>,
}

impl Digits {
    fn load() -> anyhow::Result<Self> {
        let data = Dataset::open(Path::new("digits"), &DataOptions::default())?;
        let mut pixels = vec![0.0; data.len() * SIDE * SIDE];
        let mut labels = Vec::new();
        for (index, picture) in pixels.chunks_exact_mut(SIDE * SIDE).enumerate() {
            data.read(index, picture)?;
            labels.push(data.label(index).context("a digit without label")?);
        }
        Ok(Self { pixels, labels })
    }

    fn picture(&self, index: usize) -> &[f32] {
        &self.pixels[index * SIDE * SIDE..(index + 1) * SIDE * SIDE]
    }

    /// How many of these are named rightly.
    fn right(
        &self,
        layers: &Classifier,
        parameters: &Parameters,
        which: std::ops::Range<usize>,
    ) -> usize {
        let count = which.len();
        let pixels = self.pixels[which.start * SIDE * SIDE..which.end * SIDE * SIDE].to_vec();
        let x = batch(pixels, parameters.device()).reshape([count, SIDE, SIDE, 1]);
        let (_, logits) = layers.forward(&parameters.plain(Mode::Infer), x);
        let logits = logits
            .into_data()
            .convert::<f32>()
            .try_into_vec::<f32>()
            .expect("converted to f32");
        let rows = logits.chunks_exact(CLASSES).zip(which);
        rows.filter(|(row, index)| {
            let answer = (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b]));
            answer.map(|answer| answer as u32) == Some(self.labels[*index])
        })
        .count()
    }
}

/// A small move of a digit, as hands make them.
struct Change {
    /// From positions of the new picture, about its middle, to those of the old.
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
}

impl Change {
    /// Turned by up to 12 degrees, sheared by up to 0.15, scaled by 0.88 to 1.12
    /// and shifted by up to two pixels.
    fn draw(draws: &mut Draws) -> Self {
        let mut within = |bound: f32| bound * (2.0 * draws.uniform() - 1.0);
        let (sin, cos) = within(0.21).sin_cos();
        let (shear, scale) = (within(0.15), 1.0 + within(0.12));
        Self {
            matrix: [
                [scale * cos, scale * (shear * cos - sin)],
                [scale * sin, scale * (shear * sin + cos)],
            ],
            shift: [within(2.0), within(2.0)],
        }
    }

    /// The changed digit, bilinear, black around.
    fn of(&self, picture: &[f32]) -> impl Iterator<Item = f32> {
        let at = |y: f32, x: f32| match (y, x) {
            (0.0..28.0, 0.0..28.0) => picture[y as usize * SIDE + x as usize],
            _ => -1.0,
        };
        let middle = (SIDE as f32 - 1.0) / 2.0;
        (0..SIDE * SIDE).map(move |place| {
            let from = [
                (place / SIDE) as f32 - middle,
                (place % SIDE) as f32 - middle,
            ];
            let [y, x] = [0, 1].map(|axis| {
                let row = self.matrix[axis];
                row[0] * from[0] + row[1] * from[1] + middle + self.shift[axis]
            });
            let (top, left) = (y.floor(), x.floor());
            let (down, across) = (y - top, x - left);
            let upper = at(top, left) * (1.0 - across) + at(top, left + 1.0) * across;
            let lower = at(top + 1.0, left) * (1.0 - across) + at(top + 1.0, left + 1.0) * across;
            upper * (1.0 - down) + lower * down
        })
    }
}

fn batch(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [length]), device)
}
