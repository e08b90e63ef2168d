//! A number and how sure of it one may be.

use serde::Serialize;

/// A metric's value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// The standard deviation that the value would have over other samples
    /// of the same generator; absent where nothing honest can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// 95 % of values would lie here: two-sided, normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// What the same measure gives for the data themselves, where the value
    /// says nothing without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
}

/// The 97.5 % quantile of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

impl Measured {
    /// A value of which nothing more is known.
    pub fn exact(value: f64) -> Self {
        Self {
            value,
            standard_error: None,
            interval: None,
            reference: None,
        }
    }

    /// A value with its standard error.
    pub fn with_error(value: f64, standard_error: f64) -> Self {
        let reach = NORMAL_QUANTILE * standard_error;
        Self {
            standard_error: Some(standard_error),
            interval: Some([value - reach, value + reach]),
            ..Self::exact(value)
        }
    }

    /// The mean of independent values, with its standard error.
    pub fn mean(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in values {
            // Welford 1962: stable, in one pass.
            count += 1.0;
            let before = value - mean;
            mean += before / count;
            squares += before * (value - mean);
        }
        if count < 2.0 {
            return Self::exact(mean);
        }
        Self::with_error(mean, (squares / (count - 1.0) / count).sqrt())
    }

    /// The share of `true`.
    pub fn share(outcomes: impl IntoIterator<Item = bool>) -> Self {
        Self::mean(outcomes.into_iter().map(f64::from)).within(0.0, 1.0)
    }

    /// The same with its interval cut to what is possible.
    #[must_use]
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.interval = self
            .interval
            .map(|interval| interval.map(|end| end.clamp(low, high)));
        self
    }

    /// The same with what the data themselves give.
    #[must_use]
    pub fn against(mut self, reference: f64) -> Self {
        self.reference = Some(reference);
        self
    }
}

/// The standard deviation of bootstrap replicates.
pub(crate) fn spread(replicates: &[f64]) -> f64 {
    let count = replicates.len() as f64;
    let mean = replicates.iter().sum::<f64>() / count;
    let squares = replicates.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (squares / (count - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_standard_error_of_the_textbook() {
        let mean = Measured::mean([1.0, 2.0, 3.0, 4.0]);
        assert_eq!(mean.value, 2.5);
        // Deviation 1.2909944 over the root of 4.
        assert!((mean.standard_error.unwrap() - 0.645_497_224_367_902_8).abs() < 1e-15);
        let share = Measured::share([true, true, true, false]);
        assert_eq!((share.value, share.interval.unwrap()[1]), (0.75, 1.0));
    }
}
