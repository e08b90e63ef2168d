//! Generative adversarial networks on your own data.
#![forbid(unsafe_code)]

pub mod draw;
pub mod files;
pub mod rng;
pub mod ship;
