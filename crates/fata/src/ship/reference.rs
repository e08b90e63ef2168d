//! Weights of the authors' implementation: what its tensors are called, and how
//! they lie. A file of one generator (`latest_net_G.pth`) holds nothing of how
//! the network was made, so its form is read off names and shapes.

use crate::judge::features::weights::{WeightsError, WeightsFile};
use crate::layers::Stored;
use crate::nets::translation::TranslationForm;
use crate::recipe::{Model, Translation, TranslationNet, TranslationNorm};

/// How a tensor lies in the file.
#[derive(Clone, Copy)]
enum Lie {
    /// `[out, in, height, width]`
    Convolution,
    /// `[in, out, height, width]`
    Transposed,
    Vector,
}

/// A generator of a file: its form and its tensors under our names.
pub(crate) struct Found {
    pub(crate) form: TranslationForm,
    pub(crate) tensors: Stored,
}

/// Reads a generator. The side is the one it is to be used at; a U-Net's own
/// follows from its depth.
///
/// # Errors
/// If the file is no generator of the reference layout.
pub(crate) fn read(
    file: &WeightsFile,
    model: &Model,
    side: Option<usize>,
) -> Result<Found, WeightsError> {
    let none = || WeightsError::Missing {
        name: "model.1.weight (a ResNet's) or model.model.0.weight (a U-Net's)".into(),
    };
    let shape = |name: &str| file.shape(name);
    let mut settings = Translation {
        full_size: 0,
        // There is no discriminator, whose field would ask for a side.
        field: 1,
        ..Translation::default()
    };
    let has = |name: &str| shape(name).is_some();
    let (width, channels, side) =
        if let Some(&[width, channels_in, 4, 4]) = shape("model.model.0.weight") {
            settings.generator = TranslationNet::Unet;
            let mut prefix = String::from("model.model");
            let mut depth = 1;
            while depth < 10 {
                let inner = format!("{prefix}.{}.model", if depth == 1 { 1 } else { 3 });
                if !has(&format!("{inner}.1.weight")) {
                    break;
                }
                prefix = inner;
                depth += 1;
            }
            let norm = "model.model.1.model.2";
            settings.norm = norm_of(file, norm, "model.model.1.model.1.bias");
            let out = shape("model.model.3.weight").and_then(|shape| shape.get(1));
            let channels_out = *out.ok_or_else(none)?;
            (width, [channels_in, channels_out], 1 << depth)
        } else if let Some(&[width, channels_in, 7, 7]) = shape("model.1.weight") {
            settings.generator = TranslationNet::Resnet;
            settings.blocks = (0..32)
                .take_while(|block| has(&format!("model.{}.conv_block.1.weight", 10 + block)))
                .count();
            settings.norm = norm_of(file, "model.2", "model.1.bias");
            let last = format!("model.{}.weight", 10 + settings.blocks + 7);
            let out = shape(&last).and_then(|shape| shape.first());
            (
                width,
                [channels_in, *out.ok_or_else(none)?],
                side.unwrap_or(256),
            )
        } else {
            return Err(none());
        };
    let model = Model {
        width,
        discriminator_width: None,
        ..model.clone()
    };
    let form = TranslationForm::new(&model, &settings, side, channels)
        .map_err(|error| WeightsError::NotTensors(error.to_string()))?;
    let mut tensors = Stored::new();
    for (ours, theirs, lie) in names(&form) {
        // Which of these a layer has, its normalisation decides.
        let Some(shape) = shape(&theirs).map(<[usize]>::to_vec) else {
            continue;
        };
        let numbers = file.tensor(&theirs, &shape)?;
        let (shape, numbers) = match (lie, &shape[..]) {
            (Lie::Vector, _) => (shape, numbers),
            (Lie::Convolution, &[out, inputs, height, width]) => (
                vec![height, width, inputs, out],
                permuted(&numbers, [out, inputs, height * width], [2, 1, 0]),
            ),
            (Lie::Transposed, &[inputs, out, height, width]) => (
                vec![height, width, out, inputs],
                permuted(&numbers, [inputs, out, height * width], [2, 1, 0]),
            ),
            _ => continue,
        };
        tensors.insert(ours, (shape, numbers));
    }
    Ok(Found { form, tensors })
}

fn norm_of(file: &WeightsFile, norm: &str, bias: &str) -> TranslationNorm {
    if file.shape(&format!("{norm}.weight")).is_some() {
        return TranslationNorm::Batch;
    }
    // Only convolutions before an untrained normalisation have biases.
    match file.shape(bias) {
        Some(_) => TranslationNorm::Instance,
        None => TranslationNorm::Batch,
    }
}

/// Rearranges the axes of a tensor of three.
fn permuted(numbers: &[f32], from: [usize; 3], order: [usize; 3]) -> Vec<f32> {
    let strides = [from[1] * from[2], from[2], 1];
    let [a, b, c] = order.map(|axis| (from[axis], strides[axis]));
    let mut out = Vec::with_capacity(numbers.len());
    for i in 0..a.0 {
        for j in 0..b.0 {
            for k in 0..c.0 {
                out.push(numbers[i * a.1 + j * b.1 + k * c.1]);
            }
        }
    }
    out
}

/// Our names, theirs, and how each lies.
fn names(form: &TranslationForm) -> Vec<(String, String, Lie)> {
    let mut names = Vec::new();
    let mut layer = |ours: &str, theirs: String, lie: Lie| {
        names.push((format!("{ours}.weight"), format!("{theirs}.weight"), lie));
        names.push((
            format!("{ours}.bias"),
            format!("{theirs}.bias"),
            Lie::Vector,
        ));
    };
    let mut norms = Vec::new();
    match form.settings.generator {
        TranslationNet::Unet => {
            let count = form.side.ilog2() as usize;
            let mut prefix = String::from("model.model");
            for level in 0..count {
                let (outermost, innermost) = (level == 0, level + 1 == count);
                let [down, up] = match (outermost, innermost) {
                    (true, _) => [0, 3],
                    (_, true) => [1, 3],
                    _ => [1, 5],
                };
                let [ours_down, ours_up] = [format!("down{level}"), format!("up{level}")];
                layer(&ours_down, format!("{prefix}.{down}"), Lie::Convolution);
                layer(&ours_up, format!("{prefix}.{up}"), Lie::Transposed);
                if !outermost {
                    norms.push((ours_up, format!("{prefix}.{}", up + 1)));
                }
                if !outermost && !innermost {
                    norms.push((ours_down, format!("{prefix}.{}", down + 1)));
                }
                prefix = format!("{prefix}.{}.model", if outermost { 1 } else { 3 });
            }
        }
        TranslationNet::Resnet => {
            let blocks = form.settings.blocks;
            let mut normed = |ours: String, place: String, norm: String, lie: Lie| {
                layer(&ours, place, lie);
                norms.push((ours, norm));
            };
            let at = |place: usize| format!("model.{place}");
            let square = Lie::Convolution;
            normed("first".into(), at(1), at(2), square);
            normed("halve0".into(), at(4), at(5), square);
            normed("halve1".into(), at(7), at(8), square);
            for block in 0..blocks {
                let part = |place: usize| format!("model.{}.conv_block.{place}", 10 + block);
                normed(format!("block{block}.0"), part(1), part(2), square);
                normed(format!("block{block}.1"), part(5), part(6), square);
            }
            let end = 10 + blocks;
            normed("double0".into(), at(end), at(end + 1), Lie::Transposed);
            normed("double1".into(), at(end + 3), at(end + 4), Lie::Transposed);
            layer("last", at(end + 7), square);
        }
    }
    for (ours, theirs) in norms {
        let parts = [
            ("gamma", "weight"),
            ("beta", "bias"),
            ("mean", "running_mean"),
            ("variance", "running_var"),
        ];
        for (part, reference) in parts {
            let names_of = (
                format!("{ours}.norm.{part}"),
                format!("{theirs}.{reference}"),
            );
            names.push((names_of.0, names_of.1, Lie::Vector));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use crate::recipe::TranslationNorm;
    use crate::ship::{Direction, Translator, Which};
    use burn::tensor::Device;
    use std::path::{Path, PathBuf};

    fn fixture(file: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/translation");
        folder.join(file)
    }

    /// A picture and what PyTorch's network makes of it.
    fn numbers(file: &str) -> Vec<f32> {
        let bytes = std::fs::read(fixture(file)).unwrap();
        let (numbers, _) = bytes.as_chunks();
        numbers
            .iter()
            .map(|&four| f32::from_le_bytes(four))
            .collect()
    }

    #[test]
    fn pytorch_weights_make_the_same_pictures() {
        let device = Device::flex();
        for (name, norm, channels) in [
            ("unet", TranslationNorm::Batch, [3, 1]),
            ("resnet", TranslationNorm::Instance, [1, 3]),
        ] {
            let path = fixture(&format!("{name}.pth"));
            let model = match name {
                "unet" => Translator::load(&path, Which::Best, &device).unwrap(),
                _ => Translator::load_reference(&path, Some(32), &device).unwrap(),
            };
            assert_eq!(
                (model.side(), model.channels(Direction::Ab)),
                (32, channels)
            );
            let settings = model.recipe().translation.as_ref().unwrap();
            assert_eq!(settings.norm, norm);
            let both = numbers(&format!("{name}.f32"));
            let (input, wanted) = both.split_at(32 * 32 * channels[0]);
            // Through a file of our own too.
            let again = Translator::from_bytes(&model.encode(), &device).unwrap();
            for model in [model, again] {
                let made = model.run(Direction::Ab, input, 1);
                let away = made.iter().zip(wanted).map(|(a, b)| (a - b).abs());
                let most = away.fold(0.0, f32::max);
                assert!(most < 1e-4, "{name}: {most}");
                assert!(wanted.iter().any(|v| v.abs() > 0.2), "it is not all grey");
            }
        }
    }

    #[test]
    fn other_networks_are_refused() {
        let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/features/small.pth");
        let error = Translator::load(&other, Which::Best, &Device::flex()).unwrap_err();
        assert!(error.to_string().contains("not the network"), "{error}");
    }
}
