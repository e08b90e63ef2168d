//! A latent in a small file, so that a place once found can be gone back to.

use super::LatentError;
use crate::ship::container::{self, Container};
use crate::ship::{Generator, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place that was kept: safetensors with the tensors `z` and, of a model that
/// knows labels, `classes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Keepsake {
    /// The place.
    pub place: Place,
    /// What it is, in words.
    pub about: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Card {
    about: String,
}

impl container::Card for Card {
    const KIND: &'static str = "latent";
}

impl Keepsake {
    /// The file's bytes; equal places give equal ones.
    pub fn encode(&self) -> Vec<u8> {
        let Place { z, classes } = &self.place;
        let mut tensors = BTreeMap::from([("z".into(), (vec![z.len()], z.clone()))]);
        if !classes.is_empty() {
            tensors.insert("classes".into(), (vec![classes.len()], classes.clone()));
        }
        let card = Card {
            about: self.about.clone(),
        };
        Container { card, tensors }.encode()
    }

    /// Reads a file's bytes; `name` is what errors call it.
    ///
    /// # Errors
    /// If they are no kept latent, or one of a model unlike this.
    pub fn decode(bytes: &[u8], name: &str, generator: &Generator) -> Result<Self, LatentError> {
        let read = Container::<Card>::decode(bytes).map_err(|source| LatentError::File {
            what: name.into(),
            source,
        });
        let mut file = read?;
        let mut take = |tensor: &str| match file.tensors.remove(tensor) {
            Some((_, numbers)) => numbers,
            None => Vec::new(),
        };
        let place = Place {
            z: take("z"),
            classes: take("classes"),
        };
        let [wanted, wanted_classes] = [generator.latent_length(), generator.class_shares()];
        if (place.z.len(), place.classes.len()) != (wanted, wanted_classes) {
            return Err(LatentError::Misfit {
                what: name.into(),
                found: place.z.len(),
                found_classes: place.classes.len(),
                wanted,
                wanted_classes,
            });
        }
        Ok(Self {
            place,
            about: file.card.about,
        })
    }
}
