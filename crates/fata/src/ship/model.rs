//! A generator alone: what remains of the game, as one file.

use super::container::{self, Container, ContainerError};
use crate::data::{Kind, Standardisation};
use crate::draw::PictureError;
use crate::files::{FileError, write_whole};
use crate::judge::features::weights::WeightsError;
use crate::layers::{Builder, Parameters};
use crate::nets::{self, Form, NetError};
use crate::recipe::{Recipe, RecipeError};
use crate::train::Latents;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest side of pictures that a file may claim, in pixels.
const LARGEST_SIDE: usize = 4096;

/// The most columns of points that a file may claim.
const MOST_COLUMNS: usize = 1 << 20;

/// Why a model cannot be loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("cannot read the model {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a model.
    #[error("{} cannot be used as a model: {source}", path.display())]
    Container {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ContainerError,
    },
    /// Weights that others wrote.
    #[error("{} cannot be used as weights of a translation: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WeightsError,
    },
    /// A translator where a generator of samples is needed.
    #[error("{} translates pictures and makes none of latents: use `fata translate MODEL IN -o OUT`", path.display())]
    Translates {
        /// The file.
        path: PathBuf,
    },
    /// A generator of samples where a translator is needed.
    #[error("{} makes samples of latents and translates no pictures: use `fata sample MODEL`", path.display())]
    MakesOfLatents {
        /// The file.
        path: PathBuf,
    },
    /// The way that is asked for was not trained.
    #[error("this model was trained on pairs and goes one way only: use --direction ab")]
    OneWay,
    /// Its input was not drawn from pictures.
    #[error(
        "this model was not trained on drawings of pictures (edges, grey, small, masked), so there is nothing to draw first: leave --draw out"
    )]
    NotDrawn,
    /// Whoever asked for it no longer waits.
    #[error("nobody waits for this picture any more")]
    Unwanted,
    /// A picture that cannot be made larger or smaller.
    #[error("the picture cannot be resized: {reason}")]
    Resize {
        /// Why.
        reason: String,
    },
    /// A run folder in which nothing was saved yet.
    #[error("{} holds no generator.safetensors: the run has not reached its first tick, or this is no run folder", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The recipe inside the file.
    #[error("the recipe inside the model: {0}")]
    Recipe(#[from] RecipeError),
    /// The architecture.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A class was asked for that there is none of.
    #[error("{0}")]
    Class(String),
    /// Writing.
    #[error(transparent)]
    File(#[from] FileError),
    /// Pictures.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Pictures were asked of a model of points, or the other way round.
    #[error("this model makes {makes}, not {wanted}: write them to {instead}")]
    Kind {
        /// What the model makes.
        makes: &'static str,
        /// What was wanted.
        wanted: &'static str,
        /// What to do.
        instead: &'static str,
    },
}

/// What the data were: enough to make samples in their own form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataCard {
    /// The data's name.
    pub name: String,
    /// Pictures or points, and of what size.
    pub kind: Kind,
    /// Class names, if there were labels.
    pub classes: Vec<String>,
    /// How many items each class had.
    #[serde(default)]
    pub class_counts: Vec<u64>,
    /// The units of points.
    pub units: Option<Standardisation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Card {
    images_seen: u64,
    recipe: String,
    data: DataCard,
}

/// Which generator of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The one that was judged best; the newest, if none was judged.
    #[default]
    Best,
    /// The newest.
    Last,
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "best" => Ok(Self::Best),
            "last" => Ok(Self::Last),
            _ => Err("use best or last".into()),
        }
    }
}

impl container::Card for Card {
    const KIND: &'static str = "generator";
}

impl DataCard {
    /// Refuses what no data are like: a file from a stranger may say anything.
    fn check(&self) -> Result<(), ContainerError> {
        let (fits, columns) = match self.kind {
            Kind::Images {
                channels,
                height,
                width,
            } => {
                let sides = 1..=LARGEST_SIDE;
                let fits = sides.contains(&height) && sides.contains(&width);
                (fits && matches!(channels, 1 | 3 | 4), 0)
            }
            Kind::Points { dimensions } => ((1..=MOST_COLUMNS).contains(&dimensions), dimensions),
        };
        let units_fit = self
            .units
            .as_ref()
            .is_none_or(|units| units.mean.len() == columns && units.deviation.len() == columns);
        let [names, counts] = [self.classes.len(), self.class_counts.len()];
        let total =
            (self.class_counts.iter()).try_fold(0_u64, |sum, &count| sum.checked_add(count));
        let classes_fit = (counts == 0 || counts == names) && total.is_some();
        if fits && units_fit && classes_fit {
            return Ok(());
        }
        Err(ContainerError::Damaged(format!(
            "its data are {:?}, and units or classes do not fit them or no data are so large",
            self.kind
        )))
    }
}

/// A trained generator.
#[derive(Clone, Debug)]
pub struct Generator {
    pub(super) layers: nets::Generator,
    pub(super) parameters: Parameters,
    pub(super) form: Form,
    recipe: Recipe,
    pub(super) data: DataCard,
    pub(super) latents: Latents,
    /// The class that is asked for; otherwise each sample has one by its seed.
    pub(super) class: Option<u32>,
    /// What latents drawn from seeds are multiplied by.
    pub(super) truncation: f32,
    /// Real images that its discriminator had seen.
    pub images_seen: u64,
}

impl Generator {
    pub(crate) fn new(
        layers: nets::Generator,
        parameters: Parameters,
        form: Form,
        recipe: Recipe,
        data: DataCard,
        images_seen: u64,
    ) -> Self {
        Self {
            latents: Latents::new(&form, &data.class_counts),
            class: None,
            truncation: 1.0,
            layers,
            parameters,
            form,
            recipe,
            data,
            images_seen,
        }
    }

    /// Loads a model: a run folder, or a `.safetensors` file that Fata wrote. Of
    /// a run that was judged while it trained, the best one.
    ///
    /// # Errors
    /// If there is none, or it is damaged.
    pub fn load(path: &Path, device: &Device) -> Result<Self, ModelError> {
        Self::load_which(path, Which::Best, device)
    }

    /// As [`Generator::load`], with a say in which generator of a run is meant.
    ///
    /// # Errors
    /// If there is none, or it is damaged.
    pub fn load_which(path: &Path, which: Which, device: &Device) -> Result<Self, ModelError> {
        let file = file_of(path, which)?;
        let bytes = std::fs::read(&file).map_err(|source| ModelError::Unreadable {
            path: file.clone(),
            source,
        })?;
        Self::decode(&bytes, device).map_err(|error| error.at(&file))
    }

    /// Reads a model from a file's bytes, embedded in a program say.
    ///
    /// # Errors
    /// If they are damaged, or no model.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelError> {
        Self::decode(bytes, device).map_err(|error| error.at(Path::new("the model")))
    }

    /// Nothing is believed: what the card says must fit the tensors before
    /// anything is allocated for it.
    fn decode(bytes: &[u8], device: &Device) -> Result<Self, Decode> {
        let file = Container::<Card>::decode(bytes)?;
        file.card.data.check()?;
        let recipe = Recipe::parse(&file.card.recipe, "the model").map_err(ModelError::from)?;
        let data = &file.card.data;
        let form = Form::new(&recipe.model, data.kind, data.classes.len());
        let mut builder = Builder::stored(file.tensors, device);
        let layers = nets::Generator::lay_out(&form, &mut builder).map_err(ModelError::from)?;
        if let Some((name, shape)) = builder.missing() {
            return Err(Decode::Container(ContainerError::Tensor {
                name: name.clone(),
                shape: shape.clone(),
            }));
        }
        let parameters = builder.finish();
        let Card {
            images_seen, data, ..
        } = file.card;
        Ok(Self::new(
            layers,
            parameters,
            form,
            recipe,
            data,
            images_seen,
        ))
    }

    /// The model as a file's bytes; equal generators give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut recipe = self.recipe.clone();
        recipe.data.source = self.data.name.clone(); // not where it lay on somebody's disk
        let tensors = self.parameters.list().iter().enumerate();
        let tensors: BTreeMap<_, _> = tensors
            .map(|(index, parameter)| {
                (
                    parameter.name.clone(),
                    (parameter.shape.clone(), self.parameters.read(index)),
                )
            })
            .collect();
        let card = Card {
            images_seen: self.images_seen,
            recipe: recipe.to_toml(),
            data: self.data.clone(),
        };
        Container { card, tensors }.encode()
    }

    /// Writes the model to a file, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        Ok(write_whole(path, &self.encode())?)
    }

    /// The recipe it was trained by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The data it was trained on.
    pub fn data(&self) -> &DataCard {
        &self.data
    }

    /// How many numbers were trained.
    pub fn parameter_count(&self) -> usize {
        self.parameters.count()
    }

    /// Measures the statistics of batch normalisation for these weights.
    pub(crate) fn calibrate(&mut self) {
        crate::train::calibrate(&self.layers, &mut self.parameters, &self.latents);
    }
}

/// The file of a model: itself, or that of a run folder.
pub(super) fn file_of(path: &Path, which: Which) -> Result<PathBuf, ModelError> {
    let best = path.join("best.safetensors");
    let file = match (path.is_dir(), which) {
        (true, Which::Best) if best.exists() => best,
        (true, _) => path.join("generator.safetensors"),
        (false, _) => path.to_path_buf(),
    };
    match path.is_dir() && !file.exists() {
        true => Err(ModelError::Empty { path: path.into() }),
        false => Ok(file),
    }
}

enum Decode {
    Container(ContainerError),
    Model(ModelError),
}

impl Decode {
    fn at(self, path: &Path) -> ModelError {
        match self {
            Self::Container(ContainerError::Kind { found, .. }) if found == "translator" => {
                ModelError::Translates { path: path.into() }
            }
            Self::Container(source) => ModelError::Container {
                path: path.into(),
                source,
            },
            Self::Model(error) => error,
        }
    }
}

impl From<ContainerError> for Decode {
    fn from(error: ContainerError) -> Self {
        Self::Container(error)
    }
}

impl From<ModelError> for Decode {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Random;
    use crate::seeds::Seeds;

    fn model() -> Generator {
        let recipe = Recipe::named("points").unwrap();
        let form = Form::new(&recipe.model, Kind::Points { dimensions: 2 }, 0);
        let (layers, parameters) =
            nets::Generator::build(&form, Random::new(3), &Device::flex()).unwrap();
        let data = DataCard {
            name: "ring".into(),
            kind: form.kind,
            classes: Vec::new(),
            class_counts: Vec::new(),
            units: Some(Standardisation {
                mean: vec![1.0, 2.0],
                deviation: vec![3.0, 4.0],
            }),
        };
        Generator::new(layers, parameters, form, recipe, data, 64)
    }

    #[test]
    fn a_model_that_is_read_samples_as_the_one_that_was_written() {
        let written = model();
        let read = Generator::from_bytes(&written.encode(), &Device::flex()).unwrap();
        let seeds = Seeds::range(0..5);
        assert_eq!(
            read.sample(&seeds).unwrap(),
            written.sample(&seeds).unwrap()
        );
        assert_eq!(read.encode(), written.encode());
    }

    /// The file is whole and its checksum right, but its card lies.
    #[test]
    fn a_card_that_lies_is_refused_before_anything_is_allocated_for_it() {
        let refuse = |change: &dyn Fn(&mut Container<Card>)| {
            let mut file = Container::<Card>::decode(&model().encode()).unwrap();
            change(&mut file);
            Generator::from_bytes(&file.encode(), &Device::flex())
                .unwrap_err()
                .to_string()
        };
        let huge = Kind::Images {
            channels: 3,
            height: usize::MAX / 2,
            width: usize::MAX / 2,
        };
        let said = refuse(&|file| file.card.data.kind = huge);
        assert!(said.contains("no data are so large"), "{said}");
        let said = refuse(&|file| file.card.data.kind = Kind::Points { dimensions: 0 });
        assert!(said.contains("no data"), "{said}");
        let said = refuse(&|file| file.card.data.units.as_mut().unwrap().mean.clear());
        assert!(said.contains("units"), "{said}");
        let said = refuse(&|file| {
            file.card.recipe = file.card.recipe.replace(
                "hidden_generator = [128, 128, 128]",
                "hidden_generator = [65536, 65536, 65536, 65536]",
            );
        });
        assert!(
            said.contains("`dense0.weight`") && said.contains("65536"),
            "{said}"
        );
        let said = refuse(&|file| file.card.recipe = "latent = 3".into());
        assert!(said.contains("the recipe inside the model"), "{said}");
    }
}
