//! Changes of resolution on the CPU device.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::bilinear_taps;
use super::flex::{Rule, floats, run, wrap};
use crate::pool;
use crate::resample::{self, Images, Taps};

/// Where pixels are repeated or averaged; the sizes are those of the finer images.
#[derive(Clone, Copy, Debug)]
struct Squares {
    batch: usize,
    fine: Images,
    factor: usize,
}

impl Squares {
    fn coarse_sizes(&self) -> [usize; 4] {
        let Images {
            height,
            width,
            channels,
        } = self.fine;
        [
            self.batch,
            height / self.factor,
            width / self.factor,
            channels,
        ]
    }

    /// Coarse to fine.
    fn repeat(&self, x: &FlexTensor, scale: f32) -> FlexTensor {
        let Images {
            height,
            width,
            channels,
        } = self.fine;
        let mut y = pool::take(self.batch * height * width * channels);
        resample::repeat(floats(x), &mut y, self.fine, self.factor, scale);
        wrap(y, [self.batch, height, width, channels])
    }

    /// Fine to coarse.
    fn gather(&self, y: &FlexTensor, scale: f32) -> FlexTensor {
        let sizes = self.coarse_sizes();
        let mut x = pool::take(sizes.iter().product());
        resample::gather(floats(y), &mut x, self.fine, self.factor, scale);
        wrap(x, sizes)
    }

    fn share(&self) -> f32 {
        1.0 / (self.factor * self.factor) as f32
    }
}

#[derive(Clone, Debug)]
struct Nearest(Squares);

impl Rule<1> for Nearest {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [x.then(|| self.0.gather(&gradient, 1.0))]
    }
}

pub(super) fn upsample_nearest(x: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let fine = Images {
        height: height * factor,
        width: width * factor,
        channels,
    };
    let squares = Squares {
        batch,
        fine,
        factor,
    };
    run([x.into()], |[x]| {
        (squares.repeat(&x, 1.0), Nearest(squares))
    })
}

#[derive(Clone, Debug)]
struct Average(Squares);

impl Rule<1> for Average {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [x.then(|| self.0.repeat(&gradient, self.0.share()))]
    }
}

pub(super) fn downsample_average(x: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let squares = Squares {
        batch,
        fine: Images {
            height,
            width,
            channels,
        },
        factor,
    };
    run([x.into()], |[x]| {
        (squares.gather(&x, squares.share()), Average(squares))
    })
}

#[derive(Clone)]
struct Bilinear {
    batch: usize,
    from: Images,
    taps: Arc<Taps>,
}

impl std::fmt::Debug for Bilinear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bilinear")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Rule<1> for Bilinear {
    fn gradients(self, gradient: FlexTensor, [x]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dx = x.then(|| {
            let Images {
                height,
                width,
                channels,
            } = self.from;
            let sizes = [self.batch, height, width, channels];
            let mut dx = pool::take(sizes.iter().product());
            resample::bilinear_backward(floats(&gradient), &mut dx, self.from, &self.taps);
            wrap(dx, sizes)
        });
        [dx]
    }
}

pub(super) fn resize_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let from = Images {
        height,
        width,
        channels,
    };
    let taps = Taps {
        vertical: bilinear_taps(height, size[0]),
        horizontal: bilinear_taps(width, size[1]),
    };
    run([x.into()], |[x]| {
        let sizes = [batch, size[0], size[1], channels];
        let mut y = pool::take(sizes.iter().product());
        resample::bilinear(floats(&x), &mut y, from, &taps);
        (
            wrap(y, sizes),
            Bilinear {
                batch,
                from,
                taps: Arc::new(taps),
            },
        )
    })
}
