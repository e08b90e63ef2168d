//! A player's weights as a pass sees them.

use super::spectral::Singular;
use super::{Id, Parameter};
use burn::tensor::{Gradients, Tensor};
use fata_kernels::BatchStatistics;
use std::cell::RefCell;

/// Whether batch normalisation uses the batch or the running statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The batch's own, which are also collected.
    Train,
    /// The running ones: each sample is independent of the others.
    Infer,
}

/// A layer's value, flat, and its shape.
type Note = (Vec<usize>, Tensor<1>);

/// A player's weights, lent to one pass.
pub struct Weights {
    pub(super) values: Vec<Tensor<1>>,
    shapes: Vec<Vec<usize>>,
    spectral: Vec<Option<Singular>>,
    /// What was already divided by its spectral norm in this pass.
    normalised: RefCell<Vec<Option<Tensor<1>>>>,
    /// The same weights for values that are not differentiated.
    pub(super) constants: Option<Box<Weights>>,
    /// Where the weights move in a forward-mode pass.
    pub(super) direction: Option<Box<Weights>>,
    /// What layers' values came to, in their order, if they are to be noted.
    notes: RefCell<Option<Vec<Note>>>,
    /// Notes of another pass, the next value last.
    recalled: RefCell<Vec<Note>>,
    /// Which statistics batch normalisation uses.
    pub mode: Mode,
    statistics: RefCell<Vec<(Id, Id, BatchStatistics)>>,
}

impl Weights {
    /// The weights of a player as `lift` makes them of its parameters.
    pub(super) fn lent(
        list: &[Parameter],
        mode: Mode,
        lift: impl Fn(&Parameter) -> Tensor<1>,
    ) -> Self {
        Self {
            values: list.iter().map(lift).collect(),
            shapes: list.iter().map(|each| each.shape.clone()).collect(),
            spectral: list.iter().map(|each| each.spectral).collect(),
            normalised: RefCell::new(vec![None; list.len()]),
            constants: None,
            direction: None,
            notes: RefCell::default(),
            recalled: RefCell::default(),
            mode,
            statistics: RefCell::default(),
        }
    }

    /// A tensor in its shape.
    pub fn get<const D: usize>(&self, id: Id) -> Tensor<D> {
        self.normalised(id).reshape(rank(&self.shapes[id.0]))
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
    fn for_value(&self, differentiated: bool) -> &Self {
        match &self.constants {
            Some(constants) if !differentiated => constants,
            _ => self,
        }
    }

    /// A layer's value, computed with constants unless it is differentiated, or known from another
    /// pass over the same samples.
    pub(crate) fn value<const D: usize>(
        &self,
        differentiated: bool,
        compute: impl FnOnce(&Self) -> Tensor<D>,
    ) -> Tensor<D> {
        if !differentiated && let Some((shape, known)) = self.recalled.borrow_mut().pop() {
            return known.reshape(rank(&shape));
        }
        let value = compute(self.for_value(differentiated));
        if let Some(notes) = self.notes.borrow_mut().as_mut() {
            let shape = value.dims();
            let flat = value.clone().detach().without_autodiff();
            notes.push((
                shape.into(),
                flat.reshape([shape.iter().product::<usize>()]),
            ));
        }
        value
    }

    /// Passes from now on note what their layers' values came to.
    pub(crate) fn note(&self) {
        self.notes.replace(Some(Vec::new()));
    }

    /// The next pass, over the same samples, whose values are not differentiated, takes them from
    /// what another one noted.
    pub(crate) fn recall(&self, of: &Self) {
        let mut notes = of.notes.take().unwrap_or_default();
        notes.reverse();
        self.recalled.replace(notes);
    }

    /// The direction in which the weights themselves move, if they do.
    pub fn direction(&self) -> Option<&Self> {
        self.direction.as_deref()
    }

    /// A tensor that is never differentiated, in its shape.
    pub fn constant<const D: usize>(&self, id: Id) -> Tensor<D> {
        let value = self.values[id.0].clone();
        let shape = rank(&self.shapes[id.0]);
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

/// A shape as long as the rank that is asked for.
fn rank<const D: usize>(shape: &[usize]) -> [usize; D] {
    let shape = shape.try_into();
    shape.expect("a layer asks for the rank it declared")
}
