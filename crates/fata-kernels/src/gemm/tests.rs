//! Products against sums in f64, for every instruction set of this machine.

use super::test_data::{noise, relative_error};
use super::*;
use crate::isa::Isa;
use proptest::prelude::*;

fn check(rows: usize, depth: usize, cols: usize, layout: u8, epilogue: bool) {
    let (a, b, bias) = (
        noise(rows * depth, 1),
        noise(depth * cols, 2),
        noise(cols, 3),
    );
    let a = if layout & 1 == 0 {
        Matrix::new(&a, rows, depth)
    } else {
        Matrix::new(&a, depth, rows).transposed()
    };
    let b = if layout & 2 == 0 {
        Matrix::new(&b, depth, cols)
    } else {
        Matrix::new(&b, cols, depth).transposed()
    };
    let mut expected = vec![0.0; rows * cols];
    for row in 0..rows {
        for col in 0..cols {
            let sum: f64 = (0..depth)
                .map(|k| {
                    f64::from(a.data[row * a.row_stride + k * a.col_stride])
                        * f64::from(b.data[k * b.row_stride + col * b.col_stride])
                })
                .sum();
            let sum = if epilogue {
                sum + f64::from(bias[col])
            } else {
                sum
            };
            expected[row * cols + col] = if epilogue && sum < 0.0 {
                0.2 * sum
            } else {
                sum
            };
        }
    }
    let epilogue = if epilogue {
        Epilogue {
            bias: Some(&bias),
            leaky_slope: Some(0.2),
        }
    } else {
        Epilogue::NONE
    };
    for isa in Isa::available() {
        let mut c = vec![f32::NAN; rows * cols];
        isa.with(|| sgemm(a, b, &mut c, epilogue));
        let error = relative_error(&c, &expected) / (depth as f64 / 100.0).sqrt().max(1.0);
        assert!(
            error <= 2e-6,
            "{isa:?} {rows}x{depth}x{cols} layout {layout}: {error:e}"
        );
    }
}

#[test]
fn odd_sizes_in_all_layouts() {
    for rows in [1, 3, 14, 17, 65] {
        for depth in [1, 5, 16, 256, 300, 513] {
            for cols in [1, 2, 3, 4, 5, 16, 17, 33, 70] {
                for layout in 0..4 {
                    check(rows, depth, cols, layout, rows % 2 == 1);
                }
            }
        }
    }
}

#[test]
fn wide_products_are_cut_into_blocks() {
    check(30, 40, 1100, 0, true);
    check(600, 520, 520, 2, false);
}

#[test]
fn an_empty_sum_is_the_bias() {
    let mut c = [7.0; 6];
    let bias = [1.0, 2.0, 3.0];
    sgemm(
        Matrix::new(&[], 2, 0),
        Matrix::new(&[], 0, 3),
        &mut c,
        Epilogue::bias(Some(&bias)),
    );
    assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_size_agrees(rows in 1_usize..80, depth in 1_usize..400, cols in 1_usize..80, layout in 0_u8..4, epilogue: bool) {
        check(rows, depth, cols, layout, epilogue);
    }
}

#[test]
fn products_with_few_rows_are_cut_by_columns() {
    for (rows, depth, cols) in [
        (64, 784, 512),
        (1, 300, 130),
        (160, 257, 129),
        (161, 40, 128),
    ] {
        for layout in 0..4 {
            check(rows, depth, cols, layout, true);
            check(rows, depth, cols, layout, false);
        }
    }
}
