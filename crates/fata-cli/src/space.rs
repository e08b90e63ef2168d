//! What the commands that work in the latent space are told alike: the model,
//! which of its samples, and where.

use crate::failure::Usage;
use crate::machine::Machine;
use anyhow::Context;
use clap::Args;
use fata::Generator;
use fata::data::Kind;
use fata::files::write_whole;
use fata::latent::{Direction, Directions, Keepsake, LatentError, Place};
use fata::ship::Which;
use std::path::{Path, PathBuf};

/// Files of latents and directions are no larger.
const LARGEST_FILE_BYTES: u64 = 1 << 28;

#[derive(Args)]
pub(crate) struct Space {
    /// A run folder, or a .safetensors file that fata wrote
    pub(crate) model: PathBuf,
    /// Which generator of a run: best (as judged while it trained) or last
    #[arg(long, default_value = "best")]
    which: Which,
    /// Latents of seeds times PSI: below 1 more ordinary and alike, above 1 odder
    #[arg(long, value_name = "PSI", default_value_t = 1.0, value_parser = psi)]
    trunc: f32,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// Print nothing
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Space {
    /// Opens the device and loads a model of pictures.
    pub(crate) fn open(&self, what: &'static str) -> anyhow::Result<Generator> {
        let generator = self.open_any()?;
        match generator.data().kind {
            Kind::Images { .. } => Ok(generator),
            Kind::Points { .. } => Err(LatentError::Points(what).into()),
        }
    }

    /// Opens the device and loads a model.
    pub(crate) fn open_any(&self) -> anyhow::Result<Generator> {
        let device = self.machine.open()?;
        let generator = Generator::load_which(&self.model, self.which, &device)?;
        Ok(generator.truncated(self.trunc))
    }

    /// The model's name for notes.
    pub(crate) fn name(&self) -> String {
        self.model.display().to_string()
    }

    /// The end of a command: one JSON object, or a sentence for people.
    pub(crate) fn report(&self, object: &serde_json::Value, sentence: &str) {
        if self.machine.json {
            println!("{object}");
        } else if !self.quiet {
            eprintln!("{sentence}");
        }
    }
}

/// Reads what latents are multiplied by.
pub(crate) fn psi(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(psi) if (0.0..=4.0).contains(&psi) => Ok(psi),
        _ => Err("it is a number from 0 to 4".into()),
    }
}

/// The generator, all of whose seeds are of one class if one is wanted.
pub(crate) fn of_class(generator: Generator, class: Option<&str>) -> anyhow::Result<Generator> {
    match class {
        Some(class) => Ok(generator.of_class(class)?),
        None => Ok(generator),
    }
}

/// A latent that was kept in a file.
pub(crate) fn kept(path: &str, generator: &Generator) -> anyhow::Result<Place> {
    Ok(Keepsake::decode(&bytes(Path::new(path))?, path, generator)?.place)
}

/// Keeps a latent in a file.
pub(crate) fn keep(path: &Path, place: &Place, about: String) -> anyhow::Result<()> {
    let keepsake = Keepsake {
        place: place.clone(),
        about,
    };
    Ok(write_whole(path, &keepsake.encode())?)
}

/// The directions of `FILE:NAME` or `FILE:INDEX`; the first of `FILE`.
pub(crate) fn direction(text: &str, generator: &Generator) -> anyhow::Result<Direction> {
    let (file, wanted) = match text.rsplit_once(':') {
        // A file of that name, or a drive's letter, has the colon in itself.
        Some((file, wanted)) if !Path::new(text).is_file() => (file, wanted),
        _ => (text, "0"),
    };
    let directions = Directions::decode(&bytes(Path::new(file))?, file, generator)?;
    Ok(directions.named(wanted)?.clone())
}

/// A file's bytes, if it is no larger than files of this kind are.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    if size > LARGEST_FILE_BYTES {
        anyhow::bail!("{} is no file of latents: it is too large", path.display());
    }
    std::fs::read(path).with_context(cannot)
}

pub(crate) fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Refuses a file's name that does not end as it must.
pub(crate) fn must_end(path: &Path, ending: &str, what: &str) -> anyhow::Result<()> {
    match has_ending(path, ending) {
        true => Ok(()),
        false => Err(Usage(format!(
            "{what} is written to a .{ending} file, not to {}",
            path.display()
        ))
        .into()),
    }
}
