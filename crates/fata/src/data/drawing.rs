//! Pictures drawn from others, so that one folder makes pairs: its sketch, its
//! greys, the picture small, the picture with a hole.
//!
//! Edges are Canny's (1986, doi 10.1109/TPAMI.1986.4767851): smoothed, thinned
//! to the ridge of the gradient, and followed from the strong ones through weaker
//! ones; black on white, as a pencil draws.

use crate::rng::Draws;

/// How a picture is drawn from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drawing {
    /// Lines where brightness changes; the more detail (0 to 1), the fainter
    /// the changes.
    Edges {
        /// From 0, the strongest alone, to 1.
        detail: f64,
    },
    /// Brightness alone: to be coloured.
    Grey,
    /// So many times smaller, and enlarged again: to be made sharp.
    Small {
        /// Pixels averaged into one, each way.
        factor: usize,
    },
    /// A square of half the side is cut out: to be filled.
    Masked,
}

impl Drawing {
    /// A drawing by its name; nothing if it is none.
    pub fn named(name: &str, detail: f64, factor: usize) -> Option<Self> {
        match name {
            "edges" => Some(Self::Edges { detail }),
            "grey" => Some(Self::Grey),
            "small" => Some(Self::Small { factor }),
            "masked" => Some(Self::Masked),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edges { .. } => "edges",
            Self::Grey => "grey",
            Self::Small { .. } => "small",
            Self::Masked => "masked",
        }
    }

    /// Channels of the drawing of a picture with so many.
    pub fn channels(self, of_picture: usize) -> usize {
        match self {
            Self::Edges { .. } | Self::Grey => 1,
            Self::Small { .. } | Self::Masked => of_picture,
        }
    }

    /// Draws a picture of this width and height. What is drawn at random (the hole's place) is in
    /// the middle where there are no draws.
    ///
    /// # Shapes
    /// `[height, width, channels]` to `[height, width, self.channels(channels)]`.
    pub fn draw(
        self,
        pixels: &[u8],
        size: [usize; 2],
        channels: usize,
        draws: Option<&mut Draws>,
    ) -> Vec<u8> {
        match self {
            Self::Edges { detail } => edges(&brightness(pixels, channels), size, detail),
            Self::Grey => brightness(pixels, channels)
                .iter()
                .map(|value| value.round() as u8)
                .collect(),
            Self::Small { factor } => small(pixels, size, channels, factor),
            Self::Masked => masked(pixels, size, channels, draws),
        }
    }
}

/// Rec. 601 brightness, on white where a picture is transparent.
fn brightness(pixels: &[u8], channels: usize) -> Vec<f32> {
    let luma = |r: f32, g: f32, b: f32| 0.299 * r + 0.587 * g + 0.114 * b;
    pixels
        .chunks_exact(channels.max(1))
        .map(|pixel| match *pixel {
            [r, g, b, a] => {
                let alpha = f32::from(a) / 255.0;
                let over = |v: u8| f32::from(v) * alpha + 255.0 * (1.0 - alpha);
                luma(over(r), over(g), over(b))
            }
            [r, g, b] => luma(r.into(), g.into(), b.into()),
            _ => pixel.first().copied().unwrap_or_default().into(),
        })
        .collect()
}

/// The smoothing before gradients: deviation 1.4 pixels.
const SMOOTHING: [f32; 5] = [0.1101, 0.2369, 0.3060, 0.2369, 0.1101];

/// Canny's edges of a plane, black on white.
fn edges(plane: &[f32], [width, height]: [usize; 2], detail: f64) -> Vec<u8> {
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let at = |plane: &[f32], x: isize, y: isize| {
        let x = x.clamp(0, width as isize - 1) as usize;
        let y = y.clamp(0, height as isize - 1) as usize;
        plane[y * width + x]
    };
    let each = |f: &dyn Fn(isize, isize) -> f32| -> Vec<f32> {
        let places = (0..height as isize).flat_map(|y| (0..width as isize).map(move |x| (x, y)));
        places.map(|(x, y)| f(x, y)).collect()
    };
    let blur = |plane: &[f32], dx: isize, dy: isize| {
        each(&|x, y| {
            let taps = (-2..=2).zip(SMOOTHING);
            taps.map(|(t, weight)| weight * at(plane, x + t * dx, y + t * dy))
                .sum()
        })
    };
    let smooth = blur(&blur(plane, 1, 0), 0, 1);
    let sobel = |dx: isize, dy: isize| {
        each(&|x, y| {
            let side = |s: isize| {
                let mid = at(&smooth, x + s * dx, y + s * dy);
                let one = at(&smooth, x + s * dx + dy, y + s * dy + dx);
                let two = at(&smooth, x + s * dx - dy, y + s * dy - dx);
                one + 2.0 * mid + two
            };
            side(1) - side(-1)
        })
    };
    let (across, down) = (sobel(1, 0), sobel(0, 1));
    let strength: Vec<f32> = across.iter().zip(&down).map(|(x, y)| x.hypot(*y)).collect();
    // Only the ridge: at least as strong as both neighbours along the gradient.
    let ridge = each(&|x, y| {
        let here = y as usize * width + x as usize;
        let (gx, gy) = (across[here], down[here]);
        let (ax, ay) = (gx.abs(), gy.abs());
        let step = if ax > 2.414 * ay {
            [1, 0]
        } else if ay > 2.414 * ax {
            [0, 1]
        } else if (gx > 0.0) == (gy > 0.0) {
            [1, 1]
        } else {
            [1, -1]
        };
        let before = at(&strength, x - step[0], y - step[1]);
        let behind = at(&strength, x + step[0], y + step[1]);
        let value = strength[here];
        if value >= before && value > behind {
            value
        } else {
            0.0
        }
    });
    // A step of brightness by v makes a gradient of about 2.6 v after smoothing.
    let high = (10.0 + 290.0 * (1.0 - detail as f32).powi(2)).max(1.0);
    let low = 0.4 * high;
    let mut drawn = vec![255; width * height];
    let mut open: Vec<usize> = Vec::new();
    for (place, &value) in ridge.iter().enumerate() {
        if value >= high {
            drawn[place] = 0;
            open.push(place);
        }
    }
    while let Some(place) = open.pop() {
        let (x, y) = (place % width, place / width);
        for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                let near = y * width + x;
                if drawn[near] == 255 && ridge[near] >= low {
                    drawn[near] = 0;
                    open.push(near);
                }
            }
        }
    }
    drawn
}

/// Averages squares of pixels, then goes back by bilinear interpolation.
fn small(pixels: &[u8], size: [usize; 2], channels: usize, factor: usize) -> Vec<u8> {
    let few = size.map(|side| side.div_ceil(factor.max(1)));
    let mut means = vec![0.0_f32; few[0] * few[1] * channels];
    let mut counts = vec![0.0_f32; few[0] * few[1]];
    for y in 0..size[1] {
        for x in 0..size[0] {
            let cell = y / factor * few[0] + x / factor;
            counts[cell] += 1.0;
            for channel in 0..channels {
                let value = pixels[(y * size[0] + x) * channels + channel];
                means[cell * channels + channel] += f32::from(value);
            }
        }
    }
    for (cell, &count) in means.chunks_exact_mut(channels).zip(&counts) {
        cell.iter_mut().for_each(|value| *value /= count);
    }
    enlarge(&means, few, size, channels)
        .iter()
        .map(|value| value.round() as u8)
        .collect()
}

/// Bilinear enlargement between pixel centres. Sizes are width, height.
fn enlarge(values: &[f32], from: [usize; 2], to: [usize; 2], channels: usize) -> Vec<f32> {
    let tap = |at: usize, axis: usize| {
        let scale = from[axis] as f32 / to[axis] as f32;
        let centre = ((at as f32 + 0.5) * scale - 0.5).max(0.0);
        let low = (centre as usize).min(from[axis] - 1);
        (low, (low + 1).min(from[axis] - 1), centre - low as f32)
    };
    let mut out = Vec::with_capacity(to[0] * to[1] * channels);
    for y in 0..to[1] {
        let (top, bottom, down) = tap(y, 1);
        for x in 0..to[0] {
            let (left, right, across) = tap(x, 0);
            for channel in 0..channels {
                let value = |x: usize, y: usize| values[(y * from[0] + x) * channels + channel];
                let above = value(left, top) * (1.0 - across) + value(right, top) * across;
                let below = value(left, bottom) * (1.0 - across) + value(right, bottom) * across;
                out.push(above * (1.0 - down) + below * down);
            }
        }
    }
    out
}

/// A grey square of half the side.
fn masked(pixels: &[u8], size: [usize; 2], channels: usize, draws: Option<&mut Draws>) -> Vec<u8> {
    let hole = size.map(|side| (side / 2).max(1));
    let most = [size[0] - hole[0], size[1] - hole[1]];
    let [left, top] = match draws {
        Some(draws) => most.map(|most| draws.below(most as u32 + 1) as usize),
        None => most.map(|most| most / 2),
    };
    let mut out = pixels.to_vec();
    for y in top..top + hole[1] {
        let start = (y * size[0] + left) * channels;
        out[start..start + hole[0] * channels].fill(127);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Random, Stream};

    /// A white square on black.
    fn square(side: usize) -> Vec<u8> {
        let inside = side / 4..3 * side / 4;
        let mut pixels = Vec::new();
        for y in 0..side {
            pixels.extend((0..side).map(|x| {
                let white = inside.contains(&x) && inside.contains(&y);
                if white { 255 } else { 0 }
            }));
        }
        pixels
    }

    #[test]
    fn the_edges_of_a_square_are_a_closed_thin_line() {
        let drawn = Drawing::Edges { detail: 0.5 }.draw(&square(32), [32; 2], 1, None);
        let rows: Vec<usize> = drawn
            .chunks(32)
            .map(|row| row.iter().filter(|&&v| v == 0).count())
            .collect();
        // Two lines cross the middle, nothing is drawn outside.
        assert_eq!(rows[16], 2, "{rows:?}");
        assert_eq!((rows[1], rows[30]), (0, 0));
        let flat = Drawing::Edges { detail: 1.0 }.draw(&[77; 1024], [32; 2], 1, None);
        assert!(flat.iter().all(|&v| v == 255));
    }

    #[test]
    fn more_detail_draws_fainter_edges() {
        let faint: Vec<u8> = square(32).iter().map(|&v| v / 12 + 100).collect();
        let count = |detail| {
            let drawn = Drawing::Edges { detail }.draw(&faint, [32; 2], 1, None);
            drawn.iter().filter(|&&v| v == 0).count()
        };
        assert_eq!(count(0.2), 0);
        assert!(count(1.0) > 40);
    }

    #[test]
    fn greys_lie_on_white_and_small_pictures_lose_detail() {
        let clear = Drawing::Grey.draw(&[9, 9, 9, 0, 255, 0, 0, 255], [1, 2], 4, None);
        assert_eq!(clear, [255, 76]);
        let checks: Vec<u8> = (0..64)
            .map(|i| if (i / 8 + i) % 2 == 0 { 0 } else { 254 })
            .collect();
        let drawing = Drawing::Small { factor: 4 };
        assert_eq!(drawing.draw(&checks, [8; 2], 1, None), [127; 64]);
        let plain = [10, 20, 30].repeat(25);
        assert_eq!(drawing.draw(&plain, [5; 2], 3, None), plain);
    }

    #[test]
    fn the_hole_is_in_the_middle_or_where_it_is_drawn() {
        let out = Drawing::Masked.draw(&[0; 64], [8; 2], 1, None);
        let hole = |out: &[u8]| out.iter().position(|&v| v == 127);
        assert_eq!(hole(&out), Some(2 * 8 + 2));
        assert_eq!(out.iter().filter(|&&v| v == 127).count(), 16);
        let places: Vec<_> = (0..20)
            .map(|counter| {
                let mut draws = Random::new(0).at(Stream::Jitter, counter);
                hole(&Drawing::Masked.draw(&[0; 64], [8; 2], 1, Some(&mut draws)))
            })
            .collect();
        assert!(places.iter().any(|place| *place != places[0]));
    }
}
