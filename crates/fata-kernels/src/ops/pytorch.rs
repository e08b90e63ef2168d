//! Norms, activations, linear layers, losses and resampling against PyTorch's numbers in double
//! precision (`fixtures/layers.json`, made by `fixtures/make_layers.py`, which checks them against
//! finite differences).

use super::tests::{evaluate, flat, plain};
use super::*;
use crate::isa::Isa;
use burn::tensor::Tensor;
use serde_json::Value;

/// Largest difference relative to the largest expected value.
const TOLERANCE: f64 = 2e-6;

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("a list of numbers").iter();
    values.map(|x| x.as_f64().expect("a number")).collect()
}

fn sizes(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|x| x as usize).collect()
}

fn activation(case: &Value) -> Activation {
    match case["activation"].as_str() {
        Some("relu") => Activation::Relu,
        Some("leaky_relu") => Activation::LeakyRelu(0.2),
        Some("tanh") => Activation::Tanh,
        Some("sigmoid") => Activation::Sigmoid,
        other => {
            assert_eq!(other, Some("identity"));
            Activation::Identity
        }
    }
}

/// What the operator gives for the leaves that the script drew.
fn ours(case: &Value) -> Vec<Vec<f32>> {
    let shape = sizes(&case["shape"]);
    let count = shape.iter().product();
    let channels = *shape.last().expect("a shape");
    let as_images = |x: &Tensor<1>| -> Tensor<4> {
        x.clone().reshape([shape[0], shape[1], shape[2], shape[3]])
    };
    let norm = || {
        [
            plain(1, [count]) * 2.0 + 0.3,
            plain(2, [channels]) + 1.2,
            plain(3, [channels]),
        ]
    };
    let act = || activation(case);
    let factor = || case["factor"].as_u64().expect("a factor") as usize;
    let image = [plain(1, [count])];
    match case["operator"].as_str().expect("a name") {
        "batch_norm" => evaluate(&norm(), |l| {
            flat(batch_norm(as_images(&l[0]), l[1].clone(), l[2].clone(), 1e-5, act()).0)
        }),
        "instance_norm" => evaluate(&norm(), |l| {
            let [gamma, beta] = [1, 2].map(|i| Some(l[i].clone()));
            flat(instance_norm(as_images(&l[0]), gamma, beta, 1e-5, act()))
        }),
        "affine" => {
            let leaves = [
                plain(1, [count]) * 4.0,
                plain(2, [channels]),
                plain(3, [channels]),
            ];
            evaluate(&leaves, |l| {
                let x = as_images(&l[0]);
                flat(affine_activation(x, l[1].clone(), l[2].clone(), act()))
            })
        }
        "linear" => {
            let [batch, inputs, outputs] = [shape[0], shape[1], shape[2]];
            let leaves = [
                plain(1, [batch * inputs]),
                plain(2, [inputs * outputs]),
                plain(3, [outputs]),
            ];
            evaluate(&leaves, |l| {
                let x = l[0].clone().reshape([batch, inputs]);
                let w = l[1].clone().reshape([inputs, outputs]);
                flat(linear(x, w, Some(l[2].clone()), act()))
            })
        }
        "cross_entropy" => {
            let target = case["target"].as_f64().expect("a target") as f32;
            evaluate(&[plain(1, [count]) * 4.0], |l| {
                binary_cross_entropy_with_logits(l[0].clone(), target)
            })
        }
        "upsample" => evaluate(&image, |l| {
            flat(upsample_nearest(as_images(&l[0]), factor()))
        }),
        "downsample" => evaluate(&image, |l| {
            flat(downsample_average(as_images(&l[0]), factor()))
        }),
        "resize" => {
            let size = sizes(&case["size"]);
            evaluate(&image, |l| {
                flat(resize_bilinear(as_images(&l[0]), [size[0], size[1]]))
            })
        }
        other => panic!("no operator {other}"),
    }
}

#[test]
fn every_operator_and_gradient_is_pytorchs_to_two_millionths() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../fixtures/layers.json")).expect("JSON");
    assert_eq!(cases.len(), 91);
    for case in &cases {
        let mut expected = vec![numbers(&case["y"])];
        let gradients = case["gradients"].as_array().expect("a list");
        expected.extend(gradients.iter().map(numbers));
        for isa in Isa::available() {
            let got = isa.with(|| ours(case));
            assert_eq!(got.len(), expected.len());
            for (index, (got, expected)) in got.iter().zip(&expected).enumerate() {
                assert_eq!(got.len(), expected.len());
                let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                let error = (got.iter().zip(expected)).fold(0.0_f64, |worst, (a, b)| {
                    worst.max((f64::from(*a) - b).abs())
                });
                // Where all is zero but for cancellation, there is no scale to measure by.
                let scale = largest.max(1e-3);
                assert!(
                    error <= TOLERANCE * scale,
                    "{} {} {:?} on {isa:?}, result {index}: {:e}",
                    case["operator"],
                    case["shape"],
                    case["activation"],
                    error / scale
                );
            }
        }
    }
}
