//! `cargo xtask bench-remedies`: what penalties, augmentation and spectral
//! normalisation add to a step, here and in PyTorch, in turn in one run. Both
//! sides are compared with their own plain step, so the figure says nothing of
//! which engine is faster: it says which makes the remedy cheaper.

use crate::peers::{self, median, number, run};
use anyhow::{bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "\
usage: cargo xtask bench-remedies --python PATH [--rounds N] [--steps N] [--threads N]";

/// A remedy by its name for the peer, and the values that give it here.
const REMEDIES: [(&str, &[&str]); 6] = [
    ("plain", &[]),
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

/// A step in milliseconds, here and there.
type Pair = [f64; 2];

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
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("{round}/{}", options.rounds);
        let steps = REMEDIES.map(|remedy| options.pair(&fata, remedy));
        let steps: anyhow::Result<Vec<Pair>> = steps.into_iter().collect();
        rounds.push(steps?);
    }
    println!("| remedy | Fata, step (ms) | times its plain step | PyTorch, times its plain step |");
    println!("|---|---|---|---|");
    for at in 0..REMEDIES.len() {
        println!("{}", row(at, &rounds));
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
    fn pair(&self, fata: &Path, (name, set): (&str, &[&str])) -> anyhow::Result<Pair> {
        let steps = self.steps.to_string();
        let threads = self.threads.to_string();
        let mut ours = Command::new(fata);
        ours.args("bench --recipe dcgan --resolution 32 --channels 3 --batch 64".split(' '));
        ours.args(["--json", "--steps", &steps, "--threads", &threads]);
        let small = ["model.width=32", "model.discriminator_norm=none"];
        for value in small.iter().chain(set) {
            ours.args(["--set", value]);
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers/torch_remedies.py");
        let mut theirs = Command::new(&self.python);
        theirs.arg(script).arg(name);
        theirs.args([format!("steps={steps}"), format!("threads={threads}")]);
        let ours = number(&run(ours)?, "step_milliseconds")?;
        Ok([ours, peers::milliseconds(theirs)?])
    }
}

/// The medians over the rounds of what a remedy costs within each.
fn row(at: usize, rounds: &[Vec<Pair>]) -> String {
    let over =
        |value: &dyn Fn(&[Pair]) -> f64| median(rounds.iter().map(|round| value(round)).collect());
    let [ours, theirs] = [0, 1].map(|side| over(&|round| round[at][side] / round[0][side]));
    let step = over(&|round| round[at][0]);
    let name = REMEDIES[at].0;
    format!("| {name} | {step:.1} | {ours:.2} | {theirs:.2} |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_compared_with_the_plain_step_of_its_side_and_round() {
        let round = |slow: f64| vec![[10.0 * slow, 20.0], [15.0 * slow, 60.0 * slow]];
        let rounds = [round(1.0), round(2.0), round(1.0)];
        assert_eq!(row(1, &rounds), "| r1 | 15.0 | 1.50 | 3.00 |");
    }

    #[test]
    fn the_python_is_asked_for() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["--python", "python3", "--rounds", "0"]).is_err());
        assert_eq!(parse(&["--python", "python3"]).unwrap().rounds, 5);
    }
}
