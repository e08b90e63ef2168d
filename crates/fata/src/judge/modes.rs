//! Modes: how many of a known number are there, and in what shares.
//!
//! `ring` and `grid` have their Gaussians, `spiral` twenty pieces of its arm of
//! equal probability; a sample belongs to the nearest, and is good if it lies
//! within three deviations. Pictures of digits have the ten classes that the
//! digits classifier sees, `stacked-digits` a thousand.
//!
//! A mode is there if it has a good sample, and at least a twentieth of those
//! that its share of the data would give it: classifiers err, and stray points
//! fall anywhere. `reverse KL = sum over modes of q log (q / p)` in nats, `q`
//! being the samples' shares of all modes and `p` the data's: 0 where they
//! agree.
//!
//! # Source
//! Srivastava et al. 2017, arXiv 1705.07761, section 4 (three deviations, a
//! mode with at least one sample); Lin et al. 2018, arXiv 1712.04086, section 4
//! (stacked digits).

use super::measured::Measured;
use super::rows::Rows;

const DEVIATIONS: f64 = 3.0;
/// The least share of what a mode would have, for it to be there.
const LEAST: f64 = 1.0 / 20.0;
/// Pieces of the spiral's arm.
const PIECES: usize = 20;
/// Points of the arm among which the nearest is sought.
const ARM: usize = 4000;

/// A data set whose modes are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Mixture {
    /// Gaussians of one deviation about centres.
    Gaussians {
        /// Where they are.
        centres: Vec<[f64; 2]>,
        /// How wide.
        deviation: f64,
    },
    /// The arm of `spiral`.
    Spiral,
}

/// Samples by mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes {
    /// Samples nearest to each mode.
    pub counts: Vec<u64>,
    /// Those of them that are good.
    pub good: Vec<u64>,
    /// The data's shares.
    pub shares: Vec<f64>,
}

impl Mixture {
    /// The mixture of a built-in data set of points.
    pub fn of(name: &str) -> Option<Self> {
        let circle = |mode: usize| {
            let (sin, cos) = libm::sincos(std::f64::consts::TAU * mode as f64 / 8.0);
            [cos, sin]
        };
        let place = |at: usize| 2.0 * at as f64 - 4.0;
        match name {
            "ring" => Some(Self::Gaussians {
                centres: (0..8).map(circle).collect(),
                deviation: 0.01,
            }),
            "grid" => Some(Self::Gaussians {
                centres: (0..25)
                    .map(|mode| [place(mode % 5), place(mode / 5)])
                    .collect(),
                deviation: 0.05,
            }),
            "spiral" => Some(Self::Spiral),
            _ => None,
        }
    }

    /// Points by mode.
    ///
    /// # Shapes
    /// `points` [count, 2], in the data's own units.
    pub fn count(&self, points: Rows) -> Modes {
        let (modes, centres, radius) = match self {
            Self::Gaussians { centres, deviation } => {
                let numbered = centres.iter().copied().enumerate().collect();
                (centres.len(), numbered, DEVIATIONS * deviation)
            }
            Self::Spiral => (PIECES, arm(), DEVIATIONS * 0.05),
        };
        let (mut counts, mut good) = (vec![0; modes], vec![0; modes]);
        for index in 0..points.count() {
            let row = points.row(index);
            let [x, y] = [f64::from(row[0]), f64::from(row[1])];
            let squares = centres.iter().map(|(mode, at): &(usize, [f64; 2])| {
                (*mode, (x - at[0]).powi(2) + (y - at[1]).powi(2))
            });
            let (mode, square) = squares
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .expect("a mixture has modes");
            counts[mode] += 1;
            good[mode] += u64::from(square <= radius * radius);
        }
        Modes {
            counts,
            good,
            shares: vec![1.0 / modes as f64; modes],
        }
    }
}

/// Points along the spiral, with the number of the piece that each is on.
fn arm() -> Vec<(usize, [f64; 2])> {
    (0..ARM)
        .map(|i| {
            // As many of the data lie before a point as its place says.
            let place = (i as f64 + 0.5) / ARM as f64;
            let turn = place.sqrt();
            let (sin, cos) = libm::sincos(2.0 * std::f64::consts::TAU * turn);
            let piece = (place * PIECES as f64) as usize;
            (piece, [2.0 * turn * cos, 2.0 * turn * sin])
        })
        .collect()
}

impl Modes {
    /// Samples by class, against the data's classes.
    pub fn of_classes(samples: &[usize], data: &[usize], classes: usize) -> Self {
        let count = |of: &[usize]| {
            let mut counts = vec![0_u64; classes];
            of.iter().for_each(|&class| counts[class] += 1);
            counts
        };
        let (counts, reference) = (count(samples), count(data));
        // Half a sample more, so that a class the data lack is rare, not impossible.
        let total = data.len() as f64 + 0.5 * classes as f64;
        Self {
            good: counts.clone(),
            counts,
            shares: reference
                .iter()
                .map(|&n| (n as f64 + 0.5) / total)
                .collect(),
        }
    }

    /// Whether a mode is there.
    fn is_there(&self, mode: usize) -> bool {
        let samples = self.counts.iter().sum::<u64>() as f64;
        let least = (LEAST * samples * self.shares[mode]).floor().max(1.0);
        self.good[mode] as f64 >= least
    }

    /// How many modes are there.
    pub fn mode_count(&self) -> Measured {
        let there = (0..self.counts.len()).filter(|&mode| self.is_there(mode));
        Measured::exact(there.count() as f64).against(self.counts.len() as f64)
    }

    /// The modes that are not.
    pub fn missing(&self) -> Vec<usize> {
        (0..self.counts.len())
            .filter(|&mode| !self.is_there(mode))
            .collect()
    }

    /// The divergence of the samples' shares from the data's, in nats.
    pub fn reverse_kl(&self) -> Measured {
        let samples = self.counts.iter().sum::<u64>() as f64;
        let terms = self.counts.iter().zip(&self.shares).map(|(&count, share)| {
            let q = count as f64 / samples;
            if count == 0 {
                0.0
            } else {
                q * (q / share).ln()
            }
        });
        Measured::exact(terms.sum::<f64>().max(0.0))
    }
}

/// The most probable class of each row.
pub fn most_probable(probabilities: Rows) -> Vec<usize> {
    (0..probabilities.count())
        .map(|index| {
            let row = probabilities.row(index).iter().enumerate();
            row.max_by(|a, b| a.1.total_cmp(b.1))
                .map_or(0, |(class, _)| class)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataOptions, Dataset};
    use std::path::Path;

    fn points(name: &str) -> Vec<f32> {
        let dataset = Dataset::open(Path::new(name), &DataOptions::default()).unwrap();
        let mut points = Vec::new();
        for index in 0..20_000 {
            let mut point = [0.0; 2];
            dataset.read(index, &mut point).unwrap();
            dataset.units().unwrap().to_units(&mut point);
            points.extend(point);
        }
        points
    }

    #[test]
    fn the_built_in_mixtures_have_all_their_modes_and_lose_those_that_are_dropped() {
        for (name, modes) in [("ring", 8), ("grid", 25), ("spiral", 20)] {
            let all = points(name);
            let mixture = Mixture::of(name).unwrap();
            let found = mixture.count(Rows::new(&all, 2));
            assert_eq!(found.mode_count().value, f64::from(modes), "{name}");
            assert!(found.reverse_kl().value < 2e-3, "{name}");
            // Three deviations in the plane hold 98.9 %, those across an arm 99.7 %.
            let good = found.good.iter().sum::<u64>();
            assert!(good > 19_700, "{name}: {good}");

            let right: Vec<f32> = all
                .chunks_exact(2)
                .filter(|p| p[0] > 0.1)
                .flatten()
                .copied()
                .collect();
            let half = mixture.count(Rows::new(&right, 2));
            assert!(half.mode_count().value < found.mode_count().value, "{name}");
            assert!(half.reverse_kl().value > 0.3, "{name}");
        }
    }

    #[test]
    fn shares_of_classes_are_compared() {
        let data: Vec<usize> = (0..1000).map(|i| i % 10).collect();
        let samples: Vec<usize> = (0..1000).map(|i| i % 5).collect();
        let modes = Modes::of_classes(&samples, &data, 10);
        assert_eq!(modes.mode_count().value, 5.0);
        assert_eq!(modes.missing(), [5, 6, 7, 8, 9]);
        assert!((modes.reverse_kl().value - std::f64::consts::LN_2).abs() < 1e-12);
    }
}
