//! `fata sample`: samples of a trained generator.

use crate::failure::Usage;
use anyhow::Context;
use clap::Args;
use fata::draw::{Picture, grid};
use fata::files::write_whole;
use fata::ship::{Provenance, Which};
use fata::{DeviceName, Generator, Samples, Seeds};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct SampleArgs {
    /// A run folder, or a .safetensors file that fata wrote
    model: PathBuf,
    /// FILE.png for a grid, DIR/ for a file a seed, FILE.csv for points
    /// [default: samples.png, or samples.csv of a points model]
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Which samples, as 0-35,40
    #[arg(long, default_value = "0-63", conflicts_with = "count")]
    seeds: Seeds,
    /// Short for --seeds 0-(N-1)
    #[arg(long, value_name = "N", value_parser = crate::count::count)]
    count: Option<u64>,
    /// Which generator of a run: best (as judged while it trained) or last
    #[arg(long, default_value = "best")]
    which: Which,
    /// cpu, vulkan[:N] or cuda[:N]
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Threads that compute
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(arguments: SampleArgs) -> anyhow::Result<ExitCode> {
    crate::train::set_threads(arguments.threads)?;
    let seeds = match arguments.count {
        Some(count) if count > 1_000_000 => {
            return Err(Usage("--count can be at most 1000000".into()).into());
        }
        Some(count) => Seeds::range(0..count),
        None => arguments.seeds,
    };
    let device = arguments.device.open()?;
    let generator = Generator::load_which(&arguments.model, arguments.which, &device)?;
    let samples = generator.sample(&seeds)?;
    let model = arguments.model.display().to_string();
    let out = arguments.out.unwrap_or_else(|| match samples {
        Samples::Pictures(_) => "samples.png".into(),
        Samples::Points(_) => "samples.csv".into(),
    });
    let files = match samples {
        Samples::Points(points) => {
            if !has_ending(&out, "csv") {
                return Err(Usage(format!(
                    "this model makes points: write them to a .csv file, not {}",
                    out.display()
                ))
                .into());
            }
            write_csv(&out, &points)?;
            1
        }
        Samples::Pictures(pictures) if is_folder(&out) => {
            write_folder(&out, &pictures, &seeds, &model)?
        }
        Samples::Pictures(pictures) => {
            if !has_ending(&out, "png") {
                let message = format!(
                    "this model makes pictures: write a grid to a .png file or single ones to a folder (DIR/), not {}",
                    out.display()
                );
                return Err(Usage(message).into());
            }
            let columns = (pictures.len() as f64).sqrt().ceil() as usize;
            let notes = Provenance::new(model).with_seed(&seeds);
            write_whole(&out, &grid(&pictures, columns, 2).encode_png(&notes)?)?;
            1
        }
    };
    if arguments.json {
        println!(
            "{}",
            serde_json::json!({ "out": out, "samples": seeds.list().len(), "files": files })
        );
    } else if !arguments.quiet {
        eprintln!("{} samples in {}", seeds.list().len(), out.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
        || path
            .as_os_str()
            .to_string_lossy()
            .ends_with(['/', std::path::MAIN_SEPARATOR])
}

fn write_folder(
    folder: &Path,
    pictures: &[Picture],
    seeds: &Seeds,
    model: &str,
) -> anyhow::Result<usize> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (picture, seed) in pictures.iter().zip(seeds.list()) {
        let notes = Provenance::new(model).with_seed(seed);
        write_whole(
            &folder.join(format!("seed{seed:06}.png")),
            &picture.encode_png(&notes)?,
        )?;
    }
    Ok(pictures.len())
}

fn write_csv(path: &Path, points: &[Vec<f32>]) -> anyhow::Result<()> {
    let rows = points.iter().map(|point| {
        let row: Vec<String> = point.iter().map(f32::to_string).collect();
        row.join(",") + "\n"
    });
    Ok(write_whole(path, rows.collect::<String>().as_bytes())?)
}
