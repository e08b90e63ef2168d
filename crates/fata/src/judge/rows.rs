//! Feature vectors, one row a sample.

/// A view of features.
///
/// # Shapes
/// `values` [count, width], row by row.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) width: usize,
}

impl<'a> Rows<'a> {
    /// Rows of this width.
    ///
    /// # Panics
    /// If the values are not a whole number of rows.
    pub fn new(values: &'a [f32], width: usize) -> Self {
        assert!(
            width > 0 && values.len().is_multiple_of(width),
            "whole rows"
        );
        Self { values, width }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.values.len() / self.width
    }

    /// One row.
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.width..][..self.width]
    }

    /// The first `count` rows, or all.
    pub(crate) fn first(&self, count: usize) -> Self {
        let end = self.values.len().min(count * self.width);
        Self {
            values: &self.values[..end],
            width: self.width,
        }
    }

    /// The rows of these numbers, in their order.
    pub(crate) fn pick(&self, indices: impl IntoIterator<Item = usize>) -> Vec<f32> {
        indices
            .into_iter()
            .flat_map(|index| self.row(index))
            .copied()
            .collect()
    }
}
