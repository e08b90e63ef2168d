//! A player's tensors: where they live, and how they are lent to a pass.

use super::Init;
use super::spectral::{self, Singular};
use crate::rng::{Draws, Random, Stream};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use fata_kernels::BatchStatistics;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// PyTorch's momentum of running statistics: the share of the newest batch.
const STATISTICS_MOMENTUM: f32 = 0.1;

/// The place of a tensor in its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

/// A named tensor, kept flat.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in files: the layer's, then the tensor's own.
    pub name: String,
    /// Its shape in files and in layers.
    pub shape: Vec<usize>,
    /// Whether the optimiser changes it; running statistics are not trained.
    pub trained: bool,
    /// The singular vectors by which it is divided by its spectral norm, if it is.
    pub(super) spectral: Option<Singular>,
    value: Tensor<1>, // [product of shape], without autodiff
}

/// All tensors of a player, in the order in which its layers were built.
#[derive(Clone, Debug)]
pub struct Parameters {
    list: Vec<Parameter>,
    device: Device,
}

impl Parameters {
    /// The parameters, in order.
    pub fn list(&self) -> &[Parameter] {
        &self.list
    }

    /// How many numbers are trained.
    pub fn count(&self) -> usize {
        let trained = self.list.iter().filter(|parameter| parameter.trained);
        trained
            .map(|parameter| parameter.shape.iter().product::<usize>())
            .sum()
    }

    /// The device they live on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Lends the weights to a pass whose gradient is wanted.
    pub fn tracked(&self, mode: Mode) -> Weights {
        self.lend(mode, |parameter| {
            let value = parameter.value.clone().autodiff();
            if parameter.trained {
                value.require_grad()
            } else {
                value
            }
        })
    }

    /// Lends the weights to a pass through which gradients flow to its input,
    /// but in which the weights themselves are constants.
    pub fn frozen(&self, mode: Mode) -> Weights {
        self.lend(mode, |parameter| parameter.value.clone().autodiff())
    }

    /// Lends the weights to a forward-mode pass whose gradient is wanted: values
    /// that are not differentiated go through constants.
    pub fn tracked_along(&self, mode: Mode) -> Weights {
        let mut weights = self.tracked(mode);
        weights.constants = Some(Box::new(self.plain(mode)));
        weights
    }

    /// Lends the weights to a forward-mode pass in which they move themselves: along
    /// `direction`, flat tensors in the order of the trained parameters. Values are
    /// differentiated as well as their derivatives along the direction.
    ///
    /// # Panics
    /// If there are not as many tensors as trained parameters.
    pub fn tracked_moving(&self, mode: Mode, direction: Vec<Tensor<1>>) -> Weights {
        let mut moving = self.frozen(mode);
        let mut direction = direction.into_iter();
        for (value, parameter) in moving.values.iter_mut().zip(&self.list) {
            *value = match parameter.trained {
                true => {
                    let along = direction.next();
                    along
                        .expect("a direction for each trained parameter")
                        .autodiff()
                }
                false => value.zeros_like(),
            };
        }
        let mut weights = self.tracked(mode);
        weights.direction = Some(Box::new(moving));
        weights
    }

    /// Follows the weights' first singular vectors, once before a step.
    pub fn follow_singular_vectors(&mut self, iterations: usize) {
        for index in 0..self.list.len() {
            let parameter = &self.list[index];
            let Some(places) = parameter.spectral else {
                continue;
            };
            let [left, right] = [places.left, places.right].map(|id| &self.list[id.0].value);
            let matrix = parameter.value.clone();
            let [left, right] = spectral::follow(matrix, [left.clone(), right.clone()], iterations);
            self.list[places.left.0].value = left;
            self.list[places.right.0].value = right;
        }
    }

    /// Takes over the singular vectors of another copy of the same player.
    pub fn share_singular_vectors(&mut self, of: &Self) {
        let places = self.list.iter().filter_map(|parameter| parameter.spectral);
        let vectors: Vec<Id> = places.flat_map(|at| [at.left, at.right]).collect();
        for id in vectors {
            self.list[id.0].value = of.list[id.0].value.clone();
        }
    }

    /// Keeps every trained number within plus or minus `bound`.
    pub fn clip(&mut self, bound: f32) {
        for parameter in self.list.iter_mut().filter(|parameter| parameter.trained) {
            parameter.value = parameter.value.clone().clamp(-bound, bound);
        }
    }

    /// Lends the weights to a pass without gradients.
    pub fn plain(&self, mode: Mode) -> Weights {
        self.lend(mode, |parameter| parameter.value.clone())
    }

    fn lend(&self, mode: Mode, lift: impl Fn(&Parameter) -> Tensor<1>) -> Weights {
        Weights {
            values: self.list.iter().map(lift).collect(),
            shapes: self
                .list
                .iter()
                .map(|parameter| parameter.shape.clone())
                .collect(),
            spectral: self
                .list
                .iter()
                .map(|parameter| parameter.spectral)
                .collect(),
            normalised: RefCell::new(vec![None; self.list.len()]),
            constants: None,
            direction: None,
            mode,
            statistics: RefCell::default(),
        }
    }

    /// Blends the statistics of the passes' batches into the running ones.
    pub fn absorb(&mut self, statistics: Vec<(Id, Id, BatchStatistics)>) {
        for (mean, variance, batch) in statistics {
            self.blend(mean, batch.mean, STATISTICS_MOMENTUM);
            self.blend(variance, batch.variance, STATISTICS_MOMENTUM);
        }
    }

    /// Blends a value into a parameter: `p += weight * (value - p)`.
    pub fn blend(&mut self, id: Id, value: Tensor<1>, weight: f32) {
        let place = &mut self.list[id.0].value;
        *place = place.clone() * (1.0 - weight) + value * weight;
    }

    /// Takes the values of the trained parameters out, in order, so that they
    /// can be changed in place; [`Parameters::put_trained`] brings them back.
    pub fn take_trained(&mut self) -> Vec<Tensor<1>> {
        let device = self.device.clone();
        let trained = self.list.iter_mut().filter(|parameter| parameter.trained);
        trained
            .map(|parameter| std::mem::replace(&mut parameter.value, Tensor::zeros([1], &device)))
            .collect()
    }

    /// Puts values back where [`Parameters::take_trained`] took them.
    pub fn put_trained(&mut self, values: Vec<Tensor<1>>) {
        let trained = self.list.iter_mut().filter(|parameter| parameter.trained);
        for (parameter, value) in trained.zip(values) {
            parameter.value = value;
        }
    }

    /// The trained parameters' values, flat and in order.
    pub fn trained(&self) -> Vec<Tensor<1>> {
        let trained = self.list.iter().filter(|parameter| parameter.trained);
        trained.map(|parameter| parameter.value.clone()).collect()
    }

    /// The names of the trained parameters, in order.
    pub fn trained_names(&self) -> Vec<&str> {
        let trained = self.list.iter().filter(|parameter| parameter.trained);
        trained.map(|parameter| parameter.name.as_str()).collect()
    }

    /// All values, flat and in order.
    pub fn values(&self) -> Vec<Tensor<1>> {
        self.list
            .iter()
            .map(|parameter| parameter.value.clone())
            .collect()
    }

    /// The numbers of one parameter.
    pub fn read(&self, index: usize) -> Vec<f32> {
        numbers(self.list[index].value.clone())
    }

    /// Replaces the numbers of one parameter.
    ///
    /// # Panics
    /// If there are not as many as the parameter holds.
    pub fn write(&mut self, index: usize, numbers: Vec<f32>) {
        let parameter = &mut self.list[index];
        assert_eq!(numbers.len(), parameter.shape.iter().product::<usize>());
        parameter.value = tensor(numbers, &self.device);
    }
}

/// Whether batch normalisation uses the batch or the running statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The batch's own, which are also collected.
    Train,
    /// The running ones: each sample is independent of the others.
    Infer,
}

/// A player's weights, lent to one pass.
pub struct Weights {
    values: Vec<Tensor<1>>,
    shapes: Vec<Vec<usize>>,
    spectral: Vec<Option<Singular>>,
    /// What was already divided by its spectral norm in this pass.
    normalised: RefCell<Vec<Option<Tensor<1>>>>,
    /// The same weights for values that are not differentiated.
    constants: Option<Box<Weights>>,
    /// Where the weights move in a forward-mode pass.
    direction: Option<Box<Weights>>,
    /// Which statistics batch normalisation uses.
    pub mode: Mode,
    statistics: RefCell<Vec<(Id, Id, BatchStatistics)>>,
}

impl Weights {
    /// A tensor in its shape.
    pub fn get<const D: usize>(&self, id: Id) -> Tensor<D> {
        let shape: [usize; D] = self.shapes[id.0][..]
            .try_into()
            .expect("a layer asks for the rank it declared");
        self.normalised(id).reshape(shape)
    }

    fn normalised(&self, id: Id) -> Tensor<1> {
        let value = self.values[id.0].clone();
        let Some(places) = self.spectral[id.0] else {
            return value;
        };
        let mut cache = self.normalised.borrow_mut();
        let normalised = cache[id.0].get_or_insert_with(|| {
            let [left, right] = [places.left, places.right].map(|id| self.values[id.0].clone());
            fata_kernels::spectral_normalise(value, left, right)
        });
        normalised.clone()
    }

    /// The weights for values of a forward-mode pass: constants, unless the
    /// values are differentiated too.
    pub fn for_value(&self, differentiated: bool) -> &Self {
        match &self.constants {
            Some(constants) if !differentiated => constants,
            _ => self,
        }
    }

    /// The direction in which the weights themselves move, if they do.
    pub fn direction(&self) -> Option<&Self> {
        self.direction.as_deref()
    }

    /// A tensor that is never differentiated, in its shape.
    pub fn constant<const D: usize>(&self, id: Id) -> Tensor<D> {
        let shape = &self.shapes[id.0];
        let shape: [usize; D] = shape[..]
            .try_into()
            .expect("a layer asks for the rank it declared");
        let value = self.values[id.0].clone();
        value.detach().without_autodiff().reshape(shape)
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, id: Id) -> &[usize] {
        &self.shapes[id.0]
    }

    /// A vector, as it is.
    pub fn vector(&self, id: Id) -> Tensor<1> {
        self.values[id.0].clone()
    }

    /// Notes a batch's statistics for the running ones.
    pub fn collect(&self, mean: Id, variance: Id, batch: BatchStatistics) {
        self.statistics.borrow_mut().push((mean, variance, batch));
    }

    /// The statistics that the passes since the last call have collected.
    pub fn take_statistics(&self) -> Vec<(Id, Id, BatchStatistics)> {
        self.statistics.take()
    }

    /// The gradients of the trained parameters, flat and in order; zeros where
    /// a parameter had no part in the loss.
    pub fn gradients(self, gradients: &mut Gradients) -> Vec<Tensor<1>> {
        let trained = self.values.iter().filter(|value| value.is_require_grad());
        trained
            .map(|value| {
                value.grad_remove(gradients).unwrap_or_else(|| {
                    Tensor::zeros(value.dims(), &value.device().without_autodiff())
                })
            })
            .collect()
    }
}

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

/// A flat tensor of these numbers.
pub(crate) fn tensor(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [length]), device)
}

/// The numbers of a tensor, in row-major order.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .into_data()
        .try_into_vec::<f32>()
        .expect("every tensor here holds f32")
}
