//! `cargo xtask bench-peers`: Fata's training steps against PyTorch's, in turn
//! in one run, so that both meet the same machine. Every round starts each
//! program once; the figure is the median over the rounds of the ratio within
//! a round. Which Python has PyTorch is told, nothing of the machine is known.

use crate::peers::{self, median, number, run};
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const USAGE: &str = "\
usage: cargo xtask bench-peers --python PATH [--peer SCRIPT] [--rounds N] [--threads N] [--works W1,W2,W3,W4,pix2pix,cyclegan]";

/// What the reference works are called for both sides.
struct Work {
    name: &'static str,
    fata: &'static str,
    /// The peer's program, beside this file.
    peer: &'static str,
    /// Steps that each side times in a round.
    steps: usize,
    /// The peer's options in its fastest form.
    best: &'static [&'static str],
    /// The ratios that the project promises.
    targets: [f64; 2],
}

const WORKS: [Work; 6] = [
    Work {
        name: "W1",
        fata: "--recipe dcgan --resolution 64 --channels 3 --batch 64",
        peer: "torch_steps.py",
        steps: 6,
        best: &["cl", "freeze", "fused"],
        targets: [1.25, 1.05],
    },
    Work {
        name: "W2",
        fata: "--recipe dcgan --resolution 32 --channels 1 --set model.width=32 --batch 64",
        peer: "torch_steps.py",
        steps: 40,
        best: &["cl", "freeze", "fused"],
        targets: [1.8, 1.4],
    },
    Work {
        name: "W3",
        fata: "--recipe mlp --resolution 28 --channels 1 --batch 64",
        peer: "torch_steps.py",
        steps: 150,
        best: &["freeze", "fused"],
        targets: [2.0, 1.6],
    },
    Work {
        name: "W4",
        fata: "conv",
        peer: "torch_steps.py",
        steps: 8,
        best: &["cl"],
        targets: [1.2, 1.05],
    },
    Work {
        name: "pix2pix",
        fata: "--recipe pix2pix --resolution 256 --channels 3 --batch 1",
        peer: "torch_translation.py",
        steps: 5,
        best: &["cl", "fused"],
        targets: [1.0, 1.0],
    },
    Work {
        name: "cyclegan",
        fata: "--recipe cyclegan --resolution 256 --channels 3 --batch 1",
        peer: "torch_translation.py",
        steps: 3,
        best: &["cl", "fused"],
        targets: [1.0, 1.0],
    },
];

/// The command line.
struct Options {
    python: PathBuf,
    /// Instead of the works' own.
    peer: Option<PathBuf>,
    rounds: usize,
    threads: usize,
    works: Vec<&'static Work>,
}

/// Prints a table in Markdown.
pub(crate) fn report(arguments: &[&str]) -> anyhow::Result<()> {
    let options = parse(arguments)?;
    let fata = peers::fata()?;
    println!(
        "| work | step (ms) | GFLOP/s | share of peak | memory | PyTorch / Fata | its best / Fata | promised |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for work in &options.works {
        let mut rounds = Vec::new();
        for round in 1..=options.rounds {
            eprintln!("{} {round}/{}", work.name, options.rounds);
            rounds.push(Round {
                fata: run(options.fata(&fata, work))?,
                default: options.peer_milliseconds(work, &[])?,
                best: options.peer_milliseconds(work, work.best)?,
            });
        }
        println!("{}", row(work, &rounds)?);
    }
    Ok(())
}

fn parse(arguments: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options {
        python: PathBuf::new(),
        peer: None,
        rounds: 5,
        threads: std::thread::available_parallelism()?.get(),
        works: WORKS.iter().collect(),
    };
    let (pairs, rest) = arguments.as_chunks::<2>();
    ensure!(rest.is_empty(), USAGE);
    for [flag, value] in pairs {
        match *flag {
            "--python" => options.python = PathBuf::from(value),
            "--peer" => options.peer = Some(PathBuf::from(value)),
            "--rounds" => options.rounds = value.parse()?,
            "--threads" => options.threads = value.parse()?,
            "--works" => {
                options.works = value.split(',').map(work_named).collect::<Result<_, _>>()?;
            }
            _ => bail!(USAGE),
        }
    }
    ensure!(
        !options.python.as_os_str().is_empty() && options.rounds > 0,
        USAGE
    );
    Ok(options)
}

fn work_named(name: &str) -> anyhow::Result<&'static Work> {
    let work = WORKS.iter().find(|work| work.name == name);
    work.with_context(|| format!("no work is called {name}\n{USAGE}"))
}

impl Options {
    fn fata(&self, program: &PathBuf, work: &Work) -> Command {
        let mut command = Command::new(program);
        command
            .arg("bench")
            .args(work.fata.split(' '))
            .arg("--json");
        command.args(["--steps", &work.steps.to_string()]);
        command.args(["--threads", &self.threads.to_string()]);
        command
    }

    fn peer_milliseconds(&self, work: &Work, variant: &[&str]) -> anyhow::Result<f64> {
        let mut command = peers::python(&self.python);
        let own = || peers::folder().join(work.peer);
        let script = self.peer.clone().unwrap_or_else(own);
        command.arg(script).arg(work.name).args(variant);
        command.arg(format!("steps={}", work.steps));
        command.arg(format!("threads={}", self.threads));
        number(&run(command)?, "median_ms")
    }
}

/// What one round measured.
struct Round {
    fata: Value,
    /// Milliseconds of a step.
    default: f64,
    /// Milliseconds of a step.
    best: f64,
}

fn row(work: &Work, rounds: &[Round]) -> anyhow::Result<String> {
    let of = |key: &str| -> anyhow::Result<f64> {
        let values: Result<Vec<f64>, _> = rounds
            .iter()
            .map(|round| number(&round.fata, key))
            .collect();
        Ok(median(values?))
    };
    let ratio = |peer: fn(&Round) -> f64| -> anyhow::Result<f64> {
        let ratios: Result<Vec<f64>, anyhow::Error> = rounds
            .iter()
            .map(|round| Ok(peer(round) / number(&round.fata, "step_milliseconds")?))
            .collect();
        Ok(median(ratios?))
    };
    let [default, best] = work.targets;
    Ok(format!(
        "| {} | {:.1} | {:.0} | {:.0} % | {:.0} MB | {:.2}x | {:.2}x | {default}x, {best}x |",
        work.name,
        of("step_milliseconds")?,
        of("gflops")?,
        100.0 * of("efficiency")?,
        of("memory_bytes")? / 1e6,
        ratio(|round| round.default)?,
        ratio(|round| round.best)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_holds_medians_of_ratios_within_rounds() {
        let round = |ours: f64, default, best| Round {
            fata: json!({"step_milliseconds": ours, "gflops": 100.0, "efficiency": 0.5, "memory_bytes": 3e6}),
            default,
            best,
        };
        // Ratios 2, 3, 1 and 1.5, 1, 0.5: not those of the medians.
        let rounds = [
            round(10.0, 20.0, 15.0),
            round(20.0, 60.0, 20.0),
            round(40.0, 40.0, 20.0),
        ];
        let expected = "| W4 | 20.0 | 100 | 50 % | 3 MB | 2.00x | 1.00x | 1.2x, 1.05x |";
        assert_eq!(row(&WORKS[3], &rounds).unwrap(), expected);
    }

    #[test]
    fn the_python_is_asked_for_and_works_are_named() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["--python"]).is_err());
        assert!(parse(&["--python", "python3", "--works", "W9"]).is_err());
        let options = parse(&["--python", "python3", "--works", "W3,W1", "--rounds", "7"]).unwrap();
        let names: Vec<_> = options.works.iter().map(|work| work.name).collect();
        assert_eq!((names, options.rounds), (vec!["W3", "W1"], 7));
    }
}
