//! Large runs of memory, cut up by the best fit and joined again with their neighbours.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::{BTreeMap, BTreeSet};
use std::ptr::NonNull;

/// Size and alignment of the pages that are asked for.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// The least that is asked of the system at once. Beyond what allocators keep in their own heaps,
/// so that its pages are zeros that take no memory until they are written to.
const REGION_BYTES: usize = 64 << 20;

/// Free memory in regions of the system's.
pub(super) struct Regions {
    /// Start and length of each region, by address.
    regions: BTreeMap<usize, Region>,
    /// Length of each free range, by address; no two of a region touch.
    by_start: BTreeMap<usize, usize>,
    /// The same by length, then address.
    by_size: BTreeSet<(usize, usize)>,
    region_bytes: usize,
    free_bytes: usize,
}

/// Memory asked of the system: what it gave, and the length of the aligned part in use.
struct Region {
    allocation: NonNull<u8>,
    layout: Layout,
    bytes: usize,
}

// SAFETY: only the pool, behind its lock, uses the memory as a region.
unsafe impl Send for Region {}

impl Regions {
    pub(super) const fn new() -> Self {
        Self {
            regions: BTreeMap::new(),
            by_start: BTreeMap::new(),
            by_size: BTreeSet::new(),
            region_bytes: 0,
            free_bytes: 0,
        }
    }

    pub(super) fn free_bytes(&self) -> usize {
        self.free_bytes
    }

    /// Takes a range of so many bytes, a multiple of a cache line. Its bits are initialised.
    pub(super) fn take(&mut self, bytes: usize) -> NonNull<f32> {
        let found = self.by_size.range((bytes, 0)..).next().copied();
        let (length, start) = found.unwrap_or_else(|| self.grow(bytes));
        self.remove(start, length);
        if length > bytes {
            self.insert(start + bytes, length - bytes);
        }
        // The address keeps its region's provenance.
        let (&first, region) = self
            .regions
            .range(..=start)
            .next_back()
            .expect("free ranges lie in regions");
        let base = region.allocation.as_ptr();
        let offset = start - first + (first - base.addr());
        // SAFETY: the range lies inside the region's allocation.
        let start = unsafe { NonNull::new_unchecked(base.add(offset)) };
        start.cast()
    }

    /// Gives a range back. Regions that became free are returned to the system once the pool
    /// holds far more than `keep_bytes`.
    ///
    /// # Safety
    ///
    /// The range was given by [`Regions::take`] and is no longer used.
    pub(super) unsafe fn give_back(
        &mut self,
        start: NonNull<f32>,
        bytes: usize,
        keep_bytes: usize,
    ) {
        let (mut start, mut bytes) = (start.as_ptr().addr(), bytes);
        let region = self.regions.range(..=start).next_back();
        let (&first, region) = region.expect("buffers lie in regions");
        let end = first + region.bytes;
        if let Some((&before, &length)) = self.by_start.range(first..start).next_back()
            && before + length == start
        {
            self.remove(before, length);
            (start, bytes) = (before, bytes + length);
        }
        if start + bytes < end
            && let Some(&length) = self.by_start.get(&(start + bytes))
        {
            self.remove(start + bytes, length);
            bytes += length;
        }
        self.insert(start, bytes);
        if start == first
            && start + bytes == end
            && self.region_bytes - bytes > keep_bytes + keep_bytes / 4
        {
            self.remove(start, bytes);
            if let Some(region) = self.regions.remove(&first) {
                self.region_bytes -= region.bytes;
                // SAFETY: it was allocated with this layout, and all of it was free.
                unsafe { dealloc(region.allocation.as_ptr(), region.layout) };
            }
        }
    }

    fn insert(&mut self, start: usize, length: usize) {
        self.by_start.insert(start, length);
        self.by_size.insert((length, start));
        self.free_bytes += length;
    }

    fn remove(&mut self, start: usize, length: usize) {
        self.by_start.remove(&start);
        self.by_size.remove(&(length, start));
        self.free_bytes -= length;
    }

    /// Adds a region with room for so many bytes, as one free range.
    fn grow(&mut self, bytes: usize) -> (usize, usize) {
        let bytes = bytes.max(REGION_BYTES).next_multiple_of(HUGE_PAGE_BYTES);
        // Aligned by hand: for large alignments an allocator would write the zeros itself.
        let layout = Layout::from_size_align(bytes + HUGE_PAGE_BYTES, align_of::<u128>());
        let layout = layout.expect("a region's size fits an isize");
        // SAFETY: the layout has a size above zero.
        let allocation = unsafe { alloc_zeroed(layout) };
        let allocation = NonNull::new(allocation).unwrap_or_else(|| handle_alloc_error(layout));
        let start = allocation.as_ptr().addr().next_multiple_of(HUGE_PAGE_BYTES);
        prefer_huge_pages(start, bytes);
        self.regions.insert(
            start,
            Region {
                allocation,
                layout,
                bytes,
            },
        );
        self.region_bytes += bytes;
        self.insert(start, bytes);
        (bytes, start)
    }
}

/// Asks the system to back a range of whole huge pages by them. A wish: nothing but speed
/// depends on it.
#[cfg(target_os = "linux")]
fn prefer_huge_pages(start: usize, bytes: usize) {
    // SAFETY: the range lies in one live allocation; the advice does not change its contents.
    unsafe { libc::madvise(start as *mut libc::c_void, bytes, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn prefer_huge_pages(_start: usize, _bytes: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_consistent(regions: &Regions) -> bool {
        let free: usize = regions.by_start.values().sum();
        let held: usize = regions.regions.values().map(|region| region.bytes).sum();
        let sizes = regions
            .by_start
            .iter()
            .map(|(&start, &length)| (length, start));
        free == regions.free_bytes
            && held == regions.region_bytes
            && sizes.collect::<BTreeSet<_>>() == regions.by_size
    }

    #[test]
    fn ranges_join_again_with_both_neighbours() {
        let mut regions = Regions::new();
        let taken = [1 << 20, 2 << 20, 3 << 20, 64].map(|bytes| (regions.take(bytes), bytes));
        assert_eq!(regions.by_start.len(), 1);
        for index in [0, 2, 1, 3] {
            let (start, bytes) = taken[index];
            // SAFETY: taken above, given back once.
            unsafe { regions.give_back(start, bytes, usize::MAX / 2) };
            assert!(is_consistent(&regions));
        }
        assert_eq!(regions.by_start.len(), 1);
        assert_eq!(regions.free_bytes(), REGION_BYTES);
    }

    #[test]
    fn free_regions_beyond_what_is_kept_go_back_to_the_system() {
        let mut regions = Regions::new();
        let taken = [REGION_BYTES, REGION_BYTES, 2 * REGION_BYTES]
            .map(|bytes| (regions.take(bytes), bytes));
        assert_eq!(regions.regions.len(), 3);
        for (start, bytes) in taken {
            // SAFETY: taken above, given back once.
            unsafe { regions.give_back(start, bytes, REGION_BYTES) };
            assert!(is_consistent(&regions));
        }
        assert!(regions.region_bytes <= 2 * REGION_BYTES);
        // SAFETY: what is left is taken, so that the test leaks nothing, and given back.
        unsafe {
            let (start, bytes) = (regions.take(64), 64);
            regions.give_back(start, bytes, 0);
        }
    }

    #[test]
    fn the_tightest_range_is_used_first() {
        let mut regions = Regions::new();
        let [large, between, small, rest] =
            [4 << 20, 64, 1 << 20, 64].map(|bytes| regions.take(bytes));
        // SAFETY: both were taken above, and are given back once.
        unsafe {
            regions.give_back(large, 4 << 20, usize::MAX / 2);
            regions.give_back(small, 1 << 20, usize::MAX / 2);
        }
        assert_eq!(regions.take((1 << 20) - 64), small);
        assert_ne!(between, rest);
    }
}
