//! What changes over a run: rates, penalties, Adam's memory, by images seen.

use crate::recipe::{RateDecay, Recipe, Schedule, Shape};

/// The values in force at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Times the optimiser's rate.
    pub(crate) rate: f64,
    /// Times the penalties' weights.
    pub(crate) penalty: f64,
    /// In place of the optimiser's, where the schedule has one.
    pub(crate) beta2: Option<Blend>,
}

/// A value on its way to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Blend {
    to: f64,
    share: f64,
}

impl Blend {
    pub(crate) fn from(self, start: f64) -> f64 {
        start + self.share * (self.to - start)
    }
}

impl Moment {
    /// The moment at which so many images were seen.
    pub(crate) fn at(recipe: &Recipe, images_seen: u64) -> Self {
        let (schedule, images) = (&recipe.schedule, recipe.train.images);
        let progress = images_seen as f64 / images as f64;
        let share = match schedule.burn_in > 0.0 {
            true => (progress / schedule.burn_in).min(1.0),
            false => 0.0,
        };
        Self {
            rate: decayed(recipe.train.rate_decay, progress)
                * factor(schedule, share, schedule.rate),
            penalty: factor(schedule, share, schedule.penalty),
            beta2: schedule.beta2.map(|to| Blend {
                to,
                share: eased(share),
            }),
        }
    }
}

/// From 1 at the burn-in's beginning to `end` at its end.
fn factor(schedule: &Schedule, share: f64, end: f64) -> f64 {
    match schedule.shape {
        Shape::Cosine => 1.0 + eased(share) * (end - 1.0),
        Shape::Geometric if share > 0.0 => libm::pow(end, share),
        Shape::Geometric => 1.0,
    }
}

/// Half a cosine from 0 to 1.
fn eased(share: f64) -> f64 {
    0.5 - 0.5 * libm::cos(share * std::f64::consts::PI)
}

/// The share of the rate that is left: constant over the first half of a run,
/// then falling to 0 at its end.
fn decayed(decay: RateDecay, progress: f64) -> f64 {
    let left = (2.0 * (1.0 - progress)).clamp(0.0, 1.0);
    match decay {
        RateDecay::None => 1.0,
        RateDecay::Linear => left,
        RateDecay::Cosine => eased(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fall_to_zero_over_the_second_half() {
        for decay in [RateDecay::Linear, RateDecay::Cosine] {
            assert_eq!(decayed(decay, 0.0), 1.0);
            assert_eq!(decayed(decay, 0.5), 1.0);
            assert!((decayed(decay, 0.75) - 0.5).abs() < 1e-12);
            assert!(decayed(decay, 1.0).abs() < 1e-12);
            assert!(decayed(decay, 1.7).abs() < 1e-12);
        }
        assert_eq!(decayed(RateDecay::None, 0.99), 1.0);
    }

    #[test]
    fn a_schedule_begins_at_one_and_ends_where_it_says() {
        let mut recipe = Recipe::named("dcgan").unwrap();
        recipe.train.images = 1000;
        recipe.schedule.burn_in = 0.5;
        recipe.schedule.penalty = 0.1;
        recipe.schedule.beta2 = Some(0.9);
        for shape in [Shape::Cosine, Shape::Geometric] {
            recipe.schedule.shape = shape;
            assert_eq!(Moment::at(&recipe, 0).penalty, 1.0);
            let middle = Moment::at(&recipe, 250).penalty;
            let expected = match shape {
                Shape::Cosine => 0.55,
                Shape::Geometric => 0.1_f64.sqrt(),
            };
            assert!((middle - expected).abs() < 1e-9);
            for images in [500, 900] {
                assert!((Moment::at(&recipe, images).penalty - 0.1).abs() < 1e-12);
                let beta2 = Moment::at(&recipe, images).beta2.unwrap();
                assert!((beta2.from(0.5) - 0.9).abs() < 1e-12);
            }
        }
    }
}
