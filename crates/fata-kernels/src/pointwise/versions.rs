//! Compiles a loop once for each instruction set, leaving vectors to the compiler, and picks one
//! when the program runs.

/// Defines functions whose first argument, an [`Isa`](crate::isa::Isa), chooses which of the
/// compiled versions of the body runs. It is passed, not asked for, so that work on other threads
/// follows the caller's choice. The instruction set must be available on this processor.
macro_rules! multiversion {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $(<$generic:ident : $bound:path>)? (
            $($argument:ident : $type:ty),* $(,)?
        ) $(-> $output:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name $(<$generic: $bound>)? (
            isa: $crate::isa::Isa, $($argument: $type),*
        ) $(-> $output)? {
            #[inline(always)]
            fn body $(<$generic: $bound>)? ($($argument: $type),*) $(-> $output)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            fn avx512 $(<$generic: $bound>)? ($($argument: $type),*) $(-> $output)? {
                body($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2 $(<$generic: $bound>)? ($($argument: $type),*) $(-> $output)? {
                body($($argument),*)
            }

            match isa {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` other than the portable one is only made active where
                // `Isa::is_available` found these features.
                $crate::isa::Isa::Avx512 => unsafe { avx512($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::isa::Isa::Avx2 => unsafe { avx2($($argument),*) },
                _ => body($($argument),*),
            }
        }
    )*};
}

pub(crate) use multiversion;
