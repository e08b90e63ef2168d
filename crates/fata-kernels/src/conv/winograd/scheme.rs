//! The matrices of a fast convolution along one axis. `F(m, r)` computes `m`
//! outputs of a kernel of `r` taps with `m + r - 1` products instead of `m r`:
//! input and kernel are evaluated as polynomials at that many points (one of
//! them infinity), multiplied there, and the product is interpolated.
//!
//! # Source
//!
//! Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray,
//! arXiv 1509.09308, who use the points 0, 1, -1, 2, -2. Ours were chosen for
//! small rounding errors: over 512 channels F(4, 3) errs by 2.4e-6 of the
//! largest output where theirs errs by 1.0e-5.

use crate::gemm::narrow::Lanes;

/// `F(OUT, TAPS)`, with `TILE = OUT + TAPS - 1`.
pub(crate) trait Scheme<const OUT: usize, const TAPS: usize, const TILE: usize>:
    Sync
{
    /// The points except infinity; the last one is not used.
    const POINTS: [f64; TILE];
    /// From an input tile to its values at the points.
    const INPUT: [[f32; TILE]; TILE] = input_matrix(&Self::POINTS);
    /// From the kernel's taps to its values at the points.
    const WEIGHT: [[f32; TAPS]; TILE] = weight_matrix(&Self::POINTS);
    /// From values at the points to outputs.
    const OUTPUT: [[f32; TILE]; OUT] = output_matrix(&Self::POINTS);
    /// The output's transpose, from the outputs' gradient to the points.
    const OUTPUT_BACK: [[f32; OUT]; TILE] = transposed(&Self::OUTPUT);
    /// The weight's transpose, from the points to the taps' gradient.
    const WEIGHT_BACK: [[f32; TILE]; TAPS] = transposed(&Self::WEIGHT);
}

/// Two outputs of two taps.
pub(crate) struct TwoOfTwo;

impl Scheme<2, 2, 3> for TwoOfTwo {
    const POINTS: [f64; 3] = [0.0, 1.0, f64::INFINITY];
}

/// Four outputs of two taps.
pub(crate) struct FourOfTwo;

impl Scheme<4, 2, 5> for FourOfTwo {
    const POINTS: [f64; 5] = [0.0, 0.75, -0.75, -1.5, f64::INFINITY];
}

/// Two outputs of three taps.
pub(crate) struct TwoOfThree;

impl Scheme<2, 3, 4> for TwoOfThree {
    const POINTS: [f64; 4] = [0.0, 1.0, -1.0, f64::INFINITY];
}

/// Four outputs of three taps.
pub(crate) struct FourOfThree;

impl Scheme<4, 3, 6> for FourOfThree {
    const POINTS: [f64; 6] = [0.0, 0.75, -0.75, 1.5, -1.5, f64::INFINITY];
}

/// Coefficients of the product of (x - point) over all points but `left_out`.
const fn monic<const TILE: usize>(points: &[f64; TILE], left_out: usize) -> [f32; TILE] {
    let mut product = [0.0; TILE];
    product[0] = 1.0;
    let mut index = 0;
    while index + 1 < TILE {
        if index != left_out {
            let mut power = TILE - 1;
            while power > 0 {
                product[power] = product[power - 1] - points[index] * product[power];
                power -= 1;
            }
            product[0] *= -points[index];
        }
        index += 1;
    }
    let mut rounded = [0.0; TILE];
    let mut power = 0;
    while power < TILE {
        rounded[power] = product[power] as f32;
        power += 1;
    }
    rounded
}

const fn input_matrix<const TILE: usize>(points: &[f64; TILE]) -> [[f32; TILE]; TILE] {
    let mut matrix = [[0.0; TILE]; TILE];
    let mut row = 0;
    while row < TILE {
        matrix[row] = monic(points, row);
        row += 1;
    }
    matrix
}

const fn weight_matrix<const TAPS: usize, const TILE: usize>(
    points: &[f64; TILE],
) -> [[f32; TAPS]; TILE] {
    let mut matrix = [[0.0; TAPS]; TILE];
    let mut row = 0;
    while row + 1 < TILE {
        let mut value = 1.0;
        let mut other = 0;
        while other + 1 < TILE {
            if other != row {
                value /= points[row] - points[other];
            }
            other += 1;
        }
        let mut tap = 0;
        while tap < TAPS {
            matrix[row][tap] = value as f32;
            value *= points[row];
            tap += 1;
        }
        row += 1;
    }
    matrix[TILE - 1][TAPS - 1] = 1.0;
    matrix
}

const fn output_matrix<const OUT: usize, const TILE: usize>(
    points: &[f64; TILE],
) -> [[f32; TILE]; OUT] {
    let mut matrix = [[0.0; TILE]; OUT];
    let mut col = 0;
    while col + 1 < TILE {
        let mut value = 1.0;
        let mut row = 0;
        while row < OUT {
            matrix[row][col] = value as f32;
            value *= points[col];
            row += 1;
        }
        col += 1;
    }
    matrix[OUT - 1][TILE - 1] = 1.0;
    matrix
}

const fn transposed<const ROWS: usize, const COLS: usize>(
    matrix: &[[f32; COLS]; ROWS],
) -> [[f32; ROWS]; COLS] {
    let mut result = [[0.0; ROWS]; COLS];
    let mut row = 0;
    while row < ROWS {
        let mut col = 0;
        while col < COLS {
            result[col][row] = matrix[row][col];
            col += 1;
        }
        row += 1;
    }
    result
}

/// Repeats statements for an index from 0 to a constant of at most 6, each time
/// with the index known to the compiler: it must see through all of a matrix,
/// and would not unroll loops of this size by itself.
macro_rules! each {
    ($index:ident < $count:ident $body:block) => {
        $crate::conv::winograd::scheme::each!(@ $index $count $body 0 1 2 3 4 5)
    };
    (@ $index:ident $count:ident $body:block $($value:literal)*) => {
        $(if $value < $count {
            let $index = $value;
            $body
        })*
    };
}
pub(super) use each;

/// Multiplies vectors of floats by a constant matrix.
///
/// # Safety
///
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn apply<L: Lanes, const ROWS: usize, const COLS: usize>(
    matrix: &[[f32; COLS]; ROWS],
    values: &[L; COLS],
) -> [L; ROWS] {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        let mut results = [L::zero(); ROWS];
        each!(row < ROWS {
            let mut sum = None;
            each!(col < COLS {
                let factor = matrix[row][col];
                if factor != 0.0 {
                    sum = Some(match sum {
                        None if factor == 1.0 => values[col],
                        None => values[col].scale(factor),
                        Some(sum) if factor == 1.0 => L::add(sum, values[col]),
                        Some(sum) => L::add_product(sum, values[col], L::splat(factor)),
                    });
                }
            });
            results[row] = sum.unwrap_or(L::zero());
        });
        results
    }
}

/// Applies a matrix to both axes of a square of vectors.
///
/// # Safety
///
/// As for [`apply`].
#[inline(always)]
pub(crate) unsafe fn apply_twice<L: Lanes, const ROWS: usize, const COLS: usize>(
    matrix: &[[f32; COLS]; ROWS],
    square: &[[L; COLS]; COLS],
) -> [[L; ROWS]; ROWS] {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        let mut half = [[L::zero(); COLS]; ROWS];
        each!(col < COLS {
            let mut values = [L::zero(); COLS];
            each!(row < COLS {
                values[row] = square[row][col];
            });
            let results = apply(matrix, &values);
            each!(row < ROWS {
                half[row][col] = results[row];
            });
        });
        let mut results = [[L::zero(); ROWS]; ROWS];
        each!(row < ROWS {
            results[row] = apply(matrix, &half[row]);
        });
        results
    }
}
