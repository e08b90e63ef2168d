//! Products with one to four columns, as a GAN's last layers have them: a sum
//! of products along contiguous runs, several rows at a time, rather than a
//! tile of 32 columns that is mostly padding. Written once over vectors of
//! floats; each instruction set compiles it for its own.

use super::kernel::{DEPTH_BLOCK, ROW_STRIDE, Tile};

/// A vector of floats. The methods are only for code that is compiled for the
/// instruction set in question.
pub(crate) trait Lanes: Copy {
    /// Floats in the vector, a divisor of 16.
    const COUNT: usize;

    /// All zeros.
    unsafe fn zero() -> Self;

    /// The `COUNT` floats at `from`.
    unsafe fn load(from: *const f32) -> Self;

    /// The same float in each place.
    unsafe fn splat(value: f32) -> Self;

    /// Writes the `COUNT` floats to `to`.
    unsafe fn store(self, to: *mut f32);

    /// `self + other`, float by float.
    unsafe fn add(self, other: Self) -> Self;

    /// `self * factor`, float by float.
    unsafe fn scale(self, factor: f32) -> Self;

    /// `a * b + self`, float by float.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

    /// The sum of the vector's floats.
    unsafe fn sum(self) -> f32;
}

/// Four floats in plain Rust.
impl Lanes for [f32; 4] {
    const COUNT: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises four floats.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises four floats.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }

    #[inline(always)]
    unsafe fn scale(self, factor: f32) -> Self {
        self.map(|value| value * factor)
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|lane| a[lane] * b[lane] + self[lane])
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        (self[0] + self[2]) + (self[1] + self[3])
    }
}

/// Work that is compiled for each instruction set.
pub(crate) trait Vectorised {
    /// Does the work.
    ///
    /// # Safety
    ///
    /// The processor has the instructions of `L`. Implementations are
    /// `inline(always)`.
    unsafe fn run<L: Lanes>(self);
}

/// Multiplies the tile's rows, `GROUP` at a time, by its one to four columns.
///
/// # Safety
///
/// As for [`super::kernel::MicroKernel::multiply_narrow`], and the processor
/// has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn multiply<L: Lanes, const GROUP: usize>(tile: &Tile) {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match tile.cols {
            1 => columns::<L, 1, GROUP>(tile),
            2 => columns::<L, 2, GROUP>(tile),
            3 => columns::<L, 3, GROUP>(tile),
            _ => columns::<L, 4, GROUP>(tile),
        }
    }
}

#[inline(always)]
unsafe fn columns<L: Lanes, const COLS: usize, const GROUP: usize>(tile: &Tile) {
    let mut row = 0;
    while row + GROUP <= tile.rows {
        // SAFETY: rows up to `row + GROUP` are in the panel.
        unsafe { group::<L, COLS, GROUP>(tile, row) };
        row += GROUP;
    }
    while row < tile.rows {
        // SAFETY: this row is in the panel.
        unsafe { group::<L, COLS, 1>(tile, row) };
        row += 1;
    }
}

#[inline(always)]
unsafe fn group<L: Lanes, const COLS: usize, const GROUP: usize>(tile: &Tile, first_row: usize) {
    let depth = tile.depth.next_multiple_of(16);
    let a_start = tile.a.wrapping_add(first_row * ROW_STRIDE);
    let mut out = [[0.0_f32; COLS]; GROUP];
    // SAFETY: both panels are padded with zeros to a multiple of 16 steps, and
    // the rows are in the panel; the caller has checked the instruction set.
    unsafe {
        let mut sums = [[L::zero(); COLS]; GROUP];
        let mut step = 0;
        while step < depth {
            let mut columns = [L::zero(); COLS];
            for (col, column) in columns.iter_mut().enumerate() {
                *column = L::load(tile.b.add(col * DEPTH_BLOCK + step));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let a = L::load(a_start.add(row * ROW_STRIDE + step));
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = sum.add_product(a, column);
                }
            }
            step += L::COUNT;
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum.sum();
            }
        }
    }
    for (row, sums) in out.iter().enumerate() {
        for (col, &sum) in sums.iter().enumerate() {
            // SAFETY: the caller says that this float is ours to write.
            unsafe {
                let out = tile.out[first_row + row].add(col);
                let sum = if tile.accumulate { *out + sum } else { sum };
                *out = tile.epilogue.apply(sum, col);
            }
        }
    }
}
