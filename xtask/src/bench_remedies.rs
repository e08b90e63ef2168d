//! `cargo xtask bench-remedies`: what penalties, augmentation and spectral
//! normalisation add to a step, here and in PyTorch. Plain steps and remedied ones
//! take turns, and each side is compared with its own plain step of the same turn,
//! so the figure says nothing of which engine is faster: it says which makes the
//! remedy cheaper.

use crate::peers::{self, median, number, run};
use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "\
usage: cargo xtask bench-remedies --python PATH [--rounds N] [--steps N] [--threads N]";

/// A remedy by its name for the peer, and the values that give it here.
const REMEDIES: [(&str, &[&str]); 5] = [
    ("r1", &["penalty.r1=1"]),
    ("gradient", &["penalty.gradient=10"]),
    ("diffaugment", &["augment.kind=diffaugment"]),
    (
        "ada",
        // The peer's probability, which the controller would otherwise find.
        &["augment.kind=ada", "augment.probability=0.5"],
    ),
    ("spectral", &["model.spectral_norm=discriminator"]),
];

/// The plain step and the remedied one in milliseconds, of one turn.
type Turn = [f64; 2];

struct Options {
    python: PathBuf,
    rounds: usize,
    steps: usize,
    threads: usize,
}

/// Prints a table in Markdown.
pub(crate) fn report(arguments: &[&str]) -> anyhow::Result<()> {
    let options = parse(arguments)?;
    let fata = peers::fata()?;
    println!(
        "| remedy | Fata: plain, remedied (ms) | ratio | PyTorch: plain, remedied (ms) | ratio |"
    );
    println!("|---|---|---|---|---|");
    for (name, set) in REMEDIES {
        eprintln!("{name}");
        println!(
            "{}",
            row(name, &options.ours(&fata, set)?, &options.theirs(name)?)
        );
    }
    Ok(())
}

fn parse(arguments: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options {
        python: PathBuf::new(),
        rounds: 5,
        steps: 30,
        threads: std::thread::available_parallelism()?.get(),
    };
    let (pairs, rest) = arguments.as_chunks::<2>();
    ensure!(rest.is_empty(), USAGE);
    for [flag, value] in pairs {
        match *flag {
            "--python" => options.python = PathBuf::from(value),
            "--rounds" => options.rounds = value.parse()?,
            "--steps" => options.steps = value.parse()?,
            "--threads" => options.threads = value.parse()?,
            _ => bail!(USAGE),
        }
    }
    let counts = [options.rounds, options.steps, options.threads];
    let told = !options.python.as_os_str().is_empty();
    ensure!(told && counts.iter().all(|&count| count > 0), USAGE);
    Ok(options)
}

impl Options {
    fn ours(&self, fata: &Path, set: &[&str]) -> anyhow::Result<Vec<Turn>> {
        let step = |set: &[&str]| {
            let mut bench = Command::new(fata);
            bench.args("bench --recipe dcgan --resolution 32 --channels 3 --batch 64".split(' '));
            let [steps, threads] = [self.steps, self.threads].map(|count| count.to_string());
            bench.args(["--json", "--steps", &steps, "--threads", &threads]);
            let small = ["model.width=32", "model.discriminator_norm=none"];
            for value in small.iter().chain(set) {
                bench.args(["--set", value]);
            }
            number(&run(bench)?, "step_milliseconds")
        };
        (0..self.rounds)
            .map(|_| Ok([step(&[])?, step(set)?]))
            .collect()
    }

    fn theirs(&self, name: &str) -> anyhow::Result<Vec<Turn>> {
        let mut command = peers::python(&self.python);
        command
            .arg(peers::folder().join("torch_remedies.py"))
            .arg(name);
        for (key, count) in [
            ("steps", self.steps),
            ("threads", self.threads),
            ("rounds", self.rounds),
        ] {
            command.arg(format!("{key}={count}"));
        }
        let mut said = run(command)?;
        serde_json::from_value(said["rounds"].take())
            .context("rounds of a plain and a remedied step")
    }
}

/// Medians over the turns of the steps, and of what a remedy costs within each.
fn row(name: &str, ours: &[Turn], theirs: &[Turn]) -> String {
    let side = |turns: &[Turn]| {
        let over = |value: fn(&Turn) -> f64| median(turns.iter().map(value).collect());
        let [plain, remedied] = [over(|turn| turn[0]), over(|turn| turn[1])];
        let ratio = over(|turn| turn[1] / turn[0]);
        format!("{plain:.1}, {remedied:.1} | {ratio:.2}")
    };
    format!("| {name} | {} | {} |", side(ours), side(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_compared_with_the_plain_step_of_its_side_and_turn() {
        let ours = [[10.0, 15.0], [20.0, 30.0], [10.0, 15.0]];
        let theirs = [[20.0, 60.0], [20.0, 120.0], [20.0, 60.0]];
        assert_eq!(
            row("r1", &ours, &theirs),
            "| r1 | 10.0, 15.0 | 1.50 | 20.0, 60.0 | 3.00 |"
        );
    }

    #[test]
    fn the_python_is_asked_for() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["--python", "python3", "--rounds", "0"]).is_err());
        assert_eq!(parse(&["--python", "python3"]).unwrap().rounds, 5);
    }
}
