//! Images sampled at affinely mapped places, on slices of `[batch, height, width, channels]`, each
//! way of sampling with its transpose for going backward. An image is the work of one thread, so
//! that sums have one order.

mod bands;
pub(crate) mod blit;
mod grid;
pub(crate) mod sample;
pub(crate) mod wavelet;

use std::cell::RefCell;

pub(crate) use bands::Bands;
pub(crate) use blit::{Blit, Border};
pub(crate) use grid::{Grid, Sizes};
pub(crate) use wavelet::Wavelet;

use crate::isa::Isa;
use crate::threads;
use wavelet::Scratch;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// How the images of a batch are sampled.
pub(crate) enum Sampler {
    /// Between the four nearest pixels, zeros outside.
    Bilinear,
    /// At twice the resolution, through the wavelet's low-pass filter, mirrored outside.
    Filtered(Wavelet),
}

/// What is done to one image.
enum Work {
    Copy(Blit),
    Sample(Grid),
}

impl Sampler {
    fn work(&self, matrix: &[f32; 6], sizes: Sizes) -> Work {
        let grid = Grid::new(matrix, sizes);
        let border = match self {
            Sampler::Bilinear => Border::Zeros,
            Sampler::Filtered(_) => Border::Mirrored,
        };
        match Blit::new(&grid, sizes, border) {
            Some(blit) => Work::Copy(blit),
            None => Work::Sample(grid),
        }
    }

    /// `y`: each image of `x` under its own map.
    pub(crate) fn forward(&self, x: &[f32], y: &mut [f32], sizes: Sizes, matrices: &[[f32; 6]]) {
        let isa = Isa::active();
        let images = x
            .chunks(sizes.floats())
            .zip(y.chunks_mut(sizes.floats()))
            .zip(matrices);
        threads::for_each(images, |((x, y), matrix)| {
            match (self.work(matrix, sizes), self) {
                (Work::Copy(blit), _) => blit.forward(x, y, sizes),
                (Work::Sample(grid), Sampler::Bilinear) => {
                    sample::forward(isa, x, y, sizes, sizes, &grid);
                }
                (Work::Sample(grid), Sampler::Filtered(wavelet)) => {
                    SCRATCH.with_borrow_mut(|scratch| wavelet.forward(isa, x, y, &grid, scratch));
                }
            }
        });
    }

    /// The transpose of [`Sampler::forward`].
    pub(crate) fn backward(&self, dy: &[f32], dx: &mut [f32], sizes: Sizes, matrices: &[[f32; 6]]) {
        let isa = Isa::active();
        let images = dy
            .chunks(sizes.floats())
            .zip(dx.chunks_mut(sizes.floats()))
            .zip(matrices);
        threads::for_each(images, |((dy, dx), matrix)| {
            dx.fill(0.0);
            match (self.work(matrix, sizes), self) {
                (Work::Copy(blit), _) => blit.backward(dy, dx, sizes),
                (Work::Sample(grid), Sampler::Bilinear) => {
                    sample::backward(isa, dy, dx, sizes, sizes, &grid);
                }
                (Work::Sample(grid), Sampler::Filtered(wavelet)) => {
                    SCRATCH
                        .with_borrow_mut(|scratch| wavelet.backward(isa, dy, dx, &grid, scratch));
                }
            }
        });
    }
}
