//! How fast this machine trains: steps of a real game on made-up data, and the
//! share of the machine's arithmetic that they reach.

use crate::data::Kind;
use crate::layers::tensor;
use crate::nets::Form;
use crate::recipe::{Condition, Recipe};
use crate::rng::{Random, Stream};
use crate::train::{Game, Portion, Samples, TrainError};
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, ConvOptions};
use serde::Serialize;
use std::time::Instant;

/// Side of the square matrices by which the machine's peak is measured.
const PEAK_SIDE: usize = 2048;
/// Classes of the made-up labels, where the recipe is conditioned on them.
const CLASSES: usize = 10;
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

/// Steps of a recipe on data of a form, to be timed.
#[derive(Clone, Copy, Debug)]
pub struct StepBench<'a> {
    /// What is trained.
    pub recipe: &'a Recipe,
    /// The data's form.
    pub kind: Kind,
    /// Steps that are timed.
    pub steps: usize,
    /// Whether each operator is timed as well.
    pub profile: bool,
}

impl StepBench<'_> {
    /// Times the steps.
    ///
    /// # Errors
    /// If the architecture does not fit the data, or training breaks down.
    pub fn run(self, device: &Device) -> Result<Report, TrainError> {
        let peak_gflops = peak(device);
        let (mut game, batch) = (self.game(device)?, self.recipe.train.batch);
        let portion = self.portion(0, device);
        for _ in 0..WARM_UP {
            game.step(|| Ok(portion.clone()))?;
        }
        let steps = self.steps.max(1);
        if self.profile {
            fata_kernels::profile::start();
        }
        let mut times = Vec::new();
        for _ in 0..steps {
            let began = Instant::now();
            game.step(|| Ok(portion.clone()))?;
            times.push(began.elapsed().as_secs_f64());
        }
        let operators = match self.profile {
            true => {
                let seconds = times.iter().sum();
                operators(fata_kernels::profile::stop(), steps, seconds, peak_gflops)
            }
            false => Vec::new(),
        };
        let images = (batch * self.recipe.train.discriminator_steps) as f64;
        let gflop = game.gflop_per_step(batch);
        Ok(Report {
            operators,
            ..report(times, images, gflop, peak_gflops)
        })
    }

    /// The losses of discriminator and generator at each step, for comparing
    /// one way to compute them with another.
    ///
    /// # Errors
    /// As for [`StepBench::run`].
    pub fn losses(self, device: &Device) -> Result<Vec<[f64; 2]>, TrainError> {
        let mut game = self.game(device)?;
        let mut losses = Vec::new();
        for step in 0..self.steps {
            let report = game.step(|| Ok(self.portion(step as u64, device)))?;
            losses.push([report.loss_discriminator, report.loss_generator]);
        }
        Ok(losses)
    }

    fn form(&self) -> Form {
        Form::new(&self.recipe.model, self.kind, CLASSES)
    }

    fn game(&self, device: &Device) -> Result<Game, TrainError> {
        Ok(Game::new(self.recipe, &self.form(), &[1; CLASSES], device)?)
    }

    /// A batch of made-up samples with made-up labels: waves of random length, so that they are
    /// smooth as pictures are and no two alike.
    fn portion(&self, number: u64, device: &Device) -> Portion {
        let columns = self.form().network_shape().iter().product::<usize>();
        let batch = self.recipe.train.batch;
        let mut draws = Random::new(0).at(Stream::Data, number);
        let mut numbers = Vec::with_capacity(batch * columns);
        for _ in 0..batch {
            let [length, phase] = [0.2 * draws.uniform(), 6.0 * draws.uniform()];
            let wave = |column: usize| libm::sinf(column as f32 * length + phase);
            numbers.extend((0..columns).map(wave));
        }
        let labels: Vec<u32> = (0..batch).map(|_| draws.below(CLASSES as u32)).collect();
        let classes = self.form().classes;
        let real = Samples::new(numbers, batch, Some(&labels), classes, device);
        let semi = self.recipe.model.condition == Condition::SemiSupervised;
        let labelled = semi.then(|| real.clone());
        Portion { real, labelled }
    }
}

/// What was measured over so many steps, for one.
fn operators(
    measured: Vec<fata_kernels::profile::Operator>,
    steps: usize,
    seconds: f64,
    peak_gflops: f64,
) -> Vec<Operator> {
    let steps = steps as f64;
    let of_one = measured.into_iter().map(|operator| Operator {
        calls: operator.calls as f64 / steps,
        milliseconds: 1e3 * operator.seconds / steps,
        share: operator.seconds / seconds,
        gflop: operator.gflop / steps,
        efficiency: operator.gflop / operator.seconds / peak_gflops,
        name: operator.name,
    });
    of_one.collect()
}

/// One convolution, forward and backward.
#[derive(Clone, Copy, Debug)]
pub struct ConvolutionBench {
    /// Pictures.
    pub batch: usize,
    /// Channels in.
    pub channels_in: usize,
    /// Channels out.
    pub channels_out: usize,
    /// Side of the pictures.
    pub size: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
    /// Whether it is transposed.
    pub transposed: bool,
}

impl ConvolutionBench {
    /// Times forward pass, input gradient and weight gradient together.
    pub fn run(self, steps: usize, device: &Device) -> Report {
        let peak_gflops = peak(device);
        let padding = self
            .kernel
            .saturating_sub(self.stride)
            .div_ceil(2)
            .min(self.kernel / 2);
        let options = ConvOptions {
            stride: [self.stride; 2],
            padding: [padding; 2],
            groups: 1,
        };
        let mut draws = Random::new(0).at(Stream::Data, 1);
        let mut random = |shape: [usize; 4]| -> Tensor<4> {
            let numbers = (0..shape.iter().product())
                .map(|_| draws.normal())
                .collect();
            tensor(numbers, device)
                .reshape(shape)
                .autodiff()
                .require_grad()
        };
        let x = random([self.batch, self.size, self.size, self.channels_in]);
        let channels = match self.transposed {
            true => [self.channels_out, self.channels_in],
            false => [self.channels_in, self.channels_out],
        };
        let weight = random([self.kernel, self.kernel, channels[0], channels[1]]);
        let convolve = || match self.transposed {
            true => fata_kernels::conv_transpose2d(x.clone(), weight.clone(), None, options),
            false => fata_kernels::conv2d(x.clone(), weight.clone(), None, options),
        };
        let out = convolve().dims();
        let side = if self.transposed { self.size } else { out[1] };
        let multiply_adds = (self.batch
            * side
            * side
            * self.kernel
            * self.kernel
            * self.channels_in
            * self.channels_out) as f64;
        let upstream = random(out).without_autodiff();
        let mut times = Vec::new();
        for step in 0..WARM_UP + steps.max(1) {
            let began = Instant::now();
            let y = convolve();
            let gradients = (y * upstream.clone().autodiff()).sum().backward();
            drop((x.grad(&gradients), weight.grad(&gradients)));
            if step >= WARM_UP {
                times.push(began.elapsed().as_secs_f64());
            }
        }
        report(
            times,
            self.batch as f64,
            3.0 * 2.0 * multiply_adds / 1e9,
            peak_gflops,
        )
    }
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
