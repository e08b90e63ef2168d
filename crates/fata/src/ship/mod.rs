//! What leaves a run for the outside world.
//!
//! Whatever Fata hands out carries a note of where it came from; the formats a
//! generator alone is exported to live here too.

pub mod provenance;

pub use provenance::Provenance;
