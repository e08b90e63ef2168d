//! A process-wide pool of float buffers, so that scratch memory and tensors
//! are used again from step to step rather than freed and faulted in anew.
//! A buffer goes back to the pool when it is dropped. What the pool keeps is
//! bounded by what the program once had in use at the same time.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Alignment of every buffer, one cache line and one 512-bit vector.
pub const ALIGNMENT_BYTES: usize = 64;

/// The pool may hold this much beyond the program's peak before it frees.
const SLACK_BYTES: usize = 16 << 20;

/// A run of floats borrowed from the pool. Its contents are initialised but
/// unspecified.
pub struct Buffer {
    start: NonNull<f32>,
    len: usize,
    capacity: usize,
}

// SAFETY: a buffer owns its memory alone, as a `Vec<f32>` does.
unsafe impl Send for Buffer {}
// SAFETY: a shared buffer only gives out shared slices.
unsafe impl Sync for Buffer {}

/// Free memory by capacity in floats, and what is in use.
struct State {
    free: BTreeMap<usize, Vec<Free>>,
    free_bytes: usize,
    used_bytes: usize,
    peak_bytes: usize,
}

/// Memory that waits in the pool.
struct Free(NonNull<f32>);

// SAFETY: the pool is the only owner of memory that waits in it.
unsafe impl Send for Free {}

static POOL: Mutex<State> = Mutex::new(State {
    free: BTreeMap::new(),
    free_bytes: 0,
    used_bytes: 0,
    peak_bytes: 0,
});

fn pool() -> MutexGuard<'static, State> {
    // The state is consistent between any two statements that can panic.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the pool holds, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// In buffers that the program holds.
    pub used_bytes: usize,
    /// In buffers that wait to be used again.
    pub free_bytes: usize,
    /// The most that was ever used at once.
    pub peak_bytes: usize,
}

/// What the pool holds at the moment.
pub fn usage() -> Usage {
    let state = pool();
    Usage {
        used_bytes: state.used_bytes,
        free_bytes: state.free_bytes,
        peak_bytes: state.peak_bytes,
    }
}

/// The capacity that serves `len` floats: at most one eighth more, in steps of
/// one cache line.
fn capacity_for(len: usize) -> usize {
    let lines = len.div_ceil(16).max(1);
    let step = (lines.next_power_of_two() / 16).max(1);
    lines.div_ceil(step) * step * 16
}

fn layout_of(capacity: usize) -> Layout {
    let bytes = capacity
        .checked_mul(size_of::<f32>())
        .expect("a buffer's size in bytes fits a usize");
    Layout::from_size_align(bytes, ALIGNMENT_BYTES).expect("a buffer's size fits an isize")
}

/// Takes a buffer of `len` floats, 64-byte aligned, initialised but with
/// unspecified contents.
pub fn take(len: usize) -> Buffer {
    let capacity = capacity_for(len);
    let bytes = capacity * size_of::<f32>();
    let mut evicted = Vec::new();
    let found = {
        let mut state = pool();
        state.used_bytes += bytes;
        state.peak_bytes = state.peak_bytes.max(state.used_bytes);
        let found = state.free.get_mut(&capacity).and_then(Vec::pop);
        match found {
            Some(_) => state.free_bytes -= bytes,
            None => evict(&mut state, &mut evicted),
        }
        found
    };
    for (capacity, Free(start)) in evicted {
        // SAFETY: the pool owned this memory, allocated with this layout.
        unsafe { dealloc(start.as_ptr().cast(), layout_of(capacity)) }
    }
    let start = found.map(|free| free.0).unwrap_or_else(|| {
        let layout = layout_of(capacity);
        // SAFETY: the layout has a size above zero. All-zero bits are a float.
        let start = unsafe { alloc_zeroed(layout) }.cast::<f32>();
        NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout))
    });
    Buffer {
        start,
        len,
        capacity,
    }
}

/// Takes a buffer of `len` zeros.
pub fn take_zeroed(len: usize) -> Buffer {
    let mut buffer = take(len);
    buffer.fill(0.0);
    buffer
}

/// Moves free memory out of the pool, the largest first, until the whole stays
/// near the peak of what was in use.
fn evict(state: &mut State, evicted: &mut Vec<(usize, Free)>) {
    let bound = state.peak_bytes + state.peak_bytes / 8 + SLACK_BYTES;
    while state.used_bytes + state.free_bytes > bound {
        let Some(mut largest) = state.free.last_entry() else {
            break;
        };
        let capacity = *largest.key();
        match largest.get_mut().pop() {
            Some(free) => {
                evicted.push((capacity, free));
                state.free_bytes -= capacity * size_of::<f32>();
            }
            None => drop(largest.remove()),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = self.capacity * size_of::<f32>();
        let mut state = pool();
        state.used_bytes -= bytes;
        state.free_bytes += bytes;
        state
            .free
            .entry(self.capacity)
            .or_default()
            .push(Free(self.start));
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `start` owns `capacity >= len` floats, all initialised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_waste_at_most_an_eighth() {
        for len in 1..100_000_usize {
            let capacity = capacity_for(len);
            assert!(capacity >= len && capacity.is_multiple_of(16));
            assert!(
                capacity as f64 <= 1.125 * (len.div_ceil(16) * 16) as f64,
                "{len} -> {capacity}"
            );
            assert_eq!(capacity_for(capacity), capacity);
        }
    }

    #[test]
    fn buffers_are_aligned_and_written_to() {
        for len in [0, 1, 15, 16, 17, 1000, 123_457] {
            let mut buffer = take(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr() as usize % ALIGNMENT_BYTES, 0);
            buffer.fill(1.0);
            assert!(take_zeroed(len).iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn memory_is_kept_within_the_bound() {
        for round in 1..200 {
            drop(take(round * 10_007));
        }
        let usage = usage();
        assert!(
            usage.free_bytes + usage.used_bytes
                <= usage.peak_bytes * 9 / 8 + SLACK_BYTES + (4 << 20)
        );
    }
}
