//! The matrix product that everything else here is made of: factors are packed
//! into panels, and a micro-kernel for the processor's instruction set
//! multiplies them. It leaves out scaling of the factors and adding to the
//! output, which training does not need.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod driver;
mod epilogue;
mod flat;
pub(crate) mod kernel;
pub(crate) mod narrow;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod pack;
pub(crate) mod portable;
#[cfg(test)]
pub(crate) mod test_data;
#[cfg(test)]
mod tests;
pub(crate) mod transpose;

pub use epilogue::Epilogue;

use driver::{EvenRows, Product, multiply};
use flat::multiply_turned;

/// Calls a function with the micro-kernel of this thread's instruction set as
/// its first type.
macro_rules! with_kernel {
    ($function:ident$(::<$($type:ty),*>)?($($argument:expr),*)) => {
        match $crate::isa::Isa::active() {
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Isa::Avx512 => $function::<$crate::gemm::avx512::Avx512, $($($type),*)?>($($argument),*),
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Isa::Avx2 => $function::<$crate::gemm::avx2::Avx2, $($($type),*)?>($($argument),*),
            #[cfg(target_arch = "aarch64")]
            $crate::isa::Isa::Neon => $function::<$crate::gemm::neon::Neon, $($($type),*)?>($($argument),*),
            _ => $function::<$crate::gemm::portable::Portable, $($($type),*)?>($($argument),*),
        }
    };
}
pub(crate) use with_kernel;

/// A view of floats as a matrix.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The floats it is made of.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Distance between rows, in floats.
    pub row_stride: usize,
    /// Distance between columns, in floats.
    pub col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix that is stored row by row.
    ///
    /// # Panics
    ///
    /// When `data` does not have `rows * cols` floats.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows}x{cols} matrix");
        Matrix {
            data,
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// The same floats with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Matrix {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// Computes `c = epilogue(a b)`.
///
/// # Shapes
///
/// `a` is `[rows, depth]`, `b` is `[depth, cols]`, `c` is `[rows, cols]`, row
/// by row.
///
/// # Panics
///
/// When the shapes do not agree.
pub fn sgemm(a: Matrix, b: Matrix, c: &mut [f32], epilogue: Epilogue) {
    assert_eq!(a.cols, b.rows, "the depth of both factors");
    assert_eq!(c.len(), a.rows * b.cols, "the product's size");
    assert!(
        epilogue.bias.is_none_or(|bias| bias.len() == b.cols),
        "one bias a column"
    );
    let plain = epilogue.bias.is_none() && epilogue.leaky_slope.is_none();
    let by_column = b.row_stride == 1 && b.col_stride != 1;
    if plain && by_column && a.cols > 0 && a.rows > 0 && flat::is_flat(a.rows, b.cols) {
        return with_kernel!(multiply_turned(&a, &b, c));
    }
    let output_rows = EvenRows {
        first: 0,
        stride: b.cols,
    };
    let product = Product {
        a: &a,
        b: &b,
        output_rows: &output_rows,
        rows: a.rows,
        cols: b.cols,
        depth: a.cols,
        epilogue,
    };
    multiply(&product, c);
}
