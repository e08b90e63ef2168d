//! A training as a person watches it: the progress, what is said at its ticks and
//! at its end, and the signals that stop it.

use super::{TrainArgs, duration, print_object};
use crate::doctor::headline;
use crate::failure::resumable;
use fata::Trainer;
use fata::data::{Kind, Skipped};
use fata::recipe::ModelKind;
use fata::train::{Progress, StoppedBy};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Trains to the end, saying how it goes.
pub(super) fn train(mut trainer: Trainer, arguments: &TrainArgs) -> anyhow::Result<ExitCode> {
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
        print_object(
            &trainer,
            json!({
                "run": folder,
                "images_seen": progress.images_seen,
                "elapsed_seconds": progress.elapsed_seconds,
                "images_per_second": images_per_second.unwrap_or(progress.images_per_second),
                "stopped_by": stopped_by,
                "diagnosis": diagnosis.diagnosis,
            }),
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
