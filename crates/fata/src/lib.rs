//! Generative adversarial networks on your own data.
#![forbid(unsafe_code)]

pub mod rng;
