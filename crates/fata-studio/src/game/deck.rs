//! The pictures that a run's games are played with: as many generated ones as
//! real ones, few enough that each comes again to several players.
//!
//! Real pictures go through the data's own fitting and are rounded to bytes;
//! generated ones are cropped to the same size and rounded the same way. Both
//! become PNGs without any note. A picture that was shown less often than the
//! others comes first.

use crate::reply::Refusal;
use axum::body::Bytes;
use axum::http::StatusCode;
use fata::data::{DataOptions, Dataset, Kind};
use fata::draw::Picture;
use fata::judge::human::Judgements;
use fata::rng::{Draws, Random, Stream};
use fata::ship::Which;
use fata::{DeviceName, Generator, Recipe, Seeds};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Pictures of each kind. HYPE-time shows a person 100 in all.
const PICTURES: u64 = 64;
/// The first seed: beyond those that grids and people begin with.
const FIRST_SEED: u64 = 10_000;

/// The pictures of a run.
pub(crate) struct Deck {
    generated: Vec<Card>,
    real: Vec<Card>,
    /// How often each was dealt: generated, real.
    dealt: Mutex<[Vec<u32>; 2]>,
    /// Real images that the generator's training had seen.
    pub(crate) images_seen: u64,
}

/// A picture, by its seed or its number in the data.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) number: u64,
    pub(super) png: Bytes,
}

/// What a round shows.
pub(super) struct Pair {
    pub(super) real: Card,
    pub(super) generated: Card,
}

impl Deck {
    /// The file by whose age a deck is known to be old.
    pub(super) fn file(run: &Path) -> PathBuf {
        let best = run.join("best.safetensors");
        match best.exists() {
            true => best,
            false => run.join("generator.safetensors"),
        }
    }

    /// Makes the generated pictures and reads the real ones.
    pub(super) fn open(run: &Path, name: &str) -> Result<Self, Refusal> {
        let cannot = |why: &dyn std::fmt::Display| {
            Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("{name} cannot be played with: {why}"),
            )
        };
        let device = DeviceName::default()
            .open()
            .map_err(|error| cannot(&error))?;
        let generator =
            Generator::load_which(run, Which::Best, &device).map_err(|error| cannot(&error))?;
        if let Kind::Points { .. } = generator.data().kind {
            return Err(cannot(&"it makes points, and the game is one of pictures"));
        }
        let recipe = Recipe::from_file(&run.join("recipe.toml")).map_err(|error| cannot(&error))?;
        let data = data(&recipe).map_err(|why| cannot(&why))?;
        if data.kind() != generator.data().kind {
            return Err(cannot(
                &"its data are of another size now than those it was trained on",
            ));
        }
        let seeds = Seeds::range(FIRST_SEED..FIRST_SEED + PICTURES);
        let pictures = generator.pictures(&seeds).map_err(|error| cannot(&error))?;
        let generated = seeds.list().iter().zip(&pictures);
        let generated: Result<Vec<_>, _> = generated
            .map(|(&seed, picture)| card(seed, picture))
            .collect();
        let deck = Self {
            generated: generated.map_err(|why| cannot(&why))?,
            real: real(&data, recipe.train.seed).map_err(|why| cannot(&why))?,
            dealt: Mutex::default(),
            images_seen: generator.images_seen,
        };
        let judgements = Judgements::read(run).map_err(|error| cannot(&error))?;
        deck.count(&judgements);
        Ok(deck)
    }

    /// Counts what was dealt before.
    fn count(&self, judgements: &Judgements) {
        let times = |cards: &[Card], number: fn(&fata::judge::human::Judgement) -> u64| {
            let mut times: BTreeMap<u64, u32> = BTreeMap::new();
            for answer in &judgements.list {
                *times.entry(number(answer)).or_default() += 1;
            }
            let of = |card: &Card| times.get(&card.number).copied().unwrap_or_default();
            cards.iter().map(of).collect()
        };
        let counted = [
            times(&self.generated, |answer| answer.seed),
            times(&self.real, |answer| answer.item),
        ];
        *self.dealt.lock().unwrap_or_else(PoisonError::into_inner) = counted;
    }

    /// One of each kind, among those that were dealt least.
    pub(super) fn deal(&self, draws: &mut Draws) -> Pair {
        let mut dealt = self.dealt.lock().unwrap_or_else(PoisonError::into_inner);
        let [generated, real] = &mut *dealt;
        Pair {
            generated: self.generated[least(generated, draws)].clone(),
            real: self.real[least(real, draws)].clone(),
        }
    }

    /// A picture, to be looked at with the results.
    pub(crate) fn shown(&self, kind: &str, number: u64) -> Option<Bytes> {
        let cards = match kind {
            "generated" => &self.generated,
            "real" => &self.real,
            _ => return None,
        };
        let found = cards.iter().find(|card| card.number == number);
        found.map(|card| card.png.clone())
    }
}

/// The place of a number among the least ones, drawn; it is raised.
fn least(counts: &mut [u32], draws: &mut Draws) -> usize {
    let lowest = counts.iter().min().copied().unwrap_or_default();
    let places: Vec<usize> = (0..counts.len())
        .filter(|&place| counts[place] == lowest)
        .collect();
    let place = places[draws.below(places.len() as u32) as usize];
    counts[place] += 1;
    place
}

/// The data of a run, prepared as its training did.
fn data(recipe: &Recipe) -> Result<Dataset, String> {
    let source = &recipe.data.source;
    let options = DataOptions {
        resolution: recipe.train.resolution,
        channels: recipe.data.channels,
        fit: recipe.data.fit,
        keep_size: false,
    };
    let data = Dataset::open(Path::new(source), &options)
        .map_err(|error| format!("the real pictures are gone ({error})"))?;
    match &recipe.origin {
        Some(origin) if origin.fingerprint != data.fingerprint() => Err(format!(
            "the pictures at {source} are other ones than those it was trained on"
        )),
        _ => Ok(data),
    }
}

fn real(data: &Dataset, seed: u64) -> Result<Vec<Card>, String> {
    let Kind::Images {
        channels,
        height,
        width,
    } = data.kind()
    else {
        return Err("its data are points".into());
    };
    let mut draws = Random::new(seed).at(Stream::Rounds, u64::MAX);
    let mut cards: Vec<Card> = Vec::new();
    let mut values = vec![0.0; data.kind().values()];
    for item in draws.permutation(data.len() as u32) {
        if cards.len() as u64 == PICTURES {
            break;
        }
        let item = item as usize;
        let found = data
            .read(item, &mut values)
            .map_err(|error| error.to_string())?;
        // Of one that is damaged, the next is read, which has a turn of its own.
        if found == item {
            let picture = Picture::from_signed(&values, height, width, channels);
            cards.push(card(
                item as u64,
                &picture.map_err(|error| error.to_string())?,
            )?);
        }
    }
    Ok(cards)
}

fn card(number: u64, picture: &Picture) -> Result<Card, String> {
    let png = picture
        .encode_png_without_notes()
        .map_err(|error| error.to_string())?;
    Ok(Card {
        number,
        png: png.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: u64) -> Card {
        Card {
            number,
            png: Bytes::new(),
        }
    }

    #[test]
    fn every_picture_is_dealt_before_one_comes_again() {
        let deck = Deck {
            generated: (0..5).map(card).collect(),
            real: (0..3).map(card).collect(),
            dealt: Mutex::new([vec![0; 5], vec![0, 9, 0]]),
            images_seen: 0,
        };
        let mut draws = Random::new(1).at(Stream::Rounds, 0);
        let pairs: Vec<_> = (0..10).map(|_| deck.deal(&mut draws)).collect();
        let mut seeds: Vec<_> = pairs.iter().map(|pair| pair.generated.number).collect();
        assert_ne!(seeds[..5], [0, 1, 2, 3, 4]);
        seeds.sort_unstable();
        assert_eq!(seeds, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
        assert!(pairs.iter().all(|pair| pair.real.number != 1));
    }
}
