//! Bilinear sampling of one image on a grid, zeros outside.

use super::grid::{Grid, Sizes};
use crate::pointwise::versions::multiversion;

multiversion! {
    /// `y`: the values of `x` at the places of the grid.
    pub(crate) fn forward(x: &[f32], y: &mut [f32], from: Sizes, to: Sizes, grid: &Grid) {
        // The number of channels is written out for short loops to be unrolled.
        match from.channels {
            1 => gather(x, y, from, to, grid, 1),
            3 => gather(x, y, from, to, grid, 3),
            channels => gather(x, y, from, to, grid, channels),
        }
    }

    /// The transpose of [`forward`]; adds to `dx`.
    pub(crate) fn backward(dy: &[f32], dx: &mut [f32], from: Sizes, to: Sizes, grid: &Grid) {
        match from.channels {
            1 => scatter(dy, dx, from, to, grid, 1),
            3 => scatter(dy, dx, from, to, grid, 3),
            channels => scatter(dy, dx, from, to, grid, channels),
        }
    }
}

/// The four pixels around a place: row and column of the upper left one, and the shares of the
/// lower ones and the right ones.
#[derive(Clone, Copy)]
pub(crate) struct Corners {
    pub(crate) top: i32,
    pub(crate) left: i32,
    down: f32,
    right: f32,
}

impl Corners {
    #[inline(always)]
    pub(crate) fn new([row, column]: [f32; 2]) -> Self {
        let (top, left) = (row.floor(), column.floor());
        Corners {
            // Saturating: what is far outside stays outside.
            top: top as i32,
            left: left as i32,
            down: row - top,
            right: column - left,
        }
    }

    /// Where the upper left pixel begins, if all four are inside.
    #[inline(always)]
    fn inside(&self, sizes: Sizes, channels: usize) -> Option<usize> {
        let within = |at: i32, size: usize| at >= 0 && (at as usize) < size.saturating_sub(1);
        let inside = within(self.top, sizes.height) && within(self.left, sizes.width);
        inside.then(|| (self.top as usize * sizes.width + self.left as usize) * channels)
    }

    /// The pixels' rows, columns and shares.
    #[inline(always)]
    pub(crate) fn each(&self) -> [([i64; 2], f32); 4] {
        let (top, left) = (i64::from(self.top), i64::from(self.left));
        let (up, back) = (1.0 - self.down, 1.0 - self.right);
        [
            ([top, left], up * back),
            ([top, left + 1], up * self.right),
            ([top + 1, left], self.down * back),
            ([top + 1, left + 1], self.down * self.right),
        ]
    }
}

/// Where the pixel at this row and column begins, if it is inside.
#[inline(always)]
fn place([row, column]: [i64; 2], sizes: Sizes, channels: usize) -> Option<usize> {
    let inside = |at: i64, size: usize| at >= 0 && at < size as i64;
    (inside(row, sizes.height) && inside(column, sizes.width))
        .then(|| (row as usize * sizes.width + column as usize) * channels)
}

#[inline(always)]
fn gather(x: &[f32], y: &mut [f32], from: Sizes, to: Sizes, grid: &Grid, channels: usize) {
    for (row, y) in y.chunks_exact_mut(to.row()).enumerate() {
        let position = grid.along(row);
        for (column, y) in y.chunks_exact_mut(channels).enumerate() {
            let corners = Corners::new(position(column));
            if let Some(at) = corners.inside(from, channels) {
                let upper = &x[at..at + 2 * channels];
                let lower = &x[at + from.width * channels..][..2 * channels];
                let [(_, a), (_, b), (_, c), (_, d)] = corners.each();
                for (channel, y) in y.iter_mut().enumerate() {
                    let next = channels + channel;
                    *y =
                        a * upper[channel] + b * upper[next] + c * lower[channel] + d * lower[next];
                }
                continue;
            }
            y.fill(0.0);
            for (pixel, share) in corners.each() {
                if let Some(at) = place(pixel, from, channels) {
                    for (y, x) in y.iter_mut().zip(&x[at..]) {
                        *y += share * x;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn scatter(dy: &[f32], dx: &mut [f32], from: Sizes, to: Sizes, grid: &Grid, channels: usize) {
    for (row, dy) in dy.chunks_exact(to.row()).enumerate() {
        let position = grid.along(row);
        for (column, dy) in dy.chunks_exact(channels).enumerate() {
            let corners = Corners::new(position(column));
            if let Some(at) = corners.inside(from, channels) {
                let [(_, a), (_, b), (_, c), (_, d)] = corners.each();
                for (at, left, right) in [(at, a, b), (at + from.width * channels, c, d)] {
                    let dx = &mut dx[at..at + 2 * channels];
                    for (channel, dy) in dy.iter().enumerate() {
                        dx[channel] += left * dy;
                        dx[channels + channel] += right * dy;
                    }
                }
                continue;
            }
            for (pixel, share) in corners.each() {
                if let Some(at) = place(pixel, from, channels) {
                    for (dx, dy) in dx[at..].iter_mut().zip(dy) {
                        *dx += share * dy;
                    }
                }
            }
        }
    }
}
