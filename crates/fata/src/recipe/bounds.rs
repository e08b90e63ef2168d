//! What a value of a recipe must satisfy, and the error that says so.

use super::RecipeError;
use std::fmt::Display;

/// The error that names a key, its value and what is allowed, unless it fits.
pub(super) fn require(
    fits: bool,
    key: &'static str,
    value: &dyn Display,
    allowed: &str,
) -> Result<(), RecipeError> {
    if fits {
        return Ok(());
    }
    Err(RecipeError::Value {
        key,
        value: value.to_string(),
        allowed: allowed.into(),
    })
}

/// A weight or a scale: 0 turns it off.
pub(super) fn require_weight(key: &'static str, value: f64) -> Result<(), RecipeError> {
    let fits = (0.0..=1e6).contains(&value);
    require(fits, key, &value, "at least 0, at most 1000000")
}
