//! The colours of the plots, which people with any colour vision tell apart.

use super::canvas::Colour;

pub(super) const PAPER: Colour = [255, 255, 255];
pub(super) const INK: Colour = [34, 34, 40];
pub(super) const GREY: Colour = [92, 92, 100];
pub(super) const RULE: Colour = [150, 150, 158];

/// Data points.
pub(super) const REAL: Colour = [52, 54, 66];

/// Generated points: vermilion.
///
/// # Source
///
/// Okabe and Ito, Color Universal Design (2008), as the two below.
pub(super) const GENERATED: Colour = [213, 94, 0];
/// The generated density: bluish green, as green in Goodfellow's figure.
pub(super) const GENERATED_DENSITY: Colour = [0, 158, 115];
/// The discriminator: blue, as in Goodfellow's figure.
pub(super) const DISCRIMINATOR: Colour = [0, 114, 178];

/// Where D(x) is 0, 1/2 and 1: purple, white, green.
///
/// # Source
///
/// ColorBrewer's PRGn (Brewer, Harrower, Penn State), its second classes of
/// five: a diverging scale that is safe for colour-blind readers.
const PROBABILITIES: [Colour; 3] = [[194, 165, 207], PAPER, [166, 219, 160]];

/// The colour of a probability; what is no number is white.
pub(super) fn probability_colour(probability: f32) -> Colour {
    let [generated, undecided, real] = PROBABILITIES;
    let lean = (2.0 * probability - 1.0).clamp(-1.0, 1.0);
    let end = if lean > 0.0 { real } else { generated };
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(undecided[channel]), f32::from(end[channel]));
        if lean.is_nan() {
            undecided[channel]
        } else {
            (from + (to - from) * lean.abs()).round() as u8
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_go_from_one_colour_through_white_to_another() {
        assert_eq!(probability_colour(-3.0), PROBABILITIES[0]);
        assert_eq!(probability_colour(0.5), PAPER);
        assert_eq!(probability_colour(1.0), PROBABILITIES[2]);
        assert_eq!(probability_colour(f32::NAN), PAPER);
    }
}
