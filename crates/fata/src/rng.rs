//! The one source of randomness.
//!
//! Everything that Fata draws (latents, data order, augmentation, initial
//! weights, labels, the built-in data sets) comes from here, keyed by
//! `(seed, stream, counter)`. Nothing remembers how much was drawn before, so
//! any item can be drawn without drawing the ones ahead of it, the numbers do
//! not depend on device, batch size or threads, and resuming a run needs only
//! its counters. The generator is ChaCha8: seed and stream are the key, the
//! counter is the nonce.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a number is drawn for. Streams never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Stream {
    /// Initial weights; the counter is the parameter's place in its player.
    Weights = 1,
    /// Latent vectors of training; the counter is the image's number.
    Latents = 2,
    /// The order in which data is shown; the counter is the epoch.
    Order = 3,
    /// Mirroring of the data; the counter is the image's number.
    Augment = 4,
    /// Labels of generated images; the counter is the image's number.
    Labels = 5,
    /// The built-in data sets; the counter is the item's index.
    Data = 6,
    /// Latents of samples a person asks for; the counter is the sample's seed.
    Samples = 7,
    /// Labels of samples a person asks for; the counter is the sample's seed.
    SampleLabels = 8,
    /// Everything the judge draws: subsets, projections, random features.
    Judge = 9,
    /// Noise on what the discriminator sees; the counter is the image's number.
    Noise = 10,
    /// Where penalties are taken; the counter is the image's number.
    Penalty = 11,
    /// Which items are held out, and which keep their labels.
    HoldOut = 12,
    /// Augmentation of real images; the counter is the image's number.
    AugmentReal = 13,
    /// Augmentation of generated images; the counter is the image's number.
    AugmentFake = 14,
    /// The order in which the second domain is shown; the counter is the epoch.
    OtherOrder = 20,
    /// Where a translation's pictures are cut and whether they are mirrored; the
    /// counter is the picture's number, twice that and one more in the second
    /// domain.
    Jitter = 21,
    /// What dropout drops; the counter is the picture's number and the layer.
    Dropout = 22,
    /// Which generated pictures are kept and shown again; the counter is the
    /// picture's number.
    Pool = 23,
    /// What the doctor's measurements draw: latents by their number, which items
    /// are looked at, where cells begin.
    Checkup = 40,
    /// Labels of the doctor's generated samples; the counter is their number.
    CheckupLabels = 41,
    /// What work in the latent space begins with: weights of a search's network,
    /// the first guess of components.
    Latent = 50,
    /// Whom a bootstrap over people draws; the counter is the replicate.
    Bootstrap = 60,
    /// The pictures of a round of "Which is real?" and their sides; the counter
    /// is the round.
    Rounds = 61,
}

/// A seed, from which every stream is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    seed: u64,
}

impl Random {
    /// All the randomness of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The draws of one `(seed, stream, counter)`, from their beginning.
    pub fn at(self, stream: Stream, counter: u64) -> Draws {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
        let mut source = ChaCha8Rng::from_seed(key);
        source.set_stream(counter);
        Draws {
            source,
            spare: None,
        }
    }
}

/// A sequence of draws.
#[derive(Clone, Debug)]
pub struct Draws {
    source: ChaCha8Rng,
    spare: Option<f32>,
}

impl Draws {
    /// Uniform over all 32-bit numbers.
    pub fn bits(&mut self) -> u32 {
        self.source.next_u32()
    }

    /// Uniform on [0, 1), a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 8) as f32 * (1.0 / (1 << 24) as f32)
    }

    /// Uniform on `0..bound`, without bias (Lemire 2019, arXiv 1805.10941).
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "a draw below zero has no outcome");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.bits()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Standard normal, by Box and Muller (1958). `libm` rather than the
    /// system's functions, so that every platform draws the same bits.
    pub fn normal(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.uniform()));
        let (sin, cos) = libm::sincosf(std::f32::consts::TAU * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Fills `out` with standard normal numbers.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        out.fill_with(|| self.normal());
    }

    /// A uniformly random permutation of `0..length` (Fisher and Yates).
    pub fn permutation(&mut self, length: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..length).collect();
        for i in (1..length).rev() {
            order.swap(i as usize, self.below(i + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_draws_the_same_numbers_and_another_key_others() {
        let draw = |seed, stream, counter| {
            let mut draws = Random::new(seed).at(stream, counter);
            [draws.bits(), draws.bits(), draws.bits()]
        };
        let first = draw(1, Stream::Latents, 5);
        assert_eq!(first, draw(1, Stream::Latents, 5));
        assert_ne!(first, draw(2, Stream::Latents, 5));
        assert_ne!(first, draw(1, Stream::Order, 5));
        assert_ne!(first, draw(1, Stream::Latents, 6));
    }

    /// A change here would make every old seed give another picture.
    #[test]
    fn the_numbers_never_change_between_versions() {
        let mut draws = Random::new(42).at(Stream::Latents, 7);
        assert_eq!([draws.bits(), draws.bits()], [1_154_145_420, 4_145_278_302]);
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut draws = Random::new(3).at(Stream::Latents, 0);
        let n = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let z = f64::from(draws.normal());
            sum += z;
            squares += z * z;
        }
        // Five standard errors: 5 / sqrt(n) and 5 * sqrt(2 / n).
        assert!((sum / f64::from(n)).abs() < 0.016);
        assert!((squares / f64::from(n) - 1.0).abs() < 0.023);
    }

    #[test]
    fn below_reaches_every_outcome_evenly() {
        let mut draws = Random::new(9).at(Stream::Labels, 0);
        let mut counts = [0; 7];
        for _ in 0..70_000 {
            counts[draws.below(7) as usize] += 1;
        }
        assert!(
            counts.iter().all(|&c| (9_500..10_500).contains(&c)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_permutation_holds_everything_once() {
        let mut order = Random::new(1).at(Stream::Order, 2).permutation(1000);
        assert_ne!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..1000));
    }
}
