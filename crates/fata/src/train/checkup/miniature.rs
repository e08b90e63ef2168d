//! Samples made small enough to be compared all with all: pictures averaged
//! down to 16 pixels a side at most, points as they are.

/// The longest side of a miniature.
const SIDE: usize = 16;

/// Rows of equally many numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Miniatures {
    values: Vec<f32>,
    width: usize,
}

impl Miniatures {
    /// Of samples as networks have them: `[rows, product of the shape]`, the
    /// shape `[height, width, channels]` or `[dimensions]`.
    pub(super) fn of(values: &[f32], shape: &[usize]) -> Self {
        let Ok([height, width, channels]) = <[usize; 3]>::try_from(shape) else {
            return Self {
                values: values.to_vec(),
                width: shape.iter().product::<usize>().max(1),
            };
        };
        let factor = height.max(width).div_ceil(SIDE);
        let [rows, columns] = [height, width].map(|side| side.div_ceil(factor));
        let mut small = Vec::new();
        for picture in values.chunks_exact(height * width * channels) {
            for (y, x, channel) in places(rows, columns, channels) {
                let (mut sum, mut count) = (0.0, 0.0);
                for down in y * factor..height.min((y + 1) * factor) {
                    for across in x * factor..width.min((x + 1) * factor) {
                        sum += picture[(down * width + across) * channels + channel];
                        count += 1.0;
                    }
                }
                small.push(sum / count);
            }
        }
        Self {
            values: small,
            width: rows * columns * channels,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The distance from each row to the other's row of the same number.
    pub(super) fn distances_row_by_row(&self, other: &Self) -> Vec<f64> {
        let rows = 0..self.rows().min(other.rows());
        rows.map(|i| distance(self.row(i), other.row(i))).collect()
    }

    /// The median over rows of the distance to the nearest row of another.
    pub(super) fn median_distance_to(&self, other: &Self) -> f64 {
        let rows = 0..self.rows();
        median(rows.map(|i| nearest(self.row(i), other, None)).collect())
    }

    /// The same among themselves.
    pub(super) fn median_distance_to_others(&self) -> f64 {
        let rows = 0..self.rows();
        median(rows.map(|i| nearest(self.row(i), self, Some(i))).collect())
    }
}

fn places(
    rows: usize,
    columns: usize,
    channels: usize,
) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..rows * columns * channels).map(move |at| {
        let (place, channel) = (at / channels, at % channels);
        (place / columns, place % columns, channel)
    })
}

/// The mean distance between two different rows.
pub(super) fn mean_pair_distance(rows: &Miniatures) -> f64 {
    let count = rows.rows();
    let pairs = (0..count).flat_map(|i| (0..i).map(move |j| (i, j)));
    let sum: f64 = pairs.map(|(i, j)| distance(rows.row(i), rows.row(j))).sum();
    sum / (count * count.saturating_sub(1) / 2).max(1) as f64
}

/// The distances from all rows to all of another's.
pub(super) fn distances_between(a: &Miniatures, b: &Miniatures) -> Vec<f64> {
    let pairs = (0..a.rows()).flat_map(|i| (0..b.rows()).map(move |j| (i, j)));
    pairs.map(|(i, j)| distance(a.row(i), b.row(j))).collect()
}

/// Euclidean. Eight sums at once, in an order that no machine changes.
pub(super) fn distance(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0f32; 8];
    let (mut left, mut right) = (a.chunks_exact(8), b.chunks_exact(8));
    for (a, b) in left.by_ref().zip(right.by_ref()) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest = left.remainder().iter().zip(right.remainder());
    let rest: f32 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    f64::from(sums.iter().sum::<f32>() + rest).sqrt()
}

fn nearest(row: &[f32], among: &Miniatures, but: Option<usize>) -> f64 {
    (0..among.rows())
        .filter(|&other| Some(other) != but)
        .map(|other| distance(row, among.row(other)))
        .fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
