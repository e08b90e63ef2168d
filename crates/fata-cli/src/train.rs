//! `fata train`: begin a run, go on with one, or only say what it would take.

use crate::count::count;
use crate::doctor::headline;
use crate::failure::{Usage, resumable};
use crate::machine::Machine;
use crate::train_studio::Beside;
use clap::Args;
use fata::Trainer;
use fata::data::{DataOptions, Dataset, Domains, Kind, Skipped};
use fata::recipe::{Domains as RecipeDomains, ModelKind, Recipe, RecipeError};
use fata::train::{Progress, StoppedBy, domain_options};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;
/// Steps that a dry run times, after one untimed.
const DRY_RUN_STEPS: usize = 5;

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// A folder, .zip, IDX file, .csv or built-in name [default: digits]
    data: Option<PathBuf>,
    /// Translate these pictures: a folder or zip; or edges, grey, small or
    /// masked, drawn from the others
    #[arg(long, value_name = "A", requires = "to", conflicts_with_all = ["data", "pairs"])]
    from: Option<String>,
    /// What the pictures of --from become: a folder or zip
    #[arg(long, value_name = "B", requires = "from")]
    to: Option<PathBuf>,
    /// Translate the left halves of these pictures to the right ones
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    pairs: Option<PathBuf>,
    /// Whether pictures of one name are pairs: yes or no [default: if all are]
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    paired: Option<bool>,
    /// A recipe's name or file [default: what fits the data]
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<String>,
    /// The run folder [default: runs/00000-DATA-RECIPE, next free number]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Real images that the discriminator sees in all, as 200k or 1.5M
    #[arg(long, value_name = "N", value_parser = count)]
    images: Option<u64>,
    /// Stop after so many minutes, if that comes first
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Side of the pictures in pixels [default: the data's own, or 64]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// Real images in a step
    #[arg(long, value_name = "B")]
    batch: Option<usize>,
    /// The seed of everything that is drawn
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Images between ticks
    #[arg(long, value_name = "N", value_parser = count)]
    every: Option<u64>,
    /// How pictures that are not square are made so: crop, pad or stretch
    #[arg(long, value_name = "FIT")]
    fit: Option<String>,
    /// Go on with this run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["data", "recipe", "out", "from", "to", "pairs", "paired"])]
    resume: Option<PathBuf>,
    /// Replace a value of the recipe, as table.key=value (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Take the doctor's advice while training, and go back after divergence
    #[arg(long)]
    auto: bool,
    /// Open the studio in the browser, on this run, for as long as it is trained
    #[arg(long, conflicts_with = "dry_run")]
    studio: bool,
    /// Say what the run would be and take; write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    machine: Machine,
    /// Stop, saved, when the standard input closes: how the studio asks it on every system.
    #[arg(long, hide = true)]
    until_input_closes: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(arguments: TrainArgs) -> anyhow::Result<ExitCode> {
    let device = arguments.machine.open()?;
    if arguments.dry_run {
        let recipe = match &arguments.resume {
            Some(run) => change(&arguments, Trainer::recipe_of(run)?)?,
            None => new_recipe(&arguments)?,
        };
        return dry_run(Trainer::on(recipe, device)?, &arguments);
    }
    let trainer = match &arguments.resume {
        Some(folder) => Trainer::resume(folder, |recipe| change(&arguments, recipe), device)?,
        None => {
            let recipe = new_recipe(&arguments)?;
            match &arguments.out {
                Some(folder) => Trainer::create(recipe, folder, device)?,
                None => Trainer::create_numbered(recipe, Path::new("runs"), device)?,
            }
        }
    };
    let studio = match arguments.studio {
        true => Some(Beside::open(&trainer, arguments.quiet)?),
        false => None,
    };
    let outcome = train(trainer, &arguments);
    if let Some(studio) = studio {
        studio.end();
    }
    outcome
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("use yes or no".into()),
    }
}

/// A path as a recipe names it.
fn as_text(path: &Path) -> Result<&str, Usage> {
    path.to_str().ok_or_else(|| {
        Usage(format!(
            "the path {} is not text (UTF-8), and a recipe names its data in text: rename it, or make a link to it",
            path.display()
        ))
    })
}

fn new_recipe(arguments: &TrainArgs) -> anyhow::Result<Recipe> {
    if let Some((source, from)) = two_domains(arguments)? {
        return translation(arguments, source, from);
    }
    let source = match &arguments.data {
        None => "digits",
        Some(path) => as_text(path)?,
    };
    let recipe = match &arguments.recipe {
        Some(name) => Recipe::named_or_file(name)?,
        None => fitting(source, arguments.quiet),
    };
    Ok(change(arguments, recipe.with_data(source)?)?)
}

/// Where pictures of two domains are, if there are two: `data.source` and
/// `domains.from` of a recipe.
fn two_domains(arguments: &TrainArgs) -> Result<Option<(&str, &str)>, Usage> {
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        return Ok(Some((as_text(to)?, from)));
    }
    if let Some(pairs) = &arguments.pairs {
        return Ok(Some((as_text(pairs)?, "halves")));
    }
    match &arguments.data {
        Some(path) if path.join("trainA").is_dir() && path.join("trainB").is_dir() => {
            Ok(Some((as_text(path)?, "")))
        }
        _ => Ok(None),
    }
}

/// A recipe that translates: pix2pix where there are pairs, else cyclegan.
fn translation(arguments: &TrainArgs, source: &str, from: &str) -> anyhow::Result<Recipe> {
    let domains = RecipeDomains {
        from: from.into(),
        paired: arguments.paired,
        ..RecipeDomains::default()
    };
    let place = |mut recipe: Recipe| {
        recipe.domains = Some(domains.clone());
        recipe.with_data(source)
    };
    if let Some(name) = &arguments.recipe {
        let recipe = place(Recipe::named_or_file(name)?)?;
        recipe.check_together()?;
        return Ok(change(arguments, recipe)?);
    }
    let recipe = change(arguments, place(Recipe::named("pix2pix")?)?)?;
    let paired = Domains::open(&domain_options(&recipe))?.training.paired;
    let (name, why) = match paired {
        true => ("pix2pix", "which learns from pairs"),
        false => ("cyclegan", "which needs no pairs"),
    };
    if !arguments.quiet {
        eprintln!("recipe `{name}`, {why}; `fata recipes` lists the others");
    }
    Ok(change(arguments, place(Recipe::named(name)?)?)?)
}

/// The recipe that works best for the data; why is said aloud.
fn fitting(source: &str, quiet: bool) -> Recipe {
    let has_classes = || {
        let data = Dataset::open(Path::new(source), &DataOptions::default());
        // Data that cannot be opened are refused where they are opened in earnest.
        data.is_ok_and(|data| data.classes().len() > 1)
    };
    let (recipe, why) = Recipe::fitting(source, has_classes);
    if !quiet {
        eprintln!(
            "recipe `{}`, {why}; `fata recipes` lists the others",
            recipe.name
        );
    }
    recipe
}

/// The recipe with the flags' values in place of its own.
fn change(arguments: &TrainArgs, mut recipe: Recipe) -> Result<Recipe, RecipeError> {
    let train = &mut recipe.train;
    train.images = arguments.images.unwrap_or(train.images);
    train.minutes = arguments.minutes.or(train.minutes);
    train.resolution = arguments.resolution.or(train.resolution);
    train.batch = arguments.batch.unwrap_or(train.batch);
    train.seed = arguments.seed.unwrap_or(train.seed);
    train.every = arguments.every.unwrap_or(train.every);
    train.auto |= arguments.auto;
    if arguments.resolution.is_some() {
        recipe.origin = None; // to be resolved anew
    }
    if let Some(fit) = &arguments.fit {
        recipe = recipe.with_set(&format!("data.fit={fit}"))?;
    }
    for assignment in &arguments.set {
        recipe = recipe.with_set(assignment)?;
    }
    recipe.check()?;
    Ok(recipe)
}

fn train(mut trainer: Trainer, arguments: &TrainArgs) -> anyhow::Result<ExitCode> {
    let talkative = !arguments.quiet;
    stop_on_signals(&trainer)?;
    if arguments.until_input_closes {
        stop_when_input_closes(&trainer);
    }
    let bar = if talkative {
        progress_bar(&trainer)
    } else {
        ProgressBar::hidden()
    };
    let say = |line: String| {
        if talkative {
            bar.suspend(|| eprintln!("{line}"));
        }
    };
    for notice in std::mem::take(&mut trainer.notices) {
        say(format!("note: {notice}"));
    }
    let folder = trainer
        .folder()
        .expect("a run that is trained has a folder")
        .to_path_buf();
    let [generator, discriminator] = trainer.parameter_counts();
    let (progress, items) = (trainer.progress(), trainer.items());
    let held_out = match trainer.held_out() {
        0 => String::new(),
        count => format!(", {count} of them held out"),
    };
    say(format!(
        "{} on {} ({items} item{}{held_out}) in {}: generator {generator}, discriminator {discriminator} parameters",
        trainer.recipe().name,
        trainer.data_name(),
        if items == 1 { "" } else { "s" },
        folder.display(),
    ));
    if progress.images_seen > 0 {
        say(format!("going on from {} images", progress.images_seen));
    }
    let watched = bar.clone();
    trainer.on_step(move |progress| show(&watched, progress));
    let mut images_per_second = None;
    loop {
        let tick = trainer.next_tick().map_err(|error| {
            bar.finish_and_clear();
            resumable(error, &folder)
        })?;
        if let Some(note) = turned_out_damaged(&trainer.newly_skipped()) {
            say(note);
        }
        if let Some(tick) = &tick {
            images_per_second = Some(tick.images_per_second);
            say(tick.to_string());
        }
        for notice in std::mem::take(&mut trainer.notices) {
            say(format!("note: {notice}"));
        }
        if tick.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    let stopped_by = trainer.stopped_by().unwrap_or(StoppedBy::Images);
    let progress = trainer.progress();
    let diagnosis = trainer.diagnosis();
    if arguments.machine.json {
        println!(
            "{}",
            with_networks(
                &trainer,
                json!({
                    "run": folder,
                    "images_seen": progress.images_seen,
                    "elapsed_seconds": progress.elapsed_seconds,
                    "images_per_second": images_per_second.unwrap_or(progress.images_per_second),
                    "parameters_generator": generator,
                    "parameters_discriminator": discriminator,
                    "stopped_by": stopped_by,
                    "diagnosis": diagnosis.diagnosis,
                })
            )
        );
    }
    if stopped_by == StoppedBy::Signal {
        say(format!("doctor: {}", headline(&diagnosis)));
        say(format!(
            "stopped and saved; go on with: fata train --resume {}",
            folder.display()
        ));
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let generator = folder.join("generator.safetensors");
    let folder = folder.display();
    say(format!("the generator is {}", generator.display()));
    let translates = trainer.recipe().model.kind == ModelKind::Translation;
    say(match trainer.dataset().kind() {
        _ if translates => format!("translate pictures with: fata translate {folder} IN -o OUT"),
        Kind::Images { .. } => format!("make samples with: fata sample {folder} -o samples.png"),
        Kind::Points { .. } => format!("make samples with: fata sample {folder} -o samples.csv"),
    });
    say(format!(
        "ended after {} images: {}",
        progress.images_seen,
        ended_by(stopped_by)
    ));
    say(format!("doctor: {}", headline(&diagnosis)));
    if diagnosis.diagnosis.is_alarm() {
        say(format!("what to change: fata doctor {folder}"));
    }
    let further = further(&trainer, stopped_by);
    say(format!(
        "go on with: fata train --resume {folder} {further}"
    ));
    Ok(ExitCode::SUCCESS)
}

/// The flags by which a run goes on that has ended.
fn further(trainer: &Trainer, stopped_by: StoppedBy) -> String {
    let train = &trainer.recipe().train;
    match (stopped_by, train.minutes) {
        (StoppedBy::Images, _) if trainer.progress().images_seen >= train.images => {
            format!("--images {}", 2 * train.images)
        }
        (StoppedBy::Minutes, Some(minutes)) => format!("--minutes {}", 2.0 * minutes),
        _ => "--set stop.when=never".into(),
    }
}

/// What ended a run, in words.
fn ended_by(stopped_by: StoppedBy) -> &'static str {
    match stopped_by {
        StoppedBy::Images => "these were all that the recipe asks for",
        StoppedBy::Minutes => "its minutes were over",
        StoppedBy::Signal => "it was stopped",
        StoppedBy::NoBetter => "nothing has become better for as long as stop.when waits",
        StoppedBy::Converged => "there was nothing more to gain",
    }
}

/// The object, with how many numbers each network trains by its name, where
/// there may be other than a generator and a discriminator.
fn with_networks(trainer: &Trainer, mut said: serde_json::Value) -> serde_json::Value {
    if trainer.recipe().model.kind == ModelKind::Translation {
        let networks = trainer.networks().into_iter();
        let counts: serde_json::Map<_, _> = networks
            .map(|(name, count)| (name.to_string(), count.into()))
            .collect();
        said["networks"] = counts.into();
    }
    said
}

/// Names files that turned out damaged only when they were wanted.
fn turned_out_damaged(skipped: &[Skipped]) -> Option<String> {
    let first = skipped.first()?;
    let (more, are) = match skipped.len() {
        1 => ("1 more file".into(), "is"),
        count => (format!("{count} more files"), "are"),
    };
    Some(format!(
        "note: {more} turned out damaged and {are} left out, the first {}: {} (`fata data check` lists all)",
        first.path, first.reason,
    ))
}

/// The first signal asks the run to finish its step and save; the second ends
/// the process at once.
fn stop_on_signals(trainer: &Trainer) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    let stop = trainer.stop_flag();
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(())
}

/// The studio holds the other end of the input; it closes as well when the
/// studio goes away.
fn stop_when_input_closes(trainer: &Trainer) {
    let stop = trainer.stop_flag();
    std::thread::spawn(move || {
        // An input that cannot be read is closed.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

fn progress_bar(trainer: &Trainer) -> ProgressBar {
    let progress = trainer.progress();
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}")
        .expect("the template is well formed");
    let bar = ProgressBar::new(progress.images);
    bar.set_style(style);
    bar.set_position(progress.images_seen);
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    let left = progress.images.saturating_sub(progress.images_seen) as f64
        / progress.images_per_second.max(1e-9);
    bar.set_position(progress.images_seen);
    bar.set_message(format!(
        "{:.0} images/s, {} left",
        progress.images_per_second,
        duration(left)
    ));
}

/// Seconds as a person says them.
fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn dry_run(mut trainer: Trainer, arguments: &TrainArgs) -> anyhow::Result<ExitCode> {
    trainer.step()?;
    let (began, before) = (Instant::now(), trainer.progress().images_seen);
    for _ in 0..DRY_RUN_STEPS {
        trainer.step()?;
    }
    let seen = trainer.progress().images_seen - before;
    let images_per_second = seen as f64 / began.elapsed().as_secs_f64();
    let recipe = trainer.recipe();
    let by_images = recipe.train.images as f64 / images_per_second;
    let expected_seconds = recipe
        .train
        .minutes
        .map_or(by_images, |minutes| by_images.min(60.0 * minutes));
    let expected_memory_bytes = fata::train::resident_memory() + trainer.memory_to_come();
    let [generator, discriminator] = trainer.parameter_counts();
    if arguments.machine.json {
        println!(
            "{}",
            with_networks(
                &trainer,
                json!({
                    "parameters_generator": generator,
                    "parameters_discriminator": discriminator,
                    "images_per_second": images_per_second,
                    "expected_seconds": expected_seconds,
                    "expected_memory_bytes": expected_memory_bytes,
                    "recipe": recipe,
                })
            )
        );
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.quiet {
        print!("{}", recipe.to_toml());
        for notice in &trainer.notices {
            eprintln!("note: {notice}");
        }
        eprintln!();
        eprintln!("generator        {generator:>12} parameters");
        eprintln!("discriminator    {discriminator:>12} parameters");
        eprintln!(
            "speed            {images_per_second:>12.0} images/s, over {DRY_RUN_STEPS} steps"
        );
        eprintln!("time             {:>12}", duration(expected_seconds));
        eprintln!(
            "memory           {:>12} MB",
            expected_memory_bytes / 1_000_000
        );
    }
    Ok(ExitCode::SUCCESS)
}
