//! How fast this machine trains: steps of a real game on made-up data, and the
//! share of the machine's arithmetic that they reach.

mod convolution;
mod players;
mod steps;

pub use convolution::ConvolutionBench;
pub use steps::StepBench;

use crate::layers::tensor;
use burn::tensor::{Device, Tensor};
use fata_kernels::Activation;
use serde::Serialize;
use std::time::Instant;

/// Side of the square matrices by which the machine's peak is measured.
const PEAK_SIDE: usize = 2048;
/// Untimed repetitions before the timed ones.
const WARM_UP: usize = 3;

/// The outcome of a benchmark. One GFLOP is 10^9 multiplications or additions.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Real images a second of training, from the median step.
    pub images_per_second: f64,
    /// Median.
    pub step_milliseconds: f64,
    /// Fastest.
    pub step_milliseconds_min: f64,
    /// Arithmetic of one step's matrix products.
    pub gflop_per_step: f64,
    /// Arithmetic a second.
    pub gflops: f64,
    /// What a large matrix product reaches, measured just before.
    pub peak_gflops: f64,
    /// `gflops / peak_gflops`.
    pub efficiency: f64,
    /// Threads that computed.
    pub threads: usize,
    /// Resident memory of the process.
    pub memory_bytes: u64,
    /// Where the time goes, the longest first, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Operator>,
}

/// All calls of an operator with the same sizes, in one step.
#[derive(Clone, Debug, Serialize)]
pub struct Operator {
    /// What it computes, with its sizes.
    pub name: String,
    /// Calls in a step.
    pub calls: f64,
    /// Their time in a step.
    pub milliseconds: f64,
    /// Their share of a step's time.
    pub share: f64,
    /// Their arithmetic in a step; zero where it is no matrix product.
    pub gflop: f64,
    /// Share of the peak that they reach.
    pub efficiency: f64,
}

/// GFLOP/s of a large matrix product, the best of several.
fn peak(device: &Device) -> f64 {
    let numbers = vec![0.5; PEAK_SIDE * PEAK_SIDE];
    let a: Tensor<2> = tensor(numbers, device).reshape([PEAK_SIDE, PEAK_SIDE]);
    let gflop = 2.0 * (PEAK_SIDE as f64).powi(3) / 1e9;
    let times = (0..6).map(|_| {
        let began = Instant::now();
        drop(fata_kernels::linear(
            a.clone(),
            a.clone(),
            None,
            Activation::Identity,
        ));
        began.elapsed().as_secs_f64()
    });
    gflop / times.fold(f64::INFINITY, f64::min)
}

fn report(mut times: Vec<f64>, images: f64, gflop: f64, peak_gflops: f64) -> Report {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    let median = match times.len().is_multiple_of(2) {
        true => f64::midpoint(times[middle - 1], times[middle]),
        false => times[middle],
    };
    Report {
        images_per_second: images / median,
        step_milliseconds: 1e3 * median,
        step_milliseconds_min: 1e3 * times[0],
        gflop_per_step: gflop,
        gflops: gflop / median,
        peak_gflops,
        efficiency: gflop / median / peak_gflops,
        threads: rayon::current_num_threads(),
        memory_bytes: crate::train::resident_memory(),
        operators: Vec::new(),
    }
}
