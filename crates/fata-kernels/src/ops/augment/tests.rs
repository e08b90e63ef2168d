//! Warps against PyTorch; every operator against its portable form and against finite differences,
//! which are exact because all are linear; and that numbers of threads change nothing.

use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::ops::tests::{assert_close, compare, evaluate, flat, list, noise, plain};

const FIXTURE: &str = include_str!("../../../fixtures/augment.json");

/// Relative to the largest value: positions and sums in `f32` against `f64`.
const TOLERANCE: f32 = 2e-5;

type Warp = fn(Tensor<4>, &[[f32; 6]], Sampling) -> Tensor<4>;

#[test]
fn warps_agree_with_pytorch() {
    let cases: serde_json::Value = serde_json::from_str(FIXTURE).expect("the fixture is JSON");
    let cases = cases.as_array().expect("a list of cases");
    assert_eq!(cases.len(), 5);
    for case in cases {
        let numbers = |value: &serde_json::Value| -> Vec<f32> {
            let list = value.as_array().expect("a list of numbers");
            list.iter()
                .map(|number| number.as_f64().expect("a number") as f32)
                .collect()
        };
        let shape: Vec<usize> = numbers(&case["shape"])
            .iter()
            .map(|&n| n as usize)
            .collect();
        let tensor = |key: &str| -> Tensor<4> {
            let data = TensorData::new(numbers(&case[key]), shape.clone());
            Tensor::from_data(data, &Device::flex())
        };
        let matrices: Vec<[f32; 6]> = (case["matrices"].as_array().expect("a list of matrices"))
            .iter()
            .map(|matrix| numbers(matrix).try_into().expect("six numbers"))
            .collect();
        let sampling = match case["sampling"].as_str() {
            Some("plain") => Sampling::Bilinear,
            _ => Sampling::Filtered,
        };
        let what = format!("{} {}", case["sampling"], case["name"]);
        for warp in [fast::warp_affine as Warp, portable::warp_affine] {
            let x = tensor("x").autodiff().require_grad();
            let y = warp(x.clone(), &matrices, sampling);
            assert_close(&what, &list(y.clone()), &numbers(&case["y"]), TOLERANCE);
            let grads = (y * tensor("dy").autodiff()).sum().backward();
            let dx = list(x.grad(&grads).expect("x is tracked"));
            assert_close(&what, &dx, &numbers(&case["dx"]), TOLERANCE);
        }
    }
}

/// Some of every kind: the identity, copies, turns, scales, and far outside.
fn matrices(count: usize) -> Vec<[f32; 6]> {
    let kinds = [
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [-1.0, 0.0, 1.0, 0.0, 1.0, -2.0],
        [0.8, -0.6, 0.3, 0.6, 0.8, -0.7],
        [0.0, 1.0, 0.0, -1.0, 0.0, 0.0],
        [2.5, 0.1, 0.0, 0.0, 2.0, 1.0],
        [1.0, 0.0, 1e3, 0.0, 1.0, 0.0],
        [0.3, 0.0, -1.0, 0.1, 0.4, 0.0],
    ];
    (0..count).map(|image| kinds[image % kinds.len()]).collect()
}

fn colours(batch: usize, channels: usize) -> Vec<ColourMap> {
    let identity = ColourMap {
        matrix: (0..channels * channels)
            .map(|at| f32::from(u8::from(at / channels == at % channels)))
            .collect(),
        offset: vec![0.0; channels],
        mean_share: 0.0,
    };
    assert!(identity.is_identity());
    let drawn = |image: usize| ColourMap {
        matrix: noise(image as u64, channels * channels),
        offset: noise(image as u64 + 100, channels),
        mean_share: [0.0, 0.7][image % 2],
    };
    let map = |image| {
        if image == 0 {
            identity.clone()
        } else {
            drawn(image)
        }
    };
    (0..batch).map(map).collect()
}

fn rectangles(batch: usize) -> Vec<[Range<usize>; 2]> {
    (0..batch)
        .map(|image| [image % 3..4, 1..2 + image])
        .collect()
}

const SHAPES: [[usize; 4]; 6] = [
    [7, 6, 6, 1],
    [7, 5, 8, 3],
    [3, 1, 1, 1],
    [7, 2, 3, 4],
    [2, 1, 9, 2],
    [9, 17, 16, 3],
];

#[test]
fn augmentation_matches_the_portable_form() {
    for shape in SHAPES {
        let x = [plain(1, [shape.iter().product()])];
        let images = move |leaves: &[Tensor<1>]| leaves[0].clone().reshape::<4, _>(shape);
        for sampling in [Sampling::Bilinear, Sampling::Filtered] {
            let maps = matrices(shape[0]);
            compare(
                &format!("{sampling:?} {shape:?}"),
                &x,
                |x| flat(fast::warp_affine(images(x), &maps, sampling)),
                |x| flat(portable::warp_affine(images(x), &maps, sampling)),
            );
        }
        let maps = colours(shape[0], shape[3]);
        compare(
            &format!("colours {shape:?}"),
            &x,
            |x| flat(fast::colour_affine(images(x), &maps)),
            |x| flat(portable::colour_affine(images(x), &maps)),
        );
        let cut = rectangles(shape[0]);
        compare(
            &format!("rectangles {shape:?}"),
            &x,
            |x| flat(fast::cut_out(images(x), &cut)),
            |x| flat(portable::cut_out(images(x), &cut)),
        );
    }
}

#[test]
fn gradients_are_the_slopes_of_the_values() {
    let shape = [7, 4, 5, 3];
    let x = plain(1, [shape.iter().product()]);
    type Case = Box<dyn Fn(Tensor<4>) -> Tensor<4>>;
    let cases: [Case; 4] = [
        Box::new(|x| warp_affine(x, &matrices(7), Sampling::Bilinear)),
        Box::new(|x| warp_affine(x, &matrices(7), Sampling::Filtered)),
        Box::new(|x| colour_affine(x, &colours(7, 3))),
        Box::new(|x| cut_out(x, &rectangles(7))),
    ];
    for (index, f) in cases.iter().enumerate() {
        let f = |x: Tensor<1>| flat(f(x.reshape(shape)));
        let results = evaluate(std::slice::from_ref(&x), |leaves| f(leaves[0].clone()));
        // The weights that `evaluate` gives the outputs.
        let weights = plain(99, [results[0].len()]);
        let value = |x: Tensor<1>| -> f32 { (f(x) * weights.clone()).sum().into_scalar() };
        let slopes: Vec<f32> = (0..results[1].len())
            .map(|at| {
                let mut step = vec![0.0; results[1].len()];
                step[at] = 1.0;
                let step = Tensor::from_floats(step.as_slice(), &Device::flex());
                (value(x.clone() + step.clone()) - value(x.clone() - step)) / 2.0
            })
            .collect();
        assert_close(&format!("operator {index}"), &results[1], &slopes, 1e-4);
    }
}

#[test]
fn images_do_not_depend_on_their_batch_nor_on_the_number_of_threads() {
    let shape = [7, 9, 8, 3];
    let (x, maps) = (plain(1, [shape.iter().product()]), matrices(7));
    let step = || {
        evaluate(std::slice::from_ref(&x), |leaves| {
            let y = warp_affine(leaves[0].clone().reshape(shape), &maps, Sampling::Filtered);
            let y = warp_affine(y, &maps, Sampling::Bilinear);
            flat(cut_out(colour_affine(y, &colours(7, 3)), &rectangles(7)))
        })
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(step)
    };
    let one = on(1);
    for threads in [2, 3] {
        assert!(on(threads) == one, "{threads} threads change the result");
    }
    let images: Tensor<4> = x.reshape(shape);
    let all = list(warp_affine(images.clone(), &maps, Sampling::Filtered));
    let last = warp_affine(images.narrow(0, 6, 1), &maps[6..], Sampling::Filtered);
    assert_eq!(list(last), all[all.len() / 7 * 6..]);
}

#[test]
fn inputs_that_others_hold_are_left_as_they_are() {
    let x = plain(1, [2, 3, 3, 3]);
    let before = list(x.clone());
    let _ = colour_affine(x.clone(), &colours(2, 3));
    let _ = cut_out(x.clone(), &rectangles(2));
    assert_eq!(list(x), before);
}
