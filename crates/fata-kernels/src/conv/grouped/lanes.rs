//! Sixteen channels at once, as each instruction set holds them.

use crate::isa::Isa;

/// Channels that are computed at once.
pub(super) const LANES: usize = 16;

/// Sixteen floats.
pub(super) trait Lanes: Copy {
    /// Sums that fit the processor's registers beside what is multiplied.
    const SUMS: usize;

    /// # Safety
    /// The instruction set is there.
    unsafe fn zero() -> Self;

    /// # Safety
    /// The instruction set is there, and so are sixteen floats.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// The instruction set is there, and so are sixteen floats, which nobody else uses.
    unsafe fn store(self, to: *mut f32);

    /// # Safety
    /// The instruction set is there.
    unsafe fn plus(self, other: Self) -> Self;

    /// `self + factor * vector`.
    ///
    /// # Safety
    /// The instruction set is there, and `factor` points to a float.
    unsafe fn plus_product(self, factor: *const f32, vector: Self) -> Self;
}

/// Plain Rust.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

impl Lanes for Portable {
    const SUMS: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0.0; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; the array has no need of alignment beyond a float's.
        Self(unsafe { from.cast::<[f32; LANES]>().read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above.
        unsafe { to.cast::<[f32; LANES]>().write(self.0) };
    }

    #[inline(always)]
    unsafe fn plus(mut self, other: Self) -> Self {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum += value;
        }
        self
    }

    #[inline(always)]
    unsafe fn plus_product(mut self, factor: *const f32, vector: Self) -> Self {
        // SAFETY: the caller's promise.
        let factor = unsafe { factor.read() };
        for (sum, value) in self.0.iter_mut().zip(vector.0) {
            *sum += factor * value;
        }
        self
    }
}

#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    /// One register of AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512);

    impl Lanes for Avx512 {
        const SUMS: usize = 16;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { _mm512_setzero_ps() })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { _mm512_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { _mm512_storeu_ps(to, self.0) };
        }

        #[inline(always)]
        unsafe fn plus(self, other: Self) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }

        #[inline(always)]
        unsafe fn plus_product(self, factor: *const f32, vector: Self) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(*factor), vector.0, self.0) })
        }
    }

    /// Two registers of AVX2.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2([__m256; 2]);

    impl Lanes for Avx2 {
        const SUMS: usize = 4;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { [_mm256_setzero_ps(); 2] })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe {
                _mm256_storeu_ps(to, self.0[0]);
                _mm256_storeu_ps(to.add(8), self.0[1]);
            }
        }

        #[inline(always)]
        unsafe fn plus(self, other: Self) -> Self {
            let [a, b] = self.0;
            let [c, d] = other.0;
            // SAFETY: the caller's promise.
            Self(unsafe { [_mm256_add_ps(a, c), _mm256_add_ps(b, d)] })
        }

        #[inline(always)]
        unsafe fn plus_product(self, factor: *const f32, vector: Self) -> Self {
            let [a, b] = self.0;
            let [c, d] = vector.0;
            // SAFETY: the caller's promise.
            unsafe {
                let factor = _mm256_set1_ps(*factor);
                Self([_mm256_fmadd_ps(factor, c, a), _mm256_fmadd_ps(factor, d, b)])
            }
        }
    }
}

/// What is done with the lanes of an instruction set.
pub(super) trait Work {
    /// # Safety
    /// The lanes' instruction set is there.
    unsafe fn run<L: Lanes>(&self);
}

/// Does the work with the lanes of an instruction set, which must be available.
pub(super) fn run<W: Work>(isa: Isa, work: &W) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx2,fma")]
    fn avx512<W: Work>(work: &W) {
        // SAFETY: this function is only called where the instruction set is there.
        unsafe { work.run::<Avx512>() }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<W: Work>(work: &W) {
        // SAFETY: as above.
        unsafe { work.run::<Avx2>() }
    }

    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` other than the portable one is only made active where
        // `Isa::is_available` found these features.
        Isa::Avx512 => unsafe { avx512(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { avx2(work) },
        // SAFETY: plain Rust needs no instruction set.
        _ => unsafe { work.run::<Portable>() },
    }
}
