//! Generative adversarial networks on your own data.
#![forbid(unsafe_code)]

pub mod data;
pub mod draw;
pub mod files;
pub mod rng;
pub mod ship;
