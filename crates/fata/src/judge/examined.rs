//! One side of a comparison, read once: its features and what else the metrics
//! need of it. Pictures pass by in batches and are not kept.

use super::JudgeError;
use super::cache::Cache;
use super::features::{Extracted, Extractor, ImageForm};
use super::modes::most_probable;
use super::rows::Rows;
use super::sliced_wasserstein::Patches;
use super::subject::Subject;
use super::watch::Watch;
use crate::rng::Random;

/// Numbers of a batch of pictures.
const BATCH_VALUES: usize = 1 << 22;
/// Items of a batch, at most: someone may be watching.
const LARGEST_BATCH: usize = 1024;

/// What reads features.
pub(super) enum Reader {
    /// Points are their own features, in their own units.
    Points { dimensions: usize },
    /// Pictures go through a network.
    Pictures {
        extractor: Extractor,
        form: ImageForm,
    },
}

/// What is wanted beside features.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Whether pictures are to go through the reader's network.
    pub(super) features: bool,
    pub(super) patches: Option<Random>,
    /// A digits network, for pictures whose channels are three digits.
    pub(super) stacked: Option<&'a Extractor>,
    pub(super) cache: Option<&'a Cache>,
    pub(super) watch: Option<&'a Watch>,
}

/// A side, read.
pub(super) struct Examined {
    pub(super) items: Vec<u64>,
    /// None where no metric reads them.
    pub(super) features: Vec<f32>,
    pub(super) width: usize,
    pub(super) probabilities: Option<Vec<f32>>,
    pub(super) patches: Option<Patches>,
    /// The thousand classes of stacked digits.
    pub(super) stacked: Option<Vec<usize>>,
}

impl Reader {
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Points { dimensions } => *dimensions,
            Self::Pictures { extractor, form } => extractor.width(*form),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Points { .. } => "points",
            Self::Pictures { extractor, .. } => extractor.name(),
        }
    }

    /// Numbers in an item.
    fn each(&self) -> usize {
        match self {
            Self::Points { dimensions } => *dimensions,
            Self::Pictures { form, .. } => form.height * form.width * form.channels,
        }
    }

    fn extract(&self, values: &[f32], side: &str) -> Result<Extracted, JudgeError> {
        match self {
            Self::Points { .. } => Ok(Extracted {
                features: values.to_vec(),
                probabilities: None,
            }),
            Self::Pictures { extractor, form } => {
                extractor
                    .extract(values, *form)
                    .map_err(|source| JudgeError::Side {
                        side: side.into(),
                        source,
                    })
            }
        }
    }
}

/// Features of pictures made by the way, and their width.
pub(super) fn features_of(
    reader: &Reader,
    pixels: &[f32],
) -> Result<(Vec<f32>, usize), JudgeError> {
    let extracted = reader.extract(pixels, "the model")?;
    Ok((extracted.features, reader.width()))
}

impl Examined {
    /// Reads these items of a subject.
    pub(super) fn new(
        subject: &Subject,
        items: &[u64],
        reader: &Reader,
        wanted: Wanted,
    ) -> Result<Self, JudgeError> {
        let mut examined = Self {
            items: Vec::with_capacity(items.len()),
            features: Vec::new(),
            width: reader.width(),
            probabilities: None,
            patches: None,
            stacked: wanted.stacked.map(|_| Vec::new()),
        };
        if let (Some(random), Reader::Pictures { form, .. }) = (wanted.patches, reader) {
            examined.patches = Some(Patches::new(*form, items.len(), random));
        }
        let tell = |read: usize| {
            if let Some(watch) = wanted.watch {
                watch.tell(read, items.len());
            }
        };
        let batch = (BATCH_VALUES / reader.each()).clamp(1, LARGEST_BATCH);
        let embeds = matches!(reader, Reader::Pictures { .. });
        let extracts = wanted.features || !embeds;
        let is_data = subject.dataset().is_some() && embeds;
        let cache = wanted.cache.filter(|_| is_data && extracts);
        // What is cached goes by its content: the pixels are read in any case.
        let mut key = cache.map(|_| Cache::key(reader.name()));
        for some in items.chunks(batch) {
            let (values, there) = subject.read(some)?;
            check_finite(&values, &there, subject)?;
            examined.items.extend(there);
            if let Some(key) = &mut key {
                key.add(&values);
            }
            examined.look(&values, reader, wanted, subject)?;
            if cache.is_none() {
                if extracts {
                    examined.extract(&values, reader, subject)?;
                }
                tell(examined.items.len());
            }
        }
        if let (Some(cache), Some(key)) = (cache, key) {
            let name = key.name();
            match cache.load(&name, examined.items.len(), examined.width) {
                Some(known) => {
                    examined.features = known.features;
                    examined.probabilities = known.probabilities;
                }
                None => {
                    for (number, some) in items.chunks(batch).enumerate() {
                        let (values, _) = subject.read(some)?;
                        examined.extract(&values, reader, subject)?;
                        tell(number * batch + some.len());
                    }
                    cache.store(&name, &examined);
                }
            }
        }
        Ok(examined)
    }

    fn look(
        &mut self,
        values: &[f32],
        reader: &Reader,
        wanted: Wanted,
        subject: &Subject,
    ) -> Result<(), JudgeError> {
        let Reader::Pictures { form, .. } = reader else {
            return Ok(());
        };
        if let Some(patches) = &mut self.patches {
            patches.add(values, *form);
        }
        if let (Some(stacked), Some(digits)) = (&mut self.stacked, wanted.stacked) {
            stacked.extend(stacked_classes(values, *form, digits, subject)?);
        }
        Ok(())
    }

    fn extract(
        &mut self,
        values: &[f32],
        reader: &Reader,
        subject: &Subject,
    ) -> Result<(), JudgeError> {
        let extracted = reader.extract(values, subject.name())?;
        self.features.extend(extracted.features);
        if let Some(probabilities) = extracted.probabilities {
            self.probabilities
                .get_or_insert_default()
                .extend(probabilities);
        }
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows::new(&self.features, self.width)
    }

    /// [items, classes], where the features classify.
    pub(super) fn probability_rows(&self) -> Option<Rows<'_>> {
        let probabilities = self.probabilities.as_ref()?;
        Some(Rows::new(
            probabilities,
            probabilities.len() / self.count().max(1),
        ))
    }
}

/// The three digits of each picture, as a number below a thousand.
fn stacked_classes(
    values: &[f32],
    form: ImageForm,
    digits: &Extractor,
    subject: &Subject,
) -> Result<Vec<usize>, JudgeError> {
    let grey = ImageForm {
        channels: 1,
        ..form
    };
    let mut classes = vec![0; values.len() / (form.height * form.width * 3)];
    for channel in 0..3 {
        let plane: Vec<f32> = values.iter().skip(channel).step_by(3).copied().collect();
        let extracted = digits
            .extract(&plane, grey)
            .map_err(|source| JudgeError::Side {
                side: subject.name().into(),
                source,
            })?;
        let probabilities = extracted.probabilities.unwrap_or_default();
        let found = most_probable(Rows::new(&probabilities, 10));
        classes
            .iter_mut()
            .zip(found)
            .for_each(|(class, digit)| *class = 10 * *class + digit);
    }
    Ok(classes)
}

fn check_finite(values: &[f32], items: &[u64], subject: &Subject) -> Result<(), JudgeError> {
    let each = (values.len() / items.len().max(1)).max(1);
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(JudgeError::NotFinite {
            side: subject.name().into(),
            item: items[place / each],
        }),
    }
}
