//! Sums of latents, and the pictures of their parts.
//!
//! A seed's latent is normal: each of its numbers has variance 1. A sum of
//! independent ones with weights `w` has variance `sum w^2`, so the mean of three
//! would lie at a third of it, where the network was hardly ever trained, and a
//! mean minus a mean plus a seed beyond it. Sums are therefore divided by
//! `sqrt(sum w^2)`: what comes out is distributed as a seed's latent is, and a
//! seed alone is exactly itself. [`Evaluation::AsWritten`] leaves sums as they are,
//! as the authors did.
//!
//! # Source
//! Radford et al. 2015, arXiv 1511.06434, section 6.3.2: arithmetic on the mean of
//! three exemplars' latents, there uniform and not rescaled.

use super::LatentError;
use super::expression::{Expression, Term, Weights};
use crate::draw::Picture;
use crate::ship::{Generator, Place};
use std::collections::BTreeMap;

/// The most single pictures that are shown above a mean.
const MOST_EXEMPLARS: usize = 6;

/// What is done to the length of a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evaluation {
    /// Divided by the root of its weights' squares: as long as latents are.
    #[default]
    Rescaled,
    /// As it was written.
    AsWritten,
}

/// A part of a sum and its pictures.
#[derive(Clone, Debug)]
pub struct BlendPart {
    /// Whether it is taken away.
    pub negative: bool,
    /// As it was written.
    pub text: String,
    /// The pictures of the single latents that it is made of, with their names;
    /// empty where it is one alone.
    pub exemplars: Vec<(String, Picture)>,
    /// Its own picture.
    pub picture: Picture,
}

/// A sum of latents, worked out.
#[derive(Clone, Debug)]
pub struct Blend {
    /// Its parts, in order.
    pub parts: Vec<BlendPart>,
    /// Where it leads.
    pub place: Place,
    /// What is there.
    pub picture: Picture,
}

impl Blend {
    /// Works a sum out; `files` are the kept latents that it names.
    ///
    /// # Errors
    /// If the model makes points, or everything cancels out.
    ///
    /// # Panics
    /// If a file is named that is not among `files`.
    pub fn new(
        generator: &Generator,
        expression: &Expression,
        files: &BTreeMap<String, Place>,
        evaluation: Evaluation,
    ) -> Result<Self, LatentError> {
        let result = Self::place(generator, expression, files, evaluation)?;
        let place = |term: &Term| term_place(generator, term, files);
        let sum = |weights: &Weights| combine(generator, weights, &place, evaluation);
        let cancelled = |text: &str| LatentError::Cancelled(text.into());
        let mut places = vec![result.clone()];
        for part in expression.parts() {
            places.push(sum(&part.weights).ok_or_else(|| cancelled(&part.text))?);
            places.extend(shown(&part.weights).map(&place));
        }
        let mut pictures = generator.pictures_at(&places)?.into_iter();
        let mut next = || pictures.next().expect("a picture for each place");
        let picture = next();
        let parts = expression.parts().iter().map(|part| BlendPart {
            negative: part.negative,
            text: part.text.clone(),
            picture: next(),
            exemplars: shown(&part.weights)
                .map(|term| (name(term), next()))
                .collect(),
        });
        Ok(Self {
            parts: parts.collect(),
            place: result,
            picture,
        })
    }

    /// Where a sum leads, without any picture; `files` as for [`Blend::new`].
    ///
    /// # Errors
    /// If everything cancels out.
    ///
    /// # Panics
    /// If a file is named that is not among `files`.
    pub fn place(
        generator: &Generator,
        expression: &Expression,
        files: &BTreeMap<String, Place>,
        evaluation: Evaluation,
    ) -> Result<Place, LatentError> {
        let place = |term: &Term| term_place(generator, term, files);
        let sum = combine(generator, &expression.weights(), &place, evaluation);
        sum.ok_or_else(|| LatentError::Cancelled(expression.to_string()))
    }
}

fn term_place(generator: &Generator, term: &Term, files: &BTreeMap<String, Place>) -> Place {
    match term {
        Term::Seed(seed) => generator.place(*seed),
        Term::File(name) => files[name].clone(),
    }
}

/// The single latents of a part that are shown; none of a part that is one alone.
fn shown(weights: &Weights) -> impl Iterator<Item = &Term> {
    let most = if weights.len() > 1 { MOST_EXEMPLARS } else { 0 };
    weights.keys().take(most)
}

fn name(term: &Term) -> String {
    match term {
        Term::Seed(seed) => seed.to_string(),
        Term::File(name) => format!("@{name}"),
    }
}

/// The weighted sum of places; `None` where nothing is left of it. Class shares
/// are added alike, the negative ones left away and the rest made 1 in all, since
/// no network has seen others.
fn combine(
    generator: &Generator,
    weights: &Weights,
    place: &impl Fn(&Term) -> Place,
    evaluation: Evaluation,
) -> Option<Place> {
    let squares: f64 = weights.values().map(|weight| weight * weight).sum();
    if squares < 1e-12 {
        return None;
    }
    let scale = match evaluation {
        Evaluation::Rescaled => 1.0 / squares.sqrt(),
        Evaluation::AsWritten => 1.0,
    };
    let mut z = vec![0.0_f64; generator.latent_length()];
    let mut classes = vec![0.0_f64; generator.class_shares()];
    for (term, weight) in weights {
        let one = place(term);
        for (sums, values) in [(&mut z, &one.z), (&mut classes, &one.classes)] {
            let pairs = sums.iter_mut().zip(values);
            pairs.for_each(|(sum, value)| *sum += weight * f64::from(*value));
        }
    }
    classes.iter_mut().for_each(|share| *share = share.max(0.0));
    let total: f64 = classes.iter().sum();
    let even = 1.0 / classes.len().max(1) as f64;
    let share = |share: &f64| if total > 1e-9 { share / total } else { even };
    Some(Place {
        z: z.iter().map(|value| (value * scale) as f32).collect(),
        classes: classes.iter().map(|value| share(value) as f32).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::figures::tests::generator;

    fn blend(text: &str, evaluation: Evaluation) -> Result<Blend, LatentError> {
        let expression: Expression = text.parse().unwrap();
        Blend::new(&generator(), &expression, &BTreeMap::new(), evaluation)
    }

    #[test]
    fn a_seed_alone_is_the_seeds_own_sample() {
        let alone = blend("21", Evaluation::Rescaled).unwrap();
        assert_eq!(alone.place, generator().place(21));
        assert_eq!(
            blend("3*21 - 2*21", Evaluation::Rescaled).unwrap().place,
            alone.place
        );
        assert!(alone.parts[0].exemplars.is_empty());
        assert_eq!(alone.parts[0].picture, alone.picture);
    }

    #[test]
    fn sums_of_independent_latents_keep_the_variance_of_one() {
        let variance = |evaluation| {
            let sum = blend("mean(12,40,7) - mean(3,9) + 21", evaluation).unwrap();
            let squares: f32 = sum.place.z.iter().map(|z| z * z).sum();
            squares / sum.place.z.len() as f32
        };
        // 100 numbers: the mean of their squares is 1 +- 0.14; as written it is 11 / 6.
        assert!((variance(Evaluation::Rescaled) - 1.0).abs() < 0.45);
        assert!(variance(Evaluation::AsWritten) > 1.3);
    }

    #[test]
    fn shares_of_classes_stay_shares_and_what_cancels_out_is_refused() {
        let sum = blend("mean(1,2,3,4) - 5 + 6", Evaluation::Rescaled).unwrap();
        assert!((sum.place.classes.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(sum.place.classes.iter().all(|share| *share >= 0.0));
        let names: Vec<_> = sum.parts[0]
            .exemplars
            .iter()
            .map(|(name, _)| &name[..])
            .collect();
        assert_eq!(names, ["1", "2", "3", "4"]);
        for text in ["3 - 3", "(1 - 1) + 2"] {
            let refused = blend(text, Evaluation::Rescaled).unwrap_err();
            assert!(refused.to_string().contains("cancel out"), "{refused}");
        }
    }
}
