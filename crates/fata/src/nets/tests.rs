//! Every architecture under every condition: what it makes of what it is given.

use super::*;
use crate::data::Kind;
use crate::layers::{Mode, numbers, tensor};
use crate::recipe::{Condition, Minibatch, Norm, Recipe, SpectralNorm};
use crate::rng::{Random, Stream};
use burn::tensor::Device;

const CLASSES: usize = 3;
const PICTURES: Kind = Kind::Images {
    channels: 1,
    height: 16,
    width: 16,
};
const KINDS: [ModelKind; 4] = [
    ModelKind::Mlp,
    ModelKind::Dcgan,
    ModelKind::Resnet,
    ModelKind::R3gan,
];
const CONDITIONS: [Condition; 5] = [
    Condition::None,
    Condition::Concatenation,
    Condition::Auxiliary,
    Condition::Projection,
    Condition::SemiSupervised,
];

fn form(kind: ModelKind, condition: Condition, classes: usize) -> Form {
    let mut model = Recipe::named("dcgan").unwrap().model;
    (model.kind, model.condition) = (kind, condition);
    (model.width, model.latent) = (4, 5);
    model.discriminator_norm = Norm::None;
    Form::new(&model, PICTURES, classes)
}

fn drawn(rows: usize, columns: usize) -> Tensor<2> {
    let mut values = vec![0.0; rows * columns];
    Random::new(2).at(Stream::Data, 0).fill_normal(&mut values);
    tensor(values, &Device::flex()).reshape([rows, columns])
}

/// The same rows for all classes, each class in turn.
fn labels(rows: usize, shift: usize) -> Tensor<2> {
    let labels: Vec<u32> = (0..rows)
        .map(|row| ((row + shift) % CLASSES) as u32)
        .collect();
    crate::train::one_hot(&labels, CLASSES, &Device::flex())
}

/// Checkpoints keep tensors by their names.
#[test]
fn no_two_tensors_of_a_player_have_one_name() {
    for kind in KINDS {
        for condition in CONDITIONS {
            let mut form = form(kind, condition, CLASSES);
            form.model.spectral_norm = SpectralNorm::Both;
            form.model.attention = 8;
            form.model.blocks = 2;
            form.model.minibatch = Minibatch::Discrimination;
            let device = Device::flex();
            let players = [
                Generator::build(&form, Random::new(1), &device).unwrap().1,
                Discriminator::build(&form, Random::new(1), &device)
                    .unwrap()
                    .1,
            ];
            for parameters in players {
                let list = parameters.list().iter();
                let mut names: Vec<_> = list.map(|parameter| &parameter.name).collect();
                names.sort();
                let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
                assert_eq!(twice, None, "{kind:?}, {condition:?}");
            }
        }
    }
}

#[test]
fn generators_make_samples_and_conditioned_ones_listen_to_the_label() {
    for kind in KINDS {
        for condition in CONDITIONS {
            let form = form(kind, condition, CLASSES);
            let (layers, parameters) =
                Generator::build(&form, Random::new(1), &Device::flex()).unwrap();
            let weights = parameters.plain(Mode::Train);
            let conditioned = form.generator_is_conditioned();
            let made = |shift: usize| {
                let labels = conditioned.then(|| labels(6, shift));
                let x = layers.forward(&weights, drawn(6, 5), labels.as_ref());
                assert_eq!(x.dims(), [6, 256], "{kind:?}, {condition:?}");
                numbers(x)
            };
            let differs = made(0) != made(1);
            assert_eq!(differs, conditioned, "{kind:?}, {condition:?}");
        }
    }
}

#[test]
fn discriminators_judge_and_those_that_are_told_labels_listen() {
    for kind in KINDS {
        for condition in CONDITIONS {
            let form = form(kind, condition, CLASSES);
            let (layers, parameters) =
                Discriminator::build(&form, Random::new(1), &Device::flex()).unwrap();
            let weights = parameters.plain(Mode::Train);
            let judged = |shift: usize| {
                let labels = (form.classes > 0).then(|| labels(6, shift));
                layers.judge(&weights, drawn(6, 256).into(), labels.as_ref())
            };
            let verdict = judged(0);
            assert_eq!(verdict.logits.value.dims(), [6]);
            let names = matches!(condition, Condition::Auxiliary | Condition::SemiSupervised);
            let classes = verdict.classes.as_ref().map(Tensor::dims);
            assert_eq!(classes, names.then_some([6, CLASSES]));
            let differs = numbers(verdict.logits.value) != numbers(judged(1).logits.value);
            let told = matches!(condition, Condition::Concatenation | Condition::Projection);
            assert_eq!(differs, told, "{kind:?}, {condition:?}");
        }
    }
}

/// D(x) = Z / (Z + 1), Z the sum of the exponents of K logits (Salimans et al.
/// 2016, section 5).
#[test]
fn a_semi_supervised_verdict_is_the_log_of_the_sum_of_exponents() {
    let form = form(ModelKind::Mlp, Condition::SemiSupervised, CLASSES);
    let (layers, parameters) =
        Discriminator::build(&form, Random::new(1), &Device::flex()).unwrap();
    let weights = parameters.plain(Mode::Train);
    let verdict = layers.judge(&weights, drawn(4, 256).into(), None);
    let classes = numbers(verdict.classes.unwrap());
    let logits = numbers(verdict.logits.value);
    for (row, logit) in classes.chunks_exact(CLASSES).zip(logits) {
        let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        assert!((f64::from(logit) - sum.ln()).abs() < 1e-5);
    }
}

#[test]
fn judging_both_sides_at_once_changes_no_verdict() {
    for condition in CONDITIONS {
        let form = form(ModelKind::Dcgan, condition, CLASSES);
        let (layers, parameters) =
            Discriminator::build(&form, Random::new(1), &Device::flex()).unwrap();
        let weights = parameters.plain(Mode::Train);
        let (real, fake) = (drawn(4, 256), drawn(6, 256) * 0.5);
        let told = [4, 6].map(|rows| (form.classes > 0).then(|| labels(rows, 1)));
        let of = [told[0].as_ref(), told[1].as_ref()];
        let both = layers.judge_both(&weights, [real.clone(), fake.clone()], of);
        for ((x, labels), verdict) in [(real, of[0]), (fake, of[1])].into_iter().zip(both) {
            let alone = layers.judge(&weights, x.into(), labels);
            let [alone, verdict] = [alone, verdict].map(|verdict| {
                let classes = verdict.classes.map(numbers).unwrap_or_default();
                [numbers(verdict.logits.value), classes].concat()
            });
            for (alone, both) in alone.iter().zip(&verdict) {
                assert!((alone - both).abs() < 1e-5, "{alone} and {both}");
            }
        }
    }
}

/// Lin et al. 2018: a packed discriminator gives one verdict for samples that
/// follow each other, and their order within a pack is one of its inputs' alone.
#[test]
fn packed_samples_are_judged_together() {
    let mut form = form(ModelKind::Dcgan, Condition::None, 0);
    form.model.packing = 3;
    let (layers, parameters) =
        Discriminator::build(&form, Random::new(1), &Device::flex()).unwrap();
    let weights = parameters.plain(Mode::Train);
    let x = drawn(6, 256);
    let first = numbers(layers.judge(&weights, x.clone().into(), None).logits.value);
    assert_eq!(first.len(), 2);
    let changed = x.clone().slice([0..5]);
    let changed = Tensor::cat(vec![changed, x.slice([5..6]) * 2.0], 0);
    let then = numbers(layers.judge(&weights, changed.into(), None).logits.value);
    assert_eq!(first[0], then[0]);
    assert_ne!(first[1], then[1]);
}

#[test]
fn a_condition_needs_labels() {
    for condition in &CONDITIONS[1..] {
        let form = form(ModelKind::Dcgan, *condition, 0);
        let device = Device::flex();
        let errors = [
            Generator::build(&form, Random::new(1), &device).map(drop),
            Discriminator::build(&form, Random::new(1), &device).map(drop),
        ];
        for error in errors {
            let error = error.unwrap_err();
            assert!(matches!(error, NetError::NoLabels { .. }));
            let said = error.to_string();
            for part in [
                "have no labels",
                "a folder of its own",
                "model.condition=none",
            ] {
                assert!(said.contains(part), "{said}");
            }
        }
    }
}

/// Huang et al. 2024 (fix-up initialisation): every residual block begins as the
/// identity, so that a player's depth does not matter at the start.
#[test]
fn r3gans_residual_blocks_begin_as_the_identity() {
    let mut one = form(ModelKind::R3gan, Condition::None, 0);
    let answers = |form: &Form| {
        let (layers, mut parameters) =
            Discriminator::build(form, Random::new(1), &Device::flex()).unwrap();
        // What blocks do not hold, alike whatever their number.
        for index in 0..parameters.list().len() {
            let parameter = &parameters.list()[index];
            if !parameter.name.contains(".conv") {
                let length = parameter.shape.iter().product();
                let values = (0..length).map(|at: usize| (at as f32).sin());
                parameters.write(index, values.collect());
            }
        }
        let weights = parameters.plain(Mode::Train);
        numbers(
            layers
                .judge(&weights, drawn(2, 256).into(), None)
                .logits
                .value,
        )
    };
    let shallow = answers(&one);
    one.model.blocks = 3;
    assert_eq!(shallow, answers(&one));
}
