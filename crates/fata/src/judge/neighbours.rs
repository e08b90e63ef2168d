//! Nearest neighbours among and between two sets: what precision, recall,
//! density, coverage, the nearest-neighbour test and the search for copies all
//! read, found in one pass over the pairs.

use super::algebra;
use super::pairs::{Side, squared_distances};
use super::rows::Rows;
use ndarray::ArrayView2;

/// Neighbours for precision and recall: the paper's choice.
pub(super) const MANIFOLD_NEIGHBOURS: usize = 3;
/// Neighbours for density and coverage: the paper's choice.
pub(super) const DENSITY_NEIGHBOURS: usize = 5;

/// The nearest one of another set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Its number.
    pub index: usize,
    /// Euclidean, between features.
    pub distance: f64,
}

/// What one sample or data item sees of its own set and of the other.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The nearest other one of its own set.
    pub(super) own: Nearest,
    /// The nearest one of the other set.
    pub(super) other: Nearest,
    /// Whether it lies in the k-nearest ball of any one of the other set.
    pub(super) inside: bool,
    /// In how many density balls of the other set it lies.
    pub(super) balls: usize,
    /// Whether its own density ball holds one of the other set.
    pub(super) covered: bool,
}

/// Both sets as they see each other.
#[derive(Clone, Debug)]
pub struct Neighbours {
    pub(super) data: Vec<View>,
    pub(super) generated: Vec<View>,
    pub(super) density_neighbours: usize,
}

impl Neighbours {
    /// Searches all pairs.
    ///
    /// # Panics
    /// If either set has fewer than two rows.
    pub fn search(data: Rows, generated: Rows) -> Self {
        Self::with_k(data, generated, MANIFOLD_NEIGHBOURS, DENSITY_NEIGHBOURS)
    }

    pub(super) fn with_k(data: Rows, generated: Rows, manifold: usize, density: usize) -> Self {
        let smaller = data.count().min(generated.count());
        assert!(smaller >= 2, "two samples a side");
        let k = [manifold, density].map(|k| k.min(smaller - 1));
        let centre = algebra::mean(data.values, data.width);
        let side = |rows| Side::centred(rows, centre.view());
        let (y, x) = (side(data), side(generated));
        let (own_y, own_x) = (own_neighbours(&y, k), own_neighbours(&x, k));
        let mut generated = Vec::with_capacity(x.count());
        let mut data: Vec<View> = own_y.iter().map(Own::alone).collect();
        let look =
            |first: usize, table: ArrayView2<f64>| Cross::of(&table, &own_x[first..], &own_y);
        squared_distances(&x, &y, look, |strip: Cross| {
            let first = generated.len();
            for (seen, strip) in data.iter_mut().zip(strip.columns) {
                seen.absorb(strip, first);
            }
            generated.extend(strip.rows);
        });
        for view in data.iter_mut().chain(&mut generated) {
            for nearest in [&mut view.own, &mut view.other] {
                nearest.distance = nearest.distance.sqrt();
            }
        }
        Self {
            data,
            generated,
            density_neighbours: k[1],
        }
    }
}

/// Squared distances within a set.
struct Own {
    nearest: Nearest,
    /// To the k-th neighbours, for precision and recall and for density.
    radii: [f64; 2],
}

impl Own {
    fn alone(&self) -> View {
        View {
            own: self.nearest,
            other: Nearest {
                index: 0,
                distance: f64::INFINITY,
            },
            inside: false,
            balls: 0,
            covered: false,
        }
    }
}

impl View {
    /// Takes in what a later strip saw.
    fn absorb(&mut self, other: Self, first: usize) {
        if other.other.distance < self.other.distance {
            self.other = Nearest {
                index: first + other.other.index,
                distance: other.other.distance,
            };
        }
        self.inside |= other.inside;
        self.balls += other.balls;
        self.covered |= other.covered;
    }

    /// Takes in one of the other set at this squared distance.
    fn meet(&mut self, index: usize, square: f64, own: &Own, other: &Own) {
        if square < self.other.distance {
            self.other = Nearest {
                index,
                distance: square,
            };
        }
        self.inside |= square <= other.radii[0];
        self.balls += usize::from(square < other.radii[1]);
        self.covered |= square < own.radii[1];
    }
}

fn own_neighbours(side: &Side, k: [usize; 2]) -> Vec<Own> {
    let nearest_few = |first: usize, table: ArrayView2<f64>| {
        let rows = table.rows().into_iter().enumerate();
        rows.map(|(i, row)| {
            // The nearest few, in ascending order.
            let mut nearest: Vec<Nearest> = Vec::with_capacity(k[0].max(k[1]) + 1);
            for (index, &distance) in row.iter().enumerate() {
                let far = nearest.len() == k[0].max(k[1])
                    && nearest.last().is_some_and(|last| distance >= last.distance);
                if index == first + i || far {
                    continue;
                }
                let place = nearest.partition_point(|other| other.distance <= distance);
                nearest.insert(place, Nearest { index, distance });
                nearest.truncate(k[0].max(k[1]));
            }
            Own {
                nearest: nearest[0],
                radii: k.map(|k| nearest[k - 1].distance),
            }
        })
        .collect::<Vec<_>>()
    };
    let mut all = Vec::with_capacity(side.count());
    squared_distances(side, side, nearest_few, |strip| all.extend(strip));
    all
}

/// What a strip of generated samples and all data see of each other.
struct Cross {
    rows: Vec<View>,
    columns: Vec<View>,
}

impl Cross {
    fn of(table: &ArrayView2<f64>, own_x: &[Own], own_y: &[Own]) -> Self {
        let mut columns: Vec<View> = own_y.iter().map(Own::alone).collect();
        let rows = table.rows().into_iter().zip(own_x).enumerate();
        let rows = rows
            .map(|(i, (row, x))| {
                let mut view = x.alone();
                for (j, ((&square, y), column)) in
                    row.iter().zip(own_y).zip(&mut columns).enumerate()
                {
                    view.meet(j, square, x, y);
                    column.meet(i, square, y, x);
                }
                view
            })
            .collect();
        Self { rows, columns }
    }
}
