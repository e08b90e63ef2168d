//! The kernel distance: the squared maximum mean discrepancy of features under
//! the kernel `k(x, y) = (x . y / width + 1)^3`.
//!
//! `KID = mean of k over pairs of data + over pairs of samples - 2 over mixed pairs`,
//! a sample never paired with itself. It has no bias, so it can be compared
//! between numbers of samples and may come out below zero; it is the one to
//! read where samples are few.
//!
//! Other programs average random subsets to save memory; this is the estimate
//! over all pairs, their expectation. Its standard error is the first term of
//! the variance of a U-statistic, from the means of the kernel's rows; where
//! the two sets agree, it is somewhat too large.
//!
//! # Source
//! Bińkowski et al. 2018, arXiv 1801.01401, section 4; Sutherland et al. 2016,
//! arXiv 1611.04488, for the variance.

use super::measured::Measured;
use super::pairs::{Side, products};
use super::rows::Rows;
use ndarray::ArrayView2;

/// The kernel distance between data and generated features.
///
/// # Panics
/// If either has fewer than two rows.
pub fn kid(data: Rows, generated: Rows) -> Measured {
    assert!(
        data.count() >= 2 && generated.count() >= 2,
        "two samples a side"
    );
    let (x, y) = (Side::new(generated), Side::new(data));
    let (m, n) = (x.count() as f64, y.count() as f64);
    let mixed = kernel_sums(&x, &y, false);
    let (own_x, own_y) = (kernel_sums(&x, &x, true), kernel_sums(&y, &y, true));
    let total = |sums: &[f64]| sums.iter().sum::<f64>();
    let value = total(&own_x.rows) / (m * (m - 1.0)) + total(&own_y.rows) / (n * (n - 1.0))
        - 2.0 * total(&mixed.rows) / (m * n);

    // What each sample adds to the estimate, over both of its places.
    let of_x = own_x.rows.iter().zip(&mixed.rows);
    let of_x = Measured::mean(of_x.map(|(own, mixed)| own / (m - 1.0) - mixed / n));
    let of_y = own_y.rows.iter().zip(&mixed.columns);
    let of_y = Measured::mean(of_y.map(|(own, mixed)| own / (n - 1.0) - mixed / m));
    let error = |of: &Measured| 2.0 * of.standard_error.unwrap_or(0.0);
    Measured::with_error(value, error(&of_x).hypot(error(&of_y)))
}

struct Sums {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

/// Sums of the kernel over rows and columns; `own` leaves the diagonal out.
fn kernel_sums(a: &Side, b: &Side, own: bool) -> Sums {
    let width = a.width as f64;
    let strip = |first: usize, table: ArrayView2<f64>| {
        let mut columns = vec![0.0; table.ncols()];
        let mut rows = Vec::with_capacity(table.nrows());
        for (i, row) in table.rows().into_iter().enumerate() {
            let mut sum = 0.0;
            for (column, product) in columns.iter_mut().zip(row) {
                let base = product / width + 1.0;
                let kernel = base * base * base;
                *column += kernel;
                sum += kernel;
            }
            let base = a.squares[first + i] / width + 1.0;
            rows.push(if own { sum - base * base * base } else { sum });
        }
        (rows, columns)
    };
    let mut sums = Sums {
        rows: Vec::with_capacity(a.count()),
        columns: vec![0.0; b.count()],
    };
    products(a, b, strip, |(rows, columns)| {
        sums.rows.extend(rows);
        for (sum, part) in sums.columns.iter_mut().zip(columns) {
            *sum += part;
        }
    });
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn it_is_torch_fidelitys_number_over_one_subset_of_all() {
        let fixture = fixtures::open();
        for name in ["many", "few"] {
            let (real, fake) = fixture.features(name);
            // Theirs wants as many of one as of the other.
            let count = real.rows().count().min(fake.rows().count());
            let found = kid(real.rows().first(count), fake.rows().first(count));
            fixture.compare(&format!("{name}.kid"), found.value, 1e-6);
        }
    }

    #[test]
    fn its_standard_error_is_that_of_repetition() {
        // 60 pairs of samples of one shifted normal distribution.
        let mut draws = crate::rng::Random::new(5).at(crate::rng::Stream::Judge, 0);
        let mut set =
            |shift: f32| -> Vec<f32> { (0..200 * 4).map(|_| draws.normal() + shift).collect() };
        let runs: Vec<Measured> = (0..60)
            .map(|_| {
                let (real, fake) = (set(0.0), set(0.4));
                kid(Rows::new(&real, 4), Rows::new(&fake, 4))
            })
            .collect();
        let values: Vec<f64> = runs.iter().map(|run| run.value).collect();
        let spread = crate::judge::measured::spread(&values);
        let claimed = runs
            .iter()
            .filter_map(|run| run.standard_error)
            .sum::<f64>()
            / 60.0;
        assert!(
            (0.7..1.4).contains(&(claimed / spread)),
            "{claimed} {spread}"
        );
    }
}
