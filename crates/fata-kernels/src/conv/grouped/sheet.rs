//! One group of one image, laid out with its padding: sixteen channels of a
//! pixel beside sixteen of the next, so that a window needs no look at borders
//! and pixels lie at a distance that is known when the loops are compiled.

use super::lanes::LANES;
use crate::conv::ConvShape;

/// `[blocks of sixteen channels, height, width, 16]`, padding included.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a> {
    shape: &'a ConvShape,
    height: usize,
    width: usize,
}

impl<'a> Sheet<'a> {
    pub(super) fn of(shape: &'a ConvShape) -> Self {
        Self {
            shape,
            height: shape.height + 2 * shape.padding[0],
            width: shape.width + 2 * shape.padding[1],
        }
    }

    /// Sixteens of channels in a group.
    pub(super) fn blocks(self) -> usize {
        self.shape.group_in() / LANES
    }

    /// Floats of a group.
    pub(super) fn len(self) -> usize {
        self.blocks() * self.height * self.width * LANES
    }

    /// Where a pixel begins, counted with the padding.
    pub(super) fn place(self, block: usize, y: usize, x: usize) -> usize {
        ((block * self.height + y) * self.width + x) * LANES
    }

    /// Copies a group of an image between the zeros that are there.
    pub(super) fn lay_out(self, x: &[f32], image: usize, group: usize, pixels: &mut [f32]) {
        let shape = self.shape;
        for block in 0..self.blocks() {
            let first = group * shape.group_in() + block * LANES;
            for y in 0..shape.height {
                let line = (image * shape.height + y) * shape.width * shape.channels_in;
                let from = x[line..][..shape.width * shape.channels_in]
                    .chunks_exact(shape.channels_in)
                    .map(|pixel| &pixel[first..first + LANES]);
                let start = self.place(block, y + shape.padding[0], shape.padding[1]);
                let to = pixels[start..][..shape.width * LANES].chunks_exact_mut(LANES);
                for (to, from) in to.zip(from) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
}
