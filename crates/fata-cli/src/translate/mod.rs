//! `fata translate`: pictures into other pictures, one, many or moving.

mod out;
mod video;

use crate::failure::Usage;
use crate::machine::Machine;
use anyhow::Context;
use clap::Args;
use fata::Picture;
use fata::data::gallery::{Gallery, Still};
use fata::draw::{write_apng, write_gif};
use fata::ship::{Direction, Extent, Provenance, Translating, Translator, Which};
use indicatif::{ProgressBar, ProgressStyle};
use out::Out;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct TranslateArgs {
    /// A run folder, a .safetensors file that fata wrote, or the latest_net_G.pth
    /// of the reference implementation
    model: PathBuf,
    /// A picture, a folder, a .zip, an animation, or a video (with ffmpeg)
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// FILE.png, .gif or a video's name for one, DIR/ or FILE.zip for many
    #[arg(short, long, value_name = "PATH")]
    out: PathBuf,
    /// ab, or ba for the way back of a model that was trained without pairs
    #[arg(long, default_value = "ab")]
    direction: Direction,
    /// Pictures larger than the network's side: tiles (each part at its own
    /// size), or whole (made smaller, and large again)
    #[arg(long, default_value = "tiles")]
    large: Extent,
    /// First draw what the model was trained to start from (edges, grey, small,
    /// masked) from each picture
    #[arg(long)]
    draw: bool,
    /// Side that a .pth file of a ResNet was trained at [default: 256]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// Which model of a run: best (as judged while it trained) or last
    #[arg(long, default_value = "best")]
    which: Which,
    #[command(flatten)]
    machine: Machine,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

/// What became of the input.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Pictures and frames that were translated.
    pictures: usize,
    /// Pixels of them, as they came out.
    pixels: u64,
    files: usize,
    /// Files that could not be used, and why.
    skipped: Vec<(String, String)>,
}

impl Outcome {
    fn add(&mut self, picture: &Picture) {
        self.pictures += 1;
        self.pixels += (picture.width * picture.height) as u64;
    }
}

pub(crate) fn run(arguments: TranslateArgs) -> anyhow::Result<ExitCode> {
    let device = arguments.machine.open()?;
    let foreign = arguments.resolution.is_some();
    let model = match foreign {
        true => Translator::load_reference(&arguments.model, arguments.resolution, &device)?,
        false => Translator::load(&arguments.model, arguments.which, &device)?,
    };
    let name = arguments.model.display().to_string();
    let translating =
        Translating::new(model, arguments.direction, arguments.large, arguments.draw)?;
    let began = Instant::now();
    let outcome = if crate::ffmpeg::is_video(&arguments.input) {
        video::translate(&arguments, &translating)?
    } else {
        pictures(&arguments, &translating, &Provenance::new(name))?
    };
    let seconds = began.elapsed().as_secs_f64();
    let per_second = outcome.pictures as f64 / seconds.max(1e-9);
    let megapixels = outcome.pixels as f64 / 1e6 / seconds.max(1e-9);
    if arguments.machine.json {
        let skipped: Vec<_> = (outcome.skipped.iter())
            .map(|(path, reason)| json!({ "path": path, "reason": reason }))
            .collect();
        println!(
            "{}",
            json!({
                "out": arguments.out,
                "pictures": outcome.pictures,
                "files": outcome.files,
                "skipped": skipped,
                "elapsed_seconds": seconds,
                "pictures_per_second": per_second,
                "megapixels_per_second": megapixels,
            })
        );
    } else if !arguments.quiet {
        eprintln!(
            "{} picture{} in {}: {per_second:.1} a second, {megapixels:.2} megapixels a second",
            outcome.pictures,
            if outcome.pictures == 1 { "" } else { "s" },
            arguments.out.display(),
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A picture, a folder or a zip of pictures.
fn pictures(
    arguments: &TranslateArgs,
    translating: &Translating,
    notes: &Provenance,
) -> anyhow::Result<Outcome> {
    let gallery = Gallery::open(&arguments.input)?;
    let out = Out::new(&arguments.out, gallery.single)?;
    let bar = progress_bar(gallery.len() as u64, arguments.quiet || gallery.single);
    let mut outcome = Outcome::default();
    let mut index = 0;
    let single = gallery.single;
    out.write_all(|| {
        while index < gallery.len() {
            let name = gallery.name(index).to_string();
            let read = gallery.read(index);
            index += 1;
            bar.inc(1);
            let still = match read {
                Ok(still) => still,
                Err(reason) if single => {
                    return Err(anyhow::anyhow!("{}: {reason}", arguments.input.display()));
                }
                Err(reason) => {
                    if !arguments.quiet {
                        bar.suspend(|| eprintln!("note: {name} is left out: {reason}"));
                    }
                    outcome.skipped.push((name, reason));
                    continue;
                }
            };
            let as_gif = if single {
                out::has_ending(&arguments.out, "gif")
            } else {
                still.gif
            };
            let (ending, bytes) = translated(translating, &still, as_gif, notes, &mut outcome)?;
            outcome.files += 1;
            return Ok(Some((name, ending, bytes)));
        }
        Ok(None)
    })?;
    bar.finish_and_clear();
    if outcome.files == 0 {
        let reasons = outcome.skipped.iter().take(3);
        let reasons: Vec<_> = reasons
            .map(|(name, reason)| format!("{name}: {reason}"))
            .collect();
        anyhow::bail!(
            "not one picture in {} can be read: {}",
            arguments.input.display(),
            reasons.join("; ")
        );
    }
    Ok(outcome)
}

/// What a file becomes: its ending and its bytes.
fn translated(
    translating: &Translating,
    still: &Still,
    as_gif: bool,
    notes: &Provenance,
    outcome: &mut Outcome,
) -> anyhow::Result<(&'static str, Vec<u8>)> {
    let mut frames = Vec::with_capacity(still.frames.len());
    for frame in &still.frames {
        let made = translating.picture(frame)?;
        outcome.add(&made);
        frames.push(made);
    }
    Ok(match (&frames[..], as_gif) {
        ([one], false) => ("png", one.encode_png(notes)?),
        (_, true) => ("gif", write_gif(&frames, &still.delays_ms)?),
        (_, false) => {
            let total: u64 = still.delays_ms.iter().map(|&delay| u64::from(delay)).sum();
            let each = (total / frames.len().max(1) as u64).clamp(1, 60_000) as u16;
            ("png", write_apng(&frames, each, notes)?)
        }
    })
}

fn progress_bar(count: u64, hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len}  {per_sec}, {eta} left")
        .expect("the template is well formed");
    let bar = ProgressBar::new(count);
    bar.set_style(style);
    bar
}

/// Makes a folder and those above it.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

fn usage(message: String) -> anyhow::Error {
    Usage(message).into()
}
