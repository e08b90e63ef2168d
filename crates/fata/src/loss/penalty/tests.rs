//! Gradient penalties of the critics that recipes have, against PyTorch's double
//! backward: `fixtures/penalties/make.py` says what is in the fixture.

use super::*;
use crate::data::Kind;
use crate::layers::{Mode, Parameters, numbers, tensor};
use crate::nets::{Discriminator, Form};
use crate::recipe::{Condition, Minibatch, Model, ModelKind, Norm, Recipe, SpectralNorm};
use crate::rng::Random;
use burn::tensor::Device;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Deserialize;

const FIXTURE: &[u8] = include_bytes!("../../../fixtures/penalties/penalties.safetensors");

/// Of a whole gradient, relative to its length; f32 against PyTorch's f64.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: ModelKind,
    shape: Vec<usize>,
    width: usize,
    penalties: Vec<String>,
    #[serde(default)]
    condition: Condition,
    #[serde(default)]
    minibatch: Minibatch,
    packing: Option<usize>,
    #[serde(default)]
    spectral: bool,
}

impl Case {
    fn form(&self) -> Form {
        let base = Recipe::named("mlp").unwrap().model;
        let model = Model {
            kind: self.kind,
            width: self.width.max(1),
            hidden_discriminator: vec![6, 5],
            discriminator_norm: Norm::None,
            condition: self.condition,
            minibatch: self.minibatch,
            packing: self.packing.unwrap_or(1),
            spectral_norm: match self.spectral {
                true => SpectralNorm::Discriminator,
                false => SpectralNorm::None,
            },
            ..base
        };
        let kind = match self.shape[..] {
            [height, width, channels] => Kind::Images {
                channels,
                height,
                width,
            },
            _ => Kind::Points {
                dimensions: self.shape[0],
            },
        };
        Form::new(&model, kind, 3)
    }

    /// The critic with the fixture's weights.
    fn critic(&self, file: &SafeTensors) -> (Discriminator, Parameters) {
        let (layers, mut parameters) =
            Discriminator::build(&self.form(), Random::new(0), &Device::flex()).unwrap();
        let prefix = format!("{}/weight/", self.name);
        let held = file
            .names()
            .into_iter()
            .filter(|name| name.starts_with(&prefix));
        assert_eq!(held.count(), parameters.list().len(), "{}", self.name);
        for index in 0..parameters.list().len() {
            let parameter = &parameters.list()[index];
            let stored = file.tensor(&format!("{prefix}{}", parameter.name)).unwrap();
            assert_eq!(stored.shape(), parameter.shape, "{}", parameter.name);
            parameters.write(index, floats(&stored));
        }
        (layers, parameters)
    }

    fn tensor(&self, file: &SafeTensors, name: &str) -> Option<Tensor<1>> {
        let stored = file.tensor(&format!("{}/{name}", self.name)).ok()?;
        Some(tensor(floats(&stored), &Device::flex()))
    }

    fn rows(&self, file: &SafeTensors, name: &str) -> Option<Tensor<2>> {
        let stored = file.tensor(&format!("{}/{name}", self.name)).ok()?;
        let shape: [usize; 2] = stored.shape().try_into().unwrap();
        Some(tensor(floats(&stored), &Device::flex()).reshape(shape))
    }

    /// Where a penalty is taken, and its shape.
    fn place(&self, file: &SafeTensors, key: &str) -> (Tensor<2>, Shape) {
        let rows = |name: &str| self.rows(file, name).unwrap();
        match key {
            "r1" => (rows("real"), Shape::ZeroCentred { gamma: 3.0 }),
            "r2" => (rows("fake"), Shape::ZeroCentred { gamma: 2.0 }),
            "gradient" => {
                let shares = self.tensor(file, "shares").unwrap();
                let x = between(rows("real"), rows("fake"), shares);
                (x, Shape::OneCentred { lambda: 10.0 })
            }
            _ => {
                let x = around(rows("real"), rows("noise"));
                (x, Shape::OneCentred { lambda: 5.0 })
            }
        }
    }
}

fn floats(stored: &TensorView) -> Vec<f32> {
    let bytes = stored.data().chunks_exact(4);
    let floats = bytes.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    floats.collect()
}

fn fixture() -> (SafeTensors<'static>, Vec<Case>) {
    let (_, metadata) = SafeTensors::read_metadata(FIXTURE).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    let cases = serde_json::from_str(&metadata["critics"]).unwrap();
    (SafeTensors::deserialize(FIXTURE).unwrap(), cases)
}

/// `|found - expected| / |expected|`.
fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let [mut error, mut length] = [0.0; 2];
    for (&found, &expected) in found.iter().zip(expected) {
        error += (f64::from(found) - f64::from(expected)).powi(2);
        length += f64::from(expected).powi(2);
    }
    (error / length).sqrt()
}

#[test]
fn critics_answer_as_pytorchs_do() {
    let (file, cases) = fixture();
    for case in cases {
        let (layers, parameters) = case.critic(&file);
        let weights = parameters.plain(Mode::Train);
        let labels = case.rows(&file, "labels");
        let real = case.rows(&file, "real").unwrap();
        let verdict = layers.judge(&weights, real.into(), labels.as_ref());
        let expected = numbers(case.tensor(&file, "answers").unwrap());
        let error = relative_error(&numbers(verdict.logits.value), &expected);
        assert!(error < 1e-5, "{}: {error:e}", case.name);
    }
}

#[test]
fn values_and_weight_gradients_are_those_of_double_backward() {
    let (file, cases) = fixture();
    for case in cases {
        let (layers, parameters) = case.critic(&file);
        let labels = case.rows(&file, "labels");
        for key in &case.penalties {
            let what = format!("{key} of {}", case.name);
            let (x, shape) = case.place(&file, key);
            let frozen = parameters.frozen(Mode::Train);
            let tracked = parameters.tracked_along(Mode::Train);
            let critic = Critic {
                judge: &|weights, x| layers.judge(weights, x, labels.as_ref()).logits,
                frozen: &frozen,
                tracked: &tracked,
                smooth: layers.sees_batch(),
            };
            let penalty = critic.penalty(x, shape);
            let value = numbers(case.tensor(&file, &format!("{key}/value")).unwrap())[0];
            let error = (penalty.value / f64::from(value) - 1.0).abs();
            assert!(error < 1e-4, "{what}: {} for {value}", penalty.value);

            let mut gradients = penalty.surrogate.backward();
            let found: Vec<f32> = tracked
                .gradients(&mut gradients)
                .into_iter()
                .flat_map(numbers)
                .collect();
            let expected: Vec<f32> = parameters
                .trained_names()
                .iter()
                .flat_map(|name| {
                    let name = format!("{key}/gradient/{name}");
                    numbers(case.tensor(&file, &name).unwrap())
                })
                .collect();
            let error = relative_error(&found, &expected);
            assert!(error < TOLERANCE, "{what}: {error:e}");
        }
    }
}

/// Each half of what recipes with R1 and R2 of one weight take in one pass.
#[test]
fn a_penalty_over_both_sides_is_the_mean_of_those_of_each() {
    let (file, cases) = fixture();
    let case = cases.iter().find(|case| case.name == "dcgan").unwrap();
    let (layers, parameters) = case.critic(&file);
    let frozen = parameters.frozen(Mode::Train);
    let tracked = parameters.tracked_along(Mode::Train);
    let critic = Critic {
        judge: &|weights, x| layers.judge(weights, x, None).logits,
        frozen: &frozen,
        tracked: &tracked,
        smooth: false,
    };
    let [real, fake] = ["real", "fake"].map(|name| case.rows(&file, name).unwrap());
    let shape = Shape::ZeroCentred { gamma: 1.0 };
    let both = critic.penalty(Tensor::cat(vec![real.clone(), fake.clone()], 0), shape);
    let each = [real, fake].map(|x| critic.penalty(x, shape).value);
    let mean = (each[0] + each[1]) / 2.0;
    assert!(
        (both.value / mean - 1.0).abs() < 1e-5,
        "{} for {mean}",
        both.value
    );
}
