//! Which instruction set the kernels use. It is found once, when the program
//! runs, so that one binary serves every processor; a test may ask for a
//! lesser one on its own thread. What the kernels do with it is not decided
//! here.

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Plain Rust, on any processor.
    Portable,
    /// 128-bit vectors of AArch64.
    Neon,
    /// 256-bit vectors and fused multiply-add of x86-64.
    Avx2,
    /// 512-bit vectors of x86-64.
    Avx512,
}

thread_local! {
    static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
}

impl Isa {
    /// Whether this processor can run the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            Isa::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => is_x86_feature_detected!("avx512f") && Isa::Avx2.is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => false,
        }
    }

    /// All instruction sets that this processor can run, the widest first.
    pub fn available() -> impl Iterator<Item = Isa> {
        [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable]
            .into_iter()
            .filter(|isa| isa.is_available())
    }

    /// The instruction set that an operator called on this thread uses.
    pub fn active() -> Isa {
        static WIDEST: OnceLock<Isa> = OnceLock::new();
        FORCED.get().unwrap_or_else(|| {
            *WIDEST.get_or_init(|| Isa::available().next().unwrap_or(Isa::Portable))
        })
    }

    /// Runs `work` with every operator called on this thread using this
    /// instruction set. Meant for tests.
    ///
    /// # Panics
    ///
    /// When the processor cannot run it.
    pub fn with<R>(self, work: impl FnOnce() -> R) -> R {
        assert!(self.is_available(), "this processor has no {self:?}");
        struct Restore(Option<Isa>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        let _restore = Restore(FORCED.replace(Some(self)));
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_set_lasts_as_long_as_its_closure() {
        let before = Isa::active();
        Isa::Portable.with(|| assert_eq!(Isa::active(), Isa::Portable));
        assert_eq!(Isa::active(), before);
    }
}
