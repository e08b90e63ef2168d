//! The space that a generator makes samples of: walked through, added up,
//! steered along directions, and searched for a given picture.
//!
//! A [`Place`] is a latent vector with its class shares. [`Walk`]s go from place
//! to place, [`Expression`]s add and subtract them, [`Directions`] say where to
//! go for a change of one kind, and [`Inversion`] finds the place of a picture.
//! Vectors are plain `Vec<f32>` and generators are asked for many at a time; no
//! file is read or written here but through bytes. Mixing styles needs networks
//! that have styles, and is not here.

mod blend;
mod components;
mod difference;
mod directions;
mod error;
mod expression;
mod figures;
mod interpolation;
mod inversion;
mod keepsake;
mod perception;
mod search;
mod sefa;
mod stops;
mod verdict;
mod walk;

pub use crate::ship::Place;
pub use blend::{Blend, BlendPart, Evaluation};
pub use difference::Sides;
pub use directions::{Direction, Directions, Method};
pub use error::LatentError;
pub use expression::{Expression, ExpressionError, Part, Term};
pub use figures::{blend_figure, directions_figure, inversion_figure};
pub use interpolation::{Interpolation, between};
pub use inversion::{Inversion, InversionOptions, Inverted, Progress};
pub use keepsake::Keepsake;
pub use stops::{Stop, Stops};
pub use verdict::Verdict;
pub use walk::Walk;
