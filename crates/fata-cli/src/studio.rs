//! `fata studio`: a folder of runs in the browser.

use crate::browser;
use crate::serve::Place;
use clap::Args;
use fata_studio::{Limits, Studio, StudioOptions};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

#[derive(Args)]
pub(crate) struct StudioArgs {
    /// The folder of runs; made if it is not there
    #[arg(default_value = "runs")]
    runs: PathBuf,
    #[command(flatten)]
    place: Place,
    /// One JSON object on stdout: where the studio is
    #[arg(long)]
    json: bool,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(arguments: StudioArgs) -> anyhow::Result<ExitCode> {
    let StudioArgs {
        runs,
        place,
        json,
        quiet,
    } = arguments;
    let studio = open(&runs)?;
    let server = place.open(Limits::default())?;
    if json {
        println!("{}", json!({ "url": server.url(), "runs": runs }));
    } else if !quiet {
        eprintln!("the studio is at {} (Ctrl-C ends it)", server.url());
        browser::show(&server.url());
    }
    let served = server.run(studio.service());
    // Trainings that were begun on the page are saved first.
    studio.end();
    served?;
    Ok(ExitCode::from(INTERRUPTED))
}

/// A studio whose trainings are this very program.
fn open(runs: &Path) -> anyhow::Result<Studio> {
    Ok(Studio::open(StudioOptions {
        runs: runs.into(),
        program: std::env::current_exe()?,
        limits: Limits::default(),
    })?)
}
