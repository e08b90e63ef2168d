//! A translator alone: the generator of a translation, or both of them, as one
//! file; or one of the reference implementation's files of weights.

use super::container::{self, Container, ContainerError};
use super::model::{ModelError, Which};
use super::reference;
use crate::data::Drawing;
use crate::files::write_whole;
use crate::judge::features::weights::WeightsFile;
use crate::layers::{Builder, Mode, Parameters, numbers, tensor};
use crate::nets::translation::{self as nets, TranslationForm};
use crate::recipe::{Recipe, Task};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Which way a translation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the first domain to the second.
    #[default]
    Ab,
    /// Back.
    Ba,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ab => Self::Ba,
            Self::Ba => Self::Ab,
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ab" => Ok(Self::Ab),
            "ba" => Ok(Self::Ba),
            _ => Err("use ab or ba".into()),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Card {
    images_seen: u64,
    recipe: String,
    name: String,
    side: usize,
    channels: [usize; 2],
}

impl container::Card for Card {
    const KIND: &'static str = "translator";
}

/// A trained translator.
#[derive(Clone, Debug)]
pub struct Translator {
    /// There, and back where it was trained without pairs.
    directions: Vec<(nets::Translator, Parameters)>,
    form: TranslationForm,
    recipe: Recipe,
    name: String,
    /// Pictures that it was trained on.
    pub images_seen: u64,
}

impl Translator {
    pub(crate) fn new(
        directions: Vec<(nets::Translator, Parameters)>,
        form: TranslationForm,
        recipe: Recipe,
        name: String,
        images_seen: u64,
    ) -> Self {
        Self {
            directions,
            form,
            recipe,
            name,
            images_seen,
        }
    }

    /// Loads a translator: a run folder, a `.safetensors` file that Fata wrote,
    /// or a `.pth` or `.pt` file of one generator of the reference
    /// implementation (`latest_net_G.pth`).
    ///
    /// # Errors
    /// If there is none, it is damaged, or it makes pictures of latents instead.
    pub fn load(path: &Path, which: Which, device: &Device) -> Result<Self, ModelError> {
        let foreign = path.extension().is_some_and(|ending| {
            ["pth", "pt"]
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        });
        if foreign {
            return Self::load_reference(path, None, device);
        }
        let file = super::model::file_of(path, which)?;
        let bytes = std::fs::read(&file).map_err(|source| ModelError::Unreadable {
            path: file.clone(),
            source,
        })?;
        Self::from_bytes(&bytes, device).map_err(|error| match error {
            ModelError::Container {
                source: ContainerError::Kind { found, .. },
                ..
            } if found == "generator" => ModelError::MakesOfLatents { path: file.clone() },
            ModelError::Container { source, .. } => ModelError::Container {
                path: file.clone(),
                source,
            },
            other => other,
        })
    }

    /// Loads one generator of the reference implementation, for pictures of this
    /// side; a U-Net's depth says its own.
    ///
    /// # Errors
    /// If the file is damaged or holds another network.
    pub fn load_reference(
        path: &Path,
        side: Option<usize>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let weights = |source| ModelError::Weights {
            path: path.into(),
            source,
        };
        let mut recipe = Recipe::named("pix2pix")?;
        let file = WeightsFile::open(path).map_err(weights)?;
        let found = reference::read(&file, &recipe.model, side).map_err(weights)?;
        let form = found.form;
        let mut builder = Builder::stored(found.tensors, device);
        let layers = nets::Translator::lay_out(&form, &mut builder);
        if let Some((name, shape)) = builder.missing() {
            return Err(ModelError::Container {
                path: path.into(),
                source: ContainerError::Tensor {
                    name: name.clone(),
                    shape: shape.clone(),
                },
            });
        }
        recipe.name = "reference".into();
        recipe.description = "Weights of the reference implementation".into();
        recipe.model.width = form.width;
        recipe.model.discriminator_width = None;
        recipe.translation = Some(form.settings.clone());
        recipe.train.resolution = Some(form.side);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self::new(
            vec![(layers, builder.finish())],
            form,
            recipe,
            name.into_owned(),
            0,
        ))
    }

    /// Reads a translator from a file's bytes.
    ///
    /// # Errors
    /// If they are damaged, or no translator.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelError> {
        let refuse = |source| ModelError::Container {
            path: "the model".into(),
            source,
        };
        let mut file = Container::<Card>::decode(bytes).map_err(refuse)?;
        let recipe = Recipe::parse(&file.card.recipe, "the model")?;
        let fits = |channels: &usize| matches!(channels, 1 | 3 | 4);
        let Some(settings) = recipe
            .translation
            .as_ref()
            .filter(|_| file.card.channels.iter().all(fits))
        else {
            let reason = "its recipe translates nothing, or its pictures have no such channels";
            return Err(refuse(ContainerError::Damaged(reason.into())));
        };
        let form =
            TranslationForm::new(&recipe.model, settings, file.card.side, file.card.channels)?;
        let mut directions = Vec::new();
        for (prefix, form) in prefixes(settings.task).zip([form.clone(), form.reversed()]) {
            let names: Vec<String> = (file.tensors.keys())
                .filter(|name| name.starts_with(prefix))
                .cloned()
                .collect();
            let tensors = names.iter().filter_map(|name| {
                let value = file.tensors.remove(name)?;
                Some((name[prefix.len()..].to_string(), value))
            });
            let mut builder = Builder::stored(tensors.collect(), device);
            let layers = nets::Translator::lay_out(&form, &mut builder);
            if let Some((name, shape)) = builder.missing() {
                return Err(refuse(ContainerError::Tensor {
                    name: format!("{prefix}{name}"),
                    shape: shape.clone(),
                }));
            }
            directions.push((layers, builder.finish()));
        }
        let Card {
            name, images_seen, ..
        } = file.card;
        Ok(Self::new(directions, form, recipe, name, images_seen))
    }

    /// The translator as a file's bytes; equal ones give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut recipe = self.recipe.clone();
        // Not where they lay on somebody's disk.
        recipe.data.source = self.name.clone();
        if let Some(domains) = &mut recipe.domains
            && Drawing::named(&domains.from, 0.0, 1).is_none()
        {
            domains.from = "folders".into();
        }
        let mut tensors = BTreeMap::new();
        for (prefix, (_, parameters)) in ["ab/", "ba/"].iter().zip(&self.directions) {
            for (index, parameter) in parameters.list().iter().enumerate() {
                let value = (parameter.shape.clone(), parameters.read(index));
                tensors.insert(format!("{prefix}{}", parameter.name), value);
            }
        }
        let card = Card {
            images_seen: self.images_seen,
            recipe: recipe.to_toml(),
            name: self.name.clone(),
            side: self.form.side,
            channels: [self.form.channels_in, self.form.channels_out],
        };
        Container { card, tensors }.encode()
    }

    /// Writes the translator to a file, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        Ok(write_whole(path, &self.encode())?)
    }

    /// What pictures of the network's own size become.
    ///
    /// # Shapes
    /// `[rows, side, side, channels]` of one domain, to those of the other, in
    /// [-1, 1].
    ///
    /// # Panics
    /// If the values are not so many, or it does not go that way.
    pub fn run(&self, direction: Direction, values: &[f32], rows: usize) -> Vec<f32> {
        let (layers, parameters) = match direction {
            Direction::Ab => &self.directions[0],
            Direction::Ba => &self.directions[1],
        };
        let side = self.form.side;
        let [channels, _] = self.channels(direction);
        let x: Tensor<4> =
            tensor(values.to_vec(), parameters.device()).reshape([rows, side, side, channels]);
        numbers(layers.forward(&parameters.plain(Mode::Infer), x, None))
    }

    /// Channels of what goes in and of what comes out.
    pub fn channels(&self, direction: Direction) -> [usize; 2] {
        let [from, to] = [self.form.channels_in, self.form.channels_out];
        match direction {
            Direction::Ab => [from, to],
            Direction::Ba => [to, from],
        }
    }

    /// Side of the pictures that the network was made for.
    pub fn side(&self) -> usize {
        self.form.side
    }

    /// Whether it translates back too.
    pub fn goes_back(&self) -> bool {
        self.directions.len() > 1
    }

    /// How its input is drawn from pictures, if it was trained on such.
    pub fn drawing(&self) -> Option<Drawing> {
        let domains = self.recipe.domains.as_ref()?;
        Drawing::named(&domains.from, domains.detail, domains.factor)
    }

    /// The recipe it was trained by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The name of the data it was trained on.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many numbers one direction trains.
    pub fn parameter_count(&self) -> usize {
        self.directions[0].1.count()
    }
}

/// What the names of each direction's tensors begin with.
fn prefixes(task: Task) -> impl Iterator<Item = &'static str> {
    let count = match task {
        Task::Paired => 1,
        Task::Unpaired => 2,
    };
    ["ab/", "ba/"].into_iter().take(count)
}
