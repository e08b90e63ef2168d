//! Density and coverage: precision and recall that an outlier cannot fool.
//!
//! `density = 1 / (k M) sum over samples of the data balls that hold it`,
//! `coverage = share of data whose ball holds a sample`, with balls around
//! data only, each as wide as the distance to its fifth neighbour. Density may
//! exceed 1; both expect 1 (coverage almost) where the sets are alike.
//!
//! # Source
//! Naeem et al. 2020, arXiv 2002.09797, equations 3 and 4.

use super::measured::Measured;
use super::neighbours::Neighbours;

/// How much of the generated set lies where data are dense.
pub fn density(neighbours: &Neighbours) -> Measured {
    let k = neighbours.density_neighbours as f64;
    Measured::mean(
        neighbours
            .generated
            .iter()
            .map(|view| view.balls as f64 / k),
    )
    .within(0.0, f64::INFINITY)
}

/// How much of the data has a generated neighbour.
pub fn coverage(neighbours: &Neighbours) -> Measured {
    Measured::share(neighbours.data.iter().map(|view| view.covered))
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
            fixture.compare(&format!("{name}.density"), density(&neighbours).value, 1e-6);
            fixture.compare(
                &format!("{name}.coverage"),
                coverage(&neighbours).value,
                1e-6,
            );
        }
    }
}
