//! What generators begin with: latent vectors, and labels at the data's own shares.

use super::portion::one_hot;
use crate::layers::tensor;
use crate::nets::Form;
use crate::rng::{Draws, Random, Stream};
use burn::tensor::{Device, Tensor};
use std::ops::Range;

/// How latents and labels are drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Latents {
    length: usize,
    /// The last ones, which are -1 or 1.
    binary: usize,
    /// Items of all classes up to each; empty where the generator is told none.
    cumulative: Vec<u64>,
}

impl Latents {
    /// For a form, on data with so many items of each class.
    pub(crate) fn new(form: &Form, class_counts: &[u64]) -> Self {
        let mut sum = 0;
        let cumulative = match form.generator_is_conditioned() {
            true => class_counts
                .iter()
                .map(|count| {
                    sum += count;
                    sum
                })
                .collect(),
            false => Vec::new(),
        };
        Self {
            length: form.model.latent,
            binary: form.model.latent_binary,
            cumulative,
        }
    }

    /// Classes that a label is drawn from; 0 where there are no labels.
    pub(crate) fn classes(&self) -> usize {
        self.cumulative.len()
    }

    /// Latents and labels of training, by the images' numbers.
    pub(crate) fn of_training(
        &self,
        random: Random,
        counters: Range<u64>,
        device: &Device,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let streams = [Stream::Latents, Stream::Labels];
        self.draw(random, streams, counters, device)
    }

    /// Latents and labels of samples, by their seeds.
    pub(crate) fn of_samples(
        &self,
        counters: Range<u64>,
        device: &Device,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let streams = [Stream::Samples, Stream::SampleLabels];
        self.draw(Random::new(0), streams, counters, device)
    }

    /// Latents and labels of the doctor's measurements, by the samples' numbers:
    /// the same ones at every tick.
    pub(crate) fn of_checkups(
        &self,
        random: Random,
        counters: Range<u64>,
        device: &Device,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let streams = [Stream::Checkup, Stream::CheckupLabels];
        self.draw(random, streams, counters, device)
    }

    /// The latent vector of a sample, by its seed.
    pub(crate) fn of_sample(&self, seed: u64) -> Vec<f32> {
        let mut z = vec![0.0; self.length];
        self.fill(&mut z, Random::new(0).at(Stream::Samples, seed));
        z
    }

    /// Normal numbers, of the binary ones the sign alone.
    fn fill(&self, z: &mut [f32], mut draws: Draws) {
        draws.fill_normal(z);
        for number in &mut z[self.length - self.binary..] {
            *number = 1.0_f32.copysign(*number);
        }
    }

    /// The label of a sample, by its seed; `None` where there are no labels.
    pub(crate) fn label_of_sample(&self, seed: u64) -> Option<u32> {
        self.label(Random::new(0), Stream::SampleLabels, seed)
    }

    fn draw(
        &self,
        random: Random,
        [latents, labels]: [Stream; 2],
        counters: Range<u64>,
        device: &Device,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let rows = (counters.end - counters.start) as usize;
        let mut numbers = vec![0.0; rows * self.length];
        for (row, counter) in numbers.chunks_exact_mut(self.length).zip(counters.clone()) {
            self.fill(row, random.at(latents, counter));
        }
        let z = tensor(numbers, device).reshape([rows, self.length]);
        let labels: Option<Vec<u32>> = counters
            .map(|counter| self.label(random, labels, counter))
            .collect();
        (
            z,
            labels.map(|labels| one_hot(&labels, self.classes(), device)),
        )
    }

    fn label(&self, random: Random, stream: Stream, counter: u64) -> Option<u32> {
        let all = *self.cumulative.last().filter(|&&all| all > 0)?;
        let mut draws = random.at(stream, counter);
        let bits = u64::from(draws.bits()) << 32 | u64::from(draws.bits());
        let place = ((u128::from(bits) * u128::from(all)) >> 64) as u64;
        Some(self.cumulative.partition_point(|&sum| sum <= place) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Kind;
    use crate::recipe::{Condition, Recipe};

    #[test]
    fn labels_are_drawn_at_the_shares_of_the_data() {
        let mut model = Recipe::named("points").unwrap().model;
        model.condition = Condition::Concatenation;
        let form = Form::new(&model, Kind::Points { dimensions: 2 }, 3);
        let latents = Latents::new(&form, &[10, 0, 30]);
        let mut counts = [0; 3];
        for seed in 0..4000 {
            counts[latents.label_of_sample(seed).unwrap() as usize] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((850..1150).contains(&counts[0]), "{counts:?}");
        model.condition = Condition::None;
        let form = Form::new(&model, Kind::Points { dimensions: 2 }, 3);
        let latents = Latents::new(&form, &[10, 0, 30]);
        assert_eq!(latents.label_of_sample(0), None);
    }
}
