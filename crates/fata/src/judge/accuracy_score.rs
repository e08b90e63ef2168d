//! The classification accuracy score: a classifier trained on generated images
//! with their labels is asked about the data.
//!
//! It says what a data team asks: would these images do in place of real ones.
//! Its reference is the same classifier trained on as many data, each tested
//! on data it has not seen. It needs labels on both sides, so samples in
//! sub-folders by class, or a model that is conditioned on them.
//!
//! # Source
//! Ravuri and Vinyals 2019, arXiv 1905.10887. A small convolutional network in
//! place of their ResNet-50.

use super::JudgeError;
use super::classifier::{Input, Labelled, train_and_test};
use super::measured::Measured;
use super::subject::Subject;
use crate::rng::Random;
use burn::tensor::Device;

/// Items of each side that are used.
const MOST: usize = 10_000;

/// The accuracy on data of a classifier trained on samples.
pub(super) fn classification_accuracy_score(
    generated: (&Subject, &[u64]),
    data: (&Subject, &[u64]),
    random: Random,
    device: &Device,
) -> Result<Measured, JudgeError> {
    let (Some(form), Some(dataset)) = (data.0.form(), data.0.dataset()) else {
        return Err(refuse(
            "the data must be pictures with labels (classes as sub-folders, or IDX labels)",
        ));
    };
    if form.height.min(form.width) < 8 {
        return Err(refuse("pictures must have at least 8 pixels a side"));
    }
    let classes = dataset.classes();
    let count = classes.len();
    if count < 2 {
        return Err(refuse(&format!("{} has no labels", data.0.name())));
    }
    if generated.0.generator().is_some() {
        return Err(refuse(
            "this model draws without labels: use one that is conditioned on them, or samples in sub-folders by class",
        ));
    }
    let class = |name: &str| classes.iter().position(|class| class == name);
    let samples = labelled(generated.0, generated.1, &class)?;
    let all = labelled(data.0, data.1, &class)?;
    // Even items of the data are for the reference, odd ones are the questions.
    let each = form.height * form.width * form.channels;
    let (mut reference, mut questions) = (Labelled::default(), Labelled::default());
    for (index, &label) in all.labels.iter().enumerate() {
        let half = if index % 2 == 0 {
            &mut reference
        } else {
            &mut questions
        };
        half.values
            .extend_from_slice(&all.values[index * each..][..each]);
        half.labels.push(label);
    }
    let input = Input::Pictures {
        height: form.height,
        width: form.width,
        channels: form.channels,
    };
    let test = |train: &Labelled| {
        Measured::share(train_and_test(
            input, count, train, &questions, random, device,
        ))
    };
    Ok(test(&samples).against(test(&reference).value))
}

fn labelled(
    subject: &Subject,
    items: &[u64],
    class: &impl Fn(&str) -> Option<usize>,
) -> Result<Labelled, JudgeError> {
    let mut all = Labelled::default();
    for items in items[..items.len().min(MOST)].chunks(500) {
        let (values, items) = subject.read(items)?;
        let each = values.len() / items.len().max(1);
        for (values, &item) in values.chunks_exact(each.max(1)).zip(&items) {
            let name = subject.label(item).ok_or_else(|| {
                refuse(&format!(
                    "{} has no labels: put its images in sub-folders by class",
                    subject.name()
                ))
            })?;
            let label = class(name).ok_or_else(|| {
                refuse(&format!(
                    "{} has a class `{name}` that the data do not",
                    subject.name()
                ))
            })?;
            all.values.extend_from_slice(values);
            all.labels.push(label);
        }
    }
    if all.labels.len() < 20 {
        return Err(refuse(&format!(
            "{} has fewer than 20 labelled images",
            subject.name()
        )));
    }
    Ok(all)
}

fn refuse(reason: &str) -> JudgeError {
    JudgeError::NotApplicable {
        metric: "classification_accuracy_score",
        reason: reason.into(),
    }
}
