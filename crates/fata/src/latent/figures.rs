//! What was done in the latent space, as figures.

use super::blend::Blend;
use super::directions::Directions;
use super::inversion::Inverted;
use crate::draw::{Picture, Strip, Summand, equation, strips};
use crate::ship::{Generator, ModelError, Place};

/// A sum with its parts: pictures of the single latents above the parts' own,
/// signs between them, the result behind `=`.
///
/// # Source
/// Radford et al. 2015, arXiv 1511.06434, figure 7.
pub fn blend_figure(blend: &Blend) -> Picture {
    let mut summands = Vec::new();
    for (index, part) in blend.parts.iter().enumerate() {
        summands.push(Summand {
            sign: match (part.negative, index) {
                (true, _) => Some('-'),
                (false, 0) => None,
                (false, _) => Some('+'),
            },
            exemplars: part.exemplars.clone(),
            picture: part.picture.clone(),
            caption: part.text.clone(),
        });
    }
    summands.push(Summand {
        sign: Some('='),
        exemplars: Vec::new(),
        picture: blend.picture.clone(),
        caption: "result".into(),
    });
    equation(&summands)
}

/// Directions, one a row, from `place` three standard deviations either way.
///
/// # Errors
/// If the model makes points.
pub fn directions_figure(
    generator: &Generator,
    directions: &Directions,
    place: &Place,
) -> Result<Picture, ModelError> {
    let amounts = [-3.0_f32, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
    let mut rows = Vec::new();
    for direction in directions.list() {
        let places = amounts.map(|amount| Place {
            z: direction.along(&place.z, amount),
            classes: place.classes.clone(),
        });
        rows.push(Strip {
            name: direction.name.clone(),
            pictures: generator.pictures_at(&places)?,
        });
    }
    let headings = amounts.map(|amount| match amount {
        0.0 => "0".into(),
        amount => format!("{amount:+}"),
    });
    Ok(strips(&rows, &headings))
}

/// A picture, the nearest that the model makes, and where they differ: grey where
/// they agree, lighter and darker where the made one is.
pub fn inversion_figure(inverted: &Inverted) -> Picture {
    // What is transparent is shown, and compared, on white.
    let shown = |picture: &Picture| match picture.channels {
        4 => picture.with_channels(3),
        _ => picture.clone(),
    };
    let [target, found] = [shown(&inverted.target), shown(&inverted.picture)];
    let difference = Picture {
        pixels: (target.pixels.iter().zip(&found.pixels))
            .map(|(a, b)| ((i16::from(*b) - i16::from(*a)) / 2 + 128) as u8)
            .collect(),
        ..target.clone()
    };
    let pictures = [target, found, difference];
    let row = Strip {
        name: String::new(),
        pictures: pictures.into(),
    };
    let headings = ["target", "found", "difference"].map(String::from);
    strips(&[row], &headings)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::data::Kind;
    use crate::nets::{self, Form};
    use crate::recipe::Recipe;
    use crate::rng::Random;
    use crate::ship::{DataCard, Generator};
    use burn::tensor::Device;

    /// A small generator of digits of two classes, as it begins.
    pub(in crate::latent) fn generator() -> Generator {
        of_recipe(&Recipe::named("digits").unwrap())
    }

    pub(in crate::latent) fn of_recipe(recipe: &Recipe) -> Generator {
        let mut recipe = recipe.clone();
        recipe.model.width = 8;
        let kind = Kind::Images {
            channels: 1,
            height: 12,
            width: 12,
        };
        let form = Form::new(&recipe.model, kind, 2);
        let (layers, parameters) =
            nets::Generator::build(&form, Random::new(3), &Device::flex()).unwrap();
        let data = DataCard {
            name: "test".into(),
            kind,
            classes: vec!["a".into(), "b".into()],
            class_counts: vec![5, 5],
            units: None,
        };
        let mut generator = Generator::new(layers, parameters, form, recipe, data, 64);
        generator.calibrate();
        generator
    }
}
