//! One convolution, forward and backward.

use super::{Report, WARM_UP, peak, report};
use crate::layers::tensor;
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};
use fata_kernels::ConvOptions;
use std::time::Instant;

/// One convolution, forward and backward.
#[derive(Clone, Copy, Debug)]
pub struct ConvolutionBench {
    /// Pictures.
    pub batch: usize,
    /// Channels in.
    pub channels_in: usize,
    /// Channels out.
    pub channels_out: usize,
    /// Side of the pictures.
    pub size: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
    /// Whether it is transposed.
    pub transposed: bool,
}

impl ConvolutionBench {
    /// Times forward pass, input gradient and weight gradient together.
    pub fn run(self, steps: usize, device: &Device) -> Report {
        let peak_gflops = peak(device);
        let padding = self
            .kernel
            .saturating_sub(self.stride)
            .div_ceil(2)
            .min(self.kernel / 2);
        let options = ConvOptions {
            stride: [self.stride; 2],
            padding: [padding; 2],
            groups: 1,
        };
        let mut draws = Random::new(0).at(Stream::Data, 1);
        let mut random = |shape: [usize; 4]| -> Tensor<4> {
            let numbers = (0..shape.iter().product())
                .map(|_| draws.normal())
                .collect();
            tensor(numbers, device)
                .reshape(shape)
                .autodiff()
                .require_grad()
        };
        let x = random([self.batch, self.size, self.size, self.channels_in]);
        let channels = match self.transposed {
            true => [self.channels_out, self.channels_in],
            false => [self.channels_in, self.channels_out],
        };
        let weight = random([self.kernel, self.kernel, channels[0], channels[1]]);
        let convolve = || match self.transposed {
            true => fata_kernels::conv_transpose2d(x.clone(), weight.clone(), None, options),
            false => fata_kernels::conv2d(x.clone(), weight.clone(), None, options),
        };
        let out = convolve().dims();
        let side = if self.transposed { self.size } else { out[1] };
        let multiply_adds = (self.batch
            * side
            * side
            * self.kernel
            * self.kernel
            * self.channels_in
            * self.channels_out) as f64;
        let upstream = random(out).without_autodiff();
        let mut times = Vec::new();
        for step in 0..WARM_UP + steps.max(1) {
            let began = Instant::now();
            let y = convolve();
            let gradients = (y * upstream.clone().autodiff()).sum().backward();
            drop((x.grad(&gradients), weight.grad(&gradients)));
            if step >= WARM_UP {
                times.push(began.elapsed().as_secs_f64());
            }
        }
        report(
            times,
            self.batch as f64,
            3.0 * 2.0 * multiply_adds / 1e9,
            peak_gflops,
        )
    }
}
