//! The windows that a convolution looks at, as the rows of a matrix that is
//! never stored: one row for each output pixel, one column for each float
//! under the kernel. Channels come last in an image, so that a window is a few
//! contiguous runs, and packing it is copying these.

use crate::gemm::kernel::{PanelOrder, ROW_STRIDE};
use crate::gemm::pack::{PackRows, copy_short};
use std::ops::Range;

/// The windows of a batch of images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows<'a> {
    /// `[batch, height, width, channels]`.
    pub(crate) image: &'a [f32],
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Channels of the image.
    pub(crate) channels: usize,
    /// Channels that are looked at: all, or one group's.
    pub(crate) group: GroupChannels,
    /// Height and width of a window.
    pub(crate) taps: [usize; 2],
    /// Distance between windows, down and across.
    pub(crate) step: [usize; 2],
    /// Where the first window starts, outside the image where negative.
    pub(crate) origin: [isize; 2],
    /// Windows down and across an image.
    pub(crate) grid: [usize; 2],
}

/// Part of an image's channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupChannels {
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// A position in the grid of windows, stepped through without divisions.
#[derive(Clone, Copy)]
struct Place {
    image: usize,
    y: usize,
    x: usize,
}

impl Place {
    fn new(index: usize, grid: [usize; 2]) -> Self {
        Place {
            image: index / (grid[0] * grid[1]),
            y: index / grid[1] % grid[0],
            x: index % grid[1],
        }
    }

    fn advance(&mut self, grid: [usize; 2]) {
        self.x += 1;
        if self.x == grid[1] {
            self.x = 0;
            self.y += 1;
            if self.y == grid[0] {
                self.y = 0;
                self.image += 1;
            }
        }
    }
}

impl Windows<'_> {
    /// Floats of a window.
    pub(crate) fn window_len(&self) -> usize {
        self.taps[0] * self.taps[1] * self.group.count
    }

    /// Contiguous runs in a row of a window: one, unless channels of other
    /// groups are in between.
    fn runs_per_row(&self) -> usize {
        if self.group.count == self.channels {
            1
        } else {
            self.taps[1]
        }
    }

    /// Floats in a run.
    fn run_len(&self) -> usize {
        self.taps[1] * self.group.count / self.runs_per_row()
    }

    /// The image's row at `y`, or nothing outside.
    #[inline(always)]
    fn line(&self, image: usize, y: isize) -> Option<&[f32]> {
        let len = self.width * self.channels;
        if y < 0 || y >= self.height as isize {
            return None;
        }
        let start = (image * self.height + y as usize) * len;
        Some(&self.image[start..start + len])
    }

    /// Offset in a line of the run of column `tap` of the window at `x`.
    #[inline(always)]
    fn position(&self, x: usize, tap: usize) -> isize {
        let column = (x * self.step[1] + tap) as isize + self.origin[1];
        column * self.channels as isize + self.group.first as isize
    }
}

/// Copies `line[from..from + to.len()]`, with zeros beyond the line's ends.
#[inline(always)]
fn copy_clipped(to: &mut [f32], line: &[f32], from: isize) {
    let len = to.len() as isize;
    if from >= 0 && from + len <= line.len() as isize {
        copy_short(to, &line[from as usize..(from + len) as usize]);
        return;
    }
    let low = (-from).clamp(0, len);
    let high = (line.len() as isize - from).clamp(low, len);
    to[..low as usize].fill(0.0);
    to[high as usize..].fill(0.0);
    if low < high {
        to[low as usize..high as usize]
            .copy_from_slice(&line[(from + low) as usize..(from + high) as usize]);
    }
}

impl PackRows for Windows<'_> {
    fn order(&self) -> PanelOrder {
        PanelOrder::RowMajor
    }

    fn pack<const KERNEL_ROWS: usize>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        panel: &mut [f32],
    ) {
        let (run_len, runs_per_row) = (self.run_len(), self.runs_per_row());
        let first_run = depth.start / run_len;
        let mut place = Place::new(rows.start, self.grid);
        for line in panel.chunks_mut(ROW_STRIDE).take(rows.len()) {
            let mut run = first_run;
            let mut step = depth.start;
            while step < depth.end {
                let skipped = step - run * run_len;
                let len = (run_len - skipped).min(depth.end - step);
                let (tap_y, tap_x) = if runs_per_row == 1 {
                    (run, 0)
                } else {
                    (run / runs_per_row, run % runs_per_row)
                };
                let y = (place.y * self.step[0] + tap_y) as isize + self.origin[0];
                let to = &mut line[step - depth.start..][..len];
                match self.line(place.image, y) {
                    Some(pixels) => {
                        copy_clipped(to, pixels, self.position(place.x, tap_x) + skipped as isize)
                    }
                    None => to.fill(0.0),
                }
                step += len;
                run += 1;
            }
            place.advance(self.grid);
        }
    }
}

/// The same matrix with rows and columns exchanged: one row for each float of
/// a window, one column for each window.
pub(crate) struct TransposedWindows<'a>(pub(crate) Windows<'a>);

impl PackRows for TransposedWindows<'_> {
    fn order(&self) -> PanelOrder {
        PanelOrder::DepthMajor
    }

    fn pack<const KERNEL_ROWS: usize>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        panel: &mut [f32],
    ) {
        let run_len = self.0.run_len();
        let lines = &mut panel.as_chunks_mut::<KERNEL_ROWS>().0[..depth.len()];
        let mut row = rows.start;
        while row < rows.end {
            let (run, skipped) = (row / run_len, row % run_len);
            let len = (run_len - skipped).min(rows.end - row);
            let part = RunPart {
                run,
                skipped,
                first: row - rows.start,
                len,
            };
            if len == KERNEL_ROWS {
                self.pack_part::<KERNEL_ROWS, true>(part, depth.start, lines);
            } else {
                self.pack_part::<KERNEL_ROWS, false>(part, depth.start, lines);
            }
            row += len;
        }
    }
}

/// The part of a run that goes to a panel.
#[derive(Clone, Copy)]
struct RunPart {
    run: usize,
    /// Floats of the run before the part.
    skipped: usize,
    /// First row of the panel.
    first: usize,
    len: usize,
}

impl TransposedWindows<'_> {
    #[inline(always)]
    fn pack_part<const KERNEL_ROWS: usize, const WHOLE: bool>(
        &self,
        part: RunPart,
        first_window: usize,
        lines: &mut [[f32; KERNEL_ROWS]],
    ) {
        let windows = &self.0;
        let runs_per_row = windows.runs_per_row();
        let (tap_y, tap_x) = (part.run / runs_per_row, part.run % runs_per_row);
        let to = part.first..part.first + part.len;
        let stride = windows.step[1] * windows.channels;
        let mut place = Place::new(first_window, windows.grid);
        let mut index = 0;
        while index < lines.len() {
            let count = (windows.grid[1] - place.x).min(lines.len() - index);
            let y = (place.y * windows.step[0] + tap_y) as isize + windows.origin[0];
            let lines = &mut lines[index..index + count];
            match windows.line(place.image, y) {
                Some(pixels) => {
                    let mut from = windows.position(place.x, tap_x) + part.skipped as isize;
                    for line in lines {
                        match usize::try_from(from)
                            .ok()
                            .and_then(|from| pixels.get(from..from + part.len))
                        {
                            Some(whole) if WHOLE => crate::gemm::pack::copy_run(line, whole),
                            Some(whole) => copy_short(&mut line[to.clone()], whole),
                            None => copy_clipped(&mut line[to.clone()], pixels, from),
                        }
                        from += stride as isize;
                    }
                }
                None => lines.iter_mut().for_each(|line| line[to.clone()].fill(0.0)),
            }
            index += count;
            place.x += count - 1;
            place.advance(windows.grid);
        }
    }
}
