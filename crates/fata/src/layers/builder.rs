//! How a player's tensors come to be: drawn, or read.

use super::spectral::Singular;
use super::{Id, Init, Parameter, Parameters, tensor};
use crate::rng::{Draws, Random, Stream};
use burn::tensor::Device;
use std::collections::BTreeMap;

/// Builds a player's parameters, drawing their initial values or taking those
/// that a file holds.
pub struct Builder {
    list: Vec<Parameter>,
    device: Device,
    values: Values,
    /// Whether weights are divided by their spectral norm.
    pub(crate) spectral: bool,
}

/// Tensors by name: shapes and numbers.
pub(crate) type Stored = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Where a builder has its values from.
enum Values {
    Drawn {
        random: Random,
        player: u64,
    },
    Stored {
        tensors: Stored,
        /// The first that was asked for in vain: name and shape.
        missing: Option<(String, Vec<usize>)>,
    },
}

impl Builder {
    /// Starts a player; its number separates its draws from the other's.
    pub fn new(random: Random, player: u64, device: &Device) -> Self {
        Self {
            list: Vec::new(),
            device: device.clone(),
            values: Values::Drawn { random, player },
            spectral: false,
        }
    }

    /// Starts a player whose values are in a file. Nothing is allocated for a
    /// tensor that the file does not hold, whatever its shape would be.
    pub(crate) fn stored(tensors: Stored, device: &Device) -> Self {
        Self {
            list: Vec::new(),
            device: device.clone(),
            values: Values::Stored {
                tensors,
                missing: None,
            },
            spectral: false,
        }
    }

    /// A layer's weight, its outputs last in its shape: spectrally normalised
    /// where the player's weights are.
    pub fn weight(&mut self, name: &str, shape: &[usize], init: Init) -> Id {
        let id = init.tensor(self, format!("{name}.weight"), shape);
        if self.spectral {
            let columns = shape.last().copied().unwrap_or(1);
            let rows = shape.iter().product::<usize>() / columns.max(1);
            let mut vector = |part: &str, length: usize| {
                let name = format!("{name}.{part}");
                self.push(name, &[length], false, |draws| draws.normal())
            };
            let places = Singular {
                left: vector("left", rows),
                right: vector("right", columns),
            };
            self.list[id.0].spectral = Some(places);
        }
        id
    }

    /// A trained tensor, normal with this mean and deviation.
    pub fn normal(&mut self, name: String, shape: &[usize], mean: f32, deviation: f32) -> Id {
        self.push(name, shape, true, |draws| mean + deviation * draws.normal())
    }

    /// A trained tensor, uniform on [-bound, bound].
    pub fn uniform(&mut self, name: String, shape: &[usize], bound: f32) -> Id {
        self.push(name, shape, true, |draws| {
            bound * (2.0 * draws.uniform() - 1.0)
        })
    }

    /// A trained tensor of one value.
    pub fn constant(&mut self, name: String, shape: &[usize], value: f32) -> Id {
        self.push(name, shape, true, |_| value)
    }

    /// A tensor that is kept but not trained.
    pub fn buffer(&mut self, name: String, shape: &[usize], value: f32) -> Id {
        self.push(name, shape, false, |_| value)
    }

    /// A tensor that is drawn and stays as it is.
    pub(crate) fn fixed(
        &mut self,
        name: String,
        shape: &[usize],
        draw: impl FnMut(&mut Draws) -> f32,
    ) -> Id {
        self.push(name, shape, false, draw)
    }

    fn push(
        &mut self,
        name: String,
        shape: &[usize],
        trained: bool,
        mut draw: impl FnMut(&mut Draws) -> f32,
    ) -> Id {
        let numbers = match &mut self.values {
            Values::Drawn { random, player } => {
                let counter = *player << 32 | self.list.len() as u64;
                let mut draws = random.at(Stream::Weights, counter);
                let length = shape.iter().product();
                (0..length).map(|_| draw(&mut draws)).collect()
            }
            Values::Stored { tensors, missing } => match tensors.remove(&name) {
                Some((found, numbers)) if found == shape => numbers,
                _ => {
                    missing.get_or_insert_with(|| (name.clone(), shape.into()));
                    Vec::new()
                }
            },
        };
        self.list.push(Parameter {
            name,
            shape: shape.into(),
            trained,
            spectral: None,
            value: tensor(numbers, &self.device),
        });
        Id(self.list.len() - 1)
    }

    /// The name and shape of the first tensor that the file does not hold.
    pub(crate) fn missing(&self) -> Option<&(String, Vec<usize>)> {
        match &self.values {
            Values::Stored { missing, .. } => missing.as_ref(),
            Values::Drawn { .. } => None,
        }
    }

    /// The player's parameters.
    pub fn finish(self) -> Parameters {
        let drawn = matches!(self.values, Values::Drawn { .. });
        let mut parameters = Parameters {
            list: self.list,
            device: self.device,
        };
        if drawn {
            // PyTorch's spectral_norm makes as many before the first step.
            parameters.follow_singular_vectors(15);
        }
        parameters
    }
}
