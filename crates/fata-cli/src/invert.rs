//! `fata invert`: the latent of a given picture.

use crate::failure::Usage;
use crate::space::{Space, keep, must_end, of_class};
use anyhow::Context;
use clap::Args;
use fata::data::Fit;
use fata::data::picture::LARGEST_FILE_BYTES;
use fata::files::write_whole;
use fata::latent::{Inversion, InversionOptions, Inverted, LatentError, inversion_figure};
use fata::ship::Provenance;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct InvertArgs {
    #[command(flatten)]
    space: Space,
    /// The picture; it is made as large and as colourful as the model's are
    image: PathBuf,
    /// The figure: what was searched for, what was found, and the difference
    #[arg(short, long, value_name = "FILE.png", default_value = "inverted.png")]
    out: PathBuf,
    /// Keep the latent, for @FILE in `fata walk` and `fata blend`
    #[arg(long, value_name = "FILE.safetensors")]
    out_latent: Option<PathBuf>,
    /// A picture that is not square: crop (its middle), pad or stretch
    #[arg(long, default_value = "crop")]
    fit: Fit,
    /// Steps downhill
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    steps: u64,
    /// Latents that begin
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=256))]
    starts: u64,
    /// Random latents that those are the nearest of
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    candidates: u64,
    /// The model's own samples that are searched for beside it, to judge the error
    /// by; with 0 there is no verdict, and it takes less time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(0..=64))]
    controls: u64,
    /// Only among samples of one class: its name, or its number from 0
    #[arg(long, value_name = "NAME|INDEX")]
    class: Option<String>,
}

pub(crate) fn run(arguments: InvertArgs) -> anyhow::Result<ExitCode> {
    must_end(&arguments.out, "png", "the figure")?;
    if let Some(path) = &arguments.out_latent {
        must_end(path, "safetensors", "a latent")?;
    }
    let began = Instant::now();
    let bytes = read(&arguments.image)?;
    let generator = arguments.space.open("the search for a picture's latent")?;
    let generator = of_class(generator, arguments.class.as_deref())?;
    let options = InversionOptions {
        steps: arguments.steps,
        starts: arguments.starts as usize,
        candidates: arguments.candidates as usize,
        controls: arguments.controls as usize,
    };
    let bar = progress_bar(arguments.steps, arguments.space.quiet);
    let named = |error| match error {
        LatentError::Picture(reason) => anyhow::anyhow!("{}: {reason}", arguments.image.display()),
        error => error.into(),
    };
    let begun = Inversion::of_file(&generator, &bytes, arguments.fit, options);
    let mut inversion = begun.map_err(named)?;
    while let Some(progress) = inversion.step()? {
        bar.set_position(progress.step);
        bar.set_message(format!("{:.4}", progress.pixel_rms));
    }
    bar.finish_and_clear();
    let found = inversion.finish()?;
    let name = arguments.image.display();
    let notes = Provenance::new(arguments.space.name());
    write_whole(
        &arguments.out,
        &inversion_figure(&found).encode_png(&notes)?,
    )?;
    if let Some(path) = &arguments.out_latent {
        keep(path, &found.place, format!("the latent of {name}"))?;
    }
    let said = report(
        &arguments,
        &generator,
        &found,
        began.elapsed().as_secs_f64(),
    );
    arguments
        .space
        .report(&said, &sentence(&found, &arguments.out));
    Ok(ExitCode::SUCCESS)
}

fn report(
    arguments: &InvertArgs,
    generator: &fata::Generator,
    found: &Inverted,
    seconds: f64,
) -> serde_json::Value {
    let shares = &found.place.classes;
    let class = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    json!({
        "out": arguments.out,
        "error": found.error,
        "pixel_error": found.pixel_error,
        "pixel_rms": found.pixel_rms,
        "feature_error": found.feature_error,
        "own_error": found.own_error,
        "random_error": found.random_error,
        "verdict": found.verdict.map(|verdict| verdict.word()),
        "latent": found.place.z,
        "class": class.map(|class| &generator.classes()[class]),
        "out_latent": arguments.out_latent,
        "elapsed_seconds": seconds,
    })
}

fn sentence(found: &Inverted, out: &Path) -> String {
    let mut text = format!(
        "pixels in [-1, 1] are off by {:.4} on average ({:.4} root mean square): {}",
        found.pixel_error,
        found.pixel_rms,
        out.display()
    );
    if let Some(verdict) = found.verdict {
        text += &format!(
            "\n{verdict} (error {:.4}; own samples up to {:.4}, random draws {:.4})",
            found.error, found.own_error, found.random_error
        );
    }
    text
}

/// A picture file's bytes, if it is no larger than pictures are.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let about = std::fs::metadata(path).with_context(cannot)?;
    if about.is_dir() {
        return Err(Usage(format!("{} is a folder: name one picture", path.display())).into());
    }
    if about.len() > LARGEST_FILE_BYTES {
        anyhow::bail!("{} is larger than any picture that is read", path.display());
    }
    std::fs::read(path).with_context(cannot)
}

fn progress_bar(steps: u64, hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:30} step {pos} of {len}, pixels off by {msg} (RMS), {eta} left",
    )
    .expect("the template is well formed");
    let bar = ProgressBar::new(steps);
    bar.set_style(style);
    bar.set_message("?");
    bar
}
