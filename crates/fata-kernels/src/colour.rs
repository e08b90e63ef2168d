//! Affine maps of the colours of each image, and rectangles cut out of it, on slices of `[batch,
//! pixels, channels]`, in place and with the transposes for going backward.

use crate::isa::Isa;
use crate::ops::ColourMap;
use crate::pointwise::versions::multiversion;
use crate::threads;
use crate::warp::Sizes;

/// Maps the colours of each image.
pub(crate) fn map(x: &mut [f32], floats: usize, maps: &[ColourMap]) {
    let isa = Isa::active();
    threads::for_each(x.chunks_mut(floats).zip(maps), |(x, map)| {
        if map.is_identity() {
            return;
        }
        let mean = match map.mean_share {
            0.0 => 0.0,
            share => f64::from(share) * total(isa, x) / floats as f64,
        };
        let offset: Vec<f32> = map.offset.iter().map(|add| add + mean as f32).collect();
        multiply(isa, x, &map.matrix, &offset);
    });
}

/// Turns the gradient of [`map`]'s output into that of its input.
pub(crate) fn map_backward(dy: &mut [f32], floats: usize, maps: &[ColourMap]) {
    let isa = Isa::active();
    threads::for_each(dy.chunks_mut(floats).zip(maps), |(dy, map)| {
        if map.is_identity() {
            return;
        }
        let mean = match map.mean_share {
            0.0 => 0.0,
            share => f64::from(share) * total(isa, dy) / floats as f64,
        };
        let channels = map.offset.len();
        let transposed: Vec<f32> = (0..channels * channels)
            .map(|at| map.matrix[at % channels * channels + at / channels])
            .collect();
        multiply(isa, dy, &transposed, &vec![mean as f32; channels]);
    });
}

/// Makes the rows and columns of each image's rectangle zero.
pub(crate) fn cut_out(x: &mut [f32], sizes: Sizes, rectangles: &[[std::ops::Range<usize>; 2]]) {
    let images = x.chunks_mut(sizes.floats()).zip(rectangles);
    threads::for_each(images, |(x, [rows, columns])| {
        let lines = x.chunks_exact_mut(sizes.row()).take(rows.end);
        for row in lines.skip(rows.start) {
            let end = columns.end.min(sizes.width);
            row[columns.start.min(end) * sizes.channels..end * sizes.channels].fill(0.0);
        }
    });
}

multiversion! {
    /// The sum, in an order that depends on the length alone.
    fn total(x: &[f32]) -> f64 {
        const LANES: usize = 16;
        let mut sums = [0.0_f64; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest: f64 = chunks.remainder().iter().map(|&x| f64::from(x)).sum();
        for chunk in chunks {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += f64::from(x);
            }
        }
        sums.iter().sum::<f64>() + rest
    }

    /// Each pixel becomes `matrix pixel + offset`.
    fn multiply(x: &mut [f32], matrix: &[f32], offset: &[f32]) {
        match offset.len() {
            1 => {
                for x in x {
                    *x = matrix[0] * *x + offset[0];
                }
            }
            3 => pixels::<3>(x, matrix, offset),
            channels => {
                let mut old = vec![0.0; channels];
                for x in x.chunks_exact_mut(channels) {
                    old.copy_from_slice(x);
                    let rows = matrix.chunks_exact(channels).zip(offset);
                    for (x, (row, add)) in x.iter_mut().zip(rows) {
                        *x = row.iter().zip(&old).fold(*add, |sum, (m, old)| sum + m * old);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn pixels<const C: usize>(x: &mut [f32], matrix: &[f32], offset: &[f32]) {
    let matrix: [[f32; C]; C] =
        std::array::from_fn(|row| std::array::from_fn(|column| matrix[row * C + column]));
    let offset: [f32; C] = std::array::from_fn(|row| offset[row]);
    for x in x.as_chunks_mut::<C>().0 {
        let old = *x;
        for (row, x) in x.iter_mut().enumerate() {
            *x = (0..C).fold(offset[row], |sum, k| sum + matrix[row][k] * old[k]);
        }
    }
}
