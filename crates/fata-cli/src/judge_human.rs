//! `fata judge --human RUN`: what people said who played "Which is real?".

use crate::failure::Usage;
use crate::judge::JudgeArgs;
use fata::judge::human::{HumanReport, Judgements, PictureTally};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(arguments: &JudgeArgs) -> anyhow::Result<ExitCode> {
    let [run] = &arguments.subjects[..] else {
        return Err(Usage("--human reads what people said of one run: name one".into()).into());
    };
    if !run.join("recipe.toml").is_file() {
        anyhow::bail!("{} is no run folder: it has no recipe.toml", run.display());
    }
    let name = run.display().to_string();
    let judgements = Judgements::read(run)?;
    let Some(report) = HumanReport::new(name, &judgements, arguments.seed) else {
        anyhow::bail!(
            "nobody has judged {} yet: open `fata studio` on its folder and play Which is real?",
            run.display()
        );
    };
    if arguments.machine.json {
        println!("{}", json!(report));
    } else if !arguments.quiet {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &HumanReport) {
    let share = report.share_fooled();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let interval = share.interval.map_or(String::new(), |[low, high]| {
        format!(" (95 %: {} to {})", percent(low), percent(high))
    });
    println!(
        "{}: {} rounds by {} player{}",
        report.name,
        report.rounds,
        report.players,
        if report.players == 1 { "" } else { "s" }
    );
    println!("fooled {}{interval}", percent(share.value));
    println!("This is {}.", report.meaning);
    println!();
    println!(
        "{:24} {:>7} {:>7}  median seconds",
        "player", "rounds", "fooled"
    );
    for player in &report.by_player {
        println!(
            "{:24} {:>7} {:>7}  {:.2}",
            player.player, player.rounds, player.fooled, player.median_seconds
        );
    }
    if report.by_time.len() > 1 {
        println!();
        for time in &report.by_time {
            let shown = match time.shown_milliseconds {
                Some(milliseconds) => format!("shown for {milliseconds} ms"),
                None => "shown until the answer".into(),
            };
            println!("{shown:24} {:>7} {:>7}", time.rounds, time.fooled);
        }
    }
    println!();
    for (title, pictures) in [
        ("most convincing seeds", &report.most_convincing),
        ("least convincing seeds", &report.least_convincing),
        ("real items most doubted", &report.real_doubted),
    ] {
        if !pictures.is_empty() {
            println!("{title:24} {}", list(pictures));
        }
    }
    for warning in &report.warnings {
        println!("note: {warning}");
    }
    if report.passed_over > 0 {
        println!(
            "note: lines of the file that are no answer: {}",
            report.passed_over
        );
    }
}

fn list(pictures: &[PictureTally]) -> String {
    let shown = pictures
        .iter()
        .map(|one| format!("{} ({} of {})", one.number, one.fooled, one.rounds));
    shown.collect::<Vec<_>>().join(", ")
}
