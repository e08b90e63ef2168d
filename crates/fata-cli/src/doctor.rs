//! `fata doctor`: what went wrong in a run, in plain words, and what to try.

use crate::failure::Usage;
use clap::Args;
use fata::doctor::{self, Case, Diagnosis, Disease};
use fata::judge::short;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// The run folder
    #[arg(required_unless_present = "explain")]
    run: Option<PathBuf>,
    /// Say what a figure means; `all` for all of them
    #[arg(long, value_name = "NAME")]
    explain: Option<String>,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if let Some(name) = &arguments.explain {
        write!(out, "{}", explained(name, arguments.json)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = arguments.run.expect("clap asks for it");
    let case = Case::open(&path)?;
    let diagnosis = case.examine();
    if arguments.json {
        let mut object = serde_json::to_value(&diagnosis)?;
        object["run"] = json!(path);
        object["ticks"] = json!(case.course.lines.len());
        object["images_seen"] = json!(case.course.lines.last().map(|line| line.images_seen));
        object["events"] = json!(case.events);
        writeln!(out, "{object}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let source = case
        .recipe
        .as_ref()
        .map(|recipe| recipe.data.source.as_str());
    write!(out, "{}", text(&diagnosis, &path, source))?;
    Ok(ExitCode::SUCCESS)
}

fn explained(name: &str, json: bool) -> anyhow::Result<String> {
    if name == "all" && !json {
        return Ok(doctor::page());
    }
    let figures: Vec<_> = doctor::FIGURES
        .iter()
        .filter(|one| name == "all" || one.name == name)
        .collect();
    if figures.is_empty() {
        let mut known: Vec<&str> = doctor::FIGURES.iter().map(|figure| figure.name).collect();
        known.sort_unstable();
        return Err(Usage(format!(
            "there is no figure `{name}`; there are {}",
            known.join(", ")
        ))
        .into());
    }
    if json {
        let all: serde_json::Map<_, _> = figures
            .iter()
            .map(|one| (one.name.into(), one.says.into()))
            .collect();
        return Ok(format!("{}\n", serde_json::Value::Object(all)));
    }
    Ok(format!("{}: {}\n", figures[0].name, figures[0].says))
}

/// A diagnosis as a person reads it.
fn text(diagnosis: &Diagnosis, run: &Path, source: Option<&str>) -> String {
    let mut text = headline(diagnosis) + "\n";
    for one in &diagnosis.evidence {
        let _ = writeln!(text, "  {} {}: {}", one.figure, short(one.value), one.says);
    }
    if !diagnosis.also.is_empty() {
        let also: Vec<String> = diagnosis.also.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "There are signs of {} too.", also.join(", "));
    }
    if !diagnosis.advice.is_empty() {
        text.push_str("What to try, the first first:\n");
    }
    for one in &diagnosis.advice {
        let command = match (one.new_run, source) {
            (true, Some(source)) => format!(
                "fata train {source} --recipe {} {}",
                run.join("recipe.toml").display(),
                one.flags
            ),
            (true, None) => format!("fata train ... {}", one.flags),
            (false, _) => format!("fata train --resume {} {}", run.display(), one.flags),
        };
        let _ = writeln!(text, "  {}\n    {command}", one.why);
    }
    for one in &diagnosis.missing {
        let _ = writeln!(text, "Note: {one}.");
    }
    text
}

/// The disease, since when, and what it means.
pub(crate) fn headline(diagnosis: &Diagnosis) -> String {
    let since = match diagnosis.since_images {
        Some(images) if diagnosis.diagnosis != Disease::Healthy => {
            format!(", since {images} images")
        }
        _ => String::new(),
    };
    format!("{}{since}. {}", diagnosis.diagnosis, diagnosis.meaning)
}
