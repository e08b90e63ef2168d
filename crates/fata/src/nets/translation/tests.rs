//! Counts of parameters, shapes and gradients of the translation networks.

use super::*;
use crate::layers::{Mode, numbers, tensor};
use crate::recipe::{Recipe, TranslationNorm};
use burn::tensor::Device;

fn form(name: &str, side: usize, channels: [usize; 2]) -> TranslationForm {
    let recipe = Recipe::named(name).unwrap();
    let settings = recipe.translation.unwrap();
    TranslationForm::new(&recipe.model, &settings, side, channels).unwrap()
}

/// The reference implementation prints 54.414 M and 2.769 M.
#[test]
fn pix2pix_at_256_has_the_parameters_of_the_reference() {
    let form = form("pix2pix", 256, [3, 3]);
    let (random, device) = (Random::new(0), Device::flex());
    let (_, generator) = Translator::build(&form, random, 0, &device);
    assert_eq!(generator.count(), 54_413_955);
    let (_, patches) = Patches::build(&form, 6, random, 1, &device);
    assert_eq!(patches.count(), 2_768_705);
}

/// And 11.378 M and 2.765 M.
#[test]
fn cyclegan_at_256_has_the_parameters_of_the_reference() {
    let form = form("cyclegan", 256, [3, 3]);
    let (random, device) = (Random::new(0), Device::flex());
    let (_, generator) = Translator::build(&form, random, 0, &device);
    assert_eq!(generator.count(), 11_378_179);
    let (_, patches) = Patches::build(&form, 3, random, 1, &device);
    assert_eq!(patches.count(), 2_764_737);
}

#[test]
fn widths_follow_the_side_and_pictures_keep_theirs() {
    for (name, channels, narrower) in [("pix2pix", [1, 3], 24), ("cyclegan", [4, 3], 8)] {
        let mut form = form(name, 32, channels);
        assert_eq!([form.scaled(64), form.blocks()], [narrower, 6]);
        form.width = 24;
        form.settings.blocks = 1;
        let (layers, parameters) = Translator::build(&form, Random::new(1), 0, &Device::flex());
        let x = Tensor::zeros([2, 32, 32, channels[0]], &Device::flex());
        let y = layers.forward(&parameters.plain(Mode::Infer), x, None);
        assert_eq!(y.dims(), [2, 32, 32, channels[1]]);
    }
}

#[test]
fn each_field_has_its_patches() {
    let mut form = form("cyclegan", 256, [3, 3]);
    form.discriminator_width = 8;
    form.settings.full_size = 0;
    for (field, patches) in [
        (1, 256),
        (16, 126),
        (34, 62),
        (70, 30),
        (142, 14),
        (286, 6),
        (0, 6),
    ] {
        form.settings.field = field;
        let (layers, parameters) = Patches::build(&form, 1, Random::new(0), 1, &Device::flex());
        let x = Tensor::zeros([1, 256, 256, 1], &Device::flex());
        let answers = layers.judge(&parameters.plain(Mode::Infer), x);
        assert_eq!(answers.dims(), [patches * patches], "field {field}");
    }
}

/// 70 of 256 pixels, 34 of 128, 16 of 64, and nothing smaller.
#[test]
fn fields_follow_the_side() {
    for (side, strides) in [(512, 3), (256, 3), (128, 2), (64, 1), (32, 1)] {
        let mut form = form("pix2pix", side, [3, 3]);
        assert_eq!(form.strides(), Some(strides), "side {side}");
        form.settings.full_size = 0;
        assert_eq!(form.strides(), Some(3), "side {side}");
    }
}

#[test]
fn a_side_without_layers_is_refused_with_the_least() {
    let recipe = Recipe::named("pix2pix").unwrap();
    let mut settings = recipe.translation.unwrap();
    assert!(TranslationForm::new(&recipe.model, &settings, 16, [3, 3]).is_ok());
    settings.full_size = 0;
    for side in [8, 48, 2048] {
        let error = TranslationForm::new(&recipe.model, &settings, side, [3, 3]).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(&side.to_string()) && said.contains("32"),
            "{said}"
        );
    }
    // Without a discriminator its field does not matter.
    let recipe = Recipe::named("regression").unwrap();
    let mut settings = recipe.translation.unwrap();
    settings.full_size = 0;
    assert!(TranslationForm::new(&recipe.model, &settings, 16, [3, 3]).is_ok());
}

#[test]
fn dropout_drops_the_same_values_again_and_only_where_there_is_noise() {
    let mut form = form("pix2pix", 64, [1, 1]);
    form.width = 8;
    form.settings.full_size = 0;
    let (layers, parameters) = Translator::build(&form, Random::new(1), 0, &Device::flex());
    let weights = parameters.plain(Mode::Infer);
    let x: Tensor<4> = tensor(
        (0..64 * 64).map(|v| (v as f32).sin()).collect(),
        &Device::flex(),
    )
    .reshape([1, 64, 64, 1]);
    let run = |first: Option<u64>| {
        let noise = first.map(|first| Noise {
            random: Random::new(3),
            first,
        });
        numbers(layers.forward(&weights, x.clone(), noise))
    };
    assert_eq!(run(Some(1)), run(Some(1)));
    assert_ne!(run(Some(1)), run(Some(2)));
    assert_ne!(run(Some(1)), run(None));
    assert_eq!(run(None), run(None));
}

/// The gradient of one weight of each tensor, against the central difference.
#[test]
fn gradients_are_those_of_finite_differences() {
    for (name, norm) in [
        ("pix2pix", TranslationNorm::Picture),
        ("cyclegan", TranslationNorm::Instance),
    ] {
        let mut form = form(name, 16, [1, 1]);
        form.settings.norm = norm;
        form.settings.blocks = 1;
        form.settings.full_size = 0;
        form.width = 3;
        let (layers, mut parameters) = Translator::build(&form, Random::new(5), 0, &Device::flex());
        let x: Tensor<4> = tensor(
            (0..256).map(|v| (v as f32).cos()).collect(),
            &Device::flex(),
        )
        .reshape([1, 16, 16, 1]);
        // Larger weights, so that differences stand out of the rounding.
        for index in 0..parameters.list().len() {
            let larger = parameters.read(index).iter().map(|v| v * 8.0).collect();
            parameters.write(index, larger);
        }
        let loss = |parameters: &Parameters| {
            let y = layers.forward(&parameters.plain(Mode::Train), x.clone(), None);
            let y = numbers(y);
            y.iter()
                .enumerate()
                .map(|(at, v)| f64::from(*v) * (at as f64 * 0.1).sin())
                .sum::<f64>()
        };
        let weights = parameters.tracked(Mode::Train);
        let y = layers.forward(&weights, x.clone().autodiff(), None);
        let signs = (0..256).map(|at| (at as f64 * 0.1).sin() as f32).collect();
        let signs: Tensor<4> = tensor(signs, &Device::flex()).reshape([1, 16, 16, 1]);
        let mut gradients = (y * signs.autodiff()).sum().backward();
        let gradients = weights.gradients(&mut gradients);
        let scale = gradients
            .iter()
            .flat_map(|gradient| numbers(gradient.clone()))
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        for (index, gradient) in gradients.iter().enumerate() {
            let found = f64::from(numbers(gradient.clone())[0]);
            let step = 1e-2;
            let mut moved = parameters.clone();
            let at = |moved: &mut Parameters, by: f32| {
                let mut values = parameters.read(index);
                values[0] += by;
                moved.write(index, values);
                loss(moved)
            };
            let difference = (at(&mut moved, step) - at(&mut moved, -step)) / f64::from(2.0 * step);
            let close = (found - difference).abs() < 0.03 * f64::from(scale).max(1e-3);
            let name = parameters.trained_names()[index].to_string();
            assert!(close, "{name}: {found} and {difference}, largest {scale}");
        }
    }
}
