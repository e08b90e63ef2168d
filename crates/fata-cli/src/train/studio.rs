//! `fata train --studio`: the studio beside a training, in the same process and
//! for as long.
//!
//! It only looks: what it reads are the run's files, and all it can do to the
//! training is what Ctrl-C can.

use crate::browser;
use fata::Trainer;
use fata_studio::{Limits, Server, ServerError, ServerOptions, Studio, StudioOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Where the studio is, unless another program is there.
const PORT: u16 = 8000;

/// A studio that runs beside.
pub(crate) struct Beside {
    studio: Studio,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), ServerError>>,
}

impl Beside {
    /// Opens the studio on the folder that a run is in, says where, and shows it.
    pub(crate) fn open(trainer: &Trainer, quiet: bool) -> anyhow::Result<Self> {
        let folder = trainer.folder();
        let run = std::fs::canonicalize(folder.expect("a run that is trained has a folder"))?;
        let studio = Studio::open(StudioOptions {
            runs: run.parent().unwrap_or(&run).into(),
            program: std::env::current_exe()?,
            limits: Limits::default(),
        })?;
        let name = run.file_name().unwrap_or_default().to_string_lossy();
        studio.adopt(&name, trainer.stop_flag());
        let stop = Arc::new(AtomicBool::new(false));
        let bind = |port| {
            Server::bind(ServerOptions {
                host: "127.0.0.1".into(),
                port,
                token: None,
                limits: Limits::default(),
                stop: Arc::clone(&stop),
            })
        };
        let server = match bind(PORT) {
            Err(ServerError::InUse { .. }) => bind(0)?,
            outcome => outcome?,
        };
        let (url, service) = (server.url(), studio.service());
        let thread = std::thread::Builder::new()
            .name("studio".into())
            .spawn(move || server.run(service))?;
        if !quiet {
            eprintln!("the studio is at {url} while this trains");
            browser::show(&url);
        }
        Ok(Self {
            studio,
            stop,
            thread,
        })
    }

    /// Ends it; trainings that were begun on the page are saved first.
    pub(crate) fn end(self) {
        self.studio.end();
        self.stop.store(true, Ordering::Relaxed);
        // A studio that failed does not make the training fail.
        let _ = self.thread.join();
    }
}
