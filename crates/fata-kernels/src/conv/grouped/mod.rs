//! Convolutions of stride one whose channels are in groups of a multiple of
//! sixteen, as R3GAN has them. A group is too narrow for a matrix product to
//! pay for its packing: here a group's pixels are laid out once between zeros,
//! and sixteen channels of an output stay in registers while all pixels under
//! the kernel pass by. Others are left to the matrix product.

mod lanes;
mod sheet;

use super::ConvShape;
use crate::gemm::driver::{Output, for_each_task, piece};
use crate::isa::Isa;
use crate::pool;
use lanes::{LANES, Lanes, Work, run};
use sheet::Sheet;

/// Groups wider than this are matrices.
const WIDEST_GROUP: usize = 64;

/// Pixels whose products are summed before they join the other sums, so that
/// no sum is so long that its rounding shows.
const PIXELS_OF_SUM: usize = 512;

/// Into how many parts a batch is cut for the weights' gradient. They are added
/// in order, so it may not depend on the number of threads.
const PARTS: usize = 8;

/// Whether a convolution is of this kind.
pub(super) fn suits(shape: &ConvShape) -> bool {
    let narrow = |channels: usize| channels.is_multiple_of(LANES) && channels <= WIDEST_GROUP;
    shape.groups > 1
        && shape.stride == [1, 1]
        && (0..2).all(|axis| shape.padding[axis] < shape.kernel[axis])
        && narrow(shape.group_in())
        && narrow(shape.group_out())
        && shape.output_len() > 0
}

/// The convolution; sizes are as `super::forward` has checked them.
pub(super) fn forward(
    shape: &ConvShape,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) {
    let isa = Isa::active();
    let sheet = Sheet::of(shape);
    let output = Output::of(y);
    for_each_task(shape.batch * shape.groups, shape.flops(), |task| {
        let (image, group) = (task / shape.groups, task % shape.groups);
        let mut pixels = pool::take_zeroed(sheet.len());
        sheet.lay_out(x, image, group, &mut pixels);
        run(
            isa,
            &Forward {
                shape,
                sheet,
                pixels: &pixels,
                weight,
                bias,
                output,
                image,
                group,
            },
        );
    });
}

/// The gradient of the input: the convolution of the output's gradient with
/// the weights turned around.
pub(super) fn input_grad(
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    dx: &mut [f32],
) {
    let (group_in, group_out) = (shape.group_in(), shape.group_out());
    let taps = shape.kernel[0] * shape.kernel[1];
    let mut turned = pool::take(weight.len());
    for (tap, turned) in turned
        .chunks_exact_mut(group_out * shape.channels_in)
        .enumerate()
    {
        let from = &weight[(taps - 1 - tap) * group_in * shape.channels_out..];
        for (out, line) in turned.chunks_exact_mut(shape.channels_in).enumerate() {
            for (channel, to) in line.iter_mut().enumerate() {
                let (group, within) = (channel / group_in, channel % group_in);
                *to = from[within * shape.channels_out + group * group_out + out];
            }
        }
    }
    let turned_shape = ConvShape {
        height: shape.out_height(),
        width: shape.out_width(),
        channels_in: shape.channels_out,
        channels_out: shape.channels_in,
        padding: [0, 1].map(|axis| shape.kernel[axis] - 1 - shape.padding[axis]),
        ..*shape
    };
    forward(&turned_shape, dy, &turned, bias, dx);
}

/// The gradient of the weights; sizes are as `super::weight_grad` has checked
/// them.
pub(super) fn weight_grad(shape: &ConvShape, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let isa = Isa::active();
    let sheet = Sheet::of(shape);
    let images = shape.batch.div_ceil(PARTS);
    let parts = shape.batch.div_ceil(images);
    let mut partial = pool::take_zeroed(parts * dw.len());
    let output = Output::of(&mut partial);
    let len = dw.len();
    for_each_task(parts * shape.groups, shape.flops(), |task| {
        let (part, group) = (task / shape.groups, task % shape.groups);
        let mut pixels = pool::take_zeroed(sheet.len());
        for image in piece(shape.batch, images, part) {
            sheet.lay_out(x, image, group, &mut pixels);
            run(
                isa,
                &WeightGrad {
                    shape,
                    sheet,
                    pixels: &pixels,
                    dy,
                    output,
                    first: part * len,
                    image,
                    group,
                },
            );
        }
    });
    dw.copy_from_slice(&partial[..len]);
    for part in partial[len..].chunks_exact(len) {
        for (sum, value) in dw.iter_mut().zip(part) {
            *sum += value;
        }
    }
}

/// One group of one image.
struct Forward<'a> {
    shape: &'a ConvShape,
    sheet: Sheet<'a>,
    pixels: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    output: Output,
    image: usize,
    group: usize,
}

impl Work for Forward<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let shape = self.shape;
        let (height, width) = (shape.out_height(), shape.out_width());
        for first in (0..shape.group_out()).step_by(LANES) {
            let channel = self.group * shape.group_out() + first;
            for y in 0..height {
                let mut x = 0;
                while x < width {
                    let left = width - x;
                    // SAFETY: the caller's promise; so many pixels are left in the line.
                    x += unsafe {
                        match L::SUMS {
                            sums if sums >= 16 && left >= 16 => self.sum::<L, 16>(y, x, channel),
                            sums if sums >= 8 && left >= 8 => self.sum::<L, 8>(y, x, channel),
                            _ if left >= 4 => self.sum::<L, 4>(y, x, channel),
                            _ if left >= 2 => self.sum::<L, 2>(y, x, channel),
                            _ => self.sum::<L, 1>(y, x, channel),
                        }
                    };
                }
            }
        }
    }
}

impl Forward<'_> {
    /// Sixteen channels of `PIXELS` pixels in a line of the output.
    ///
    /// # Safety
    /// The instruction set of the lanes is there, and so are the pixels.
    #[inline(always)]
    unsafe fn sum<L: Lanes, const PIXELS: usize>(
        &self,
        y: usize,
        x: usize,
        channel: usize,
    ) -> usize {
        let shape = self.shape;
        let [down, across] = shape.kernel;
        let cols = shape.channels_out;
        // SAFETY: the caller's promise for the lanes. A window lies within the
        // sheet, which is as large as the input with its padding; the weights of
        // a tap are `group_in` lines of `cols` floats, of which `channel` and
        // fifteen more are this group's; `at` checks the output's place.
        unsafe {
            let mut sums = [L::zero(); PIXELS];
            for block in 0..self.sheet.blocks() {
                for tap in 0..down * across {
                    let window = self.pixels
                        [self.sheet.place(block, y + tap / across, x + tap % across)..]
                        [..PIXELS * LANES]
                        .as_ptr();
                    let line = (tap * shape.group_in() + block * LANES) * cols + channel;
                    let weights = self.weight[line..][..(LANES - 1) * cols + LANES].as_ptr();
                    for lane in 0..LANES {
                        let weights = L::load(weights.add(lane * cols));
                        for (pixel, sum) in sums.iter_mut().enumerate() {
                            *sum = sum.plus_product(window.add(pixel * LANES + lane), weights);
                        }
                    }
                }
            }
            let bias = match self.bias {
                Some(bias) => L::load(bias[channel..][..LANES].as_ptr()),
                None => L::zero(),
            };
            let row = (self.image * shape.out_height() + y) * shape.out_width() + x;
            for (pixel, sum) in sums.into_iter().enumerate() {
                let to = self.output.at((row + pixel) * cols + channel, LANES);
                match self.bias {
                    Some(_) => sum.plus(bias).store(to),
                    None => sum.store(to),
                }
            }
        }
        PIXELS
    }
}

/// What one image adds to the gradient of a group's weights.
struct WeightGrad<'a> {
    shape: &'a ConvShape,
    sheet: Sheet<'a>,
    pixels: &'a [f32],
    dy: &'a [f32],
    output: Output,
    /// Where the part's sums begin.
    first: usize,
    image: usize,
    group: usize,
}

impl Work for WeightGrad<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let shape = self.shape;
        let [down, across] = shape.kernel;
        let lines = (PIXELS_OF_SUM / shape.out_width()).max(1);
        for first_line in (0..shape.out_height()).step_by(lines) {
            let of_sum = first_line..shape.out_height().min(first_line + lines);
            for first in (0..shape.group_out()).step_by(LANES) {
                let channel = self.group * shape.group_out() + first;
                for tap in 0..down * across {
                    for lane in (0..shape.group_in()).step_by(L::SUMS) {
                        let of_sum = of_sum.clone();
                        // SAFETY: the caller's promise.
                        unsafe {
                            match L::SUMS {
                                16 => self.add::<L, 16>(of_sum, tap, lane, channel),
                                _ => self.add::<L, 4>(of_sum, tap, lane, channel),
                            }
                        }
                    }
                }
            }
        }
    }
}

impl WeightGrad<'_> {
    /// Adds the products of `SUMS` channels of the input with sixteen of the
    /// output, over some lines of it.
    ///
    /// # Safety
    /// The instruction set of the lanes is there, and so are the channels.
    #[inline(always)]
    unsafe fn add<L: Lanes, const SUMS: usize>(
        &self,
        lines: std::ops::Range<usize>,
        tap: usize,
        lane: usize,
        channel: usize,
    ) {
        let shape = self.shape;
        let (across, cols, width) = (shape.kernel[1], shape.channels_out, shape.out_width());
        let (block, within) = (lane / LANES, lane % LANES);
        // SAFETY: the caller's promise for the lanes. The slices check the places
        // of a line: `width` pixels of the sheet, of which each has sixteen
        // channels, and of the output's gradient, of which each has `cols`.
        unsafe {
            let mut sums = [L::zero(); SUMS];
            for y in lines {
                let place = self.sheet.place(block, y + tap / across, tap % across);
                let pixels = self.pixels[place..][..width * LANES].as_ptr().add(within);
                let row = (self.image * shape.out_height() + y) * width;
                let dy = self.dy[row * cols + channel..][..(width - 1) * cols + LANES].as_ptr();
                for x in 0..width {
                    let dy = L::load(dy.add(x * cols));
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        *sum = sum.plus_product(pixels.add(x * LANES + lane), dy);
                    }
                }
            }
            let line = tap * shape.group_in() + lane;
            for (lane, sum) in sums.into_iter().enumerate() {
                let to = (self.output).at(self.first + (line + lane) * cols + channel, LANES);
                sum.plus(L::load(to)).store(to);
            }
        }
    }
}
