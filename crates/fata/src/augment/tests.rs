//! Augmentation against PyTorch's numbers for given draws, the statistics of what is drawn, and
//! that an image's augmentation depends on its number alone.

use super::*;
use crate::layers::{numbers, tensor};
use burn::tensor::Device;
use serde::Deserialize;

/// What PyTorch computes; `fixtures/augment/make.py` says what is in them.
const DIFF_AUGMENT: &str = include_str!("../../fixtures/augment/diff_augment.json");
const ADA: &str = include_str!("../../fixtures/augment/ada.json");

/// Relative to the largest value: `f32` against `f64`.
const TOLERANCE: f32 = 2e-6;

#[track_caller]
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-6_f32, |a, b| a.max(b.abs()));
    for (index, (a, b)) in got.iter().zip(expected).enumerate() {
        let close = (a - b).abs() <= tolerance * largest;
        assert!(close, "{what}: {a} against {b} at {index}");
    }
}

fn images(values: Vec<f32>, shape: [usize; 4]) -> Tensor<4> {
    tensor(values, &Device::flex()).reshape(shape)
}

fn noise(shape: [usize; 4]) -> Tensor<4> {
    let mut draws = Random::new(5).at(Stream::Data, 1);
    let count = shape.iter().product();
    images(
        (0..count).map(|_| 2.0 * draws.uniform() - 1.0).collect(),
        shape,
    )
}

fn batch(first: u64) -> Batch {
    Batch {
        random: Random::new(3),
        stream: Stream::AugmentReal,
        first,
    }
}

fn pipeline(kind: Kind) -> Pipeline {
    Pipeline::new(&Settings {
        kind,
        ..Settings::default()
    })
}

#[derive(Deserialize)]
struct DiffCase {
    shape: [usize; 4],
    drawn: Vec<DiffDrawn>,
    x: Vec<f32>,
    dy: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
}

#[derive(Deserialize)]
struct DiffDrawn {
    colour: Option<[f32; 3]>,
    translation: Option<[i32; 2]>,
    cutout: Option<[usize; 2]>,
}

#[test]
fn diffaugment_agrees_with_pytorch() {
    for case in serde_json::from_str::<Vec<DiffCase>>(DIFF_AUGMENT).unwrap() {
        let drawn: Vec<_> = (case.drawn.iter())
            .map(|drawn| diff_augment::Drawn {
                colour: drawn.colour.map(|[brightness, saturation, contrast]| {
                    diff_augment::Colour {
                        brightness,
                        saturation,
                        contrast,
                    }
                }),
                translation: drawn.translation,
                cutout: drawn.cutout,
            })
            .collect();
        let x = images(case.x, case.shape).autodiff().require_grad();
        let y = diff_augment::transform(x.clone(), &drawn);
        assert_close("y", &numbers(y.clone()), &case.y, TOLERANCE);
        let gradients = (y * images(case.dy, case.shape).autodiff())
            .sum()
            .backward();
        let dx = numbers(x.grad(&gradients).unwrap());
        assert_close("dx", &dx, &case.dx, TOLERANCE);
    }
}

#[derive(Deserialize)]
struct AdaCase {
    size: [usize; 2],
    drawn: AdaDrawn,
    inverse: Vec<f32>,
    colour: Vec<f32>,
    grey: Vec<f32>,
}

#[derive(Deserialize)]
struct AdaDrawn {
    mirrored: u8,
    quarter_turns: u32,
    shift: [f64; 2],
    scale: f64,
    turns: [f64; 2],
    stretch: f64,
    fraction: [f64; 2],
    brightness: f64,
    contrast: f64,
    luma_flipped: u8,
    hue: f64,
    saturation: f64,
}

#[test]
fn the_maps_of_ada_agree_with_pytorch() {
    for case in serde_json::from_str::<Vec<AdaCase>>(ADA).unwrap() {
        let given = case.drawn;
        let drawn = ada::Drawn {
            mirrored: given.mirrored == 1,
            quarter_turns: given.quarter_turns,
            shift: given.shift,
            scale: given.scale,
            turns: given.turns,
            stretch: given.stretch,
            fraction: given.fraction,
            brightness: given.brightness,
            contrast: given.contrast,
            luma_flipped: given.luma_flipped == 1,
            hue: given.hue,
            saturation: given.saturation,
        };
        let inverse = drawn.inverse(case.size);
        assert_close("inverse", &inverse, &case.inverse, TOLERANCE);
        for (channels, expected) in [(3, &case.colour), (1, &case.grey)] {
            let map = drawn.colours(channels);
            let rows = map.matrix.chunks(channels).zip(&map.offset);
            let rows: Vec<f32> = rows
                .flat_map(|(row, &offset)| row.iter().copied().chain([offset]))
                .collect();
            assert_close("colours", &rows, expected, TOLERANCE);
            assert_eq!(map.mean_share, 0.0);
        }
    }
}

#[test]
fn nothing_happens_at_probability_zero_nor_without_a_kind() {
    let x = noise([3, 8, 8, 3]);
    for (kind, probability) in [
        (Kind::Ada, 0.0),
        (Kind::DiffAugment, 0.0),
        (Kind::None, 1.0),
    ] {
        let tracked = x.clone().autodiff().require_grad();
        let y = pipeline(kind).apply(tracked.clone(), batch(0), probability);
        assert_eq!(numbers(y.clone()), numbers(x.clone()));
        let gradients = y.sum().backward();
        let dx = numbers(tracked.grad(&gradients).unwrap());
        assert!(dx.iter().all(|&slope| slope == 1.0));
    }
}

#[test]
fn tables_are_left_alone() {
    let x = tensor(vec![0.1, 0.2, 0.3, 0.4], &Device::flex()).reshape([2, 2]);
    for kind in [Kind::Ada, Kind::DiffAugment] {
        let y = pipeline(kind).apply_rows(x.clone(), &[2], batch(0), 1.0);
        assert_eq!(numbers(y), numbers(x.clone()));
    }
    let rows = noise([2, 8, 8, 1]).reshape([2, 64]);
    let y = pipeline(Kind::Ada).apply_rows(rows.clone(), &[8, 8, 1], batch(0), 1.0);
    let same = pipeline(Kind::Ada).apply(rows.reshape([2, 8, 8, 1]), batch(0), 1.0);
    assert_eq!(numbers(y), numbers(same));
}

#[test]
fn an_image_is_augmented_alike_in_every_batch() {
    let x = noise([7, 16, 16, 3]);
    for kind in [Kind::Ada, Kind::DiffAugment] {
        let apply = |part: std::ops::Range<usize>| {
            let first = 40 + part.start as u64;
            let y = pipeline(kind).apply(x.clone().slice([part]), batch(first), 0.8);
            numbers(y)
        };
        let whole = apply(0..7);
        let parts = [apply(0..1), apply(1..5), apply(5..7)].concat();
        assert_eq!(whole, parts);
        let other = Batch {
            stream: Stream::AugmentFake,
            ..batch(40)
        };
        assert_ne!(whole, numbers(pipeline(kind).apply(x.clone(), other, 0.8)));
    }
}

#[test]
fn gradients_through_a_pipeline_are_slopes() {
    let shape = [5, 8, 8, 3];
    let (x, v, w) = (noise(shape), noise(shape) * 0.7 + 0.2, noise(shape) + 0.1);
    for kind in [Kind::Ada, Kind::DiffAugment] {
        let value = |x: Tensor<4>| pipeline(kind).apply(x, batch(11), 0.9);
        let tracked = x.clone().autodiff().require_grad();
        let gradients = (value(tracked.clone()) * w.clone().autodiff())
            .sum()
            .backward();
        let slope = numbers((tracked.grad(&gradients).unwrap() * v.clone()).sum())[0];
        let difference = (value(x.clone() + v.clone()) - value(x.clone() - v.clone())) / 2.0;
        let difference = numbers((difference * w.clone()).sum())[0];
        assert!(
            (slope - difference).abs() <= 1e-4 * slope.abs().max(1.0),
            "{slope} {difference}"
        );
    }
}

/// Five standard errors around the share that is expected of `count` draws.
fn is_share(hits: usize, expected: f64, count: usize) -> bool {
    let error = (expected * (1.0 - expected) / count as f64).sqrt();
    (hits as f64 / count as f64 - expected).abs() <= 5.0 * error + 1e-12
}

const COUNT: usize = 20_000;

fn ada_draws(probability: f32) -> Vec<ada::Drawn> {
    batch(0)
        .draws(COUNT)
        .map(|draws| ada::draw(draws, probability))
        .collect()
}

#[test]
fn ada_draws_each_transform_as_often_as_it_should() {
    for p in [0.3_f64, 1.0] {
        let drawn = ada_draws(p as f32);
        let either = 1.0 - (1.0 - p).sqrt();
        type Changed = fn(&ada::Drawn) -> bool;
        let shares: [(&str, Changed, f64); 13] = [
            ("mirror", |d| d.mirrored, p / 2.0),
            ("quarter turns", |d| d.quarter_turns != 0, p * 0.75),
            ("shift", |d| d.shift != [0.0; 2], p),
            ("scale", |d| d.scale != 1.0, p),
            ("first turn", |d| d.turns[0] != 0.0, either),
            ("any turn", |d| d.turns != [0.0; 2], p),
            ("stretch", |d| d.stretch != 1.0, p),
            ("fraction", |d| d.fraction != [0.0; 2], p),
            ("brightness", |d| d.brightness != 0.0, p),
            ("contrast", |d| d.contrast != 1.0, p),
            ("luma flip", |d| d.luma_flipped, p / 2.0),
            ("hue", |d| d.hue != 0.0, p),
            ("saturation", |d| d.saturation != 1.0, p),
        ];
        for (name, changed, expected) in shares {
            let hits = drawn.iter().filter(|drawn| changed(drawn)).count();
            // Of a draw from 2^24 numbers one leaves the image as it is.
            let expected = expected - 1e-6;
            assert!(is_share(hits, expected, COUNT), "{name}: {hits} at {p}");
        }
    }
}

#[test]
fn ada_draws_have_the_deviations_of_the_paper() {
    let drawn = ada_draws(1.0);
    type Value = fn(&ada::Drawn) -> f64;
    let half_turn = std::f64::consts::PI / 3.0_f64.sqrt();
    let values: [(&str, Value, f64); 11] = [
        ("shift right", |d| d.shift[0], 0.125 / 3.0_f64.sqrt()),
        ("shift down", |d| d.shift[1], 0.125 / 3.0_f64.sqrt()),
        ("scale", |d| d.scale.log2(), 0.2),
        ("first turn", |d| d.turns[0], half_turn),
        ("second turn", |d| d.turns[1], half_turn),
        ("stretch", |d| d.stretch.log2(), 0.2),
        ("fraction", |d| d.fraction[1], 0.125),
        ("brightness", |d| d.brightness, 0.2),
        ("contrast", |d| d.contrast.log2(), 0.5),
        ("hue", |d| d.hue, half_turn),
        ("saturation", |d| d.saturation.log2(), 1.0),
    ];
    for (name, value, deviation) in values {
        let count = COUNT as f64;
        let mean = drawn.iter().map(value).sum::<f64>() / count;
        let squares = drawn.iter().map(|drawn| value(drawn).powi(2)).sum::<f64>() / count;
        assert!(
            mean.abs() < 5.0 * deviation / count.sqrt(),
            "{name}: {mean}"
        );
        let ratio = squares.sqrt() / deviation;
        assert!(
            (ratio - 1.0).abs() < 5.0 / (2.0 * count).sqrt(),
            "{name}: {ratio}"
        );
    }
}

/// As the probability grows, what was drawn stays.
#[test]
fn a_higher_probability_only_adds_transforms() {
    for (low, high) in ada_draws(0.2).iter().zip(&ada_draws(0.7)).take(500) {
        assert!(low.scale == 1.0 || low.scale == high.scale);
        assert!(low.turns[0] == 0.0 || low.turns[0] == high.turns[0]);
        assert!(low.hue == 0.0 || low.hue == high.hue);
        assert!(!low.mirrored || high.mirrored);
    }
}

#[test]
fn diffaugment_draws_evenly_over_the_ranges_of_the_paper() {
    let all = [Part::Colour, Part::Translation, Part::Cutout];
    let drawn: Vec<_> = batch(0)
        .draws(COUNT)
        .map(|draws| diff_augment::draw(draws, &all, [16, 30], 1.0))
        .collect();
    let (mut shifts, mut middles) = ([0; 5], [0; 31]);
    let mut sums = [0.0; 3];
    for drawn in &drawn {
        let colour = drawn.colour.unwrap();
        let values = [colour.brightness, colour.saturation, colour.contrast];
        for ((sum, value), range) in
            sums.iter_mut()
                .zip(values)
                .zip([-0.5..0.5, 0.0..2.0, 0.5..1.5])
        {
            assert!(range.contains(&value));
            *sum += f64::from(value);
        }
        let [down, right] = drawn.translation.unwrap();
        assert!((-3..=3).contains(&right));
        shifts[(down + 2) as usize] += 1;
        let [row, column] = drawn.cutout.unwrap();
        // Half of 30 is odd: its middle lies on a pixel. Half of 16 is even.
        assert!(row <= 16 && column <= 29);
        middles[row] += 1;
    }
    assert!(
        shifts.iter().all(|&hits| is_share(hits, 0.2, COUNT)),
        "{shifts:?}"
    );
    let rows = &middles[..17];
    assert!(
        rows.iter().all(|&hits| is_share(hits, 1.0 / 17.0, COUNT)),
        "{rows:?}"
    );
    for ((sum, mean), width) in sums.into_iter().zip([0.0, 1.0, 1.0]).zip([1.0, 2.0, 1.0]) {
        let error = width / (12.0 * COUNT as f64).sqrt();
        assert!((sum / COUNT as f64 - mean).abs() < 5.0 * error);
    }
}

#[test]
fn a_policy_and_a_probability_choose_what_is_done() {
    let draws = |policy: &[Part], p| -> Vec<_> {
        let draws = batch(0).draws(2000);
        draws
            .map(|draws| diff_augment::draw(draws, policy, [16, 16], p))
            .collect()
    };
    let all = [Part::Colour, Part::Translation, Part::Cutout];
    let (whole, part) = (draws(&all, 1.0), draws(&[Part::Cutout], 1.0));
    for (whole, part) in whole.iter().zip(&part) {
        assert_eq!((part.colour, part.translation), (None, None));
        assert_eq!(part.cutout, whole.cutout);
    }
    let half = draws(&all, 0.5);
    let hits = half.iter().filter(|drawn| drawn.colour.is_some()).count();
    assert!(is_share(hits, 0.5, half.len()), "{hits}");
}

/// A quarter of the image is cut out wherever the square lies wholly inside.
#[test]
fn cut_out_squares_have_half_the_side() {
    let pipeline = Pipeline::new(&Settings {
        kind: Kind::DiffAugment,
        policy: vec![Part::Cutout],
        ..Settings::default()
    });
    let ones = images(vec![1.0; 50 * 256], [50, 16, 16, 1]);
    let y = numbers(pipeline.apply(ones, batch(0), 1.0));
    let zeros = y
        .chunks(256)
        .map(|image| image.iter().filter(|&&value| value == 0.0).count());
    let zeros: Vec<usize> = zeros.collect();
    assert!(zeros.contains(&64));
    assert!(
        zeros.iter().all(|&count| (16..=64).contains(&count)),
        "{zeros:?}"
    );
}
