//! Augmentation on the CPU device.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{ColourMap, Sampling};
use crate::colour;
use crate::ops::flex::{Rule, floats, floats_mut, owned, run, wrap};
use crate::pool;
use crate::warp::{Sampler, Sizes, Wavelet};

fn sizes(x: &Tensor<4>) -> Sizes {
    let [_, height, width, channels] = x.dims();
    Sizes {
        height,
        width,
        channels,
    }
}

#[derive(Clone)]
struct Warp {
    sizes: Sizes,
    sampler: Arc<Sampler>,
    matrices: Arc<[[f32; 6]]>,
}

impl std::fmt::Debug for Warp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Warp")
            .field("sizes", &self.sizes)
            .finish_non_exhaustive()
    }
}

impl Rule<1> for Warp {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dx = x.then(|| {
            let mut dx = pool::take(floats(&gradient).len());
            self.sampler
                .backward(floats(&gradient), &mut dx, self.sizes, &self.matrices);
            wrap(dx, gradient.layout().shape().clone())
        });
        [dx]
    }
}

pub(super) fn warp_affine(x: Tensor<4>, matrices: &[[f32; 6]], sampling: Sampling) -> Tensor<4> {
    let sizes = sizes(&x);
    let sampler = match sampling {
        Sampling::Bilinear => Sampler::Bilinear,
        Sampling::Filtered => Sampler::Filtered(Wavelet::new(sizes)),
    };
    run([x.into()], |[x]| {
        let mut y = pool::take(floats(&x).len());
        sampler.forward(floats(&x), &mut y, sizes, matrices);
        let rule = Warp {
            sizes,
            sampler: Arc::new(sampler),
            matrices: matrices.into(),
        };
        (wrap(y, x.layout().shape().clone()), rule)
    })
}

#[derive(Clone, Debug)]
struct Colours {
    image: usize,
    maps: Arc<[ColourMap]>,
}

impl Rule<1> for Colours {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dx = x.then(|| {
            let mut gradient = owned(gradient);
            colour::map_backward(floats_mut(&mut gradient), self.image, &self.maps);
            gradient
        });
        [dx]
    }
}

pub(super) fn colour_affine(x: Tensor<4>, maps: &[ColourMap]) -> Tensor<4> {
    let image = sizes(&x).floats();
    run([x.into()], |[x]| {
        let mut y = owned(x);
        colour::map(floats_mut(&mut y), image, maps);
        let maps = maps.into();
        (y, Colours { image, maps })
    })
}

#[derive(Clone, Debug)]
struct CutOut {
    sizes: Sizes,
    rectangles: Arc<[[Range<usize>; 2]]>,
}

impl Rule<1> for CutOut {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dx = x.then(|| {
            let mut gradient = owned(gradient);
            colour::cut_out(floats_mut(&mut gradient), self.sizes, &self.rectangles);
            gradient
        });
        [dx]
    }
}

pub(super) fn cut_out(x: Tensor<4>, rectangles: &[[Range<usize>; 2]]) -> Tensor<4> {
    let sizes = sizes(&x);
    run([x.into()], |[x]| {
        let mut y = owned(x);
        colour::cut_out(floats_mut(&mut y), sizes, rectangles);
        let rectangles = rectangles.into();
        (y, CutOut { sizes, rectangles })
    })
}
