//! The studio: a folder of runs, live, and trainings begun from the page.

use crate::assets;
use crate::explore::{self, Painters};
use crate::folder::{Folder, is_training, samples, summary};
use crate::limits::Limits;
use crate::log::Log;
use crate::meters::Meters;
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::server::ServerError;
use crate::service::Service;
use crate::trainings::Trainings;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted by path.
const PATHS: &[&str] = &["/", "/api/runs", "/api/train", "/health", "/metrics"];

/// Pieces that a curve is drawn in, unless the page asks for others.
const PIECES: u64 = 300;

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

struct Shared {
    folder: Folder,
    trainings: Trainings,
    painters: Painters,
    meters: Arc<Meters>,
    logs: Mutex<BTreeMap<String, Arc<Mutex<Log>>>>,
    limits: Limits,
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
            trainings: Trainings::new(options.program),
            painters: Painters::new(options.limits, Arc::clone(&meters)),
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
            .route("/", get(assets::runs))
            .route("/runs.js", get(assets::runs_script))
            .route("/explore", get(assets::explore))
            .route("/explore.js", get(assets::explore_script))
            .route("/style.css", get(assets::style))
            .route("/health", get(crate::service::health))
            .route("/metrics", get(metrics))
            .route("/api/runs", get(runs))
            .route("/api/train", post(train))
            .route("/api/run/{name}", get(run))
            .route("/api/run/{name}/model", get(model))
            .route("/api/run/{name}/image", get(image))
            .route("/api/run/{name}/doctor", get(doctor))
            .route("/api/run/{name}/sample/{images}", get(sample))
            .route("/api/run/{name}/{action}", post(act))
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

    /// Stops the trainings that were begun here, saved.
    pub fn end(&self) {
        self.shared.trainings.end();
    }
}

/// Runs what reads files where it keeps nobody waiting.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Refusal::broken("this could not be read"))?
}

async fn runs(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let rows = aside(move || {
        let names = shared.folder.names();
        let mut rows = Vec::new();
        for name in shared.trainings.names() {
            if !names.contains(&name) {
                let (here, failure) = shared.trainings.state(&name);
                rows.push(
                    json!({ "name": name, "here": here, "training": here, "failure": failure }),
                );
            }
        }
        for name in names {
            // A run that was just removed is not shown.
            let Ok(path) = shared.folder.run(&name) else {
                continue;
            };
            let mut row = summary(&path, &name);
            let (here, failure) = shared.trainings.state(&name);
            row["here"] = here.into();
            row["failure"] = failure.into();
            rows.push(row);
        }
        Ok(rows)
    });
    Ok(json_bytes(
        &json!({ "runs": rows.await?, "recipes": fata::recipe::names() }),
    ))
}

async fn run(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref(), &["pieces"])?;
    let pieces = query.whole("pieces")?.unwrap_or(PIECES).clamp(1, 2000) as usize;
    aside(move || {
        let path = shared.folder.run(&name)?;
        let log = shared.log(&name);
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        // A run that has not reached its first tick has no log.
        let _ = log.follow(&path.join("log.jsonl"));
        let (images_seen, columns) = log.thinned(pieces);
        Ok(json_bytes(&json!({
            "name": name,
            "images_seen": images_seen,
            "columns": columns,
            "samples": samples(&path),
        })))
    })
    .await
}

impl Shared {
    fn log(&self, name: &str) -> Arc<Mutex<Log>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() >= LOGS && !logs.contains_key(name) {
            logs.pop_first();
        }
        Arc::clone(logs.entry(name.into()).or_default())
    }
}

async fn doctor(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || {
        let path = shared.folder.run(&name)?;
        let case =
            fata::doctor::Case::open(&path).map_err(|error| Refusal::broken(error.to_string()))?;
        let diagnosis = case.examine();
        Ok(json_bytes(&json!({
            "meaning": diagnosis.diagnosis.meaning(),
            "alarm": diagnosis.diagnosis.is_alarm(),
            "diagnosis": diagnosis,
        })))
    })
    .await
}

async fn model(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || Ok(explore::model(&shared.painters.of(&shared.folder, &name)?))).await
}

async fn image(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref(), &["seed", "to", "at", "trunc", "class"])?;
    let painter = aside(move || shared.painters.of(&shared.folder, &name)).await?;
    explore::picture(painter, query).await
}

async fn sample(
    State(shared): State<Arc<Shared>>,
    Path((name, images)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    aside(move || {
        let missing = || Refusal::missing(format!("{name} has no samples of {images} images"));
        let images: u64 = images.parse().map_err(|_| missing())?;
        let path = shared
            .folder
            .run(&name)?
            .join(format!("samples/{images:012}.png"));
        let bytes = std::fs::read(path).map_err(|_| missing())?;
        Ok(content("image/png", bytes))
    })
    .await
}

/// What the page asks to be trained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    data: String,
    #[serde(default)]
    recipe: String,
    #[serde(default)]
    flags: BTreeMap<String, String>,
}

/// Flags of `fata train` that the page may give.
const FLAGS: [&str; 7] = [
    "images",
    "minutes",
    "resolution",
    "batch",
    "seed",
    "every",
    "fit",
];

async fn train(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Refusal> {
    let bytes = to_bytes(body, shared.limits.body_bytes).await;
    let bytes = bytes.map_err(|_| Refusal::too_large("the body is too large"))?;
    let wish: Wish = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad(format!("this is no training: {error}")))?;
    let data = match wish.data.trim() {
        "" => "digits",
        data => data,
    };
    let mut words = Vec::new();
    if !wish.recipe.is_empty() {
        if !fata::recipe::names().contains(&&wish.recipe[..]) {
            return Err(Refusal::bad(format!(
                "there is no recipe `{}`",
                wish.recipe
            )));
        }
        words.push(format!("--recipe={}", wish.recipe));
    }
    for (flag, value) in wish.flags.iter().filter(|(_, value)| !value.is_empty()) {
        if !FLAGS.contains(&&flag[..]) {
            return Err(Refusal::bad(format!(
                "there is no flag `{flag}`; there are: {}",
                FLAGS.join(", ")
            )));
        }
        words.push(format!("--{flag}={value}"));
    }
    let (data, recipe) = (data.to_owned(), wish.recipe);
    aside(move || {
        let label = if recipe.is_empty() { "run" } else { &recipe };
        let name = shared.folder.next_name(&data, label);
        let out = shared.folder.path().join(&name);
        let mut all: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        all.extend([OsString::from("-o"), out.into_os_string()]);
        if data.starts_with('-') {
            return Err(Refusal::bad(
                "write ./ before a path that begins with a dash",
            ));
        }
        all.push(data.into());
        shared.trainings.begin(&name, &all)?;
        Ok(json_bytes(&json!({ "name": name })))
    })
    .await
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path((name, action)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    aside(move || {
        let path = shared.folder.run(&name)?;
        match &action[..] {
            "pause" | "stop" => shared.trainings.stop(&name)?,
            "resume" if is_training(&path) => {
                return Err(Refusal::new(
                    StatusCode::CONFLICT,
                    format!("{name} is being trained already"),
                ));
            }
            "resume" => {
                let words = ["--resume".into(), path.into_os_string()];
                shared.trainings.begin(&name, &words)?;
            }
            _ => {
                return Err(Refusal::missing(format!(
                    "a run can be paused, resumed or stopped, not `{action}`"
                )));
            }
        }
        Ok(json_bytes(&json!({ "name": name })))
    })
    .await
}
