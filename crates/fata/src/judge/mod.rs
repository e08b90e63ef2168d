//! The judge: what came out of a training, in numbers. It knows no training.

pub mod features;
