//! What happens to a product's element as it is written: a bias per column
//! and a leaky rectifier. Activations that cost more than a few instructions
//! are not fused.

/// What is applied to the finished sums.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added to each row, one float a column.
    pub bias: Option<&'a [f32]>,
    /// Factor for negative values: `None` leaves all as they are, `Some(0.0)`
    /// is the rectifier (ReLU).
    pub leaky_slope: Option<f32>,
}

impl<'a> Epilogue<'a> {
    /// Nothing is applied.
    pub const NONE: Epilogue<'static> = Epilogue {
        bias: None,
        leaky_slope: None,
    };

    /// Only a bias is added.
    pub fn bias(bias: Option<&'a [f32]>) -> Self {
        Epilogue {
            bias,
            leaky_slope: None,
        }
    }

    /// The same for the columns from `first`, `count` of them.
    pub(crate) fn columns(self, first: usize, count: usize) -> Self {
        Epilogue {
            bias: self.bias.map(|bias| &bias[first..first + count]),
            ..self
        }
    }

    /// The value written in place of `sum` in column `col`.
    #[inline(always)]
    pub(crate) fn apply(&self, sum: f32, col: usize) -> f32 {
        let value = self.bias.map_or(sum, |bias| sum + bias[col]);
        match self.leaky_slope {
            Some(slope) if value < 0.0 => value * slope,
            _ => value,
        }
    }
}
