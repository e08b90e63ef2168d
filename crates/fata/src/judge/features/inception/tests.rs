//! The network against pytorch-fid's, with weights that both sides draw alike
//! (see `fixtures/features/make.py`).

use super::*;
use crate::judge::features::tests::{fixture, uniform};

/// Weights as `weight` of the script makes them.
fn drawn(name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
    let length: usize = shape.iter().product();
    let (start, scale) = if name.ends_with("running_var") {
        (1.0, 0.25)
    } else if shape.len() > 1 {
        (
            0.0,
            (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt() as f32,
        )
    } else if name.ends_with("bn.weight") {
        (1.0, 0.125)
    } else {
        (0.0, 0.125)
    };
    let mut numbers = uniform(name, length);
    numbers
        .iter_mut()
        .for_each(|number| *number = start + scale * *number);
    Ok(numbers)
}

fn largest_difference(ours: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(ours.len(), wanted.len());
    let largest = wanted
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    ours.iter()
        .zip(wanted)
        .fold(0.0_f32, |most, (ours, wanted)| {
            most.max((ours - wanted).abs())
        })
        / largest
}

#[test]
fn features_and_probabilities_agree_with_pytorch_fid() {
    let network = Inception::new(&drawn, &Device::flex()).unwrap();
    for (name, height, width, channels) in [("small", 20, 24, 3), ("large", 320, 310, 1)] {
        let pixels = uniform(&format!("pixels.{name}"), height * width * channels);
        let ours = network
            .run(
                &pixels,
                ImageForm {
                    height,
                    width,
                    channels,
                },
            )
            .unwrap();
        let features = fixture("inception", &format!("{name}.features"), &[WIDTH]);
        let difference = largest_difference(&ours.features, &features);
        println!("features of {name} differ by {difference:e} of the largest");
        assert!(difference < 1e-4, "features of {name}: {difference}");
        let probabilities = fixture("inception", &format!("{name}.probabilities"), &[CLASSES]);
        let difference = largest_difference(&ours.probabilities.unwrap(), &probabilities);
        assert!(difference < 1e-4, "probabilities of {name}: {difference}");
    }
}

#[test]
fn weights_of_another_network_are_refused() {
    let build = |source: Source| {
        Inception::new(source, &Device::flex())
            .err()
            .unwrap()
            .to_string()
    };
    let missing = build(&|name, shape| match name {
        "Mixed_6c.branch7x7_2.bn.bias" => Err(WeightsError::Missing { name: name.into() }),
        _ => Ok(vec![1.0; shape.iter().product()]),
    });
    assert!(
        missing.contains("no tensor `Mixed_6c.branch7x7_2.bn.bias`"),
        "{missing}"
    );
    let negative = build(&|name, shape| {
        let value = if name == "Conv2d_2a_3x3.bn.running_var" {
            -1.0
        } else {
            1.0
        };
        Ok(vec![value; shape.iter().product()])
    });
    assert!(
        negative.contains("`Conv2d_2a_3x3.bn.running_var`"),
        "{negative}"
    );
}
