//! The transforms into and out of a tile's points, a vector of channels at a
//! time. Each is compiled once for every instruction set.

use super::Layer;
use super::scheme::{Scheme, apply_twice, each};
use crate::gemm::driver::Output;
use crate::gemm::kernel::DEPTH_BLOCK;
use crate::gemm::narrow::{Lanes, Vectorised};
use std::marker::PhantomData;
use std::ops::Range;

/// A tile's image and the window it starts at.
#[derive(Clone, Copy)]
struct Tile {
    image: usize,
    y: usize,
    x: usize,
}

impl Tile {
    fn new(layer: &Layer, index: usize, out: usize) -> Self {
        let (down, across) = (layer.grid[0].div_ceil(out), layer.grid[1].div_ceil(out));
        Tile {
            image: index / (down * across),
            y: index / across % down * out,
            x: index % across * out,
        }
    }

    /// Offset of the result at (`y`, `x`) of the tile, if it is in the grid.
    fn result(self, layer: &Layer, y: usize, x: usize) -> Option<usize> {
        let (y, x) = (self.y + y, self.x + x);
        if y >= layer.grid[0] || x >= layer.grid[1] {
            return None;
        }
        let place = layer.place;
        let line = self.image * place.height + place.first[0] + y * place.step[0];
        Some((line * place.width + place.first[1] + x * place.step[1]) * layer.cols)
    }

    /// Offset of the image's pixel at (`y`, `x`) of the tile in a phase, if it
    /// is in the image.
    fn pixel(self, layer: &Layer, phase: usize, y: usize, x: usize) -> Option<usize> {
        let (phase_y, phase_x) = (phase / layer.step, phase % layer.step);
        let y = ((self.y + y) * layer.step + phase_y) as isize + layer.origin[0];
        let x = ((self.x + x) * layer.step + phase_x) as isize + layer.origin[1];
        let inside = y >= 0 && x >= 0 && y < layer.height as isize && x < layer.width as isize;
        inside.then(|| {
            ((self.image * layer.height + y as usize) * layer.width + x as usize) * layer.channels
        })
    }
}

/// Weights to the points, packed as the right factor of each point's product.
pub(super) struct TransformWeights<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize> {
    layer: &'a Layer<'a>,
    weight: &'a [f32],
    /// Phases and channels.
    rows: Range<usize>,
    to: *mut f32,
    kernel_cols: usize,
    scheme: PhantomData<S>,
}

impl<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
    TransformWeights<'a, S, OUT, TAPS, TILE>
{
    pub(super) fn new(
        layer: &'a Layer,
        weight: &'a [f32],
        rows: Range<usize>,
        to: *mut f32,
        kernel_cols: usize,
    ) -> Self {
        TransformWeights {
            layer,
            weight,
            rows,
            to,
            kernel_cols,
            scheme: PhantomData,
        }
    }
}

impl<S: Scheme<OUT, TAPS, TILE>, const OUT: usize, const TAPS: usize, const TILE: usize> Vectorised
    for TransformWeights<'_, S, OUT, TAPS, TILE>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Layer { channels, cols, .. } = *self.layer;
        let (depth, padded_cols) = (self.layer.depth(), cols.next_multiple_of(self.kernel_cols));
        for row in self.rows {
            let (phase, channel) = (row / channels, row % channels);
            let starts = &self.layer.weight_starts[phase * TAPS * TAPS..][..TAPS * TAPS];
            let (block, step) = (row / DEPTH_BLOCK, row % DEPTH_BLOCK);
            let steps = DEPTH_BLOCK.min(depth - block * DEPTH_BLOCK);
            for col in (0..cols).step_by(L::COUNT) {
                let panel = col / self.kernel_cols * self.kernel_cols * steps;
                let to = block * DEPTH_BLOCK * padded_cols
                    + panel
                    + step * self.kernel_cols
                    + col % self.kernel_cols;
                // SAFETY: `cols` is a multiple of 16, thus of the lanes; the
                // caller's buffer holds `depth * padded_cols` floats a point.
                unsafe {
                    let mut square = [[L::zero(); TAPS]; TAPS];
                    each!(y < TAPS {
                        each!(x < TAPS {
                            let start = starts[y * TAPS + x] + channel * cols + col;
                            square[y][x] = L::load(self.weight[start..start + L::COUNT].as_ptr());
                        });
                    });
                    let points = apply_twice(&S::WEIGHT, &square);
                    each!(y < TILE {
                        each!(x < TILE {
                            points[y][x].store(self.to.add((y * TILE + x) * depth * padded_cols + to));
                        });
                    });
                }
            }
        }
    }
}

/// Tiles of the image to the points: `[points][tiles, phases and channels]`.
pub(super) struct TransformInput<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize> {
    layer: &'a Layer<'a>,
    tiles: Range<usize>,
    to: *mut f32,
    stride: usize,
    scheme: PhantomData<S>,
}

impl<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
    TransformInput<'a, S, OUT, TAPS, TILE>
{
    pub(super) fn new(layer: &'a Layer, tiles: Range<usize>, to: *mut f32, stride: usize) -> Self {
        TransformInput {
            layer,
            tiles,
            to,
            stride,
            scheme: PhantomData,
        }
    }
}

impl<S: Scheme<OUT, TAPS, TILE>, const OUT: usize, const TAPS: usize, const TILE: usize> Vectorised
    for TransformInput<'_, S, OUT, TAPS, TILE>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let layer = self.layer;
        let depth = layer.depth();
        for (row, index) in self.tiles.enumerate() {
            let tile = Tile::new(layer, index, OUT);
            for phase in 0..layer.step * layer.step {
                let mut starts = [[std::ptr::null(); TILE]; TILE];
                for (y, line) in starts.iter_mut().enumerate() {
                    for (x, start) in line.iter_mut().enumerate() {
                        if let Some(pixel) = tile.pixel(layer, phase, y, x) {
                            *start = layer.image[pixel..pixel + layer.channels].as_ptr();
                        }
                    }
                }
                for channel in (0..layer.channels).step_by(L::COUNT) {
                    // SAFETY: channels are a multiple of 16, thus of the lanes;
                    // the caller's buffer holds `stride` floats a point.
                    unsafe {
                        let mut square = [[L::zero(); TILE]; TILE];
                        each!(y < TILE {
                            each!(x < TILE {
                                if !starts[y][x].is_null() {
                                    square[y][x] = L::load(starts[y][x].add(channel));
                                }
                            });
                        });
                        let points = apply_twice(&S::INPUT, &square);
                        let to = self.to.add(row * depth + phase * layer.channels + channel);
                        each!(y < TILE {
                            each!(x < TILE {
                                points[y][x].store(to.add((y * TILE + x) * self.stride));
                            });
                        });
                    }
                }
            }
        }
    }
}

/// Sums at the points, `[points][tiles, cols]`, to the results.
pub(super) struct TransformOutput<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize> {
    layer: &'a Layer<'a>,
    tiles: Range<usize>,
    from: &'a [f32],
    stride: usize,
    bias: Option<&'a [f32]>,
    out: Output,
    scheme: PhantomData<S>,
}

impl<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
    TransformOutput<'a, S, OUT, TAPS, TILE>
{
    pub(super) fn new(
        layer: &'a Layer,
        tiles: Range<usize>,
        from: &'a [f32],
        stride: usize,
        bias: Option<&'a [f32]>,
        out: Output,
    ) -> Self {
        TransformOutput {
            layer,
            tiles,
            from,
            stride,
            bias,
            out,
            scheme: PhantomData,
        }
    }
}

impl<S: Scheme<OUT, TAPS, TILE>, const OUT: usize, const TAPS: usize, const TILE: usize> Vectorised
    for TransformOutput<'_, S, OUT, TAPS, TILE>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (layer, cols) = (self.layer, self.layer.cols);
        assert!(self.from.len() >= (TILE * TILE - 1) * self.stride + self.tiles.len() * cols);
        for (row, index) in self.tiles.enumerate() {
            let tile = Tile::new(layer, index, OUT);
            let mut places = [[std::ptr::null_mut::<f32>(); OUT]; OUT];
            for (y, line) in places.iter_mut().enumerate() {
                for (x, place) in line.iter_mut().enumerate() {
                    if let Some(offset) = tile.result(layer, y, x) {
                        *place = self.out.at(offset, cols);
                    }
                }
            }
            for col in (0..cols).step_by(L::COUNT) {
                // SAFETY: columns are a multiple of 16, thus of the lanes; the
                // sums' length was asserted, the places were checked by `at`.
                unsafe {
                    let from = self.from.as_ptr().add(row * cols + col);
                    let mut square = [[L::zero(); TILE]; TILE];
                    each!(y < TILE {
                        each!(x < TILE {
                            square[y][x] = L::load(from.add((y * TILE + x) * self.stride));
                        });
                    });
                    let results = apply_twice(&S::OUTPUT, &square);
                    let bias = match self.bias {
                        Some(bias) => L::load(bias[col..col + L::COUNT].as_ptr()),
                        None => L::zero(),
                    };
                    each!(y < OUT {
                        each!(x < OUT {
                            if !places[y][x].is_null() {
                                results[y][x].add(bias).store(places[y][x].add(col));
                            }
                        });
                    });
                }
            }
        }
    }
}

/// The results' gradient to the points: `[points][tiles, cols]`.
pub(super) struct TransformResultGrad<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
{
    layer: &'a Layer<'a>,
    tiles: Range<usize>,
    from: &'a [f32],
    to: *mut f32,
    stride: usize,
    scheme: PhantomData<S>,
}

impl<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
    TransformResultGrad<'a, S, OUT, TAPS, TILE>
{
    pub(super) fn new(
        layer: &'a Layer,
        tiles: Range<usize>,
        from: &'a [f32],
        to: *mut f32,
        stride: usize,
    ) -> Self {
        TransformResultGrad {
            layer,
            tiles,
            from,
            to,
            stride,
            scheme: PhantomData,
        }
    }
}

impl<S: Scheme<OUT, TAPS, TILE>, const OUT: usize, const TAPS: usize, const TILE: usize> Vectorised
    for TransformResultGrad<'_, S, OUT, TAPS, TILE>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (layer, cols) = (self.layer, self.layer.cols);
        for (row, index) in self.tiles.enumerate() {
            let tile = Tile::new(layer, index, OUT);
            let mut starts = [[std::ptr::null(); OUT]; OUT];
            for (y, line) in starts.iter_mut().enumerate() {
                for (x, start) in line.iter_mut().enumerate() {
                    if let Some(offset) = tile.result(layer, y, x) {
                        *start = self.from[offset..offset + cols].as_ptr();
                    }
                }
            }
            for col in (0..cols).step_by(L::COUNT) {
                // SAFETY: columns are a multiple of 16, thus of the lanes; the
                // caller's buffer holds `stride` floats a point.
                unsafe {
                    let mut square = [[L::zero(); OUT]; OUT];
                    each!(y < OUT {
                        each!(x < OUT {
                            if !starts[y][x].is_null() {
                                square[y][x] = L::load(starts[y][x].add(col));
                            }
                        });
                    });
                    let points = apply_twice(&S::OUTPUT_BACK, &square);
                    let to = self.to.add(row * cols + col);
                    each!(y < TILE {
                        each!(x < TILE {
                            points[y][x].store(to.add((y * TILE + x) * self.stride));
                        });
                    });
                }
            }
        }
    }
}

/// The weights' gradient at the points, `[points][phases and channels, cols]`,
/// to the weights' gradient.
pub(super) struct TransformWeightGrad<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
{
    layer: &'a Layer<'a>,
    /// Phases and channels.
    rows: Range<usize>,
    from: &'a [f32],
    out: Output,
    scheme: PhantomData<S>,
}

impl<'a, S, const OUT: usize, const TAPS: usize, const TILE: usize>
    TransformWeightGrad<'a, S, OUT, TAPS, TILE>
{
    pub(super) fn new(layer: &'a Layer, rows: Range<usize>, from: &'a [f32], out: Output) -> Self {
        TransformWeightGrad {
            layer,
            rows,
            from,
            out,
            scheme: PhantomData,
        }
    }
}

impl<S: Scheme<OUT, TAPS, TILE>, const OUT: usize, const TAPS: usize, const TILE: usize> Vectorised
    for TransformWeightGrad<'_, S, OUT, TAPS, TILE>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Layer { channels, cols, .. } = *self.layer;
        let stride = self.layer.depth() * cols;
        assert!(self.from.len() >= TILE * TILE * stride);
        for row in self.rows {
            let (phase, channel) = (row / channels, row % channels);
            let starts = &self.layer.weight_starts[phase * TAPS * TAPS..][..TAPS * TAPS];
            for col in (0..cols).step_by(L::COUNT) {
                // SAFETY: columns are a multiple of 16, thus of the lanes; the
                // length was asserted, and `at` checks the places.
                unsafe {
                    let from = self.from.as_ptr().add(row * cols + col);
                    let mut square = [[L::zero(); TILE]; TILE];
                    each!(y < TILE {
                        each!(x < TILE {
                            square[y][x] = L::load(from.add((y * TILE + x) * stride));
                        });
                    });
                    let results = apply_twice(&S::WEIGHT_BACK, &square);
                    each!(y < TAPS {
                        each!(x < TAPS {
                            let place = starts[y * TAPS + x] + channel * cols + col;
                            results[y][x].store(self.out.at(place, L::COUNT));
                        });
                    });
                }
            }
        }
    }
}
