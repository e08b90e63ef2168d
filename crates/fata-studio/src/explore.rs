//! The models of the studio's runs, and the latent space: a picture of a seed, or
//! of a place between two.

use crate::folder::Folder;
use crate::interpreter::Interpreter;
use crate::kept::Kept;
use crate::limits::Limits;
use crate::meters::Meters;
use crate::painter::{Format, Painter};
use crate::query::Query;
use crate::reply::{Refusal, content};
use crate::service::{LARGEST_TRUNC, seed, with_seed};
use axum::response::Response;
use fata::DeviceName;
use fata::data::Kind;
use fata::ship::{Latent, Which};
use fata::{Generator, Translator};
use std::path::Path;
use std::sync::Arc;

/// Generators that are in memory at once.
const PAINTERS: usize = 4;

/// The newest generators of runs.
pub(crate) struct Painters {
    kept: Kept<Painter>,
    limits: Limits,
    meters: Arc<Meters>,
}

impl Painters {
    pub(crate) fn new(limits: Limits, meters: Arc<Meters>) -> Self {
        Self {
            kept: Kept::new(PAINTERS),
            limits,
            meters,
        }
    }

    /// The newest generator of a run; read from its file if that is new.
    pub(crate) fn of(&self, folder: &Folder, name: &str) -> Result<Painter, Refusal> {
        let path = folder.run(name)?;
        let file = path.join("generator.safetensors");
        self.kept.get(name, &file, || self.open(&path, name))
    }

    fn open(&self, path: &Path, name: &str) -> Result<Painter, Refusal> {
        let cannot = |error: &dyn std::fmt::Display| {
            Refusal::missing(format!("{name} cannot be explored: {error}"))
        };
        let device = DeviceName::default()
            .open()
            .map_err(|error| cannot(&error))?;
        let generator =
            Generator::load_which(path, Which::Last, &device).map_err(|error| cannot(&error))?;
        if let Kind::Points { .. } = generator.data().kind {
            return Err(cannot(&"it makes points, which its samples show"));
        }
        let (queue, meters) = (self.limits.queue, Arc::clone(&self.meters));
        Ok(Painter::new(generator, name, queue, meters))
    }
}

/// The newest translators of runs.
pub(crate) struct Interpreters {
    kept: Kept<Interpreter>,
    limits: Limits,
    meters: Arc<Meters>,
}

impl Interpreters {
    pub(crate) fn new(limits: Limits, meters: Arc<Meters>) -> Self {
        Self {
            kept: Kept::new(PAINTERS),
            limits,
            meters,
        }
    }

    /// The newest translator of a run; read from its file if that is new.
    pub(crate) fn of(&self, folder: &Folder, name: &str) -> Result<Interpreter, Refusal> {
        let path = folder.run(name)?;
        let file = path.join("generator.safetensors");
        self.kept.get(name, &file, || {
            let cannot = |error: &dyn std::fmt::Display| {
                Refusal::missing(format!("{name} cannot translate: {error}"))
            };
            let device = DeviceName::default()
                .open()
                .map_err(|error| cannot(&error))?;
            let translator =
                Translator::load(&path, Which::Last, &device).map_err(|error| cannot(&error))?;
            let meters = Arc::clone(&self.meters);
            Ok(Interpreter::new(translator, name, self.limits, meters))
        })
    }
}

/// The picture of `seed`, or of the place `at` (from 0 to 1) on the way to the
/// seed `to`.
pub(crate) async fn picture(painter: Painter, query: Query) -> Result<Response, Refusal> {
    let seed = seed(&query)?;
    let trunc = query.number("trunc", 0.0, LARGEST_TRUNC)?.unwrap_or(1.0);
    let class = query.text("class");
    let mut latent = painter.latent(seed, trunc, class)?;
    let mut name = seed.to_string();
    if let Some(to) = query.whole("to")? {
        let at = query.number("at", 0.0, 1.0)?.unwrap_or(0.5);
        latent = between(latent, &painter.latent(to, trunc, class)?, at);
        name = format!("{seed} to {to} at {at}");
    }
    let picture = painter.picture(latent).await?;
    let bytes = painter.encode(picture, name, Format::Png).await?;
    Ok(with_seed(content("image/png", bytes), seed))
}

/// The place between two latents on the great circle through them:
/// `(sin((1 - t) w) a + sin(t w) b) / sin(w)`, where `w` is the angle between
/// them; in a line where they are all but parallel. The class is that of the
/// nearer one.
///
/// # Source
/// White 2016, arXiv 1609.04468, section 2.
fn between(from: Latent, to: &Latent, at: f32) -> Latent {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = (dot(&from.z, &from.z) * dot(&to.z, &to.z)).sqrt();
    let angle = (dot(&from.z, &to.z) / lengths.max(f32::MIN_POSITIVE))
        .clamp(-1.0, 1.0)
        .acos();
    let [share_from, share_to] = match angle.sin() > 1e-3 {
        true => [
            ((1.0 - at) * angle).sin() / angle.sin(),
            (at * angle).sin() / angle.sin(),
        ],
        false => [1.0 - at, at],
    };
    let z = from
        .z
        .iter()
        .zip(&to.z)
        .map(|(a, b)| share_from * a + share_to * b);
    Latent {
        z: z.collect(),
        label: if at < 0.5 { from.label } else { to.label },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latent(z: [f32; 2], label: u32) -> Latent {
        Latent {
            z: z.to_vec(),
            label: Some(label),
        }
    }

    #[test]
    fn the_way_between_latents_is_round_and_ends_at_both() {
        let (a, b) = (latent([1.0, 0.0], 0), latent([0.0, 1.0], 1));
        let half = between(a.clone(), &b, 0.5);
        assert!(half.z.iter().all(|z| (z - 0.5_f32.sqrt()).abs() < 1e-6));
        assert_eq!(half.label, Some(1));
        for (at, end) in [(0.0, &a), (1.0, &b)] {
            let reached = between(a.clone(), &b, at);
            assert!(
                reached
                    .z
                    .iter()
                    .zip(&end.z)
                    .all(|(x, y)| (x - y).abs() < 1e-6)
            );
            assert_eq!(reached.label, end.label);
        }
        assert_eq!(between(a.clone(), &a, 0.3).z, a.z);
        let nothing = latent([0.0, 0.0], 0);
        assert!(
            between(nothing.clone(), &nothing, 0.5)
                .z
                .iter()
                .all(|z| *z == 0.0)
        );
    }
}
