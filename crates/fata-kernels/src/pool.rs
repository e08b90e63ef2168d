//! A process-wide pool of float buffers, so that scratch memory and tensors are used again from
//! step to step rather than freed and faulted in anew. Small buffers wait in lists by size; large
//! ones are cut out of regions, the best fit first, and grow together again when they come back.
//! Regions ask the system for huge pages: with pages of 4 KiB the kernels' walks over whole images
//! spend more time on address translation than on arithmetic.

mod regions;

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use regions::Regions;

/// Alignment of every buffer, one cache line and one 512-bit vector.
pub const ALIGNMENT_BYTES: usize = 64;

/// Buffers below this size are kept in lists by size.
const SMALL_BYTES: usize = 16 << 10;

/// A run of floats borrowed from the pool. Its contents are initialised but
/// unspecified.
pub struct Buffer {
    start: NonNull<f32>,
    len: usize,
    bytes: usize,
}

// SAFETY: a buffer owns its memory alone, as a `Vec<f32>` does.
unsafe impl Send for Buffer {}
// SAFETY: a shared buffer only gives out shared slices.
unsafe impl Sync for Buffer {}

struct State {
    small: BTreeMap<usize, Vec<Free>>,
    small_free_bytes: usize,
    large: Regions,
    used_bytes: usize,
    peak_bytes: usize,
}

/// Memory that waits in a list.
struct Free(NonNull<f32>);

// SAFETY: the pool is the only owner of memory that waits in it.
unsafe impl Send for Free {}

static POOL: Mutex<State> = Mutex::new(State {
    small: BTreeMap::new(),
    small_free_bytes: 0,
    large: Regions::new(),
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
    /// In memory that waits to be used again. Parts of it may never have been touched.
    pub free_bytes: usize,
    /// The most that was ever used at once.
    pub peak_bytes: usize,
}

/// What the pool holds at the moment.
pub fn usage() -> Usage {
    let state = pool();
    Usage {
        used_bytes: state.used_bytes,
        free_bytes: state.small_free_bytes + state.large.free_bytes(),
        peak_bytes: state.peak_bytes,
    }
}

/// Bytes set aside for `len` floats: whole cache lines, and at least one.
fn bytes_for(len: usize) -> usize {
    let bytes = len.checked_mul(size_of::<f32>());
    let bytes = bytes.and_then(|bytes| bytes.max(1).checked_next_multiple_of(ALIGNMENT_BYTES));
    bytes.expect("a buffer's size in bytes fits a usize")
}

/// Takes a buffer of `len` floats, 64-byte aligned, initialised but with
/// unspecified contents.
pub fn take(len: usize) -> Buffer {
    let bytes = bytes_for(len);
    let start = {
        let mut state = pool();
        state.used_bytes += bytes;
        state.peak_bytes = state.peak_bytes.max(state.used_bytes);
        if bytes >= SMALL_BYTES {
            state.large.take(bytes)
        } else {
            let found = state.small.get_mut(&bytes).and_then(Vec::pop);
            if found.is_some() {
                state.small_free_bytes -= bytes;
            }
            drop(state);
            found.map_or_else(|| allocate_small(bytes), |free| free.0)
        }
    };
    Buffer { start, len, bytes }
}

/// Takes a buffer of `len` zeros.
pub fn take_zeroed(len: usize) -> Buffer {
    let mut buffer = take(len);
    buffer.fill(0.0);
    buffer
}

/// Memory for one small buffer, which the pool never gives back.
fn allocate_small(bytes: usize) -> NonNull<f32> {
    let layout =
        Layout::from_size_align(bytes, ALIGNMENT_BYTES).expect("a small size fits an isize");
    // SAFETY: the layout has a size above zero. All-zero bits are a float.
    let start = unsafe { alloc_zeroed(layout) }.cast::<f32>();
    NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut state = pool();
        state.used_bytes -= self.bytes;
        if self.bytes >= SMALL_BYTES {
            let keep_bytes = state.peak_bytes;
            // SAFETY: the range was taken in `take` and nothing refers to it any more.
            unsafe { state.large.give_back(self.start, self.bytes, keep_bytes) };
        } else {
            state.small_free_bytes += self.bytes;
            let list = state.small.entry(self.bytes).or_default();
            list.push(Free(self.start));
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `start` owns at least `len` floats, all initialised.
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
    fn buffers_are_aligned_and_written_to() {
        for len in [0, 1, 15, 16, 17, 1000, 4096, 123_457] {
            let mut buffer = take(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr() as usize % ALIGNMENT_BYTES, 0);
            buffer.fill(1.0);
            assert!(take_zeroed(len).iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn buffers_held_together_do_not_overlap() {
        let mut held: Vec<(usize, Buffer)> = Vec::new();
        for round in 0..2000_usize {
            let mut buffer = take(1 + round.wrapping_mul(7919) % 50_000);
            buffer.fill(round as f32);
            held.push((round, buffer));
            if held.len() > 40 {
                let (number, buffer) = held.swap_remove(round.wrapping_mul(31) % held.len());
                assert!(buffer.iter().all(|&x| x == number as f32));
            }
        }
    }
}
