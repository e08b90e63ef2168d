//! The `fata` binary: the library, driven from a command line.
#![forbid(unsafe_code)]

mod bench;
mod blend;
mod browser;
mod count;
mod data;
mod directions;
mod doctor;
mod failure;
mod ffmpeg;
mod invert;
mod judge;
mod judge_human;
mod judge_translation;
mod machine;
mod recipes;
mod sample;
mod serve;
mod space;
mod studio;
mod train;
mod translate;
mod walk;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Generative adversarial networks on your own data: from a folder of pictures
/// to a generator you can ship.
#[derive(Parser)]
#[command(name = "fata", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train on a folder, a zip, IDX files, a CSV or a built-in data set
    Train(Box<train::TrainArgs>),
    /// Make samples from seeds
    Sample(sample::SampleArgs),
    /// Move through the latent space: GIF, APNG, video or frames
    Walk(walk::WalkArgs),
    /// Add and subtract latents: "mean(12,40,7) - mean(3,9) + 21"
    Blend(blend::BlendArgs),
    /// Find directions of the latent space along which one thing changes
    Directions(directions::DirectionsArgs),
    /// Find the latent of a given image
    Invert(invert::InvertArgs),
    /// Turn pictures into other pictures
    Translate(translate::TranslateArgs),
    /// Serve a generator over HTTP: a fresh image on every request
    Serve(serve::ServeArgs),
    /// The browser: all runs of a folder, live; begin, pause and resume them
    Studio(studio::StudioArgs),
    /// Judge models and data by metrics
    Judge(judge::JudgeArgs),
    /// Say what went wrong in a run, and what to try
    Doctor(doctor::DoctorArgs),
    /// Look at data, pack them, or list the built-in ones
    Data(data::DataArgs),
    /// List the recipes, or print one
    Recipes(recipes::RecipesArgs),
    /// Measure how fast this machine trains
    Bench(bench::BenchArgs),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Train(arguments) => train::run(*arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Walk(arguments) => walk::run(arguments),
        Command::Blend(arguments) => blend::run(arguments),
        Command::Directions(arguments) => directions::run(arguments),
        Command::Invert(arguments) => invert::run(arguments),
        Command::Translate(arguments) => translate::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Studio(arguments) => studio::run(arguments),
        Command::Judge(arguments) => judge::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Data(arguments) => data::run(arguments).map(|()| ExitCode::SUCCESS),
        Command::Recipes(arguments) => recipes::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    };
    outcome.unwrap_or_else(|error| failure::report(&error))
}
