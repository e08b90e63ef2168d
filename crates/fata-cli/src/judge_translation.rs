//! `fata judge` of a model that translates pictures: against the counterparts
//! that it was not shown, or against the other domain.

use crate::failure::Usage;
use crate::judge::JudgeArgs;
use anyhow::Context;
use fata::data::{DomainOptions, Domains};
use fata::device::Device;
use fata::judge::{
    Better, Features, Metric, TranslationOptions, TranslationReport, judge_translation, short,
};
use fata::recipe::Recipe;
use fata::ship::{Direction, ModelError, Which};
use fata::train::domain_options;
use fata::{Generator, Translator};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// The model, if the path is one that translates. What is no model at all is
/// left for others to say.
///
/// # Errors
/// If it translates, but cannot be used.
pub(crate) fn translator(path: &Path, device: &Device) -> Result<Option<Translator>, ModelError> {
    let weights = ["safetensors", "pth", "pt"];
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if !path.is_dir() && weights.iter().all(|known| ending != *known) {
        return Ok(None);
    }
    match Translator::load(path, Which::Best, device) {
        Ok(model) => Ok(Some(model)),
        Err(error) => match Generator::load(path, device) {
            Err(ModelError::Translates { .. }) => Err(error),
            _ => Ok(None),
        },
    }
}

pub(crate) fn run(
    model: &Translator,
    arguments: &JudgeArgs,
    device: &Device,
) -> anyhow::Result<ExitCode> {
    if arguments.subjects.len() > 1 {
        let said = "translations are judged one by one: name one model";
        return Err(Usage(said.into()).into());
    }
    let domains = Domains::open(&places(model, arguments)?)?;
    let mut notes = Vec::new();
    let part = match (domains.held_out.is_empty(), &arguments.against) {
        (false, _) => &domains.held_out,
        (true, against) => {
            if against.is_none() {
                notes.push("nothing was held out: these pictures were trained on".to_string());
            }
            &domains.training
        }
    };
    let options = TranslationOptions {
        features: match &arguments.features {
            Some(features) => Features::parse(features)?,
            None => Features::Vgg16,
        },
        samples: arguments.samples.min(1_000_000) as usize,
        seed: arguments.seed,
    };
    let name = arguments.subjects[0].display().to_string();
    let mut report = judge_translation(&name, model, part, &options, device)?;
    report.warnings.extend(notes);
    if arguments.machine.json {
        println!("{}", json!(report));
    } else if !arguments.quiet {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

/// Where both domains are: as the flags say, or those of the run.
fn places(model: &Translator, arguments: &JudgeArgs) -> anyhow::Result<DomainOptions> {
    let [from, to] = model.channels(Direction::Ab);
    let recipe = match &arguments.against {
        Some(_) => model.recipe().clone(),
        None => {
            let file = arguments.subjects[0].join("recipe.toml");
            if !file.is_file() {
                let said = "say what to judge against: --from A --against B (two folders or zips)";
                return Err(Usage(said.into()).into());
            }
            Recipe::from_file(&file).context("the run's recipe names the data to judge against")?
        }
    };
    let mut places = domain_options(&recipe);
    places.resolution = Some(model.side());
    places.channels = [Some(from), Some(to)];
    if places.paired == Some(false) {
        // Counterparts that training did not use are worth comparing with.
        places.paired = None;
    }
    if let Some(against) = &arguments.against {
        places.to = against.clone();
        places.held_out = Some(0.0);
        places.paired = None;
        if let Some(from) = &arguments.from {
            places.from = from.clone();
        } else if model.drawing().is_none() {
            places.from = String::new();
        }
    }
    Ok(places)
}

fn print(report: &TranslationReport) {
    println!(
        "{}: {} pictures against {}{}, {} features",
        report.name,
        report.samples,
        report.against_samples,
        if report.paired { ", pair by pair" } else { "" },
        report.features
    );
    println!(
        "{:18} {:>10}  {:23}  {:>12}  better",
        "metric", "value", "95 % interval", "untranslated"
    );
    for (name, measured) in &report.metrics {
        let interval = measured.interval.map_or(String::new(), |[low, high]| {
            format!("{} to {}", short(low), short(high))
        });
        let plain = name.trim_end_matches("_back");
        let higher = match plain.parse::<Metric>() {
            Ok(metric) => metric.better() == Better::Higher,
            Err(_) => ["psnr", "ssim"].contains(&plain),
        };
        println!(
            "{name:18} {:>10}  {interval:23}  {:>12}  {}",
            short(measured.value),
            measured.reference.map_or(String::new(), short),
            if higher { "higher" } else { "lower" }
        );
    }
    for warning in &report.warnings {
        println!("note: {warning}");
    }
}
