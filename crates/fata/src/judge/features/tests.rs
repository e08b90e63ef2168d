//! Features through the door that everyone uses, and what the other tests share.

use super::*;

/// A tensor that `fixtures/features/make.py` made.
pub(super) fn fixture(file: &str, name: &str, shape: &[usize]) -> Vec<f32> {
    let path = format!(
        "{}/fixtures/features/{file}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    );
    WeightsFile::open(Path::new(&path))
        .unwrap()
        .tensor(name, shape)
        .unwrap()
}

/// The script's `uniform`: splitmix64 at consecutive counters from the FNV-1a
/// hash of the name, as numbers in [-1, 1).
pub(super) fn uniform(name: &str, count: usize) -> Vec<f32> {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let number = |counter: u64| {
        let mut z = seed.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (1..=count as u64).map(number).collect()
}

const FORM: ImageForm = ImageForm {
    height: 12,
    width: 10,
    channels: 3,
};

#[test]
fn a_name_reads_back_as_what_it_names() {
    for text in ["digits", "vgg16", "pixels", "inception:weights/fid.pth"] {
        assert_eq!(Features::parse(text).unwrap().name(), text);
    }
    for text in ["inception", "inception:", "VGG", ""] {
        let message = Features::parse(text).unwrap_err().to_string();
        assert!(
            message.contains("use digits, vgg16, pixels, or inception:FILE"),
            "{message}"
        );
    }
}

#[test]
fn an_image_has_the_same_features_in_any_company() {
    let pixels = uniform("company", 5 * 360);
    for features in [Features::Digits, Features::Vgg16, Features::Pixels] {
        let extractor = Extractor::open(&features, &Device::flex()).unwrap();
        let width = extractor.width(FORM);
        let all = extractor.extract(&pixels, FORM).unwrap().features;
        assert_eq!(all.len(), 5 * width);
        let alone = extractor
            .extract(&pixels[3 * 360..4 * 360], FORM)
            .unwrap()
            .features;
        for (alone, all) in alone.iter().zip(&all[3 * width..]) {
            assert!(
                (alone - all).abs() <= 1e-5 * all.abs().max(1.0),
                "{}: {alone} and {all}",
                extractor.name()
            );
        }
    }
}

#[test]
fn no_images_have_no_features() {
    let extractor = Extractor::open(&Features::Digits, &Device::flex()).unwrap();
    assert_eq!(extractor.extract(&[], FORM).unwrap(), Extracted::default());
}

#[test]
fn probabilities_sum_to_one_whatever_the_logits() {
    let rows = softmax(&[0.0, 0.0, 800.0, -800.0], 2);
    assert_eq!(rows, [0.5, 0.5, 1.0, 0.0]);
}

#[test]
fn a_file_that_is_no_weights_is_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: PathBuf| {
        Extractor::open(&Features::Inception(path), &Device::flex())
            .err()
            .unwrap()
            .to_string()
    };
    let message = open(folder.path().join("nowhere.pth"));
    assert!(
        message.contains("nowhere.pth cannot be used: it cannot be read"),
        "{message}"
    );
    let path = folder.path().join("page.pth");
    std::fs::write(&path, "<!DOCTYPE html><html>").unwrap();
    let message = open(path);
    assert!(
        message.contains("begins with \"<!DOCTYPE html><html>\""),
        "{message}"
    );
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/features/small.pth");
    let message = open(small);
    assert!(
        message.contains("no tensor `Conv2d_1a_3x3.conv.weight`"),
        "{message}"
    );
}
