//! The kernels against the portable compositions, over awkward shapes; what is not computed for
//! frozen operands; and that results do not depend on the number of threads.

use burn::tensor::{Device, Tensor, TensorData};

use super::*;

const ACTIVATIONS: [Activation; 5] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu(0.2),
    Activation::Tanh,
    Activation::Sigmoid,
];

/// Numbers between -1 and 1 that look drawn, `seed` by `seed`.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

pub(super) fn plain<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    let values = noise(seed, shape.iter().product());
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

pub(super) fn list<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .into_data()
        .try_into_vec()
        .expect("the tensor is f32")
}

/// Output and gradients of a function of flat leaves, the output weighted with noise.
pub(super) fn evaluate(
    leaves: &[Tensor<1>],
    f: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) -> Vec<Vec<f32>> {
    let tracked: Vec<_> = leaves
        .iter()
        .map(|x| x.clone().autodiff().require_grad())
        .collect();
    let y = f(&tracked);
    let weights = plain(99, y.dims()).autodiff();
    let grads = (y.clone() * weights).sum().backward();
    let gradients = tracked
        .iter()
        .map(|x| list(x.grad(&grads).expect("every leaf is used")));
    std::iter::once(list(y)).chain(gradients).collect()
}

#[track_caller]
pub(super) fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-6_f32, |a, b| a.max(b.abs()));
    for (index, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * largest,
            "{what}: {a} against {b} at {index}"
        );
    }
}

#[track_caller]
pub(super) fn compare(
    what: &str,
    leaves: &[Tensor<1>],
    fast: impl Fn(&[Tensor<1>]) -> Tensor<1>,
    portable: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) {
    let got = evaluate(leaves, fast);
    let expected = evaluate(leaves, portable);
    for (index, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert_close(&format!("{what}, result {index}"), got, expected, 2e-5);
    }
}

pub(super) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    tensor.flatten(0, D - 1)
}

#[test]
fn convolutions_match_the_portable_ones() {
    for (batch, size, channels_in, channels_out, kernel, stride, padding, groups) in [
        (1, [1, 1], 1, 1, 1, 1, 0, 1),
        (2, [7, 5], 3, 17, 3, 1, 1, 1),
        (3, [8, 8], 4, 6, 4, 2, 1, 2),
        (1, [9, 6], 3, 3, 3, 2, 0, 3),
        (2, [4, 4], 17, 1, 4, 1, 0, 1),
    ] {
        let options = ConvOptions {
            stride: [stride; 2],
            padding: [padding; 2],
            groups,
        };
        let [height, width] = size;
        let x = plain(1, [batch * height * width * channels_in]);
        let w_shape = [kernel, kernel, channels_in / groups, channels_out];
        let w = plain(2, [w_shape.iter().product()]);
        let b = plain(3, [channels_out]);
        let x_shape = [batch, height, width, channels_in];
        let what = format!("{x_shape:?} by {w_shape:?}, {options:?}");
        type Conv = fn(Tensor<4>, Tensor<4>, Option<Tensor<1>>, ConvOptions) -> Tensor<4>;
        let with = |f: Conv, x_shape: [usize; 4]| {
            move |leaves: &[Tensor<1>]| {
                let [x, w] = [
                    leaves[0].clone().reshape(x_shape),
                    leaves[1].clone().reshape(w_shape),
                ];
                flat(f(x, w, leaves.get(2).cloned(), options))
            }
        };
        let leaves = [x.clone(), w.clone(), b];
        compare(
            &what,
            &leaves,
            with(layers::conv2d, x_shape),
            with(portable::conv2d, x_shape),
        );
        compare(
            &what,
            &leaves[..2],
            with(layers::conv2d, x_shape),
            with(portable::conv2d, x_shape),
        );
        let y_shape = [batch, height, width, channels_out];
        let y = plain(4, [y_shape.iter().product()]);
        let leaves = [y, w, plain(5, [channels_in])];
        let (fast, reference) = (layers::conv_transpose2d, portable::conv_transpose2d);
        if (height - 1) * stride + kernel > 2 * padding {
            let what = format!("transposed {what}");
            compare(
                &what,
                &leaves,
                with(fast, y_shape),
                with(reference, y_shape),
            );
            compare(
                &what,
                &leaves[..2],
                with(fast, y_shape),
                with(reference, y_shape),
            );
        }
    }
}

#[test]
fn linear_layers_match_the_portable_ones() {
    for [batch, inputs, outputs] in [[1, 1, 1], [5, 17, 3], [64, 100, 33]] {
        let leaves = [
            plain(1, [batch * inputs]),
            plain(2, [inputs * outputs]),
            plain(3, [outputs]),
        ];
        for activation in ACTIVATIONS {
            type Linear = fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>, Activation) -> Tensor<2>;
            let with = |f: Linear| {
                move |leaves: &[Tensor<1>]| {
                    let x = leaves[0].clone().reshape([batch, inputs]);
                    let w = leaves[1].clone().reshape([inputs, outputs]);
                    flat(f(x, w, leaves.get(2).cloned(), activation))
                }
            };
            let what = format!("linear {batch} {inputs} {outputs} {activation:?}");
            compare(&what, &leaves, with(layers::linear), with(portable::linear));
            compare(
                &what,
                &leaves[..2],
                with(layers::linear),
                with(portable::linear),
            );
        }
    }
}

/// Shapes with one, few and awkward numbers of channels, some cut into several chunks.
const SHAPES: [[usize; 4]; 7] = [
    [6, 1, 1, 1],
    [4, 5, 3, 3],
    [1, 3, 7, 17],
    [2, 65, 67, 3],
    [3, 40, 30, 17],
    [5, 9, 8, 128],
    [2, 2, 2, 1030],
];

#[test]
fn norms_match_the_portable_ones() {
    for shape in SHAPES {
        let [.., channels] = shape;
        let x = plain(1, [shape.iter().product()]) * 2.0 + 0.3;
        let leaves = [x, plain(2, [channels]) + 1.2, plain(3, [channels])];
        for activation in ACTIVATIONS {
            let what = format!("{shape:?} {activation:?}");
            compare(
                &format!("batch norm {what}"),
                &leaves,
                |leaves| {
                    let [x, gamma, beta] = [0, 1, 2].map(|i| leaves[i].clone());
                    flat(norms::batch_norm(x.reshape(shape), gamma, beta, 1e-5, activation).0)
                },
                |leaves| {
                    let [x, gamma, beta] = [0, 1, 2].map(|i| leaves[i].clone());
                    flat(portable::batch_norm(x.reshape(shape), gamma, beta, 1e-5, activation).0)
                },
            );
            if shape[1] * shape[2] > 1 {
                for count in 1..=3 {
                    let kept = &leaves[..count];
                    compare(
                        &format!("instance norm {what}"),
                        kept,
                        |leaves| {
                            let x = leaves[0].clone().reshape(shape);
                            let [gamma, beta] = [1, 2].map(|i| leaves.get(i).cloned());
                            flat(norms::instance_norm(x, gamma, beta, 1e-5, activation))
                        },
                        |leaves| {
                            let x = leaves[0].clone().reshape(shape);
                            let [gamma, beta] = [1, 2].map(|i| leaves.get(i).cloned());
                            flat(portable::instance_norm(x, gamma, beta, 1e-5, activation))
                        },
                    );
                }
            }
        }
    }
}

#[test]
fn batch_statistics_match_the_portable_ones() {
    for shape in SHAPES {
        let [.., channels] = shape;
        let x = plain(1, shape) * 0.1 + 3.0;
        let ones = Tensor::ones([channels], &Device::flex());
        let arguments = (x, ones.clone(), ones, 1e-5, Activation::Identity);
        let (x, gamma, beta, epsilon, activation) = arguments;
        let fast = norms::batch_norm(x.clone(), gamma.clone(), beta.clone(), epsilon, activation).1;
        let portable = portable::batch_norm(x, gamma, beta, epsilon, activation).1;
        assert_close("mean", &list(fast.mean), &list(portable.mean), 2e-5);
        assert_close(
            "variance",
            &list(fast.variance),
            &list(portable.variance),
            2e-5,
        );
    }
}

#[test]
fn elementwise_operators_match_the_portable_ones() {
    for shape in SHAPES {
        let [.., channels] = shape;
        let x = plain(1, [shape.iter().product()]) * 4.0;
        let leaves = [x.clone(), plain(2, [channels]), plain(3, [channels])];
        for activation in ACTIVATIONS {
            let what = format!("{shape:?} {activation:?}");
            compare(
                &format!("affine {what}"),
                &leaves,
                |leaves| {
                    let [x, scale, shift] = [0, 1, 2].map(|i| leaves[i].clone());
                    flat(elements::affine_activation(
                        x.reshape(shape),
                        scale,
                        shift,
                        activation,
                    ))
                },
                |leaves| {
                    let [x, scale, shift] = [0, 1, 2].map(|i| leaves[i].clone());
                    flat(portable::affine_activation(
                        x.reshape(shape),
                        scale,
                        shift,
                        activation,
                    ))
                },
            );
            compare(
                &format!("activation {what}"),
                &leaves[..1],
                |leaves| elements::activate(leaves[0].clone(), activation),
                |leaves| portable::activate(leaves[0].clone(), activation),
            );
            // Moved in, the input is overwritten.
            compare(
                &format!("activation in place {what}"),
                &leaves[..1],
                |leaves| elements::activate(leaves[0].clone() * 1.0, activation),
                |leaves| portable::activate(leaves[0].clone() * 1.0, activation),
            );
        }
        for target in [0.0, 0.9, 1.0] {
            compare(
                &format!("cross-entropy {shape:?} {target}"),
                std::slice::from_ref(&x),
                |leaves| elements::binary_cross_entropy_with_logits(leaves[0].clone(), target),
                |leaves| portable::binary_cross_entropy_with_logits(leaves[0].clone(), target),
            );
        }
    }
}

#[test]
fn resampling_matches_the_portable_one() {
    for shape in SHAPES {
        let x = [plain(1, [shape.iter().product()])];
        let as_images = move |leaves: &[Tensor<1>]| leaves[0].clone().reshape::<4, _>(shape);
        for factor in [2, 3] {
            compare(
                &format!("upsample {shape:?} {factor}"),
                &x,
                |x| flat(resampling::upsample_nearest(as_images(x), factor)),
                |x| flat(portable::upsample_nearest(as_images(x), factor)),
            );
            if shape[1].min(shape[2]) >= factor {
                compare(
                    &format!("downsample {shape:?} {factor}"),
                    &x,
                    |x| flat(resampling::downsample_average(as_images(x), factor)),
                    |x| flat(portable::downsample_average(as_images(x), factor)),
                );
            }
        }
        for size in [[1, 1], [5, 9], [2 * shape[1], 2 * shape[2]]] {
            compare(
                &format!("resize {shape:?} {size:?}"),
                &x,
                |x| flat(resampling::resize_bilinear(as_images(x), size)),
                |x| flat(portable::resize_bilinear(as_images(x), size)),
            );
        }
    }
}

#[test]
fn logits_of_any_size_have_a_finite_loss_and_gradient() {
    let logits: Vec<f32> = vec![-1e30, -100.0, 0.0, 100.0, 1e30];
    let x = Tensor::<1>::from_floats(logits.as_slice(), &Device::flex())
        .autodiff()
        .require_grad();
    let loss = binary_cross_entropy_with_logits(x.clone(), 1.0);
    let grads = loss.clone().backward();
    assert!((list(loss)[0] / 2e29 - 1.0).abs() < 1e-6);
    let gradient = list(x.grad(&grads).expect("x is tracked"));
    assert_close("gradient", &gradient, &[-0.2, -0.2, -0.1, 0.0, 0.0], 1e-6);
}

#[test]
fn frozen_operands_get_no_gradient_and_the_others_keep_theirs() {
    let x = plain(1, [2, 6, 6, 3]).autodiff().require_grad();
    let w = plain(2, [3, 3, 3, 4]).autodiff();
    let b = plain(3, [4]).autodiff();
    let y = conv2d(
        x.clone(),
        w.clone(),
        Some(b.clone()),
        ConvOptions::default(),
    );
    let gamma = plain(4, [4]).autodiff();
    let (y, _) = batch_norm(
        y,
        gamma.clone(),
        b.clone(),
        1e-5,
        Activation::LeakyRelu(0.2),
    );
    let grads = y.powi_scalar(2).sum().backward();
    assert!(x.grad(&grads).is_some());
    assert!(w.grad(&grads).is_none() && b.grad(&grads).is_none() && gamma.grad(&grads).is_none());

    let data = plain(1, [2, 6, 6, 3]).autodiff();
    let w = w.require_grad();
    let y = conv2d(data.clone(), w.clone(), None, ConvOptions::default());
    let grads = y.sum().backward();
    assert!(data.grad(&grads).is_none() && w.grad(&grads).is_some());
}

/// What a rule computes for operands that are not wanted: nothing.
#[test]
fn rules_compute_only_what_is_wanted() {
    use flex::Rule;

    #[derive(Clone, Debug)]
    struct Spy(std::sync::Arc<std::sync::Mutex<Vec<[bool; 2]>>>);
    impl Rule<2> for Spy {
        fn gradients(
            self,
            gradient: burn_flex::FlexTensor,
            wanted: [bool; 2],
        ) -> [Option<burn_flex::FlexTensor>; 2] {
            self.0.lock().expect("no test panics here").push(wanted);
            wanted.map(|wanted| wanted.then(|| gradient.clone()))
        }
    }
    let seen = Spy(Default::default());
    let spy = seen.clone();
    let x = plain(1, [3]).autodiff();
    let w = plain(2, [3]).autodiff().require_grad();
    let y: Tensor<1> = flex::run([x.into(), w.into()], |[x, _]| (x, spy));
    let _ = y.sum().backward();
    assert_eq!(
        *seen.0.lock().expect("no test panics here"),
        [[false, true]]
    );
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let step = || {
        let x = plain(1, [4, 33, 31, 17]).autodiff().require_grad();
        let w = plain(2, [3, 3, 17, 40]).autodiff().require_grad();
        let [gamma, beta] = [3, 4].map(|seed| plain(seed, [40]).autodiff().require_grad());
        let options = ConvOptions {
            stride: [1, 1],
            padding: [1, 1],
            groups: 1,
        };
        let y = conv2d(x.clone(), w.clone(), Some(beta.clone()), options);
        let (y, _) = batch_norm(
            y,
            gamma.clone(),
            beta.clone(),
            1e-5,
            Activation::LeakyRelu(0.2),
        );
        let y = instance_norm(upsample_nearest(y, 2), None, None, 1e-5, Activation::Tanh);
        let y = resize_bilinear(downsample_average(y, 2), [20, 41]);
        let y = conv_transpose2d(y, w.clone(), None, ConvOptions::default());
        let loss = binary_cross_entropy_with_logits(flat(y), 0.9);
        let grads = loss.clone().backward();
        let mut results = vec![list(loss)];
        results.push(list(x.grad(&grads).expect("tracked")));
        results.push(list(w.grad(&grads).expect("tracked")));
        results.extend([gamma, beta].map(|p| list(p.grad(&grads).expect("tracked"))));
        results
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(step)
    };
    let one = on(1);
    for threads in [2, 3] {
        assert!(on(threads) == one, "{threads} threads change the result");
    }
}

#[test]
fn every_instruction_set_agrees() {
    use crate::isa::Isa;
    let step = || {
        let x = plain(1, [4 * 9 * 9 * 19]);
        evaluate(&[x, plain(2, [19]), plain(3, [19])], |leaves| {
            let [x, gamma, beta] = [0, 1, 2].map(|i| leaves[i].clone());
            flat(
                batch_norm(
                    x.reshape([4, 9, 9, 19]),
                    gamma,
                    beta,
                    1e-5,
                    Activation::Tanh,
                )
                .0,
            )
        })
    };
    let expected = Isa::Portable.with(step);
    for isa in Isa::available() {
        for (got, expected) in isa.with(step).iter().zip(&expected) {
            assert_close(&format!("{isa:?}"), got, expected, 2e-6);
        }
    }
}
