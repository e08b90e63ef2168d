//! The judge as a whole: what is worse scores worse, and what cannot be
//! compared is refused.

use super::{Features, Judge, JudgeOptions, Metric, Report, Subject};
use crate::data::{DataOptions, Dataset};
use crate::draw::Picture;
use crate::rng::{Draws, Random, Stream};
use crate::ship::Provenance;
use burn::tensor::Device;
use std::path::Path;
use std::sync::Arc;

const SIDE: usize = 28;
/// Enough for every metric to tell, few enough for a test.
const COUNT: usize = 1200;

fn open(path: &Path) -> Subject {
    Subject::data(Arc::new(
        Dataset::open(path, &DataOptions::default()).unwrap(),
    ))
}

/// Digits from this place on, their pixels in [-1, 1], with their labels.
fn digits(from: usize, wanted: usize, keep: impl Fn(u32) -> bool) -> Vec<Vec<f32>> {
    let dataset = Dataset::open(Path::new("digits"), &DataOptions::default()).unwrap();
    let kept = (from..dataset.len()).filter(|&index| keep(dataset.label(index).unwrap()));
    let read = |index| {
        let mut pixels = vec![0.0; SIDE * SIDE];
        dataset.read(index, &mut pixels).unwrap();
        pixels
    };
    kept.take(wanted).map(read).collect()
}

/// A folder of these pictures.
fn folder(pictures: &[Vec<f32>], side: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (index, pixels) in pictures.iter().enumerate() {
        let picture = Picture::from_signed(pixels, side, side, pixels.len() / side / side).unwrap();
        let png = picture.encode_png(&Provenance::new("test")).unwrap();
        std::fs::write(folder.path().join(format!("{index:05}.png")), png).unwrap();
    }
    folder
}

fn judge(against: &Path, metrics: &str, features: Features) -> Judge {
    let options = JudgeOptions {
        metrics: Metric::list(metrics).unwrap(),
        samples: COUNT,
        features: Some(features),
        ..JudgeOptions::default()
    };
    Judge::open(open(against), options, &Device::flex()).unwrap()
}

fn values(report: &Report, metric: Metric) -> f64 {
    report.metrics[&metric].value
}

/// Weighted averages of neighbours, `times` over.
fn blurred(picture: &[f32], times: usize) -> Vec<f32> {
    let mut picture = picture.to_vec();
    for _ in 0..times {
        let at = |y: usize, x: usize| picture[y.min(SIDE - 1) * SIDE + x.min(SIDE - 1)];
        picture = (0..SIDE * SIDE)
            .map(|i| {
                let (y, x) = (i / SIDE, i % SIDE);
                let around = at(y.saturating_sub(1), x)
                    + at(y + 1, x)
                    + at(y, x.saturating_sub(1))
                    + at(y, x + 1);
                (4.0 * at(y, x) + around) / 8.0
            })
            .collect();
    }
    picture
}

fn noisy(picture: &[f32], deviation: f32, draws: &mut Draws) -> Vec<f32> {
    let noise = |v: &f32| (v + deviation * draws.normal()).clamp(-1.0, 1.0);
    picture.iter().map(noise).collect()
}

/// Judges ever worse pictures and checks that each metric says so each time.
fn worsens(steps: &[Vec<Vec<f32>>], metrics: &[Metric]) {
    let against = folder(&digits(0, COUNT, |_| true), SIDE);
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
    let judge = judge(against.path(), &names.join(","), Features::Digits);
    let folders: Vec<_> = steps
        .iter()
        .map(|pictures| folder(pictures, SIDE))
        .collect();
    let reports: Vec<Report> = folders
        .iter()
        .map(|folder| judge.score(&open(folder.path())).unwrap())
        .collect();
    for &metric in metrics {
        let bad: Vec<f64> = reports
            .iter()
            .map(|report| metric.badness(values(report, metric), report.metrics[&metric].reference))
            .collect();
        assert!(
            bad.windows(2).all(|pair| pair[0] < pair[1]),
            "{metric}: {bad:?}"
        );
    }
}

#[test]
fn every_metric_of_quality_worsens_as_pictures_blur() {
    let fresh = digits(5000, COUNT, |_| true);
    let steps = [0, 2, 6].map(|times| fresh.iter().map(|p| blurred(p, times)).collect());
    worsens(
        &steps,
        &[
            Metric::Fid,
            Metric::Kid,
            Metric::Precision,
            Metric::Coverage,
            Metric::InceptionScore,
            Metric::SlicedWasserstein,
            Metric::NearestNeighbourAccuracy,
            Metric::ClassifierAccuracy,
        ],
    );
}

#[test]
fn every_metric_of_quality_worsens_as_pictures_grow_noisy() {
    let fresh = digits(5000, COUNT, |_| true);
    let steps = [0.0, 0.3, 0.8].map(|deviation| {
        let mut draws = Random::new(1).at(Stream::Judge, 0);
        fresh
            .iter()
            .map(|p| noisy(p, deviation, &mut draws))
            .collect()
    });
    worsens(
        &steps,
        &[
            Metric::Fid,
            Metric::Kid,
            Metric::Precision,
            Metric::Density,
            Metric::Coverage,
            Metric::InceptionScore,
            Metric::SlicedWasserstein,
            Metric::NearestNeighbourAccuracy,
            Metric::ClassifierAccuracy,
        ],
    );
}

#[test]
fn every_metric_of_variety_worsens_as_classes_are_dropped() {
    let steps = [10, 5, 2].map(|classes| digits(5000, 440, |label| label < classes));
    worsens(
        &steps,
        &[
            Metric::Fid,
            Metric::Kid,
            Metric::Recall,
            Metric::Coverage,
            Metric::InceptionScore,
            Metric::ModeCount,
            Metric::ReverseKl,
        ],
    );
}

#[test]
fn every_metric_of_variety_worsens_as_samples_are_repeated() {
    let fresh = digits(5000, COUNT, |_| true);
    let steps = [COUNT, COUNT / 10, 12].map(|distinct| {
        let repeated = (0..COUNT).map(|index| fresh[index % distinct].clone());
        repeated.collect()
    });
    worsens(
        &steps,
        &[Metric::Fid, Metric::Kid, Metric::Coverage, Metric::MsSsim],
    );
    // The third neighbour of a sample that is there four times is itself: by
    // its definition, recall is gone at once.
    let judge = judge(Path::new("digits"), "recall", Features::Digits);
    let four: Vec<Vec<f32>> = (0..COUNT).map(|index| fresh[index / 4].clone()).collect();
    let four = folder(&four, SIDE);
    let report = judge.score(&open(four.path())).unwrap();
    // (Some of the data are among the samples.)
    assert!(values(&report, Metric::Recall) < 0.15);
}

#[test]
fn copies_of_the_data_are_named_by_memorisation() {
    let data = digits(0, COUNT, |_| true);
    let fresh = digits(5000, COUNT, |_| true);
    let steps = [0, COUNT / 2 + 100, COUNT].map(|copied| {
        let all = data[..copied].iter().chain(&fresh[copied..]);
        all.cloned().collect()
    });
    worsens(&steps, &[Metric::Memorisation]);
}

#[test]
fn dropping_five_digits_of_ten_is_named() {
    let judge = judge(
        Path::new("digits"),
        "recall,coverage,mode_count",
        Features::Digits,
    );
    let half = folder(&digits(5000, COUNT, |label| label < 5), SIDE);
    let all = folder(&digits(5000, COUNT, |_| true), SIDE);
    let [half, all] = [half, all].map(|folder| judge.score(&open(folder.path())).unwrap());
    assert_eq!(values(&all, Metric::ModeCount), 10.0);
    assert_eq!(values(&half, Metric::ModeCount), 5.0);
    assert_eq!(half.missing_modes, ["5", "6", "7", "8", "9"]);
    for metric in [Metric::Recall, Metric::Coverage] {
        let (half, all) = (values(&half, metric), values(&all, metric));
        assert!(half < 0.7 * all, "{metric}: {half} of {all}");
    }
}

#[test]
fn a_set_is_at_no_distance_from_itself() {
    for features in [Features::Digits, Features::Pixels] {
        let judge = judge(Path::new("digits"), "fid", features);
        let report = judge.score(&open(Path::new("digits"))).unwrap();
        assert!(values(&report, Metric::Fid) < 1e-6);
    }
}

#[test]
fn features_kept_by_content_are_the_same_features() {
    let cache = tempfile::tempdir().unwrap();
    let folder = folder(&digits(0, 40, |_| true), SIDE);
    let other = open(Path::new("digits"));
    let fid = || {
        let options = JudgeOptions {
            metrics: vec![Metric::Fid],
            samples: 100,
            features: Some(Features::Digits),
            cache: Some(super::Cache::new(cache.path())),
            ..JudgeOptions::default()
        };
        let judge = Judge::open(open(folder.path()), options, &Device::flex()).unwrap();
        values(&judge.score(&other).unwrap(), Metric::Fid)
    };
    let files = || std::fs::read_dir(cache.path()).unwrap().count();
    let first = fid();
    assert_eq!((fid(), files()), (first, 1));
    // A picture that changes in place is another content.
    let changed = folder.path().join("00000.png");
    std::fs::copy(folder.path().join("00001.png"), changed).unwrap();
    assert_ne!(fid(), first);
    assert_eq!(files(), 2);
}

#[test]
fn metrics_that_read_no_features_are_the_same_without_any() {
    let cache = tempfile::tempdir().unwrap();
    let folder = folder(&digits(0, 60, |_| true), SIDE);
    let score = |metrics: &str| {
        let options = JudgeOptions {
            metrics: Metric::list(metrics).unwrap(),
            samples: 100,
            features: Some(Features::Digits),
            cache: Some(super::Cache::new(cache.path())),
            ..JudgeOptions::default()
        };
        let digits = open(Path::new("digits"));
        let judge = Judge::open(digits, options, &Device::flex()).unwrap();
        let report = judge.score(&open(folder.path())).unwrap();
        [Metric::SlicedWasserstein, Metric::MsSsim].map(|metric| values(&report, metric))
    };
    let alone = score("sliced_wasserstein,ms_ssim");
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    assert_eq!(score("sliced_wasserstein,ms_ssim,kid"), alone);
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let judge = judge(Path::new("digits"), "fid", Features::Digits);
    let small = folder(&vec![vec![0.5; 16 * 16]; 20], 16);
    let colour = folder(
        &vec![vec![[0.5, 0.1, -0.3]; SIDE * SIDE].concat(); 20],
        SIDE,
    );
    let few = folder(&digits(0, 3, |_| true), SIDE);
    for (subject, said) in [
        (open(small.path()), ["16x16", "28x28"]),
        (open(colour.path()), ["RGB", "grey"]),
        (open(few.path()), ["3 usable", "at least"]),
        (open(Path::new("ring")), ["points", "pictures"]),
    ] {
        let error = judge.score(&subject).unwrap_err().to_string();
        assert!(said.iter().all(|word| error.contains(word)), "{error}");
    }
    let options = JudgeOptions {
        metrics: vec![Metric::PathLength],
        samples: 50,
        ..JudgeOptions::default()
    };
    let judge = Judge::open(open(Path::new("digits")), options, &Device::flex()).unwrap();
    let error = judge
        .check(&open(Path::new("digits")))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("path_length") && error.contains("model"),
        "{error}"
    );
}

#[test]
fn samples_train_a_classifier_about_as_well_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Dataset::open(Path::new("digits"), &DataOptions::default()).unwrap();
    for index in 5000..5800 {
        let mut pixels = vec![0.0; SIDE * SIDE];
        dataset.read(index, &mut pixels).unwrap();
        let class = folder
            .path()
            .join(dataset.label(index).unwrap().to_string());
        std::fs::create_dir_all(&class).unwrap();
        let picture = Picture::from_signed(&pixels, SIDE, SIDE, 1).unwrap();
        let png = picture.encode_png(&Provenance::new("test")).unwrap();
        std::fs::write(class.join(format!("{index}.png")), png).unwrap();
    }
    let judge = judge(
        Path::new("digits"),
        "classification_accuracy_score",
        Features::Pixels,
    );
    let report = judge.score(&open(folder.path())).unwrap();
    let score = report.metrics[&Metric::ClassificationAccuracyScore];
    assert!(score.value > 0.85, "{score:?}");
    assert!(score.reference.unwrap() > 0.85, "{score:?}");
    // Without labels it says what it needs.
    let error = judge.score(&open(Path::new("ring"))).unwrap_err();
    assert!(error.to_string().contains("points"));
}
