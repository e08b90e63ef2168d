//! Many latents at once, each on its way to a picture.
//!
//! The generator and the network that compares are constants; only the latents
//! move, by Adam, its rate falling along a half cosine. After each step a latent is
//! brought back into the ball that nearly all seeds lie in, so that what is found
//! is a place where the generator was trained.

use super::LatentError;
use super::perception::{Perception, Seen, differences, values};
use crate::layers::{numbers, tensor};
use crate::ship::{Generator, Place};
use burn::tensor::Tensor;
use fata_kernels::{Adam, AdamSlot, adam};

/// Adam's settings; the rate is in standard deviations of a latent's numbers.
const RATE: f64 = 0.1;
const BETAS: [f32; 2] = [0.9, 0.99];

/// How far beyond the root of its length a latent may reach: the length of n normal
/// numbers is about normal with deviation 1/sqrt(2), and 3.3 of those leave one
/// seed in two thousand outside.
const BEYOND: f64 = 2.33;

/// A latent under way.
#[derive(Clone, Debug)]
pub(super) struct Seeker {
    /// The number of its target.
    pub(super) target: usize,
    /// The best place so far.
    pub(super) best: Place,
    /// What was minimised, there.
    pub(super) error: f32,
    /// Mean squared differences of pixels and of features, there.
    pub(super) parts: [f32; 2],
}

/// The search.
pub(super) struct Search<'a> {
    generator: &'a Generator,
    perception: Perception,
    targets: Vec<f32>, // [targets, values of a picture]
    each: usize,
    shape: [usize; 3],
    pub(super) seekers: Vec<Seeker>,
    places: Vec<Place>,
    moments: [Vec<f32>; 2],
    step: u64,
    steps: u64,
}

impl<'a> Search<'a> {
    /// A search for pictures of `shape`, `[height, width, channels]`, one after the
    /// other in `targets`.
    pub(super) fn new(
        generator: &'a Generator,
        shape: [usize; 3],
        targets: Vec<f32>,
        steps: u64,
    ) -> Self {
        Self {
            perception: Perception::new(shape, generator.device()),
            each: shape.iter().product(),
            generator,
            targets,
            shape,
            seekers: Vec::new(),
            places: Vec::new(),
            moments: [Vec::new(), Vec::new()],
            step: 0,
            steps,
        }
    }

    /// How many targets there are.
    pub(super) fn targets(&self) -> usize {
        self.targets.len() / self.each
    }

    /// What is seen of some numbers that are pictures.
    pub(super) fn see(&self, pixels: Vec<f32>) -> Seen {
        let batch = pixels.len() / self.each;
        let [height, width, channels] = self.shape;
        let x = tensor(pixels, self.generator.device());
        self.perception
            .see(x.reshape([batch, height, width, channels]))
    }

    /// The error of each of some samples against each target, `[targets][samples]`.
    pub(super) fn errors(&self, samples: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let seen = self.see(samples.concat());
        let targets = self.targets.chunks_exact(self.each);
        let errors = targets.map(|target| {
            let target = self.see(target.repeat(samples.len()));
            let [pixels, features] = differences(&seen, &target);
            values(&(pixels + features))
        });
        errors.collect()
    }

    /// Begins with a latent for each of these pairs of a target and a place.
    pub(super) fn begin(&mut self, starts: Vec<(usize, Place)>) {
        let count: usize = starts.iter().map(|(_, place)| place.z.len()).sum();
        self.moments = [vec![0.0; count], vec![0.0; count]];
        self.places = starts.iter().map(|(_, place)| place.clone()).collect();
        let seekers = starts.into_iter().map(|(target, best)| Seeker {
            target,
            best,
            error: f32::INFINITY,
            parts: [f32::INFINITY; 2],
        });
        self.seekers = seekers.collect();
    }

    /// Keeps these of the latents under way.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let length = self.generator.latent_length();
        for moments in &mut self.moments {
            let rows = kept.iter().flat_map(|&i| &moments[i * length..][..length]);
            *moments = rows.copied().collect();
        }
        self.places = kept.iter().map(|&i| self.places[i].clone()).collect();
        self.seekers = kept.iter().map(|&i| self.seekers[i].clone()).collect();
    }

    /// Moves every latent once, having noted whether it is at its best.
    pub(super) fn step(&mut self) -> Result<(), LatentError> {
        let (errors, gradient) = self.error_and_gradient();
        for ((seeker, place), error) in self.seekers.iter_mut().zip(&self.places).zip(&errors) {
            let [pixels, features] = *error;
            let sum = pixels + features;
            if !sum.is_finite() {
                return Err(LatentError::NotFinite(self.step));
            }
            if sum < seeker.error {
                (seeker.error, seeker.parts) = (sum, *error);
                seeker.best = place.clone();
            }
        }
        self.step += 1;
        let turn = std::f64::consts::PI * self.step as f64 / self.steps.max(1) as f64;
        let settings = Adam {
            rate: (RATE * (1.0 + libm::cos(turn)) / 2.0) as f32,
            beta1: BETAS[0],
            beta2: BETAS[1],
            epsilon: 1e-8,
            step: self.step,
        };
        let device = self.generator.device();
        let latents = self.places.iter().flat_map(|place| &place.z).copied();
        let [first, second] = std::mem::take(&mut self.moments);
        let slot = AdamSlot {
            parameter: tensor(latents.collect(), device),
            gradient,
            first_moment: tensor(first, device),
            second_moment: tensor(second, device),
        };
        let length = self.generator.latent_length();
        for (moved, first, second) in adam(vec![slot], settings) {
            let rows = numbers(moved);
            for (place, row) in self.places.iter_mut().zip(rows.chunks_exact(length)) {
                place.z = within_reach(row, self.generator.latent_binary());
            }
            self.moments = [numbers(first), numbers(second)];
        }
        Ok(())
    }

    /// The mean squared differences of each latent's picture from its target, and
    /// the gradient of their sum, flat.
    pub(super) fn error_and_gradient(&self) -> (Vec<[f32; 2]>, Tensor<1>) {
        let (rows, length) = (self.places.len(), self.generator.latent_length());
        let device = self.generator.device();
        let z = self.places.iter().flat_map(|place| &place.z).copied();
        let z = tensor(z.collect(), device).autodiff().require_grad();
        let shares = self.generator.class_shares();
        let classes = (shares > 0).then(|| {
            let all = self.places.iter().flat_map(|place| &place.classes).copied();
            let all: Tensor<2> = tensor(all.collect(), device).reshape([rows, shares]);
            all.autodiff()
        });
        let weights = self.generator.frozen();
        let latents = z.clone().reshape([rows, length]);
        let made = self
            .generator
            .differentiable(&weights, latents, classes.as_ref());
        let wanted = self.seekers.iter().flat_map(|seeker| {
            self.targets[seeker.target * self.each..][..self.each]
                .iter()
                .copied()
        });
        let wanted = self.see(wanted.collect());
        let wanted = wanted.into_iter().map(Tensor::autodiff).collect();
        let [pixels, features] = differences(&self.perception.see(made), &wanted);
        let parts = [&pixels, &features].map(values);
        let mut gradients = (pixels + features).sum().backward();
        let gradient = z
            .grad_remove(&mut gradients)
            .unwrap_or_else(|| Tensor::zeros([rows * length], device));
        let errors = parts[0].iter().zip(&parts[1]).map(|(p, f)| [*p, *f]);
        (errors.collect(), gradient)
    }

    /// Where the latents are.
    #[cfg(test)]
    pub(super) fn places(&mut self) -> &mut Vec<Place> {
        &mut self.places
    }
}

/// A latent, brought back into the ball if it left it; the numbers that are -1 or 1
/// take the nearer of the two.
fn within_reach(z: &[f32], binary: usize) -> Vec<f32> {
    let normal = z.len() - binary;
    let squares = z[..normal].iter().map(|v| f64::from(*v) * f64::from(*v));
    let length = squares.sum::<f64>().sqrt();
    let most = (normal as f64).sqrt() + BEYOND;
    let scale = (most / length.max(1e-9)).min(1.0);
    let near = z[..normal].iter().map(|v| (f64::from(*v) * scale) as f32);
    let signs = z[normal..].iter().map(|v| v.clamp(-1.0, 1.0));
    near.chain(signs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::figures::tests::generator;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let generator = generator();
        let mut places = [generator.place(1), generator.place(2)];
        places[1].classes = vec![0.25, 0.75];
        let target = generator.values_at(&[generator.place(9)]).concat();
        let mut search = Search::new(&generator, [12, 12, 1], target, 10);
        search.begin(places.iter().map(|place| (0, place.clone())).collect());
        let (_, gradient) = search.error_and_gradient();
        let gradient = numbers(gradient);
        let length = generator.latent_length();
        let largest = gradient.iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        assert!(largest > 1e-5);
        for (row, at) in [(0, 3), (0, 77), (1, 0), (1, 50)] {
            let mut error = |step: f32| -> f64 {
                search.places()[row].z[at] = places[row].z[at] + step;
                let (errors, _) = search.error_and_gradient();
                search.places()[row].z[at] = places[row].z[at];
                errors.iter().flatten().map(|e| f64::from(*e)).sum()
            };
            let h = 0.02;
            let slope = (error(h) - error(-h)) / (2.0 * f64::from(h));
            let found = f64::from(gradient[row * length + at]);
            assert!(
                (slope - found).abs() < 0.03 * f64::from(largest),
                "{slope} {found}"
            );
        }
    }

    #[test]
    fn latents_stay_within_the_ball_that_seeds_lie_in() {
        let far = within_reach(&[10.0; 100], 0);
        let length = far.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!((length - 12.33).abs() < 1e-3);
        assert_eq!(within_reach(&[0.5, -3.0], 1), [0.5, -1.0]);
        assert!(within_reach(&[0.0; 4], 0).iter().all(|v| *v == 0.0));
    }
}
