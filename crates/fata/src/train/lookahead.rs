//! Lookahead: every so many steps both players go back part of the way that they
//! came, which damps their circling around each other.
//!
//! # Source
//! Chavdarova et al. 2021, arXiv 2006.14567, algorithm 1: both players return at
//! the same time.

use super::game::Game;

impl Game {
    /// Looks back, if it is due: `slow += rate (fast - slow)`, `fast = slow`.
    pub(super) fn look_back(&mut self) {
        let settings = &self.recipe.train;
        if settings.lookahead_every == 0 || !self.steps.is_multiple_of(settings.lookahead_every) {
            return;
        }
        let rate = settings.lookahead_rate as f32;
        let players = [&mut self.generator, &mut self.discriminator];
        for (player, slow) in players.into_iter().zip(&mut self.slow) {
            let fast = player.parameters.take_trained();
            *slow = fata_kernels::lerp_all(std::mem::take(slow), fast, rate);
            player.parameters.put_trained(copies(slow));
        }
    }
}

/// Tensors of their own: optimisers change theirs in place.
fn copies(tensors: &[burn::tensor::Tensor<1>]) -> Vec<burn::tensor::Tensor<1>> {
    tensors.to_vec()
}
