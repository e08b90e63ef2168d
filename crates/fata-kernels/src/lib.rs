//! Fast CPU operators for training generative adversarial networks with Burn.

pub mod conv;
pub mod gemm;
pub mod isa;
pub mod pool;
