//! Directions of the latent space: unit vectors with names, found in several
//! ways, kept in a small file, and added to any latent.
//!
//! Latents are normal and of variance 1 along any unit vector, so an amount of 1 is
//! one standard deviation of what seeds draw along it.

use super::LatentError;
use super::components::{principal_components, regress};
use super::difference::{clamped, image_form};
use super::sefa::closed_form;
use crate::judge::features::Extractor;
use crate::ship::container::{self, Container};
use crate::ship::{Generator, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Latents that are looked at where outputs or pictures are.
const SAMPLES: u64 = 1024;

/// How directions are found.
pub enum Method<'a> {
    /// Principal components of the outputs of the generator's first layer, after
    /// its norm and activation.
    Components,
    /// Principal components of features of the pictures.
    Features(&'a Extractor),
    /// By the weights of the first layer alone.
    Sefa,
}

/// One direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// What it is called.
    pub name: String,
    /// A unit vector, as long as a latent.
    pub vector: Vec<f32>,
    /// The share of the variance, or of the first layer's squared weight, that goes
    /// with it, where the method says so.
    pub share: Option<f64>,
}

/// Directions of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    list: Vec<Direction>,
    /// How they were found, in words.
    pub method: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Card {
    method: String,
    names: Vec<String>,
    shares: Vec<Option<f64>>,
}

impl container::Card for Card {
    const KIND: &'static str = "directions";
}

impl Direction {
    /// The latent that lies `amount` standard deviations along the direction:
    /// `z + amount v`.
    ///
    /// # Panics
    /// If the latent is of another model.
    pub fn along(&self, z: &[f32], amount: f32) -> Vec<f32> {
        assert_eq!(z.len(), self.vector.len(), "the latent is of this model");
        let pairs = z.iter().zip(&self.vector);
        pairs.map(|(z, v)| z + amount * v).collect()
    }

    pub(super) fn of_length_one(name: &str, vector: Vec<f64>) -> Result<Self, LatentError> {
        let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length.is_nan() || length < 1e-9 {
            return Err(LatentError::NoDifference);
        }
        Ok(Self {
            name: name.into(),
            vector: vector.iter().map(|v| (v / length) as f32).collect(),
            share: None,
        })
    }
}

impl Directions {
    /// Finds the `count` directions along which most changes.
    ///
    /// # Errors
    /// If there are not so many, or the pictures' features cannot be computed.
    pub fn find(generator: &Generator, method: &Method, count: usize) -> Result<Self, LatentError> {
        let most = generator.latent_length() - generator.latent_binary();
        if count > most {
            return Err(LatentError::TooManyDirections {
                wanted: count,
                most,
            });
        }
        let (vectors, shares, prefix, method) = match method {
            Method::Sefa => {
                let (vectors, shares) =
                    closed_form(&generator.first_weight(), generator.latent_length());
                (
                    vectors,
                    shares,
                    "sefa",
                    "eigenvectors of the first layer's weight (SeFa)".into(),
                )
            }
            Method::Components => {
                let places: Vec<_> = (0..SAMPLES).map(|seed| generator.place(seed)).collect();
                let outputs = generator.first_outputs(&places);
                let (vectors, shares) = of_outputs(&places, &outputs, count);
                (
                    vectors,
                    shares,
                    "component",
                    "principal components of the first layer (GANSpace)".into(),
                )
            }
            Method::Features(extractor) => {
                let form = image_form(generator.data().kind)?;
                let places: Vec<_> = (0..SAMPLES).map(|seed| generator.place(seed)).collect();
                let mut outputs = Vec::new();
                for some in places.chunks(256) {
                    let pixels = clamped(generator.values_at(some).concat());
                    outputs.extend(extractor.extract(&pixels, form)?.features);
                }
                let (vectors, shares) = of_outputs(&places, &outputs, count);
                let method = format!(
                    "principal components of {} features of the pictures",
                    extractor.name()
                );
                (vectors, shares, "feature", method)
            }
        };
        let mut list = Vec::new();
        for (number, (mut vector, share)) in vectors.into_iter().zip(shares).take(count).enumerate()
        {
            // Numbers that are -1 or 1 are no place to go along.
            vector[most..].fill(0.0);
            match Direction::of_length_one(&format!("{prefix}{number}"), vector) {
                Ok(direction) => list.push(Direction {
                    share: Some(share),
                    ..direction
                }),
                // What is left varies by rounding only.
                Err(LatentError::NoDifference) => break,
                Err(error) => return Err(error),
            }
        }
        match list.is_empty() {
            true => Err(LatentError::NoDifference),
            false => Ok(Self { list, method }),
        }
    }

    /// Directions that were found otherwise.
    pub fn new(list: Vec<Direction>, method: impl Into<String>) -> Self {
        Self {
            list,
            method: method.into(),
        }
    }

    /// The directions, in order.
    pub fn list(&self) -> &[Direction] {
        &self.list
    }

    /// A direction by its name, or else by its number from 0.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(&self, wanted: &str) -> Result<&Direction, LatentError> {
        let by_name = self.list.iter().find(|direction| direction.name == wanted);
        let by_number = || wanted.parse().ok().and_then(|i: usize| self.list.get(i));
        by_name.or_else(by_number).ok_or_else(|| {
            let known: Vec<_> = self.list.iter().map(|d| &d.name[..]).take(20).collect();
            LatentError::NoDirection {
                wanted: wanted.into(),
                known: known.join(", "),
            }
        })
    }

    /// The latent that lies `amount` standard deviations along the direction with
    /// this number; the latent itself where there is no such direction.
    pub fn along(&self, z: &[f32], direction: usize, amount: f32) -> Vec<f32> {
        match self.list.get(direction) {
            Some(direction) => direction.along(z, amount),
            None => z.to_vec(),
        }
    }

    /// The file's bytes; equal directions give equal ones.
    pub fn encode(&self) -> Vec<u8> {
        let latent = self.list.first().map_or(0, |d| d.vector.len());
        let vectors = self.list.iter().flat_map(|d| &d.vector).copied();
        let shape = vec![self.list.len(), latent];
        let card = Card {
            method: self.method.clone(),
            names: self.list.iter().map(|d| d.name.clone()).collect(),
            shares: self.list.iter().map(|d| d.share).collect(),
        };
        let tensors = BTreeMap::from([("directions".into(), (shape, vectors.collect()))]);
        Container { card, tensors }.encode()
    }

    /// Reads a file's bytes; `name` is what errors call it.
    ///
    /// # Errors
    /// If they are no directions, or those of a model unlike this.
    pub fn decode(bytes: &[u8], name: &str, generator: &Generator) -> Result<Self, LatentError> {
        let unusable = |source| LatentError::File {
            what: name.into(),
            source,
        };
        let mut file = Container::<Card>::decode(bytes).map_err(unusable)?;
        let latent = generator.latent_length();
        let (shape, numbers) = file.tensors.remove("directions").unwrap_or_default();
        let [names, shares] = [file.card.names.len(), file.card.shares.len()];
        let &[count, found] = &shape[..] else {
            return Err(misfit(name, 0, latent));
        };
        if found != latent || count != names || count != shares {
            return Err(misfit(name, found, latent));
        }
        let named = file.card.names.into_iter().zip(file.card.shares);
        let list = named.zip(numbers.chunks_exact(latent));
        Ok(Self {
            list: list
                .map(|((name, share), vector)| Direction {
                    name,
                    vector: vector.to_vec(),
                    share,
                })
                .collect(),
            method: file.card.method,
        })
    }
}

fn misfit(name: &str, found: usize, wanted: usize) -> LatentError {
    LatentError::Misfit {
        what: name.into(),
        found,
        found_classes: 0,
        wanted,
        wanted_classes: 0,
    }
}

/// The latents' directions of the outputs' principal components, and the share of
/// the outputs' variance that each component has.
fn of_outputs(places: &[Place], outputs: &[f32], count: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let latents: Vec<f32> = places.iter().flat_map(|place| &place.z).copied().collect();
    let (latent, width) = (latents.len() / places.len(), outputs.len() / places.len());
    let found = principal_components(outputs, width, count);
    let rows = found.coordinates.rows();
    let vectors = rows
        .into_iter()
        .map(|row| regress(&latents, latent, &row.to_vec()));
    (vectors.collect(), found.shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::figures::tests::{generator, of_recipe};
    use crate::recipe::Recipe;

    #[test]
    fn every_architecture_has_directions_of_length_one_that_read_back() {
        for recipe in ["digits", "r3gan", "sngan", "mlp"] {
            let Ok(recipe) = Recipe::named(recipe) else {
                continue;
            };
            let generator = of_recipe(&recipe);
            for method in [Method::Sefa, Method::Components] {
                let found = Directions::find(&generator, &method, 3).unwrap();
                assert_eq!(found.list().len(), 3);
                for direction in found.list() {
                    let squares: f32 = direction.vector.iter().map(|v| v * v).sum();
                    assert!((squares - 1.0).abs() < 1e-5);
                }
                let read = Directions::decode(&found.encode(), "it", &generator).unwrap();
                assert_eq!(read, found);
            }
        }
    }

    #[test]
    fn sefas_first_direction_moves_the_first_layer_most() {
        let generator = generator();
        let weight = generator.first_weight();
        let found = Directions::find(&generator, &Method::Sefa, 100).unwrap();
        let moved = |direction: &Direction| -> f32 {
            let rows = weight.chunks_exact(100);
            rows.map(|row| {
                row.iter()
                    .zip(&direction.vector)
                    .map(|(w, v)| w * v)
                    .sum::<f32>()
                    .powi(2)
            })
            .sum()
        };
        let [first, last] = [0, 99].map(|i| moved(&found.list()[i]));
        assert!(first > 1.5 * last, "{first} {last}");
        let axis = Direction {
            name: String::new(),
            vector: (0..100).map(|i| f32::from(i == 7)).collect(),
            share: None,
        };
        assert!(first >= moved(&axis) && last <= moved(&axis));
    }

    #[test]
    fn a_difference_of_places_is_a_direction_and_one_of_equal_sides_is_refused() {
        let place = |z: [f32; 2]| Place {
            z: z.to_vec(),
            classes: Vec::new(),
        };
        let plus = [place([2.0, 1.0]), place([4.0, 1.0])];
        let minus = [place([0.0, 5.0])];
        let found = Direction::between_places("it", &plus, &minus).unwrap();
        assert!((found.vector[0] - 0.6).abs() < 1e-6 && (found.vector[1] + 0.8).abs() < 1e-6);
        assert_eq!(found.along(&[1.0, 1.0], 5.0), [4.0, -3.0]);
        let same = Direction::between_places("it", &plus, &plus);
        assert!(matches!(same, Err(LatentError::NoDifference)));
        let empty = Direction::between_places("it", &plus, &[]);
        assert!(matches!(empty, Err(LatentError::EmptySide)));
    }

    #[test]
    fn directions_are_named_and_those_of_another_model_are_refused() {
        let generator = generator();
        let found = Directions::find(&generator, &Method::Sefa, 2).unwrap();
        assert_eq!(found.named("sefa1").unwrap(), found.named("1").unwrap());
        let said = found.named("smile").unwrap_err().to_string();
        assert!(said.contains("sefa0, sefa1"), "{said}");
        assert_eq!(found.along(&[0.5; 100], 9, 3.0), [0.5; 100]);
        let other = Directions::new(
            vec![Direction {
                name: "x".into(),
                vector: vec![1.0],
                share: None,
            }],
            "hand",
        );
        let said = Directions::decode(&other.encode(), "x.safetensors", &generator).unwrap_err();
        assert!(said.to_string().contains("x.safetensors"), "{said}");
        assert!(Directions::find(&generator, &Method::Sefa, 101).is_err());
    }
}
