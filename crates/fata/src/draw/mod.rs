//! Pictures of what a run makes: sample grids, plots and animations.
//!
//! Everything is drawn in memory to a [`Picture`] and encoded to PNG with the
//! note of where it came from. Nothing here knows a network, a run folder or a
//! file: numbers come in, bytes go out.

mod apng;
mod axis;
mod canvas;
mod density;
mod equation;
mod figure1;
mod font;
mod gif;
mod grid;
mod palette;
mod picture;
mod scatter;
mod strips;
mod webp;

pub use apng::{Animation, ApngWriter, MOST_FRAMES, assemble_apng, frames_to_show, write_apng};
pub use equation::{Summand, equation};
pub use figure1::{Figure1, figure1, figure1_domain};
pub use gif::{GifWriter, write_gif};
pub use grid::grid;
pub use picture::{Picture, PictureError};
pub use scatter::{Bounds, DiscriminatorMap, ScatterPlot, scatter};
pub use strips::{Strip, strips};
