//! The losses against PyTorch's numbers and against finite differences.

use super::*;
use crate::layers::{numbers, tensor};
use burn::tensor::Device;
use serde::Deserialize;

/// What PyTorch computes; `fixtures/layers/make.py` says what is in it.
const FIXTURE: &str = include_str!("../../fixtures/layers/losses.json");

#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    loss: Loss,
    real: Vec<f32>,
    fake: Vec<f32>,
    discriminator: f32,
    generator: f32,
    /// By the real logits, by the fake ones, and the generator's by those.
    gradients: [Vec<f32>; 3],
}

fn cases() -> Vec<Case> {
    serde_json::from_str(FIXTURE).unwrap()
}

fn leaf(values: &[f32]) -> Tensor<1> {
    tensor(values.to_vec(), &Device::flex())
        .autodiff()
        .require_grad()
}

/// A loss and its gradients by the logits.
fn evaluate(
    loss: impl Fn(&[Tensor<1>]) -> Tensor<1>,
    logits: &[&Vec<f32>],
) -> (f32, Vec<Vec<f32>>) {
    let leaves: Vec<_> = logits.iter().map(|values| leaf(values)).collect();
    let value = loss(&leaves);
    let gradients = value.backward();
    let by = leaves
        .iter()
        .map(|leaf| numbers(leaf.grad(&gradients).unwrap()));
    let by = by.collect();
    (numbers(value.without_autodiff())[0], by)
}

#[track_caller]
fn assert_close(found: f32, expected: f32) {
    let error = (found - expected).abs();
    assert!(
        error <= 2e-6 * expected.abs().max(0.1),
        "{found} for {expected}"
    );
}

#[test]
fn values_and_gradients_are_pytorchs() {
    for case in cases() {
        let (value, by) = evaluate(
            |logits| discriminator(&case.loss, logits[0].clone(), logits[1].clone()),
            &[&case.real, &case.fake],
        );
        assert_close(value, case.discriminator);
        let (value, by_fake) = evaluate(
            |logits| generator(&case.loss, logits[0].clone(), logits[0].clone()),
            &[&case.fake],
        );
        assert_close(value, case.generator);
        for (found, expected) in by.iter().chain(&by_fake).zip(&case.gradients) {
            for (&found, &expected) in found.iter().zip(expected) {
                assert_close(found, expected);
            }
        }
    }
}

/// A loss of some logits.
type Objective<'a> = &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>;

#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f32 = 1e-2;
    // Where f32 has digits left for a difference.
    let logits = [vec![-1.5, 0.25, 1.0], vec![-0.75, 0.0, 2.0]];
    for case in cases() {
        let judge =
            |logits: &[Tensor<1>]| discriminator(&case.loss, logits[0].clone(), logits[1].clone());
        let fool =
            |logits: &[Tensor<1>]| generator(&case.loss, logits[0].clone(), logits[0].clone());
        let objectives: [(Objective, usize); 2] = [(&judge, 2), (&fool, 1)];
        for (objective, operands) in objectives {
            let value = |logits: &[Vec<f32>]| {
                let logits: Vec<_> = logits.iter().collect();
                f64::from(evaluate(objective, &logits[..operands]).0)
            };
            let by = evaluate(objective, &logits.iter().take(operands).collect::<Vec<_>>()).1;
            for (operand, by) in by.iter().enumerate() {
                for (at, &found) in by.iter().enumerate() {
                    let moved = |by: f32| {
                        let mut logits = logits.clone();
                        logits[operand][at] += by;
                        value(&logits)
                    };
                    let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
                    assert!(
                        (f64::from(found) - slope).abs() < 1e-4,
                        "{found} for {slope}"
                    );
                }
            }
        }
    }
}
