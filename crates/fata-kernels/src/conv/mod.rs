//! Two-dimensional convolution and its two gradients, as products of the
//! windows of an image with the weights. Images are `[batch, height, width,
//! channels]` and weights `[kernel_height, kernel_width, channels_in / groups,
//! channels_out]`. A transposed convolution is the input gradient run forward.
//! Dilation is left out.

mod fast;
mod forward;
mod grouped;
mod input_grad;
#[cfg(test)]
mod tests;
mod weight_grad;
mod windows;
mod winograd;

pub use forward::forward;
pub use input_grad::input_grad;
pub use weight_grad::weight_grad;

use windows::{GroupChannels, Windows};

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images in a batch.
    pub batch: usize,
    /// Height of the input, in pixels.
    pub height: usize,
    /// Width of the input, in pixels.
    pub width: usize,
    /// Channels of the input.
    pub channels_in: usize,
    /// Channels of the output.
    pub channels_out: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Pixels between windows, down and across.
    pub stride: [usize; 2],
    /// Zeros around the input, above and below, left and right.
    pub padding: [usize; 2],
    /// Parts of the channels that do not mix.
    pub groups: usize,
}

impl ConvShape {
    fn out_size(&self, size: usize, axis: usize) -> usize {
        (size + 2 * self.padding[axis])
            .checked_sub(self.kernel[axis])
            .map_or(0, |free| free / self.stride[axis] + 1)
    }

    /// Height of the output, in pixels; zero where the kernel does not fit.
    pub fn out_height(&self) -> usize {
        self.out_size(self.height, 0)
    }

    /// Width of the output, in pixels; zero where the kernel does not fit.
    pub fn out_width(&self) -> usize {
        self.out_size(self.width, 1)
    }

    /// Floating-point operations of one direction, a multiply-add being two.
    pub fn flops(&self) -> u64 {
        2 * (self.out_pixels() * self.channels_out * self.window_len()) as u64
    }

    /// The sizes in a few words: kernel, step, channels, input and output.
    pub(crate) fn words(&self) -> String {
        let [kernel, step] =
            [self.kernel, self.stride].map(|[down, across]| match down == across {
                true => down.to_string(),
                false => format!("{down}x{across}"),
            });
        format!(
            "kernel {kernel} step {step}, {} channels {}x{} and {} channels {}x{}",
            self.channels_in,
            self.height,
            self.width,
            self.channels_out,
            self.out_height(),
            self.out_width()
        )
    }

    /// Floats under the kernel.
    fn window_len(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.group_in()
    }

    fn out_pixels(&self) -> usize {
        self.batch * self.out_height() * self.out_width()
    }

    fn group_in(&self) -> usize {
        self.channels_in / self.groups
    }

    fn group_out(&self) -> usize {
        self.channels_out / self.groups
    }

    fn input_len(&self) -> usize {
        self.batch * self.height * self.width * self.channels_in
    }

    fn weight_len(&self) -> usize {
        self.window_len() * self.channels_out
    }

    fn output_len(&self) -> usize {
        self.out_pixels() * self.channels_out
    }

    /// # Panics
    ///
    /// When a size is zero that cannot be, or channels do not divide.
    fn check(&self) {
        let positive =
            self.groups > 0 && self.kernel.iter().chain(&self.stride).all(|&size| size > 0);
        assert!(
            positive,
            "a convolution's kernel, stride and groups are at least one: {self:?}"
        );
        assert!(
            self.channels_in.is_multiple_of(self.groups)
                && self.channels_out.is_multiple_of(self.groups),
            "a convolution's channels divide into its groups: {self:?}"
        );
    }

    /// Whether the windows are the input as it is, one pixel or one image
    /// each, so that the convolution is the product of two matrices.
    fn is_plain_product(&self) -> bool {
        let whole_image = self.kernel == [self.height, self.width];
        let one_pixel = self.kernel == [1, 1] && self.stride == [1, 1];
        self.groups == 1 && self.padding == [0, 0] && (whole_image || one_pixel)
    }

    /// The input's windows for one group of channels.
    fn windows<'a>(&self, x: &'a [f32], group: usize) -> Windows<'a> {
        Windows {
            image: x,
            height: self.height,
            width: self.width,
            channels: self.channels_in,
            group: GroupChannels {
                first: group * self.group_in(),
                count: self.group_in(),
            },
            taps: self.kernel,
            step: self.stride,
            origin: self.padding.map(|padding| -(padding as isize)),
            grid: [self.out_height(), self.out_width()],
        }
    }
}
