//! Where the data are, in pieces: cells about centres, by which it can be said
//! that samples are missing somewhere, whatever the data.
//!
//! # Source
//! Richardson and Weiss 2018, arXiv 1805.12462, section 2: k-means bins of the
//! data, whose shares of data and samples are compared.

use super::miniature::{Miniatures, distance};
use crate::rng::{Random, Stream};

/// The most cells.
const MOST: usize = 32;
/// The fewest that say where something is missing.
const FEWEST: usize = 4;
/// Items to a cell, at least, on the average.
const ITEMS: usize = 16;
/// Rounds of Lloyd's algorithm.
const ROUNDS: usize = 8;
/// Centres nearer to each other than this share of the data's mean distance are
/// of one place: a heap that is sharper than that must not be cut in pieces.
const APART: f64 = 0.2;
/// A cell is missing where samples have less than this of its share.
const DUE: f64 = 0.2;

/// Centres of the data and the share of the data about each.
#[derive(Debug)]
pub(super) struct Cells {
    centres: Vec<Vec<f32>>,
    shares: Vec<f64>,
}

impl Cells {
    /// Of data with this mean distance between two; none where they are too few.
    pub(super) fn of(data: &Miniatures, spread: f64, random: Random) -> Option<Self> {
        let count = MOST.min(data.rows() / ITEMS);
        if count < FEWEST {
            return None;
        }
        let mut centres = beginnings(data, count, random);
        for _ in 0..ROUNDS {
            let homes = homes(data, &centres);
            centres = means(data, &homes, centres);
        }
        let centres = parted(centres, APART * spread);
        let shares = shares(data, &centres);
        (centres.len() >= FEWEST).then_some(Self { centres, shares })
    }

    /// The share of the data in cells of which the samples have less than a
    /// fifth of what is due.
    pub(super) fn missing(&self, samples: &Miniatures) -> f64 {
        let found = shares(samples, &self.centres);
        let cells = self.shares.iter().zip(found);
        let missing = cells.filter(|(share, found)| *found < DUE * **share);
        // An empty sum is -0.
        missing.fold(0.0, |sum, (share, _)| sum + share)
    }
}

/// Centres to begin with, each drawn with a chance in proportion to the squared
/// distance to the nearest before it (k-means++, Arthur and Vassilvitskii 2007).
fn beginnings(data: &Miniatures, count: usize, random: Random) -> Vec<Vec<f32>> {
    let mut draws = random.at(Stream::Checkup, u64::MAX - 1);
    let mut centres = vec![data.row(0).to_vec()];
    let mut squares = vec![f64::INFINITY; data.rows()];
    while centres.len() < count {
        let last = &centres[centres.len() - 1];
        for (row, square) in squares.iter_mut().enumerate() {
            *square = square.min(distance(data.row(row), last).powi(2));
        }
        let mut left = f64::from(draws.uniform()) * squares.iter().sum::<f64>();
        let chosen = squares.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        // All items are centres already.
        let Some(chosen) = chosen else { break };
        centres.push(data.row(chosen).to_vec());
    }
    centres
}

/// Those centres that are this far from the ones kept before.
fn parted(centres: Vec<Vec<f32>>, least: f64) -> Vec<Vec<f32>> {
    let mut kept: Vec<Vec<f32>> = Vec::new();
    for centre in centres {
        if kept.iter().all(|other| distance(other, &centre) >= least) {
            kept.push(centre);
        }
    }
    kept
}

fn homes(rows: &Miniatures, centres: &[Vec<f32>]) -> Vec<usize> {
    let home = |row: usize| {
        let far = |centre: &Vec<f32>| distance(rows.row(row), centre);
        let all = centres.iter().map(far).enumerate();
        all.min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |one| one.0)
    };
    (0..rows.rows()).map(home).collect()
}

/// The mean of each cell; an empty one stays where it was.
fn means(data: &Miniatures, homes: &[usize], mut centres: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    for (cell, centre) in centres.iter_mut().enumerate() {
        let mut sum = vec![0.0f64; data.width()];
        let mut count = 0.0;
        for (row, _) in homes.iter().enumerate().filter(|(_, home)| **home == cell) {
            count += 1.0;
            for (sum, value) in sum.iter_mut().zip(data.row(row)) {
                *sum += f64::from(*value);
            }
        }
        if count > 0.0 {
            *centre = sum.into_iter().map(|sum| (sum / count) as f32).collect();
        }
    }
    centres
}

fn shares(rows: &Miniatures, centres: &[Vec<f32>]) -> Vec<f64> {
    let mut shares = vec![0.0; centres.len()];
    let all = rows.rows().max(1) as f64;
    for home in homes(rows, centres) {
        shares[home] += 1.0 / all;
    }
    shares
}
