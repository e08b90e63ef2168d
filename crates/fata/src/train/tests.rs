//! The whole game on tiny pictures and points, for every kind of players and
//! every condition: it stays finite and goes on from a checkpoint bit for bit.

use super::checkpoint;
use super::report::StepReport;
use super::tick::Meters;
use super::*;
use crate::layers::{Mode, numbers};
use crate::nets::Form;
use crate::recipe::{Condition, ModelKind};
use crate::rng::{Random, Stream};
use burn::tensor::Device;

const CLASSES: usize = 3;
const BATCH: usize = 8;
const KIND: Kind = Kind::Images {
    channels: 1,
    height: 16,
    width: 16,
};

/// Players by their kind, with a game that suits them and much of what recipes
/// can turn on.
const PLAYERS: [(&str, &[&str]); 6] = [
    (
        "mlp",
        &[
            "loss.kind=wasserstein",
            "penalty.gradient=10",
            "train.discriminator_steps=2",
            "model.minibatch=deviation",
        ],
    ),
    (
        "dcgan",
        &[
            "model.minibatch=discrimination",
            "augment.noise=0.1",
            "penalty.consistency=1",
            "augment.kind=diffaugment",
            "loss.feature_matching=1",
            "loss.smoothing=0.1",
        ],
    ),
    (
        "dcgan",
        &[
            "loss.kind=relativistic-average",
            "model.discriminator_norm=none",
            "penalty.r1=1",
            "penalty.dragan=1",
            "penalty.every=2",
            "optimizer.generator.kind=rms-prop",
        ],
    ),
    (
        "r3gan",
        &["loss.kind=least-squares", "train.unrolled_steps=2"],
    ),
    (
        "resnet",
        &[
            "loss.kind=hinge",
            "model.spectral_norm=both",
            "model.attention=8",
        ],
    ),
    (
        "r3gan",
        &[
            "loss.kind=relativistic-pairing",
            "penalty.r1=1",
            "penalty.r2=1",
            "schedule.burn_in=0.5",
            "schedule.penalty=0.1",
            "schedule.beta2=0.99",
            "optimizer.discriminator.beta1=0",
        ],
    ),
];

const CONDITIONS: [&str; 5] = [
    "none",
    "concatenation",
    "auxiliary",
    "projection",
    "semi-supervised",
];

fn recipe(kind: &str, condition: &str, more: &[&str]) -> Recipe {
    let small = [
        "model.width=4",
        "model.latent=6",
        "train.batch=8",
        "train.images=200",
        "train.lookahead_every=2",
    ];
    let mut all: Vec<String> = small.iter().chain(more).map(ToString::to_string).collect();
    all.push(format!("model.kind={kind}"));
    all.push(format!("model.condition={condition}"));
    if ["auxiliary", "semi-supervised"].contains(&condition) {
        all.push("train.unrolled_steps=0".into());
    }
    if condition == "semi-supervised" {
        let plain = ["loss.kind=non-saturating", "penalty.gradient=0"];
        let off = ["penalty.r1=0", "penalty.r2=0", "penalty.dragan=0"];
        all.extend(plain.iter().chain(&off).map(ToString::to_string));
    }
    let recipe = all
        .iter()
        .fold(Recipe::named("dcgan").unwrap(), |recipe, set| {
            recipe.with_set(set).unwrap()
        });
    recipe.check_together().unwrap();
    recipe
}

fn game(recipe: &Recipe) -> Game {
    let form = Form::new(&recipe.model, KIND, CLASSES);
    Game::new(recipe, &form, &[4, 2, 1], &Device::flex()).unwrap()
}

/// A blot for each class, somewhere, on a black ground: by the images' number.
fn portion(first: u64, form: &Form) -> Portion {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for number in first..first + BATCH as u64 {
        let mut draws = Random::new(7).at(Stream::Data, number);
        let label = draws.below(CLASSES as u32);
        let [row, column] = [0, 1].map(|_| 4.0 + 8.0 * draws.uniform());
        let size = 2.0 + label as f32;
        values.extend((0..256).map(|at| {
            let [down, across] = [(at / 16) as f32 - row, (at % 16) as f32 - column];
            2.0 * (-(down * down + across * across) / size).exp() - 1.0
        }));
        labels.push(label);
    }
    let device = Device::flex();
    let samples = |values| Samples::new(values, BATCH, Some(&labels), form.classes, &device);
    let semi = form.model.condition == Condition::SemiSupervised;
    let labelled = semi.then(|| samples(values.clone()));
    let real = samples(values);
    Portion { real, labelled }
}

fn play(game: &mut Game, steps: usize) {
    for _ in 0..steps {
        let (form, mut seen) = (game.form.clone(), game.images_seen);
        let report = game.step(|| {
            let portion = portion(seen, &form);
            seen += BATCH as u64;
            Ok(portion)
        });
        let report = report.unwrap();
        assert!(report.loss_discriminator.is_finite() && report.loss_generator.is_finite());
        assert!(report.extras.values().all(|value| value.is_finite()));
    }
    game.generator.check(game.steps).unwrap();
    game.discriminator.check(game.steps).unwrap();
}

fn state(game: &Game) -> Vec<u8> {
    checkpoint::encode(game, 0.0, &Meters::default())
}

#[test]
fn every_kind_under_every_condition_trains_and_resumes_bit_for_bit() {
    for (kind, more) in PLAYERS {
        for condition in CONDITIONS {
            let recipe = recipe(kind, condition, more);
            let mut uninterrupted = game(&recipe);
            let beginning = state(&uninterrupted);
            play(&mut uninterrupted, 3);
            let middle = state(&uninterrupted);
            play(&mut uninterrupted, 2);
            let end = state(&uninterrupted);
            assert!(beginning != middle && middle != end, "{kind}, {condition}");

            let mut resumed = game(&recipe);
            checkpoint::restore(&mut resumed, &middle).unwrap();
            assert!(state(&resumed) == middle, "{kind}, {condition}");
            play(&mut resumed, 2);
            assert!(state(&resumed) == end, "{kind}, {condition}");
        }
    }
}

#[test]
fn what_a_recipe_turns_on_is_reported() {
    for (kind, condition, more, name) in [
        ("dcgan", "auxiliary", &[][..], "loss_classes"),
        ("dcgan", "auxiliary", &[], "loss_classes_generator"),
        ("mlp", "semi-supervised", &[], "loss_classes"),
        ("mlp", "none", &["penalty.r1=1"], "penalty"),
        (
            "r3gan",
            "none",
            &["penalty.r1=1", "penalty.r2=1"],
            "penalty",
        ),
    ] {
        let mut game = game(&recipe(kind, condition, more));
        let form = game.form.clone();
        let report = game.step(|| Ok(portion(0, &form))).unwrap();
        assert!(report.extras[name] > 0.0, "{name}: {:?}", report.extras);
    }
}

#[test]
fn a_penalty_every_other_step_counts_twice() {
    let penalties = |every: u64| {
        let set = [format!("penalty.every={every}"), "penalty.r1=1".into()];
        let mut game = game(&recipe("mlp", "none", &set.each_ref().map(String::as_str)));
        let form = game.form.clone();
        let reports = [0, 1].map(|_| game.step(|| Ok(portion(0, &form))).unwrap());
        reports.map(|report| report.extras.get("penalty").copied())
    };
    let [each, lazy] = [penalties(1), penalties(2)];
    assert!(each[1].is_some() && lazy[1].is_none(), "{each:?} {lazy:?}");
    let [each, lazy] = [each, lazy].map(|penalties| penalties[0].unwrap());
    assert!((lazy / each - 2.0).abs() < 1e-5, "{lazy} for twice {each}");
}

/// Chavdarova et al. 2021, algorithm 1: after a look back both players are where
/// the slow weights are, part of the way from the last one.
#[test]
fn lookahead_takes_both_players_part_of_the_way_back() {
    let recipe = recipe("mlp", "none", &["train.lookahead_rate=0.25"]);
    let mut with = game(&recipe);
    let mut plain = recipe.clone();
    plain.train.lookahead_every = 0;
    let mut without = game(&plain);
    let flat = |tensors: Vec<burn::tensor::Tensor<1>>| -> Vec<f32> {
        let numbers = tensors.into_iter().flat_map(crate::layers::numbers);
        numbers.collect()
    };
    let start = flat(with.discriminator.parameters.trained());
    play(&mut with, 2);
    play(&mut without, 2);
    let reached = flat(without.discriminator.parameters.trained());
    let found = flat(with.discriminator.parameters.trained());
    assert_eq!(found, flat(with.slow[1].clone()));
    for ((start, reached), found) in start.iter().zip(&reached).zip(&found) {
        let expected = start + 0.25 * (reached - start);
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }
    assert!(start != found);
    // One step later the players have left the slow weights.
    play(&mut with, 1);
    assert_ne!(
        flat(with.generator.parameters.trained()),
        flat(with.slow[0].clone())
    );
}

#[test]
fn a_resumed_run_may_begin_or_leave_lookahead() {
    let with = recipe("mlp", "none", &[]);
    let mut without = with.clone();
    without.train.lookahead_every = 0;
    for (before, after) in [(&without, &with), (&with, &without)] {
        let mut first = game(before);
        play(&mut first, 3);
        let mut then = game(after);
        checkpoint::restore(&mut then, &state(&first)).unwrap();
        play(&mut then, 2);
    }
}

#[test]
fn clipping_keeps_every_weight_of_the_critic_within_its_bound() {
    let recipe = recipe(
        "mlp",
        "none",
        &["loss.kind=wasserstein", "penalty.clip=0.01"],
    );
    let mut game = game(&recipe);
    play(&mut game, 2);
    let parameters = &game.discriminator.parameters;
    let largest = (0..parameters.list().len())
        .flat_map(|index| parameters.read(index))
        .fold(0.0, |most: f32, weight| most.max(weight.abs()));
    assert_eq!(largest, 0.01);
}

/// A spectrally normalised generator's average is sampled with the singular
/// vectors of its own weights, however far they have come.
#[test]
fn an_averaged_generator_follows_its_singular_vectors() {
    let more = ["model.spectral_norm=both", "optimizer.generator.rate=0.01"];
    let mut game = game(&recipe("mlp", "none", &more));
    play(&mut game, 20);
    let mut average = game.average.clone();
    for (index, parameter) in average.list().iter().enumerate() {
        if !parameter.trained {
            let of_generator = game.generator.parameters.read(index);
            assert_eq!(average.read(index), of_generator, "{}", parameter.name);
        }
    }
    calibrate(&game.generator_layers, &mut average, &game.latents);
    let mut exact = average.clone();
    exact.follow_singular_vectors(300);
    let mut sampled = [Vec::new(), Vec::new()];
    for (samples, parameters) in sampled.iter_mut().zip([&average, &exact]) {
        let weights = parameters.plain(crate::layers::Mode::Infer);
        let (z, labels) = game.latents.of_samples(0..8, parameters.device());
        let values = game.generator_layers.forward(&weights, z, labels.as_ref());
        *samples = crate::layers::numbers(values);
    }
    for (found, expected) in sampled[0].iter().zip(&sampled[1]) {
        assert!((found - expected).abs() < 0.02, "{found} for {expected}");
    }
}

/// The map of D over the plane, which every tick of points draws.
#[test]
fn runs_of_points_draw_whatever_their_discriminator_sees() {
    for set in [
        &["model.packing=2"][..],
        &["model.condition=concatenation"],
        &["model.condition=projection"],
        &[
            "model.condition=semi-supervised",
            "loss.kind=non-saturating",
            "penalty.r1=0",
            "penalty.r2=0",
        ],
        &[
            "model.minibatch=discrimination",
            "penalty.r1=0",
            "penalty.r2=0",
        ],
        &["model.minibatch=deviation", "penalty.r1=1"],
    ] {
        let small = ["train.batch=16", "train.images=32", "train.every=32"];
        let recipe = Recipe::named("points").unwrap().with_data("ring").unwrap();
        let recipe = small
            .iter()
            .chain(set)
            .fold(recipe, |recipe, set| recipe.with_set(set).unwrap());
        assert_eq!(recipe.model.kind, ModelKind::Mlp);
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("run");
        let mut trainer = Trainer::create(recipe, &folder, Device::flex()).unwrap();
        trainer.next_tick().unwrap().unwrap();
        assert!(folder.join("samples/000000000032.png").exists(), "{set:?}");
    }
}

/// The gradient of the unrolled loss against differences of that loss, in which
/// the discriminator's updates are made anew for each of the generator's weights.
#[test]
fn an_unrolled_gradient_comes_through_the_discriminators_updates() {
    const STEP: f32 = 2e-2;
    for rule in ["adam", "sgd"] {
        let kind = format!("optimizer.discriminator.kind={rule}");
        let more = [
            "model.activation=tanh",
            "loss.kind=minimax",
            "train.unrolled_steps=3",
            "optimizer.discriminator.rate=0.05",
            "train.lookahead_every=0",
            &kind,
        ];
        let mut game = game(&recipe("mlp", "none", &more));
        play(&mut game, 2); // so that there are moments
        let turn = super::player::Turn {
            step: game.steps + 1,
            measured: false,
            moment: super::schedule::Moment::at(&game.recipe, game.images_seen),
        };
        let real = portion(100, &game.form).real;
        let loss = |game: &Game, g: &crate::layers::Weights, ahead: bool| {
            let random = Random::new(3);
            let device = game.generator.parameters.device();
            let (z, labels) = game.latents.of_training(random, 0..BATCH as u64, device);
            let values = game.generator_layers.forward(g, z, labels.as_ref());
            let fake = Samples { values, labels };
            let mut report = StepReport::default();
            match ahead {
                true => game.fooling_ahead(&real, &fake, turn, &mut report),
                false => {
                    let d = &game.discriminator.parameters;
                    game.fooling(d, &real, &fake, &mut report)
                }
            }
        };
        let [ahead, now] = [true, false].map(|ahead| {
            let g = game.generator.parameters.tracked(Mode::Train);
            let mut gradients = loss(&game, &g, ahead).backward();
            let of = g.gradients(&mut gradients).into_iter().map(numbers);
            of.collect::<Vec<_>>()
        });
        // The first layer's weights, moved along their own gradient and one by one.
        let index = 0;
        let original = game.generator.parameters.read(index);
        let mut slope = |direction: &[f32]| {
            let ends = [STEP, -STEP].map(|by| {
                let moved = original.iter().zip(direction).map(|(p, d)| p + by * d);
                game.generator.parameters.write(index, moved.collect());
                let plain = game.generator.parameters.tracked(Mode::Train);
                f64::from(numbers(loss(&game, &plain, true).without_autodiff())[0])
            });
            game.generator.parameters.write(index, original.clone());
            (ends[0] - ends[1]) / f64::from(2.0 * STEP)
        };
        let norm = ahead[index].iter().map(|g| g * g).sum::<f32>().sqrt();
        let along: Vec<f32> = ahead[index].iter().map(|g| g / norm).collect();
        let found = slope(&along);
        let error = (found - f64::from(norm)).abs() / f64::from(norm);
        assert!(error < 1e-2, "{rule}: {found} for {norm}");
        // The part through the updates is no small one, and it is what makes the difference.
        let apart = ahead[index].iter().zip(&now[index]);
        let apart = apart.map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        assert!(apart > 0.05 * norm, "{rule}: {apart} of {norm}");
    }
}
