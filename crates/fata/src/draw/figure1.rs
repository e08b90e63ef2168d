//! The game in one dimension, as figure 1 of Goodfellow et al. draws it.
//!
//! Above: the data's density, the generator's, and D(x) between them. Below:
//! how the generator carries evenly spaced latents z to samples x; where the
//! arrows crowd, the generated density is high.
//!
//! # Source
//!
//! Goodfellow et al., Generative Adversarial Nets (2014), arXiv 1406.2661,
//! figure 1. Ours adds scales, and a line where D(x) is one half.

use super::axis::{Axis, with_thousands};
use super::canvas::{Canvas, Colour, Dash, Frame, Pen, Point};
use super::density::{Density, mean_and_deviation};
use super::font::{Anchor, TextStyle, write};
use super::palette::{DISCRIMINATOR, GENERATED_DENSITY, GREY, INK, PAPER, RULE};
use super::{Picture, font};

const WIDTH: usize = 800;
const HEIGHT: usize = 520;
/// Where the densities are drawn.
const PLOT: Frame = Frame {
    left: 48.0,
    top: 56.0,
    right: 752.0,
    bottom: 346.0,
};
/// The line of x, to which the arrows point.
const X_LINE: f32 = 380.0;
/// The line of z, from which they come.
const Z_LINE: f32 = 474.0;
/// More arrows than this blacken the picture.
const MOST_ARROWS: usize = 41;

/// What the figure shows.
#[derive(Clone, Copy, Debug)]
pub struct Figure1<'a> {
    /// Samples of the data, in its own units. The same ones at every tick keep
    /// the frames' scales the same.
    pub real: &'a [f32],
    /// Latents z and the samples x = G(z) they become, sorted by z.
    pub latent_to_sample: &'a [(f32, f32)],
    /// Places x and the probability D(x) there, sorted by x; empty for a
    /// critic, whose values are no probabilities.
    pub discriminator: &'a [(f32, f32)],
    /// Samples of the generator, from latents drawn as in training.
    pub generated: &'a [f32],
    /// How many real samples the discriminator has seen.
    pub images_seen: u64,
}

/// The stretch of x that the figure of this data shows: five and a half
/// standard deviations to each side of the mean. D(x) should be known on it.
pub fn figure1_domain(real: &[f32]) -> (f32, f32) {
    let finite: Vec<f64> = real
        .iter()
        .filter(|sample| sample.is_finite())
        .map(|&sample| f64::from(sample))
        .collect();
    let (mean, deviation) = mean_and_deviation(&finite);
    let half = 5.5 * deviation.max(1e-3 * mean.abs()).max(1e-3);
    ((mean - half) as f32, (mean + half) as f32)
}

/// The picture of a [`Figure1`], 800 by 520 pixels.
pub fn figure1(figure: &Figure1<'_>) -> Picture {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, PAPER);
    let (low, high) = figure1_domain(figure.real);
    let x = Axis {
        low,
        high,
        from: PLOT.left,
        to: PLOT.right,
    };
    let least = (high - low) / 400.0;
    let data = curve(&Density::of(figure.real, least), &x);
    let generated = curve(&Density::of(figure.generated, least), &x);
    // The data's density fills half of the height and sets the scale for all
    // frames; a generator that collapses may shoot out at the top.
    let peak = data.iter().map(|point| point.1).fold(0.0, f32::max);
    let density = Axis {
        low: 0.0,
        high: 1.9 * peak.max(f32::MIN_POSITIVE),
        from: PLOT.bottom,
        to: PLOT.top,
    };
    let probability = Axis {
        low: 0.0,
        high: 1.0,
        ..density
    };
    scales(&mut canvas, &x, &density, &probability);
    canvas.inside(PLOT, |canvas| {
        let generated = placed(&generated, &x, &density);
        canvas.fill_below(&generated, PLOT.bottom, GENERATED_DENSITY, 0.16);
        canvas.line(&generated, Pen::solid(GENERATED_DENSITY, 2.4));
        let data = placed(&data, &x, &density);
        canvas.line(&data, DATA_PEN);
        let judged = placed(figure.discriminator, &x, &probability);
        canvas.line(&judged, DISCRIMINATOR_PEN);
    });
    let base = [(PLOT.left, PLOT.bottom), (PLOT.right, PLOT.bottom)];
    canvas.line(&base, Pen::solid(RULE, 1.0));
    mapping(&mut canvas, figure.latent_to_sample, &x);
    legend(&mut canvas, figure);
    canvas.into_picture()
}

const DATA_PEN: Pen = Pen {
    colour: INK,
    width: 2.6,
    opacity: 1.0,
    dash: Dash::Dotted(5.5),
};
const DISCRIMINATOR_PEN: Pen = Pen {
    colour: DISCRIMINATOR,
    width: 2.2,
    opacity: 1.0,
    dash: Dash::Dashed(8.0, 6.0),
};

/// A density at every pixel of an axis.
fn curve(density: &Density, x: &Axis) -> Vec<(f32, f32)> {
    let steps = (x.to - x.from) as usize;
    (0..=steps)
        .map(|step| x.low + (x.high - x.low) * step as f32 / steps as f32)
        .map(|value| (value, density.at(value)))
        .collect()
}

/// Points in pixels. What is far outside is drawn just outside, and what is
/// not finite not at all.
fn placed(points: &[(f32, f32)], x: &Axis, y: &Axis) -> Vec<Point> {
    points
        .iter()
        .filter(|point| point.0.is_finite() && point.1.is_finite())
        .map(|point| {
            (
                x.place(point.0).clamp(-50.0, WIDTH as f32 + 50.0),
                y.place(point.1).clamp(-50.0, HEIGHT as f32 + 50.0),
            )
        })
        .collect()
}

/// The scales: densities at the left, probabilities at the right, x below.
fn scales(canvas: &mut Canvas, x: &Axis, density: &Axis, probability: &Axis) {
    let half = probability.place(0.5).round();
    let across = [(PLOT.left, half), (PLOT.right, half)];
    canvas.line(&across, Pen::solid([222, 228, 236], 1.0));
    for (value, label) in density.ticks(4) {
        let y = density.place(value) + 4.5;
        write(
            canvas,
            &label,
            (PLOT.left - 9.0, y),
            small(GREY, Anchor::Right),
        );
    }
    for (value, label) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
        let y = probability.place(value) + 4.5;
        let style = small(DISCRIMINATOR, Anchor::Left);
        write(canvas, label, (PLOT.right + 8.0, y), style);
    }
    for (value, label) in x.ticks(9) {
        let place = x.place(value).round();
        let tick = [(place, PLOT.bottom), (place, PLOT.bottom + 4.0)];
        canvas.line(&tick, Pen::solid(RULE, 1.0));
        let style = small(GREY, Anchor::Middle);
        write(canvas, &label, (place, PLOT.bottom + 18.0), style);
    }
}

/// The lines of x and z, and arrows from one to the other.
fn mapping(canvas: &mut Canvas, pairs: &[(f32, f32)], x: &Axis) {
    for (line, name) in [(X_LINE, "x"), (Z_LINE, "z")] {
        let ends = [(PLOT.left, line), (PLOT.right, line)];
        canvas.line(&ends, Pen::solid(INK, 1.4));
        let style = TextStyle {
            size: 1.8,
            ..small(INK, Anchor::Right)
        };
        write(canvas, name, (PLOT.left - 12.0, line + 5.0), style);
    }
    let finite: Vec<_> = pairs
        .iter()
        .filter(|pair| pair.0.is_finite() && pair.1.is_finite())
        .collect();
    let (Some(first), Some(last)) = (finite.first(), finite.last()) else {
        return;
    };
    let (mut low, mut high) = (first.0, last.0);
    if low >= high {
        (low, high) = (low - 1.0, low + 1.0);
    }
    let z = Axis { low, high, ..*x };
    for (value, label) in z.ticks(9) {
        let place = z.place(value).round();
        canvas.line(
            &[(place, Z_LINE), (place, Z_LINE + 5.0)],
            Pen::solid(INK, 1.0),
        );
        let style = small(GREY, Anchor::Middle);
        write(canvas, &label, (place, Z_LINE + 19.0), style);
    }
    let frame = Frame {
        top: X_LINE - 1.0,
        bottom: Z_LINE,
        ..PLOT
    };
    for index in super::frames_to_show(finite.len(), MOST_ARROWS) {
        let (from, to) = (z.place(finite[index].0), x.place(finite[index].1));
        let to = to.clamp(PLOT.left - 400.0, PLOT.right + 400.0);
        canvas.inside(frame, |canvas| {
            arrow(canvas, (from, Z_LINE), (to, X_LINE + 1.0));
        });
    }
}

/// A thin line with a head at its end.
fn arrow(canvas: &mut Canvas, from: Point, to: Point) {
    let pen = Pen {
        opacity: 0.6,
        ..Pen::solid(INK, 1.1)
    };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    let barb = |side: f32| {
        (
            to.0 - 7.0 * dx + side * dy * 2.8,
            to.1 - 7.0 * dy - side * dx * 2.8,
        )
    };
    canvas.line(&[from, to], pen);
    canvas.line(&[barb(1.0), to, barb(-1.0)], pen);
}

/// What the lines mean, and how far training is.
fn legend(canvas: &mut Canvas, figure: &Figure1<'_>) {
    let line = 32.0;
    let style = |anchor| TextStyle {
        size: 1.6,
        ..small(INK, anchor)
    };
    let entries = [
        ("data", DATA_PEN),
        ("generated", Pen::solid(GENERATED_DENSITY, 2.4)),
        ("D(x)", DISCRIMINATOR_PEN),
    ];
    let mut x = PLOT.left + 2.0;
    for (name, pen) in entries {
        canvas.line(&[(x, line - 5.0), (x + 34.0, line - 5.0)], pen);
        write(canvas, name, (x + 44.0, line), style(Anchor::Left));
        x += 44.0 + font::width(name, 1.6) + 28.0;
    }
    let caption = format!("{} samples seen", with_thousands(figure.images_seen));
    write(canvas, &caption, (PLOT.right, line), style(Anchor::Right));
}

/// The text of the scales.
fn small(colour: Colour, anchor: Anchor) -> TextStyle {
    TextStyle {
        colour,
        size: 1.3,
        anchor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_lies_about_the_data_and_is_never_empty() {
        let (low, high) = figure1_domain(&[3.0, 5.0, f32::NAN]);
        assert_eq!((low, high), (-1.5, 9.5));
        for same in [&[][..], &[0.0; 3][..], &[1e7; 3][..]] {
            let (low, high) = figure1_domain(same);
            assert!(low < high);
        }
    }

    #[test]
    fn the_figure_is_drawn_whatever_the_numbers() {
        let odd = [f32::NAN, f32::INFINITY, 3.0, 1e30];
        for (real, generated) in [(&[][..], &[][..]), (&[4.0, 5.0], &odd), (&odd, &[4.0])] {
            let picture = figure1(&Figure1 {
                real,
                latent_to_sample: &[(-1.0, 1e30), (0.0, f32::NAN), (f32::INFINITY, 3.0)],
                discriminator: &[(0.0, 0.5), (1.0, f32::NAN), (4.0, 1.0)],
                generated,
                images_seen: u64::MAX,
            });
            assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
        }
    }

    #[test]
    fn each_curve_is_in_its_own_colour() {
        let picture = figure1(&Figure1 {
            real: &[3.0, 4.0, 5.0],
            latent_to_sample: &[(0.0, 3.5), (1.0, 4.5)],
            discriminator: &[(-2.0, 0.5), (10.0, 0.5)],
            generated: &[3.5, 4.5],
            images_seen: 0,
        });
        let has = |colour: Colour| picture.pixels.chunks(3).any(|pixel| pixel == colour);
        assert!(has(INK) && has(GENERATED_DENSITY) && has(DISCRIMINATOR));
    }
}
