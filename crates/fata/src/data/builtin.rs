//! The built-in data sets: the digits, and the point sets that books and
//! papers use because everything about them can be seen and counted.
//!
//! All but the digits are drawn, item by item, from the fixed seed 0, so they
//! are the same for everyone.

use super::idx::{self, Pictures};
use super::points::Points;
use crate::rng::{Draws, Random, Stream};

/// A built-in data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What a person types.
    pub name: &'static str,
    /// What it is, in a line.
    pub description: &'static str,
}

/// Every built-in data set.
pub const BUILTINS: [Builtin; 7] = [
    Builtin {
        name: "digits",
        description: "10,000 handwritten digits, 28x28 grey, in 10 classes",
    },
    Builtin {
        name: "gaussian",
        description: "100,000 numbers, normal with mean 4 and standard deviation 0.5",
    },
    Builtin {
        name: "line",
        description: "100,000 points scattered about the line y = x/2, with deviation 0.3",
    },
    Builtin {
        name: "ring",
        description: "100,000 points of 8 Gaussians on a circle of radius 1, deviation 0.01, in 8 classes",
    },
    Builtin {
        name: "grid",
        description: "100,000 points of 25 Gaussians on a grid from -4 to 4, deviation 0.05, in 25 classes",
    },
    Builtin {
        name: "spiral",
        description: "100,000 points along two turns of a spiral, with deviation 0.05",
    },
    Builtin {
        name: "stacked-digits",
        description: "128,000 pictures of three digits as red, green and blue, in 1,000 classes",
    },
];

/// How many points a built-in set of points has.
const POINTS: usize = 100_000;

/// How many pictures `stacked-digits` has: as many as in PacGAN's test for
/// missing modes (Lin et al. 2018, arXiv 1712.04086, section 4.2).
pub(crate) const STACKED: usize = 128_000;

const DIGITS: &[u8] = include_bytes!("../../../../assets/digits/digits-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../../../assets/digits/digits-labels-idx1-ubyte.gz");

/// The names, as a sentence lists them.
pub(crate) fn names() -> String {
    BUILTINS.map(|builtin| builtin.name).join(", ")
}

/// The digits and their labels.
pub(crate) fn digits() -> (Pictures, Vec<u8>) {
    let pictures = idx::pictures(DIGITS).expect("the embedded digits are whole: a test reads them");
    let labels = idx::labels(LABELS).expect("the embedded labels are whole: a test reads them");
    (pictures, labels)
}

/// Which three digits make up a picture of `stacked-digits`.
pub(crate) fn stacked(index: usize, digits: usize) -> [usize; 3] {
    let mut draws = Random::new(0).at(Stream::Data, index as u64);
    std::array::from_fn(|_| draws.below(digits as u32) as usize)
}

/// Appends one point and says which mode it is of.
type Draw = fn(&mut Draws, &mut Vec<f64>) -> u32;

/// The points of a built-in set, with each one's mode, for a mixture.
pub(crate) fn points(name: &str) -> Option<(Points, Option<Vec<u32>>)> {
    let (dimensions, draw): (usize, Draw) = match name {
        "gaussian" => (1, gaussian),
        "line" => (2, line),
        "ring" => (2, ring),
        "grid" => (2, grid),
        "spiral" => (2, spiral),
        _ => return None,
    };
    let mut values = Vec::with_capacity(POINTS * dimensions);
    let modes: Vec<u32> = (0..POINTS)
        .map(|index| {
            draw(
                &mut Random::new(0).at(Stream::Data, index as u64),
                &mut values,
            )
        })
        .collect();
    let mixture = matches!(name, "ring" | "grid");
    Some((Points::new(dimensions, &values), mixture.then_some(modes)))
}

/// How many modes a mixture has.
pub(crate) fn modes(name: &str) -> usize {
    match name {
        "ring" => 8,
        "grid" => 25,
        _ => 0,
    }
}

fn normal(draws: &mut Draws) -> f64 {
    f64::from(draws.normal())
}

fn gaussian(draws: &mut Draws, out: &mut Vec<f64>) -> u32 {
    out.push(4.0 + 0.5 * normal(draws));
    0
}

fn line(draws: &mut Draws, out: &mut Vec<f64>) -> u32 {
    let x = 4.0 * f64::from(draws.uniform()) - 2.0;
    out.extend([x, 0.5 * x + 0.3 * normal(draws)]);
    0
}

fn ring(draws: &mut Draws, out: &mut Vec<f64>) -> u32 {
    let mode = draws.below(8);
    let (sin, cos) = libm::sincos(std::f64::consts::TAU * f64::from(mode) / 8.0);
    out.extend([cos + 0.01 * normal(draws), sin + 0.01 * normal(draws)]);
    mode
}

fn grid(draws: &mut Draws, out: &mut Vec<f64>) -> u32 {
    let mode = draws.below(25);
    for centre in [mode % 5, mode / 5] {
        out.push(2.0 * f64::from(centre) - 4.0 + 0.05 * normal(draws));
    }
    mode
}

fn spiral(draws: &mut Draws, out: &mut Vec<f64>) -> u32 {
    // The square root spreads the points evenly along the arm.
    let turn = libm::sqrt(f64::from(draws.uniform()));
    let (sin, cos) = libm::sincos(2.0 * std::f64::consts::TAU * turn);
    let radius = 2.0 * turn;
    out.extend([
        radius * cos + 0.05 * normal(draws),
        radius * sin + 0.05 * normal(draws),
    ]);
    0
}
