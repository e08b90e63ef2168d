//! `fata data`: look at data before training, pack it, list what is built in.

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use fata::Recipe;
use fata::data::{BUILTINS, DataOptions, Dataset, Fit, check, pack};

/// Look at data before training
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decode everything and report what is there, what is damaged and what training would do
    Check {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        output: Output,
    },
    /// Write the prepared pictures to one zip of PNGs
    Pack {
        #[command(flatten)]
        source: Source,
        /// The zip to write
        #[arg(short, long, value_name = "FILE.zip")]
        out: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// List the built-in data sets
    List {
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
struct Source {
    /// A folder, zip, IDX file or CSV, or a built-in name
    #[arg(value_name = "DATA")]
    path: PathBuf,
    /// Pixels a side [default: the pictures' own size if all are alike and square, else 64]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// What to do with pictures that are not square: crop, pad or stretch
    #[arg(long, value_name = "FIT", default_value_t)]
    fit: Fit,
}

#[derive(Debug, Args)]
struct Output {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
}

impl Source {
    fn open(&self) -> anyhow::Result<Dataset> {
        let options = DataOptions {
            resolution: self.resolution,
            fit: self.fit,
            ..DataOptions::default()
        };
        Ok(Dataset::open(&self.path, &options)?)
    }

    /// What `fata train` would do with it, without a word about a recipe.
    fn training(&self, data: &Dataset) -> check::Training {
        let source = self.path.to_string_lossy();
        let (recipe, _) = Recipe::fitting(&source, || data.classes().len() > 1);
        check::Training {
            recipe: recipe.name,
            batch: recipe.train.batch,
            resolution: self.resolution,
            fit: self.fit,
        }
    }
}

/// Runs `fata data`.
///
/// # Errors
/// If the data cannot be read, holds nothing usable, or cannot be written.
pub(crate) fn run(args: DataArgs) -> anyhow::Result<()> {
    let mut stdout = stdout().lock();
    match args.command {
        Command::Check { source, output } => {
            let data = source.open()?;
            let report = check::check(&data, &source.training(&data))?;
            if output.json {
                writeln!(stdout, "{}", serde_json::to_string(&report)?)?;
            } else if !output.quiet {
                writeln!(stdout, "{report}")?;
            }
        }
        Command::Pack {
            source,
            out,
            output,
        } => {
            let packed = pack::pack(&source.open()?, &out)?;
            if output.json {
                writeln!(stdout, "{}", serde_json::to_string(&packed)?)?;
            } else if !output.quiet {
                for skipped in &packed.skipped {
                    eprintln!("skipped {}: {}", skipped.path, skipped.reason);
                }
                let pictures = if packed.written == 1 {
                    "picture"
                } else {
                    "pictures"
                };
                eprintln!("{} {pictures} written to {}", packed.written, packed.out);
            }
        }
        Command::List { output } => {
            if output.json {
                let list: Vec<_> = BUILTINS
                    .iter()
                    .map(|builtin| serde_json::json!({"name": builtin.name, "description": builtin.description}))
                    .collect();
                writeln!(stdout, "{}", serde_json::json!({ "data": list }))?;
            } else if !output.quiet {
                for builtin in BUILTINS {
                    writeln!(stdout, "{:<16} {}", builtin.name, builtin.description)?;
                }
            }
        }
    }
    Ok(())
}
