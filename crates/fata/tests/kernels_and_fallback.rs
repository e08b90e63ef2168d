//! Training with the hand-written kernels against training with the portable
//! operators that other devices run. In a program of its own, because which of
//! them run is decided for the whole process.

use fata::Recipe;
use fata::bench::StepBench;
use fata::data::Kind;
use fata::device::Device;

const STEPS: usize = 200;

/// Half the recipes' rates: the game magnifies differences of rounding from step
/// to step, at the full rates to about this tolerance after 150 steps.
const GENERATOR_RATE: &str = "optimizer.generator.rate=0.0001";
const DISCRIMINATOR_RATE: &str = "optimizer.discriminator.rate=0.0001";

/// Largest difference of a loss, in nats.
const TOLERANCE: f64 = 1e-3;

fn losses(recipe: &Recipe, fallback: bool) -> Vec<[f64; 2]> {
    let kind = Kind::Images {
        channels: 1,
        height: 16,
        width: 16,
    };
    let bench = StepBench {
        recipe,
        kind,
        steps: STEPS,
        profile: false,
    };
    fata_kernels::use_fallback(fallback);
    bench.losses(&Device::flex()).unwrap()
}

#[test]
fn two_hundred_steps_have_the_same_losses() {
    for (name, set) in [("mlp", "model.width=32"), ("dcgan", "model.width=8")] {
        let recipe = Recipe::named(name).unwrap().with_set(set).unwrap();
        let calm = ["train.batch=64", GENERATOR_RATE, DISCRIMINATOR_RATE];
        let recipe = calm
            .iter()
            .fold(recipe, |recipe, set| recipe.with_set(set).unwrap());
        let kernels = losses(&recipe, false);
        let fallback = losses(&recipe, true);
        assert_eq!(kernels.len(), STEPS);
        for (step, (kernels, fallback)) in kernels.iter().zip(&fallback).enumerate() {
            for (a, b) in kernels.iter().zip(fallback) {
                assert!(
                    (a - b).abs() <= TOLERANCE,
                    "{name}, step {step}: {kernels:?} with kernels, {fallback:?} without"
                );
            }
        }
        // Both played the game.
        assert_ne!(kernels[0], kernels[STEPS - 1], "{name}");
    }
}
