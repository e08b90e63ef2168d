//! How many threads the kernels use, and how work is shared among them. Results do not depend on
//! it: work is cut by shape alone and partial sums are added in a fixed order.

mod crew;

use std::mem::ManuallyDrop;

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

/// How many threads may share an operator called on this thread.
pub(crate) fn count() -> usize {
    rayon::current_num_threads()
}

/// Runs `work(0)` to `work(count - 1)`, shared among the threads.
pub(crate) fn for_each_index(count: usize, work: impl Fn(usize) + Sync) {
    if count <= 1 {
        return (0..count).for_each(work);
    }
    crew::run(count, self::count(), &work);
}

/// Runs `work` on each item, shared among the threads.
pub(crate) fn for_each<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let items: Vec<ManuallyDrop<T>> = items.into_iter().map(ManuallyDrop::new).collect();
    let list = List(items.as_ptr());
    for_each_index(items.len(), |index| {
        // SAFETY: the index is in the list, and each is given once, so the item is moved out once;
        // the list itself does not drop its items.
        work(ManuallyDrop::into_inner(unsafe { list.read(index) }));
    });
}

/// Items that are moved out by whichever thread comes.
struct List<T>(*const ManuallyDrop<T>);

// SAFETY: each item is used by one thread, to which it may be sent.
unsafe impl<T: Send> Sync for List<T> {}

impl<T> List<T> {
    /// # Safety
    /// The index is within the list, and no item is read twice.
    unsafe fn read(&self, index: usize) -> ManuallyDrop<T> {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index).read() }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn items_are_moved_to_the_work() {
        let mut lengths = [0; 40];
        let words = (0..40).map(|length| "x".repeat(length));
        super::for_each(words.zip(&mut lengths), |(word, length)| {
            *length = word.len();
        });
        assert!(
            lengths
                .iter()
                .enumerate()
                .all(|(index, &length)| index == length)
        );
    }

    #[test]
    fn zero_threads_are_refused() {
        assert!(matches!(
            super::set_threads(0),
            Err(super::ThreadsError::Zero)
        ));
    }
}
