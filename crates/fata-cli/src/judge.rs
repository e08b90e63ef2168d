//! `fata judge`: metrics of one side, or of several, against another.

use crate::count::count;
use crate::failure::Usage;
use crate::judge_human;
use crate::judge_translation;
use crate::machine::Machine;
use anyhow::Context;
use clap::Args;
use fata::data::{DataOptions, Fit};
use fata::files::write_whole;
use fata::judge::{
    Better, Cache, Features, Judge, JudgeOptions, Metric, Ranking, Report, Subject, Watch,
    open_pair, page, short,
};
use fata::recipe::Recipe;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judge models, runs, image folders, zips, IDX files, CSVs or built-in data
#[derive(Args)]
pub(crate) struct JudgeArgs {
    /// What to judge; several are ranked
    #[arg(required = true, value_name = "A")]
    pub(crate) subjects: Vec<PathBuf>,
    /// What to judge them against [default: the data that the first, a run, was trained on]
    #[arg(long, value_name = "B")]
    pub(crate) against: Option<PathBuf>,
    /// What a model that translates starts from, beside --against [default: the
    /// run's own]
    #[arg(long, value_name = "A", requires = "against")]
    pub(crate) from: Option<String>,
    /// What people said who played "Which is real?" with the run in the studio
    #[arg(long, conflicts_with_all = ["against", "metrics", "features", "held_out", "html", "resolution", "fit"])]
    pub(crate) human: bool,
    /// Which metrics, as fid,kid,recall [default: all that apply]
    #[arg(long, value_name = "LIST")]
    metrics: Option<String>,
    /// The most samples of each side
    #[arg(long, value_name = "N", default_value = "10k", value_parser = count)]
    pub(crate) samples: u64,
    /// digits, vgg16, inception:FILE or pixels [default: digits for the built-in digits, else vgg16]
    #[arg(long, value_name = "F")]
    pub(crate) features: Option<String>,
    /// Data that no model was trained on, for memorisation
    #[arg(long, value_name = "DATA")]
    held_out: Option<PathBuf>,
    /// Fit pictures to this side in pixels [default: their own, or the model's]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// How pictures that are not square are made so: crop, pad or stretch
    #[arg(long, value_name = "FIT")]
    fit: Option<String>,
    /// Write a page with samples, closest pairs and numbers
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Keep no features of data for the next time (in the user's cache folder, fata/judge)
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// Print nothing
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

pub(crate) fn run(arguments: JudgeArgs) -> anyhow::Result<ExitCode> {
    if arguments.human {
        return judge_human::run(&arguments);
    }
    let device = arguments.machine.open()?;
    if let Some(model) = judge_translation::translator(&arguments.subjects[0], &device)? {
        return judge_translation::run(&model, &arguments, &device);
    }
    let talkative = !arguments.quiet && !arguments.machine.json;
    let bar = progress_bar();
    let options = JudgeOptions {
        metrics: match &arguments.metrics {
            Some(list) => Metric::list(list)?,
            None => Vec::new(),
        },
        samples: arguments.samples.min(1_000_000) as usize,
        features: arguments
            .features
            .as_deref()
            .map(Features::parse)
            .transpose()?,
        seed: arguments.seed,
        cache: cache_folder()
            .filter(|_| !arguments.no_cache)
            .map(|folder| Cache::new(&folder)),
        watch: talkative.then(|| watch(&bar)),
    };
    let data_options = DataOptions {
        resolution: arguments.resolution,
        fit: fit(arguments.fit.as_deref())?,
        ..DataOptions::default()
    };
    let against = against(&arguments)?;
    let mut subjects = Vec::new();
    let mut other = None;
    for path in &arguments.subjects {
        let [subject, against] = open_pair(path, &against, &data_options, &device)?;
        subjects.push(subject);
        other.get_or_insert(against);
    }
    let other = other.expect("clap asks for one subject at least");
    let say = |line: &str| {
        if talkative {
            bar.suspend(|| eprintln!("{line}"));
        }
    };
    say(&format!("reading {}", other.name()));
    let mut judge = Judge::open(other, options.clone(), &device)?;
    if let Some(path) = &arguments.held_out {
        let fitted = DataOptions {
            resolution: judge.against().form().map(|form| form.height),
            channels: judge.against().form().map(|form| form.channels),
            ..data_options
        };
        judge = judge.with_held_out(&Subject::open(path, &fitted, &device)?)?;
    }
    let mut reports = Vec::new();
    for subject in &subjects {
        say(&format!(
            "judging {} by {} features",
            subject.name(),
            judge.features()
        ));
        reports.push(judge.score(subject)?);
    }
    bar.finish_and_clear();
    if let Some(path) = &arguments.html {
        let html = page(&reports[0], &subjects[0], judge.against())?;
        write_whole(path, html.as_bytes())?;
    }
    match &reports[..] {
        [report] => one(report, &arguments),
        several => ranked(several, &options, &arguments),
    }
    Ok(ExitCode::SUCCESS)
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} read, {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(0).with_style(style)
}

fn watch(bar: &ProgressBar) -> Watch {
    let bar = bar.clone();
    Watch::new(move |read, of| {
        if bar.length() != Some(of as u64) || bar.position() > read as u64 {
            bar.reset();
            bar.set_length(of as u64);
        }
        bar.set_position(read as u64);
    })
}

/// What to judge against: what was named, or the data of a run.
fn against(arguments: &JudgeArgs) -> anyhow::Result<PathBuf> {
    if let Some(path) = &arguments.against {
        return Ok(path.clone());
    }
    let recipe = arguments.subjects[0].join("recipe.toml");
    if !recipe.is_file() {
        let message = "say what to judge against: --against DATA (a folder, a zip, a model or a built-in name)";
        return Err(Usage(message.into()).into());
    }
    let recipe =
        Recipe::from_file(&recipe).context("the run's recipe names the data to judge against")?;
    Ok(recipe.data.source.into())
}

fn fit(name: Option<&str>) -> anyhow::Result<Fit> {
    match name {
        None => Ok(Fit::default()),
        Some("crop") => Ok(Fit::Crop),
        Some("pad") => Ok(Fit::Pad),
        Some("stretch") => Ok(Fit::Stretch),
        Some(other) => Err(Usage(format!("--fit {other}: use crop, pad or stretch")).into()),
    }
}

/// Where features of data are kept: the user's cache folder, as the system has it.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = match std::env::consts::OS {
        "windows" => variable("LOCALAPPDATA"),
        "macos" => variable("HOME").map(|home| home.join("Library/Caches")),
        _ => {
            variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
        }
    };
    folder
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("fata").join("judge"))
}

fn one(report: &Report, arguments: &JudgeArgs) {
    if arguments.machine.json {
        println!("{}", json!(report));
    } else if !arguments.quiet {
        print_report(report, arguments.html.as_deref());
    }
}

fn print_report(report: &Report, html: Option<&Path>) {
    println!(
        "{} against {}: {} and {} samples, {} features",
        report.name, report.against, report.samples, report.against_samples, report.features
    );
    println!(
        "{:28} {:>10}  {:23}  {:>10}  better",
        "metric", "value", "95 % interval", "data's own"
    );
    for (metric, measured) in &report.metrics {
        let interval = measured.interval.map_or(String::new(), |[low, high]| {
            format!("{} to {}", short(low), short(high))
        });
        let better = match metric.better() {
            Better::Lower => "lower".into(),
            Better::Higher => "higher".into(),
            Better::Near(best) => format!("near {best}"),
            Better::NearReference => "near the data's own".into(),
        };
        println!(
            "{metric:28} {:>10}  {interval:23}  {:>10}  {better}",
            short(measured.value),
            measured.reference.map_or(String::new(), short)
        );
    }
    if !report.missing_modes.is_empty() {
        println!("missing modes: {}", report.missing_modes.join(", "));
    }
    for warning in &report.warnings {
        println!("note: {warning}");
    }
    if let Some(path) = html {
        println!("the page is {}", path.display());
    }
}

fn ranked(reports: &[Report], options: &JudgeOptions, arguments: &JudgeArgs) {
    let by: Vec<Metric> = match &options.metrics[..] {
        [] => reports[0].metrics.keys().copied().collect(),
        asked => asked.to_vec(),
    };
    let rankings: Vec<Ranking> = by
        .iter()
        .map(|&metric| Ranking::by(metric, reports))
        .collect();
    if arguments.machine.json {
        let verdicts: Vec<String> = rankings.iter().map(Ranking::verdict).collect();
        println!(
            "{}",
            json!({
                "against": reports[0].against,
                "features": reports[0].features,
                "samples": reports[0].samples,
                "ranked_by": by[0],
                "reports": reports,
                "rankings": rankings,
                "verdicts": verdicts,
            })
        );
        return;
    }
    if arguments.quiet {
        return;
    }
    println!(
        "against {}: {} samples, {} features",
        reports[0].against, reports[0].samples, reports[0].features
    );
    for ranking in &rankings {
        println!();
        println!("{}", ranking.metric);
        for (place, ranked) in ranking.places.iter().enumerate() {
            let error = ranked
                .standard_error
                .map_or(String::new(), |error| format!("+- {}", short(error)));
            let note = match ranked.noise {
                Some(true) => "no more than noise behind the first",
                _ => "",
            };
            println!(
                "  {}. {:40} {:>10} {error:12} {note}",
                place + 1,
                ranked.name,
                short(ranked.value)
            );
        }
    }
    println!();
    for ranking in &rankings {
        println!("{}", ranking.verdict());
    }
    for warning in &reports[0].warnings {
        println!("note: {warning}");
    }
}
