//! Which convolutions are computed with fewer multiplications, and how their
//! sizes look to `winograd`: those without groups whose kernel is three taps
//! at stride one, or two taps for each step of the stride.

use super::ConvShape;
use super::input_grad::Axis;
use super::winograd::{Layer, ResultPlace};

impl ConvShape {
    /// Taps of each phase along each axis, if the kernel is of that kind.
    fn phase_taps(&self) -> Option<usize> {
        let [stride, other] = self.stride;
        let taps = self.kernel[0] / stride;
        let even = self.kernel == [taps * stride; 2] && stride == other && stride <= 2;
        (self.groups == 1 && even && matches!(taps, 2 | 3)).then_some(taps)
    }

    /// The convolution itself.
    pub(super) fn forward_layer<'a>(&self, x: &'a [f32]) -> Option<Layer<'a>> {
        let (taps, step) = (self.phase_taps()?, self.stride[0]);
        let grid = [self.out_height(), self.out_width()];
        let tap_len = self.channels_in * self.channels_out;
        let mut weight_starts = Vec::with_capacity(self.kernel[0] * self.kernel[1]);
        for phase in 0..step * step {
            for tap in 0..taps * taps {
                let y = tap / taps * step + phase / step;
                let x = tap % taps * step + phase % step;
                weight_starts.push((y * self.kernel[1] + x) * tap_len);
            }
        }
        Some(Layer {
            image: x,
            batch: self.batch,
            height: self.height,
            width: self.width,
            channels: self.channels_in,
            taps,
            step,
            origin: self.padding.map(|padding| -(padding as isize)),
            grid,
            cols: self.channels_out,
            weight_starts,
            place: ResultPlace {
                height: grid[0],
                width: grid[1],
                first: [0, 0],
                step: [1, 1],
            },
        })
    }

    /// One phase of the input's gradient, for weights that are `[kernel_height,
    /// kernel_width, channels_out, channels_in]`.
    pub(super) fn input_grad_layer<'a>(
        &self,
        dy: &'a [f32],
        [down, across]: [Axis; 2],
    ) -> Option<Layer<'a>> {
        let taps = self.phase_taps()?;
        let tap_len = self.channels_in * self.channels_out;
        let weight_starts = (0..taps * taps)
            .map(|tap| {
                let y = down.phase + self.stride[0] * (taps - 1 - tap / taps);
                let x = across.phase + self.stride[1] * (taps - 1 - tap % taps);
                (y * self.kernel[1] + x) * tap_len
            })
            .collect();
        Some(Layer {
            image: dy,
            batch: self.batch,
            height: self.out_height(),
            width: self.out_width(),
            channels: self.channels_out,
            taps,
            step: 1,
            origin: [down.origin, across.origin],
            grid: [down.count, across.count],
            cols: self.channels_in,
            weight_starts,
            place: ResultPlace {
                height: self.height,
                width: self.width,
                first: [down.first, across.first],
                step: self.stride,
            },
        })
    }
}
