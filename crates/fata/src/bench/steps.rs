//! Steps of a recipe on made-up data.

use super::players::Players;
use super::{Operator, Report, WARM_UP, peak, report};
use crate::data::Kind;
use crate::recipe::Recipe;
use crate::train::TrainError;
use burn::tensor::Device;
use std::time::Instant;

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
        let mut players = Players::new(self.recipe, self.kind, device)?;
        let batch = players.batch(0, device);
        for _ in 0..WARM_UP {
            players.step(&batch)?;
        }
        let gflop = players.gflop_per_step(&batch)?;
        let steps = self.steps.max(1);
        if self.profile {
            fata_kernels::profile::start();
        }
        let mut times = Vec::new();
        for _ in 0..steps {
            let began = Instant::now();
            players.step(&batch)?;
            times.push(began.elapsed().as_secs_f64());
        }
        let operators = match self.profile {
            true => {
                let seconds = times.iter().sum();
                operators(fata_kernels::profile::stop(), steps, seconds, peak_gflops)
            }
            false => Vec::new(),
        };
        let settings = &self.recipe.train;
        let images = (settings.batch * settings.discriminator_steps) as f64;
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
        let mut players = Players::new(self.recipe, self.kind, device)?;
        let mut losses = Vec::new();
        for step in 0..self.steps {
            let report = players.step(&players.batch(step as u64, device))?;
            losses.push([report.loss_discriminator, report.loss_generator]);
        }
        Ok(losses)
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
