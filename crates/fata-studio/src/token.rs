//! Names that nobody can guess.

use crate::reply::Refusal;

/// 128 bits, as 32 digits.
pub(crate) fn token() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refusal::broken(format!("the system draws no number: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
