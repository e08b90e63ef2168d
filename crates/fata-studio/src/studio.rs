//! The studio: a folder of runs, live, and trainings begun from the page.

use crate::assets;
use crate::explore::{self, Finds, Interpreters, Painters};
use crate::folder::Folder;
use crate::game::{self, Games};
use crate::limits::Limits;
use crate::log::Log;
use crate::meters::Meters;
use crate::reply::{Refusal, content};
use crate::runs;
use crate::server::ServerError;
use crate::service::Service;
use crate::trainings::Trainings;
use crate::translation;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted by path.
const PATHS: &[&str] = &["/", "/api/runs", "/api/train", "/health", "/metrics"];

/// Logs that are kept read; the rest are read again when they are looked at.
const LOGS: usize = 64;

/// What the studio is opened on.
pub struct StudioOptions {
    /// The folder of runs; made if it is not there.
    pub runs: PathBuf,
    /// The program that trains.
    pub program: PathBuf,
    /// Bounds on requests.
    pub limits: Limits,
}

/// The studio, ready to be served.
pub struct Studio {
    shared: Arc<Shared>,
}

/// What all answers draw on.
pub(crate) struct Shared {
    pub(crate) folder: Folder,
    /// What a person called the folder.
    pub(crate) called: String,
    pub(crate) trainings: Trainings,
    pub(crate) painters: Painters,
    /// Latents of the Explore page.
    pub(crate) finds: Arc<Finds>,
    pub(crate) interpreters: Interpreters,
    pub(crate) games: Games,
    meters: Arc<Meters>,
    logs: Mutex<BTreeMap<String, Arc<Mutex<Log>>>>,
    pub(crate) limits: Limits,
}

impl Studio {
    /// Opens a folder of runs.
    ///
    /// # Errors
    /// If it cannot be made or read.
    pub fn open(options: StudioOptions) -> Result<Self, ServerError> {
        let folder = Folder::open(&options.runs).map_err(|source| ServerError::Folder {
            path: options.runs.clone(),
            source,
        })?;
        let meters = Arc::new(Meters::new(PATHS));
        let shared = Shared {
            folder,
            called: options.runs.display().to_string(),
            trainings: Trainings::new(options.program),
            painters: Painters::new(options.limits, Arc::clone(&meters)),
            finds: Arc::default(),
            interpreters: Interpreters::new(options.limits, Arc::clone(&meters)),
            games: Games::new()?,
            meters,
            logs: Mutex::default(),
            limits: options.limits,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Its routes.
    pub fn service(&self) -> Service {
        let meters = Arc::clone(&self.shared.meters);
        let counted = Arc::clone(&meters);
        let metrics =
            move || async move { content("text/plain; version=0.0.4", counted.exposition()) };
        let routes = Router::new()
            .merge(runs::routes())
            .merge(explore::routes())
            .merge(game::routes())
            .merge(translation::routes())
            .route("/endless", get(assets::endless))
            .route("/endless.js", get(assets::endless_script))
            .route("/nav.js", get(assets::nav))
            .route("/style.css", get(assets::style))
            .route("/health", get(crate::service::health))
            .route("/metrics", get(metrics))
            .with_state(Arc::clone(&self.shared));
        Service { routes, meters }
    }

    /// Begins `fata train` with these words, as a run of this name.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn begin(&self, name: &str, words: &[OsString]) -> Result<(), ServerError> {
        let begun = self.shared.trainings.begin(name, words);
        begun.map_err(|refusal| ServerError::System(refusal.why().into()))
    }

    /// Tells the studio that this process trains the run of this name, so that
    /// its page can set `stop`.
    pub fn adopt(&self, name: &str, stop: Arc<AtomicBool>) {
        self.shared.trainings.adopt(name, stop);
    }

    /// Stops the trainings that were begun here, saved.
    pub fn end(&self) {
        self.shared.trainings.end();
    }
}

impl Shared {
    /// A run's log, read as far as it was asked for.
    pub(crate) fn log(&self, name: &str) -> Arc<Mutex<Log>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() >= LOGS && !logs.contains_key(name) {
            logs.pop_first();
        }
        Arc::clone(logs.entry(name.into()).or_default())
    }
}

/// Runs what reads files where it keeps nobody waiting.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Refusal::broken("this could not be read"))?
}

/// A body of JSON.
pub(crate) async fn read<T: DeserializeOwned>(shared: &Shared, body: Body) -> Result<T, Refusal> {
    let bytes = to_bytes(body, shared.limits.body_bytes).await;
    let bytes = bytes.map_err(|_| Refusal::too_large("the body is too large"))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad(format!("this is not what is asked here: {error}")))
}
