//! The probability of adaptive discriminator augmentation: raised while the discriminator is too
//! sure of the real images, lowered while it is not.

use super::Settings;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// All that an [`AdaController`] knows, for a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaState {
    /// The probability in force.
    pub probability: f64,
    /// The last mean of signs, which the probability was changed for.
    pub overfitting: f64,
    /// The sum of the signs of real images' logits since then.
    pub signs: i64,
    /// How many logits those were.
    pub logits: u64,
    /// Steps since then.
    pub steps: u64,
    /// Images since then.
    pub images: u64,
}

/// Holds `r_t = mean sign D(real)` at a target: every so many steps the probability goes up where
/// `r_t` is above it and down where it is below, by the images seen since the last change over
/// `images_per_unit`.
///
/// # Source
/// Karras et al. 2020, arXiv 2006.06676, section 3: target 0.6, 500,000 images from 0 to 1, every 4
/// steps. There the probability has no upper bound; ours stays at 1, where all transforms are done
/// anyway, so that it comes down at once. The sign speaks of overfitting only where a logit above 0
/// means real: a relativistic loss leaves the logits' level open, and is better served by a fixed
/// probability (`target = 0`).
#[derive(Clone, Debug, PartialEq)]
pub struct AdaController {
    target: f64,
    images_per_unit: f64,
    interval: u64,
    state: AdaState,
}

impl AdaController {
    /// A controller at the beginning.
    pub fn new(settings: &Settings) -> Self {
        let state = AdaState {
            probability: settings.probability(),
            overfitting: 0.0,
            signs: 0,
            logits: 0,
            steps: 0,
            images: 0,
        };
        Self::resumed(settings, state)
    }

    /// A controller that goes on from a checkpoint.
    pub fn resumed(settings: &Settings, state: AdaState) -> Self {
        Self {
            target: settings.target,
            images_per_unit: settings.images_per_unit as f64,
            interval: settings.interval,
            state,
        }
    }

    /// What a controller by other settings goes on from: what this one knows, and
    /// a probability that was given anew.
    pub(crate) fn state_for(&self, settings: &Settings) -> AdaState {
        let mut state = self.state.clone();
        if settings.target <= 0.0 || settings.probability.is_some() {
            state.probability = settings.probability();
        }
        state
    }

    /// What a checkpoint keeps.
    pub fn state(&self) -> &AdaState {
        &self.state
    }

    /// The probability in force.
    pub fn probability(&self) -> f32 {
        self.state.probability as f32
    }

    /// Takes note of the logits of augmented real images.
    pub fn observe(&mut self, logits: &Tensor<1>) {
        let logits = crate::layers::numbers(logits.clone().without_autodiff());
        self.state.logits += logits.len() as u64;
        self.state.signs += logits
            .iter()
            .map(|&logit| i64::from(logit > 0.0) - i64::from(logit < 0.0))
            .sum::<i64>();
    }

    /// Ends a step that showed this many real images, and changes the probability when it is due.
    pub fn update(&mut self, images: u64) {
        let state = &mut self.state;
        state.steps += 1;
        state.images += images;
        if state.steps < self.interval {
            return;
        }
        if state.logits > 0 {
            state.overfitting = state.signs as f64 / state.logits as f64;
            let step = state.images as f64 / self.images_per_unit;
            let excess = state.overfitting - self.target;
            if self.target > 0.0 && excess != 0.0 {
                let moved = state.probability + step * excess.signum();
                state.probability = moved.clamp(0.0, 1.0);
            }
        }
        (state.signs, state.logits, state.steps, state.images) = (0, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::tensor;
    use burn::tensor::Device;

    fn step(controller: &mut AdaController, logits: &[f32]) {
        controller.observe(&tensor(logits.to_vec(), &Device::flex()));
        controller.update(logits.len() as u64);
    }

    fn settings() -> Settings {
        Settings {
            images_per_unit: 1000,
            ..Settings::default()
        }
    }

    #[test]
    fn the_probability_follows_the_mean_sign_over_an_interval() {
        let mut controller = AdaController::new(&settings());
        for _ in 0..3 {
            step(&mut controller, &[2.0, 0.5, 1.0, -0.1]);
            assert_eq!(controller.probability(), 0.0);
        }
        // Signs 3 * 2 + 4 of 16 are 0.625, above 0.6.
        step(&mut controller, &[1.0, 1.0, 1.0, 9.0]);
        assert_eq!(controller.state().overfitting, 0.625);
        assert_eq!(controller.state().probability, 0.016);
        // Of 0 there is no sign, nor of what is not a number: 8 of 16.
        for _ in 0..4 {
            step(&mut controller, &[1.0, 3.0, 0.0, f32::NAN]);
        }
        assert_eq!(controller.state().overfitting, 0.5);
        assert_eq!(controller.probability(), 0.0);
    }

    #[test]
    fn the_probability_stays_between_0_and_1() {
        let mut controller = AdaController::new(&settings());
        for _ in 0..4 * 20 {
            step(&mut controller, &[1.0; 20]);
        }
        assert_eq!(controller.probability(), 1.0);
        for _ in 0..4 * 30 {
            step(&mut controller, &[-1.0; 20]);
        }
        assert_eq!(controller.probability(), 0.0);
    }

    #[test]
    fn a_target_of_zero_keeps_the_probability() {
        let mut controller = AdaController::new(&Settings {
            target: 0.0,
            probability: Some(0.3),
            ..settings()
        });
        for _ in 0..8 {
            step(&mut controller, &[1.0; 20]);
        }
        assert_eq!(controller.state().probability, 0.3);
        assert_eq!(controller.state().overfitting, 1.0);
    }

    #[test]
    fn a_checkpoint_in_the_middle_of_an_interval_changes_nothing() {
        let logits = |at: usize| [1.0, 1.0, 1.0, at as f32 % 3.0 - 0.5];
        let mut straight = AdaController::new(&settings());
        (0..23).for_each(|at| step(&mut straight, &logits(at)));
        let mut resumed = AdaController::new(&settings());
        (0..10).for_each(|at| step(&mut resumed, &logits(at)));
        let text = serde_json::to_string(resumed.state()).unwrap();
        resumed = AdaController::resumed(&settings(), serde_json::from_str(&text).unwrap());
        (10..23).for_each(|at| step(&mut resumed, &logits(at)));
        assert_eq!(resumed, straight);
        assert!(straight.probability() > 0.0);
    }
}
