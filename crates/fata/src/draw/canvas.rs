//! A sheet to draw on: smooth lines, dots, filled curves and rectangles.
//!
//! A stroke's coverage of a pixel is taken from the distance of the pixel's
//! centre to the stroke, which is exact enough for the lines of a plot. One
//! stroke is gathered in a [`Mask`] first, so that it does not darken where it
//! crosses itself. There are no transformations, layers or gradients.

use super::Picture;

/// Pixels from the left and from the top; (0.5, 0.5) is the first one's centre.
pub(super) type Point = (f32, f32);

/// Red, green and blue, as in sRGB.
pub(super) type Colour = [u8; 3];

/// Where drawing has an effect: left, top, right, bottom in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

/// How the stroke of a line is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Dash {
    Solid,
    /// Pixels drawn, and pixels left out.
    Dashed(f32, f32),
    /// Round dots this many pixels apart.
    Dotted(f32),
}

/// What a line looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) colour: Colour,
    /// In pixels.
    pub(super) width: f32,
    /// 0 leaves the sheet as it is, 1 covers it.
    pub(super) opacity: f32,
    pub(super) dash: Dash,
}

impl Pen {
    /// A solid, opaque pen.
    pub(super) fn solid(colour: Colour, width: f32) -> Self {
        Self {
            colour,
            width,
            opacity: 1.0,
            dash: Dash::Solid,
        }
    }
}

/// A sheet of RGB pixels.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
    clip: Frame,
}

impl Canvas {
    /// A sheet of one colour, in pixels.
    pub(super) fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self {
            width,
            height,
            pixels: vec![colour.map(f32::from); width * height],
            clip: Frame {
                left: 0.0,
                top: 0.0,
                right: width as f32,
                bottom: height as f32,
            },
        }
    }

    /// Draws what `drawing` draws, but only inside `frame`.
    pub(super) fn inside(&mut self, frame: Frame, drawing: impl FnOnce(&mut Self)) {
        let before = self.clip;
        self.clip = Frame {
            left: before.left.max(frame.left),
            top: before.top.max(frame.top),
            right: before.right.min(frame.right),
            bottom: before.bottom.min(frame.bottom),
        };
        drawing(self);
        self.clip = before;
    }

    /// A line through `points`.
    pub(super) fn line(&mut self, points: &[Point], pen: Pen) {
        let reach = pen.width + 1.0;
        let (low, high) = corners(points);
        let mut mask = Mask::new(
            self,
            (low.0 - reach, low.1 - reach),
            (high.0 + reach, high.1 + reach),
        );
        match pen.dash {
            Dash::Solid => {
                for pair in points.windows(2) {
                    mask.stroke(pair[0], pair[1], pen.width / 2.0);
                }
            }
            Dash::Dashed(on, off) => {
                for (from, to) in dashes(points, on, off) {
                    mask.stroke(from, to, pen.width / 2.0);
                }
            }
            Dash::Dotted(apart) => {
                for (from, _) in dashes(points, 0.0, apart) {
                    mask.stroke(from, from, pen.width / 2.0);
                }
            }
        }
        self.lay(&mask, pen.colour, pen.opacity);
    }

    /// A filled disc.
    pub(super) fn disc(&mut self, centre: Point, radius: f32, colour: Colour, opacity: f32) {
        let reach = radius + 1.0;
        let mut mask = Mask::new(
            self,
            (centre.0 - reach, centre.1 - reach),
            (centre.0 + reach, centre.1 + reach),
        );
        mask.stroke(centre, centre, radius);
        self.lay(&mask, colour, opacity);
    }

    /// Fills what lies between a curve, whose points go from left to right, and
    /// a base line below it.
    pub(super) fn fill_below(&mut self, curve: &[Point], base: f32, colour: Colour, opacity: f32) {
        let (low, high) = corners(curve);
        let mut mask = Mask::new(self, low, (high.0, base));
        for column in 0..mask.width {
            let x = (mask.left + column) as f32 + 0.5;
            let next = curve.partition_point(|point| point.0 < x);
            if next == 0 || next == curve.len() {
                continue;
            }
            let (from, to) = (curve[next - 1], curve[next]);
            let along = (x - from.0) / (to.0 - from.0).max(f32::MIN_POSITIVE);
            let y = from.1 + along * (to.1 - from.1);
            for row in 0..mask.height {
                let top = (mask.top + row) as f32;
                let inside = (top + 1.0).min(base) - top.max(y);
                mask.coverage[row * mask.width + column] = inside.clamp(0.0, 1.0);
            }
        }
        self.lay(&mask, colour, opacity);
    }

    /// A rectangle whose colour at each whole pixel is that of `colour`, asked
    /// with the place inside it: (0, 0) is its top left, (1, 1) its bottom right.
    pub(super) fn shade(&mut self, frame: Frame, colour: impl Fn(f32, f32) -> Colour) {
        let mask = Mask::new(
            self,
            (frame.left, frame.top),
            (frame.right - 1.0, frame.bottom - 1.0),
        );
        for row in mask.top..mask.top + mask.height {
            let down = (row as f32 + 0.5 - frame.top) / (frame.bottom - frame.top);
            for column in mask.left..mask.left + mask.width {
                let along = (column as f32 + 0.5 - frame.left) / (frame.right - frame.left);
                self.pixels[row * self.width + column] = colour(along, down).map(f32::from);
            }
        }
    }

    /// The outline of a rectangle.
    pub(super) fn outline(&mut self, frame: Frame, pen: Pen) {
        let Frame {
            left,
            top,
            right,
            bottom,
        } = frame;
        let corners = [
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        self.line(&corners, pen);
    }

    /// Puts a picture on the sheet, its top left corner at a whole pixel; what is
    /// transparent shows white, and what lies outside is left away.
    pub(super) fn place(&mut self, picture: &Picture, left: usize, top: usize) {
        let rgb = picture.with_channels(3);
        for (row, line) in rgb.pixels.chunks_exact(3 * rgb.width.max(1)).enumerate() {
            if top + row >= self.height || left >= self.width {
                break;
            }
            let start = (top + row) * self.width;
            let room = &mut self.pixels[start + left..start + self.width];
            for (pixel, colour) in room.iter_mut().zip(line.chunks_exact(3)) {
                *pixel = [colour[0], colour[1], colour[2]].map(f32::from);
            }
        }
    }

    /// Lays a colour over the sheet where the mask covers it.
    pub(super) fn lay(&mut self, mask: &Mask, colour: Colour, opacity: f32) {
        if mask.width == 0 {
            return;
        }
        let colour = colour.map(f32::from);
        for (row, line) in mask.coverage.chunks_exact(mask.width).enumerate() {
            let start = (mask.top + row) * self.width + mask.left;
            for (pixel, &coverage) in self.pixels[start..].iter_mut().zip(line) {
                let share = coverage * opacity;
                for (old, new) in pixel.iter_mut().zip(colour) {
                    *old += (new - *old) * share;
                }
            }
        }
    }

    /// The sheet as a picture.
    pub(super) fn into_picture(self) -> Picture {
        Picture {
            width: self.width,
            height: self.height,
            channels: 3,
            pixels: self
                .pixels
                .iter()
                .flatten()
                .map(|v| v.round() as u8)
                .collect(),
        }
    }
}

/// How much of each pixel a stroke covers, over a part of the sheet.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    coverage: Vec<f32>,
}

impl Mask {
    /// An empty mask over the pixels between two corners, as far as the
    /// canvas may be drawn on there.
    pub(super) fn new(canvas: &Canvas, low: Point, high: Point) -> Self {
        let clip = canvas.clip;
        // A cast from a float saturates, and takes NaN to 0.
        let left = low.0.max(clip.left).floor() as usize;
        let top = low.1.max(clip.top).floor() as usize;
        let right = (high.0 + 1.0).min(clip.right).ceil() as usize;
        let bottom = (high.1 + 1.0).min(clip.bottom).ceil() as usize;
        let width = right.min(canvas.width).saturating_sub(left);
        let height = bottom.min(canvas.height).saturating_sub(top);
        Self {
            left,
            top,
            width,
            height,
            coverage: vec![0.0; width * height],
        }
    }

    /// Adds a straight stroke with round ends.
    pub(super) fn stroke(&mut self, from: Point, to: Point, radius: f32) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let squared = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
        let reach = radius + 1.0;
        let span = |a: f32, b: f32, start: usize, length: usize| {
            let low = (a.min(b) - reach - start as f32).max(0.0) as usize;
            let high = (a.max(b) + reach - start as f32).max(0.0).ceil() as usize;
            low.min(length)..high.min(length)
        };
        for row in span(from.1, to.1, self.top, self.height) {
            let y = (self.top + row) as f32 + 0.5 - from.1;
            for column in span(from.0, to.0, self.left, self.width) {
                let x = (self.left + column) as f32 + 0.5 - from.0;
                let along = ((x * dx + y * dy) / squared).clamp(0.0, 1.0);
                let distance = (x - along * dx).hypot(y - along * dy);
                let coverage = (radius + 0.5 - distance).clamp(0.0, 1.0);
                let pixel = &mut self.coverage[row * self.width + column];
                *pixel = pixel.max(coverage);
            }
        }
    }
}

/// The least and the greatest coordinates of some points.
fn corners(points: &[Point]) -> (Point, Point) {
    points.iter().fold(
        (
            (f32::INFINITY, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
        ),
        |(low, high), point| {
            (
                (low.0.min(point.0), low.1.min(point.1)),
                (high.0.max(point.0), high.1.max(point.1)),
            )
        },
    )
}

/// The straight pieces of a line that is drawn for `on` pixels and broken for
/// `off`, measured along it.
fn dashes(points: &[Point], on: f32, off: f32) -> Vec<(Point, Point)> {
    let mut pieces = Vec::new();
    let period = (on + off).max(1.0);
    // How far into the pattern the walk along the line is.
    let mut phase = 0.0;
    for pair in points.windows(2) {
        let ((x, y), (dx, dy)) = (pair[0], (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1));
        let length = dx.hypot(dy);
        if !length.is_finite() || length == 0.0 {
            continue;
        }
        let place = |at: f32| (x + dx * at / length, y + dy * at / length);
        let mut start = -phase;
        while start < length {
            let (from, to) = (start.max(0.0), (start + on).min(length));
            // A dash of no length is a dot, and belongs to one piece only.
            if to > from || (on == 0.0 && start >= 0.0) {
                pieces.push((place(from), place(to.max(from))));
            }
            start += period;
        }
        phase = (phase + length) % period;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Colour = [0; 3];
    const WHITE: Colour = [255; 3];

    /// The ink on a white sheet, in pixels.
    fn ink(canvas: Canvas) -> f32 {
        let picture = canvas.into_picture();
        let dark: f32 = picture.pixels.iter().map(|&v| 255.0 - f32::from(v)).sum();
        dark / 255.0 / 3.0
    }

    #[test]
    fn a_line_has_the_ink_of_its_length_and_width_at_any_slant() {
        for to in [(80.0, 20.0), (20.0, 80.0), (62.4, 62.4), (70.0, 53.1)] {
            let mut canvas = Canvas::new(100, 100, WHITE);
            canvas.line(&[(20.0, 20.0), to], Pen::solid(BLACK, 3.0));
            let length = (to.0 - 20.0).hypot(to.1 - 20.0);
            let expected = length * 3.0 + std::f32::consts::PI * 2.25;
            let ink = ink(canvas);
            assert!((ink / expected - 1.0).abs() < 0.02, "{ink} {expected}");
        }
    }

    #[test]
    fn a_disc_has_the_ink_of_its_area() {
        let mut canvas = Canvas::new(40, 40, WHITE);
        canvas.disc((20.3, 19.8), 9.0, BLACK, 1.0);
        let expected = std::f32::consts::PI * 81.0;
        assert!((ink(canvas) / expected - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_filled_triangle_has_the_ink_of_its_area() {
        let mut canvas = Canvas::new(60, 60, WHITE);
        let triangle = [(10.0, 50.0), (30.0, 10.0), (50.0, 50.0)];
        canvas.fill_below(&triangle, 50.0, BLACK, 0.5);
        assert!((ink(canvas) / (20.0 * 40.0 * 0.5) - 1.0).abs() < 0.01);
    }

    #[test]
    fn dashes_follow_the_line_around_its_corners() {
        let bent = [(0.0, 0.0), (5.0, 0.0), (5.0, 15.0)];
        let length: f32 = dashes(&bent, 4.0, 6.0)
            .iter()
            .map(|(from, to)| (to.0 - from.0).hypot(to.1 - from.1))
            .sum();
        assert_eq!(length, 8.0);
        assert_eq!(dashes(&bent, 0.0, 4.0).len(), 5);
    }

    #[test]
    fn drawing_outside_the_sheet_or_from_nowhere_is_harmless() {
        let mut canvas = Canvas::new(9, 9, WHITE);
        let far = [
            (-1e9, 4.0),
            (1e9, 1e9),
            (f32::NAN, 2.0),
            (f32::INFINITY, 0.0),
        ];
        for point in far {
            canvas.disc(point, 2.0, BLACK, 1.0);
        }
        canvas.line(&far[..1], Pen::solid(BLACK, 2.0));
        canvas.line(&[], Pen::solid(BLACK, 2.0));
        canvas.fill_below(&[], 3.0, BLACK, 1.0);
        assert_eq!(ink(canvas), 0.0);
    }
}
