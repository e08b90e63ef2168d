//! The density of numbers, as a smooth curve.

/// A Gaussian kernel density estimate: p(x) = mean of N(x; sample, h^2).
///
/// # Units
///
/// Samples and bandwidth in the data's units, densities per unit.
#[derive(Clone, Debug)]
pub(super) struct Density {
    samples: Vec<f64>,
    bandwidth: f64,
}

impl Density {
    /// The density of `samples`, which need not be sorted; what is not finite
    /// is left out. The bandwidth is Silverman's, but not under `least`, so
    /// that numbers which are all alike still make a curve.
    ///
    /// # Source
    ///
    /// Silverman, Density Estimation for Statistics and Data Analysis (1986),
    /// equation 3.31: h = 0.9 min(sd, IQR / 1.34) n^(-1/5).
    pub(super) fn of(samples: &[f32], least: f32) -> Self {
        let mut samples: Vec<f64> = samples
            .iter()
            .filter(|sample| sample.is_finite())
            .map(|&sample| f64::from(sample))
            .collect();
        samples.sort_by(f64::total_cmp);
        let count = samples.len() as f64;
        let (_, deviation) = mean_and_deviation(&samples);
        let at = |share: f64| samples.get((share * (count - 1.0)).round() as usize);
        let quartiles = at(0.75).zip(at(0.25)).map_or(0.0, |(high, low)| high - low);
        let spread = match quartiles / 1.34 {
            // Half the numbers are alike: their quartiles say nothing.
            0.0 => deviation,
            robust => deviation.min(robust),
        };
        let bandwidth = 0.9 * spread * count.max(1.0).powf(-0.2);
        Self {
            samples,
            bandwidth: bandwidth.max(f64::from(least)).max(1e-12),
        }
    }

    /// The density at `x`; 0 everywhere where there are no samples.
    pub(super) fn at(&self, x: f32) -> f32 {
        // Kernels further away than eight deviations add nothing.
        let (x, reach) = (f64::from(x), 8.0 * self.bandwidth);
        let first = self.samples.partition_point(|&s| s < x - reach);
        let last = self.samples.partition_point(|&s| s <= x + reach);
        let near = self.samples.get(first..last).unwrap_or_default();
        let sum: f64 = near
            .iter()
            .map(|sample| libm::exp(-0.5 * ((x - sample) / self.bandwidth).powi(2)))
            .sum();
        let all = self.samples.len().max(1) as f64 * self.bandwidth;
        (sum / all / (2.0 * std::f64::consts::PI).sqrt()) as f32
    }
}

/// The mean and the standard deviation; zeros where there is nothing.
pub(super) fn mean_and_deviation(samples: &[f64]) -> (f64, f64) {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Random, Stream};

    fn integral(density: &Density, low: f32, high: f32) -> f32 {
        let steps = 20_000;
        let width = (high - low) / steps as f32;
        let sum: f64 = (0..steps)
            .map(|k| f64::from(density.at(low + (k as f32 + 0.5) * width)))
            .sum();
        (sum * f64::from(width)) as f32
    }

    #[test]
    fn a_density_integrates_to_one() {
        for samples in [vec![0.3], vec![-1.0, 2.0, 2.0, 5.0], vec![1.0, f32::NAN]] {
            let density = Density::of(&samples, 0.01);
            assert!((integral(&density, -20.0, 20.0) - 1.0).abs() < 1e-3);
        }
        assert_eq!(Density::of(&[], 0.01).at(0.0), 0.0);
    }

    #[test]
    fn the_density_of_a_gaussian_is_its_bell() {
        let mut samples = vec![0.0; 20_000];
        Random::new(1).at(Stream::Data, 0).fill_normal(&mut samples);
        let density = Density::of(&samples, 0.0);
        for x in [-1.0f32, 0.0, 0.5, 2.0] {
            let bell = (-0.5 * x * x).exp() / (2.0 * std::f32::consts::PI).sqrt();
            assert!((density.at(x) - bell).abs() < 0.015, "{x}");
        }
    }
}
