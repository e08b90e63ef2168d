//! How many threads the kernels use. Results do not depend on it: work is cut by shape alone and
//! partial sums are added in a fixed order.

/// Why the number of threads could not be set.
#[derive(Debug, thiserror::Error)]
pub enum ThreadsError {
    /// Zero threads were asked for.
    #[error("the number of threads is 0: give 1 or more")]
    Zero,
    /// The pool was already running, so its size is fixed.
    #[error("the number of threads was set too late, the pool already runs: {0}")]
    AlreadyRunning(#[from] rayon::ThreadPoolBuildError),
}

/// Sets the number of threads of the process. To be called once, before any operator runs;
/// without it `RAYON_NUM_THREADS` or the number of processors decides.
///
/// # Errors
/// When `count` is zero or the pool is already running.
pub fn set_threads(count: usize) -> Result<(), ThreadsError> {
    if count == 0 {
        return Err(ThreadsError::Zero);
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn zero_threads_are_refused() {
        assert!(matches!(
            super::set_threads(0),
            Err(super::ThreadsError::Zero)
        ));
    }
}
