//! How initial weights are drawn.

use super::{Builder, Id};

/// A distribution of initial weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Uniform on plus or minus this.
    Uniform(f32),
    /// All the same.
    Constant(f32),
}

impl Init {
    /// Uniform with the variance 2 / (fan in + fan out), times `gain` squared
    /// (Glorot and Bengio 2010, equation 16).
    pub fn glorot(gain: f32, fan_in: usize, fan_out: usize) -> Self {
        Self::Uniform(gain * (6.0 / (fan_in + fan_out) as f32).sqrt())
    }

    /// A trained tensor so drawn.
    pub fn tensor(self, builder: &mut Builder, name: String, shape: &[usize]) -> Id {
        match self {
            Self::Normal(deviation) => builder.normal(name, shape, 0.0, deviation),
            Self::Uniform(bound) => builder.uniform(name, shape, bound),
            Self::Constant(value) => builder.constant(name, shape, value),
        }
    }
}
