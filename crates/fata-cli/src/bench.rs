//! `fata bench`: how fast this machine trains.

use crate::machine::Machine;
use clap::{Args, Subcommand};
use fata::Recipe;
use fata::bench::{ConvolutionBench, Report, StepBench};
use fata::data::Kind;
use std::process::ExitCode;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// A recipe's name or file
    #[arg(long, default_value = "dcgan")]
    recipe: String,
    /// Side of the pictures
    #[arg(long, value_name = "R", default_value_t = 64)]
    resolution: usize,
    /// 1, 3 or 4
    #[arg(long, value_name = "N", default_value_t = 3)]
    channels: usize,
    /// Pictures in a step
    #[arg(long, value_name = "B")]
    batch: Option<usize>,
    /// Steps that are timed
    #[arg(long, value_name = "N", default_value_t = 20)]
    steps: usize,
    /// Replace a value of the recipe, as table.key=value
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Also say how long each operator takes
    #[arg(long)]
    profile: bool,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Subcommand)]
enum What {
    /// One convolution, forward and backward
    Conv(ConvArgs),
}

#[derive(Args)]
struct ConvArgs {
    /// Pictures
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// Channels in
    #[arg(long = "in", value_name = "N", default_value_t = 256)]
    channels_in: usize,
    /// Channels out
    #[arg(long = "out", value_name = "N", default_value_t = 256)]
    channels_out: usize,
    /// Side of the pictures
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Side of the kernel
    #[arg(long, default_value_t = 3)]
    kernel: usize,
    /// Step of the kernel
    #[arg(long, default_value_t = 1)]
    stride: usize,
    /// Transposed
    #[arg(long)]
    transposed: bool,
    /// Repetitions that are timed
    #[arg(long, value_name = "N", default_value_t = 10)]
    steps: usize,
    #[command(flatten)]
    machine: Machine,
}

pub(crate) fn run(arguments: BenchArgs) -> anyhow::Result<ExitCode> {
    let (report, json) = match arguments.what {
        Some(What::Conv(conv)) => {
            let device = conv.machine.open()?;
            let sizes = [
                conv.batch,
                conv.channels_in,
                conv.channels_out,
                conv.size,
                conv.kernel,
                conv.stride,
            ];
            if sizes.contains(&0) || conv.kernel > conv.size {
                return Err(crate::failure::Usage(
                    "sizes must be at least 1, and the kernel no larger than the picture".into(),
                )
                .into());
            }
            let bench = ConvolutionBench {
                batch: conv.batch,
                channels_in: conv.channels_in,
                channels_out: conv.channels_out,
                size: conv.size,
                kernel: conv.kernel,
                stride: conv.stride,
                transposed: conv.transposed,
            };
            (bench.run(conv.steps, &device), conv.machine.json)
        }
        None => {
            let device = arguments.machine.open()?;
            let mut recipe = Recipe::named_or_file(&arguments.recipe)?;
            for assignment in &arguments.set {
                recipe = recipe.with_set(assignment)?;
            }
            if let Some(batch) = arguments.batch {
                recipe = recipe.with_set(&format!("train.batch={batch}"))?;
            }
            recipe = recipe.with_set(&format!("data.channels={}", arguments.channels))?;
            if !(1..=1024).contains(&arguments.resolution) {
                return Err(crate::failure::Usage(
                    "--resolution must be between 1 and 1024".into(),
                )
                .into());
            }
            let kind = Kind::Images {
                channels: arguments.channels,
                height: arguments.resolution,
                width: arguments.resolution,
            };
            let bench = StepBench {
                recipe: &recipe,
                kind,
                steps: arguments.steps,
                profile: arguments.profile,
            };
            (bench.run(&device)?, arguments.machine.json)
        }
    };
    print(&report, json)?;
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    println!("images/s      {:>10.1}", report.images_per_second);
    println!(
        "step          {:>10.2} ms (median; fastest {:.2} ms)",
        report.step_milliseconds, report.step_milliseconds_min
    );
    println!("arithmetic    {:>10.2} GFLOP a step", report.gflop_per_step);
    println!(
        "speed         {:>10.1} GFLOP/s on {} threads",
        report.gflops, report.threads
    );
    println!(
        "peak          {:>10.1} GFLOP/s (a large matrix product, just before)",
        report.peak_gflops
    );
    println!("efficiency    {:>10.0} %", 100.0 * report.efficiency);
    println!("memory        {:>10} MB", report.memory_bytes / 1_000_000);
    if !report.operators.is_empty() {
        print_operators(report);
    }
    Ok(())
}

/// A table in Markdown.
fn print_operators(report: &Report) {
    println!("\n| operator | calls a step | share of the step | GFLOP/s | share of peak |");
    println!("|---|---|---|---|---|");
    let mut rest = 100.0;
    for operator in &report.operators {
        let share = 100.0 * operator.share;
        rest -= share;
        let speed = match operator.gflop > 0.0 {
            true => format!(
                "{:.0} | {:.0} %",
                1e3 * operator.gflop / operator.milliseconds,
                100.0 * operator.efficiency
            ),
            false => "| ".into(),
        };
        println!(
            "| {} | {} | {share:.1} % | {speed} |",
            operator.name, operator.calls
        );
    }
    println!("| all else | | {rest:.1} % | | |");
}
