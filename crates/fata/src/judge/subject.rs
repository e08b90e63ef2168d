//! What can be judged: data of any kind, or a generator.

use super::JudgeError;
use super::features::ImageForm;
use crate::data::{DataOptions, Dataset, Kind};
use crate::draw::Picture;
use crate::recipe::Recipe;
use crate::rng::{Random, Stream};
use crate::ship::Generator;
use burn::tensor::Device;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// One side of a comparison.
#[derive(Clone)]
pub struct Subject {
    name: String,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Data(Arc<Dataset>),
    Model(Box<Generator>),
}

impl Subject {
    /// A data set.
    pub fn data(dataset: Arc<Dataset>) -> Self {
        Self {
            name: dataset.path().display().to_string(),
            source: Source::Data(dataset),
        }
    }

    /// A generator.
    pub fn model(name: impl Into<String>, generator: Generator) -> Self {
        Self {
            name: name.into(),
            source: Source::Model(Box::new(generator)),
        }
    }

    /// Opens a run folder, a `.safetensors` file that Fata wrote, or data.
    ///
    /// # Errors
    /// If it is none of them, or cannot be used.
    pub fn open(path: &Path, options: &DataOptions, device: &Device) -> Result<Self, JudgeError> {
        if is_model(path) {
            let generator = Generator::load(path, device)?;
            return Ok(Self::model(path.display().to_string(), generator));
        }
        let options = DataOptions {
            keep_size: true,
            ..*options
        };
        Ok(Self::data(Arc::new(Dataset::open(path, &options)?)))
    }

    /// What a person called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The generator, if it is one.
    pub fn generator(&self) -> Option<&Generator> {
        match &self.source {
            Source::Model(generator) => Some(generator),
            Source::Data(_) => None,
        }
    }

    /// The data set, if it is one.
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        match &self.source {
            Source::Data(dataset) => Some(dataset),
            Source::Model(_) => None,
        }
    }

    /// The name of the built-in data that it is, or was trained on.
    pub(super) fn builtin(&self) -> Option<&str> {
        let name = match &self.source {
            Source::Data(dataset) => dataset.path().to_str()?,
            Source::Model(generator) => &generator.data().name,
        };
        let known = crate::data::BUILTINS.iter();
        known.map(|known| known.name).find(|known| *known == name)
    }

    /// What its items are.
    pub fn kind(&self) -> Kind {
        match &self.source {
            Source::Data(dataset) => dataset.kind(),
            Source::Model(generator) => generator.data().kind,
        }
    }

    /// The form of its pictures.
    pub fn form(&self) -> Option<ImageForm> {
        match self.kind() {
            Kind::Images {
                channels,
                height,
                width,
            } => Some(ImageForm {
                height,
                width,
                channels,
            }),
            Kind::Points { .. } => None,
        }
    }

    /// The side in pixels to which its pictures were brought, where they are
    /// data and not all of that size by themselves.
    pub(super) fn fitted_side(&self) -> Option<usize> {
        let dataset = self.dataset().filter(|dataset| !dataset.has_own_size())?;
        match dataset.kind() {
            Kind::Images { height, .. } => Some(height),
            Kind::Points { .. } => None,
        }
    }

    /// Whether its items have the form of another's.
    pub(super) fn check_form(&self, other: &Self) -> Result<(), JudgeError> {
        let (a, b) = (self.kind(), other.kind());
        if a == b {
            return Ok(());
        }
        let reason = match (self.form(), other.form()) {
            (Some(a), Some(b)) if (a.height, a.width) != (b.height, b.width) => format!(
                "the first has {}x{} pixels, the second {}x{}: give --resolution to fit folders to one size, or judge a model against the data it was trained on",
                a.width, a.height, b.width, b.height
            ),
            (Some(a), Some(b)) => format!(
                "the first is {}, the second {}: make both the same before judging",
                colours(a),
                colours(b)
            ),
            (None, None) => format!("points of {} and of {} columns", a.values(), b.values()),
            (Some(_), None) => "the first has pictures, the second points".into(),
            (None, Some(_)) => "the first has points, the second pictures".into(),
        };
        Err(JudgeError::Mismatch {
            a: self.name().into(),
            b: other.name().into(),
            reason,
        })
    }

    /// Which items stand for it: all, or `most` drawn without repetition; of a
    /// generator, seeds.
    pub(super) fn choose(&self, most: usize, random: Random) -> Vec<u64> {
        match &self.source {
            Source::Model(_) => {
                // Far from the seeds that people look at and ask for.
                let first = u64::from(random.at(Stream::Judge, 0).bits()) << 32;
                (first..first + most as u64).collect()
            }
            Source::Data(dataset) if dataset.len() <= most => (0..dataset.len() as u64).collect(),
            Source::Data(dataset) => {
                let order = random
                    .at(Stream::Judge, 0)
                    .permutation(dataset.len() as u32);
                let mut chosen: Vec<u64> = order[..most].iter().map(|&i| u64::from(i)).collect();
                chosen.sort_unstable();
                chosen
            }
        }
    }

    /// Items, one after the other: pictures [height, width, channels] in
    /// [-1, 1], points in their own units. A file that cannot be read is left
    /// out; the items that are there come along.
    pub(super) fn read(&self, items: &[u64]) -> Result<(Vec<f32>, Vec<u64>), JudgeError> {
        match &self.source {
            Source::Model(generator) => {
                let latents: Vec<_> = items.iter().map(|&seed| generator.latent(seed)).collect();
                Ok((generator.forward(&latents).concat(), items.to_vec()))
            }
            Source::Data(dataset) => {
                let read: Vec<Option<Vec<f32>>> = items
                    .par_iter()
                    .map(|&item| {
                        let mut values = vec![0.0; dataset.kind().values()];
                        let found = dataset.read(item as usize, &mut values)?;
                        if let Some(units) = dataset.units() {
                            units.to_units(&mut values);
                        }
                        Ok((found == item as usize).then_some(values))
                    })
                    .collect::<Result<_, JudgeError>>()?;
                let whole = read
                    .iter()
                    .zip(items)
                    .filter(|(values, _)| values.is_some());
                let items = whole.map(|(_, &item)| item).collect();
                Ok((read.into_iter().flatten().flatten().collect(), items))
            }
        }
    }

    /// The class of an item, where there are labels.
    pub(super) fn label(&self, item: u64) -> Option<&str> {
        let dataset = self.dataset()?;
        let label = dataset.label(item as usize)?;
        dataset.classes().get(label as usize).map(String::as_str)
    }

    /// Items as pictures to look at.
    pub(super) fn pictures(&self, items: &[u64]) -> Result<Vec<Picture>, JudgeError> {
        let Some(form) = self.form() else {
            return Ok(Vec::new());
        };
        let (pixels, _) = self.read(items)?;
        let each = form.height * form.width * form.channels;
        pixels
            .chunks_exact(each)
            .map(|pixels| {
                Picture::from_signed(pixels, form.height, form.width, form.channels)
                    .map_err(|error| crate::ship::ModelError::from(error).into())
            })
            .collect()
    }
}

/// Whether a path is a model's, rather than data's.
fn is_model(path: &Path) -> bool {
    // A built-in name wins over a folder of that name, as everywhere.
    let builtin = crate::data::BUILTINS
        .iter()
        .any(|builtin| path.as_os_str() == builtin.name);
    if builtin {
        return false;
    }
    let safetensors = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    safetensors
        || path.join("recipe.toml").is_file()
        || path.join("generator.safetensors").is_file()
}

/// Opens both sides of a comparison: where one is a model that was trained on
/// the other, or the other must be fitted to a size anyway, the data are
/// prepared as they were for the training.
///
/// # Errors
/// As [`Subject::open`], and if their items differ in form.
pub fn open_pair(
    a: &Path,
    b: &Path,
    options: &DataOptions,
    device: &Device,
) -> Result<[Subject; 2], JudgeError> {
    let [mut a, mut b] = [
        Subject::open(a, options, device)?,
        Subject::open(b, options, device)?,
    ];
    fit_to(&a, &mut b, options)?;
    fit_to(&b, &mut a, options)?;
    a.check_form(&b)?;
    Ok([a, b])
}

fn fit_to(model: &Subject, data: &mut Subject, options: &DataOptions) -> Result<(), JudgeError> {
    let (Some(generator), Some(dataset)) = (model.generator(), data.dataset()) else {
        return Ok(());
    };
    if options.resolution.is_some() || model.kind() == data.kind() || model.form().is_none() {
        return Ok(());
    }
    let recipe: &Recipe = generator.recipe();
    let own = recipe
        .origin
        .as_ref()
        .map(|origin| origin.fingerprint.as_str());
    if own == Some(dataset.fingerprint().as_str()) || !dataset.has_own_size() {
        let options = DataOptions {
            resolution: recipe.train.resolution,
            channels: recipe.data.channels,
            fit: recipe.data.fit,
            ..*options
        };
        *data = Subject::data(Arc::new(Dataset::open(dataset.path(), &options)?));
    }
    Ok(())
}

fn colours(form: ImageForm) -> &'static str {
    match form.channels {
        1 => "grey",
        3 => "RGB",
        _ => "RGB with alpha",
    }
}
