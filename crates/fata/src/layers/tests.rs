//! Every layer against PyTorch's numbers and against finite differences of its
//! own output.

use super::*;
use burn::tensor::{Device, Tensor};
use fata_kernels::Activation;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What PyTorch computes; `fixtures/layers/make.py` says what is in it.
const FIXTURE: &str = include_str!("../../fixtures/layers/layers.json");

/// Relative to the largest expected value: `f32` sums of different order.
const TOLERANCE: f32 = 2e-6;

#[derive(Deserialize)]
struct Case {
    x: Vec<f32>,
    parameters: Vec<Vec<f32>>,
    dy: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    #[serde(default)]
    running: Vec<Vec<f32>>,
    #[serde(default)]
    inferred: Vec<f32>,
}

/// Flat input to flat output.
type Forward = Box<dyn Fn(&Weights, Tensor<1>) -> Tensor<1>>;

/// A layer of each kind by the name that the fixture has for it. Where it has
/// an activation it is the fixture's, or one without a kink.
fn layers(smooth: bool) -> BTreeMap<&'static str, (Parameters, Forward)> {
    let activation = |kinked| if smooth { Activation::Tanh } else { kinked };
    let device = Device::flex();
    let mut all = BTreeMap::new();
    let mut add = |name, make: &dyn Fn(&mut Builder) -> Forward| {
        let mut builder = Builder::new(crate::rng::Random::new(1), 0, &device);
        let forward = make(&mut builder);
        all.insert(name, (builder.finish(), forward));
    };
    add("dense", &|builder| {
        let layer = Dense::new(builder, "l", [4, 5], activation(Activation::LeakyRelu(0.2)));
        Box::new(move |weights, x| layer.forward(weights, x.reshape([3, 4])).flatten(0, 1))
    });
    add("halving", &|builder| {
        let layer = Convolution::new(builder, "l", [3, 2], Window::of_four(Init::Normal(0.02)));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 4, 6, 3]))
                .flatten(0, 3)
        })
    });
    add("closing", &|builder| {
        let layer = Convolution::new(builder, "l", [3, 2], Window::opening(Init::Normal(0.02)));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 4, 4, 3]))
                .flatten(0, 3)
        })
    });
    add("doubling", &|builder| {
        let layer =
            TransposedConvolution::new(builder, "l", [3, 2], Window::of_four(Init::Normal(0.02)));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 2, 3, 3]))
                .flatten(0, 3)
        })
    });
    add("opening", &|builder| {
        let layer =
            TransposedConvolution::new(builder, "l", [3, 2], Window::opening(Init::Normal(0.02)));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 1, 1, 3]))
                .flatten(0, 3)
        })
    });
    add("batch_norm", &|builder| {
        let layer = BatchNorm::new(builder, "l", 3, activation(Activation::Relu));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([4, 2, 2, 3]))
                .flatten(0, 3)
        })
    });
    all
}

fn fixture() -> BTreeMap<String, Case> {
    serde_json::from_str(FIXTURE).unwrap()
}

fn flat(values: &[f32]) -> Tensor<1> {
    tensor(values.to_vec(), &Device::flex())
}

fn fill(parameters: &mut Parameters, values: &[Vec<f32>]) {
    for (index, values) in values.iter().enumerate() {
        parameters.write(index, values.clone());
    }
}

/// The gradients of `sum(dy y)` by the input and by the trained parameters.
fn backward(weights: Weights, forward: &Forward, case: &Case) -> (Vec<f32>, Vec<Vec<f32>>) {
    let x = flat(&case.x).autodiff().require_grad();
    let y = forward(&weights, x.clone());
    let mut gradients = (y * flat(&case.dy).autodiff()).sum().backward();
    let dx = numbers(x.grad(&gradients).unwrap());
    let parameters = weights.gradients(&mut gradients);
    (dx, parameters.into_iter().map(numbers).collect())
}

#[track_caller]
fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs() / scale;
        assert!(
            error <= tolerance,
            "{what}: {found} for {expected} ({error:e})"
        );
    }
}

#[test]
fn values_and_gradients_are_pytorchs() {
    let cases = fixture();
    let layers = layers(false);
    assert!(layers.keys().eq(cases.keys()));
    for (name, (mut parameters, forward)) in layers {
        let case = &cases[name];
        fill(&mut parameters, &case.parameters);
        let y = forward(&parameters.plain(Mode::Train), flat(&case.x));
        assert_close(&format!("y of {name}"), &numbers(y), &case.y, TOLERANCE);
        let (dx, gradients) = backward(parameters.tracked(Mode::Train), &forward, case);
        assert_close(&format!("dx of {name}"), &dx, &case.dx, 4.0 * TOLERANCE);
        assert_eq!(gradients.len(), case.gradients.len(), "{name}");
        for (gradient, expected) in gradients.iter().zip(&case.gradients) {
            assert_close(
                &format!("gradient of {name}"),
                gradient,
                expected,
                4.0 * TOLERANCE,
            );
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f32 = 1e-2;
    let cases = fixture();
    for (name, (mut parameters, forward)) in layers(true) {
        let case = &cases[name];
        fill(&mut parameters, &case.parameters);
        let value = |parameters: &Parameters, x: &[f32]| -> f64 {
            let y = numbers(forward(&parameters.plain(Mode::Train), flat(x)));
            let terms = y.iter().zip(&case.dy);
            terms.map(|(&y, &dy)| f64::from(y) * f64::from(dy)).sum()
        };
        let slope = |ahead: f64, behind: f64| ((ahead - behind) / f64::from(2.0 * STEP)) as f32;
        let (dx, gradients) = backward(parameters.tracked(Mode::Train), &forward, case);
        let by_input: Vec<f32> = (0..case.x.len())
            .map(|at| {
                let moved = |by: f32| {
                    let mut x = case.x.clone();
                    x[at] += by;
                    value(&parameters, &x)
                };
                slope(moved(STEP), moved(-STEP))
            })
            .collect();
        assert_close(&format!("dx of {name}"), &dx, &by_input, 2e-3);
        for (index, gradient) in gradients.iter().enumerate() {
            let by_parameter: Vec<f32> = (0..gradient.len())
                .map(|at| {
                    let moved = |by: f32| {
                        let mut parameters = parameters.clone();
                        let mut values = parameters.read(index);
                        values[at] += by;
                        parameters.write(index, values);
                        value(&parameters, &case.x)
                    };
                    slope(moved(STEP), moved(-STEP))
                })
                .collect();
            assert_close(
                &format!("gradient {index} of {name}"),
                gradient,
                &by_parameter,
                2e-3,
            );
        }
    }
}

#[test]
fn frozen_weights_pass_the_same_gradient_on_and_have_none() {
    let cases = fixture();
    for (name, (mut parameters, forward)) in layers(false) {
        let case = &cases[name];
        fill(&mut parameters, &case.parameters);
        let (tracked, _) = backward(parameters.tracked(Mode::Train), &forward, case);
        let (frozen, none) = backward(parameters.frozen(Mode::Train), &forward, case);
        assert_eq!(tracked, frozen, "{name}");
        assert!(none.is_empty(), "{name}");
    }
}

#[test]
fn running_statistics_are_kept_as_pytorch_keeps_them() {
    let case = &fixture()["batch_norm"];
    let (mut parameters, forward) = layers(false).remove("batch_norm").unwrap();
    fill(&mut parameters, &case.parameters);
    let weights = parameters.plain(Mode::Train);
    forward(&weights, flat(&case.x));
    let statistics = weights.take_statistics();
    parameters.absorb(statistics);
    for (index, expected) in case.running.iter().enumerate() {
        assert_close("running", &parameters.read(2 + index), expected, TOLERANCE);
    }
    let y = forward(&parameters.plain(Mode::Infer), flat(&case.x));
    assert_close("inferred", &numbers(y), &case.inferred, TOLERANCE);
}
