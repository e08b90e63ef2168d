//! The classifier two-sample test: a small network learns to tell data from
//! samples by their features, and is asked about those it has not seen.
//!
//! One half is the equilibrium the books speak of; 1 says that something gives
//! every sample away, and not what. The network is trained for each report, so
//! values move by some hundredths with the seed beyond their interval.
//!
//! # Source
//! Lopez-Paz and Oquab 2017, arXiv 1610.06545. A hidden layer of 64, on one
//! half of each set; the accuracy is that on the other halves.

use super::classifier::{Input, Labelled, train_and_test};
use super::measured::Measured;
use super::rows::Rows;
use crate::rng::{Random, Stream};
use burn::tensor::Device;

/// Items of each kind that are used.
const MOST: usize = 5000;

/// The held-out accuracy of telling data from samples.
pub(super) fn classifier_accuracy(
    data: Rows,
    generated: Rows,
    random: Random,
    device: &Device,
) -> Measured {
    let count = data.count().min(generated.count()).min(2 * MOST);
    let (mut train, mut test) = (Labelled::default(), Labelled::default());
    for (label, set) in [data, generated].into_iter().enumerate() {
        // An order of its own for each, so that an index says nothing.
        let order = random
            .at(Stream::Judge, 8 << 32 | label as u64)
            .permutation(set.count() as u32);
        for (place, &index) in order[..count].iter().enumerate() {
            let half = if place % 2 == 0 {
                &mut train
            } else {
                &mut test
            };
            half.values.extend_from_slice(set.row(index as usize));
            half.labels.push(label);
        }
    }
    standardise(&mut train.values, &mut test.values, data.width);
    let input = Input::Rows { width: data.width };
    Measured::share(train_and_test(input, 2, &train, &test, random, device))
}

/// Brings each column of the training half to mean 0 and deviation 1, and the
/// other half along.
fn standardise(train: &mut [f32], test: &mut [f32], width: usize) {
    for column in 0..width {
        let values = || {
            train
                .iter()
                .skip(column)
                .step_by(width)
                .map(|&v| f64::from(v))
        };
        let count = (train.len() / width) as f64;
        let mean = values().sum::<f64>() / count;
        let deviation = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        let scale = if deviation > 0.0 {
            1.0 / deviation
        } else {
            0.0
        };
        for set in [&mut *train, &mut *test] {
            for value in set.iter_mut().skip(column).step_by(width) {
                *value = ((f64::from(*value) - mean) * scale) as f32;
            }
        }
    }
}
