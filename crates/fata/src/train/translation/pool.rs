//! Pictures that a generator made before, shown to the discriminator again, so
//! that it does not forget what it once told apart.
//!
//! # Source
//! Shrivastava et al. 2017, arXiv 1612.07828, section 2.3, as Zhu et al. 2017
//! (arXiv 1703.10593, section 4) use it: with even chance the newest picture is
//! shown, or an older one whose place it takes.

use crate::rng::{Draws, Random, Stream};
use burn::tensor::Tensor;

/// Generated pictures of one domain.
#[derive(Debug)]
pub(super) struct Pool {
    capacity: usize,
    /// `[1, side, side, channels]` each, oldest place first.
    pub(super) pictures: Vec<Tensor<4>>,
}

impl Pool {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            pictures: Vec::new(),
        }
    }

    /// What the discriminator is shown in place of these, `[batch, side, side,
    /// channels]`; `counter` is twice the first picture's number, and one more in
    /// the second domain.
    pub(super) fn exchange(&mut self, new: Tensor<4>, random: Random, counter: u64) -> Tensor<4> {
        if self.capacity == 0 {
            return new;
        }
        let batch = new.dims()[0];
        let shown = (0..batch).map(|at| {
            let mut draws = random.at(Stream::Pool, counter + 2 * at as u64);
            self.exchange_one(new.clone().narrow(0, at, 1), &mut draws)
        });
        Tensor::cat(shown.collect(), 0)
    }

    fn exchange_one(&mut self, new: Tensor<4>, draws: &mut Draws) -> Tensor<4> {
        if self.pictures.len() < self.capacity {
            self.pictures.push(new.clone());
            return new;
        }
        if draws.uniform() < 0.5 {
            return new;
        }
        let place = draws.below(self.capacity as u32) as usize;
        std::mem::replace(&mut self.pictures[place], new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{numbers, tensor};
    use burn::tensor::Device;

    #[test]
    fn a_full_pool_shows_old_pictures_half_of_the_time_and_keeps_the_new_ones() {
        let mut pool = Pool::new(50);
        let picture =
            |value: u64| tensor(vec![value as f32], &Device::flex()).reshape([1, 1, 1, 1]);
        let mut show =
            |value: u64| numbers(pool.exchange(picture(value), Random::new(1), 2 * value))[0];
        for value in 0..50 {
            assert_eq!(show(value), value as f32);
        }
        let old = (50..1050)
            .filter(|&value| show(value) != value as f32)
            .count();
        assert!((430..570).contains(&old), "{old}");
        assert_eq!(pool.pictures.len(), 50);
        // A picture stays for 100 steps on average.
        let newest = pool.pictures.iter().map(|kept| numbers(kept.clone())[0]);
        assert!(newest.fold(0.0, f32::max) > 1000.0);
    }
}
