//! Data: what pictures and points are, where they come from, and how they
//! reach training in batches.
//!
//! The road is: a source (`folder`, `archive`, `idx`, `points`, `builtin`) is
//! opened as a [`Dataset`]; a picture is decoded (`picture`) and made square
//! (`fit`) when it is wanted; the [`Loader`] does so ahead of training, in an
//! order that depends on nothing but the seed. Files are untrusted: whatever
//! they hold ends in a [`Skipped`] entry or a [`DataError`], never in a panic.
//! Nothing here knows of networks or losses.

pub mod archive;
mod builtin;
pub mod check;
mod dataset;
pub mod domains;
mod drawing;
mod error;
mod fit;
mod folder;
pub mod gallery;
mod hold_out;
pub mod idx;
mod loader;
mod open;
pub mod pack;
pub mod picture;
pub mod points;
mod shelf;

pub use builtin::{BUILTINS, Builtin};
pub use dataset::{DataOptions, Dataset, Kind};
pub use domains::{DomainOptions, Domains, Part};
pub use drawing::Drawing;
pub use error::{DataError, Skipped};
pub use fit::Fit;
pub(crate) use fit::{blacken_transparent, resized};
pub use hold_out::HoldOut;
pub use loader::{Batch, DEFAULT_MEMORY_BUDGET_BYTES, Loader, LoaderOptions};
pub use points::Standardisation;

#[cfg(test)]
mod tests;
