//! Gradient penalties of critics at the size of the recipes', against PyTorch's
//! double backward: relative error of the gradient by all weights, and what a
//! discriminator's update costs with the penalty relative to one without.
//!
//! Fata writes each critic with its weights and samples to `target/penalties`;
//! `peers/torch_penalties.py` reads them and writes what PyTorch finds.

use crate::peers;
use anyhow::{Context, bail};
use burn::tensor::{Device, Tensor, TensorData};
use fata::data::Kind;
use fata::layers::{Mode, Parameters};
use fata::loss::penalty::{Critic, Shape};
use fata::nets::{Discriminator, Form};
use fata::recipe::{Loss, Recipe};
use fata::rng::{Random, Stream};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/penalties");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/torch_penalties.py");

/// The most that is allowed: of the whole gradient, relative to its length.
const LARGEST_ERROR: f64 = 1e-3;
/// Timed updates, of which the median counts; those before them warm up.
const UPDATES: usize = 10;
const WARM_UP: usize = 2;
const CLASSES: usize = 10;

/// A critic, and the penalty that recipes put on it.
struct Case {
    name: &'static str,
    /// What it sets in the `dcgan` recipe.
    set: &'static [&'static str],
    channels: usize,
    shape: Shape,
}

const DIGITS: &[&str] = &[
    "model.discriminator_norm=none",
    "model.width=32",
    "train.batch=64",
];

const CASES: [Case; 6] = [
    Case {
        name: "dcgan-r1",
        set: DIGITS,
        channels: 1,
        shape: Shape::ZeroCentred { gamma: 1.0 },
    },
    Case {
        name: "dcgan-wgan-gp",
        set: DIGITS,
        channels: 1,
        shape: Shape::OneCentred { lambda: 10.0 },
    },
    Case {
        name: "dcgan-deviation-r1",
        set: &[
            "model.discriminator_norm=none",
            "model.width=32",
            "model.minibatch=deviation",
        ],
        channels: 1,
        shape: Shape::ZeroCentred { gamma: 1.0 },
    },
    Case {
        name: "dcgan-projection-r1",
        set: &[
            "model.discriminator_norm=none",
            "model.width=32",
            "model.condition=projection",
        ],
        channels: 1,
        shape: Shape::ZeroCentred { gamma: 1.0 },
    },
    Case {
        name: "r3gan-r1",
        set: &["model.kind=r3gan", "model.width=16"],
        channels: 1,
        shape: Shape::ZeroCentred { gamma: 1.0 },
    },
    Case {
        name: "resnet-wgan-gp",
        set: &["model.kind=resnet", "model.width=64"],
        channels: 3,
        shape: Shape::OneCentred { lambda: 10.0 },
    },
];

const SIDE: usize = 32;

/// Compares and times all cases with the Python that `--python` names.
pub(crate) fn report(arguments: &[&str]) -> anyhow::Result<()> {
    let &["--python", python] = arguments else {
        bail!("usage: cargo xtask penalties --python PATH (of a Python that has PyTorch)");
    };
    std::fs::create_dir_all(FOLDER)?;
    let mut ours = Vec::new();
    for case in &CASES {
        let subject = Subject::new(case)?;
        subject.write(case)?;
        ours.push(subject.measure(case.shape));
    }
    let threads = std::thread::available_parallelism()?.to_string();
    let updates = UPDATES.to_string();
    let status = peers::python(python.as_ref())
        .args([SCRIPT, FOLDER, &threads, &updates])
        .status()
        .with_context(|| format!("cannot run {python}"))?;
    if !status.success() {
        bail!("PyTorch's side failed");
    }
    println!("relative error of the weight gradient, against f64, and an update's milliseconds");
    println!(
        "critic               Fata     PyTorch  | Fata: plain  penalised  ratio | PyTorch: plain  penalised  ratio"
    );
    let mut worst: f64 = 0.0;
    for (case, ours) in CASES.iter().zip(&ours) {
        let theirs = Theirs::read(case, &ours.names)?;
        let errors = [&ours.gradient, &theirs.f32].map(|found| error(found, &theirs.f64));
        let cost = |[plain, penalised]: [f64; 2]| {
            let ratio = penalised / plain;
            format!("{:8.1}  {:9.1}  {ratio:5.2}", 1e3 * plain, 1e3 * penalised)
        };
        println!(
            "{:20} {:.1e}  {:.1e}  |    {} |       {}",
            case.name,
            errors[0],
            errors[1],
            cost(ours.seconds),
            cost(theirs.seconds)
        );
        worst = worst.max(errors[0]);
    }
    if worst > LARGEST_ERROR {
        bail!("the largest error is {worst:.1e}, and {LARGEST_ERROR:.0e} is allowed");
    }
    Ok(())
}

/// A critic with weights, and samples to judge.
struct Subject {
    form: Form,
    layers: Discriminator,
    parameters: Parameters,
    loss: Loss,
    real: Tensor<2>,
    fake: Tensor<2>,
    /// Where the penalty is taken: at real samples, or halfway to generated ones.
    x: Tensor<2>,
    labels: Option<Tensor<2>>,
}

/// What Fata finds.
struct Ours {
    gradient: Vec<f32>,
    names: Vec<String>,
    /// Of an update, without the penalty and with it.
    seconds: [f64; 2],
}

/// What PyTorch finds.
struct Theirs {
    f32: Vec<f32>,
    f64: Vec<f32>,
    seconds: [f64; 2],
}

impl Subject {
    fn new(case: &Case) -> anyhow::Result<Self> {
        let device = Device::flex();
        let mut recipe = Recipe::named("dcgan")?;
        for assignment in case.set {
            recipe = recipe.with_set(assignment)?;
        }
        let kind = Kind::Images {
            channels: case.channels,
            height: SIDE,
            width: SIDE,
        };
        let form = Form::new(&recipe.model, kind, CLASSES);
        let (layers, mut parameters) = Discriminator::build(&form, Random::new(1), &device)?;
        move_from_zero(&mut parameters);
        let (batch, values) = (recipe.train.batch, SIDE * SIDE * case.channels);
        let drawn = |counter: u64| -> Tensor<2> {
            let mut numbers = vec![0.0; batch * values];
            Random::new(1)
                .at(Stream::Data, counter)
                .fill_normal(&mut numbers);
            tensor(numbers, [batch, values])
        };
        let (real, fake) = (drawn(0), drawn(1));
        let x = match case.shape {
            Shape::ZeroCentred { .. } => real.clone(),
            Shape::OneCentred { .. } => (real.clone() + fake.clone()) * 0.5,
        };
        let labels = (form.classes > 0).then(|| {
            let rows = (0..batch).flat_map(|row| {
                (0..CLASSES).map(move |class| f32::from(u8::from(class == row % CLASSES)))
            });
            tensor(rows.collect(), [batch, CLASSES])
        });
        Ok(Self {
            form,
            layers,
            parameters,
            loss: recipe.loss,
            real,
            fake,
            x,
            labels,
        })
    }

    /// The penalty's gradient by the weights, and what an update takes.
    fn measure(&self, shape: Shape) -> Ours {
        let gradient = self.gradients(false, Some(shape));
        let names = self.parameters.trained_names();
        Ours {
            gradient: gradient.into_iter().flat_map(numbers).collect(),
            names: names.into_iter().map(Into::into).collect(),
            seconds: [None, Some(shape)].map(|shape| {
                let mut times: Vec<f64> = (0..WARM_UP + UPDATES)
                    .map(|_| {
                        let began = Instant::now();
                        drop(self.gradients(true, shape));
                        began.elapsed().as_secs_f64()
                    })
                    .skip(WARM_UP)
                    .collect();
                times.sort_by(f64::total_cmp);
                f64::midpoint(times[(UPDATES - 1) / 2], times[UPDATES / 2])
            }),
        }
    }

    /// The gradients of the game's loss, of a penalty, or of both.
    fn gradients(&self, game: bool, shape: Option<Shape>) -> Vec<Tensor<1>> {
        let weights = match shape {
            Some(_) => self.parameters.tracked_along(Mode::Train),
            None => self.parameters.tracked(Mode::Train),
        };
        let (layers, labels) = (&self.layers, self.labels.as_ref());
        let mut terms = Vec::new();
        if game {
            let shown = [&self.real, &self.fake].map(|x| x.clone().autodiff());
            let verdicts = layers.judge_both(&weights, shown, [labels; 2]);
            let [on_real, on_fake] = verdicts.map(|verdict| verdict.logits.value);
            terms.push(fata::loss::discriminator(&self.loss, on_real, on_fake));
        }
        if let Some(shape) = shape {
            let frozen = self.parameters.frozen(Mode::Train);
            let critic = Critic {
                judge: &|weights, x| layers.judge(weights, x, labels).logits,
                frozen: &frozen,
                tracked: &weights,
                smooth: layers.sees_batch(),
            };
            terms.push(critic.penalty(self.x.clone(), shape).surrogate);
        }
        let objective = terms.into_iter().reduce(|a, b| a + b);
        let mut gradients = objective.map(|objective| objective.backward());
        gradients
            .as_mut()
            .map(|gradients| weights.gradients(gradients))
            .unwrap_or_default()
    }

    /// Writes the critic for PyTorch.
    fn write(&self, case: &Case) -> anyhow::Result<()> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let bytes = |numbers: Vec<f32>| numbers.into_iter().flat_map(f32::to_le_bytes).collect();
        for (index, parameter) in self.parameters.list().iter().enumerate() {
            let name = format!("weight/{}", parameter.name);
            let numbers = self.parameters.read(index);
            tensors.push((name, parameter.shape.clone(), bytes(numbers)));
        }
        let samples = [
            ("real", Some(&self.real)),
            ("fake", Some(&self.fake)),
            ("x", Some(&self.x)),
            ("labels", self.labels.as_ref()),
        ];
        for (name, x) in samples {
            let Some(x) = x else { continue };
            tensors.push((name.into(), x.dims().into(), bytes(numbers(x.clone()))));
        }
        let views = tensors
            .iter()
            .map(|(name, shape, data)| {
                Ok((name, TensorView::new(Dtype::F32, shape.clone(), data)?))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let metadata = HashMap::from([("critic".to_string(), self.card(case.shape)?)]);
        let file = Path::new(FOLDER).join(format!("{}.in.safetensors", case.name));
        std::fs::write(file, safetensors::serialize(views, Some(metadata))?)?;
        Ok(())
    }

    /// What `critics.py` needs to know.
    fn card(&self, shape: Shape) -> anyhow::Result<String> {
        let model = &self.form.model;
        let (penalty, weight) = match shape {
            Shape::ZeroCentred { gamma } => ("zero", gamma),
            Shape::OneCentred { lambda } => ("one", lambda),
        };
        let card = serde_json::json!({
            "kind": model.kind,
            "shape": self.form.network_shape(),
            "condition": model.condition,
            "minibatch": model.minibatch,
            "packing": model.packing,
            "penalty": penalty,
            "weight": weight,
        });
        Ok(card.to_string())
    }
}

/// Weights that begin at 0 would hide what is behind them, as no trained ones do.
fn move_from_zero(parameters: &mut Parameters) {
    for index in 0..parameters.list().len() {
        let mut numbers = parameters.read(index);
        if numbers.iter().any(|&number| number != 0.0) {
            continue;
        }
        let shape = &parameters.list()[index].shape;
        let fan_in = shape[..shape.len() - 1].iter().product::<usize>();
        Random::new(2)
            .at(Stream::Weights, index as u64)
            .fill_normal(&mut numbers);
        let scale = match shape.len() {
            1 => 0.1, // a bias
            _ => 1.0 / (fan_in as f32).sqrt(),
        };
        for number in &mut numbers {
            *number *= scale;
        }
        parameters.write(index, numbers);
    }
}

impl Theirs {
    fn read(case: &Case, names: &[String]) -> anyhow::Result<Self> {
        let file = Path::new(FOLDER).join(format!("{}.out.safetensors", case.name));
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let floats = |name: &str| -> anyhow::Result<Vec<f32>> {
            let chunks = tensors.tensor(name)?;
            let chunks = chunks.data().chunks_exact(4);
            let floats =
                chunks.map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
            Ok(floats.collect())
        };
        let whole = |kind: &str| -> anyhow::Result<Vec<f32>> {
            let parts = names.iter().map(|name| floats(&format!("{kind}/{name}")));
            Ok(parts.collect::<anyhow::Result<Vec<_>>>()?.concat())
        };
        Ok(Self {
            f32: whole("f32")?,
            f64: whole("f64")?,
            seconds: [
                f64::from(floats("plain")?[0]),
                f64::from(floats("penalised")?[0]),
            ],
        })
    }
}

/// `|found - expected| / |expected|`.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    let [mut error, mut length] = [0.0; 2];
    for (&found, &expected) in found.iter().zip(expected) {
        error += (f64::from(found) - f64::from(expected)).powi(2);
        length += f64::from(expected).powi(2);
    }
    (error / length).sqrt()
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.without_autodiff().into_data().convert::<f32>();
    data.try_into_vec::<f32>().expect("converted to f32")
}
