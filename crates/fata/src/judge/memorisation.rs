//! The search for copies: how near samples lie to the data that the model may
//! have learned by heart.
//!
//! `memorisation = median distance of a sample to its nearest data item /
//! median distance of a held-out item to its nearest data item`
//!
//! A model that draws new things gives about 1 or more; below it, samples are
//! nearer to training data than fresh data are, and at 0 they are copies. Where
//! no held-out data are given, each data item stands in for one, against the
//! others. A model may copy only a few: the closest pairs are there to be
//! looked at. Distances are between features, so a shifted or tinted copy is
//! found as far as the features do not mind the shift.
//!
//! # Source
//! The comparison with held-out data is that of Meehan et al. 2020, arXiv
//! 2004.05675, section 3; theirs is a rank test, ours the ratio of medians.

use super::algebra;
use super::measured::{Measured, spread};
use super::neighbours::{Nearest, Neighbours};
use super::pairs::{Side, squared_distances};
use super::rows::Rows;
use crate::rng::{Random, Stream};

const REPLICATES: u64 = 100;

/// A sample and the data item next to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosestPair {
    /// The sample's number.
    pub sample: usize,
    /// The data item's number.
    pub item: usize,
    /// Between their features.
    pub distance: f64,
    /// The distance over that from the item to its nearest other item.
    pub ratio: f64,
}

/// The ratio of medians; `held_out` are distances of held-out data to the data.
pub fn memorisation(neighbours: &Neighbours, held_out: Option<&[f64]>, random: Random) -> Measured {
    let own: Vec<f64> = neighbours
        .data
        .iter()
        .map(|view| view.own.distance)
        .collect();
    let fresh = median(held_out.unwrap_or(&own).to_vec());
    let of_samples: Vec<f64> = neighbours
        .generated
        .iter()
        .map(|view| view.other.distance)
        .collect();
    let value = ratio(median(of_samples.clone()), fresh);
    let count = of_samples.len() as u32;
    let replicates: Vec<f64> = (0..REPLICATES)
        .map(|replicate| {
            let mut draws = random.at(Stream::Judge, 5 << 32 | replicate);
            let drawn = (0..count).map(|_| of_samples[draws.below(count) as usize]);
            ratio(median(drawn.collect()), fresh)
        })
        .collect();
    Measured::with_error(value, spread(&replicates)).within(0.0, f64::INFINITY)
}

/// Where the data repeat themselves, nothing is nearer than they are.
fn ratio(sample: f64, fresh: f64) -> f64 {
    match fresh > 0.0 {
        true => sample / fresh,
        false => 1.0,
    }
}

/// The pairs that are closest for their place, the closest first, no data item
/// twice.
pub fn closest_pairs(neighbours: &Neighbours, count: usize) -> Vec<ClosestPair> {
    let pairs = neighbours.generated.iter().enumerate();
    let mut pairs: Vec<ClosestPair> = pairs
        .map(|(sample, view)| {
            let Nearest { index, distance } = view.other;
            let usual = neighbours.data[index].own.distance;
            ClosestPair {
                sample,
                item: index,
                distance,
                ratio: ratio(distance, usual),
            }
        })
        .collect();
    let order = |a: &ClosestPair, b: &ClosestPair| {
        let by_ratio = a.ratio.total_cmp(&b.ratio);
        by_ratio.then(a.distance.total_cmp(&b.distance))
    };
    pairs.sort_by(|a, b| order(a, b).then(a.sample.cmp(&b.sample)));
    let mut seen = std::collections::BTreeSet::new();
    pairs.retain(|pair| seen.insert(pair.item));
    pairs.truncate(count);
    pairs
}

/// The distance of each query to the nearest data item.
pub fn nearest_distances(queries: Rows, data: Rows) -> Vec<f64> {
    let centre = algebra::mean(data.values, data.width);
    let side = |rows| Side::centred(rows, centre.view());
    let (queries, data) = (side(queries), side(data));
    let mut distances = Vec::with_capacity(queries.count());
    squared_distances(
        &queries,
        &data,
        |_, table| {
            let rows = table.rows().into_iter();
            rows.map(|row| row.iter().fold(f64::INFINITY, |a, &b| a.min(b)).sqrt())
                .collect::<Vec<_>>()
        },
        |strip| distances.extend(strip),
    );
    distances
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(stream: u64, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count * 6];
        Random::new(8)
            .at(Stream::Judge, stream)
            .fill_normal(&mut values);
        values
    }

    #[test]
    fn fresh_samples_give_one_and_copies_less() {
        let (data, fresh) = (set(0, 400), set(1, 400));
        let mut copies = fresh.clone();
        copies[..300 * 6].copy_from_slice(&data[..300 * 6]);
        let measure = |samples: &[f32]| {
            let neighbours = Neighbours::search(Rows::new(&data, 6), Rows::new(samples, 6));
            let closest = closest_pairs(&neighbours, 5);
            (
                memorisation(&neighbours, None, Random::new(0)).value,
                closest,
            )
        };
        let (of_fresh, _) = measure(&fresh);
        assert!((0.9..1.1).contains(&of_fresh), "{of_fresh}");
        let (of_copies, closest) = measure(&copies);
        assert!(of_copies < 1e-3, "{of_copies}");
        assert_eq!(closest.len(), 5);
        assert!(
            closest
                .iter()
                .all(|pair| pair.sample == pair.item && pair.ratio < 1e-3)
        );
    }
}
