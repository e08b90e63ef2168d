//! The proof that nothing is lost when a training is killed: `fata train digits`
//! is killed with SIGKILL at ten random moments and resumed each time, and must
//! end bit for bit as the run that nobody touched: its generator, its log but
//! for times, and every sample grid.

use anyhow::{Context, bail, ensure};
use fata::rng::{Draws, Random, Stream};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many times the run is killed.
const KILLS: usize = 10;
/// Images in all, and between two checkpoints.
const IMAGES: [&str; 2] = ["20k", "1k"];
/// A training lives for up to this share of the whole run's time, so that ten
/// of them, each losing what it did since its last checkpoint, do not finish.
const LONGEST_LIFE: f64 = 1.0 / 6.0;
/// What a clock or a scale measured.
const MEASURED: [&str; 3] = ["elapsed_seconds", "images_per_second", "memory_bytes"];

/// Kills and resumes; `seed` draws the moments.
pub(crate) fn run(seed: Option<String>) -> anyhow::Result<()> {
    let seed: u64 = seed.as_deref().unwrap_or("0").parse()?;
    let built = Command::new("cargo")
        .args(["build", "--release", "--workspace"])
        .status()?;
    ensure!(built.success(), "the binary cannot be built");
    let fata = std::env::current_exe()?.with_file_name("fata");
    let place = tempfile::tempdir()?;
    let (whole, killed) = (place.path().join("whole"), place.path().join("killed"));
    let begin = |folder: &Path| {
        let [images, every] = IMAGES;
        let mut command = Command::new(&fata);
        command.args(["train", "digits", "--images", images, "--every", every]);
        command.arg("-o").arg(folder).arg("-q").stdin(Stdio::null());
        command
    };
    let resume = || {
        let mut command = Command::new(&fata);
        command.args(["train", "--resume"]).arg(&killed).arg("-q");
        command.stdin(Stdio::null());
        command
    };

    let began = Instant::now();
    ensure!(begin(&whole).status()?.success(), "the whole run failed");
    let seconds = began.elapsed().as_secs_f64();
    println!("whole run: {seconds:.1} s");
    let mut draws: Draws = Random::new(seed).at(Stream::Order, 0);
    for kill in 1..=KILLS {
        let life = seconds * LONGEST_LIFE * f64::from(draws.uniform());
        let mut command = match killed.join("recipe.toml").exists() {
            true => resume(),
            false => begin(&killed),
        };
        let mut child = command.spawn()?;
        std::thread::sleep(Duration::from_secs_f64(life));
        if let Some(status) = child.try_wait()? {
            bail!("training {kill} ended by itself ({status}) after at most {life:.2} s");
        }
        child.kill()?;
        child.wait()?;
        println!(
            "kill {kill} after {life:.2} s, at {} images in the log",
            images(&killed)
        );
    }
    ensure!(resume().status()?.success(), "the last resumption failed");
    compare(&whole, &killed)?;
    println!("the killed run ended bit for bit as the whole one");
    Ok(())
}

fn images(run: &Path) -> u64 {
    let last = log(run).ok().and_then(|ticks| ticks.last().cloned());
    last.and_then(|tick| tick["images_seen"].as_u64())
        .unwrap_or(0)
}

/// The log's ticks without what was measured; a line that a kill cut is none.
fn log(run: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(run.join("log.jsonl"))?;
    let mut ticks = Vec::new();
    for line in text.lines() {
        let Ok(mut tick) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if let Some(tick) = tick.as_object_mut() {
            tick.retain(|key, _| !MEASURED.contains(&key.as_str()));
        }
        ticks.push(tick);
    }
    Ok(ticks)
}

fn compare(whole: &Path, killed: &Path) -> anyhow::Result<()> {
    let ticks = log(whole)?;
    ensure!(!ticks.is_empty(), "the whole run has no log");
    ensure!(ticks == log(killed)?, "the logs differ");
    let mut files = vec!["generator.safetensors".into()];
    for entry in fs::read_dir(whole.join("samples"))? {
        files.push(Path::new("samples").join(entry?.file_name()));
    }
    for file in &files {
        let read = |run: &Path| fs::read(run.join(file)).with_context(|| format!("no {file:?}"));
        ensure!(read(whole)? == read(killed)?, "{file:?} differs");
    }
    println!("{} ticks and {} files are equal", ticks.len(), files.len());
    Ok(())
}
