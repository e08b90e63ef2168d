//! What leaves a run for the outside world.
//!
//! Whatever Fata hands out carries a note of where it came from; the formats a
//! generator alone is exported to live here too.

pub(crate) mod container;
mod model;
mod places;
pub mod provenance;
mod reference;
mod sampling;
mod translating;
mod translator;

pub use container::ContainerError;
pub use model::{DataCard, Generator, ModelError, Which};
pub use places::Place;
pub use provenance::Provenance;
pub use sampling::{Latent, Samples};
pub use translating::{Extent, Translating};
pub use translator::{Direction, Translator};
