//! Times the three directions of each convolution of the reference works, and
//! a large matrix product as the machine's peak: the least of many runs.
//!
//! usage: conv_times [seconds per figure] [part of a layer's name]

use fata_kernels::conv::{self, ConvShape};
use fata_kernels::gemm::{Epilogue, Matrix, sgemm};
use std::time::Instant;

fn least_seconds(budget_seconds: f64, mut work: impl FnMut()) -> f64 {
    let (start, mut least, mut runs) = (Instant::now(), f64::INFINITY, 0);
    while runs < 5 || start.elapsed().as_secs_f64() < budget_seconds {
        let run = Instant::now();
        work();
        least = least.min(run.elapsed().as_secs_f64());
        runs += 1;
    }
    least
}

/// Floats between -0.5 and 0.5.
fn values(len: usize) -> Vec<f32> {
    (0..len as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)
        .collect()
}

fn square(
    batch: usize,
    size: usize,
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
) -> ConvShape {
    ConvShape {
        batch,
        height: size,
        width: size,
        channels_in: channels[0],
        channels_out: channels[1],
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding: [padding; 2],
        groups: 1,
    }
}

/// Milliseconds of the forward pass, the input's and the weight's gradient.
fn times(shape: &ConvShape, budget_seconds: f64) -> [f64; 3] {
    let x = values(shape.batch * shape.height * shape.width * shape.channels_in);
    let dy = values(shape.batch * shape.out_height() * shape.out_width() * shape.channels_out);
    let weight = values(
        shape.kernel[0] * shape.kernel[1] * shape.channels_in / shape.groups * shape.channels_out,
    );
    let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), weight.clone());
    [
        least_seconds(budget_seconds, || {
            conv::forward(shape, &x, &weight, None, &mut y)
        }),
        least_seconds(budget_seconds, || {
            conv::input_grad(shape, &dy, &weight, None, &mut dx)
        }),
        least_seconds(budget_seconds, || {
            conv::weight_grad(shape, &x, &dy, &mut dw)
        }),
    ]
    .map(|seconds| 1e3 * seconds)
}

fn main() {
    let budget_seconds: f64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.3);
    let wanted = std::env::args().nth(2).unwrap_or_default();
    println!(
        "{:?}, {} threads",
        fata_kernels::isa::Isa::active(),
        rayon::current_num_threads()
    );
    let size = 2048;
    let (a, b, mut c) = (
        values(size * size),
        values(size * size),
        vec![0.0; size * size],
    );
    let peak_seconds = least_seconds(budget_seconds, || {
        sgemm(
            Matrix::new(&a, size, size),
            Matrix::new(&b, size, size),
            &mut c,
            Epilogue::NONE,
        );
    });
    let peak = 2.0 * (size as f64).powi(3) / peak_seconds / 1e9;
    println!(
        "product 2048 x 2048 x 2048: {:.1} ms, {peak:.0} GFLOP/s\n",
        1e3 * peak_seconds
    );
    let works = [
        (
            "W1",
            vec![
                square(64, 64, [3, 64], 4, 2, 1),
                square(64, 32, [64, 128], 4, 2, 1),
                square(64, 16, [128, 256], 4, 2, 1),
                square(64, 8, [256, 512], 4, 2, 1),
                square(64, 4, [512, 1], 4, 1, 0),
                square(64, 4, [512, 100], 4, 1, 0),
            ],
        ),
        (
            "W2",
            vec![
                square(64, 32, [1, 32], 4, 2, 1),
                square(64, 16, [32, 64], 4, 2, 1),
                square(64, 8, [64, 128], 4, 2, 1),
                square(64, 4, [128, 1], 4, 1, 0),
                square(64, 4, [128, 100], 4, 1, 0),
            ],
        ),
        ("W4", vec![square(8, 64, [256, 256], 3, 1, 1)]),
    ];
    println!(
        "{:32} {:>22} {:>22} {:>22}",
        "", "forward", "input gradient", "weight gradient"
    );
    for (work, shapes) in works {
        let (mut total_ms, mut total_gflop) = (0.0, 0.0);
        for shape in shapes {
            let gflop = shape.flops() as f64 / 1e9;
            let name = format!(
                "{work} {}x{} {}->{}",
                shape.height, shape.width, shape.channels_in, shape.channels_out
            );
            if !name.contains(&wanted) {
                continue;
            }
            print!("{name:32}");
            for milliseconds in times(&shape, budget_seconds) {
                print!(
                    " {milliseconds:8.3} ms {:5.0} GF/s",
                    1e3 * gflop / milliseconds
                );
                total_ms += milliseconds;
            }
            println!();
            total_gflop += 3.0 * gflop;
        }
        let rate = 1e3 * total_gflop / total_ms;
        println!(
            "{work} in all: {total_ms:.2} ms, {rate:.0} GFLOP/s, {:.0} % of the product's\n",
            100.0 * rate / peak
        );
    }
}
