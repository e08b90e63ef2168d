//! A player's tensors: where they live, and how they are lent to a pass.

use super::spectral::{self, Singular};
use super::{Mode, Weights};
use burn::tensor::{Device, Tensor, TensorData};
use fata_kernels::BatchStatistics;

/// PyTorch's momentum of running statistics: the share of the newest batch.
const STATISTICS_MOMENTUM: f32 = 0.1;

/// The place of a tensor in its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub(super) usize);

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
    pub(super) value: Tensor<1>, // [product of shape], without autodiff
}

/// All tensors of a player, in the order in which its layers were built.
#[derive(Clone, Debug)]
pub struct Parameters {
    pub(super) list: Vec<Parameter>,
    pub(super) device: Device,
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
        Weights::lent(&self.list, mode, |parameter| {
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
        Weights::lent(&self.list, mode, |parameter| {
            parameter.value.clone().autodiff()
        })
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
        Weights::lent(&self.list, mode, |parameter| parameter.value.clone())
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
