//! Points in the plane: the data, what the generator makes, and where the
//! discriminator believes which.

use super::axis::{Axis, with_thousands};
use super::canvas::{Canvas, Colour, Frame, Pen, Point};
use super::font::{Anchor, TextStyle, write};
use super::palette::{GENERATED, GREY, INK, PAPER, REAL, RULE, probability_colour};
use super::{Picture, font};

const WIDTH: usize = 560;
const HEIGHT: usize = 600;
const PLOT: Frame = Frame {
    left: 52.0,
    top: 48.0,
    right: 544.0,
    bottom: 540.0,
};

/// A rectangle of the plane, in the data's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least first coordinate.
    pub left: f32,
    /// The greatest first coordinate.
    pub right: f32,
    /// The least second coordinate.
    pub bottom: f32,
    /// The greatest second coordinate.
    pub top: f32,
}

impl Bounds {
    /// A square around `points`, a quarter wider than they lie, so that what a
    /// generator puts beside them is seen too. What is not finite is left out.
    pub fn around(points: &[[f32; 2]]) -> Self {
        let range = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            values
                .filter(|value| value.is_finite())
                .fold(None, |range: Option<(f32, f32)>, value| {
                    let (low, high) = range.unwrap_or((value, value));
                    Some((low.min(value), high.max(value)))
                })
                .unwrap_or((-1.0, 1.0))
        };
        let ((left, right), (bottom, top)) = (range(0), range(1));
        let widest = (right - left).max(top - bottom);
        // Points on one spot still need a plane to lie on.
        let least = 1e-3
            * [left, right, bottom, top]
                .map(f32::abs)
                .into_iter()
                .fold(1e-3, f32::max);
        let half = 0.625 * widest.max(least);
        let (x, y) = (f32::midpoint(left, right), f32::midpoint(bottom, top));
        Self {
            left: x - half,
            right: x + half,
            bottom: y - half,
            top: y + half,
        }
    }

    /// The places at which a map of `columns` by `rows` needs the
    /// discriminator's probability: the centres of its cells, row by row from
    /// the top.
    pub fn places(&self, columns: usize, rows: usize) -> Vec<[f32; 2]> {
        let place = |index: usize| {
            let across = ((index % columns) as f32 + 0.5) / columns as f32;
            let down = ((index / columns) as f32 + 0.5) / rows as f32;
            [
                self.left + across * (self.right - self.left),
                self.top + down * (self.bottom - self.top),
            ]
        };
        (0..columns * rows).map(place).collect()
    }
}

/// The discriminator's opinion of every place: D(x) at [`Bounds::places`].
#[derive(Clone, Copy, Debug)]
pub struct DiscriminatorMap<'a> {
    /// The probability that what lies there is real; `columns * rows` of them.
    pub probabilities: &'a [f32],
    /// The width of the map in cells.
    pub columns: usize,
}

/// What a scatter plot shows.
#[derive(Clone, Copy, Debug)]
pub struct ScatterPlot<'a> {
    /// Points of the data.
    pub real: &'a [[f32; 2]],
    /// Points that the generator made.
    pub generated: &'a [[f32; 2]],
    /// The discriminator's map, or nothing where it has none to show (a
    /// critic's values are no probabilities, or it sees more than two columns).
    pub discriminator: Option<DiscriminatorMap<'a>>,
    /// What part of the plane is shown, and the map was made for. One of a
    /// run's beginning serves all its ticks, so that its frames can be compared.
    pub bounds: Bounds,
    /// How many real images or points the discriminator has seen.
    pub images_seen: u64,
}

/// The picture of a [`ScatterPlot`], 560 by 600 pixels.
pub fn scatter(plot: &ScatterPlot<'_>) -> Picture {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, PAPER);
    let across = Axis {
        low: plot.bounds.left,
        high: plot.bounds.right,
        from: PLOT.left,
        to: PLOT.right,
    };
    let up = Axis {
        low: plot.bounds.bottom,
        high: plot.bounds.top,
        from: PLOT.bottom,
        to: PLOT.top,
    };
    if let Some(map) = plot.discriminator {
        canvas.shade(PLOT, |x, y| probability_colour(map.at(x, y)));
    }
    let place = |point: &[f32; 2]| (across.place(point[0]), up.place(point[1]));
    canvas.inside(PLOT, |canvas| {
        // Many points are drawn smaller and fainter, so that crowds show.
        dots(
            canvas,
            plot.real.iter().map(place),
            REAL,
            1.5,
            plot.real.len(),
        );
        let count = plot.generated.len();
        dots(
            canvas,
            plot.generated.iter().map(place),
            GENERATED,
            2.1,
            count,
        );
    });
    axes(&mut canvas, &across, &up);
    legend(&mut canvas, plot);
    canvas.into_picture()
}

impl DiscriminatorMap<'_> {
    /// D(x) at a place between 0 and 1 across and down, between the cells'
    /// centres in a straight line. What is missing is undecided.
    fn at(&self, across: f32, down: f32) -> f32 {
        let columns = self.columns.max(1);
        let rows = self.probabilities.len() / columns;
        if rows == 0 {
            return 0.5;
        }
        let near = |place: f32, cells: usize| {
            let place = (place * cells as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
            let first = place as usize;
            (first, (first + 1).min(cells - 1), place - first as f32)
        };
        let (left, right, x) = near(across, columns);
        let (top, bottom, y) = near(down, rows);
        let cell = |row: usize, column: usize| self.probabilities[row * columns + column];
        let upper = cell(top, left) * (1.0 - x) + cell(top, right) * x;
        let lower = cell(bottom, left) * (1.0 - x) + cell(bottom, right) * x;
        upper * (1.0 - y) + lower * y
    }
}

/// Points as dots with a thin light rim, which keeps them apart.
fn dots(
    canvas: &mut Canvas,
    points: impl Iterator<Item = Point> + Clone,
    colour: Colour,
    radius: f32,
    count: usize,
) {
    let crowd = (count as f32 / 1000.0).max(1.0).powf(-0.25);
    let radius = (radius * crowd).max(0.9);
    let finite = points.filter(|point| point.0.is_finite() && point.1.is_finite());
    for point in finite.clone() {
        canvas.disc(point, radius + 0.8, PAPER, 0.5 * crowd);
    }
    for point in finite {
        canvas.disc(point, radius, colour, (0.8 * crowd).max(0.35));
    }
}

/// The frame, its ticks and their labels.
fn axes(canvas: &mut Canvas, across: &Axis, up: &Axis) {
    canvas.outline(PLOT, Pen::solid(RULE, 1.0));
    let Frame { left, bottom, .. } = PLOT;
    let style = |anchor| TextStyle {
        colour: GREY,
        size: 1.3,
        anchor,
    };
    for (value, label) in across.ticks(7) {
        let x = across.place(value).round();
        canvas.line(&[(x, bottom), (x, bottom + 5.0)], Pen::solid(RULE, 1.0));
        write(canvas, &label, (x, bottom + 18.0), style(Anchor::Middle));
    }
    for (value, label) in up.ticks(7) {
        let y = up.place(value).round();
        canvas.line(&[(left - 5.0, y), (left, y)], Pen::solid(RULE, 1.0));
        write(canvas, &label, (left - 9.0, y + 5.0), style(Anchor::Right));
    }
}

/// What the colours mean, and how far training is.
fn legend(canvas: &mut Canvas, plot: &ScatterPlot<'_>) {
    let style = |colour, anchor| TextStyle {
        colour,
        size: 1.6,
        anchor,
    };
    let line = 30.0;
    let mut x = PLOT.left + 4.0;
    for (name, colour) in [("data", REAL), ("generated", GENERATED)] {
        canvas.disc((x, line - 5.0), 4.0, colour, 1.0);
        write(canvas, name, (x + 11.0, line), style(INK, Anchor::Left));
        x += 11.0 + font::width(name, 1.6) + 24.0;
    }
    let caption = format!("{} points seen", with_thousands(plot.images_seen));
    write(
        canvas,
        &caption,
        (PLOT.right, line),
        style(INK, Anchor::Right),
    );
    if plot.discriminator.is_some() {
        scale(canvas);
    }
}

/// The colours of the discriminator's map, from 0 to 1.
fn scale(canvas: &mut Canvas) {
    let style = |anchor| TextStyle {
        colour: GREY,
        size: 1.3,
        anchor,
    };
    let bar = Frame {
        left: 208.0,
        top: 571.0,
        right: 388.0,
        bottom: 583.0,
    };
    let line = bar.bottom - 1.5;
    canvas.shade(bar, |across, _| probability_colour(across));
    let name = "D(x)  generated 0";
    write(canvas, name, (bar.left - 8.0, line), style(Anchor::Right));
    write(
        canvas,
        "1 real",
        (bar.right + 8.0, line),
        style(Anchor::Left),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_a_square_around_the_points_that_are_finite() {
        let bounds = Bounds::around(&[[0.0, 1.0], [4.0, 1.0], [f32::NAN, f32::INFINITY]]);
        assert_eq!((bounds.left, bounds.right), (-0.5, 4.5));
        assert_eq!((bounds.bottom, bounds.top), (-1.5, 3.5));
        let spot = Bounds::around(&[[5.0, 5.0]]);
        assert!(spot.left < 5.0 && spot.top > 5.0);
        assert!(Bounds::around(&[]).left < Bounds::around(&[]).right);
    }

    #[test]
    fn the_places_of_a_map_are_its_cells_from_the_top_left() {
        let bounds = Bounds {
            left: 0.0,
            right: 2.0,
            bottom: 0.0,
            top: 2.0,
        };
        let places = bounds.places(2, 2);
        assert_eq!(places, [[0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]);
    }

    #[test]
    fn a_map_is_read_between_its_cells() {
        let map = DiscriminatorMap {
            probabilities: &[0.0, 1.0, 0.0, 1.0],
            columns: 2,
        };
        assert_eq!(map.at(0.0, 0.0), 0.0);
        assert_eq!(map.at(0.5, 0.3), 0.5);
        assert_eq!(map.at(1.0, 1.0), 1.0);
        let empty = DiscriminatorMap {
            probabilities: &[],
            columns: 0,
        };
        assert_eq!(empty.at(0.5, 0.5), 0.5);
    }

    #[test]
    fn a_plot_shows_map_and_points_where_they_are() {
        let bounds = Bounds {
            left: -1.0,
            right: 1.0,
            bottom: -1.0,
            top: 1.0,
        };
        let picture = scatter(&ScatterPlot {
            real: &[[f32::NAN, 0.0], [9.0, 9.0]],
            generated: &[[0.0, 0.0]],
            discriminator: Some(DiscriminatorMap {
                probabilities: &[0.0, 1.0],
                columns: 2,
            }),
            bounds,
            images_seen: 1_280_000,
        });
        let pixel = |x: usize, y: usize| {
            let at = (y * picture.width + x) * 3;
            [
                picture.pixels[at],
                picture.pixels[at + 1],
                picture.pixels[at + 2],
            ]
        };
        assert_eq!(pixel(60, 300), probability_colour(0.0));
        assert_eq!(pixel(535, 300), probability_colour(1.0));
        let dot = pixel(298, 294);
        assert!(dot[0] > dot[2].saturating_add(80), "{dot:?}");
    }
}
