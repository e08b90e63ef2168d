//! `fata sample`: samples of a trained generator.

use crate::failure::Usage;
use crate::machine::Machine;
use anyhow::Context;
use clap::Args;
use fata::data::Kind;
use fata::draw::grid;
use fata::files::write_whole;
use fata::ship::{Provenance, Which};
use fata::{Generator, Seeds};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pictures that are in memory at once on their way to a folder.
const CHUNK: usize = 1024;
/// Pixels between the pictures of a grid.
const GAP: usize = 2;
/// 16384 pixels a side: what picture viewers and our own reader still open.
const LARGEST_GRID_PIXELS: usize = 1 << 28;

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
    /// Latents times PSI: below 1 more ordinary and alike, above 1 odder
    #[arg(long, value_name = "PSI", default_value_t = 1.0, value_parser = crate::space::psi)]
    trunc: f32,
    /// Samples of one class only: its name, or its number from 0
    #[arg(long, value_name = "NAME|INDEX")]
    class: Option<String>,
    #[command(flatten)]
    machine: Machine,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(mut arguments: SampleArgs) -> anyhow::Result<ExitCode> {
    let device = arguments.machine.open()?;
    let seeds = match arguments.count {
        Some(count) if count > 1_000_000 => {
            return Err(Usage("--count can be at most 1000000".into()).into());
        }
        Some(count) => Seeds::range(0..count),
        None => arguments.seeds.clone(),
    };
    let mut generator = Generator::load_which(&arguments.model, arguments.which, &device)?
        .truncated(arguments.trunc);
    if let Some(class) = &arguments.class {
        generator = generator.of_class(class)?;
    }
    let model = arguments.model.display().to_string();
    let files = match generator.data().kind {
        Kind::Points { .. } => {
            let out = arguments.out.get_or_insert_with(|| "samples.csv".into());
            write_csv(out, &generator, &seeds)?
        }
        Kind::Images { height, width, .. } => {
            let out = arguments.out.get_or_insert_with(|| "samples.png".into());
            match is_folder(out) {
                true => write_folder(out, &generator, &seeds, &model)?,
                false => write_grid(out, &generator, &seeds, [height, width], &model)?,
            }
        }
    };
    let out = arguments.out.unwrap_or_default();
    if arguments.machine.json {
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

fn write_grid(
    out: &Path,
    generator: &Generator,
    seeds: &Seeds,
    [height, width]: [usize; 2],
    model: &str,
) -> anyhow::Result<usize> {
    if !has_ending(out, "png") {
        return Err(Usage(format!(
            "this model makes pictures: write a grid to a .png file or single ones to a folder (DIR/), not {}",
            out.display()
        ))
        .into());
    }
    let count = seeds.list().len();
    if count.saturating_mul((height + GAP) * (width + GAP)) > LARGEST_GRID_PIXELS {
        return Err(Usage(format!(
            "a grid of {count} pictures of {width}x{height} is more than a picture can be: ask for fewer, or write single ones to a folder (DIR/)"
        ))
        .into());
    }
    let columns = (count as f64).sqrt().ceil() as usize;
    let notes = Provenance::new(model).with_seed(seeds);
    let sheet = grid(&generator.pictures(seeds)?, columns, GAP);
    write_whole(out, &sheet.encode_png(&notes)?)?;
    Ok(1)
}

fn write_folder(
    folder: &Path,
    generator: &Generator,
    seeds: &Seeds,
    model: &str,
) -> anyhow::Result<usize> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for some in seeds.chunks(CHUNK) {
        for (picture, seed) in generator.pictures(&some)?.iter().zip(some.list()) {
            let notes = Provenance::new(model).with_seed(seed);
            write_whole(
                &folder.join(format!("seed{seed:06}.png")),
                &picture.encode_png(&notes)?,
            )?;
        }
    }
    Ok(seeds.list().len())
}

fn write_csv(out: &Path, generator: &Generator, seeds: &Seeds) -> anyhow::Result<usize> {
    if !has_ending(out, "csv") {
        return Err(Usage(format!(
            "this model makes points: write them to a .csv file, not {}",
            out.display()
        ))
        .into());
    }
    let points = generator.points(seeds)?;
    let rows = points.iter().map(|point| {
        let row: Vec<String> = point.iter().map(f32::to_string).collect();
        row.join(",") + "\n"
    });
    write_whole(out, rows.collect::<String>().as_bytes())?;
    Ok(1)
}
