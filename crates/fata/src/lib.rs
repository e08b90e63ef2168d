//! Generative adversarial networks on your own data, from a folder of pictures
//! to a generator you can ship.
//!
//! ```no_run
//! use fata::{Recipe, Seeds, Trainer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut trainer = Trainer::new(Recipe::named("dcgan")?.with_data("photos/")?)?;
//! while let Some(tick) = trainer.next_tick()? {
//!     println!("{tick}");
//! }
//! let images = trainer.generator().sample(&Seeds::range(0..36))?;
//! # Ok(())
//! # }
//! ```
//!
//! The library never prints, exits, or reads arguments or the environment.
#![forbid(unsafe_code)]

pub mod augment;
pub mod bench;
pub mod data;
pub mod device;
pub mod doctor;
pub mod draw;
pub mod files;
pub mod judge;
pub mod latent;
pub mod layers;
pub mod loss;
pub mod nets;
pub mod recipe;
pub mod rng;
pub mod seeds;
pub mod ship;
pub mod train;

pub use device::DeviceName;
pub use draw::Picture;
pub use recipe::Recipe;
pub use seeds::Seeds;
pub use ship::{Generator, Samples, Translator};
pub use train::{Tick, Trainer};

/// Sets how many threads compute; once, before anything is computed. The
/// results are the same for any number.
///
/// # Errors
/// If threads were started already.
pub use fata_kernels::set_threads;
