//! The latent space of the studio's runs: a picture of a seed, or of a place
//! between two.

use crate::folder::Folder;
use crate::limits::Limits;
use crate::meters::Meters;
use crate::painter::{Format, Painter};
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::service::LARGEST_TRUNC;
use axum::response::Response;
use fata::DeviceName;
use fata::Generator;
use fata::data::Kind;
use fata::ship::{Latent, Which};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Generators that are in memory at once.
const PAINTERS: usize = 4;

/// Generators that were asked of, the last one asked for at the end.
pub(crate) struct Painters {
    open: Mutex<Vec<Open>>,
    limits: Limits,
    meters: Arc<Meters>,
}

struct Open {
    name: String,
    /// When its file was written: a run that goes on has a new one at each tick.
    written: Option<SystemTime>,
    painter: Painter,
}

impl Painters {
    pub(crate) fn new(limits: Limits, meters: Arc<Meters>) -> Self {
        Self {
            open: Mutex::default(),
            limits,
            meters,
        }
    }

    /// The newest generator of a run; read from its file if that is new.
    pub(crate) fn of(&self, folder: &Folder, name: &str) -> Result<Painter, Refusal> {
        let path = folder.run(name)?;
        let written = written(&path.join("generator.safetensors"));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.iter().position(|one| one.name == name);
        if let Some(at) = known {
            let one = open.remove(at);
            if one.written == written {
                let painter = one.painter.clone();
                open.push(one);
                return Ok(painter);
            }
        }
        let cannot = |error: &dyn std::fmt::Display| {
            Refusal::missing(format!("{name} cannot be explored: {error}"))
        };
        let device = DeviceName::default()
            .open()
            .map_err(|error| cannot(&error))?;
        let generator =
            Generator::load_which(&path, Which::Last, &device).map_err(|error| cannot(&error))?;
        if let Kind::Points { .. } = generator.data().kind {
            return Err(cannot(&"it makes points, which its samples show"));
        }
        let painter = Painter::new(generator, name, self.limits.queue, Arc::clone(&self.meters));
        if open.len() >= PAINTERS {
            open.remove(0);
        }
        open.push(Open {
            name: name.into(),
            written,
            painter: painter.clone(),
        });
        Ok(painter)
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// What a page must know of a model.
pub(crate) fn model(painter: &Painter) -> Response {
    let generator = painter.generator();
    json_bytes(&json!({
        "name": painter.name(),
        "images_seen": generator.images_seen,
        "classes": generator.classes(),
    }))
}

/// The picture of `seed`, or of the place `at` (from 0 to 1) on the way to the
/// seed `to`.
pub(crate) async fn picture(painter: Painter, query: Query) -> Result<Response, Refusal> {
    let seed = query.whole("seed")?.unwrap_or(0);
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
    Ok(content("image/png", bytes))
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
