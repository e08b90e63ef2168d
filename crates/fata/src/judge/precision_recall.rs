//! Improved precision and recall. A set's manifold is the union of balls
//! around its members, each as wide as the distance to its third neighbour.
//!
//! Precision is the share of generated samples on the data's manifold (do they
//! look right), recall the share of the data on the generated one (is
//! everything there). An outlier's ball is large, so both are optimistic, and
//! both depend on the number of samples.
//!
//! # Source
//! Kynkäänniemi et al. 2019, arXiv 1904.06991, equations 1 and 2.

use super::measured::Measured;
use super::neighbours::Neighbours;

/// The share of generated samples that lie on the data's manifold.
pub fn precision(neighbours: &Neighbours) -> Measured {
    Measured::share(neighbours.generated.iter().map(|view| view.inside))
}

/// The share of the data that lie on the generated manifold.
pub fn recall(neighbours: &Neighbours) -> Measured {
    Measured::share(neighbours.data.iter().map(|view| view.inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn they_are_the_numbers_of_prdc() {
        let fixture = fixtures::open();
        for name in ["many", "few"] {
            let (real, fake) = fixture.features(name);
            let neighbours = Neighbours::with_k(real.rows(), fake.rows(), 3, 5);
            fixture.compare(
                &format!("{name}.precision"),
                precision(&neighbours).value,
                1e-6,
            );
            fixture.compare(&format!("{name}.recall"), recall(&neighbours).value, 1e-6);
        }
    }
}
