//! The nearest-neighbour two-sample test: data and samples are thrown
//! together, and each is said to be of the kind of its nearest neighbour.
//!
//! One half is the equilibrium the books speak of: nobody can tell. Near 1 the
//! sets are apart; below one half, samples lie closer to data than data do to
//! each other, as copies do. It needs as many of one kind as of the other; the
//! larger set is cut.
//!
//! # Source
//! Lopez-Paz and Oquab 2017, arXiv 1610.06545; Xu et al. 2018, arXiv 1806.07755.

use super::measured::Measured;
use super::neighbours::{Neighbours, View};
use super::rows::Rows;

/// The leave-one-out accuracy of the nearest neighbour; a tie counts half.
pub fn nearest_neighbour_accuracy(data: Rows, generated: Rows, known: &Neighbours) -> Measured {
    let count = data.count().min(generated.count());
    if data.count() == generated.count() {
        return accuracy(known);
    }
    accuracy(&Neighbours::search(
        data.first(count),
        generated.first(count),
    ))
}

fn accuracy(neighbours: &Neighbours) -> Measured {
    let right = |view: &View| match view.own.distance.total_cmp(&view.other.distance) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    };
    let all = neighbours.data.iter().chain(&neighbours.generated);
    Measured::mean(all.map(right)).within(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn it_is_scikit_learns_leave_one_out_accuracy() {
        let fixture = fixtures::open();
        for name in ["many", "few"] {
            let (real, fake) = fixture.features(name);
            let known = Neighbours::search(real.rows(), fake.rows());
            let found = nearest_neighbour_accuracy(real.rows(), fake.rows(), &known);
            fixture.compare(&format!("{name}.nearest_neighbour"), found.value, 1e-6);
        }
    }
}
