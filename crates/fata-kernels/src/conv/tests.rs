//! Each direction against sums in f64, for every instruction set of this
//! machine, and bit for bit against itself for several numbers of threads.

use super::*;
use crate::gemm::test_data::{noise, relative_error};
use crate::isa::Isa;
use proptest::prelude::*;

/// All three directions, one product at a time.
struct Reference {
    y: Vec<f64>,
    dx: Vec<f64>,
    dw: Vec<f64>,
}

struct Case {
    shape: ConvShape,
    x: Vec<f32>,
    weight: Vec<f32>,
    dy: Vec<f32>,
}

impl Case {
    fn new(shape: ConvShape) -> Self {
        Case {
            x: noise(shape.input_len(), 1),
            weight: noise(shape.weight_len(), 2),
            dy: noise(shape.output_len(), 3),
            shape,
        }
    }

    fn reference(&self) -> Reference {
        let s = &self.shape;
        let mut r = Reference {
            y: vec![0.0; s.output_len()],
            dx: vec![0.0; s.input_len()],
            dw: vec![0.0; s.weight_len()],
        };
        for image in 0..s.batch {
            for oy in 0..s.out_height() {
                for ox in 0..s.out_width() {
                    for ky in 0..s.kernel[0] {
                        for kx in 0..s.kernel[1] {
                            let y = (oy * s.stride[0] + ky).wrapping_sub(s.padding[0]);
                            let x = (ox * s.stride[1] + kx).wrapping_sub(s.padding[1]);
                            if y < s.height && x < s.width {
                                let pixel = (image * s.height + y) * s.width + x;
                                let out = (image * s.out_height() + oy) * s.out_width() + ox;
                                self.add_tap(&mut r, pixel, out, ky * s.kernel[1] + kx);
                            }
                        }
                    }
                }
            }
        }
        r
    }

    fn add_tap(&self, r: &mut Reference, pixel: usize, out: usize, tap: usize) {
        let s = &self.shape;
        for co in 0..s.channels_out {
            for ci in 0..s.group_in() {
                let x = pixel * s.channels_in + co / s.group_out() * s.group_in() + ci;
                let w = (tap * s.group_in() + ci) * s.channels_out + co;
                let y = out * s.channels_out + co;
                r.y[y] += f64::from(self.x[x]) * f64::from(self.weight[w]);
                r.dx[x] += f64::from(self.dy[y]) * f64::from(self.weight[w]);
                r.dw[w] += f64::from(self.x[x]) * f64::from(self.dy[y]);
            }
        }
    }

    fn run(&self) -> [Vec<f32>; 3] {
        let mut y = vec![f32::NAN; self.shape.output_len()];
        let mut dx = vec![f32::NAN; self.shape.input_len()];
        let mut dw = vec![f32::NAN; self.shape.weight_len()];
        forward(&self.shape, &self.x, &self.weight, None, &mut y);
        input_grad(&self.shape, &self.dy, &self.weight, None, &mut dx);
        weight_grad(&self.shape, &self.x, &self.dy, &mut dw);
        [y, dx, dw]
    }

    fn check(&self, tolerance: f64) {
        let r = self.reference();
        for isa in Isa::available() {
            let [y, dx, dw] = isa.with(|| self.run());
            for (name, actual, expected) in [("y", y, &r.y), ("dx", dx, &r.dx), ("dw", dw, &r.dw)] {
                let error = relative_error(&actual, expected);
                assert!(
                    error <= tolerance,
                    "{name} with {isa:?}: {error:e} for {:?}",
                    self.shape
                );
            }
        }
    }
}

fn shape(
    size: [usize; 3],
    channels: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> ConvShape {
    ConvShape {
        batch: size[0],
        height: size[1],
        width: size[2],
        channels_in: channels[0],
        channels_out: channels[1],
        kernel,
        stride,
        padding,
        groups: 1,
    }
}

#[test]
fn odd_channels_and_sizes() {
    for [channels_in, channels_out] in [
        [1, 1],
        [1, 17],
        [3, 5],
        [5, 3],
        [17, 33],
        [33, 1],
        [33, 17],
        [64, 48],
    ] {
        for [kernel, stride, padding] in [
            [1, 1, 0],
            [2, 1, 0],
            [3, 1, 1],
            [3, 2, 1],
            [4, 2, 1],
            [5, 3, 2],
            [5, 1, 2],
            [2, 3, 0],
        ] {
            let shape = shape(
                [2, 7, 9],
                [channels_in, channels_out],
                [kernel; 2],
                [stride; 2],
                [padding; 2],
            );
            Case::new(shape).check(if channels_in == 64 { 1e-5 } else { 2e-6 });
        }
    }
}

#[test]
fn one_pixel_images() {
    for [kernel, padding] in [[1, 0], [1, 1], [3, 1], [5, 2]] {
        for stride in 1..4 {
            let shape = shape([1, 1, 1], [5, 17], [kernel; 2], [stride; 2], [padding; 2]);
            Case::new(shape).check(2e-6);
        }
    }
}

#[test]
fn kernels_and_strides_that_are_not_square() {
    Case::new(shape([3, 11, 4], [5, 17], [5, 2], [1, 3], [2, 0])).check(2e-6);
    Case::new(shape([1, 3, 13], [17, 5], [1, 4], [3, 1], [0, 2])).check(2e-6);
    Case::new(shape([2, 6, 5], [3, 33], [6, 5], [1, 1], [0, 0])).check(2e-6);
}

/// Sizes that `winograd` takes, with tiles that go beyond the image.
#[test]
fn few_multiplications_are_accurate_enough() {
    for size in [[2, 9, 7], [1, 4, 4], [3, 1, 5], [5, 16, 16]] {
        for channels in [[32, 64], [48, 32], [112, 80]] {
            for [kernel, stride, padding] in [
                [3, 1, 1],
                [3, 1, 0],
                [3, 1, 2],
                [4, 2, 1],
                [4, 2, 0],
                [2, 1, 1],
                [6, 2, 2],
            ] {
                let shape = shape(size, channels, [kernel; 2], [stride; 2], [padding; 2]);
                Case::new(shape).check(1e-5);
            }
        }
    }
    let shape = shape([8, 8, 8], [272, 96], [3, 3], [1, 1], [1, 1]);
    assert!(
        shape
            .forward_layer(&[])
            .is_some_and(|layer| layer.tile_size().is_some())
    );
    Case::new(shape).check(1e-5);
}

#[test]
fn groups_do_not_mix() {
    for [channels_in, channels_out, groups] in [[6, 4, 2], [34, 66, 2], [17, 17, 17], [5, 10, 5]] {
        for [kernel, stride, padding] in [[1, 1, 0], [3, 1, 1], [4, 2, 1], [3, 2, 0]] {
            let shape = shape(
                [2, 8, 5],
                [channels_in, channels_out],
                [kernel; 2],
                [stride; 2],
                [padding; 2],
            );
            Case::new(ConvShape { groups, ..shape }).check(2e-6);
        }
    }
}

/// Sizes that `grouped` takes: lines that registers do not divide, padding of
/// every width, several sixteens of channels, sums in several parts.
#[test]
fn groups_of_sixteens_are_accurate_enough() {
    for [channels_in, channels_out, groups] in [[32, 32, 2], [48, 96, 3], [64, 32, 2]] {
        for size in [[2, 5, 7], [1, 1, 1], [9, 4, 16], [1, 33, 31]] {
            for [kernel, padding] in [[3, 1], [3, 0], [3, 2], [1, 0], [2, 1]] {
                let shape = shape(
                    size,
                    [channels_in, channels_out],
                    [kernel; 2],
                    [1; 2],
                    [padding; 2],
                );
                Case::new(ConvShape { groups, ..shape }).check(2e-6);
            }
        }
    }
    let long = shape([1, 3, 40], [32, 32], [1, 5], [1, 1], [0, 3]);
    Case::new(ConvShape { groups: 2, ..long }).check(2e-6);
}

#[test]
fn a_bias_is_added_once() {
    check_bias(shape([2, 5, 4], [6, 8], [4, 4], [2, 2], [1, 1]));
    check_bias(shape([2, 5, 4], [32, 64], [3, 3], [1, 1], [1, 1]));
}

#[track_caller]
fn check_bias(shape: ConvShape) {
    let case = Case::new(ConvShape { groups: 2, ..shape });
    let [y, dx, _] = case.run();
    let (outs, ins) = (shape.channels_out, shape.channels_in);
    let (bias_out, bias_in) = (noise(outs, 4), noise(ins, 5));
    let (mut biased_y, mut biased_dx) = (y.clone(), dx.clone());
    forward(
        &case.shape,
        &case.x,
        &case.weight,
        Some(&bias_out),
        &mut biased_y,
    );
    input_grad(
        &case.shape,
        &case.dy,
        &case.weight,
        Some(&bias_in),
        &mut biased_dx,
    );
    assert!(
        biased_y
            .iter()
            .zip(&y)
            .enumerate()
            .all(|(i, (biased, y))| *biased == y + bias_out[i % outs])
    );
    assert!(
        biased_dx
            .iter()
            .zip(&dx)
            .enumerate()
            .all(|(i, (biased, dx))| *biased == dx + bias_in[i % ins])
    );
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let shapes = [
        shape([4, 16, 16], [3, 40], [4, 4], [2, 2], [1, 1]),
        shape([16, 32, 32], [8, 20], [3, 3], [1, 1], [1, 1]),
        shape([3, 9, 9], [64, 96], [3, 3], [1, 1], [1, 1]),
        shape([7, 16, 16], [64, 64], [4, 4], [2, 2], [1, 1]),
        shape([9, 4, 4], [130, 1], [4, 4], [1, 1], [0, 0]),
        shape([5, 4, 4], [512, 100], [4, 4], [1, 1], [0, 0]),
        ConvShape {
            groups: 3,
            ..shape([9, 20, 21], [48, 96], [3, 3], [1, 1], [1, 1])
        },
    ];
    for shape in shapes {
        let case = Case::new(shape);
        let runs: Vec<_> = [1, 2, 3, 5]
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| case.run())
                    .map(|values| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
            })
            .into();
        assert!(runs.iter().all(|run| run == &runs[0]), "{shape:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_shape_agrees(
        batch in 1_usize..4, height in 1_usize..12, width in 1_usize..12,
        group_in in 1_usize..20, group_out in 1_usize..20, groups in 1_usize..4,
        kernel in prop::array::uniform2(1_usize..6), stride in prop::array::uniform2(1_usize..4),
        padding in prop::array::uniform2(0_usize..3),
    ) {
        let shape = ConvShape {
            batch, height, width, channels_in: group_in * groups, channels_out: group_out * groups,
            kernel, stride, padding, groups,
        };
        Case::new(shape).check(2e-6);
    }
}
