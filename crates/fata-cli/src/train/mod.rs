//! `fata train`: begin a run, go on with one, or only say what it would take.

mod course;
mod dry_run;
mod recipe;
mod studio;

use crate::count::count;
use crate::machine::Machine;
use clap::Args;
use fata::Trainer;
use fata::recipe::ModelKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use studio::Beside;

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// A folder, .zip, IDX file, .csv or built-in name [default: digits]
    data: Option<PathBuf>,
    /// Translate these pictures: a folder or zip; or edges, grey, small or
    /// masked, drawn from the others
    #[arg(long, value_name = "A", requires = "to", conflicts_with_all = ["data", "pairs"])]
    from: Option<String>,
    /// What the pictures of --from become: a folder or zip
    #[arg(long, value_name = "B", requires = "from")]
    to: Option<PathBuf>,
    /// Translate the left halves of these pictures to the right ones
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    pairs: Option<PathBuf>,
    /// Whether pictures of one name are pairs: yes or no [default: if all are]
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    paired: Option<bool>,
    /// A recipe's name or file [default: what fits the data]
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<String>,
    /// The run folder [default: runs/00000-DATA-RECIPE, next free number]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Real images that the discriminator sees in all, as 200k or 1.5M
    #[arg(long, value_name = "N", value_parser = count)]
    images: Option<u64>,
    /// Stop after so many minutes, if that comes first
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Side of the pictures in pixels [default: the data's own, or 64]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// Real images in a step
    #[arg(long, value_name = "B")]
    batch: Option<usize>,
    /// The seed of everything that is drawn
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Images between ticks
    #[arg(long, value_name = "N", value_parser = count)]
    every: Option<u64>,
    /// How pictures that are not square are made so: crop, pad or stretch
    #[arg(long, value_name = "FIT")]
    fit: Option<String>,
    /// Go on with this run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["data", "recipe", "out", "from", "to", "pairs", "paired"])]
    resume: Option<PathBuf>,
    /// Replace a value of the recipe, as table.key=value (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Take the doctor's advice while training, and go back after divergence
    #[arg(long)]
    auto: bool,
    /// Open the studio in the browser, on this run, for as long as it is trained
    #[arg(long, conflicts_with = "dry_run")]
    studio: bool,
    /// Say what the run would be and take; write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    machine: Machine,
    /// Stop, saved, when the standard input closes: how the studio asks it on every system.
    #[arg(long, hide = true)]
    until_input_closes: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(arguments: TrainArgs) -> anyhow::Result<ExitCode> {
    let device = arguments.machine.open()?;
    if arguments.dry_run {
        let recipe = match &arguments.resume {
            Some(run) => recipe::change(&arguments, Trainer::recipe_of(run)?)?,
            None => recipe::new(&arguments)?,
        };
        return dry_run::dry_run(Trainer::on(recipe, device)?, &arguments);
    }
    let trainer = match &arguments.resume {
        Some(folder) => {
            Trainer::resume(folder, |recipe| recipe::change(&arguments, recipe), device)?
        }
        None => {
            let recipe = recipe::new(&arguments)?;
            match &arguments.out {
                Some(folder) => Trainer::create(recipe, folder, device)?,
                None => Trainer::create_numbered(recipe, Path::new("runs"), device)?,
            }
        }
    };
    let studio = match arguments.studio {
        true => Some(Beside::open(&trainer, arguments.quiet)?),
        false => None,
    };
    let outcome = course::train(trainer, &arguments);
    if let Some(studio) = studio {
        studio.end();
    }
    outcome
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("use yes or no".into()),
    }
}

/// Prints the object that `--json` asks for, with how many numbers each player
/// trains, and each network by its name where there may be others.
fn print_object(trainer: &Trainer, mut said: serde_json::Value) {
    let [generator, discriminator] = trainer.parameter_counts();
    said["parameters_generator"] = generator.into();
    said["parameters_discriminator"] = discriminator.into();
    if trainer.recipe().model.kind == ModelKind::Translation {
        let networks = trainer.networks().into_iter();
        let counts: serde_json::Map<_, _> = networks
            .map(|(name, count)| (name.to_string(), count.into()))
            .collect();
        said["networks"] = counts.into();
    }
    println!("{said}");
}

/// Seconds as a person says them.
fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
