//! What a step is given: samples of the data and their labels, as tensors.

use crate::layers::tensor;
use burn::tensor::{Device, Tensor};

/// Samples and, where the players are told them, labels.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    /// `[batch, product of the network shape]`
    pub(crate) values: Tensor<2>,
    /// One-hot `[batch, classes]`.
    pub(crate) labels: Option<Tensor<2>>,
}

/// What one update of the discriminator is given.
#[derive(Clone, Debug)]
pub(crate) struct Portion {
    pub(crate) real: Samples,
    /// Samples whose labels a semi-supervised discriminator learns from.
    pub(crate) labelled: Option<Samples>,
}

impl Samples {
    /// Samples from numbers in row-major order, with labels where there are
    /// classes to tell.
    pub(crate) fn new(
        values: Vec<f32>,
        rows: usize,
        labels: Option<&[u32]>,
        classes: usize,
        device: &Device,
    ) -> Self {
        let columns = values.len() / rows.max(1);
        let labels = labels.filter(|_| classes > 0);
        Self {
            values: tensor(values, device).reshape([rows, columns]),
            labels: labels.map(|labels| one_hot(labels, classes, device)),
        }
    }
}

/// A row for each label, 1 in its class's column and 0 elsewhere.
pub(crate) fn one_hot(labels: &[u32], classes: usize, device: &Device) -> Tensor<2> {
    let mut rows = vec![0.0; labels.len() * classes];
    for (row, &label) in rows.chunks_exact_mut(classes.max(1)).zip(labels) {
        if let Some(place) = row.get_mut(label as usize) {
            *place = 1.0;
        }
    }
    tensor(rows, device).reshape([labels.len(), classes])
}
