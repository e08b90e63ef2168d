//! Fata in the browser: a generator served over HTTP, and the studio.
//!
//! The pages are written by hand and embedded; nothing is asked of another
//! host. [`Server`] owns the address, who may ask and how much; [`service()`]
//! and [`translation_service()`] answer for one model, [`Studio`] for a folder of runs. Nothing here reads arguments or prints: the binary
//! says where the server is.
#![forbid(unsafe_code)]

mod assets;
mod door;
mod explore;
mod folder;
mod game;
mod guard;
mod interpreter;
mod kept;
mod limits;
mod log;
mod meters;
mod painter;
mod query;
mod reply;
mod runs;
mod server;
mod service;
mod studio;
mod token;
mod trainings;
mod translation;

pub use limits::Limits;
pub use server::{Server, ServerError, ServerOptions};
pub use service::{Service, service, translation_service};
pub use studio::{Studio, StudioOptions};
