//! Changes of resolution on slices of `[batch, height, width, channels]`, each with its transpose
//! for going backward.

use crate::ops::Tap;
use crate::threads;

/// The sizes of a batch of images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Images {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Images {
    fn row(&self) -> usize {
        self.width * self.channels
    }

    fn image(&self) -> usize {
        self.height * self.row()
    }
}

/// Repeats each pixel of `x`, scaled, in a square of `factor` by `factor` pixels of `y`, whose
/// sizes are given; pixels of `y` beyond the last square become zero.
pub(crate) fn repeat(x: &[f32], y: &mut [f32], sizes: Images, factor: usize, scale: f32) {
    if y.is_empty() {
        return;
    }
    let channels = sizes.channels;
    let (rows, row) = (sizes.height / factor, sizes.width / factor * channels);
    threads::for_each(y.chunks_mut(sizes.row()).enumerate(), |(index, y)| {
        let (image, line) = (index / sizes.height, index % sizes.height / factor);
        if line >= rows {
            return y.fill(0.0);
        }
        let x = &x[(image * rows + line) * row..][..row];
        let (squares, rest) = y.split_at_mut(row * factor);
        for (x, y) in x
            .chunks(channels)
            .zip(squares.chunks_mut(factor * channels))
        {
            for y in y.chunks_mut(channels) {
                for (&x, y) in x.iter().zip(y) {
                    *y = x * scale;
                }
            }
        }
        rest.fill(0.0);
    });
}

/// Adds up squares of `factor` by `factor` pixels of `y`, whose sizes are given, scaled, to one
/// pixel of `x`.
pub(crate) fn gather(y: &[f32], x: &mut [f32], sizes: Images, factor: usize, scale: f32) {
    let channels = sizes.channels;
    let (rows, row) = (sizes.height / factor, sizes.width / factor * channels);
    if rows * row == 0 {
        return;
    }
    threads::for_each(x.chunks_mut(row).enumerate(), |(index, x)| {
        let (image, line) = (index / rows, index % rows * factor);
        x.fill(0.0);
        for line in line..line + factor {
            let y = &y[image * sizes.image() + line * sizes.row()..][..row * factor];
            for (x, y) in x.chunks_mut(channels).zip(y.chunks(factor * channels)) {
                for y in y.chunks(channels) {
                    for (x, &y) in x.iter_mut().zip(y) {
                        *x += y;
                    }
                }
            }
        }
        for x in x {
            *x *= scale;
        }
    });
}

/// Where each pixel of a bilinear resize comes from.
pub(crate) struct Taps {
    pub(crate) vertical: Vec<Tap>,
    pub(crate) horizontal: Vec<Tap>,
}

/// Resizes images of the given sizes.
pub(crate) fn bilinear(x: &[f32], y: &mut [f32], sizes: Images, taps: &Taps) {
    let channels = sizes.channels;
    let height = taps.vertical.len();
    if y.is_empty() {
        return;
    }
    let rows = y.chunks_mut(taps.horizontal.len() * channels);
    threads::for_each(rows.enumerate(), |(index, y)| {
        let tap = taps.vertical[index % height];
        let image = &x[index / height * sizes.image()..][..sizes.image()];
        let low = &image[tap.low * sizes.row()..][..sizes.row()];
        let high = &image[tap.high * sizes.row()..][..sizes.row()];
        for (y, across) in y.chunks_mut(channels).zip(&taps.horizontal) {
            let (left, right) = (across.low * channels, across.high * channels);
            for (channel, y) in y.iter_mut().enumerate() {
                let mix = |at: usize| {
                    low[at + channel] * (1.0 - tap.share) + high[at + channel] * tap.share
                };
                *y = mix(left) * (1.0 - across.share) + mix(right) * across.share;
            }
        }
    });
}

/// The transpose of [`bilinear`], images being independent of each other.
pub(crate) fn bilinear_backward(dy: &[f32], dx: &mut [f32], sizes: Images, taps: &Taps) {
    let channels = sizes.channels;
    if dx.is_empty() {
        return;
    }
    let row = taps.horizontal.len() * channels;
    threads::for_each(dx.chunks_mut(sizes.image()).enumerate(), |(index, dx)| {
        dx.fill(0.0);
        let dy = &dy[index * taps.vertical.len() * row..];
        for (dy, down) in dy.chunks(row).zip(&taps.vertical) {
            for (dy, across) in dy.chunks(channels).zip(&taps.horizontal) {
                for (line, share) in [(down.low, 1.0 - down.share), (down.high, down.share)] {
                    let line = line * sizes.row();
                    for (channel, &dy) in dy.iter().enumerate() {
                        let part = dy * share;
                        dx[line + across.low * channels + channel] += part * (1.0 - across.share);
                        dx[line + across.high * channels + channel] += part * across.share;
                    }
                }
            }
        }
    });
}
