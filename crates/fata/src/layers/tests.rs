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
    add("plain_dense", &|builder| {
        let layer = Dense::drawn(builder, "l", [4, 5], Init::Normal(0.02)).biased(builder, "l");
        Box::new(move |weights, x| layer.forward(weights, x.reshape([3, 4])).flatten(0, 1))
    });
    add("grouped", &|builder| {
        let layer = grouped(builder);
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 3, 5, 4]))
                .flatten(0, 3)
        })
    });
    add("spectral_dense", &|builder| {
        builder.spectral = true;
        let layer = Dense::drawn(builder, "l", [4, 5], Init::Normal(0.02));
        Box::new(move |weights, x| layer.forward(weights, x.reshape([3, 4])).flatten(0, 1))
    });
    add("spectral_halving", &|builder| {
        builder.spectral = true;
        let layer = Convolution::new(builder, "l", [3, 2], Window::of_four(Init::Normal(0.02)));
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 4, 6, 3]))
                .flatten(0, 3)
        })
    });
    add("conditional_batch_norm", &|builder| {
        let relu = activation(Activation::Relu);
        let layer = ConditionalBatchNorm::new(builder, "l", [3, 3], relu);
        let labels = crate::train::one_hot(&[2, 0, 2, 1], 3, &device);
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([4, 2, 2, 3]), &labels)
                .flatten(0, 3)
        })
    });
    for (name, batch) in [("minibatch_deviation", 8), ("minibatch_deviation_odd", 6)] {
        add(name, &|_| {
            Box::new(move |_, x| {
                minibatch_deviation(x.reshape([batch, 3]).into())
                    .value
                    .flatten(0, 1)
            })
        });
    }
    add("minibatch_discrimination", &|builder| {
        let layer = MinibatchDiscrimination::new(builder, "l", 4);
        Box::new(move |weights, x| layer.forward(weights, x.reshape([3, 4])).flatten(0, 1))
    });
    add("self_attention", &|builder| {
        let layer = SelfAttention::new(builder, "l", 4, 8);
        Box::new(move |weights, x| {
            layer
                .forward(weights, x.reshape([2, 4, 4, 8]))
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

fn grouped(builder: &mut Builder) -> Convolution {
    let mut window = Window::same(3, Init::Normal(0.02));
    window.groups = 2;
    Convolution::new(builder, "l", [4, 6], window).biased(builder, "l")
}

/// Flat input and its direction to flat output and its tangent.
type Carry = Box<dyn Fn(&Weights, Signal<1>) -> Signal<1>>;

/// Those of the layers that carry tangents.
fn carriers() -> BTreeMap<&'static str, (Parameters, Carry)> {
    let device = Device::flex();
    let mut all = BTreeMap::new();
    let mut add = |name, make: &dyn Fn(&mut Builder) -> Carry| {
        let mut builder = Builder::new(crate::rng::Random::new(1), 0, &device);
        let carry = make(&mut builder);
        all.insert(name, (builder.finish(), carry));
    };
    fn dense(layer: Dense) -> Carry {
        Box::new(move |weights, x| layer.carry(weights, x.reshape([3, 4])).reshape([15]))
    }
    fn convolution(layer: Convolution, shape: [usize; 4]) -> Carry {
        Box::new(move |weights, x| {
            let y = layer.carry(weights, x.reshape(shape));
            let length = y.value.dims().iter().product();
            y.reshape([length])
        })
    }
    add("dense", &|builder| {
        dense(Dense::new(builder, "l", [4, 5], Activation::Tanh))
    });
    add("plain_dense", &|builder| {
        dense(Dense::drawn(builder, "l", [4, 5], Init::Normal(0.02)).biased(builder, "l"))
    });
    add("spectral_dense", &|builder| {
        builder.spectral = true;
        dense(Dense::drawn(builder, "l", [4, 5], Init::Normal(0.02)))
    });
    add("halving", &|builder| {
        let window = Window::of_four(Init::Normal(0.02));
        let layer = Convolution::new(builder, "l", [3, 2], window);
        convolution(layer, [2, 4, 6, 3])
    });
    add("spectral_halving", &|builder| {
        builder.spectral = true;
        let window = Window::of_four(Init::Normal(0.02));
        let layer = Convolution::new(builder, "l", [3, 2], window);
        convolution(layer, [2, 4, 6, 3])
    });
    add("grouped", &|builder| {
        convolution(grouped(builder), [2, 3, 5, 4])
    });
    for (name, batch) in [("minibatch_deviation", 8), ("minibatch_deviation_odd", 6)] {
        add(name, &|_| {
            Box::new(move |_, x| minibatch_deviation(x.reshape([batch, 3])).reshape([4 * batch]))
        });
    }
    all
}

fn fixture() -> BTreeMap<String, Case> {
    serde_json::from_str(FIXTURE).unwrap()
}

fn flat(values: &[f32]) -> Tensor<1> {
    tensor(values.to_vec(), &Device::flex())
}

/// Writes the fixture's numbers; singular vectors then follow the weights, as
/// they do before a step.
fn fill(parameters: &mut Parameters, values: &[Vec<f32>]) {
    for (index, values) in values.iter().enumerate() {
        parameters.write(index, values.clone());
    }
    parameters.follow_singular_vectors(1);
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
        let list = parameters.list().iter().enumerate();
        let trained = list.filter(|(_, parameter)| parameter.trained);
        let trained = trained.map(|(index, _)| index).collect::<Vec<_>>();
        assert_eq!(gradients.len(), trained.len(), "{name}");
        for (&index, gradient) in trained.iter().zip(&gradients) {
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
fn tangents_are_directional_derivatives() {
    const STEP: f32 = 1e-2;
    let cases = fixture();
    for (name, (mut parameters, carry)) in carriers() {
        let case = &cases[name];
        fill(&mut parameters, &case.parameters);
        let plain = parameters.plain(Mode::Train);
        let direction: Vec<f32> = (0..case.x.len()).map(|at| (at as f32).sin()).collect();
        let at = |by: f32| {
            let x = case.x.iter().zip(&direction).map(|(x, d)| x + by * d);
            numbers(carry(&plain, flat(&x.collect::<Vec<_>>()).into()).value)
        };
        let ends = [at(STEP), at(-STEP)];
        let slopes: Vec<f32> = std::iter::zip(&ends[0], &ends[1])
            .map(|(ahead, behind)| (ahead - behind) / (2.0 * STEP))
            .collect();
        let signal = || Signal::along(flat(&case.x), flat(&direction));
        let along = carry(&plain, signal());
        assert_eq!(numbers(along.value), at(0.0), "{name}");
        let tangent = numbers(along.tangent.unwrap());
        assert_close(&format!("tangent of {name}"), &tangent, &slopes, 2e-3);
        // What a penalty differentiates: the tangent alone, through the weights.
        let along = carry(&parameters.tracked_along(Mode::Train), signal());
        assert!(!along.value.is_autodiff(), "{name}");
        assert_eq!(numbers(along.tangent.unwrap()), tangent, "{name}");
    }
}

/// Along moving weights, both what a layer makes of a still input and how that changes
/// with input and weights: the second derivatives of an unrolled game.
#[test]
fn tangents_along_moving_weights_are_directional_derivatives() {
    const STEP: f32 = 1e-2;
    let cases = fixture();
    for name in ["dense", "plain_dense", "halving", "grouped"] {
        let case = &cases[name];
        let (mut parameters, carry) = carriers().remove(name).unwrap();
        let directions: Vec<Vec<f32>> = (case.parameters.iter())
            .map(|p| (0..p.len()).map(|at| (at as f32 + 1.0).cos()).collect())
            .collect();
        let moved = |by: f32| -> Vec<Vec<f32>> {
            let pairs = case.parameters.iter().zip(&directions);
            pairs
                .map(|(p, d)| p.iter().zip(d).map(|(p, d)| p + by * d).collect())
                .collect()
        };
        // The output and the gradients of its square, at weights so far along the direction.
        let mut at = |by: f32| {
            fill(&mut parameters, &moved(by));
            let weights = parameters.tracked(Mode::Train);
            let x = flat(&case.x).autodiff().require_grad();
            let y = carry(&weights, x.clone().into()).value;
            let mut gradients = y.clone().powi_scalar(2).sum().backward();
            let by_x = numbers(x.grad(&gradients).unwrap());
            let by_weights = weights.gradients(&mut gradients).into_iter().map(numbers);
            [
                vec![numbers(y.without_autodiff()), by_x],
                by_weights.collect(),
            ]
            .concat()
        };
        let [ahead, behind] = [at(STEP), at(-STEP)];
        fill(&mut parameters, &case.parameters);
        let direction = directions.iter().map(|d| flat(d)).collect();
        let weights = parameters.tracked_moving(Mode::Train, direction);
        let x = flat(&case.x).autodiff().require_grad();
        let Signal { value, tangent } = carry(&weights, x.clone().into());
        let tangent = tangent.unwrap();
        // The derivative of the square's sum along the direction is `2 y y'`.
        let mut gradients = (value * tangent.clone() * 2.0).sum().backward();
        let by_x = numbers(x.grad(&gradients).unwrap());
        let by_weights = weights.gradients(&mut gradients).into_iter().map(numbers);
        let found = [
            vec![numbers(tangent.without_autodiff()), by_x],
            by_weights.collect(),
        ]
        .concat();
        for (part, found) in found.iter().enumerate() {
            let slopes = std::iter::zip(&ahead[part], &behind[part]);
            let slopes: Vec<f32> = slopes.map(|(a, b)| (a - b) / (2.0 * STEP)).collect();
            assert_close(&format!("part {part} of {name}"), found, &slopes, 3e-3);
        }
    }
}

/// One power iteration brings the vectors nearer to the first singular ones, and
/// many divide a weight by its largest singular value.
#[test]
fn a_spectrally_normalised_weight_has_norm_one() {
    let (mut parameters, forward) = layers(false).remove("spectral_dense").unwrap();
    fill(&mut parameters, &fixture()["spectral_dense"].parameters);
    parameters.follow_singular_vectors(200);
    let weights = parameters.plain(Mode::Train);
    let longest = (0..2000)
        .map(|turn| {
            let x = (0..12).map(|at| ((turn * 12 + at) as f32 * 1.7).sin());
            let x: Vec<f32> = x.collect();
            let lengths = |values: &[f32], width: usize| {
                let rows = values.chunks(width);
                let squares = rows.map(|row| row.iter().map(|x| x * x).sum::<f32>());
                squares.map(f32::sqrt).collect::<Vec<_>>()
            };
            let y = lengths(&numbers(forward(&weights, flat(&x))), 5);
            let stretch = y.iter().zip(lengths(&x, 4)).map(|(y, x)| y / x);
            stretch.fold(0.0, f32::max)
        })
        .fold(0.0, f32::max);
    assert!((0.97..=1.0001).contains(&longest), "{longest}");
}

#[test]
fn running_statistics_are_kept_as_pytorch_keeps_them() {
    for name in ["batch_norm", "conditional_batch_norm"] {
        let case = &fixture()[name];
        let (mut parameters, forward) = layers(false).remove(name).unwrap();
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
}
