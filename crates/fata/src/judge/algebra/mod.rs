//! The linear algebra that metrics need, in `f64`: products of tall matrices,
//! covariances, singular values, and the
//! eigenvectors of small symmetric matrices. Matrices are `ndarray`'s, row by row.
//!
//! Work is cut by shape alone, so results do not depend on the number of
//! threads.

mod bidiagonal;
mod factor;
mod product;
mod singular_values;
mod symmetric;

pub(crate) use factor::{covariance_factor, mean};
pub(crate) use product::{product_transposed, widen};
pub(crate) use singular_values::singular_values;
pub(crate) use symmetric::symmetric_eigen;
