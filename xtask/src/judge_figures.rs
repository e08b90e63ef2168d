//! The figures of `docs/judge.md`: what each metric says of digits that are
//! made ever worse, and how long the Fréchet distance's algebra takes.

use burn::tensor::Device;
use fata::data::{DataOptions, Dataset};
use fata::judge::fid::Gaussian;
use fata::judge::{Features, Judge, JudgeOptions, Metric, Report, Rows, Subject, short};
use fata::rng::{Draws, Random, Stream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const SIDE: usize = 28;
/// Half of the digits are the data, the others are made worse.
const HALF: usize = 5000;
const SHOWN: [Metric; 14] = [
    Metric::Fid,
    Metric::Kid,
    Metric::InceptionScore,
    Metric::Precision,
    Metric::Recall,
    Metric::Density,
    Metric::Coverage,
    Metric::SlicedWasserstein,
    Metric::MsSsim,
    Metric::NearestNeighbourAccuracy,
    Metric::ClassifierAccuracy,
    Metric::ModeCount,
    Metric::ReverseKl,
    Metric::Memorisation,
];

type Pictures = Vec<Vec<f32>>;

/// Prints a table in Markdown, then the seconds of the algebra.
pub(crate) fn report() -> anyhow::Result<()> {
    let digits = Dataset::open(Path::new("digits"), &DataOptions::default())?;
    let read = |range: std::ops::Range<usize>| -> anyhow::Result<Pictures> {
        range
            .map(|index| {
                let mut pixels = vec![0.0; SIDE * SIDE];
                digits.read(index, &mut pixels)?;
                Ok(pixels)
            })
            .collect()
    };
    let (data, fresh) = (read(0..HALF)?, read(HALF..2 * HALF)?);
    let label = |index: usize| digits.label(HALF + index).unwrap_or_default();
    let classes = |most: u32| -> Pictures {
        let kept = (0..HALF).filter(|&index| label(index) < most);
        let kept: Vec<usize> = kept.collect();
        // As many as of all classes, so that only the classes differ.
        (0..HALF)
            .map(|i| fresh[kept[i % kept.len()]].clone())
            .collect()
    };
    let repeated = |distinct: usize| (0..HALF).map(|i| fresh[i % distinct].clone()).collect();
    let copied = |share: usize| {
        let copies = data[..HALF * share / 100].iter();
        copies
            .chain(&fresh[HALF * share / 100..])
            .cloned()
            .collect()
    };
    let sets: Vec<(&str, Pictures)> = vec![
        ("fresh digits", fresh.clone()),
        (
            "blurred twice",
            fresh.iter().map(|p| blurred(p, 2)).collect(),
        ),
        (
            "blurred six times",
            fresh.iter().map(|p| blurred(p, 6)).collect(),
        ),
        ("noise 0.3", noisy(&fresh, 0.3)),
        ("noise 0.8", noisy(&fresh, 0.8)),
        ("8 of 10 classes", classes(8)),
        ("5 of 10 classes", classes(5)),
        ("each twice", repeated(HALF / 2)),
        ("500 distinct", repeated(500)),
        ("half are copies of data", copied(50)),
        ("all are copies of data", copied(100)),
    ];
    let folder = std::env::temp_dir().join(format!("fata-judge-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = judge(&data, &sets, &folder);
    std::fs::remove_dir_all(&folder)?;
    print_table(&sets, &outcome?);
    algebra();
    Ok(())
}

fn judge(data: &Pictures, sets: &[(&str, Pictures)], folder: &Path) -> anyhow::Result<Vec<Report>> {
    let options = JudgeOptions {
        metrics: SHOWN.to_vec(),
        features: Some(Features::Digits),
        ..JudgeOptions::default()
    };
    let judge = Judge::open(subject(data, folder, "data")?, options, &Device::flex())?;
    let sets = sets.iter().enumerate();
    sets.map(|(index, (_, pictures))| {
        let set = subject(pictures, folder, &index.to_string())?;
        Ok(judge.score(&set)?)
    })
    .collect()
}

/// Pictures as data, by way of an IDX file.
fn subject(pictures: &Pictures, folder: &Path, name: &str) -> anyhow::Result<Subject> {
    let mut bytes = vec![0, 0, 8, 3];
    for size in [pictures.len(), SIDE, SIDE] {
        bytes.extend((size as u32).to_be_bytes());
    }
    let pixels = pictures.iter().flatten();
    bytes.extend(pixels.map(|v| ((v + 1.0) * 127.5).round() as u8));
    let path = folder.join(format!("{name}-images-idx3-ubyte"));
    std::fs::write(&path, bytes)?;
    let dataset = Dataset::open(&path, &DataOptions::default())?;
    Ok(Subject::data(Arc::new(dataset)))
}

fn print_table(sets: &[(&str, Pictures)], reports: &[Report]) {
    println!("| samples | {} |", SHOWN.map(Metric::name).join(" | "));
    println!("|---|{}", "---|".repeat(SHOWN.len()));
    for ((name, _), report) in sets.iter().zip(reports) {
        let values = SHOWN.map(|metric| short(report.metrics[&metric].value));
        println!("| {name} | {} |", values.join(" | "));
    }
    for ((name, _), report) in sets.iter().zip(reports) {
        if !report.missing_modes.is_empty() {
            println!("{name}: missing {}", report.missing_modes.join(", "));
        }
    }
}

/// Weighted averages of neighbours, `times` over.
fn blurred(picture: &[f32], times: usize) -> Vec<f32> {
    let mut picture = picture.to_vec();
    for _ in 0..times {
        let at = |y: usize, x: usize| picture[y.min(SIDE - 1) * SIDE + x.min(SIDE - 1)];
        let place = |i: usize| {
            let (y, x) = (i / SIDE, i % SIDE);
            let rows = at(y.saturating_sub(1), x) + at(y + 1, x);
            let columns = at(y, x.saturating_sub(1)) + at(y, x + 1);
            (4.0 * at(y, x) + rows + columns) / 8.0
        };
        picture = (0..SIDE * SIDE).map(place).collect();
    }
    picture
}

fn noisy(pictures: &Pictures, deviation: f32) -> Pictures {
    let mut draws: Draws = Random::new(1).at(Stream::Judge, 0);
    let mut noise = |v: &f32| (v + deviation * draws.normal()).clamp(-1.0, 1.0);
    pictures
        .iter()
        .map(|p| p.iter().map(&mut noise).collect())
        .collect()
}

/// 10,000 rows of 2,048 features a side: means, covariances and their distance.
fn algebra() {
    let (rows, width) = (10_000, 2048);
    let set = |stream: u64| {
        let mut values = vec![0.0; rows * width];
        Random::new(stream)
            .at(Stream::Judge, 0)
            .fill_normal(&mut values);
        values
    };
    let (a, b) = (set(1), set(2));
    let began = Instant::now();
    let gaussian = Gaussian::of(Rows::new(&a, width));
    let distance = gaussian.distance(&Gaussian::of(Rows::new(&b, width)));
    let seconds = began.elapsed().as_secs_f64();
    let own = gaussian.distance(&gaussian);
    println!(
        "fid of {rows} rows of {width}: {distance:.6} in {seconds:.1} s; with itself {own:.1e}"
    );
}
