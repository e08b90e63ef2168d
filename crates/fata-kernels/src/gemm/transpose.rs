//! Transposing a block of floats, four by four at a time, for the packing of
//! matrices that are contiguous the other way.

/// Writes `to[col * to_stride + row] = from[row * from_stride + col]` for all
/// `rows` and `cols`.
///
/// # Panics
///
/// When either slice is too short.
pub(crate) fn transpose(
    from: &[f32],
    from_stride: usize,
    to: &mut [f32],
    to_stride: usize,
    rows: usize,
    cols: usize,
) {
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(to.len() >= (cols - 1) * to_stride + rows);
    // SAFETY: the slice is long enough and ours alone.
    unsafe { transpose_to(from, from_stride, to.as_mut_ptr(), to_stride, [rows, cols]) }
}

/// The same to a place that is shared with threads which write other rows.
///
/// # Safety
///
/// The floats of each of `cols` runs of `rows`, `to_stride` apart, may be
/// written.
///
/// # Panics
///
/// When `from` is too short.
pub(crate) unsafe fn transpose_to(
    from: &[f32],
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    [rows, cols]: [usize; 2],
) {
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(from.len() >= (rows - 1) * from_stride + cols);
    let (whole_rows, whole_cols) = (rows / 4 * 4, cols / 4 * 4);
    let from = from.as_ptr();
    // SAFETY: every element is within the slice by the assertion above, and
    // its place may be written as the caller promises.
    unsafe {
        let one = |row: usize, col: usize| {
            *to.add(col * to_stride + row) = *from.add(row * from_stride + col)
        };
        for row in (0..whole_rows).step_by(4) {
            for col in (0..whole_cols).step_by(4) {
                block(
                    from.add(row * from_stride + col),
                    from_stride,
                    to.add(col * to_stride + row),
                    to_stride,
                );
            }
            for col in whole_cols..cols {
                (row..row + 4).for_each(|row| one(row, col));
            }
        }
        for row in whole_rows..rows {
            (0..cols).for_each(|col| one(row, col));
        }
    }
}

/// Transposes four by four floats.
///
/// # Safety
///
/// Four runs of four floats may be read from `from` and written to `to`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn block(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::*;
    // SAFETY: every x86-64 processor has these instructions, and the caller
    // promises the memory.
    unsafe {
        let mut a = _mm_loadu_ps(from);
        let mut b = _mm_loadu_ps(from.add(from_stride));
        let mut c = _mm_loadu_ps(from.add(2 * from_stride));
        let mut d = _mm_loadu_ps(from.add(3 * from_stride));
        _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
        _mm_storeu_ps(to, a);
        _mm_storeu_ps(to.add(to_stride), b);
        _mm_storeu_ps(to.add(2 * to_stride), c);
        _mm_storeu_ps(to.add(3 * to_stride), d);
    }
}

/// Transposes four by four floats.
///
/// # Safety
///
/// Four runs of four floats may be read from `from` and written to `to`.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn block(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    for row in 0..4 {
        for col in 0..4 {
            // SAFETY: the caller promises the memory.
            unsafe { *to.add(col * to_stride + row) = *from.add(row * from_stride + col) };
        }
    }
}
