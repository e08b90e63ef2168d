//! Which items training shows, which it holds out, and which keep their labels:
//! drawn from the seed, so that every part of a run agrees on them.

use super::Dataset;
use crate::rng::{Random, Stream};

/// A data set cut in two. Both lists are in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOut {
    /// What the discriminator is shown.
    pub training: Vec<u32>,
    /// What it never is.
    pub held_out: Vec<u32>,
}

/// One in so many items is held out where nobody says how many.
const ONE_IN: usize = 20;
/// And at most so many: enough to see what there is to see.
const MOST_BY_DEFAULT: usize = 256;
/// Fewer are not worth it: a set so small is shown whole.
const FEWEST_BY_DEFAULT: usize = 8;

impl HoldOut {
    /// The share that is held out of so many items where nobody says: one in
    /// twenty, 256 at most; none of fewer than 160 items, which need each other.
    pub fn default_share(items: usize) -> f64 {
        let count = (items / ONE_IN).min(MOST_BY_DEFAULT);
        match count < FEWEST_BY_DEFAULT {
            true => 0.0,
            false => count as f64 / items as f64,
        }
    }

    /// Holds out a share of `items`, at random; never all.
    pub fn new(items: usize, share: f64, seed: u64) -> Self {
        let most = items.saturating_sub(1);
        let count = ((items as f64 * share).round() as usize).min(most);
        let mut order = Random::new(seed)
            .at(Stream::HoldOut, 0)
            .permutation(items as u32);
        let mut training = order.split_off(count);
        order.sort_unstable();
        training.sort_unstable();
        Self {
            training,
            held_out: order,
        }
    }

    /// The training items that keep their labels: `count` of them, as many of each
    /// class as the classes allow, at random.
    pub fn labelled(&self, dataset: &Dataset, count: usize, seed: u64) -> Vec<u32> {
        let order = Random::new(seed)
            .at(Stream::HoldOut, 1)
            .permutation(self.training.len() as u32);
        let mut by_class: Vec<Vec<u32>> = vec![Vec::new(); dataset.classes().len()];
        for place in order {
            let item = self.training[place as usize];
            let label = dataset.label(item as usize);
            if let Some(class) = label.and_then(|label| by_class.get_mut(label as usize)) {
                class.push(item);
            }
        }
        let most = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let turns = (0..most).flat_map(|turn| {
            by_class
                .iter()
                .filter_map(move |class| class.get(turn).copied())
        });
        let mut chosen: Vec<u32> = turns.take(count).collect();
        chosen.sort_unstable();
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataOptions;
    use std::path::Path;

    #[test]
    fn the_parts_are_the_whole_and_labels_are_balanced() {
        let digits = Dataset::open(Path::new("digits"), &DataOptions::default()).unwrap();
        let cut = HoldOut::new(digits.len(), 0.1, 3);
        assert_eq!(cut.held_out.len(), 1000);
        let mut all = [cut.training.clone(), cut.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10_000).collect::<Vec<u32>>());
        assert_eq!(cut, HoldOut::new(digits.len(), 0.1, 3));
        assert_ne!(cut, HoldOut::new(digits.len(), 0.1, 4));

        let labelled = cut.labelled(&digits, 100, 3);
        let mut counts = [0; 10];
        for &item in &labelled {
            assert!(cut.held_out.binary_search(&item).is_err());
            counts[digits.label(item as usize).unwrap() as usize] += 1;
        }
        assert_eq!(counts, [10; 10]);
    }

    #[test]
    fn few_are_held_out_where_nobody_says_how_many_and_none_of_a_small_set() {
        for (items, count) in [(6, 0), (159, 0), (160, 8), (1000, 50), (10_000, 256)] {
            let cut = HoldOut::new(items, HoldOut::default_share(items), 0);
            assert_eq!(cut.held_out.len(), count, "of {items}");
        }
    }

    #[test]
    fn something_is_always_left_to_show() {
        let cut = HoldOut::new(3, 0.99, 0);
        assert_eq!(cut.training.len(), 1);
        assert_eq!(HoldOut::new(3, 0.0, 0).held_out, Vec::<u32>::new());
    }
}
