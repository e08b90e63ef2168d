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
        let real = tensor(case.real.clone(), &Device::flex()).autodiff();
        let (value, by_fake) = evaluate(
            |logits| generator(&case.loss, real.clone(), logits[0].clone()),
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
    // Where f32 has digits left for a difference, and not at the hinge's margin.
    let logits = [vec![-1.5, 0.25, 1.4], vec![-0.75, 0.0, 2.0]];
    let real = tensor(vec![0.5, -2.0, 1.0], &Device::flex()).autodiff();
    for case in cases() {
        let judge =
            |logits: &[Tensor<1>]| discriminator(&case.loss, logits[0].clone(), logits[1].clone());
        let fool = |logits: &[Tensor<1>]| generator(&case.loss, real.clone(), logits[0].clone());
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

#[test]
fn only_the_relativistic_generators_look_at_real_answers() {
    let fake = vec![-0.75, 0.0, 2.0];
    for case in cases() {
        let loss = |real: Vec<f32>| {
            let [real, fake] = [real, fake.clone()].map(|x| tensor(x, &Device::flex()));
            numbers(generator(&case.loss, real, fake))[0]
        };
        let differs = loss(vec![0.0; 3]) != loss(vec![1.0; 3]);
        assert_eq!(
            differs,
            case.loss.kind.generator_sees_real(),
            "{:?}",
            case.loss.kind
        );
    }
}

#[test]
fn feature_matching_is_the_squared_distance_of_the_mean_features() {
    let (real, fake) = (vec![1.0, 2.0, 3.0, -4.0], vec![0.5, 1.0, -1.5, 1.0]);
    let (value, by) = evaluate(
        |features| {
            let [real, fake] = [0, 1].map(|side: usize| features[side].clone().reshape([2, 2]));
            feature_matching(real, fake)
        },
        &[&real, &fake],
    );
    // Means (2, -1) and (-0.5, 1): differences 2.5 and -2.
    assert_close(value, 10.25);
    for (found, expected) in by[1].iter().zip([-2.5, 2.0, -2.5, 2.0]) {
        assert_close(*found, expected);
    }
    for (found, expected) in by[0].iter().zip([2.5, -2.0, 2.5, -2.0]) {
        assert_close(*found, expected);
    }
}

/// The value, and with it how the gradients change along the directions.
#[test]
fn tangents_are_directional_derivatives_of_losses_and_gradients() {
    const STEP: f32 = 1e-2;
    let logits = [vec![-1.5, 0.25, 1.4], vec![-0.75, 0.0, 2.0]];
    let directions = [vec![0.5, -1.0, 0.75], vec![1.0, 0.25, -0.5]];
    for case in cases() {
        let at = |by: f32| {
            let moved = std::iter::zip(&logits, &directions).map(|(l, d)| {
                let moved = std::iter::zip(l, d).map(|(l, d)| l + by * d);
                moved.collect::<Vec<f32>>()
            });
            let moved: Vec<Vec<f32>> = moved.collect();
            let judge = |logits: &[Tensor<1>]| {
                discriminator(&case.loss, logits[0].clone(), logits[1].clone())
            };
            evaluate(judge, &[&moved[0], &moved[1]])
        };
        let [ahead, behind] = [at(STEP), at(-STEP)];
        let along = |logits: &[Tensor<1>]| {
            let [of_real, of_fake] = std::array::from_fn(|side| {
                let direction = tensor(directions[side].clone(), &Device::flex()).autodiff();
                // Where a loss does not bend, its tangent is of the directions alone.
                [logits[side].clone(), direction + logits[side].clone() * 0.0]
            });
            discriminator_tangent(&case.loss, of_real, of_fake)
        };
        let (value, by) = evaluate(along, &[&logits[0], &logits[1]]);
        let near = |found: f32, [ahead, behind]: [f32; 2]| {
            let slope = (ahead - behind) / (2.0 * STEP);
            assert!(
                (found - slope).abs() <= 1e-3,
                "{:?}: {found} for {slope}",
                case.loss
            );
        };
        near(value, [ahead.0, behind.0]);
        let ends = std::iter::zip(ahead.1, behind.1);
        for (found, (ahead, behind)) in by.iter().zip(ends) {
            for (&found, ends) in found.iter().zip(std::iter::zip(ahead, behind)) {
                near(found, ends.into());
            }
        }
    }
}
