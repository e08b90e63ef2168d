//! The activations as functions of one float, written so that loops over them become vectors. The
//! slope is a function of the value, so that a layer's output is all its backward pass needs.

use crate::Activation;

/// An activation function.
pub(crate) trait Curve: Copy + Send + Sync {
    /// The function.
    fn value(self, x: f32) -> f32;
    /// Its derivative where the function has this value.
    fn slope(self, value: f32) -> f32;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Relu;
#[derive(Clone, Copy)]
pub(crate) struct Leaky(pub(crate) f32);
#[derive(Clone, Copy)]
pub(crate) struct Tanh;
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl Curve for Identity {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn slope(self, _value: f32) -> f32 {
        1.0
    }
}

impl Curve for Relu {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x <= 0.0 { 0.0 } else { x } // keeps a NaN
    }
    #[inline(always)]
    fn slope(self, value: f32) -> f32 {
        if value > 0.0 { 1.0 } else { 0.0 }
    }
}

impl Curve for Leaky {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > 0.0 { x } else { x * self.0 }
    }
    #[inline(always)]
    fn slope(self, value: f32) -> f32 {
        if value > 0.0 { 1.0 } else { self.0 }
    }
}

impl Curve for Tanh {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        1.0 - 2.0 / (exp(2.0 * x) + 1.0)
    }
    #[inline(always)]
    fn slope(self, value: f32) -> f32 {
        1.0 - value * value
    }
}

impl Curve for Sigmoid {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        1.0 / (1.0 + exp(-x))
    }
    #[inline(always)]
    fn slope(self, value: f32) -> f32 {
        value * (1.0 - value)
    }
}

/// Runs an expression with `$curve` bound to the curve of an activation.
macro_rules! with_curve {
    ($activation:expr, $curve:ident => $body:expr) => {{
        use $crate::pointwise::curve;
        match $activation {
            $crate::Activation::Identity => {
                let $curve = curve::Identity;
                $body
            }
            $crate::Activation::Relu => {
                let $curve = curve::Relu;
                $body
            }
            $crate::Activation::LeakyRelu(slope) => {
                let $curve = curve::Leaky(slope);
                $body
            }
            $crate::Activation::Tanh => {
                let $curve = curve::Tanh;
                $body
            }
            $crate::Activation::Sigmoid => {
                let $curve = curve::Sigmoid;
                $body
            }
        }
    }};
}

pub(crate) use with_curve;

/// Whether the slope follows from the value: not where negative inputs give positive values.
pub(crate) fn has_slope_of_value(activation: Activation) -> bool {
    !matches!(activation, Activation::LeakyRelu(slope) if slope.is_nan() || slope < 0.0)
}

/// The exponential function to about one unit in the last place, between the smallest normal
/// float and 2^127. A NaN stays one.
///
/// # Source
/// `exp(x) = 2^n exp(r)`, `|r| <= ln 2 / 2`; ln 2 in two parts after Cody and Waite, and the
/// polynomial of the Cephes library's `expf`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to a whole number, held in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Comparisons rather than clamp: they compile to vector minimum and maximum.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * LN_2_HIGH - whole * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let fraction = p * r * r + r + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    fraction * f32::from_bits(exponent << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_as_good_as_the_double_precision_ones() {
        for i in -200_000..=200_000 {
            let x = i as f32 * 4e-4;
            let wide = f64::from(x);
            assert!(
                (f64::from(Tanh.value(x)) - wide.tanh()).abs() < 3e-7,
                "tanh {x}"
            );
            let sigmoid = 1.0 / (1.0 + (-wide).exp());
            assert!(
                (f64::from(Sigmoid.value(x)) - sigmoid).abs() < 3e-7,
                "sigmoid {x}"
            );
            assert!(
                (f64::from(exp(x)) / wide.exp() - 1.0).abs() < 3e-7,
                "exp {x}"
            );
        }
    }

    #[test]
    fn curves_bear_infinities_and_keep_nan() {
        for x in [f32::INFINITY, 1e30, f32::NEG_INFINITY, -1e30] {
            assert_eq!(Tanh.value(x), x.signum());
            assert!((Sigmoid.value(x) - x.signum().max(0.0)).abs() < 1e-30);
        }
        assert_eq!(Relu.value(f32::NEG_INFINITY), 0.0);
        for value in [
            Tanh.value(f32::NAN),
            Sigmoid.value(f32::NAN),
            Relu.value(f32::NAN),
            Leaky(0.2).value(f32::NAN),
        ] {
            assert!(value.is_nan());
        }
    }
}
